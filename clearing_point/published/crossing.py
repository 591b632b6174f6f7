"""Cross-tables made of published tables: a slice of one that has the variables, or its margins where none has.

No count is made anew. A sum over a protected number is protected; a crossing that was never published is
said to be so, with the margins that were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

from clearing_point.errors import InputProblem
from clearing_point.published.answer import FLAGS, Answer, Coarser

if TYPE_CHECKING:
    import pandas as pd

    from clearing_point.published.release import Release

Condition = str | int | Sequence[str] | Sequence[int] | range
_MOST_CELLS = 50_000
_MOST_COARSER = 3
_YEAR = "year"


@dataclass(frozen=True)
class _Category:
    code: str
    kind: str
    members: frozenset[str]


@dataclass(frozen=True)
class _Table:
    """A published table as a cross-table sees it: variables with their categories in order."""

    indicator: str
    population: str
    unit: str
    categories: Mapping[str, tuple[_Category, ...]]
    years: frozenset[str]
    several: frozenset[str]
    notes: tuple[str, ...]
    measure: str
    """What its measure is, such as "Median months"; empty where its cells have a count alone."""
    most: Mapping[str, int]
    """Variable -> categories that it has where it has most."""
    coded: frozenset[str]
    """Variables that have codes of their list in some table; of the others every breakdown is one of groups."""

    def total_of(self, variable: str) -> str | None:
        """Category that stands for everybody: the total, or the only one."""
        found = self.categories[variable]
        total = next((c.code for c in found if c.kind == "total"), None)
        return found[0].code if total is None and len(found) == 1 else total


def answer_table(release: Release, indicator: str) -> Answer:
    """Return one indicator as published; see :meth:`Release.table`."""
    table = next((t for t in _tables(release) if t.indicator == indicator), None)
    if table is None:
        raise InputProblem(_why_not(release, indicator))
    return _slice(release, table, tuple(table.categories), {}, {"kind": "table", "indicator": indicator})


def _why_not(release: Release, indicator: str) -> str:
    withheld = release.rows(
        "SELECT withheld FROM indicator WHERE indicator_id = ? AND withheld IS NOT NULL", [indicator]
    )
    if withheld:
        return f"The whole table '{indicator}' is kept back: {withheld[0][0]}"
    return f"The release has no indicator '{indicator}': see Release.indicators()."


def answer_crossing(
    release: Release, by: tuple[str, ...], where: Mapping[str, Condition], population: str | None
) -> Answer:
    """Return persons by variables; see :meth:`Release.crosstab`."""
    if len(set(by)) != len(by):
        raise InputProblem("A variable is named twice in `by`.")
    chosen = {variable: _codes(condition) for variable, condition in where.items()}
    request = {"kind": "crosstab", "by": list(by), "where": chosen, "population": population}
    wanted = (*by, *(v for v in chosen if v not in by))
    tables = _of_population(release, wanted, chosen, population)
    fitting = [t for t in tables if _fits(t, wanted, chosen)]
    if fitting:
        answers = [_slice(release, t, by, chosen, request) for t in fitting]
        best = min(answers, key=_richest)
        return _with_coarser(best, _coarser(release, tables, by, chosen, int(best.cost["hidden_cells"])))
    return _margins(release, tables, by, chosen, request)


def _richest(answer: Answer) -> tuple[float, float]:
    """Order answers to one request: the one with most categories, then the one that hides least."""
    return -answer.cost["cells"], answer.cost["hidden_cells"]


def _codes(condition: Condition) -> list[str]:
    return [str(condition)] if isinstance(condition, str | int) else [str(code) for code in condition]


def _tables(release: Release) -> list[_Table]:
    """Return the published tables; read once a release, for a release never changes."""
    if release.described is None:
        release.described = _read_tables(release)
    found: list[_Table] = release.described
    return found


def _read_tables(release: Release) -> list[_Table]:
    dimensions = release.rows(
        "SELECT indicator_id, variable, codelist FROM dimension ORDER BY indicator_id, position"
    )
    categories: dict[tuple[str, str], list[_Category]] = {}
    for indicator, variable, code, kind, members in release.rows(
        "SELECT indicator_id, variable, code, kind, members FROM category ORDER BY indicator_id, variable, position"
    ):
        categories.setdefault((indicator, variable), []).append(_Category(code, kind, frozenset(members)))
    variables: dict[str, list[tuple[str, str]]] = {}
    for indicator, variable, codelist in dimensions:
        variables.setdefault(indicator, []).append((variable, codelist))
    coded = frozenset(v for (_, v), listed in categories.items() if any(c.kind == "code" for c in listed))
    most: dict[str, int] = {}
    for (_, variable), listed in categories.items():
        most[variable] = max(most.get(variable, 0), len(listed))
    return [
        _Table(
            indicator,
            population if condition is None else f"{population}: {condition}",
            title,
            {v: tuple(categories.get((indicator, v), ())) for v, _ in variables.get(indicator, ())},
            frozenset(v for v, codelist in variables.get(indicator, ()) if codelist == _YEAR),
            frozenset(several),
            tuple(caveats),
            measure,
            most,
            coded,
        )
        for indicator, population, condition, title, several, caveats, measure in release.rows(
            "SELECT indicator_id, population, condition, population_title, multiple_response, caveats, "
            "coalesce(measure_label, '') FROM indicator WHERE withheld IS NULL ORDER BY position"
        )
    ]


def _of_population(
    release: Release, wanted: Sequence[str], where: Mapping[str, list[str]], population: str | None
) -> list[_Table]:
    """Return the tables of the population that is meant; an ambiguous request is refused."""
    every = [t for t in _tables(release) if ":" not in t.population or t.population == population]
    known = {variable for t in every for variable in t.categories}
    for variable in wanted:
        if variable not in known:
            parts = [t.indicator for t in _tables(release) if variable in t.categories]
            hint = (
                f" It stands in {', '.join(parts)}, which count a part only: read them with table()."
                if parts
                else ""
            )
            raise InputProblem(
                f"No whole population is published by '{variable}'.{hint} There are {', '.join(sorted(known))}."
            )
    for variable, codes in where.items():
        there = {c.code for t in every for c in t.categories.get(variable, ())}
        for code in codes:
            if code not in there:
                raise InputProblem(f"{variable} has no category '{code}'; it has {', '.join(sorted(there))}.")
    if population is not None:
        found = [t for t in every if t.population == population]
        if not found:
            raise InputProblem(
                f"There is no population '{population}': {', '.join(sorted({t.population for t in every}))}."
            )
        return found
    fitting = sorted({t.population for t in every if _fits(t, wanted, where)})
    if len(fitting) > 1:
        raise InputProblem(f"Say who is counted: population={' or '.join(map(repr, fitting))}.")
    if fitting:
        return [t for t in every if t.population == fitting[0]]
    best = max(every, key=lambda t: len(set(wanted) & set(t.categories)))
    return [t for t in every if t.population == best.population]


def _fits(table: _Table, wanted: Sequence[str], where: Mapping[str, list[str]]) -> bool:
    """Whether a table has the variables and categories asked for, and totals of all other variables."""
    if not set(wanted) <= set(table.categories):
        return False
    if any(not any(c.kind == "code" for c in table.categories[v]) for v in wanted if v in table.coded):
        return False  # a table that reconciles totals is no breakdown
    if any(not set(codes) <= {c.code for c in table.categories[v]} for v, codes in where.items()):
        return False
    # One category that was asked for is one; one that was not is no breakdown.
    if any(len(table.categories[v]) < min(2, table.most[v]) for v in wanted if v not in where):
        return False  # the region's total alone is no breakdown by territory
    return all(v in wanted or table.total_of(v) is not None for v in table.categories)


def _slice(
    release: Release,
    table: _Table,
    by: tuple[str, ...],
    where: Mapping[str, list[str]],
    request: Mapping[str, Any],
) -> Answer:
    conditions, notes = [], list(table.notes)
    for variable, categories in table.categories.items():
        codes = where.get(variable)
        if codes is not None:
            _check_codes(table, variable, codes, summed=variable not in by)
            conditions.append(f'"{variable}"::VARCHAR IN ({", ".join(map(quoted, codes))})')
        elif variable not in by:
            total = table.total_of(variable)
            conditions.append(f'"{variable}"::VARCHAR = {quoted(str(total))}')
            if len(categories) == 1:
                notes.append(f"{variable} is {categories[0].code}: this table was published for that only.")
    names = ", ".join(f'"{v}"' for v in by)
    order = [
        f'list_position([{", ".join(quoted(c.code) for c in table.categories[v])}], "{v}"::VARCHAR)'
        for v in by
    ]
    query = (
        f"SELECT {names}{', ' if names else ''}"
        "CASE WHEN bool_or(suppressed OR missing) THEN NULL ELSE sum(value)::BIGINT END AS value, "
        # A measure of several cells together is not made of theirs.
        + ("CASE WHEN count(*) = 1 THEN any_value(measure) END AS measure, " if table.measure else "")
        + "bool_or(suppressed) AS suppressed, bool_or(missing) AS missing, bool_or(rounded) AS rounded "
        f'FROM "{table.indicator}"'
        + (f" WHERE {' AND '.join(conditions)}" if conditions else "")
        + (f" GROUP BY {names} ORDER BY {', '.join(order)}" if names else "")
    )
    frame = _typed(release, release.sql(query), table)
    return _answer(release, frame, by, table, request, query, tuple(notes))


def _typed(release: Release, frame: pd.DataFrame, table: _Table) -> pd.DataFrame:
    provisional = {row[0] for row in release.rows("SELECT unnest(provisional_years) FROM release")}
    frame["value"] = frame["value"].astype("Int64")
    if "measure" in frame.columns:
        frame["measure"] = frame["measure"].astype("Float64")
    years = [v for v in table.years if v in frame.columns]
    frame["provisional"] = frame[years[0]].isin(provisional) if years else False
    frame["not_published"] = False
    for flag in FLAGS:
        frame[flag] = frame[flag].astype(bool)
    return frame[[c for c in frame.columns if c not in FLAGS] + list(FLAGS)]


def _check_codes(table: _Table, variable: str, codes: Sequence[str], *, summed: bool) -> None:
    known = {c.code: c for c in table.categories[variable]}
    if summed and len(codes) > 1:
        members = [member for code in codes for member in known[code].members]
        if variable in table.several or len(set(members)) != len(members):
            raise InputProblem(
                f"The categories {', '.join(codes)} of {variable} overlap and cannot be added up: ask for them in `by`."
            )


def _answer(
    release: Release, frame: pd.DataFrame, by: Sequence[str], table: _Table, request: Mapping[str, Any], query: str,
    notes: tuple[str, ...],
) -> Answer:  # fmt: skip
    hidden = int((frame["suppressed"] | frame["not_published"]).sum())
    return Answer(
        frame=frame,
        release_id=release.release_id,
        request=dict(request),
        query=query,
        unit=table.unit,
        cost={
            "cells": len(frame),
            "hidden_cells": hidden,
            "hidden_share": hidden / len(frame) if len(frame) else 0.0,
        },
        made_data=release.made_data,
        notes=notes,
        labels=_labels(release, by),
        measure=table.measure if "measure" in frame.columns else "",
    )


def _labels(release: Release, variables: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for variable, code, label in release.rows(
        "SELECT variable, code, label FROM label WHERE language = ? AND variable IN (SELECT unnest(?::VARCHAR[]))",
        [release.language, list(variables)],
    ):
        found.setdefault(variable, {})[code] = label
    return found


def _subsets(by: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for size in range(len(by) - 1, -1, -1):
        yield from combinations(by, size)


def _coarser(
    release: Release,
    tables: Sequence[_Table],
    by: tuple[str, ...],
    where: Mapping[str, list[str]],
    hidden: int,
) -> tuple[Coarser, ...]:
    found: list[Coarser] = []
    for subset in _subsets(by):
        fitting = [t for t in tables if _fits(t, (*subset, *(v for v in where if v not in subset)), where)]
        answers = [(t, _slice(release, t, subset, where, {})) for t in fitting]
        if answers:
            table, best = min(answers, key=lambda pair: _richest(pair[1]))
            lost = int(best.cost["hidden_cells"])
            if lost < hidden:
                found.append(Coarser(subset, table.indicator, lost, int(best.cost["cells"])))
        if len(found) >= _MOST_COARSER or (found and found[-1].hidden_cells == 0):
            break
    return tuple(found)


def _with_coarser(answer: Answer, coarser: tuple[Coarser, ...]) -> Answer:
    from dataclasses import replace

    return replace(answer, coarser=coarser)


def _margins(
    release: Release,
    tables: Sequence[_Table],
    by: tuple[str, ...],
    where: Mapping[str, list[str]],
    request: Mapping[str, Any],
) -> Answer:
    """Lay out a crossing that was never published: its margins where they were, the rest marked."""
    import pandas as pd

    owners = [next((t for t in tables if v in t.categories), None) for v in by]
    if not owners or any(owner is None for owner in owners):
        raise InputProblem("No published table of this population has these variables.")
    lists = [
        [c.code for c in owner.categories[v] if v not in where or c.code in where[v]]
        for v, owner in zip(by, owners, strict=True)
        if owner is not None
    ]
    totals = [owner.total_of(v) if owner else None for v, owner in zip(by, owners, strict=True)]
    size = 1
    for codes in lists:
        size *= max(1, len(codes))
    if size > _MOST_CELLS:
        raise InputProblem(f"That would be {size:,} cells; ask for at most {_MOST_CELLS:,}.")
    known: dict[tuple[str, ...], tuple[Any, ...]] = {}
    for subset in _subsets(by):
        if any(totals[n] is None for n, v in enumerate(by) if v not in subset):
            continue
        fitting = [t for t in tables if _fits(t, (*subset, *(v for v in where if v not in subset)), where)]
        if not fitting:
            continue
        part = min((_slice(release, t, subset, where, {}) for t in fitting), key=_richest).frame
        for row in part.to_dict("records"):
            key = tuple(str(row[v]) if v in subset else str(totals[n]) for n, v in enumerate(by))
            known.setdefault(key, (row["value"], row["suppressed"], row["missing"], row["rounded"]))
    rows = []
    for key in product(*lists):
        value, suppressed, missing, rounded = known.get(key, (pd.NA, False, False, False))
        rows.append((*key, value, suppressed, missing, rounded))
    frame = pd.DataFrame(rows, columns=[*by, "value", "suppressed", "missing", "rounded"])
    owner = next(t for t in owners if t is not None)
    for variable, table in zip(by, owners, strict=True):
        if table is not None and variable in table.years:
            frame[variable] = frame[variable].astype("int32")
    frame = _typed(release, frame, owner)
    frame["not_published"] = [key not in known for key in product(*lists)]
    made = _answer(
        release, frame, by, owner, request, "", ("This crossing was not published; its margins were.",)
    )
    return _with_coarser(made, _coarser(release, tables, by, where, int(made.cost["hidden_cells"])))


def quoted(value: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"
