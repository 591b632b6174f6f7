"""A year of an office, played: every wrong turn ends in its sentence, and nothing goes out that should not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from clearing_point.project import Project
from clearing_point.standard import load_standard
from tests.cheaply import by_both_judges
from tests.command import command
from tests.conftest import ROOT
from tests.workbooks import identification, person, write_regional

EDITION = """\
year: {year}
title: A short edition
naming_profile: neutral
languages: [en]
trend_from: 2022
profile: suppress
tables: [T10A, T13A]
"""
ANOTHER_USER = 54321
PERSONS = 40


class Office:
    """A project and a data folder, worked by commands alone."""

    def __init__(self, folder: Path) -> None:
        root = folder / "project"
        for name in ("schemas", "pipelines", "reports"):
            ignored = shutil.ignore_patterns("*.py", "__pycache__", "editions")
            shutil.copytree(ROOT / name, root / name, ignore=ignored)
        (root / "reports" / "editions").mkdir()
        self.folder = folder
        self.place = Project(root=root, data=folder / "data")
        self.standard = load_standard(root / "schemas")
        self.published: dict[str, str] = {}

    def plan(self, year: int) -> None:
        """Write the file of an edition."""
        (self.place.editions / f"{year}.yml").write_text(EDITION.format(year=year), encoding="utf-8")

    def say(self, *words: object) -> tuple[int, str]:
        """Run a command on the project and its data; return the exit code and all that it said."""
        code, out, err = command(*words, "--project", self.place.root, "--data", self.place.data)
        assert "Traceback" not in err
        return code, out + err

    def send(
        self, territory: str, year: int, *more: object, persons: int = PERSONS, **spoiled: Any
    ) -> tuple[int, str]:
        """Load a workbook of a territory; `spoiled` changes the first person."""
        rows = {
            "person": [person(n, **(spoiled if n == 0 else {})) for n in range(persons)],
            "identification": [
                identification(n, identification_date=f"{year}-03-14") for n in range(persons)
            ],
        }
        file = write_regional(self.folder / f"{territory}-{year}.xlsx", self.standard, rows)
        return self.say("load", file, "--territory", territory, "--period", year, *more)

    def night(self, year: int) -> dict[str, Any]:
        """Run what the timer runs; return its line of the log."""
        with by_both_judges():  # as another machine will: what is said of the suites is part of the report
            code, said = self.say("run", "annual", "--edition", year, "--quiet")
        line: dict[str, Any] = json.loads(self.place.run_log.read_text(encoding="utf-8").splitlines()[-1])
        assert line["exit_code"] == code, said
        assert bool(said) == bool(code), "quiet where nothing is wrong"
        return {**line, "said": said}

    def out(self) -> dict[str, str]:
        """Return the hashes of all that readers have, and of the ledger."""
        # A database holds pages that differ by run; its rows are those of the CSV files.
        files = [
            p
            for folder in (self.place.releases, self.place.builds)
            for p in folder.rglob("*")
            if p.is_file() and p.suffix != ".duckdb" and p.name != "SHA256SUMS"
        ]
        files += [self.place.ledger] if self.place.ledger.is_file() else []
        return {
            p.relative_to(self.place.data).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in files
        }

    def refused(self, year: int, sentence: str, code: int = 1) -> None:
        """The night run stops with a sentence, and nothing that is out has moved."""
        before = self.out()
        line = self.night(year)
        assert (line["outcome"], line["exit_code"]) == ("failed", code), line
        assert sentence in line["reason"], line["reason"]
        assert self.out() == before


@pytest.mark.nightly
def test_a_draft_is_made_until_somebody_opens_the_edition_and_a_lost_ledger_stops_it(tmp_path: Path) -> None:
    """One territory, one edition, by commands alone.

    Quick: tests/pipeline/test_run_annual.py::test_one_edition_through_all_its_life
    """
    office = Office(tmp_path)
    office.plan(2022)
    assert office.send("ALB", 2022)[0] == 0
    assert office.night(2022)["outcome"] == "draft"
    assert not any(name.startswith(("releases", "reports", "publications")) for name in office.out())
    assert office.say("edition", 2022, "--state", "open", "--role", "head")[0] == 0
    assert office.night(2022)["release"] == "1.0"
    office.place.ledger.unlink()
    office.refused(2022, "lost or older than what is out", code=4)


@pytest.mark.nightly
def test_a_year_is_played(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Twenty-two loads, corrections, two editions, a lost disk, a lost ledger, an upgrade, another machine's user.

    Quick: tests/pipeline/test_run_annual.py::test_one_edition_through_all_its_life
    """
    folder = tmp_path_factory.mktemp("year")
    office = Office(folder)
    territories = office.standard.reporting_territories
    assert len(territories) == 11
    _first_edition(office, territories)
    _second_edition(office, territories)
    _lost_ledger(office, folder)
    _upgraded_standard(office)
    _lost_disk(office, folder)
    _restored_by_another_user(office, folder / "backup-2023", 2023)


