"""Reading a file as its sender's profile declares it, with what is known of her letters and words."""

from __future__ import annotations

import codecs
from pathlib import Path

from clearing_point.countries.profile import Profile
from clearing_point.errors import UsageProblem
from clearing_point.intake.encodings import NAMES, Expected, letters_of
from clearing_point.intake.layout import expected_headings, fold
from clearing_point.intake.read import ReceivedFile, read_file
from clearing_point.standard.files import read_yaml
from clearing_point.standard.model import Standard
from clearing_point.standard.translations import REGISTER

_SHOWN_HEADINGS = 5


def expected_of(profile: Profile, standard: Standard) -> Expected:
    """Gather the letters of the sender's language, in all its scripts, and the words that the profile knows."""
    register = read_yaml(standard.folder / REGISTER)["languages"]
    own = {profile.language}
    own |= {name for name, entry in register.items() if entry.get("letters_of") in own}
    own |= {register[name]["letters_of"] for name in own if register.get(name, {}).get("letters_of")}
    letters = letters_of(str(register[name].get("alphabet", "")) for name in own if name in register)
    words = {heading for sheet in profile.sheets for heading in expected_headings(sheet)}
    words |= {part for heading in words for part in heading.split(" / ")}
    words |= {fold(row["local"]) for row in profile.values}
    words |= {fold(w) for w in (*profile.reading.yes, *profile.reading.no, *profile.reading.missing)}
    return Expected(letters, frozenset(words))


def read_as_declared(
    path: Path, profile: Profile, standard: Standard, encoding: str | None = None
) -> ReceivedFile:
    """Read a file by its profile; a CSV file in the encoding that was named, or else in the one that is decided.

    Raises
    ------
    InputProblem
        As :func:`clearing_point.intake.read.read_file`.
    UsageProblem
        If there is no encoding of the name that was given.
    """
    reading = profile.reading
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError as error:
            raise UsageProblem(
                f"There is no encoding '{encoding}': name one of {', '.join(NAMES)}.",
                "name_unknown",
                name=encoding,
                known=", ".join(NAMES),
            ) from error
        return read_file(path, encoding=encoding, delimiter=reading.delimiter)
    return read_file(
        path, encoding=reading.encoding, delimiter=reading.delimiter, expected=expected_of(profile, standard)
    )


def sample_of(received: ReceivedFile, profile: Profile) -> str:
    """Return a few headings as they were read, to show that the encoding is right; never a cell of data."""
    known = {heading for sheet in profile.sheets for heading in expected_headings(sheet)}
    known |= {part for heading in known for part in heading.split(" / ")}
    for row in received.rows.slice(0, 50)["cells"].to_pylist():
        there = [cell.strip() for cell in row if cell and fold(cell) in known]
        if there:
            odd = [cell for cell in there if not cell.isascii()] or there
            return "; ".join(odd[:_SHOWN_HEADINGS])
    return ""
