"""What the report's files hold beside what they show: nothing, in the workbook, the PDF, their properties and alternative texts."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pypdf
import pytest
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName

from tests.attack.metadata_attacker import page_numbers, secrets_of_pdf, secrets_of_workbook

SECRET = 48_613


@pytest.fixture(scope="module")
def folder(demo):
    return demo.builds / "2022"


@pytest.fixture(scope="module")
def known(folder):
    found = page_numbers(folder / "report.html")
    assert len(found) > 100
    assert str(SECRET) not in found
    return found


def test_workbook_and_pdf_hold_nothing_that_the_page_does_not_show(folder, known):
    assert list(secrets_of_workbook((folder / "tables.xlsx").read_bytes(), known)) == []
    assert list(secrets_of_pdf((folder / "report.pdf").read_bytes(), known)) == []


def hidden_sheet(book):
    sheet = book.create_sheet("counts")
    sheet["A1"], sheet.sheet_state = SECRET, "veryHidden"


def note(book):
    book.worksheets[1]["A1"].comment = Comment(f"{SECRET} before", "office")


def name(book):
    book.defined_names["true_count"] = DefinedName("true_count", attr_text=str(SECRET))


def formula(book):
    book.worksheets[1]["Z99"] = f"={SECRET}-1"


def own_format(book):
    book.worksheets[1]["Z99"], book.worksheets[1]["Z99"].number_format = SECRET, ";;;"


def column(book):
    book.worksheets[1].column_dimensions["Z"].hidden = True


def title(book):
    book.properties.description = f"with {SECRET} persons"


@pytest.mark.parametrize(
    ("trick", "place"),
    [(hidden_sheet, "hidden sheet"), (note, "comment at"), (name, "defined name"), (formula, "formula"),
     (own_format, "format that hides"), (column, "hidden row or column"), (title, "property docProps/core.xml")],
)  # fmt: skip
def test_the_attacker_finds_a_count_put_into_the_workbook(known, trick, place):
    """Positive control: each place is used once, and found."""
    book = openpyxl.Workbook()
    book.create_sheet("Table 1")["A1"] = "c"
    clean, dirty = io.BytesIO(), io.BytesIO()
    book.save(clean)
    trick(book)
    book.save(dirty)
    found = set(secrets_of_workbook(dirty.getvalue(), known)) - set(
        secrets_of_workbook(clean.getvalue(), known)
    )
    assert any(place in one for one in found), found


def test_the_attacker_finds_a_text_that_no_cell_shows(folder, known):
    content, left = (folder / "tables.xlsx").read_bytes(), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(left, "w") as new:
        for part in old.namelist():
            text = old.read(part)
            if part == "xl/sharedStrings.xml":
                text = text.replace(b"</sst>", f"<si><t>{SECRET}</t></si></sst>".encode())
            new.writestr(part, text)
    assert any("no cell shows" in one for one in secrets_of_workbook(left.getvalue(), known))


def test_the_attacker_finds_a_count_put_into_a_pdf(known):
    def pdf(change=lambda _: None):
        writer, target = pypdf.PdfWriter(), io.BytesIO()
        writer.add_blank_page(100, 100)
        change(writer)
        writer.write(target)
        return target.getvalue()

    def alternative(writer):
        writer.root_object[pypdf.generic.NameObject("/Alt")] = pypdf.generic.TextStringObject(
            f"{SECRET} girls"
        )

    def packet(writer):
        writer.xmp_metadata = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><a>{SECRET}</a></x:xmpmeta>".encode()

    assert list(secrets_of_pdf(pdf(), known)) == []
    for change, place in (
        (lambda w: w.add_metadata({"/Keywords": f"n={SECRET}"}), "/Keywords"),
        (lambda w: w.add_attachment("counts.csv", b"1"), "attachment"),
        (alternative, "/Alt"),
        (packet, "XMP"),
    ):
        assert any(one.startswith(place) for one in secrets_of_pdf(pdf(change), known)), place
    assert list(secrets_of_pdf(pdf() + pdf(), known))
