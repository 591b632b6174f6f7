"""Files of what follows from the standard, kept in the data folder under the hash of what they were made from.

The name of a kept file carries the hash of the standard and of this program, and of its own content, so a stale or damaged
one is never read: it is made again.
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
_FOLDERS: dict[str, Path] = {}
"""Standard -> the folder that keeps what follows from it, if whoever read it named one."""


def keep_in(folder: Path, standard_sha256: str) -> None:
    """Keep in this folder what :func:`kept_for` makes of a standard."""
    _FOLDERS[standard_sha256] = folder


def kept_for(standard_sha256: str, name: str, make: Callable[[], bytes]) -> bytes:
    """Return what :func:`kept` does, from the folder that :func:`keep_in` named; without one it is made."""
    folder = _FOLDERS.get(standard_sha256)
    return make() if folder is None else kept(folder, name, standard_sha256, make)


def kept(folder: Path, name: str, sha256: str, make: Callable[[], bytes]) -> bytes:
    """Return what ``make`` gives for this program and the standard (or file) of a hash, from disk if it was made before.

    A folder that cannot be written, or is another user's, costs time and nothing else: a file of ours in it would stop its
    owner.
    """
    start = f"{name}-{_made_from(sha256)}-"
    for path in sorted(folder.glob(f"{start}*")):
        try:
            content = path.read_bytes()
        except OSError:
            continue
        if path.name == start + _hash(content):
            return content
    content = make()
    try:
        if any(place.stat().st_uid != os.geteuid() for place in (folder.parent, folder) if place.exists()):
            return content
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in folder.glob(f"{name}-*"):
            old.unlink(missing_ok=True)
        descriptor, fresh = tempfile.mkstemp(dir=folder)
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
        os.replace(fresh, folder / (start + _hash(content)))
    except OSError:
        return content
    return content


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
