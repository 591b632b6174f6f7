"""Decisions about a sender's files: corrections of texts and waivers of findings, with reason and guard.

They are data in the sender's folder (``corrections.yml``, ``waivers.yml``). A decision is in force for the
files of its period that are received from its date on until it is ended; that makes a rebuild give what
was given then. One that expired, or whose guard no longer holds, stops the load.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.countries.profile import Profile
from clearing_point.errors import InputProblem
from clearing_point.findings import BLOCK
from clearing_point.project import Project
from clearing_point.standard.model import Standard
from clearing_point.standard.shapes import read_shaped_yaml

CORRECTIONS, WAIVERS = "corrections", "waivers"


@dataclass(frozen=True)
class _Decision:
    decision_id: str
    path: Path
    period: str
    table: str
    field: str | None
    rows: tuple[int, ...]
    reason: str
    role: str
    date: datetime.date
    expires: datetime.date
    ended: datetime.date | None

    def stale(self, why: str, code: str, **filled: object) -> InputProblem:
        """Return the sentence that stops a load: why in English, its code in ``words.yml``, and what stands in that."""
        return InputProblem(
            f"{self.path.parent.name}/{self.path.name}: {self.decision_id} no longer fits ({why}): "
            "decide again, or end it with `ended`.",
            code,
            **_place(self.path, self.decision_id),
            **filled,
        )


@dataclass(frozen=True)
class Correction(_Decision):
    """A text that is read as another one.

    Attributes
    ----------
    before, after : str
        The text as received (folded when compared) and the text that is read instead.
    cells : int
        How many cells must hold ``before``.
    """

    before: str
    after: str
    cells: int
    file_sha256: str | None


@dataclass(frozen=True)
class Waiver(_Decision):
    """Findings of one rule that no longer decide."""

    rule_id: str
    findings_at_most: int


@dataclass(frozen=True)
class Decisions:
    """What is in force for one file."""

    corrections: tuple[Correction, ...] = ()
    waivers: tuple[Waiver, ...] = ()


def decisions_for(
    project: Project, standard: Standard, profile: Profile, period: str, received: datetime.datetime
) -> Decisions:
    """Read the corrections and waivers in force for a file of a sender.

    Raises
    ------
    InputProblem
        If a file has not its shape, names something that the standard does not have, waives what cannot
        be waived, or holds a decision in force that has expired.
    """
    folder = (
        project.countries / profile.territory
        if profile.territory
        else project.sources / profile.name.split("/")[0]
    )
    found = read_decisions(folder, standard)
    day = received.date()
    in_force = [
        d
        for d in (*found.corrections, *found.waivers)
        if d.period == period.strip() and d.date <= day and (d.ended is None or day < d.ended)
    ]
    for decision in in_force:
        if day > decision.expires:
            raise decision.stale(
                f"it expired on {decision.expires}", "decision_expired", day=str(decision.expires)
            )
    return Decisions(
        tuple(d for d in in_force if isinstance(d, Correction)),
        tuple(d for d in in_force if isinstance(d, Waiver)),
    )


def read_decisions(folder: Path, standard: Standard) -> Decisions:
    """Read both files of a folder; a file that is not there holds nothing. Raises as :func:`decisions_for`."""
    return Decisions(
        tuple(_corrections(folder / "corrections.yml", standard)),
        tuple(_waivers(folder / "waivers.yml", standard)),
    )


def _entries(path: Path, kind: str, standard: Standard) -> list[Mapping[str, Any]]:
    if not path.is_file():
        return []
    document = read_shaped_yaml(path, standard.folder / "meta" / f"{kind}.schema.json")
    entries: list[Mapping[str, Any]] = document[kind]
    seen: set[str] = set()
    for entry in entries:
        where = f"{path.parent.name}/{path.name}: {entry['id']}"
        if entry["id"] in seen:
            raise InputProblem(f"{where} stands twice.", "decision_twice", **_place(path, entry["id"]))
        seen.add(entry["id"])
        table = standard.tables.get(entry["table"])
        if table is None or entry.get("field", table.fields[0].name) not in table.by_name:
            name = f"{entry['table']}.{entry.get('field', '')}"
            raise InputProblem(
                f"{where}: the standard has no {name}.",
                "decision_unknown",
                name=name,
                **_place(path, entry["id"]),
            )
        if _date(entry, "expires", path) < _date(entry, "date", path):
            raise InputProblem(
                f"{where} expires before it begins.", "decision_order", **_place(path, entry["id"])
            )
    return entries


def _place(path: Path, decision: str) -> dict[str, str]:
    """Say which decision of which file a sentence is about."""
    return {"file": f"{path.parent.name}/{path.name}", "decision": decision}


def _date(entry: Mapping[str, Any], name: str, path: Path) -> datetime.date:
    try:
        return datetime.date.fromisoformat(entry[name])
    except ValueError as error:
        raise InputProblem(
            f"{path.parent.name}/{path.name}: {entry['id']}: {name} is no date of the calendar.",
            "decision_date",
            name=name,
            **_place(path, entry["id"]),
        ) from error


def _common(entry: Mapping[str, Any], path: Path) -> dict[str, Any]:
    return {
        "decision_id": entry["id"],
        "path": path,
        "period": entry["period"],
        "table": entry["table"],
        "field": entry.get("field"),
        "rows": tuple(entry.get("rows", ())),
        "reason": entry["reason"],
        "role": entry["role"],
        "date": _date(entry, "date", path),
        "expires": _date(entry, "expires", path),
        "ended": _date(entry, "ended", path) if "ended" in entry else None,
    }


def _corrections(path: Path, standard: Standard) -> Iterable[Correction]:
    for entry in _entries(path, CORRECTIONS, standard):
        guard = entry["guard"]
        if _tells(entry["reason"], (entry["from"], entry["to"])):
            raise InputProblem(
                f"{path.parent.name}/{path.name}: {entry['id']}: the reason is printed and must not hold the text of a "
                "cell.",
                "decision_reason",
                **_place(path, entry["id"]),
            )
        yield Correction(
            **_common(entry, path),
            before=entry["from"],
            after=entry["to"],
            cells=guard["cells"],
            file_sha256=guard.get("file_sha256"),
        )


def _tells(reason: str, texts: Iterable[str]) -> bool:
    """Say whether a reason holds one of the texts as words of its own; codes of one or two letters are no texts."""
    said, *told = (" ".join(re.findall(r"[^\W_]+", text.lower())) for text in (reason, *texts))
    return any(len(text) > 2 and f" {text} " in f" {said} " for text in told)


def _waivers(path: Path, standard: Standard) -> Iterable[Waiver]:
    blocking = {r.rule_id for r in standard.rules if r.severity == BLOCK}
    for entry in _entries(path, WAIVERS, standard):
        if entry["rule"] not in standard.messages:
            raise InputProblem(
                f"{path.parent.name}/{path.name}: {entry['id']}: there is no rule {entry['rule']}.",
                "decision_unknown",
                name=entry["rule"],
                **_place(path, entry["id"]),
            )
        if entry["rule"] in blocking or entry["rule"].startswith("L"):
            raise InputProblem(
                f"{path.parent.name}/{path.name}: {entry['id']}: rule {entry['rule']} protects persons or the file as a "
                "whole and cannot be waived.",
                "decision_rule",
                rule=entry["rule"],
                **_place(path, entry["id"]),
            )
        yield Waiver(
            **_common(entry, path),
            rule_id=entry["rule"],
            findings_at_most=entry["guard"]["findings_at_most"],
        )
