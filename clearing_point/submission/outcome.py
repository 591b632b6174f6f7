"""What came of one file, and what its sender is told of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from clearing_point.findings import INFORMATION
from clearing_point.project import ready
from clearing_point.quality.earlier import WAREHOUSE_BUSY, WAREHOUSE_UNREAD
from clearing_point.quality.feedback import Feedback
from clearing_point.quality.judge import Verdict
from clearing_point.quality.said import NOTE, Group, Sentence
from clearing_point.standard import Standard
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
    of_another: tuple[tuple[str, str], ...] = ()
    """Other parts of a public source that are of an earlier release, each with its day: they count no longer."""
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
            # As screen, letter and workbook count them: what is said once counts once.
            "counts": self.feedback.counts(),
            "rows": self.rows,
            "stored": self.stored,
            "unchanged": self.unchanged,
            "replaced": self.replaced,
            "newer": self.newer,
            "of_another_release": [name for name, _ in self.of_another],
            "reading": self.reading,
            "remarks": list(self.remarks),
            "stops": list(self.stops),
            "balance": list(self.feedback.balance),
            "groups": [asdict(group) for group in self.feedback.groups],
            "not_run": [asdict(group) for group in self.feedback.not_run],
            "changes": None if self.changes is None else asdict(self.changes),
        }

    def page(self) -> dict[str, Any]:
        """Return what the page of a file says: findings, sentences beside them, and what a new version changes, as data."""
        changes = self.changes
        return {
            "facts": self.feedback.facts.document(),
            "reading": _sentence(self.reading) if isinstance(self.reading, Sentence) else None,
            "remarks": [_sentence(text) for text in self.meant if isinstance(text, Sentence)],
            "stops": [_sentence(text) for text in self.stops],
            "replaces": self.replaced,
            "changes": None
            if changes is None
            else {
                "earlier": changes.earlier,
                "tables": [asdict(table) for table in changes.tables],
                "editions": list(changes.effect.editions),
                "moved": [asdict(one) for one in changes.effect.moved],
                "stays": [asdict(one) for one in changes.effect.frozen],
                "beside": [list(one) for one in changes.effect.beside],
            },
        }

    def lines(self, standard: Standard) -> Iterator[str]:
        """Yield what the sender should read, in the language of the item: verdict, rows, findings, next step."""
        language = self.item.language

        def said(name: str, **filled: object) -> str:
            return standard.word("screen", name, language, **filled)

        yield said(self.verdict.decision.replace(" ", "_"), submission=self.submission_id)
        if self.unchanged:
            yield said("unchanged_stored" if self.stored else "unchanged_checked")
        if self.reading:
            yield self.reading
        if self.rows:
            titles = {
                name: table.title.get(language) or table.title["en"]
                for name, table in standard.tables.items()
            }
            yield said("read", rows=", ".join(f"{titles[name]} {n:,}" for name, n in self.rows.items() if n))
        yield from self.feedback.balance
        if self.replaced:
            yield said("replaces" if self.stored else "would_replace", submission=self.replaced)
        if self.newer:
            yield said("newer_release", submission=self.newer)
        for name, day in self.of_another:
            here = str(self.item.released or "")
            yield said("part_of_another", submission=name, day=day or "-", release=here or "-")
        yield from self.stops
        yield self.feedback.summary
        shown, left = _shown(self.feedback.groups)
        for group in shown:
            place = f"{group.line()}: " if group.line() else ""
            yield f"  [{group.asks}, {group.rule_id}] {place}{group.what} {group.action}"
        if left:
            named = ", ".join(f"{rule} ({count})" for rule, count in left.items())
            yield "  " + said("more_groups", count=sum(left.values()), rules=named)
        beside = {id(one) for one in self.meant if isinstance(one, Sentence)}  # said with their findings
        yield from (f"  {remark}" for remark in self.remarks if id(remark) not in beside)
        heading = standard.word("letter", "not_run", language)
        for missed in self.feedback.not_run:
            yield f"{heading}: {', '.join(missed.rules) or said('all_rules')}. {missed.reason}"
        if any(missed.reason in (WAREHOUSE_BUSY, WAREHOUSE_UNREAD) for missed in self.feedback.facts.missed):
            yield said("may_change")
        yield self._next(said)

    def _next(self, said: Callable[..., str]) -> str:
        """The next command, ready to run; or what to do first."""
        if self.stored and not self.accepted:
            more = f" --lang {self.item.language}" if self.item.language != "en" else ""
            name = f"clearing-point feedback {self.submission_id} -o marked.xlsx{more}"
            # Of a refused file nothing is kept: what comes back is a list of places, and no cells are marked.
            return said("next" if self.refused else "next_marked", command=ready(name))
        if self.stored:
            return said("next", command=ready("clearing-point status"))
        return said("next", command=self.item.command("load")) if self.accepted else said("next_correct")


def _sentence(text: str) -> dict[str, Any]:
    return {"text": str(text), "code": getattr(text, "code", None), "filled": getattr(text, "filled", {})}


def _shown(groups: Sequence[Group]) -> tuple[list[Group], Counter[str]]:
    """Return the groups to print, and by rule how many are left out: what asks for nothing is not repeated."""
    shown: list[Group] = []
    left: Counter[str] = Counter()
    alike: Counter[str] = Counter()
    for group in groups:
        alike[group.rule_id] += 1
        repeated = group.level in {NOTE, INFORMATION} and alike[group.rule_id] > _SHOWN_ALIKE
        if repeated or len(shown) == _SHOWN_GROUPS:
            left[group.rule_id] += 1
        else:
            shown.append(group)
    return shown, left
