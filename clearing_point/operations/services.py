"""Whose a service is on this machine: its user, the data folder in her reach, the files that everybody may read."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

from clearing_point.errors import InputProblem
from clearing_point.standard.filling import fill

_READABLE = 0o644
_CLOSED = 0o700
_DATA = "CLEARING_POINT_DATA"


def same_data(environment: Path, data: Path) -> None:
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


def filled(text: str, words: dict[str, str]) -> str:
    """Fill in the lines that are no comments."""
    lines = text.splitlines(keepends=True)
    return "".join(line if line.startswith("#") else fill(line, **words) for line in lines)


def write(target: Path, text: str) -> Path:
    """Write a file that everybody may read; returns its path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    target.chmod(_READABLE)
    for folder in (target.parent, target.parent.parent):
        folder.chmod(folder.stat().st_mode | 0o055)
    return target


def known_user(user: str, prefix: Path) -> pwd.struct_passwd | None:
    """Return what this machine knows of the user; an image is made for one that this machine need not have."""
    if prefix != Path("/"):
        return None
    try:
        return pwd.getpwnam(user)
    except KeyError:
        raise InputProblem(f"There is no user {user}: useradd --system {user}") from None


def data_folder(folder: Path, about: pwd.struct_passwd) -> Path | None:
    """Make the data folder for its user if it is not there; returns it if it was made."""
    user = about.pw_name
    for above in reversed(folder.parents):
        if above.is_dir() and not may_enter(above, about):
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


def may_enter(folder: Path, about: pwd.struct_passwd) -> bool:
    """Say whether the modes of a folder let a user through (groups beside her first one are not looked at)."""
    found = folder.stat()
    if found.st_uid == about.pw_uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == about.pw_gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)
