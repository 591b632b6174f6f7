"""Workbooks that were filled with the words of an earlier template come back, and mean what they meant."""

from __future__ import annotations

import csv
from dataclasses import replace

from clearing_point.countries.profile import ColumnSpec, profile_of_territory
from clearing_point.intake.layout import fold
from clearing_point.intake.words import words_of
from clearing_point.project import find_project
from clearing_point.standard import load_standard
from tests.conftest import ROOT


def test_every_earlier_label_still_means_its_code_for_a_sender_of_that_language() -> None:
    standard = load_standard(ROOT / "schemas")
    with (ROOT / "schemas" / "former_texts.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["where"].startswith("code:")]
    assert rows
    plain = replace(profile_of_territory(find_project(ROOT), "ALB"), values=())
    fields = {f.codelist: f for table in standard.tables.values() for f in table.fields if f.codelist}
    wrong = []
    for row in rows:
        codelist, code = row["where"].removeprefix("code:").split(".")
        if codelist not in fields:
            continue
        profile = replace(plain, language=row["language"])
        codes = words_of(fields[codelist], ColumnSpec(()), profile, standard).codes
        if codes.get(fold(row["text"])) != (code,):
            wrong.append((row["where"], row["language"]))
    assert wrong == []
