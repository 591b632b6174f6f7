"""From a received file to the warehouse: receive, check, decide, store."""

from __future__ import annotations

import datetime
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from clearing_point.countries import (
    Profile,
    check_mark,
    in_format_of,
    mark_of,
    profile_of_source,
    profile_of_territory,
    regional_profile,
    regional_sheets,
)
from clearing_point.countries.decisions import decisions_for
from clearing_point.errors import InputProblem
from clearing_point.findings import BLOCK, ERROR, INFORMATION, SAME_FILE, WARNING, Finding, store_findings
from clearing_point.intake.encodings import NAMES
from clearing_point.intake.expected import read_as_declared, sample_of
from clearing_point.intake.layout import fold, lay_out
from clearing_point.intake.read import ReceivedFile, hash_of_file, read_file
from clearing_point.intake.receive import Receipt, archive, parse_period, receive, series_of
from clearing_point.intake.words import with_crosswalk_flags
from clearing_point.processes import workers
from clearing_point.project import Project
from clearing_point.quality.answers import Answer, split_answers
from clearing_point.quality.earlier import WAREHOUSE_BUSY, Earlier, earlier_of, earlier_submissions
from clearing_point.quality.feedback import Feedback, Group, feedback_of
from clearing_point.quality.gate_process import gate_beside
from clearing_point.quality.judge import Verdict, judge, verdict_of
from clearing_point.quality.runner import Gate
from clearing_point.standard import Standard, load_standard
from clearing_point.store import (
    current_version,
    drop_workspace,
    merge,
    now,
    opened,
    prepare_warehouse,
    refuse_overlap,
    same_file,
    sent_before,
    share_cores,
)
from clearing_point.submission.resubmission import may_be_meant, what_changes

Progress = Callable[[str], None]
_SHOWN_GROUPS = 30
_SHOWN_ALIKE = 3
_WORKERS = 2


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
    reading: str = ""
    """How a CSV file was read, with some of its headings as proof."""
    remarks: tuple[str, ...] = ()
    """Words that may be meant, and for a new version what it changes: places and counts."""

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
            "reading": self.reading,
            "remarks": list(self.remarks),
            "groups": [asdict(group) for group in self.feedback.groups],
            "not_run": [asdict(group) for group in self.feedback.not_run],
        }

    def lines(self, *, stored: bool) -> Iterator[str]:
        """Yield what the sender should read: verdict, rows, findings, next step."""
        counts = self.verdict.findings
        yield f"{self.submission_id}: {self.verdict.decision}"
        if self.unchanged:
            yield "This very file was loaded before: nothing was changed."
        if self.reading:
            yield self.reading
        if self.rows:
            yield "Read: " + ", ".join(f"{n:,} {table}" for table, n in self.rows.items() if n)
        if self.replaced:
            yield f"It replaces {self.replaced}, which is kept."
        faults = counts[BLOCK] + counts[ERROR]
        yield f"{faults} must fix, {counts[WARNING]} to confirm, {counts[INFORMATION]} for information"
        shown, left = _shown(self.feedback.groups)
        for group in shown:
            place = f"{group.line()}: " if group.line() else ""
            yield f"  [{group.severity} {group.rule_id}] {place}{group.what} {group.action}"
        if left:
            named = ", ".join(f"{rule} ({count})" for rule, count in left.items())
            yield f"  ... and {sum(left.values())} more groups: {named}; --json lists all"
        yield from (f"  {remark}" for remark in self.remarks)
        for missed in self.feedback.not_run:
            yield f"Not run: {', '.join(missed.rules) or 'all checks of rows'}. {missed.reason}"
        if not self.verdict.accepted:
            yield (
                f"Next: clearing-point feedback {self.submission_id} -o marked.xlsx (the file with its cells marked)"
                if stored
                else "Next: correct these places in the file and send it again."
            )
        elif not stored:
            yield f"Next: clearing-point load {self.file_name} --territory ... --period ..."
        else:
            yield "Next: clearing-point status"


