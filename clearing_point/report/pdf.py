"""The report as a tagged PDF (PDF/UA-1), set by Typst from the same model as the page.

Typst reads plain data, so no word of the report is ever read as markup. It sees the folder of one
report: its template may read nothing else, import nothing and run nothing. Only the fonts of ``reports/fonts`` are
used, and the only date is the edition's: the same report gives the same bytes on every machine.
"""

from __future__ import annotations

import datetime
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem, InternalError
from clearing_point.report.model import Block, Figure, Report, Section, blocks_of, figures_of
from clearing_point.report.words import Words

TEMPLATE = "report.typ"
_WORDS = (
    "front.contents",
    "findings.title",
    "front.page",
    "front.producer",
    "tables.origin",
    "tables.origin_elsewhere_short",
)
_REACHING_OUT = re.compile(r"\b(import|include|eval|plugin|std(?!\.\w))\b")
"""Words by which a Typst file reaches packages (of the internet, too), other files and programs, or makes new code.
``std`` alone, without a name behind it, is the module as a value: asked by texts put together, it gives any of them."""
# Figures are laid out with the wide letters of the style and set in the narrower ones of the report: no word grows.
_FIGURE_FONT, _REPORT_FONT = "DejaVu Sans", "Noto Sans"


@dataclass(frozen=True)
class Paper:
    """What one PDF holds: the report that is read, or the profile of a territory."""

    kind: str
    title: str
    subtitle: str
    front: tuple[Block, ...]
    sections: tuple[Section, ...]
    facts: tuple[tuple[str, str], ...] = ()
    footnotes: tuple[str, ...] = ()

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure in reading order."""
        return figures_of([*self.front, *blocks_of(self.sections)])


def papers_of(report: Report) -> dict[str, Paper]:
    """Return the PDFs of a report by their names: ``report``, and ``profiles/<ISO3>`` for every territory."""
    read = report.reading.sections if report.reading else ()
    found = {
        "report": Paper(
            "report", report.title, report.subtitle, report.front, read, report.facts, report.footnotes
        )
    }
    for section in report.profiles.sections if report.profiles else ():
        name = section.anchor.rpartition("-")[2].upper()
        notes = report.footnotes if section.title.endswith("*") else ()
        found[f"profiles/{name}"] = Paper(
            "profile", section.title, f"{report.title} – {report.subtitle}", (), (section,), (), notes
        )
    return found


def render_pdf(report: Report, words: Words, reports: Path, paper: Paper | None = None) -> bytes:
    """Set a report, or one of its papers.

    Parameters
    ----------
    reports : Path
        Folder with ``templates/report.typ`` and ``fonts``.

    Raises
    ------
    InputProblem
        If the template, or a figure without alternative text, makes it impossible.
    """
    # Imported late: the command line must not pay for it.
    import typst

    paper = paper or papers_of(report)["report"]

    template = reports / "templates" / TEMPLATE
    if not template.is_file():
        raise InputProblem(f"{template}: the template of the PDF is missing.")
    source = template.read_text(encoding="utf-8")
    forbidden = _REACHING_OUT.search(source)
    if forbidden or template.is_symlink():
        word = f"it may not {forbidden[0]}" if forbidden else "it is a link"
        raise InputProblem(
            f"{template}: the PDF cannot be made ({word}: a template reads nothing but the report)."
        )
    with tempfile.TemporaryDirectory(prefix="clearing-point-pdf-") as name:
        folder = Path(name)
        packages = folder / "packages"
        packages.mkdir()
        (folder / "report.json").write_text(
            json.dumps(_document(report, paper, words), ensure_ascii=False), encoding="utf-8"
        )
        for figure in paper.figures:
            (folder / figure.file).write_text(
                figure.svg.replace(_FIGURE_FONT, _REPORT_FONT), encoding="utf-8"
            )
        (folder / TEMPLATE).write_text(source, encoding="utf-8")
        try:
            fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(reports / "fonts")])
            made = typst.compile(
                folder / TEMPLATE,
                root=folder,
                package_path=packages,
                package_cache_path=packages,
                font_paths=fonts,
                format="pdf",
                pdf_standards=["ua-1"],
                timestamp=int(_day(report.date).timestamp()),
            )
        except typst.TypstError as error:
            raise InputProblem(f"{template}: the PDF cannot be made ({error.message}).") from error
    if not isinstance(made, bytes):
        raise InternalError("Typst returned no PDF.")
    return made


def _day(date: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(date).replace(tzinfo=datetime.UTC)


def _document(report: Report, paper: Paper, words: Words) -> dict[str, Any]:
    language, _, script = report.language.partition("-")
    day = _day(report.date)
    return {
        **_plain(paper),
        "made_data": report.made_data,
        "made_data_tag": report.made_data_tag,
        "language": language,
        "script": script.lower(),
        "day": [day.year, day.month, day.day],
        "words": {key: words(key) for key in _WORDS},
    }


def _plain(value: Any) -> Any:
    """Return dataclasses as mappings that name their kind; pictures stay files."""
    if is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in fields(value) if not (isinstance(value, Figure) and f.name == "svg")]
        return {"block": type(value).__name__, **{name: _plain(getattr(value, name)) for name in names}}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
