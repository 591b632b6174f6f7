"""What a population counts: keys that the warehouse knows, and the threshold held for the persons behind them."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from clearing_point.analysis.count import Counted, count_indicators
from clearing_point.analysis.dry_run import uncountable
from clearing_point.disclosure import Policy, protect
from clearing_point.errors import InputProblem
from clearing_point.standard import Standard
from clearing_point.standard.expressions import install_macros
from clearing_point.standard.model import Breakdown, Indicator, Population
from tests.units import know_units

POLICY = Policy.plain(5)
SEX = Breakdown("sex", "sex", {"en": "Sex"}, unknown=False)
TABLE = Indicator("X", 1, "numbers", {"en": "X"}, {"en": "X"}, "told", (SEX,), ("sex",), ())
"""Two women, twenty men and thirty others: one referral each."""
ROWS = [(n, "F" if n < 2 else "M" if n < 22 else "X") for n in range(52)]
ONCE = "SELECT 'S/' || number AS unit_id, sex FROM told"
TEN_TIMES = "SELECT 'S/' || number AS unit_id, sex, unnest(range(10)) AS turn FROM told"
MADE_UP = "SELECT 'S/' || number || '/' || turn AS unit_id, sex FROM (SELECT *, unnest(range(10)) AS turn FROM told)"


def counted(standard: Standard, population: Population, table: Indicator = TABLE) -> Counted:
    connection = duckdb.connect()
    install_macros(connection, standard)
    connection.execute("CREATE TABLE told (number INT, sex VARCHAR)")
    connection.executemany("INSERT INTO told VALUES (?, ?)", ROWS)
    know_units(connection, population.unit, "SELECT number FROM told")
    changed = replace(standard, populations={"told": population})
    return count_indicators(connection, changed, [table], [2021])[0]


def told(sql: str, unit: str = "referral", each: tuple[str, ...] = ()) -> Population:
    return Population("told", {"en": "told"}, {"en": "told"}, sql, unit=unit, each=each)


@pytest.mark.parametrize(
    ("population", "words"),
    [
        (told(MADE_UP), "520 of its rows count what no sender sent"),
        (told("SELECT number || 'x' AS person_id, sex FROM told", unit="person"), "52 of its rows"),
        (told("SELECT sex FROM told"), "has no column 'unit_id'"),
        (told(ONCE, each=("turn",)), "has no column 'turn'"),
        (told(ONCE, unit="scorecard"), "no table of cases"),
        (told("SELECT 'S/' || number AS unit_id, sex, 'B' AS sent_by FROM told"), "'sent_by' is a name of the engine's"),
        # Each referral would stand behind another person, and two women would be twenty.
        (told("SELECT 'S/' || number AS unit_id, 'S/' || (number + 9) AS case_id, sex FROM told"), "'case_id' is a name"),
        (told("SELECT 'S/' || number AS unit_id, 'again' AS mark, sex FROM told"), "'mark' is a name"),
    ],
)  # fmt: skip
def test_units_that_nobody_sent_are_refused(standard: Standard, population: Population, words: str) -> None:
    with pytest.raises(InputProblem, match=words):
        counted(standard, population)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("unit_id <> 'S/0'", "speaks of 'unit_id'"),
        ("(SELECT max(sex) FROM population_told WHERE unit_id = 'S/0') = 'F'", "speaks of 'unit_id'"),
        ("sex IN (SELECT min(sex) FROM population_told)", "asks other rows"),
        ("person_behind = 'S/0' OR sex = 'M'", "speaks of 'person_behind'"),
    ],
)
def test_a_condition_may_not_ask_who_one_person_is(standard: Standard, condition: str, words: str) -> None:
    """A table that is full or empty by what one person is tells it, however large its numbers."""
    with pytest.raises(InputProblem, match=f"Indicator X: its condition {words}"):
        counted(standard, told(ONCE), replace(TABLE, where=condition))


def test_rows_that_say_the_same_unit_ten_times_count_it_once(standard: Standard) -> None:
    table = counted(standard, told(TEN_TIMES)).table
    assert table.counts[("F",)] == 2


def test_ten_units_of_each_person_are_judged_by_the_persons(standard: Standard) -> None:
    table = counted(standard, told(TEN_TIMES, each=("turn",))).table
    assert (table.counts[("F",)], table.behind[("F",)].persons) == (20, 2)
    assert table.behind[("F",)].own == {"S": (20, 2)}
    assert protect([table], POLICY, profile="suppress").tables[0].cells[("F",)].shown is None
    blind = replace(table, behind={})
    assert protect([blind], POLICY, profile="suppress").tables[0].cells[("F",)].shown == 20, (
        "without persons it is open"
    )


@pytest.mark.nightly
def test_every_population_of_the_standard_is_seen_to_count_before_data_come(
    standard: Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A population that no made row reaches would not be checked at all.

    Quick: tests/contract/test_standard.py::test_the_standard_has_no_inconsistency
    """
    from clearing_point.analysis import dry_run

    reached = {}
    original = dry_run.population_table

    def watched(connection: duckdb.DuckDBPyConnection, known: Standard, name: str) -> None:
        original(connection, known, name)
        reached[name] = connection.execute(f"SELECT count(*) FROM population_{name}").fetchone()[0]

    monkeypatch.setattr(dry_run, "population_table", watched)
    assert uncountable(standard) == []
    assert set(reached) == set(standard.populations)
    # Two follow-ups of one period of assistance are compared in it; test_follow_up_changes counts it by hand.
    assert {name for name, rows in reached.items() if not rows} == {"follow_up_changes"}, reached
