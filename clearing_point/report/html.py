"""The report as one HTML file: no scripts, no outside hosts, figures inside."""

from __future__ import annotations

from pathlib import Path

from clearing_point.errors import InputProblem
from clearing_point.report.model import Report
from clearing_point.report.words import Words


def render_html(report: Report, words: Words, templates: Path) -> str:
    """Render a report.

    Parameters
    ----------
    templates : Path
        Folder with ``report.html.j2`` and its partials.

    Raises
    ------
    InputProblem
        If a template is missing or wrong.
    """
    # Imported late: the command line must not pay for it.
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests["block"] = lambda block, name: type(block).__name__ == name
    # Only our own drawings: their words were escaped when they were drawn.
    environment.filters["drawing"] = lambda figure: Markup(figure.svg)  # noqa: S704
    try:
        return environment.get_template("report.html.j2").render(report=report, words=words)
    except jinja2.TemplateError as error:
        raise InputProblem(
            f"{templates}: the page cannot be made ({type(error).__name__}: {error})."
        ) from error
