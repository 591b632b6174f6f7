"""Our figures compared with published figures (table T43), and the quality of each submission (table T41).

Both hold true counts of persons or of rows and are internal to the office and the sender concerned: a report
that prints them passes persons through the disclosure gate first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.analysis.count import open_current, population_table
from clearing_point.analysis.units import CURRENT
from clearing_point.errors import InputProblem
from clearing_point.standard.model import Standard
from clearing_point.standard.qualify import parse_expression
from clearing_point.standard.shapes import read_shaped_yaml
from clearing_point.warehouse.connection import connect, opened

CASES, READY_COUNTS = "cases", "aggregate figures"
"""Where a number of ours comes from: persons counted by us, or a count that the sender made."""
AGREES, DIFFERS, IMPLAUSIBLE = "agrees", "differs", "implausible"


@dataclass(frozen=True)
class Pair:
    """One number of ours beside one that was published.

    Attributes
    ----------
    ours : int
        True count; never to be shown to others than the sender as it is.
    published : float
        As printed in the edition ``published_year`` of ``source``.
    flag : str
        ``agrees``, ``differs`` (above the share of ``reconciliation.yml``) or ``implausible`` (beyond its factor).
    known : tuple of str
        Known mismatches of the published figures of that territory and year (domain.md 9.3).
    """

    territory: str
    reference_year: int
    population: str
    sex: str
    age_group: str
    origin: str
    ours: int
    published: float
    published_year: int
    source: str
    flag: str
    known: tuple[str, ...]

    @property
    def ratio(self) -> float | None:
        """Ours divided by published; None where nothing was published but zero."""
        return self.ours / self.published if self.published else None


def quality_by_submission(warehouse: Path, *, territory: str | None = None) -> list[dict[str, Any]]:
    """Return table T41: one row a submission, newest period first (view ``quality.by_submission``).

    Returns
    -------
    list of dict
        The view's columns; shares between 0 and 1, None where nothing could be measured.

    Raises
    ------
    InputProblem
        If the warehouse is older than the view: it must be rebuilt.
    """
    return _rows(
        warehouse, "by_submission", territory, "territory, period_end DESC, sender, version_number DESC"
    )


def quality_by_year(warehouse: Path, *, territory: str | None = None) -> list[dict[str, Any]]:
    """Return table T41 by territory and year, accepted submissions only (view ``quality.by_year``)."""
    return _rows(warehouse, "by_year", territory, "territory, reference_year DESC")


def decisions(
    warehouse: Path, *, territory: str | None = None, submissions: Sequence[str] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Return what the annex prints: ``waivers``, ``corrections`` and ``answers``, each with its count.

    Only submissions in force count, or those named. No text of a cell is among them.
    """
    where = (
        "WHERE s.status = 'ACCEPTED'" if submissions is None else "WHERE list_contains(?, s.submission_id)"
    )
    where += " AND s.territory = ?" if territory else ""
    parameters = [*([] if submissions is None else [list(submissions)]), *([territory] if territory else [])]
    found = {}
    with opened(warehouse, read_only=True) as connection:
        for kind, table in (("waivers", "waiver"), ("corrections", "correction"), ("answers", "answer")):
            cursor = connection.execute(
                f"SELECT s.territory, s.sender, year(s.period_end) AS reference_year, d.* FROM quality.{table} AS d "
                f"JOIN raw.submission AS s USING (submission_id) {where} ORDER BY ALL",
                parameters,
            )
            names = [c[0] for c in cursor.description]
            found[kind] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return found