def _first_edition(office: Office, territories: tuple[str, ...]) -> None:
    office.plan(2022)
    # The timer's first nights: one territory has sent, and nothing is frozen by that.
    for number, territory in enumerate(territories):
        assert office.send(territory, 2022)[0] == 0, territory
        if number == 0:
            assert office.night(2022)["outcome"] == "draft"
    # A file that must be corrected, and its correction; the version before is kept.
    code, said = office.send(territories[0], 2022, sex="Q")
    assert code == 1, said
    assert office.send(territories[0], 2022, birth_year=1999)[0] == 0
    draft = office.night(2022)
    assert (draft["outcome"], draft["submissions"]) == ("draft", 11)
    assert office.out() == {}, "a draft is outside the office"
    assert "role" in office.say("edition", 2022, "--state", "open")[1]
    assert office.say("edition", 2022, "--state", "open", "--role", "head of the office")[0] == 0
    assert office.night(2022)["release"] == "1.0"
    assert office.night(2022)["outcome"] == "unchanged"
    assert office.say("backup", office.folder / "backup-2022")[0] == 0


def _second_edition(office: Office, territories: tuple[str, ...]) -> None:
    # A correction of what is out: a reason is asked for, and the edition that is out stays as it is.
    code, said = office.send(territories[1], 2022, persons=PERSONS + 1)
    assert code == 1, said
    assert "--reason" in said
    assert (
        office.send(territories[1], 2022, "--reason", "one more person was identified", persons=PERSONS + 1)[
            0
        ]
        == 0
    )
    office.refused(2022, "is out and frozen")
    assert office.say("edition", 2022, "--state", "closed", "--role", "head of the office")[0] == 0
    before = office.out()
    assert office.night(2022)["outcome"] == "closed"
    assert office.say("publish", "--edition", 2022)[0] == 1
    assert office.out() == before
    office.plan(2023)
    for territory in territories:
        assert office.send(territory, 2023)[0] == 0, territory
    assert office.night(2023)["outcome"] == "draft"
    assert office.out() == before
    assert office.say("edition", 2023, "--state", "open", "--role", "head of the office")[0] == 0
    assert office.night(2023)["release"] == "1.0"
    assert {n: h for n, h in office.out().items() if "/2022/" in n} == {
        n: h for n, h in before.items() if "/2022/" in n
    }
    assert office.say("backup", office.folder / "backup-2023")[0] == 0
    assert office.say("health")[0] == 0


def _lost_ledger(office: Office, folder: Path) -> None:
    kept = office.place.ledger.read_bytes()
    for instead in (None, folder / "backup-2022" / "data" / "publications" / "ledger.csv"):
        office.place.ledger.unlink(missing_ok=True)
        if instead:
            shutil.copy(instead, office.place.ledger)
        office.refused(2023, "lost or older than what is out", code=4)
        code, said = office.say("health")
        assert code == 4
        assert "lost or older than what is out" in said
    office.place.ledger.write_bytes(kept)
    assert office.night(2023)["outcome"] == "unchanged"


