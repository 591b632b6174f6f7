"""A command of the command line, run in the test's own process.

Starting Python, importing Great Expectations and compiling the rules anew costs several times the command itself.
That a command works in a process of its own is seen where a test starts one (the demonstration, the commands of
the documents, the campaigns of faults).
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from clearing_point.cli import main


def command(*words: object, folder: Path | None = None) -> tuple[int, str, str]:
    """Run a command, in a folder if one is given; return its exit code, standard output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    arguments, here = sys.argv, Path.cwd()
    sys.argv = ["clearing-point", *map(str, words)]
    try:
        os.chdir(folder or here)
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stopped:
            main()
    finally:
        os.chdir(here)
        sys.argv = arguments
    return int(stopped.value.code or 0), out.getvalue(), err.getvalue()
