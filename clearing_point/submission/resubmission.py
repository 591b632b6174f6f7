"""What is said of a new version of a submission before it counts, and of words that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clearing_point.countries import Profile
from clearing_point.countries.suggest import known_words, nearest
from clearing_point.errors import InputProblem
from clearing_point.intake.difference import TableDifference, difference, lines
from clearing_point.intake.receive import Receipt, parse_period
from clearing_point.intake.taking_back import checked_reason
from clearing_point.intake.unknown import said_of_unused, unknown_words
from clearing_point.project import Project
from clearing_point.quality.meant import HEADING, WORD
from clearing_point.quality.said import Sentence, quoted, ranges, runs, said_rows
from clearing_point.standard import Standard
from clearing_point.submission.plan import Item, Plan

if TYPE_CHECKING:
    from clearing_point.publication.effect import Effect

_SHOWN_WORDS = 20


def may_be_meant(
    receipt: Receipt, profile: Profile, standard: Standard, language: str = "en"
) -> tuple[str, ...]:
    """Say of words and headings that are not known which known ones are near, by their places only.

    Returns
    -------
    tuple of str
        One line a heading or word, and one on decided words that the file did not need; nothing is applied.
    """

    def place(sheet: str, letter: str, *more: str) -> str:
        return ", ".join((sheet, standard.word("findings", "column", language, column=letter), *more))

    said: list[str] = [
        Sentence(
            standard.word("screen", "heading_meant", language, cells=place(sheet, letter), heading=heading),
            "heading_meant",
            sheet=sheet,
            column=letter,
            heading=heading,
        )
        for sheet, letter, heading in receipt.near_headings
    ]
    if receipt.refused:
        return tuple(said)
    connection = receipt.workspace.connection
    unknown = unknown_words(connection, receipt.submission_id, receipt.unknown, profile, standard)
    for word in unknown[:_SHOWN_WORDS]:
        field = standard.tables[word.table].by_name[word.field]
        near = nearest([word.word], known_words(field, profile, standard)).get(word.word, ())
        if near:
            proposals = f" {standard.word('screen', 'or', language)} ".join(
                quoted(f"“{p.word}” ({p.meaning})", standard, language) for p in near
            )
            rows = said_rows(ranges(word.rows, standard, language), standard, language)
            where = place(word.sheet, word.column_letter, rows)
            meant = standard.word("screen", "did_you_mean", language, cells=where, proposals=proposals)
            parts = {
                "sheet": word.sheet,
                "column": word.column_letter,
                "rows": runs(word.rows),
                "words": ", ".join(f"“{p.word}”" for p in near),
            }
            said.append(Sentence(meant, "word_meant", **parts))
    return (*said, *filter(None, [said_of_unused(receipt.unused_words, profile, standard, language)]))


def parts_of_meant(remarks: Iterable[str]) -> list[dict[str, Any]]:
    """Return what is kept of :func:`may_be_meant` beside a file that waits, for letter and workbook."""
    return [
        {"code": one.code, **one.filled}
        for one in remarks
        if isinstance(one, Sentence) and one.code in (HEADING, WORD)
    ]


@dataclass(frozen=True)
class Changes:
    """What a new version changes, as data: for the sender's own eyes and whoever approves for her.

    Attributes
    ----------
    earlier : str
        The accepted version that would be replaced.
    tables : tuple of TableDifference
        Rows that differ.
    asks_reason : bool
        Whether it is stored only with a reason.
    """

    earlier: str
    tables: tuple[TableDifference, ...]
    effect: Effect
    asks_reason: bool


def what_would_change(
    project: Project, standard: Standard, item: Item, plan: Plan, receipt: Receipt, accepted: bool
) -> tuple[tuple[str, ...], Changes | None]:
    """Say of a file that is only checked what :func:`what_changes` will say; a reason is not asked for yet."""
    if not plan.supersedes or not accepted:
        return (), None
    tables, effect, asked = _compared(project, standard, item, plan, receipt)
    if effect.editions:
        asked.append(standard.word("screen", "published_replaced", item.language))
    will_ask = standard.word("screen", "will_ask", item.language)
    again = (*asked, will_ask) if asked and item.reason is None else asked
    told = (
        *lines(tables, plan.supersedes, standard, item.language),
        *published(effect, standard, item),
        *again,
    )
    return told, Changes(plan.supersedes, tables, effect, bool(asked))


def what_changes(
    project: Project, standard: Standard, item: Item, plan: Plan, receipt: Receipt
) -> tuple[str, ...]:
    """Compare a new version with the one in force, and say what it does to published figures.

    Raises
    ------
    InputProblem
        If an edition was published with the earlier version, most of its persons are gone or another organisation
        sent it, and no reason is given; nothing is stored.
    """
    tables, effect, asked = _compared(project, standard, item, plan, receipt)
    told = tuple(lines(tables, plan.supersedes or "", standard, item.language))
    if (effect.editions or asked) and item.reason is None:
        ask = standard.word("screen", "ask_other" if asked else "ask_reason", item.language)
        raise InputProblem("\n".join((*told, *published(effect, standard, item), *asked, ask)))
    if item.reason is not None:
        checked_reason(item.reason)
    year = parse_period(item.period)[1].year
    return (*told, *own_counts(effect, standard, item.language, year), *published(effect, standard, item))


_SHOWN_TABLES, _SHOWN_COUNTS, _SHOWN_CELLS = 12, 24, 6
"""What of a long answer stands on the screen; the whole of it is in ``--json``."""


def own_counts(effect: Effect, standard: Standard, language: str, year: int) -> Iterator[str]:
    """Yield the sender's own counts beside those of the year before; they are for her and for nobody else."""
    if effect.beside:
        yield standard.word("screen", "persons_by_category", language, earlier=year - 1, year=year)
        for label, earlier, before, after in effect.beside[:_SHOWN_COUNTS]:
            yield f"  {label}: {'-' if earlier is None else earlier} | {before} | {after}"
        if len(effect.beside) > _SHOWN_COUNTS:
            yield f"  (+ {len(effect.beside) - _SHOWN_COUNTS})"


