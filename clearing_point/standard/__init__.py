"""The standard: what the region has agreed, read from ``schemas/``."""

from clearing_point.standard.load import load_standard
from clearing_point.standard.model import Code, CodeList, Field, Rule, Standard, Table

__all__ = ["Code", "CodeList", "Field", "Rule", "Standard", "Table", "load_standard"]
