"""The desk as it stands on one machine: its folders, its database, the standard whose words it speaks."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearing_point.project import Project
from clearing_point.standard import Standard

if TYPE_CHECKING:
    from clearing_point.desk.accounts import Accounts
    from clearing_point.desk.store import Store

FINDINGS = "findings.json"


@dataclass
class Desk:
    """Everything that pages and jobs of one desk share.

    Attributes
    ----------
    origin : str
        As browsers send it.
    proxied : bool
        Whether a proxy stands before it and names the address of who asks.
    senders : mapping
        Territory -> organisations that may send beside its coordinator: name -> what people call it.
    encodings : mapping
        Of CSV files: name -> what people call it.
    wake : callable
        Tells the dispatcher that there is something to do.
    stop_job : callable
        Ends the running job of a file and waits until its process is gone.
    """

    project: Project
    standard: Standard
    store: Store
    accounts: Accounts
    origin: str
    proxied: bool
    demo: bool = False
    senders: dict[str, dict[str, str]] = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)
    """Territory -> hash of its profile."""
    encodings: dict[str, str] = field(default_factory=dict)
    wake: Any = lambda: None
    stop_job: Any = lambda _identity: None
    alive: Any = lambda: True
    cookie: str = "desk"
    log_requests: bool = False

    @property
    def folder(self) -> Path:
        """All that is the desk's own."""
        return self.project.data / "desk"

    @property
    def files(self) -> Path:
        """One folder an uploaded file."""
        return self.folder / "files"

    @property
    def templates(self) -> Path:
        """Empty workbooks that were asked for before; may be deleted at any time."""
        return self.folder / "templates"

    @property
    def outbox(self) -> Path:
        """Mails that wait to be sent by what the machine has."""
        return self.folder / "outbox"

    def prepare(self) -> None:
        """Make the folders, closed to others."""
        for folder in (self.folder, self.files, self.templates, self.outbox, self.folder / "tmp"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def empty_temporary(self) -> None:
        """Remove what a server before this one left in the temporary folder; only while none runs."""
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        (self.folder / "tmp").mkdir(mode=0o700)

    def remove_content(self, identity: str, *, keep_findings: bool = False) -> None:
        """Remove what was uploaded as a file, and what was made of it; it is gone when this returns."""
        folder = self.files / identity
        if not keep_findings:
            shutil.rmtree(folder, ignore_errors=True)
            return
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name != FINDINGS:
                path.unlink(missing_ok=True)
