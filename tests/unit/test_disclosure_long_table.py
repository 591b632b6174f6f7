"""The two commands for anybody's long table."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest

from clearing_point.disclosure import audit_files, protect_file
from clearing_point.errors import InputProblem

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


SPLIT = "region,sex,n\nA,Total,{}\nA,f,{}\nA,m,{}\n"


def test_what_nobody_sent_is_a_nought_that_everybody_knows(tmp_path):
    rows = "region,sex,n,protection\nA,Total,9,\nA,f,,hidden\nA,m,,missing\n"
    report = audit_files([write(tmp_path / "a.csv", rows)], value="n", by=["region", "sex"])
    assert [(cell["sex"], cell["low"]) for cell in report.as_json()["cells"]] == [("f", 9)]


def test_a_hidden_cell_that_follows_by_subtraction_is_recovered(tmp_path):
    for sign in ("", "c", ":", "x", "<5"):
        report = audit_files(
            [write(tmp_path / "a.csv", SPLIT.format(16, 14, sign))], value="n", by=["region", "sex"]
        )
        assert report.exit_code == 1
        assert report.as_json() == {
            "recovered": 1,
            "too_narrow": 0,
            "understood": ["Column 'sex': 'Total' is the total (its name says so)."],
            "cells": [
                {"region": "A", "sex": "m", "low": 2, "high": 2, "recovered": True, "too_narrow": False}
            ],
        }
        json.dumps(report.as_json())


def test_the_sign_below_five_is_knowledge(tmp_path):
    both = write(tmp_path / "a.csv", SPLIT.format(8, "<5", "<5"))
    report = audit_files([both], value="n", by=["region", "sex"])
    assert [(cell.low, cell.high) for cell in report.cells] == [(4, 4), (4, 4)]
    wide = write(tmp_path / "b.csv", SPLIT.format(8, "c", "c"))
    assert audit_files([wide], value="n", by=["region", "sex"]).exit_code == 0
    narrow = write(tmp_path / "c.csv", SPLIT.format(4, "c", "c"))
    assert audit_files([narrow], value="n", by=["region", "sex"]).too_narrow == 2


def test_linked_files_and_releases(tmp_path):
    one = write(tmp_path / "sex.csv", SPLIT.format("20", "c", "c"))
    two = write(tmp_path / "all.csv", "region,sex,age,n\nA,f,Total,18\nA,f,child,9\nA,f,adult,9\n")
    report = audit_files([one, two], value="n", by=["region", "sex", "age"])
    assert report.recovered == 2
    old = write(tmp_path / "old.csv", SPLIT.format(40, 25, 15))
    new = write(tmp_path / "new.csv", SPLIT.format(41, 26, 15))
    report = audit_files([old, new], value="n", by=["region", "sex"])
    assert report.exit_code == 1
    assert {cell.kind for cell in report.cells} == {"change"}
    assert audit_files([old, old], value="n", by=["region", "sex"]).exit_code == 0


def test_a_combination_without_a_row_is_nobody_only_where_the_total_allows_it(tmp_path):
    rows = "region,sex,n\nA,Total,40\nA,f,9\nA,m,c\nB,Total,50\nB,f,20\nB,m,20\nB,x,10\n"
    report = audit_files([write(tmp_path / "a.csv", rows)], value="n", by=["region", "sex"])
    assert (report.cells[0].low, report.cells[0].high) == (31, 31)
    rows = "region,sex,n\nA,Total,40\nA,f,9\nB,Total,50\nB,f,20\nB,m,30\n"
    assert audit_files([write(tmp_path / "b.csv", rows)], value="n", by=["region", "sex"]).exit_code == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("region,n\nA,1\n", "no column 'sex'"),
        ("region,sex,n\nA,f,many\n", "line 2, column 'n'"),
        ("region,sex,n\nA,f,-3\n", "negative"),
        ("region,sex,n\nA,f,2.5\n", "not a whole number"),
        ("region,sex,n\nA,f,1\nA,f,2\n", "lines 2 and 3"),
        ("region,sex,n\nA,,1\n", "empty"),
        ("region,sex,n\nA,f\n", "line 2"),
        ("region,sex,n\n", "no rows"),
        (SPLIT.format(10, 3, 4), "do not add up|not the sum"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, text, words):
    path = write(tmp_path / "a.csv", text)
    with pytest.raises(InputProblem, match=words):
        audit_files([path], value="n", by=["region", "sex"])
    with pytest.raises(InputProblem, match=words):
        protect_file(path, value="n", by=["region", "sex"], output=tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    assert list(tmp_path.iterdir()) == [path]


def test_protect_adds_totals_keeps_columns_and_rounds_additively(tmp_path):
    rows = "note,region,sex,n\nx,A,f,3\ny,A,m,17\nz,B,f,12\nw,B,m,9\n"
    path = write(tmp_path / "a.csv", rows)
    for method, name in (("suppress", "primary"), ("round", "rounded")):
        report = protect_file(
            path, value="n", by=["region", "sex"], output=tmp_path / "out.csv", method=method
        )
        assert report.exit_code == 0
        with (tmp_path / "out.csv").open(encoding="utf-8") as file:
            out = list(csv.DictReader(file))
        assert list(out[0]) == ["note", "region", "sex", "n", "protection"]
        assert len(out) == 9
        assert [row["note"] for row in out[:4]] == ["x", "y", "z", "w"]
        assert out[0]["protection"] == name
        if method == "round":
            shown = {(row["region"], row["sex"]): int(row["n"]) for row in out}
            assert shown["Total", "f"] == shown["A", "f"] + shown["B", "f"]
            assert all(n % 5 == 0 for n in shown.values())
        else:
            assert out[0]["n"] == "c"


@pytest.mark.skipif(not (DATA / "disclosure" / "z1.csv").exists(), reason="shared data are not here")
def test_the_community_table_z1_is_safe_with_threshold_four(tmp_path):
    report = protect_file(
        DATA / "disclosure" / "z1.csv",
        value="ant",
        by=["region", "hovedint"],
        threshold=4,
        output=tmp_path / "z1.csv",
    )
    assert report.exit_code == 0
    assert report.protection["primary"] == 3
    assert (
        audit_files([tmp_path / "z1.csv"], value="ant", by=["region", "hovedint"], threshold=4).exit_code == 0
    )


def region_sex_split(path):
    """UNODC's detected victims of the region by sex: country-years whose parts agree with their total."""
    countries = {"ALB", "BIH", "BGR", "HRV", "MNE", "MKD", "MDA", "ROU", "SRB", "SVN"}
    found: dict[tuple[str, str], dict[str, str]] = {}
    source = DATA / "unodc_glotip" / "data_glotip_2025-04-14.csv.gz"
    with gzip.open(source, "rt", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            wanted = ("Detected trafficking victims", "Total", "Total", "Total")
            described = tuple(row[name] for name in ("Indicator", "Dimension", "Category", "Age"))
            if row["Iso3_code"] in countries and described == wanted:
                found.setdefault((row["Iso3_code"], row["Year"]), {})[row["Sex"]] = row["txtVALUE"].replace(
                    ",", ""
                )
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["country", "year", "sex", "value"])
        for key, shown in sorted(found.items()):
            if {"Total", "Male", "Female"} <= set(shown) and "<5" not in shown["Total"]:
                least = sum(1 if v == "<5" else int(v) for s, v in shown.items() if s != "Total")
                most = sum(4 if v == "<5" else int(v) for s, v in shown.items() if s != "Total")
                if least <= int(shown["Total"]) <= most:
                    writer.writerows([*key, sex, value] for sex, value in sorted(shown.items()))
    return path


@pytest.mark.skipif(not (DATA / "unodc_glotip").exists(), reason="shared data are not here")
def test_the_unodc_sex_split_is_recoverable_and_then_is_not(tmp_path):
    path = region_sex_split(tmp_path / "unodc.csv")
    by = ["country", "year", "sex"]
    before = audit_files([path], value="value", by=by)
    assert before.exit_code == 1
    assert before.recovered > 10
    after = protect_file(path, value="value", by=by, output=tmp_path / "out.csv")
    assert after.exit_code == 0
    assert audit_files([tmp_path / "out.csv"], value="value", by=by).recovered == 0
