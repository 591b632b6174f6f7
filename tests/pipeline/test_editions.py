"""Two editions through the command line: what is out stays, late records get a line of their own."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import yaml

from clearing_point.analysis.count import open_current
from clearing_point.analysis.persons import LINKED
from clearing_point.disclosure import Ledger, Relation, audit, load_policy
from clearing_point.errors import InputProblem
from clearing_point.linkage.step import link_submissions
from clearing_point.project import Project
from clearing_point.publication.edition import load_edition
from clearing_point.published import open_release
from clearing_point.warehouse.connection import connect
from tests.attack.outsider.whole import attack_editions
from tests.command import command
from tests.small_office import small_office

TABLES = ["T01", "T01A", "T01L", "T13"]
LATE = {True: "SVN", False: "ALB"}
"""The territory whose year comes late: in the whole demonstration, in the small one."""


def release_hash(project, year):
    # A database file holds pages that differ by run; its rows are those of the CSV files.
    folder = project.releases / str(year)
    return {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.suffix != ".duckdb" and p.name != "SHA256SUMS"
    }


def column(project, year, name, **at):
    with (project.releases / str(year) / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [row["value"] for row in csv.DictReader(file) if all(row[k] == v for k, v in at.items())]


def late_in(project) -> str:
    return LATE[(project.root / "whole").exists()]


@pytest.fixture
def place(demo, root, tmp_path):
    return place_over(demo, root, tmp_path)


@pytest.fixture
def whole_place(full_demo, root, tmp_path):
    place = place_over(full_demo, root, tmp_path)
    (place.root / "whole").touch()
    return place


def place_over(demo, root, tmp_path):
    """A project of its own with two editions of a few tables, over the data of the demonstration."""
    copy = Project(root=tmp_path / "project", data=tmp_path / "data")
    for name in ("schemas", "pipelines", "reports"):
        shutil.copytree(root / name, copy.root / name, ignore=shutil.ignore_patterns("__pycache__"))
    copy.warehouse.parent.mkdir(parents=True)
    shutil.copy(demo.warehouse, copy.warehouse)
    plan = yaml.safe_load((root / "reports" / "editions" / "2022.yml").read_text(encoding="utf-8"))
    plan |= {"tables": TABLES, "key_figures": [], "small_territory_tables": ["T01"]}
    for year in (2022, 2023):
        own = {"year": year, "trend_from": year - 2, "provisional_years": [year]}
        text = yaml.safe_dump(plan | own, allow_unicode=True)
        (copy.root / "reports" / "editions" / f"{year}.yml").write_text(text, encoding="utf-8")
    return copy


def a_late_line_is_a_table_like_others(folder, name):
    """It is described, defined and in the database: a line that only a CSV holds would be missed."""
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert f"data/{name}.csv" in {r["path"] for r in package["resources"]}
    assert name in {d["id"] for d in json.loads((folder / "definitions.json").read_text(encoding="utf-8"))}
    with open_release(folder) as release:
        assert len(release.sql(f"SELECT 1 FROM cell WHERE indicator_id = '{name}'"))


def came_in(project, accepted: bool):
    """Let the year's submission of one territory be in, or not yet."""
    with duckdb.connect(str(project.warehouse)) as connection:
        changed = connection.execute(
            "UPDATE raw.submission SET status = ? WHERE territory = ? AND period_start >= DATE '2022-01-01' RETURNING 1",
            ["ACCEPTED" if accepted else "RECEIVED", late_in(project)],
        ).fetchall()
    assert changed


