"""Releases of public data: all are kept, the newest is in force, and two are compared number by number."""

from __future__ import annotations

import csv
import datetime
import gzip
import shutil
from collections import Counter
from pathlib import Path

import pytest

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.edition import load_edition
from clearing_point.report.context import published_figures
from clearing_point.report.lock import submissions_of
from clearing_point.standard import Standard, load_standard
from clearing_point.warehouse.connection import opened
from pipelines.compare import compare, read_of
from pipelines.ingest import load_source
from pipelines.rebuild import rebuild
from tests.command import command
from tests.conftest import ROOT, mostly_at_night
from tests.small_office import small_office

OLD, NEW = datetime.date(2024, 1, 31), datetime.date(2025, 4, 14)


def _two_releases(project: Project, folder: Path, since: int = 2020) -> tuple[Path, Path, dict[str, int]]:
    """Write two files of one territory: the extract since a year, and one with numbers changed, added and left out."""
    extract = project.sources / "unodc_glotip" / "extract" / "unodc_glotip_region.csv"
    with extract.open(encoding="utf-8", newline="") as handle:
        rows = [r for r in csv.DictReader(handle) if r["Iso3_code"] == "SRB" and int(r["Year"]) >= since]
    older = [dict(r) for r in rows]
    numbers = [n for n, r in enumerate(older) if r["txtVALUE"].isdigit()]
    planted = {"changed": 17, "withdrawn": 5, "new": 8}
    for n in numbers[: planted["changed"]]:
        older[n]["txtVALUE"] = str(int(older[n]["txtVALUE"]) + 1)
    # Rows whose key stands once, so that what is left out is no number of another row.
    names = ("Indicator", "Dimension", "Category", "Sex", "Age", "Year", "Unit of measurement")
    keys = [tuple(r[name] for name in names) for r in rows]
    once = [
        n for n in range(len(rows)) if keys.count(keys[n]) == 1 and n not in numbers[: planted["changed"]]
    ]
    left_of_new, left_of_old = set(once[:5]), set(once[5 : 5 + planted["new"]])
    files = []
    for name, kept in (
        ("data_2024-01-31.csv", [r for n, r in enumerate(older) if n not in left_of_old]),
        ("data_2025-04-14.csv", [r for n, r in enumerate(rows) if n not in left_of_new]),
    ):
        path = folder / name
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(kept)
        files.append(path)
    return files[0], files[1], planted


@pytest.mark.parametrize("newest_first", mostly_at_night([False, True], [True]))
def test_the_newest_release_is_in_force_whichever_came_last(
    newest_first: bool, project: Project, standard: Standard, tmp_path: Path
) -> None:
    old, new, planted = _two_releases(project, tmp_path)
    outcomes = [
        load_source(project, standard, p, "unodc") for p in ([new, old] if newest_first else [old, new])
    ]
    with opened(project.warehouse, read_only=True) as connection:
        stored = dict(connection.execute("SELECT released, status FROM raw.submission").fetchall())
    assert stored == {OLD: "REPLACED", NEW: "ACCEPTED"}
    rebuild(project, standard)
    with opened(project.warehouse, read_only=True) as connection:
        assert dict(connection.execute("SELECT released, status FROM raw.submission").fetchall()) == stored
    assert (outcomes[1].newer == outcomes[0].submission_id) == newest_first
    assert (outcomes[1].replaced == outcomes[0].submission_id) != newest_first

    # The report prints the newest release, too, whichever came last.
    (row,) = submissions_of(project, (), None, None)
    assert row["submission"] == outcomes[0 if newest_first else 1].submission_id

    proceedings = ("SUSPECTED", "PROSECUTED", "CONVICTED")
    told = published_figures(project, standard, load_edition(project, 2022), [row], proceedings)
    printed = {(f["year"], f["population"]): f["value_text"] for f in told if f["territory"] == "SRB"}
    assert {population for _, population in printed} == set(proceedings)
    assert all(f["source"] == f"UNODC ({NEW})" for f in told)

    if not newest_first:
        # What is printed as it is loaded goes by the keys, too: every row below a new one has another place in the file.
        told = "Aggregate figures: rows added {new}, changed {changed} (cells {changed}), removed {withdrawn}"
        assert f"  {told.format(**planted)}" in outcomes[1].remarks
    found = compare(project, standard, "unodc")
    assert (found.before.released, found.after.released) == (str(OLD), str(NEW))
    assert {kind: found.count(kind) for kind in planted} == planted
    assert found.same == found.rows_after - planted["changed"] - planted["new"]
    told = list(csv.DictReader(found.csv().splitlines()))
    assert len(told) == sum(planted.values())
    changed = [r for r in told if r["kind"] == "changed"]
    assert all(int(r["before_value"]) == int(r["after_value"]) + 1 for r in changed)
    assert all(r["territory"] == "SRB" for r in told)


