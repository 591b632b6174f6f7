"""A database of its own for one submission, from its first row until it is merged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clearing_point.errors import InternalError
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.prepared import prepare_rules
from clearing_point.warehouse.connection import connect
from clearing_point.warehouse.shape import create_empty
from clearing_point.workplace import drop_work, work_folder


class Workspace:
    """The database of one submission: opened once to read it, once to judge it, merged once, dropped.

    Whoever works on it while it is open is handed it and asks over its one connection. Closed, it may be handed to
    another process.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: Any = None

    @classmethod
    def new(cls, project: Project, standard: Standard) -> Workspace:
        """Make an empty database of the warehouse's shape in a folder of its own; see :meth:`drop`."""
        project.prepare()
        prepare_rules(project.prepared, standard)
        path = work_folder(project.work, "submission-") / "workspace.duckdb"
        create_empty(path, standard, project.prepared)
        return cls(path)

    @property
    def connection(self) -> Any:
        """Its one connection, while it is open."""
        if self._connection is None:
            raise InternalError("The workspace is not open.")
        return self._connection

    @contextmanager
    def opened(self, **settings: Any) -> Iterator[Any]:
        """Keep it open for a step of the work; parameters as :func:`~clearing_point.warehouse.connection.connect`."""
        if self._connection is not None:
            raise InternalError("The workspace is open already.")
        self._connection = connect(self.path, **settings)
        try:
            yield self._connection
        finally:
            self._connection.close()
            self._connection = None

    def drop(self) -> None:
        """Remove it and everything beside it."""
        drop_work(self.path.parent)
