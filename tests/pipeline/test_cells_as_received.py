"""Cells that no list knows, and dates and numbers that are none, are counted by the second judge from the file itself."""

from __future__ import annotations

import datetime
import random
from pathlib import Path
from typing import Any

import pytest

from clearing_point.countries.decisions import Correction
from clearing_point.countries.profile import ColumnSpec, Profile, Reading, TableSpec
from clearing_point.errors import InternalError
from clearing_point.intake.as_written import as_written
from clearing_point.intake.receive import Receipt, receive
from clearing_point.project import Project
from clearing_point.quality.confirm import confirmed, found_while_reading
from clearing_point.quality.earlier import Earlier
from clearing_point.quality.judge import judge
from clearing_point.standard import Standard
from clearing_point.suites.cells import cell_expectations, compared_cells, lay_out_cells
from clearing_point.suites.runner import run_suites
from tests.conftest import mostly_at_night
from tests.unit.test_normalise import REFERENCE, profile

READING = Reading(
    dates=("%d.%m.%Y", "%d.%m.%Y.", "%m/%Y"), decimal=",", thousands=".", yes=("da",), no=("ne",), missing={"nije poznato": "UNK"}
)  # fmt: skip
PERSON = TableSpec(
    "person",
    {
        **REFERENCE,
        "sex": ColumnSpec(headings=("sex",)),
        "citizenship": ColumnSpec(headings=("citizen",)),
        "birth_year": ColumnSpec(headings=("year",)),
    },
)
IDENTIFICATION = TableSpec(
    "identification",
    {
        "identification_reference": ColumnSpec(headings=("no",), prefix="I-"),
        "person_reference": ColumnSpec(headings=("no",)),
        "identification_date": ColumnSpec(headings=("date",)),
        "age_at_identification": ColumnSpec(headings=("age",)),
    },
)
TEXT = """no,sex,citizen,year,date,age
P-1,female,Serbia,1990,01.02.2022,31
P-2,F,Atlantis,1991,31.02.2022,"1.2"
P-3,žensko,Serbia;Albania,19x1,03/2022,nije poznato
P-4,neznam,Serbia;Atlantis,1985.5,2022-03-04,17
P-5,neznam,,#REF!,04.05.2022 10:30,abc
P-6,M,Serbia,nije poznato,soon,
"""


def _received(
    project: Project, standard: Standard, folder: Path, text: str, *, corrections: Any = ()
) -> Receipt:
    path = folder / "file.csv"
    path.write_text(text, encoding="utf-8")
    layout: Profile = profile(READING, PERSON, IDENTIFICATION)
    return receive(project, standard, path, layout, "2022", corrections=corrections)


def _difference(receipt: Receipt, standard: Standard) -> tuple[str | None, int]:
    """Count the cells without the library, whose part is to count the rows of a query; return how many were found, too."""
    assert receipt.read is not None
    received = as_written(receipt.read, standard)
    with receipt.workspace.opened() as connection:
        found = found_while_reading(connection)
        lay_out_cells(connection, received)
        counted = [
            (
                table,
                one["meta"]["name"],
                connection.execute(f"SELECT count(*) FROM ({_query(one)})").fetchone()[0],
            )
            for table, asked in cell_expectations(received, found, standard).items()
            for one in asked
        ]
    return compared_cells(received, found, iter(counted)), sum(found.values())


def _query(one: Any) -> str:
    return str(one["kwargs"]["unexpected_rows_query"]).format(batch="(SELECT 1) AS subselect")


_LOST = "DELETE FROM quality.finding WHERE rule_id = '{}' AND column_letter = '{}' AND source_row = {}"
_ALL = "DELETE FROM quality.finding WHERE rule_id = 'P04' AND column_letter = 'B'"
_MOVED = "UPDATE quality.finding SET column_letter = 'C', target_field = 'citizenship' WHERE rule_id = 'P04' AND column_letter = 'B'"
_INVENTED = (
    "INSERT INTO quality.finding SELECT * REPLACE (1 AS source_row) FROM quality.finding WHERE rule_id = 'F05' "
    "AND column_letter = 'F'"
)


