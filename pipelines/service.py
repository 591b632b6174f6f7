"""The units of the nightly run, its environment file and a line for cron, filled in for this machine."""

from __future__ import annotations

import os
import pwd
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from clearing_point.errors import InputProblem
from clearing_point.project import Project, installed_project
from clearing_point.standard.filling import fill

TEMPLATES = Path("docs") / "systemd"
_UNITS = Path("etc") / "systemd" / "system"
_OWN = Path("etc") / "clearing-point"
ENVIRONMENT = "clearing-point.env"
CONSTRAINTS = "constraints.txt"
_DATA = "CLEARING_POINT_DATA"
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_PLAIN = re.compile(r"[\w./@+-]+")
_READABLE = 0o644
_CLOSED = 0o700


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
    about = _known_user(user, prefix)
    for path in (project.root, project.data, program):
        if not _PLAIN.fullmatch(str(path)):
            raise InputProblem(f"{path} cannot stand in a unit: choose a path of letters, digits and ./@+-_")
    _same_data(prefix / _OWN / ENVIRONMENT, project.data)
    made = None if about is None else _data_folder(project.data, about)
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
        written.append(_written(target, _filled(template.read_text(encoding="utf-8"), words)))
    constraints = own / CONSTRAINTS
    written.append(_written(prefix / _OWN / CONSTRAINTS, constraints.read_text(encoding="utf-8")))
    return Installed(tuple(written), tuple(left), edition, made)


def _same_data(environment: Path, data: Path) -> None:
    """Refuse units for another data folder than that of the file that is left: they could not write where it leads."""
    if not environment.is_file():
        return
    lines = environment.read_text(encoding="utf-8").splitlines()
    named = [
        value.strip("\"' ") for name, _, value in (line.partition("=") for line in lines) if name == _DATA
    ]
    if named and Path(named[-1]) != data:
        raise InputProblem(
            f"{environment} names the data folder {named[-1]}, and these units could write in {data} alone: name the same "
            "one with --data, or change that file first. Nothing was written."
        )


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


def _known_user(user: str, prefix: Path) -> pwd.struct_passwd | None:
    """Return what this machine knows of the user; an image is made for one that this machine need not have."""
    if prefix != Path("/"):
        return None
    try:
        return pwd.getpwnam(user)
    except KeyError:
        raise InputProblem(f"There is no user {user}: useradd --system {user}") from None


def _data_folder(folder: Path, about: pwd.struct_passwd) -> Path | None:
    """Make the data folder for its user if it is not there; returns it if it was made."""
    user = about.pw_name
    for above in reversed(folder.parents):
        if above.is_dir() and not _may_enter(above, about):
            raise InputProblem(
                f"{user} may not enter {above}: name a data folder in her reach with --data, such as "
                f"{Path(about.pw_dir) / 'data'}."
            )
    if not folder.exists():
        folder.mkdir(parents=True, mode=_CLOSED)
        if os.geteuid() == 0:
            os.chown(folder, about.pw_uid, about.pw_gid)
        return folder
    if folder.stat().st_uid != about.pw_uid:
        raise InputProblem(f"The data folder {folder} is not {user}'s: chown -R {user} {folder}")
    return None


def _may_enter(folder: Path, about: pwd.struct_passwd) -> bool:
    """Say whether the modes of a folder let a user through (groups beside her first one are not looked at)."""
    found = folder.stat()
    if found.st_uid == about.pw_uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == about.pw_gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
