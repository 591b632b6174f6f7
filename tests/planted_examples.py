"""Workbooks with one planted fault of every rule that a workbook can carry, and the list of what must be found where.

The faults follow the registry: each is the first failing example of a rule in ``schemas/rules``, written with its
codes as Serbian words into the regional workbook. A fault may break other rules too; those findings stand in
``planted_further.csv`` (fault, rule, table, position among the fault's own rows of that table, field), so that
the comparison is exact. What no example row can say (headings, cells that cannot be read, whole columns,
years before) is planted by hand below.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl

from clearing_point.countries import Profile
from clearing_point.countries.profile import SheetSpec
from clearing_point.findings import CONSERVED
from clearing_point.quality.rule_examples import Case, blocks_of, case_of
from clearing_point.standard import Rule, Standard
from clearing_point.standard.workbook import DATA_ROW, sheet_names, write_template

LANGUAGE, TERRITORY, YEAR = "sr-Cyrl", "SRB", 2024
FURTHER = Path(__file__).with_name("planted_further.csv")

Place = tuple[str, str, str]
"""Rule, sheet, cell: a column's letter alone where the column as a whole is meant."""

NOT_CARRIED = {
    "D18": "perpetrators are read from public sources only: no workbook has the sheet",
    **dict.fromkeys(
        CONSERVED,
        "planted in files of their own: tests/unit/test_conserved.py, tests/pipeline/test_intake_cases.py",
    ),
    "P13": "a part of the package beside its cells: tests/unit/test_guard_parts.py",
    "G11": "publication: rates are made when figures are published",
    "G12": "publication: names are chosen when figures are published",
    "U01": "several senders: pairs of rows are scored when persons are linked",
    "U03": "several senders: found over the warehouse when persons are linked",
    "G06a": "the flow is worked out from the same territories, so a workbook cannot contradict it",
}
"""Rules of which no fault can be planted in a workbook, and why."""

_WRITTEN_OTHERWISE = {"exploitation_territory": "exploitation_main_territory"}
"""Fields that are worked out, and those that a sender fills instead; besides ``*_derived``."""


@dataclass
class Book:
    """Rows of one workbook, and what each fault of it must give."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    expected: list[tuple[str, str, int | None, str]] = field(default_factory=list)
    """(rule, table, position of the row or None for a column, field)."""
    hidden: list[tuple[str, int]] = field(default_factory=list)
    """Rows that are folded away: table and position."""
    own_columns: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Columns that the sender added on the right: table, heading, value of the first row."""

    def add(self, table: str, *rows: Mapping[str, Any]) -> int:
        """Append rows and return the position of the first."""
        first = len(self.rows[table]) + 1
        self.rows[table] += [dict(row) for row in rows]
        return first

    def expect(self, rule: str, table: str, position: int | None, field_name: str) -> None:
        """Note a finding that must come; without a field it is about the row, and a field worked out has no place."""
        self.expected.append((rule, table, position, field_name))

    def write(self, standard: Standard, path: Path, *, year: int = YEAR) -> list[Place]:
        """Write the workbook and return what must be found, sorted."""
        write_template(standard, path, territory=TERRITORY, year=year, language=LANGUAGE)
        book, names = openpyxl.load_workbook(path), sheet_names(standard, LANGUAGE)
        letters = {}
        for table, rows in self.rows.items():
            sheet = book[names[table]]
            columns = {cell.value: cell for cell in sheet[1] if cell.value}
            letters[table] = {name: cell.column_letter for name, cell in columns.items()}
            used = {name for row in rows for name in row}
            assert used <= set(columns), (table, used - set(columns))
            used |= {name for _, of, _, name in self.expected if of == table and name}
            for name in set(columns) - used:
                columns[name].value = None  # nobody fills the column: it is not on this form
            for number, row in enumerate(rows, start=DATA_ROW):
                for name, value in row.items():
                    text = _text(standard, table, name, value)
                    sheet[f"{letters[table][name]}{number}"].value = text
        for table, position in self.hidden:
            book[names[table]].row_dimensions[DATA_ROW - 1 + position].hidden = True
        for table, heading, value in self.own_columns:
            sheet = book[names[table]]
            cell = sheet.cell(1, sheet.max_column + 1, heading)
            letters[table][heading] = cell.column_letter
            sheet.cell(DATA_ROW, cell.column, value)
        book.save(path)
        return sorted(
            (rule, names[table], letters[table][name] + (str(DATA_ROW - 1 + at) if at else ""))
            if name in letters[table]
            else (rule, names[table] if at else "", str(DATA_ROW - 1 + at) if at else "")
            for rule, table, at, name in self.expected
        )


