"""What needs no protection of its own, what needs it although no count is small, and that both stay shut to an attacker."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from clearing_point.analysis.count import Counted
from clearing_point.analysis.vintages import Cases, revisions
from clearing_point.disclosure import (
    Behind,
    Category,
    CountTable,
    Dimension,
    Policy,
    audit,
    load_policy,
    protect,
)
from clearing_point.publication.frozen_years import Frozen
from clearing_point.publication.lines_of_years import lines_of
from clearing_point.standard.model import Breakdown, Indicator
from tests.attack.independent_attacker import IndependentAttacker
from tests.attack.random_reports import random_report
from tests.conftest import ROOT

PLAIN = Policy.plain(5)
LACKING = replace(PLAIN, not_known=frozenset({"UNK"}), not_known_with={"sex": frozenset({"X"})})
KINDS = ("F", "M", "X", "UNK")


def sexes(*counts: int, joined: bool = False, variable: str = "sex", group: str = "") -> CountTable:
    """A table of women, men, others and not known; `joined` puts the last two into one category."""
    last = [Category("UNK", frozenset({"X", "UNK"}))] if joined else [Category.of("X"), Category.of("UNK")]
    categories = (Category.of("F"), Category.of("M"), *last, Category("Total", frozenset(KINDS)))
    values = [*counts[:2], sum(counts[2:])] if joined else list(counts)
    codes = [(c.code,) for c in categories]
    dimensions = (Dimension(variable, categories),)
    return CountTable(
        f"T{group}", f"persons{group}", dimensions, dict(zip(codes, [*values, sum(counts)], strict=True))
    )


def shown(table: CountTable, policy: Policy) -> dict[str, int | None]:
    printed = protect([table], policy, profile="suppress").tables[0]
    return {cell[0]: entry.shown for cell, entry in printed.cells.items()}


def test_a_few_whose_answer_lacks_hide_no_real_number():
    assert shown(sexes(300, 80, 0, 2), PLAIN)["M"] is None, "two whose sex is not known used to hide the men"
    assert None not in shown(sexes(300, 80, 0, 2), LACKING).values()


def test_others_are_protected_alone_and_may_stand_beside_not_known():
    assert shown(sexes(300, 80, 3, 9), LACKING)["X"] is None
    assert None not in shown(sexes(300, 80, 2, 2, joined=True), LACKING).values()
    assert None in shown(sexes(300, 80, 2, 2, joined=True), replace(LACKING, not_known_with={})).values()
    tells = replace(LACKING, not_known_tells=frozenset({"sex"}))
    assert shown(sexes(300, 80, 0, 2), tells)["UNK"] is None, "where not known says more, it is protected"


@pytest.mark.parametrize("seed", range(4))
def test_shown_not_known_cells_give_no_small_number_away(seed: int):
    """The first code of every variable stands for not known; the attacker sees these cells."""
    report = random_report(seed, 300, 6, 0.2, 120)
    first = {
        d.variable: min(m for c in d.categories for m in c.members) for t in report for d in t.dimensions
    }
    policy = replace(PLAIN, not_known=frozenset(first.values()))
    printed = protect(report, policy, profile="suppress").tables
    attacker, looked = IndependentAttacker(printed), 0
    for table, true in zip(printed, report, strict=True):
        lacking = [
            {c.code for c in d.categories if c.members == {first[d.variable]}} for d in table.dimensions
        ]
        for cell, entry in table.cells.items():
            real = not any(code in codes for code, codes in zip(cell, lacking, strict=True))
            if real and entry.shown is None and 0 < true.counts.get(cell, 0) < 5:
                low, high = attacker.interval(table, cell)
                looked += 1
                assert low <= 0
                assert high >= 5
    assert looked


def test_five_of_five_are_not_told_and_the_control_tells_them():
    table = sexes(5, 0, 0, 0)
    elsewhere = sexes(200, 150, 40, 30, group="2")
    dimension = Dimension("year", (Category.of("1"), Category.of("2")))
    both = CountTable(
        "T", "persons", (*table.dimensions, dimension),
        {(*c, y): n for t, y in ((table, "1"), (elsewhere, "2")) for c, n in t.counts.items()},
    )  # fmt: skip
    strict = replace(LACKING, small_group=10, open_variables=frozenset({"year"}))
    plain = protect([both], LACKING, profile="suppress").tables[0]
    assert (plain.cells["F", "1"].shown, plain.cells["Total", "1"].shown) == (5, 5)
    printed = protect([both], strict, profile="suppress").tables[0]
    assert printed.cells["F", "1"].shown is None
    attacker = IndependentAttacker([printed])
    assert attacker.interval(printed, ("M", "1"))[1] >= 5, "all five could be men"
    assert attacker.interval(printed, ("F", "1"))[0] == 0
    assert audit([printed], strict).safe


def test_five_of_five_of_several_answers_are_not_told():
    categories = (
        Category.of("SEX"),
        Category.of("LAB"),
        Category("Total", frozenset({"SEX", "LAB", "NIL", "UNK"})),
    )
    counts = {("SEX",): 5, ("Total",): 5}
    table = CountTable(
        "T", "persons", (Dimension("form", categories),), counts, multiple_response=frozenset({"form"})
    )
    assert shown(table, PLAIN)["SEX"] == 5
    strict = replace(PLAIN, small_group=10)
    assert None in (shown(table, strict)["SEX"], shown(table, strict)["Total"])


def test_senders_who_know_nothing_of_their_own_change_nothing():
    table = sexes(300, 80, 30, 20)
    knowing = replace(table, behind={cell: Behind(n, {}) for cell, n in table.counts.items()})
    policy = replace(PLAIN, senders="everything", sender_variable="territory")
    assert shown(knowing, policy) == shown(table, PLAIN)


def test_the_policy_of_the_region_says_what_is_told_and_what_is_not():
    policy = load_policy(ROOT / "schemas" / "disclosure.yml")
    assert policy.senders == "everything"
    assert policy.not_known == {"UNK"}
    assert policy.small_group >= 2 * policy.threshold
    assert policy.open_variables == {"territory", "reference_year"}


def test_every_unknown_that_the_report_calls_otherwise_is_protected(standard):
    """An unknown category with a name of its own says more than that an answer lacks, or stands beside named codes."""
    policy = load_policy(ROOT / "schemas" / "disclosure.yml")
    named = [b for i in standard.indicators for b in i.by if b.unknown_label is not None]
    assert named
    for breakdown in named:
        beside = policy.not_known_with.get(breakdown.variable, frozenset())
        assert breakdown.variable in policy.not_known_tells or set(breakdown.unknown_with) == beside


def of_a_year(*senders: tuple[str, range]) -> Cases:
    rows = [
        (f"{sender}{k}", "2021", f"{sender}{k}", f"{sender}{k}", sender)
        for sender, which in senders
        for k in which
    ]
    names = ("case_id", "year", "unit_id", "person_id", "sender")
    return Cases(pa.table(dict(zip(names, zip(*rows, strict=True), strict=True))), "ever", linked=True)  # fmt: skip


@pytest.mark.parametrize("taken_back", [0, 4])
def test_a_line_of_late_records_is_hidden_from_the_sender_of_most_of_it(taken_back: int):
    """Six came late and four of them are hers: the two others are for nobody to know; of six that are all hers, nobody is left.

    That as many of hers were taken back changes her total and not what she knows.
    """
    policy = Policy.plain(5, senders="everything", sender_variable="territory")
    year = Dimension("reference_year", (Category.of("2021"),))
    said = {}
    for others in (2, 0):
        before = of_a_year(("A", range(30)), ("B", range(20)))
        today = of_a_year(("A", range(taken_back, 36 - others)), ("B", range(20 + others)))
        then, now = (
            Counted(
                Indicator(
                    indicator_id="T", order=1, part="numbers", title={"en": "T"}, definition={"en": "T"},
                    population="persons", rows=(), columns=("reference_year",), chart=None,
                    by=(Breakdown("reference_year", "year", {"en": "Year"}, total=False),),
                ),
                CountTable("T", "persons", (year,), {("2021",): cases.rows.num_rows}),
                "SELECT", cases=cases,
            )
            for cases in (before, today)
        )  # fmt: skip
        frozen = Frozen((now,), (then,), frozenset({"2021"}), {"persons": revisions(before, today)})
        lines = lines_of(frozen, 2022, policy, {})
        (late,) = [
            t for t in protect(lines.tables, policy, profile="suppress").tables if t.table_id == "T-late"
        ]
        said[others] = late.cells[("2021",)].shown
    assert said == {2: None, 0: 6}
