"""A release of public data in several files is in force as a whole: no part of an older one stands beside a newer file."""

from __future__ import annotations

import csv
import datetime
from pathlib import Path

import pytest

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.edition import load_edition
from clearing_point.report.context import published_figures
from clearing_point.report.lock import submissions_of
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from pipelines.compare import compare, read_of
from pipelines.ingest import load_source
from pipelines.rebuild import rebuild
from pipelines.status import status_of
from tests.command import command

OLD, NEW = datetime.date(2024, 1, 31), datetime.date(2025, 4, 14)
VICTIMS, PROSECUTED = "Detected trafficking victims", "Persons prosecuted"


def write(project: Project, path: Path, indicator: str, add: int = 0) -> Path:
    """Write the totals of Serbia of one indicator, with something added to those of 2022."""
    extract = project.sources / "unodc_glotip" / "extract" / "unodc_glotip_region.csv"
    with extract.open(encoding="utf-8", newline="") as handle:
        rows = [
            row for row in csv.DictReader(handle)
            if row["Iso3_code"] == "SRB" and row["Indicator"] == indicator
            and {row["Dimension"], row["Category"], row["Sex"], row["Age"]} == {"Total"}
        ]  # fmt: skip
    assert sum(row["Year"] == "2022" for row in rows) == 1
    for row in rows:
        if row["Year"] == "2022":
            row["txtVALUE"] = str(int(row["txtVALUE"]) + add)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def states(project: Project) -> dict[str, str]:
    with opened(project.warehouse, read_only=True) as connection:
        rows = connection.execute("SELECT submission_id, status FROM raw.submission ORDER BY 1").fetchall()
    return {name.removeprefix("2003-2023-ALL-"): status for name, status in rows}


def printed(project: Project, standard: Standard, cut_off: str | None = None) -> dict[str, str]:
    """Return what a report prints of Serbia's year 2022: the source of each number."""
    known = submissions_of(project, (), cut_off, None)
    told = published_figures(
        project, standard, load_edition(project, 2022), known, ("DETECTED", "PROSECUTED")
    )
    return {
        f"{f['population']} {f['value_text']}": f["source"]
        for f in told
        if f["territory"] == "SRB" and f["year"] == "2022" and f["source"].startswith("UNODC")
    }


