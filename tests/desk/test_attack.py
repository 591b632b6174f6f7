"""The security checklist of the desk, line by line (docs/desk.md): each test is named for what must hold."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from typing import Any

import httpx
import pyotp
import pytest

from clearing_point.desk.accounts import Accounts
from clearing_point.desk.rules import rules
from clearing_point.desk.store import account, attempt, audit, broken_line, file, session
from clearing_point.desk.upload import clean_name
from clearing_point.desk.wall import HEADERS
from tests.desk.conftest import OWN, PERIOD, TestDesk
from tests.desk.visitor import PASSWORD, Visitor


@pytest.fixture
def settled(place: TestDesk) -> tuple[TestDesk, str]:
    """A desk on which the officer has a password and a second factor; its secret."""
    secret = pyotp.random_base32()
    code = pyotp.TOTP(secret).at(time.time() - 30)
    with place.desk.store.changing() as connection:
        assert place.desk.accounts.settle(connection, "officer", PASSWORD, secret, code) is None
    return place, secret


# Sessions and signing in ------------------------------------------------------------------------------------------


def test_the_cookie_is_host_bound_secure_and_hidden_from_scripts(settled: tuple[TestDesk, str]) -> None:
    place, secret = settled
    answer = place.visitor().sign_in("officer", secret=secret)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-desk=")
    for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie


def test_a_session_ends_at_sign_out_change_of_password_idle_and_after_eight_hours(place: TestDesk) -> None:
    visitor = place.visitor("officer")
    assert visitor.get("/").status_code == 200
    assert visitor.post("/sign-out").headers["location"] == "/sign-in"
    assert visitor.get("/").status_code == 303
    for column, ago in ((session.c.seen, 31 * 60), (session.c.began, 8 * 3600 + 60)):
        visitor = place.visitor("officer")
        with place.desk.store.changing() as connection:
            connection.execute(session.update().values({column: time.time() - ago}))
        assert visitor.get("/").status_code == 303, column
    first, second = place.visitor("officer"), place.visitor("officer")
    with place.desk.store.changing() as connection:
        known = place.desk.accounts.find(connection, "officer")
        connection.execute(account.update().values(password=place.desk.accounts.hasher.hash(PASSWORD)))
    assert known is not None
    assert (
        first.post("/account/password", {"old": PASSWORD, "new": "another sentence of a test"}).status_code
        == 303
    )
    assert second.get("/").status_code == 303


def test_a_new_session_has_a_new_token_and_only_its_hash_is_kept(settled: tuple[TestDesk, str]) -> None:
    place, secret = settled
    visitor = place.visitor("officer")
    before = visitor.http.cookies[place.desk.cookie]
    answer = visitor.sign_in("officer", secret=secret)
    after = answer.cookies[place.desk.cookie]
    assert after != before
    with place.desk.store.reading() as connection:
        kept = [row[0] for row in connection.execute(session.select())]
    assert before not in kept
    assert after not in kept
    assert len(kept) == 1  # the one before it has ended


def test_every_wrong_way_to_sign_in_is_answered_alike_and_a_code_works_once(
    settled: tuple[TestDesk, str],
) -> None:
    place, secret = settled
    code = pyotp.TOTP(secret).now()
    wrong = [
        place.visitor().sign_in("nobody-here", code=code), place.visitor().sign_in("officer", "not it at all", code=code),
        place.visitor().sign_in("officer", code="000000"),
    ]  # fmt: skip
    assert {answer.status_code for answer in wrong} == {403}
    assert len({answer.text for answer in wrong}) == 1
    assert place.visitor().sign_in("officer", code=code).status_code == 303
    assert place.visitor().sign_in("officer", code=code).status_code == 403


def test_wrong_name_and_wrong_password_take_as_long(settled: tuple[TestDesk, str]) -> None:
    place, _ = settled
    real = Accounts(place.desk.accounts.key)
    with place.desk.store.changing() as connection:
        connection.execute(
            account.update().where(account.c.name == "officer").values(password=real.hasher.hash(PASSWORD))
        )

    def took(name: str) -> float:
        times = []
        for _ in range(3):
            with place.desk.store.changing() as connection:
                connection.execute(attempt.delete())
                began = time.process_time()
                assert real.sign_in(connection, name, "not it at all", "123456", "-") is None
                times.append(time.process_time() - began)
        return min(times)

    known, unknown = took("officer"), took("nobody-here")
    assert known == pytest.approx(unknown, rel=0.35, abs=0.03)


def test_after_five_failures_of_a_name_and_twenty_of_an_address_one_waits(
    settled: tuple[TestDesk, str],
) -> None:
    place, secret = settled
    for _ in range(rules().limits["attempts_of_name"]):
        place.visitor().sign_in("officer", "not it at all", secret)
    assert place.visitor().sign_in("officer", secret=secret).status_code == 403
    assert "Too many attempts" in place.visitor().sign_in("officer", secret=secret).text
    with place.desk.store.changing() as connection:
        connection.execute(attempt.delete())
        for number in range(rules().limits["attempts_of_address"]):
            connection.execute(
                attempt.insert().values(at=time.time(), name_sha256=str(number), address_prefix="203.0.113")
            )
    assert place.visitor().sign_in("officer", secret=secret).status_code == 403


def test_the_clock_may_go_back_and_neither_code_nor_session_is_worth_more(
    settled: tuple[TestDesk, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    place, secret = settled
    code = pyotp.TOTP(secret).now()
    visitor = place.visitor()
    assert visitor.sign_in("officer", code=code).status_code == 303
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600)
    assert place.visitor().sign_in("officer", code=pyotp.TOTP(secret).at(real() - 3600)).status_code == 403
    assert visitor.get("/").status_code == 303  # a session seen in the future is no session


def test_a_one_time_link_works_once_and_for_three_days(
    place: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.desk.store.changing() as connection:
        token = place.desk.accounts.link(connection, "officer", "test")
        late = place.desk.accounts.link(connection, "approver", "test")
    visitor = place.visitor()
    page = visitor.get(f"/first/{token}").text
    secret = page.partition('name="secret" value="')[2].partition('"')[0]
    form = {"password": PASSWORD, "secret": secret, "code": pyotp.TOTP(secret).now()}
    assert visitor.post(f"/first/{token}", {**form, "password": "short"}).status_code == 403
    assert visitor.post(f"/first/{token}", form).headers["location"] == "/"
    assert place.visitor().post(f"/first/{token}", form).status_code == 404
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 73 * 3600)
    assert place.visitor().get(f"/first/{late}").status_code == 404


def test_the_second_factor_is_kept_encrypted_and_the_password_hashed(settled: tuple[TestDesk, str]) -> None:
    place, secret = settled
    content = b"".join(p.read_bytes() for p in (place.desk.folder).glob("desk.sqlite*"))
    assert secret.encode() not in content
    assert PASSWORD.encode() not in content


def test_no_more_than_two_passwords_are_hashed_at_the_same_time() -> None:
    from clearing_point.desk import accounts

    assert accounts._AT_ONCE._initial_value == 2  # type: ignore[attr-defined]


def test_a_new_coordinator_needs_a_second_one(place: TestDesk) -> None:
    first = place.visitor("coordinator")
    form = {"name": "second-coordinator", "role": "coordinator", "territory": "", "language": "en"}
    assert first.post("/accounts", form).status_code == 200
    assert first.post("/accounts/second-coordinator", {"deed": "confirm"}).status_code == 404
    assert first.post("/accounts/second-coordinator", {"deed": "link"}).status_code == 404
    with place.desk.store.changing() as connection:
        place.desk.accounts.add(connection, "third", "coordinator", None, "en", "test")
        connection.execute(account.update().where(account.c.name == "third").values(state="active"))
    answer = place.visitor("third").post("/accounts/second-coordinator", {"deed": "confirm"})
    assert "/first/" in answer.text
    # A link to another coordinator's account would let one person act as two.
    assert first.post("/accounts/third", {"deed": "link"}).status_code == 404


# The wall -----------------------------------------------------------------------------------------------------------


def raw(
    place: TestDesk,
    method: str,
    path: str,
    headers: dict[str, str],
    body: list[bytes] | None = None,
    *,
    stalls: bool = False,
) -> tuple[int, dict[str, str], int]:
    """Ask the application without a client's help; returns status, headers, and how often the body was asked for."""
    asked = 0
    pieces = list(body or [])
    said: dict[str, Any] = {"status": 0, "headers": {}}

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        if stalls and not pieces:
            await asyncio.sleep(60)
        if not pieces:
            return {"type": "http.disconnect"}
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces) or stalls}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            said["status"] = message["status"]
            said["headers"] = {k.decode().lower(): v.decode() for k, v in message["headers"]}

    path, _, query = path.partition("?")
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [(k.encode(), v.encode()) for k, v in {"host": "desk.example.org", **headers}.items()],
        "client": ("203.0.113.7", 1), "server": ("desk.example.org", 443), "scheme": "https", "http_version": "1.1",
        "root_path": "",
    }  # fmt: skip
    asyncio.run(place.app(scope, receive, send))
    return said["status"], said["headers"], asked


