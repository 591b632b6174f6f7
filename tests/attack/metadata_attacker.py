"""Somebody who looks where a reader does not: properties, hidden sheets and cells, leftovers, what screen readers are told.

Whatever number she finds must stand on the page too, of which another test shows that it follows from the public files.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pypdf

_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|xl/_rels/workbook\.xml\.rels|xl/(workbook|sharedStrings|styles)\.xml|"
    r"xl/theme/theme1\.xml|xl/worksheets/sheet\d+\.xml|docProps/(core|app)\.xml|"
    r"xl/tables/table\d+\.xml|xl/worksheets/_rels/sheet\d+\.xml\.rels"
)
_SPOKEN = ("/Alt", "/ActualText", "/E", "/TU", "/T", "/V", "/NM", "/Contents", "/Desc", "/Title", "/Author", "/Subject",
           "/Keywords")  # fmt: skip


def numbers_in(text: str) -> set[str]:
    """Return the whole numbers of a text; thousands may be set apart."""
    joined = re.sub(r"(?<=\d)[\u00a0\u202f\u2009 ,.](?=\d{3}\b)", "", text)
    return set(re.findall(r"\d+", joined)) | set(re.findall(r"\d+", text))


def secrets_of_workbook(content: bytes, known: set[str]) -> Iterator[str]:
    """Yield what a workbook holds beside what it shows: kinds of places, with a number where one is unknown."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        texts = {name: package.read(name).decode("utf-8", "replace") for name in package.namelist()}
    yield from (f"part {name}" for name in texts if not _PARTS.fullmatch(name))
    for name, text in texts.items():
        if "<!--" in text:
            yield f"XML comment in {name}"
        if name.startswith("xl/tables/"):
            # Its number, its place on the sheet, and its headings, which the sheet shows.
            said = " ".join(re.findall(r'<tableColumn [^>]*name="([^"]*)"', text))
            yield from (f"table {name}: {n}" for n in sorted(numbers_in(said) - known))
            if re.search(r"<(?!/?(table|tableColumns|tableColumn|tableStyleInfo|autoFilter)\b|\?xml)", text):
                yield f"more than a table in {name}"
        if name.endswith(".xml.rels") and re.search(
            r'TargetMode="External"|Type="[^"]*/(?!table")[A-Za-z]+"', text
        ):
            yield from (f"relation in {name}" for _ in [0] if name.startswith("xl/worksheets/"))
        if name.startswith("docProps/"):
            # Names and number of the sheets, the version of the format, the day of the data.
            own = r"<TitlesOfParts>.*?</TitlesOfParts>|<vt:i4>\d+</vt:i4>|<AppVersion>.*?</AppVersion>"
            said = " ".join(re.findall(r">([^<]+)<", re.sub(own, "", text, flags=re.DOTALL)))
            said = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", "", said)
            yield from (f"property {name}: {n}" for n in sorted(numbers_in(said) - known))
    used = {int(n) for t in texts.values() for n in re.findall(r't="s"[^>]*><v>(\d+)</v>', t)}
    kept = len(re.findall(r"<si>", texts.get("xl/sharedStrings.xml", "")))
    yield from (f"text {n} that no cell shows" for n in sorted(set(range(kept)) - used))
    book = openpyxl.load_workbook(io.BytesIO(content))
    yield from (f"defined name {name}" for name in book.defined_names)
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            yield f"hidden sheet {sheet.title}"
        yield from (f"defined name {n}" for n in sheet.defined_names if not n.startswith("_xlnm.Print"))
        places = (*sheet.row_dimensions.values(), *sheet.column_dimensions.values())
        yield from (f"hidden row or column of {sheet.title}" for place in places if place.hidden)
        if len(sheet.conditional_formatting) or sheet.data_validations.dataValidation:
            yield f"condition in {sheet.title}"
        for row in sheet.iter_rows():
            for cell in row:
                if cell.comment is not None:
                    yield f"comment at {sheet.title} {cell.coordinate}"
                if cell.data_type == "f":
                    yield f"formula with a kept value at {sheet.title} {cell.coordinate}"
                if isinstance(cell.value, int) and str(cell.value) not in known:
                    yield f"number at {sheet.title} {cell.coordinate}"
                if cell.number_format.count(";") >= 2 and cell.value is not None:
                    yield f"format that hides a number at {sheet.title} {cell.coordinate}"


def secrets_of_pdf(content: bytes, known: set[str]) -> Iterator[str]:
    """Yield what a PDF holds beside its pages."""
    if content.count(b"%%EOF") != 1:
        yield "an earlier state of the file"
    reader = pypdf.PdfReader(io.BytesIO(content))
    yield from (f"attachment {name}" for name in reader.attachments)
    if reader.get_fields():
        yield "form field"
    root: Any = reader.trailer["/Root"]
    if "/Metadata" in root:
        packet = root["/Metadata"].get_object().get_data().decode("utf-8", "replace")
        said = " ".join(re.findall(r">([^<]+)<", re.sub(r"<xmpTPg:NPages>\d+<", "<", packet)))
        said = re.sub(r"\d{4}-\d\d-\d\d(T[\d:+-]+Z?)?|Typst [\d.]+|\b[A-Za-z0-9+/]{20,}={0,2}", "", said)
        yield from (f"XMP: {n}" for n in sorted(numbers_in(said) - known - {"1", "2"}))
    for number in range(1, len(reader.xref[0]) + len(reader.xref_objStm) + 1):
        try:
            found = reader.get_object(pypdf.generic.IndirectObject(number, 0, reader))
        except (pypdf.errors.PdfReadError, KeyError):
            continue
        if not isinstance(found, pypdf.generic.DictionaryObject):
            continue
        if found.get("/Type") == "/Annot" and found.get("/Subtype") != "/Link":
            yield f"note {found.get('/Subtype')}"
        for key in _SPOKEN:
            if isinstance(found.get(key), str) and not str(found[key]).startswith("/"):
                unknown = numbers_in(str(found[key])) - known
                yield from (f"{key}: {n}" for n in sorted(unknown))


def page_numbers(page: Path) -> set[str]:
    """Return every number that stands on a page, in its words and its pictures."""
    return numbers_in(
        re.sub(r"<style.*?</style>|<[^>]*>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    )
