"""What all figures share: the style, the SVG writer whose bytes never change, and round axis limits."""

from __future__ import annotations

import io
import math
import os
import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from clearing_point.errors import InputProblem

WIDTH = 5.0
"""Width of every figure in inches; type of 9 points stays readable when a phone shrinks it to 400 pixels."""
SMALL = 9.0
_DOTS = 72
"""Dots an inch of an SVG."""
_LINE = 74
"""Letters of a line below a figure."""
_BESIDE = 62
"""Letters of such a line and the mark beside it."""
"""Smallest type of a figure, in points."""
GREY = "#6b6b6b"
PALE = "#f2f2f2"
HIDDEN_HATCH = "//////"
"""Hatching of a territory on a map whose number is protected; in charts a protected number is a sign in a gap."""
NO_DATA_HATCH = "||||"
# Lines only: matplotlib writes a dotted hatch as thousands of small circles (270 kB a figure).
_SERIES_HATCHES = ("", "////", "\\\\\\\\", "xxxx", "", "----")
_LONG_DECIMALS = re.compile(r"(\.\d\d)\d+")
_STEPS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_KEPT_TOGETHER = re.compile(r" (?=\d)|(?<=\(\+) ")
_IDENTIFIER = re.compile(r'(\bid="|xlink:href="#|href="#|url\(#)([^")]+)')

State = Literal["shown", "hidden", "none", "later"]


@dataclass(frozen=True)
class Point:
    """One number of a figure as readers may see it.

    Attributes
    ----------
    value : float or None
        The shown number; None where nothing may be or can be shown.
    text : str
        What is printed at it: the number with separators, or its sign.
    state : str
        ``shown``, ``hidden`` (protected), ``none`` (there are no data) or ``later`` (not yet complete).
    """

    value: float | None
    text: str
    state: State

    def __post_init__(self) -> None:
        # A figure draws whatever value it is handed: a hidden point must not carry one.
        if (self.state == "shown") != (self.value is not None):
            object.__setattr__(self, "value", None)
            if self.state == "shown":
                raise ValueError("A shown point needs its value.")


def shown_values(points: Sequence[Point]) -> list[float]:
    """Return the shown values, in order."""
    return [point.value for point in points if point.value is not None]


def round_limit(values: Sequence[float]) -> float:
    """Return a round number at or above every value, for the end of an axis.

    It is made of shown values only and rounded up in coarse steps, so it says nothing of hidden ones.
    """
    highest = max(values, default=0.0)
    if highest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in _STEPS if step * power >= highest * (1 - 1e-9))


def keep_fonts_in(folder: Path) -> None:
    """Have the drawing library keep its list of fonts there: its own place is a home folder, which a service has not."""
    os.environ.setdefault("MPLCONFIGDIR", str(folder))


@contextmanager
def styled(style: Path) -> Iterator[None]:
    """Draw with the report's style and nothing of the machine's own settings.

    Raises
    ------
    InputProblem
        If the style file cannot be read.
    """
    import matplotlib as mpl

    if not style.is_file():
        raise InputProblem(f"{style}: the style of the figures is missing.")
    with mpl.rc_context(), _quiet_fonts():
        mpl.rcParams.update(_settings_of(style, style.read_bytes()))
        yield


@lru_cache(maxsize=4)
def _settings_of(style: Path, read: bytes) -> Any:
    """Return what a style file says; read anew where its content is another."""
    del read
    import matplotlib as mpl

    return mpl.rc_params_from_file(style, use_default_template=True)


