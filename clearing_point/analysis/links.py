"""What a report says of links: the estimated rates of error, the corrected number, and what the range is not.

The rates are noted in the ledger with the issue and printed from there, in whole per cent where few links stand behind them.
The corrected number is worked out from printed numbers and printed rates only, so it tells nothing that they do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clearing_point.analysis.model import Note
from clearing_point.disclosure.model import Protected
from clearing_point.halves import rounded
from clearing_point.linkage.link import Linked
from clearing_point.linkage.settings import LinkageSettings
from clearing_point.standard.model import TERRITORY, Text

_MANY_LINKS = 200
"""From here on a rate has one decimal (domain.md 12.1, R12)."""
_TOO_MANY_ERRORS = 1.5
"""So many times as many errors as the settings assume: a range is printed, no rate and no corrected number."""


def note_of(linked: Linked, decisions: int, least_links: int) -> dict[str, Any]:
    """Return what the ledger notes of an issue's links: lines of decisions, and rates as they are printed.

    Rates are in per cent, and None where fewer than ``least_links`` links stand behind them. ``missed_match_range`` stands
    there only where the missed share is not known better.
    """
    found: dict[str, Any] = {
        "decisions": decisions,
        "false_match_percent": None,
        "missed_match_percent": None,
    }
    if linked.links >= least_links:
        digits = 1 if linked.links >= _MANY_LINKS else 0
        found["decimals"] = digits
        found["false_match_percent"] = rounded(100 * linked.false_match_rate, digits)
        found["missed_match_percent"] = rounded(100 * linked.missed_match_rate, digits)
        if linked.errors > _TOO_MANY_ERRORS:
            found["missed_match_range"] = [
                rounded(100 * rate, digits) for rate in (linked.missed_match_low, linked.missed_match_high)
            ]
    return found


def notes_on_links(
    settings: LinkageSettings, noted: Mapping[str, Any], table: Protected, sentences: Mapping[str, Text]
) -> tuple[Note, ...]:
    """Return the sentences to print with a table that leads from the sum of the submissions to the region's persons.

    Such a table has the categories that the settings name (``printed``); all others get none.

    Parameters
    ----------
    sentences : mapping
        :attr:`clearing_point.standard.model.Standard.link_notes`.
    """
    printed = settings.printed
    place = next((k for k, d in enumerate(table.dimensions) if d.variable == TERRITORY), None)
    if place is None or table.withheld:
        return ()
    ways = {printed["sum"], printed["linked"], printed["lowest"]}
    if not ways <= {category.code for category in table.dimensions[place].categories}:
        return ()
    wrong, missed = noted.get("false_match_percent"), noted.get("missed_match_percent")
    if wrong is None or missed is None:
        return (Note(sentences["range"]), Note(sentences["too_few_links"]))
    digits = int(noted["decimals"])
    if "missed_match_range" in noted:
        low, high = noted["missed_match_range"]
        return (
            Note(sentences["range"]),
            Note(sentences["not_known"], {"low": (low, digits), "high": (high, digits)}),
        )
    less_than = Note(sentences["less_than"], {"number": (10**-digits, digits)})
    rates = {
        name: (rate, digits) if rate > 0 else less_than
        for name, rate in (("false", wrong), ("missed", missed))
    }
    notes = [Note(sentences["range"]), Note(sentences["rates"], rates)]
    numbers = corrected_numbers(settings, noted, table)
    if numbers:
        notes.append(Note(sentences["corrected"], {"numbers": numbers}))
    return tuple(notes)


def corrected_numbers(
    settings: LinkageSettings, noted: Mapping[str, Any], table: Protected
) -> dict[str, int]:
    """Return the expected number of persons by the other dimension of the table, where both printed numbers are shown.

    Links that are right are links x (1 - false), persons counted twice are those over (1 - missed).
    """
    printed = settings.printed
    place = next(k for k, d in enumerate(table.dimensions) if d.variable == TERRITORY)
    found = {}
    for cell, entry in table.cells.items():
        other = tuple(printed["linked"] if k == place else code for k, code in enumerate(cell))
        linked = table.cells[other].shown
        if cell[place] != printed["sum"] or entry.shown is None or linked is None:
            continue
        twice = (entry.shown - linked) * (100 - noted["false_match_percent"])
        share = 100 - noted["missed_match_percent"]
        number = entry.shown - (twice / share if share > 0 else entry.shown)
        found[", ".join(code for k, code in enumerate(cell) if k != place)] = int(rounded(max(number, 0)))
    return found
