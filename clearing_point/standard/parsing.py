"""Parsed expressions of the standard, each parsed once and given out as a copy."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sqlglot


def parsed(sql: str) -> Any:
    """Parse SQL of DuckDB."""
    return _parsed(sql).copy()


@lru_cache(maxsize=4096)
def _parsed(sql: str) -> Any:
    return sqlglot.parse_one(sql, dialect="duckdb")
