"""How others find, cite and read a release: Data Package, DCAT-AP, citation file.

Shapes: Frictionless Data Package 1 (tabular), DCAT-AP 3 as JSON-LD, Citation File Format 1.2.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from clearing_point.analysis.missing import MISSING
from clearing_point.analysis.model import PublishedTable
from clearing_point.analysis.revisions import REASONS, Revision

_LICENCE = ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/")
_PUBLISHER = "Clearing Point"
_MADE = "SYNTHETIC DATA: made for demonstration, no person stands behind any number."
_DCAT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "adms": "http://www.w3.org/ns/adms#",
}
REVISIONS = "revisions.csv"
_NUMBER = "Number: "
_REVISION_FIELDS = {
    "indicator": "The table.",
    "cell": "Variables and their codes, such as territory=ALB; reference_year=2021.",
    "before_edition": _NUMBER + "the edition that showed another value.",
    "before": _NUMBER + "as that edition shows it.",
    "now": _NUMBER + "as this release shows it.",
    "reason": "; ".join(f"{name}: {words}" for name, words in REASONS.items()) + ".",
}
_MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


def data_package(
    edition: int,
    title: str,
    release_id: str,
    tables: Sequence[PublishedTable],
    manifest: Mapping[str, Any],
    further: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return ``datapackage.json``: a resource a table, its columns, and what an empty value means; and the revisions.

    Parameters
    ----------
    further : sequence of mapping
        Resources that are no tables of counts.
    """
    made = any(t.made_data for t in tables)
    return {
        "profile": "tabular-data-package",
        "name": f"clearing-point-edition-{edition}",
        "id": release_id,
        "title": title,
        "description": _MADE if made else title,
        "made_data": made,
        "provisional_years": list(manifest["provisional_years"]),
        "licenses": [{"name": _LICENCE[0], "path": _LICENCE[1]}],
        "contributors": [{"title": _PUBLISHER, "role": "publisher"}],
        "resources": [*(_resource(t) for t in tables), *further, _revisions_resource()],
    }


def revisions_csv(revised: Sequence[tuple[int, Revision]]) -> str:
    """Return the numbers that an earlier edition and this one show, and that moved, as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_REVISION_FIELDS)
    writer.writerows((r.table, r.cell, edition, r.before, r.now, r.reason) for edition, r in revised)
    return out.getvalue()


def _revisions_resource() -> dict[str, Any]:
    fields: list[dict[str, Any]] = [
        {"name": name, "type": "integer" if words.startswith(_NUMBER) else "string", "description": words,
         "constraints": {"required": True}}
        for name, words in _REVISION_FIELDS.items()
    ]  # fmt: skip
    fields[-1]["constraints"]["enum"] = list(REASONS)
    return {
        "profile": "tabular-data-resource",
        "name": "revisions",
        "path": REVISIONS,
        "title": "Revised figures",
        "description": "Numbers that an earlier edition and this one show, and that moved; also the table "
        "'revision' of the database. A number that one of the two hides is not compared.",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {"fields": fields, "primaryKey": ["indicator", "cell", "before_edition"]},
    }


def _resource(table: PublishedTable) -> dict[str, Any]:
    indicator, shown = table.indicator, table.protected
    fields: list[dict[str, Any]] = []
    for dimension in shown.dimensions:
        label = next(
            (b.label["en"] for b in indicator.by if b.variable == dimension.variable), dimension.variable
        )
        codes = [category.code for category in dimension.categories]
        fields.append(
            {"name": dimension.variable, "type": "string", "title": label,
             "constraints": {"required": True, "enum": codes}}
        )  # fmt: skip
    statuses = ["hidden", "rounded", MISSING]
    fields.append(
        {
            "name": "value",
            "type": "integer",
            "title": table.population.title["en"],
            "description": "Empty where it is hidden or missing.",
        }
    )
    fields.append(
        {"name": "protection", "type": "string", "title": "Protection", "constraints": {"enum": statuses},
         "description": "hidden: may not be shown; rounded: moved by less than the base of rounding; missing: nothing "
         "was sent for that territory and year; empty: as counted."}
    )  # fmt: skip
    if indicator.measure is not None and table.values is not None:
        fields.append(
            {"name": "measure", "type": "number", "title": indicator.measure.label["en"],
             "description": "Empty where it may not be shown."}
        )  # fmt: skip
    return {
        "profile": "tabular-data-resource",
        "name": indicator.indicator_id.lower(),
        "path": f"data/{indicator.indicator_id}.csv",
        "title": indicator.title["en"],
        "description": indicator.definition["en"],
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": fields,
            "missingValues": [""],
            "primaryKey": [d.variable for d in shown.dimensions],
        },
    }


def catalogue(
    edition: int, title: str, release_id: str, manifest: Mapping[str, Any], tables: Sequence[PublishedTable]
) -> str:
    """Return the DCAT-AP description as JSON-LD text."""
    dataset = f"urn:clearing-point:release:{release_id}"
    graph: list[dict[str, Any]] = [
        {
            "@id": dataset,
            "@type": "dcat:Dataset",
            "dct:title": {"@language": "en", "@value": title},
            "dct:description": {"@language": "en", "@value": _MADE if manifest["made_data"] else title},
            "dct:identifier": release_id,
            "dct:issued": {"@type": "xsd:date", "@value": manifest["data_as_of"]},
            "dct:publisher": {"@type": "foaf:Agent", "foaf:name": _PUBLISHER},
            "dct:license": {"@id": _LICENCE[1]},
            "dct:accessRights": {
                "@id": "http://publications.europa.eu/resource/authority/access-right/PUBLIC"
            },
            "dct:accrualPeriodicity": {
                "@id": "http://publications.europa.eu/resource/authority/frequency/ANNUAL"
            },
            "dcat:theme": {"@id": "http://publications.europa.eu/resource/authority/data-theme/JUST"},
            "dct:temporal": {
                "@type": "dct:PeriodOfTime",
                "dcat:endDate": {"@type": "xsd:gYear", "@value": str(edition)},
            },
            "adms:versionNotes": f"edition {edition}, standard {manifest['standard']['version']}",
            "dcat:distribution": [
                {"@id": f"{dataset}:{t.indicator.indicator_id}:{ending}"} for t in tables for ending in _MEDIA
            ],
        }
    ]
    for table in tables:
        name = table.indicator.indicator_id
        for ending, media in _MEDIA.items():
            graph.append(
                {
                    "@id": f"{dataset}:{name}:{ending}",
                    "@type": "dcat:Distribution",
                    "dct:title": {"@language": "en", "@value": table.indicator.title["en"]},
                    "dcat:accessURL": {"@id": f"data/{name}.{ending}"},
                    "dcat:mediaType": {"@id": f"https://www.iana.org/assignments/media-types/{media}"},
                    "dct:license": {"@id": _LICENCE[1]},
                }
            )
    return json.dumps({"@context": _DCAT, "@graph": graph}, ensure_ascii=False, indent=1) + "\n"


def citation(title: str, release_id: str, manifest: Mapping[str, Any]) -> str:
    """Return ``CITATION.cff``."""
    document = {
        "cff-version": "1.2.0",
        "message": "Please cite the release with its number: figures may be revised in a later one.",
        "type": "dataset",
        "title": f"{title} (synthetic data)" if manifest["made_data"] else title,
        "authors": [{"name": _PUBLISHER}],
        "version": release_id,
        "date-released": manifest["data_as_of"],
        "license": _LICENCE[0],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
