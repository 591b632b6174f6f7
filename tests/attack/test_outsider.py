"""The attacker written from scratch finds planted leaks of every kind, and nothing where nothing was planted."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from tests.attack.outsider.__main__ import main
from tests.attack.outsider.whole import attack_folder

C = "hidden"


class Folder:
    """A small release, written as a release is printed."""

    def __init__(self, path: Path) -> None:
        self.path, self.definitions = path, []
        (path / "data").mkdir(parents=True)
        (path / "manifest.json").write_text(json.dumps({"protection": {"threshold": 5}}))

    def table(
        self, name: str, dimensions: dict, values: list, where: str | None = None, population: str = "persons",
        several: tuple[str, ...] = (), measure: dict | None = None, measures: list | None = None,
        value: str = "",
    ) -> None:  # fmt: skip
        """Add a table. `dimensions`: variable -> codes, or code -> leaves; a number or `C` for each cell in order."""
        full = {v: c if isinstance(c, dict) else _with_total(c) for v, c in dimensions.items()}
        query = "".join(f'unnest(CASE WHEN "{v}" IS NULL' for v in several)
        if value:
            query += f'"{value}" AS value ("{value}" IS NOT NULL)'
        self.definitions.append(
            {"id": name, "title": {"en": f"Table {name}"}, "population": {"name": population}, "where": where,
             "dimensions": full, "query": query, "measure": measure}
        )  # fmt: skip
        with (self.path / "data" / f"{name}.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow([*full, "value", "protection", *(["measure"] if measures else [])])
            for n, (cell, shown) in enumerate(zip(product(*full.values()), values, strict=True)):
                told = ["", C] if shown == C else [shown, ""]
                if isinstance(shown, str) and shown.startswith("~"):
                    told = [shown[1:], "rounded"]
                rows.writerow([*cell, *told, *([measures[n]] if measures else [])])
        (self.path / "definitions.json").write_text(json.dumps(self.definitions))


def _with_total(codes: list[str]) -> dict[str, list[str]]:
    leaves = [c for c in codes if c != "Total"]
    return {c: leaves if c == "Total" else [c] for c in codes}


SEX = ["F", "M", "UNK", "Total"]
MINOR = ["Y", "N", "UNK", "Total"]


def one_sum(f: Folder, leak: bool) -> None:
    f.table("T", {"sex": SEX}, [30 if leak else C, C, 0, 33])


def one_answer_each(f: Folder, leak: bool) -> None:
    # Rows that are all printed add up: nobody gave two answers, and the hidden one is the rest of its row.
    more = [11, 13, 6, 30, 10, C, 22, 35] if leak else [11, 13, 6, 25, 20, C, 22, 35]
    f.table("T", {"year": ["1", "2", "3"], "work": ["A", "B", "D", "Total"]}, [20, 9, 12, 41, *more], several=("work",))  # fmt: skip


def two_tables(f: Folder, leak: bool) -> None:
    f.table("T", {"town": ["A", "B", "Total"], "sex": ["F", "M", "Total"]}, [C, C, 20, C, C, 30, 40, 10, 50])
    f.table("S", {"sex": ["F", "M", "Total"], "town": {"A": ["A"]}}, [18, 2, 20] if leak else [C, C, 20])


def region(f: Folder, leak: bool) -> None:
    f.table("T", {"territory": ["ALB", "SRB", "SVN"], "year": ["2022"]}, [40, C, 20 if leak else C])
    f.table("R", {"territory": {"Total": ["ALB", "SRB", "SVN"]}, "year": ["2022"]}, [63])


def condition(f: Folder, leak: bool) -> None:
    f.table("T", {"kind": ["A", "B", "C", "D", "Total"]}, [20, C, C, 31, 60])
    f.table(
        "W", {"result": ["Y", "N", "Total"]}, [14, 8, 22] if leak else [C, C, C], where="kind IN ('A', 'B')"
    )


def condition_of_everything_else(f: Folder, leak: bool) -> None:
    f.table("T", {"kind": ["A", "B", "C", "D", "Total"]}, [20, C, C, 31, 60])
    f.table(
        "W",
        {"result": ["Y", "N", "Total"]},
        [7, 0, 7] if leak else [C, C, C],
        where="kind NOT IN ('A', 'B', 'D')",
    )


def part_of_a_population(f: Folder, leak: bool) -> None:
    f.table("T", {"sex": ["F", "M", "Total"]}, [50, 20, 70])
    f.table("W", {"sex": ["F", "M", "Total"]}, [C, C, 20 if leak else C], where="adult = 'Y'")
    f.table(
        "V",
        {"sex": ["F", "M", "Total"]},
        [47, C, C] if leak else [C, C, C],
        where="adult IS DISTINCT FROM 'Y'",
    )


def girls_and_boys(f: Folder, leak: bool) -> None:
    f.table("S", {"sex": ["F", "M", "Total"]}, [C, C, 100])
    f.table("M", {"minor": ["Y", "N", "Total"]}, [30, 70, 100] if leak else [C, C, 100])
    f.table(
        "G", {"adult_sex_group": ["WOMEN", "MEN", "GIRLS", "BOYS", "UNK", "Total"]}, [C, C, 27, C, 0, 100]
    )


def ages_and_minors(f: Folder, leak: bool) -> None:
    bands = ["0-13", "14-17", "18-23", "24-29", "30+", "UNK", "Total"]
    f.table("A", {"report_age_band": bands}, [C, 20, 30, C if leak else 26, 25 if leak else C, 0, 100])
    f.table("M", {"minor": MINOR}, [22, 78, 0, 100] if leak else [C, C, 0, 100])


def several_answers(f: Folder, leak: bool) -> None:
    means = {"A": ["A"], "B": ["B"], "UNK": ["UNK"], "Total": ["A", "B", "UNK"]}
    f.table("T", {"means": means}, [30 if leak else C, 20, C, 50], several=("means",))
    f.table("W", {"sex": ["F", "M", "Total"]}, [28, C, C], where="list_contains(means, 'A')")


def too_narrow(f: Folder, leak: bool) -> None:
    f.table("T", {"town": ["A", "B"], "sex": ["F", "M", "Total"]}, [C, C, 3 if leak else 30, 20, 20, 40])


def rounded(f: Folder, leak: bool) -> None:
    f.table("T", {"kind": ["A", "B", "Total"]}, ["~5", "~10", "~15"])
    if leak:
        f.table("W", {"kind": {"B": ["B"]}}, [13])
        f.table("V", {"sex": {"Total": ["F", "M"]}}, [15])


KINDS: dict[Callable[[Folder, bool], None], tuple[str, tuple[str, ...], int | None]] = {
    one_sum: ("T", ("M",), 3),
    one_answer_each: ("T", ("3", "B"), 3),
    two_tables: ("T", ("B", "M"), 8),
    region: ("T", ("SRB", "2022"), 3),
    condition: ("T", ("B",), 2),
    condition_of_everything_else: ("T", ("B",), 2),
    part_of_a_population: ("V", ("M",), 3),
    girls_and_boys: ("G", ("BOYS",), 3),
    ages_and_minors: ("A", ("0-13",), 2),
    several_answers: ("W", ("M",), 2),
    too_narrow: ("T", ("A", "F"), None),
    rounded: ("T", ("A",), 2),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_planted_leak_is_found_and_nothing_without_it(
    tmp_path: Path, kind: Callable[[Folder, bool], None]
) -> None:
    table, codes, count = KINDS[kind]
    kind(Folder(tmp_path / "leak"), True)
    kind(Folder(tmp_path / "safe"), False)

    _, broken = attack_folder(tmp_path / "leak")
    _, safe = attack_folder(tmp_path / "safe")

    found = {(x.table, x.codes): x for x in [*broken.recovered, *broken.narrow]}
    assert (table, codes) in found
    if count is not None:
        assert (found[table, codes].low, found[table, codes].high) == (count, count)
    assert safe.attacked > 0
    assert [*safe.recovered, *safe.narrow, *safe.undecided] == []


def test_command_counts_and_fails_where_something_was_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one_sum(Folder(tmp_path / "leak"), True)
    one_sum(Folder(tmp_path / "safe"), False)

    assert main([str(tmp_path / "leak")]) == 1
    assert "attacked 1, recovered 1, of them 1 to 4: 1, too narrow 0, undecided 0" in capsys.readouterr().out
    assert main([str(tmp_path / "safe")]) == 0
    assert main([str(tmp_path)]) == 2


def test_what_no_edition_tells_alone_is_found_in_several(tmp_path: Path, capsys) -> None:
    line = {"year": ["2021"]}
    years = {}
    for name in ("2022", "2023"):
        years[name] = Folder(tmp_path / name)
    two_tables(years["2022"], leak=False)
    years["2022"].table("T-late", line, [6], population="persons late 2022")
    years["2023"].table("S", {"sex": ["F", "M", "Total"], "town": {"A": ["A"]}}, [18, 2, 20])
    years["2023"].table("T-late", line, [8], population="persons late 2023")
    editions = [str(tmp_path / name) for name in years]
    assert [main([folder]) for folder in editions] == [0, 0]
    capsys.readouterr()
    assert main(editions) == 1
    found = capsys.readouterr().out
    assert "recovered: 2022/T [A, M] 2\n" in found
    assert "recovered: T-late [2021] 2\n" in found


def test_a_hidden_cell_in_which_nobody_can_be_is_no_finding(tmp_path: Path) -> None:
    f = Folder(tmp_path / "release")
    values = [C, C, 20, C, 60, C, C, 0, 0, 0, 0, 0]
    f.table("T", {"minor": ["Y", "N", "UNK"], "adult_sex_group": ["WOMEN", "MEN", "GIRLS", "BOYS"]}, values)

    _, verdict = attack_folder(f.path)

    assert {x.codes for x in verdict.impossible} == {("Y", "WOMEN"), ("Y", "MEN"), ("N", "GIRLS")}
    assert (verdict.attacked, verdict.recovered, verdict.narrow) == (5, [], [])


def test_rule_that_the_numbers_contradict_is_dropped_and_said(tmp_path: Path) -> None:
    f = Folder(tmp_path / "release")
    f.table("A", {"report_age_band": ["0-13", "14-17", "18-23", "24-29", "30+", "UNK"]}, [9, 9, 9, 9, C, C])
    f.table("M", {"minor": ["Y", "N"]}, [2, 50])

    _, verdict = attack_folder(f.path)

    assert any("contradict" in word and "report_age_band" in word for word in verdict.words)