def _shown(groups: Sequence[Group]) -> tuple[list[Group], Counter[str]]:
    """Return the groups to print, and by rule how many are left out: what is for information only is not repeated."""
    shown: list[Group] = []
    left: Counter[str] = Counter()
    alike: Counter[str] = Counter()
    for group in groups:
        alike[group.rule_id] += 1
        repeated = group.severity == INFORMATION and alike[group.rule_id] > _SHOWN_ALIKE
        if repeated or len(shown) == _SHOWN_GROUPS:
            left[group.rule_id] += 1
        else:
            shown.append(group)
    return shown, left


def check(
    project: Project,
    standard: Standard,
    path: Path,
    profile: Profile,
    period: str,
    *,
    encoding: str | None = None,
    language: str = "en",
) -> Outcome:
    """Read and judge a file without storing anything; see :func:`load`."""
    with gate_beside() as gate:
        received, profile, answers = _read_with_answers(project, path, profile, standard, encoding)
        reading = _reading(received, profile)
        decisions = decisions_for(project, standard, profile, period, now())
        receipt = receive(
            project, standard, path, profile, period, received=received, corrections=decisions.corrections
        )
        earlier = Earlier(None)
        try:
            earlier, repeated = _past(project, standard, receipt, parse_period(period)[0])
            if repeated:
                _note_sent_before(receipt)
            verdict = judge(
                receipt.workspace,
                receipt.submission_id,
                standard,
                refused=receipt.refused,
                use=profile.use,
                earlier=earlier,
                waivers=decisions.waivers,
                answers=answers,
                gate=gate,
            )
            feedback = feedback_of(receipt.workspace, receipt.submission_id, standard, language)
            return Outcome(
                receipt.submission_id, path.name, verdict, feedback, dict(receipt.rows), stored=False,
                reading=reading,
                remarks=may_be_meant(receipt, profile, standard),
            )  # fmt: skip
        finally:
            earlier.drop()
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
    encoding: str | None = None,
    reason: str | None = None,
    language: str = "en",
    compared: bool = True,
    progress: Progress = lambda _: None,
) -> Outcome:
    """Read, judge and store a file.

    The same file twice changes nothing. A new file of the same sender, territory and period
    replaces the version before, which is kept. A refused file leaves only its receipt.

    Parameters
    ----------
    reason : str, optional
        Why a version that was published is replaced; it is recorded.
    language : str
        Of the sentences on findings.
    compared : bool
        Say what a new version changes, and ask why where figures were published. A rebuild knows: all of it
        happened before.

    Raises
    ------
    InputProblem
        If a version that was published would be replaced without a reason; it says which published
        figures would move. If the file cannot be read, the period overlaps another one of the sender, or another
        command holds the warehouse.
    """
    prepare_warehouse(project, standard)
    item = Item(path, profile, period, made_data, received_at, encoding, reason, language, compared)
    plan = _plan(project, standard, item)
    try:
        with gate_beside() if plan.before is None else nullcontext() as gate:
            judged = _judged(project, standard, item, plan, progress, gate)
        return _store(project, standard, item, judged, progress)
    finally:
        plan.earlier.drop()


@dataclass(frozen=True)
class Item:
    """One file to load; see :func:`load`."""

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


def load_many(
    project: Project, standard: Standard, items: Sequence[Item], *, progress: Progress = lambda _: None
) -> list[Outcome]:
    """Load several files of different series: read and judged side by side, stored one after the other.

    Raises
    ------
    InputProblem
        As :func:`load`, for the first file in order that cannot be loaded; those before it are stored.
    """
    prepare_warehouse(project, standard)
    number_of_workers = max(1, min(_WORKERS, os.cpu_count() or 1, len(items)))
    outcomes: dict[int, Outcome] = {}
    with workers(number_of_workers, share_cores) as pool:
        for wave in _waves(items):
            # The warehouse is asked before the work begins: its one writer is this process.
            plans = {number: _plan(project, standard, items[number]) for number in wave}
            waiting = {
                number: pool.submit(_judged_elsewhere, project, standard.folder, items[number], plan)
                for number, plan in plans.items()
            }
            try:
                for number, judged in waiting.items():
                    item = items[number]
                    progress(f"loading {len(outcomes) + 1} of {len(items)}: {item.path.name}")
                    outcomes[number] = _store(project, standard, item, judged.result(), lambda _: None)
            finally:
                for plan in plans.values():
                    plan.earlier.drop()
    return [outcomes[number] for number in range(len(items))]


