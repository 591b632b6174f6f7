"""From a received file to the warehouse: receive, check, decide, store."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clearing_point.countries import Profile, profile_of_source, regional_profile
from clearing_point.errors import InputProblem
from clearing_point.findings import BLOCK, ERROR, INFORMATION, WARNING
from clearing_point.intake.layout import fold, lay_out
from clearing_point.intake.read import ReceivedFile, read_file
from clearing_point.intake.receive import archive, parse_period, receive, series_of
from clearing_point.intake.words import with_crosswalk_flags
from clearing_point.project import Project
from clearing_point.quality.feedback import Feedback, feedback_of
from clearing_point.quality.judge import Verdict, judge, verdict_of
from clearing_point.standard import Standard
from clearing_point.store import (
    current_version,
    drop_workspace,
    merge,
    prepare_warehouse,
    refuse_overlap,
    same_file,
)

Progress = Callable[[str], None]
_SHOWN_GROUPS = 30


@dataclass(frozen=True)
class Outcome:
    """What came of one file: the verdict, what it holds and what its sender should know."""

    submission_id: str
    file_name: str
    verdict: Verdict
    feedback: Feedback
    rows: dict[str, int]
    stored: bool
    unchanged: bool = False
    replaced: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the outcome for a program: verdict, counts and every group of findings, without values."""
        return {
            "submission": self.submission_id,
            "decision": self.verdict.decision,
            "findings": dict(self.verdict.findings),
            "rows": self.rows,
            "stored": self.stored,
            "unchanged": self.unchanged,
            "replaced": self.replaced,
            "groups": [asdict(group) for group in self.feedback.groups],
        }

    def lines(self, *, stored: bool) -> Iterator[str]:
        """Yield what the sender should read: verdict, rows, findings, next step."""
        counts = self.verdict.findings
        yield f"{self.submission_id}: {self.verdict.decision}"
        if self.unchanged:
            yield "This very file was loaded before: nothing was changed."
        if self.rows:
            yield "Read: " + ", ".join(f"{n:,} {table}" for table, n in self.rows.items() if n)
        if self.replaced:
            yield f"It replaces {self.replaced}, which is kept."
        faults = counts[BLOCK] + counts[ERROR]
        yield f"{faults} must fix, {counts[WARNING]} to confirm, {counts[INFORMATION]} for information"
        for group in self.feedback.groups[:_SHOWN_GROUPS]:
            yield f"  [{group.severity} {group.rule_id}] {group.line()}: {group.what} {group.action}"
        if len(self.feedback.groups) > _SHOWN_GROUPS:
            yield f"  ... and {len(self.feedback.groups) - _SHOWN_GROUPS} more groups (--json lists all)"
        if not self.verdict.accepted:
            yield "Next: correct these places in the file and send it again."
        elif not stored:
            yield f"Next: clearing-point load {self.file_name} --territory ... --period ..."
        else:
            yield "Next: clearing-point status"


def check(project: Project, standard: Standard, path: Path, profile: Profile, period: str) -> Outcome:
    """Read and judge a file without storing anything; see :func:`load`."""
    received, profile = _read(path, profile, standard)
    receipt = receive(project, standard, path, profile, period, received=received)
    try:
        verdict = judge(
            receipt.workspace, receipt.submission_id, standard, refused=receipt.refused, use=profile.use
        )
        feedback = feedback_of(receipt.workspace, receipt.submission_id, standard)
        return Outcome(receipt.submission_id, path.name, verdict, feedback, dict(receipt.rows), stored=False)
    finally:
        drop_workspace(receipt.workspace)


def load(
    project: Project,
    standard: Standard,
    path: Path,
    profile: Profile,
    period: str,
    *,
    made_data: bool | None = None,
    received_at: datetime.datetime | None = None,
    progress: Progress = lambda _: None,
) -> Outcome:
    """Read, judge and store a file.

    The same file twice changes nothing. A new file of the same sender, territory and period
    replaces the version before, which is kept. A refused file leaves only its receipt.

    Raises
    ------
    InputProblem
        If the file cannot be read, the period overlaps another one of the sender, or another
        command holds the warehouse.
    """
    prepare_warehouse(project, standard)
    progress("reading")
    received, profile = _read(path, profile, standard)
    series = series_of(profile, period)
    before = same_file(project, series, received.sha256, profile.sha256, standard.sha256)
    if before is not None:
        verdict = verdict_of(project.warehouse, before)
        feedback = feedback_of(project.warehouse, before, standard)
        return Outcome(before, path.name, verdict, feedback, {}, True, unchanged=True)
    refuse_overlap(project, series, *parse_period(period))
    version, supersedes = current_version(project, series)
    receipt = receive(
        project, standard, path, profile, period,
        version_number=version + 1, supersedes=supersedes, made_data=made_data, received=received, received_at=received_at,
    )  # fmt: skip
    try:
        progress("checking")
        verdict = judge(
            receipt.workspace, receipt.submission_id, standard, refused=receipt.refused, use=profile.use
        )
        feedback = feedback_of(receipt.workspace, receipt.submission_id, standard)
        progress("storing")
        if not receipt.refused:
            archive(project, path, receipt.file_sha256)
        merge(project, standard, receipt.workspace, receipt.submission_id, accepted=verdict.accepted)
    finally:
        drop_workspace(receipt.workspace)
    return Outcome(
        receipt.submission_id, path.name, verdict, feedback, dict(receipt.rows), True,
        replaced=supersedes if verdict.accepted else None,
    )  # fmt: skip


def load_source(
    project: Project,
    standard: Standard,
    path: Path,
    source: str,
    *,
    received_at: datetime.datetime | None = None,
    progress: Progress = lambda _: None,
) -> Outcome:
    """Load a public file by the profile whose layout it has; ``source`` is the start of its name.

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
    period = profile.period or "1990-2030"
    return load(project, standard, path, profile, period, received_at=received_at, progress=progress)


def _read(path: Path, profile: Profile, standard: Standard) -> tuple[ReceivedFile, Profile]:
    """Read the file and choose its layout: the regional workbook names its sheets after our tables."""
    received = read_file(path, encoding=profile.reading.encoding, delimiter=profile.reading.delimiter)
    named = {fold(s) for s in received.sheets}
    if named & set(standard.tables) and not any(s.sheet and fold(s.sheet) in named for s in profile.sheets):
        return received, regional_profile(standard, profile)
    if not profile.sheets:
        raise InputProblem(
            f"{path.name} is not the regional workbook, and {profile.name} declares no layout of its own: "
            "fill the regional workbook, or describe the file in the profile."
        )
    return received, profile
