"""The words of a page in one language: sentences of ``words.yml`` (desk), dates and numbers as it writes them."""

from __future__ import annotations

import time
from typing import Any

from clearing_point.desk.rules import rules
from clearing_point.desk.store import Row
from clearing_point.errors import InputProblem
from clearing_point.quality.balance_words import balance_sentences
from clearing_point.quality.said import Facts, Group, Place, quoted, said, said_rows, said_runs
from clearing_point.standard import Standard
from clearing_point.standard.files import read_yaml
from clearing_point.standard.model import TERRITORY, Breakdown, Indicator, Text
from clearing_point.standard.plurals import written
from clearing_point.standard.translations import REGISTER, is_draft

_PART, _ANSWERS, _COMMANDS = "desk", "finding_answer", "problem"
_YEAR, _TOTAL, _UNKNOWN = "year", "Total", "UNK"
_ANSWERED = ("Y", "N")
_DAYS_FIRST = "%d.%m.%Y"


class Words:
    """Everything that one page says."""

    def __init__(self, standard: Standard, language: str) -> None:
        self.standard = standard
        self.language = language if language in standard.languages else "en"
        self.draft = is_draft(standard.folder, self.language)

    def __call__(self, name: str, /, **filled: object) -> str:
        """Return a sentence of the desk."""
        # What a command refuses is said by a page in the same words.
        part = _PART if name in self.standard.words[_PART] else _COMMANDS
        return self.standard.word(part, name, self.language, **filled)

    def of(self, part: str, name: str, /, **filled: object) -> str:
        """Return a sentence of another part."""
        return self.standard.word(part, name, self.language, **filled)

    def territory(self, code: str | None) -> str:
        """Name a territory."""
        return self.standard.territory_name(code, language=self.language) if code else ""

    def table(self, name: str) -> str:
        """Name a table of the standard."""
        title = self.standard.tables[name].title
        return title.get(self.language) or title["en"]

    def category(self, label: str) -> tuple[str, str]:
        """Name a category that a job gave as table and codes: the title of its table, and its words.

        A cell of a published table has a code for territory and year, too; the sender's own counts have none.
        """
        table, *codes = label.split(" ")
        indicator = self._indicators().get(table)
        if indicator is None:
            return table, " ".join(codes)
        by = indicator.by
        # A table of the region is counted with a dimension that it does not print: its total is no category of the table.
        while len(codes) > len(by) and codes[-1] == _TOTAL:
            codes.pop()
        if len(by) != len(codes):
            by = tuple(b for b in by if b.codelist not in (_YEAR, TERRITORY))
        if len(by) != len(codes):
            return self._titled(indicator), " ".join(codes)
        words = [self._code(b, code) for b, code in zip(by, codes, strict=True)]
        return self._titled(indicator), ", ".join(words) or self.of("tables", "total")

    def by_table(self, lines: list[list[Any]]) -> list[tuple[str, list[tuple[Any, ...]]]]:
        """Gather a job's lines of categories and numbers under the titles of their tables."""
        tables: dict[str, list[tuple[Any, ...]]] = {}
        # A total stands below what it sums up, and not where its letter stands among the codes.
        for label, *numbers in sorted(lines, key=lambda line: line[0].endswith(f" {_TOTAL}")):
            title, words = self.category(label)
            tables.setdefault(title, []).append((words, *numbers))
        return list(tables.items())

    def _indicators(self) -> dict[str, Indicator]:
        return {one.indicator_id: one for one in self.standard.indicators}

    def _titled(self, indicator: Indicator) -> str:
        """Name a published table; the report has its number where the language has no title for it."""
        return indicator.title.get(self.language) or f"{self('table')} {indicator.indicator_id}"

    def _in(self, text: Text) -> str:
        return text.get(self.language) or text["en"]

    def _code(self, breakdown: Breakdown, code: str) -> str:
        """Name a code of a category; a yes or no needs the question before it."""
        if code in breakdown.group_labels:
            return self._in(breakdown.group_labels[code])
        if code == _TOTAL:
            return self.of("tables", "total")
        if code == _UNKNOWN:
            return (
                self._in(breakdown.unknown_label) if breakdown.unknown_label else self.of("tables", "unknown")
            )
        if breakdown.codelist == _YEAR:
            return code
        if breakdown.codelist != TERRITORY and breakdown.codelist not in self.standard.codelists:
            return code
        label = self.standard.label_of(breakdown.codelist, code, self.language)
        return f"{self._in(breakdown.label)}: {label}" if code in _ANSWERED else label

    def state(self, code: str, *, first: bool = False) -> str:
        """Name the state of a file; with a capital where it stands first."""
        text = self(f"state_{code}")
        return text[:1].upper() + text[1:] if first else text

    def deed(self, name: str) -> str:
        """Name what a line of the log tells."""
        text = self(rules().deeds[name]) if name in rules().deeds else name
        return text[:1].upper() + text[1:]

    def level(self, name: str) -> str:
        """Say what a finding asks."""
        text = self.of("findings", name)
        return text[:1].upper() + text[1:]

    def number(self, number: int) -> str:
        """Write a whole number."""
        return written(number, self.language)

    def day(self, at: float | None) -> str:
        """Write a day, the day first, as everybody here does."""
        return time.strftime(_DAYS_FIRST, time.localtime(at)) if at else "–"

    def moment(self, at: float | None) -> str:
        """Write a day and time."""
        return time.strftime(f"{_DAYS_FIRST} %H:%M", time.localtime(at)) if at else "–"

    def clock(self, at: float) -> str:
        """Write a time of today."""
        return time.strftime("%H:%M", time.localtime(at))

    def answers(self) -> list[tuple[str, str]]:
        """Return the reasons with which a finding may be confirmed: code and label."""
        codes = self.standard.codes_of(_ANSWERS)
        return [(code, self.standard.label_of(_ANSWERS, code, self.language)) for code in codes]

    def group(self, place: Place) -> Group:
        """Return a group of findings in words."""
        return said(place, self.standard, self.language)

    def quoted(self, text: str) -> str:
        """Put a text into the quotation marks of the language."""
        return self.of("findings", "quoted", word=text)

    def groups(self, facts: Facts) -> list[Group]:
        """Return findings in words."""
        return [said(place, self.standard, self.language) for place in facts.places]

    def balance(self, facts: Facts) -> tuple[str, ...]:
        """Say what became of all rows of a file."""
        return balance_sentences(facts.balance, self.standard, self.language)

    def sentence(self, said_as: Row) -> tuple[str, str]:
        """Return a sentence that a job gave in the language of the page, and beside it what the program said in English."""
        filled = dict(said_as.get("filled") or {})
        if "rows" in filled:
            runs = said_runs(((a, b) for a, b in filled["rows"]), self.standard, self.language)
            filled["rows"] = said_rows(runs, self.standard, self.language)
        if "words" in filled:
            filled["words"] = quoted(filled["words"], self.standard, self.language)
        return self(said_as.get("code") or "problem_other", **filled), said_as.get("text") or ""


def names_of_languages(standard: Standard) -> list[tuple[str, str]]:
    """Return each language with its own name for itself."""
    known: dict[str, Any] = read_yaml(standard.folder / REGISTER)["languages"]
    return [(code, known[code]["name"]) for code in standard.languages]


def known_language(standard: Standard, language: str) -> str:
    """Return a language of the standard.

    Raises
    ------
    InputProblem
        If it has no such language.
    """
    if language not in standard.languages:
        raise InputProblem(f"There is no language '{language}': {', '.join(standard.languages)}.")
    return language
