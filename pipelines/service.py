"""The units of the nightly run, its environment file and a line for cron, filled in for this machine."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from clearing_point.errors import InputProblem
from clearing_point.operations.services import data_folder, filled, known_user, same_data, write
from clearing_point.project import Project, installed_project

TEMPLATES = Path("docs") / "systemd"
_UNITS = Path("etc") / "systemd" / "system"
_OWN = Path("etc") / "clearing-point"
ENVIRONMENT = "clearing-point.env"
CONSTRAINTS = "constraints.txt"
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_PLAIN = re.compile(r"[\w./@+-]+")


@dataclass(frozen=True)
class Installed:
    """What was written, and what stood there and was left."""

    written: tuple[Path, ...]
    left: tuple[Path, ...]
    edition: str
    made: Path | None = None
    """The data folder, if it was made."""

    def lines(self) -> list[str]:
        """Return lines for a person: what was written, and what to do next."""
        return [
            *map(str, self.written),
            *([f"{self.made} was made: the data folder, closed to others"] if self.made else []),
            *(f"{path} was there and is left as it is" for path in self.left),
            f"Next: systemctl daemon-reload && systemctl enable --now clearing-point-annual@{self.edition}.timer",
        ]


def install_service(
    project: Project, user: str, prefix: Path, edition: str, program: Path | None = None
) -> Installed:
    """Write units, environment file, versions of the packages and an example for cron below a folder.

    An environment file that is there is left: its owner has changed it. The data folder of this machine is made for
    its user where there is none; that of an image is hers to make.

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
        If there is no such user, the data folder is another one's or out of the user's reach, or a path holds a
        character that units cannot.
    """
    program = program or Path(sys.executable).parent / "clearing-point"
    environment = Path("/") / _OWN / ENVIRONMENT
    if not _USER.fullmatch(user):
        raise InputProblem(
            f"{user!r} cannot be a user's name: small letters, digits, - and _, such as clearing-point."
        )
    about = known_user(user, prefix)
    for path in (project.root, project.data, program):
        if not _PLAIN.fullmatch(str(path)):
            raise InputProblem(f"{path} cannot stand in a unit: choose a path of letters, digits and ./@+-_")
    same_data(prefix / _OWN / ENVIRONMENT, project.data)
    made = None if about is None else data_folder(project.data, about)
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
    # A project that holds no units, such as the one in a backup, gets those that came with the program.
    own = project.root if (project.root / TEMPLATES).is_dir() else installed_project()
    for template in sorted((own / TEMPLATES).iterdir()):
        folder = _UNITS if template.suffix in (".service", ".timer") else _OWN
        target = prefix / folder / template.name
        if template.name == ENVIRONMENT and target.exists():
            left.append(target)
            continue
        written.append(write(target, filled(template.read_text(encoding="utf-8"), words)))
    constraints = own / CONSTRAINTS
    written.append(write(prefix / _OWN / CONSTRAINTS, constraints.read_text(encoding="utf-8")))
    return Installed(tuple(written), tuple(left), edition, made)
