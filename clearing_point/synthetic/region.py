"""The made population of a region, with the truth of who is who kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clearing_point.linkage.settings import load_linkage
from clearing_point.standard import Standard
from clearing_point.synthetic.columns import (
    WORD,
    Array,
    Column,
    Frame,
    Vocabulary,
    generator,
    years_of,
)
from clearing_point.synthetic.people import people
from clearing_point.synthetic.senders import overlay
from clearing_point.synthetic.tokens import make_tokens
from clearing_point.synthetic.ways import Maker

_FIRST_CASE = 1000


@dataclass(frozen=True)
class MadeRegion:
    """A made region: its tables as arrays, and the truth that no sender writes.

    Attributes
    ----------
    frames : mapping of str to Frame
        Tables by name, parents first; ``person`` has one row for each person of a sender.
    precision : mapping
        (table, field) -> int8 array: 1 year, 2 month, 3 day.
    truth : ndarray
        For each row of ``person`` the number of the human being behind it: equal numbers are one person.
    serial : ndarray
        Case number of each row of ``person`` at its sender.
    tokens : mapping of str to list
        Columns of tokens, one text or None for each row of ``person``.
    """

    settings: Mapping[str, Any]
    years: range
    vocabulary: Vocabulary
    frames: Mapping[str, Frame]
    precision: Mapping[tuple[str, str], Array]
    truth: Array
    serial: Array
    tokens: Mapping[str, list[str | None]]

    @property
    def territories(self) -> tuple[str, ...]:
        """Territories that have persons, sorted."""
        place = self.frames["person"].columns["territory"].values
        return tuple(sorted(self.vocabulary.words[n] for n in np.unique(place)))

    def identified(self) -> dict[tuple[str, int], int]:
        """Count persons of each territory by year of identification, without those found not to be victims."""
        person = self.frames["person"]
        kept = person.columns["verdict"].values == self.vocabulary.number("VICTIM")
        place, year = (
            person.columns["territory"].values[kept],
            years_of(person.columns["identified_on"].values[kept]),
        )
        cells, counts = np.unique(np.stack([place, year.astype(np.int64)]), axis=1, return_counts=True)
        return {
            (self.vocabulary.words[p], int(y)): int(n)
            for (p, y), n in zip(cells.T.tolist(), counts, strict=True)
        }


def make_region(
    standard: Standard,
    settings: Mapping[str, Any],
    seed: int,
    years: range,
    targets: Mapping[tuple[str, int], int],
) -> MadeRegion:
    """Make a region.

    Parameters
    ----------
    settings : mapping
        ``schemas/synthetic.yml``; see :func:`clearing_point.synthetic.read_settings`.
    years : range
        Calendar years in which persons are identified.
    targets : mapping
        (territory, year) -> number of identified persons; others of these years are not made.

    Returns
    -------
    MadeRegion
        The same for the same arguments, whatever the machine.

    Raises
    ------
    InputProblem
        If the settings name what the standard does not have, or lack what they need.
    """
    vocabulary = Vocabulary()
    wanted = {key: n for key, n in targets.items() if key[1] in years}
    person = people(settings["people"], wanted, vocabulary, generator(seed, "people"))
    frames: dict[str, Frame] = {}
    precision: dict[tuple[str, str], Array] = {}
    truth = np.arange(person.size)
    for name, block in settings["tables"].items():
        frame = person if name == person.name else _rows(name, block["rows"], frames, vocabulary, seed)
        frames[name] = frame
        for column, spec in block["columns"].items():
            frame.columns[column] = Maker(frame, vocabulary, generator(seed, name, column)).column(spec)
        if name == person.name:
            for link_name, link in settings["links"].items():
                _link(person, truth, link, vocabulary, generator(seed, "link", link_name))
            _order_by_day(person, truth)
    for name, block in settings["tables"].items():
        if name in standard.tables:
            overlay(standard, settings, name, block, frames, vocabulary, precision, seed)
    tokens = make_tokens(
        person, truth, settings["tokens"], load_linkage(standard.folder), settings["senders"], vocabulary,
        generator(seed, "tokens"),
    )  # fmt: skip
    return MadeRegion(settings, years, vocabulary, frames, precision, truth, _serials(person), tokens)


def _rows(
    name: str, rows: Mapping[str, Any], frames: Mapping[str, Frame], vocabulary: Vocabulary, seed: int
) -> Frame:
    parent = frames[rows["of"]]
    rng = generator(seed, name, "rows")
    maker = Maker(parent, vocabulary, rng)
    share = maker.chances(rows.get("share"))
    taken = maker.holds(rows.get("when", {})) & (rng.random(parent.size) < share)
    items: Array | None = None
    if "each" in rows:
        codes = list(rows["each"])
        drawn = np.stack(
            [rng.random(parent.size) < maker.chances(chance) for chance in rows["each"].values()], axis=1
        )
        if "at_least" in rows:
            drawn[~drawn.any(axis=1), codes.index(rows["at_least"])] = True
        parent_row, item = np.nonzero(drawn & taken[:, None])
        items = vocabulary.numbers(codes)[item]
    else:
        counts = np.ones(parent.size, dtype=np.int64)
        if "count" in rows:
            counts = np.nan_to_num(maker.figure(rows["count"])).astype(np.int64)
        parent_row = np.repeat(np.arange(parent.size), counts * taken)
    frame = Frame(
        name=name, size=len(parent_row), case=parent.case[parent_row], parent=parent, parent_row=parent_row
    )
    frame.number = _number_within(parent_row)
    if items is not None:
        frame.columns["item"] = Column(WORD, items)
    return frame


def _number_within(parent_row: Array) -> Array:
    if not len(parent_row):
        return np.zeros(0)
    starts = np.flatnonzero(np.r_[True, np.diff(parent_row) != 0])
    sizes = np.diff(np.r_[starts, len(parent_row)])
    number: Array = (np.arange(len(parent_row)) - np.repeat(starts, sizes) + 1).astype(np.float64)
    return number


def _link(
    person: Frame, truth: Array, link: Mapping[str, Any], vocabulary: Vocabulary, rng: np.random.Generator
) -> None:
    """Let rows of other senders or later years be persons who were made already.

    The later row is one that would have been there anyway: the number identified in its territory
    and year stays what it is. With ``takes`` it is one of those made on top (found not to be victims), so that
    persons stay as many where the same territory meets her twice.
    """
    maker = Maker(person, vocabulary, rng)
    sources = np.flatnonzero(
        maker.holds(link["when"]) & (rng.random(person.size) < maker.chances(link["share"]))
    )
    sources = sources[np.bincount(truth, minlength=person.size)[truth[sources]] == 1]
    day = (person.columns[link["after"]].values + maker.figure(link["days"]))[sources]
    place = person.columns[link["territory"]].values[sources]
    kept = person.columns["verdict"].values == vocabulary.number(link.get("takes", "VICTIM"))
    single = np.bincount(truth, minlength=person.size)[truth] == 1
    free = np.flatnonzero(kept & single & ~np.isin(np.arange(person.size), sources))
    free = free[rng.permutation(len(free))]
    chosen, targets = _paired(
        _cell(place, years_of(day)),
        _cell(person.columns["territory"].values[free], person.columns["year"].values[free]),
    )
    sources, day, targets = sources[chosen], day[chosen], free[targets]
    shift = day - person.columns["identified_on"].values[targets]
    for name in link.get("moves", ()):
        person.columns[name].values[targets] += shift
    person.columns["identified_on"].values[targets] = day
    for name in link["copies"]:
        person.columns[name].values[targets] = person.columns[name].values[sources]
    for name, word in link.get("sets", {}).items():
        person.columns[name].values[targets] = vocabulary.number(word)
    truth[targets] = truth[sources]


def _cell(place: Array, year: Array) -> Array:
    cell: Array = place.astype(np.int64) * 10_000 + year.astype(np.int64)
    return cell


def _paired(wanted: Array, offered: Array) -> tuple[Array, Array]:
    """Pair each wanted cell with an offered row of that cell, each row once; positions in both."""
    first, second = np.argsort(wanted, kind="stable"), np.argsort(offered, kind="stable")
    rank_first = _number_within(wanted[first]).astype(np.int64)
    rank_second = _number_within(offered[second]).astype(np.int64)
    span = int(max(rank_first.max(initial=0), rank_second.max(initial=0))) + 1
    _, one, two = np.intersect1d(
        wanted[first] * span + rank_first, offered[second] * span + rank_second, return_indices=True
    )
    return first[one], second[two]


def _order_by_day(person: Frame, truth: Array) -> None:
    """Case numbers follow the day on which a sender met the person."""
    order = np.lexsort((person.columns["identified_on"].values, person.columns["territory"].values))
    for name, column in person.columns.items():
        person.columns[name] = Column(column.kind, column.values[order])
    truth[:] = truth[order]


def _serials(person: Frame) -> Array:
    return _number_within(person.columns["territory"].values).astype(np.int64) + _FIRST_CASE
