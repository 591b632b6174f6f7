"""Shares of known answers, from published numbers alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clearing_point.errors import InputProblem
from clearing_point.published.answer import FLAGS, NUMBERS

if TYPE_CHECKING:
    import pandas as pd

    from clearing_point.published.answer import Answer

_TOTAL, _UNKNOWN = "Total", "UNK"
_LEAST = 20
"""Fewest known answers that a percentage may rest on (domain.md 12.1 R6)."""


def shares_of(answer: Answer, of: str) -> pd.DataFrame:
    """See :meth:`Answer.shares`."""
    import pandas as pd

    frame = answer.frame.copy()
    if of not in frame.columns or of in (*NUMBERS, *FLAGS):
        raise InputProblem(f"The answer has no variable '{of}'.")
    if _TOTAL not in set(frame[of].astype(str)):
        raise InputProblem(f"The answer has no total of '{of}': ask for all its categories.")
    rest = [c for c in frame.columns if c not in (*NUMBERS, *FLAGS, of)]
    numbers: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in frame.to_dict("records"):
        hidden = row["suppressed"] or row["missing"] or row["not_published"] or pd.isna(row["value"])
        numbers.setdefault(tuple(row[c] for c in rest), {})[str(row[of])] = (
            None if hidden else int(row["value"])
        )
    shares = []
    for row in frame.to_dict("records"):
        there = numbers[tuple(row[c] for c in rest)]
        value, total, unknown = there[str(row[of])], there.get(_TOTAL), there.get(_UNKNOWN, 0)
        known = None if total is None or unknown is None else total - unknown
        given = (
            value is not None
            and known is not None
            and known >= _LEAST
            and str(row[of]) not in (_TOTAL, _UNKNOWN)
        )
        shares.append(100 * value / known if given and known and value is not None else None)
    frame["share"] = pd.array(shares, dtype="Float64")
    return frame


__all__ = ["shares_of"]
