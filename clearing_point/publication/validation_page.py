"""What Great Expectations said, to be read: of a submission beside those before it, of an edition beside earlier ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.checkpoint import FEW, FILE, PLACE, sentences_of, spoken_in
from clearing_point.quality.said import level_of
from clearing_point.standard import Standard
from clearing_point.standard.translations import SOURCE
from clearing_point.suites.cells import AS_RECEIVED
from clearing_point.suites.documents import named
from clearing_point.suites.page import Line, Result, page
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.events import RETURNED
from clearing_point.warehouse.receipts import nothing_loaded

_MOST_COLUMNS = 6
Key = tuple[str, str]


def page_of_submission(project: Project, standard: Standard, submission_id: str, language: str = "en") -> str:
    """Return the page of a submission: failing rows of every expectation, in it and in its sender's submissions before.

    Raises
    ------
    InputProblem
        If there is no such submission, or it was not judged by the suites.
    """
    if not project.warehouse.exists():
        raise nothing_loaded(project.receipts)
    with opened(project.warehouse, read_only=True) as connection:
        own = connection.execute(
            "SELECT sender, territory, made_data, received_at, status FROM raw.submission WHERE submission_id = ?",
            [submission_id],
        ).fetchone()
        if own is None:
            raise InputProblem(f"There is no submission '{submission_id}': see `clearing-point status`.")
        names = connection.execute(
            "SELECT submission_id, year(period_end), version_number FROM raw.submission "
            "WHERE sender = ? AND territory IS NOT DISTINCT FROM ? AND received_at <= ? AND submission_id IN "
            "(SELECT submission_id FROM quality.validation_result) "
            "ORDER BY submission_id <> ?, period_end DESC, version_number DESC LIMIT ?",
            [own[0], own[1], own[3], submission_id, _MOST_COLUMNS],
        ).fetchall()
        rows = connection.execute(
            "SELECT submission_id, suite, expectation_id, rule_id, expectation, success, failed "
            "FROM quality.validation_result WHERE list_contains(?, submission_id) ORDER BY ALL",
            [[name[0] for name in names]],
        ).fetchall()
        judged = connection.execute(
            "SELECT target_table, max(evaluated) FROM quality.rule_result WHERE submission_id = ? GROUP BY 1",
            [submission_id],
        ).fetchall()
    if not names or names[0][0] != submission_id:
        raise InputProblem(f"Submission {submission_id} was not judged by the suites.")
    results: dict[Key, dict[str, Result]] = {}
    said = partial(_said, standard, language)
    kinds: dict[Key, tuple[str, str]] = {}
    for submission, suite, name, rule, kind, success, failed in rows:
        kinds[suite, name] = (rule or "", kind)
        found = (
            said("is_met") if success else said("not_met") if failed is None else said("rows", count=failed)
        )
        results.setdefault((suite, name), {})[submission] = Result(bool(success), found)
    lines = _lines(results, kinds, [n[0] for n in names], standard, project, language)
    intro = said("of_submission", submission=submission_id, sender=own[0], territory=own[1] or "–")
    if own[4] == RETURNED:
        intro = f"{said('was_returned')} {intro}"
    counts = {t.name: 0 for t in standard.tables_of_kind()} | {table: int(count) for table, count in judged}
    asked_of = {table: said("rows_checked", count=f"{n:,}") if n else None for table, n in counts.items()}
    columns = [said("version", year=f"{n[1]}", number=f"{n[2]}") for n in names]
    return page(
        said("title_submission"), intro, columns, lines, said, rows=asked_of, made_data=bool(own[2]),
        language=language,
    )  # fmt: skip


def page_of_edition(project: Project, standard: Standard, year: int, language: str = "en") -> str:
    """Return the page of a published edition and of the editions before it: which expectations were met.

    Raises
    ------
    InputProblem
        If the edition is not out, or went out before suites were run at publication.
    """
    found = {
        int(path.parent.name): path
        for path in project.releases.glob(f"*/{FILE}")
        if path.parent.name.isdigit() and int(path.parent.name) <= year
    }
    if year not in found:
        raise InputProblem(
            f"There is no validation of an edition {year}: `clearing-point publish --edition {year}` first."
        )
    years = sorted(found, reverse=True)[:_MOST_COLUMNS]
    results: dict[Key, dict[str, Result]] = {}
    said = partial(_said, standard, language)
    kinds: dict[Key, tuple[str, str]] = {}
    suites = {edition: json.loads(found[edition].read_text(encoding="utf-8"))["suites"] for edition in years}
    # An edition that went out before rows were counted says nothing of them.
    counted = any("rows_about" in suite for suite in suites[year])
    asked_of: dict[str, str | None] = {t.name: None for t in standard.tables_of_kind()} if counted else {}
    for edition in years:
        for suite in suites[edition]:
            if edition == year and (about := suite.get("rows_about")) is not None:
                name = "rows_about" if about else "rows_few"
                asked_of[suite["suite"]] = said(name, count=f"{about or FEW:,}")
            for one in suite["asked"]:
                key = suite["suite"], one["expectation"]
                kinds[key] = one["rule"] or "", one["type"]
                found_so = "is_met" if one["met"] else "decided" if one["decided_before"] else "not_met"
                results.setdefault(key, {})[str(edition)] = Result(bool(one["met"]), said(found_so))
    made_data = bool(json.loads((found[year].parent / "manifest.json").read_bytes())["made_data"])
    lines = _lines(results, kinds, [str(y) for y in years], standard, project, language)
    title, intro = (said(name, year=f"{year}") for name in ("title_edition", "of_edition"))
    columns = [str(y) for y in years]
    return page(title, intro, columns, lines, said, rows=asked_of, made_data=made_data, language=language)


def _lines(
    results: Mapping[Key, Mapping[str, Result]], kinds: Mapping[Key, tuple[str, str]], columns: Sequence[str],
    standard: Standard, project: Project, language: str,
) -> list[Line]:  # fmt: skip
    meta = sentences_of(standard, project.prepared)
    spoken = spoken_in(standard, language)
    lines = []
    for (suite, name), found in results.items():
        if columns[0] in found:
            rule, kind = kinds[suite, name]
            severity, sentence, fields = meta.get((suite, name)) or _of_cells(suite, name, rule, standard)
            sentence = named(spoken(sentence), fields, standard, suite.partition(".")[0], language)
            level = (
                standard.word("findings", level_of(rule, severity, standard), language) if severity else ""
            )
            lines.append(Line(suite, name, kind, level, sentence, [found.get(c) for c in columns]))
    return lines


def _of_cells(table: str, name: str, rule: str, standard: Standard) -> tuple[str, str, list[str]]:
    """Return severity, sentence and fields of what is asked of a file's cells as they were received."""
    _, mark, place = name.partition(f".{AS_RECEIVED}")
    if not mark or rule not in standard.messages:
        return "", "", []
    # Columns that are asked about together have no name but their table's.
    return "error", standard.messages[rule]["what"][SOURCE], place.split(".")[1:2] or [table]


def _said(standard: Standard, language: str, name: str, **filled: object) -> str:
    return standard.word(PLACE, name, language, **filled)


def write_page(text: str, output: Path) -> Path:
    """Write a page to a file or, as ``validation.html``, into a folder."""
    path = output / "validation.html" if output.is_dir() else output
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path
