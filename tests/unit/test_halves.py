"""Halves are rounded as people round, whatever the binary number says."""

from __future__ import annotations

import pytest

from clearing_point.halves import rounded


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (22.5, 0, 23),
        (21.5, 0, 22),
        (0.5, 0, 1),
        (-2.5, 0, -3),
        (2.675, 2, 2.68),
        (1.005, 2, 1.01),
        (22.49, 0, 22),
        (100 * 1 / 8, 0, 13),
    ],
)
def test_halves_go_away_from_zero(value: float, decimals: int, expected: float) -> None:
    assert rounded(value, decimals) == expected
