"""Whether the words of each language are its own: terms, quotation marks, scripts, capitals, sentences with counts.

What is looked for is data: ``schemas/wording.yml`` (quotation marks, words of a neighbouring language, exceptions) and
``schemas/terms.csv`` (the term that law and practice use, and what stood for it).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.standard.files import read_csv, read_yaml
from clearing_point.standard.plurals import CONTEXT, FORMS, OTHER, forms_of
from clearing_point.standard.spelling import is_mixed
from clearing_point.standard.translations import SOURCE, places_of

_PLACES = re.compile(r"\{[^}]*\}")
_WORD = re.compile(r"\w+")
_MARKS = ".:?!"
_TYPED = re.compile(r"`[^`]+`|(?<![\w-])--[a-z][a-z-]*")
"""Commands and options: they are typed as they stand, whatever the language and its letters."""


@dataclass(frozen=True)
class Line:
    """One text of one language: where it stands, and the English that it translates (empty for English itself).

    Attributes
    ----------
    form : str
        Category of numbers that the text goes with (:mod:`.plurals`); ``other`` also for a text that goes with no number.
    """

    place: str
    text: str
    english: str = ""
    form: str = OTHER


_QUOTES = frozenset("“”„»«")
"""Quotation marks of the region's languages, and of English."""


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

    def faults(
        self, language: str, lines: Sequence[Line], counted: Container[str] = frozenset()
    ) -> Iterator[str]:
        """Yield each fault of a language's lines as ``place: sentence``.

        Parameters
        ----------
        counted : container of str
            English texts that have forms by number.
        """
        forms: dict[str, dict[str, Line]] = {}
        for line in lines:
            source = line.english or line.text
            if source in counted or line.form != OTHER:
                forms.setdefault(source, {})[line.form] = line
        yield from self.faults_of_words(language, lines, counted)
        yield from _forms(language, forms, counted)

    def faults_of_words(self, language: str, lines: Sequence[Line], counted: Container[str]) -> Iterator[str]:
        """Yield the faults of single texts; parameters as :meth:`faults`."""
        for line in lines:
            source = line.english or line.text
            if (language, line.text) in self._exceptions:
                continue
            yield from (f"{line.place}: {fault}" for fault in self._faults(language, line))
            if source not in counted and self._counts.search(line.text):
                yield (
                    f"{line.place}: puts a noun behind a count, and nouns change with counts: give the sentence a form for "
                    f"each kind of number ({', '.join(('one', OTHER))} ...), or write 'noun: {{count}}'."
                )

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
        if quotes and (other := sorted(_QUOTES.intersection(line.text).difference(quotes))):
            yield f"uses '{other[0]}' of another language; this one has {quotes[0]} and {quotes[1]}."
        for word in _WORD.findall(text):
            if is_mixed(word):
                yield f"'{word}' mixes letters of two scripts."
        if line.english:
            yield from _beside_english(line)


def _forms(language: str, forms: Mapping[str, Mapping[str, Line]], counted: Container[str]) -> Iterator[str]:
    """Yield forms that a language lacks, and those of numbers that it does not tell apart."""
    wanted = {*forms_of(language), OTHER}
    for source, lines in forms.items():
        place = next(iter(lines.values())).place
        if source not in counted:
            yield f"{place}: is the form of a text that the standard does not count with."
            continue
        for form in sorted(wanted - set(lines)):
            yield f"{place}: the form '{form}' is lacking; numbers of {language} have {', '.join(sorted(wanted))}."
        for form in sorted(set(lines) - wanted):
            yield f"{lines[form].place}: no number of {language} has the form '{form}'."


def _beside_english(line: Line) -> Iterator[str]:
    if places_of(line.text) != places_of(line.english):
        yield "the places in braces are not those of the English text."
    if lost := sorted(set(_TYPED.findall(line.english)) - set(_TYPED.findall(line.text))):
        yield f"does not have {lost[0]} as it is typed."
    first, other = line.text[:1], line.english[:1]
    if first.isalpha() and other.isalpha() and first.isupper() != other.isupper():
        yield "begins with a capital where English does not, or the other way round."
    ends = line.text[-1:], line.english[-1:]
    if ends[0] != ends[1] and any(mark in _MARKS for mark in ends if mark):
        yield "does not end with the mark of the English text."


