"""A figure with its words: shown by a notebook, saved as SVG, PNG or PDF."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clearing_point.errors import InputProblem

ENDINGS = (".svg", ".png", ".pdf")
_DOTS = 200
"""Dots an inch of a PNG."""
_VIEW = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_ABOVE, _BELOW = 24.0, 16.0
"""Points of room for the title and the source."""
_LETTERS = 58
"""Letters of a title that fit on a line."""


@dataclass(frozen=True)
class Picture:
    """A figure as SVG text.

    Attributes
    ----------
    svg : str
        The figure, with title, source and alternative text inside.
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
        """Write the figure as its name says: ``.svg``, ``.png`` or ``.pdf``.

        Raises
        ------
        InputProblem
            If the name ends otherwise.
        """
        path = Path(path)
        ending = path.suffix.lower()
        if ending not in ENDINGS:
            raise InputProblem(
                f"{path.name}: a picture is saved as {', '.join(ENDINGS)}; let its name end so."
            )
        if ending == ".svg":
            path.write_text(self.svg, encoding="utf-8", newline="\n")
        else:
            path.write_bytes(_set(self.svg, self.alternative, "pdf" if ending == ".pdf" else "png"))
        return path

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        """Return the alternative text."""
        return self.alternative


def titled(svg: str, title: str, source: str) -> str:
    """Return a drawing with its title above and its source below it, so that both go where the picture goes."""
    found = _VIEW.search(svg)
    if found is None:
        return svg
    wide, high = float(found[1]), float(found[2])
    size = 11 if len(title) <= _LETTERS else 11 * _LETTERS / len(title)
    words = (
        f'<text x="4" y="-8" style="font: bold {size:.1f}px Verdana, \'DejaVu Sans\', sans-serif">{_escaped(title)}</text>'
        f'<text x="4" y="{high + 11:.2f}" style="font: 8px Verdana, \'DejaVu Sans\', sans-serif; fill: #555555">'
        f"{_escaped(source)}</text>"
    )
    view = f'viewBox="0 {-_ABOVE:.0f} {wide:g} {high + _ABOVE + _BELOW:g}"'
    return svg.replace(found[0], view, 1).replace("</svg>", f"{words}\n</svg>")


def _set(svg: str, alternative: str, form: Literal["png", "pdf"]) -> bytes:
    """Set a drawing as a page of its size, by the program that sets the report."""
    # Imported late: most pictures are looked at and never saved.
    import json
    import tempfile

    import typst

    from clearing_point.project import find_project

    with tempfile.TemporaryDirectory(prefix="clearing-point-picture-") as name:
        folder = Path(name)
        # Drawn with the wide letters of the style, set in the narrower ones of the report: no word grows.
        (folder / "picture.svg").write_text(
            svg.replace("DejaVu Sans", "Noto Sans").replace("Verdana", "Noto Sans"), "utf-8"
        )
        (folder / "picture.typ").write_text(
            "#set page(width: auto, height: auto, margin: 6pt)\n"
            f'#image("picture.svg", width: 5in, alt: {json.dumps(alternative, ensure_ascii=False)})\n',
            "utf-8",
        )
        fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(find_project().reports / "fonts")])
        made = typst.compile(
            folder / "picture.typ", root=folder, font_paths=fonts, format=form, ppi=_DOTS, timestamp=0
        )
    if not isinstance(made, bytes):
        raise InputProblem("The picture could not be set.")
    return made


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
