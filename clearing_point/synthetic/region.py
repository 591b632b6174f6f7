"""The made population of a region, with the truth of who is who kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from clearing_point.errors import InputProblem
from clearing_point.standard import Standard
from clearing_point.synthetic.columns import (
    DATE,
    NOTHING,
    NUMBER,
    SEPARATOR,
    WORD,
    Array,
    Column,
    Frame,
    Vocabulary,
    draw,
    generator,
    years_of,
)
from clearing_point.synthetic.people import people
from clearing_point.synthetic.ways import Maker

LEVELS = {"YEAR": 1, "MONTH": 2, "DAY": 3}
"""How exact a date is written."""
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
    """

    settings: Mapping[str, Any]
    years: range
    vocabulary: Vocabulary
    frames: Mapping[str, Frame]
    precision: Mapping[tuple[str, str], Array]
    truth: Array
    serial: Array

    @property
    def territories(self) -> tuple[str, ...]:
        """Territories that have persons, sorted."""
        place = self.frames["person"].columns["territory"].values
        return tuple(sorted(self.vocabulary.words[n] for n in np.unique(place)))

    def identified(self) -> dict[tuple[str, int], int]:
        """Count persons of each territory by year of identification, without those found not to be victims."""
        person = self.frames["person"]
        kept = person.columns["verdict"].values == self.vocabulary.number("VICTIM")
        place, year = person.columns["territory"].values[kept], years_of(person.columns["identified_on"].values[kept])
        cells, counts = np.unique(np.stack([place, year.astype(np.int64)]), axis=1, return_counts=True)
        return {
            (self.vocabulary.words[p], int(y)): int(n) for (p, y), n in zip(cells.T.tolist(), counts, strict=True)
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
            _write_as_senders_do(standard, settings, name, block, frames, vocabulary, precision, seed)
    return MadeRegion(settings, years, vocabulary, frames, precision, truth, _serials(person))


def _rows(name: str, rows: Mapping[str, Any], frames: Mapping[str, Frame], vocabulary: Vocabulary, seed: int) -> Frame:
    parent = frames[rows["of"]]
    rng = generator(seed, name, "rows")
    maker = Maker(parent, vocabulary, rng)
    share = maker.chances(rows.get("share"))
    taken = maker.holds(rows.get("when", {})) & (rng.random(parent.size) < share)
    items: Array | None = None
    if "each" in rows:
        codes = list(rows["each"])
        drawn = np.stack([rng.random(parent.size) < maker.chances(chance) for chance in rows["each"].values()], axis=1)
        if "at_least" in rows:
            drawn[~drawn.any(axis=1), codes.index(rows["at_least"])] = True
        parent_row, item = np.nonzero(drawn & taken[:, None])
        items = vocabulary.numbers(codes)[item]
    else:
        counts = np.ones(parent.size, dtype=np.int64)
        if "count" in rows:
            counts = np.nan_to_num(maker.figure(rows["count"])).astype(np.int64)
        parent_row = np.repeat(np.arange(parent.size), counts * taken)
    frame = Frame(name=name, size=len(parent_row), case=parent.case[parent_row], parent=parent, parent_row=parent_row)
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


def _link(person: Frame, truth: Array, link: Mapping[str, Any], vocabulary: Vocabulary, rng: np.random.Generator) -> None:
    """Let rows of other senders or later years be persons who were made already.

    The later row is one that would have been there anyway: the number identified in its territory
    and year stays what it is.
    """
    maker = Maker(person, vocabulary, rng)
    sources = np.flatnonzero(maker.holds(link["when"]) & (rng.random(person.size) < maker.chances(link["share"])))
    sources = sources[np.bincount(truth, minlength=person.size)[truth[sources]] == 1]
    day = (person.columns[link["after"]].values + maker.figure(link["days"]))[sources]
    place = person.columns[link["territory"]].values[sources]
    kept = person.columns["verdict"].values == vocabulary.number("VICTIM")
    single = np.bincount(truth, minlength=person.size)[truth] == 1
    free = np.flatnonzero(kept & single & ~np.isin(np.arange(person.size), sources))
    free = free[rng.permutation(len(free))]
    chosen, targets = _paired(
        _cell(place, years_of(day)), _cell(person.columns["territory"].values[free], person.columns["year"].values[free])
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


def _write_as_senders_do(
    standard: Standard,
    settings: Mapping[str, Any],
    name: str,
    block: Mapping[str, Any],
    frames: Mapping[str, Frame],
    vocabulary: Vocabulary,
    precision: dict[tuple[str, str], Array],
    seed: int,
) -> None:
    """Settle what a sender does not know, how exact dates are and which answers are an explicit no."""
    frame, table = frames[name], standard.tables[name]
    unknown = np.ones(frame.size)
    place = frames["person"].columns["territory"].values[frame.case]
    for territory, sender in settings["senders"].items():
        unknown[place == vocabulary.number(territory)] = float(sender.get("unknown", 1))
    careful = frames["person"].columns[settings["careful"]].values[frame.case]
    level = np.full(frame.size, LEVELS["DAY"], dtype=np.int8)
    for word, number in LEVELS.items():
        level[careful == vocabulary.number(word)] = number
    allowed = {f.name for f in table.received}
    for column, spec in block["columns"].items():
        if column not in allowed:
            continue
        rng = generator(seed, name, column, "written")
        made = frame.columns[column]
        field = table.by_name[column]
        shares = spec.get("missing", {} if field.required else block.get("missing", {}))
        frame.missing[column] = _reasons(shares, unknown, vocabulary, rng)
        if "missing_with" in spec:
            other = frame.missing[spec["missing_with"]]
            frame.missing[column] = np.where(other != NOTHING, other, frame.missing[column])
        if made.kind == WORD and column not in block.get("references", {}):
            _check_words(made, field.codelist, standard, vocabulary, f"{name}.{column}")
        if made.kind == DATE:
            own = list(LEVELS.values())
            weights = {n: float(spec.get("exact", {"DAY": 1}).get(w, 0)) for w, n in LEVELS.items()}
            drawn = np.array(own, dtype=np.int8)[draw(rng, weights, frame.size)]
            precision[name, column] = np.minimum(level, drawn)
        if field.no_column and "no" in spec:
            _say_no(frame, column, field.no_column, spec, vocabulary, rng)
    for earlier, later in zip(block.get("in_time", ())[-2::-1], block.get("in_time", ())[:0:-1], strict=True):
        # What lies further back is remembered less exactly; so written dates keep their order, too.
        precision[name, earlier] = np.minimum(precision[name, earlier], precision[name, later])


def _reasons(
    shares: Mapping[str, float], unknown: Array, vocabulary: Vocabulary, rng: np.random.Generator
) -> Array:
    reasons = np.full(len(unknown), NOTHING, dtype=np.int32)
    chance = rng.random(len(unknown))
    reached = np.zeros(len(unknown))
    for code, share in shares.items():
        more = reached + np.minimum(float(share) * unknown, 0.95)
        reasons[(chance >= reached) & (chance < more)] = vocabulary.number(code)
        reached = more
    return reasons


def _say_no(
    frame: Frame, column: str, no_column: str, spec: Mapping[str, Any], vocabulary: Vocabulary, rng: np.random.Generator
) -> None:
    asked = list(spec["no"]["of"]) if "of" in spec["no"] else list(spec["many"])
    values = frame.columns[column].values
    kinds, place = np.unique(values, return_inverse=True)
    texts = []
    for kind in kinds.tolist():
        said = set(vocabulary.words[kind].split(SEPARATOR)) if kind != NOTHING else set()
        texts.append(SEPARATOR.join(c for c in asked if c not in said))
    numbers = np.array([vocabulary.number(t) if t else NOTHING for t in texts], dtype=np.int32)
    given = (rng.random(frame.size) < float(spec["no"]["share"])) & (frame.missing[column] == NOTHING)
    frame.columns[no_column] = Column(WORD, np.where(given, numbers[place] if len(numbers) else NOTHING, NOTHING).astype(np.int32))


def _check_words(column: Column, codelist: str | None, standard: Standard, vocabulary: Vocabulary, where: str) -> None:
    if codelist is None:
        return
    allowed = {*standard.codes_of(codelist), *standard.missing_codes}
    for number in np.unique(column.values).tolist():
        if number != NOTHING:
            for code in vocabulary.words[number].split(SEPARATOR):
                if code not in allowed:
                    raise InputProblem(f"synthetic.yml: {where} makes '{code}', which is no code of {codelist}.")
