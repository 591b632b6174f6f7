"""Pages of every role and state are there, small, without a script, and say what stands where."""

from __future__ import annotations

import ast
import json
import pickle
import re

import pytest

from clearing_point.desk.language import Words
from clearing_point.desk.next_step import covering, lines_of_periods
from clearing_point.desk.outbox import put_out
from clearing_point.desk.rules import rules
from clearing_point.desk.stem import _said
from clearing_point.desk.store import account, period
from clearing_point.errors import InputProblem
from clearing_point.standard import Standard
from tests.conftest import ROOT
from tests.desk.conftest import OTHER, OWN, PEOPLE, PERIOD, TestDesk
from tests.refusals import refusals

_MOST_BYTES = 100_000


@pytest.mark.parametrize("state", list(rules().states))
def test_a_file_in_every_state_has_its_page_for_officer_and_approver(place: TestDesk, state: str) -> None:
    identity = place.file(state)
    for name in ("officer", "approver"):
        answer = place.visitor(name).get(f"/files/{identity}?now")
        assert answer.status_code == 200, answer.text
        assert place.desk.standard.word("desk", f"state_{state}") in answer.text
        assert len(answer.content) < _MOST_BYTES
        assert "<script" not in answer.text
        assert not re.search(r"https?://(?!desk\.example)", answer.text)


@pytest.mark.parametrize("name", list(PEOPLE))
def test_every_role_has_its_overview_account_and_log(place: TestDesk, name: str) -> None:
    place.file("waiting")
    visitor = place.visitor(name)
    for path in ("/", "/account"):
        answer = visitor.get(path)
        assert answer.status_code == 200, answer.text
        assert len(answer.content) < _MOST_BYTES
    assert visitor.get("/log").status_code == (404 if name == "editor" else 200)


def test_pages_are_there_in_every_language_and_a_draft_says_that_it_is_one(
    place: TestDesk, standard: Standard
) -> None:
    identity = place.file("checked")
    for language in standard.languages:
        with place.desk.store.changing() as connection:
            connection.execute(account.update().values(language=language))
        draft = standard.word("template", "draft", language)
        for name, path in (
            ("officer", "/"), ("officer", f"/files/{identity}?now"), ("approver", f"/periods/{OWN}/{PERIOD}"),
            ("coordinator", "/"), ("auditor", "/log"),
        ):  # fmt: skip
            answer = place.visitor(name).get(path)
            assert answer.status_code == 200, (language, path)
            assert f'lang="{language}"' in answer.text
            assert (draft in answer.text) == (language != "en"), (language, path)


def test_every_method_that_a_page_asks_of_the_words_is_there() -> None:
    for path in (ROOT / "clearing_point" / "desk" / "templates").glob("*.html"):
        for name in re.findall(r"\bw\.(\w+)", path.read_text(encoding="utf-8")):
            assert hasattr(Words, name) or name in ("draft", "language"), (path.name, name)


def test_the_overview_leads_to_what_is_to_be_done(place: TestDesk) -> None:
    link = f'<a href="/periods/{OWN}/{PERIOD}">{place.desk.standard.word("desk", "step_send")}'
    assert link in place.visitor("officer").get("/").text
    assert link not in place.visitor("approver").get("/").text
    place.file("checked")
    assert link not in place.visitor("officer").get("/").text


def test_a_period_says_what_to_do(place: TestDesk) -> None:
    place.file("checked")
    page = place.visitor("officer").get(f"/periods/{OWN}/{PERIOD}").text
    assert 'enctype="multipart/form-data"' in page
    assert "file.xlsx" in page


def test_whoever_approves_reads_the_answers_that_stand_in_the_file(place: TestDesk) -> None:
    identity = place.file("waiting")
    path = place.desk.files / identity / "findings.json"
    given = {
        "place": ["A08", "assistance_episode", None, "Aid", "T"], "code": "RARE_BUT_TRUE", "count": 3
    }  # fmt: skip
    label = place.desk.standard.label_of("finding_answer", "RARE_BUT_TRUE", "en")
    approver = place.visitor("approver")
    assert label not in approver.get(f"/files/{identity}?now").text
    path.write_text(json.dumps(json.loads(path.read_text()) | {"answered": [given]}))
    assert label in approver.get(f"/files/{identity}?now").text


@pytest.mark.parametrize(("state", "acts"), [("withdrawn", True), ("deleted", True), ("loaded", False)])
def test_after_a_withdrawal_it_is_the_officer_again(place: TestDesk, state: str, acts: bool) -> None:
    place.file(state)
    with place.desk.store.reading() as connection:
        lines = lines_of_periods(connection, [OWN], Words(place.desk.standard, "en"))
    line = next(line for line in lines if line["period"] == PERIOD)
    assert ("officer" in line["who"]) == acts


