"""What goes out, given what is out already: the ledger, frozen years, late records, re-issues and revisions.

Deciding comes first and ends in a prepared ledger (`prepared_issue`); what is written afterwards is read
back from it alone, so that publishing an edition again from the same inputs gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from clearing_point.analysis.count import Counted
from clearing_point.disclosure import (
    CountTable,
    Issue,
    Knowledge,
    Ledger,
    NotSafe,
    Policy,
    Profile,
    Protected,
    Protection,
    Relation,
    audit,
    protect,
    withhold,
)
from clearing_point.disclosure.certificates import certificates_text, make_certificates
from clearing_point.disclosure.still_true import still_true
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.edition import Edition
from clearing_point.publication.frozen_years import (
    Frozen,
    changed_cells,
    contradicting,
    freeze,
    refuse_small_changes,
    said_of_contradicting,
    unchanged_cells,
    vintage_of,
)
from clearing_point.publication.lines_of_years import lines_of, printed_lines
from clearing_point.publication.lost_ledger import refuse_lost_ledger
from clearing_point.publication.not_known import refuse_not_known
from clearing_point.publication.prepared_issue import prepared_folder, settle, standing_ledger
from clearing_point.publication.read_back import Progress, Published, read_back

Recount = Callable[[Sequence[str], int], Sequence[Counted]]


@dataclass(frozen=True)
class _Plan:
    """An issue to be made: its tables, and what it notes in the ledger."""

    tables: list[CountTable]
    counted: list[Counted]
    note: dict[str, object]
    ledger: Ledger
    keep: Mapping[str, Mapping[tuple[str, ...], object]]
    before: Mapping[str, Protected]
    stands: bool = False
    """Other tables of the edition are out and stay."""


def publish_tables(
    project: Project,
    edition: Edition,
    policy: Policy,
    counted: Sequence[Counted],
    relations: Sequence[Knowledge],
    submissions: Sequence[str],
    inputs: str,
    recount: Recount,
    *,
    links: Mapping[str, Any] | None = None,
    complete_revision: str = "",
    progress: Progress = lambda _: None,
) -> Published:
    """Protect the tables of an edition beside everything that is out, prepare their issue, and return them.

    The issue is entered in the ledger by :func:`clearing_point.publication.prepared_issue.issue_release`, with the release.

    Parameters
    ----------
    inputs
        Hash of what was counted; kept in the ledger.
    recount
        Counts the same tables over the submissions of an earlier issue, with so many of the decisions about links.
    links
        What to note of the links of this count: ``decisions``, and the estimated rates that are printed.
    complete_revision
        The reason to print, where earlier tables are declared void.

    Raises
    ------
    InputProblem
        Where the policy does not allow it, or tables cannot be made safe; names tables.
    """
    settle(project)
    refuse_lost_ledger(project)
    ledger = Ledger(project.ledger)
    issues = ledger.issues_in_force()
    mine = [issue for issue in issues if issue.note["edition"] == edition.year]
    out = ledger.beside([c.table.population for c in counted], relations) if not complete_revision else []
    now, known_now = counted, relations
    relations = still_true(relations, out, policy) if out else relations
    noted = dict(links or {"decisions": 0})
    today = (tuple(submissions), int(noted["decisions"]))
    repeated = (
        bool(mine)
        and mine[0].note.get("reason", "") == complete_revision
        and vintage_of(mine[-1], today) == today
    )
    if complete_revision and not repeated:
        plan = _revision(edition, ledger, issues, counted, complete_revision)
    else:
        others = freeze(counted, [i for i in issues if i not in mine], today, recount)
        own = freeze(others.counted, mine, today, recount, leave=others.years)
        plan = _ordinary(edition, policy, ledger, issues, mine, others, own)
        counted = plan.counted
    if plan.tables:
        progress("comparing with what was counted")
        refuse_not_known(now, known_now)
        profile: Profile = "round" if edition.profile == "round" else "suppress"
        plan.note["links"] = noted
        _make_issue(project, plan, policy, profile, relations, submissions, inputs, progress)
    return read_back(edition, policy, standing_ledger(project), counted, relations, progress)


def _name(year: int, ledger: Ledger) -> str:
    number = sum(issue.note["edition"] == year for issue in ledger.issues()) + 1
    return str(year) if number == 1 else f"{year}, issue {number}"


def _note(edition: Edition, ledger: Ledger, **more: object) -> dict[str, object]:
    return {
        "name": _name(edition.year, ledger),
        "edition": edition.year,
        "years": list(edition.years),
        "profile": edition.profile,
        **more,
    }


def _newest(edition: Edition, issues: Sequence[Issue]) -> None:
    later = [issue.note["edition"] for issue in issues if issue.note["edition"] > edition.year]
    if later:
        raise InputProblem(
            f"Edition {max(later)} is out and holds the numbers of {edition.year}: revise them there, not in the older "
            "edition."
        )


def _revision(
    edition: Edition, ledger: Ledger, issues: Sequence[Issue], counted: Sequence[Counted], reason: str
) -> _Plan:
    if not issues:
        raise InputProblem(
            "Nothing has been published yet, so there is nothing to revise: publish without a reason."
        )
    _newest(edition, issues)
    replaced = [issue.name for issue in issues]
    note = _note(edition, ledger, reason=reason, replaced=replaced)
    return _Plan([c.table for c in counted], list(counted), note, ledger.without(*replaced), {}, {})


def _ordinary(
    edition: Edition,
    policy: Policy,
    ledger: Ledger,
    issues: Sequence[Issue],
    mine: Sequence[Issue],
    others: Frozen,
    frozen: Frozen,
) -> _Plan:
    """Plan an issue beside others; `others` freezes the years of other editions, `frozen` also those of this one."""
    out = {t.table_id: t for issue in mine for t in ledger.tables(issue=issue.name)}
    tables = [c.table for c in frozen.counted]
    otherwise = contradicting(tables, out, policy)
    if otherwise:
        raise InputProblem(
            f"Edition {edition.year} is out, and counting the same submissions gives other numbers now in "
            f"{said_of_contradicting(otherwise, tables, out)} a complete revision with the reason to print "
            "(--complete-revision)."
        )
    changed = changed_cells(frozen, out)
    said = printed_lines(ledger)
    if not changed:
        fresh = [table for table in tables if table.table_id not in out]
        stands = {out[main].population for issue in mine for main in issue.note.get("late", {}).values()}
        lines = lines_of(others, edition.year, policy, said, frozenset(stands))
        note = _note(edition, ledger, late=dict(lines.of), replaced=[])
        to_make = [*fresh, *lines.tables] if fresh else []
        return _Plan(to_make, list(frozen.counted), note, ledger, lines.keep, {}, bool(out))
    refuse_small_changes(edition.year, frozen, changed, policy)
    _newest(edition, issues)
    replaced = [issue.name for issue in mine]
    lines = lines_of(others, edition.year, policy, said)
    note = _note(edition, ledger, late=dict(lines.of), replaced=replaced, reissue=True)
    keep = {**unchanged_cells(frozen, out), **lines.keep}
    # Lines are no part of the comparison: they move by the threshold at least (lines_of_years).
    before = {t: out[t] for t in out if not any(t in issue.note.get("late", {}) for issue in mine)}
    to_make = [*(c.table for c in frozen.now), *lines.tables]
    return _Plan(to_make, list(frozen.now), note, ledger.without(*replaced), keep, before)


def _make_issue(
    project: Project,
    plan: _Plan,
    policy: Policy,
    profile: Profile,
    relations: Sequence[Knowledge],
    submissions: Sequence[str],
    inputs: str,
    progress: Progress,
) -> None:
    protection, protected = _protected(plan, policy, profile, relations, progress)
    made = [protected[table.table_id] for table in plan.tables]
    if plan.before:
        _audit_side_by_side(plan.before, made, policy, relations)
    name = str(plan.note.pop("name"))
    note = {**plan.note, "submissions": list(submissions)}
    waiting = prepared_folder(project)
    waiting.mkdir(parents=True, exist_ok=True)
    if protection is not None:
        # What it cost in small cells and in others: for the office, never for a release.
        cost = json.dumps(asdict(protection.cost), ensure_ascii=False, indent=1) + "\n"
        (waiting / f"cost of {name}.json").write_text(cost, encoding="utf-8", newline="\n")
        # The proof with the combinations that it stands on, which would tell of rare persons: for the office, too. What is
        # published names its hash, so that the office can show later that this was the proof.
        proof = certificates_text(
            make_certificates(protection.audit, name, relations=relations, combinations=True)
        )
        (waiting / f"certificates of {name}.json").write_text(proof, encoding="utf-8", newline="\n")
        note["proof_sha256"] = hashlib.sha256(proof.encode()).hexdigest()
    Ledger(project.ledger).append(name, made, inputs=inputs, note=note, into=waiting / project.ledger.name)


def _protected(
    plan: _Plan, policy: Policy, profile: Profile, relations: Sequence[Knowledge], progress: Progress
) -> tuple[Protection | None, dict[str, Protected]]:
    """Protect the tables as one system; those that make it impossible are withheld, finest first.

    A table is withheld only if the gate refuses the programme with it and names it: what remains is proven safe.

    Raises
    ------
    InputProblem
        Where no table is to blame (what is out contradicts itself), or none of the edition would be left.
    """
    kept = list(plan.tables)
    withheld: dict[str, Protected] = {}
    reasons: list[str] = []
    step = 1
    while kept:
        try:
            protection = protect(
                kept, policy, profile=profile, relations=relations, ledger=plan.ledger,
                keep=plan.keep,  # type: ignore[arg-type]
                progress=lambda stage, done, of: progress(f"protecting: {stage} {done} of {of}"),
            )  # fmt: skip
        except NotSafe as problem:
            # Of the tables that the gate names, the finest go, twice as many with every refusal: where most are too
            # fine, a hundred trials would end no other way.
            named = [table for table in kept if table.table_id in problem.tables]
            if not named:
                raise
            reasons.append(str(problem))
            reason = policy.withheld_beside if problem.beside else policy.withheld_reason
            named.sort(key=lambda t: (_small_share(t, policy.threshold), t.table_id))
            for table in named[-step:]:
                kept.remove(table)
                withheld[table.table_id] = withhold(table, policy, reason)
                progress(f"withholding {table.table_id}")
            step *= 2
        else:
            break
    own = {c.table.table_id for c in plan.counted}
    if not plan.stands and not any(table.table_id in own for table in kept):
        raise InputProblem(f"No table of this edition could be printed; nothing was published. {reasons[0]}")
    made = {t.table_id: t for t in protection.tables} if kept else {}
    return protection if kept else None, {**withheld, **made}


def _small_share(table: CountTable, threshold: int) -> float:
    filled = [count for count in table.counts.values() if count]
    return sum(count < threshold for count in filled) / len(filled) if filled else 0.0


def _audit_side_by_side(
    before: Mapping[str, Protected], made: Sequence[Protected], policy: Policy, relations: Sequence[Knowledge]
) -> None:
    """Attack a re-issue together with the issue that it replaces: whoever has both must not find anybody."""
    old = [
        table.named(f"{name} before", f"{table.population} before")
        for name, table in before.items()
        if not table.withheld
    ]
    populations = sorted({table.population for table in before.values()})
    added = [Relation(f"{population} before", population) for population in populations]
    within = [r.renamed(" before") for r in relations]
    result = audit([*made, *old], policy, relations=[*relations, *added, *within])
    if not result.safe:
        named = ", ".join(sorted({finding.table_id for finding in result.failures})[:8])
        raise InputProblem(
            f"Beside the numbers that are out, a re-issue gives away too much ({named}): leave the year as it is; late "
            "records stand on a line of their own in the next edition."
        )
