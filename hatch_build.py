"""What a built package carries beside its files: the commit it was made of, for `clearing-point --version`."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMMIT = "clearing_point/commit.txt"


class CommitHook(BuildHookInterface):  # type: ignore[misc]
    """Write the commit into the package; a source distribution hands on the one that it was made of."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file to what is built; an editable installation asks git instead."""
        if version == "editable":
            return
        handed_on = Path(self.root, COMMIT)
        commit = handed_on.read_text(encoding="utf-8") if handed_on.is_file() else _commit(self.root)
        if commit and not handed_on.is_file():
            self._folder = tempfile.TemporaryDirectory()
            made = Path(self._folder.name, "commit.txt")
            made.write_text(commit, encoding="utf-8")
            build_data["force_include"][str(made)] = COMMIT


def _commit(root: str) -> str:
    """Return the commit that a clone stands at; empty where it is none, or no git is there."""
    if not Path(root, ".git").exists():
        return ""
    try:
        words = ["git", "-C", root, "rev-parse", "HEAD"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        return ""
    return done.stdout.strip()
