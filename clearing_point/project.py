"""Where things are: the project (schemas, profiles, editions) and the data folder.

A project is found from ``--project``, the environment variable ``CLEARING_POINT_PROJECT``, the
current folder and those above it, and last the copy that travels with an installed package.
Nothing is ever written into a project: all results go to the data folder
(``docs/decisions/0004-one-data-folder.md``).
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import yaml

from clearing_point.errors import InputProblem, MachineProblem, UsageProblem

_MARKER = Path("schemas") / "standard.yml"
_PRIVATE, _CLOSED_FILE = 0o700, 0o600
_INSTALLED_DATA = "clearing-point-data"
"""An installed package must not write beside itself."""


@dataclass(frozen=True)
class Project:
    """The folders of one clearing point.

    Attributes
    ----------
    root : Path
        Folder that holds ``schemas``, ``pipelines`` and ``reports``.
    data : Path
        Folder for everything that is received or made.
    """

    root: Path
    data: Path
    archive_folder: Path | None = None
    """Where received files are kept, if not in the data folder: a rebuild works beside the standing one."""
    output_folder: Path | None = None
    """Where releases and reports are made, if not in the data folder: a build is checked before it takes its place."""
    ledger_folder: Path | None = None
    """A copy of the folder of the ledger, where an edition is only verified and nothing may be entered."""

    @property
    def schemas(self) -> Path:
        """What the region has agreed."""
        return self.root / "schemas"

    @property
    def countries(self) -> Path:
        """One folder a reporting territory."""
        return self.root / "pipelines" / "countries"

    @property
    def sources(self) -> Path:
        """One folder a public format or data set."""
        return self.root / "pipelines" / "sources"

    @property
    def reports(self) -> Path:
        """Editions, templates and text."""
        return self.root / "reports"

    @property
    def editions(self) -> Path:
        """One file a year; a data folder may have editions of its own, as the small demonstration has."""
        own = self.data / "editions"
        return own if own.is_dir() else self.reports / "editions"

    @property
    def notebooks(self) -> Path:
        """Notebooks to start from, as text."""
        return self.root / "notebooks"

    @property
    def is_checkout(self) -> bool:
        """Whether its own folders may be written; an installed copy never is."""
        return _is_checkout(self.root)

    @property
    def waiting(self) -> Path:
        """Workbooks that wait for their marked copy, for a few days; not part of a backup."""
        return self.data / "waiting"

    @property
    def archive(self) -> Path:
        """What is kept of received files, by their hash, read-only."""
        return self.archive_folder or self.data / "archive"

    @property
    def receipts(self) -> Path:
        """What was received and done, beside the originals: with them the warehouse can be made anew."""
        return self.data / "archive" / "receipts.json"

    @property
    def warehouse_lock(self) -> Path:
        """Held by whoever changes the warehouse."""
        return self.data / ".warehouse.lock"

    @property
    def publication_lock(self) -> Path:
        """Held by whoever publishes or builds."""
        return self.data / ".publication.lock"

    @property
    def warehouse(self) -> Path:
        """The one DuckDB file that holds records of persons, or the file that names the lake which holds them."""
        lake = self.data / "warehouse" / "clearing_point.lake"
        return lake if lake.is_file() else self.warehouse_file

    @property
    def warehouse_file(self) -> Path:
        """Where that file is, or would be."""
        return self.data / "warehouse" / "clearing_point.duckdb"

    @property
    def prepared(self) -> Path:
        """What follows from the standard and is kept to save time; may be deleted at any time."""
        return self.data / "prepared"

    @property
    def work(self) -> Path:
        """Unfinished work of one command; may be deleted whenever none runs."""
        return self.data / "work"

    @property
    def releases(self) -> Path:
        """Published releases: protected tables only."""
        return (self.output_folder or self.data) / "releases"

    @property
    def ledger(self) -> Path:
        """What was ever printed, append-only; it outlives the warehouse and the releases."""
        return (self.ledger_folder or self.data / "publications") / "ledger.csv"

    @property
    def builds(self) -> Path:
        """Built reports, one folder an edition."""
        return (self.output_folder or self.data) / "reports"

    @property
    def belonging(self) -> Path:
        """Names the project whose data these are."""
        return self.data / "project.json"

    @property
    def run_log(self) -> Path:
        """One line a run of the timer."""
        return self.data / "runs.log"

    def prepare(self) -> None:
        """Make the data folder, closed to other users of the machine.

        Raises
        ------
        MachineProblem
            If the folder cannot be made or written, is another user's, or is another project's.
        """
        self._refuse_other_owner()
        refuse_other_project(self)
        try:
            for folder in (self.data, self.archive, self.warehouse.parent, self.work):
                folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)
        except OSError as error:
            raise MachineProblem(
                f"The data folder {self.data} cannot be made ({error.strerror}): "
                "choose another with --data or CLEARING_POINT_DATA.",
                "folder_closed",
            ) from error
        if not os.access(self.data, os.W_OK):
            raise MachineProblem(
                f"The data folder {self.data} is read-only: choose another with --data.", "folder_closed"
            )
        keep_project(self)

    def _refuse_other_owner(self) -> None:
        """Files of another user in the folder (one command as root is enough) would stop its owner at night."""
        owner = self.data.stat().st_uid if self.data.is_dir() else os.geteuid()
        if owner != os.geteuid():
            raise MachineProblem(
                f"The data folder {self.data} belongs to {_name_of(owner)}: run this as that user. "
                "Nothing was written.",
                "folder_owner",
                folder=self.data,
                user=_name_of(owner),
            )


def refuse_other_project(project: Project) -> None:
    """Stop where the data folder is another project's: two would publish beside one ledger.

    A project is known by its name (``schemas/standard.yml``), not by its place: it may move, and be restored elsewhere.

    Raises
    ------
    MachineProblem
        Naming both.
    """
    if not project.belonging.is_file():
        return
    try:
        kept = json.loads(project.belonging.read_bytes())["project"]
    except (ValueError, KeyError, TypeError) as error:
        raise MachineProblem(f"{project.belonging} is damaged: put it back from the backup.") from error
    names = _names_of(project)
    if kept not in names:
        raise MachineProblem(
            f"The data folder {project.data} belongs to the project {kept!r}, and {project.root} is the project "
            f"{names[0]!r}. Nothing was written: correct --project or CLEARING_POINT_PROJECT, or name another data "
            "folder with --data (docs/operations.md, A second project)."
        )


def keep_project(project: Project) -> None:
    """Note in a new data folder whose it is; an older name of the same project stays."""
    if not project.belonging.is_file():
        beside = project.belonging.with_name(f".{project.belonging.name}.{os.getpid()}")
        beside.write_text(json.dumps({"project": _names_of(project)[0]}) + "\n", encoding="utf-8")
        beside.chmod(_CLOSED_FILE)
        beside.replace(project.belonging)


def _names_of(project: Project) -> tuple[str, ...]:
    """Return the name of a project, and those that it had before."""
    path = project.root / _MARKER
    try:
        settings = yaml.safe_load(path.read_bytes())
        return settings["name"], *settings.get("former_names", ())
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InputProblem(
            f"{path} does not say the project's name: `clearing-point standard check` helps."
        ) from error


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def find_project(project: Path | None = None, data: Path | None = None) -> Project:
    """Find the project and its data folder.

    Parameters
    ----------
    project, data : Path, optional
        What the user named; each falls back to ``CLEARING_POINT_PROJECT`` and
        ``CLEARING_POINT_DATA``, then to the folders upwards and the installed copy; the data folder of an
        installed copy is ``clearing-point-data`` here or above, else one to be made here.

    Raises
    ------
    UsageProblem
        If a named project has no ``schemas/standard.yml``, or the data folder is a file.
    """
    named = project or _from_environment("CLEARING_POINT_PROJECT")
    if named is not None:
        root = named.expanduser().resolve()
        if not (root / _MARKER).is_file():
            raise UsageProblem(f"{named} is not a clearing point project: it has no {_MARKER.as_posix()}.")
    else:
        root = _upwards(Path.cwd()) or installed_project()
    chosen = data or _from_environment("CLEARING_POINT_DATA")
    if chosen is None:
        chosen = root / "data" if _is_checkout(root) else _data_upwards(Path.cwd())
    place = chosen.expanduser().resolve()
    if place.exists() and not place.is_dir():
        raise UsageProblem(
            f"{chosen} is a file and no data folder: name a folder with --data or CLEARING_POINT_DATA.",
            "folder_file",
            file=chosen,
        )
    global _called_with  # noqa: PLW0603 - said once, when a command begins
    named_options = [("--project", project), ("--data", data)]
    _called_with = "".join(f" {name} {shlex.quote(str(given))}" for name, given in named_options if given)
    return Project(root=root, data=place)


_called_with = ""
_COMMAND = re.compile(r"`(clearing-point (?!standard\b|build\b|tokens\b|demo\b|desk\b)[a-z][^`]*)`")
"""A command in a sentence; those left out have no data folder, or are told whole."""


def ready(command: str) -> str:
    """Return a command with the folders that this one was called with, so that it runs as it is printed."""
    return command + _called_with


def with_ready_commands(text: str) -> str:
    """Return a sentence whose commands run as they are printed."""
    return _COMMAND.sub(lambda found: f"`{ready(found[1])}`", text)


def hash_of_folder(folder: Path, leave_out: tuple[str, ...] = ()) -> str:
    """Return the SHA-256 of a folder's file names and bytes, in sorted order, as hex text.

    Parameters
    ----------
    leave_out : tuple of str
        Subfolders that do not count, such as what is generated from the rest.
    """
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.suffix == ".pyc" or path.name.startswith("."):
            continue
        if path.relative_to(folder).parts[0] in leave_out:
            continue
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _from_environment(name: str) -> Path | None:
    value = os.environ.get(name, "").strip()
    return Path(value) if value else None


def _upwards(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        if (folder / _MARKER).is_file():
            return folder
    return None


def _data_upwards(start: Path) -> Path:
    """Return the nearest data folder here or above: Jupyter runs a notebook in the folder that it lies in."""
    for folder in (start, *start.parents):
        if (folder / _INSTALLED_DATA).is_dir():
            return folder / _INSTALLED_DATA
    return start / _INSTALLED_DATA


def installed_project() -> Path:
    """Return the project that came with the program.

    Raises
    ------
    InputProblem
        If none did.
    """
    package = Path(__file__).resolve().parent
    for root in (package / "bundled", package.parent):
        if (root / _MARKER).is_file():
            return root
    raise InputProblem(
        "No clearing point project was found here or above: name one with --project DIR "
        "or CLEARING_POINT_PROJECT."
    )


def _is_checkout(root: Path) -> bool:
    return root.name != "bundled" and os.access(root, os.W_OK)
