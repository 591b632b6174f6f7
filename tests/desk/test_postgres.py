"""The same desk on PostgreSQL: rights, steps that are won once, jobs claimed once, a log that follows line by line."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clearing_point.desk.jobs import CHECK, RUNNING, Dispatcher, ask
from clearing_point.desk.store import audit, broken_line, job
from clearing_point.standard import Standard
from tests.contract.postgres import server
from tests.desk.conftest import OWN, PEOPLE, PERIOD, TestDesk


@pytest.mark.nightly
def test_the_desk_stands_on_postgresql_as_well(tmp_path: Path, standard: Standard) -> None:
    """Pages, one step at a time, one log.

    Quick: tests/desk/test_attack.py::test_eight_approvals_at_once_are_one_load
    """
    with server(tmp_path) as running:
        place = TestDesk(tmp_path / "data", standard, database=running.address)
        identity = place.file("waiting")
        for name in PEOPLE:
            assert place.visitor(name).get("/").status_code == 200
        assert place.visitor("stranger").get(f"/files/{identity}").status_code == 404
        sent = place.visitor("officer").post(
            "/files", {"territory": OWN, "period": PERIOD}, files={"file": ("a.xlsx", b"content")}
        )
        assert sent.status_code == 303
        address = f"/files/{identity}"
        visitors = [place.visitor("approver") for _ in range(8)]
        form = {"version": visitors[0].version(address), "what": visitors[0].what(address)}
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda v: v.post(f"{address}/approve", form).status_code, visitors))
        # Who presses again is led to the file; it is approved once.
        assert set(answers) <= {303, 409}
        with place.desk.store.changing() as connection:
            assert [row.kind for row in connection.execute(job.select()) if row.file == identity] == ["load"]
            steps = [row.action for row in connection.execute(audit.select()) if row.about == identity]
            assert steps == ["approve"]
            for number in range(20):
                ask(connection, CHECK, one={"id": f"{number}", "territory": OWN})
            row = Dispatcher(place.desk, "x:y", (), 1)._next(connection)
            assert row is not None
            assert row["kind"] == "load"
            connection.execute(job.update().where(job.c.id == row["id"]).values(state=RUNNING))
            assert broken_line(connection) is None
        place.desk.store.close()
