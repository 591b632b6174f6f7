"""The campaign: many mutations of each layout, one after the other in one process."""

from __future__ import annotations

import copy
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import xlsxwriter

from clearing_point.findings import Finding
from clearing_point.intake.layout import fold
from clearing_point.project import Project
from clearing_point.standard import Standard
from tests.cheaply import cheaply
from tests.conftest import ROOT
from tests.property.law.books import (
    LAYOUTS,
    MOST_SHEETS,
    grid_of,
    make_books,
    narrow,
    profile_of_layout,
    small,
    standard_of_project,
    write,
)
from tests.property.law.mutations import OF_GRIDS, OF_SHEETS, Book
from tests.property.law.outcome import Seen, look, said_of_rows, said_on_the_whole_way, violation

_SPREAD = 1_000_003
"""Between the seeds of two campaigns, so that no mutation of one is one of the other's."""
GROUND_LASTS = 200
"""Mutations after which other sheets and columns of the layout are taken."""


@dataclass
class Ground:
    """A valid file of a layout, small, and what it becomes.

    What is said of it further on the way is asked for once, when a mutation first needs it.
    """

    layout: str
    book: Book
    ending: str
    base: Seen
    project: Project
    standard: Standard
    folder: Path
    of_rows: list[Finding] | None = None
    on_the_whole_way: list[Finding] | None = None

    def look_at(self, book: Book, name: str) -> tuple[Path, Seen]:
        """Write a book as a file and read it."""
        path = write(book, self.folder / f"{name}{self.ending}", self.layout)
        return path, look(path, self.layout, self.project, self.standard)


@contextmanager
def place_of_campaign() -> Iterator[Project]:
    """Make a data folder for all layouts of a campaign, in memory where the system can: its files live for a moment."""
    quick = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
    with tempfile.TemporaryDirectory(prefix="law-", dir=quick if quick.is_dir() else None) as name, cheaply():
        project = Project(root=ROOT, data=Path(name))
        project.prepare()
        yield project


@lru_cache(maxsize=len(LAYOUTS))
def book_of(folder: Path, layout: str) -> Path:
    """Write a valid file of a layout, once."""
    return make_books(folder / "files", ("MNE", layout) if layout == "template" else (layout,))[layout]