def cookie_of(place: TestDesk, name: str) -> str:
    return f"{place.desk.cookie}={place.visitor(name).http.cookies[place.desk.cookie]}"


def test_what_is_wrong_is_said_before_a_byte_of_the_body_is_read(place: TestDesk) -> None:
    own = {
        "origin": place.desk.origin,
        "cookie": cookie_of(place, "officer"),
        "content-type": "multipart/form-data; boundary=x",
    }
    for headers, status in (
        ({**own, "cookie": "", "content-length": "20000000"}, 303),
        ({**own, "content-length": "300000000"}, 413),
        (own, 411),
        ({**own, "origin": "https://elsewhere.example", "content-length": "5"}, 403),
        ({k: v for k, v in {**own, "content-length": "5"}.items() if k != "origin"}, 403),
        ({**own, "origin": "null", "content-length": "5"}, 403),
        ({**own, "host": "elsewhere.example", "content-length": "5"}, 421),
    ):
        found, _, asked = raw(place, "POST", "/files", headers, [b"12345"])
        assert (found, asked) == (status, 0), headers
    assert raw(place, "POST", "/sign-in", {"origin": place.desk.origin, "content-length": "70000"})[0] == 413
    assert raw(place, "DELETE", "/", own)[0] == 405
    assert not list(place.desk.files.iterdir())


