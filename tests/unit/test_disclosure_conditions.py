"""A condition on a population is a set of categories of a variable: the number is the same wherever it stands."""

from __future__ import annotations

import pytest

from clearing_point.disclosure import Category, CountTable, Dimension, audit, load_policy, protect
from clearing_point.disclosure.cells import build_system
from clearing_point.disclosure.conditions import Condition, read_population
from clearing_point.disclosure.values import fill
from tests.conftest import ROOT

POLICY = load_policy(ROOT / "schemas" / "disclosure.yml")


def table(name, population, variable, counts, groups=None, *, several=False):
    codes = [code for code in counts if code != "Total" and code not in (groups or {})]
    categories = [
        *map(Category.of, codes),
        *(Category.of(g, *members) for g, members in (groups or {}).items()),
        Category.of("Total", *codes, *(("none",) if several else ())),
    ]
    return CountTable(
        name,
        population,
        (Dimension(variable, tuple(categories)),),
        {(code,): n for code, n in counts.items()},
        multiple_response=frozenset({variable} if several else ()),
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("persons", ("persons", ())),
        ("persons: sex = 'F'", ("persons", (Condition("sex", ("F",)),))),
        (
            "persons: age IN ('1', '0') AND NOT days IS NULL",
            ("persons", (Condition("NOT days IS NULL", ("yes",)), Condition("age", ("0", "1")))),
        ),
        ("persons: sex IS DISTINCT FROM 'F'", ("persons", (Condition("sex", ("F",), but=True),))),
        ("persons: LIST_CONTAINS(form, 'A')", ("persons", (Condition("form", ("A",), several=True),))),
        # What is not known has one leaf for many codes, and NULL is not among them: such a condition is no set of leaves.
        ("persons: sex = 'UNK'", ("persons", (Condition("sex = 'UNK'", ("yes",)),))),
        ("persons: sex = 'F' OR age = '1'", ("persons", (Condition("sex = 'F' OR age = '1'", ("yes",)),))),
        # Names that are no conditions stay what they are.
        ("persons: those of old", ("persons: those of old", ())),
        ("persons: sex = 'F' before", ("persons: sex = 'F' before", ())),
    ],
)
def test_conditions_are_read_as_sets_of_codes_or_as_yes_and_no(text, read):
    assert read_population(text) == read


def test_a_condition_and_a_category_are_one_unknown_and_the_rest_is_a_category_too():
    kinds = table("A", "permits", "kind", {"r": 9, "t": 8, "n": 2, "Total": 19})
    given = table("B", "permits: kind IN ('r', 't')", "granted", {"y": 11, "n": 6, "Total": 17})
    system = build_system([kinds, given])
    values = fill(system, [kinds, given])
    assert len(system.keys) == 7
    # Total of the second, and the third kind: what is left of one is the other.
    third = next(c for c, p in enumerate(system.places) if (0, ("n",)) in p)
    both = next(c for c, p in enumerate(system.places) if (1, ("Total",)) in p)
    assert values[third] == 2
    assert any(
        system.matrix[row, third] and system.matrix[row, both] for row in range(system.matrix.shape[0])
    )


def test_the_pencil_that_subtracts_a_condition_from_a_breakdown_finds_nothing():
    kinds = table("A", "permits", "kind", {"r": 9, "t": 8, "n": 2, "x": 30, "Total": 49})
    given = table("B", "permits: kind IN ('r', 't', 'n')", "granted", {"y": 11, "n": 8, "Total": 19})
    made = protect([kinds, given], POLICY, profile="suppress")
    assert made.audit.safe
    open_kinds = [cell.shown for code, cell in made.tables[0].cells.items() if code != ("n",)]
    assert None in open_kinds or made.tables[1].cells["Total",].shown is None
    # Each of the two alone is safe; side by side the attacker who reads conditions finds the third kind.
    alone = [protect([t], POLICY, profile="suppress").tables[0] for t in (kinds, given)]
    assert audit([alone[0]], POLICY).safe
    assert audit([alone[1]], POLICY).safe
    assert not audit(alone, POLICY).safe


def test_a_table_that_breaks_its_own_condition_down_prints_zeros_that_tell_nothing():
    every = table("A", "persons", "sex", {"f": 20, "m": 10, "x": 6, "Total": 36})
    women = table("B", "persons: sex = 'f'", "sex", {"f": 20, "m": 0, "x": 0, "Total": 20})
    system = build_system([every, women])
    assert len(system.keys) == 5  # nobody is a woman and a man: one unknown that is 0
    assert not (system.matrix @ fill(system, [every, women])).any()
    made = protect([every, women], POLICY, profile="suppress")
    assert made.tables[1].cells["Total",].shown == 20


def test_a_condition_on_several_answers_is_one_of_them_and_its_rest_is_not_the_others():
    forms = table("A", "persons", "form", {"a": 12, "b": 11, "Total": 20}, several=True)
    with_a = table("B", "persons: LIST_CONTAINS(form, 'a')", "sex", {"f": 7, "m": 5, "Total": 12})
    system = build_system([forms, with_a])
    values = fill(system, [forms, with_a])
    assert {(0, ("a",)), (1, ("Total",))} in [set(places) for places in system.places]
    assert sorted(values[[not places for places in system.places]]) == [8, 9]  # without a, without b


def test_half_of_a_population_beside_the_whole_needs_no_declaration():
    whole = table("A", "persons", "sex", {"f": 30, "m": 20, "Total": 50})
    part = table("B", "persons: closed = 'Y'", "sex", {"f": 28, "m": 20, "Total": 48})
    made = protect([whole, part], POLICY, profile="suppress")
    assert made.audit.safe
    assert any(cell.shown is None for t in made.tables for cell in t.cells.values())
