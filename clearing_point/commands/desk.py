"""The submission desk in a browser: start it, make accounts, look after its log."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from clearing_point.commands.shared import DataOption, JsonOption, ProjectOption, print_json, say
from clearing_point.errors import InputProblem, UsageProblem
from clearing_point.project import Project, find_project

app = typer.Typer()
desk_app = typer.Typer(help="The submission desk: the whole round in a browser.", invoke_without_command=True)
account_app = typer.Typer(help="Accounts of the desk.", no_args_is_help=True)
app.add_typer(desk_app, name="desk")
desk_app.add_typer(account_app, name="account")
HostOption = Annotated[
    str | None,
    typer.Option(
        "--host",
        metavar="NAME",
        envvar="CLEARING_POINT_DESK_HOST",
        help="Name under which browsers reach the proxy.",
    ),
]
_MISSING = "The desk needs its extra: pip install 'clearing-point[desk]'."


def _opened(project: Project, *, demo: bool = False, **place: Any) -> tuple[Any, Any]:
    try:
        import argon2  # noqa: F401 - only whether it is there
        import fastapi  # noqa: F401

        from clearing_point.desk.server import Place, opened_desk
    except ImportError as error:
        raise UsageProblem(_MISSING) from error
    where = Place(**place).checked()
    key = os.environ.get("CLEARING_POINT_DESK_KEY_FILE")
    desk = opened_desk(
        project, where, database=os.environ.get("CLEARING_POINT_DESK_DATABASE") or None,
        key=Path(key) if key else None, demo=demo,
    )  # fmt: skip
    return desk, where


@desk_app.callback()
def desk(
    context: typer.Context,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Made accounts over the demonstration's data, on this machine only."),
    ] = False,
    port: Annotated[int, typer.Option("--port", metavar="NUMBER", help="On this machine only.")] = 8080,
    socket: Annotated[
        Path | None, typer.Option("--socket", metavar="FILE", help="Listen there instead, behind a proxy.")
    ] = None,
    host: HostOption = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="NUMBER", help="Jobs at the same time.")
    ] = None,
    requests: Annotated[
        bool, typer.Option("--log-requests", help="A line a request: address, state, time.")
    ] = False,
    project: ProjectOption = None,
    data: DataOption = None,
) -> None:
    """Start the desk: http://127.0.0.1:8080, or behind a proxy (docs/desk.md)."""
    if context.invoked_subcommand is not None:
        return
    from clearing_point.intake.encodings import NAMES
    from clearing_point.workplace import alone
    from pipelines.desk_names import PRELOAD, RUN

    found = find_project(project, data)
    if demo:
        if socket or host:
            raise UsageProblem("--demo listens on this machine only: leave --socket and --host out.")
        found = Project(root=found.root, data=found.data / "demo")
        if not found.warehouse.exists():
            raise InputProblem(
                f"There is no demonstration in {found.data}: `clearing-point demo` makes one in `demo` of the data folder."
            )
    opened, where = _opened(found, demo=demo, port=port, socket=socket, host=host)
    from clearing_point.desk.server import serve

    opened.log_requests, opened.encodings = requests, dict(NAMES)
    if demo:
        from clearing_point.desk.demo import made_accounts

        for line in made_accounts(opened):
            print(line)
    with alone(opened.folder / ".desk.lock", "running the desk"):
        serve(
            opened, where, run=RUN, preload=PRELOAD, workers=workers,
            ready=lambda: say(f"The desk is open at {where.origin} (end it with Ctrl-C)."),
        )  # fmt: skip


@account_app.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Latin letters, digits, dots, dashes.")],
    role: Annotated[str, typer.Option("--role", help="officer, approver, coordinator, editor or auditor.")],
    territory: Annotated[
        str | None, typer.Option("--territory", metavar="CODE", help="Of an officer or approver.")
    ] = None,
    language: Annotated[
        str, typer.Option("--lang", "--language", metavar="LANGUAGE", help="Of her pages.")
    ] = "en",
    address: Annotated[
        str | None, typer.Option("--address", metavar="E-MAIL", help="Where news are announced.")
    ] = None,
    host: HostOption = None,
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Make an account and print its one-time link, valid for 72 hours."""
    found = find_project(project, data)
    desk, where = _opened(found)
    if language not in desk.standard.languages:
        raise UsageProblem(f"There is no language '{language}': {', '.join(desk.standard.languages)}.")
    if territory is not None and territory not in desk.standard.reporting_territories:
        raise UsageProblem(f"There is no reporting territory '{territory}'.")
    with desk.store.changing() as connection:
        token = desk.accounts.add(
            connection, name.lower(), role, territory, language, "command", address=address
        )
    print(_first_page(host, where, token))
    say("Hand this link to her and to nobody else: whoever opens it first sets the password.")
    return 0


@account_app.command("link")
def link(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the account.")],
    host: HostOption = None,
    project: ProjectOption = None,
    data: DataOption = None,
) -> int:
    """Print a new one-time link for an account whose password or telephone was lost; its sessions end."""
    desk, where = _opened(find_project(project, data))
    with desk.store.changing() as connection:
        if desk.accounts.find(connection, name) is None:
            raise InputProblem(f"There is no account '{name}'.")
        print(_first_page(host, where, desk.accounts.link(connection, name, "command")))
    return 0


def _first_page(host: str | None, where: Any, token: str) -> str:
    return f"{f'https://{host}' if host else where.origin}/first/{token}"


@desk_app.command("audit")
def audit(
    verify: Annotated[
        bool, typer.Option("--verify", help="Walk the log: each line seals the one before.")
    ] = False,
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Say how many lines the log has and what seals the last one; --verify walks all of it."""
    from clearing_point.desk.store import broken_line, last_seal

    desk, _ = _opened(find_project(project, data))
    with desk.store.reading() as connection:
        count, seal = last_seal(connection)
        broken = broken_line(connection) if verify else None
    if json:
        print_json({"lines": count, "last_sha256": seal, "broken_line": broken})
    elif broken is not None:
        print(f"The log is not whole: line {broken} does not follow from the one before it.")
    else:
        print(
            f"{count} lines{', each following from the one before' if verify else ''}; the last is sealed {seal or '-'}."
        )
    return 1 if broken is not None else 0


@desk_app.command("sweep")
def sweep(project: ProjectOption = None, data: DataOption = None) -> int:
    """Delete now what is due to be deleted; the desk does so every hour while it runs."""
    from clearing_point.desk.retention import delete_due

    desk, _ = _opened(find_project(project, data))
    print(f"{delete_due(desk)} files deleted.")
    return 0
