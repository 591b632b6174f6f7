"""The counting rules R1-R12 in the engine: known bases, measures, rates on an equal basis, and what is part of what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from clearing_point.analysis.count import Counted, count_indicators, open_current
from clearing_point.analysis.known import relations_of
from clearing_point.analysis.measures import Denominators, notes_of, values_of
from clearing_point.disclosure import Relation, load_policy, protect
from clearing_point.disclosure.model import Protected
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.report.signs import print_measure, share_of_known
from clearing_point.report.words import load_words
from clearing_point.standard import Standard
from clearing_point.standard.expressions import install_macros
from clearing_point.standard.model import Breakdown, Indicator, Measure, Population
from clearing_point.warehouse.connection import connect
from clearing_point.warehouse.shape import prepare_warehouse
from tests.conftest import ROOT
from tests.units import know_units

YEAR = Breakdown("reference_year", "year", {"en": "Year"}, total=False)
TERRITORY = Breakdown("territory", "territory", {"en": "Territory"})
FORM = Breakdown("form", "exploitation_form", {"en": "Form"}, categories=("SEX", "LAB", "OTH"))


def indicator(which: str, by: Sequence[Breakdown], population: str = "units", **more: Any) -> Indicator:
    return Indicator(which, 1, "numbers", {"en": which}, {"en": which}, population, tuple(by), (), (), **more)


def counted(
    standard: Standard, columns: str, rows: Sequence[tuple[Any, ...]], *indicators: Indicator
) -> list[Counted]:
    connection = duckdb.connect()
    install_macros(connection, standard)
    connection.execute(f"CREATE TABLE told ({columns})")
    connection.executemany(f"INSERT INTO told VALUES ({', '.join('?' * len(rows[0]))})", rows)
    know_units(connection, "referral", "SELECT DISTINCT unit_id FROM told")
    query = "SELECT * REPLACE ('S/' || unit_id AS unit_id) FROM told"
    units = Population("units", {"en": "units"}, {"en": "units"}, query, unit="referral")
    changed = replace(standard, populations={"units": units})
    return count_indicators(connection, changed, list(indicators), [2021, 2022])


def shares(counts: Mapping[tuple[str, ...], int], minimum: int, standard: Standard) -> dict[str, str]:
    words = load_words(ROOT / "reports", "en")
    total, unknown = counts[("Total",)], counts.get(("UNK",), 0)
    found = {}
    for (code,), count in counts.items():
        share = share_of_known(count, total, unknown, minimum, standard.settings["thresholds"], words)
        if share is not None and code not in ("Total", "UNK"):
            found[code] = share.text
    return found


def test_shares_are_of_the_known_and_may_exceed_a_hundred(standard: Standard) -> None:
    rows = [(n, codes) for n, codes in enumerate([["LAB"], ["SEX"], ["OTH"], None, ["LAB", "SEX"]])]
    made = counted(standard, "unit_id INT, form VARCHAR[]", rows, indicator("X", [FORM], multiple=True))
    counts = made[0].table.counts
    assert counts == {("LAB",): 2, ("SEX",): 2, ("OTH",): 1, ("UNK",): 1, ("Total",): 5}
    assert shares(counts, 1, standard) == {"LAB": "50 %", "SEX": "50 %", "OTH": "25 %"}
    assert shares(counts, 20, standard) == {}, "four known are no base for a percentage (R6)"


def test_denied_in_full_is_known_and_missing_codes_are_not(standard: Standard) -> None:
    rows = [(1, []), (2, ["UNK"]), (3, ["UNK", "SEX"]), (4, ["NAS", "REF"])]
    made = counted(standard, "unit_id INT, form VARCHAR[]", rows, indicator("X", [FORM], multiple=True))
    assert made[0].table.counts == {("SEX",): 1, ("UNK",): 2, ("Total",): 4}


def shown(made: Sequence[Counted], standard: Standard, **more: Any) -> dict[str, Protected]:
    policy = load_policy(standard.folder / "disclosure.yml")
    result = protect(
        [c.table for c in made], policy, profile="suppress", relations=relations_of(made), **more
    )
    return {table.table_id: table for table in result.tables}


NIGHTS = "unit_id INT, reference_year INT, nights DOUBLE"


def nights(kind: str) -> Indicator:
    return indicator("X", [YEAR], measure=Measure(kind, {"en": "nights"}, "nights"))


@pytest.mark.parametrize(("kind", "expected"), [("median", 3.0), ("mean", 3.0), ("sum", 60.0)])
def test_a_measure_rests_on_known_values_of_enough_units(
    standard: Standard, kind: str, expected: float
) -> None:
    rows = [(n, 2021, float(1 + n % 5)) for n in range(20)] + [(50 + n, 2021, None) for n in range(9)]
    rows += [(100 + n, 2022, 5.0) for n in range(9)]
    made = counted(standard, NIGHTS, rows, nights(kind))
    policy = load_policy(standard.folder / "disclosure.yml")
    assert made[0].table.counts == {("2021",): 20, ("2022",): 9}, (
        "units without a value are no part of the base"
    )
    values = values_of(made[0], shown(made, standard)["X"], policy, {})
    assert values == {("2021",): expected, ("2022",): None}, "fewer than ten units carry no measure (R6)"


def test_a_sum_that_one_unit_dominates_is_not_given(standard: Standard) -> None:
    rows = (
        [(n, 2021, 10.0) for n in range(20)] + [(50 + n, 2022, 1.0) for n in range(20)] + [(99, 2022, 1000.0)]
    )
    made = counted(standard, NIGHTS, rows, nights("sum"))
    policy = load_policy(standard.folder / "disclosure.yml")
    assert values_of(made[0], shown(made, standard)["X"], policy, {}) == {("2021",): 200.0, ("2022",): None}


def test_a_part_of_a_population_is_tied_to_the_whole(standard: Standard) -> None:
    rows = [(n, 2021, float(n)) for n in range(30)] + [(50 + n, 2021, None) for n in range(3)]
    whole, part = indicator("W", [YEAR]), nights("sum")
    made = counted(standard, NIGHTS, rows, whole, part)
    relations = relations_of(made)
    assert relations == [Relation(made[1].table.population, made[0].table.population)]
    # Three are left over: printed side by side, both numbers would give them away.
    printed = shown(made, standard)
    assert None in (printed["W"].cells[("2021",)].shown, printed["X"].cells[("2021",)].shown)


def rate(
    standard: Standard, denominators: Denominators
) -> tuple[Counted, dict[tuple[str, ...], float | None] | None]:
    rows = [(n, "SRB", 2022) for n in range(62)] + [(100 + n, "XKX", 2022) for n in range(20)]
    wanted = indicator(
        "X", [TERRITORY, YEAR], years="edition",
        measure=Measure("rate", {"en": "rate"}, decimals=1, denominator="inhabitants", scale=100000),
    )  # fmt: skip
    made = counted(standard, "unit_id INT, territory VARCHAR, reference_year INT", rows, wanted)
    policy = load_policy(standard.folder / "disclosure.yml")
    return made[0], values_of(made[0], shown(made, standard)["X"], policy, {"inhabitants": denominators})


def test_a_rate_needs_people_and_inhabitants_of_one_kosovo_basis(standard: Standard) -> None:
    people = {("SRB", "2022"): 6_664_449.0, ("XKX", "2022"): 1_768_096.0}
    equal = rate(standard, Denominators(people))[1] or {}
    assert (equal["SRB", "2022"], equal["XKX", "2022"], equal["Total", "2022"]) == (0.9, 1.1, 1.0)
    # Kosovo* is not in the numerator, but in the population: blocked, and so is the total over it (G11).
    unequal = Denominators(people, frozenset({("SRB", "2022")}))
    made, values = rate(standard, unequal)
    assert values is not None
    assert (values["SRB", "2022"], values["XKX", "2022"], values["Total", "2022"]) == (None, 1.1, None)
    assert [
        "G11" in note.said() and "Serbia" in note.said()
        for note in notes_of(made, standard, {"inhabitants": unequal})
    ] == [True]


def test_a_small_cell_takes_one_more_with_it_and_the_total_stays(standard: Standard) -> None:
    sexes = ["F"] * 3 + ["M"] * 20 + ["X"] * 30
    rows = [(n, sex) for n, sex in enumerate(sexes)]
    made = counted(standard, "unit_id INT, sex VARCHAR", rows,
                   indicator("X", [Breakdown("sex", "sex", {"en": "Sex"}, unknown=False)]))  # fmt: skip
    printed = shown(made, standard)["X"]
    hidden = {cell[0] for cell, entry in printed.cells.items() if entry.shown is None}
    assert len(hidden) == 2
    assert "F" in hidden
    assert printed.cells[("Total",)].shown == 53
    assert printed.text(("F",)) == printed.text((next(iter(hidden - {"F"})),)) == "c", (
        "one sign: it must not tell which is small"
    )


def test_categories_of_a_table_alone_need_no_code_list(standard: Standard) -> None:
    by = Breakdown("area", "none", {"en": "Area"}, groups={"A": ("A1", "A2"), "B": ("B1",)})
    rows = [(1, "A1"), (2, "A2"), (3, "B1"), (4, None)]
    made = counted(standard, "unit_id INT, area VARCHAR", rows, indicator("X", [by]))
    assert made[0].table.counts == {("A",): 2, ("B",): 1, ("UNK",): 1, ("Total",): 4}


def test_what_is_printed_for_a_measure(standard: Standard) -> None:
    from clearing_point.report.signs import Printed

    words = load_words(ROOT / "reports", "en")
    count = Printed("1,200", 1200, "shown")
    assert print_measure(1234.56, 1, count, words).text == "1,234.6"
    assert print_measure(None, 1, count, words).text == "x", "the count may be shown and the measure not"
    assert print_measure(None, 1, Printed("c", None, "hidden"), words).text == "c"


def test_every_table_of_the_report_can_be_counted_on_an_empty_warehouse(
    standard: Standard, tmp_path: Path
) -> None:
    """Each population's query runs, and has the columns and code lists that its indicators name."""
    project = Project(root=ROOT, data=tmp_path / "data")
    prepare_warehouse(project, standard)
    connection = connect(Path(":memory:"), attach={"warehouse": project.warehouse})
    try:
        open_current(connection, standard)
        columns = {row[0] for row in connection.execute('DESCRIBE "current".submission').fetchall()}
        assert not columns & {"rows_read", "file_bytes"}, "how many rows a sender sent is told to no query"
        made = count_indicators(connection, standard, list(standard.indicators), [2021, 2022])
    finally:
        connection.close()
    assert {c.indicator.indicator_id for c in made} == {i.indicator_id for i in standard.indicators}
    assert not any(sum(c.table.counts.values()) for c in made)


def test_a_denominator_that_is_not_declared_is_a_mistake(standard: Standard) -> None:
    from clearing_point.analysis.measures import read_denominators

    with pytest.raises(InputProblem, match="no denominator 'moons'"):
        read_denominators(duckdb.connect(), standard, ["moons"])
