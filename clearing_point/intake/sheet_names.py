"""Names of sheets as they are told and kept: a name that holds words which nobody declared stands as its place, ``#4``.

A sheet may be named after a person, and findings and the balance are kept. A sheet whose name is made of words of the
standard or of the profile is named by it; of any other its number in the workbook says as much to the sender.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from clearing_point.countries.profile import Profile
from clearing_point.countries.regional import is_regional, sheets_of_template
from clearing_point.findings import Finding, place_of
from clearing_point.intake.forbidden import vocabulary
from clearing_point.intake.layout import SheetLayout, fold
from clearing_point.intake.read import ReceivedFile
from clearing_point.standard.files import read_yaml
from clearing_point.standard.model import Standard

_WORD = re.compile(r"[^\W\d_]+")
_OFFICIAL = re.compile(r"[0-9]{5,}")
"""A year or a number of a copy has fewer digits."""


def places_of(received: ReceivedFile, profile: Profile, standard: Standard) -> dict[str, str]:
    """Return sheet -> its place, of the sheets whose names hold words that nobody declared."""
    words = set(vocabulary(standard))
    declared = [*profile.ignore_sheets, *read_yaml(standard.folder / "template.yml")["sheets_without_data"]]
    declared += sheets_of_template(received.rows, standard)
    if not is_regional(profile):
        # The sheets of the regional workbook are named in its profile as they stand in the file.
        declared += [spec.sheet for spec in profile.sheets if spec.sheet]
    words |= {word for name in declared for word in _WORD.findall(fold(name))}
    return {
        name: place_of(number)
        for number, name in enumerate(received.facts, start=1)
        if name.startswith("#")
        or _OFFICIAL.search(name)
        or any(w not in words for w in _WORD.findall(fold(name)))
    }


def by_place(
    received: ReceivedFile, layouts: Sequence[SheetLayout], places: Mapping[str, str]
) -> tuple[ReceivedFile, list[SheetLayout]]:
    """Return a file and its layouts with these sheets named by their places."""
    if not places:
        return received, list(layouts)
    names = received.rows["sheet"]
    for name, place in places.items():
        names = pc.if_else(pc.equal(names, name), place, names)
    rows = received.rows.set_column(
        received.rows.schema.get_field_index("sheet"), "sheet", names.cast(pa.string())
    )
    told = replace(
        received,
        rows=rows,
        sheets=tuple(places.get(name, name) for name in received.sheets),
        facts={places.get(name, name): facts for name, facts in received.facts.items()},
    )
    return told, [replace(one, sheet=places.get(one.sheet, one.sheet)) for one in layouts]


def findings_by_place(findings: Iterable[Finding], places: Mapping[str, str]) -> list[Finding]:
    """Return findings that tell these sheets by their places."""
    return [replace(one, sheet=places.get(one.sheet or "", one.sheet)) for one in findings]
