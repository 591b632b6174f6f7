"""The disclosure gate: no table leaves the clearing point but through here (docs/disclosure.md)."""

from clearing_point.disclosure.audit import AuditResult, CellFinding, audit
from clearing_point.disclosure.audit_report import AuditReport
from clearing_point.disclosure.certificates import make_certificates, verify_certificates, write_certificates
from clearing_point.disclosure.commands import audit_files
from clearing_point.disclosure.cost import Cost, TableCost, printed_cost
from clearing_point.disclosure.editions import check_reissue, late_line
from clearing_point.disclosure.gate import Protection, protect, withhold
from clearing_point.disclosure.ledger import Issue, Ledger
from clearing_point.disclosure.model import (
    Behind,
    Category,
    Cell,
    CountTable,
    Dimension,
    Knowledge,
    KnownFigure,
    NotSafe,
    Profile,
    Protected,
    ProtectedCell,
    Relation,
)
from clearing_point.disclosure.policy import Policy, load_policy
from clearing_point.disclosure.protect_command import protect_file
from clearing_point.disclosure.statistics import Ratio, Statistic, protect_statistic, ratio

__all__ = [
    "AuditReport",
    "AuditResult",
    "Behind",
    "Category",
    "Cell",
    "CellFinding",
    "Cost",
    "CountTable",
    "Dimension",
    "Issue",
    "Knowledge",
    "KnownFigure",
    "Ledger",
    "NotSafe",
    "Policy",
    "Profile",
    "Protected",
    "ProtectedCell",
    "Protection",
    "Ratio",
    "Relation",
    "Statistic",
    "TableCost",
    "audit",
    "audit_files",
    "check_reissue",
    "late_line",
    "load_policy",
    "make_certificates",
    "printed_cost",
    "protect",
    "protect_file",
    "protect_statistic",
    "ratio",
    "verify_certificates",
    "withhold",
    "write_certificates",
]
