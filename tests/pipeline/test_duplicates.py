"""One person counted once, on the demonstration: what was planted is found, decided, kept through the end of a round."""

from __future__ import annotations

import csv
import json
import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.synthetic.columns import years_of
from clearing_point.warehouse.connection import opened
from pipelines.demo import plan_of, region_of
from tests.command import command


def run(project: Project, *arguments: str) -> tuple[int, str, str]:
    return command(*arguments, "--data", project.data, "--project", project.root)


def planted(demo: Project, standard: Standard) -> dict[int, int]:
    """Year -> persons whom a further territory identified, by the truth that no file holds."""
    region = region_of(demo, standard, plan_of(demo, standard, full=True))
    person = region.frames["person"].columns
    kept = person["verdict"].values == region.vocabulary.number("VICTIM")
    met: dict[int, dict[int, float]] = defaultdict(dict)
    rows = zip(
        region.truth[kept].tolist(), person["territory"].values[kept].tolist(),
        person["identified_on"].values[kept].tolist(), strict=True,
    )  # fmt: skip
    for human, territory, day in rows:
        met[human][territory] = min(day, met[human].get(territory, day))
    found: dict[int, int] = defaultdict(int)
    for days in met.values():
        for day in sorted(days.values())[1:]:
            found[int(years_of(np.array([day]))[0])] += 1
    return found


@pytest.mark.nightly
def test_the_region_is_smaller_than_its_parts_by_what_was_planted(
    full_demo: Project, standard: Standard
) -> None:
    """The overlap that the report prints is the one that was made.

    Quick: tests/unit/test_linkage_links.py::test_one_person_in_two_territories_is_one_in_the_region_and_one_in_each_chapter
    """
    demo = full_demo
    table: dict[str, dict[int, str]] = defaultdict(dict)
    for row in csv.DictReader((demo.releases / "2022" / "data" / "T01L.csv").open(encoding="utf-8")):
        table[row["territory"]][int(row["reference_year"])] = row["value"]
    truth = planted(demo, standard)
    shown = [year for year in table["Total"] if table["CHAPTERS"][year] and table["Total"][year]]
    assert len(shown) >= 3
    for year in shown:
        chapters, region = int(table["CHAPTERS"][year]), int(table["Total"][year])
        assert chapters - truth[year] <= region < chapters, year
        # A pair that no candidate shows is missed in the lowest number too: it is a bound of what is known.
        if table["LOWEST"][year]:
            assert int(table["LOWEST"][year]) <= region
    found = sum(int(table["CHAPTERS"][year]) - int(table["Total"][year]) for year in shown)
    assert 0.85 <= found / sum(truth[year] for year in shown) <= 1


@pytest.fixture
def copy(demo: Project, tmp_path: Path) -> Project:
    return _copied(demo, tmp_path)


@pytest.fixture
def full_copy(full_demo: Project, tmp_path: Path) -> Project:
    return _copied(full_demo, tmp_path)


def _copied(demo: Project, tmp_path: Path) -> Project:
    """The demonstration's data, to be changed."""
    data = tmp_path / "data"
    (data / "warehouse").mkdir(parents=True)
    shutil.copyfile(demo.warehouse, data / "warehouse" / demo.warehouse.name)
    return Project(root=demo.root, data=data)


def told(copy: Project) -> dict:
    code, out, _ = run(copy, "duplicates", "list", "--json")
    assert code == 0
    return json.loads(out)


@pytest.mark.nightly
def test_a_decision_holds_and_a_stale_one_is_reported(full_copy: Project) -> None:
    """Through the command line, on a pair of two territories.

    Quick: tests/unit/test_linkage_links.py::test_decisions_outlive_a_rebuild_and_say_when_they_are_stale
    """
    copy = full_copy
    before = told(copy)
    pair = next(c for c in before["open"] if c["sender_a"] != c["sender_b"])
    choice = (pair["candidate"], "same", "--role", "data officer", "--on", "2023-07-01")
    assert run(copy, "duplicates", "decide", *choice, "--reason", "short")[0] == 2
    assert (
        run(
            copy,
            "duplicates",
            "decide",
            "000000000000",
            *choice[1:],
            "--reason",
            "both senders agree",
        )[0]
        == 1
    )
    assert run(copy, "duplicates", "decide", *choice, "--reason", "both senders agree")[0] == 0
    after = told(copy)
    assert pair["candidate"] not in {c["candidate"] for c in after["open"]}
    assert after["numbers"]["after_certain_links"] == before["numbers"]["after_certain_links"] - 1
    assert after["stale"] == []
    text = (copy.data / "linkage" / "decisions.csv").read_text()
    assert pair["case_a"] not in text
    assert pair["case_b"] not in text
    with opened(copy.warehouse) as connection:
        connection.execute("UPDATE core.person SET birth_year = coalesce(birth_year, 1990) + 1")
    code, _, said = run(copy, "status")
    assert code == 0
    assert f"Decision {pair['candidate']} of 2023-07-01" in said


def test_the_end_of_a_round_forgets_tokens_and_keeps_links(copy: Project) -> None:
    before = told(copy)
    assert before["links"] > 0
    code, out, _ = run(copy, "round", "end", "demo-2022", "--role", "data officer")
    assert code == 0
    assert "forgotten" in out
    with opened(copy.warehouse, read_only=True) as connection:
        for place in ("staged", "core"):
            held = connection.execute(
                f"SELECT count(linkage_token_strict), count(linkage_token_1) FROM {place}.person"
            ).fetchone()
            assert held == (0, 0)
    after = told(copy)
    assert after["numbers"]["after_certain_links"] == before["numbers"]["after_certain_links"]
    assert run(copy, "round", "end", "demo-2022", "--role", "data officer")[0] == 1


def test_a_sender_is_shown_her_own_numbers_only(copy: Project) -> None:
    code, out, _ = run(copy, "duplicates", "list", "--sender", "SRB01", "--round", "demo-2022")
    assert code == 0
    assert out.split()
    assert all(line.startswith("RS-") for line in out.split())
    assert run(copy, "duplicates", "list", "--sender", "NOBODY", "--round", "demo-2022")[0] == 1
