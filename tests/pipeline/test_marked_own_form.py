"""A workbook in its sender's own form comes back marked, and is taken again: in every language, corrected or not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import openpyxl
import pytest

from clearing_point.countries import profile_of_territory
from clearing_point.project import Project
from clearing_point.quality.answers import COLUMNS, FIRST_ROW
from clearing_point.quality.feedback import feedback_in
from clearing_point.quality.given_back import give_back
from clearing_point.quality.meant import with_meant
from clearing_point.standard import Standard
from clearing_point.submission.layout import read_with_answers
from clearing_point.submission.plan import Item
from clearing_point.submission.resubmission import parts_of_meant
from pipelines.ingest import checked
from tests.conftest import mostly_at_night

TERRITORY, YEAR = "ALB", "2022"
WORDS = (
    ("citizenship", 5, "Jugosllavi"), ("sex", 6, "Tjetër gjë"), ("identification_date", 5, "31/02/2022"),
    ("identification_status", 7, None),
)  # fmt: skip
"""Words that no list has, a date that is none, an empty cell."""


def _faulty(demo: Project, path: Path) -> Path:
    """Write the made workbook with faults."""
    profile = profile_of_territory(demo, TERRITORY)
    book = openpyxl.load_workbook(demo.data / "submissions" / f"MADE-{TERRITORY}-{YEAR}.xlsx")
    where = {
        name: (spec, sheet.sheet, sheet.header_rows[0])
        for sheet in profile.sheets
        for table in sheet.tables
        if table.table in ("person", "identification")
        for name, spec in table.columns.items()
    }
    for field, row, value in WORDS:
        spec, name, head = where[field]
        sheet = book[name]
        letter = next(c.column_letter for c in sheet[head] if c.value in spec.headings)
        sheet[f"{letter}{row}"] = value
    book.save(path)
    return path


def test_it_is_taken_again_in_two_scripts(demo: Project, standard: Standard, tmp_path: Path) -> None:
    _is_taken_again(demo, standard, tmp_path, ("sq", "sr-Cyrl"))


@pytest.mark.nightly
def test_it_is_taken_again_in_every_language(demo: Project, standard: Standard, tmp_path: Path) -> None:
    """All eleven.

    Quick: tests/pipeline/test_marked_own_form.py::test_it_is_taken_again_in_two_scripts
    """
    _is_taken_again(demo, standard, tmp_path, standard.languages)


def _is_taken_again(demo: Project, standard: Standard, tmp_path: Path, languages: Iterable[str]) -> None:
    faulty = _faulty(demo, tmp_path / "sent.xlsx")
    profile = profile_of_territory(demo, TERRITORY)
    with checked(demo, standard, Item(faulty, profile, YEAR, language="sq")) as done:
        facts = done.outcome.feedback.facts
        told = {group.rule_id for group in done.outcome.feedback.groups}
        assert facts is not None
        meant = parts_of_meant(done.outcome.remarks)
        assert {one["code"] for one in meant} == {"word_meant"}
        assert any(place.heading for place in facts.places)
        for language in languages:
            found = with_meant(feedback_in(facts, standard, language), meant, standard, language)
            marked = tmp_path / f"{language}.xlsx"
            assert give_back(found, done.rows_read, marked, standard, language, faulty) is None
            name = standard.word("findings", "sheet", language)
            assert name not in read_with_answers(demo, marked, profile, standard)[0].sheets, language
    with checked(demo, standard, Item(tmp_path / "sq.xlsx", profile, YEAR, language="sq")) as again:
        assert {group.rule_id for group in again.outcome.feedback.groups} == told


@pytest.fixture(scope="module")
def marked(demo: Project, standard: Standard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the workbook with its cells marked."""
    folder = tmp_path_factory.mktemp("marked")
    faulty, path = _faulty(demo, folder / "sent.xlsx"), folder / "marked.xlsx"
    item = Item(faulty, profile_of_territory(demo, TERRITORY), YEAR, language="sq")
    with checked(demo, standard, item) as done:
        assert give_back(done.outcome.feedback, done.rows_read, path, standard, "sq", faulty) is None
    return path


_ADDED = (
    "{} +381 64 123 4567",
    "{} Pyesni Ana Kola.",
    "“Ana Kola” {}",
    "{} Rreshti 7: a keni menduar “Ana Kola”?",
)


@pytest.mark.parametrize("more", mostly_at_night(_ADDED, _ADDED[2:]))
def test_what_somebody_else_wrote_into_a_sentence_is_left_to_the_guard(
    demo: Project, standard: Standard, marked: Path, tmp_path: Path, more: str
) -> None:
    book = openpyxl.load_workbook(marked)
    sheet = book[standard.word("findings", "sheet", "sq")]
    fields = {sheet.cell(row, COLUMNS.index("field") + 1).value: row for row in range(FIRST_ROW, 9)}
    cell = sheet.cell(fields["sex"], COLUMNS.index("do") + 1)
    cell.value = more.format(cell.value)
    book.save(tmp_path / "told.xlsx")
    received = read_with_answers(
        demo, tmp_path / "told.xlsx", profile_of_territory(demo, TERRITORY), standard
    )[0]
    assert sheet.title in received.sheets
