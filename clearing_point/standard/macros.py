"""The functions that expressions of the standard may call, written out: a suite runs where nobody installed them."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp

from clearing_point.standard.model import Standard

_PERIODS = {"MONTH": "MONTH", "QUARTER": "QUARTER", "YEAR": "YEAR"}
_STEP = {"MONTH": "1 MONTH", "QUARTER": "3 MONTH", "YEAR": "1 YEAR"}


def written_out(tree: exp.Expression, standard: Standard) -> exp.Expression:
    """Replace every call of a function that :func:`~clearing_point.standard.expressions.install_macros` makes.

    Raises
    ------
    KeyError
        If a territory group is named that the register does not have.
    """
    while True:
        # From the inside: an argument may call another.
        calls = [
            node for node in tree.find_all(exp.Anonymous) if _maker(node.name.lower(), standard) is not None
        ]
        if not calls:
            return tree
        call = calls[-1]
        made = _maker(call.name.lower(), standard)
        assert made is not None  # noqa: S101 - for the type checker
        replaced = made(call, standard)
        if call is tree:
            tree = replaced
        else:
            call.replace(replaced)


def is_written_out(name: str, standard: Standard) -> bool:
    """Whether a function of that name is one of the standard's own."""
    return _maker(name, standard) is not None


def missing_list(standard: Standard) -> str:
    """Return the missing codes as a list of SQL literals."""
    return ", ".join(f"'{code}'" for code in standard.missing_codes)


def _maker(name: str, standard: Standard):  # type: ignore[no-untyped-def]
    own = {
        "days_at_least": _days_at_least,
        "days_at_most": _days_at_most,
        "days_exact": _days_exact,
        "last_possible_day": _last_possible_day,
        "missing_code": _missing_code,
        "missing_code_of_list": _missing_code_of_list,
        "territory_in_group": _territory_in_group,
    }
    if name in own:
        return own[name]
    return _attribute if name in _attributes(standard) else None


@lru_cache(maxsize=4)
def _attributes(standard: Standard) -> dict[str, dict[str, str]]:
    return {
        f"{codelist.name}_{attribute}": {
            c.code: c.attributes[attribute] for c in codelist.codes if c.attributes[attribute]
        }
        for codelist in standard.codelists.values()
        for attribute in codelist.attributes
    }


def _parsed(text: str, **filled: exp.Expression) -> exp.Expression:
    """Parse a text in which ``arg_name`` stands for an argument."""
    tree = exp.Paren(this=sqlglot.parse_one(text, dialect="duckdb"))
    for node in [n for n in tree.find_all(exp.Column) if n.name.startswith("arg_")]:
        node.replace(filled[node.name.removeprefix("arg_")].copy())
    return tree


def _last_possible_day(call: exp.Expression, _: Standard) -> exp.Expression:
    day, exactness = call.expressions
    whens = " ".join(
        f"WHEN '{name}' THEN CAST(date_trunc('{unit}', arg_day) + INTERVAL '{_STEP[name]}' - INTERVAL '1 DAY' AS DATE)"
        for name, unit in _PERIODS.items()
    )
    return _parsed(f"CASE arg_exactness {whens} ELSE arg_day END", day=day, exactness=exactness)


def _days(text: str, call: exp.Expression) -> exp.Expression:
    a, a_exactness, b, b_exactness = call.expressions
    return _parsed(text, a=a, a_exactness=a_exactness, b=b, b_exactness=b_exactness)


def _days_at_least(call: exp.Expression, _: Standard) -> exp.Expression:
    return _days("date_diff('day', last_possible_day(arg_a, arg_a_exactness), arg_b)", call)


def _days_at_most(call: exp.Expression, _: Standard) -> exp.Expression:
    return _days("date_diff('day', arg_a, last_possible_day(arg_b, arg_b_exactness))", call)


def _days_exact(call: exp.Expression, _: Standard) -> exp.Expression:
    return _days(
        "CASE WHEN last_possible_day(arg_a, arg_a_exactness) = arg_a AND last_possible_day(arg_b, arg_b_exactness) = arg_b "
        "THEN date_diff('day', arg_a, arg_b) END",
        call,
    )


def _missing_code(call: exp.Expression, standard: Standard) -> exp.Expression:
    empty = standard.settings["missing"]["empty_cell"]
    if isinstance(call.expressions[0], exp.Null):
        return exp.Literal.string(empty)
    return _parsed(
        f"CASE WHEN arg_value IS NULL THEN '{empty}' WHEN arg_value IN ({missing_list(standard)}) THEN arg_value END",
        value=call.expressions[0],
    )


def _missing_code_of_list(call: exp.Expression, standard: Standard) -> exp.Expression:
    empty = standard.settings["missing"]["empty_cell"]
    return _parsed(
        f"CASE WHEN arg_value IS NULL THEN '{empty}' WHEN len(arg_value) > 0 AND list_has_all([{missing_list(standard)}], "
        "arg_value) THEN arg_value[1] END",
        value=call.expressions[0],
    )


def _attribute(call: exp.Expression, standard: Standard) -> exp.Expression:
    codes: dict[str, list[str]] = {}
    for code, value in _attributes(standard)[call.name.lower()].items():
        codes.setdefault(value, []).append(f"'{code}'")
    whens = " ".join(
        f"WHEN arg_code IN ({', '.join(named)}) THEN '{value}'" for value, named in codes.items()
    )
    return _parsed(f"CASE {whens} END", code=call.expressions[0])


def _territory_in_group(call: exp.Expression, standard: Standard) -> exp.Expression:
    territory, group, year = call.expressions
    spans: dict[tuple[int, int], list[str]] = {}
    for row in standard.territory_files["group"]:
        if row["group_id"] == group.name:
            span = (int(row["valid_from"][:4] or 0), int(row["valid_to"][:4] or 9999))
            spans.setdefault(span, []).append(f"'{row['territory_id']}'")
    if not spans:
        raise KeyError(group.name)
    if isinstance(year, exp.Null):
        every = sorted({name for names in spans.values() for name in names})
        return _parsed(f"arg_territory IN ({', '.join(every)})", territory=territory)
    within = " OR ".join(
        f"arg_territory IN ({', '.join(names)}) AND (arg_year IS NULL OR arg_year BETWEEN {start} AND {end})"
        for (start, end), names in spans.items()
    )
    return _parsed(f"CASE WHEN arg_territory IS NOT NULL THEN {within} END", territory=territory, year=year)
