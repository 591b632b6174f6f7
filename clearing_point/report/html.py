"""The report as one HTML file: no scripts, no outside hosts, figures inside. Templates run in a sandbox."""

from __future__ import annotations

from collections.abc import Callable
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

    from clearing_point.report.sandbox import environment_of

    environment = environment_of(templates)
    try:
        return environment.get_template("report.html.j2").render(report=report, words=only_saying(words))
    except jinja2.TemplateError as error:
        raise InputProblem(
            f"{templates}: the page cannot be made ({type(error).__name__}: {error})."
        ) from error
    except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError, MemoryError) as error:
        raise InputProblem(
            f"{templates}: the page cannot be made: a template asks for something that does not work "
            f"({type(error).__name__})."
        ) from error


def only_saying(words: Words) -> Callable[..., str]:
    """Return a function that says a sentence: a template is given no more of the words than that."""

    def say(key: str, /, **values: object) -> str:
        return words(key, **values)

    return say
