"""The ways in which ``schemas/synthetic.yml`` says how a column is made.

A specification holds one of the words below and its arguments; ``cases`` is a list of
specifications of which, row by row, the first whose ``when`` holds is taken.

=============  =====================================================================================
``word``       always this code
``choose``     one code, by weights; ``{by: column, of: {value: weights}, else: weights}`` to depend
``many``       several codes, each with a probability of its own; ``at_least`` where none was drawn
``copy``       the value of another column (``table.column`` for one further up)
``number``     a figure, ``{from, to}`` (whole, ``over`` a divisor), ``{median, spread}`` (log-normal),
               ``{share_of, times}``, ``{days_from, to}``; with ``least``, ``most``, ``step``
``date``       ``{after|before: column, days: figure}``, ``{between: [column, column]}``; both with
               ``not_after`` and ``not_before``
``age``        full years from ``born`` to ``on``
``months``     months from ``from`` to ``to``
``year``       calendar year of a date
``text``       the word of a column and an ending, drawn by weights
``sum``        sum of columns and figures
=============  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from clearing_point.errors import InputProblem
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
    empty_column,
    years_of,
)

Spec = Mapping[str, Any]
_DAYS_PER_YEAR, _DAYS_PER_MONTH = 365.2425, 30.436875
_MONTHS_IN_TENTHS = 6


class Maker:
    """Makes columns of one frame after specifications."""

    def __init__(self, frame: Frame, vocabulary: Vocabulary, rng: np.random.Generator) -> None:
        self.frame, self.vocabulary, self.rng = frame, vocabulary, rng

    def column(self, spec: Spec) -> Column:
        """Make one column.

        Raises
        ------
        InputProblem
            If the specification names no known way, or a column that is not there.
        """
        if "cases" in spec:
            return self._cases(spec["cases"])
        made = self._one(spec)
        if "when" in spec:
            blank = empty_column(made.kind, self.frame.size)
            return Column(made.kind, np.where(self.holds(spec["when"]), made.values, blank.values))
        return made

    def holds(self, when: Mapping[str, Any]) -> Array:
        """Return where all conditions hold: boolean, one a row."""
        found = np.ones(self.frame.size, dtype=bool)
        for name, wanted in when.items():
            found &= self._condition(self.frame.column(name), wanted)
        return found

    def chances(self, spec: Any, default: float = 1.0) -> Array:
        """Return a probability a row: a figure, or a figure by the value of another column."""
        if spec is None:
            return np.full(self.frame.size, default)
        if not isinstance(spec, Mapping):
            return np.full(self.frame.size, float(spec))
        by = self.frame.column(spec["by"])
        chances = np.full(self.frame.size, float(spec.get("else", 0)))
        for value, chance in spec["of"].items():
            chances[self._condition(by, [value])] = float(chance)
        if "when" in spec:
            chances *= self.holds(spec["when"])
        return chances

    def _condition(self, column: Column, wanted: Any) -> Array:
        values = column.values
        if wanted in ("filled", "empty"):
            return column.filled if wanted == "filled" else ~column.filled
        if isinstance(wanted, Mapping):
            return self._compared(column, wanted)
        listed: Sequence[Any] = wanted if isinstance(wanted, list) else [wanted]
        if column.kind == WORD:
            found: Array = np.isin(values, self.vocabulary.numbers([str(w) for w in listed]))
        else:
            found = np.isin(values, np.array(listed, dtype=np.float64))
        return found

    def _compared(self, column: Column, wanted: Mapping[str, Any]) -> Array:
        found = np.ones(self.frame.size, dtype=bool)
        for word, value in wanted.items():
            if word in ("has", "has_none"):
                inside = np.isin(column.values, self.vocabulary.having(value))
                found &= inside if word == "has" else ~inside
            elif word == "not":
                found &= ~self._condition(column, value)
            else:
                other = self.frame.column(value).values if isinstance(value, str) else float(value)
                if word not in ("below", "from", "same"):
                    raise InputProblem(f"synthetic.yml: unknown comparison '{word}' in {self.frame.name}.")
                with np.errstate(invalid="ignore"):
                    found &= {"below": np.less, "from": np.greater_equal, "same": np.equal}[word](
                        column.values, other
                    )
        return found

    def _cases(self, cases: Sequence[Spec]) -> Column:
        made: Column | None = None
        open_rows = np.ones(self.frame.size, dtype=bool)
        for case in cases:
            column = self._one(case)
            if made is None:
                made = empty_column(column.kind, self.frame.size)
            rows = open_rows & self.holds(case.get("when", {}))
            made.values[rows] = column.values[rows]
            open_rows &= ~rows
        if made is None:
            raise InputProblem(f"synthetic.yml: 'cases' of {self.frame.name} is empty.")
        return made

    def _one(self, spec: Spec) -> Column:
        for word, way in _WAYS.items():
            if word in spec:
                return way(self, spec[word], spec)
        raise InputProblem(
            f"synthetic.yml: {self.frame.name} has a column made in no known way: {', '.join(spec)}."
        )

    def _word(self, word: Any, _: Spec) -> Column:
        return Column(WORD, np.full(self.frame.size, self.vocabulary.number(str(word)), dtype=np.int32))

    def _copy(self, name: str, _: Spec) -> Column:
        column = self.frame.column(name)
        return Column(column.kind, column.values.copy())

    def _choose(self, weights: Mapping[str, Any], _: Spec) -> Column:
        values = np.full(self.frame.size, NOTHING, dtype=np.int32)
        for rows, group in self._groups(weights):
            codes = self.vocabulary.numbers([str(w) for w in group])
            values[rows] = codes[draw(self.rng, group, len(rows))]
        return Column(WORD, values)

    def _groups(self, weights: Mapping[str, Any]) -> list[tuple[Array, Mapping[str, Any]]]:
        if "by" not in weights:
            return [(np.arange(self.frame.size), weights)]
        by = self.frame.column(weights["by"])
        left = np.ones(self.frame.size, dtype=bool)
        groups = []
        for value, group in weights["of"].items():
            rows = left & self._condition(by, [value])
            left &= ~rows
            groups.append((np.flatnonzero(rows), group))
        if left.any() and "else" in weights:
            groups.append((np.flatnonzero(left), weights["else"]))
        return groups

    def _many(self, chances: Mapping[str, Any], spec: Spec) -> Column:
        drawn = np.zeros(self.frame.size, dtype=np.int64)
        for position, chance in enumerate(chances.values()):
            hit = self.rng.random(self.frame.size) < self.chances(chance)
            drawn |= hit.astype(np.int64) << position
        codes = list(chances)
        kinds, place = np.unique(drawn, return_inverse=True)
        texts = [SEPARATOR.join(c for n, c in enumerate(codes) if mask >> n & 1) for mask in kinds.tolist()]
        numbers = np.array([self.vocabulary.number(t) if t else NOTHING for t in texts], dtype=np.int32)
        values = numbers[place] if len(numbers) else np.zeros(0, dtype=np.int32)
        if "at_least" in spec:
            values[values == NOTHING] = self.vocabulary.number(str(spec["at_least"]))
        return Column(WORD, values)

    def figure(self, spec: Any) -> Array:
        """Draw one figure a row: float64."""
        size = self.frame.size
        if isinstance(spec, str):
            return self.frame.column(spec).values.astype(np.float64)
        if not isinstance(spec, Mapping):
            return np.full(size, float(spec))
        if "choose" in spec:
            values = np.full(size, np.nan)
            for rows, group in self._groups(spec["choose"]):
                values[rows] = np.array([float(k) for k in group])[draw(self.rng, group, len(rows))]
        elif "median" in spec:
            values = np.round(
                float(spec["median"]) * np.exp(self.rng.standard_normal(size) * float(spec["spread"]))
            )
        elif "share_of" in spec:
            values = np.round(self.frame.column(spec["share_of"]).values * self.figure(spec["times"]))
        elif "days_from" in spec:
            values = self.frame.column(spec["to"]).values - self.frame.column(spec["days_from"]).values
        else:
            values = np.floor(
                float(spec["from"]) + self.rng.random(size) * (float(spec["to"]) - float(spec["from"]) + 1)
            )
        if "over" in spec:
            values = values / float(spec["over"])
        if "step" in spec:
            values = np.round(values / float(spec["step"])) * float(spec["step"])
        for word, clip in (("least", np.maximum), ("most", np.minimum)):
            if word in spec:
                bound = spec[word]
                values = clip(
                    values, self.frame.column(bound).values if isinstance(bound, str) else float(bound)
                )
        return values

    def _number(self, spec: Any, _: Spec) -> Column:
        return Column(NUMBER, self.figure(spec))

    def _date(self, spec: Mapping[str, Any], _: Spec) -> Column:
        if "between" in spec:
            first, last = (self.frame.column(name).values for name in spec["between"])
            values = np.floor(first + self.rng.random(self.frame.size) * np.maximum(0, last - first))
        elif "after" in spec:
            values = self.frame.column(spec["after"]).values + self.figure(spec.get("days", 0))
        else:
            back = np.ceil(self.figure(spec.get("years", 0)) * _DAYS_PER_YEAR) + self.figure(
                spec.get("days", 0)
            )
            values = self.frame.column(spec["before"]).values - back
        for word, clip in (("not_after", np.fmin), ("not_before", np.fmax)):
            for name in [spec[word]] if isinstance(spec.get(word), str) else spec.get(word, ()):
                # A bound that is not there does not bind; a date that is not there stays so.
                values = np.where(np.isnan(values), values, clip(values, self.frame.column(name).values))
        return Column(DATE, values)

    def _age(self, spec: Mapping[str, str], _: Spec) -> Column:
        passed = self.frame.column(spec["on"]).values - self.frame.column(spec["born"]).values
        return Column(NUMBER, np.floor(passed / _DAYS_PER_YEAR))

    def _months(self, spec: Mapping[str, str], _: Spec) -> Column:
        months = (
            self.frame.column(spec["to"]).values - self.frame.column(spec["from"]).values
        ) / _DAYS_PER_MONTH
        # The shorter it was, the finer it is told: days, weeks, then whole months.
        told = np.where(
            months < 1,
            np.round(months, 2),
            np.where(months < _MONTHS_IN_TENTHS, np.round(months, 1), np.round(months)),
        )
        return Column(NUMBER, told)

    def _year(self, name: str, _: Spec) -> Column:
        return Column(NUMBER, years_of(self.frame.column(name).values))

    def _text(self, spec: Mapping[str, Any], _: Spec) -> Column:
        of = self.frame.column(spec["of"]).values
        values = np.full(self.frame.size, NOTHING, dtype=np.int32)
        for rows, group in self._groups(spec["then"]):
            tails = list(group)
            tail = draw(self.rng, group, len(rows))
            for word in np.unique(of[rows]).tolist():
                made = self.vocabulary.numbers([f"{self.vocabulary.words[word]}{t}" for t in tails])
                mine = of[rows] == word
                values[rows[mine]] = made[tail[mine]]
        return Column(WORD, values)

    def _sum(self, parts: Sequence[Any], _: Spec) -> Column:
        return Column(NUMBER, np.sum([self.figure(part) for part in parts], axis=0))


_WAYS: Mapping[str, Callable[[Maker, Any, Spec], Column]] = {
    "word": Maker._word,
    "choose": Maker._choose,
    "many": Maker._many,
    "copy": Maker._copy,
    "number": Maker._number,
    "date": Maker._date,
    "age": Maker._age,
    "months": Maker._months,
    "year": Maker._year,
    "text": Maker._text,
    "sum": Maker._sum,
}