def published(effect: Effect, standard: Standard, item: Item) -> Iterator[str]:
    """Yield which published figures would move: places, never numbers."""
    if not effect.editions:
        return

    def said(group: str, name: str, **filled: object) -> str:
        return standard.word(group, name, item.language, **filled)

    yield said("desk", "published_with", editions=", ".join(map(str, effect.editions))) + "."
    yield said("desk", "would_move" if effect.moved else "none_would_move")
    for heading, moved in (("", effect.moved), (said("screen", "stays_as_printed"), effect.frozen)):
        if moved and heading:
            yield heading
        for one in moved[:_SHOWN_TABLES]:
            more = f" (+ {len(one.cells) - _SHOWN_CELLS})" if len(one.cells) > _SHOWN_CELLS else ""
            cells = ", ".join(one.cells[:_SHOWN_CELLS]) + more
            yield "  " + said("screen", "moved_cells", edition=one.edition, table=one.table, cells=cells)
        if len(moved) > _SHOWN_TABLES:
            command = item.command("check", "--json")
            yield "  " + said("screen", "more_tables", count=len(moved) - _SHOWN_TABLES, command=command)


def effect_on_published(
    project: Project, standard: Standard, *new_version: Any, is_counted: bool = True
) -> Effect:
    """Return what a new version does to published figures, as ``publication.effect.effect_of``.

    Parameters
    ----------
    is_counted : bool
        Of a public file no table counts anything, whichever release of it is in force.

    Raises
    ------
    InputProblem
        What an edition, a table or the ledger refuses is said to editors in English; a sender is told in her language that
        it is a file of the project, and hears the English beside it.
    """
    # Counts indicators: only a new version needs it.
    from clearing_point.publication.effect import Effect, effect_of

    if not is_counted:
        return Effect((), (), ())
    try:
        return effect_of(project, standard, *new_version)
    except InputProblem as problem:
        if problem.code is None:
            problem.code, problem.filled = "written_wrong", {"said": str(problem)}
        raise


def _compared(
    project: Project, standard: Standard, item: Item, plan: Plan, receipt: Receipt
) -> tuple[tuple[TableDifference, ...], Effect, list[str]]:
    """Return what differs from the version in force, what it does to figures, and what must be asked about it."""
    earlier = plan.supersedes or ""
    start, end = parse_period(item.period)
    # Rows of a public file are numbered by their place in it, which the next release moves.
    keys = item.profile.keys if item.profile.use == "reference" else None
    with receipt.workspace.opened(attach={"warehouse": project.warehouse}) as connection:
        found = difference(connection, receipt.submission_id, earlier, standard, keys)
        names = connection.execute("SELECT DISTINCT organisation FROM staged.submission").fetchall()
    territory = receipt.series.split("/")[1]
    years = range(start.year, end.year + 1)
    is_counted = item.profile.use == "count"
    effect = effect_on_published(
        project,
        standard,
        receipt.workspace,
        receipt.submission_id,
        earlier,
        territory,
        years,
        is_counted=is_counted,
    )
    asked = []
    gone = sum(table.removed for table in found if table.table == "person")
    if keys is None and 2 * gone > plan.replaced_persons:
        asked.append(
            standard.word(
                "screen", "persons_gone", item.language, gone=gone, all=plan.replaced_persons, earlier=earlier
            )
        )
    if plan.replaced_organisation and names and (plan.replaced_organisation,) not in names:
        asked.append(standard.word("screen", "other_organisation", item.language, earlier=earlier))
    return found, effect, asked
