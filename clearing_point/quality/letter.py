"""The one-page letter that goes back with a checked file, as text and as a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

from clearing_point.errors import InputProblem
from clearing_point.findings import INFORMATION
from clearing_point.quality.feedback import Feedback
from clearing_point.quality.said import CONFIRM, LEVELS, MUST_FIX, NOTE, Group
from clearing_point.standard import Standard
from clearing_point.standard.translations import is_draft

_DECISIONS = {
    "accepted": "accepted",
    "accepted with warnings": "accepted_with_warnings",
    "returned": "returned",
}
_ASK_NOTHING = (NOTE, INFORMATION)
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:1.6rem}li{margin:.5rem 0}"
    ".place{font-weight:600}.rule,.do{color:#444}.draft{border-left:4px solid #888;padding-left:.8rem}"
    "@media print{body{margin:0}}"
)


class LetterLine(NamedTuple):
    """One finding of the letter: the rule, the place with its number, what is wrong and what to do."""

    rule: str
    place: str
    what: str
    action: str


@dataclass(frozen=True)
class Letter:
    """The letter in parts: sentences above the findings, the findings by level, sentences below."""

    language: str
    title: str
    opening: tuple[str, ...]
    sections: tuple[tuple[str, tuple[LetterLine, ...]], ...]
    """Heading and its lines."""
    closing: tuple[str, ...]

    def text(self) -> str:
        """Return the letter as plain text."""
        parts = [self.title, "", *self.opening]
        for heading, lines in self.sections:
            parts += ["", heading.upper()]
            parts += [f"- {line.place}: {line.what} {line.action} [{line.rule}]" for line in lines]
        return "\n".join([*parts, "", *self.closing]).rstrip() + "\n"

    def page(self) -> str:
        """Return the letter as a page that loads nothing from elsewhere."""
        body = [f"<h1>{escape(self.title)}</h1>", *(f"<p>{escape(s)}</p>" for s in self.opening)]
        for heading, lines in self.sections:
            items = "".join(
                f'<li><span class="place">{escape(line.place)}</span>: {escape(line.what)} '
                f'<span class="do">{escape(line.action)}</span> <span class="rule">[{escape(line.rule)}]</span></li>'
                for line in lines
            )
            body.append(f"<h2>{escape(heading)}</h2><ul>{items}</ul>")
        body += [f"<p>{escape(s)}</p>" for s in self.closing]
        return (
            f'<!DOCTYPE html>\n<html lang="{escape(self.language)}"><head><meta charset="utf-8">'
            f"<title>{escape(self.title)}</title><style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
        )


def _line(group: Group) -> LetterLine:
    count = f"({group.count})"
    place = f"{group.place} {count}" if group.place else count
    return LetterLine(group.rule_id, place, group.what, group.action)


def _alike_together(groups: Sequence[Group], say: Callable[..., str]) -> Iterator[LetterLine]:
    """Yield a line a rule: the first place in full, and the others by name."""
    by_rule: dict[str, list[Group]] = {}
    for group in groups:
        by_rule.setdefault(group.rule_id, []).append(group)
    for same in by_rule.values():
        rule, place, what, action = _line(same[0])
        others = "; ".join(group.place for group in same[1:] if group.place)
        yield LetterLine(rule, place, what, f"{action} {say('same', places=others)}" if others else action)


def letter_of(
    connection: Any, standard: Standard, feedback: Feedback, language: str, *, marked: bool
) -> Letter:
    """Write the letter on a submission.

    Parameters
    ----------
    connection : duckdb connection
        The warehouse.
    marked : bool
        Whether her own workbook goes back with it; otherwise the fix list does.

    Raises
    ------
    InputProblem
        If the submission is not stored.
    """
    row = connection.execute(
        "SELECT coalesce(s.territory, ''), s.period_start, s.period_end, s.file_name, s.received_at, "
        "s.standard_version, s.made_data, d.decision, "
        "(SELECT count(*) FROM quality.finding AS f WHERE f.submission_id = s.submission_id AND f.waived), "
        "(SELECT coalesce(sum(cells), 0) FROM quality.correction AS c WHERE c.submission_id = s.submission_id) "
        "FROM raw.submission AS s JOIN quality.decision AS d USING (submission_id) WHERE submission_id = ?",
        [feedback.submission_id],
    ).fetchone()
    if row is None:
        raise InputProblem(
            f"There is no submission '{feedback.submission_id}': `clearing-point status` lists them.",
            "submission_unknown",
            submission=feedback.submission_id,
        )
    territory, start, end, file, received, version, made, decision, settled, corrected = row

    def say(name: str, **filled: object) -> str:
        return standard.word("letter", name, language, **filled)

    counts = feedback.counts()
    period = str(start.year) if start.year == end.year else f"{start.year}-{end.year}"
    place = standard.territory_name(territory, language=language) if territory else ""
    # Day first, as everybody here writes it.
    day = f"{received:%d.%m.%Y}"
    opening = [
        say("received", file=file, date=day, submission=feedback.submission_id, version=version),
        say(_DECISIONS[decision]),
    ]
    if made:
        opening.append(say("made"))
    if is_draft(standard.folder, language):
        opening.append(standard.word("template", "draft", language))
    other = counts[NOTE] + counts[INFORMATION]
    asked = counts[MUST_FIX] + counts[CONFIRM]
    opening.append(feedback.summary if asked or other else say("nothing"))
    if asked:
        sheet = standard.word("findings", "sheet", language)
        opening.append(say("workbook", sheet=sheet) if marked else say("fix_list"))
    opening += feedback.balance
    if settled:
        opening.append(say("settled", count=settled))
    if corrected:
        opening.append(say("corrected", count=corrected))
    # Levels of one name, such as both that ask nothing of the sender, stand under one heading.
    sections: dict[str, tuple[LetterLine, ...]] = {}
    for level in LEVELS:
        here = [group for group in feedback.groups if group.level == level]
        lines = tuple(_alike_together(here, say) if level in _ASK_NOTHING else map(_line, here))
        if lines:
            heading = standard.word("findings", level, language)
            heading = heading[:1].upper() + heading[1:]
            sections[heading] = (*sections.get(heading, ()), *lines)
    closing = [
        f"{say('not_run')}: {', '.join(m.rules)}. {m.reason}".replace(": . ", ": ") for m in feedback.not_run
    ]
    title = say("title", territory=place, period=period)
    return Letter(language, title, tuple(opening), tuple(sections.items()), tuple(closing))
