"""Which encoding a text file is in: decided from its bytes, the country's letters and its known words.

Two encodings of one byte each cannot be told apart by failure (``stack.md`` 3.4), so nothing is tried and
taken because it did not fail. Evidence is: a byte order mark; strict UTF-8; the words that a profile
expects; letters that the country's languages do not write. Where the evidence does not decide, the sender
is asked, because a wrong guess would look like plausible text.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO

from clearing_point.errors import InputProblem
from clearing_point.intake import limits

UTF_8, UTF_16 = "utf-8-sig", "utf-16"
SINGLE_BYTE: Mapping[str, str] = {
    "cp1250": "windows-1250 (Central European)",
    "cp1251": "windows-1251 (Cyrillic)",
    "cp852": "cp852 (Central European, of old programs)",
    "iso8859-2": "ISO-8859-2 (Central European)",
    "iso8859-5": "ISO-8859-5 (Cyrillic)",
}
NAMES: Mapping[str, str] = {UTF_8: "UTF-8", UTF_16: "UTF-16", **SINGLE_BYTE}
"""Encodings that are read, as people call them."""

_FIRST_LINES = 50
_SAMPLE_BYTES = 2 * limits.MEGABYTE
_FOREIGN_ALLOWED = 0.01
_CELL_ENDS = re.compile(rb'[;,\t|"\r\n]+')
_NUL_SHARE = 20
"""One byte in so many is zero in UTF-16, even where most letters are Cyrillic; in other text none is."""
_MINIMUM_LEAD = 3
"""Letters by which one candidate must be better where no known word decides."""


@dataclass(frozen=True)
class Expected:
    """What a sender's text may look like.

    Attributes
    ----------
    letters : frozenset of str
        Lower-case letters that the sender's languages write beside a to z.
    words : frozenset of str
        Folded headings and words that the profile knows.
    """

    letters: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()


def encoding_of(source: IO[bytes], name: str, declared: str, expected: Expected) -> str:
    """Decide the encoding of a text file.

    Parameters
    ----------
    source : binary file
        Read once from its beginning.
    name : str
        For sentences.
    declared : str
        What the profile says. It is believed unless the bytes say otherwise.

    Returns
    -------
    str
        One of :data:`NAMES`.

    Raises
    ------
    InputProblem
        If the bytes fit several encodings, or none; names the candidates and the option that decides.
    """
    start = source.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return UTF_16
    if start.startswith(codecs.BOM_UTF8):
        return UTF_8
    sample = _sample(start, source)
    if sample.count(0) * _NUL_SHARE > len(sample) > 0:
        raise InputProblem(
            f"{name} looks like UTF-16 without its mark: save it as UTF-8, or say --encoding utf-16-le.",
            "encoding_unclear",
        )
    if sample.isascii() or _is_utf_8(sample):
        _refuse_twice_encoded(sample, name, expected)
        return UTF_8
    _refuse_two_encodings(sample, name, expected)
    # A word that stands in a thousand cells is read once: what is all ASCII reads alike in all of them.
    cells = Counter(cell for cell in _CELL_ENDS.split(sample) if not cell.isascii())
    readings = {encoding: _Reading(cells, encoding, expected) for encoding in SINGLE_BYTE}
    possible = {e: r for e, r in readings.items() if r.is_text}
    best = _decided(possible)
    if best is not None:
        return best
    alike = {r.text for r in possible.values() if r.foreign_share <= _FOREIGN_ALLOWED}
    if declared in possible and alike == {possible[declared].text}:
        return declared
    named = (
        [e for e in possible if possible[e].foreign_share <= _FOREIGN_ALLOWED]
        or list(possible)
        or list(SINGLE_BYTE)
    )
    raise InputProblem(
        f"{name} is not UTF-8, and its letters do not tell whether it is "
        f"{' or '.join(NAMES[e] for e in named)}: say which with --encoding {named[0]}, or save it as UTF-8.",
        "encoding_unclear",
    )


def _sample(start: bytes, source: IO[bytes]) -> bytes:
    """Take the first lines and, up to a limit, all lines that hold more than ASCII."""
    kept: list[bytes] = []
    size = 0
    for number, line in enumerate(source):
        whole = start + line if number == 0 else line
        if number < _FIRST_LINES or not whole.isascii():
            kept.append(whole)
            size += len(whole)
            if size > _SAMPLE_BYTES:
                break
    return b"".join(kept) if kept else start


def _is_utf_8(sample: bytes) -> bool:
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _refuse_twice_encoded(sample: bytes, name: str, expected: Expected) -> None:
    """Refuse UTF-8 that was taken for another encoding and saved as UTF-8 again: its letters are pairs of odd signs."""
    text = sample.decode("utf-8", errors="ignore")
    for taken_for in ("cp1252", "cp1250", "cp1251", "latin-1"):
        try:
            once = text.encode(taken_for).decode("utf-8")
        except UnicodeError:
            continue
        odd = {c for c in once if c > "\x7f"}
        if odd and all(c.lower() in expected.letters or not c.isalpha() for c in odd):
            raise InputProblem(
                f"{name} was saved as UTF-8 twice, so that each special letter became two signs: open the file it was "
                "made of and save it as UTF-8 once.",
                "encoded_twice",
                file=name,
            )


def _refuse_two_encodings(sample: bytes, name: str, expected: Expected) -> None:
    """Refuse a file joined of parts in two encodings: some lines are UTF-8 in the sender's letters, others are not."""
    odd = [line for line in sample.splitlines() if not line.isascii()]
    whole = [line.decode("utf-8") for line in odd if _is_utf_8(line)]
    hers = [
        line
        for line in whole
        if all(c.lower() in expected.letters for c in line if c > "\x7f" and c.isalpha())
    ]
    if expected.letters and hers and len(whole) < len(odd):
        raise InputProblem(
            f"{name} was joined of parts in two encodings: some of its lines are UTF-8 and others are not. Open each part "
            "by itself, save it as UTF-8, and join them then.",
            "encodings_joined",
            file=name,
        )