def _rows(warehouse: Path, view: str, territory: str | None, order: str) -> list[dict[str, Any]]:
    import duckdb

    where = " WHERE territory = ?" if territory else ""
    with opened(warehouse, read_only=True) as connection:
        try:
            cursor = connection.execute(
                f"SELECT * FROM quality.{view}{where} ORDER BY {order}", [territory] if territory else []
            )
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            # Made before the warehouse had this view, or with other columns below it.
            raise InputProblem(
                f"The warehouse was made by an older version of the program (it lacks quality.{view}): "
                "run `clearing-point rebuild`.",
                "rebuild_needed",
            ) from error
        names = [c[0] for c in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def reconcile(
    warehouse: Path, standard: Standard, *, territory: str | None = None, cut_off: str | None = None
) -> list[Pair]:
    """Return table T43: every published total by sex and age beside ours of the same territory and year.

    Parameters
    ----------
    territory : str, optional
        Only this one.
    cut_off : str, optional
        Only submissions received until this day, as an edition states it.

    Raises
    ------
    InputProblem
        If ``schemas/reference/reconciliation.yml`` has not its shape or names a population that is not there.
    """
    settings = read_shaped_yaml(
        standard.folder / "reference" / "reconciliation.yml",
        standard.folder / "meta" / "reconciliation.schema.json",
    )
    connection = connect(Path(":memory:"), attach={"warehouse": warehouse})
    try:
        open_current(connection, standard, cut_off)
        connection.execute(
            "CREATE TEMP TABLE ours (territory VARCHAR, reference_year INTEGER, population VARCHAR, sex VARCHAR, "
            "age_group VARCHAR, origin VARCHAR, persons BIGINT)"
        )
        _count_persons(connection, standard, settings)
        _take_ready_counts(connection)
        found = connection.execute(
            "SELECT o.territory, o.reference_year, o.population, o.sex, o.age_group, o.origin, o.persons, p.value, "
            "p.published_year, p.source_title, coalesce((SELECT list(k.what ORDER BY k.rule_id) FROM "
            "warehouse.ref.known_mismatch AS k WHERE k.territory_id = o.territory "
            "AND k.reference_year = o.reference_year), []) "
            "FROM ours AS o JOIN warehouse.ref.published_figure AS p ON p.territory_id = o.territory AND "
            "p.reference_year = o.reference_year AND p.population = o.population AND p.sex = o.sex AND "
            "p.age_group = o.age_group AND p.breakdown = 'TOTAL' AND p.unit = 'PERSONS' "
            "WHERE (?::VARCHAR IS NULL OR o.territory = ?) ORDER BY ALL",
            [territory, territory],
        ).fetchall()
    finally:
        connection.close()
    return [
        Pair(
            territory=row[0], reference_year=row[1], population=row[2], sex=row[3], age_group=row[4], origin=row[5],
            ours=row[6], published=row[7], published_year=row[8], source=row[9],
            flag=_flag(row[6], row[7], settings), known=tuple(row[10]),
        )
        for row in found
    ]  # fmt: skip


def _count_persons(connection: Any, standard: Standard, settings: Mapping[str, Any]) -> None:
    made: set[str] = set()
    sex, age = (parse_expression(settings[name]).sql(dialect="duckdb") for name in ("sex", "age_group"))
    for code, entry in settings["populations"].items():
        name = entry["population"]
        if name not in made:
            population_table(connection, standard, name)
            made.add(name)
        where = parse_expression(entry["where"]).sql(dialect="duckdb") if "where" in entry else "true"
        # GROUPING SETS give the totals; a person of unknown sex or age is in the total only.
        connection.execute(
            "INSERT INTO ours SELECT territory, reference_year, ?, "
            "CASE WHEN grouping(sex_group) = 1 THEN 'TOTAL' ELSE sex_group END, "
            "CASE WHEN grouping(age_class) = 1 THEN 'TOTAL' ELSE age_class END, ?, count(DISTINCT person_id) "
            f"FROM (SELECT person_id, territory, reference_year, {sex} AS sex_group, {age} AS age_class "
            f"FROM population_{name} WHERE {where}) GROUP BY GROUPING SETS ((territory, reference_year), "
            "(territory, reference_year, sex_group), (territory, reference_year, age_class), "
            "(territory, reference_year, sex_group, age_class))",
            [code, CASES],
        )


def _take_ready_counts(connection: Any) -> None:
    """Take the newest vintage of counts that senders made; what is not broken down is a total (domain.md 10.7)."""
    whole = "IN ('NAS', 'NAP') THEN 'TOTAL' ELSE"
    connection.execute(
        "INSERT INTO ours SELECT territory, reference_year, population, "
        f"CASE WHEN coalesce(sex, 'NAS') {whole} sex END, "
        f"CASE WHEN coalesce(age_group, 'NAS') {whole} age_group END, ?, value::BIGINT "
        f"FROM \"{CURRENT}\".aggregate_cell WHERE breakdown = 'TOTAL' AND unit = 'PERSONS' AND value IS NOT NULL "
        "QUALIFY row_number() OVER (PARTITION BY territory, reference_year, population, sex, age_group "
        "ORDER BY vintage DESC NULLS LAST, source_row) = 1",
        [READY_COUNTS],
    )


def _flag(ours: int, published: float, settings: Mapping[str, Any]) -> str:
    factor = float(settings["implausible_factor"])
    if (ours or published) and not published / factor <= ours <= published * factor:
        return IMPLAUSIBLE
    if abs(ours - published) > float(settings["differs_from"]) * published:
        return DIFFERS
    return AGREES
