"""The rule book: every check in the words of a language, made from the registry."""

from __future__ import annotations

from collections.abc import Mapping

from clearing_point.quality.reading_rules import READING_RULES
from clearing_point.quality.said import level_of, sentence_of
from clearing_point.standard.model import REFERENCE, Rule, Standard

_BOOK = "rule_book"
_JUDGE = "Great Expectations"
_ROWS = "unexpected_rows_expectation"


def rule_book(standard: Standard, language: str, types: Mapping[str, frozenset[str]]) -> str:
    """Return the rule book of a language as Markdown: one table, in the order of the rules' names.

    Parameters
    ----------
    types : mapping of str to frozenset of str
        Number of a rule -> types of the expectations that judge it in the suites, in the words of the library.
    """

    def word(name: str, place: str = "findings") -> str:
        return standard.word(place, name, language)

    by_id: dict[str, list[Rule]] = {}
    for rule in standard.rules:
        by_id.setdefault(rule.rule_id, []).append(rule)
    head = [
        word("rule"),
        word("level"),
        word("where", _BOOK),
        word("what"),
        word("do"),
        word("why", _BOOK),
        _JUDGE,
    ]
    lines = [
        f"# {word('title', _BOOK)}", "", f"{word('intro', _BOOK)} {standard.version}", "",
        f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}",
    ]  # fmt: skip
    for rule_id in sorted({*by_id, *READING_RULES}):
        rules = by_id.get(rule_id, [])
        severity = rules[0].severity if rules else READING_RULES[rule_id]
        level = level_of(rule_id, severity, standard)
        sentence = sentence_of(rule_id, standard, language)
        why = rules[0].why.get(language) or rules[0].why["en"] if rules else ""
        cells = (
            rule_id, word(level), _where(rules, standard, language) or word("any", _BOOK), _plain(sentence["what"]),
            _plain(sentence["do"]), why, _types(types.get(rule_id, frozenset())),
        )  # fmt: skip
        lines.append(f"| {' | '.join(' '.join(c.split()).replace('|', '/') for c in cells)} |")
    return "\n".join(lines) + "\n"


def _where(rules: list[Rule], standard: Standard, language: str) -> str:
    names = {
        table.title.get(language) or table.title["en"]
        for rule in rules
        if (table := standard.tables.get(rule.table)) is not None and table.kind != REFERENCE
    }
    return ", ".join(sorted(names))


def _types(types: frozenset[str]) -> str:
    """Name types of expectations, those on the rows of a query last."""
    return ", ".join(f"`{name}`" for name in sorted(types, key=lambda name: (name == _ROWS, name))) or "–"


def _plain(sentence: str) -> str:
    """Show the places that are filled in a finding as a sign that they are filled."""
    for name in ("field", "allowed", "sheet", "column"):
        sentence = sentence.replace(f'"{{{name}}}"', "…").replace(f"{{{name}}}", "…")
    return sentence
