"""Why a query of a researcher was refused, in a sentence that repeats nothing but her own words.

DuckDB's messages quote what it found on the way; what may be said of a release is said by its tables alone.
"""

from __future__ import annotations

import re

import duckdb

_WHY = (
    (duckdb.ParserException, "it is not SQL as DuckDB reads it"),
    (duckdb.CatalogException, "it names a table, view or function that there is not"),
    (
        duckdb.BinderException,
        "it names a column that there is not, mixes kinds of values, or lacks a GROUP BY",
    ),
    (duckdb.ConversionException, "a value cannot be read as the type that it asks for"),
    (duckdb.OutOfRangeException, "a number leaves the range of its type"),
    (duckdb.OutOfMemoryException, "it needs more memory than there is"),
    (duckdb.PermissionException, "it reaches outside the release, which is closed"),
    (duckdb.InvalidInputException, "a release is read-only, and its settings are locked"),
)
_QUOTED = re.compile(r'"([^"\n]+)"|with name (\S+) does not')


def refused(query: str, error: duckdb.Error) -> str:
    """Return the sentence for a query that DuckDB refused."""
    why = next((words for kind, words in _WHY if isinstance(error, kind)), "DuckDB refuses it")
    named = [a or b for a, b in _QUOTED.findall(str(error))]
    own = [word for word in dict.fromkeys(named) if _is_of(word, query)][:3]
    about = f" ({', '.join(own)})" if own else ""
    return f"The release cannot answer this query: {why}{about}. `SHOW TABLES` lists what there is."


def _is_of(word: str, query: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", query, re.IGNORECASE) is not None
