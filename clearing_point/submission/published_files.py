"""Files as others publish them: which of their profiles has the layout of a file."""

from __future__ import annotations

import datetime
from pathlib import Path

from clearing_point.countries import Profile, profile_of_source
from clearing_point.errors import InputProblem
from clearing_point.intake.layout import lay_out
from clearing_point.intake.read import read_file
from clearing_point.intake.words import with_crosswalk_flags
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.submission.plan import Item


def as_published(
    project: Project,
    standard: Standard,
    path: Path,
    source: str,
    received_at: datetime.datetime | None = None,
) -> Item:
    """Find the profile whose layout a public file has; ``source`` is the start of its name.

    Raises
    ------
    InputProblem
        If no profile of that source fits the file; says what the nearest one misses.
    """
    names = sorted(p.name for p in project.sources.glob(f"{source}*") if (p / "profile.yml").is_file())
    if not names:
        raise InputProblem(f"There is no profile for '{source}' in {project.sources}.")
    fitting: list[tuple[int, str, Profile]] = []
    for name in names:
        profile = profile_of_source(project, name)
        received = read_file(path, encoding=profile.reading.encoding, delimiter=profile.reading.delimiter)
        _, findings = lay_out(received, with_crosswalk_flags(profile, standard))
        fitting.append((len(findings), name, profile))
    misses, name, profile = min(fitting, key=lambda f: f[:2])
    if misses:
        raise InputProblem(
            f"{path.name} has not the layout of {' or '.join(names)}: {misses} headings differ from {name}. "
            "Is it the file as published?"
        )
    return Item(path, profile, profile.period or "1990-2030", received_at=received_at)
