"""What an operator relies on: a lost ledger stops publishing, a state is set by a person, every run leaves a line."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clearing_point.disclosure import Ledger
from clearing_point.errors import InputProblem, MachineProblem, UsageProblem, of_the_machine
from clearing_point.project import Project
from clearing_point.publication.backup import make_backup
from clearing_point.publication.lost_ledger import head_file as ledger_head
from clearing_point.publication.states import head_file, lines, set_state, state_of
from clearing_point.report.nightly_run import failed_run, leave_begun
from clearing_point.standard import load_standard
from clearing_point.warehouse.events import now
from clearing_point.workplace import alone, write_whole
from pipelines.run_annual import run_annual
from tests.attack.test_histories import Office, issue
from tests.command import command

ROOT = Path(__file__).parents[2]


@pytest.fixture
def office(tmp_path):
    """An office with two editions out."""
    place, project = Office(3), Project(root=ROOT, data=tmp_path / "data")
    for year in (2021, 2022):
        place.receive(year, 150)
        issue(project, place, year, "suppress")
    return place, project


def test_nothing_is_published_beside_a_ledger_that_is_lost_or_older(office, tmp_path):
    place, project = office
    whole = project.ledger.read_bytes()
    older = tmp_path / "older.csv"
    first = Ledger(project.ledger).records()
    end = next(r.sequence for r in first if r.edition == "2022") - 1
    older.write_bytes(b"".join(whole.splitlines(keepends=True)[: end + 1]))
    assert [i.name for i in Ledger(older).issues()] == ["2021"]
    place.receive(2023, 150)
    for ledger in (None, older):
        for gone in ((), ("releases",), ("archive",)):
            kept = shutil.copytree(project.data, tmp_path / "copy")
            copy = Project(root=ROOT, data=kept)
            for name in gone:
                shutil.rmtree(kept / name)
            copy.ledger.unlink()
            if ledger:
                shutil.copy(ledger, copy.ledger)
            with pytest.raises(InputProblem, match="lost or older than what is out: it does not know"):
                issue(copy, place, 2023, "suppress")
            assert not (copy.releases / "2023").exists()
            shutil.rmtree(kept)
    # With the ledger put back from its copy the next edition goes out.
    issue(project, place, 2023, "suppress")
    assert [i.name for i in Ledger(project.ledger).issues()] == ["2021", "2022", "2023"]


def test_a_state_is_set_by_a_person_in_a_role_and_follows_from_the_one_before(office):
    _, project = office
    assert (state_of(project, 2022), state_of(project, 2023)) == ("published", "draft")
    with pytest.raises(UsageProblem, match="--role"):
        set_state(project, 2023, "open", " ")
    with pytest.raises(UsageProblem, match="There is no state 'shut' to set: open, draft, closed"):
        set_state(project, 2023, "shut", "head")
    with pytest.raises(InputProblem, match="is draft; from there it can be set to open, not to closed"):
        set_state(project, 2023, "closed", "head")
    set_state(project, 2023, "open", "head", "all territories sent")
    set_state(project, 2022, "closed", "head")
    assert (state_of(project, 2022), state_of(project, 2023)) == ("closed", "open")
    assert [line[:2] + line[3:] for line in lines(project)] == [
        (2023, "open", "head", "all territories sent"),
        (2022, "closed", "head", ""),
    ]


def test_no_state_is_said_or_set_beside_a_ledger_that_is_lost(office):
    """What is out would be called a draft, and the decision would stand in a folder that is put back over."""
    _, project = office
    where = ("--project", ROOT, "--data", project.data)
    assert command("edition", "2022", *where)[1] == "Edition 2022 is published.\n"
    shutil.rmtree(project.ledger.parent)
    for more in ((), ("--state", "open", "--role", "head")):
        code, out, err = command("edition", "2022", *more, *where)
        assert (code, out, "lost or older than what is out" in err) == (4, "", True), err
    assert not project.ledger.parent.exists()


def test_a_lost_or_older_file_of_states_is_noticed_and_a_closed_edition_stays_closed(office):
    """Without the file a closed edition is only published, and work on it would go on."""
    _, project = office
    where = ("--project", ROOT, "--data", project.data)
    states = project.ledger.with_name("states.csv")
    set_state(project, 2023, "open", "head")
    older = states.read_bytes()
    set_state(project, 2022, "closed", "head")
    for instead in (None, older):
        states.unlink(missing_ok=True)
        if instead:
            states.write_bytes(instead)
        for words in (("publish", "--edition", "2022"), ("report", "--edition", "2022"), ("edition", "2022")):
            code, out, err = command(*words, *where)
            assert (code, out) == (4, ""), words
            assert "lost or older than what was decided" in err
            assert "edition 2022 was set to closed" in err
        assert command("health", *where)[0] == 4
        assert last_line_of_run(project)["exit_code"] == 4
    # Nobody has the newest file: the person decides again, and the other decision is still missed.
    states.unlink()
    set_state(project, 2022, "closed", "head", "decided again")
    with pytest.raises(InputProblem, match=r"edition 2023 was set to open\."):
        state_of(project, 2022)
    set_state(project, 2023, "open", "head", "decided again")
    assert (state_of(project, 2022), state_of(project, 2023)) == ("closed", "open")
    # Killed between the file and its memory: the file is newer, and that is no loss.
    head = head_file(project).read_bytes()
    set_state(project, 2023, "draft", "head")
    head_file(project).write_bytes(head)
    assert state_of(project, 2023) == "draft"


def last_line_of_run(project):
    command("run", "annual", "--edition", 2022, "--quiet", "--project", ROOT, "--data", project.data)
    return last_line(project)


def test_states_that_are_no_text_are_damaged(office):
    _, project = office
    project.ledger.with_name("states.csv").write_bytes(b"\xff\xfe")
    with pytest.raises(InputProblem, match="is damaged: put it back from the backup"):
        state_of(project, 2022)


def last_line(project):
    return json.loads(project.run_log.read_text(encoding="utf-8").splitlines()[-1])


def test_every_run_leaves_a_line(office, tmp_path, standard, capsys, monkeypatch):
    _, project = office

    def broken():
        raise InputProblem("schemas/standard.yml cannot be read.")

    failed = run_annual(project, broken, 2023)
    assert (failed.exit_code, last_line(project)["reason"]) == (1, "schemas/standard.yml cannot be read.")
    assert "last good report" not in failed.sentence()
    # Another run at work is the operator's case.
    holds = "import sys, time; from pathlib import Path; from clearing_point.workplace import alone, write_whole\n"
    holds += "with alone(Path(sys.argv[1]), 'publishing'):\n    print('held', flush=True); time.sleep(60)"
    other = subprocess.Popen(
        [sys.executable, "-c", holds, str(project.publication_lock)], stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        assert other.stdout.readline() == b"held\n"
        os.environ["CLEARING_POINT_WAIT"] = "0"
        held = run_annual(project, standard, 2023)
    finally:
        del os.environ["CLEARING_POINT_WAIT"]
        other.kill()
        other.wait()
    assert (held.exit_code, last_line(project)["step"]) == (4, "lock")

    # Stopped, as a service manager does.
    def stop(_):
        os.kill(os.getpid(), 15)

    set_state(project, 2022, "closed", "head")
    assert run_annual(project, standard, 2022).outcome == "closed"
    with alone(project.publication_lock, "testing"):
        pass
    stopped = run_annual(project, lambda: stop(None), 2023)
    assert (stopped.exit_code, last_line(project)["reason"]) == (4, "The run was stopped.")

    # A line that was cut off does not take the next one with it.
    with project.run_log.open("a", encoding="utf-8") as log:
        log.write('{"at": "20')
    run_annual(project, broken, 2023)
    assert last_line(project)["reason"] == "schemas/standard.yml cannot be read."
    # A project that is not where it was named: the operator's case.
    gone = ("--project", tmp_path / "gone", "--data", project.data)
    code, _, err = command("run", "annual", "--edition", "2023", *gone)
    assert (code, last_line(project)["step"], last_line(project)["exit_code"]) == (4, "project", 4)
    assert "is not a clearing point project" in err
    # A data folder that is not there is not made: its disk may be away.
    away = run_annual(Project(root=ROOT, data=tmp_path / "away"), standard, 2023)
    assert (away.exit_code, (tmp_path / "away").exists()) == (4, False), away.reason
    # What another user closed is not called unwritable.
    with monkeypatch.context() as patched:
        patched.setattr("clearing_point.errors.os.access", lambda *_: False)
        told = failed_run(2023, "gates", PermissionError(errno.EACCES, "no", str(project.ledger)))
    assert (told.exit_code, "this user may not read it" in told.reason) == (4, True)
    # Where the log cannot be written the line goes to standard error, and so to the journal.
    project.run_log.unlink()
    project.run_log.mkdir()
    run_annual(project, broken, 2023)
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["outcome"] == "failed"


def test_a_stop_is_a_stop_whatever_a_library_at_work_makes_of_it(office, standard):
    """It may swallow it, or call it by a name of its own."""
    _, project = office

    def swallowed(stop):
        with contextlib.suppress(BaseException):
            os.kill(os.getpid(), stop)
        return standard

    def renamed(stop):
        try:
            os.kill(os.getpid(), stop)
        except BaseException as error:
            raise RuntimeError("interrupted") from error

    for library in (swallowed, renamed):
        for stop in (signal.SIGTERM, signal.SIGHUP):
            stopped = run_annual(project, lambda library=library, stop=stop: library(stop), 2023)
            assert (stopped.exit_code, stopped.reason) == (4, "The run was stopped."), (library, stop)
            assert last_line(project)["reason"] == stopped.reason


def test_a_run_that_was_killed_is_missed_until_a_good_one_follows(office, standard):
    _, project = office
    script = (
        "import os, sys; from pathlib import Path; from clearing_point.project import Project\n"
        "from pipelines.run_annual import run_annual\n"
        f"run_annual(Project(root=Path({str(ROOT)!r}), data=Path({str(project.data)!r})), "
        "lambda: os.kill(os.getpid(), 9), 2022)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == -9

    def told():
        out = command("health", "--json", "--project", ROOT, "--data", project.data)[1]
        return next(a for a in json.loads(out)["answers"] if a["question"] == "last run")

    def broken():
        raise InputProblem("schemas/standard.yml cannot be read.")

    for _ in range(2):
        assert (told()["state"], "edition 2022, begun " in told()["sentence"]) == ("wrong", True), told()
        assert "never ended: it was killed" in told()["sentence"]
        run_annual(project, broken, 2022)  # a failure says nothing of it
    set_state(project, 2022, "closed", "head")
    run_annual(project, standard, 2022)
    assert told()["state"] == "ok"
    # One at work has not ended, and that is no fault.
    leave_begun(project, 2022, now().isoformat() + "Z")
    assert told()["state"] == "ok"


def test_a_second_project_has_no_place_in_the_data_folder_of_the_first(office, tmp_path):
    _, project = office
    project.prepare()
    roots = {}
    for name, more in (
        ("moved", ""),
        ("second", ""),
        ("renamed", "former_names: [clearing_point_standard]\n"),
    ):
        roots[name] = tmp_path / name
        for folder in ("schemas", "pipelines", "reports"):
            shutil.copytree(ROOT / folder, roots[name] / folder)
        path = roots[name] / "schemas" / "standard.yml"
        if name != "moved":
            text = path.read_text(encoding="utf-8").replace("name: clearing_point_standard", "name: training")
            path.write_text(text + more, encoding="utf-8")
    out = _files_of(project.data)
    for words in (
        ("publish", "--edition", 2022),
        ("run", "annual", "--edition", 2022),
        ("edition", 2022, "--state", "closed", "--role", "head"),
        ("rebuild",),
        ("tidy",),
        ("backup", tmp_path / "kept"),
    ):
        code, _, err = command(*words, "--project", roots["second"], "--data", project.data)
        assert (code, "belongs to the project 'clearing_point_standard'" in err) == (4, True), (words, err)
        assert "is the project 'training'" in err
    run_log = project.run_log.relative_to(project.data).as_posix()
    left = {
        n: b for n, b in _files_of(project.data).items() if n != run_log and not n.startswith("prepared/")
    }
    assert left == out
    assert (
        "belongs to the project" in command("health", "--project", roots["second"], "--data", project.data)[1]
    )
    # Moved, or given another name on purpose, it is the same project; so it is for who goes the way back.
    for root in (roots["moved"], roots["renamed"], ROOT):
        Project(root=root, data=project.data).prepare()
    assert _files_of(project.data)["project.json"] == out["project.json"]


def _files_of(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_everything_that_is_out_cannot_be_lost_without_a_trace(office, tmp_path):
    """Ledger, releases, reports and the remembered head gone together: the receipts of what came know of it."""
    place, project = office
    _receipts_of_nothing(project)
    place.receive(2023, 150)
    issue(project, place, 2023, "suppress")
    kept = shutil.copytree(project.ledger.parent, tmp_path / "publications")
    for folder in (project.ledger.parent, project.releases, project.builds):
        shutil.rmtree(folder, ignore_errors=True)
    ledger_head(project).unlink()
    where = ("--project", ROOT, "--data", project.data)
    for words in (("health",), ("edition", 2022)):
        code, out, err = command(*words, *where)
        assert (code, "it does not know the entry of 2023 that the archive remembers" in out + err) == (
            4,
            True,
        ), out + err
    place.receive(2024, 150)
    with pytest.raises(MachineProblem, match="lost or older than what is out"):
        issue(project, place, 2024, "suppress")
    shutil.copytree(kept, project.ledger.parent)
    issue(project, place, 2024, "suppress")


def test_on_a_full_disk_no_state_is_decided(office, monkeypatch):
    _, project = office

    def full(path, content):
        if "head" in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_whole(path, content)

    monkeypatch.setattr("clearing_point.publication.states.write_whole", full)
    with pytest.raises(OSError, match="No space left"):
        set_state(project, 2023, "open", "head")
    assert (state_of(project, 2023), lines(project)) == ("draft", [])


def _receipts_of_nothing(project):
    nothing = {"columns": ["submission_id", "file_sha256", "status"], "rows": []}
    body = json.dumps({"raw.submission": nothing, "raw.event": {"columns": [], "rows": []}})
    project.receipts.parent.mkdir(parents=True, exist_ok=True)
    project.receipts.write_text(f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}\n", encoding="utf-8")


def test_a_backup_proves_itself_and_a_restored_office_publishes_on(office, tmp_path):
    place, project = office
    kept = tmp_path / "elsewhere" / "backup"
    where = ("--project", project.root, "--data", project.data)
    _receipts_of_nothing(project)
    assert command("backup", kept, *where)[0] == 0
    assert command("backup", kept, *where)[0] == 2, "a backup is never overwritten"
    (tmp_path / "into-data").symlink_to(project.data)
    for inside in (
        project.data / "backup",
        tmp_path / "into-data" / "backup",
        project.root / "kept" / "backup",
    ):
        code, _, err = command("backup", inside, *where)
        assert (code, "is lost with it" in err, inside.exists()) == (2, True, False), err
    (tmp_path / "a-file").write_text("")
    for nowhere in (tmp_path / "a-file" / "backup", tmp_path / "a-file" / "deeper" / "backup"):
        code, _, err = command("backup", nowhere, *where)
        assert (code, f"No backup can be written into {nowhere.parent}" in err) == (4, True), err
    assert command("restore", kept, "--verify")[0] == 0
    again = Project(root=ROOT, data=tmp_path / "again")
    code, _, err = command("restore", kept, "--project", ROOT, "--data", again.data)
    assert (code, again.ledger.read_bytes()) == (0, project.ledger.read_bytes()), err
    assert again.belonging.read_bytes() == project.belonging.read_bytes()
    assert (kept / "data" / project.belonging.name).is_file()
    place.receive(2023, 150)
    issue(again, place, 2023, "suppress")
    assert command("restore", kept, "--project", ROOT, "--data", again.data)[0] == 2, "nothing is overwritten"
    # What was changed, taken away or put in after it was made is found.
    for spoil in ("change", "remove", "add"):
        copy = shutil.copytree(kept, tmp_path / spoil)
        ledger = copy / "data" / "publications" / "ledger.csv"
        if spoil == "change":
            ledger.write_bytes(ledger.read_bytes().replace(b"2021", b"2020", 1))
        elif spoil == "remove":
            ledger.unlink()
        else:
            (copy / "data" / "more").write_text("x", encoding="utf-8")
        code, _, err = command("restore", copy, "--verify")
        assert code == 4, spoil
        assert "take another one" in err


@pytest.mark.parametrize(
    ("number", "sentence"), [(errno.ENOSPC, "The disk is full"), (errno.EACCES, "this user may not read it")]
)
def test_a_backup_that_the_machine_refuses_says_why(number, sentence, office, tmp_path, monkeypatch):
    _, project = office
    kept, copy = tmp_path / "backup", shutil.copy2

    def refused(source, target, **more):
        if str(source).endswith("ledger.csv"):
            raise OSError(number, os.strerror(number), str(source))
        return copy(source, target, **more)

    _receipts_of_nothing(project)
    monkeypatch.setattr("shutil.copy2", refused)
    monkeypatch.setattr("clearing_point.errors.os.access", lambda *_: False)
    with pytest.raises(Exception) as stopped:  # noqa: PT011
        make_backup(project, kept)
    assert sentence in f"{stopped.value} {of_the_machine(stopped.value)}"
    assert not list(tmp_path.glob("*backup*"))


def test_a_user_who_does_not_own_the_data_folder_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    project = Project(root=ROOT, data=tmp_path / "data")
    project.data.mkdir()
    monkeypatch.setattr("os.geteuid", lambda: project.data.stat().st_uid + 1)
    with pytest.raises(InputProblem, match=r"belongs to .* run this as that user"):
        project.prepare()
    assert run_annual(project, load_standard(ROOT / "schemas"), 2022).exit_code == 4
    assert list(project.data.iterdir()) == []