def _words(words: Sequence[str]) -> re.Pattern[str]:
    parts = (re.escape(w[:-1]) + r"\w*" if w.endswith("*") else re.escape(w) for w in words)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


def lines_of(schemas: Path, english: Iterable[Mapping[str, str]]) -> Iterator[tuple[str, list[Line]]]:
    """Yield each language with its lines: English as the standard has it, the others from their files."""
    found: dict[tuple[str, str], Line] = {}
    for text in english:
        source = text[SOURCE]
        for form in (OTHER, *FORMS):
            said = source if form == OTHER else text.get(f"{SOURCE}.{form}")
            if said:
                beside = source if form != OTHER else ""
                found.setdefault((source, form), Line(f"English text '{said[:60]}'", said, beside, form))
    yield SOURCE, list(found.values())
    for path in sorted((schemas / "translations").glob("*.csv")):
        lines = []
        for number, row in enumerate(read_csv(path), start=2):
            form = row["context"].removeprefix(CONTEXT) if row["context"].startswith(CONTEXT) else OTHER
            lines.append(Line(f"{path}:{number}", row["text"], row["english"], form))
        yield path.stem, lines


def _languages(schemas: Path) -> set[str]:
    return {file.stem for file in (schemas / "translations").glob("*.csv")}


def languages_without_terms(schemas: Path) -> set[str]:
    """Return the languages that have no line in the table of terms yet: a new one, whose texts fall back to English."""
    return _languages(schemas) - {row["language"] for row in read_csv(schemas / "terms.csv")}


def lacking_terms(schemas: Path) -> Iterator[str]:
    """Yield each concept of the table of terms for which a language that has terms has none, or two lines."""
    path = schemas / "terms.csv"
    without = languages_without_terms(schemas)
    languages = {SOURCE, *_languages(schemas)} - without
    found: dict[str, list[str]] = {}
    for row in read_csv(path):
        found.setdefault(row["concept"], []).extend([row["language"]] if row["term"].strip() else [])
    for concept, known in found.items():
        for language in sorted(languages - set(known)):
            yield f"{path}: {concept}: {language} has no term."
        for language in sorted({one for one in known if known.count(one) > 1 or one not in languages}):
            yield f"{path}: {concept}: {language} stands twice, or is no language of the translations."


def faults_of_report(reports: Path, wording: Wording) -> Iterator[str]:
    """Yield the faults of the report's texts (``reports/text/<language>/*.yml``) as ``place: sentence``.

    A phrase that goes with a number has its forms below its name: ``persons: {one: ..., other: ...}``.
    """
    for folder in sorted(path for path in (reports / "text").iterdir() if path.is_dir()):
        language = folder.name
        wanted = {*forms_of(language), OTHER}
        for path in sorted(folder.glob("*.yml")):
            texts = dict(_texts(read_yaml(path)))
            phrases = {key.rpartition(".")[0] for key in texts if key.rpartition(".")[2] == OTHER}
            phrases = {
                key for key in phrases if any(f"{key}.{form}" in texts for form in FORMS if form != OTHER)
            }
            for key in sorted(phrases):
                found = {form for form in FORMS if f"{key}.{form}" in texts}
                if found != wanted:
                    yield f"{path}: {key}: has the forms {_listed(found)}; numbers of {language} have {_listed(wanted)}."
            forms = {text for key, text in texts.items() if key.rpartition(".")[0] in phrases}
            lines = [Line(f"{path}: {key}", text) for key, text in texts.items()]
            yield from wording.faults_of_words(language, lines, forms)


def _texts(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _texts(part, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _texts(part, f"{key}.{number}")


def _listed(forms: Container[str]) -> str:
    return ", ".join(form for form in FORMS if form in forms)
