"""Pages about the person herself: signing in and out, the first time, her account."""

from __future__ import annotations

from typing import Any

from fastapi.responses import Response
from sqlalchemy import update

from clearing_point.desk.call import OPEN, PAGE, Call, Page
from clearing_point.desk.language import Words
from clearing_point.desk.rules import rules
from clearing_point.desk.store import account, log


def sign_in_page(call: Call) -> Response:
    """Show the form to sign in."""
    if call.who is not None:
        return call.go("/")
    return call.show("sign_in.html", complaint="")


def sign_in(call: Call) -> Response:
    """Try to sign in; every kind of mistake is answered alike."""
    accounts = call.desk.accounts
    name = call.form.get("name", "").strip().lower()
    with call.desk.store.changing() as connection:
        if call.token:
            accounts.end(connection, call.token)
        waits = accounts.waits(connection, name, call.prefix)
        token = accounts.sign_in(
            connection, name, call.form.get("password", ""), call.form.get("code", ""), call.prefix
        )
    if token is None:
        complaint = "sign_in_wait" if waits else "sign_in_wrong"
        return call.show(
            "sign_in.html", 403, complaint=call.words(complaint, minutes=rules().limits["attempt_minutes"])
        )
    return _with_session(call, call.go("/"), token)


def sign_out(call: Call) -> Response:
    """End the session, here and on the server."""
    with call.desk.store.changing() as connection:
        accounts = call.desk.accounts
        accounts.end(connection, call.token)
        if call.who is not None:
            log(connection, call.who["name"], "signed_out", address_prefix=call.prefix)
    return _with_session(call, call.go("/sign-in"), "")


def first_page(call: Call) -> Response:
    """Show the form of a one-time link: password, second factor."""
    token = call.request.path_params["token"]
    with call.desk.store.reading() as connection:
        known = call.desk.accounts.of_link(connection, token)
    if known is None:
        return call.show(
            "message.html", 404, title=call.words("link_gone_title"), text=call.words("link_gone")
        )
    call.words = Words(call.desk.standard, known["language"])
    secret = call.desk.accounts.new_secret() if call.desk.accounts.second_factor else None
    return call.show("first.html", **_first(call, known["name"], secret), complaint="")


def first(call: Call) -> Response:
    """Set the password and second factor of a one-time link, and sign in."""
    token = call.request.path_params["token"]
    accounts = call.desk.accounts
    with call.desk.store.changing() as connection:
        known = accounts.of_link(connection, token)
        if known is None:
            return call.show(
                "message.html", 404, title=call.words("link_gone_title"), text=call.words("link_gone")
            )
        call.words = Words(call.desk.standard, known["language"])
        secret = call.form.get("secret", "") if accounts.second_factor else None
        complaint = accounts.settle(
            connection, known["name"], call.form.get("password", ""), secret, call.form.get("code", "")
        )
        if complaint is None:
            session = accounts.begin(connection, known["name"], call.prefix)
    if complaint is not None:
        said = call.words(complaint, characters=rules().limits["password_characters"])
        return call.show("first.html", 403, **_first(call, known["name"], secret), complaint=said)
    return _with_session(call, call.go("/"), session)


def _first(call: Call, name: str, secret: str | None) -> dict[str, Any]:
    picture = ""
    if secret is not None:
        import pyotp
        import segno

        address = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Clearing Point")
        picture = segno.make(address, error="m").svg_inline(
            scale=4, border=4, light="#fff", svgclass="code", lineclass=None
        )
    return {
        "name": name,
        "secret": secret,
        "picture": picture,
        "characters": rules().limits["password_characters"],
    }


def account_page(call: Call) -> Response:
    """Show what can be changed of one's own account."""
    return call.show("account.html", complaint="", characters=rules().limits["password_characters"])


def change_password(call: Call) -> Response:
    """Change the password; all sessions end, this one too."""
    with call.desk.store.changing() as connection:
        complaint = call.desk.accounts.change_password(
            connection, call.account, call.form.get("old", ""), call.form.get("new", "")
        )
    if complaint is not None:
        characters = rules().limits["password_characters"]
        said = call.words(complaint, characters=characters)
        return call.show("account.html", 403, complaint=said, characters=characters)
    return _with_session(call, call.go("/sign-in"), "")


def change_language(call: Call) -> Response:
    """Change the language of one's pages, and stay on the page."""
    chosen = call.form.get("language", "")
    if chosen in call.desk.standard.languages:
        with call.desk.store.changing() as connection:
            connection.execute(
                update(account).where(account.c.name == call.account["name"]).values(language=chosen)
            )
    back = call.form.get("back", "/")
    # Only an address of our own: a second slash would lead to another host.
    return call.go(back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/")


def _with_session(call: Call, answer: Response, token: str) -> Response:
    cookie = call.desk.cookie
    answer.set_cookie(
        cookie, token, path="/", httponly=True, samesite="lax", secure=cookie.startswith("__Host-"),
        max_age=None if token else 0,
    )  # fmt: skip
    return answer


PAGES = (
    Page("GET", "/sign-in", (OPEN,), sign_in_page),
    Page("POST", "/sign-in", (OPEN,), sign_in),
    Page("POST", "/sign-out", (PAGE, "account"), sign_out),
    Page("GET", "/first/{token}", (OPEN,), first_page),
    Page("POST", "/first/{token}", (OPEN,), first),
    Page("GET", "/account", (PAGE, "account"), account_page),
    Page("POST", "/account/password", (PAGE, "account"), change_password),
    Page("POST", "/account/language", (PAGE, "account"), change_language),
)
