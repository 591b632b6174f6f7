"""What a spoiled file becomes, what is said of it, and what of that is against the law.

What a file holds is counted from the grid that was written; of the reader only its results are looked at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from clearing_point.countries import Profile
from clearing_point.errors import InputProblem
from clearing_point.findings import BLOCK, ERROR, SEVERITIES, TOTALS_LEFT_OUT, WARNING, Finding, sheet_at
from clearing_point.intake.kept import profile_of_kept, read_kept
from clearing_point.intake.layout import kept_columns, lay_out
from clearing_point.intake.receive import keep_file, receive_kept
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.files import read_yaml
from clearing_point.standard.spelling import spelling_of
from clearing_point.submission.layout import read_with_answers
from pipelines.ingest import check
from tests.conftest import ROOT
from tests.property.law.books import LAYOUTS, PERIOD, profile_of_layout
from tests.property.law.mutations import Book

Row = frozenset[tuple[str, str, str]]
"""What is kept of a row: table, field and cell."""


@dataclass
class Seen:
    """What is kept of a file, and what is said of it."""

    content: Counter[Row]
    findings: list[Finding]
    balance: Mapping[str, Mapping[str, int]]
    refused: str = ""
    """The sentence by which it was not read at all, or not laid out."""
    first_rows: Mapping[str, int] = field(default_factory=dict)
    kept_file: Path | None = None
    profile: Profile | None = None
    """As which it was read."""


def look(path: Path, layout: str, project: Project, standard: Standard) -> Seen:
    """Read a file as far as what is kept of it."""
    try:
        received, profile, _ = read_with_answers(project, path, profile_of_layout(layout), standard)
    except InputProblem as problem:
        return Seen(Counter(), [], {}, str(problem))
    layouts, problems = lay_out(received, profile, spelling_of(standard, profile.language))
    kept_file = path.with_suffix(".parquet")
    kept_file.unlink(missing_ok=True)
    try:
        keep_file(kept_file, received, profile, standard, PERIOD)
    except InputProblem as problem:
        return Seen(Counter(), problems, {}, str(problem))
    kept, rows = read_kept(kept_file)
    found, _ = lay_out(rows, profile_of_kept(kept, profile), spelling_of(standard, profile.language))
    content: Counter[Row] = Counter()
    read = {one.sheet: (one.first_row, kept_columns(one)) for one in found}
    for one in found[::-1]:
        merged = dict(read[one.sheet][1])
        for number, pairs in kept_columns(one).items():
            merged[number] = [*merged.get(number, []), *(p for p in pairs if p not in merged.get(number, []))]
        read[one.sheet] = (one.first_row, merged)
    for row in rows.rows.to_pylist():
        first, columns = read.get(row["sheet"], (0, {}))
        if first and row["source_row"] >= first:
            content[
                frozenset(
                    (table, name, cell)
                    for number, cell in enumerate(row["cells"] or (), start=1) if cell is not None
                    for table, name in columns.get(number, ())
                )
            ] += 1  # fmt: skip
    content.pop(frozenset(), None)
    return Seen(
        content, [*problems, *kept.findings], dict(kept.balance["items"]),
        first_rows={one.sheet: one.first_row - 1 for one in layouts}, kept_file=kept_file, profile=profile,
    )  # fmt: skip


def said_of_rows(seen: Seen, project: Project, standard: Standard) -> list[Finding]:
    """Return what is said where the kept cells become typed rows, before any rule."""
    assert seen.kept_file is not None
    assert seen.profile is not None
    receipt = receive_kept(project, standard, seen.kept_file, seen.profile, PERIOD)
    try:
        with receipt.workspace.opened() as connection:
            rows = connection.execute(
                "SELECT rule_id, severity, dimension, target_table, target_field, sheet FROM quality.finding"
            ).fetchall()
    finally:
        receipt.workspace.drop()
    return [Finding(*row) for row in rows]


def said_on_the_whole_way(path: Path, layout: str, project: Project, standard: Standard) -> list[Finding]:
    """Check a file as its sender would, with guard, typed rows and all rules, and return what is said."""
    groups = check(project, standard, path, profile_of_layout(layout), PERIOD).feedback.groups
    return [
        Finding(g.rule_id, g.severity, "", g.table, g.field, g.sheet) for g in groups for _ in range(g.count)
    ]


@lru_cache(maxsize=len(LAYOUTS))
def declared_words(layout: str) -> frozenset[str]:
    """Return the words that, by a declaration, mark a row that is no record; in small letters."""
    words = {str(word) for word in read_yaml(ROOT / "schemas" / "template.yml")["totals"]}
    for sheet in profile_of_layout(layout).sheets:
        words.update(word for many in sheet.skip_rows.values() for word in many)
    return frozenset(word.strip().lower() for word in words)


def _more(seen: Seen, base: Seen, severities: Container[str]) -> Counter[tuple[str, str, str, str]]:
    """Count what is said that was not said before: by rule, table, field and sheet."""
    now, before = (
        Counter(
            (f.rule_id, f.target_table or "", f.target_field or "", f.sheet or "")
            for f in one.findings if f.severity in severities
        )
        for one in (seen, base)
    )  # fmt: skip
    return now - before


def _unexplained(seen: Seen, base: Seen, layout: str, touched: set[str], names: Sequence[str]) -> int:
    """Count the rows that are kept otherwise; not those that a note leaves out by a declared word."""
    words = declared_words(layout)
    gained = seen.content - base.content
    totals = sum(
        many for row, many in gained.items() if any(cell.strip().lower() in words for *_, cell in row)
    )
    noted = sum(
        many for (rule, _, _, sheet), many in _more(seen, base, SEVERITIES).items()
        if rule == TOTALS_LEFT_OUT and sheet_at(sheet, names) in touched
    )  # fmt: skip
    return (base.content - seen.content).total() + gained.total() - min(totals, noted)


def violation(book: Book, touched: set[str], base: Seen, seen: Seen, layout: str) -> str:
    """Return what is against the law, or an empty text.

    Parameters
    ----------
    touched : set of str
        Sheets that were spoiled: one of them must be named.
    base : Seen
        What the file was before, and what was said of it on the same part of the way: that does not count as told.
    """
    if seen.refused and not seen.findings:
        return ""  # one sentence refuses the file as such: nothing of it is taken for read
    names = [sheet.name for sheet in book]
    if not seen.refused:
        held = {sheet.name: sheet.filled() for sheet in book if sheet.filled()}
        counted = {sheet_at(name, names): items.get("rows", 0) for name, items in seen.balance.items()}
        if counted != held:
            return f"balance {sorted(set(held.items()) ^ set(counted.items()))}"
    told = {sheet_at(sheet, names) for *_, sheet in _more(seen, base, (BLOCK, ERROR, WARNING))}
    differ = _unexplained(seen, base, layout, touched, names)
    if (differ or seen.refused) and not told & (touched | {""}):
        return f"{differ} rows differ and nothing is said; told {sorted(told)}"
    return ""
