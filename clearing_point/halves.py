"""Rounding as people round: halves away from zero (22.5 is 23), the same everywhere; digits of percentages."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def rounded(value: float, decimals: int = 0) -> float:
    """Return a number with so many decimals; halves go away from zero.

    What is rounded is the shortest decimal text that means the number, as a person would read it: a binary fraction a hair
    below a half does not fall to the other side. What is rounded to nothing is 0 and has no sign.
    """
    step = Decimal(1).scaleb(-decimals)
    # A number of an array writes itself with the name of its type; plus nothing makes -0 a 0.
    return float(Decimal(repr(round(float(value), 12))).quantize(step, rounding=ROUND_HALF_UP)) + 0.0


def percent_digits(
    share: float, decimals: int = 0, *, decimal_sign: str = ".", whole_only_if_whole: bool = False
) -> str:
    """Return the digits of a percentage. Every percentage that is printed comes from here.

    Parameters
    ----------
    share : float
        Of one: 0.5 is printed as 50.
    decimal_sign : str
        That of the language.
    whole_only_if_whole : bool
        Round down, so that 100 is printed only where nothing is missing.
    """
    percent = int(100 * share + 1e-9) if whole_only_if_whole else rounded(float(100 * share), decimals)
    return f"{percent:.{decimals}f}".replace(".", decimal_sign)


def percent_text(share: float, decimals: int = 0) -> str:
    """Return a percentage in English, such as ``58 %``."""
    return f"{percent_digits(share, decimals)} %"
