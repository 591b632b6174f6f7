"""What was found without fault before is not looked at again: a check is a function of what it reads, and of this program.

Kept are hashes of what was sound, in the folder of what is prepared: never a fault, which is told anew every time. The
file may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from clearing_point.standard.expressions import ancestors
from clearing_point.standard.model import Standard
from clearing_point.workplace import write_whole

_FILE = "sound.json"
_LENGTH = 20
_ROOMS = ("standard", "quality", "analysis", "disclosure", "warehouse")
"""Parts of the program that the checks of a standard run through."""


class Verdicts:
    """The sound parts of a standard.

    Parameters
    ----------
    folder : Path or None
        Where they are kept; None: nothing is kept, and everything is looked at.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / _FILE
        self._known = self._read()
        self._sound: set[str] = set()

    def ask(self, made_from: Sequence[bytes | str], judge: Callable[[], Iterable[str]]) -> list[str]:
        """Return the problems of something, from ``judge`` unless the very same was sound before."""
        name = self._name(made_from)
        if name in self._known:
            self._sound.add(name)
            return []
        problems = list(judge())
        if not problems:
            self._sound.add(name)
        return problems

    def save(self) -> None:
        """Keep what was sound in this run; a folder that cannot be written costs time and nothing else."""
        if self._path is not None and self._sound != self._known:
            try:
                write_whole(self._path, json.dumps(sorted(self._sound)).encode())
            except OSError:
                return

    def _read(self) -> set[str]:
        try:
            return set(json.loads(self._path.read_bytes())) if self._path is not None else set()
        except (OSError, ValueError):
            return set()

    def _name(self, made_from: Sequence[bytes | str]) -> str:
        if self._path is None:
            return ""
        digest = hashlib.sha256(_program())
        for part in made_from:
            content = part.encode() if isinstance(part, str) else part
            digest.update(f"{len(content)}:".encode() + content)
        return digest.hexdigest()[:_LENGTH]


@lru_cache(maxsize=1)
def _program() -> bytes:
    digest = hashlib.sha256()
    for library in ("duckdb", "sqlglot", "jsonschema", "PyYAML"):
        digest.update(version(library).encode())
    package = Path(__file__).parents[1]
    for room in _ROOMS:
        for path in sorted((package / room).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.digest()


class Basis:
    """What SQL of the standard follows from: the tables and code lists that it can see, as they are written."""

    def __init__(self, standard: Standard) -> None:
        self._standard = standard
        folder = standard.folder
        self._tables = {name: (folder / "tables" / f"{name}.yml").read_bytes() for name in standard.tables}
        self._lists = {
            name: (folder / "codelists" / f"{name}.csv").read_bytes() for name in standard.codelists
        }
        self._rest = b"".join(
            (folder / place).read_bytes()
            for place in ("standard.yml", "territories/territory.csv", "territories/group.csv")
        )

    def of(self, text: str, tables: Iterable[str] = ()) -> bytes:
        """Return one hash of all that a text over some tables follows from, besides itself."""
        words = set(re.findall(r"[a-z][a-z0-9_]*", text))
        named = {name for name in (*tables, *words) if name in self._tables}
        named |= {other for name in named for other in ancestors(self._standard.tables[name], self._standard)}
        lists = {f.codelist for name in named for f in self._standard.tables[name].fields if f.codelist}
        begun = "\n" + "\n".join(
            words
        )  # a word that begins with the name of a list may be an attribute of its codes
        lists |= {name for name in self._lists if f"\n{name}" in begun}
        digest = hashlib.sha256(self._rest)
        for name in sorted(named):
            digest.update(self._tables[name])
        for name in sorted(lists & set(self._lists)):
            digest.update(self._lists[name])
        return digest.digest()
