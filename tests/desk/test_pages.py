"""Pages of every role and state are there, small, without a script, and say what stands where."""

from __future__ import annotations

import re

import pytest

from clearing_point.desk.rules import rules
from tests.desk.conftest import OWN, PEOPLE, PERIOD, TestDesk

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


def test_a_period_says_what_to_do(place: TestDesk) -> None:
    place.file("checked")
    page = place.visitor("officer").get(f"/periods/{OWN}/{PERIOD}").text
    assert 'enctype="multipart/form-data"' in page
    assert "file.xlsx" in page
