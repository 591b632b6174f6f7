"""Files as others publish them: which of their profiles has the layout of a file."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from clearing_point.countries import (
    Profile,
    for_sender,
    in_format_of,
    profile_of_source,
    profile_of_territory,
    sources_named,
)
from clearing_point.errors import InputProblem
from clearing_point.intake.layout import lay_out
from clearing_point.intake.read import read_file
from clearing_point.intake.words import with_crosswalk_flags
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.submission.plan import Item
from clearing_point.warehouse.events import now


def as_published(
    project: Project,
    standard: Standard,
    path: Path,
    source: str,
    received_at: datetime.datetime | None = None,
    released: datetime.date | None = None,
    part: str | None = None,
) -> Item:
    """Find the profile whose layout a public file has; ``source`` is the start of its name.

    Parameters
    ----------
    released : date, optional
        When its publisher released it; without it the day in the file's name, where the profile knows one.
    part : str, optional
        Name of a further file of the same layout and release (capital letters and digits), such as supplementary tables:
        it is in force beside the main one, and both are one release.

    Raises
    ------
    InputProblem
        If no profile of that source fits the file; says what the nearest one misses. If its day has not come.
    """
    profiles = sources_named(project, source)
    names = [profile.name for profile in profiles]
    fitting: list[tuple[int, str, Profile]] = []
    for name, profile in zip(names, profiles, strict=True):
        received = read_file(path, encoding=profile.reading.encoding, delimiter=profile.reading.delimiter)
        _, findings = lay_out(received, with_crosswalk_flags(profile, standard))
        fitting.append((len(findings), name, profile))
    misses, name, profile = min(fitting, key=lambda f: f[:2])
    if misses:
        raise InputProblem(
            f"{path.name} has not the layout of {' or '.join(names)}: {misses} headings differ from {name}. "
            "Is it the file as published?",
            "published_layout",
            file=path.name,
            name=name,
            headings=str(misses),
        )
    day = released or _released_by_name(path, profile)
    # Tomorrow may be today where its publisher is. A slip of the keyboard would keep every true release out of force.
    if day and day > now().date() + datetime.timedelta(1):
        raise InputProblem(
            f"{path.name}: a release of {day} has not come out yet. Say its day: --release YYYY-MM-DD.",
            "published_future",
            file=path.name,
            day=str(day),
        )
    profile = for_sender(profile, part and f"{profile.sender}{part}")
    return Item(path, profile, profile.period or "1990-2030", received_at=received_at, released=day)


def _released_by_name(path: Path, profile: Profile) -> datetime.date | None:
    found = re.search(profile.release_in_name, path.name) if profile.release_in_name else None
    try:
        return datetime.date.fromisoformat(found.group(1)) if found else None
    except ValueError:
        return None


def in_public_format(project: Project, source: str, territory: str, sender: str | None) -> Profile:
    """Return the profile of a reporting territory's sender whose file is in a public format.

    Raises
    ------
    InputProblem
        If there is no such territory, sender or format.
    """
    base = for_sender(profile_of_territory(project, territory), sender)
    return in_format_of(base, profile_of_source(project, source))
