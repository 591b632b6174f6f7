"""Which published numbers moved between two reports or releases, by how much, and why. Protected numbers only.

Both sides are read from the data annexes that everybody has. The reason (:data:`REASONS`) follows by rule from what
the two were made of: their locks, or their manifests.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.analysis.missing import MISSING
from clearing_point.analysis.model import TOTAL
from clearing_point.errors import InputProblem
from clearing_point.standard.model import TERRITORY

PUBLISHED = "T43"
"""Table of national totals that others publish, beside ours."""
COLUMNS = ("table", "cell", "before", "now", "reason")
REASONS = {
    "definition": "the table counts something else than before",
    "submission": "a sender of the cell's territory and year sent a newer version, or for the first time",
    "later_status": "nothing new came for that year, but for another one, which says more of the same persons",
    "link": "nothing new came from that territory, but cases were linked otherwise, or another territory's are new",
    "protection": "shown on one side only, although nothing new came",
    "program": "none of these: another version of a package",
    "release": "its publisher released the figure anew, or another source gives it",
}
"""Why a number moved, in the order in which it is asked (rule R3 of the standard for later statuses)."""
_YEAR = "reference_year"
_Number = int | str | None
"""A number as an annex has it: None where it is protected, ``missing`` where there are no data."""
_DEFINING = ("where", "population", "dimensions", "query")


@dataclass(frozen=True)
class Revision:
    """One number that moved; None stands for a protected one, or for one without any data.

    Attributes
    ----------
    missing : frozenset of str
        ``before`` or ``now`` where that side had no data.
    """

    table: str
    place: Mapping[str, str]
    before: int | None
    now: int | None
    reason: str
    missing: frozenset[str] = frozenset()

    @property
    def cell(self) -> str:
        """Its place as text, such as ``territory=ALB; reference_year=2021``."""
        return "; ".join(f"{variable}={code}" for variable, code in self.place.items())

    @property
    def share(self) -> float | None:
        """Change against the number before, as a part of it; None where one of the two is not shown."""
        if self.before is None or self.now is None:
            return None
        return abs(self.now - self.before) / self.before if self.before else 1.0


@dataclass(frozen=True)
class PublishedMoved:
    """A national total that somebody else publishes and that is another one now, as printed; None where there was none.

    Attributes
    ----------
    source : str
        Who publishes it.
    """

    territory: str
    year: str
    source: str
    before: str | None
    now: str | None


@dataclass(frozen=True)
class Revisions:
    """All numbers that moved between two reports, in the order of the tables.

    Attributes
    ----------
    before, now : str
        Edition and number of the release, such as "2022, release 1.0".
    """

    before: str
    now: str
    moved: tuple[Revision, ...]
    compared: int
    published: tuple[PublishedMoved, ...] = ()

    def csv(self) -> str:
        """Return all revisions as CSV; an empty number is a protected one, or one without data."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for r in self.moved:
            numbers = ("" if n is None else n for n in (r.before, r.now))
            writer.writerow((r.table, r.cell, *numbers, r.reason))
        for p in self.published:
            cell = f"{TERRITORY}={p.territory}; {_YEAR}={p.year}; source={p.source}"
            writer.writerow((PUBLISHED, cell, p.before or "", p.now or "", "release"))
        return out.getvalue()


