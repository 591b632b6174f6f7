"""What the suites said of a submission and of an edition, as a page."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import duckdb
import pytest

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.validation_page import page_of_edition, page_of_submission
from clearing_point.standard import Standard
from tests.damaged import damaged

pytestmark = pytest.mark.great_expectations


def _tree(page: str) -> ET.Element:
    return ET.fromstring(page.partition("\n")[2])  # noqa: S314 - a page that this program wrote


def test_the_page_of_a_returned_submission_says_that_it_was_returned(
    demo: Project, standard: Standard, tmp_path: Path
) -> None:
    one = "2022-ALB-ALB01-v1"
    judged = (
        "INSERT INTO quality.validation_result SELECT submission_id, 'person', 'P05', 'P05', 'x', true, 0, NULL "
        f"FROM raw.submission WHERE submission_id = '{one}' AND submission_id NOT IN "
        "(SELECT submission_id FROM quality.validation_result)"
    )
    for number, (state, said) in enumerate([("ACCEPTED", False), ("RETURNED", True)]):
        changed = f"UPDATE raw.submission SET status = '{state}' WHERE submission_id = '{one}'"
        project, _ = damaged(demo, tmp_path / str(number), judged, changed)
        text = page_of_submission(project, standard, one)
        assert (standard.word("suites", "was_returned") in text) == said


def test_what_was_asked_of_cells_and_of_the_past_has_its_sentence(
    demo: Project, standard: Standard, tmp_path: Path
) -> None:
    """Each file is asked of its own columns, and beside its own past, so these stand in no suite of the standard."""
    past = next(rule for rule in standard.rules if rule.expectation)
    judged = [
        f"INSERT INTO quality.validation_result VALUES ('2022-ALB-ALB01-v1', '{suite}', '{name}', '{rule}', 'x', true, 0, NULL)"
        for suite, name, rule in (
            ("submission", "P04.as_received", "P04"),
            ("person", "P04.as_received.sex.Persona.B", "P04"),
            (f"{past.table}.history", f"{past.rule_id}.{past.fields[0]}", past.rule_id),
        )
    ]
    project, _ = damaged(demo, tmp_path, *judged)
    rows = _tree(page_of_submission(project, standard, "2022-ALB-ALB01-v1")).findall(".//tbody/tr")
    assert len(rows) >= len(judged)
    assert all(row[1].text for row in rows)


@pytest.mark.nightly
def test_what_was_asked_is_a_page_of_a_submission_and_of_an_edition(
    full_demo: Project, standard: Standard
) -> None:
    """Of the whole demonstration, which both judges have seen load by load.

    Quick: tests/pipeline/test_checkpoint.py::test_an_accepted_edition_passes_and_its_result_counts_expectations_and_no_rows
    """
    demo = full_demo
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
        assert "{field}" not in text
        assert "Synthetic data." in "".join(shown.itertext())
        assert not [p for p in people if p in text]
        rows = shown.findall(".//tbody/tr")
        assert len(rows) > 100
        assert all(row[1].text for row in rows), "every one has its sentence"
    counted = _tree(page_of_submission(demo, standard, submission)).findall(".//tr[@class='failed']/td[5]")
    assert sum(int(str(cell.text).split()[0]) for cell in counted) == failing
    albanian = page_of_submission(demo, standard, submission, "sq")
    assert '<html lang="sq">' in albanian
    assert standard.word("suites", "asks", "sq") in albanian
    assert next(r for r in standard.rules if r.rule_id == "A10").why["sq"] in albanian
    assert "What it checks" not in albanian
    with pytest.raises(InputProblem, match="There is no submission 'none'"):
        page_of_submission(demo, standard, "none")
    with pytest.raises(InputProblem, match="There is no validation of an edition 1999"):
        page_of_edition(demo, standard, 1999)
