"""Whether the words of each language are its own: terms, quotation marks, scripts, capitals, sentences with counts.

What is looked for is data: ``schemas/wording.yml`` (quotation marks, words of a neighbouring language, exceptions) and
``schemas/terms.csv`` (the term that law and practice use, and what stood for it).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.standard.files import read_csv, read_yaml
from clearing_point.standard.translations import SOURCE, places_of

_PLACES = re.compile(r"\{[^}]*\}")
_WORD = re.compile(r"\w+")
_MARKS = ".:?!"


@dataclass(frozen=True)
class Line:
    """One text of one language: where it stands, and the English that it translates (empty for English itself)."""

    place: str
    text: str
    english: str = ""


@dataclass(frozen=True)
class _Term:
    found: re.Pattern[str]
    term: str


class Wording:
    """The two files of a project, ready to be asked.

    Raises
    ------
    InputProblem
        If a file cannot be read.
    """

    def __init__(self, schemas: Path) -> None:
        settings = read_yaml(schemas / "wording.yml")
        self._languages: Mapping[str, Mapping[str, Any]] = settings["languages"]
        self._exceptions = {(e["language"], e["text"]) for e in settings["exceptions"]}
        self._counts = re.compile(r"\{(?:" + "|".join(settings["counts"]) + r")\}\s+\w")
        self._foreign = {
            language: _words(str(entry["foreign"]).split())
            for language, entry in self._languages.items()
            if "foreign" in entry
        }
        self._terms: dict[str, list[_Term]] = {}
        for row in read_csv(schemas / "terms.csv"):
            if row["instead_of"]:
                patterns = "|".join(part.strip() for part in row["instead_of"].split(" | "))
                found = re.compile(rf"(?<!\w)(?:{patterns})(?!\w)", re.IGNORECASE)
                self._terms.setdefault(row["language"], []).append(_Term(found, row["term"]))

    def faults(self, language: str, lines: Sequence[Line]) -> Iterator[str]:
        """Yield each fault of a language's lines as ``place: sentence``."""
        for line in lines:
            if (language, line.text) in self._exceptions:
                continue
            yield from (f"{line.place}: {fault}" for fault in self._faults(language, line))

    def _faults(self, language: str, line: Line) -> Iterator[str]:
        text = _PLACES.sub("", line.text)
        for term in self._terms.get(language, ()):
            if hit := term.found.search(text):
                yield f"says '{hit[0]}'; the term is '{term.term}' (schemas/terms.csv)."
        if language in self._foreign and (hit := self._foreign[language].search(text)):
            yield f"'{hit[0]}' is a word of a neighbouring language (schemas/wording.yml)."
        quotes = self._languages.get(language, {}).get("quotes", "")
        if quotes and '"' in line.text:
            yield f"uses the typewriter's quotation mark; the language has {quotes[0]} and {quotes[1]}."
        for word in _WORD.findall(text):
            scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in word if letter.isalpha()}
            if {"LATIN", "CYRILLIC"} <= scripts:
                yield f"'{word}' mixes letters of two scripts."
        if self._counts.search(line.text):
            yield "puts a noun behind a count, and nouns change with counts: write 'noun: {count}'."
        if line.english:
            yield from _beside_english(line)


def _beside_english(line: Line) -> Iterator[str]:
    if places_of(line.text) != places_of(line.english):
        yield "the places in braces are not those of the English text."
    first, other = line.text[:1], line.english[:1]
    if first.isalpha() and other.isalpha() and first.isupper() != other.isupper():
        yield "begins with a capital where English does not, or the other way round."
    ends = line.text[-1:], line.english[-1:]
    if ends[0] != ends[1] and any(mark in _MARKS for mark in ends if mark):
        yield "does not end with the mark of the English text."


def _words(words: Sequence[str]) -> re.Pattern[str]:
    parts = (re.escape(w[:-1]) + r"\w*" if w.endswith("*") else re.escape(w) for w in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


def lines_of(schemas: Path, english: Sequence[str]) -> Iterator[tuple[str, list[Line]]]:
    """Yield each language with its lines: English as the standard has it, the others from their files."""
    yield SOURCE, [Line(f"English text '{text[:60]}'", text) for text in dict.fromkeys(english)]
    for path in sorted((schemas / "translations").glob("*.csv")):
        rows = enumerate(read_csv(path), start=2)
        yield path.stem, [Line(f"{path}:{number}", row["text"], row["english"]) for number, row in rows]
