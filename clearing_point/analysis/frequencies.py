"""What was read of a public release, code by code, beside the counts that its publisher gives of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.analysis.public_releases import Vintage
from clearing_point.errors import InputProblem
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import connect

AGREES, DIFFERS = "agrees", "differs"


@dataclass(frozen=True)
class Frequency:
    """Rows of a table that have a code in a field; of a field that holds several, each code of a row counts."""

    table: str
    field: str
    code: str
    rows: int


@dataclass(frozen=True)
class PublishedCount:
    """A count that the publisher gives of a release, and ours of the same.

    Attributes
    ----------
    where : str
        What it is of, such as ``person: sex=F``.
    ours : int or None
        None where no row, or several, are it.
    """

    where: str
    published: int
    ours: int | None
    said_in: str

    @property
    def verdict(self) -> str:
        """Say whether both are the same."""
        return AGREES if self.ours == self.published else DIFFERS


@dataclass(frozen=True)
class Frequencies:
    """What was read of a release."""

    release: Vintage
    rows: Mapping[str, int]
    """Table -> rows."""
    codes: tuple[Frequency, ...]
    counts: tuple[PublishedCount, ...]
    no_counts: bool
    """Whether the profile holds no count of this release."""

    def lines(self) -> Iterator[str]:
        """Yield what a person should read before the frequencies."""
        yield f"{self.release.name()}: " + ", ".join(f"{t} {n:,} rows" for t, n in self.rows.items())
        if self.no_counts:
            yield "The profile holds no counts of the publisher for this release (`counts`): nothing was compared."
        for c in self.counts:
            ours = "nothing of it" if c.ours is None else f"{c.ours:,}"
            yield f"{c.verdict}: {c.where}: {ours} read, {c.published:,} published ({c.said_in})"

    def csv(self) -> str:
        """Return every frequency as CSV: table, field, code, rows."""
        target = io.StringIO()
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["table", "field", "code", "rows"])
        writer.writerows([f.table, f.field, f.code, f.rows] for f in self.codes)
        return target.getvalue()


def frequencies(
    warehouse: Path, standard: Standard, release: Vintage, counts: Sequence[Mapping[str, Any]]
) -> Frequencies:
    """Count the rows of a release by every field that has a code list or holds places.

    Parameters
    ----------
    counts : sequence of mappings
        The publisher's own, from the profile: ``table``, ``where`` (field -> code), ``rows`` or ``value`` (what one row has
        as its value), ``said_in``, and ``release`` if it is of one day only.

    Raises
    ------
    InputProblem
        If a count names a table or field that the standard has not.
    """
    of_it = [c for c in counts if str(c.get("release", release.released)) == str(release.released)]
    connection = connect(Path(":memory:"), attach={"warehouse": warehouse})
    names = list(release.submissions)
    try:
        rows, found = {}, []
        for name, table in standard.tables.items():
            if name == "submission":
                continue
            number = connection.execute(
                f'SELECT count(*) FROM warehouse.core."{name}" WHERE list_contains(?, submission_id)', [names]
            ).fetchone()[0]
            if not number:
                continue
            rows[name] = int(number)
            there = dict(
                connection.execute(
                    "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'warehouse' "
                    "AND schema_name = 'core' AND table_name = ?",
                    [name],
                ).fetchall()
            )
            for field in table.received:
                if field.codelist is None or field.name not in there:
                    continue
                code = f'unnest("{field.name}")' if there[field.name].endswith("[]") else f'"{field.name}"'
                found += [
                    Frequency(name, field.name, str(code_), int(n))
                    for code_, n in connection.execute(
                        f'SELECT code, count(*) FROM (SELECT {code} AS code FROM warehouse.core."{name}" '
                        "WHERE list_contains(?, submission_id)) WHERE code IS NOT NULL GROUP BY code ORDER BY 2 DESC, 1",
                        [names],
                    ).fetchall()
                ]
        beside = tuple(_beside(connection, standard, names, count) for count in of_it)
    finally:
        connection.close()
    return Frequencies(release, rows, tuple(found), beside, not of_it)


def _beside(
    connection: Any, standard: Standard, names: Sequence[str], count: Mapping[str, Any]
) -> PublishedCount:
    name, where = str(count["table"]), {str(k): str(v) for k, v in count.get("where", {}).items()}
    table = standard.tables.get(name)
    known = {field.name for field in table.fields} if table else set()
    if table is None or set(where) - known or ("value" in count and "value" not in known):
        wrong = min(set(where) - known, default="value")
        raise InputProblem(f"A count of the profile names {name}.{wrong}, which the standard has not.")
    conditions = "".join(f' AND "{field}"::VARCHAR = ?' for field in where)
    what = "count(*)" if "rows" in count else "CASE WHEN count(*) = 1 THEN any_value(value) END"
    ours = connection.execute(
        f'SELECT {what} FROM warehouse.core."{name}" WHERE list_contains(?, submission_id){conditions}',
        [list(names), *where.values()],
    ).fetchone()[0]
    said = f"{name}: " + ", ".join(f"{field}={code}" for field, code in where.items()) if where else name
    return PublishedCount(
        said, int(count["rows"] if "rows" in count else count["value"]),
        None if ours is None else int(ours), str(count["said_in"]),
    )  # fmt: skip
