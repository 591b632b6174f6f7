"""A profile read backwards: the text that a sender of this layout would write for a value of the standard."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from clearing_point.countries.profile import ColumnSpec, Profile
from clearing_point.errors import InternalError
from clearing_point.intake.layout import fold
from clearing_point.intake.words import words_of
from clearing_point.standard.model import TERRITORY, Field, Standard
from clearing_point.synthetic.columns import SEPARATOR
from clearing_point.synthetic.known import Cell

_YES_NO = {"Y": "yes", "N": "no"}
_MONTH, _DAY = 7, 10
"""Characters of a date that is known to the month, to the day."""


@dataclass(frozen=True)
class Written:
    """What stands in one cell: text or a number, or a day that may be written as a date cell."""

    value: Cell
    day: datetime.date | None = None


def writer_of(
    field: Field, spec: ColumnSpec, profile: Profile, standard: Standard
) -> Callable[[Cell], Written]:
    """Return how a sender writes the values of a field.

    Parameters
    ----------
    spec : ColumnSpec
        Where the profile reads the field from.

    Returns
    -------
    callable
        From a cell of a made table (codes, ISO dates, numbers) to what stands in the sender's cell.

    Raises
    ------
    InternalError
        When a written text would not be read back as what it was written for.
    """
    if field.is_coded:
        return _codes(field, spec, profile, standard)
    missing = {code: word for word, code in reversed(list(profile.reading.missing.items()))}
    missing |= {code: word for word, code in reversed(list(spec.missing.items()))}
    if field.type == "date":
        return lambda cell: _date(cell, profile, missing)

    def plain(cell: Cell) -> Written:
        if isinstance(cell, str):
            text = cell.removeprefix(spec.prefix) if spec.prefix else cell
            return Written(missing.get(text, text))
        return Written(cell)

    return plain


def as_text(cell: Cell, profile: Profile) -> str:
    """Return a number as this sender writes it in a text file."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        text = str(int(cell)) if cell.is_integer() else repr(cell)
        return text.replace(".", profile.reading.decimal)
    return str(cell)


def _codes(field: Field, spec: ColumnSpec, profile: Profile, standard: Standard) -> Callable[[Cell], Written]:
    read = words_of(field, spec, profile, standard).codes
    separator = profile.reading.list_separator
    local = _local_words(field, spec, profile, standard)
    written: dict[str, str] = {}

    def word(code: str) -> str:
        if code not in written:
            # The sender's word, if it would be read back; a code is always read.
            fitting = [w for w in local.get(code, []) if read.get(fold(w)) == (code,) and separator not in w]
            written[code] = fitting[0] if fitting else code
            if read.get(fold(written[code])) != (code,):
                raise InternalError(f"Profile {profile.name}: {field.name} has no word for {code}.")
        return written[code]

    def cell_of(cell: Cell) -> Written:
        if cell is None:
            return Written(None)
        parts = str(cell).split(SEPARATOR) if SEPARATOR in str(cell) else [str(cell)]
        return Written(f"{separator} ".join(word(part) for part in parts))

    return cell_of


def _local_words(
    field: Field, spec: ColumnSpec, profile: Profile, standard: Standard
) -> dict[str, list[str]]:
    """Return code -> words, the sender's own first, then the label of her language."""
    found: dict[str, list[str]] = {}
    for word, code in spec.values.items():
        found.setdefault(code, []).append(word)
    for name in (field.name, field.codelist):
        for row in profile.values:
            if row["field"] == name:
                found.setdefault(row["code"], []).append(row["local"])
    if field.codelist == "yes_no":
        for code, words in (("Y", profile.reading.yes), ("N", profile.reading.no)):
            found.setdefault(code, []).extend(words)
    for word, code in (*spec.missing.items(), *profile.reading.missing.items()):
        found.setdefault(code, []).append(word)
    if field.codelist == TERRITORY:
        labels = [(place, names) for place, names in standard.territory_names.items()]
    else:
        labels = [(c.code, c.label) for c in standard.codelists[field.codelist or ""].codes]
    for code, label in labels:
        if profile.language in label:
            found.setdefault(code, []).append(label[profile.language])
    return found


def _date(cell: Cell, profile: Profile, missing: dict[str, str]) -> Written:
    if not isinstance(cell, str) or not cell[:4].isdigit():
        return Written(missing.get(str(cell), cell) if cell is not None else None)
    formats = profile.reading.dates
    if len(cell) == _DAY:
        day = datetime.date.fromisoformat(cell)
        pattern = next((f for f in formats if "%d" in f), "%Y-%m-%d")
        return Written(day.strftime(pattern), day)
    if len(cell) == _MONTH:
        pattern = next((f for f in formats if "%m" in f and "%d" not in f), "%Y-%m")
        return Written(datetime.date.fromisoformat(f"{cell}-01").strftime(pattern))
    return Written(cell)