class _Reading:
    """The cells of a sample (bytes -> how often) read in one encoding, and what speaks for and against it."""

    def __init__(self, cells: Mapping[bytes, int], encoding: str, expected: Expected) -> None:
        try:
            texts = [cell.decode(encoding) for cell in cells]
        except UnicodeDecodeError:
            texts = []
        self.text = "\n".join(texts)
        odd = {c for c in set(self.text) if c > "\x7f"}
        self.is_text = bool(self.text) and not any(unicodedata.category(c) == "Cc" for c in odd)
        letters = foreign = 0
        for text, times in zip(texts, cells.values(), strict=False):
            before = ""
            for character in text:
                if character > "\x7f":
                    letters += times
                    foreign += times * _is_foreign(character, before, expected.letters)
                before = character
        self.letters, self.foreign = letters, foreign
        self.words = sum(1 for word in {plain(text) for text in texts} if word in expected.words)

    @property
    def foreign_share(self) -> float:
        return self.foreign / self.letters if self.letters else 0.0


def _is_foreign(character: str, before: str, letters: frozenset[str]) -> bool:
    """Whether a character is no letter of the sender's, or stands where no writer puts it.

    A capital after a small letter, or a sign such as ® or ©, is what another encoding's text looks like.
    """
    if not character.isalpha():
        return unicodedata.category(character) == "So"
    return (bool(letters) and character.lower() not in letters) or (character.isupper() and before.islower())


def _decided(possible: Mapping[str, _Reading]) -> str | None:
    """Return the encoding that known words decide, or else the country's letters; None if neither does."""
    if not possible:
        return None
    by_words = sorted(possible, key=lambda e: (-possible[e].words, possible[e].foreign))
    best = possible[by_words[0]]
    others = [r for r in possible.values() if r.text != best.text]
    if best.words and all(best.words > r.words for r in others):
        return by_words[0]
    if any(r.words for r in possible.values()):
        return None
    by_letters = sorted(possible, key=lambda e: possible[e].foreign)
    best = possible[by_letters[0]]
    others = [r for r in possible.values() if r.text != best.text]
    clear = all(r.foreign >= best.foreign + _MINIMUM_LEAD for r in others)
    return by_letters[0] if clear and best.foreign_share <= _FOREIGN_ALLOWED and best.letters else None


def plain(text: str) -> str:
    """Fold a word or heading: Unicode form, case and runs of white space."""
    return " ".join(unicodedata.normalize("NFC", text).split()).lower()


def letters_of(alphabets: Iterable[str]) -> frozenset[str]:
    """Return the lower-case letters of some alphabets."""
    return frozenset(c for alphabet in alphabets for c in alphabet.lower() if c.isalpha())
