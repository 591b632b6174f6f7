"""Accounts: passwords, second factor, one-time links, sessions that the server can end, attempts that are counted."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, or_, select, update

from clearing_point.desk.rules import APPROVER, COORDINATOR, OFFICER, ROLES, rules
from clearing_point.desk.store import Row, account, attempt, log, rows_of, session
from clearing_point.errors import InputProblem
from clearing_point.workplace import write_whole

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

ACTIVE, INVITED, UNCONFIRMED, CLOSED = "active", "invited", "unconfirmed", "closed"
_AT_ONCE = threading.BoundedSemaphore(2)
"""Checking a password takes 64 MiB on purpose: no more than two at a time."""
_STEP_SECONDS = 30
_CLOCK_SECONDS = 60.0


def hashed(token: str) -> str:
    """Return the hash under which a random token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def key_of(folder: Path, named: Path | None = None) -> Fernet:
    """Return the key with which secrets of second factors are kept; made at the first start.

    Raises
    ------
    InputProblem
        If the file that was named holds no key.
    """
    from cryptography.fernet import Fernet

    path = named or folder / "desk.key"
    if named is None and not path.exists():
        write_whole(path, Fernet.generate_key())
    try:
        return Fernet(path.read_bytes().strip())
    except (OSError, ValueError) as error:
        raise InputProblem(f"{path.name} holds no key of the desk: restore it from the backup.") from error