def _waves(items: Sequence[Item]) -> list[list[int]]:
    """Numbers of the items that can be judged side by side: each after the earlier periods of its own sender."""
    order = sorted(range(len(items)), key=lambda n: parse_period(items[n].period)[0])
    rank: dict[tuple[str, str | None], int] = {}
    waves: dict[int, list[int]] = {}
    for number in order:
        sender = (items[number].profile.sender, items[number].profile.territory)
        rank[sender] = rank.get(sender, -1) + 1
        waves.setdefault(rank[sender], []).append(number)
    return [sorted(waves[wave]) for wave in sorted(waves)]


def _judged_elsewhere(project: Project, schemas: Path, item: Item, plan: _Plan) -> _Judged:
    return _judged(project, load_standard(schemas), item, plan, lambda _: None)


@dataclass(frozen=True)
class _Plan:
    """What the warehouse says before a file is read: loaded before, or its version and predecessor."""

    before: _Judged | None
    version: int = 1
    supersedes: str | None = None
    earlier: Earlier = field(default_factory=lambda: Earlier(None))
    sent_before: bool = False


def _plan(project: Project, standard: Standard, item: Item) -> _Plan:
    series = series_of(item.profile, item.period)
    start, end = parse_period(item.period)
    sha256 = hash_of_file(item.path)
    with opened(project.warehouse, read_only=True) as warehouse:
        before = same_file(warehouse, series, sha256, item.profile.sha256, standard.sha256)
        if before is None:
            refuse_overlap(warehouse, series, start, end)
            version, supersedes = current_version(warehouse, series)
            found = earlier_submissions(warehouse, series, start)
            repeated = sent_before(warehouse, series, sha256)
    if before is not None:
        verdict = verdict_of(project.warehouse, before)
        return _Plan(_Judged(None, verdict, feedback_of(project.warehouse, before, standard, item.language)))
    return _Plan(None, version + 1, supersedes, earlier_of(project, standard, *found), repeated)


def _past(
    project: Project, standard: Standard, receipt: Receipt, start: datetime.date
) -> tuple[Earlier, bool]:
    """What the sender sent before and whether this very file, for a check: it goes on where the warehouse is busy."""
    if not project.warehouse.exists():
        return Earlier(None), False
    try:
        with opened(project.warehouse, read_only=True) as warehouse:
            found = earlier_submissions(warehouse, receipt.series, start)
            repeated = sent_before(warehouse, receipt.series, receipt.file_sha256)
        return earlier_of(project, standard, *found), repeated
    except InputProblem:
        return Earlier(None, WAREHOUSE_BUSY), False


def _note_sent_before(receipt: Receipt) -> None:
    if not receipt.refused:
        with opened(receipt.workspace) as connection:
            store_findings(connection, receipt.submission_id, [Finding(SAME_FILE, WARNING, "uniqueness")])


@dataclass(frozen=True)
class _Judged:
    """A file that was read and judged, with its workspace; or one that was loaded before."""

    receipt: Receipt | None
    verdict: Verdict
    feedback: Feedback
    supersedes: str | None = None
    reading: str = ""
    remarks: tuple[str, ...] = ()


def _judged(
    project: Project,
    standard: Standard,
    item: Item,
    plan: _Plan,
    progress: Progress,
    gate: Gate | None = None,
) -> _Judged:
    if plan.before is not None:
        return plan.before
    progress("reading")
    received, profile, answers = _read_with_answers(project, item.path, item.profile, standard, item.encoding)
    reading = _reading(received, profile)
    came = item.received_at or now()
    decisions = decisions_for(project, standard, profile, item.period, came)
    receipt = receive(
        project,
        standard,
        item.path,
        profile,
        item.period,
        version_number=plan.version,
        supersedes=plan.supersedes,
        made_data=item.made_data,
        received=received,
        received_at=came,
        corrections=decisions.corrections,
    )
    try:
        progress("checking")
        if plan.sent_before:
            _note_sent_before(receipt)
        name = receipt.submission_id
        verdict = judge(
            receipt.workspace,
            name,
            standard,
            refused=receipt.refused,
            use=profile.use,
            earlier=plan.earlier,
            waivers=decisions.waivers,
            answers=answers,
            gate=gate,
        )
        feedback = feedback_of(receipt.workspace, name, standard, item.language)
        remarks = may_be_meant(receipt, profile, standard)
        return _Judged(receipt, verdict, feedback, plan.supersedes, reading, remarks)
    except BaseException:
        drop_workspace(receipt.workspace)
        raise


