"""One file read and judged in a workspace of its own, and what was judged brought into the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearing_point import engine
from clearing_point.countries import Profile
from clearing_point.countries.decisions import decisions_for
from clearing_point.findings import (
    COUNTS_FOR_RECORDS,
    OF_ANOTHER_SENDER,
    SAME_FILE,
    WARNING,
    Finding,
    conserved,
    store_findings,
)
from clearing_point.intake.archive import is_there, put_away, remove
from clearing_point.intake.as_written import as_written
from clearing_point.intake.kept import read_kept
from clearing_point.intake.receive import Receipt, receive, receive_kept
from clearing_point.project import Project
from clearing_point.quality.feedback import Feedback, feedback_of
from clearing_point.quality.judge import Verdict, judge
from clearing_point.quality.meant import with_meant
from clearing_point.quality.said import said_of
from clearing_point.standard import Standard, load_standard
from clearing_point.submission.layout import (
    answers_of,
    profile_as_read,
    read_with_answers,
    said_of_reading,
)
from clearing_point.submission.outcome import Outcome
from clearing_point.submission.plan import Item, Plan
from clearing_point.submission.resubmission import Changes, may_be_meant, parts_of_meant, what_changes
from clearing_point.submission.waiting import keep_waiting
from clearing_point.warehouse.connection import changing_alone
from clearing_point.warehouse.events import now
from clearing_point.warehouse.merge import merge

if TYPE_CHECKING:
    from clearing_point.suites.runner import Ask

Progress = Callable[[str], None]
WAITING, READING, CHECKING, CONFIRMING, COMPARING, STORING = (
    "waiting", "reading", "checking", "confirming", "comparing", "storing",
)  # fmt: skip
"""How far the work on one file is, in this order; what a command prints and a page has words for."""


def quietly(_: str) -> None:
    """Tell nobody how far the work is."""


@dataclass(frozen=True)
class Judged:
    """A file that was read and judged, with its workspace, which the caller drops."""

    receipt: Receipt
    profile: Profile
    verdict: Verdict
    feedback: Feedback
    reading: str
    remarks: tuple[str, ...]

    def drop(self) -> None:
        """Remove the workspace."""
        self.receipt.workspace.drop()


@engine.without("pandas")
def judged(
    project: Project,
    standard: Standard,
    item: Item,
    plan: Plan,
    *,
    progress: Progress = quietly,
) -> Judged:
    """Read a file into a workspace and judge it there by SQL; the warehouse is not touched.

    Raises
    ------
    InputProblem
        If the file cannot be read, or a correction or waiver is stale.
    """
    progress(READING)
    came = item.received_at or now()
    said: dict[str, Any] = {
        "version_number": plan.version, "supersedes": plan.supersedes, "made_data": item.made_data, "received_at": came,
    }  # fmt: skip
    if item.kept_of is not None:
        kept, _ = read_kept(item.path)
        profile, answers, reading = (
            profile_as_read(project, kept, item.profile, standard),
            answers_of(kept),
            "",
        )
        decisions = decisions_for(project, standard, profile, item.period, came)
        said["corrections"] = decisions.corrections
        receipt = receive_kept(project, standard, item.path, profile, item.period, **said)
    else:
        received, profile, answers = read_with_answers(
            project, item.path, item.profile, standard, item.encoding
        )
        answers = (*item.answers, *answers)
        reading = said_of_reading(received, profile, standard, item.language)
        decisions = decisions_for(project, standard, profile, item.period, came)
        said |= {"corrections": decisions.corrections, "answers": [asdict(answer) for answer in answers]}
        said["accepted_before"] = not item.compared
        receipt = receive(project, standard, item.path, profile, item.period, received=received, **said)
    try:
        progress(CHECKING)
        with receipt.workspace.opened(attach=plan.earlier.attached) as connection:
            _note_place(receipt, plan, item)
            verdict = judge(
                receipt.workspace,
                receipt.submission_id,
                standard,
                refused=receipt.refused,
                use=profile.use,
                earlier=plan.earlier,
                waivers=decisions.waivers,
                answers=answers,
            )
            feedback = feedback_of(connection, receipt.submission_id, standard, item.language)
            remarks = may_be_meant(receipt, profile, standard, item.language)
            feedback = with_meant(feedback, parts_of_meant(remarks), standard, item.language)
    except BaseException:
        receipt.workspace.drop()
        raise
    return Judged(receipt, profile, verdict, feedback, reading, remarks)


def judged_elsewhere(project: Project, schemas: Path, item: Item, plan: Plan) -> Judged:
    """Judge in another process, which reads the standard for itself, of what is kept of it."""
    return judged(project, load_standard(schemas, project.prepared), item, plan)


def is_confirmed(profile: Profile) -> bool:
    """Say whether the suites judge a file beside our SQL: not what others published.

    Its faults are its publisher's. They are listed and return the file to nobody, and it is long: asking again would cost as
    much as reading it.
    """
    return profile.use == "count"


def confirmed_by(
    ask: Ask, project: Project, standard: Standard, plan: Plan, found: Judged, *, progress: Progress = quietly
) -> Judged:
    """Let the validation suites judge what SQL has judged, of a sender's own file; drops the workspace if they cannot.

    Raises
    ------
    InternalError
        If the two disagree on a rule.
    """
    from clearing_point.quality.confirm import (
        confirmed,
    )  # a check, which suites never confirm, does not load them

    if found.receipt.refused or not is_confirmed(found.profile):
        return found
    progress(CONFIRMING)
    try:
        verdict = confirmed(
            found.receipt.workspace, found.verdict, standard, ask,
            prepared=project.prepared, use=found.profile.use, earlier=plan.earlier,
            received=as_written(found.receipt.read, standard) if found.receipt.read else None,
        )  # fmt: skip
    except BaseException:
        found.drop()
        raise
    return replace(found, verdict=verdict)


def _note_place(receipt: Receipt, plan: Plan, item: Item) -> None:
    """Note what the place of the file among what is stored makes a finding of, its answers, and its release."""
    findings = [Finding(SAME_FILE, WARNING, "uniqueness")] if plan.sent_before else []
    if plan.sent_by_another:
        findings.append(conserved(OF_ANOTHER_SENDER, dimension="uniqueness"))
    if plan.replaced_persons and not receipt.rows.get("person") and receipt.rows.get("aggregate_cell"):
        findings.append(conserved(COUNTS_FOR_RECORDS, dimension="consistency"))
    if receipt.refused or not (findings or item.answers_sha256 or item.released):
        return
    connection = receipt.workspace.connection
    store_findings(connection, receipt.submission_id, findings)
    connection.execute(
        "UPDATE raw.submission SET answers_sha256 = ?, released = ?", [item.answers_sha256, item.released]
    )


def store_judged(
    project: Project,
    standard: Standard,
    item: Item,
    plan: Plan,
    found: Judged,
    *,
    progress: Progress = quietly,
) -> Outcome:
    """Bring a judged file into the warehouse, what is kept of it into the archive, and drop the workspace.

    Raises
    ------
    InputProblem
        If a version that was published would be replaced without a reason, or another command stored a version
        of the same series meanwhile; nothing is stored then.
    """
    receipt, verdict = found.receipt, found.verdict
    try:
        told: tuple[str, ...] = ()
        if plan.supersedes and verdict.accepted and item.compared:
            progress(COMPARING)
            told = what_changes(project, standard, item, plan, receipt)
        progress(STORING)
        # The archive first: what is stored can always be read again. Nobody else stores meanwhile.
        with changing_alone(project, "changing the warehouse"), _archived(project, item, receipt):
            if receipt.kept_file is not None and item.kept_of is None:
                keep_waiting(project, item.path, receipt, found.feedback, parts_of_meant(found.remarks))
            merge(
                project,
                standard,
                receipt.workspace,
                receipt.submission_id,
                accepted=verdict.accepted,
                reason=item.reason if plan.supersedes else None,
            )
    finally:
        found.drop()
    return outcome_of(standard, item, plan, found, told, stored=True)


@contextmanager
def _archived(project: Project, item: Item, receipt: Receipt) -> Iterator[None]:
    """Put away what is kept of a file; take it out again where its submission is not stored."""
    if receipt.kept_file is None or item.kept_of is not None:
        yield
        return
    named = (receipt.file_sha256, receipt.submission_id)
    new = not is_there(project, *named, last=False)
    put_away(project, receipt.kept_file, *named)
    try:
        yield
    except BaseException:
        if new:
            remove(project, *named, last=False)
        raise


def outcome_of(
    standard: Standard,
    item: Item,
    plan: Plan,
    found: Judged,
    told: tuple[str, ...] = (),
    changes: Changes | None = None,
    *,
    stored: bool,
) -> Outcome:
    """Put together what the sender is told."""
    return Outcome(
        submission_id=found.verdict.submission_id,
        item=item,
        verdict=found.verdict,
        feedback=found.feedback,
        rows=dict(found.receipt.rows),
        stored=stored,
        unchanged=plan.before is not None,
        replaced=plan.supersedes if found.verdict.accepted else None,
        newer=plan.newer if found.verdict.accepted else None,
        of_another=plan.of_another if found.verdict.accepted else (),
        reading=found.reading,
        remarks=(*found.remarks, *told),
        stops=tuple(said_of(problem, standard, item.language) for problem in plan.stops),
        refused=found.receipt.refused,
        meant=found.remarks,
        changes=changes,
    )
