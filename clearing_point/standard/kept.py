"""Files of what follows from the standard, kept in the data folder under the hash of what they were made from.

A second copy stands in the cache of whoever runs the program, so that a new data folder begins with it; what also follows
from rows is kept in the data folder alone. The name of a kept file carries the hash of the standard and of this program,
and of its own content, so a stale or damaged one is never read: it is made again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

_LENGTH = 16
CACHE_VARIABLE = "CLEARING_POINT_CACHE"
_KEPT_SHARED = 4
"""Versions of one file that stay in the cache: of projects and programs side by side."""
_FOLDERS: dict[str, Path] = {}
"""Standard -> the folder that keeps what follows from it, if whoever read it named one."""


def keep_in(folder: Path, standard_sha256: str) -> None:
    """Keep in this folder what :func:`kept_for` makes of a standard."""
    _FOLDERS[standard_sha256] = folder


def kept_for(standard_sha256: str, name: str, make: Callable[[], bytes]) -> bytes:
    """Return what :func:`kept` does, from the folder that :func:`keep_in` named; without one it is made."""
    folder = _FOLDERS.get(standard_sha256)
    return make() if folder is None else kept(folder, name, standard_sha256, make)


def kept(folder: Path, name: str, sha256: str, make: Callable[[], bytes], *, of_data: bool = False) -> bytes:
    """Return what ``make`` gives for this program and the standard (or file) of a hash, from disk if it was made before.

    A folder that cannot be written, or is another user's, costs time and nothing else: a file of ours in it would stop its
    owner.

    Parameters
    ----------
    of_data : bool
        Whether it also follows from rows that were received: then it never leaves the data folder.
    """
    start = f"{name}-{_made_from(sha256)}-"
    cache = None if of_data else cache_folder()
    content = _found(folder, start)
    if content is None and cache is not None:
        content = _found(cache, start)
    if content is None:
        content = make()
        _put(folder, name, start, content, stay=0)
        if cache is not None:
            _put(cache, name, start, content, stay=_KEPT_SHARED - 1)
    return content


def _found(folder: Path, start: str) -> bytes | None:
    for path in sorted(folder.glob(f"{start}*")):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        if path.name == start + _hash(content):
            return content
    return None


def _put(folder: Path, name: str, start: str, content: bytes, *, stay: int) -> None:
    """Write a file whole; of older ones of its name so many stay."""
    with suppress(OSError):
        if any(place.stat().st_uid != os.geteuid() for place in (folder.parent, folder) if place.exists()):
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        old = sorted(folder.glob(f"{name}-*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in old[stay:]:
            path.unlink(missing_ok=True)
        descriptor, fresh = tempfile.mkstemp(dir=folder)
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
        os.replace(fresh, folder / (start + _hash(content)))


def cache_folder() -> Path | None:
    """Return the folder that all data folders of one user share, if it is hers and nobody else writes to it.

    What is read from it becomes SQL: a folder that another user can write to is never read.
    """
    said = os.environ.get(CACHE_VARIABLE)
    if said == "":
        return None
    try:
        above = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        cache = Path(said) if said else above / "clearing-point"
        nearest = next(place for place in (cache, *cache.parents) if place.exists())
        owned = nearest.stat()
    except (OSError, RuntimeError, StopIteration):
        return None
    return cache if owned.st_uid == os.geteuid() and not owned.st_mode & 0o022 else None


def give_kept(source: Path, target: Path) -> None:
    """Give another data folder what is kept here: it follows from the standard and is the same in both."""
    with suppress(OSError):
        shutil.copytree(source, target, dirs_exist_ok=True)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_LENGTH]


def _made_from(sha256: str) -> str:
    """Hash what a file follows from, and what makes something of it."""
    return hashlib.sha256(sha256.encode() + _program()).hexdigest()[:_LENGTH]


@lru_cache(maxsize=1)
def _program() -> bytes:
    """Hash this program's modules and the libraries' versions."""
    digest = hashlib.sha256()
    for library in ("duckdb", "sqlglot"):
        digest.update(version(library).encode())
    package = Path(__file__).parent.parent
    for room in ("intake", "standard", "warehouse"):
        for path in sorted((package / room).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.digest()
