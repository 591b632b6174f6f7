"""Building a report: composed, rendered, written beside its place and renamed into it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clearing_point.analysis.model import PublishedTable
from clearing_point.analysis.release import checksums
from clearing_point.disclosure.model import Protected
from clearing_point.errors import InputProblem, InternalError, of_the_machine
from clearing_point.publication.edition import Edition
from clearing_point.report.compose import compose
from clearing_point.report.html import render_html
from clearing_point.report.model import ReportContext
from clearing_point.report.pdf import papers_of, render_pdf
from clearing_point.report.site import STYLE, render_site
from clearing_point.report.words import load_words
from clearing_point.report.workbook import render_workbook

Progress = Callable[[str], None]
Finish = Callable[[Path], None]


@dataclass(frozen=True)
class BuiltReport:
    """A finished report.

    Attributes
    ----------
    html : Path
        The page in the edition's first language.
    figures : tuple of Path
        Its figures as SVG, in reading order.
    files : tuple of Path
        Everything in the folder.
    """

    html: Path
    figures: tuple[Path, ...]
    files: tuple[Path, ...]


def build_report(
    edition: Edition,
    tables: Sequence[PublishedTable],
    context: ReportContext,
    folder: Path,
    *,
    extra: Mapping[str, str] | None = None,
    finish: Finish = lambda _: None,
    progress: Progress = lambda _: None,
) -> BuiltReport:
    """Build the report of an edition.

    The same edition, tables and context give the same bytes. The folder appears whole or not at all; the one
    before stays until then.

    Parameters
    ----------
    folder : Path
        Where it is to stand.
    extra : mapping of str to str
        Further text files by their path in the folder: the data annex, the lock.
    finish : callable
        Called with the finished folder before it is put in place: checks it, adds its lock. What it raises keeps
        the folder that was there before.

    Raises
    ------
    InternalError
        If a table did not pass the disclosure gate.
    InputProblem
        If the edition, its texts or its place are wrong.
    """
    for table in tables:
        if not isinstance(table, PublishedTable) or not isinstance(table.protected, Protected):
            raise InternalError("The report was handed a table that did not pass the disclosure gate.")
    new = folder.with_name(f".{folder.name}.new-{os.getpid()}")
    try:
        shutil.rmtree(new, ignore_errors=True)
        (new / "figures").mkdir(parents=True)
        html, figures = _write(edition, tables, context, new, progress)
        for name, text in (extra or {}).items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_text(text, encoding="utf-8", newline="\n")
        (new / "SHA256SUMS").write_text(checksums(new), encoding="utf-8", newline="\n")
        finish(new)
        files = sorted(path.relative_to(new) for path in new.rglob("*") if path.is_file())
        _put_in_place(new, folder)
    except OSError as error:
        raise of_the_machine(error) or InputProblem(
            f"The report cannot be written to {folder} ({error.strerror}): choose another data folder with --data."
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return BuiltReport(
        html=folder / html,
        figures=tuple(folder / path for path in figures),
        files=tuple(folder / path for path in files),
    )


def _write(
    edition: Edition,
    tables: Sequence[PublishedTable],
    context: ReportContext,
    new: Path,
    progress: Progress,
) -> tuple[Path, list[Path]]:
    pages: list[Path] = []
    reports = context.reports
    figures: list[Path] = []
    for number, language in enumerate(edition.languages):
        progress(f"drawing and setting: {language}")
        report, words = compose(edition, tables, context, reports, language), load_words(reports, language)
        ending = "" if number == 0 else f".{language}"
        page = Path(f"report{ending}.html")
        text = render_html(report, words, reports / "templates")
        (new / page).write_text(text, encoding="utf-8", newline="\n")
        (new / "profiles").mkdir(exist_ok=True)
        for paper_name, paper in papers_of(report).items():
            (new / f"{paper_name}{ending}.pdf").write_bytes(render_pdf(report, words, reports, paper))
        (new / f"tables{ending}.xlsx").write_bytes(render_workbook(report, words))
        endings = {each: "" if at == 0 else f".{each}" for at, each in enumerate(edition.languages)}
        for place, text in render_site(report, words, reports / "templates", endings, ending).items():
            (new / place).parent.mkdir(parents=True, exist_ok=True)
            (new / place).write_text(text, encoding="utf-8", newline="\n")
        pages.append(page)
        for figure in report.figures:
            name = Path("figures") / (figure.file if number == 0 else f"{language}.{figure.file}")
            text = '<?xml version="1.0" encoding="utf-8"?>\n' + figure.svg
            (new / name).write_text(text, encoding="utf-8", newline="\n")
            figures.append(name)
    shutil.copyfile(reports / "templates" / "_style.css", new / STYLE)
    return pages[0], figures


def _put_in_place(new: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.rename(folder, old)
    try:
        os.rename(new, folder)
    except OSError:
        if old.exists():
            os.rename(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