class Accounts:
    """Deeds on accounts; each takes the connection of the caller's transaction."""

    def __init__(self, key: Fernet, *, second_factor: bool = True) -> None:
        from argon2 import PasswordHasher

        self.key = key
        self.second_factor = second_factor
        self.hasher = PasswordHasher()
        self.nobody = self.hasher.hash(secrets.token_hex())

    def add(
        self,
        connection: Any,
        name: str,
        role: str,
        territory: str | None,
        language: str,
        made_by: str,
        *,
        address: str | None = None,
        confirmed: bool = True,
    ) -> str:
        """Make an account and return its one-time link's token.

        Raises
        ------
        InputProblem
            If the name is taken, or role and territory do not go together.
        """
        if role not in ROLES:
            raise InputProblem(f"There is no role '{role}': {', '.join(ROLES)}.")
        if (rules().reach[role] == "own") != bool(territory):
            raise InputProblem(
                f"The role {role} "
                + ("belongs to one territory: name it." if not territory else "belongs to no territory.")
            )
        if not (name.isascii() and name.replace("-", "").replace(".", "").isalnum() and 2 <= len(name) <= 40):
            raise InputProblem(
                "A name of an account is made of 2 to 40 Latin letters, digits, dots and dashes."
            )
        if self.find(connection, name) is not None:
            raise InputProblem(f"There is an account '{name}' already.")
        state = INVITED if confirmed else UNCONFIRMED
        connection.execute(
            insert(account).values(
                name=name,
                role=role,
                territory=territory,
                language=language,
                address=address,
                state=state,
                made_by=made_by,
                made_at=time.time(),
                last_code=0,
            )
        )
        log(connection, made_by, "account_made", about=f"{name} ({role})", territory=territory)
        return self.link(connection, name, made_by)

    def link(self, connection: Any, name: str, by: str) -> str:
        """Make a one-time link: whoever opens it sets a password and a second factor; what was set before is gone."""
        token = secrets.token_urlsafe(32)
        until = time.time() + rules().limits["link_hours"] * 3600
        connection.execute(
            update(account)
            .where(account.c.name == name)
            .values(
                link_sha256=hashed(token), link_until=until, password=None, secret=None, secret_sha256=None
            )
        )
        self.end_all(connection, name)
        log(connection, by, "link_made", about=name)
        return token

    def find(self, connection: Any, name: str) -> Row | None:
        """Return an account by its name."""
        found = rows_of(connection.execute(select(account).where(account.c.name == name)))
        return found[0] if found else None

    def of_link(self, connection: Any, token: str) -> Row | None:
        """Return the account of a one-time link that is still open."""
        found = rows_of(
            connection.execute(
                select(account).where(
                    account.c.link_sha256 == hashed(token),
                    account.c.link_until > time.time(),
                    account.c.state.in_([INVITED, ACTIVE]),
                )
            )
        )
        return found[0] if found else None

    def new_secret(self) -> str:
        """Return a new secret for a second factor."""
        import pyotp

        return pyotp.random_base32()

    def settle(self, connection: Any, name: str, password: str, secret: str | None, code: str) -> str | None:
        """Set password and second factor of a one-time link; return the name of a complaint, or None."""
        if len(password) < rules().limits["password_characters"]:
            return "password_short"
        values: Row = {}
        if secret is not None:
            number = self._code(secret, code, 0)
            if number is None:
                return "code_wrong"
            values = {
                "secret": self.key.encrypt(secret.encode()).decode(),
                "secret_sha256": hashed(secret),
                "last_code": number,
            }
        with _AT_ONCE:
            values["password"] = self.hasher.hash(password)
        connection.execute(
            update(account)
            .where(account.c.name == name)
            .values(link_sha256=None, link_until=None, state=ACTIVE, **values)
        )
        self.end_all(connection, name)
        log(connection, name, "account_settled", about=name)
        return None

    def sign_in(self, connection: Any, name: str, password: str, code: str, prefix: str) -> str | None:
        """Try to sign in and return the token of a new session; None for every kind of mistake alike."""
        if self.waits(connection, name, prefix):
            return None
        known = self.find(connection, name)
        right = self._password_is(known["password"] if known else None, password)
        number: int | None = 0
        if known is not None and known["secret"]:
            secret = self.key.decrypt(known["secret"].encode()).decode()
            number = self._code(secret, code, known["last_code"])
        elif self.second_factor:
            number = None
        if not right or number is None or known is None or known["state"] != ACTIVE:
            connection.execute(
                insert(attempt).values(at=time.time(), name_sha256=hashed(name), address_prefix=prefix)
            )
            log(connection, name if known else "-", "sign_in_failed", address_prefix=prefix)
            return None
        connection.execute(update(account).where(account.c.name == name).values(last_code=number))
        connection.execute(delete(attempt).where(attempt.c.name_sha256 == hashed(name)))
        return self.begin(connection, name, prefix)

    def begin(self, connection: Any, name: str, prefix: str) -> str:
        """Begin a session and return its token."""
        token = secrets.token_urlsafe(32)
        now = time.time()
        connection.execute(
            insert(session).values(
                token_sha256=hashed(token), account=name, began=now, seen=now, address_prefix=prefix
            )
        )
        connection.execute(update(account).where(account.c.name == name).values(seen_at=now))
        log(connection, name, "signed_in", address_prefix=prefix)
        return token

    def waits(self, connection: Any, name: str, prefix: str) -> bool:
        """Say whether too many attempts failed of a name or an address, so that none is taken for a while."""
        limits = rules().limits
        since = time.time() - limits["attempt_minutes"] * 60

        def failed(where: Any) -> int:
            counted = select(func.count()).select_from(attempt).where(where, attempt.c.at > since)
            return int(connection.execute(counted).scalar() or 0)

        return (
            failed(attempt.c.name_sha256 == hashed(name)) >= limits["attempts_of_name"]
            or failed(attempt.c.address_prefix == prefix) >= limits["attempts_of_address"]
        )

    def visitor(self, connection: Any, token: str) -> Row | None:
        """Return the account of a session that is still good, as it stands now: role and territory are read each time.

        ``until``: when the session ends. ``twins``: other accounts with the same second factor.
        """
        found = rows_of(
            connection.execute(
                select(account, session.c.began, session.c.seen)
                .join(session, session.c.account == account.c.name)
                .where(session.c.token_sha256 == hashed(token), account.c.state == ACTIVE)
            )
        )
        if not found:
            return None
        who = found[0]
        limits = rules().limits
        now = time.time()
        who["until"] = min(
            now + limits["session_idle_minutes"] * 60, who["began"] + limits["session_hours"] * 3600
        )
        idle = now - who["seen"]
        if idle > limits["session_idle_minutes"] * 60 or who["until"] < now or idle < -_CLOCK_SECONDS:
            return None
        who["twins"] = ()
        if who["secret_sha256"]:
            same = select(account.c.name).where(
                account.c.secret_sha256 == who["secret_sha256"], account.c.name != who["name"]
            )
            who["twins"] = tuple(row[0] for row in connection.execute(same))
        return who

    def seen(self, connection: Any, token: str) -> None:
        """Note that a session was used."""
        connection.execute(
            update(session).where(session.c.token_sha256 == hashed(token)).values(seen=time.time())
        )

    def end(self, connection: Any, token: str) -> None:
        """End one session."""
        connection.execute(delete(session).where(session.c.token_sha256 == hashed(token)))

    def end_all(self, connection: Any, name: str) -> None:
        """End every session of an account."""
        connection.execute(delete(session).where(session.c.account == name))

    def change_password(self, connection: Any, who: Row, old: str, new: str) -> str | None:
        """Change a password and end all sessions; return the name of a complaint, or None."""
        if not self._password_is(who["password"], old):
            return "sign_in_wrong"
        if len(new) < rules().limits["password_characters"]:
            return "password_short"
        with _AT_ONCE:
            kept = self.hasher.hash(new)
        connection.execute(update(account).where(account.c.name == who["name"]).values(password=kept))
        self.end_all(connection, who["name"])
        log(connection, who["name"], "password_changed", about=who["name"])
        return None

    def change(self, connection: Any, name: str, by: str, **values: Any) -> None:
        """Change role, territory, state or address of an account; its sessions end."""
        connection.execute(update(account).where(account.c.name == name).values(**values))
        self.end_all(connection, name)
        log(connection, by, "account_changed", about=f"{name}: {', '.join(sorted(values))}")

    def tidy(self, connection: Any) -> None:
        """Forget sessions and attempts that are long over."""
        limits = rules().limits
        now = time.time()
        connection.execute(
            delete(session).where(
                or_(
                    session.c.seen < now - limits["session_idle_minutes"] * 60,
                    session.c.began < now - limits["session_hours"] * 3600,
                )
            )
        )
        connection.execute(delete(attempt).where(attempt.c.at < now - limits["attempt_minutes"] * 60))

    def _password_is(self, kept: str | None, password: str) -> bool:
        """Compare with what is kept; a name without a password takes as long as one with."""
        from argon2.exceptions import Argon2Error, InvalidHashError

        with _AT_ONCE:
            try:
                return self.hasher.verify(kept or self.nobody, password) and kept is not None
            except (Argon2Error, InvalidHashError):
                return False

    @staticmethod
    def _code(secret: str, code: str, last: int) -> int | None:
        """Return the number of the time step of a right code that was not used before, else None."""
        import hmac

        import pyotp

        given = "".join(code.split())
        now = int(time.time()) // _STEP_SECONDS
        for number in (now, now - 1, now + 1):
            if number > last and hmac.compare_digest(pyotp.TOTP(secret).generate_otp(number), given):
                return number
        return None


def lacking_people(connection: Any, persons: dict[str, int]) -> list[tuple[str, str]]:
    """Return what is wanting (a word of the desk) and where.

    Parameters
    ----------
    persons : dict
        Territory with an open period -> how many persons of its own it needs: with two, one to send and one to approve.
    """
    have: dict[str, set[str]] = {}
    wanted = select(account.c.territory, account.c.role).where(account.c.state.in_([ACTIVE, INVITED]))
    for territory, role in connection.execute(wanted):
        have.setdefault(territory or "", set()).add(role)
    lacking = []
    for territory, number in persons.items():
        if OFFICER not in have.get(territory, ()):
            lacking.append(("no_officer", territory))
        elif number > 1 and APPROVER not in have[territory]:
            lacking.append(("no_approver", territory))
    return lacking


def coordinators(connection: Any) -> int:
    """Count the coordinators who can sign in."""
    wanted = (
        select(func.count())
        .select_from(account)
        .where(account.c.role == COORDINATOR, account.c.state == ACTIVE)
    )
    return int(connection.execute(wanted).scalar() or 0)