def test_a_file_that_was_given_back_is_called_so_and_not_checked(place: TestDesk) -> None:
    address = f"/files/{place.file('waiting')}"
    place.visitor("approver").post(f"{address}/return", {"version": "1", "reason": "Please look at row 3."})
    for name in ("officer", "coordinator"):
        assert "Returned by approver on" in place.visitor(name).get("/").text, name
    officer = place.visitor("officer")
    officer.post(f"{address}/send", {"version": "2"})
    officer.post(f"{address}/take-back", {"version": "3"})
    assert "Returned by" not in officer.get("/").text, "she took it back herself since"


def test_whose_account_is_closed_need_not_act_and_gets_no_mail(place: TestDesk) -> None:
    identity = place.file("checked")
    with place.desk.store.changing() as connection:
        place.desk.accounts.change(connection, "officer", "coordinator", state="closed")
        lines = lines_of_periods(connection, [OWN], Words(place.desk.standard, "en"))
        assert next(line for line in lines if line["period"] == PERIOD)["who"] == ["second"]
        written = put_out(place.desk, connection, ["officer", "second"], place.row(identity), "news")
    assert written == 1
    assert [p.name.split("-")[1] for p in place.desk.outbox.glob("*.eml")] == ["second"]


def test_a_page_names_the_coordinator_where_she_is_the_second_person(place: TestDesk) -> None:
    identity = place.file("waiting")
    officer = place.visitor("officer")
    waits = Words(place.desk.standard, "en")("waits_for", names="approver")
    assert waits in officer.get(f"/files/{identity}").text
    with place.desk.store.changing() as connection:
        connection.execute(period.update().values(persons=1))
    for name in ("officer", "coordinator"):
        page = place.visitor(name).get(f"/files/{identity}").text
        assert waits not in page
        assert Words(place.desk.standard, "en")("waits_for", names="coordinator") in page


def test_what_is_stored_of_several_years_stands_for_each_of_them() -> None:
    row = {"submission": "2021-2022-XXX-A-v1", "version": 1}
    kept = {("XXX", "2021-2022"): [row], ("YYY", "2023"): [row]}
    assert covering(kept, "XXX", "2022") == [row]
    assert covering(kept, "XXX", "2021-2022") == [row]
    assert covering(kept, "XXX", "2023") == []
    assert covering(kept, "XXX", "2022-2023") == [], "half of it is lacking"
    assert covering(kept, "YYY", "2022") == []


def test_the_coordinator_is_told_who_is_wanting_and_a_period_keeps_what_she_does_not_say(
    place: TestDesk,
) -> None:
    coordinator = place.visitor("coordinator")
    form = {"territory": "*", "period": "2025", "closes": "2031-03-31", "state": "open", "persons": "2"}
    assert coordinator.post("/coordination/periods", form).status_code == 303
    page = coordinator.get("/").text
    for code in place.desk.standard.reporting_territories:
        said = place.desk.standard.word(
            "desk", "no_officer", territory=place.desk.standard.territory_name(code)
        )
        assert (said in page) == (code not in (OWN, OTHER)), code
    one = {"territory": OWN, "period": "2025", "closes": "", "state": "open", "persons": "1"}
    assert coordinator.post("/coordination/periods", one).status_code == 303
    shut = {"territory": "*", "period": "2025", "closes": "", "state": "closed", "persons": ""}
    assert coordinator.post("/coordination/periods", shut).status_code == 303
    with place.desk.store.reading() as connection:
        kept = {
            row.territory: (row.state, row.closes, row.persons)
            for row in connection.execute(period.select().where(period.c.period == "2025"))
        }
    assert kept[OWN] == ("closed", "2031-03-31", 1)
    assert kept[OTHER] == ("closed", "2031-03-31", 2)


def test_a_form_that_is_complained_of_keeps_what_was_typed(place: TestDesk) -> None:
    coordinator = place.visitor("coordinator")
    account = {
        "name": "new.one",
        "role": "approver",
        "territory": "",
        "language": "sq",
        "address": "a@example.org",
    }
    answer = coordinator.post("/accounts", account)
    assert answer.status_code == 422
    for text in (
        'value="new.one"',
        '"approver" selected',
        '"sq" lang="sq" selected',
        'value="a@example.org"',
    ):
        assert text in answer.text, text
    assert 'value="new.one"' not in coordinator.get("/accounts").text
    for period_name, closes in (
        ("20244", ""),
        ("2024-2022", ""),
        ("2024-2024", ""),
        ("2026", "2026-13-45"),
        ("2026", "20260101"),
    ):
        form = {"territory": OWN, "period": period_name, "closes": closes, "state": "closed", "persons": ""}
        answer = coordinator.post("/coordination/periods", form)
        assert answer.status_code == 422, form
        for text in (f'value="{period_name}"', f'value="{closes}"', '"closed" selected', f'"{OWN}" selected'):
            assert text in answer.text, text


