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


SAID_BETTER = (
    "times of assistance", "ended well", "neutral ones aside", "nought", "conclude nothing", "for which these are over", "with the risk assessed and",
    "tell by how much", "no bound of the truth", "compare the course", "nothing was told", "could not mend", "stand in these",
    "of the known", "among the known", "not told nearer", "region's persons", "reader with arithmetic", "whom you call",
    "data were drawn", "whom only the protected tables count", "somebody who knows one of",
)  # fmt: skip
"""What readers stumbled over, each with a plainer word that is said instead (contact with a person twelve months later, zero,
of those with a known answer, ...)."""


def _said_to_readers(standard: Standard) -> dict[str, str]:
    """Every English text that a reader of the report meets: its sentences, and titles, definitions and headings of its tables."""
    found = {key: str(text) for key, text in load_words(ROOT / "reports", "en").texts.items()}
    for one in standard.indicators:
        labels = [breakdown.label["en"] for breakdown in one.by if breakdown.label]
        found[one.indicator_id] = " | ".join((one.title["en"], one.definition["en"], *labels))
    return found


def test_readers_are_told_in_plain_words(standard: Standard) -> None:
    said = _said_to_readers(standard)
    assert {key: text for key, text in said.items() if text.strip() == "Of whom"} == {}
    hits = {
        key: phrase for key, text in said.items() for phrase in SAID_BETTER if phrase in " ".join(text.split()).lower()
    }  # fmt: skip
    assert hits == {}
