"""How numbers are printed: what a reader sees for a protected number, none, none reported and no data."""

from __future__ import annotations

import pytest

from clearing_point.disclosure.model import ProtectedCell
from clearing_point.errors import InputProblem
from clearing_point.report.signs import print_count, share_of_known
from clearing_point.report.tables import make_table
from clearing_point.report.view import Setting, View
from clearing_point.report.words import load_words
from clearing_point.standard.model import Breakdown, Measure
from tests.unit import report_samples as samples

WORDS = load_words(samples.ROOT / "reports", "en")
THRESHOLDS = samples.standard().settings["thresholds"]


@pytest.mark.parametrize(
    ("shown", "reported", "text", "value"),
    [
        (1234, "accepted", "1,234", 1234),
        (None, "complete", "<5", None),
        (None, "none", "<5", None),  # whatever is known of coverage, a protected number stays one
        (0, "complete", "0", 0),
        (0, "accepted", "–", 0),
        (0, "none", "..", None),
        (7, "none", "7", 7),
    ],
)
def test_rule_r7_a_nought_is_printed_only_where_all_cases_are_known(shown, reported, text, value):
    cell = ProtectedCell(shown, "hidden" if shown is None else "")
    printed = print_count(cell, "<5", reported, WORDS)
    assert (printed.text, printed.value) == (text, value)


@pytest.mark.parametrize(
    ("value", "total", "unknown", "text", "indicative"),
    [
        (60, 100, 10, "67 %", False),  # of 90 known, whole per cent below 200
        (60, 210, 10, "30.0 %", False),  # of 200 known, one decimal
        (20, 100, 31, "29 %", True),  # more than 30 % not known
        (1, 200, 0, "0.5 %", False),
    ],
)
def test_shares_are_of_known_persons(value, total, unknown, text, indicative):
    share = share_of_known(value, total, unknown, 20, THRESHOLDS, WORDS)
    assert share is not None
    assert (share.text, share.indicative) == (text, indicative)


@pytest.mark.parametrize(
    ("value", "total", "unknown"),
    [(None, 100, 0), (50, None, 0), (50, 100, None), (10, 19, 0), (30, 100, 61), (0, 0, 0)],
)
def test_no_share_from_protected_small_or_mostly_unknown_numbers(value, total, unknown):
    assert share_of_known(value, total, unknown, 20, THRESHOLDS, WORDS) is None


def test_a_missing_sentence_names_its_file_and_key():
    with pytest.raises(InputProblem, match=r"reports/text/en/signs\.yml: the text 'nowhere' is missing"):
        WORDS("signs.nowhere")


@pytest.mark.parametrize(("occupancy", "asked"), [(99.0, False), (100.0, False), (258.0, True)])
def test_a_measure_that_cannot_be_is_never_printed_without_its_question(occupancy, asked):
    question = {"en": "A shelter cannot be more than full."}
    which = samples.indicator("T32B", (samples.TERRITORY_BY,), ("territory",), (), question=(100.0, question), measure=Measure("sum", {"en": "Nights used, per cent"}, "nights", 0))  # fmt: skip
    table = samples.protected("T32B", {"territory": ("ALB", "Total")}, {("ALB",): 20, ("Total",): 20})
    values = {("ALB",): occupancy, ("Total",): 15.0}
    setting = Setting(samples.edition(), samples.context(), WORDS)
    printed = make_table(View(samples.published(which, table, values=values), setting), "t", "1")
    assert (question["en"] in printed.notes) == asked


@pytest.mark.parametrize(("day", "sign"), [("2023-06-30", "…"), ("2024-01-01", "")])
def test_a_year_whose_persons_are_still_followed_is_marked(day, sign):
    reached = Breakdown("reached", "yes_no", {"en": "Reached"}, unknown=False)
    which = samples.indicator("E19", (reached, samples.YEAR_BY), ("reached",), ("reference_year",), follow_up_months=12, share="reached")  # fmt: skip
    cells = {("Y", "2021"): 30, ("N", "2021"): 10, ("Total", "2021"): 40, ("Y", "2022"): 25, ("N", "2022"): 0, ("Total", "2022"): 40}  # fmt: skip
    table = samples.protected(
        "E19", {"reached": ("Y", "N", "Total"), "reference_year": ("2021", "2022")}, cells
    )
    setting = Setting(samples.edition(), samples.context(cut_off=day, complete=frozenset()), WORDS)
    rows = make_table(View(samples.published(which, table), setting), "t", "1").body
    (_, yes_before, yes_now), (_, _, no_now), (_, _, all_now) = rows
    assert (yes_now.text, yes_before.detail) == ("25", "75 %")
    assert (yes_now.detail, no_now.text) == ((sign, sign) if sign else ("63 %", "–"))
    assert "…" not in all_now.detail + all_now.text