def test_how_the_desk_is_is_told_to_the_machine_and_to_nobody_outside(place: TestDesk) -> None:
    for headers in ({}, {"x-forwarded-for": "203.0.113.7"}, {"host": "x", "x-forwarded-for": "203.0.113.7"}):
        for name in (None, "officer"):
            answer = place.visitor(name).get("/healthz", headers=headers)
            assert answer.status_code != 200, headers
            assert "disk_free" not in answer.text
    assert place.visitor().get("/healthz", headers={"host": "socket"}).json()["dispatcher"] is True


@pytest.mark.parametrize("name", ["a.xlsx", "a.pdf"])
def test_a_file_that_is_not_taken_is_let_pass_whole_and_the_page_says_why(place: TestDesk, name: str) -> None:
    most = rules().limits["body_bytes"]
    begin = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    pieces = [begin, *([b"x" * (1 << 20)] * ((most >> 20) + 10))]
    own = {
        "origin": place.desk.origin,
        "cookie": cookie_of(place, "officer"),
        "content-type": "multipart/form-data; boundary=x",
        "content-length": str(sum(map(len, pieces))),
    }
    status, headers, asked = raw(place, "POST", "/files", own, pieces)
    assert (status, headers["content-type"], asked) == (413, "text/html; charset=utf-8", len(pieces))
    assert not list(place.desk.files.iterdir())
    # Who is not signed in, another address, and what is beyond all measure: not a byte is read.
    for path, more, length in (
        ("/files", {}, rules().limits["passed_over_bytes"] + 1), ("/account/language", {}, most), ("/files", {"cookie": ""}, most * 2),
    ):  # fmt: skip
        status, _, asked = raw(place, "POST", path, {**own, **more, "content-length": str(length)}, pieces)
        assert (status, asked) == (303 if more else 413, 0), path
    # One that is small enough, and of another kind, is read to its end, too.
    small = [begin, *([b"x" * 1000] * 50)]
    own["content-length"] = str(sum(map(len, small)))
    if name == "a.pdf":
        assert raw(place, "POST", "/files", own, small)[::2] == (422, len(small))


