"""The desk's own database: accounts, sessions, files by place and count, jobs, and a log in which each line seals the last.

No table holds a cell of a file. SQLite unless a URL names PostgreSQL; the same statements run on both.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    select,
    text,
)

from clearing_point.errors import InputProblem

Row = dict[str, Any]
_VERSION = 1
_TRIES, _PAUSE_SECONDS = 50, 0.1
_LOCK = 7_205_211_908
"""Number of the lock under which PostgreSQL lets one change at a time write its line of the log."""

metadata = MetaData()
account = Table(
    "account", metadata,
    Column("name", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("territory", String),
    Column("language", String, nullable=False),
    Column("address", String),
    Column("password", String),
    Column("secret", String),
    Column("secret_sha256", String),
    Column("last_code", BigInteger, nullable=False, default=0),
    Column("link_sha256", String),
    Column("link_until", Float),
    Column("state", String, nullable=False),
    Column("made_by", String, nullable=False),
    Column("made_at", Float, nullable=False),
    Column("seen_at", Float),
)  # fmt: skip
session = Table(
    "session", metadata,
    Column("token_sha256", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("began", Float, nullable=False),
    Column("seen", Float, nullable=False),
    Column("address_prefix", String, nullable=False),
)  # fmt: skip
attempt = Table(
    "attempt", metadata,
    Column("at", Float, nullable=False),
    Column("name_sha256", String, nullable=False, index=True),
    Column("address_prefix", String, nullable=False, index=True),
)  # fmt: skip
period = Table(
    "period", metadata,
    Column("territory", String, primary_key=True),
    Column("period", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("closes", String),
    Column("persons", Integer, nullable=False),
)  # fmt: skip
file = Table(
    "file", metadata,
    Column("id", String, primary_key=True),
    Column("territory", String, nullable=False, index=True),
    Column("period", String, nullable=False),
    Column("sender", String),
    Column("encoding", String),
    Column("by", String, nullable=False),
    Column("name", String, nullable=False),
    Column("ending", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("came", Float, nullable=False),
    Column("moved", Float, nullable=False),
    Column("state", String, nullable=False),
    Column("before", String),
    Column("version", Integer, nullable=False),
    Column("answers_sha256", String),
    Column("reason", String),
    Column("said", Text),
    Column("asked", String),
    Column("asked_by", String),
    Column("submission", String),
    Column("outcome", Text),
    Column("approved_sha256", String),
)  # fmt: skip
answer = Table(
    "answer", metadata,
    Column("file", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("place", Text, nullable=False),
    Column("code", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Float, nullable=False),
)  # fmt: skip
approval = Table(
    "approval", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("file", String, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("what_sha256", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("decision", String, nullable=False),
    Column("reason", String),
)  # fmt: skip
job = Table(
    "job", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("file", String, index=True),
    Column("territory", String),
    Column("kind", String, nullable=False),
    Column("about", Text),
    Column("state", String, nullable=False),
    Column("stage", String),
    Column("asked", Float, nullable=False),
    Column("began", Float),
    Column("ended", Float),
    Column("tries", Integer, nullable=False),
    Column("cpu", Float),
    Column("memory_kib", Integer),
)  # fmt: skip
stored = Table(
    "stored", metadata,
    Column("number", Integer, primary_key=True),
    Column("territory", String, nullable=False),
    Column("period", String, nullable=False),
    Column("state", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("edition", String, nullable=False),
    Column("submission", String),
)  # fmt: skip
"""What the warehouse holds, as a job last saw it: the command line loads, too."""
note = Table(
    "note", metadata, Column("name", String, primary_key=True), Column("value", String, nullable=False)
)
audit = Table(
    "audit", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("account", String, nullable=False),
    Column("territory", String),
    Column("action", String, nullable=False),
    Column("about", String),
    Column("address_prefix", String),
    Column("previous_sha256", String, nullable=False),
    Column("sha256", String, nullable=False),
)  # fmt: skip


def rows_of(result: Any) -> list[Row]:
    """Return the rows of a query as mappings."""
    return [dict(row) for row in result.mappings()]


class Store:
    """The database, opened; made where it is not there."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        metadata.create_all(engine)
        with self.changing() as connection:
            found = connection.execute(select(note.c.value).where(note.c.name == "shape")).scalar()
            if found is None:
                connection.execute(insert(note).values(name="shape", value=str(_VERSION)))
            elif found != str(_VERSION):
                raise InputProblem(
                    f"The desk's database has shape {found}, this program's is {_VERSION}: use the one it was made with."
                )

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """Give a connection to read with."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def changing(self) -> Iterator[Any]:
        """Give a connection in one transaction: all of it is kept, or nothing."""
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield connection

    def forget_traces(self) -> None:
        """Write over what was changed or deleted: SQLite keeps earlier pages in its log until it is emptied."""
        if self.engine.dialect.name != "sqlite":
            return
        with self.engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert raw is not None  # noqa: S101 - for the type checker
            connection.rollback()
            for _ in range(_TRIES):
                if raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0:
                    return
                time.sleep(_PAUSE_SECONDS)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def opened_store(folder: Path, url: str | None = None) -> Store:
    """Open the desk's database: SQLite in a folder, or what a URL names."""
    if url:
        return Store(create_engine(url, pool_pre_ping=True))
    path = folder / "desk.sqlite"
    if not path.exists():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say so, for writing at once
        for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(
            "BEGIN" if connection.get_execution_options().get("reading") else "BEGIN IMMEDIATE"
        )

    store = Store(engine)
    reader = engine.execution_options(reading=True)

    @contextmanager
    def reading() -> Iterator[Any]:
        with reader.connect() as connection:
            yield connection

    store.reading = reading  # type: ignore[method-assign]
    return store


