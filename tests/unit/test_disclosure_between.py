"""Relations between populations: who is counted twice is matched, and what follows from it is protected."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa

from clearing_point.analysis.between import inclusions
from clearing_point.analysis.incidence import Told
from clearing_point.disclosure import Category, CountTable, Dimension, audit, load_policy, protect
from clearing_point.disclosure.cells import build_system
from clearing_point.disclosure.model import Inclusion
from clearing_point.disclosure.values import fill
from tests.conftest import ROOT
from tests.unit.test_disclosure_relations import GROUP, SEX, persons, table

POLICY = load_policy(ROOT / "schemas" / "disclosure.yml")
PERSONS = SimpleNamespace(unit="person", each=())
THINGS = SimpleNamespace(unit="referral", each=())
FROM = {"P1": "SRB", "P2": "ALB", "P3": "BGR"}


def told(name: str, rows: list[dict[str, str]], **variables: tuple[str, ...]) -> Told:
    values = {"territory": tuple(FROM.values()), **variables}
    rows = [r | {"territory": FROM[r["place"]]} for r in rows]
    codes = np.array([[of.index(r[v]) for v, of in values.items()] for r in rows])
    parts = {v: tuple(frozenset({code}) for code in of) for v, of in values.items()}
    columns = {
        "unit": [r.get("thing", r["name"]) for r in rows],
        "person": [r["name"] for r in rows],
        "territory": [r["territory"] for r in rows],
        "year": ["2022"] * len(rows),
        "mark": [r.get("mark") for r in rows],
    }
    return Told(
        name, parts, codes, {c: pa.chunked_array([pa.array(v, pa.string())]) for c, v in columns.items()}
    )


def named(seed: int) -> list[dict[str, str]]:
    return [p | {"name": f"{at}"} for at, p in enumerate(persons(seed))]


def at_home(tables: list[CountTable], name: str) -> list[CountTable]:
    """The same tables of a population, with places as the engine names them."""
    found = []
    for each in tables:
        first, *rest = each.dimensions
        codes = [Category(c.code, frozenset(FROM[m] for m in c.members)) for c in first.categories]
        place = Dimension("territory", tuple(codes))
        found.append(replace(each, dimensions=(place, *rest), population=name))
    return found


def test_a_part_of_a_population_that_nobody_declared_is_matched_and_protected():
    everybody = named(2)
    minors = [p for p in everybody if p["minor"] == "Y"]
    found = inclusions(
        {
            "all": told("all", everybody, sex=SEX, group=(*GROUP.values(), "UNK")),
            "minors": told("minors", minors, sex=SEX, school=("0", "1")),
        },
        {"all": PERSONS, "minors": PERSONS},
    )
    by = {(i.part_population, i.whole_population): i for i in found}
    assert by["minors", "all"].members == ((),)
    assert by["all", "minors"].members == ((("group", frozenset({"girls", "boys"})),),)
    tables = [
        *at_home([table("sex", everybody, "sex", SEX), table("group", everybody, "group", (*GROUP.values(), "UNK"))], "all"),
        *at_home([table("sex of minors", minors, "sex", SEX), table("school", minors, "school", ("0", "1"))], "minors"),
    ]  # fmt: skip
    safe = protect(tables, POLICY, profile="suppress", relations=found)
    assert audit(safe.tables, POLICY, relations=found).safe
    naive = protect(tables, POLICY, profile="suppress")
    against = audit(naive.tables, POLICY, relations=found)
    assert against.recovered + against.too_narrow > 0
    true = {t.table_id: t.counts for t in tables}
    assert all(f.low <= true[f.table_id].get(f.cell, 0) for f in against.cells if f.printed)


def test_persons_and_their_things_are_tied_by_at_least_one_and_strangers_not_at_all():
    everybody = named(1)
    things = [
        p | {"thing": f"{p['name']}/{n}", "kind": "first" if n == 0 else "later"}
        for at, p in enumerate(everybody)
        for n in range(1 + at % 3)
    ]
    strangers = [p | {"name": f"other {p['name']}"} for p in everybody]
    found = inclusions(
        {
            "referred": told("referred", everybody, sex=SEX),
            "referrals": told("referrals", things, kind=("first", "later")),
            "strangers": told("strangers", strangers, sex=SEX),
        },
        {"referred": PERSONS, "referrals": THINGS, "strangers": PERSONS},
    )
    assert [(i.part_population, i.whole_population, i.things) for i in found] == [
        ("referred", "referrals", True)
    ]
    (inclusion,) = found
    assert isinstance(inclusion, Inclusion)
    # Everybody has a first referral, and not everybody a later one.
    assert [(a.variable, a.other, a.possible) for a in inclusion.alike if not a.variable] == [
        ("", "kind", frozenset({(0, 0)}))
    ]


def test_what_holds_of_each_territory_is_found_where_the_number_of_the_region_breaks_it():
    """Ten persons had help in one territory and a bed in another: the region counts them by the first and by the second."""
    everybody = [p | {"mark": "first", "bed": "N"} for p in named(1)]
    in_bed = [p | {"bed": "Y"} for p in everybody[::2]]
    whole = [*in_bed, *everybody[1::2]]
    moved = [
        p | {"place": "P1" if p["place"] == "P2" else "P2", "mark": "again", "bed": "Y"}
        for p in everybody[1:20:2]
    ]
    slept = [*in_bed, *(p | {"mark": "first"} for p in moved)]
    found = inclusions(
        {
            "assisted": told("assisted", [*whole, *moved], bed=("Y", "N")),
            "sheltered": told("sheltered", slept, sex=SEX),
        },
        {"assisted": PERSONS, "sheltered": PERSONS},
    )
    as_what = {
        i.region: {(a.other, a.possible) for a in i.alike if not a.variable}
        for i in found
        if i.part_population == "sheltered"
    }
    # In the region she may be of either kind, in each territory of one.
    assert as_what == {True: {("bed", frozenset({(0, 0), (0, 1)}))}, False: {("bed", frozenset({(0, 0)}))}}


def test_cases_counted_twice_in_a_territory_are_not_the_persons_of_it():
    """A table of second cases has a cell a territory, too: nobody who was referred need be among them."""
    everybody = [p | {"mark": "first"} for p in named(1)]
    referred = [p for p in everybody if p["minor"] == "Y"]
    (found,) = [
        i
        for i in inclusions(
            {"all": told("all", everybody), "referred": told("referred", referred, sex=SEX)},
            {"all": PERSONS, "referred": PERSONS},
        )
        if i.part_population == "referred"
    ]
    assert found.members == ((),)
    (sex,) = at_home([table("sex of referred", referred, "sex", SEX)], "referred")
    twice = Dimension(
        "territory", tuple(Category(place, frozenset({f"{place}:within"})) for place in FROM.values())
    )
    tables = [sex, CountTable("twice", "all", (twice,), {(place,): 0 for place in FROM.values()})]
    assert not [n for n, _ in build_system(tables, relations=[found]).keys if " without " in n]
    there = Dimension(
        "territory",
        tuple(
            Category(place, frozenset({place, f"{place}:open", f"{place}:again"})) for place in FROM.values()
        ),
    )
    counts = {(place,): sum(FROM[p["place"]] == place for p in everybody) for place in FROM.values()}
    tables.append(CountTable("persons", "all", (there,), counts))
    system = build_system(tables, relations=[found])
    assert len({n for n, _ in system.keys if " without " in n}) == len(FROM)
    fill(system, tables)


def test_who_is_moved_to_another_year_or_left_out_in_one_place_is_protected():
    """A population that counts three of 2021 in 2022, and others in a third place that nobody else counts."""
    everybody = named(2)
    for at, p in enumerate(everybody):
        p["year"] = "2022" if at % 2 else "2021"
    first = [p for p in everybody if p["year"] == "2021" and p["place"] == "P1"][:3]
    moved = [p | {"year": "2022"} if p in first else p for p in everybody]
    moved += [p | {"name": f"x{p['name']}"} for p in everybody if p["place"] == "P3"][:6]
    both = {"A": told("A", everybody), "B": told("B", moved)}
    for name, rows in (("A", everybody), ("B", moved)):
        both[name].of["year"] = pa.chunked_array([pa.array([p["year"] for p in rows])])
    populations = {"A": PERSONS, "B": PERSONS}
    found = inclusions(both, populations)
    of = {i.part_population: i.only for i in found if i.only and not i.region}
    assert ("SRB", "2021") in of["B"] - of["A"]
    assert ("SRB", "2022") in of["A"] - of["B"]
    tables = []
    years = Dimension("reference_year", (Category.of("2021"), Category.of("2022")))
    for name, rows in (("A", everybody), ("B", moved)):
        places = tuple(Category.of(t) for t in FROM.values())
        total = Category("Total", frozenset(FROM.values()))
        counts = {
            (t.code, y.code): sum(FROM[r["place"]] in t.members and r["year"] in y.members for r in rows)
            for t in (*places, total)
            for y in years.categories
        }
        tables.append(CountTable(f"T{name}", name, (Dimension("territory", (*places, total)), years), counts))
    policy = replace(POLICY, small_population_minimum=0, senders="nobody")
    one, other = protect(tables, policy, profile="suppress", relations=found).tables
    cells = (("SRB", "2021"), ("SRB", "2022"))
    assert all(None in (one.cells[cell].shown, other.cells[cell].shown) for cell in cells)
    open_ = protect(tables, policy, profile="suppress").tables
    assert not audit(open_, policy, relations=found).safe
    assert open_[0].cells[cells[0]].shown - open_[1].cells[cells[0]].shown == 3, "without it three are told"
