"""Suites in the serialisation of Great Expectations, written without importing it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from clearing_point.findings import BLOCK, ERROR, INFORMATION, WARNING
from clearing_point.standard.model import Standard
from clearing_point.standard.translations import SOURCE
from clearing_point.suites.expectations import Expectation, Suite

_SEVERITY = {BLOCK: "critical", ERROR: "critical", WARNING: "warning", INFORMATION: "info"}
"""Our severities in the words of the library."""


def document_of(suite: Suite, standard: Standard) -> dict[str, Any]:
    """Return a suite as what ``great_expectations.ExpectationSuite(**document)`` takes.

    Nothing in it names the version of a library or the time, so that the same standard gives the same bytes.
    """
    meta = {"table": suite.table, "standard": standard.settings["name"], "standard_version": standard.version}
    made = (expectation_document(e, suite.table, standard) for e in suite.expectations)
    return document_of_parts(suite.table, meta, made, standard.tables[suite.table].grain["en"])


def document_of_parts(
    name: str, meta: Mapping[str, Any], expectations: Iterable[Mapping[str, Any]], notes: str | None = None
) -> dict[str, Any]:
    """Put a document together."""
    return {"name": name, "meta": dict(meta), "notes": notes, "expectations": list(expectations)}


def text_of(document: Mapping[str, Any]) -> str:
    """Return a document as JSON, one expectation a line, so that a change of one rule is a change of one line."""

    def written(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, default=str)

    head = ",\n".join(f" {written(k)}: {written(v)}" for k, v in document.items() if k != "expectations")
    lines = ",\n".join(f"  {written(e)}" for e in document["expectations"])
    return f'{{\n{head},\n "expectations": [\n{lines}\n ]\n}}\n'


def expectation_document(one: Expectation, table: str, standard: Standard) -> Mapping[str, Any]:
    """Return one expectation of a suite; its sentence names the fields that it is about, by their titles."""
    described = named(one.sentence, one.fields, standard, table, SOURCE)
    return {
        "type": one.kind,
        "kwargs": dict(one.kwargs),
        "meta": {
            "name": one.name,
            "rule": one.rule_id,
            "table": table,
            "fields": list(one.fields),
            "dimension": one.dimension,
            "severity": one.severity,
            "judges": one.scope,
            # By this text its translations are found.
            **({} if described == one.sentence else {"sentence": one.sentence}),
        },
        "description": described,
        "severity": _SEVERITY[one.severity],
    }


def sentence_of(expectation: Mapping[str, Any]) -> str:
    """Return the sentence of an expectation of a document as the standard has it, with the place of its fields open."""
    return str(expectation["meta"].get("sentence", expectation["description"]))


def named(text: str, fields: Sequence[str], standard: Standard, table: str, language: str) -> str:
    """Put the titles of fields of a table where a sentence about them leaves their place."""
    columns = standard.tables[table].by_name if table in standard.tables else {}
    titles = [columns[f].title.get(language) or columns[f].title[SOURCE] for f in fields if f in columns]
    return text.replace(_FIELD, ", ".join(dict.fromkeys(titles)) or ", ".join(fields))


_FIELD = "{field}"
