"""Four editions in a row: with nothing new, late, missing and corrected data, nearly all tables are printed every time."""

from __future__ import annotations

import json

import duckdb
import pytest
import yaml

from clearing_point.disclosure import Ledger, audit, load_policy
from tests.attack.outsider.whole import attack_editions
from tests.command import command
from tests.pipeline.test_editions import late_in, place_over, release_hash

YEARS = (2022, 2023, 2024, 2025)
SOME = ["T01", "T01A", "T01L", "T10", "T13", "E15"]


def plan_editions(project, tables, first) -> None:
    path = project.root / "reports" / "editions" / "2022.yml"
    plan = yaml.safe_load(path.read_text(encoding="utf-8")) | {"tables": tables, "key_figures": []}
    plan["small_territory_tables"] = [t for t in plan["small_territory_tables"] if t in tables]
    for year in YEARS:
        own = {"year": year, "trend_from": first, "provisional_years": [year]}
        text = yaml.safe_dump(plan | own, allow_unicode=True)
        path.with_name(f"{year}.yml").write_text(text, encoding="utf-8")


def came_in(project, territory: str, year: int, accepted: bool) -> None:
    """Let a submission be in, or not (yet, or any more)."""
    with duckdb.connect(str(project.warehouse)) as connection:
        changed = connection.execute(
            "UPDATE raw.submission SET status = ? WHERE territory = ? AND year(period_end) = ? AND use = 'count' RETURNING 1",
            ["ACCEPTED" if accepted else "RECEIVED", territory, year],
        ).fetchall()
    assert changed


def publish(project, year, *more) -> dict:
    where = ("--project", project.root, "--data", project.data)
    code, out, err = command("publish", "--edition", str(year), "--json", *more, *where)
    assert code == 0, err
    return json.loads(out)


def in_a_row(project, tables, first: int, withheld: int) -> None:
    plan_editions(project, tables, first)
    late = late_in(project)
    came_in(project, late, 2022, False)
    assert len(publish(project, 2022)["withheld"]) <= withheld
    out = release_hash(project, 2022)
    came_in(project, late, 2022, True)  # late
    assert len(publish(project, 2023)["withheld"]) <= withheld
    came_in(project, "ALB", 2021, False)  # taken back
    assert len(publish(project, 2024)["withheld"]) <= withheld
    came_in(project, "ALB", 2021, True)  # and corrected
    assert len(publish(project, 2025)["withheld"]) <= withheld
    assert release_hash(project, 2022) == out
    # Whoever has all four finds nobody.
    folders = [project.releases / str(year) for year in YEARS]
    found = attack_editions(folders, standard=project.schemas)[1]
    assert found.attacked > 10
    assert [*found.recovered, *found.narrow, *found.undecided] == []
    # Again from the same: the same bytes; revised: everything anew, with its reason.
    newest = release_hash(project, 2025)
    publish(project, 2025)
    assert release_hash(project, 2025) == newest
    policy = load_policy(project.schemas / "disclosure.yml")
    assert audit(Ledger(project.ledger).tables(), policy).safe
    assert len(publish(project, 2025, "--complete-revision", "Counted anew")["withheld"]) <= withheld
    assert release_hash(project, 2025) != newest


@pytest.mark.nightly
def test_editions_follow_each_other(demo, root, tmp_path):
    """Four of them; of two, with late, rejected and joined cases, by day.

    Quick: tests/pipeline/test_editions.py::test_later_status_and_later_links_change_no_number_that_is_out_and_are_counted
    Quick: tests/pipeline/test_editions.py::test_a_complete_revision_counts_anew_with_its_reason
    """
    in_a_row(place_over(demo, root, tmp_path), SOME, 2021, withheld=0)


@pytest.mark.nightly
def test_editions_of_the_whole_programme_follow_each_other(full_demo, root, tmp_path):
    """All territories, years and tables.

    Quick: tests/pipeline/test_editions.py::test_later_status_and_later_links_change_no_number_that_is_out_and_are_counted
    """
    project = place_over(full_demo, root, tmp_path)
    (project.root / "whole").touch()
    plan = yaml.safe_load((root / "reports" / "editions" / "2022.yml").read_text(encoding="utf-8"))
    in_a_row(project, plan["tables"], plan["trend_from"], withheld=len(plan["tables"]) // 20)
