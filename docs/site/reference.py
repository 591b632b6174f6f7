"""Hook of the documentation's generator: pages of reference, made from what is there, so that they cannot be out of date.

Commands and options come from the command line itself, profile keys from the schema by which profiles are checked,
indicators from the standard, exit codes from :mod:`clearing_point.errors`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import typer
from mkdocs.structure.files import File, Files
from mkdocs.utils import get_relative_url

from clearing_point.cli import app
from clearing_point.errors import EXIT_CODES
from clearing_point.standard import Standard, load_standard

ROOT = Path(__file__).resolve().parents[2]
_SHIM, _FETCHED = "assets/iframe-worker.js", "https://unpkg.com/iframe-worker/shim"
_CHOICES = ("oneOf", "anyOf")


def on_files(files: Files, config: Any) -> Files:
    """Add the pages of reference to those that stand in ``docs``."""
    for name, text in pages().items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    files.append(
        File.generated(config, _SHIM, content=Path(__file__).with_name("iframe-worker.js").read_bytes())
    )
    return files


def on_post_page(output: str, page: Any, config: Any) -> str:
    """Take the one script that the theme fetches from elsewhere from beside the pages."""
    return output.replace(_FETCHED, get_relative_url(_SHIM, page.url))


def on_post_template(output_content: str, template_name: str, config: Any) -> str:
    """Do the same for the page that says that there is no such page."""
    return output_content.replace(_FETCHED, _SHIM)


@lru_cache(maxsize=1)
def pages() -> Mapping[str, str]:
    """Return the name and text of every page of reference."""
    standard = load_standard(ROOT / "schemas")
    return {
        "commands": _page("Commands", "What `clearing-point --help` knows.", _commands()),
        "exit-codes": _page("Exit codes", "Every command ends with one of these.", _exit_codes()),
        "profile-keys": _page(
            "Keys of a profile",
            "`pipelines/countries/XYZ/profile.yml` says how one sender's file is read. `[]` is an entry of a list, "
            "`*` a name of one's own.",
            _profile_keys(),
        ),
        "indicators": _page("Indicators", "Every table that an edition can print.", _indicators(standard)),
        "fields": _fields(),
    }


def _page(title: str, lead: str, lines: Iterator[str]) -> str:
    return "\n".join((f"# {title}", "", lead, "", *lines, ""))


def _cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def commands(command: Any = None, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the words and the command of every command of the command line."""
    command = command or typer.main.get_command(app)
    inner = getattr(command, "commands", None)
    if inner is None:
        yield words, command
        return
    for name in sorted(inner):
        yield from commands(inner[name], (*words, name))


def _commands() -> Iterator[str]:
    for words, command in commands():
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option"]
        named = " ".join(str(p.metavar or p.name.upper()) for p in arguments)
        yield f"## {' '.join(words)}"
        yield ""
        yield f"`clearing-point {' '.join(words)}{' ' + named if named else ''}`"
        yield ""
        yield " ".join((command.help or "").split())
        yield ""
        yield "| argument or option | what |"
        yield "| --- | --- |"
        for p in (*arguments, *options):
            shown = (
                str(p.metavar or p.name)
                if p in arguments
                else " ".join((*p.opts, *([p.metavar] if p.metavar else [])))
            )
            needed = " Needed." if p.required and p in options else ""
            yield f"| `{_cell(shown)}` | {_cell(getattr(p, 'help', None) or '')}{needed} |"
        yield ""


def _exit_codes() -> Iterator[str]:
    yield "| code | what |"
    yield "| --- | --- |"
    for code, what in EXIT_CODES.items():
        yield f"| {code} | {_cell(what)} |"


def profile_keys() -> dict[str, dict[str, Any]]:
    """Return what the schema says of every key of a profile, by its path."""
    schema = json.loads((ROOT / "schemas" / "meta" / "profile.schema.json").read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = {}
    _walk(schema, "", schema["$defs"], (), found)
    return found


def _walk(
    node: Mapping[str, Any],
    path: str,
    shapes: Mapping[str, Any],
    within: tuple[str, ...],
    found: dict[str, dict[str, Any]],
) -> None:
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        if name in within:  # a shape within itself: its keys are those above
            found.setdefault(path, {}).update({k: v for k, v in node.items() if k == "description"})
            return
        node = {**shapes[name], **{k: v for k, v in node.items() if k != "$ref"}}
        within = (*within, name)
    if path:
        known = found.setdefault(path, {})
        for key in ("description", "type", "enum", "const"):
            if key in node and key not in known:
                known[key] = node[key]
    for name, inner in node.get("properties", {}).items():
        _walk(inner, f"{path}.{name}" if path else name, shapes, within, found)
        if name in node.get("required", ()):
            found[f"{path}.{name}" if path else name]["needed"] = True
    for key, ending in (("additionalProperties", ".*"), ("items", "[]")):
        if isinstance(node.get(key), dict):
            _walk(node[key], f"{path}{ending}", shapes, within, found)
    for choice in (c for key in _CHOICES for c in node.get(key, ())):
        _walk(choice, path, shapes, within, found)


def _profile_keys() -> Iterator[str]:
    yield "| key | what it holds | what it says |"
    yield "| --- | --- | --- |"
    for path, said in profile_keys().items():
        if path.endswith(("[]", ".*")) and "description" not in said:
            continue  # the key above says what its entries are
        kind = said.get("type", "")
        kind = " or ".join(kind) if isinstance(kind, list) else str(kind)
        if "enum" in said:
            kind = "one of " + ", ".join(f"`{json.dumps(value)}`" for value in said["enum"])
        needed = " Needed." if said.get("needed") else ""
        yield f"| `{path}` | {_cell(kind)} | {_cell(said.get('description', ''))}{needed} |"


def _indicators(standard: Standard) -> Iterator[str]:
    yield "| table | title | what is counted | by |"
    yield "| --- | --- | --- | --- |"
    for each in standard.indicators:
        by = ", ".join(_cell(b.variable) for b in each.by)
        population = standard.populations[each.population].title["en"]
        counted = f"{_cell(each.definition['en'])} ({_cell(population)})"
        yield f"| {each.indicator_id} | {_cell(each.title['en'])} | {counted} | {by} |"


def _fields() -> str:
    return (ROOT / "schemas" / "generated" / "data_dictionary.md").read_text(encoding="utf-8")
