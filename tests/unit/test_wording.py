"""Each kind of fault in the words of a language is found, and a right sentence is not."""

from __future__ import annotations

import pytest

from clearing_point.standard.wording import Line, Wording
from tests.conftest import ROOT

RIGHT = [
    ("hr", "Udio djece veći je nego prije.", "The share of children is higher than before."),
    ("sr-Cyrl", "Места која треба исправити: {count}", "Cells to be corrected: {count}"),
    ("bg", "Жертва на трафик на хора.", "Victim of trafficking."),
]
WRONG = [
    ("hr", "Udeo dece veći je nego prije.", "The share of children is higher.", "neighbouring language"),
    ("sr-Cyrl", "Удио дјеце је већи.", "The share of children is higher.", "neighbouring language"),
    ("bg", "Свържете се с център за данни.", "Contact the clearing point.", "the term is"),
    ("mk", "{count} места мора да се исправат.", "{count} cells.", "puts a noun behind a count"),
    ("sl", 'Na listu "Oseba" manjka vrstica.', "A row is missing.", "quotation mark"),
    ("sr-Cyrl", "Жртвa трговине људима.", "Victim of trafficking.", "two scripts"),
    ("ro", "victimă identificată.", "Identified victim.", "capital"),
    ("ro", "Victimă identificată", "Identified victim.", "does not end"),
    ("sq", "Mungon fleta.", "The sheet {sheet} is missing.", "places in braces"),
]


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording(ROOT / "schemas")


@pytest.mark.parametrize(("language", "text", "english"), RIGHT)
def test_a_right_sentence_has_no_fault(wording, language, text, english) -> None:
    assert list(wording.faults(language, [Line("here", text, english)])) == []


@pytest.mark.parametrize(("language", "text", "english", "said"), WRONG)
def test_a_fault_is_found_and_said(wording, language, text, english, said) -> None:
    found = list(wording.faults(language, [Line("here", text, english)]))
    assert any(said in fault for fault in found), found
