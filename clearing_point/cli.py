"""The command line: argument parsing only. Each command calls one function and prints what came of it.

Exit codes: 0 done, 1 refused for reasons of data or disclosure, 2 wrong use, 3 our fault, 4 the machine.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from clearing_point.commands import (
    countries,
    desk,
    disclosure,
    editions,
    linkage,
    operations,
    quality,
    researchers,
    standard,
    submissions,
    taking_back,
    trace,
)
from clearing_point.commands.developing import STEPS, TIMINGS, TRACEBACK, explained, refuse_real_data
from clearing_point.commands.shared import say
from clearing_point.errors import (
    ClearingPointError,
    InputProblem,
    InternalError,
    UsageProblem,
    of_the_machine,
)
from clearing_point.processes import close_to_others, look_for_cycles_seldom
from clearing_point.project import Project, find_project, with_ready_commands
from clearing_point.version import version_lines

app = typer.Typer(
    name="clearing-point",
    help="Receive, check, protect and publish data on victims of trafficking and the assistance they receive.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (
    submissions,
    taking_back,
    countries,
    quality,
    linkage,
    editions,
    trace,
    operations,
    researchers,
    standard,
    disclosure,
    desk,
):
    app.add_typer(group.app)


def main() -> None:
    """Run the command line; turn every failure into one sentence and its exit code."""
    close_to_others()
    look_for_cycles_seldom()
    arguments = sys.argv[1:]
    shown = TRACEBACK in arguments
    STEPS.timed = TIMINGS in arguments
    try:
        if shown:
            refuse_real_data(arguments)
        try:
            result = app(standalone_mode=False)
        finally:
            STEPS.end()
    except ClearingPointError as error:
        if shown and error.__traceback__ is not None and not isinstance(error, UsageProblem):
            print(explained(error), file=sys.stderr)
        _fail(error)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except typer.Abort:
        _stop()
    except BrokenPipeError:
        sys.exit(0)
    except KeyboardInterrupt:
        _stop()
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):  # click's own: wrong use
            say(f"{error.format_message()} See `clearing-point --help`.")
            sys.exit(2)
        if shown:
            print(explained(error), file=sys.stderr)
        failure = InternalError(f"{type(error).__name__} in {_where(error)}")
        failure.__cause__ = error
        _fail(failure)
    sys.exit(result if isinstance(result, int) else 0)


def _stop() -> NoReturn:
    say(_in_her_language(InputProblem("Stopped. Nothing half-written was left behind.", "stopped")))
    sys.exit(130)


def _fail(error: ClearingPointError) -> None:
    if isinstance(error, InternalError):
        error = of_the_machine(error) or error
    if isinstance(error, InternalError):
        # The text of an unexpected error may hold a value: its kind and place are enough to report it.
        text = f"The program failed ({error}). Your data are unchanged. Please report this to the clearing point."
        say(_in_her_language(InputProblem(text, "program_failed", error=error)))
    else:
        for line in with_ready_commands(_in_her_language(error)).splitlines():
            say(line)
    sys.exit(error.exit_code)


def _in_her_language(error: ClearingPointError) -> str:
    """Return the sentence of an error in the language that the command was asked for, where it has a code."""
    asked = sys.argv[1:]
    named = [asked[n + 1] for n, word in enumerate(asked[:-1]) if word in _LANGUAGE]
    named += [word.partition("=")[2] for word in asked if word.partition("=")[0] in _LANGUAGE and "=" in word]
    if error.code is not None and named and named[-1] != "en":
        from clearing_point.standard import load_standard
        from clearing_point.standard.refusals import refusal

        with suppress(ClearingPointError):  # where the standard itself is what cannot be read
            root = [Path(asked[n + 1]) for n, word in enumerate(asked[:-1]) if word == "--project"]
            found = find_project(root[-1] if root else None)
            standard = load_standard(found.schemas, found.prepared)
            return refusal(error, standard, named[-1])
    return str(error)


_LANGUAGE = ("--lang", "--language")


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print version, commit and standard, and stop.")
    ] = False,
    traceback: Annotated[  # read in main(), before any command
        bool, typer.Option(TRACEBACK, help="Of a failure, on synthetic data only: step, SQL and traceback.")
    ] = False,
    timings: Annotated[bool, typer.Option(TIMINGS, help="Say how long each step took.")] = False,
) -> None:
    del traceback, timings
    if version:
        for line in version_lines(_project_here()):
            print(line)
        raise typer.Exit(0)


def _project_here() -> Project | None:
    try:
        return find_project()
    except ClearingPointError:
        return None


if __name__ == "__main__":
    main()
