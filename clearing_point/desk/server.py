"""The server: one process for pages, one thread that starts jobs, nothing left when it ends."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.countries import profile_of_territory
from clearing_point.desk.accounts import Accounts, key_of
from clearing_point.desk.jobs import Dispatcher
from clearing_point.desk.place import Desk
from clearing_point.desk.retention import interrupted_uploads
from clearing_point.desk.store import opened_store
from clearing_point.errors import UsageProblem
from clearing_point.processes import close_to_others
from clearing_point.project import Project
from clearing_point.standard import load_standard

LOCALHOST = "127.0.0.1"
_MOST_WORKERS = 4
_ENDING_SECONDS = 5


@dataclass(frozen=True)
class Place:
    """Where the desk listens.

    Attributes
    ----------
    port : int
        On this machine only.
    socket : Path, optional
        Instead of a port: for a proxy.
    host : str, optional
        Name under which browsers reach the proxy.
    """

    port: int = 8080
    socket: Path | None = None
    host: str | None = None

    def checked(self) -> Place:
        """Return itself.

        Raises
        ------
        UsageProblem
            If a socket is named without the host that stands before it, or the other way round.
        """
        if (self.socket is None) != (self.host is None):
            raise UsageProblem(
                "--socket and --host belong together: a proxy with that name stands before the socket."
            )
        return self

    @property
    def origin(self) -> str:
        """As browsers send it."""
        return f"https://{self.host}" if self.host else f"http://{LOCALHOST}:{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """What browsers may name as the host."""
        return (self.host,) if self.host else (f"{LOCALHOST}:{self.port}", f"localhost:{self.port}")


def opened_desk(
    project: Project,
    place: Place,
    *,
    database: str | None = None,
    key: Path | None = None,
    demo: bool = False,
) -> Desk:
    """Open the desk of a data folder; its folders and database are made where they are not there.

    Raises
    ------
    InputProblem
        If the data folder cannot be written, the key is missing, or the database is another program's.
    """
    project.prepare()
    standard = load_standard(project.schemas, project.prepared)
    folder = project.data / "desk"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    accounts = Accounts(key_of(folder, key), second_factor=not demo)
    desk = Desk(
        project, standard, opened_store(folder, database), accounts, place.origin, place.host is not None, demo=demo
    )  # fmt: skip
    desk.prepare()
    for territory in standard.reporting_territories:
        profile = profile_of_territory(project, territory)
        desk.senders[territory] = {n: str(s.get("title", n)) for n, s in profile.senders.items()}
    return desk


def serve(
    desk: Desk,
    place: Place,
    *,
    run: str,
    preload: tuple[str, ...],
    workers: int | None = None,
    ready: Any = None,
) -> None:
    """Serve pages and do jobs until the process is told to end.

    Parameters
    ----------
    run : str
        ``module:function`` that does a job, in a process of its own.
    preload : tuple of str
        What the stem imports.
    workers : int, optional
        Jobs at the same time; by default one a core, at most four.
    ready : callable, optional
        Called when it listens.
    """
    import uvicorn

    from clearing_point.desk.app import application

    close_to_others()
    # The stem and its jobs find the project there, and put temporary files where a start sweeps them away.
    os.environ |= {
        "CLEARING_POINT_PROJECT": str(desk.project.root), "CLEARING_POINT_DATA": str(desk.project.data),
        "TMPDIR": str(desk.folder / "tmp"), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
        "GX_ANALYTICS_ENABLED": "false", "CLEARING_POINT_DESK_SERVER": str(os.getpid()),
    }  # fmt: skip
    desk.empty_temporary()
    interrupted_uploads(desk)
    dispatcher = Dispatcher(desk, run, preload, workers or min(os.cpu_count() or 1, _MOST_WORKERS))
    desk.wake, desk.stop_job, desk.alive = dispatcher.wake, dispatcher.stop_job, dispatcher.is_alive
    where: dict[str, Any] = (
        {"uds": str(place.socket)} if place.socket else {"host": LOCALHOST, "port": place.port}
    )
    server = uvicorn.Server(
        uvicorn.Config(
            application(desk, place.hosts),
            **where,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_ENDING_SECONDS,
            lifespan="off",
        )
    )
    dispatcher.start()
    if ready is not None:
        threading.Thread(target=_tell, args=(server, ready), daemon=True).start()
    try:
        server.run()
    finally:
        dispatcher.stop()
        desk.store.close()
    if not server.started:
        raise UsageProblem(
            f"Nothing could listen at {place.socket or place.origin}: is another desk running there?"
        )


def _tell(server: Any, ready: Any) -> None:
    import time

    while not server.started:
        if server.should_exit:
            return
        time.sleep(0.05)
    ready()
