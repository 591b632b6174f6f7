"""What is done without a browser: accounts, the log, deletion, the demonstration's accounts, backup."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from clearing_point.desk.demo import PASSWORD, made_accounts
from clearing_point.desk.server import Place
from clearing_point.errors import UsageProblem
from clearing_point.project import Project
from clearing_point.publication.backup import make_backup
from clearing_point.standard import Standard
from tests.command import command
from tests.conftest import ROOT
from tests.desk.conftest import PEOPLE, TestDesk


def test_an_account_is_made_its_link_given_and_the_log_verified(tmp_path: Path) -> None:
    place = ("--project", str(ROOT), "--data", str(tmp_path / "data"))
    made = ("desk", "account", "add", "coordinator-1", "--role", "coordinator", "--host", "desk.example.org")
    code, out, _ = command(*made, *place)
    assert (code, out.startswith("https://desk.example.org/first/")) == (0, True)
    assert command(*made, *place)[0] == 1
    assert command("desk", "account", "add", "x1", "--role", "officer", *place)[0] == 1
    assert command("desk", "account", "link", "coordinator-1", *place)[0] == 0
    code, out, _ = command("desk", "audit", "--verify", *place)
    assert (code, "each following" in out) == (0, True)
    with sqlite3.connect(tmp_path / "data" / "desk" / "desk.sqlite") as connection:
        connection.execute("UPDATE audit SET account = 'somebody' WHERE id = 1")
    assert command("desk", "audit", "--verify", *place)[0] == 1
    assert command("desk", "sweep", *place)[1].startswith("0 files")


def test_it_listens_here_only_unless_a_proxy_stands_before_a_socket(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem):
        Place(socket=tmp_path / "desk.sock").checked()
    with pytest.raises(UsageProblem):
        Place(host="desk.example.org").checked()
    assert (
        Place(host="desk.example.org", socket=tmp_path / "s").checked().origin == "https://desk.example.org"
    )
    assert Place().hosts == ("127.0.0.1:8080", "localhost:8080")


def test_the_demonstration_has_made_accounts_of_every_role(tmp_path: Path, standard: Standard) -> None:
    place = TestDesk(tmp_path / "data", standard, demo=True)
    place.desk.accounts.second_factor = False
    (tmp_path / "data" / "submissions").mkdir()
    (tmp_path / "data" / "submissions" / "MADE-BGR-2022.csv").touch()
    said = "\n".join(made_accounts(place.desk))
    assert "officer-bgr" in said
    assert "\n".join(made_accounts(place.desk)) == said  # the second start finds them
    assert place.visitor().sign_in("officer-bgr", PASSWORD).status_code == 303
    place.desk.store.close()


def test_a_backup_has_accounts_and_log_and_no_uploaded_file(place: TestDesk, tmp_path: Path) -> None:
    place.file("checked")
    project: Project = place.desk.project
    made = make_backup(project, tmp_path / "backup")
    kept = sorted(
        p.relative_to(made.folder / "data" / "desk").as_posix()
        for p in (made.folder / "data" / "desk").rglob("*")
    )
    assert kept == ["desk.key", "desk.sqlite"]
    with sqlite3.connect(shutil.copy(made.folder / "data" / "desk" / "desk.sqlite", tmp_path)) as connection:
        assert connection.execute("SELECT count(*) FROM account").fetchone()[0] == len(PEOPLE)