def log(
    connection: Any,
    who: str,
    action: str,
    *,
    about: str | None = None,
    territory: str | None = None,
    address_prefix: str | None = None,
) -> None:
    """Append a line to the log, in the transaction of what it tells; it carries the hash of the line before."""
    last = connection.execute(select(audit.c.sha256).order_by(audit.c.id.desc()).limit(1)).scalar() or ""
    line = {
        "at": round(time.time(), 3), "account": who, "territory": territory, "action": action, "about": about,
        "address_prefix": address_prefix, "previous_sha256": last,
    }  # fmt: skip
    connection.execute(insert(audit).values(**line, sha256=_seal(line)))


def _seal(line: Row) -> str:
    return hashlib.sha256(json.dumps(line, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def broken_line(connection: Any) -> int | None:
    """Walk the log and return the number of the first line that does not follow from the one before; None if all do.

    That lines were cut off at the end is seen by who kept the last hash (``desk audit --verify`` prints it).
    """
    last = ""
    for line in rows_of(connection.execute(select(audit).order_by(audit.c.id))):
        number, sealed = line.pop("id"), line.pop("sha256")
        if line["previous_sha256"] != last or _seal(line) != sealed:
            return int(number)
        last = sealed
    return None


def last_seal(connection: Any) -> tuple[int, str]:
    """Return how many lines the log has, and the hash of the last one."""
    count = connection.execute(select(func.count()).select_from(audit)).scalar() or 0
    last = connection.execute(select(audit.c.sha256).order_by(audit.c.id.desc()).limit(1)).scalar() or ""
    return int(count), last


def noted(connection: Any, name: str) -> str | None:
    """Return what was noted under a name."""
    found: str | None = connection.execute(select(note.c.value).where(note.c.name == name)).scalar()
    return found


def make_note(connection: Any, name: str, value: str) -> None:
    """Note a value under a name."""
    connection.execute(note.delete().where(note.c.name == name))
    connection.execute(insert(note).values(name=name, value=value))
