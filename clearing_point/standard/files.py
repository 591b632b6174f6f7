"""Reading YAML and CSV of the project, with the line of every entry at hand for messages."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from clearing_point.errors import InputProblem

Lines = dict[tuple[str | int, ...], int]
"""Path into a YAML document -> line (1 is the first)."""

try:  # libyaml is ten times faster; the pure reader gives the same answer
    from yaml import CSafeLoader as _Loader
except ImportError:  # pragma: no cover - depends on how PyYAML was built
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


class _UniqueKeyLoader(_Loader):
    """A safe loader that refuses a key written twice: the second would silently win."""


def _mapping(loader: _UniqueKeyLoader, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{key}' stands twice", key_node.start_mark
            )
        seen.add(key)
    return dict(loader.construct_mapping(node, deep=True))


_UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
# Dates and yes/no stay text: `N`, `no` and `2003-02-04` are codes here, not Python objects.
for _first, _resolvers in list(_UniqueKeyLoader.yaml_implicit_resolvers.items()):
    _UniqueKeyLoader.yaml_implicit_resolvers[_first] = [
        (tag, pattern)
        for tag, pattern in _resolvers
        if tag != "tag:yaml.org,2002:timestamp"
        and not (tag == "tag:yaml.org,2002:bool" and _first in "yYnNoO")
    ]


def read_yaml(path: Path) -> Any:
    """Read one YAML file.

    Raises
    ------
    InputProblem
        With file and line, if the file is missing, is not UTF-8 or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if _documents is None:
            return _parsed(path, text)
        key = hashlib.sha256(text.encode()).hexdigest()
        if key in _documents:
            return json.loads(_documents[key])
        return _keeping(_documents, key, _parsed(path, text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _wrong(f"{path}:{line}: not readable as YAML: {error.problem or error}.") from error
    except yaml.YAMLError as error:
        raise _wrong(f"{path}: not readable as YAML: {str(error).splitlines()[0]}.") from error
    except UnicodeDecodeError as error:
        raise _wrong(f"{path}: not UTF-8 text (byte {error.start + 1}): save it as UTF-8.") from error
    except RecursionError as error:
        raise _wrong(f"{path}: nested too deeply to be one of ours.") from error
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError) as error:
        # The library's own constructors fail so where a tag does not fit its value, or a key cannot be one.
        raise _wrong(f"{path}: not readable as YAML: a value does not fit its tag or key.") from error
    except OSError as error:
        raise _wrong(f"{path}: cannot be read ({error.strerror}).") from error


def _wrong(said: str) -> InputProblem:
    """Return that a file of the project is not written as it must be: said in English, as its reader works with it."""
    return InputProblem(said, "written_wrong", said=said)


def _parsed(path: Path, text: str) -> Any:
    _refuse_strange_structure(path, text)
    return yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - safe loader


def _keeping(documents: dict[str, str], key: str, found: Any) -> Any:
    """Write a document down before anybody changes it, if JSON gives back alike what it is."""
    written = json.dumps(found, ensure_ascii=False)
    if json.loads(written) == found:
        documents[key] = written
    return found


_documents: dict[str, str] | None = None
"""Documents as JSON by the hash of their text, while many are read whose texts were read before."""


@contextmanager
def read_before(documents: dict[str, str]) -> Iterator[dict[str, str]]:
    """Take a document that is here by the hash of its text, and keep those that are not: parsing costs most."""
    global _documents  # noqa: PLW0603 - the readers of a standard's parts need not know
    before, _documents = _documents, documents
    try:
        yield documents
    finally:
        _documents = before


_DEEPEST = 100
_MANY = 2000
"""Signs that open a level; fewer cannot nest deeply enough to end the process inside the C library."""
_REFERENCE = re.compile(r"(?:^|[\s\[{,])\*[^\s,\[\]{}*]")


def _refuse_strange_structure(path: Path, text: str) -> None:
    """Refuse what a reader without limits would die of: very deep nesting, and references that multiply."""
    deep = sum(text.count(sign) for sign in ("[", "{", "- ", "? ", "-\t", "?\t")) > _MANY
    if not deep and not ("&" in text and _REFERENCE.search(text)):
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise _wrong(f"{path}:{line}: references (*name) are not used here: write the entry out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise _wrong(f"{path}: nested too deeply to be one of ours.")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def lines_of_yaml(path: Path) -> Lines:
    """Return the line on which each entry of a YAML file begins; empty if it cannot be parsed. Not to be changed."""
    try:
        return _lines_of(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, OSError):
        return {}


@lru_cache(maxsize=64)
def _lines_of(text: str) -> Lines:
    lines: Lines = {}

    def walk(node: yaml.Node, at: tuple[str | int, ...]) -> None:
        lines.setdefault(at, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                lines[(*at, key.value)] = key.start_mark.line + 1
                walk(value, (*at, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                walk(item, (*at, index))

    try:
        _refuse_strange_structure(Path(), text)
        root = yaml.compose(text, Loader=_Loader)
        if root is not None:
            walk(root, ())
    except (yaml.YAMLError, RecursionError, InputProblem):
        return lines
    return lines


def line_at(lines: Lines, path: tuple[str | int, ...]) -> int:
    """Return the line of the nearest known ancestor of a path."""
    for length in range(len(path), -1, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


def place_of_text(folder: Path, text: str) -> str:
    """Return ``folder/file:line`` where a text of the YAML files of a folder begins, or nothing: it may be put together.

    For what is said of a text that must not be repeated.
    """
    for path in sorted(folder.rglob("*.yml")):
        try:
            written = path.read_text(encoding="utf-8")
            if text.strip().split("\n", 1)[0] not in written:
                continue
            found = _scalar(yaml.compose(written, Loader=_Loader), text.strip())
        except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
            continue
        if found:
            return f"{path.relative_to(folder.parent)}:{found}"
    return ""


def _scalar(node: Any, text: str) -> int | None:
    if isinstance(node, yaml.ScalarNode):
        return node.start_mark.line + 1 if node.value.strip() == text else None
    inner: list[Any] = []
    if isinstance(node, yaml.MappingNode):
        inner = [value for _, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        inner = node.value
    return next((line for each in inner if (line := _scalar(each, text))), None)


def read_csv(path: Path) -> tuple[Mapping[str, str], ...]:
    """Read a CSV of the project (UTF-8, comma, header) as text; row i stands on line i + 2.

    Raises
    ------
    InputProblem
        With file and line, if it is missing, not UTF-8, or a row has another number of cells.
    """
    rows: list[Mapping[str, str]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle, strict=True)
            header = next(reader, None)
            if not header:
                raise _wrong(f"{path}: empty; a header line is expected.")
            if len(set(header)) != len(header):
                raise _wrong(f"{path}:1: a column name stands twice.")
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise _wrong(
                        f"{path}:{reader.line_num}: {len(cells)} cells where the header has {len(header)}."
                    )
                rows.append(dict(zip(header, cells, strict=True)))
    except UnicodeDecodeError as error:
        raise _wrong(f"{path}: not UTF-8 text: save it as UTF-8.") from error
    except csv.Error as error:
        raise _wrong(f"{path}: not readable as CSV: {error}.") from error
    except OSError as error:
        raise _wrong(f"{path}: cannot be read ({error.strerror}).") from error
    return tuple(rows)
