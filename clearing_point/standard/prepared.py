"""What every command would work out anew from the same standard, kept in the data folder.

The SQL of a thousand rules and the empty warehouse cost more to make than an ordinary workbook costs to
check. Kept files carry the hash of what they were made from (the standard and this program) and of
their own content in their names, so a stale or damaged one is never read: it is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from clearing_point.standard.expressions import compiled, take_compiled
from clearing_point.standard.model import Standard
from clearing_point.standard.rules import RUN

_LENGTH = 16


def prepare_rules(folder: Path, standard: Standard) -> None:
    """Have the SQL of all rules ready, from the folder of what is kept or, the first time, by parsing them."""

    def make() -> bytes:
        wanted = {(rule.holds, rule.table) for rule in standard.rules if rule.scope in RUN}
        wanted |= {
            (text, rule.table)
            for rule in standard.rules
            for name, text in (rule.expectation or {}).items()
            if name in ("low", "high", "measure")
        }
        wanted |= {
            (f.derived, table.name) for table in standard.tables.values() for f in table.fields if f.derived
        }
        return json.dumps([(*key, compiled(*key, standard)) for key in sorted(wanted)]).encode()

    rows = json.loads(kept(folder, "rules", standard, make))
    take_compiled(
        standard, {(text, table): (sql, split and tuple(split)) for text, table, (sql, split) in rows}
    )


def kept(folder: Path, name: str, standard: Standard, make: Callable[[], bytes]) -> bytes:
    """Return what ``make`` gives for this standard and program, from disk if it was made before.

    A folder that cannot be written costs time and nothing else.
    """
    start = f"{name}-{_made_from(standard.sha256)}-"
    for path in sorted(folder.glob(f"{start}*")):
        content = path.read_bytes()
        if path.name == start + _hash(content):
            return content
    content = make()
    try:
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


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_LENGTH]


@lru_cache(maxsize=4)
def _made_from(standard_sha256: str) -> str:
    """Hash the standard and what makes something of it: this program's modules, the libraries' versions."""
    digest = hashlib.sha256(standard_sha256.encode())
    for library in ("duckdb", "sqlglot"):
        digest.update(version(library).encode())
    package = Path(__file__).parent.parent
    for path in sorted([*Path(__file__).parent.glob("*.py"), *(package / "warehouse").glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:_LENGTH]
