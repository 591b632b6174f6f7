"""Which program this is: version, commit, and the standard that it works with."""

from __future__ import annotations

import subprocess
from pathlib import Path

from clearing_point import __version__
from clearing_point.project import Project

_SHOWN = 12
"""Characters of a commit or hash that are shown."""
_COMMIT = Path(__file__).with_name("commit.txt")


def commit() -> str:
    """Return the commit that this package was built of, or that its clone stands at; empty where neither is known."""
    if _COMMIT.is_file():
        return _COMMIT.read_text(encoding="utf-8").strip()
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return ""
    try:
        words = ["git", "-C", str(root), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    except OSError:
        return ""


def version_lines(project: Project | None) -> list[str]:
    """Return a line on the program and one on the standard of a project."""
    made_of = commit()
    short = made_of[:_SHOWN] + ("-dirty" if made_of.endswith("-dirty") else "")
    lines = [f"clearing-point {__version__}" + (f" (commit {short})" if short else "")]
    if project is not None:
        from clearing_point.standard import load_standard

        standard = load_standard(project.schemas)
        lines.append(
            f"{standard.settings['name']} {standard.version} (sha256 {standard.sha256[:_SHOWN]}), {project.root}"
        )
    return lines