def compare(
    before: Path, now: Path, lock_before: Mapping[str, Any], lock_now: Mapping[str, Any]
) -> Revisions:
    """Compare the data annexes of two reports, cell by cell of the tables that both have.

    Parameters
    ----------
    before, now : Path
        Folders with ``data/*.csv`` and ``definitions.json``.

    Raises
    ------
    InputProblem
        If one of the folders has no annex.
    """
    old, new = _definitions(before), _definitions(now)
    moved: list[Revision] = []
    compared = 0
    for name in (name for name in new if name in old):
        cells_old, cells_new = _cells(before, name), _cells(now, name)
        redefined = any(_meaning(old[name], key) != _meaning(new[name], key) for key in _DEFINING)
        for place, number in cells_new.items():
            if place not in cells_old:
                continue
            compared += 1
            if _same(cells_old[place], number):
                continue
            where, without = dict(place), frozenset[str]()
            was, now_is = (None if isinstance(n, str) else n for n in (cells_old[place], number))
            if MISSING in (cells_old[place], number):
                without = frozenset({"before" if cells_old[place] == MISSING else "now"})
            why = "definition" if redefined else _reason(where, was, now_is, lock_before, lock_now)
            moved.append(Revision(name, where, was, now_is, why, without))
    published = tuple(_published_moved(lock_before, lock_now))
    return Revisions(_name(lock_before), _name(lock_now), tuple(moved), compared, published)


def _published_moved(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[PublishedMoved]:
    """Yield the published totals of years that both locks hold and that differ; none where one of them holds no totals."""
    old, new = (
        {
            (row["territory"], row["year"], row.get("publisher", row["source"])): row["value_text"]
            for row in lock.get("published_figures", ())
        }
        for lock in (before, now)
    )
    years = {year for _, year, _ in old} & {year for _, year, _ in new}
    for place in sorted(old.keys() | new.keys()):
        if place[1] in years and old.get(place) != new.get(place):
            yield PublishedMoved(*place, old.get(place), new.get(place))


def _name(lock: Mapping[str, Any]) -> str:
    return f"{lock['edition']}, {lock['release']}"


def _meaning(definition: Mapping[str, Any], key: str) -> Any:
    """What a table counts; which years and codes it shows is not part of it."""
    if key == "dimensions":
        return sorted(definition.get(key) or {})
    return definition.get(key)


def _reason(
    where: Mapping[str, str],
    before: int | None,
    now: int | None,
    lock_before: Mapping[str, Any],
    lock_now: Mapping[str, Any],
) -> str:
    newer = list(_newer(lock_before, lock_now))
    place, year = where.get(TERRITORY, TOTAL), where.get(_YEAR, "")
    known = {row["territory"] for row in lock_now["submissions"]}
    concerned = [row for row in newer if place not in known or row["territory"] == place]
    if any(not year.isdigit() or row["first_year"] <= int(year) <= row["last_year"] for row in concerned):
        return "submission"
    if concerned:
        return "later_status"
    if _linked(lock_before) != _linked(lock_now) or newer:
        # A submission of another territory can link its persons with those of this one.
        return "link" if before is not None and now is not None else "protection"
    if before is None or now is None:
        return "protection"
    return "program"


def _linked(lock: Mapping[str, Any]) -> str:
    return str(lock.get("linkage_sha256") or "")


def _newer(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield counted submissions that the report before did not count, and counted ones that fell away."""
    # A lock lists submissions that were not counted, too; a manifest has only those that were.
    old = {row["submission"]: row for row in before["submissions"] if row.get("counted", True)}
    new = {row["submission"]: row for row in now["submissions"] if row.get("counted", True)}
    yield from (row for name, row in new.items() if name not in old)
    yield from (row for name, row in old.items() if name not in new)


def _definitions(folder: Path) -> dict[str, Mapping[str, Any]]:
    path = folder / "definitions.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputProblem(f"{folder} has no data annex that can be compared.") from error
    return {definition["id"]: definition for definition in found}


def _same(before: _Number, now: _Number) -> bool:
    """Say whether a number stayed; zero where there were no data before, or no longer are, is none that moved."""
    return before == now or (MISSING in (before, now) and 0 in (before, now))


def _cells(folder: Path, name: str) -> dict[tuple[tuple[str, str], ...], _Number]:
    path = folder / "data" / f"{name}.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        names = reader.fieldnames or ()
        variables = names[: names.index("value")] if "value" in names else ()
        return {
            tuple((v, row[v]) for v in variables): int(row["value"])
            if row["value"]
            else (MISSING if row["protection"] == MISSING else None)
            for row in reader
        }
