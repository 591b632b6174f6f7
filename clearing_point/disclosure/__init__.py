"""The disclosure gate: no table leaves the clearing point but through here (docs/disclosure.md)."""

from clearing_point.disclosure.audit import AuditResult, CellFinding, audit
from clearing_point.disclosure.gate import Protection, protect
from clearing_point.disclosure.model import (
    Category,
    Cell,
    CountTable,
    Dimension,
    Insider,
    KnownFigure,
    Profile,
    Protected,
    ProtectedCell,
    Relation,
)
from clearing_point.disclosure.policy import Policy, load_policy

__all__ = [
    "AuditResult",
    "Category",
    "Cell",
    "CellFinding",
    "CountTable",
    "Dimension",
    "Insider",
    "KnownFigure",
    "Policy",
    "Profile",
    "Protected",
    "ProtectedCell",
    "Protection",
    "Relation",
    "audit",
    "load_policy",
    "protect",
]
