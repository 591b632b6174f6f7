"""Certificates: for every need a whole-number table that anybody can check by adding up.

A certificate holds what is public (cells, what is printed of them, equations) and tables of whole numbers
that agree with it. It holds no true count: every table in it is only one possible truth among others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clearing_point.disclosure.attacker import UNLIMITED
from clearing_point.disclosure.audit import AuditResult, audit
from clearing_point.disclosure.check_certificates import check, hash_of
from clearing_point.disclosure.model import Inclusion, Joint, Knowledge, KnownFigure, Protected, Relation
from clearing_point.disclosure.policy import Policy
from clearing_point.disclosure.values import describe
from clearing_point.errors import InputProblem, InternalError

Certificates = Mapping[str, Any]


def make_certificates(
    result: AuditResult,
    edition: str = "",
    *,
    relations: Sequence[Knowledge] = (),
    beside: AuditResult | None = None,
    combinations: bool = False,
    office: Mapping[str, str] | None = None,
) -> Certificates:
    """Return the certificates of an audit, ready for `json.dumps` (deterministic).

    Witnesses are stored as the first table and the differences of the others from it.

    Parameters
    ----------
    beside
        The audit of an attacker who knows more and found nothing. Of a cell that she knows to be at least the threshold
        nothing is asked, although who knows less can tell a part of that only: no need of it is certified.
    combinations
        List which combinations of variables occur: for the office alone.
    office
        Hashes of the proofs that stay in the office and hold these combinations, by issue.
    """
    evidence = result.evidence
    stands = result.safe or (beside is not None and beside.safe and not result.recovered)
    if evidence is None or not stands:
        raise InternalError("Certificates are made only of an audit that found nothing.")
    system = evidence.system
    cells = [
        {
            "name": describe(system, evidence.names, cell),
            "low": int(evidence.lower[cell]),
            "high": None if evidence.upper[cell] >= UNLIMITED else int(evidence.upper[cell]),
            "must_reach_low": None if evidence.low_need[cell] < 0 else int(evidence.low_need[cell]),
            "must_reach_high": None if evidence.high_need[cell] < 0 else int(evidence.high_need[cell]),
        }
        for cell in range(len(system.keys))
    ]
    matrix = system.matrix
    equations = [
        [[int(c), int(s)] for c, s in zip(matrix.indices[a:b], matrix.data[a:b], strict=True)]
        for a, b in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)
    ]
    first = [int(v) for v in evidence.witnesses[0]] if evidence.witnesses else []
    moves = [
        {str(cell): int(table[cell]) for cell in np.flatnonzero(table != evidence.witnesses[0])}
        for table in evidence.witnesses[1:]
    ]
    stands_on = {
        "equations": [list(reason) for reason in system.reasons],
        "office": _listed(relations) if combinations else _said(relations, system.reasons),
        "office_sha256": dict(office or {}),
    }
    return {
        "edition": edition, "cells": cells, "equations": equations, "table": first, "other_tables": moves,
        "relations": stands_on, "relations_sha256": hash_of(stands_on),
    }  # fmt: skip


def _said(relations: Sequence[Knowledge], reasons: Sequence[tuple[str, int]]) -> list[str]:
    """Return what the attacker was taken to know beyond these equations; not how: that tells of rare persons."""
    told = {said for said, _ in reasons}
    return [r.sentence() for r in relations if not isinstance(r, Relation) and r.sentence() not in told]


def _listed(relations: Sequence[Knowledge]) -> list[Any]:
    return [_whole(relation) for relation in relations if not isinstance(relation, Relation)]


def _whole(relation: Joint | Inclusion) -> dict[str, Any]:
    if isinstance(relation, Joint):
        return {
            "said": relation.sentence(),
            "variables": list(relation.variables),
            "parts": [[sorted(part) for part in parts] for parts in relation.parts],
            "occur": [list(picked) for picked in relation.possible],
        }
    return {
        "said": relation.sentence(),
        **({} if relation.only is None else {"only": sorted(map(list, relation.only))}),
        "members": [[[variable, sorted(codes)] for variable, codes in member] for member in relation.members],
        "alike": [
            {
                "variables": [each.variable, each.other],
                "parts": [[sorted(part) for part in parts] for parts in (each.parts, each.others)],
                "occur": sorted(map(list, each.possible)),
            }
            for each in relation.alike
        ],
    }


def write_certificates(certificates: Certificates, path: Path | str) -> None:
    """Write certificates as JSON, the same bytes for the same content."""
    Path(path).write_text(certificates_text(certificates), encoding="utf-8")


def certificates_text(certificates: Certificates) -> str:
    """Return certificates as JSON text, the same for the same content."""
    return json.dumps(certificates, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"


def verify_certificates(
    certificates: Certificates,
    published: Sequence[Protected],
    policy: Policy,
    *,
    relations: Sequence[Knowledge] = (),
    known: Sequence[KnownFigure] = (),
) -> int:
    """Check certificates against published tables without any solver and return the number of needs shown.

    Raises
    ------
    InputProblem
        Where the certificates are about other tables, or one of them does not hold.
    """
    # The expectation is rebuilt from what is printed; a certificate cannot choose its own equations.
    expected = audit_frame(published, policy, relations=relations, known=known)
    if [certificates["equations"], [_public(cell) for cell in certificates["cells"]]] != expected:
        raise InputProblem("The certificates belong to other tables; make them again from what is published.")
    problems, shown = check(certificates)
    if problems:
        raise InputProblem(f"A certificate does not hold: {problems[0]}")
    return shown


def audit_frame(
    published: Sequence[Protected],
    policy: Policy,
    *,
    relations: Sequence[Knowledge] = (),
    known: Sequence[KnownFigure] = (),
) -> list[Any]:
    """Return equations and printed bounds of published tables in the form of certificates."""
    from clearing_point.disclosure.audit import attackers_view

    view = attackers_view(
        published,
        relations=relations,
        known=(*policy.known_figures, *known),
        lower_bound=policy.lower_bound,
        complement_variables=policy.group_disclosure,
    )
    matrix = view.system.matrix
    equations = [
        [[int(c), int(s)] for c, s in zip(matrix.indices[a:b], matrix.data[a:b], strict=True)]
        for a, b in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)
    ]
    cells = [
        [
            describe(view.system, view.names, cell),
            int(view.lower[cell]),
            None if view.upper[cell] >= UNLIMITED else int(view.upper[cell]),
        ]
        for cell in range(len(view.system.keys))
    ]
    return [equations, cells]


def _public(cell: Mapping[str, Any]) -> list[Any]:
    return [cell["name"], cell["low"], cell["high"]]


__all__ = ["Certificates", "audit", "make_certificates", "verify_certificates", "write_certificates"]
