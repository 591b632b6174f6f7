"""What the warehouse says of a file before it is read: loaded before, which version, what it would replace."""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clearing_point.countries import Profile
from clearing_point.errors import InputProblem
from clearing_point.intake.read import hash_of_file
from clearing_point.intake.receive import parse_period, series_of
from clearing_point.project import Project, ready
from clearing_point.quality.answers import Answer, hash_of_answers
from clearing_point.quality.earlier import (
    WAREHOUSE_BUSY,
    WAREHOUSE_UNREAD,
    Earlier,
    earlier_of,
    earlier_submissions,
)
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import InUse, opened
from clearing_point.warehouse.series import (
    current_version,
    refuse_overlap,
    release_in_force,
    release_of,
    same_file,
    sent_before,
    sent_by_another,
)
from clearing_point.warehouse.shape import OtherShape, refuse_other_shape


@dataclass(frozen=True)
class Item:
    """One file to check or load; see :func:`pipelines.ingest.load`."""

    path: Path
    profile: Profile
    period: str
    made_data: bool | None = None
    received_at: datetime.datetime | None = None
    encoding: str | None = None
    """Of a CSV file, if somebody said it."""
    reason: str | None = None
    """Why it replaces a version that was published."""
    language: str = "en"
    compared: bool = True
    """Whether it is said what a new version changes."""
    kept_of: str | None = None
    """Hash of the file that came, where `path` is what the archive keeps of it: a rebuild."""
    answers: tuple[Answer, ...] = ()
    """Given beside the file; of the same group they win over those on its findings sheet."""
    released: datetime.date | None = None
    """When its publisher released it, if it is a public file."""
    answers_kept: str | None = None
    """Hash of the answers beside it, where the archive keeps them: a rebuild."""

    @property
    def answers_sha256(self) -> str | None:
        """Hash of the answers that were given beside the file, if any."""
        return self.answers_kept or hash_of_answers(self.answers)

    @property
    def series(self) -> str:
        """Sender, territory and period: versions of one submission share it."""
        return series_of(self.profile, self.period)

    def command(self, name: str, *more: str) -> str:
        """Return the command line that does something with the file, ready to run."""
        words = [
            "clearing-point", name, str(self.path), "--territory", str(self.profile.territory), "--period", self.period,
        ]  # fmt: skip
        for option, value in (("--sender", self.profile.sent_by), ("--encoding", self.encoding)):
            words += [option, value] if value else []
        words += ["--lang", self.language] if self.language != "en" else []
        return ready(shlex.join([*words, *more]))

    def sha256(self) -> str:
        """Return the hash of the sender's file.

        Raises
        ------
        InputProblem
            If it cannot be opened.
        """
        return self.kept_of or hash_of_file(self.path)


@dataclass(frozen=True)
class Plan:
    """The place of a file among what is stored."""

    before: str | None = None
    """The submission that came of this very file, read in the same way."""
    version: int = 1
    supersedes: str | None = None
    """The accepted version that it would replace."""
    earlier: Earlier = field(default_factory=lambda: Earlier(None))
    sent_before: bool = False
    """Whether the sender sent this very file for something else, or earlier."""
    replaced_persons: int = 0
    """Persons of the accepted version."""
    replaced_organisation: str | None = None
    """The organisation that the accepted version names as its sender."""
    sent_by_another: bool = False
    """Whether another sender of the territory sent this very file."""
    stops: tuple[InputProblem, ...] = ()
    """Why it could not be stored, whatever it holds."""
    newer: str | None = None
    """A release of the same public data that is newer than the file, and stays in force."""
    of_another: tuple[tuple[str, str], ...] = ()
    """Other parts of a public source that are of an earlier release, each with its day: they leave force with this file."""


