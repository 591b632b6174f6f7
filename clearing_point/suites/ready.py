"""The suites of a standard without deriving them anew: from the generated files, or what was kept in the data folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from clearing_point.errors import UsageProblem
from clearing_point.standard import dialects, macros
from clearing_point.standard.dialects import DIALECTS, DUCKDB
from clearing_point.standard.kept import kept
from clearing_point.standard.model import Standard
from clearing_point.suites.documents import document_of, text_of
from clearing_point.suites.expectations import history_suites_of, suites_of
from clearing_point.suites.runner import Document

FOLDER, HISTORY = "suites", "suites/history"
INDEX = f"{FOLDER}/made_from.txt"
"""Below ``schemas/generated``."""


def suite_files(standard: Standard, dialect: str = DUCKDB) -> dict[str, str]:
    """Return the text of every suite by its file below ``schemas/generated``, and what they were made from."""
    files: dict[str, str] = {}
    for folder, suites in (
        (FOLDER, suites_of(standard, dialect)),
        (HISTORY, history_suites_of(standard, dialect)),
    ):
        files |= {f"{folder}/{s.table}.json": text_of(document_of(s, standard)) for s in suites}
    if dialect == DUCKDB:
        files[INDEX] = f"{made_from(standard)}\n{_content_hash(files)}\n"
    return files


def generated_suites(standard: Standard) -> dict[str, str] | None:
    """Return the generated files if they are what this standard and program give, unchanged, else None."""
    generated = standard.folder / "generated"
    paths = [*(generated / FOLDER).glob("*.json"), *(generated / HISTORY).glob("*.json")]
    files = {p.relative_to(generated).as_posix(): p.read_text(encoding="utf-8") for p in paths}
    index = generated / INDEX
    wanted = f"{made_from(standard)}\n{_content_hash(files)}\n"
    return files if index.is_file() and index.read_text(encoding="utf-8") == wanted else None


def _content_hash(files: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for name, text in sorted(files.items()):
        digest.update(f"{name}\n{text}".encode())
    return digest.hexdigest()[:32]


def chosen_suites(standard: Standard, dialect: str) -> dict[str, str]:
    """Return the text of every suite by its file, in a dialect.

    Raises
    ------
    UsageProblem
        If there is no such dialect.
    """
    if dialect not in DIALECTS:
        raise UsageProblem(f"There is no dialect '{dialect}': {' or '.join(DIALECTS)}.")
    files = (generated_suites(standard) if dialect == DUCKDB else None) or suite_files(standard, dialect)
    return {name: text for name, text in files.items() if name != INDEX}


def write_suites(files: Mapping[str, str], folder: Path) -> int:
    """Write suites below a folder as they stand below ``schemas/generated/suites``; return how many."""
    for name, text in files.items():
        path = folder / name.removeprefix(f"{FOLDER}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return len(files)


def ready_suites(standard: Standard, prepared: Path) -> dict[str, Document]:
    """Return every suite by its file, such as ``suites/person.json``.

    Parameters
    ----------
    prepared : Path
        Where to keep them if the generated files are of another standard.
    """
    return _ready(standard, prepared)


@lru_cache(maxsize=2)
def _ready(standard: Standard, prepared: Path) -> dict[str, Document]:
    generated = generated_suites(standard)
    if generated is not None:
        return {name: json.loads(text) for name, text in generated.items()}

    def make() -> bytes:
        files = {name: text for name, text in suite_files(standard).items() if name != INDEX}
        return json.dumps({name: json.loads(text) for name, text in files.items()}).encode()

    found: dict[str, Document] = json.loads(kept(prepared, "suites", made_from(standard), make))
    return found


@lru_cache(maxsize=2)
def made_from(standard: Standard) -> str:
    """Hash what suites follow from: tables, rules, code lists, groups of territories, and the modules that make them."""
    digest = hashlib.sha256()
    for part in _parts(standard):
        digest.update(repr(part).encode())
    for path in [
        *sorted(Path(__file__).parent.glob("*.py")),
        *map(Path, (dialects.__file__, macros.__file__)),
    ]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _parts(standard: Standard) -> Iterator[Any]:
    yield standard.version, standard.missing_codes, standard.settings["missing"]["empty_cell"]
    for table in standard.tables.values():
        yield (
            table.name,
            table.kind,
            table.order,
            table.primary_key,
            sorted(table.parents.items()),
            table.grain["en"],
        )
        for f in table.fields:
            yield (
                f.name, f.type, f.codelist, f.multiple, f.explicit_no, f.derived is None, sorted(f.constraints.items()),
                f.title["en"],
            )  # fmt: skip
    for r in standard.rules:
        yield (
            r.rule_id, r.table, r.severity, r.dimension, r.fields, r.holds, r.scope, r.each_row, r.why["en"],
            sorted(r.expectation.items()),
        )  # fmt: skip
    for name, codelist in standard.codelists.items():
        for c in codelist.codes:
            yield name, c.code, sorted(c.attributes.items())
    yield [t["territory_id"] for t in standard.territories]
    yield standard.territory_files["group"]
    yield sorted((k, v["what"]["en"]) for k, v in standard.messages.items() if k.startswith("P04"))