@pytest.mark.parametrize(
    ("state", "first", "last"),
    [
        ("received", "received", "marking"),
        ("loading", "waiting", "storing"),
        ("taking_back", "waiting", "storing"),
    ],
)
def test_how_far_a_job_is_is_said_before_it_begins_too(
    place: TestDesk, state: str, first: str, last: str
) -> None:
    page = place.visitor("officer").get(f"/files/{place.file(state)}?now").text
    words = Words(place.desk.standard, "en")
    stages = re.findall(
        r"<li( aria-current=\"step\")?>([^<]*)</li>",
        page.partition('class="stages"')[2].partition("</ol>")[0],
    )
    assert (bool(stages[0][0]), stages[0][1], stages[-1][1]) == (
        True,
        words(f"stage_{first}"),
        words(f"stage_{last}"),
    )
    assert (words("stage_reading") in [said for _, said in stages]) == (state != "taking_back")


def test_what_is_said_of_the_file_as_a_whole_is_not_folded(place: TestDesk) -> None:
    identity = place.file("checked")
    path = place.desk.files / identity / "findings.json"
    document = json.loads(path.read_text())
    whole = {
        "rule_id": "P07",
        "severity": "warning",
        "table": None,
        "field": None,
        "sheet": None,
        "column": None,
        "rows": [],
        "count": 1,
    }
    cell = document["facts"]["places"][0] | {"rule_id": "S07", "severity": "information"}
    document["facts"]["places"] += [whole, cell]
    path.write_text(json.dumps(document))
    page = place.visitor("approver").get(f"/files/{identity}?now").text
    assert page.index("P07") < page.index("<details") < page.index("S07")


def test_a_category_is_named_in_words_and_never_by_its_codes(place: TestDesk) -> None:
    for language, total in (("en", "Total"), ("sr-Cyrl", "Укупно"), ("sr-Latn", "Ukupno")):
        words = Words(place.desk.standard, language)
        title, said = words.category("T10 F")
        assert (said, "T10" in title) == (words.standard.label_of("sex", "F", language), False)
        assert words.category("T10 Total")[1] == total
        female = words.standard.label_of("sex", "F", language)
        assert words.category("T10A F 2021 Total")[1] == f"{female}, 2021"
        lines = [["T12 N", 1, 2], ["T12 Total", 3, 4], ["T12 Y", 2, 2], ["T10 Total", 5, 5], ["T10 F", 5, 5]]
        assert [[line[1:] for line in told] for _, told in words.by_table(lines)] == [
            [(1, 2), (2, 2), (3, 4)],
            [(5, 5), (5, 5)],
        ]
        for one in place.desk.standard.indicators:
            for breakdown in one.by:
                for code in breakdown.group_labels:
                    assert words._code(breakdown, code) != code
    for language in place.desk.standard.languages:
        words = Words(place.desk.standard, language)
        for one in place.desk.standard.indicators:
            title = words.category(one.indicator_id)[0]
            assert (language == "en") == (title == one.title["en"]), (language, title)
            if any(b.codelist == "territory" for b in one.by):
                assert title == one.title[language], (language, title)
    identity = place.file("checked")
    path = place.desk.files / identity / "findings.json"
    moved = {"edition": 2022, "table": "T10", "cells": ["ALB 2022 F"]}
    changes = {
        "earlier": "2021-ALB-ALB01-v1", "tables": [], "editions": [2022], "moved": [moved], "stays": [],
        "beside": [["T10 F", None, 40, 41], ["T10 Total", None, 40, 41]],
    }  # fmt: skip
    path.write_text(json.dumps(json.loads(path.read_text()) | {"changes": changes}))
    page = place.visitor("officer").get(f"/files/{identity}").text
    assert "T10" not in page
    assert "Female" in page


def test_a_refusal_has_its_sentence_in_every_language(standard: Standard) -> None:
    codes = {r.code: r.given | {"file", "decision"} for r in refusals() if r.code is not None}
    assert {"file_password", "file_old_excel", "csv_line"} <= set(codes)
    words = {language: Words(standard, language) for language in standard.languages}
    for code, names in codes.items():
        said = {language: words[language](code, **dict.fromkeys(names, 12)) for language in words}
        assert len(set(said.values())) >= 7, code  # some of the languages share their sentences
        assert not [text for text in said.values() if "{" in text], code
    problem = InputProblem("Line 12 is odd.", "csv_line", line=12)
    assert _said(problem) == {"problem": "Line 12 is odd.", "code": "csv_line", "filled": {"line": 12}}
    assert pickle.loads(pickle.dumps(problem)).filled == {"line": 12}  # noqa: S301 - our own
    assert _said(InputProblem("Anything."))["code"] == "problem_other"


def test_every_deed_of_the_log_has_a_word(standard: Standard) -> None:
    deeds = set(rules().steps)
    for path in (ROOT / "clearing_point" / "desk").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "log" and len(node.args) > 2:
                deeds |= {node.args[2].value} if isinstance(node.args[2], ast.Constant) else set()
    assert {"upload", "period_set", "log_read"} <= deeds
    assert deeds == set(rules().deeds)
    words = Words(standard, "sr-Latn")
    assert {words.deed(deed) for deed in deeds}.isdisjoint(deeds)
