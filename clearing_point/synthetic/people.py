"""Who is made: how many persons in each territory and year, of which kind and exploited how.

The joint shares of kind and form come from two margins by iterative proportional fitting (Deming and
Stephan 1940); persons are then set out evenly over the cells (systematic sampling), so that small
territories follow their margins as closely as large ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from clearing_point.errors import InputProblem
from clearing_point.synthetic.columns import (
    DATE,
    NUMBER,
    SEPARATOR,
    WORD,
    Array,
    Column,
    Frame,
    Vocabulary,
    days,
)

_ROUNDS = 60
_SLIGHT = 0.02
"""What a kind or form that a margin leaves empty may still have, in persons: never quite impossible."""


def people(
    settings: Mapping[str, Any],
    targets: Mapping[tuple[str, int], int],
    vocabulary: Vocabulary,
    rng: np.random.Generator,
) -> Frame:
    """Make the first frame: one row for each person that a sender knows.

    Parameters
    ----------
    settings : mapping
        The block ``people`` of ``schemas/synthetic.yml``.
    targets : mapping
        (territory, year) -> persons whose status stays presumed or confirmed.

    Returns
    -------
    Frame
        Columns ``territory``, ``year``, ``kind``, ``form``, ``verdict`` and ``identified_on``,
        ordered by territory and day.

    Raises
    ------
    InputProblem
        If a territory has no margins.
    """
    kinds, patterns = list(settings["kinds"]), list(settings["patterns"].values())
    affinity = np.array([[float(p["kinds"][k]) for p in patterns] for k in kinds])
    parts: list[tuple[Array, ...]] = []
    closing = max((year for _, year in targets), default=0)
    for (territory, year), target in sorted(targets.items()):
        more = int(rng.binomial(target, float(settings["rejected"]))) if target else 0
        size = target + more
        if not size:
            continue
        shares = _joint(settings, territory, year, affinity, patterns)
        cell = _set_out(shares.ravel(), size, rng)
        verdict = np.zeros(size, dtype=np.int32)
        verdict[rng.permutation(size)[:more]] = 1
        first, last = days(f"{year}-01-01"), days(f"{year}-12-31")
        day = np.floor(first + rng.random(size) * (last - first + 1))
        if year == closing:
            # Who turns out not to be a victim is known to be none before the last file closes.
            day = np.where(verdict == 1, np.minimum(day, last - float(settings["rejected_within"])), day)
        parts.append(
            (
                np.full(size, vocabulary.number(territory), dtype=np.int32),
                np.full(size, float(year)),
                cell,
                verdict,
                day,
            )
        )
    if not parts:
        raise InputProblem("There is nobody to make: all targets are zero.")
    place, year_of, cell, verdict, day = (np.concatenate(p) for p in zip(*parts, strict=True))
    order = np.lexsort((day, place))
    place, year_of, cell, verdict, day = (a[order] for a in (place, year_of, cell, verdict, day))
    forms = vocabulary.numbers([SEPARATOR.join(p["forms"]) for p in patterns])
    size = len(day)
    return Frame(
        name="person",
        size=size,
        case=np.arange(size),
        number=np.ones(size),
        columns={
            "territory": Column(WORD, place),
            "year": Column(NUMBER, year_of),
            "kind": Column(WORD, vocabulary.numbers(kinds)[cell // len(patterns)]),
            "form": Column(WORD, forms[cell % len(patterns)]),
            "verdict": Column(WORD, vocabulary.numbers(["VICTIM", "REJECTED"])[verdict]),
            "identified_on": Column(DATE, day),
        },
    )


def _joint(
    settings: Mapping[str, Any],
    territory: str,
    year: int,
    affinity: Array,
    patterns: Sequence[Mapping[str, Any]],
) -> Array:
    kinds, groups = list(settings["kinds"]), list(settings["groups"])
    if territory not in settings["margins"]:
        raise InputProblem(f"synthetic.yml: territory {territory} has no margins.")
    margins = settings["margins"][territory]
    by_kind = _margin(margins["kinds"], year, len(kinds))
    by_group = _margin(margins["forms"], year, len(groups))
    within = {**settings["within"]["else"], **settings["within"].get(territory, {})}
    weights = np.array([float(within.get(name, 1)) for name in settings["patterns"]])
    group = np.array([groups.index(p["group"]) for p in patterns])
    by_pattern = np.zeros(len(patterns))
    for number in range(len(groups)):
        rows = group == number
        total = weights[rows].sum()
        by_pattern[rows] = by_group[number] * (weights[rows] / total if total else 0)
    by_pattern /= by_pattern.sum()
    shares = affinity * by_pattern
    for _ in range(_ROUNDS):
        shares *= (by_kind / np.maximum(shares.sum(axis=1), 1e-12))[:, None]
        shares *= by_pattern / np.maximum(shares.sum(axis=0), 1e-12)
    joint: Array = shares / shares.sum()
    return joint


def _margin(by_year: Mapping[Any, Sequence[float]], year: int, size: int) -> Array:
    """Return the shares of a year, or of all years together where the year has no figures."""
    known = {int(y): np.array(v, dtype=np.float64) for y, v in by_year.items()}
    counts = known[year] if year in known else np.sum(list(known.values()), axis=0)
    if counts.shape != (size,):
        raise InputProblem(f"synthetic.yml: a margin of {year} has {counts.size} figures and needs {size}.")
    counts = counts + _SLIGHT
    shares: Array = counts / counts.sum()
    return shares


def _set_out(shares: Array, size: int, rng: np.random.Generator) -> Array:
    """Give ``size`` persons a cell each, evenly: counts differ from size x share by less than one."""
    points = (rng.permutation(size) + rng.random()) / size
    return np.minimum(np.searchsorted(np.cumsum(shares), points, "right"), len(shares) - 1)
