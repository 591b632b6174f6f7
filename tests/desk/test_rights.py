"""Isolation: every address x role x own or other territory x state, from the route table; unknown and forbidden look alike."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest
import yaml

from clearing_point.desk.app import PAGES
from clearing_point.desk.bound import hash_of_bound
from clearing_point.desk.call import FILE, OPEN, PAGE
from clearing_point.desk.rules import rules
from tests.conftest import ROOT
from tests.desk.conftest import BOUND, OTHER, OWN, PEOPLE, PERIOD, TestDesk

STATES = list(rules().states)
# Written once more, by hand, from section 6.3 of the design: what checks shares nothing with what is checked.
OF_OFFICER = {
    "view": set(STATES), "marked": {"checked", "waiting", "returned", "loaded"}, "answer": {"checked"}, "send": {"checked"},
    "take_back": {"waiting"}, "retry": {"failed"}, "remove": {"received", "checking", "checked", "failed", "waiting"},
    "ask_withdraw": {"loaded"}, "ask_delete": {"loaded", "returned"},
    "receipt": {"loaded", "returned", "asked", "replaced", "withdrawn", "deleted"},
}  # fmt: skip
OF_APPROVER = {
    "view": set(STATES), "marked": {"checked", "waiting", "returned", "loaded"}, "approve": {"waiting"}, "return": {"waiting"},
    "agree": {"asked"}, "decline": {"asked"}, "receipt": OF_OFFICER["receipt"],
}  # fmt: skip
OF_COORDINATOR = {
    "decide": {"waiting", "asked"}, "approve": {"waiting"}, "return": {"waiting"}, "agree": {"asked"}, "decline": {"asked"},
}  # fmt: skip


def allowed(name: str, action: str, state: str, *, one_person: bool) -> bool:
    role, territory = PEOPLE[name]
    if role == "coordinator":
        return one_person and state in OF_COORDINATOR.get(action, set())
    if territory != OWN:
        return False
    return state in {"officer": OF_OFFICER, "approver": OF_APPROVER}.get(role, {}).get(action, set())


def is_late(name: str, action: str, state: str) -> bool:
    role, territory = PEOPLE[name]
    states = {"officer": OF_OFFICER, "approver": OF_APPROVER}.get(role, {}).get(action, set())
    return territory == OWN and bool(states) and state not in states


def test_every_address_names_its_right_and_every_right_is_one_of_the_table() -> None:
    actions = {action for rights in rules().rights.values() for action in rights}
    for page in PAGES:
        kind, *names = page.needs
        assert kind in (FILE, PAGE, OPEN), page.path
        assert ("{identity}" in page.path) == (kind == FILE), page.path
        assert set(names) <= (actions if kind == FILE else set(rules().pages)), page.path
    # What is open to everybody is a short list that nobody lengthens by chance.
    assert {p.path for p in PAGES if p.needs[0] == OPEN} == {"/sign-in", "/first/{token}"}


BY_DAY = ("checked", "waiting", "loaded", "asked")
"""States in which somebody may do most."""


def test_only_who_may_reaches_a_file_in_the_states_in_which_most_is_done(place: TestDesk) -> None:
    _only_who_may(place, BY_DAY, one_person=False)


def test_one_person_alone_may_decide_what_waits(place: TestDesk) -> None:
    _only_who_may(place, ("waiting", "asked"), one_person=True)


@pytest.mark.nightly
@pytest.mark.parametrize("one_person", [False, True])
def test_only_who_may_reaches_a_file_in_each_state(place: TestDesk, *, one_person: bool) -> None:
    """Every state.

    Quick: tests/desk/test_rights.py::test_only_who_may_reaches_a_file_in_the_states_in_which_most_is_done
    Quick: tests/desk/test_rights.py::test_one_person_alone_may_decide_what_waits
    """
    _only_who_may(place, STATES, one_person=one_person)


def _only_who_may(place: TestDesk, states: Collection[str], *, one_person: bool) -> None:
    from clearing_point.desk.store import period

    with place.desk.store.changing() as connection:
        connection.execute(period.update().values(persons=1 if one_person else 2))
    of_files = [page for page in PAGES if page.needs[0] == FILE]
    assert len(of_files) >= 15
    # One person or two makes a difference to the coordinator alone.
    for name in ("coordinator", "approver", "stranger") if one_person else PEOPLE:
        visitor = place.visitor(name)
        nobody = visitor.get("/files/unknown")
        assert nobody.status_code == 404
        for state in states:
            identity = place.file(state, version=7)
            for page in of_files:
                path = page.path.replace("{identity}", identity)
                # A form of another version: what is allowed is found out, and nothing happens.
                answer = (
                    visitor.get(f"{path}?now")
                    if page.method == "GET"
                    else visitor.post(path, {"version": "1", "reason": "because of"})
                )
                may = any(allowed(name, action, state, one_person=one_person) for action in page.needs[1:])
                late = page.method == "POST" and is_late(name, page.needs[1], state)
                if (
                    late
                ):  # she sees the file, and could have done it in another state: no secret is kept from her
                    assert answer.status_code in (303, 409), (name, state, page.path, answer.status_code)
                elif may:
                    assert answer.status_code != 404, (name, state, page.path, answer.status_code)
                else:
                    assert answer.status_code == 404, (name, state, page.path, answer.status_code)
                    if "/api/" not in path:
                        assert _but_for_place(answer.text) == _but_for_place(nobody.text), (
                            name,
                            state,
                            page.path,
                        )
                if page.path.endswith("/remove") and may:
                    identity = place.file(state, version=7)


def _but_for_place(text: str) -> str:
    """The page without the address that was asked for and the minute until which one is signed in."""
    return re.sub(r'name="back" value="[^"]*"|\d\d:\d\d', "", text)


def test_an_officer_of_another_territory_sees_nothing_of_it_anywhere(place: TestDesk) -> None:
    identity = place.file("waiting", name="our own name.xlsx")
    stranger = place.visitor("stranger")
    for path in ("/", f"/periods/{OTHER}/{PERIOD}", "/log", "/api/v1/files", "/api/v1/periods"):
        text = stranger.get(path).text
        assert identity not in text
        assert "our own name" not in text
        assert "officer (officer)" not in text
    assert stranger.get(f"/periods/{OWN}/{PERIOD}").status_code == 404
    assert stranger.get(f"/periods/{OWN}/{PERIOD}/template.xlsx").status_code == 404


@pytest.mark.parametrize("name", list(PEOPLE))
def test_pages_of_no_file_are_for_their_roles_only(place: TestDesk, name: str) -> None:
    role = PEOPLE[name][0]
    visitor = place.visitor(name)
    for path, roles in (
        ("/accounts", {"coordinator"}), ("/coordination", {"coordinator", "editor", "auditor"}), ("/log.csv", {"auditor"}),
        (f"/periods/{PEOPLE[name][1] or OWN}/{PERIOD}", {"officer", "approver"}),
    ):  # fmt: skip
        assert visitor.get(path).status_code == (200 if role in roles else 404), path
    for path in ("/accounts", "/coordination/periods", "/coordination/remind"):
        answer = visitor.post(path, {"name": "x"})
        assert (answer.status_code != 404) == (role == "coordinator"), path


def test_a_coordinator_sees_counts_and_no_findings(place: TestDesk) -> None:
    from clearing_point.desk.store import period

    with place.desk.store.changing() as connection:
        connection.execute(period.update().values(persons=1))
    identity = place.file("waiting", name="her name.xlsx")
    page = place.visitor("coordinator").get(f"/files/{identity}").text
    assert "Approve and load" in page
    assert "her name" not in page
    assert "column T" not in page
    assert place.visitor("coordinator").get(f"/api/v1/files/{identity}").status_code == 404


def test_a_button_that_is_pressed_twice_leads_to_the_file(place: TestDesk) -> None:
    officer, approver = place.visitor("officer"), place.visitor("approver")
    identity = place.file("checked")
    address = f"/files/{identity}"
    for visitor, deed, form in (
        (officer, "send", {"version": "1"}), (approver, "approve", {"version": "2", "what": hash_of_bound(BOUND)}),
    ):  # fmt: skip
        for _ in range(2):
            answer = visitor.post(f"{address}/{deed}", form)
            assert (answer.status_code, answer.headers.get("location")) == (303, address), deed
    assert place.row(identity)["version"] == 3
    # To the others it is as before: nothing there, or an old page.
    assert officer.post(f"{address}/take-back", {"version": "2"}).status_code == 409
    assert f'href="{address}"' in officer.post(f"{address}/take-back", {"version": "2"}).text
    assert place.visitor("stranger").post(f"{address}/send", {"version": "1"}).status_code == 404
    assert officer.post(f"{address}/approve", {"version": "1"}).status_code == 404


def test_an_old_page_is_told_before_what_its_form_lacks(place: TestDesk) -> None:
    identity = place.file("checked", version=5)
    for form in ({}, {"reason": "x"}, {"answer-0": "CHECKED"}, {"version": "²"}, {"version": "9" * 5000}):
        for deed in ("answers", "send"):
            answer = place.visitor("officer").post(f"/files/{identity}/{deed}", {"version": "4", **form})
            assert answer.status_code == 409, (deed, form)


def test_a_coordinator_who_has_decided_comes_to_a_page_that_she_may_see(place: TestDesk) -> None:
    from clearing_point.desk.store import period

    with place.desk.store.changing() as connection:
        connection.execute(period.update().values(persons=1))
    coordinator = place.visitor("coordinator")
    for state, deed, form in (
        ("waiting", "approve", {"what": hash_of_bound(BOUND)}), ("waiting", "return", {"reason": "Please look."}),
        ("asked", "agree", {}), ("asked", "decline", {"reason": "Please keep it."}),
    ):  # fmt: skip
        identity = place.file(state)
        for _ in range(2):
            answer = coordinator.post(f"/files/{identity}/{deed}", {"version": "1", **form})
            assert answer.status_code == 303, deed
            assert coordinator.get(answer.headers["location"]).status_code == 200, deed


@pytest.mark.parametrize("number", ["²", "9" * 30, "-1", "x", "٣"])
def test_a_number_of_an_address_that_is_none_is_no_fault(place: TestDesk, number: str) -> None:
    identity = place.file("checked")
    assert place.visitor("officer").get(f"/files/{identity}?page={number}").status_code == 200
    assert place.visitor("officer").get(f"/log?before={number}").status_code == 200


def test_role_and_territory_taken_away_are_felt_at_the_next_request(place: TestDesk) -> None:
    from clearing_point.desk.store import account

    identity = place.file("checked")
    visitor = place.visitor("officer")
    assert visitor.get(f"/files/{identity}").status_code == 200
    with place.desk.store.changing() as connection:
        connection.execute(account.update().where(account.c.name == "officer").values(territory=OTHER))
    assert visitor.get(f"/files/{identity}").status_code == 404
    with place.desk.store.changing() as connection:
        place.desk.accounts.change(connection, "officer", "coordinator", state="closed")
    assert visitor.get("/").headers["location"] == "/sign-in"


def test_nobody_approves_what_she_sent_not_by_a_second_account_with_the_same_telephone(
    place: TestDesk,
) -> None:
    from clearing_point.desk.store import account

    identity = place.file("waiting", by="approver")
    assert "Approve and load" not in place.visitor("approver").get(f"/files/{identity}").text
    identity = place.file("waiting", by="officer")
    assert "Approve and load" in place.visitor("approver").get(f"/files/{identity}").text
    with place.desk.store.changing() as connection:
        connection.execute(
            account.update().where(account.c.name.in_(["officer", "approver"])).values(secret_sha256="same")  # noqa: S106
        )
    assert "Approve and load" not in place.visitor("approver").get(f"/files/{identity}").text


def test_ids_cannot_be_guessed() -> None:
    from clearing_point.desk.upload import new_identity

    made = {new_identity() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{24}", one) for one in made)


def test_the_process_that_serves_pages_never_imports_the_warehouse_or_the_flows() -> None:
    code = (
        "import sys; from clearing_point.desk import server, app; "
        "print(sorted({'duckdb', 'pyarrow', 'pandas', 'great_expectations', 'clearing_point.warehouse', "
        "'clearing_point.desk.stem', 'clearing_point.desk.lifeline', 'pipelines.desk', 'pipelines.ingest'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_table_of_rights_names_known_states_and_steps() -> None:
    said = yaml.safe_load((ROOT / "clearing_point" / "desk" / "desk.yml").read_text(encoding="utf-8"))
    for rights in said["rights"].values():
        for given in rights.values():
            assert given["states"] == "any" or set(given["states"]) <= set(said["states"])
    for step in said["steps"].values():
        assert set(step["from"]) <= set(said["states"])
        assert step["to"] in {*said["states"], "same", "before"}


def test_every_step_that_code_takes_is_one_of_the_table() -> None:
    taken: set[str] = set()
    for path in Path(ROOT / "clearing_point" / "desk").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("step", "_step"):
                taken |= {
                    a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
                } - {"desk"}
    assert taken - set(rules().steps) == set()
    assert len(taken) > 10
