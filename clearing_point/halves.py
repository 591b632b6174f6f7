"""Rounding as people round: halves away from zero (22.5 is 23), the same in every output."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def rounded(value: float, decimals: int = 0) -> float:
    """Return a number with so many decimals; halves go away from zero.

    What is rounded is the shortest decimal text that means the number, as a person would read it: a binary fraction a hair
    below a half does not fall to the other side.
    """
    step = Decimal(1).scaleb(-decimals)
    return float(Decimal(repr(round(value, 12))).quantize(step, rounding=ROUND_HALF_UP))
