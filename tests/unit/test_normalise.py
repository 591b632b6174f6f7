"""Spelling to code and text to type: what is understood, what is a finding, and what is never guessed."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from clearing_point.countries.profile import ColumnSpec, Profile, Reading, SheetSpec, TableSpec
from clearing_point.errors import InputProblem
from clearing_point.intake.layout import FOLDED, fold
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.warehouse.connection import opened
from tests.conftest import mostly_at_night

REFERENCE = {"person_reference": ColumnSpec(headings=("no",))}


def profile(
    reading: Reading, *tables: TableSpec, values: tuple[dict[str, str], ...] = (), **sheet: Any
) -> Profile:
    spec = SheetSpec(sheet=None, header_rows=(1,), rows_between=0, tables=tables, **sheet)
    return Profile("test", "Test", "TEST", "SRB", "count", True, {}, reading, (spec,), values, "0" * 64)


class Read:
    """What became of one CSV text."""

    def __init__(
        self, project: Project, standard: Standard, folder: Path, text: str, layout: Profile
    ) -> None:
        path = folder / "file.csv"
        path.write_text(text, encoding="utf-8")
        self.receipt = receive(project, standard, path, layout, "2022")

    def values(self, sql: str) -> list[tuple[Any, ...]]:
        with self.receipt.workspace.opened() as connection:
            rows: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
        return rows

    def findings(self) -> list[tuple[Any, ...]]:
        return self.values(
            "SELECT rule_id, target_field, source_row, column_letter FROM quality.finding ORDER BY ALL"
        )


@pytest.fixture
def read(project: Project, standard: Standard, tmp_path: Path) -> Any:
    return lambda text, layout: Read(project, standard, tmp_path, text, layout)


def test_words_fold_case_and_space_and_unknown_ones_are_findings(read: Any) -> None:
    values = ({"field": "sex", "local": "женско", "code": "F", "decision": "approved"},)
    layout = profile(
        Reading(missing={"n/a": "NAP"}),
        TableSpec("person", {**REFERENCE, "sex": ColumnSpec(headings=("пол",))}),
        values=values,
    )
    got = read("no,пол\n1,ЖЕНСКО\n2, женско \n3,m\n4,femail\n5,\n6,N/A\n7,Male\n", layout)
    assert got.values("SELECT sex FROM staged.person ORDER BY source_row") == [
        ("F",), ("F",), ("M",), ("UNK",), ("UNK",), ("NAP",), ("M",),
    ]  # fmt: skip
    assert got.findings() == [("P04", "sex", 5, "B")]


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("άγνωστος", "ΆΓΝΩΣΤΟΣ"),
        ("bilinmiyor", "BİLİNMİYOR"),
        ("nije poznato", "nije\u202fpoznato"),
        ("?", "\x0b?\u2003"),
    ],
)
def test_a_missing_word_is_known_by_both_judges_in_any_script(read: Any, word: str, written: str) -> None:
    dated = {
        "identification_reference": ColumnSpec(headings=("no",)),
        "person_reference": ColumnSpec(headings=("no",)),
        "identification_date": ColumnSpec(headings=("date",)),
    }
    layout = profile(Reading(missing={word: "DEC"}), TableSpec("identification", dated))
    got = read(f'no,date\n1,"{written}"\n2,{word}\n', layout)
    assert got.values("SELECT identification_date_missing FROM staged.identification") == [("DEC",)] * 2
    assert got.findings() == []


@pytest.mark.parametrize("every", mostly_at_night([1, 16], [16]))
def test_python_and_the_database_fold_every_character_alike(every: int, tmp_path: Path) -> None:
    """One judge folds words with the one, the other with the other; by day what folding changes, and a sixteenth of the rest."""
    characters = [
        c
        for c in map(chr, range(1, 0x110000))
        if (ord(c) % every == 0 or fold(c) != c) and unicodedata.category(c) not in ("Cn", "Cs")
    ]
    texts = [t for c in characters for t in (f"a{c}b", f"{c}a", f"a{c}", f"A{c} {c}")] + [
        "ΟΔΟΣ ΟΔΌΣ",
        "οδός",
        "İI ıi",
    ]
    with opened(tmp_path / "asked.duckdb") as connection:
        connection.register("asked", pa.table({"number": range(len(texts)), "text": texts}))
        rows = connection.execute(
            f"SELECT {FOLDED.format(text='text')} FROM asked ORDER BY number"
        ).fetchall()
    assert [t for t, (folded,) in zip(texts, rows, strict=True) if fold(t) != folded] == []


def test_a_field_the_form_does_not_have_was_not_asked(read: Any) -> None:
    got = read("no\n1\n", profile(Reading(), TableSpec("person", REFERENCE)))
    assert got.values(
        "SELECT sex, birth_year, birth_year_missing, further_citizenship FROM staged.person"
    ) == [("NAS", None, "NAS", ["NAS"])]


def test_dates_are_read_as_declared_and_never_guessed(read: Any) -> None:
    columns = {
        "identification_reference": ColumnSpec(headings=("no",)),
        "person_reference": ColumnSpec(headings=("no",)),
        "identification_date": ColumnSpec(headings=("date",)),
    }
    layout = profile(Reading(dates=("%d.%m.%Y", "%m.%Y")), TableSpec("identification", columns))
    got = read("no,date\n1,03.04.2022\n2,04.2022\n3,2022\n4,2022-05-06\n5,03/04/2022\n6,31.02.2022\n", layout)
    assert got.values(
        "SELECT identification_date::VARCHAR, identification_date_precision FROM staged.identification ORDER BY source_row"
    ) == [
        ("2022-04-03", "DAY"), ("2022-04-01", "MONTH"), ("2022-01-01", "YEAR"), ("2022-05-06", "DAY"),
        (None, "UNK"), (None, "UNK"),
    ]  # fmt: skip
    assert got.findings() == [("F05", "identification_date", 6, "B"), ("F05", "identification_date", 7, "B")]


@pytest.mark.parametrize(
    ("decimal", "thousands", "text", "value"),
    [
        (".", ",", "1,234", 1234), (".", ",", "12,34", None), (",", ".", "1.234", 1234), (",", ".", "1.5", None),
        (".", "", "1,234", None), (",", ".", "7", 7), (".", ",", "seven", None), (".", ",", "7.5", None),
    ],
)  # fmt: skip
def test_numbers_follow_the_declared_signs(
    read: Any, decimal: str, thousands: str, text: str, value: int | None
) -> None:
    columns = {
        "aggregate_reference": ColumnSpec(headings=("no",)),
        "value": ColumnSpec(headings=("n",)),
    }
    layout = profile(Reading(decimal=decimal, thousands=thousands), TableSpec("aggregate_cell", columns))
    got = read(f'no,n\n1,"{text}"\n', layout)
    assert got.values("SELECT value FROM staged.aggregate_cell") == [(value,)]
    assert got.findings() == ([] if value is not None else [("F05", "value", 2, "B")])


def test_suppressed_counts_are_no_numbers(read: Any) -> None:
    columns = {
        "aggregate_reference": ColumnSpec(headings=("no",)),
        "value": ColumnSpec(headings=("n",), missing={"<5": "SUP"}),
        "value_qualifier": ColumnSpec(headings=("n",), values={"<5": "LT5"}, otherwise="EXACT"),
    }
    got = read("no,n\n1,<5\n2,12\n3,\n", profile(Reading(), TableSpec("aggregate_cell", columns)))
    assert got.values(
        "SELECT value, value_missing, value_qualifier FROM staged.aggregate_cell ORDER BY source_row"
    ) == [(None, "SUP", "LT5"), (12, None, "EXACT"), (None, "UNK", "UNK")]


def test_flags_blank_is_unknown_and_only_a_written_no_is_a_no(read: Any) -> None:
    flags = ColumnSpec(flags={"labour": "LAB", "sexual": "SEX"})
    columns = {
        "episode_reference": ColumnSpec(headings=("no",)),
        "person_reference": ColumnSpec(headings=("no",)),
        "exploitation_form": flags,
    }
    layout = profile(
        Reading(yes=("1",), no=("0",), missing={"-99": "UNK"}), TableSpec("trafficking_episode", columns)
    )
    got = read("no,labour,sexual\n1,1,\n2,,\n3,0,0\n4,1,1\n5,0,\n6,-99,1\n7,2,1\n", layout)
    assert got.values(
        "SELECT exploitation_form, exploitation_form_no FROM staged.trafficking_episode ORDER BY source_row"
    ) == [
        (["LAB"], []), (["UNK"], []), ([], ["LAB", "SEX"]), (["LAB", "SEX"], []), (["UNK"], ["LAB"]), (["SEX"], []),
        (["SEX"], []),
    ]  # fmt: skip
    assert got.findings() == [("P04", "exploitation_form", 8, "B")]


def test_a_cell_of_several_codes_becomes_rows_of_their_own(read: Any) -> None:
    columns = {
        "service_reference": ColumnSpec(row_number=True, prefix="s-"),
        "assistance_reference": ColumnSpec(headings=("no",)),
        "service": ColumnSpec(headings=("services",)),
    }
    got = read(
        "no,services\n1,MED; PSY\n2,\n3,LEGAL;LEGAL\n",
        profile(Reading(), TableSpec("service", columns, explode="service")),
    )
    assert got.values("SELECT service_reference, service, source_row FROM staged.service ORDER BY 1") == [
        ("s-2022-2.1", "MED", 2), ("s-2022-2.2", "PSY", 2), ("s-2022-4.1", "LEGAL", 4),
    ]  # fmt: skip


def test_totals_and_blank_rows_are_no_persons(read: Any) -> None:
    layout = profile(Reading(), TableSpec("person", REFERENCE), skip_rows={"no": ("укупно",)})
    got = read("no\n1\n\n  \n2\nУкупно\n", layout)
    assert got.values("SELECT person_reference FROM staged.person ORDER BY 1") == [("1",), ("2",)]


def test_columns_nobody_maps_are_not_stored(read: Any) -> None:
    layout = profile(Reading(), TableSpec("person", REFERENCE), ignore=("colour",))
    got = read("no,colour,x_ours\n1,secret,secret\n", layout)
    assert got.values("SELECT cells FROM raw.record") == [(["1", None, None],)]
    unexpected = read("no,stray\n1,secret\n", profile(Reading(), TableSpec("person", REFERENCE)))
    assert unexpected.receipt.refused
    assert unexpected.findings() == [("L03", None, 1, "B")]


def test_ambiguous_territories_never_resolve_silently(read: Any) -> None:
    layout = profile(
        Reading(),
        TableSpec("person", {**REFERENCE, "citizenship": ColumnSpec(headings=("c",), scheme="iso2")}),
    )
    got = read("no,c\n1,AL\n2,CS\n3,NA\n4,XK\n", layout)
    assert got.values("SELECT citizenship FROM staged.person ORDER BY source_row") == [
        ("ALB",), ("UNK",), ("NAM",), ("UNK",),
    ]  # fmt: skip
    assert [f[:3] for f in got.findings()] == [("G01", "citizenship", 3), ("G01", "citizenship", 5)]


def test_a_profile_that_maps_to_no_code_is_said_to_be_wrong(read: Any) -> None:
    columns = {**REFERENCE, "sex": ColumnSpec(headings=("s",), values={"w": "WOMAN"})}
    with pytest.raises(InputProblem, match="'WOMAN' is no code of sex"):
        read("no,s\n1,w\n", profile(Reading(), TableSpec("person", columns)))