def _text(standard: Standard, table: str, name: str, value: Any) -> Any:
    known = standard.tables[table].by_name.get(name)
    if known is None or value is None or isinstance(value, int | float | _AsWritten):
        return value
    parts = value if isinstance(value, list) else [value]
    codelist = known.codelist or ("yes_no" if value in standard.missing_codes else None)
    return "; ".join(standard.label_of(codelist, p, LANGUAGE) if codelist else p for p in parts)


def header(year: int = YEAR, **more: Any) -> dict[str, Any]:
    """The one row of the sheet on the submission, without a fault."""
    return {
        "organisation": "ORG1", "territory": TERRITORY, "period_start": f"{year}-01-01", "period_end": f"{year}-12-31",
        "version_number": 1, "submission_kind": "MIXED", "coverage": "OWN_CLIENTS",
        "definition_identified": "FORMAL_AND_PRESUMED", "count_basis": "NEW_IN_PERIOD", "kosovo_basis": "EXCLUDES",
        **more,
    }  # fmt: skip


SURNAME = "Презиме"
ORGANISATION = {
    "organisation_id": "ORG1", "organisation_name": "Кућа", "territory": TERRITORY, "organisation_type": "NGO",
}  # fmt: skip


# --- faults of one row, from the examples -----------------------------------------------------------------------


def example_books(standard: Standard) -> dict[str, Book]:
    """Return the books ``cases`` and ``counts`` with a fault of each rule on rows; in ``counts`` also what cannot be read."""
    books = {"cases": Book(), "counts": Book()}
    further = _further()
    for rule, case in _first_failing(standard):
        if standard.tables[rule.table].kind == "reference":
            continue  # filled by public sources only: no sheet of the workbook has it
        book = books["cases" if standard.tables[rule.table].kind == "case" else "counts"]
        at = _add_case(standard, book, case)
        book.expect(rule.rule_id, rule.table, at[rule.table], rule.fields[0])
        for found, table, position, name in further.pop(rule.rule_id, ()):
            book.expect(found, table, at[table] + int(position) - 1 if position else None, name)
    books["cases"].add("submission", header())
    books["cases"].add("organisation", ORGANISATION)
    _add_unreadable(books["counts"], standard)
    for name, book in books.items():
        for found, table, position, field_name in further.pop(name, ()):
            book.expect(found, table, int(position) if position else None, field_name)
    assert not further, f"further findings of no fault: {sorted(further)}"
    return books


def _first_failing(standard: Standard) -> Iterable[tuple[Rule, Case]]:
    for number, block in enumerate(blocks_of(standard.folder), start=1):
        if (
            (block["scope"] == "row" or block["id"] == "Q12a")
            and block["id"] not in NOT_CARRIED
            and block.get("table") != "submission"
        ):
            examples = block["examples"]
            wanted = (
                examples.get("table", block.get("table")),
                examples.get("field", block.get("fields", [""])[0]),
            )
            rule = next(
                r for r in standard.rules if r.rule_id == block["id"] and (r.table, r.fields[0]) == wanted
            )
            yield rule, case_of(standard, rule, examples["fails"][0], False, number)


def _add_case(standard: Standard, book: Book, case: Case) -> dict[str, int]:
    """Append the rows of an example; return table -> position of its first row."""
    at = {}
    if case.rule.rule_id != "X01":
        _help_everybody(standard, case)
    for table, rows in case.tables.items():
        if table != "submission":
            received = [_received(standard, table, row) for row in rows]
            if table == case.rule.table:
                received[0] |= {name: _AsWritten(word) for name, word in case.written.items()}
            at[table] = book.add(table, *received)
    return at


def _help_everybody(standard: Standard, case: Case) -> None:
    """Give every assistance a service, so that the fault alone is planted and not X01 with it."""
    helped = {row["assistance_reference"] for row in case.tables.get("service", ())}
    for at, row in enumerate(case.tables.get("assistance_episode", ()), start=1):
        if row["assistance_reference"] not in helped:
            given = {"service_reference": f"{row['assistance_reference']}-S{at}", "service": "PSY"}
            case.tables["service"].append(given | {"assistance_reference": row["assistance_reference"]})