def revised_figures_have_their_reason(project):
    """Slovenia's came late: her numbers and the region's moved for that, other territories' did not."""
    late = late_in(project)
    with open_release(project.releases / "2023") as release:
        moved = release.sql("SELECT * FROM revision WHERE indicator_id = 'T01' AND key[2] = '2022'")
        flagged = release.table("T01").frame.groupby("reference_year")["provisional"].all()
        with open_release(project.releases / "2022") as earlier:
            printed = earlier.sql("SELECT key, value FROM cell WHERE indicator_id = 'T01'")
            was = {tuple(row.key): row.value for row in printed.itertuples()}
    # What she sent first has no number before it: the release then said that nothing was there.
    assert set(moved["key"].str[0]) == {"Total"}
    with (project.releases / "2022" / "data" / "T01.csv").open(encoding="utf-8", newline="") as file:
        hers = [row for row in csv.DictReader(file) if row["territory"] == late]
    assert {row["reference_year"]: (row["value"] == "", row["protection"]) for row in hers}["2022"] == (
        True,
        "missing",
    )
    with open_release(project.releases / "2022") as earlier:
        frame = earlier.table("T01").frame
    said = {(row["territory"], row["reference_year"]): row["protection"] for row in hers}
    missing = frame[(frame["territory"] == late) & frame["missing"]]
    assert {(late, str(year)) for year in missing["reference_year"]} == {
        k for k, v in said.items() if v == "missing"
    }
    assert set(moved["reason"]) == {"submission"}
    assert (moved["before_edition"] == 2022).all()
    assert (moved["now"] != moved["before"]).all()
    for row in moved.itertuples():
        assert was[tuple(row.key)] == row.before
    assert flagged.to_dict() == {2021: False, 2022: False, 2023: True}
    folder = project.releases / "2023"
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert package["provisional_years"] == [2023]
    described = next(r for r in package["resources"] if r["name"] == "revisions")
    with (folder / described["path"]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    fields = {f["name"]: f for f in described["schema"]["fields"]}
    assert all(list(row) == list(fields) for row in rows)
    assert {row["reason"] for row in rows} <= set(fields["reason"]["constraints"]["enum"])


def test_a_provisional_year_is_one_of_the_edition(place):
    path = place.root / "reports" / "editions" / "2022.yml"
    plan = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(plan | {"provisional_years": [2024]}), encoding="utf-8")
    with pytest.raises(InputProblem, match="provisional year 2024"):
        load_edition(place, 2022)


