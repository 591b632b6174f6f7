"""What an attack found."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.attack.outsider.reading import Codes


@dataclass
class Found:
    """What was learnt of one cell."""

    table: str
    codes: Codes
    low: int
    high: float

    @property
    def exact(self) -> bool:
        """The count is known."""
        return self.low == self.high


@dataclass
class Verdict:
    """All that an attack found. A cell stands in one of the lists at most."""

    attacked: int = 0
    recovered: list[Found] = field(default_factory=list)
    narrow: list[Found] = field(default_factory=list)
    undecided: list[Found] = field(default_factory=list)
    impossible: list[Found] = field(
        default_factory=list
    )  # hidden, and nobody can be in it by what the words mean
    left_open: list[Found] = field(default_factory=list)  # known too well, which the published policy allows
    words: list[str] = field(default_factory=list)

    def small(self, threshold: int) -> int:
        """Number of recovered counts of 1 to threshold - 1."""
        return sum(0 < f.low < threshold for f in self.recovered)
