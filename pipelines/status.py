"""Where every territory and period stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.submission.sent import sent

NOT_STARTED = "not started"


def status_of(project: Project, standard: Standard, *, history: bool = False) -> list[dict[str, Any]]:
    """List the newest version of every series, and the reporting territories that sent nothing yet.

    Parameters
    ----------
    history : bool
        List every version of every sender, those that were replaced or returned, too.

    Returns
    -------
    list of dict
        territory, period, sender, submission, state, version, replaced_by, edition, persons, events, rows, must_fix,
        confirm, made_data; sorted by territory, period, sender and version. ``edition``: the released editions that
        counted it. ``must_fix`` and ``confirm``: findings, counted as `check` and `load` count them. ``persons`` and
        ``events``: rows that the warehouse holds of it, none of a file that was returned; ``rows`` is both. A reporting
        territory that sent nothing for the year of the newest edition is listed as not started.
    """
    lines = list(sent(project, standard, history=history)) if project.warehouse.exists() else []
    newest = _newest_edition(project)
    covered = {line["territory"] for line in lines if newest is None or _covers(line["period"], newest)}
    lines += [
        {
            "territory": territory, "period": str(newest or "-"), "sender": None, "submission": None, "state": NOT_STARTED,
            "version": 0, "replaced_by": None, "edition": "-", "persons": 0, "events": 0, "rows": 0, "must_fix": 0,
            "confirm": 0, "made_data": "no",
        }
        for territory in standard.reporting_territories
        if territory not in covered
    ]  # fmt: skip
    return sorted(
        lines, key=lambda line: (line["territory"], line["period"], line["sender"] or "", line["version"])
    )


_COLUMNS = {
    "territory": "desk", "period": "desk", "sender": "desk", "state": "desk", "submission": "screen",
    "replaced_by": "screen", "edition": "screen", "persons": "screen", "events": "screen", "must_fix": "findings",
    "confirm": "findings", "made_data": "screen",
}  # fmt: skip
"""Columns that are printed, and the part of ``words.yml`` that names them."""


def status_in_words(
    lines: Iterable[Mapping[str, Any]], standard: Standard, language: str
) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows of :func:`status_of` in a language."""
    states = {
        code.label["en"].lower(): (code.label.get(language) or code.label["en"]).lower()
        for code in standard.codelists["submission_status"].codes
    }
    states[NOT_STARTED] = standard.word("screen", "not_started", language)
    answers = {
        "yes": standard.label_of("yes_no", "Y", language),
        "no": standard.label_of("yes_no", "N", language),
    }

    def said(name: str, value: object) -> str:
        if value is None:
            return "-"
        words = states if name == "state" else answers if name == "made_data" else {}
        return words.get(str(value), str(value))

    headings = [standard.word(group, name, language) for name, group in _COLUMNS.items()]
    return headings, [[said(name, line[name]) for name in _COLUMNS] for line in lines]


def _newest_edition(project: Project) -> int | None:
    years = [int(p.stem) for p in project.editions.glob("[0-9]*.yml") if p.stem.isdigit()]
    return max(years, default=None)


def _covers(period: str, year: int) -> bool:
    first, _, last = period.partition("-")
    return int(first) <= year <= int(last or first)
