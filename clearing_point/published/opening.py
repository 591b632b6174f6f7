"""Finding releases and opening one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from clearing_point.analysis.release_database import DATABASE
from clearing_point.errors import InputProblem
from clearing_point.project import find_project

if TYPE_CHECKING:
    import pandas as pd

    from clearing_point.published.release import Release

RELEASE_VARIABLE = "CLEARING_POINT_RELEASE"
_DEMO = "demo"
_LOCKED = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "lock_configuration": "true",
}
"""Plain SQL of a notebook may read the release and nothing else of the machine."""


def releases(data: str | Path | None = None) -> pd.DataFrame:
    """List the releases of a data folder.

    Parameters
    ----------
    data : path, optional
        The data folder; by default the one that the command line would use, with its demonstration.

    Returns
    -------
    pandas.DataFrame
        One row a release: ``release_id``, ``edition`` (year), ``data_as_of`` (date as text), ``made_data``,
        ``folder``; newest edition last, synthetic data before real data.
    """
    import pandas as pd

    rows = []
    for folder in _folders(Path(data) if data else None):
        with _connect(folder / DATABASE) as connection:
            found = connection.execute(
                "SELECT release_id, edition, data_as_of, made_data FROM release"
            ).fetchone()
        if found is not None:
            rows.append((*found, str(folder)))
    rows.sort(key=lambda row: (not row[3], row[1]))
    return pd.DataFrame(rows, columns=["release_id", "edition", "data_as_of", "made_data", "folder"])


def open_release(release: str | int | Path | None = None, *, language: str = "en") -> Release:
    """Open a release for reading.

    Parameters
    ----------
    release : str, int or Path, optional
        A folder, an edition's year or a release id. By default the folder that the environment variable
        ``CLEARING_POINT_RELEASE`` names, else the newest release of the data folder, else that of the demonstration.
    language : str
        Language of labels, such as ``sr-Cyrl``; definitions are in English.

    Raises
    ------
    InputProblem
        If there is no such release; says how to make one.
    """
    from clearing_point.published.release import Release

    asked = release if release is not None else os.environ.get(RELEASE_VARIABLE) or None
    folder = _find(asked)
    return Release(folder, _connect(folder / DATABASE), language)


def _find(asked: str | int | Path | None) -> Path:
    if isinstance(asked, Path) or (isinstance(asked, str) and (Path(asked) / DATABASE).is_file()):
        if not (Path(asked) / DATABASE).is_file():
            raise InputProblem(f"{asked} is not the folder of a release: it has no {DATABASE}.")
        return Path(asked)
    found = releases()
    if found.empty:
        raise InputProblem(
            "There is no release here yet: `clearing-point demo` makes one of synthetic data, or name a release's folder."
        )
    if asked is None:
        return Path(found["folder"].iloc[-1])
    same = found[(found["edition"].astype(str) == str(asked)) | (found["release_id"] == str(asked))]
    if same.empty:
        raise InputProblem(f"There is no release '{asked}'; there are {', '.join(found['release_id'])}.")
    return Path(same["folder"].iloc[-1])


def _folders(data: Path | None) -> list[Path]:
    place = data.expanduser().resolve() if data else find_project().data
    parents = (place / "releases", place / _DEMO / "releases")
    folders = [folder for parent in parents if parent.is_dir() for folder in sorted(parent.iterdir())]
    named = os.environ.get(RELEASE_VARIABLE)
    if named and data is None:
        folders.append(Path(named))
    return [f for f in dict.fromkeys(folders) if not f.name.startswith(".") and (f / DATABASE).is_file()]


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path), read_only=True, config=dict(_LOCKED))
    except duckdb.Error as error:
        raise InputProblem(f"{path} cannot be opened as a release ({type(error).__name__}).") from error
