"""Relations between populations, derived from who is counted: whose persons are always counted in another one, and as what.

Persons in shelters are assisted persons; who was referred has a referral. Nobody declares it: the rows of two populations
are matched by person (or by what they count), place and time. That all of some kind are counted in the other population is
no accident where at least 20 are, and where 5 exceptions were expected if it were chance. What is found is given to the
attacker (:class:`Inclusion`), so a relation that is none costs hidden cells and no person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from clearing_point.analysis.incidence import Told
from clearing_point.analysis.persons import FIRST, OPEN, WITHIN, YEAR
from clearing_point.analysis.units import PERSON
from clearing_point.disclosure.model import Alike, Inclusion
from clearing_point.standard.model import TERRITORY, Population

_EXPECTED = 5.0
_AT_LEAST = 20

Counts = npt.NDArray[np.float64]


def inclusions(told: Mapping[str, Told], populations: Mapping[str, Population]) -> list[Inclusion]:
    """Return of every pair of populations who of the one is always counted in the other."""
    found = []
    for part in sorted(told):
        if populations[part].each or not len(told[part].codes):
            continue
        for whole in sorted(told):
            by = _same(populations[part], populations[whole])
            if part != whole and by and len(told[whole].codes):
                one = _Pair(told[part], told[whole], by, populations[whole].unit != populations[part].unit)
                found += one.inclusions()
    return found


def _same(part: Population, whole: Population) -> str:
    """Return by what rows of two populations are matched; nothing where a count of one bounds none of the other."""
    if part.unit == PERSON:
        return "person"
    return "unit" if part.unit == whole.unit else ""


@dataclass(frozen=True)
class _Rows:
    """Rows of one population of which each is counted at a place, or in the whole region."""

    key: pa.Array
    place: pa.Array
    codes: npt.NDArray[np.int64]


class _Pair:
    def __init__(self, part: Told, whole: Told, by: str, things: bool) -> None:
        self.part, self.whole = part, whole
        self.things = things or not _once(_rows(whole, by, region=False).key)
        marked = not bool(pc.all(pc.is_null(part.of["mark"])).as_py()) and not bool(
            pc.all(pc.is_null(whole.of["mark"])).as_py()
        )
        levels = (False, True) if marked else (False,)
        self.levels = [
            _Level(_rows(part, by, region=region), _rows(whole, by, region=region), part, whole)
            for region in levels
        ]

    def inclusions(self) -> list[Inclusion]:
        """Return what holds of territories and region, and what more holds of territories alone."""
        found = [self._inclusion(self.levels, region=True)]
        if len(self.levels) > 1:
            found.append(self._inclusion(self.levels[:1], region=False))
        there = [each for each in found if each is not None]
        same = len({(each.members, each.alike) for each in there}) < len(there)
        some = [] if any(() in each.members for each in there) else list(self._of_some_places())
        return [*(there[:1] if same else there), *some]

    def _inclusion(self, levels: Sequence[_Level], *, region: bool) -> Inclusion | None:
        members = self._members(levels)
        return self._of(levels, members, region=region) if members else None

    def _of(
        self,
        levels: Sequence[_Level],
        members: Sequence[tuple[tuple[str, frozenset[str]], ...]],
        *,
        region: bool,
        only: frozenset[tuple[str, str]] | None = None,
    ) -> Inclusion:
        return Inclusion(
            self.part.population, self.whole.population, TERRITORY, YEAR, tuple(members),
            tuple(self._alike(levels)), self.things, region, only,
        )  # fmt: skip

    def _of_some_places(self) -> Iterator[Inclusion]:
        """Return where and when everybody of the part is in the whole, although not everywhere.

        A population that counts a few in another year than another one, or leaves them out, is the same in all other places:
        what the two differ by there is the few.
        """
        first = self.levels[0]
        not_there = {place for place, (rows, inside) in first.by_place().items() if rows != inside}
        some = {
            place
            for place, (rows, inside) in first.by_place().items()
            if rows == inside and rows >= _AT_LEAST
        }
        if some:
            yield self._of(self.levels[:1], [()], region=False, only=frozenset(some))
        region: Counter[str] = Counter()
        outside = {year for _, year in not_there}
        for (_, year), (rows, inside) in self.levels[-1].by_place().items():
            region[year] += rows
            outside |= {year} if rows != inside else set()
        years = {year for year, rows in region.items() if rows >= _AT_LEAST} - outside
        if years:
            every = frozenset((place, year) for place in self._territories() for year in years)
            yield self._of(self.levels, [()], region=True, only=every)

    def _territories(self) -> set[str]:
        told = (self.part, self.whole)
        leaves = {leaf for each in told for part in each.parts.get(TERRITORY, ()) for leaf in part}
        rows = {str(place) for each in told for place in pc.unique(each.of["territory"]).to_pylist()}
        return {leaf.partition(":")[0] for leaf in leaves} | rows

    def _members(self, levels: Sequence[_Level]) -> list[tuple[tuple[str, frozenset[str]], ...]]:
        first = levels[0]
        many = len(first.inside) >= _AT_LEAST
        if many and all(level.inside.all() for level in levels):
            return [()]
        found: list[tuple[tuple[str, frozenset[str]], ...]] = []
        names = [v for v in self.part.parts if v not in {TERRITORY, YEAR}]
        left_out = float((~first.inside).mean()) if many else 0.0
        single: dict[str, set[int]] = {}
        for variable in names:
            counted = [level.among(variable) for level in levels]
            every = counted[0][0]
            parts = self.part.parts[variable]
            sure = (every * left_out >= _EXPECTED) & np.all([a == b for a, b in counted], axis=0)
            single[variable] = set(np.flatnonzero(sure[: len(parts)]).tolist())
            codes = frozenset().union(*(parts[at] for at in single[variable]))
            if codes:
                found.append(((variable, codes),))
        # Of a part of another population, two conditions at once may say who is of it.
        if first.covered >= _AT_LEAST and not first.left:
            for one, other in combinations(names, 2):
                counted = [level.among(one, other) for level in levels]
                every = counted[0][0]
                sure = (every * left_out >= _EXPECTED) & np.all([a == b for a, b in counted], axis=0)
                shape = (len(self.part.parts[one]) + 1, len(self.part.parts[other]) + 1)
                for at in np.flatnonzero(sure).tolist():
                    a, b = divmod(at, shape[1])
                    if a in single[one] or b in single[other] or a + 1 == shape[0] or b + 1 == shape[1]:
                        continue
                    found.append(((one, self.part.parts[one][a]), (other, self.part.parts[other][b])))
        return found

    def _alike(self, levels: Sequence[_Level]) -> Iterator[Alike]:
        first = levels[0]
        if first.both < _AT_LEAST:
            return
        others = [v for v in self.whole.parts if v not in {TERRITORY, YEAR}]
        mine = ["", *(v for v in self.part.parts if v not in {TERRITORY, YEAR})]
        for other in others:
            for variable in mine:
                tables = [level.table(variable, other, exists=self.things) for level in levels]
                possible = self._possible(variable, other, tables)
                if not self.things and not first.of_whole(other)[-1]:
                    possible[:, -1] = False  # every one of the whole is of a part that tables show
                if not possible.all():
                    yield Alike(
                        variable,
                        other,
                        (*(self.part.parts[variable] if variable else ()), frozenset()),
                        (*self.whole.parts[other], frozenset()),
                        frozenset((int(a), int(b)) for a, b in np.argwhere(possible)),
                    )

    def _possible(self, variable: str, other: str, tables: list[Counts]) -> npt.NDArray[np.bool_]:
        table, first = tables[0], self.levels[0]
        occurs = np.any([t > 0 for t in tables], axis=0)
        if self.things:
            # Of persons of a kind all must have such a thing: then it is the only one that is meant.
            every = table[:, -1:]
            share = table[:, :-1].sum(axis=0) / max(float(every.sum()), 1.0)
            expected = every * (1 - share[None, :])
            sure = (table[:, :-1] == every) & (
                (expected >= _EXPECTED) | ((every >= _AT_LEAST) & (variable == ""))
            )
            possible = np.ones((len(table), table.shape[1] - 1), dtype=bool)
            for row in np.flatnonzero(sure[:, : len(self.whole.parts[other])].any(axis=1)):
                possible[row] = False
                possible[row, int(np.flatnonzero(sure[row])[0])] = True
            return possible
        if not variable:
            share = first.of_whole(other)
            return np.asarray(occurs | (table.sum() * share[None, :] < _EXPECTED))
        if variable == other:
            same = np.zeros(table.shape, dtype=bool)
            for a, part in enumerate((*self.part.parts[variable], None)):
                for b, there in enumerate((*self.whole.parts[other], None)):
                    same[a, b] = part is None or there is None or bool(part & there)
            if not (occurs & ~same).any() and (table.sum(axis=1) > 0).sum() > 1:
                return same
        rows, columns = table.sum(axis=1, keepdims=True), table.sum(axis=0, keepdims=True)
        told = (occurs.sum(axis=1) <= 1).all() and (columns > 0).sum() > 1
        rare = np.outer(rows, columns) / max(float(table.sum()), 1.0) < _EXPECTED
        return np.asarray(occurs | (rows == 0) if told else occurs | rare | (rows == 0))


class _Level:
    """Two populations matched at each place, or in the region as a whole."""

    def __init__(self, part: _Rows, whole: _Rows, told: Told, other: Told) -> None:
        self.part, self.whole, self.told, self.other = part, whole, told, other
        self.inside = np.asarray(pc.is_in(part.key, value_set=whole.key))
        self.covered = len(pc.unique(whole.key))
        self.left = int((~np.asarray(pc.is_in(whole.key, value_set=part.key))).sum())
        at = np.asarray(pc.fill_null(pc.index_in(whole.key, value_set=part.key), -1))
        self.pairs = np.stack([at[at >= 0], np.flatnonzero(at >= 0)])
        self.both = int(self.inside.sum())

    def by_place(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Count rows of the part by territory and year: all, and those that are in the whole."""
        found: dict[tuple[str, str], tuple[int, int]] = {}
        told = pa.table({"place": self.part.place, "inside": pa.array(self.inside)})
        counted = told.group_by("place").aggregate([("inside", "count"), ("inside", "sum")])
        for place, rows, inside in zip(*(c.to_pylist() for c in counted.columns), strict=True):
            territory, _, year = place.partition("\t")
            found[territory, year] = (int(rows), int(inside))
        return found

    def among(self, *variables: str) -> tuple[Counts, Counts]:
        """Count rows of the part by parts of its variables: all, and those that are in the whole."""
        names = list(self.told.parts)
        place, size = np.zeros(len(self.part.codes), dtype=np.int64), 1
        for variable in variables:
            width = len(self.told.parts[variable]) + 1
            place, size = place * width + self.part.codes[:, names.index(variable)], size * width
        return (
            np.bincount(place, minlength=size).astype(np.float64),
            np.bincount(place, weights=self.inside.astype(np.float64), minlength=size).astype(np.float64),
        )

    def of_whole(self, other: str) -> Counts:
        """Return which share of the whole each part of a variable has."""
        codes = self.whole.codes[:, list(self.other.parts).index(other)]
        counted = np.bincount(codes, minlength=len(self.other.parts[other]) + 1)
        return np.asarray(counted / max(len(codes), 1))

    def table(self, variable: str, other: str, *, exists: bool) -> Counts:
        """Count who is in both by a variable here and one there.

        With `exists`, persons are counted who have at least one thing of a kind, and in one more column all of them.
        """
        rows, columns = self.pairs
        theirs = self.whole.codes[columns, list(self.other.parts).index(other)]
        width = len(self.other.parts[other]) + 1
        mine = np.zeros(len(self.part.codes), dtype=np.int64)
        height = 1
        if variable:
            mine = self.part.codes[:, list(self.told.parts).index(variable)]
            height = len(self.told.parts[variable]) + 1
        if not exists:
            place = mine[rows] * width + theirs
            return np.bincount(place, minlength=height * width).astype(np.float64).reshape(height, width)
        have = np.unique(rows * width + theirs)
        place = mine[have // width] * width + have % width
        table = np.bincount(place, minlength=height * width).astype(np.float64).reshape(height, width)
        every = np.bincount(mine, minlength=height).astype(np.float64)
        return np.hstack([table, every[:, None]])


def _rows(told: Told, by: str, *, region: bool) -> _Rows:
    mark = told.of["mark"]
    counted = pc.is_in(mark, value_set=pa.array([FIRST, OPEN])) if region else pc.not_equal(mark, WITHIN)
    kept = np.asarray(pc.fill_null(counted, True) if not region else pc.or_(counted, pc.is_null(mark)))
    who = [told.of[by], told.of["year"], *([] if region else [told.of["territory"]])]
    where = [told.of["territory"], told.of["year"]]
    key, place = (
        pc.binary_join_element_wise(*(pc.fill_null(c.combine_chunks(), "") for c in columns), "\t").filter(
            pa.array(kept)
        )
        for columns in (who, where)
    )
    return _Rows(key, place, told.codes[kept])


def _once(key: pa.Array) -> bool:
    return len(pc.unique(key)) == len(key)
