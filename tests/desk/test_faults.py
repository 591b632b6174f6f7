"""Nothing lost, nothing twice, nothing left: what the desk does about jobs and servers that end before their time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra desk is not installed")

from clearing_point.desk.bound import hash_of_bound
from clearing_point.desk.ends import Ends
from clearing_point.desk.jobs import CHECK, LOAD, QUEUED, RUNNING, Dispatcher, ask
from clearing_point.desk.language import Words
from clearing_point.desk.rules import rules
from clearing_point.desk.states import step
from clearing_point.desk.stem import _said
from clearing_point.desk.store import job
from clearing_point.errors import InternalError
from tests.desk.conftest import BOUND, OTHER, OWN, TestDesk


def jobs_of(place: TestDesk) -> list[dict[str, Any]]:
    with place.desk.store.reading() as connection:
        return [dict(row) for row in connection.execute(job.select().order_by(job.c.id)).mappings()]


def test_a_job_that_was_cut_short_waits_again_and_the_third_time_the_file_says_so(place: TestDesk) -> None:
    identity = place.file("checking")
    ends = Ends(place.desk, lambda *_: None)
    row = {"kind": CHECK, "file": identity}
    for tries in range(1, rules().limits["tries"]):
        assert ends.finish({**row, "tries": tries}, None) is not None
        assert place.row(identity)["state"] == "checking"
    assert ends.finish({**row, "tries": rules().limits["tries"]}, None) is None
    assert place.row(identity)["state"] == "failed"
    assert (place.desk.files / identity / "original.xlsx").exists()


def _fails() -> None:
    raise InternalError("Arta Hoxha 1987")


def test_why_a_job_failed_stands_in_the_log_of_the_service_without_a_value(
    place: TestDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InternalError) as raised:
        _fails()
    answer = _said(raised.value)
    identity = place.file("loading")
    Ends(place.desk, lambda *_: None).finish({"kind": LOAD, "file": identity, "tries": 3}, answer)
    assert place.row(identity)["state"] == "checked"
    said = capsys.readouterr().err
    assert "a job (load) failed: InternalError in test_faults.py" in said
    assert "Hoxha" not in said


def test_a_check_that_could_not_compare_is_tried_again_and_not_called_checked(place: TestDesk) -> None:
    identity = place.file("checking")
    done = {"refused": False, "accepted": True, "busy": True, "answers_sha256": None}
    again = Ends(place.desk, lambda *_: None).finish(
        {"kind": CHECK, "file": identity, "tries": 1}, {"done": done}
    )
    assert again is not None
    assert place.row(identity)["state"] == "checking"


def test_what_changed_after_it_was_approved_is_checked_anew_before_it_can_be_sent_again(
    place: TestDesk,
) -> None:
    """Its check was bound to the standard of yesterday: sent on as it was, it would be turned back for ever."""
    identity = place.file("loading")
    ends = Ends(place.desk, lambda *_: None)
    ends.finish({"kind": LOAD, "file": identity, "tries": 1}, {"done": {"changed": True}})
    assert place.row(identity)["state"] == "received"
    assert [(one["kind"], one["file"], one["state"]) for one in jobs_of(place)] == [(CHECK, identity, QUEUED)]
    with place.desk.store.changing() as connection:
        step(connection, place.row(identity), "begin", "desk")
    new = {**BOUND, "standard": "d" * 64}
    found = json.loads(place.row(identity)["outcome"]) | {"bound": new, "refused": False}
    ends.finish({"kind": CHECK, "file": identity, "tries": 1}, {"done": found})
    page = place.visitor("officer").get(f"/files/{identity}").text
    words = Words(place.desk.standard, "en")
    assert words("approved_changed").replace("'", "&#39;") in page
    assert words("send") in page
    officer, approver = place.visitor("officer"), place.visitor("approver")
    assert officer.deed(f"/files/{identity}", "send").status_code == 303
    assert words("approved_changed").replace("'", "&#39;") not in officer.get(f"/files/{identity}").text
    assert approver.what(f"/files/{identity}") == hash_of_bound(new)


def test_what_the_warehouse_holds_is_taken_in_and_shown(place: TestDesk) -> None:
    line = {
        "territory": OWN, "period": "2021", "state": "accepted", "version": 2, "edition": "2022", "submission": "2021-ALB-ALB01-v2",
    }  # fmt: skip
    assert (
        Ends(place.desk, lambda *_: None).finish({"kind": "overview", "tries": 1}, {"done": [line]}) is None
    )
    for name in ("officer", "coordinator"):
        assert "2021-ALB-ALB01-v2" in place.visitor(name).get("/").text, name


def test_a_job_whose_end_cannot_be_taken_in_is_tried_again_and_then_given_up(place: TestDesk) -> None:
    identity = place.file("checking")
    dispatcher = Dispatcher(place.desk, "x:y", (), 1)
    strange = {"done": {"refused": False, "counts": {}}}  # lacks what the end of a check has
    row = {"kind": CHECK, "file": identity}
    assert dispatcher._finish({**row, "tries": 1}, strange) is not None
    assert place.row(identity)["state"] == "checking"
    assert dispatcher._finish({**row, "tries": rules().limits["tries"]}, strange) is None
    assert place.row(identity)["state"] == "failed"


def test_a_new_server_takes_up_what_the_one_before_was_at(place: TestDesk) -> None:
    with place.desk.store.changing() as connection:
        ask(connection, CHECK, one={"id": "0" * 24, "territory": OWN})
        connection.execute(job.update().values(state=RUNNING, tries=1))
    folder = place.desk.project.work / "submission-left"
    folder.mkdir()
    (folder / ".held").touch()
    (folder / "rows").write_text("rows of persons")
    Dispatcher(place.desk, "x:y", (), 1)._take_up()
    assert jobs_of(place)[0]["state"] == QUEUED
    assert not folder.exists()


def test_loads_go_first_and_no_territory_takes_more_than_half(place: TestDesk) -> None:
    dispatcher = Dispatcher(place.desk, "x:y", (), 4)
    with place.desk.store.changing() as connection:
        for number in range(6):
            ask(connection, CHECK, one={"id": f"{number}", "territory": OWN})
        ask(connection, CHECK, one={"id": "other", "territory": OTHER})
        chosen = []
        for _ in range(3):
            row = dispatcher._next(connection)
            assert row is not None
            chosen.append(row["territory"])
            connection.execute(job.update().where(job.c.id == row["id"]).values(state=RUNNING))
            dispatcher.running[row["id"]] = type("Running", (), {"row": row})()
        assert chosen == [OWN, OWN, OTHER]
        ask(connection, "load", one={"id": "load", "territory": OWN})
        dispatcher.running.clear()
        row = dispatcher._next(connection)
        assert row is not None
        assert row["kind"] == "load"
        dispatcher.running[row["id"]] = type("Running", (), {"row": row})()
        connection.execute(job.update().where(job.c.id == row["id"]).values(state=RUNNING))
        ask(connection, "load", one={"id": "load2", "territory": OTHER})
        assert dispatcher._next(connection)["kind"] == CHECK  # type: ignore[index]


@pytest.mark.nightly
def test_kills_of_server_stem_and_job_lose_nothing(tmp_path: Path) -> None:
    """Ten rounds of ``python -m tests.faults.kill_desk``.

    Quick: tests/desk/test_faults.py::test_a_new_server_takes_up_what_the_one_before_was_at
    """
    from tests.faults.kill_desk import rounds

    assert sum(rounds(10, 3, tmp_path).values()) == 10


@pytest.mark.nightly
def test_many_uploads_at_once_are_all_whole(tmp_path: Path) -> None:
    """Sixty uploads through a killed server.

    Quick: tests/desk/test_attack.py::test_an_upload_is_whole_on_the_disk_with_its_job_before_the_answer
    """
    from tests.desk.queue import play

    found = play(60, tmp_path)
    assert found["taken"] == 60