def _store(project: Project, standard: Standard, item: Item, judged: _Judged, progress: Progress) -> Outcome:
    receipt, verdict = judged.receipt, judged.verdict
    name = item.path.name
    if receipt is None:
        return Outcome(verdict.submission_id, name, verdict, judged.feedback, {}, True, unchanged=True)
    try:
        told: tuple[str, ...] = ()
        if judged.supersedes and verdict.accepted and item.compared:
            progress("comparing")
            told = what_changes(project, standard, receipt, judged.supersedes, item.period, item.reason)
        progress("storing")
        if not receipt.refused:
            archive(project, item.path, receipt.file_sha256)
        merge(
            project,
            standard,
            receipt.workspace,
            receipt.submission_id,
            accepted=verdict.accepted,
            reason=item.reason if judged.supersedes else None,
        )
    finally:
        drop_workspace(receipt.workspace)
    replaced = judged.supersedes if verdict.accepted else None
    return Outcome(
        verdict.submission_id, name, verdict, judged.feedback, dict(receipt.rows), True, replaced=replaced,
        reading=judged.reading, remarks=(*judged.remarks, *told),
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
    """Load a public file by the profile whose layout it has; see :func:`as_published`."""
    item = as_published(project, standard, path, source, received_at)
    return load(
        project, standard, path, item.profile, item.period, received_at=received_at, progress=progress
    )


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


def _read_with_answers(
    project: Project, path: Path, profile: Profile, standard: Standard, encoding: str | None = None
) -> tuple[ReceivedFile, Profile, tuple[Answer, ...]]:
    """Read the file as :func:`read_submission`, and take the findings sheet of an earlier round out of it."""
    received, profile = read_submission(project, path, profile, standard, encoding)
    rows, answers = split_answers(received.rows, standard)
    sheets = tuple(dict.fromkeys(rows.column("sheet").unique().to_pylist()))
    return replace(received, rows=rows, sheets=sheets), profile, answers


def load_format(
    project: Project,
    standard: Standard,
    path: Path,
    source: str,
    territory: str,
    period: str,
    *,
    progress: Progress = lambda _: None,
) -> Outcome:
    """Load a file in a public format (``pipelines/sources``) as the submission of a reporting territory.

    Raises
    ------
    InputProblem
        If there is no such territory or format, and as :func:`load`.
    """
    profile = in_format_of(profile_of_territory(project, territory), profile_of_source(project, source))
    return load(project, standard, path, profile, period, progress=progress)


def _reading(received: ReceivedFile, profile: Profile) -> str:
    if received.encoding is None:
        return ""
    shown = sample_of(received, profile)
    return f"Read as {NAMES.get(received.encoding, received.encoding)}" + (
        f"; headings such as: {shown}" if shown else ""
    )


def read_submission(
    project: Project, path: Path, profile: Profile, standard: Standard, encoding: str | None = None
) -> tuple[ReceivedFile, Profile]:
    """Read the file and choose its layout: the regional workbook, or the profile's own."""
    received = read_as_declared(path, profile, standard, encoding)
    mark = mark_of(received.rows)
    if mark is not None:
        check_mark(mark, path.name, profile, standard)
        if mark.language in standard.languages:
            profile = replace(profile, language=mark.language)
    named = {fold(s) for s in received.sheets}
    own = any(s.sheet and fold(s.sheet) in named for s in profile.sheets)
    regional = regional_sheets(received.rows, standard) if mark is not None or not own else {}
    if regional:
        return received, regional_profile(standard, profile, regional)
    for name in profile.also_reads:
        source = profile_of_source(project, name)
        if any(s.sheet and fold(s.sheet) in named for s in source.sheets):
            return received, in_format_of(profile, source)
    if not profile.sheets:
        raise InputProblem(
            f"{path.name} is not the regional workbook, and {profile.name} declares no layout of its own: "
            "fill the regional workbook, or describe the file in the profile."
        )
    return received, profile