def plan_of(project: Project, standard: Standard, item: Item) -> Plan:
    """Ask the warehouse for the place of a file that is to be stored.

    Raises
    ------
    InputProblem
        If the file cannot be opened, its period overlaps another one of its sender, or another command holds
        the warehouse.
    """
    plan = _asked(project, standard, item)
    if plan.stops:
        plan.earlier.drop()
        raise plan.stops[0]
    return plan


def plan_to_check(project: Project, standard: Standard, item: Item) -> Plan:
    """Ask for the place of a file that is only checked: an overlap is part of the answer.

    A check goes on where no warehouse is yet, and where another command holds it longer than one waits.
    """
    if not project.warehouse.exists():
        return Plan()
    try:
        return _asked(project, standard, item)
    except OtherShape:
        raise
    except InputProblem as problem:
        hash_of_file(item.path)  # what is wrong with the file itself is said as such
        reason = WAREHOUSE_BUSY if isinstance(problem, InUse) else WAREHOUSE_UNREAD
        return Plan(earlier=Earlier(None, reason))


def _asked(project: Project, standard: Standard, item: Item) -> Plan:
    start, end = parse_period(item.period)
    sha256 = item.sha256()
    stops: tuple[InputProblem, ...] = ()
    with opened(project.warehouse, read_only=True) as warehouse:
        refuse_other_shape(warehouse, project, standard)
        before = same_file(
            warehouse, item.series, sha256, item.profile.sha256, standard.sha256, item.answers_sha256
        )
        if before and item.released and item.released != release_of(warehouse, before):
            before = None  # the same bytes, released on another day: a release of its own
        try:
            if before is None:
                refuse_overlap(warehouse, item.series, start, end)
        except InputProblem as problem:
            stops = (problem,)
        version, supersedes = current_version(warehouse, item.series)
        in_force = (
            release_in_force(warehouse, item.profile.name, item.profile.sender)
            if item.profile.use == "reference"
            else ()
        )
        newest, its_day = in_force[0] if in_force else (None, None)
        # A rebuild finds in force what was taken back before this file came.
        if before is None and its_day is not None and item.released is None and item.compared:
            said = standard.word("problem", "release_needed", submission=newest, day=str(its_day))
            stops = (*stops, InputProblem(said, "release_needed", submission=newest, day=str(its_day)))
        newer = newest if its_day and (item.released is None or item.released < its_day) else None
        of_another = tuple(
            (name, str(day or ""))
            for name, day in in_force
            if not newer and name != supersedes and day != item.released
        )
        found = earlier_submissions(warehouse, item.series, start)
        repeated = sent_before(warehouse, item.series, sha256)
        by_another = item.profile.use == "count" and sent_by_another(warehouse, item.series, sha256)
        persons, organisation = warehouse.execute(
            "SELECT (SELECT count(*) FROM core.person WHERE submission_id = $id), "
            "(SELECT min(organisation) FROM core.submission WHERE submission_id = $id)",
            {"id": supersedes},
        ).fetchone()
    if before is not None:
        return Plan(before, version, sent_before=repeated)
    return Plan(
        None, version + 1, None if newer else supersedes, earlier_of(project, standard, *found), repeated, persons,
        organisation, by_another, stops, newer, of_another,
    )  # fmt: skip


def in_turn(items: Sequence[Item]) -> list[tuple[int, int | None]]:
    """Numbers of the items in the order in which they are stored, each with the one it waits for, if any.

    An item waits for the period before it of its own sender, which it is compared with; all others can be judged
    side by side.
    """
    last: dict[tuple[str, str | None], int] = {}
    found: list[tuple[int, int, int | None]] = []
    rank: dict[int, int] = {}
    for number in sorted(range(len(items)), key=lambda n: parse_period(items[n].period)[0]):
        sender = (items[number].profile.sender, items[number].profile.territory)
        before = last.get(sender)
        rank[number] = 0 if before is None else rank[before] + 1
        found.append((rank[number], number, before))
        last[sender] = number
    return [(number, before) for _, number, before in sorted(found)]
