"""Documents that follow from the standard: data dictionary, DDL and data package descriptor."""

from __future__ import annotations

import json
from typing import Any

from clearing_point.standard.ddl import statements
from clearing_point.standard.model import TERRITORY, Field, Standard, Table

_FRICTIONLESS = {"string": "string", "integer": "integer", "year": "year", "number": "number", "date": "date"}


def ddl_text(standard: Standard) -> str:
    """Return the warehouse's DDL as one SQL script."""
    return ";\n\n".join(statements(standard)) + ";\n"


def data_package(standard: Standard) -> str:
    """Return a Frictionless data package descriptor of the standard's tables, as JSON text."""
    package: dict[str, Any] = {
        "profile": "tabular-data-package",
        "name": str(standard.settings["name"]).replace("_", "-"),
        "title": standard.settings["title"]["en"],
        "version": standard.version,
        "licenses": [{"name": standard.settings["licence"]}],
        "resources": [_resource(standard, table) for table in standard.tables_of_kind()],
    }
    return json.dumps(package, ensure_ascii=False, indent=2) + "\n"


def _resource(standard: Standard, table: Table) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "fields": [_field(standard, f) for f in table.fields],
        "primaryKey": list(table.primary_key),
        "missingValues": [
            {"value": c.code, "label": c.label["en"]} for c in standard.codelists["missing"].codes
        ],
    }
    keys = [
        {"fields": list(fields), "reference": {"resource": parent, "fields": list(fields)}}
        for parent, fields in table.parents.items()
    ]
    keys += [{"fields": [f], "reference": {"resource": t, "fields": [k]}} for f, t, k in table.references]
    if keys:
        schema["foreignKeys"] = keys
    return {
        "name": table.name.replace("_", "-"),
        "title": table.title["en"],
        "description": table.grain["en"],
        "path": f"{table.name}.csv",
        "schema": schema,
    }


def _field(standard: Standard, field: Field) -> dict[str, Any]:
    constraints = dict(field.constraints)
    if field.codelist and field.codelist != TERRITORY:
        constraints["enum"] = [*standard.codes_of(field.codelist), *standard.missing_codes]
    made: dict[str, Any] = {
        "name": field.name,
        "type": "array" if field.multiple else _FRICTIONLESS[field.type],
        "title": field.title["en"],
        "description": field.help["en"],
    }
    if constraints and not field.multiple:
        made["constraints"] = constraints
    if field.codelist:
        made["codelist"] = field.codelist
    made["disclosure"] = field.disclosure
    return made


def dictionary_page(standard: Standard) -> str:
    """Return the data dictionary as Markdown: tables, fields, code lists."""
    lines = [
        f"# Data dictionary, standard {standard.version}",
        "",
        "Made from `schemas/` by `clearing-point build`; never edited by hand.",
        "",
        "Missing values are coded, never blank: "
        + "; ".join(f"`{c.code}` {c.label['en'].lower()}" for c in standard.codelists["missing"].codes)
        + ".",
    ]
    for table in standard.tables_of_kind():
        lines += [
            "",
            f"## {table.title['en']} (`{table.name}`)",
            "",
            table.help["en"],
            "",
            f"Grain: {table.grain['en']}.",
            "",
        ]
        lines += ["| field | title | type | codes | notes |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(f) for f in table.fields]
    lines += ["", "## Code lists", ""]
    for name, codelist in standard.codelists.items():
        lines += [
            f"### {codelist.title['en']} (`{name}`)",
            "",
            "| code | label | definition |",
            "| --- | --- | --- |",
        ]
        lines += [
            f"| `{c.code}` | {_cell(c.label['en'])} | {_cell(c.definition['en'])} |" for c in codelist.codes
        ]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _row(field: Field) -> str:
    notes = []
    if field.required:
        notes.append("required")
    if field.core:
        notes.append("counts for completeness")
    if field.multiple:
        notes.append("several codes")
    if field.derived:
        notes.append("worked out, never sent")
    if field.disclosure != "none":
        notes.append(field.disclosure.replace("_", " "))
    codes = f"`{field.codelist}`" if field.codelist else ""
    words = f"{_cell(field.title['en'])}: {_cell(field.help['en'])}"
    return f"| `{field.name}` | {words} | {field.type} | {codes} | {', '.join(notes)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