@pytest.mark.nightly
def test_an_edition_is_frozen_and_late_records_have_a_line_of_their_own(whole_place):
    """Late records, a line of their own, a complete revision with its reason.

    Quick: tests/pipeline/test_editions.py::test_later_status_and_later_links_change_no_number_that_is_out_and_are_counted
    Quick: tests/attack/test_editions.py::test_what_was_shown_stays_and_both_editions_together_are_safe
    """
    place = whole_place
    where = ("--project", place.root, "--data", place.data)
    came_in(place, False)
    code, _, err = command("publish", "--edition", "2022", *where)
    assert code == 0, err
    first, ledger = release_hash(place, 2022), place.ledger.read_bytes()
    assert command("publish", "--edition", "2022", *where)[0] == 0
    assert release_hash(place, 2022) == first
    assert place.ledger.read_bytes() == ledger

    came_in(place, True)
    code, _, err = command("publish", "--edition", "2022", *where)
    assert code == 1
    assert "frozen" in err
    assert "T01" in err
    assert "complete revision" in err
    assert release_hash(place, 2022) == first
    assert place.ledger.read_bytes() == ledger

    before = column(place, 2022, "T01", reference_year="2022")
    code, _, err = command("publish", "--edition", "2023", *where)
    assert code == 0, err
    assert column(place, 2023, "T01", reference_year="2022") == before
    assert any(value not in ("0",) for value in column(place, 2023, "T01-late", reference_year="2022"))
    assert column(place, 2023, "T01-late", reference_year="2021") == ["0"]
    a_late_line_is_a_table_like_others(place.releases / "2023", "T01-late")
    policy = load_policy(place.schemas / "disclosure.yml")
    everything = Ledger(place.ledger).tables()
    parts = sorted({t.population for t in everything if ":" in t.population})
    result = audit(everything, policy, relations=[Relation(p, p.split(":", 1)[0]) for p in parts])
    assert result.safe

    # The older edition is revised in the newer one, with the reason printed.
    assert (
        command("publish", "--edition", "2022", "--complete-revision", "Slovenia came late", *where)[0] == 1
    )
    code, _, err = command(
        "publish", "--edition", "2023", "--complete-revision", "Slovenia came late", *where
    )
    assert code == 0, err
    manifest = json.loads((place.releases / "2023" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["protection"]["complete_revision"] == "Slovenia came late"
    assert column(place, 2023, "T01", reference_year="2022") != before
    revised_figures_have_their_reason(place)
    revised = release_hash(place, 2023)
    assert command("publish", "--edition", "2023", *where)[0] == 0
    assert release_hash(place, 2023) == revised


# Persons assisted by kind of service are printed for the edition's year only: what 2022 hides among them no table of 2023
# counts again, so that its gate knows no true number there.
OF_THEIR_YEAR = ["T01A", "T31A", "T31B"]


def with_tables(project, year, tables):
    path = project.root / "reports" / "editions" / f"{year}.yml"
    plan = yaml.safe_load(path.read_text(encoding="utf-8")) | {"tables": tables, "small_territory_tables": []}
    path.write_text(yaml.safe_dump(plan, allow_unicode=True), encoding="utf-8")


def published(project, year):
    code, out, err = command(
        "publish", "--edition", str(year), "--json", "--project", project.root, "--data", project.data
    )
    return code, json.loads(out) if code == 0 else err


@pytest.mark.nightly
def test_the_next_edition_is_printed_whole_beside_the_one_that_is_out(place):
    """Tables of one year each, and fewer of them later.

    Quick: tests/attack/test_editions.py::test_what_was_shown_stays_and_both_editions_together_are_safe
    Quick: tests/pipeline/test_editions.py::test_later_status_and_later_links_change_no_number_that_is_out_and_are_counted
    """
    for year in (2022, 2023):
        with_tables(place, year, OF_THEIR_YEAR)
        code, said = published(place, year)
        assert code == 0, said
        assert len(said["withheld"]) <= 1, said  # of three territories little can be shown
    everything = Ledger(place.ledger).tables()
    assert audit(everything, load_policy(place.schemas / "disclosure.yml")).safe
    # Fewer tables, one of them alone, and one that was not there before.
    for tables in (["T31B"], ["T31A"], ["T31A", "T32"]):
        with_tables(place, 2023, tables)
        code, said = published(place, 2023)
        assert (code, said["tables"]) == (0, len(tables)), said


@pytest.mark.nightly
def test_what_is_out_and_no_longer_safe_stops_with_that_sentence(whole_place):
    """No table is withheld for what other numbers give away, and an edition without a table is no success.

    Quick: tests/attack/test_editions.py::test_what_was_shown_stays_and_both_editions_together_are_safe
    """
    place = whole_place
    with_tables(place, 2022, OF_THEIR_YEAR)
    assert published(place, 2022)[0] == 0
    ledger = place.ledger.read_bytes()
    policy = place.schemas / "disclosure.yml"
    text = policy.read_text(encoding="utf-8")
    policy.write_text(text.replace("\nthreshold: 5", "\nthreshold: 9"), encoding="utf-8")
    with_tables(place, 2023, OF_THEIR_YEAR)
    code, said = published(place, 2023)
    assert code == 1
    assert said.startswith("What is out gives away too much")
    assert "2022: T" in said
    assert "complete revision" in said
    assert place.ledger.read_bytes() == ledger
    assert not (place.releases / "2023").exists()


@pytest.mark.nightly
def test_an_edition_of_which_no_table_can_be_printed_is_refused(whole_place):
    """Not a success with nothing in it.

    Quick: tests/attack/test_editions.py::test_what_was_shown_stays_and_both_editions_together_are_safe
    """
    place = whole_place
    policy = place.schemas / "disclosure.yml"
    text = policy.read_text(encoding="utf-8")
    policy.write_text(
        text.replace("largest_sensitive_share: 0.5", "largest_sensitive_share: 0.001"), encoding="utf-8"
    )
    with_tables(place, 2022, ["T31A"])
    code, said = published(place, 2022)
    assert code == 1
    assert said.startswith(
        "No table of this edition could be printed; nothing was published. The plan is too fine"
    )
    assert not place.ledger.exists()


def unlinked(project, standard) -> pa.Table:
    """Return the cases that are linked with no other: what happens to one of them happens to the region's number."""
    with connect(Path(":memory:"), attach={"warehouse": project.warehouse}) as connection:
        open_current(connection, standard)
        link_submissions(project, standard, connection, LINKED)
        return connection.execute(
            f"SELECT any_value(person_id) AS person_id FROM {LINKED} GROUP BY linked HAVING count(*) = 1"
        ).to_arrow_table()


def say_later(project, standard, rejected: int, joined: int) -> None:
    """Let a later submission take persons of 2021 back, and the office find pairs of that year to be one person."""
    alone = unlinked(project, standard)
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.register("alone", alone)
        later, earlier = (
            connection.execute(
                "SELECT submission_id FROM raw.submission WHERE territory = ? AND year(period_end) = ? AND use = 'count'",
                [late_in(project), year],
            ).fetchone()[0]
            for year in (2022, 2021)
        )
        connection.execute(
            "CREATE TEMP TABLE taken_back AS SELECT p.person_reference, any_value(i.identification_reference) AS event "
            "FROM core.person AS p JOIN core.identification AS i USING (submission_id, person_reference) "
            "SEMI JOIN alone USING (person_id) WHERE submission_id = ? AND person_reference NOT IN (SELECT person_reference FROM core.person "
            "WHERE submission_id = ?) GROUP BY ALL "
            "HAVING min(year(i.identification_date)) = 2021 AND bool_and(identification_status IN ('PRESUMED', 'CONFIRMED')) "
            "ORDER BY 1 LIMIT ?",
            [earlier, later, rejected],
        )
        connection.execute(
            "INSERT INTO core.person SELECT * REPLACE (? AS submission_id, -source_row AS source_row) FROM core.person "
            "SEMI JOIN taken_back USING (person_reference) WHERE submission_id = ?",
            [later, earlier],
        )
        connection.execute(
            "INSERT INTO core.identification SELECT i.* REPLACE (? AS submission_id, -source_row AS source_row, "
            "'REJECTED' AS identification_status, DATE '2022-06-01' AS identification_date) FROM core.identification AS i "
            "JOIN taken_back AS t ON t.person_reference = i.person_reference AND t.event = i.identification_reference "
            "WHERE submission_id = ?",
            [later, earlier],
        )
        only = (
            "SELECT person_id FROM core.person AS p JOIN core.identification AS i USING (submission_id, person_reference) "
            "JOIN raw.submission AS s USING (submission_id) SEMI JOIN alone USING (person_id) WHERE s.territory = ? GROUP BY person_id "
            "HAVING min(year(identification_date)) = 2021 AND bool_and(identification_status IN ('PRESUMED', 'CONFIRMED')) "
            "ORDER BY 1 LIMIT ?"
        )
        first, second = (
            [row[0] for row in connection.execute(only, [territory, joined]).fetchall()]
            for territory in ("BGR", "ALB")
        )
    assert len(first) == len(second) == joined
    lines = ["candidate,person_a,person_b,decision,decided_on,role,reason,evidence"]
    lines += [
        f"{number:012d},{min(pair)},{max(pair)},same,2023-07-01,data officer,both senders agree,0"
        for number, pair in enumerate(zip(first, second, strict=True))
    ]
    (project.data / "linkage").mkdir()
    (project.data / "linkage" / "decisions.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_later_status_and_later_links_change_no_number_that_is_out_and_are_counted(place, standard):
    where = ("--project", place.root, "--data", place.data)
    came_in(place, False)
    assert command("publish", "--edition", "2022", *where)[0] == 0
    before = {name: column(place, 2022, name, reference_year="2021") for name in TABLES[:3]}
    came_in(place, True)
    say_later(place, standard, rejected=6, joined=7)
    code, out, err = command("publish", "--edition", "2023", "--json", *where)
    assert code == 0, err
    assert {name: column(place, 2023, name, reference_year="2021") for name in TABLES[:3]} == before
    line = {
        kind: column(place, 2023, f"T01-{kind}", reference_year="2021") for kind in ("withdrawn", "linked")
    }
    assert line == {"withdrawn": ["6"], "linked": ["7"]}
    # Decisions whose cases are not what they were are told to a program, too.
    stale = json.loads(out)["stale_decisions"]
    assert len(stale) == 7
    assert all("look at it again" in sentence for sentence in stale)
    # Nothing is kept back, nobody is found by whoever has both, and the same again is the same bytes.
    assert json.loads(out)["withheld"] == []
    found = attack_editions([place.releases / str(y) for y in (2022, 2023)], standard=place.schemas)[1]
    assert found.attacked > 10
    assert [*found.recovered, *found.narrow, *found.undecided] == []
    newest = release_hash(place, 2023)
    assert command("publish", "--edition", "2023", *where)[0] == 0
    assert release_hash(place, 2023) == newest


def test_a_complete_revision_counts_anew_with_its_reason(tmp_path):
    """What is out is declared void: the newest edition has other numbers, and says why; an older one is not revised."""
    place = small_office(tmp_path)
    where = ("--project", place.root, "--data", place.data)
    assert command("publish", "--edition", "2022", *where)[0] == 0
    printed = release_hash(place, 2022)
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.execute("UPDATE core.person SET sex = 'M' WHERE source_row > 40")
    code, _, err = command("publish", "--edition", "2022", *where)
    assert (code, "--complete-revision" in err) == (1, True)
    assert release_hash(place, 2022) == printed
    reason = "Sex was read from the wrong column"
    code, _, err = command("publish", "--edition", "2022", "--complete-revision", reason, *where)
    assert code == 0, err
    manifest = json.loads((place.releases / "2022" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["protection"]["complete_revision"] == reason
    assert release_hash(place, 2022) != printed
