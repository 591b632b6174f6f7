"""A figure with its words: shown by a notebook, saved as SVG."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Picture:
    """A figure as SVG text.

    Attributes
    ----------
    svg : str
        The figure, with title and alternative text inside.
    alternative : str
        What somebody who cannot see it is told.
    release_id, query : str
        Where its numbers come from.
    """

    svg: str
    alternative: str
    release_id: str
    query: str

    def save(self, path: str | Path) -> Path:
        """Write the figure as an SVG file."""
        path = Path(path)
        path.write_text(self.svg, encoding="utf-8")
        return path

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        """Return the alternative text."""
        return self.alternative
