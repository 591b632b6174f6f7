"""One number is one unknown, wherever it stands; what adds up, adds up."""

from __future__ import annotations

from itertools import product

import pytest

from clearing_point.disclosure import Category, CountTable, Dimension, Policy, audit, protect
from clearing_point.disclosure.cells import build_system
from clearing_point.disclosure.values import fill
from clearing_point.disclosure.whole_part import whole_part
from clearing_point.errors import InputProblem
from tests.attack.random_reports import random_report


def dimension(variable, *codes, total=True, groups=None):
    categories = [Category.of(code) for code in codes]
    categories += [Category.of(name, *members) for name, members in (groups or {}).items()]
    if total:
        categories.append(Category.of("Total", *codes))
    return Dimension(variable, tuple(categories))


def one_way(table_id, variable, counts, **more):
    codes = [code for code in counts if code != "Total"]
    return CountTable(
        table_id,
        "persons",
        (dimension(variable, *codes, **more),),
        {(code,): n for code, n in counts.items()},
    )


def test_a_total_that_two_tables_print_is_one_unknown():
    tables = [
        one_way("A", "sex", {"f": 6, "m": 4, "Total": 10}),
        one_way("B", "age", {"child": 3, "adult": 7, "Total": 10}),
    ]
    system = build_system(tables)
    assert len(system.keys) == 5
    assert not (system.matrix @ fill(system, tables)).any()


def test_tables_without_totals_are_tied_by_the_total_that_both_imply():
    tables = [
        one_way("A", "sex", {"f": 6, "m": 4}, total=False),
        one_way("B", "age", {"child": 3, "adult": 7}, total=False),
    ]
    system = build_system(tables)
    assert len(system.keys) == 5
    assert system.derived.sum() == 1


def test_groups_cut_differently_are_tied_by_their_common_sum():
    first = CountTable(
        "A",
        "persons",
        (Dimension("age", (Category.of("0-9"), Category.of("10-17"), Category.of("18+"))),),
        {("0-9",): 1, ("10-17",): 4, ("18+",): 9},
    )
    bands = (Category.of("minor", "0-9", "10-17"), Category.of("18+"))
    second = CountTable("B", "persons", (Dimension("age", bands),), {("minor",): 5, ("18+",): 9})
    system = build_system([first, second])
    assert not (system.matrix @ fill(system, [first, second])).any()
    printed = protect([first, second], Policy.plain(5), profile="suppress").tables
    hidden = [t.cells[c].shown for t, c in ((printed[0], ("0-9",)), (printed[0], ("10-17",)))]
    assert hidden == [None, None]


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"f": 6, "m": 4, "Total": 11}, "not the sum"),
        ({"f": 6, "m": 4, "Total": 3}, "not the sum"),
    ],
)
def test_tables_that_do_not_add_up_are_refused_without_a_value(counts, words):
    with pytest.raises(InputProblem, match=words) as refusal:
        protect([one_way("A", "sex", counts)], Policy.plain(5), profile="suppress")
    assert "11" not in str(refusal.value)


def test_the_same_cell_with_two_counts_is_refused():
    tables = [
        one_way("A", "sex", {"f": 6, "m": 4, "Total": 10}),
        one_way("B", "age", {"child": 3, "adult": 8, "Total": 11}),
    ]
    with pytest.raises(InputProblem, match="different counts"):
        protect(tables, Policy.plain(5), profile="suppress")


def test_overlapping_categories_need_their_common_part():
    overlapping = Dimension("age", (Category.of("young", "a", "b"), Category.of("middle", "b", "c")))
    with pytest.raises(InputProblem, match="overlap"):
        build_system([CountTable("A", "persons", (overlapping,), {})])


def test_a_plan_that_is_too_fine_is_refused_before_the_work_with_its_tables():
    policy = Policy(**{**Policy.plain(5).__dict__, "largest_sensitive_share": 0.3})
    tables = [
        one_way("Coarse", "sex", {"f": 60, "m": 40, "Total": 100}),
        one_way("Fine", "place", {f"p{at}": 2 for at in range(50)} | {"Total": 100}),
    ]
    with pytest.raises(InputProblem, match=r"too fine.*Fine \(98 %\)") as refusal:
        protect(tables, policy, profile="suppress")
    assert "Coarse" not in str(refusal.value)


def test_cost_names_a_coarser_table_that_loses_nothing_and_stays_above_the_bound():
    groups = {"g1": ("a", "b"), "g2": ("c", "d")}
    table = CountTable(
        "T",
        "persons",
        (dimension("form", "a", "b", "c", "d", groups=groups),),
        {("a",): 2, ("b",): 30, ("c",): 20, ("d",): 25, ("g1",): 32, ("g2",): 45, ("Total",): 77},
    )
    protection = protect([table], Policy.plain(5), profile="suppress")
    (cost,) = protection.cost.tables
    assert (cost.primary, cost.secondary) == (1, 1)
    assert cost.coarser == "form without a, b"
    assert protection.cost.bound <= protection.cost.secondary
    assert protection.reasons["T"][("a",)] == "primary"


def test_the_result_repeats_and_every_gate_run_was_attacked():
    table = one_way("A", "form", {"a": 3, "b": 8, "c": 30, "Total": 41})
    runs = [protect([table], Policy.plain(5), profile="suppress") for _ in range(2)]
    assert runs[0].tables == runs[1].tables
    assert runs[0].certificates == runs[1].certificates
    assert audit(runs[0].tables, Policy.plain(5)).safe


def test_the_part_that_loses_nothing_has_no_hidden_cell_and_is_there_whenever_something_is_shown():
    report = random_report(14, 900, 6, 0.4, 150)
    for table in protect(report, Policy.plain(5), profile="suppress").tables:
        hidden = {cell for cell, entry in table.cells.items() if entry.shown is None}
        empty = {cell for cell, entry in table.cells.items() if entry.shown == 0}
        part = whole_part(table.dimensions, hidden, empty)
        assert part is not None
        assert not hidden & set(product(*part))
        assert set(product(*part)) - empty, "a part of nothing but noughts is none"
        if not hidden:
            assert part == tuple(tuple(c.code for c in d.categories) for d in table.dimensions)
    everything = set(table.cells)
    assert whole_part(table.dimensions, everything) is None
