"""The notes (comments) that people put on cells: read for the identity guard and for nothing else.

The parser does not hand them on, and nothing of them is stored in the warehouse; but the original is kept, so
what may not stand in a cell may not stand in a note on it either.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from xml.etree.ElementTree import iterparse

import pyarrow as pa

from clearing_point.countries.profile import Profile
from clearing_point.countries.regional import LABEL_ROWS, MACHINE_ROW, mark_of
from clearing_point.findings import Finding
from clearing_point.intake.forbidden import forbidden_of
from clearing_point.intake.guard_contents import guard_cells
from clearing_point.intake.read import SCHEMA, ReceivedFile
from clearing_point.intake.workbook_xml import column_number, sheet_parts
from clearing_point.standard.model import Standard

OWN_AUTHOR = "clearing-point"
"""Author of the notes that the template and the marked workbook carry."""
_OURS_FROM = f"[{OWN_AUTHOR}] "
"""Where our words begin in a note of hers that stood there before."""
_ABOUT_LENGTH = ("over_long_text", "sentence_in_reference", "names", "words_in_a_row")
"""Patterns that our own explanations would match."""
_OF_CELLS = ("words_in_a_row",)
"""A short remark to the reader is what notes are for."""

_COMMENT = re.compile(r"<comment\b([^>]*)>(.*?)</comment>", re.DOTALL)
_THREADED = re.compile(r"<threadedComment\b([^>]*)>(.*?)</threadedComment>", re.DOTALL)
_AUTHOR = re.compile(r"<author\b[^>]*?(?:/>|>(.*?)</author>)", re.DOTALL)
_TEXT = re.compile(r"<(?:\w+:)?t(?:ext)?\b[^>]*>([^<]*)</(?:\w+:)?t(?:ext)?>")
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_ANNOTATION = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}annotation"
_PARAGRAPH = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}p"


@dataclass(frozen=True)
class Note:
    """A note on a cell; ``ours`` if the clearing point wrote it."""

    sheet: str
    row: int
    column: int
    text: str
    ours: bool


def guard_notes(received: ReceivedFile, path: Path, profile: Profile, standard: Standard) -> list[Finding]:
    """Find content that tells who a person is in the notes of a workbook: the rules for cells, each met by one note.

    Returns
    -------
    list of Finding
        Of rule P02, with the column and the cell that the note stands on.

    Raises
    ------
    InputProblem
        If ``forbidden.yml`` cannot be read.
    """
    notes = list(notes_of(path))
    if mark_of(received.rows) is not None:
        # LibreOffice forgets who wrote a note; those on our headings are the template's own.
        notes = [replace(note, ours=note.ours or note.row <= MACHINE_ROW + LABEL_ROWS) for note in notes]
    contents = forbidden_of(standard).contents
    strict = tuple(replace(c, cells=1, share=0.0, series_excused=False) for c in contents)
    findings: list[Finding] = []
    for ours in (False, True):
        rows = _rows(note for note in notes if note.ours == ours)
        if rows.num_rows:
            left_out = _ABOUT_LENGTH if ours else _OF_CELLS
            tried = tuple(c for c in strict if c.name not in left_out)
            sheets = tuple(rows.column("sheet").unique().to_pylist())
            only_notes = replace(received, rows=rows, sheets=sheets)
            findings += guard_cells(only_notes, (), profile, standard, contents=tried)
    return list(dict.fromkeys(findings))


def notes_of(path: Path) -> Iterator[Note]:
    """Yield the notes of an ``.xlsx``, ``.xlsm`` or ``.ods`` file that was looked over before; of other files none."""
    kind = path.suffix.lower()
    if kind == ".ods":
        with zipfile.ZipFile(path) as package:
            yield from _of_open_document(package)
    elif kind in (".xlsx", ".xlsm"):
        with zipfile.ZipFile(path) as package:
            if any("omments" in name for name in package.namelist()):
                for part, sheet in sheet_parts(package).items():
                    yield from _of_sheet(package, part, sheet)


def _rows(notes: Iterable[Note]) -> pa.Table:
    """Lay notes out as rows: each line of a note at its own place, so that its cell is named.

    Above them stands a row that passes for headings, so that every note is judged as a value.
    """
    lines = [(note, line) for note in notes for line in note.text.splitlines() if line.strip()]
    widths: dict[str, int] = {}
    for note, _ in lines:
        widths[note.sheet] = max(widths.get(note.sheet, 0), note.column)
    made: list[tuple[str, int, list[str | None]]] = [
        (sheet, 0, ["x"] * width) for sheet, width in widths.items()
    ]
    made += [(note.sheet, note.row, [None] * (note.column - 1) + [line]) for note, line in lines]
    return pa.table(
        {
            "sheet": [sheet for sheet, _, _ in made],
            "source_row": [row for _, row, _ in made],
            "cells": [cells for _, _, cells in made],
            "kinds": ["t" * len(cells) for _, _, cells in made],
            "hidden": [False] * len(made),
        },
        schema=SCHEMA,
    )


def _of_sheet(package: zipfile.ZipFile, part: str, sheet: str) -> Iterator[Note]:
    folder, name = posixpath.split(part)
    relations = f"{folder}/_rels/{name}.rels"
    if relations not in package.namelist():
        return
    for relation in re.findall(r"<Relationship [^>]*>", _read(package, relations)):
        found = dict(_ATTRIBUTE.findall(relation))
        target = posixpath.normpath(posixpath.join(folder, found.get("Target", ""))).lstrip("/")
        if found.get("Target", "").startswith("/"):
            target = found["Target"].lstrip("/")
        if "omments" in target and target in package.namelist():
            text = _read(package, target)
            authors = [unescape(author) for author in _AUTHOR.findall(text)]
            for attributes, inside in (*_COMMENT.findall(text), *_THREADED.findall(text)):
                yield from _note(dict(_ATTRIBUTE.findall(attributes)), inside, authors, sheet)


def _note(attributes: dict[str, str], inside: str, authors: list[str], sheet: str) -> Iterator[Note]:
    number = attributes.get("authorId", "0")
    author = authors[int(number)] if number.isdigit() and int(number) < len(authors) else ""
    place = _CELL.fullmatch(attributes.get("ref", ""))
    if author.startswith("tc=") or place is None:
        return  # what stands beside a thread for old programs; the thread itself is read
    row, column = int(place.group(2)), column_number(place.group(1))
    yield from _parts(unescape("".join(_TEXT.findall(inside))), author, sheet, row, column)


def _parts(text: str, author: str, sheet: str, row: int, column: int) -> Iterator[Note]:
    """Part a note into what somebody wrote and what we wrote below it."""
    hers, _, ours = text.partition(_OURS_FROM)
    if author == OWN_AUTHOR:
        hers, ours = "", text
    for words, is_ours in ((hers, False), (ours, True)):
        if words.strip():
            yield Note(sheet, row, column, words, is_ours)


def _read(package: zipfile.ZipFile, part: str) -> str:
    return package.read(part).decode("utf-8", "replace")


def _of_open_document(package: zipfile.ZipFile) -> Iterator[Note]:
    sheet, row, column, rows, columns = "", 0, 0, 1, 1
    # The package was looked over for document types.
    for event, element in iterparse(package.open("content.xml"), events=("start", "end")):  # noqa: S314
        if event == "start":
            if element.tag == f"{_TABLE}table":
                sheet, row, rows = element.get(f"{_TABLE}name", ""), 0, 1
            elif element.tag == f"{_TABLE}table-row":
                row, column, columns = row + rows, 0, 1
                rows = int(element.get(f"{_TABLE}number-rows-repeated", "1"))
            elif element.tag in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                column += columns
                columns = int(element.get(f"{_TABLE}number-columns-repeated", "1"))
        elif element.tag == _ANNOTATION:
            text = "\n".join("".join(p.itertext()) for p in element.iter(_PARAGRAPH))
            yield from _parts(text, "", sheet, row, column)
        elif element.tag == f"{_TABLE}table-row":
            element.clear()