def test_a_newer_main_file_puts_an_older_supplement_out_of_force_until_it_is_taken_back(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    main = [write(project, tmp_path / f"data_{day}.csv", VICTIMS, add) for day, add in ((OLD, 7), (NEW, 0))]
    sup = write(project, tmp_path / f"sup_{OLD}.csv", PROSECUTED, 3)
    load_source(project, standard, main[0], "unodc")
    load_source(project, standard, sup, "unodc", part="SUP")
    before = printed(project, standard)
    assert set(before.values()) == {f"UNODC ({OLD})", f"UNODCSUP ({OLD})"}
    where = ("--data", project.data, "--project", project.root)
    code, out, _ = command("import", "unodc", main[1], *where)
    assert code == 0, out
    assert (
        "2003-2023-ALL-UNODCSUP-v1 (released 2024-01-31) is of an earlier release and no longer counts" in out
    )
    assert states(project) == {"UNODC-v1": "REPLACED", "UNODC-v2": "ACCEPTED", "UNODCSUP-v1": "REPLACED"}
    assert set(printed(project, standard).values()) == {f"UNODC ({NEW})"}
    # Without the newer one the older release is whole again.
    code, out, _ = command("delete", "2003-2023-ALL-UNODC-v2", "--reason", "the wrong file", *where)
    assert (code, out.count("counts again.")) == (0, 2)
    assert printed(project, standard) == before


@pytest.mark.nightly
def test_no_part_of_an_older_release_stands_beside_a_newer_main_file(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    """With further parts that come late, compared as wholes, taken back one by one, and rebuilt in between.

    Quick: tests/pipeline/test_parts_of_releases.py::test_a_newer_main_file_puts_an_older_supplement_out_of_force_until_it_is_taken_back
    Quick: tests/pipeline/test_parts_of_releases.py::test_the_supplement_of_a_newer_release_puts_the_older_main_file_out_of_force
    Quick: tests/pipeline/test_parts_of_releases.py::test_a_part_without_a_day_is_asked_for_it_and_a_rebuild_does_not_ask_again
    """
    main = [write(project, tmp_path / f"data_{day}.csv", VICTIMS, add) for day, add in ((OLD, 7), (NEW, 0))]
    sup = [write(project, tmp_path / f"sup_{day}.csv", PROSECUTED, add) for day, add in ((OLD, 3), (NEW, 0))]
    load_source(project, standard, main[0], "unodc")
    load_source(project, standard, sup[0], "unodc", part="SUP")
    assert states(project) == {"UNODC-v1": "ACCEPTED", "UNODCSUP-v1": "ACCEPTED"}
    before = printed(project, standard)
    assert set(before.values()) == {f"UNODC ({OLD})", f"UNODCSUP ({OLD})"}

    where = ("--data", project.data, "--project", project.root)
    code, out, _ = command("import", "unodc", main[1], *where)
    assert code == 0, out
    assert (
        "2003-2023-ALL-UNODCSUP-v1 (released 2024-01-31) is of an earlier release and no longer counts" in out
    )
    assert "load it again with --release 2025-04-14" in out
    assert states(project) == {"UNODC-v1": "REPLACED", "UNODC-v2": "ACCEPTED", "UNODCSUP-v1": "REPLACED"}
    assert set(printed(project, standard).values()) == {f"UNODC ({NEW})"}
    assert {line["replaced_by"] for line in status_of(project, standard) if line["sender"] == "UNODCSUP"} == {
        "2003-2023-ALL-UNODC-v2"
    }
    # Compared are the whole releases: the numbers of the supplement are withdrawn.
    found = compare(project, standard, "unodc")
    assert (len(found.before.submissions), len(found.after.submissions)) == (2, 1)
    assert (found.count("changed"), found.count("withdrawn")) == (1, len(sup[0].read_text().splitlines()) - 1)

    # A further part of the older release, and that part again, come too late.
    other = write(project, tmp_path / f"other_{OLD}.csv", "Persons brought into formal contact")
    late = load_source(project, standard, other, "unodc", part="OTHER")
    assert late.newer == "2003-2023-ALL-UNODC-v2"
    assert states(project)["UNODCOTHER-v1"] == "REPLACED"
    # The supplement of the newer release stands beside its main file, and so does an old file that is said to be of it.
    told = load_source(project, standard, sup[0], "unodc", released=NEW, part="SUP")
    assert told.newer is None
    assert not told.of_another
    load_source(project, standard, sup[1], "unodc", part="SUP")
    stored = states(project)
    assert {name for name, status in stored.items() if status == "ACCEPTED"} == {"UNODC-v2", "UNODCSUP-v3"}
    assert set(printed(project, standard).values()) == {f"UNODC ({NEW})", f"UNODCSUP ({NEW})"}
    rebuild(project, standard)
    assert states(project) == stored

    # Whoever takes the main file back keeps no mixture either; without the supplement, too, the older release is whole again.
    code, out, _ = command("withdraw", "2003-2023-ALL-UNODC-v2", "--reason", "the wrong file", *where)
    assert code == 0
    assert "counts again" not in out
    code, out, _ = command("withdraw", "2003-2023-ALL-UNODCSUP-v3", "--reason", "the wrong file", *where)
    assert "2003-2023-ALL-UNODCSUP-v2 counts again." in out
    code, out, _ = command("delete", "2003-2023-ALL-UNODCSUP-v2", "--reason", "the wrong file", *where)
    assert code == 0
    assert out.count("counts again.") == 3
    assert printed(project, standard) == before
    stored = states(project)
    rebuild(project, standard)
    assert states(project) == stored


def test_the_supplement_of_a_newer_release_puts_the_older_main_file_out_of_force(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    main = write(project, tmp_path / f"data_{OLD}.csv", VICTIMS, 7)
    sup = write(project, tmp_path / f"sup_{NEW}.csv", PROSECUTED)
    load_source(project, standard, main, "unodc", received_at=datetime.datetime(2024, 5, 1))
    came = load_source(project, standard, sup, "unodc", part="SUP", received_at=datetime.datetime(2025, 5, 1))
    assert came.of_another == (("2003-2023-ALL-UNODC-v1", str(OLD)),)
    assert states(project) == {"UNODC-v1": "REPLACED", "UNODCSUP-v1": "ACCEPTED"}
    assert set(printed(project, standard).values()) == {f"UNODCSUP ({NEW})"}
    # Of an edition whose cut-off day is before the newer release came, the older one is what it knows.
    assert set(printed(project, standard, "2024-12-31").values()) == {f"UNODC ({OLD})"}
    again = load_source(project, standard, main, "unodc", released=NEW)
    assert not again.unchanged
    assert states(project) == {"UNODC-v1": "REPLACED", "UNODC-v2": "ACCEPTED", "UNODCSUP-v1": "ACCEPTED"}


def test_a_part_without_a_day_is_asked_for_it_and_a_rebuild_does_not_ask_again(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    main = write(project, tmp_path / f"data_{NEW}.csv", VICTIMS)
    sup = write(project, tmp_path / "sup.csv", PROSECUTED)
    load_source(project, standard, main, "unodc")
    with pytest.raises(
        InputProblem, match=rf"2003-2023-ALL-UNODC-v1 is in force, released on {NEW}: say when"
    ):
        load_source(project, standard, sup, "unodc", part="SUP")
    where = ("--data", project.data, "--project", project.root)
    code, _, _ = command("withdraw", "2003-2023-ALL-UNODC-v1", "--reason", "the wrong file", *where)
    assert code == 0
    load_source(project, standard, sup, "unodc", part="SUP")
    stored = states(project)
    assert stored == {"UNODC-v1": "WITHDRAWN", "UNODCSUP-v1": "ACCEPTED"}
    rebuild(project, standard)
    assert states(project) == stored


def _two_of_a_day(project: Project, standard: Standard, folder: Path) -> tuple[str, str]:
    """Load two files of one day, the right one in the place of a wrong one, and a supplement between them."""
    wrong = write(project, folder / f"first_{NEW}.csv", VICTIMS, 7)
    right = write(project, folder / f"second_{NEW}.csv", VICTIMS)
    sup = write(project, folder / f"sup_{NEW}.csv", PROSECUTED)
    first = load_source(project, standard, wrong, "unodc").submission_id
    load_source(project, standard, sup, "unodc", part="SUP")
    return first, load_source(project, standard, right, "unodc").submission_id


def test_the_file_that_another_of_the_same_day_replaced_is_compared_by_its_name(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    first, second = _two_of_a_day(project, standard, tmp_path)
    # Nothing else is stored: the two files of the day are compared, each beside the supplement.
    found = compare(project, standard, "unodc")
    assert (found.before.submissions[0], found.after.submissions[0]) == (first, second)
    assert found.before.submissions[1:] == found.after.submissions[1:]
    (changed,) = found.differences
    assert (changed.kind, changed.key[:2]) == ("changed", ("SRB", "2022"))
    assert int(changed.before[0]) == int(changed.after[0]) + 7
    assert read_of(project, standard, "unodc", first).release.submissions[0] == first


@pytest.mark.nightly
def test_of_two_files_of_a_day_beside_an_older_release_each_is_compared_by_its_name(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    """Through the command, with what is said of a name that is none.

    Quick: tests/pipeline/test_parts_of_releases.py::test_the_file_that_another_of_the_same_day_replaced_is_compared_by_its_name
    """
    first, second = _two_of_a_day(project, standard, tmp_path)
    old = write(project, tmp_path / f"data_{OLD}.csv", VICTIMS, 9)
    load_source(project, standard, old, "unodc")
    where = ("--data", project.data, "--project", project.root)
    code, out, _ = command("compare", "unodc", "--from", first, "--to", second, *where)
    assert code == 0
    assert "1 changed, 0 are new, 0 were withdrawn" in out
    code, out, _ = command("compare", "unodc", "--from", str(OLD), "--to", first, *where)
    assert code == 0
    assert f"{first} and" in out
    # Without a name it is the release of the day, as ever.
    assert compare(project, standard, "unodc").before.released == str(OLD)
    with pytest.raises(InputProblem, match=rf"no one release 'x': .*released {OLD}.*{first} and"):
        compare(project, standard, "unodc", before="x")


def test_what_others_published_is_judged_once(
    project: Project, standard: Standard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The suites, which cost as much as reading, are asked about senders' own files; nobody's row goes astray unseen."""
    path = write(project, tmp_path / f"data_{NEW}.csv", VICTIMS)

    def started() -> None:
        pytest.fail("Great Expectations was started for a public file.")

    monkeypatch.setattr("pipelines.ingest.library_beside", started)
    outcome = load_source(project, standard, path, "unodc")
    assert outcome.verdict.accepted
    assert outcome.verdict.expectations == 0
    with opened(project.warehouse, read_only=True) as connection:
        counts = dict(connection.execute("SELECT item, count FROM quality.balance").fetchall())
        judged, told = connection.execute(
            "SELECT (SELECT count(*) FROM quality.rule_result WHERE evaluated > 0), (SELECT count(*) FROM quality.validation_result)"
        ).fetchone()
    assert counts["rows"] == counts["rows_headings"] + counts["rows_read"]
    assert judged
    assert told == 0
