"""A reader of a translation is told how much of it stands in English; the proof language has none left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clearing_point.project import Project
from clearing_point.publication.edition import load_edition
from clearing_point.report.languages import english_texts
from clearing_point.report.words import load_words
from clearing_point.standard import Standard
from tests.conftest import ROOT
from tests.unit.report_samples import context


@pytest.mark.parametrize("language", ["sr-Cyrl", "sr-Latn"])
def test_the_serbian_report_has_no_english_text_left(language: str) -> None:
    edition = load_edition(Project(root=ROOT, data=ROOT), 2022)
    assert english_texts(edition, context(), load_words(ROOT / "reports", language)) == frozenset()


def test_a_definition_that_a_language_lacks_is_counted(standard: Standard) -> None:
    edition, words = (
        load_edition(Project(root=ROOT, data=ROOT), 2022),
        load_words(ROOT / "reports", "sr-Cyrl"),
    )
    first = next(i for i in standard.indicators if i.indicator_id == "T01")
    changed = replace(first, definition={"en": "A sentence that nobody has translated."})
    others = tuple(i for i in standard.indicators if i is not first)
    made = context(standard=replace(standard, indicators=(changed, *others)))
    assert english_texts(edition, made, words) == {"A sentence that nobody has translated."}
    assert english_texts(replace(edition, tables=("T02",)), made, words) == frozenset()
