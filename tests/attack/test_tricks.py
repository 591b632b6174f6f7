"""The tricks that an attacker tries beyond plain subtraction; each must find the door shut."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from clearing_point.disclosure import (
    Behind,
    Category,
    CountTable,
    Dimension,
    KnownFigure,
    Ledger,
    Policy,
    Ratio,
    Relation,
    Statistic,
    audit,
    make_certificates,
    protect,
    protect_statistic,
    ratio,
)
from clearing_point.disclosure.attacker import UNLIMITED, Attacker
from clearing_point.disclosure.audit import attackers_view
from clearing_point.errors import InputProblem, InternalError
from tests.attack.random_reports import count, dimension, people, random_report

POLICY = Policy.plain(5)


def flat(table_id, variables, counts, population="persons", **more):
    dims = tuple(
        Dimension(name, (*[Category.of(code) for code in codes], Category.of("Total", *codes)))
        for name, codes in variables.items()
    )
    return CountTable(table_id, population, dims, counts, **more)


def row(counts, table_id="T", variable="form", **more):
    codes = [f"{variable}{at}" for at in range(len(counts))]
    cells = {(code,): value for code, value in zip(codes, counts, strict=True)} | {("Total",): sum(counts)}
    return flat(table_id, {variable: codes}, cells, **more)


@pytest.fixture(scope="module")
def report():
    return random_report(14, 600, 12, 0.3, 150)


@pytest.fixture(scope="module")
def protection(report):
    return protect(report, POLICY, profile="suppress")


def test_an_attacker_who_knows_the_method_cannot_tell_small_cells_from_the_others(protection):
    """She reasons: a hidden cell that cannot be 0..5 was not hidden for its own sake, so it is 5 or more."""
    view = attackers_view(protection.tables)
    lower = view.lower.copy()
    hidden = np.flatnonzero(~view.exact & np.array([bool(p) for p in view.system.places]))
    for _ in range(3):
        attacker = Attacker(view.system.matrix, lower, view.upper)
        for cell in hidden:
            low, high = attacker.interval(int(cell))
            assert low >= 5 or (low == 0 and high >= 5)
            lower[cell] = max(lower[cell], 5 if low >= 5 else 0)


def test_visible_zeros_are_part_of_the_attack():
    policy = Policy.plain(5, zeros="always_shown")
    report = random_report(14, 2_000, 6, 0.0, 150)
    protection = protect(report, policy, profile="suppress")
    for printed, table in zip(protection.tables, report, strict=True):
        assert all(printed.cells[cell].shown == 0 for cell, true in table.counts.items() if true == 0)
    assert audit(protection.tables, policy, exact=True).safe


def test_a_row_of_one_cell_is_not_given_away_by_its_total():
    table = row([3, 0, 0])
    printed = protect([table], POLICY, profile="suppress").tables[0]
    assert printed.cells[("form0",)].shown is None
    assert printed.cells[("Total",)].shown is None


def test_whole_numbers_are_the_attackers_too():
    """Three pairs that each sum to 3 leave room for 1.5 each, but not for whole numbers."""
    matrix_rows = [({0: 1, 1: 1}, 3), ({1: 1, 2: 1}, 3), ({0: 1, 2: 1}, 2)]
    from scipy import sparse

    matrix = sparse.csr_matrix(np.array([[r.get(c, 0) for c in range(3)] + [-(k == j) for j in range(3)] for k, (r, _) in enumerate(matrix_rows)]))  # fmt: skip
    lower = np.array([0, 0, 0, 3, 3, 2])
    upper = np.array([UNLIMITED] * 3 + [3, 3, 2])
    attacker = Attacker(matrix, lower, upper)
    assert [attacker.interval(cell) for cell in range(3)] == [(1, 1), (2, 2), (1, 1)]


def test_a_published_total_elsewhere_is_the_attackers_knowledge():
    table = row([3, 9, 40])
    known = [
        KnownFigure("persons", {}, 52, "national report"),
        KnownFigure("persons", {"form": frozenset({"form2"})}, 40),
    ]
    kept = protect([table], POLICY, profile="suppress", known=known).tables[0]
    assert kept.cells[("form1",)].shown is None
    assert not audit(protect([table], POLICY, profile="suppress").tables, POLICY, known=known).safe
    everything = [*known, KnownFigure("persons", {"form": frozenset({"form1"})}, 9)]
    with pytest.raises(InputProblem, match="publicly known"):
        protect([table], POLICY, profile="suppress", known=everything)


def test_a_complement_of_two_populations_is_a_count_of_persons():
    identified = row([40, 30], table_id="A", population="identified")
    assisted = row([38, 20], table_id="B", population="assisted")
    relation = [Relation("assisted", "identified")]
    protection = protect([identified, assisted], POLICY, profile="suppress", relations=relation)
    shown = [t.cells[("form0",)].shown for t in protection.tables]
    assert None in shown
    alone = protect([identified, assisted], POLICY, profile="suppress")
    assert not audit(alone.tables, POLICY, relations=relation).safe


def test_nobody_learns_that_a_whole_group_has_the_same_answer():
    policy = Policy(**{**POLICY.__dict__, "group_disclosure": frozenset({"health"})})
    codes = ["ill", "well", "other"]
    table = flat("T", {"health": codes}, {("ill",): 12, ("well",): 0, ("other",): 0, ("Total",): 12})
    printed = protect([table], policy, profile="suppress").tables[0]
    view = attackers_view([printed], complement_variables=policy.group_disclosure)
    attacker = Attacker(view.system.matrix, view.lower, view.upper)
    whole = view.system.index["persons", ()]
    ill = next(c for c, p in enumerate(view.system.places) if (0, ("ill",)) in p)
    assert attacker.most(view.system.rest_of[whole, ill]) >= 5


def test_a_printed_number_less_a_senders_own_leaves_no_few_others():
    """The sender of 38 of 40 would learn of 2: the total is hidden to her by hiding it to everybody."""
    strict = Policy.plain(5, senders="subtraction", sender_variable="territory")
    behind = {("form0",): Behind(40, {"A": (38, 38), "B": (2, 2)}), ("form1",): Behind(25, {"B": (25, 25)})}
    behind |= {
        ("form2",): Behind(20, {"B": (20, 20)}),
        ("Total",): Behind(85, {"A": (38, 38), "B": (47, 47)}),
    }
    table = row([40, 25, 20], behind=behind)
    assert protect([table], POLICY, profile="suppress").tables[0].cells[("form0",)].shown == 40
    assert protect([table], strict, profile="suppress").tables[0].cells[("form0",)].shown is None


def test_many_services_of_a_few_persons_are_a_few_persons():
    table = row([40, 25, 20], behind={("form0",): Behind(2, {"A": (40, 2)})})
    printed = protect([table], POLICY, profile="suppress").tables[0]
    assert printed.cells[("form0",)].shown is None
    view = attackers_view([printed])
    attacker = Attacker(view.system.matrix, view.lower, view.upper)
    assert attacker.least(next(c for c, p in enumerate(view.system.places) if (0, ("form0",)) in p)) == 0


def test_withdrawing_categories_without_their_rest_does_not_give_the_rest_away():
    """Only two of three forms are printed, with the total: the third is a subtraction."""
    codes = ["a", "b", "c"]
    dims = (Dimension("form", (Category.of("a"), Category.of("b"), Category.of("Total", *codes))),)
    table = CountTable("T", "persons", dims, {("a",): 20, ("b",): 30, ("Total",): 52})
    printed = protect([table], POLICY, profile="suppress").tables[0]
    assert sum(entry.shown is None for entry in printed.cells.values()) >= 1
    assert audit([printed], POLICY, exact=True).safe


def test_persons_with_several_answers_are_not_added_up_but_their_rest_is_guarded():
    codes = ["a", "b"]
    table = flat(
        "T",
        {"means": codes},
        {("a",): 48, ("b",): 30, ("Total",): 50},
        multiple_response=frozenset({"means"}),
    )
    printed = protect([table], POLICY, profile="suppress").tables[0]
    assert printed.cells[("a",)].shown is None or printed.cells[("Total",)].shown is None
    assert printed.cells[("b",)].shown == 30


def test_a_protected_table_holds_no_true_count_of_a_hidden_cell(report, protection):
    for printed, table in zip(protection.tables, report, strict=True):
        secret = {cell: true for cell, true in table.counts.items() if printed.cells[cell].shown is None}
        for copied in (printed, copy.deepcopy(printed), pickle.loads(pickle.dumps(printed))):  # noqa: S301
            assert set(vars(copied)) <= set(type(printed).__dataclass_fields__)
            for cell in secret:
                assert copied.cells[cell] == type(copied.cells[cell])(None, "hidden")
        assert set(printed.sign) & set("0123456789<") == set()
    with pytest.raises(InternalError):
        type(protection.tables[0])("T", "p", (), "", "suppress", {}, "c")


def test_certificates_and_ledger_are_made_of_what_is_printed(protection, tmp_path):
    """Anybody can make the same certificates from the printed tables, so they cannot tell anything beyond them."""
    assert make_certificates(audit(protection.tables, POLICY)) == protection.certificates
    assert "secondary" not in json.dumps(protection.certificates)
    ledger = Ledger(tmp_path / "ledger.csv")
    ledger.append("first", protection.tables, inputs="hash")
    shown = [record for record in ledger.records() if record.kind == "cell"]
    assert sum(record.shown == "" for record in shown) == sum(
        entry.shown is None for table in protection.tables for entry in table.cells.values()
    )


def test_the_joint_file_behind_the_tables_tells_no_more():
    """Frechet: all pairs of three variables come from one file of persons; its cells are added to the attack."""
    columns = people(5, 120)
    names = ("sex", "relation", "channel")
    dims = {name: dimension(name, hierarchy=False) for name in names}
    pairs = [count(f"{a}-{b}", columns, (dims[a], dims[b])) for a, b in (names[:2], names[1:], names[::2])]
    printed = protect(pairs, POLICY, profile="suppress").tables
    # A table of all three variables of which nothing is printed: its unknown cells tie the pairs together.
    from clearing_point.disclosure.cells import build_system

    triple = count("joint", columns, tuple(dims[name] for name in names))
    system = build_system([*printed, triple])
    lower, upper = np.zeros(len(system.keys), dtype=np.int64), np.full(len(system.keys), UNLIMITED)
    for cell, places in enumerate(system.places):
        for at, codes in places:
            shown = printed[at].cells[codes].shown if at < len(printed) else None
            if shown is not None:
                lower[cell] = upper[cell] = shown
    attacker = Attacker(system.matrix, lower, upper)
    small = [
        cell
        for cell, places in enumerate(system.places)
        for at, codes in places
        if at < len(pairs) and 0 < pairs[at].counts[codes] < 5
    ]
    assert small
    for cell in small:
        low, high = attacker.interval(cell)
        assert low == 0
        assert high >= 5


def test_percentages_come_from_displayed_counts_and_medians_need_a_base():
    policy = Policy(**{**POLICY.__dict__, "percent_base": 20, "mean_base": 10, "dominance_share": 0.5})
    table = row([3, 8, 40, 30])
    printed = protect([table], policy, profile="suppress").tables[0]
    total = ("Total",)
    hidden = [cell for cell, entry in printed.cells.items() if entry.shown is None]
    assert hidden
    assert all(ratio(printed, Ratio(cell, total), policy) is None for cell in hidden)
    visible = next(cell for cell, entry in printed.cells.items() if entry.shown and cell != total)
    share = ratio(printed, Ratio(visible, total), policy)
    assert share is None or share == round(100 * printed.cells[visible].shown / printed.cells[total].shown)
    values = dict.fromkeys(table.counts, 12.0)
    medians = protect_statistic(Statistic("median", table, values), printed, policy)
    assert all(medians[cell] is None for cell, count in table.counts.items() if count < 10)
    means = protect_statistic(Statistic("mean", table, values), printed, policy)
    # One missing mean would follow from the others and their bases: at least two are missing.
    assert sum(mean is None for mean in means.values()) >= 2
    sums = Statistic("sum", table, dict.fromkeys(values, 100.0), largest={("form2",): (80.0,)})
    assert protect_statistic(sums, printed, policy)[("form2",)] is None


def test_a_sender_who_knows_everything_of_her_own_learns_nothing_of_a_few_others():
    report = random_report(11, 400, 4, 0.0, 120)
    mine = {name: values[::3] for name, values in people(11, 400).items()}
    table_of_hers = [count(t.table_id, mine, t.dimensions).counts for t in report]
    report = [
        replace(
            t,
            behind={c: Behind(n, {"S": (own[c], own[c])} if own.get(c) else {}) for c, n in t.counts.items()},
        )
        for t, own in zip(report, table_of_hers, strict=True)
    ]
    for senders, recovered in (("nobody", True), ("everything", False)):
        policy = Policy.plain(5, senders=senders, sender_variable="territory")
        printed = protect(report, policy, profile="suppress").tables
        view = attackers_view(printed)
        lower, others = view.lower.copy(), {}
        for cell, places in enumerate(view.system.places):
            at, codes = places[0] if places else (0, ())
            own = table_of_hers[at].get(codes, 0) if places else 0
            if places and 0 < report[at].counts[codes] - own < 5:
                others[cell] = own
            if places and not view.exact[cell]:
                lower[cell] = max(lower[cell], own)
        attacker = Attacker(view.system.matrix, lower, view.upper)
        known = [attacker.interval(cell) for cell in others]
        assert any(low == high for low, high in known) == recovered
        if not recovered:
            assert all(
                low <= own and high >= own + 5
                for (low, high), own in zip(known, others.values(), strict=True)
            )