_DAMAGES = [
    ("SELECT 1", None),
    (_LOST.format("P04", "B", 5), r"Rule P04 on person \(sex\..*B\): 2 cells found while reading, 3 by Great"),
    (_LOST.format("P04", "C", 3), r"Rule P04 on person \(citizenship"),
    (_LOST.format("F05", "D", 4), r"Rule F05 on person \(birth_year"),
    (_LOST.format("F05", "E", 3), r"Rule F05 on identification \(identification_date"),
    (_INVENTED, r"Rule F05 on identification \(age_at_identification.*: 4 cells found while reading, 2 by"),
    (_MOVED, r"Rule P04 on person"),
    # Of a column with no finding left, the table is named, although such columns of all tables are asked about together.
    (_ALL, r"Rule P04 on person \(the columns without a finding\): 0 cells found while reading, 3 by"),
]  # fmt: skip
_OF_EVERY_KIND = [_DAMAGES[n] for n in (0, 1, 5, 7)]
"""None, a cell that was lost, one that never was, and a column of which nothing is left."""


@pytest.mark.great_expectations
@pytest.mark.parametrize(("damage", "said"), mostly_at_night(_DAMAGES, _OF_EVERY_KIND))
def test_a_cell_that_was_lost_while_reading_or_never_there_stops_the_load(
    damage: str, said: str | None, project: Project, standard: Standard, tmp_path: Path
) -> None:
    receipt = _received(project, standard, tmp_path, TEXT)
    with receipt.workspace.opened() as connection:
        verdict = judge(receipt.workspace, receipt.submission_id, standard, refused=False, use="count")
        connection.execute(damage)
    assert receipt.read is not None

    def confirm() -> Any:
        return confirmed(
            receipt.workspace, verdict, standard, run_suites, prepared=project.prepared, use="count",
            earlier=Earlier(None), received=as_written(receipt.read, standard),  # type: ignore[arg-type]
        )  # fmt: skip

    if said is None:
        assert confirm().decision == "returned"
        return
    with pytest.raises(InternalError, match=said) as told:
        confirm()
    assert not [word for word in ("neznam", "Atlantis", "soon") if word in str(told.value)]


def test_dates_and_numbers_of_any_form_are_read_alike_by_both(
    project: Project, standard: Standard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second judge goes by form and calendar, the first by the engine's parser; no text may part them."""
    monkeypatch.setattr("clearing_point.intake.receive.guard_cells", lambda *_: [])
    chance = random.Random(19)  # noqa: S311 - repeatable

    def date() -> str:
        parts = [
            str(chance.choice((0, 1, 2, 12, 13, 28, 29, 30, 31, 32, 2021, 2022, 2024, 1900, 20220, 45123)))
            for _ in range(3)
        ]
        parts = [p.zfill(chance.choice((1, 2))) for p in parts[: chance.choice((1, 2, 3, 3, 3))]]
        sign = chance.choice((".", "-", "/", ". ", " ."))
        return sign.join(parts) + chance.choice(("", "", "", ".", " 10:30", "T10:30:00Z"))

    def number() -> str:
        whole = chance.choice(
            ("0", "7", "31", "007", "32768", "70000", "1.234", "1.23", "2.147.483.648", "99", "1990", "1e3")
        )
        return chance.choice(("", "", "-", "+")) + whole + chance.choice(("", "", ",0", ",5", ".5", ",", " "))

    rows = [f'P-{n},F,SRB,"{number()}",{date()},"{number()}"' for n in range(600)]
    receipt = _received(
        project, standard, tmp_path, "no,sex,citizen,year,date,age\n" + "\n".join(rows) + "\n"
    )
    difference, found = _difference(receipt, standard)
    assert difference is None
    assert found > 300


def test_a_corrected_cell_is_judged_as_it_was_corrected(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    counts = []
    for number, corrections in enumerate([(), (_correction("sex", "neznam", "F"),)]):
        (tmp_path / str(number)).mkdir()
        receipt = _received(project, standard, tmp_path / str(number), TEXT, corrections=corrections)
        difference, found = _difference(receipt, standard)
        assert difference is None
        counts.append(found)
    assert counts[0] - counts[1] == 2


def _correction(field: str, before: str, after: str) -> Correction:
    day = datetime.date(2022, 1, 1)
    return Correction(
        "K1", Path("corrections.yml"), "2022", "person", field, (), "why", "office", day, datetime.date(2099, 1, 1), None,
        before, after, 2, None,
    )  # fmt: skip
