"""The identity guard (rules P01 and P02) does what `schemas/forbidden.yml` declares, and no more."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest

from clearing_point.countries.profile import (
    ColumnSpec,
    Profile,
    Reading,
    SheetSpec,
    TableSpec,
    profile_of_source,
)
from clearing_point.findings import BLOCK, HEADING_UNEXPECTED, Finding
from clearing_point.intake import guard_contents
from clearing_point.intake.check_digits import has_valid_check_digit
from clearing_point.intake.forbidden import forbidden_of
from clearing_point.intake.guard import Headings, guard_cells, guard_headings
from clearing_point.intake.guard_columns import Reader
from clearing_point.intake.layout import lay_out
from clearing_point.intake.read import SCHEMA, ReceivedFile, read_file
from clearing_point.intake.words import with_crosswalk_flags
from clearing_point.project import Project
from clearing_point.standard import Standard, load_standard
from clearing_point.standard.files import read_yaml
from tests.conftest import ROOT, mostly_at_night

STANDARD = load_standard(ROOT / "schemas")
SOURCE = read_yaml(ROOT / "schemas" / "forbidden.yml")
Rows = Sequence[Sequence[str | None]]


def received(**sheets: Rows) -> ReceivedFile:
    rows = [
        {"sheet": name, "source_row": number, "cells": list(cells), "kinds": None}
        for name, content in sheets.items()
        for number, cells in enumerate(content, start=1)
    ]
    return ReceivedFile("made.xlsx", "0" * 64, 1, tuple(sheets), pa.Table.from_pylist(rows, schema=SCHEMA))


def profile(*sheets: SheetSpec, **reading: object) -> Profile:
    return Profile(
        "made",
        "Made",
        "ORG",
        None,
        "count",
        True,
        {},
        Reading(**reading),
        sheets,
        (),
        "0" * 64,  # type: ignore[arg-type]
    )


def sheet(name: str, table: str, *, header_row: int = 1, rows_between: int = 0, **columns: str) -> SheetSpec:
    specs = {field: ColumnSpec((heading,)) for field, heading in columns.items()}
    return SheetSpec(name, (header_row,), rows_between, (TableSpec(table, specs),), ignore_others=True)


def headings(file: ReceivedFile, *sheets: SheetSpec) -> list[Finding]:
    return guard_headings(file, lay_out(file, profile(*sheets))[0], STANDARD)


def cells(file: ReceivedFile, made: Profile) -> list[Finding]:
    return guard_cells(file, lay_out(file, made)[0], made, STANDARD)


def columns_of(findings: list[Finding]) -> list[tuple[str | None, str | None, str | None]]:
    return [(f.sheet, f.column_letter, f.target_field) for f in findings if f.source_row is None]


PEOPLE = sheet("People", "person", person_reference="Case", sex="Sex")


# Headings


@pytest.mark.parametrize("concept", SOURCE["concepts"], ids=lambda c: c["id"])
def test_each_listed_heading_is_found_as_its_concept_or_one_that_stands_before_it(concept: dict) -> None:
    forbidden = forbidden_of(STANDARD)
    order = [c.name for c in forbidden.concepts]
    for entry in concept["headings"]:
        for heading in (*entry["whole"], *entry.get("words", ())):
            assert forbidden.fold(heading) == heading, "listed unfolded: it would never be found"
            found = forbidden.concept_of(heading.upper(), forbidden.concepts)
            assert found is not None, heading
            assert order.index(found.name) <= order.index(concept["id"]), heading


@pytest.mark.parametrize(
    ("heading", "concept"),
    [
        ("Ime i prezime", "person_name"),
        ("ПРЕЗИМЕ", "person_name"),
        ("prs_FirstName", "person_name"),
        ("  Emri  ", "name_alone"),
        ("Ime / Name", "name_alone"),
        ("Датум рођења", "birth_date"),
        ("Date of birth (dd/mm/yyyy)", "birth_date"),
        ("Datum rođenja / Date of birth", "birth_date"),
        ("ЈМБГ", "identity_number"),
        ("CNP (13 cifre)", "identity_number"),
        ("3. Telefon 2", "phone"),
        ("E-mail:", "email"),
        ("Sur\u00adname", "person_name"),
        ("Napomena", "free_text"),
        ("Забелешка", "free_text"),
    ],
)
def test_headings_as_people_write_them_are_found(heading: str, concept: str) -> None:
    file = received(People=[["Case", "Sex", heading], ["17", "F", "x"]])
    assert columns_of(headings(file, PEOPLE)) == [("People", "C", concept)]


@pytest.mark.parametrize(
    "heading",
    ["emri i vendit", "Organisation name", "Name (of the organisation)", "Name of country / Emri i vendit",
     "Telephone recruitment", "Year of birth", "Godina rođenja", "Nume organizație", "Држављанство", "Kind of note"],
)  # fmt: skip
def test_headings_that_only_resemble_forbidden_ones_pass(heading: str) -> None:
    file = received(People=[["Case", "Sex", heading], ["17", "F", "x"]])
    assert headings(file, PEOPLE) == []


def test_no_name_or_title_of_the_standard_is_itself_forbidden() -> None:
    wrong = []
    for table in STANDARD.tables.values():
        for text_of in (lambda f: f.name, lambda f: f.title["en"]):
            texts = [text_of(f) for f in table.received]
            spec = sheet("S", table.name, **{f.name: t for f, t in zip(table.received, texts, strict=True)})
            found = headings(received(S=[texts, ["x"] * len(texts)]), spec)
            wrong += [(table.name, f.column_letter, f.target_field) for f in found]
    assert wrong == []


def test_a_name_belongs_to_an_organisation_and_to_nothing_else() -> None:
    rows = [["Code", "Name"], ["ORG07", "Shelter North"]]
    organisation = sheet("S", "organisation", organisation_id="Code")
    assert headings(received(S=rows), organisation) == []
    person = sheet("S", "person", person_reference="Code")
    assert columns_of(headings(received(S=rows), person)) == [("S", "B", "name_alone")]


def test_an_empty_forbidden_column_is_passed_over_and_one_value_refuses() -> None:
    strict = dataclasses.replace(PEOPLE, ignore_others=False)
    empty = received(
        People=[["Case", "Sex", "First name", "Oops"], ["17", "F", " ", "1"], ["18", "F", None, "1"]]
    )
    layouts, problems = lay_out(empty, profile(strict))
    assert guard_headings(empty, layouts, STANDARD) == []
    assert [p.column_letter for p in problems if p.rule_id == HEADING_UNEXPECTED] == ["C", "D"]
    left = Headings(empty, layouts, STANDARD).without_left_out(problems)
    assert [p.column_letter for p in left] == ["D"], "only the heading that nobody knows is complained of"
    filled = received(People=[["Case", "Sex", "First name"], ["17", "F", None], ["18", "F", "A."]])
    assert columns_of(headings(filled, strict)) == [("People", "C", "person_name")]


def test_a_second_row_of_headings_is_no_value() -> None:
    rows = [
        ["cas_Status", "prs_FirstName", "prs_Email"],
        ["Status", "First Name", "E-mail"],
        ["Open", None, None],
    ]
    declared = sheet("Cases", "person", rows_between=1, person_reference="cas_Status")
    assert headings(received(Cases=rows), declared) == []
    assert headings(received(Cases=rows)) == [], "nor on a sheet that nothing is mapped to"


@pytest.mark.parametrize(
    "rows",
    [
        [["Register of 2023"], [None], ["Case", "Sex", "Prezime"], ["17", "F", "x"]],
        [["Case", "Sex", "Prezime"], ["17", "F", "x"]],
        [["c", "s", "Prezime"], ["Case", "Sex", "p"], ["17", "F", "x"]],
    ],
)
def test_a_forbidden_heading_is_found_where_the_profile_does_not_look(rows: Rows) -> None:
    elsewhere = sheet("Cases", "person", header_row=2, person_reference="Case")
    for file in (received(Cases=rows), received(People=[["Case", "Sex"], ["1", "F"]], Cases=rows)):
        assert ("Cases", "C", "person_name") in columns_of(headings(file, elsewhere))
        assert ("Cases", "C", "person_name") in columns_of(headings(file, PEOPLE))


def test_a_value_that_reads_like_a_forbidden_heading_is_no_heading() -> None:
    rows = [
        ["Case", "Sex", "Venue", "Channel"],
        ["17", "F", "Ulica", "Telefon"],
        ["18", "F", "Ulica", "Mejl"],
    ]
    spec = sheet("People", "person", person_reference="Case", sex="Sex")
    assert headings(received(People=rows), spec) == []
    listed = [["Venue", "Channel"], ["Ulica", "Letak"], ["Hotel", "Telefon"], ["Stan", "Oglas"]]
    assert headings(received(People=rows, Lists=listed), spec) == []


# Contents

_KINDS = ("coded_text", "plain_text", "reference", "number", "year", "date")


def _field_of(kind: str) -> tuple[str, str]:
    """A table of cases and a field of it that makes its column this kind."""
    tables = sorted(STANDARD.tables_of_kind("case", "header"), key=lambda t: t.kind)  # cases first
    return next(
        (t.name, f.name) for t in tables for f in t.received if Reader(t, f, ColumnSpec(), False).kind == kind
    )


def _column(kind: str, values: Sequence[str]) -> tuple[ReceivedFile, Profile]:
    return _columns(kind, {"S": values})


def _columns(kind: str, sheets: Mapping[str, Sequence[str]]) -> tuple[ReceivedFile, Profile]:
    """A file with one column of that kind on each of its sheets."""
    rows = {
        name: [["Case", "Value"], *([f"K{n}", value] for n, value in enumerate(values))]
        for name, values in sheets.items()
    }
    if kind == "unmapped":
        return received(**rows), profile(*(sheet(name, "person", person_reference="Case") for name in sheets))
    table, field = _field_of(kind)
    return received(**rows), profile(*(sheet(name, table, **{field: "Value"}) for name in sheets))


@cache
def _found_of_examples(kind: str) -> frozenset[tuple[str, str]]:
    """Return (sheet, pattern) found where every example of every pattern has a sheet: what begins costs as much as all of them."""
    examples = {
        f"{c['id']} {right} {n}": text
        for c in SOURCE["contents"]
        for right, texts in c["examples"].items()
        for n, text in enumerate(texts)
    }
    file, made = _columns(kind, {name: [text] * 3 for name, text in examples.items()})
    return frozenset((str(name), str(pattern)) for name, _, pattern in columns_of(cells(file, made)))


@pytest.mark.parametrize("content", SOURCE["contents"], ids=lambda c: c["id"])
def test_each_pattern_finds_its_examples_on_its_columns_and_no_others(content: dict) -> None:
    own = content["id"]
    match, others = (
        {f"{own} {right} {n}": text for n, text in enumerate(content["examples"][right])}
        for right in ("match", "no_match")
    )
    for kind in (*_KINDS, "unmapped"):
        judged = match | (others if kind in content["columns"] else {})
        found = {name for name, pattern in _found_of_examples(kind) if pattern == own} & set(judged)
        wanted = match if "case" in content["kinds"] and kind in content["columns"] else {}
        assert found == set(wanted), (kind, [judged[name] for name in found ^ set(wanted)])


def test_findings_name_rows_and_never_values() -> None:
    values = [f"+381 64 {n:07d}" if n % 2 else "abc" for n in range(100)]
    file, made = _column("unmapped", values)
    found = cells(file, made)
    # A number may look like two kinds at once: the most telling is said, once.
    assert [f.source_row for f in found] == [None, *(n + 2 for n in range(1, 41, 2))]
    assert {(f.severity, f.target_table, f.target_field) for f in found} == {
        (BLOCK, None, "phone_international")
    }
    assert "381" not in repr(found)


def test_the_columns_of_a_large_file_are_judged_in_parts_with_the_same_findings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    head = ["Case", "Sex", *(f"Note {n}" for n in range(5))]
    rows = [[f"P-{n}", "F", *["+381 64 1234567", None, "ana@example.org", "Ana", "x"]] for n in range(30)]
    file = received(People=[head, *rows], Other=[["Note"], ["ana@example.org"], ["ana@example.org"]])
    whole = cells(file, profile(PEOPLE))
    assert {(sheet, letter) for sheet, letter, _ in columns_of(whole)} == {
        ("People", "C"),
        ("People", "E"),
        ("Other", "A"),
    }
    monkeypatch.setattr(guard_contents, "_CELLS_AT_ONCE", 0)
    for columns in (1, 2, 4):
        monkeypatch.setattr(guard_contents, "_COLUMNS_AT_ONCE", columns)
        assert cells(file, profile(PEOPLE)) == whole


def test_odd_spaces_and_dashes_hide_no_telephone() -> None:
    file, made = _column(
        "unmapped", ["+381\u00a064\u202f123\u20114567", "064\u2013123\u20134567", "064\u2212123\u22124568"]
    )
    assert {f.target_field for f in cells(file, made)} == {"phone_international", "phone_local"}


def test_tokens_pass_in_their_columns_and_nothing_else_does() -> None:
    # Random digits that look like a telephone number, and a text longer than any word.
    token = "00381641234567ab" + "7" * 16
    rows = [[f"P-{n}", token * (1 + n % 4)] for n in range(1, 9)]
    made = profile(sheet("S", "person", **{"person_reference": "A", "linkage_token_1": "B"}))
    assert cells(received(S=[["A", "B"], *rows]), made) == []
    for other in ("+381 64 123 4567", token[:-1] + ";+381 64 123 4567", "ana.p@example.org"):
        assert cells(received(S=[["A", "B"], *rows, ["P-9", other]]), made) != [], other
    other_column = profile(sheet("S", "person", person_reference="A", education="B"))
    assert cells(received(S=[["A", "B"], *rows]), other_column) != []


def test_patterns_need_as_many_cells_and_as_large_a_share_as_declared() -> None:
    right, wrong = "33392005961", "33392005962"
    file, made = _column("unmapped", [right] * 4 + [wrong] * 6)
    assert ("S", "B", "oib") in columns_of(cells(file, made))
    file, made = _column("unmapped", [right] * 3 + [wrong] * 7)
    told = columns_of(cells(file, made))
    assert ("S", "B", "oib") not in told, "one such number in ten is right by chance"
    assert told == [("S", "B", "long_number")], "but a column of such numbers is none of a table"


def test_known_words_of_a_coded_field_are_excused_also_in_a_list() -> None:
    table, field = next(
        (t, f)
        for t in STANDARD.tables_of_kind("case")
        for f in t.received
        if f.multiple and f.codelist != "territory"
    )
    code = STANDARD.codes_of(field.codelist or "")[0]
    word = "Work that was promised in a house abroad and was not given"
    column = ColumnSpec(("Value",), values={word: code})
    made = profile(
        SheetSpec("S", (1,), 0, (TableSpec(table.name, {field.name: column}),), ignore_others=True)
    )
    file = received(S=[["Value"], [word], [f"{code}; {word}"], [f"{word}; new"], [word.upper()]])
    assert cells(file, made) == []
    file = received(S=[["Value"], [word], [f"{word}; she told us that she has a sister living in that town"]])
    assert {(f.source_row, f.target_field) for f in cells(file, made)} == {
        (row, "over_long_text") for row in (None, 3)
    }


def test_the_standards_own_texts_may_travel_with_a_workbook() -> None:
    table = STANDARD.tables["person"]
    help_sheet = [["Field", "Help"], *([f.title["en"], f.help["en"]] for f in table.fields)]
    file = received(People=[["Case", "Sex"], ["17", "F"]], Help=help_sheet)
    assert max(len(f.help["en"]) for f in table.fields) > 80
    assert cells(file, profile(PEOPLE)) == []
    help_sheet.append(["Other", "She told us that she had left the house at night with her child"])
    file = received(People=[["Case", "Sex"], ["17", "F"]], Help=help_sheet)
    assert columns_of(cells(file, profile(PEOPLE))) == [
        ("Help", "B", "over_long_text"),
    ]


def test_titles_and_headings_may_be_long_but_hold_no_address_of_a_person() -> None:
    spec = sheet("S", "person", header_row=2, person_reference="Case")
    question = "In which country did the person live before the journey began?"
    title = "Register of persons identified by the mobile teams of the region, 2023"
    assert cells(received(S=[[title], ["Case", question], ["17", "ALB"]]), profile(spec)) == []
    found = cells(
        received(S=[[title + ", ana@example.org"], ["Case", question], ["17", "ALB"]]), profile(spec)
    )
    assert columns_of(found) == [("S", "A", "email")]


def test_a_column_that_two_fields_read_may_hold_what_either_expects() -> None:
    columns = {name: ColumnSpec(("Value",)) for name in ("value", "value_qualifier")}
    spec = SheetSpec("S", (1,), 0, (TableSpec("aggregate_cell", columns),), ignore_others=True)
    assert cells(received(S=[["Value"], ["12345678"]]), profile(spec)) == []


# Check digits


@pytest.mark.parametrize("method", SOURCE["checksums"], ids=lambda c: c["id"])
def test_exactly_one_last_digit_is_right(method: dict) -> None:
    length = len(method.get("weights", "1234567890"))
    for start in range(200):
        body = str(start * 7919 + 1).zfill(length)[:length]
        assert has_valid_check_digit([body + str(digit) for digit in range(10)], method).sum() == 1
    assert not has_valid_check_digit(["1", "12", ""], method)[[0, 2]].any()


# Real public files


_PUBLIC_FILES = (
    ("ctdc_synthetic", "ctdc/ctdc_global_synthetic_2021-08-25.csv.gz"),
    ("unodc_glotip", "unodc_glotip/data_glotip_2025-04-14.csv.gz"),
    ("ctdc_kanonymised", "ctdc/ctdc_global_kanon_2021-07-15.csv.gz"),
)


@pytest.mark.parametrize(("source", "file"), mostly_at_night(_PUBLIC_FILES, _PUBLIC_FILES[:2]))
def test_real_public_files_pass(
    source: str, file: str, shared: Path, standard: Standard, tmp_path: Path
) -> None:
    made = with_crosswalk_flags(profile_of_source(Project(ROOT, tmp_path), source), standard)
    path = shared / file
    if not path.is_file():
        pytest.skip(f"{file} is not there")
    read = read_file(path)
    layouts, problems = lay_out(read, made)
    assert problems == []
    assert guard_headings(read, layouts, standard) == []
    assert guard_cells(read, layouts, made, standard) == []


@pytest.mark.parametrize("name", ["htcds_single_select_v2.0.xlsx", "htcds_multi_select_v2.0.xlsm"])
def test_the_official_case_workbook_passes_empty_and_is_refused_with_a_name(
    name: str, shared: Path, standard: Standard
) -> None:
    read = read_file(shared / "htcds" / name)
    made = profile(sheet("Case Sheet", "person", rows_between=1, citizenship="prs_Citizenship"))
    layouts, _ = lay_out(read, made)
    assert guard_headings(read, layouts, standard) == []
    assert guard_cells(read, layouts, made, standard) == [], "its sheet of drop-down words is no text"
    rows = read.rows.to_pylist()
    at = next(i for i, r in enumerate(rows) if r["sheet"] == "Case Sheet" and r["source_row"] == 3)
    rows[at]["cells"][rows[at - 2]["cells"].index("prs_FirstName")] = "x"
    filled = dataclasses.replace(read, rows=pa.Table.from_pylist(rows, schema=SCHEMA))
    found = guard_headings(filled, lay_out(filled, made)[0], standard)
    assert [f.target_field for f in found] == ["person_name"]