def test_a_body_shorter_longer_or_slower_than_announced_leaves_nothing(
    place: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {
        "origin": place.desk.origin,
        "cookie": cookie_of(place, "officer"),
        "content-type": "multipart/form-data; boundary=x",
    }
    begin = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\nabc'
    monkeypatch.setitem(rules().limits, "idle_seconds", 1)
    for announced, stalls in ((1000, False), (10, False), (1000, True)):
        status, _, _ = raw(
            place, "POST", "/files", {**own, "content-length": str(announced)}, [begin], stalls=stalls
        )
        assert status in (0, 408), (announced, stalls)
        assert not list(place.desk.files.iterdir())


def test_no_get_changes_anything(place: TestDesk) -> None:
    from clearing_point.desk.app import PAGES

    deeds = {p.path for p in PAGES if p.method == "POST"} - {"/sign-in", "/first/{token}", "/accounts"}
    reads = {p.path for p in PAGES if p.method == "GET"}
    assert not deeds & reads
    identity = place.file("checked")
    for deed in ("send", "remove", "answers"):
        assert place.visitor("officer").get(f"/files/{identity}/{deed}").status_code == 404
    assert place.row(identity)["state"] == "checked"


def test_headers_stand_on_every_answer_that_of_failures_too(
    place: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clearing_point.desk import app

    own = {"origin": place.desk.origin, "cookie": cookie_of(place, "officer")}
    answers = [
        raw(place, "GET", "/", own), raw(place, "GET", "/nowhere", own), raw(place, "POST", "/files", {**own, "content-length": "300000000"}),
        raw(place, "GET", "/sign-in", {}), raw(place, "GET", "/desk.css", {}),
    ]  # fmt: skip
    monkeypatch.setattr(app, "_allowed", lambda *_: 1 / 0)
    answers.append(raw(place, "GET", "/account", own))
    assert [status for status, _, _ in answers] == [200, 404, 413, 200, 200, 500]
    for _, headers, _ in answers:
        for name, value in HEADERS.items():
            assert headers[name] == value
        assert "script-src" not in headers["content-security-policy"]
        assert "server" not in headers


def test_an_error_page_and_the_log_of_the_server_hold_no_value(
    place: TestDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from clearing_point.desk import pages_file

    def fails(*_: Any) -> None:
        raise ValueError("Arta Hoxha 1987")

    monkeypatch.setattr(pages_file, "_findings", fails)
    identity = place.file("checked")
    answer = place.visitor("officer").get(f"/files/{identity}")
    assert answer.status_code == 500
    said = answer.text + "".join(capsys.readouterr())
    assert "Hoxha" not in said
    assert "ValueError in test_attack.py" in said


# Uploads and downloads --------------------------------------------------------------------------------------------


def send(
    place: TestDesk, name: str, content: bytes = b"content", visitor: Visitor | None = None
) -> httpx.Response:
    who = visitor or place.visitor("officer")
    return who.post(
        "/files",
        {"territory": OWN, "period": PERIOD},
        files={"file": (name, content, "application/octet-stream")},
    )


def test_an_upload_is_whole_on_the_disk_with_its_job_before_the_answer(place: TestDesk) -> None:
    answer = send(place, "figures.xlsx", b"x" * 300_000)
    identity = answer.headers["location"].rpartition("/")[2]
    row = place.row(identity)
    folder = place.desk.files / identity
    assert (folder / "original.xlsx").read_bytes() == b"x" * 300_000
    assert (row["state"], row["bytes"], row["by"]) == ("received", 300_000, "officer")
    assert oct((folder / "original.xlsx").stat().st_mode & 0o777) == "0o600"
    assert oct(folder.stat().st_mode & 0o777) == "0o700"


@pytest.mark.parametrize("name", ["a.exe", "a.xls", "", "noending"])
def test_other_kinds_of_files_are_not_taken(place: TestDesk, name: str) -> None:
    answer = send(place, name)
    assert answer.status_code == 422
    assert "The program failed" not in answer.text
    assert not list(place.desk.files.iterdir())


@pytest.mark.parametrize(
    "name",
    [
        "Подаци за 2024.xlsx",
        "žrtve – čšćđ.xlsx",
        "Të dhëna.csv",
        "șță.xlsx",
        "שלום עולם.csv",
        "نص.csv",
        "表.xlsm",
    ],
)
def test_a_file_is_taken_whatever_letters_its_name_has(place: TestDesk, name: str) -> None:
    answer = send(place, name)
    assert answer.status_code == 303, answer.text
    assert place.row(answer.headers["location"].rpartition("/")[2])["name"] == name


def test_hostile_names_are_shown_clean_and_never_in_headers(place: TestDesk) -> None:
    for name in (
        "<script>alert(1)</script>.xlsx",
        "a\u202excod.xlsx",
        "../../etc/passwd.xlsx",
        "ž" * 4000 + ".xlsx",
        "a\x00\r\nSet-Cookie: b.xlsx",
    ):
        cleaned = clean_name(name)
        assert len(cleaned) <= 120
        assert cleaned.isprintable()
        assert "/" not in cleaned.replace("</script>", "")
    identity = send(place, "<b>bold</b>.xlsx").headers["location"].rpartition("/")[2]
    page = place.visitor("officer").get(f"/files/{identity}?now")
    assert "&lt;/b&gt;" in page.text or "b&gt;.xlsx" in page.text
    assert "<b>" not in page.text
    assert "bold" not in str(page.headers)


def test_a_sheet_name_with_markup_is_shown_clean(place: TestDesk) -> None:
    identity = place.file("checked")
    path = place.desk.files / identity / "findings.json"
    document = json.loads(path.read_text())
    document["facts"]["places"][0]["sheet"] = "<img src=x onerror=alert(1)>"
    path.write_text(json.dumps(document))
    page = place.visitor("officer").get(f"/files/{identity}").text
    assert "<img" not in page
    assert "&lt;img" in page


def test_downloads_are_attachments_under_a_name_of_ours(place: TestDesk) -> None:
    identity = place.file("checked", name='evil".html')
    answer = place.visitor("officer").get(f"/files/{identity}/marked")
    assert answer.headers["content-disposition"] == f'attachment; filename="{OWN}-{PERIOD}-marked.xlsx"'
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_full_disk_is_said_and_nothing_is_left(place: TestDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = send(place, "a.xlsx")
    assert answer.status_code == 422
    assert "disk of the clearing point is full" in answer.text
    assert not list(place.desk.files.iterdir())
    with place.desk.store.reading() as connection:
        assert connection.execute(file.select()).first() is None


def test_a_territory_has_no_more_than_twenty_unfinished_files(place: TestDesk) -> None:
    for _ in range(rules().limits["unfinished_files"]):
        place.file("checked")
    answer = send(place, "a.xlsx")
    assert answer.status_code == 422
    assert len(list(place.desk.files.iterdir())) == rules().limits["unfinished_files"]


def test_a_closed_period_and_another_territory_take_nothing(place: TestDesk) -> None:
    assert (
        place.visitor("stranger")
        .post("/files", {"territory": OWN, "period": PERIOD}, files={"file": ("a.xlsx", b"x")})
        .status_code
        == 404
    )
    from clearing_point.desk.store import period

    with place.desk.store.changing() as connection:
        connection.execute(period.update().values(state="closed"))
    assert send(place, "a.xlsx").status_code == 422
    assert not list(place.desk.files.iterdir())


# Steps --------------------------------------------------------------------------------------------------------------


def test_eight_approvals_at_once_are_one_load(place: TestDesk) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from clearing_point.desk.store import job

    identity = place.file("waiting")
    address = f"/files/{identity}"
    visitors = [place.visitor("approver") for _ in range(8)]
    form = {"version": visitors[0].version(address), "what": visitors[0].what(address)}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda v: v.post(f"{address}/approve", form).status_code, visitors))
    assert set(answers) <= {303, 409}
    assert 303 in answers, "who presses again is led to the file"
    with place.desk.store.reading() as connection:
        assert [row.kind for row in connection.execute(job.select())] == ["load"]


def test_a_page_older_than_the_file_changes_nothing(place: TestDesk) -> None:
    identity = place.file("checked", version=5)
    answer = place.visitor("officer").post(f"/files/{identity}/send", {"version": "4"})
    assert answer.status_code == 409
    assert place.row(identity)["state"] == "checked"


def test_an_approval_is_bound_to_what_was_seen(place: TestDesk) -> None:
    identity = place.file("waiting")
    visitor = place.visitor("approver")
    assert visitor.deed(f"/files/{identity}", "approve", what="0" * 64).status_code == 409
    assert place.row(identity)["state"] == "waiting"


def test_a_file_with_something_to_correct_is_not_sent_and_a_reason_is_asked_for(place: TestDesk) -> None:
    for changed in ({"accepted": False}, {"asks_reason": True}):
        identity = place.file("checked")
        outcome = {**json.loads(place.row(identity)["outcome"]), **changed}
        with place.desk.store.changing() as connection:
            connection.execute(file.update().where(file.c.id == identity).values(outcome=json.dumps(outcome)))
        assert place.visitor("officer").post(f"/files/{identity}/send", {"version": "1"}).status_code == 422
        assert place.row(identity)["state"] == "checked"


def test_deleted_is_gone_from_the_disk_and_its_job_is_ended_first(
    place: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rules().limits, "waits_seconds", 0)  # no job works here, for which a page would wait
    identity = place.file("checking")
    assert place.visitor("officer").deed(f"/files/{identity}", "remove").status_code == 303
    assert place.stopped == [identity]
    assert not (place.desk.files / identity).exists()
    assert (place.row(identity)["state"], place.row(identity)["name"]) == ("gone", "-")


def test_a_refused_file_is_gone_before_the_page_says_refused(place: TestDesk) -> None:
    from clearing_point.desk.ends import Ends

    identity = place.file("checking")
    seen: list[bool] = []
    ends = Ends(place.desk, lambda *_: None)
    real = place.desk.store.changing

    def watched() -> Any:
        seen.append((place.desk.files / identity / "original.xlsx").exists())
        return real()

    place.desk.store.changing = watched  # type: ignore[method-assign]
    done = {
        "refused": True,
        "accepted": False,
        "counts": {"must_fix": 1, "confirm": 0, "note": 0, "information": 0},
        "rows": {},
        "marked": None,
    }
    ends.finish({"kind": "check", "file": identity, "tries": 1}, {"done": done})
    assert set(seen) == {False}
    assert place.row(identity)["state"] == "refused"
    assert place.row(identity)["name"] == "-"
    assert [p.name for p in (place.desk.files / identity).iterdir()] == ["findings.json"]


def test_what_is_due_is_deleted_on_its_day_and_the_overview_says_when(place: TestDesk) -> None:
    from clearing_point.desk.retention import delete_due

    old = time.time() - 31 * 86_400
    kept, due, loaded = (
        place.file("checked"),
        place.file("checked", moved=old),
        place.file("loaded", moved=old),
    )
    assert delete_due(place.desk) == 1
    assert place.row(kept)["state"] == "checked"
    assert place.row(due)["state"] == "gone"
    assert not (place.desk.files / due).exists()
    assert [p.name for p in (place.desk.files / loaded).iterdir()] == ["findings.json"]
    page = place.visitor("coordinator").get("/").text
    assert time.strftime("%d.%m.%Y") in page.partition("last deleted")[2]


# The log ------------------------------------------------------------------------------------------------------------


def test_one_changed_byte_of_the_log_is_found(place: TestDesk) -> None:
    identity = place.file("checked")
    place.visitor("officer").deed(f"/files/{identity}", "send")
    with place.desk.store.reading() as connection:
        assert broken_line(connection) is None
        numbers = [row.id for row in connection.execute(audit.select().order_by(audit.c.id))]
    for changes in ({"about": "x"}, {"at": 1.0}, {"account": "somebody"}):
        with place.desk.store.changing() as connection:
            before = connection.execute(audit.select().where(audit.c.id == numbers[2])).mappings().one()
            connection.execute(audit.update().where(audit.c.id == numbers[2]).values(**changes))
            assert broken_line(connection) == numbers[2]
            connection.execute(
                audit.update().where(audit.c.id == numbers[2]).values(**{k: before[k] for k in changes})
            )
    with place.desk.store.changing() as connection:
        connection.execute(audit.delete().where(audit.c.id == numbers[2]))
        assert broken_line(connection) == numbers[3]
    assert "The log is not whole" in place.visitor("auditor").get("/log").text


def test_every_decision_stands_in_the_log_with_name_and_time(place: TestDesk) -> None:
    identity = place.file("waiting")
    place.visitor("approver").deed(f"/files/{identity}", "return", reason="The year before is missing.")
    lines = list(csv.DictReader(io.StringIO(place.visitor("auditor").get("/log.csv").text)))
    mine = [line for line in lines if line["about"] == identity]
    assert [(line["account"], line["action"]) for line in mine] == [("approver", "return")]
    assert float(mine[0]["at"]) == pytest.approx(time.time(), abs=60)
    assert "The year before" not in place.visitor("auditor").get("/log.csv").text


def test_mails_hold_no_name_count_or_value(place: TestDesk) -> None:
    identity = place.file("checked", name="Arta Hoxha.xlsx")
    place.visitor("officer").deed(f"/files/{identity}", "send")
    mails = list(place.desk.outbox.glob("*.eml"))
    assert len(mails) == 1
    text = mails[0].read_text()
    assert "approver@example.org" in text
    for word in ("Hoxha", "officer", identity, "Albania", "ALB", "must", "confirm"):
        assert word not in text.replace("approver@example.org", ""), word
