"""Two releases of the same public data, compared number by number by the keys of the data."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import connect

CHANGED, NEW, GONE = "changed", "new", "withdrawn"
_OWN = ("submission_id", "sheet", "source_row", "source_part")


@dataclass(frozen=True)
class Vintage:
    """A release that is stored.

    Attributes
    ----------
    submissions : tuple of str
        Its files: one, or the main and the supplementary ones of one day. The first file of a day that was sent again is a
        release of its own here, beside the other parts of that day.
    released : str or None
        The day of its release; None where nobody said it.
    """

    submissions: tuple[str, ...]
    released: str | None
    in_force: bool

    def name(self) -> str:
        """Say which it is."""
        return f"{' and '.join(self.submissions)} (released {self.released or 'on a day that nobody said'})"


@dataclass(frozen=True)
class Difference:
    """One number that is not the same in both: what it is about, and what each release says of it."""

    kind: str
    table: str
    key: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """Two releases beside each other."""

    before: Vintage
    after: Vintage
    rows_before: int
    rows_after: int
    same: int
    differences: tuple[Difference, ...]
    keys: Mapping[str, tuple[str, ...]]
    values: Mapping[str, tuple[str, ...]]

    def count(self, kind: str) -> int:
        """Return how many numbers differ in this way."""
        return sum(d.kind == kind for d in self.differences)

    def lines(self) -> Iterator[str]:
        """Yield what a person should read."""
        yield f"{self.before.name()}: {self.rows_before:,} rows"
        yield f"{self.after.name()}: {self.rows_after:,} rows"
        yield (
            f"{self.same:,} are the same, {self.count(CHANGED):,} changed, {self.count(NEW):,} are new, "
            f"{self.count(GONE):,} were withdrawn."
        )

    def csv(self) -> str:
        """Return every difference as CSV: kind, table, what it is about, before, after."""
        target = io.StringIO()
        writer = csv.writer(target, lineterminator="\n")
        for table, key in self.keys.items():
            values = self.values[table]
            heads = [*(f"before_{v}" for v in values), *(f"after_{v}" for v in values)]
            writer.writerow(["kind", "table", *key, *heads])
            writer.writerows(
                [d.kind, d.table, *d.key, *(d.before or [""] * len(values)), *(d.after or [""] * len(values))]
                for d in self.differences
                if d.table == table
            )
        return target.getvalue()


def vintages_of(warehouse: Path, profile: str) -> list[Vintage]:
    """Return the stored releases of a source, oldest first; those whose day nobody said come first, as they came.

    Parts of one day are one release; of a part that came twice for that day, the last counts.

    Parameters
    ----------
    profile : str
        Name of the source: a publisher may have several, and they are never beside each other.
    """
    return [_together(files) for files in _by_day(warehouse, profile)]


def sent_again(warehouse: Path, profile: str) -> list[Vintage]:
    """Return what a release was before one of its files was sent again for the same day, oldest first.

    Each is the file that no longer counts, with the other parts of its day as they stand: beside the release of that day
    it differs by what the later file corrected, and by nothing else.
    """
    found = []
    for files in _by_day(warehouse, profile):
        standing = {file.part: file for file in files}
        for file in files:
            if file != standing[file.part]:
                found.append(_together([file if f.part == file.part else f for f in standing.values()]))
    return found


@dataclass(frozen=True)
class _File:
    name: str
    part: str
    day: str | None
    in_force: bool


def _together(files: Sequence[_File]) -> Vintage:
    """Return the release of these files of one day; of a part that came twice, the last counts."""
    standing = {file.part: file for file in files}
    names = [standing[part].name for part in sorted(standing)]
    return Vintage(tuple(names), files[0].day, all(file.in_force for file in standing.values()))


def _by_day(warehouse: Path, profile: str) -> list[list[_File]]:
    """Return the stored files of a source, those of one day together, each in the order in which they came."""
    connection = connect(Path(":memory:"), attach={"warehouse": warehouse})
    try:
        rows = connection.execute(
            "SELECT submission_id, sender, released::VARCHAR, status = 'ACCEPTED' FROM (SELECT *, "
            "max(received_at) OVER (PARTITION BY series ORDER BY version_number) AS came FROM warehouse.raw.submission) "
            "WHERE profile = ? AND use = 'reference' AND status IN ('ACCEPTED', 'REPLACED') "
            "ORDER BY released NULLS FIRST, came, version_number, submission_id",
            [profile],
        ).fetchall()
    finally:
        connection.close()
    days: dict[str, list[_File]] = {}
    for name, part, day, in_force in rows:
        # Files whose day nobody said are one release only where they count beside each other.
        days.setdefault(day or ("" if in_force else name), []).append(_File(name, part, day, bool(in_force)))
    return list(days.values())


def compare_releases(
    warehouse: Path, standard: Standard, keys: Mapping[str, Sequence[str]], before: Vintage, after: Vintage,
    territories: Sequence[str] = (),
) -> Compared:  # fmt: skip
    """Compare two releases by the keys that their profile declares.

    Where a publisher repeats a key, its numbers are compared as a bag: what both have is the same, the rest is paired in
    order.

    Parameters
    ----------
    keys : mapping
        Table -> fields that say what a number is about.
    territories : sequence of str
        Only these; all if empty.

    Raises
    ------
    InputProblem
        If the profile declares no keys.
    """
    if not keys:
        raise InputProblem(
            "The profile of this source declares no `keys`: nothing says which numbers belong together."
        )
    connection = connect(Path(":memory:"), attach={"warehouse": warehouse})
    found: list[Difference] = []
    rows = [0, 0]
    same = 0
    values: dict[str, tuple[str, ...]] = {}
    try:
        for table, key in keys.items():
            values[table] = _values(connection, standard, table, key)
            for number, vintage in enumerate((before, after)):
                rows[number] += _take(connection, number, table, key, values[table], vintage, territories)
            same += int(connection.execute(_SAME).fetchone()[0])
            found += [
                Difference(kind, table, tuple(about), tuple(old or ()), tuple(new or ()))
                for kind, about, old, new in connection.execute(_DIFFERENT).fetchall()
            ]
    finally:
        connection.close()
    fields = {table: tuple(key) for table, key in keys.items()}
    return Compared(before, after, rows[0], rows[1], same, tuple(found), fields, values)


def _values(connection: Any, standard: Standard, table: str, key: Sequence[str]) -> tuple[str, ...]:
    """Return the fields that say something of a number: what a sender fills, less its key and the row's own name."""
    own = {*key, *standard.tables[table].primary_key, *_OWN}
    there = {
        row[0]
        for row in connection.execute(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = 'warehouse' AND schema_name = 'core' "
            "AND table_name = ?",
            [table],
        ).fetchall()
    }
    return tuple(f.name for f in standard.tables[table].received if f.name not in own and f.name in there)