def _received(standard: Standard, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Turn a row as the engine holds it into what a sender writes; what the example does not say stays blank."""
    written: dict[str, Any] = {}
    for known in standard.tables[table].fields:
        value = row.get(known.name)
        if value is None and known.missing_column:
            value = row.get(known.missing_column)
        if value in ("NAS", ["NAS"]) or value is None:
            value = "NAS"
        if value == "NAS" and known.name == "organisation_name":
            value = ORGANISATION[known.name]
        if value == "NAS" and standard.tables[table].kind == "case":
            continue  # blank; of a count it says that the number is not broken down
        if known.precision_column and value not in standard.missing_codes:
            value = value[: {"YEAR": 4, "MONTH": 7, "DAY": 10}[row[known.precision_column]]]
        name = known.name.removesuffix("_derived")
        name = _WRITTEN_OTHERWISE.get(name, name)
        if name in {f.name for f in standard.tables[table].received}:
            written[name] = value
    return written


def _further() -> dict[str, list[tuple[str, str, str, str]]]:
    found: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
    with FURTHER.open(encoding="utf-8", newline="") as handle:
        for line in csv.DictReader(handle):
            found[line["fault"]].append((line["rule"], line["table"], line["position"], line["field"]))
    return found


# --- faults that no row of an example can say ------------------------------------------------------------------


def _add_unreadable(book: Book, standard: Standard) -> None:
    """Plant cells that cannot be read, numbers that stand twice or nowhere, and a header with its two faults."""
    book.add("organisation", ORGANISATION)
    at = book.add("submission", {**header(), "kosovo_basis": None, "count_basis": "CUMULATIVE"})
    book.expect("P03", "submission", at, "kosovo_basis")
    book.expect("Q10", "submission", at, "count_basis")
    people = {
        "P04": ("sex", "женскоо"), "G01": ("citizenship", "Macedonia"), "F05": ("birth_year", "19x9"),
        "F06": ("birth_year", "#REF!"), "L07": ("residence_area", _mixed(standard)), "F02": ("number_of_children", 77),
    }  # fmt: skip
    for number, (rule, (name, value)) in enumerate(people.items(), start=1):
        at = book.add("person", _known_person(number, **{name: _AsWritten(value)}))
        book.expect(rule, "person", at, name)
    at = book.add(
        "person",
        {**_known_person(7), "person_reference": "ABC", "linkage_token_1": "0123456789abcdef" * 2},
    )
    book.expect("P14", "person", None, "linkage_token_1")
    book.expect("F03", "person", at, "person_reference")
    at = book.add(
        "person", _known_person(8), {**_known_person(8), "sex": "M"}, _known_person(9), _known_person(9)
    )
    book.expect("P05", "person", at, "person_reference")
    book.expect("P05", "person", at + 1, "person_reference")
    book.expect("P06", "person", at + 3, "")
    at = book.add(
        "organisation", {**ORGANISATION, "organisation_id": "ORG2", "organisation_name": "Кућа " * 45}
    )
    book.expect("F04", "organisation", at, "organisation_name")
    book.add("organisation", {**ORGANISATION, "organisation_id": "ORG3", "organisation_name": "Кућа Ждрелка"})
    book.expect("P12", "organisation", None, "organisation_name")
    at = book.add("referral", {"referral_reference": "R-1", "person_reference": "P-77"})
    book.expect("P08", "referral", at, "person_reference")
    at = book.add(
        "identification",
        {"identification_reference": "I-1", "person_reference": "P-1", "identification_status": None},
    )
    book.expect("F01", "identification", at, "identification_status")
    at = book.add("person", _known_person(10))
    book.hidden.append(("person", at))
    book.expect("L05", "person", at, "")
    book.own_columns.append(("person", SURNAME, None))
    book.expect("L08", "person", None, SURNAME)


def refused_books() -> dict[str, Book]:
    """Return a file with a forbidden column, and one with a telephone number among its values."""
    named, told = Book(), Book()
    for book in (named, told):
        book.add("submission", header())
        book.add("organisation", ORGANISATION)
        book.add("person", _known_person(1))
    named.own_columns.append(("person", SURNAME, "Петровић"))
    named.expect("P01", "person", None, SURNAME)
    at = told.add(
        "organisation", {**ORGANISATION, "organisation_id": "ORG2", "organisation_name": "+381 64 123 4567"}
    )
    told.expect("P02", "organisation", None, "organisation_name")
    told.expect("P02", "organisation", at, "organisation_name")
    return {"named": named, "told": told}


class _AsWritten(str):
    """A text that is written as it stands and not looked up as a code."""

    __slots__ = ()


def _mixed(standard: Standard) -> _AsWritten:
    """A word with one letter of the other alphabet, which looks the same."""
    word = standard.label_of("residence_area", "RURAL", LANGUAGE)
    return _AsWritten(word.replace("о", "o", 1).replace("е", "e", 1))


def _known_person(number: int, **more: Any) -> dict[str, Any]:
    return {
        "person_reference": f"P-{number}", "sex": "F", "citizenship": TERRITORY, "birth_year": 1999, "residence_area": "RURAL",
        "number_of_children": 0, **more,
    }  # fmt: skip


def whole_book() -> tuple[Book, int]:
    """Return columns that look copied, guessed or not asked, each in a file of 25 persons, and its year.

    The year is the newest for which a figure of Serbia's was published (Q12b).
    """
    book, year = Book(), 2016
    book.add("organisation", ORGANISATION)
    book.add("submission", header(year, coverage="ALL_KNOWN"))
    for n in range(1, 26):
        minor = "Y" if n <= 12 else "N"
        answer = "REF" if n <= 5 else "N"
        book.add(
            "person", {**_known_person(n), "birth_year": None, "prior_violence": "UNK", "stateless": answer}
        )
        book.add(
            "trafficking_episode",
            {"episode_reference": f"E-{n}", "person_reference": f"P-{n}", "recruitment_territory": TERRITORY,
             "exploitation_main_territory": TERRITORY, "exploitation_form": ["LAB"], "minor_at_exploitation": minor,
             "exploitation_territory_is_proxy": None},
        )  # fmt: skip
        book.add(
            "identification",
            {"identification_reference": f"I-{n}", "person_reference": f"P-{n}", "episode_reference": f"E-{n}",
             "territory": TERRITORY, "identification_date": f"{year}-03-01", "minor_at_identification": minor,
             "identification_status": "CONFIRMED" if n <= 12 else "REJECTED", "age_at_identification": 10 if n <= 12 else 30},
        )  # fmt: skip
    for rule, table, name in (
        ("A06", "identification", "minor_at_identification"),
        ("A11", "identification", "age_at_identification"),
        ("D14", "identification", "identification_date"),
        ("D17", "identification", "identification_date"),
        ("G10", "trafficking_episode", "exploitation_territory_is_proxy"),
        ("N04", "trafficking_episode", "exploitation_territory_is_proxy"),
        ("N04", "person", "birth_year"),
        ("N04", "person", "prior_violence"),
        ("N05", "person", "stateless"),
        ("Q12b", "identification", "person_reference"),
    ):
        book.expect(rule, table, None, name)
    return book, year


def elsewhere_book() -> Book:
    """Return a file of which every person was identified in another territory: perhaps another sender's file (G13)."""
    book = Book()
    book.add("organisation", ORGANISATION)
    book.add("submission", header())
    for n in range(1, 6):
        book.add("person", _known_person(n))
        book.add(
            "identification",
            {"identification_reference": f"I-{n}", "person_reference": f"P-{n}", "territory": "ITA",
             "identification_date": f"{YEAR}-03-0{n}", "identification_status": "CONFIRMED", "age_at_identification": 24},
        )  # fmt: skip
    book.expect("G13", "identification", None, "territory")
    return book


def years_books() -> tuple[Book, Book]:
    """Return a good file of the year before, and one of the year itself that breaks with it in every way."""
    before, after = Book(), Book()
    for book, year in ((before, YEAR - 1), (after, YEAR)):
        book.add("organisation", ORGANISATION)
        basis = "PRESENT_IN_PERIOD" if book is before else "NEW_IN_PERIOD"
        book.add("submission", header(year, count_basis=basis))
        for n in range(1, 41 if book is before else 11):
            _person_of(book, before, year, n)
    cells = {"territory": TERRITORY, "unit": "PERSONS"}
    total = {**cells, "breakdown": "TOTAL", "category": "TOTAL"}
    forms = {**cells, "breakdown": "BY_FORM", "population": "REFERRED", "value": 20}
    before.add(
        "aggregate_cell",
        {
            **total,
            "aggregate_reference": "N1",
            "population": "DECLINED",
            "reference_year": YEAR - 2,
            "value": 110,
        },
        {
            **total,
            "aggregate_reference": "N2",
            "population": "REFERRED",
            "reference_year": YEAR - 1,
            "value": 416,
        },
        {**forms, "aggregate_reference": "N3", "reference_year": YEAR - 3, "category": "FORM_LAB_BEG"},
    )
    at = after.add(
        "aggregate_cell",
        {
            **total,
            "aggregate_reference": "N1",
            "population": "DECLINED",
            "reference_year": YEAR - 2,
            "value": 100,
        },
        {
            **total,
            "aggregate_reference": "N2",
            "population": "REFERRED",
            "reference_year": YEAR,
            "value": 100,
        },
        {**forms, "aggregate_reference": "N3", "reference_year": YEAR - 2, "category": "FORM_BEG"},
    )
    after.expect("Q07b", "aggregate_cell", at, "value")
    after.expect("Q08b", "aggregate_cell", at + 1, "value")
    after.expect("Q08c", "submission", 1, "count_basis")
    for rule, table, name in (
        ("V01", "person", "person_reference"),
        ("V02", "person", "sex"),
        ("V03a", "person", "sex"),
        ("V03b", "identification", "minor_at_identification"),
        ("N02", "person", "education"),
        ("S10a", "trafficking_episode", "exploitation_form"),
        ("S10b", "aggregate_cell", "category"),
    ):
        after.expect(rule, table, None, name)
    return before, after


# --- faults of headings, in the sender's own layout: the regional workbook may leave sheets and columns out ------


def own_layout_books(profile: Profile, folder: Path) -> dict[str, tuple[Path, list[Place]]]:
    """Write three workbooks in Serbia's own layout: wrong headings, no rows, a line of totals."""
    main, other = profile.sheets[0], profile.sheets[1]
    made = {}
    # One heading of hers is left, or the file would be no file of hers at all.
    book = _own_sheet(other, leave_out=0, more=("Назив организације", "Соба"))
    top = other.header_rows[0]
    letter = book[str(other.sheet)].cell(1, len(_headings(other)) + 1).column_letter
    made["headings"] = (
        book,
        [("L01", main.sheet, ""), ("L02", other.sheet, str(top)), ("L03", other.sheet, f"{letter}{top}")],
    )
    made["empty"] = (_own_sheet(main), [("L04", main.sheet, "")])
    book = _own_sheet(main, rows=("P-1", "Укупно"))
    made["totals"] = (book, [("L06", main.sheet, str(book[str(main.sheet)].max_row))])
    written = {}
    for name, (book, places) in made.items():
        book.save(folder / f"{name}.xlsx")
        written[name] = (folder / f"{name}.xlsx", sorted((r, str(s), c) for r, s, c in places))
    return written


def _headings(sheet: SheetSpec) -> list[str]:
    """Return the headings that a sheet must have, and those of what a person is known by."""
    columns = [c for table in sheet.tables for c in table.columns.values() if c.headings]
    wanted = [
        c.headings[0]
        for c in columns
        if not c.optional or c.headings[0] in ("Лице / Пол", "Лице / Држављанство")
    ]
    return list(dict.fromkeys(wanted))


def _own_sheet(
    spec: SheetSpec, *, leave_out: int | None = None, more: Sequence[str] = (), rows: Sequence[str] = ()
) -> Any:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = spec.sheet
    top = spec.header_rows[0]
    headings = [h for n, h in enumerate(_headings(spec)) if n != leave_out]
    for column, heading in enumerate((*headings, *more), start=1):
        for line, part in enumerate(heading.split(" / ")):
            sheet.cell(top + line, column, part)
    for number, reference in enumerate(rows):
        row = top + spec.header_height + number
        sheet.cell(row, headings.index("Шифра лица") + 1, reference)
        if reference != "Укупно":
            sheet.cell(row, headings.index("Лице / Пол") + 1, "Ж")
            sheet.cell(row, headings.index("Лице / Држављанство") + 1, "Србија")
    return book


def _person_of(book: Book, before: Book, year: int, n: int) -> None:
    old = book is before
    person = {
        "person_reference": f"P-{n}",
        "citizenship": TERRITORY,
        "sex": "F" if old else "UNK" if n <= 2 else "M",
    }
    book.add("person", {**person, "education": "E2" if old else "NAS"})
    forms = ["BEG", "LAB"] if old and n <= 5 else ["BEG"] if n <= 5 else ["LAB"]
    book.add(
        "trafficking_episode",
        {"episode_reference": f"E-{n}", "person_reference": f"P-{n}", "recruitment_territory": TERRITORY,
         "exploitation_main_territory": TERRITORY, "exploitation_form": forms},
    )  # fmt: skip
    book.add(
        "identification",
        {"identification_reference": f"I-{n}", "person_reference": f"P-{n}", "identification_date": f"{year}-0{1 + n % 9}",
         "identification_status": "CONFIRMED", "age_at_identification": 31 if old else 15,
         "minor_at_identification": "N" if old else "Y"},
    )  # fmt: skip
