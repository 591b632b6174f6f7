"""How others find, cite and read a release: Data Package, DCAT-AP, citation file.

Shapes: Frictionless Data Package 1 (tabular), DCAT-AP 3 as JSON-LD, Citation File Format 1.2.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
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
    "vcard": "http://www.w3.org/2006/vcard/ns#",
}
REVISIONS = "revisions.csv"
CODELISTS = "codelists.csv"
_CODELIST_FIELDS = {
    "variable": "A column of the tables.",
    "code": "A code that stands in it.",
    "language": "Language of the words.",
    "label": "What the code means.",
}
_KEYWORDS = (
    "trafficking in human beings",
    "victims",
    "assistance",
    "South-Eastern Europe",
    "official statistics",
)
_SPATIAL = "http://publications.europa.eu/resource/authority/country/"
_FORMAT = "http://publications.europa.eu/resource/authority/file-type/"
_LANGUAGE = "http://publications.europa.eu/resource/authority/language/ENG"
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
        "resources": [
            *(_resource(t) for t in tables),
            *further,
            _codelists_resource(),
            _revisions_resource(),
        ],
    }


def revisions_csv(revised: Sequence[tuple[int, Revision]]) -> str:
    """Return the numbers that an earlier edition and this one show, and that moved, as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_REVISION_FIELDS)
    writer.writerows((r.table, r.cell, edition, r.before, r.now, r.reason) for edition, r in revised)
    return out.getvalue()


def codelists_csv(labels: Iterable[tuple[str, str, str, str]]) -> str:
    """Return the words of every code of the tables, in every language, as CSV.

    Parameters
    ----------
    labels : iterable of (variable, code, language, label)
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_CODELIST_FIELDS)
    first: dict[tuple[str, str, str], str] = {}
    for variable, code, language, label in labels:
        first.setdefault((variable, code, language), label)
    writer.writerows((*key, label) for key, label in sorted(first.items()))
    return out.getvalue()


def _codelists_resource() -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "name": "codelists",
        "path": CODELISTS,
        "title": "Words of the codes",
        "description": "What the codes of all tables mean, in every language.",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [
                {"name": name, "type": "string", "description": words, "constraints": {"required": True}}
                for name, words in _CODELIST_FIELDS.items()
            ],
            "primaryKey": ["variable", "code", "language"],
        },
    }


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
    edition: int, title: str, release_id: str, manifest: Mapping[str, Any], tables: Sequence[PublishedTable],
    about: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """Return the DCAT-AP description as JSON-LD text: a catalogue with one dataset and its files.

    Parameters
    ----------
    about : mapping
        ``contact`` and ``base_address`` of the edition. Without a base address files are named by their place in the
        release, as nobody knows yet where it will stand.
    """
    about, dataset = about or {}, f"urn:clearing-point:release:{release_id}"
    base = about.get("base_address", "")
    publisher = {"@type": "foaf:Agent", "foaf:name": _PUBLISHER}
    territories = sorted({one["territory"] for one in manifest["submissions"] if one.get("territory")})
    first = min((one["first_year"] for one in manifest["submissions"]), default=edition)
    text = {"@language": "en", "@value": _MADE if manifest["made_data"] else title}
    graph: list[dict[str, Any]] = [
        {
            "@id": "urn:clearing-point:catalogue",
            "@type": "dcat:Catalog",
            "dct:title": {"@language": "en", "@value": "Releases of the regional clearing point"},
            "dct:description": {"@language": "en", "@value": "Protected tables, one release an edition."},
            "dct:publisher": publisher,
            "dct:license": {"@id": _LICENCE[1]},
            "dct:language": {"@id": _LANGUAGE},
            "dct:spatial": [{"@id": f"{_SPATIAL}{t}"} for t in territories],
            "dcat:dataset": [{"@id": dataset}],
        },
        {
            "@id": dataset,
            "@type": "dcat:Dataset",
            "dct:title": {"@language": "en", "@value": title},
            "dct:description": text,
            "dct:identifier": release_id,
            "dct:issued": {"@type": "xsd:date", "@value": manifest["data_as_of"]},
            "dct:publisher": publisher,
            "dct:license": {"@id": _LICENCE[1]},
            "dct:accessRights": {
                "@id": "http://publications.europa.eu/resource/authority/access-right/PUBLIC"
            },
            "dct:accrualPeriodicity": {
                "@id": "http://publications.europa.eu/resource/authority/frequency/ANNUAL"
            },
            "dcat:theme": {"@id": "http://publications.europa.eu/resource/authority/data-theme/JUST"},
            "dcat:keyword": [{"@language": "en", "@value": word} for word in _KEYWORDS],
            "dcat:contactPoint": {
                "@type": ["vcard:Kind", "vcard:Organization"],
                "vcard:fn": about.get("contact") or _PUBLISHER,
            },
            "dct:spatial": [{"@id": f"{_SPATIAL}{t}"} for t in territories],
            "dct:temporal": {
                "@type": "dct:PeriodOfTime",
                "dcat:startDate": {"@type": "xsd:gYear", "@value": str(first)},
                "dcat:endDate": {"@type": "xsd:gYear", "@value": str(edition)},
            },
            "adms:versionNotes": f"edition {edition}, standard {manifest['standard']['version']}",
            "dcat:distribution": [
                {"@id": f"{dataset}:{t.indicator.indicator_id}:{ending}"} for t in tables for ending in _MEDIA
            ],
        },
    ]  # fmt: skip
    for table in tables:
        name = table.indicator.indicator_id
        for ending, media in _MEDIA.items():
            graph.append(
                {
                    "@id": f"{dataset}:{name}:{ending}",
                    "@type": "dcat:Distribution",
                    "dct:title": {"@language": "en", "@value": table.indicator.title["en"]},
                    "dcat:accessURL": {"@id": f"{base}data/{name}.{ending}"},
                    "dct:format": {"@id": f"{_FORMAT}{ending.upper()}"},
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
