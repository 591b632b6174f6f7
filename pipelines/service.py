"""The units of the nightly run, its environment file and a line for cron, filled in for this machine."""

from __future__ import annotations

import pwd
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.standard.filling import fill

TEMPLATES = Path("docs") / "systemd"
_UNITS = Path("etc") / "systemd" / "system"
_OWN = Path("etc") / "clearing-point"
ENVIRONMENT = "clearing-point.env"
CONSTRAINTS = "constraints.txt"
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
_PLAIN = re.compile(r"[\w./@+-]+")
_READABLE = 0o644


@dataclass(frozen=True)
class Installed:
    """What was written, and what stood there and was left."""

    written: tuple[Path, ...]
    left: tuple[Path, ...]
    edition: str

    def lines(self) -> list[str]:
        """Return lines for a person: what was written, and what to do next."""
        return [
            *map(str, self.written),
            *(f"{path} was there and is left as it is" for path in self.left),
            f"Next: systemctl daemon-reload && systemctl enable --now clearing-point-annual@{self.edition}.timer",
        ]


def install_service(
    project: Project, user: str, prefix: Path, edition: str, program: Path | None = None
) -> Installed:
    """Write units, environment file, versions of the packages and an example for cron below a folder.

    An environment file that is there is left: its owner has changed it.

    Parameters
    ----------
    user : str
        Who runs the service; owns the data folder.
    prefix : Path
        ``/``, or the folder of an image that is being made.
    program : Path, optional
        The command; by default that of this installation.

    Raises
    ------
    InputProblem
        If there is no such user, the data folder is another one's, or a path holds a character that units cannot.
    """
    program = program or Path(sys.executable).parent / "clearing-point"
    environment = Path("/") / _OWN / ENVIRONMENT
    _refuse_wrong_user(project, user, prefix)
    for path in (project.root, project.data, program):
        if not _PLAIN.fullmatch(str(path)):
            raise InputProblem(f"{path} cannot stand in a unit: choose a path of letters, digits and ./@+-_")
    at_home = any(home in path.parents for home in _HOMES for path in (project.root, project.data, program))
    words = {
        "user": user,
        "environment": str(environment),
        "program": str(program),
        "project": str(project.root),
        "data": str(project.data),
        "protect_home": "read-only" if at_home else "yes",
        "edition": edition,
    }
    written, left = [], []
    for template in sorted((project.root / TEMPLATES).iterdir()):
        folder = _UNITS if template.suffix in (".service", ".timer") else _OWN
        target = prefix / folder / template.name
        if template.name == ENVIRONMENT and target.exists():
            left.append(target)
            continue
        written.append(_written(target, _filled(template.read_text(encoding="utf-8"), words)))
    constraints = project.root / CONSTRAINTS
    written.append(_written(prefix / _OWN / CONSTRAINTS, constraints.read_text(encoding="utf-8")))
    return Installed(tuple(written), tuple(left), edition)


def _filled(text: str, words: dict[str, str]) -> str:
    """Fill in the lines that are no comments."""
    lines = text.splitlines(keepends=True)
    return "".join(line if line.startswith("#") else fill(line, **words) for line in lines)


def _written(target: Path, text: str) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    target.chmod(_READABLE)
    for folder in (target.parent, target.parent.parent):
        folder.chmod(folder.stat().st_mode | 0o055)
    return target


def _refuse_wrong_user(project: Project, user: str, prefix: Path) -> None:
    """An image is made for a user that this machine need not have."""
    if prefix != Path("/"):
        return
    try:
        about = pwd.getpwnam(user)
    except KeyError:
        raise InputProblem(f"There is no user {user}: useradd --system {user}") from None
    if project.data.is_dir() and project.data.stat().st_uid != about.pw_uid:
        raise InputProblem(f"The data folder {project.data} is not {user}'s: chown -R {user} {project.data}")
