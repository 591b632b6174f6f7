"""Halves are rounded as people round, whatever the binary number says, and in every output the same."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from clearing_point.analysis.release import long_csv
from clearing_point.disclosure import Policy, Statistic, protect, protect_statistic
from clearing_point.disclosure.model import Category, CountTable, Dimension
from clearing_point.halves import percent_text, rounded
from clearing_point.report.build import build_report
from clearing_point.report.readback import read_page, squeezed, text_of_pdf
from clearing_point.standard.indicators import Measure
from tests.conftest import ROOT
from tests.unit import report_samples as samples


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (22.5, 0, 23),
        (21.5, 0, 22),
        (0.5, 0, 1),
        (-2.5, 0, -3),
        (2.675, 2, 2.68),
        (1.005, 2, 1.01),
        (22.49, 0, 22),
        (100 * 1 / 8, 0, 13),
    ],
)
def test_halves_go_away_from_zero(value: float, decimals: int, expected: float) -> None:
    assert rounded(value, decimals) == expected


def test_nothing_has_no_sign_and_a_number_of_an_array_is_a_number() -> None:
    assert math.copysign(1, rounded(-0.4)) == 1
    assert percent_text(-0.004) == "0 %"
    assert rounded(np.float64(22.5)) == 23


def test_a_notebook_rounds_as_the_report_does() -> None:
    """What frames and texts do by themselves makes 22 of 22.5."""
    for path in sorted((ROOT / "notebooks").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"\.round\(|\bround\(|:[.]\d[f%]", text) == [], path.name


MEDIANS = {"ALB": 22.5, "SRB": 21.5, "Total": 30.49}


def test_a_half_is_the_same_number_on_page_in_pdf_workbook_and_data(tmp_path: Path) -> None:
    """A median of 22.5 days, and 5 of 40, 15 of 40 and 30 of 80 persons in whole per cent."""
    where = Dimension(
        "territory", (Category.of("ALB"), Category.of("SRB"), Category.of("Total", "ALB", "SRB"))
    )
    counts = {("ALB",): 40, ("SRB",): 40, ("Total",): 80}
    table = CountTable("T34B", "persons_identified", (where,), counts)
    statistic = Statistic("median", table, {(place,): value for place, value in MEDIANS.items()})
    (shown,) = protect([table], Policy.plain(5), profile="suppress").tables
    values = protect_statistic(statistic, shown, Policy.plain(5))
    assert [float(row["measure"]) for row in csv.DictReader(io.StringIO(long_csv(shown, values)))] == [
        23,
        22,
        30,
    ]

    measure = Measure("median", {"en": "Median days"}, "days")
    timed = samples.published(
        samples.indicator("T34B", (samples.TERRITORY_BY,), ("territory",), (), measure=measure),
        shown,
        values=values,
    )
    by_sex = samples.by_sex()
    numbers = {
        ("ALB", "F"): 5, ("ALB", "M"): 35, ("ALB", "Total"): 40, ("SRB", "F"): 15, ("SRB", "M"): 25, ("SRB", "Total"): 40,
        ("Total", "F"): 20, ("Total", "M"): 60, ("Total", "Total"): 80,
    }  # fmt: skip
    sexes = {"territory": ("ALB", "SRB", "Total"), "sex": ("F", "M", "UNK", "Total")}
    shared = samples.published(by_sex.indicator, samples.protected("T10", sexes, numbers))
    edition = samples.edition(tables=("T01", "T34B", "T10"))
    files = build_report(
        edition, [samples.by_territory(), timed, shared], samples.context(), tmp_path / "2022"
    )

    page = {t.anchor: t for t in read_page(files.html.read_text(encoding="utf-8")).tables}
    assert [row[-1] for row in page["table-t34b"].numbers] == ["23", "22", "30"]
    assert [row[1:5] for row in page["table-t10"].rows][:2] == [
        ["5", "13 %", "35", "88 %"],
        ["15", "38 %", "25", "63 %"],
    ]
    book = openpyxl.load_workbook(io.BytesIO((files.html.parent / "tables.xlsx").read_bytes()))

    def sheet(name: str) -> dict[object, tuple[object, ...]]:
        return {row[0]: row[1:] for row in book[name].iter_rows(values_only=True) if row[0]}

    assert [sheet("Table T34B")[place][:2] for place in ("Albania", "Serbia", "Region")] == [
        (40, 23),
        (40, 22),
        (80, 30),
    ]
    assert sheet("Table T10")["Albania"][:4] == (5, 13, 35, 88)
    assert sheet("Table T10")["Serbia"][:4] == (15, 38, 25, 63)
    # The PDF of a territory prints its share of women and girls, beside the region's.
    for place, share in (("ALB", "13 %"), ("SRB", "38 %")):
        (pdf,) = files.html.parent.rglob(f"*{place}*.pdf")
        assert squeezed(f"identified, 2022 {share} 25 %") in squeezed(text_of_pdf(pdf))