def ground_of(project: Project, layout: str, seed: int, number: int = 0) -> Ground:
    """Make a small valid file of a layout: some of its sheets, if it may be sent with these alone.

    Parameters
    ----------
    number : int
        Of the mutation that is to stand on it.
    """
    rng = random.Random(seed * _SPREAD + number // GROUND_LASTS)  # noqa: S311 - mutations, no secrets
    standard = standard_of_project()
    folder = project.data / "law" / layout
    folder.mkdir(parents=True, exist_ok=True)
    path = book_of(folder, layout)
    base = look(path, layout, project, standard)
    ground = Ground(layout, grid_of(path), path.suffix, base, project, standard, folder)
    assert not ground.base.refused, (layout, ground.base.refused)
    book = small(ground.book, ground.base.first_rows)
    if len(book) > MOST_SHEETS:
        needed = {fold(s.sheet) for s in profile_of_layout(layout).sheets if s.sheet and not s.optional}
        if layout == "template":
            needed = {fold(s.name) for s in book if not s.name or len(s.rows) <= s.first}
        others = [n for n, sheet in enumerate(book) if fold(sheet.name) not in needed]
        some = rng.sample(others, min(len(others), max(1, MOST_SHEETS - len(needed))))
        few = [sheet for n, sheet in enumerate(book) if n in some or fold(sheet.name) in needed]
        _, tried = ground.look_at(few, "base")
        book = few if tried.content and not tried.refused else book
    few = narrow(book, layout, rng)
    _, tried = ground.look_at(few, "base")
    book = few if tried.content and not tried.refused and not tried.findings else book
    ground.book = book
    _, ground.base = ground.look_at(book, "base")
    assert ground.base.content, layout
    return ground


@dataclass(frozen=True)
class Tried:
    """One mutation: what was done, and what is against the law."""

    kinds: tuple[str, ...] = ()
    against: str = ""


def try_one(ground: Ground, seed: int, number: int) -> Tried:
    """Spoil a file once or twice and read it; nothing, if it cannot be spoiled so."""
    rng = random.Random(seed * _SPREAD + number)  # noqa: S311 - mutations, no secrets
    book = copy.deepcopy(ground.book)
    possible = OF_GRIDS if ground.ending == ".csv" else (*OF_SHEETS, *OF_GRIDS)
    touched: set[str] = set()
    kinds = []
    for mutation in rng.sample(possible, rng.choice([1, 1, 1, 2])):
        if any(len(s.rows) > s.first for s in book):
            found = mutation(book, rng)
            if found:
                kinds.append(mutation.__name__)
                touched |= found  # a name that is gone, too: it may be told as the sheet that is missing
    if not kinds or len({s.name.casefold() for s in book}) < len(book):
        return Tried()
    try:
        path, seen = ground.look_at(book, "spoiled")
    except (xlsxwriter.exceptions.XlsxWriterException, UnicodeEncodeError):
        return Tried()
    touched |= {s.name for s in book} - {s.name for s in ground.book}
    return Tried(tuple(kinds), against_the_law(ground, book, touched, path, seen))


def against_the_law(ground: Ground, book: Book, touched: set[str], path: Path, seen: Seen) -> str:
    """Hold a spoiled file against the law, as far on its way as is needed to be told of it.

    What is wrong with a cell is said where rows become typed; the whole way with guard and rules is the dearest.
    """
    against = violation(book, touched, ground.base, seen, ground.layout)
    if against and not against.startswith("balance") and not seen.refused:
        if ground.of_rows is None:
            _, again = ground.look_at(ground.book, "base")
            ground.of_rows = said_of_rows(again, ground.project, ground.standard)
        said = said_of_rows(seen, ground.project, ground.standard)
        against = violation(
            book,
            touched,
            replace(ground.base, findings=ground.of_rows),
            replace(seen, findings=said),
            ground.layout,
        )
    if against and not against.startswith("balance"):
        if ground.on_the_whole_way is None:
            whole, _ = ground.look_at(ground.book, "base")
            ground.on_the_whole_way = said_on_the_whole_way(
                whole, ground.layout, ground.project, ground.standard
            )
        said = said_on_the_whole_way(path, ground.layout, ground.project, ground.standard)
        against = violation(
            book, touched, replace(ground.base, findings=ground.on_the_whole_way), replace(seen, findings=said),
            ground.layout,
        )  # fmt: skip
    return against


@dataclass
class Stood:
    """What came of the mutations of one layout."""

    layout: str
    seconds: float = 0.0
    busy_seconds: float = 0.0
    """Of the processor, whatever else the machine did."""
    ran: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    against_by_kind: Counter[str] = field(default_factory=Counter)
    against: list[tuple[int, tuple[str, ...], str]] = field(default_factory=list)
    """Number of the mutation, what was done, and what is against the law."""


def run(project: Project, layout: str, many: int, seed: int, *, until: float = float("inf")) -> Stood:
    """Try many mutations of one layout, or as many as there is time for."""
    stood = Stood(layout)
    began, busy = time.monotonic(), time.process_time()
    number = 0
    while stood.ran < many and time.time() < until:
        if number % GROUND_LASTS == 0:
            ground = ground_of(project, layout, seed, number)
        tried = try_one(ground, seed, number)
        if tried.kinds:
            stood.ran += 1
            stood.by_kind.update(tried.kinds)
        if tried.against:
            stood.against.append((number, tried.kinds, tried.against))
            stood.against_by_kind.update(tried.kinds)
        number += 1
    stood.seconds, stood.busy_seconds = time.monotonic() - began, time.process_time() - busy
    return stood