def _upgraded_standard(office: Office) -> None:
    """Under the upgrade every person is a child: what is out would be contradicted."""
    table = office.place.schemas / "tables" / "identification.yml"
    text = table.read_text(encoding="utf-8")
    old = "coalesce(\n        minor_at_identification,"
    assert old in text
    table.write_text(
        text.replace(old, "coalesce(\n        'Y', minor_at_identification,", 1), encoding="utf-8"
    )
    before = office.out()
    code, said = office.say("publish", "--edition", 2023)
    assert code == 1
    assert "run `clearing-point rebuild" in said
    assert office.out() == before
    office.refused(2023, "counting the same submissions gives other numbers now in T13A")
    # The way back.
    table.write_text(text, encoding="utf-8")
    line = office.night(2023)
    assert line["outcome"] == "unchanged"
    assert "the content differs" in line["rebuilt"]
    assert office.out() == before


def _lost_disk(office: Office, folder: Path) -> None:
    before = office.out()
    shutil.rmtree(office.place.data)
    code, said = office.say("restore", folder / "backup-2022", "--verify")
    assert code == 0, said
    assert office.say("restore", folder / "backup-2023")[0] == 0
    assert office.out() == before
    # Until the warehouse is made again, nothing is published.
    office.refused(2023, "run `clearing-point rebuild` first", code=4)
    code, said = office.say("rebuild")
    assert code == 0, said
    line = office.night(2023)
    assert (line["outcome"], line["release"]) == ("unchanged", "1.0"), line
    assert office.out() == before
    assert office.say("restore", folder / "backup-2023")[0] == 2, "nothing is overwritten"


def _restored_by_another_user(office: Office, backup: Path, year: int) -> None:
    setpriv = shutil.which("setpriv")
    if os.geteuid() != 0 or setpriv is None:
        return  # only root may become another user
    # Not below pytest's own folder, which is closed to that user: commands ask whether they may read what they are named.
    with tempfile.TemporaryDirectory(prefix="another-machine-") as place:
        _on_another_machine(office, backup, year, Path(place), setpriv)


def _on_another_machine(office: Office, backup: Path, year: int, elsewhere: Path, setpriv: str) -> None:
    shutil.copytree(office.place.root, elsewhere / "project")
    shutil.copytree(backup, elsewhere / "backup")
    for path in (elsewhere, *elsewhere.rglob("*")):
        os.chown(path, ANOTHER_USER, ANOTHER_USER)
    # That user may read this machine's Python, wherever it lies, and write nothing but what is her own.
    become = [setpriv, f"--reuid={ANOTHER_USER}", f"--regid={ANOTHER_USER}", "--clear-groups"]
    become += [
        "--inh-caps=+dac_read_search",
        "--ambient-caps=+dac_read_search",
        "--bounding-set=-all,+dac_read_search",
    ]

    def as_that_user(*words: object) -> subprocess.CompletedProcess[str]:
        where = ("--project", elsewhere / "project", "--data", elsewhere / "data")
        return subprocess.run(
            [*become, sys.executable, "-m", "clearing_point.cli", *map(str, (*words, *where))],
            capture_output=True, text=True, check=False, cwd=elsewhere,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": "/nonexistent",
                 "PYTHONDONTWRITEBYTECODE": "1", "MPLCONFIGDIR": str(elsewhere)},
        )  # fmt: skip

    for words in (("restore", elsewhere / "backup"), ("rebuild",), ("run", "annual", "--edition", year)):
        done = as_that_user(*words)
        assert done.returncode == 0, done.stderr[-2000:]
    assert "is unchanged" in done.stdout
    # A command as root in that folder would stop its owner's service: it is refused before anything is written.
    code, _, err = command(
        "run", "annual", "--edition", year, "--project", elsewhere / "project", "--data", elsewhere / "data"
    )
    assert code == 4
    assert "run this as that user" in err
    assert as_that_user("health").returncode == 0