def new_figure(height: float, *, fitted: bool = True) -> Any:
    """Return an empty figure of the report's width, without any window or global state.

    A fitted one finds room for its words by itself, which takes as long as drawing it.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained" if fitted else None)
    FigureCanvasSVG(figure)
    return figure


def to_svg(figure: Any, name: str, title: str, alternative: str) -> str:
    """Write a figure as SVG text: no date, no maker, identifiers that no other figure has.

    Parameters
    ----------
    name : str
        Unique name in the report; put before every identifier so that figures can stand in one page.
    title, alternative : str
        Spoken by screen readers, kept in the file.
    """
    buffer = io.StringIO()
    _lay_out(figure)
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, count=1, flags=re.DOTALL)
    text = _IDENTIFIER.sub(lambda match: f"{match[1]}{name}-{match[2]}", text)
    head, rest = text.split(">", 1)
    head = re.sub(r'\s(width|height)="[^"]*pt"', "", head)
    described = (
        f'{head} role="img" aria-labelledby="{name}-title {name}-description">\n'
        f' <title id="{name}-title">{_escaped(title)}</title>\n'
        f' <desc id="{name}-description">{_escaped(alternative)}</desc>'
    )
    return "\n".join(_shortened(line.rstrip()) for line in (described + rest).splitlines()) + "\n"


def _lay_out(figure: Any) -> None:
    """Find room for the words of a fitted figure; the library would draw it once more for that, and throw it away."""
    engine = figure.get_layout_engine()
    if engine is None:
        return
    before = figure.dpi
    figure.dpi = _DOTS  # as its SVG is written
    engine.execute(figure)
    figure.dpi = before
    figure.set_layout_engine(None)


def looks(number: int, unknown: bool = False) -> dict[str, Any]:
    """Return colour, line style, marker and hatch of the n-th series (from 0); "not known" is always plain grey."""
    import matplotlib as mpl

    if unknown:
        return {"color": "#cfcfcf", "line": "#767676", "linestyle": ":", "marker": "x", "hatch": ""}
    cycle = mpl.rcParams["axes.prop_cycle"].by_key()
    look = {key: values[number % len(values)] for key, values in cycle.items()}
    # After one round the colours come again with other hatches.
    round_of = number // len(cycle["color"])
    return {
        **look,
        "line": look["color"],
        "hatch": _SERIES_HATCHES[(number + round_of) % len(_SERIES_HATCHES)],
    }


def readable_on(colour: Any) -> str:
    """Return black or white, whichever stands out on a colour."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.55 else "white"


def wrapped(name: str, width: int = 26) -> str:
    """Break a name into lines; a number or a sign in brackets stays with the word before it."""
    kept = _KEPT_TOGETHER.sub("\u00a0", name)  # the breaking of lines knows plain spaces only
    return "\n".join(textwrap.wrap(kept, width)).replace("\u00a0", " ") or name


def value_axis(axis: Any, limit: float, percent: bool, separator: str = ",", parts: int = 5) -> None:
    """Put round numbers along an axis, none beyond its limit."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

    wanted = MaxNLocator(nbins=parts, steps=[1, 2, 2.5, 5, 10], integer=True).tick_values(0, limit)
    sign = " %" if percent else ""
    axis.set_major_locator(FixedLocator([tick for tick in wanted if 0 <= tick <= limit * 1.001]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}{sign}".replace(",", separator)))


def sign_lines(signs: Sequence[str], mark: str) -> list[str]:
    """Return the lines below a figure; the last is left to its mark where both have no room beside each other."""
    lines = [line for sign in signs for line in textwrap.wrap(sign, _LINE)]
    return [*lines, " "] if lines and mark and len(lines[-1]) + len(mark) > _BESIDE else lines


def sign_key(figure: Any, signs: Sequence[str], mark: str = "") -> None:
    """Say below a figure what the signs in its gaps stand for; text alone, as the signs are."""
    from matplotlib.lines import Line2D

    lines = sign_lines(signs, mark)
    if not lines:
        return
    figure.legend(
        [Line2D([], [], linestyle="none") for _ in lines], lines, loc="outside lower left", ncols=1,
        handlelength=0, handletextpad=0, labelcolor="#444444", prop={"size": SMALL}, borderaxespad=0.2,
    )  # fmt: skip


@contextmanager
def _quiet_fonts() -> Iterator[None]:
    # Fallback fonts are for the reader's machine; that this one lacks them is no news.
    import logging

    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _shortened(line: str) -> str:
    # A hundredth of a point is enough for the eye; words are left as they are.
    return line if "<text" in line or "<title" in line or "<desc" in line else _LONG_DECIMALS.sub(r"\1", line)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
