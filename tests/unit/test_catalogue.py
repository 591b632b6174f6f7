"""How others find a release: a catalogue that DCAT-AP asks for, and the words of every code."""

from __future__ import annotations

import json

from clearing_point.analysis.release_database import labels_of
from clearing_point.analysis.release_metadata import catalogue, codelists_csv, data_package
from tests.unit import report_samples as samples

MANIFEST = {
    "made_data": True, "data_as_of": "2023-06-30", "standard": {"version": "1.0.0"}, "provisional_years": [],
    "submissions": [{"territory": "ALB", "first_year": 2018}, {"territory": "SRB", "first_year": 2020}],
}  # fmt: skip


def test_the_catalogue_has_what_dcat_ap_asks_for() -> None:
    about = {"contact": "The coordinator", "base_address": "https://example.org/2022/"}
    text = catalogue(2022, "Victims", "2022-abc", MANIFEST, [samples.by_territory()], about)
    graph = json.loads(text)["@graph"]
    (whole,) = (node for node in graph if node["@type"] == "dcat:Catalog")
    (dataset,) = (node for node in graph if node["@type"] == "dcat:Dataset")
    assert whole["dcat:dataset"] == [{"@id": dataset["@id"]}]
    assert dataset["dcat:contactPoint"]["vcard:fn"] == "The coordinator"
    assert {place["@id"].rpartition("/")[2] for place in dataset["dct:spatial"]} == {"ALB", "SRB"}
    assert dataset["dct:temporal"]["dcat:startDate"]["@value"] == "2018"
    assert len(dataset["dcat:keyword"]) >= 3
    addresses = [node["dcat:accessURL"]["@id"] for node in graph if node["@type"] == "dcat:Distribution"]
    assert addresses == ["https://example.org/2022/data/T01.csv", "https://example.org/2022/data/T01.parquet"]
    # Without an address nobody knows where it will stand.
    plain = json.loads(catalogue(2022, "Victims", "2022-abc", MANIFEST, [samples.by_territory()]))["@graph"]
    assert plain[-1]["dcat:accessURL"]["@id"] == "data/T01.parquet"


def test_every_code_has_its_words_in_every_language() -> None:
    standard = samples.standard()
    tables = [samples.by_territory(), samples.by_sex()]
    lines = codelists_csv(labels_of(tables, standard)).splitlines()
    assert lines[0] == "variable,code,language,label"
    for wanted in ("sex,F,en,Female", "territory,ALB,sq,Shqipëri", "sex,Total,en,Total"):
        assert any(line.casefold().startswith(wanted.casefold()) for line in lines), wanted
    codes = {tuple(line.split(",")[:2]) for line in lines[1:]}
    assert len(lines) == 1 + len(codes) * len(standard.languages)
    package = data_package(2022, "Victims", "2022-abc", tables, MANIFEST)
    assert "codelists.csv" in {resource["path"] for resource in package["resources"]}
