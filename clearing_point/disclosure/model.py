"""Shapes of the disclosure gate: what goes in (`CountTable`) and what comes out (`Protected`).

A `CountTable` holds true counts and never leaves the office. A `Protected` table holds only what
may be printed: no attribute, no representation and no pickled copy of it holds the true value of a hidden
or rounded cell. It can be made only by the gate, so a report builder that accepts nothing but
`Protected` cannot be handed an unprotected frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from clearing_point.errors import InputProblem, InternalError

Cell = tuple[str, ...]
UNKNOWN_LEAF = "UNK"
"""Leaf code of everybody of whom a variable is not known, whatever the reason."""
Profile = Literal["suppress", "round"]
Status = Literal["", "hidden", "rounded"]


class NotSafe(InputProblem):
    """Tables cannot be made safe together.

    Attributes
    ----------
    tables
        Those that a coarser plan would have to change.
    beside
        They could be made safe if nothing were out.
    """

    def __init__(self, text: str, tables: Iterable[str] = (), *, beside: bool = False) -> None:
        super().__init__(text)
        self.tables = tuple(sorted(set(tables)))
        self.beside = beside


@dataclass(frozen=True)
class Category:
    """A category of a dimension and the leaf codes of the variable that it admits (a total admits all)."""

    code: str
    members: frozenset[str]

    @classmethod
    def of(cls, code: str, *members: str) -> Category:
        """Return a category of the given leaf codes; of its own code alone where none is given."""
        return cls(code, frozenset(members or (code,)))


@dataclass(frozen=True)
class Dimension:
    """A variable and the categories shown; hierarchies are categories with nested member sets."""

    variable: str
    categories: tuple[Category, ...]

    def __post_init__(self) -> None:
        codes = [category.code for category in self.categories]
        if not codes:
            raise InputProblem(f"Dimension {self.variable!r} has no category; name at least one.")
        if len(set(codes)) != len(codes):
            raise InputProblem(f"Dimension {self.variable!r} names a category twice; keep each code once.")
        if any(not category.members for category in self.categories):
            raise InputProblem(f"Dimension {self.variable!r} has a category without leaf codes.")


@dataclass(frozen=True)
class Behind:
    """Who stands behind a cell: `persons`, and what each sender (submitter) has in it herself: (units, persons)."""

    persons: int
    own: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class CountTable:
    """True counts of one table. Internal to the office: hand it only to the gate.

    Parameters
    ----------
    table_id
        Name of the table, unique in a programme.
    population
        What is counted; counts of different populations are different unknowns. ``name: condition`` is a part of a
        population (:mod:`clearing_point.disclosure.conditions`).
    dimensions
        Dimensions in the order of the cell keys; no two share a variable.
    counts
        Whole numbers by category codes. A combination that is absent counts 0.
    behind
        Persons and senders behind a cell. Where it is not known, its units are persons and nobody's.
    sensitive
        The higher threshold of the policy holds for cells that only sensitive tables show.
    multiple_response
        Variables of which a person may have several codes; their codes do not add up to the total.
    """

    table_id: str
    population: str
    dimensions: tuple[Dimension, ...]
    counts: Mapping[Cell, int] = field(repr=False)
    behind: Mapping[Cell, Behind] = field(default_factory=dict, repr=False)
    sensitive: bool = False
    title: str = ""
    multiple_response: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        variables = [dimension.variable for dimension in self.dimensions]
        if len(set(variables)) != len(variables):
            raise InputProblem(f"Table {self.table_id}: two dimensions share a variable; join them into one.")
        known = [{category.code for category in dimension.categories} for dimension in self.dimensions]
        for cell, count in self.counts.items():
            if len(cell) != len(known) or any(
                code not in codes for code, codes in zip(cell, known, strict=True)
            ):
                raise InputProblem(f"Table {self.table_id}: cell {cell} is not made of its categories.")
            if isinstance(count, bool) or int(count) != count or count < 0:
                raise InputProblem(f"Table {self.table_id}: cell {cell} is not a whole number of 0 or more.")


@dataclass(frozen=True)
class Relation:
    """Public knowledge: every person of the part population is also in the whole, cell by cell."""

    part_population: str
    whole_population: str

    def renamed(self, ending: str) -> Relation:
        """Return the same of two populations whose names have an ending."""
        return Relation(f"{self.part_population}{ending}", f"{self.whole_population}{ending}")

    def sentence(self) -> str:
        """Say for the office who is part of whom."""
        return f"{self.part_population}: all are counted in {self.whole_population}"


_FEW = 9


@dataclass(frozen=True)
class Joint:
    """Public knowledge: how variables of a population go together. What is not listed does not occur.

    Attributes
    ----------
    variables
        Names of variables; of one with several answers, "has any of ..." is a variable of its own.
    parts
        For each variable disjoint sets of its leaf codes.
    possible
        Combinations that occur: for each variable the position of a part.
    whole
        These are all variables of the population: what does not occur here is known to be nobody.
    """

    population: str
    variables: tuple[str, ...]
    parts: tuple[tuple[frozenset[str], ...], ...] = field(repr=False)
    possible: tuple[tuple[int, ...], ...] = field(repr=False)
    whole: bool = False

    def renamed(self, ending: str) -> Joint:
        """Return the same of a population whose name has an ending."""
        return replace(self, population=f"{self.population}{ending}")

    @property
    def exclusions(self) -> tuple[tuple[frozenset[int], frozenset[int]], ...]:
        """Of two variables: the largest sets of parts of one and of the other of which nobody is in both."""
        if len(self.variables) != 2:
            return ()
        ones, others = range(len(self.parts[0])), range(len(self.parts[1]))
        occurs = set(self.possible)
        without = {one: frozenset(b for b in others if (one, b) not in occurs) for one in ones}
        closed = {without[one] for one in ones}
        while more := {a & b for a in closed for b in closed} - closed:
            closed |= more
        return tuple(
            (frozenset(one for one in ones if without[one] >= apart), apart)
            for apart in sorted(closed, key=sorted)
            if apart
        )

    @property
    def few(self) -> bool:
        """True where inequalities between categories of two variables say all that the combinations do."""
        return (
            not self.whole and not self._follows and 0 < len(self.exclusions) < min(_FEW, len(self.possible))
        )

    @property
    def _follows(self) -> bool:
        return any(
            len({picked[at] for picked in self.possible}) == len(self.possible)
            for at in range(len(self.variables))
        )

    def sentence(self) -> str:
        """Say for the office which variables are tied."""
        if len(self.variables) == 1:
            return f"{self.population}: {self.variables[0]} never has what no table shows of it"
        names = f"{', '.join(self.variables[:-1])} and {self.variables[-1]}"
        return f"{self.population}: {names} go together"


@dataclass(frozen=True)
class Alike:
    """Of who is counted twice: which parts of a variable here go with which parts of another variable there.

    `variable` is empty where everybody here is meant. `parts` and `others` are disjoint sets of leaf codes (an empty one:
    what no table shows); `possible` are the pairs of their positions that occur.
    """

    variable: str
    other: str
    parts: tuple[frozenset[str], ...] = field(repr=False)
    others: tuple[frozenset[str], ...] = field(repr=False)
    possible: frozenset[tuple[int, int]] = field(repr=False)


@dataclass(frozen=True)
class Inclusion:
    """Public knowledge: who of one population is counted in another, too, at the same place and time, and as what.

    Attributes
    ----------
    part_population, whole_population
        Names of populations, without conditions.
    place, time
        Variables that both count by.
    members
        Who of the part is in the whole: sets of conditions (variable, leaf codes), each enough; an empty one: everybody.
    alike
        What who is in both is there.
    things
        The whole counts things (referrals, say) of which a person may have several, and not persons: it has at least
        one for each, and of two conditions not one with both.
    region
        Whether it holds of the region's number, too, in which a person counts once: in one population she may count by one
        territory's case and in the other by another's. If not, it holds of each territory and of their sum.
    only
        Places and times of which it holds; None: of all.
    """

    part_population: str
    whole_population: str
    place: str
    time: str
    members: tuple[tuple[tuple[str, frozenset[str]], ...], ...]
    alike: tuple[Alike, ...] = field(repr=False)
    things: bool = False
    region: bool = True
    only: frozenset[tuple[str, str]] | None = None

    def renamed(self, ending: str) -> Inclusion:
        """Return the same of two populations whose names have an ending."""
        return replace(
            self,
            part_population=f"{self.part_population}{ending}",
            whole_population=f"{self.whole_population}{ending}",
        )

    def sentence(self) -> str:
        """Say for the office who is part of whom."""
        where = self.whole_population if self.region else f"{self.whole_population} of the same territory"
        if self.only is not None:
            return f"{self.part_population}: all of some places and years are counted in {where}"
        if () in self.members:
            return f"{self.part_population}: all are counted in {where}"
        names = sorted({variable for member in self.members for variable, _ in member})
        return f"{self.part_population}: some kinds of {', '.join(names)} are all counted in {where}"


Knowledge = Relation | Joint | Inclusion
"""What everybody knows about the counts beyond the tables: who is part of whom, which variables go together."""


@dataclass(frozen=True)
class KnownFigure:
    """A number that everybody can read elsewhere, such as a printed national total.

    `conditions` maps variables to the leaf codes admitted; a variable that is not named is not
    restricted. `value` is what is printed elsewhere; it must equal the true count.
    """

    population: str
    conditions: Mapping[str, frozenset[str]]
    value: int
    source: str = ""


@dataclass(frozen=True)
class ProtectedCell:
    """What is printed: a number or nothing, and how it came about."""

    shown: int | None
    status: Status


_GATE = object()


@dataclass(frozen=True)
class Protected:
    """A table that may be printed. Made only by the gate (`protect`).

    A table with a `reason` and no cells is withheld as a whole. `base` is the rounding base of the rounding
    profile (0 otherwise): a number shown is less than one base away from the true count, and up to
    `far_reach` away where it is shown as `far_from` or more (-1: no such number).
    """

    table_id: str
    population: str
    dimensions: tuple[Dimension, ...]
    title: str
    profile: Profile
    cells: Mapping[Cell, ProtectedCell]
    sign: str
    base: int = 0
    far_from: int = -1
    far_reach: int = 0
    sensitive: bool = False
    multiple_response: frozenset[str] = frozenset()
    reason: str = ""
    _token: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self._token is not _GATE:
            raise InternalError("A Protected table can be made only by the disclosure gate.")
        # The token is dropped so that nobody can lift it from a finished table.
        object.__setattr__(self, "_token", None)
        object.__setattr__(self, "cells", MappingProxyType(dict(self.cells)))

    def __reduce__(self) -> tuple[object, ...]:
        # A copy or a pickle stays possible without opening a second way to make the object by hand.
        return (_rebuild, tuple(
            dict(value) if isinstance(value, MappingProxyType) else value
            for name, value in self.__dict__.items()
            if name != "_token"
        ))  # fmt: skip

    @property
    def withheld(self) -> bool:
        """True where the whole table is kept back; `reason` says why."""
        return bool(self.reason)

    def named(self, table_id: str, population: str) -> Protected:
        """Return the same printed table under another name: two issues of one table are attacked side by side."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "_token"}
        return _make_protected(**{**values, "table_id": table_id, "population": population})

    def text(self, cell: Cell) -> str:
        """Return what is printed for a cell: digits or the sign of a hidden cell."""
        value = self.cells[cell]
        return self.sign if value.shown is None else str(value.shown)


def _rebuild(*values: object) -> Protected:
    names = [name for name in Protected.__dataclass_fields__ if name != "_token"]
    return Protected(**dict(zip(names, values, strict=True)), _token=_GATE)  # type: ignore[arg-type]


def _make_protected(**values: object) -> Protected:
    """Make a table that may be printed. Only the gate and the readers of published files call this."""
    return Protected(**values, _token=_GATE)  # type: ignore[arg-type]
