"""Words and headings that may be meant, beside the findings that they would mend: on the screen, in letter and workbook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from clearing_point.findings import HEADING_UNEXPECTED
from clearing_point.quality.feedback import Feedback
from clearing_point.quality.said import Group, quoted, said_rows, said_runs
from clearing_point.standard import Standard
from clearing_point.standard.structure import UNKNOWN_CODE

HEADING, WORD = "heading_meant", "word_meant"


def with_meant(
    feedback: Feedback, meant: Iterable[Mapping[str, Any]], standard: Standard, language: str
) -> Feedback:
    """Say what may be meant in the findings of that cell or heading.

    Parameters
    ----------
    meant : iterable of mapping
        ``code`` (one of :data:`HEADING`, :data:`WORD`), ``sheet``, ``column``, and ``heading`` or ``rows`` with ``words``;
        only words that the standard or the profile knows.
    """
    by_place: dict[tuple[str, str | None, str | None], list[Mapping[str, Any]]] = {}
    for one in meant:
        rule = HEADING_UNEXPECTED if one["code"] == HEADING else UNKNOWN_CODE
        by_place.setdefault((rule, one["sheet"], one["column"]), []).append(one)

    def told(group: Group) -> Group:
        here = by_place.get((group.rule_id, group.sheet, group.column), [])
        said = [_sentence(one, standard, language) for one in here]
        return replace(group, action=" ".join((group.action, *said))) if said else group

    return replace(feedback, groups=tuple(map(told, feedback.groups)))


def _sentence(one: Mapping[str, Any], standard: Standard, language: str) -> str:
    if one["code"] == HEADING:
        column = standard.word("findings", "column", language, column=one["column"])
        return standard.word(
            "screen", "heading_meant", language, cells=_capital(column), heading=one["heading"]
        )
    rows = said_rows(said_runs([tuple(run) for run in one["rows"]], standard, language), standard, language)
    words = quoted(one["words"], standard, language)
    return standard.word("screen", "did_you_mean", language, cells=_capital(rows), proposals=words)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
