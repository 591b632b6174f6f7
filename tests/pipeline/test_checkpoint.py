"""Before an edition is published, Great Expectations judges all that it counts once more."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication import checkpoint
from clearing_point.publication.validation_page import page_of_edition, page_of_submission
from clearing_point.standard import Standard
from clearing_point.suites.runner import Question, run_suites
from tests.conftest import ROOT

pytestmark = pytest.mark.great_expectations


def _damaged(demo: Project, folder: Path, *statements: str) -> tuple[Project, list[str]]:
    """Return a copy of the demonstration with changed rows, and the submissions that count."""
    project = Project(root=ROOT, data=Path(shutil.copytree(demo.data, folder / "data")))
    with duckdb.connect(str(project.warehouse)) as connection:
        for statement in statements:
            connection.execute(statement)
        rows = connection.execute(
            "SELECT submission_id FROM raw.submission WHERE use = 'count' AND status = 'ACCEPTED' ORDER BY 1"
        ).fetchall()
    return project, [row[0] for row in rows]


def test_an_accepted_edition_passes_and_its_result_counts_expectations_and_no_rows(
    demo: Project, standard: Standard
) -> None:
    with duckdb.connect(str(demo.warehouse), read_only=True) as connection:
        people = {row[0] for row in connection.execute("SELECT person_reference FROM core.person").fetchall()}
        counted = [
            row[0]
            for row in connection.execute(
                "SELECT submission_id FROM raw.submission WHERE use = 'count' AND status = 'ACCEPTED'"
            ).fetchall()
        ]
    found = checkpoint.run_checkpoint(demo, standard, counted, run_suites)
    text = found.text()
    suites = json.loads(text)["suites"]
    assert {"person", "identification", "service", "edition"} <= {s["suite"] for s in suites}
    assert sum(s["expectations"] for s in suites) == len(found.judgements) > 400
    assert not any(word in text for word in people)
    assert json.loads((demo.releases / "2022" / checkpoint.FILE).read_text(encoding="utf-8"))["suites"]


@pytest.mark.parametrize(
    ("rule", "damage"),
    [
        ("P04", "UPDATE core.person SET sex = 'ZZ' WHERE rowid = 3"),
        ("P05", "INSERT INTO core.person SELECT * FROM core.person WHERE rowid = 3"),
        ("W02", "UPDATE raw.submission SET sender = (SELECT min(sender) FROM raw.submission), territory = 'ALB'"),
        ("W03", "DELETE FROM quality.decision"),
        ("W05", "UPDATE raw.submission SET made_data = false WHERE sender = (SELECT min(sender) FROM raw.submission)"),
        ("W06", "UPDATE core.person SET person_id = (SELECT min(person_id) FROM core.person)"),
    ],
)  # fmt: skip
def test_rows_that_went_wrong_after_they_were_accepted_stop_the_edition(
    rule: str, damage: str, demo: Project, standard: Standard, tmp_path: Path
) -> None:
    project, counted = _damaged(demo, tmp_path, damage)
    with pytest.raises(InputProblem, match=rf"The edition was not published.*{rule} \("):
        checkpoint.run_checkpoint(project, standard, counted, run_suites)


def _tree(page: str) -> ET.Element:
    return ET.fromstring(page.partition("\n")[2])  # noqa: S314 - a page that this program wrote


def test_what_was_asked_is_a_page_of_a_submission_and_of_an_edition(
    demo: Project, standard: Standard, tmp_path: Path
) -> None:
    with duckdb.connect(str(demo.warehouse), read_only=True) as connection:
        submission, failing, people = connection.execute(
            "SELECT submission_id, sum(failed), (SELECT list(person_reference) FROM core.person) FROM quality.validation_result JOIN raw.submission USING (submission_id) "
            "WHERE failed > 0 AND made_data GROUP BY 1 ORDER BY 1"
        ).fetchone()
    for text in (page_of_submission(demo, standard, submission), page_of_edition(demo, standard, 2022)):
        shown = _tree(text)
        assert "<script" not in text
        assert "src=" not in text
        assert "href=" not in text
        assert "Synthetic data." in "".join(shown.itertext())
        assert not [p for p in people if p in text]
        rows = shown.findall(".//tbody/tr")
        assert len(rows) > 100
        assert all(row[1].text for row in rows), "every one has its sentence"
    counted = _tree(page_of_submission(demo, standard, submission)).findall(".//tr[@class='failed']/td[5]")
    assert sum(int(str(cell.text).split()[0]) for cell in counted) == failing
    with pytest.raises(InputProblem, match="There is no submission 'none'"):
        page_of_submission(demo, standard, "none")
    with pytest.raises(InputProblem, match="There is no validation of an edition 1999"):
        page_of_edition(demo, standard, 1999)


def test_what_the_warehouse_said_before_is_asked_again_when_it_changed(
    demo: Project, standard: Standard, tmp_path: Path
) -> None:
    project, counted = _damaged(demo, tmp_path, "SELECT 1")
    asked: list[Question] = []

    def ask(question: Question) -> Callable[..., object]:
        asked.append(question)
        return run_suites(question)  # type: ignore[return-value]

    for _ in range(2):
        checkpoint.run_checkpoint(project, standard, counted, ask)  # type: ignore[arg-type]
    before = len(asked)
    assert before <= 1
    with duckdb.connect(str(project.warehouse)) as connection:
        connection.execute("DELETE FROM core.identification WHERE rowid = 1")
    checkpoint.run_checkpoint(project, standard, counted, ask)  # type: ignore[arg-type]
    assert len(asked) == before + 1