@pytest.mark.parametrize("taken_back", mostly_at_night(["withdraw", "delete"], ["withdraw"]))
def test_where_the_newest_release_is_taken_back_the_one_before_is_in_force_again(
    taken_back: str, project: Project, standard: Standard, tmp_path: Path
) -> None:
    old, new, _ = _two_releases(project, tmp_path)
    first, second = (load_source(project, standard, p, "unodc").submission_id for p in (old, new))
    options = ["--reason", "the wrong file", "--data", project.data, "--project", project.root]
    code, out, _ = command(taken_back, second, *options)
    assert code == 0
    assert f"{first} counts again." in out
    for again in (False, True):
        if again:
            rebuild(project, standard)
        with opened(project.warehouse, read_only=True) as connection:
            stored = dict(connection.execute("SELECT submission_id, status FROM raw.submission").fetchall())
        assert stored == {first: "ACCEPTED", second: "WITHDRAWN" if taken_back == "withdraw" else "DELETED"}
    # Nothing is left to stand again, and nothing is said of what is not there.
    code, out, _ = command("withdraw", first, *options)
    assert code == 0
    assert "counts again" not in out
    assert "No other version" not in out


def test_an_import_that_does_not_say_its_day_never_replaces_one_that_does(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    old, new, _ = _two_releases(project, tmp_path)
    load_source(project, standard, new, "unodc")
    nameless = old.rename(tmp_path / "data.csv")
    with pytest.raises(InputProblem, match=r"say when this file was released \(--release"):
        load_source(project, standard, nameless, "unodc")
    with pytest.raises(InputProblem, match="There is one release of unodc_glotip"):
        compare(project, standard, "unodc")
    options = ["--data", project.data, "--project", project.root]
    code, out, _ = command("import", "unodc", nameless, "--release", "2024-01-31", *options)
    assert code == 0, out
    assert "is a newer release and stays in force" in out
    code, out, _ = command("compare", "unodc", "-o", tmp_path / "out.csv", *options)
    assert code == 0
    assert "17 changed, 8 are new, 5 were withdrawn" in out
    assert command("import", "nobody", nameless, *options)[0] == 1
    assert command("import", "unodc", nameless, "--release", "last year", *options)[0] == 2


def test_a_day_that_has_not_come_is_refused_and_the_same_file_of_another_day_is_another_release(
    project: Project, standard: Standard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip of the keyboard would keep every later release out of force, and could not be set right by the same file."""
    monkeypatch.setattr(
        "clearing_point.publication.effect.effect_of", lambda *_: pytest.fail("nothing counts it")
    )
    _, new, _ = _two_releases(project, tmp_path)
    with pytest.raises(InputProblem, match="a release of 2125-04-14 has not come out yet"):
        load_source(project, standard, new, "unodc", released=NEW.replace(year=2125))
    first = load_source(project, standard, new, "unodc", released=OLD)
    assert load_source(project, standard, new, "unodc", released=OLD).unchanged
    second = load_source(project, standard, new, "unodc")
    assert not second.unchanged
    assert second.replaced == first.submission_id
    assert compare(project, standard, "unodc").differences == ()


def test_what_was_read_stands_beside_the_publishers_own_counts(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    old, new, _ = _two_releases(project, tmp_path, since=0)
    options = ["--data", project.data, "--project", project.root]
    code, _, err = command("frequencies", "unodc", *options)
    assert code == 1
    assert "Nothing of unodc_glotip is in the warehouse" in err
    load_source(project, standard, new, "unodc")
    # The publisher's own counts are of the release of 2025; a file of only one territory lacks the others.
    code, out, _ = command("frequencies", "unodc", "-o", tmp_path / "out.csv", *options)
    assert code == 0
    assert "agrees: aggregate_cell: territory=SRB, reference_year=2022, population=DETECTED" in out
    assert "62 read, 62 published (UNODC, release of 14 April 2025)" in out
    assert out.count("differs: ") == 9
    assert "nothing of it read, 112 published" in out
    rows = list(csv.DictReader((tmp_path / "out.csv").open(encoding="utf-8")))
    with new.open(encoding="utf-8", newline="") as handle:
        lines = list(csv.DictReader(handle))
    read = {(r["field"], r["code"]): int(r["rows"]) for r in rows}
    assert read["population", "CONVICTED"] == sum(r["Indicator"] == "Persons convicted" for r in lines)
    assert read["sex", "F"] == sum(r["Sex"] == "Female" for r in lines)
    load_source(project, standard, old, "unodc")
    assert not read_of(project, standard, "unodc").no_counts
    assert read_of(project, standard, "unodc", str(OLD)).no_counts


@pytest.mark.nightly
def test_the_same_release_twice_has_no_difference(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    """Its rows in another order.

    Quick: tests/pipeline/test_public_releases.py::test_the_newest_release_is_in_force_whichever_came_last
    """
    _, new, _ = _two_releases(project, tmp_path)
    load_source(project, standard, new, "unodc")
    heading, *lines = new.read_text(encoding="utf-8").splitlines()
    again = tmp_path / "again.csv"
    again.write_text("\n".join([heading, *sorted(lines)]) + "\n", encoding="utf-8")
    load_source(project, standard, again, "unodc", released=NEW + datetime.timedelta(1))
    assert compare(project, standard, "unodc").differences == ()


@pytest.mark.nightly
def test_files_of_one_layout_and_release_are_one_release(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    """The main and the supplementary file of a day stand beside each other, compared as one with the next day's.

    Quick: tests/pipeline/test_public_releases.py::test_the_newest_release_is_in_force_whichever_came_last
    """
    old, new, planted = _two_releases(project, tmp_path)
    for path in (old, new):
        heading, *lines = path.read_text(encoding="utf-8").splitlines()
        half = len(lines) // 2
        for name, some, part in (("main", lines[:half], None), ("sup", lines[half:], "SUP")):
            file = tmp_path / f"{name}_{path.name}"
            file.write_text("\n".join([heading, *some]) + "\n", encoding="utf-8")
            load_source(project, standard, file, "unodc", part=part)
    found = compare(project, standard, "unodc")
    assert (found.before.released, found.after.released) == (str(OLD), str(NEW))
    assert len(found.before.submissions) == len(found.after.submissions) == 2
    assert found.after.in_force
    assert not found.before.in_force
    assert {kind: found.count(kind) for kind in planted} == planted
    before = _stored(project)
    rebuild(project, standard)
    assert _stored(project) == before


def _stored(project: Project) -> list[tuple[object, ...]]:
    with opened(project.warehouse, read_only=True) as connection:
        return connection.execute(
            "SELECT submission_id, sender, released, status FROM raw.submission ORDER BY 1"
        ).fetchall()


@pytest.mark.nightly
def test_a_report_prints_what_a_newer_release_changed(tmp_path: Path) -> None:
    """Through the commands: import, report, import of a newer release, report; the changes of T43 stand in the table.

    Quick: tests/unit/test_report_files.py::test_the_check_compares_the_printed_pages_with_the_page
    """
    place = small_office(tmp_path)
    with _extract(place).open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    older = [dict(r) for r in rows]
    changed = [
        r for r in older
        if r["Indicator"] == "Detected trafficking victims" and r["Dimension"] == r["Category"] == r["Sex"] == r["Age"] == "Total"
        and (r["Iso3_code"], r["Year"]) in {("ALB", "2022"), ("SRB", "2022")}
    ]  # fmt: skip
    for row in changed:
        row["txtVALUE"] = str(int(row["txtVALUE"]) + 7)
    assert len(changed) == 2
    for day, sent in ((OLD, older), (NEW, rows)):
        path = tmp_path / f"data_{day}.csv"
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(sent)
        where = ("--project", place.root, "--data", place.data)
        code, _, err = command("import", "unodc", path, "--release", str(day), *where)
        assert code == 0, err
        code, _, err = command("report", "--edition", "2022", *where)
        assert code == 0, err
    report = place.data / "reports" / "2022"
    with (report / "revisions.csv").open(encoding="utf-8", newline="") as handle:
        told = [r for r in csv.DictReader(handle) if r["table"] == "T43"]
    assert [(r["cell"][10:13], int(r["before"]) - int(r["now"]), r["reason"]) for r in told] == [
        ("ALB", 7, "release"),
        ("SRB", 7, "release"),
    ]
    page = (report / "report.html").read_text(encoding="utf-8")
    assert "Its publisher released it anew" in page[page.index('id="table-revised"') :]


def _extract(place: Project) -> Path:
    return place.sources / "unodc_glotip" / "extract" / "unodc_glotip_region.csv"


QUARTERS = """\
profile: uk_quarters
title: "UK Home Office, National Referral Mechanism: referrals by quarter"
sender: UKHO
use: reference
period: "2014-2024"
attribution: UK Home Office, Open Government Licence v3.0
keys: {aggregate_cell: [territory, reference_year, aggregate_reference]}
submission: {submission_kind: AGGREGATE, coverage: UNK, definition_identified: MIXED, count_basis: NEW_IN_PERIOD, kosovo_basis: NAP, consent_basis: NAP}
sheets:
  - tables:
      - table: aggregate_cell
        columns:
          aggregate_reference: Quarter
          territory: {constant: GBR}
          reference_year: {heading: Quarter, part: first, separator: "Q"}
          population: {constant: REFERRED}
          breakdown: {constant: TOTAL}
          unit: {constant: PERSONS}
          value: People
"""


def _quarters(shared: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Add up the referrals of each quarter since 2022 Q2: as first published, and as the running series revised them."""
    first: Counter[str] = Counter()
    revised: Counter[str] = Counter()
    main = shared / "uk_nrm" / "nrm_referrals_main_2022q2_2023q3_nonzero.csv.gz"
    with gzip.open(main, "rt", encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle):
            apart = (row[n] for n in ("Exploitation type", "Age at exploitation", "Gender", "Nationality"))
            if set(apart) == {"Total"} and row["First responder"].endswith(" total"):
                first[row["Quarter"].replace(" ", "")] += int(row["People"])
    running = shared / "uk_nrm" / "nrm_referrals_longitudinal.csv"
    with running.open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle):
            quarter = row["Year"] + row["Quarter"]
            if row["Location of exploitation"] == "Total" and quarter >= "2022Q2":
                revised[quarter] += int(row["NRM referrals"])
    return first, revised


def test_two_releases_of_public_files_differ_where_their_publisher_revised_them(
    shared: Path, tmp_path: Path
) -> None:
    """Six quarters were revised downwards and one is new, as read from the two files by hand."""
    root = tmp_path / "own"
    for name in ("schemas", "pipelines"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (root / "pipelines" / "sources" / "uk_quarters").mkdir()
    (root / "pipelines" / "sources" / "uk_quarters" / "profile.yml").write_text(QUARTERS, encoding="utf-8")
    own, standard = Project(root=root, data=tmp_path / "data"), load_standard(root / "schemas")
    own.prepare()
    told = _quarters(shared)
    for day, quarters in zip((datetime.date(2023, 11, 2), datetime.date(2024, 3, 7)), told, strict=True):
        path = tmp_path / f"{day}.csv"
        path.write_text(
            "\n".join(["Quarter,People", *(f"{q},{n}" for q, n in quarters.items())]) + "\n", encoding="utf-8"
        )
        assert load_source(own, standard, path, "uk_quarters", released=day).verdict.accepted
    found = compare(own, standard, "uk_quarters")
    assert [d.key[2] for d in found.differences if d.kind == "new"] == ["2023Q4"]
    value = found.values["aggregate_cell"].index("value")
    changed = {
        d.key[2]: (int(d.before[value]), int(d.after[value]))
        for d in found.differences
        if d.kind == "changed"
    }
    assert changed == {
        "2022Q2": (4171, 4157), "2022Q3": (4586, 4578), "2022Q4": (4417, 4413),
        "2023Q1": (4746, 4738), "2023Q2": (3998, 3993), "2023Q3": (4138, 4131),
    }  # fmt: skip
    assert (found.same, found.count("new"), found.count("withdrawn")) == (0, 1, 0)
