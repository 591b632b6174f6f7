"""What came of one file, and what its sender is told of it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from clearing_point.findings import INFORMATION
from clearing_point.quality.feedback import Feedback
from clearing_point.quality.judge import Verdict
from clearing_point.quality.said import Group
from clearing_point.submission.plan import Item

if TYPE_CHECKING:
    from clearing_point.submission.resubmission import Changes

_SHOWN_GROUPS = 30
_SHOWN_ALIKE = 3


@dataclass(frozen=True)
class Outcome:
    """What came of one file: the verdict, what it holds and what its sender should know."""

    submission_id: str
    item: Item
    verdict: Verdict
    feedback: Feedback
    rows: dict[str, int]
    stored: bool
    unchanged: bool = False
    replaced: str | None = None
    newer: str | None = None
    """A newer release of the same public data, which stays in force."""
    reading: str = ""
    """How a CSV file was read, with some of its headings as proof."""
    remarks: tuple[str, ...] = ()
    """Words that may be meant, and for a new version what it changes: places and counts."""
    stops: tuple[str, ...] = ()
    """Why it cannot be stored, whatever it holds."""
    refused: bool = False
    """Whether it was stopped before its rows were read: nothing of its content is kept."""
    meant: tuple[str, ...] = ()
    """Of `remarks`, those on words and headings that may be meant."""
    changes: Changes | None = None
    """Of a file that is checked: what it would change of the version in force."""

    @property
    def file_name(self) -> str:
        """Name of the file, without its place."""
        return self.item.path.name

    @property
    def accepted(self) -> bool:
        """Whether it counts, or would if it were loaded."""
        return self.verdict.accepted and not self.stops

    def document(self) -> dict[str, Any]:
        """Return the outcome for a program: verdict, counts and every group of findings, without values."""
        return {
            "submission": self.submission_id,
            "decision": self.verdict.decision,
            "refused": self.refused,
            "findings": dict(self.verdict.findings),
            "rows": self.rows,
            "stored": self.stored,
            "unchanged": self.unchanged,
            "replaced": self.replaced,
            "newer": self.newer,
            "reading": self.reading,
            "remarks": list(self.remarks),
            "stops": list(self.stops),
            "balance": list(self.feedback.balance),
            "groups": [asdict(group) for group in self.feedback.groups],
            "not_run": [asdict(group) for group in self.feedback.not_run],
        }

    def lines(self) -> Iterator[str]:
        """Yield what the sender should read: verdict, rows, findings, next step."""
        yield f"{self.submission_id}: {self.verdict.decision}"
        if self.unchanged:
            yield "This very file was loaded before: " + (
                "nothing was changed." if self.stored else "loading it again changes nothing."
            )
        if self.reading:
            yield self.reading
        if self.rows:
            yield "Read: " + ", ".join(f"{n:,} {table}" for table, n in self.rows.items() if n)
        yield from self.feedback.balance
        if self.replaced:
            yield f"It {'replaces' if self.stored else 'would replace'} {self.replaced}, which is kept."
        if self.newer:
            yield f"{self.newer} is a newer release and stays in force; both are kept (`clearing-point compare`)."
        yield from self.stops
        yield self.feedback.summary
        shown, left = _shown(self.feedback.groups)
        for group in shown:
            place = f"{group.line()}: " if group.line() else ""
            yield f"  [{group.asks}, {group.rule_id}] {place}{group.what} {group.action}"
        if left:
            named = ", ".join(f"{rule} ({count})" for rule, count in left.items())
            yield f"  ... and {sum(left.values())} more groups: {named}; --json lists all"
        yield from (f"  {remark}" for remark in self.remarks)
        for missed in self.feedback.not_run:
            yield f"Not run: {', '.join(missed.rules) or 'all checks of rows'}. {missed.reason}"
        yield f"Next: {self._next()}"

    def _next(self) -> str:
        """The next command, ready to run; or what to do first."""
        if self.stored:
            return (
                "clearing-point status"
                if self.accepted
                else f"clearing-point feedback {self.submission_id} -o marked.xlsx (the file with its cells marked)"
            )
        if not self.accepted:
            return "correct these places in the file and send it again."
        item = self.item
        options = f" --sender {item.profile.sent_by}" if item.profile.sent_by else ""
        options += f" --encoding {item.encoding}" if item.encoding else ""
        return (
            f"clearing-point load {shlex.quote(str(item.path))} --territory {item.profile.territory} "
            f"--period {item.period}{options}"
        )


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
