"""Relations that nobody declared: found in the units that are counted, and protected; without them, a pencil is enough."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from clearing_point.disclosure import Category, CountTable, Dimension, audit, load_policy, protect
from clearing_point.disclosure.cells import build_system
from clearing_point.disclosure.certificates import make_certificates, verify_certificates
from clearing_point.disclosure.check_certificates import check
from clearing_point.disclosure.lacking import lacking
from clearing_point.disclosure.relations import Units, derive
from clearing_point.errors import InputProblem
from tests.conftest import ROOT

POLICY = load_policy(ROOT / "schemas" / "disclosure.yml")
SEX, MINOR = ("F", "M", "X"), ("Y", "N")
PLACE = ("P1", "P2", "P3")
PLACES_AND_TIMES = frozenset({"place"})
GROUP = {("F", "Y"): "girls", ("M", "Y"): "boys", ("F", "N"): "women", ("M", "N"): "men"}


def persons(seed: int) -> list[dict[str, str]]:
    """Three places: a large one, and two whose boys (and whose men) are a few."""
    drawn = np.random.default_rng(seed)
    made = []
    for place, counts in zip(PLACE, ((40, 35, 60, 55), (9, 3, 12, 8), (14, 7, 11, 2)), strict=True):
        for (sex, minor), count in zip((("F", "Y"), ("M", "Y"), ("F", "N"), ("M", "N")), counts, strict=True):
            made += [{"place": place, "sex": sex, "minor": minor}] * (count + int(drawn.integers(0, 2)))
    made += [{"place": "P1", "sex": "X", "minor": minor} for minor in ("Y", "N", "N", "Y", "N", "N")]
    return [
        p | {"group": GROUP.get((p["sex"], p["minor"]), "UNK"), "school": str(drawn.integers(0, 2))}
        for p in made
    ]


def table(name, made, variable, codes, population="persons", where=lambda p: True):
    def dimension(of, values):
        return Dimension(of, (*map(Category.of, values), Category.of("Total", *values)))

    counts = {
        (place, code): sum(
            place in (p["place"], "Total") and code in (p[variable], "Total") and where(p) for p in made
        )
        for place, code in product((*PLACE, "Total"), (*codes, "Total"))
    }
    return CountTable(name, population, (dimension("place", PLACE), dimension(variable, codes)), counts)


def programme(made):
    return [
        table("by sex", made, "sex", SEX),
        table("by group", made, "group", (*GROUP.values(), "UNK")),
        table("of minors", made, "school", ("0", "1"), "persons: minor = 'Y'", lambda p: p["minor"] == "Y"),
    ]


def units(made) -> Units:
    values = {
        "place": PLACE, "sex": SEX, "group": (*GROUP.values(), "UNK"), "school": ("0", "1"), "minor": ("Y", "~"),
    }  # fmt: skip
    codes = [[c.index(p[v] if v != "minor" or p[v] == "Y" else "~") for v, c in values.items()] for p in made]
    parts = {v: tuple(frozenset({code}) for code in c) for v, c in values.items()}
    return Units("persons", parts, np.array(codes), np.ones(len(codes), dtype=np.int64))


MANY = 1_000
"""So many places and times that no joint table of all variables can stand for all of them: ties are looked for."""


@pytest.mark.parametrize(
    ("seed", "settings"), [(0, 1), (0, MANY), (1, MANY), (2, MANY), (3, 1), (4, MANY), (5, MANY)]
)
def test_a_derived_variable_nobody_declared_is_found_and_protected_and_a_pencil_finds_it_otherwise(
    seed, settings
):
    made = persons(seed)
    tables, known = programme(made), derive(units(made), PLACES_AND_TIMES, settings)
    assert any(joint.whole for joint in known) == (settings == 1)
    assert any({"sex", "group", "minor"} <= set(joint.variables) for joint in known)
    protected = protect(tables, POLICY, profile="suppress", relations=known)
    assert audit(protected.tables, POLICY, relations=known).safe
    # Under 18 without girls are boys: with the derivation switched off, whoever knows that finds them.
    naive = protect(tables, POLICY, profile="suppress")
    found = audit(naive.tables, POLICY, relations=known)
    assert found.recovered + found.too_narrow > 0
    true = {t.table_id: t.counts for t in tables}
    assert all(f.low <= true[f.table_id].get(f.cell, 0) for f in found.cells if f.printed)


def test_variables_that_have_nothing_to_do_with_each_other_are_not_tied():
    made = persons(0)
    found = derive(units(made), settings=MANY)
    assert found
    assert not any("school" in joint.variables and len(joint.variables) > 1 for joint in found)


def test_what_is_left_of_a_whole_is_guarded_also_where_combinations_divide_it():
    """Three boys at school are who is left of 62 minors and 59 of them: no table prints it, and two do."""
    made = persons(1)
    tables = programme(made)
    plain = build_system(tables)
    with_joints = build_system(tables, derive(units(made), PLACES_AND_TIMES))
    rests = {
        key
        for key, derived, places in zip(plain.keys, plain.derived, plain.places, strict=True)
        if not derived and not places
    }
    assert rests
    assert not any(with_joints.derived[with_joints.index[key]] for key in rests)


def test_what_a_third_variable_is_tied_with_stands_beside_a_condition():
    """Of those with an outcome, the good ones are those of two reasons: seen only where all three are held together."""
    drawn = np.random.default_rng(5)
    of_reason = {
        "done": "good",
        "alone": "good",
        "home": "open",
        "sent": "open",
        "left": "bad",
        "went": "bad",
    }
    reasons = [[*of_reason, "other"][k] for k in drawn.integers(0, 7, size=700)]
    outcomes = [of_reason.get(reason) or ("good", "bad", "open")[drawn.integers(0, 3)] for reason in reasons]
    positive = [{"good": "Y", "bad": "N"}.get(outcome, "~") for outcome in outcomes]
    values = {
        "reason": (*of_reason, "other"),
        "outcome": ("good", "bad", "open"),
        "positive": ("Y", "N", "~"),
    }
    rows = zip(reasons, outcomes, positive, strict=True)
    codes = np.array([[v.index(x) for v, x in zip(values.values(), row, strict=True)] for row in rows])
    parts = {name: tuple(frozenset({c}) for c in v) for name, v in values.items()}
    closed = Units("closed", parts, codes, np.ones(len(codes), dtype=np.int64))
    at_once = frozenset({("outcome", "positive")})
    assert {j.variables for j in derive(closed, settings=MANY, at_once=at_once)} == {tuple(values)}


def test_the_rank_of_the_counting_names_the_tables_whose_relation_the_system_lacks():
    made = persons(1)
    tables = programme(made)
    of = {"persons": units(made)}
    names = [t.table_id for t in tables]
    without = lacking(build_system(tables), names, of, PLACES_AND_TIMES)
    assert {"by sex", "by group"} <= set(without[0].tables)
    known = derive(of["persons"], PLACES_AND_TIMES)
    assert lacking(build_system(tables, known), names, of, PLACES_AND_TIMES) == []


def test_a_certificate_holds_the_relations_that_it_stands_on():
    made = persons(2)
    known = derive(units(made), PLACES_AND_TIMES)
    protected = protect(programme(made), POLICY, profile="suppress", relations=known)
    certificates = make_certificates(protected.audit, relations=known)
    assert verify_certificates(certificates, protected.tables, POLICY, relations=known) > 0
    stands_on = certificates["relations"]
    assert {joint.sentence() for joint in known} <= {said for said, _ in stands_on["equations"]} | {
        *stands_on["office"]
    }
    assert sum(count for _, count in stands_on["equations"]) == len(certificates["equations"])
    assert check(certificates)[0] == []
    stands_on["equations"].pop()
    problems = check(certificates)[0]
    assert "not those" in problems[0]
    assert "stand on no relation" in problems[1]


def test_the_certificate_of_the_office_lists_the_combinations_that_it_stands_on():
    made = persons(2)
    known = derive(units(made), PLACES_AND_TIMES)
    protected = protect(programme(made), POLICY, profile="suppress", relations=known)
    whole = make_certificates(protected.audit, relations=known, combinations=True)
    assert verify_certificates(whole, protected.tables, POLICY, relations=known) > 0
    assert [len(listed["occur"]) for listed in whole["relations"]["office"]] == [
        len(joint.possible) for joint in known
    ]
    whole["relations"]["office"][0]["occur"].pop()
    assert "relations" in check(whole)[0][0]
    # One combination less, and the equations that the tables are checked with are others.
    fewer = [replace(known[0], possible=known[0].possible[1:]), *known[1:]]
    with pytest.raises(InputProblem, match="other tables"):
        verify_certificates(whole, protected.tables, POLICY, relations=fewer)


def test_of_tables_by_place_and_time_alone_nothing_is_lacking():
    """A table may be by the year only: then no condition is left to tell its cells apart but where and when."""
    counts = {("P1",): 40, ("P2",): 9, ("P3",): 14}
    by_place = CountTable(
        "by place", "persons", (Dimension("place", tuple(map(Category.of, PLACE))),), counts
    )
    codes = np.repeat(np.arange(3), list(counts.values()))[:, None]
    counted = Units(
        "persons", {"place": tuple(frozenset({p}) for p in PLACE)}, codes, np.ones(63, dtype=np.int64)
    )
    system = build_system([by_place], [])
    assert lacking(system, ["by place"], {"persons": counted}, PLACES_AND_TIMES) == []


def test_answers_of_which_everybody_has_one_add_up_to_everybody():
    """Several could be given and nobody gave two: then one hidden answer is the rest of its row, however rare it is."""
    # Two by two they are too rare to tell that nobody has both.
    answers = {"F": 39, "M": 42, "P": 36, "T": 45, "R": 33, "UNK": 720}
    names = [f"sector has any of {code}" for code in answers]
    codes = np.eye(len(answers), dtype=np.int64)
    units = Units(
        "persons",
        {name: (frozenset({"no"}), frozenset({"yes"})) for name in names} | {"place": tuple(frozenset({p}) for p in PLACE)},
        np.array([[*row, p] for row in codes for p in range(3)], dtype=np.int64),
        np.array([n // 3 for n in answers.values() for _ in range(3)], dtype=np.int64),
    )  # fmt: skip
    joints = derive(units, PLACES_AND_TIMES, settings=10_000)  # too many for one joint table of everything
    rows = {"P1": (16, 13, 12, 16, 15, 200), "P2": (15, 12, 3, 19, 18, 150)}
    counts = {(p, code): n for p, row in rows.items() for code, n in zip(answers, row, strict=True)}
    for p in ("P1", "P2"):
        counts[p, "Total"] = sum(n for (q, _), n in counts.items() if q == p)
    of = CountTable(
        "sectors", "persons",
        (Dimension("place", tuple(map(Category.of, ("P1", "P2")))),
         Dimension("sector", (*map(Category.of, answers), Category.of("Total", *answers)))),
        counts, multiple_response=frozenset({"sector"}),
    )  # fmt: skip
    made = protect([of], POLICY, profile="suppress", relations=joints)
    hidden = [cell for cell, printed in made.tables[0].cells.items() if printed.shown is None]
    assert ("P2", "P") in hidden
    assert len([cell for cell in hidden if cell[0] == "P2"]) > 1  # alone, it is the total less the others
    without = protect([of], POLICY, profile="suppress")
    assert not audit(without.tables, POLICY, relations=joints).safe
