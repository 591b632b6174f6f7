"""What SQL in the standard's YAML may do: read and work out, nothing else.

Everything is refused but what is listed here. A kind of expression or a function that is missing and only
reads can be added; one that reaches a file, a setting, the catalogue or the machine never.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp

from clearing_point.errors import InputProblem
from clearing_point.standard.files import place_of_text

# It would print the text of what it does not know beside our sentence.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

_KINDS_TEXT = (
    # structure of a query
    "Alias CTE Column Distinct Except Filter From Group Having Identifier Intersect Join Lateral Limit Order Ordered "
    "Paren Qualify Select Star Subquery Table TableAlias Tuple Union Values Var Where Window WindowSpec With "
    # operators and literals
    "Add Between BitwiseAnd BitwiseOr Boolean Bracket DPipe DataType DataTypeParam Div Dot EQ Escape GT GTE ILike In "
    "IntDiv Interval Is LT LTE Lambda Like Literal Mod Mul NEQ Neg Not Null NullSafeEQ NullSafeNEQ PropertyEQ Slice Sub "
    "And Or Xor Case If Cast TryCast Coalesce Exists Any All "
    # text
    "Concat ConcatWs Contains EndsWith Initcap Left Length Lower LPad Pad RegexpExtract RegexpFullMatch RegexpILike "
    "RegexpLike RegexpReplace Replace Reverse Right Split StartsWith StrPosition Substring Translate Trim Upper "
    # numbers
    "Abs Ceil Exp Floor Greatest Least Ln Log Nullif Pow Round Sign Sqrt Trunc "
    # dates
    "Date DateAdd DateDiff DateFromParts DateSub DateTrunc Day DayOfMonth DayOfWeek DayOfYear Extract LastDay Month "
    "Quarter StrToDate StrToTime TimeToStr TimestampTrunc TsOrDsToDate Week Year "
    # lists and structs
    "Array ArrayAll ArrayAny ArrayConcat ArrayContains ArrayContainsAll ArrayDistinct ArrayFilter ArrayIntersect "
    "ArrayMax ArrayMin ArrayOverlaps ArraySize ArraySlice ArraySort ArrayToString ArrayUniqueAgg Explode Flatten "
    "GenerateSeries List Map Struct StructExtract ToArray Transform Unnest "
    # aggregates and windows
    "AnyValue ArgMax ArgMin ArrayAgg Avg Count CountIf DenseRank First FirstValue GroupConcat Lag Last LastValue Lead "
    "LogicalAnd LogicalOr Max Median Min Mode NthValue Ntile PercentileCont Quantile Rank RowNumber Stddev StddevPop "
    "StddevSamp Sum Variance VariancePop"
)
_KINDS = frozenset(_KINDS_TEXT.split())
_FUNCTIONS_TEXT = (
    "count_if even isfinite isnan last_day len list_aggregate list_any_value list_contains list_filter list_has_all "
    "list_has_any list_max list_min list_position list_sum list_transform list_unique list_value monthname string_split "
    "strip_accents to_days to_months to_weeks to_years trunc unicode weekday yearweek"
)
_FUNCTIONS = frozenset(_FUNCTIONS_TEXT.split())
_PLACES = frozenset(
    {("", ""), ("", "current"), ("", "known"), ("", "staged"), ("", "previous"), ("warehouse", "core")}
)
_CATALOGUES = ("duckdb_", "pragma_", "sqlite_", "pg_", "information_schema")


def refuse_more_than_reading(tree: Any) -> None:
    """Refuse whatever is not known to only read and work out.

    Raises
    ------
    InputProblem
        Naming what is not allowed; never the text, in which anything may be written.
    """
    for node in tree.walk():
        kind = type(node).__name__
        if isinstance(node, exp.Anonymous):
            name = node.name.lower()
            # Another name is a macro of ours, or there is no such function and DuckDB says so.
            if name not in _FUNCTIONS and name in _functions_of_the_engine():
                raise InputProblem(f"the function {name} is not allowed here")
        elif kind not in _KINDS:
            what = node.sql_name().lower() if isinstance(node, exp.Func) else kind.lower()
            raise InputProblem(f"'{what}' is not allowed here, where only reading is")
        if isinstance(node, exp.Table):
            _refuse_other_places(node)


def _refuse_other_places(table: exp.Table) -> None:
    if not isinstance(table.this, exp.Identifier):
        raise InputProblem("only tables can be read here")
    name = table.name.lower()
    if any(sign in name for sign in "./\\:") or (table.catalog.lower(), table.db.lower()) not in _PLACES:
        raise InputProblem("files and other databases cannot be read here")
    if name.startswith(_CATALOGUES):
        raise InputProblem("the catalogue cannot be read here")


def one_query(text: str, name: str, folder: Path | None = None) -> None:
    """Refuse what is not one query that only reads; both parsers, ours and DuckDB's, must say so.

    Parameters
    ----------
    name : str
        For the sentence, such as ``Population persons``.
    folder : Path, optional
        The standard, where the sentence names file and line.

    Raises
    ------
    InputProblem
        If it is more than that.
    """
    if why := _more_than_reading(text):
        raise InputProblem(f"{name}{_at(folder, text)}{why}")


@lru_cache(maxsize=1024)
def _more_than_reading(text: str) -> str:
    """Return why a text is not one query that only reads; nothing where it is. Every edition asks it of the same queries."""
    import duckdb

    try:
        parsed = sqlglot.parse(text, dialect="duckdb")
        statements = duckdb.extract_statements(text)
    except (sqlglot.errors.SqlglotError, duckdb.Error, RecursionError, ValueError):
        return " is not an SQL query."
    single = len(parsed) == 1 and isinstance(parsed[0], exp.Query)
    if not single or [s.type for s in statements] != [duckdb.StatementType.SELECT]:
        return " is not one SQL query."
    try:
        refuse_more_than_reading(parsed[0])
    except InputProblem as problem:
        return f": {problem}."
    return ""


def _at(folder: Path | None, text: str) -> str:
    place = place_of_text(folder, text) if folder is not None else ""
    return f" ({place})" if place else ""


@lru_cache(maxsize=1)
def _functions_of_the_engine() -> frozenset[str]:
    import duckdb

    with duckdb.connect(":memory:") as connection:
        rows = connection.execute("SELECT DISTINCT lower(function_name) FROM duckdb_functions()").fetchall()
    # The engine's own shell has one more, which is no function of the library.
    return frozenset(row[0] for row in rows) | {"getenv"}
