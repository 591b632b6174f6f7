"""A submitter with her own clients, and somebody who thinks of the file behind the tables, on made-up people."""

from __future__ import annotations

import pytest

from clearing_point.disclosure import Behind, Category, CountTable, Dimension, Policy, protect
from tests.attack.random_reports import VARIABLES, count, people, random_report
from tests.attack.stronger_attackers import insider, joint_file, pairs_to_join

POLICY = Policy.plain(5)


@pytest.fixture(scope="module")
def report():
    return random_report(3, 300, 6, 0.2, 120)


@pytest.fixture(scope="module")
def protection(report):
    return protect(report, POLICY, profile="suppress")


def test_the_joint_file_of_two_tables_recovers_nothing_and_breaks_tables_protected_alone(report, protection):
    together = [
        joint_file(protection.tables, POLICY, (), one, other)
        for one, other in pairs_to_join(protection.tables, 600)
    ]
    assert sum(found.asked for found in together) > 5
    assert sum(found.recovered + found.narrow for found in together) == 0
    alone = [protect([table], POLICY, profile="suppress").tables[0] for table in report]
    broken = [joint_file(alone, POLICY, (), one, other) for one, other in pairs_to_join(alone, 600)]
    assert sum(found.recovered for found in broken) > 0


def test_a_third_of_all_clients_does_not_give_away_the_others(report, protection):
    mine = {name: values[::3] for name, values in people(3, 300).items()}
    own = {t.table_id: count(t.table_id, mine, t.dimensions).counts for t in report}
    assert all(own[t.table_id][cell] <= n for t in report for cell, n in t.counts.items())
    found = insider(protection.tables, POLICY, (), own)
    assert found.asked > 10
    assert found.recovered == 0


def test_an_office_that_knows_all_of_its_territory_learns_nothing_of_another_one():
    """Of two hidden territories each office used to work out the other: a third is hidden where the gate knows the senders."""
    leaves = [leaf for group in VARIABLES["territory"] for leaf in group][:3]
    dimension = Dimension("territory", (*map(Category.of, leaves), Category.of("Total", *leaves)))
    counts = dict(zip(((leaf,) for leaf in (*leaves, "Total")), (4, 300, 20, 324), strict=True))
    own = {"T": {(leaves[2],): 20, ("Total",): 20}}
    behind = {cell: Behind(n, {cell[0]: (n, n)}) for cell, n in counts.items()}
    behind["Total",] = Behind(324, {leaf: (counts[leaf,], counts[leaf,]) for leaf in leaves})
    table = CountTable("T", "persons", (dimension,), counts, behind)
    found = {}
    for senders in ("nobody", "everything"):
        policy = Policy.plain(5, senders=senders, sender_variable="territory")
        printed = protect([table], policy, profile="suppress").tables
        found[senders] = insider(printed, POLICY, (), own, frozenset({leaves[2]}))
    assert found["nobody"].where == [f"T {(leaves[0],)}"]
    assert (found["everything"].recovered, found["everything"].narrow) == (0, 0)
