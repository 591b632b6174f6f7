"""Each kind of fault in the words of a language is found, and a right sentence is not."""

from __future__ import annotations

import pytest

from clearing_point.standard.wording import Line, Wording, faults_of_report, lacking_terms
from tests.conftest import ROOT

RIGHT = [
    ("en", "The sheet “A” has no rows.", ""),
    ("hr", "Udio djece veći je nego prije.", "The share of children is higher than before."),
    ("sr-Cyrl", "Места која треба исправити: {count}", "Cells to be corrected: {count}"),
    ("bg", "Жертва на трафик на хора.", "Victim of trafficking."),
]
WRONG = [
    ("en", 'The sheet "A" has no rows.', "", "typewriter"),
    ("hr", "Udeo dece veći je nego prije.", "The share of children is higher.", "neighbouring language"),
    ("sr-Cyrl", "Удио дјеце је већи.", "The share of children is higher.", "neighbouring language"),
    ("bs", "Tko je žrtva?", "Who is the victim?", "neighbouring language"),
    ("cnr", "Kaznena djela.", "Offences.", "neighbouring language"),
    ("mk", "Ова лице није жртва.", "This person is no victim.", "neighbouring language"),
    ("bg", "Тази особа е жертва.", "This person is a victim.", "neighbouring language"),
    ("sq", "Seksi i personit.", "Sex of the person.", "the term is"),
    ("bg", "Свържете се с център за данни.", "Contact the clearing point.", "the term is"),
    ("mk", "{count} места мора да се исправат.", "{count} cells.", "puts a noun behind a count"),
    ("sl", 'Na listu "Oseba" manjka vrstica.', "A row is missing.", "quotation mark"),
    ("cnr", "Naslov „{heading}” nedostaje.", "The heading “{heading}” is missing.", "of another language"),
    ("ro", "Anunțați centrul de clearing.", "Tell the clearing point.", "the term is"),
    ("sr-Cyrl", "Жртвa трговине људима.", "Victim of trafficking.", "two scripts"),
    ("ro", "victimă identificată.", "Identified victim.", "capital"),
    ("ro", "Victimă identificată", "Identified victim.", "does not end"),
    ("sq", "Mungon fleta.", "The sheet {sheet} is missing.", "places in braces"),
    ("sr-Cyrl", "Наведите разлог уз --разлог.", "Say why, with --reason.", "as it is typed"),
    ("sr-Cyrl", "Акцијски план.", "Plan of action.", "neighbouring language"),
    ("cnr", "Granica je prijeđena.", "A border was crossed.", "neighbouring language"),
]


# A noun and its forms; the third language tells two things apart from three. The numbers are those by which grammars differ.
SAID = [
    ("en", {1: "1 row", 2: "2 rows", 21: "21 rows"}),
    ("sr-Cyrl", {1: "1 ред", 2: "2 реда", 5: "5 редова", 11: "11 редова", 21: "21 ред", 1234: "1.234 реда"}),
    ("sl", {1: "1 vrstica", 2: "2 vrstici", 3: "3 vrstice", 5: "5 vrstic", 101: "101 vrstica"}),
    ("ro", {1: "1 rând", 2: "2 rânduri", 19: "19 rânduri", 20: "20 de rânduri", 101: "101 rânduri"}),
    ("mk", {1: "1 ред", 11: "11 редови", 21: "21 ред"}),
    ("bg", {1: "1 ред", 21: "21 реда"}),
    ("cnr", {1: "1 red", 3: "3 reda", 12: "12 redova"}),
]
FORMS = [
    ("sl", ["one", "few", "other"], "the form 'two' is lacking"),
    ("sq", ["one", "two", "other"], "no number of sq has the form 'two'"),
    ("ro", ["one", "few"], "the form 'other' is lacking"),
    ("ro", ["one", "few", "other"], None),
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


@pytest.mark.parametrize(("language", "expected"), SAID, ids=[language for language, _ in SAID])
def test_a_noun_agrees_with_its_number(standard, language, expected) -> None:
    for number, words in expected.items():
        assert standard.word("balance", "rows", language, count=number).startswith(words)


def test_the_form_goes_with_any_number_of_things(standard) -> None:
    assert "72 сата" in standard.word("desk", "link_made", "sr-Cyrl", hours=72)
    assert "30 de zile" in standard.word("desk", "nothing_counted", "ro", days=30)


@pytest.mark.parametrize(("language", "forms", "said"), FORMS)
def test_each_kind_of_number_has_its_form(wording, language, forms, said) -> None:
    lines = [Line(form, "{count} x", "{count} rows", form) for form in forms]
    found = list(wording.faults(language, lines, {"{count} rows"}))
    assert any(said in fault for fault in found) if said else not found, found


def test_a_concept_without_a_term_in_a_language_is_found(tmp_path) -> None:
    assert list(lacking_terms(ROOT / "schemas")) == []
    (tmp_path / "translations").mkdir()
    (tmp_path / "translations" / "sq.csv").write_text("context,english,text\n", encoding="utf-8")
    head = "concept,language,term,instead_of,note\n"
    (tmp_path / "terms.csv").write_text(
        f"{head}child,en,child,,\nchild,en,minor,,\nsex,en,sex,,\nsex,sq,gjinia,,\n", encoding="utf-8"
    )
    found = " ".join(lacking_terms(tmp_path))
    assert "sq has no term" in found
    assert "en stands twice" in found


def test_a_form_of_a_text_without_numbers_is_found(wording) -> None:
    found = list(wording.faults("sr-Cyrl", [Line("here", "Редова: {count}", "Rows: {count}", "few")]))
    assert any("does not count with" in fault for fault in found), found


def test_the_texts_of_the_report_are_read_too(tmp_path, wording) -> None:
    folder = tmp_path / "text" / "sr-Cyrl"
    folder.mkdir(parents=True)
    right = (
        'months: {one: "{months} месец", few: "{months} месеца", other: "{months} месеци"}\nlist: [Жртве]\n'
    )
    (folder / "right.yml").write_text(right, encoding="utf-8")
    assert list(faults_of_report(tmp_path, wording)) == []
    wrong = (
        'a: {one: "{months} месец", other: "{months} месеци"}\nb: ["После {months} месеци"]\nc: Удио дјеце\n'
    )
    (folder / "wrong.yml").write_text(wrong, encoding="utf-8")
    found = " ".join(faults_of_report(tmp_path, wording))
    for said in (
        "a: has the forms",
        "b.0: puts a noun behind a count",
        "c: 'дјеце' is a word of a neighbouring",
    ):
        assert said in found, found
