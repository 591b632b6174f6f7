"""What the suites hold, for people: expectations by table and type."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clearing_point.standard.dialects import DUCKDB
from clearing_point.standard.model import Standard
from clearing_point.suites.history import KINDS_OF_PAST
from clearing_point.suites.ready import chosen_suites


def listed(files: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one row a suite: its file, table, number of expectations, and number by type, most first."""
    rows = []
    for name, text in sorted(files.items()):
        document = json.loads(text)
        kinds = Counter(e["type"] for e in document["expectations"])
        rows.append(
            {
                "suite": name,
                "table": document["meta"]["table"],
                "expectations": kinds.total(),
                "rules": len({e["meta"]["rule"] for e in document["expectations"]} - {None}),
                "types": dict(kinds.most_common()),
            }
        )
    return rows


def listing_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a listing, and the number of expectations by type at its end."""
    width = max(len(row["suite"]) for row in rows)
    yield f"{'suite'.ljust(width)}  expectations  rules"
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row["types"])
        yield f"{row['suite'].ljust(width)}  {row['expectations']:>12,}  {row['rules']:>5,}"
    yield ""
    for kind, count in total.most_common():
        yield f"{count:>7,}  {kind}"
    yield f"{total.total():>7,}  in all"


def types_by_rule(standard: Standard) -> dict[str, frozenset[str]]:
    """Return the types of the expectations that judge each rule, those against a sender's past among them."""
    found: dict[str, set[str]] = {}
    for text in chosen_suites(standard, DUCKDB).values():
        for one in json.loads(text)["expectations"]:
            if one["meta"]["rule"] is not None:
                found.setdefault(one["meta"]["rule"], set()).add(one["type"])
    for rule in standard.rules:
        if rule.expectation:
            found.setdefault(rule.rule_id, set()).add(KINDS_OF_PAST[rule.expectation["kind"]])
    return {rule_id: frozenset(types) for rule_id, types in found.items()}
