"""What of an edition stands in the ledger: read back, attacked once more, with its proof and the notes to print."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clearing_point.analysis.count import Counted
from clearing_point.analysis.model import Note
from clearing_point.disclosure import (
    AuditResult,
    Issue,
    Knowledge,
    Ledger,
    Policy,
    Protected,
    Relation,
    audit,
)
from clearing_point.disclosure.certificates import Certificates, make_certificates
from clearing_point.errors import InputProblem, InternalError
from clearing_point.publication.edition import Edition
from clearing_point.publication.hidden_since import HiddenSince, hidden_since
from clearing_point.standard.translations import SOURCE

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Published:
    """What may be printed of an edition.

    Attributes
    ----------
    counted : tuple of Counted
        What stands behind `tables`: the counts of frozen years are those of the time when they were published.
    late : mapping
        Tables of records that came, or were withdrawn, after their year was published, by name.
    notes : mapping
        Sentences to print with a table, by table.
    late_of : mapping
        Whose line each of them is.
    hidden_since : mapping
        What earlier editions showed and this one hides, by table.
    issues : tuple of str
        Names in the ledger of the issues that make up the edition.
    ledger : str
        The link of the ledger's chain at which the last of them ends.
    links : mapping
        What the newest of them noted of its links.
    """

    counted: tuple[Counted, ...]
    tables: Mapping[str, Protected]
    late: Mapping[str, Protected]
    late_of: Mapping[str, str]
    hidden_since: Mapping[str, HiddenSince]
    certificates: Certificates
    notes: Mapping[str, tuple[Note, ...]]
    issues: tuple[str, ...]
    ledger: str
    complete_revision: str
    links: Mapping[str, Any] = field(default_factory=dict)


def read_back(
    edition: Edition,
    policy: Policy,
    ledger: Ledger,
    counted: Sequence[Counted],
    relations: Sequence[Knowledge],
    progress: Progress,
) -> Published:
    """Return the edition as the ledger has it, attacked once more beside everything that was out before it."""
    mine = [issue for issue in ledger.issues_in_force() if issue.note["edition"] == edition.year]
    out = {t.table_id: t for issue in mine for t in ledger.tables(issue=issue.name)}
    missing = [c.table.table_id for c in counted if c.table.table_id not in out]
    if missing:
        raise InternalError(f"The ledger has no table {missing[0]} of edition {edition.year}.")
    tables = {c.table.table_id: out[c.table.table_id] for c in counted}
    of = _lines_of(mine, tables, out)
    late = {name: out[name] for name in of}
    printed = [table for table in (*tables.values(), *late.values()) if not table.withheld]
    replaced = [name for issue in mine for name in issue.note["replaced"]]
    earlier = ledger.without(*replaced).beside(
        [table.population for table in printed], relations, before=mine[0].name
    )
    progress("auditing")
    result = audit([*printed, *earlier], policy, relations=relations, known=policy.known_figures)
    if not result.safe:
        named = "; ".join(sorted({finding.where for finding in result.failures})[:8])
        raise InputProblem(
            f"Edition {edition.year} as it is out no longer passes the audit of today's policy ({named}): restore the "
            "policy that it was published with, or declare a complete revision."
        )
    reason = str(mine[0].note.get("reason", ""))
    kind = "revision" if reason else "reissue" if mine[0].note.get("reissue") else "other"
    before = ledger.tables(before=mine[0].name)
    hidden = hidden_since(tables, before, kind, policy)
    notes = {name: _notes(reason, name, of, late, policy, hidden.get(name)) for name in tables}
    return Published(
        tuple(counted),
        tables,
        late,
        of,
        hidden,
        _certificates(
            [*printed, *earlier],
            policy,
            relations,
            result,
            {issue.name: proof for issue in mine if (proof := issue.note.get("proof_sha256"))},
        ),
        notes,
        tuple(issue.name for issue in mine),
        next(r.chain for r in reversed(ledger.records()) if r.edition == mine[-1].name),
        reason,
        mine[-1].note.get("links", {}),
    )


def _lines_of(
    mine: Sequence[Issue], tables: Mapping[str, Protected], out: Mapping[str, Protected]
) -> dict[str, str]:
    """Return whose line each is: of its own table or, where the edition dropped that, of one that counts the same."""
    found = {}
    for line, made_for in ((n, m) for issue in mine for n, m in issue.note.get("late", {}).items()):
        same = [name for name, table in tables.items() if table.population == out[made_for].population]
        if same:
            found[line] = made_for if made_for in tables else same[0]
    return found


def _certificates(
    tables: Sequence[Protected],
    policy: Policy,
    relations: Sequence[Knowledge],
    whole: AuditResult,
    office: Mapping[str, str],
) -> Certificates:
    """Return the proof that anybody may have: over sums and conditions, with the names of variables that go together.

    Which combinations of these occur would tell of rare persons: that part of the audit stays in the office.
    """
    plain = [relation for relation in relations if isinstance(relation, Relation)]
    result = audit(tables, policy, relations=plain, known=policy.known_figures)
    return make_certificates(result, relations=relations, beside=whole, office=office)


def _notes(
    reason: str,
    name: str,
    of: Mapping[str, str],
    late: Mapping[str, Protected],
    policy: Policy,
    hidden: HiddenSince | None,
) -> tuple[Note, ...]:
    found = [Note({SOURCE: policy.revision_note}, {"reason": Note.of(reason)})] if reason else []
    if hidden is not None and "note" in policy.hidden_since:
        text = policy.hidden_since["note"]
        found.append(Note({SOURCE: text}, {"count": (hidden.cells, 0), "why": Note.of(hidden.why)}))
    for line, main in of.items():
        table = late[line]
        if main != name or table.withheld or not any(entry.shown != 0 for entry in table.cells.values()):
            continue
        numbers = "; ".join(f"{cell[0]}: {table.text(cell)}" for cell in table.cells)
        text = policy.late_notes[line.rsplit("-", 1)[-1]]
        found.append(Note({SOURCE: text}, {"numbers": Note.of(numbers), "least": (policy.threshold, 0)}))
    return tuple(found)
