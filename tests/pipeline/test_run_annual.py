"""The scheduled build: whole or not at all wherever it is killed, idempotent, verifiable, with a change log."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from clearing_point.analysis.reconcile import quality_by_submission
from clearing_point.cli import app
from clearing_point.errors import InputProblem, UsageProblem
from clearing_point.project import Project
from clearing_point.publication.release import DRAFT_TITLE, Release
from clearing_point.publication.states import set_state
from clearing_point.report.edition_report import in_its_languages
from clearing_point.report.lock import hashes_of, read_lock
from clearing_point.report.selfcheck import problems_of
from clearing_point.report.words import load_words
from clearing_point.standard import Standard, load_standard
from pipelines.annual_report import diff, verify
from pipelines.run_annual import run_annual
from tests.small_office import small_office
from tests.unit import report_samples as samples
from tests.unpublished import forget_what_is_out

EDITION = """\
year: 2022
title: A short edition
naming_profile: neutral
languages: [en]
trend_from: 2021
profile: suppress
tables: [T05]
"""


@pytest.fixture(scope="module")
def place(demo: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return _short_project(demo, tmp_path_factory.mktemp("annual"))


def _short_project(demo: Project, folder: Path) -> Project:
    """A project with an edition of one table, beside the warehouse of the demonstration."""
    root = folder / "project"
    root.mkdir()
    for name in ("schemas", "pipelines"):
        (root / name).symlink_to(demo.root / name)
    shutil.copytree(demo.root / "reports", root / "reports", ignore=shutil.ignore_patterns("editions"))
    (root / "reports" / "editions").mkdir()
    (root / "reports" / "editions" / "2022.yml").write_text(EDITION, encoding="utf-8")
    data = folder / "data"
    for name in ("archive", "warehouse"):
        shutil.copytree(demo.data / name, data / name)
    place = Project(root=root, data=data)
    forget_what_is_out(place)  # the demonstration's ledger is left behind
    return place


def _log(place: Project) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in place.run_log.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["outcome"] != "begun"]


def _killed(place: Project, what: str) -> int:
    """Run in a process of its own that kills itself: at a step, or at the n-th rename."""
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from clearing_point.project import Project
        from clearing_point.standard import load_standard
        from pipelines.run_annual import run_annual
        root, data, what = sys.argv[1:]
        renames, rename = [0], os.rename
        def counted(*names):
            rename(*names)
            renames[0] += "reports" in str(names[1]) or "releases" in str(names[1])
            if what == f"rename {renames[0]}":
                os.kill(os.getpid(), signal.SIGKILL)
        os.rename = counted
        import clearing_point.report.places as places
        swap = places.exchange
        def exchanged(*names):
            if what == "kept":
                os.kill(os.getpid(), signal.SIGKILL)
            swap(*names)
            os.kill(os.getpid(), signal.SIGKILL)
        places.exchange = exchanged
        def step(text):
            if text.startswith(what):
                os.kill(os.getpid(), signal.SIGKILL)
        # The test's own process is judged by SQL alone, and the bytes are compared.
        import clearing_point.publication.release as release
        from contextlib import nullcontext
        release.library_beside, release.run_checkpoint = nullcontext, lambda *_: None
        place = Project(root=Path(root), data=Path(data))
        run_annual(place, load_standard(place.schemas), 2022, progress=step)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(place.root), str(place.data), what], cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}, capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode


def _is_a_draft_until_somebody_opens_it(place: Project, standard: Standard) -> None:
    """Made and checked, marked, in no ledger and not among releases and reports."""
    draft = run_annual(place, standard, 2022)
    assert (draft.outcome, draft.exit_code, draft.release) == ("draft", 0, ""), draft.reason
    assert not any(p.exists() for p in (place.builds / "2022", place.releases, place.ledger))
    for page in ("release/datapackage.json", "report/report.html"):
        assert DRAFT_TITLE in (place.data / "drafts" / "2022" / page).read_text(encoding="utf-8")
    set_state(place, 2022, "open", "head of the office")


@pytest.mark.nightly
@pytest.mark.parametrize("what", ["putting the report", "rename 2", "kept", "exchanged"])
def test_wherever_a_build_is_killed_one_whole_report_stands(what: str, demo: Project, tmp_path: Path) -> None:
    """A new text of the report, and a kill at each moment of putting it in place.

    Quick: tests/pipeline/test_run_annual.py::test_one_edition_through_all_its_life
    """
    place = _short_project(demo, tmp_path)
    standard, report = load_standard(place.schemas), place.builds / "2022"
    # Killed before anything stands: nothing stands, and the next run is not hindered.
    assert _killed(place, "checking") == -signal.SIGKILL
    assert not report.exists()
    assert not place.releases.exists()
    assert not place.ledger.exists(), "an edition that never came out is in the ledger"
    set_state(place, 2022, "open", "head of the office")
    assert run_annual(place, standard, 2022).exit_code == 0
    words = place.reports / "text" / "en" / "front.yml"
    words.write_text(words.read_text(encoding="utf-8").replace("Annual report", "Yearly report"), "utf-8")
    assert _killed(place, what) == -signal.SIGKILL
    lock = read_lock(report, 2022)
    assert hashes_of(report, leave_out=("2022.lock.json",)) == lock["files"]
    assert lock["release"] == ("1.1" if what == "exchanged" else "1.0")
    assert run_annual(place, standard, 2022).release == "1.1"


def test_one_edition_through_all_its_life(tmp_path: Path) -> None:
    place = small_office(tmp_path)
    standard = load_standard(place.schemas)
    report = place.builds / "2022"
    _is_a_draft_until_somebody_opens_it(place, standard)
    first = run_annual(place, standard, 2022)
    assert not (place.data / "drafts" / "2022").exists()
    assert (first.outcome, first.release, first.exit_code) == ("published", "1.0", 0), first.reason
    assert not list(place.work.glob(".annual-*"))
    stands = hashes_of(report)
    assert {"report.html", "report.pdf", "tables.xlsx", "data/T10A.csv", "2022.lock.json"} <= set(stands)  # fmt: skip
    # Another text of the report: a new release with its change log; the old one is kept.
    words = place.reports / "text" / "en" / "front.yml"
    words.write_text(words.read_text(encoding="utf-8").replace("Annual report", "Yearly report"), "utf-8")
    assert _killed(place, "exchanged") == -signal.SIGKILL
    lock = read_lock(report, 2022)
    assert hashes_of(report, leave_out=("2022.lock.json",)) == lock["files"]
    assert lock["release"] == "1.1"
    # The same inputs in another process: the same bytes, and nothing moves.
    second = run_annual(place, standard, 2022)
    assert (second.outcome, second.release) == ("unchanged", "1.1"), second.reason
    assert hashes_of(place.builds / "earlier" / "2022-1.0") == stands
    assert "Yearly report" in (report / "report.html").read_text(encoding="utf-8")
    assert (report / "revisions.csv").read_text(encoding="utf-8") == "table,cell,before,now,reason\n"
    assert diff(place, "2022-1.0", "2022").moved == ()
    # Rows that were worked out by another profile are worked out again; why there is a release is said.
    profile = place.countries / "ALB" / "profile.yml"
    profile.write_text(profile.read_text(encoding="utf-8") + "# another line\n", encoding="utf-8")
    third = run_annual(place, standard, 2022)
    assert "the profile of its sender (1)" in third.rebuilt
    assert (third.outcome, third.release) == ("published", "1.2"), third.reason
    assert set(third.changed) == {"submissions", "profiles_sha256"}
    # A report that somebody has changed by hand is found out.
    page = report / "report.html"
    page.write_text(page.read_text(encoding="utf-8").replace("Yearly", "Daily"), encoding="utf-8")
    assert verify(place, standard, 2022).different == ("report.html",)
    # A failure leaves what stands and says why, in one line of the log.
    broken = replace(place, archive_folder=place.data / "no-archive")
    standing = hashes_of(report)
    failed = run_annual(broken, standard, 2022)
    assert (failed.outcome, failed.exit_code, failed.step) == ("failed", 4, "gates")
    assert hashes_of(report) == standing
    # So does a ledger that was lost.
    ledger = place.ledger.read_bytes()
    place.ledger.unlink()
    lost = run_annual(place, standard, 2022)
    assert (lost.outcome, lost.exit_code) == ("failed", 4)
    assert "lost or older than what is out" in lost.reason
    assert hashes_of(report) == standing
    place.ledger.write_bytes(ledger)
    assert [line["outcome"] for line in _log(place)] == [
        "draft",
        "published",
        "unchanged",
        "published",
        "failed",
        "failed",
    ]
    with pytest.raises(InputProblem, match="There is no report"):
        diff(place, "2022-7.7", "2022")


@pytest.mark.nightly
@pytest.mark.great_expectations
def test_a_language_that_is_added_stays(demo: Project, tmp_path: Path) -> None:
    """In what is made again later, here by the verification; judged by the library, too.

    Quick: tests/pipeline/test_run_annual.py::test_a_report_keeps_the_languages_it_has
    Quick: tests/pipeline/test_run_annual.py::test_one_edition_through_all_its_life
    """
    place = _short_project(demo, tmp_path)
    standard, report = load_standard(place.schemas), place.builds / "2022"
    set_state(place, 2022, "open", "head of the office")
    assert run_annual(place, standard, 2022).release == "1.0"
    stands = hashes_of(report)
    again = run_annual(place, standard, 2022)
    assert (again.outcome, again.release) == ("unchanged", "1.0")
    assert hashes_of(report) == stands
    result = verify(place, standard, 2022)
    assert result.same, result.sentence()
    added = run_annual(place, standard, 2022, also=["sr-Cyrl"])
    assert (added.outcome, added.release) == ("published", "1.1"), added.reason
    assert read_lock(report, 2022)["languages"] == ["en", "sr-Cyrl"]
    assert {"report.sr-Cyrl.html", "report.sr-Cyrl.pdf", "tables.sr-Cyrl.xlsx"} <= set(hashes_of(report))
    assert verify(place, standard, 2022).same


def test_a_report_keeps_the_languages_it_has(tmp_path: Path) -> None:
    place = Project(root=tmp_path, data=tmp_path / "data")
    languages = [
        ((), (), ("en",)),
        (("sr-Cyrl",), (), ("en", "sr-Cyrl")),
        (("en", "sr-Cyrl", "sr-Cyrl"), (), ("en", "sr-Cyrl")),
    ]
    release = Release(samples.edition(), (), tmp_path, (), "2023-06-30")
    for also, without, wanted in languages:
        assert in_its_languages(place, release, also, without).edition.languages == wanted
    (place.builds / "2022").mkdir(parents=True)
    lock = {"release": "1.0", "edition": 2022, "languages": ["en", "sr-Cyrl"], "files": {}}
    (place.builds / "2022" / "2022.lock.json").write_text(json.dumps(lock), encoding="utf-8")
    for also, without, wanted in [
        ((), (), ("en", "sr-Cyrl")),
        (("sr-Latn",), (), ("en", "sr-Cyrl", "sr-Latn")),
        (("sr-Latn",), ("sr-Cyrl",), ("en", "sr-Latn")),
    ]:
        assert in_its_languages(place, release, also, without).edition.languages == wanted
    with pytest.raises(InputProblem, match="lists en among its languages"):
        in_its_languages(place, release, (), ("en",))


@pytest.mark.parametrize("command", [("report",), ("run", "annual")])
def test_a_language_that_there_is_not_is_refused_before_anything_is_counted(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(UsageProblem, match="There is no language 'sr'"):
        app([*command, "--edition", "2022", "--also", "sr", "--data", str(tmp_path)], standalone_mode=False)
    assert not (tmp_path / "releases").exists()


def test_the_checks_find_what_they_are_for(place: Project, tmp_path: Path) -> None:
    """Each file is falsified in turn, and the check that watches it must say so."""
    from clearing_point.report.context import context_of, published_figures
    from clearing_point.report.edition_report import in_languages, make
    from clearing_point.report.lock import submissions_of
    from pipelines.publish import publish

    standard = load_standard(place.schemas)
    # In two languages: the checks look at both.
    release = in_languages(publish(replace(place, output_folder=tmp_path), standard, 2022), ("en", "sr-Cyrl"))
    folder = make(place, standard, release, tmp_path / "report").html.parent
    known = submissions_of(place, release.submissions, None, None)
    published = published_figures(place, standard, release.edition, known)
    context = context_of(place, standard, release, known, None, published)

    def problems() -> str:
        return "\n".join(problems_of(folder, release.edition, release.tables, context))

    assert problems() == ""
    serbian = (folder / "report.sr-Cyrl.html").read_text(encoding="utf-8")
    assert '<html lang="sr-Cyrl">' in serbian
    notice = load_words(place.reports, "sr-Cyrl")("front.english_stands_in", count="#").split("#")[0]
    assert notice not in serbian, "nothing stands in English"
    page, annex = folder / "report.html", folder / "data" / "T05.csv"
    text, cells = page.read_text(encoding="utf-8"), annex.read_text(encoding="utf-8")
    start = text.index('id="table-t05"')
    shown = next(c for c in ("1", "2", "3", "4", "6", "7") if f"<td>{c}" in text[start:])
    wrong = text[:start] + text[start:].replace(f"<td>{shown}", f"<td>9{shown}", 1)
    page.write_text(wrong, encoding="utf-8")
    assert "page and site: table-t05" in problems()
    assert "page and workbook: table-t05" in problems()
    assert "page and annex: T05" in problems()
    page.write_text(text.replace("<desc", "<desc hidden='1'/><title", 1).replace("</desc>", "</title>", 1), encoding="utf-8")  # fmt: skip
    assert "alternative text" in problems()
    page.write_text(text.replace('id="territory-alb"', 'id="elsewhere"'), encoding="utf-8")
    assert "territory without chapter: ALB" in problems()
    page.write_text(text, encoding="utf-8")
    assert ",hidden" in cells, "the table needs a hidden cell for this test"
    line = next(row for row in cells.splitlines() if row.endswith(",,hidden"))
    annex.write_text(cells.replace(line, line.replace(",,hidden", ",7,")), encoding="utf-8")
    assert "page and annex: T05" in problems()


def test_a_later_version_does_not_change_an_edition_that_was_closed_before(place: Project) -> None:
    from clearing_point.analysis.count import open_current
    from clearing_point.warehouse.connection import connect

    standard = load_standard(place.schemas)
    with duckdb.connect(str(place.warehouse)) as connection:
        name, day = connection.execute(
            "SELECT submission_id, received_at::DATE::VARCHAR FROM raw.submission WHERE status = 'ACCEPTED' AND use = 'count' "
            "ORDER BY 1 LIMIT 1"
        ).fetchone()  # type: ignore[misc]
        connection.execute("UPDATE raw.submission SET status = 'REPLACED' WHERE submission_id = ?", [name])
        connection.execute(
            "INSERT INTO raw.submission SELECT * REPLACE (submission_id || '-new' AS submission_id, 'ACCEPTED' AS status, "
            "version_number + 1 AS version_number, received_at + INTERVAL 9 DAY AS received_at) FROM raw.submission "
            "WHERE submission_id = ?",
            [name],
        )
    connection = connect(Path(":memory:"), attach={"warehouse": place.warehouse})
    try:
        assert name in open_current(connection, standard, day)
        now = open_current(connection, standard)
        assert f"{name}-new" in now
        assert name not in now
    finally:
        connection.close()


def test_a_warehouse_from_before_the_quality_views_is_said_to_need_a_rebuild(
    place: Project, tmp_path: Path
) -> None:
    old = Path(shutil.copy(place.warehouse, tmp_path / "old.duckdb"))
    with duckdb.connect(str(old)) as connection:
        connection.execute("DROP VIEW quality.by_year")
        connection.execute("DROP VIEW quality.by_submission")
    with pytest.raises(InputProblem, match="clearing-point rebuild"):
        quality_by_submission(old)
