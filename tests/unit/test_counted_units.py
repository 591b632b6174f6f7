"""What a population counts: keys that the warehouse knows, and the threshold held for the persons behind them."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from clearing_point.analysis import count
from clearing_point.analysis.count import Counted, count_indicators
from clearing_point.analysis.dry_run import uncountable
from clearing_point.disclosure import Policy, protect
from clearing_point.errors import InputProblem
from clearing_point.standard import Standard
from clearing_point.standard.expressions import install_macros
from clearing_point.standard.model import Breakdown, Indicator, Measure, Population
from tests.units import know_units

POLICY = Policy.plain(5)
SEX = Breakdown("sex", "sex", {"en": "Sex"}, unknown=False)
TABLE = Indicator("X", 1, "numbers", {"en": "X"}, {"en": "X"}, "told", (SEX,), ("sex",), ())
"""Two women, twenty men and thirty others: one referral each."""
ROWS = [(n, "F" if n < 2 else "M" if n < 22 else "X") for n in range(52)]
ONCE = "SELECT 'S/' || number AS unit_id, sex FROM told"
TEN_TIMES = "SELECT 'S/' || number AS unit_id, sex, unnest(range(10)) AS nth FROM told"
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
        (told(ONCE, each=("nth",)), "has no column 'nth'"),
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


def test_ten_units_of_each_person_are_judged_by_the_persons(
    standard: Standard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were a row counted ten times in a cell, which is refused."""
    monkeypatch.setattr(count, "refuse_weights", lambda *_, **__: None)
    table = counted(standard, told(TEN_TIMES, each=("nth",))).table
    assert (table.counts[("F",)], table.behind[("F",)].persons) == (20, 2)
    assert table.behind[("F",)].own == {"S": (20, 2)}
    assert protect([table], POLICY, profile="suppress").tables[0].cells[("F",)].shown is None
    blind = replace(table, behind={})
    assert protect([blind], POLICY, profile="suppress").tables[0].cells[("F",)].shown == 20, (
        "without persons it is open"
    )


WEIGHTED = "SELECT 'S/' || number AS unit_id, sex, unnest(range(CASE WHEN number = 40 THEN 1000 ELSE 1 END)) AS nth FROM told"
"""Of one who is counted a thousand times a table of thirty would say 1029."""
BY_NTH = Breakdown("nth", "none", {"en": "Which"}, total=False, groups={"A": ("0",), "B": ("1", "2")})
DAYS = Measure("sum", {"en": "Days"}, value="days")


@pytest.mark.parametrize(
    ("sql", "each", "table"),
    [
        (WEIGHTED, ("nth",), TABLE),
        (WEIGHTED, ("nth",), replace(TABLE, by=(SEX, replace(BY_NTH, total=True)))),
        (WEIGHTED, ("nth",), replace(TABLE, by=(SEX, BY_NTH))),  # two of them in one group
        (WEIGHTED.replace("sex", "sex, 7 AS days"), (), replace(TABLE, measure=DAYS)),
        (WEIGHTED.replace("sex", "sex, 7 AS days"), (), replace(TABLE, measure=replace(DAYS, kind="median"))),
    ],
)
def test_nobody_weighs_more_than_another_in_a_cell(
    standard: Standard, sql: str, each: tuple[str, ...], table: Indicator
) -> None:
    with pytest.raises(InputProblem, match="Indicator X: one row of referral is several times in a cell"):
        counted(standard, told(sql, each=each), table)


def test_units_of_a_row_are_counted_by_what_makes_them(standard: Standard) -> None:
    by_one = replace(BY_NTH, groups={"A": ("0",), "B": ("1",)})
    table = counted(standard, told(TEN_TIMES, each=("nth",)), replace(TABLE, by=(SEX, by_one))).table
    assert table.counts["F", "A"] == table.counts["F", "B"] == 2


@pytest.mark.parametrize("name", ["linked", "lowest", "place", "turn", "Turn"])
def test_a_query_has_no_column_that_marking_uses(standard: Standard, name: str) -> None:
    """`linked` would have said who somebody is, `turn` that others count her."""
    with pytest.raises(InputProblem, match="is a name of the engine's"):
        counted(standard, told(f"{ONCE.replace('sex FROM', f'sex, 2 AS {name} FROM')}"))


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
