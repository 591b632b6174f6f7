"""Whether two counts or shares differ by more than chance gives for counts of their size."""

from __future__ import annotations

_LEVEL = 0.05
"""A difference that chance gives less often than this is called clear."""


def clear_change(before: int, now: int) -> bool:
    """Say whether two counts of events differ clearly: if each event were as likely in both years, the split were rarer."""
    if before + now == 0:
        return False
    from scipy.stats import binomtest

    return bool(binomtest(min(before, now), before + now, 0.5).pvalue < _LEVEL)


def clear_difference(one: int, of_one: int, other: int, of_other: int) -> bool:
    """Say whether two shares differ clearly, by Fisher's exact test.

    Parameters
    ----------
    one, other : int
        Persons with the answer.
    of_one, of_other : int
        Persons whose answer is known.
    """
    if min(one, other, of_one - one, of_other - other) < 0 or not (of_one and of_other):
        return False
    from scipy.stats import fisher_exact

    table = [[one, of_one - one], [other, of_other - other]]
    return bool(fisher_exact(table).pvalue < _LEVEL)
