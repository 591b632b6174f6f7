"""What `audit` and `protect` report of a long table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class HiddenCell:
    """A cell and what follows about it. `kind` is hidden, unlisted, change or shown.

    An unlisted cell stands in no file but follows from the files; a change is the difference between two
    successive releases; a shown cell holds a small count for everybody to read. These are reported only where they
    fail. `high` is None where nothing bounds the cell.
    """

    dimensions: tuple[tuple[str, str], ...]
    low: int
    high: int | None
    recovered: bool
    too_narrow: bool
    kind: str = "hidden"
    file: str = ""


@dataclass(frozen=True)
class AuditReport:
    """Result of `audit` and of `protect` (then for the file written, with its own counts of cells)."""

    cells: tuple[HiddenCell, ...]
    notes: tuple[str, ...] = ()
    protection: Mapping[str, int] = field(default_factory=dict)

    @property
    def recovered(self) -> int:
        """Number of cells that follow exactly."""
        return sum(cell.recovered for cell in self.cells if cell.kind != "shown")

    @property
    def shown(self) -> int:
        """Number of small counts that are printed as they are."""
        return sum(cell.kind == "shown" for cell in self.cells)

    @property
    def too_narrow(self) -> int:
        """Number of cells known better than the threshold allows."""
        return sum(cell.too_narrow for cell in self.cells)

    @property
    def exit_code(self) -> int:
        """1 where anything is recoverable or too narrow, else 0."""
        return int(bool(self.recovered or self.too_narrow or self.shown))

    def as_json(self) -> dict[str, Any]:
        """Return the shape that `--json` prints."""
        cells: list[dict[str, Any]] = []
        for cell in self.cells:
            entry: dict[str, Any] = dict(cell.dimensions)
            entry |= {"low": cell.low, "high": cell.high}
            entry |= {"recovered": cell.recovered, "too_narrow": cell.too_narrow}
            if cell.kind != "hidden":
                entry["kind"] = cell.kind
            if cell.file:
                entry["file"] = cell.file
            cells.append(entry)
        found = {"recovered": self.recovered, "too_narrow": self.too_narrow, "cells": cells}
        more = {"shown": self.shown, "understood": list(self.notes)}
        return found | {name: what for name, what in more.items() if what}

    def lines(self) -> list[str]:
        """Return sentences for a person: each failing cell with its interval, then the verdict."""
        found = list(self.notes)
        for cell in self.cells:
            if cell.recovered or cell.too_narrow:
                place = ", ".join(f"{name} {code}" for name, code in cell.dimensions)
                top = "any number" if cell.high is None else str(cell.high)
                verdict = f"is exactly {cell.low}" if cell.recovered else f"lies between {cell.low} and {top}"
                prefix = f"{cell.file}: " if cell.file else ""
                if cell.kind == "shown":
                    verdict = f"is shown and small: {cell.low}"
                kind = {"unlisted": " (in no row, but it follows)", "change": " (change)"}.get(cell.kind, "")
                found.append(f"{prefix}{place}{kind} {verdict}.")
        hidden = sum(cell.kind == "hidden" for cell in self.cells)
        shown = f" {self.shown} small counts are shown." if self.shown else ""
        found.append(
            f"{hidden} hidden cells: {self.recovered} recovered, {self.too_narrow} known too well.{shown}"
            + ("" if self.exit_code else " Safe.")
        )
        return found