def _take(
    connection: Any, number: int, table: str, key: Sequence[str], values: Sequence[str], vintage: Vintage,
    territories: Sequence[str],
) -> int:  # fmt: skip
    def texts(names: Sequence[str]) -> str:
        return "[" + ", ".join(f"coalesce(\"{name}\"::VARCHAR, '')" for name in names) + "]"

    where = " AND list_contains(?, territory)" if territories else ""
    parameters: list[Any] = [list(vintage.submissions), *([list(territories)] if territories else [])]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE side_{number} AS SELECT about, said, "
        "row_number() OVER (PARTITION BY about, said) AS n "
        f'FROM (SELECT {texts(key)} AS about, {texts(values)} AS said FROM warehouse.core."{table}" '
        f"WHERE list_contains(?, submission_id){where})",
        parameters,
    )
    return int(connection.execute(f"SELECT count(*) FROM side_{number}").fetchone()[0])


_SAME = "SELECT count(*) FROM side_0 JOIN side_1 USING (about, said, n)"
_LEFT = (
    "SELECT about, said, row_number() OVER (PARTITION BY about ORDER BY said, n) AS place "
    "FROM side_{0} ANTI JOIN side_{1} USING (about, said, n)"
)
_DIFFERENT = (
    f"SELECT CASE WHEN o.said IS NULL THEN '{NEW}' WHEN w.said IS NULL THEN '{GONE}' ELSE '{CHANGED}' END, "
    f"about, o.said, w.said FROM ({_LEFT.format(0, 1)}) AS o FULL JOIN ({_LEFT.format(1, 0)}) AS w USING (about, place) "
    "ORDER BY about, place"
)
