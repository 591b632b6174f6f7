"""Stored releases of one public source: two side by side, and one beside its publisher's own counts."""

from __future__ import annotations

from collections.abc import Sequence

from clearing_point.analysis.frequencies import Frequencies, frequencies
from clearing_point.analysis.public_releases import (
    Compared,
    Vintage,
    compare_releases,
    sent_again,
    vintages_of,
)
from clearing_point.countries import Profile, sources_named
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.standard import Standard


def compare(
    project: Project,
    standard: Standard,
    source: str,
    *,
    before: str | None = None,
    after: str | None = None,
    territories: Sequence[str] = (),
) -> Compared:
    """Compare two releases of a source: the newest with the one before it, or those that are named.

    A file that was sent again for the same day is named by its submission; where there is no other release, it is compared
    with the file that came for it.

    Parameters
    ----------
    source : str
        A folder of ``pipelines/sources``, or the start of its name.
    before, after : str, optional
        Submission, or the day of its release.

    Raises
    ------
    InputProblem
        If there is no such source or release, or only one release is stored.
    """
    profile, stored, again = _stored(project, source)
    if len(stored) + len(again) < 2:
        raise InputProblem(
            f"There is {'one release' if stored else 'no release'} of {profile.name} in the warehouse: two are needed. "
            f"Load another with `clearing-point import {profile.name} FILE --release YYYY-MM-DD`; both are kept."
        )
    newest = _chosen(stored, again, after) if after else stored[-1]
    rest, rest_again = ([v for v in found if v != newest] for found in (stored, again))
    oldest = _chosen(rest, rest_again, before) if before else (rest or rest_again)[-1]
    return compare_releases(project.warehouse, standard, profile.keys, oldest, newest, territories)


def read_of(project: Project, standard: Standard, source: str, release: str | None = None) -> Frequencies:
    """Count what was read of a release, the newest if none is named, beside its publisher's own counts.

    Raises
    ------
    InputProblem
        If there is no such source or release.
    """
    profile, stored, again = _stored(project, source)
    if not stored:
        raise InputProblem(
            f"Nothing of {profile.name} is in the warehouse: `clearing-point import {profile.name} FILE` first."
        )
    chosen = _chosen(stored, again, release) if release else stored[-1]
    return frequencies(project.warehouse, standard, chosen, profile.counts)


def _stored(project: Project, source: str) -> tuple[Profile, list[Vintage], list[Vintage]]:
    """Return the profile, its releases, and what they were before a file was sent again for the same day."""
    profiles = sources_named(project, source)
    if len(profiles) > 1:
        raise InputProblem(f"Which source is '{source}'? There are {', '.join(p.name for p in profiles)}.")
    name = profiles[0].name
    if not project.warehouse.exists():
        return profiles[0], [], []
    return profiles[0], vintages_of(project.warehouse, name), sent_again(project.warehouse, name)


def _chosen(stored: Sequence[Vintage], again: Sequence[Vintage], wanted: str) -> Vintage:
    """Return the release of a day or with a submission; else the one that this submission was part of once."""
    standing = {name for v in stored for name in v.submissions}
    found = [v for v in stored if wanted == v.released or wanted in v.submissions] or [
        v for v in again if wanted in set(v.submissions) - standing
    ]
    if len(found) != 1:
        raise InputProblem(
            f"There is no one release '{wanted}': {'; '.join(v.name() for v in (*stored, *again))}."
        )
    return found[0]
