"""The parts of a package beside its cells (rule P13): what no data file needs is refused as such, the rest is read.

Nothing of these parts is ever kept. They are looked at so that a sender is told what her file carries along:
copies of data in pivot tables, pictures, names in a page header, texts that were deleted from cells and still
stand in the file.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pyarrow as pa

from clearing_point.countries.profile import Profile
from clearing_point.findings import BLOCK, PART_OF_PACKAGE, Finding
from clearing_point.intake.forbidden import forbidden_of
from clearing_point.intake.guard_contents import PRIVACY, guard_cells
from clearing_point.intake.read import SCHEMA, ReceivedFile
from clearing_point.standard.model import Standard

OTHER = "other"
_AS_SUCH = (
    (re.compile(r"(xl/)?pivot(Cache|Tables)/", re.I), "pivot_table"),
    (re.compile(r"xl/(externalLinks/|connections\.xml|queryTables/)", re.I), "link"),
    (re.compile(r"xl/(charts|chartsheets)/", re.I), "chart"),
    (re.compile(r"(xl/(media|embeddings|diagrams)/|Pictures/.)", re.I), "picture"),
    (re.compile(r"Object [0-9]+/content\.xml", re.I), "chart"),
)
_IN_DRAWINGS = (
    (r"<(\w+:)?pic\b", "picture"),
    (r"<(\w+:)?graphicFrame\b", "chart"),
    (r"<(\w+:)?(sp|cxnSp|txBody)\b", "text_box"),
)
_IN_CONTENT = (
    (r"<table:data-pilot-table\b", "pivot_table"),
    (r"<draw:(text-box|custom-shape|rect|ellipse)\b", "text_box"),
    (r"<draw:image\b", "picture"),
    (r"<draw:object\b", "chart"),
)
"""Of an OpenDocument sheet; a note is a drawing too, but of its own kind."""
_TEXTS = (
    ("header", ("Header", "Footer"), r"<(?:\w+:)?(?:odd|even|first)(?:Header|Footer)\b[^>]*>([^<]*)<"),
    ("header", ("<style:",), r"(?s)<style:(?:header|footer)[\w-]*>(.*?)</style:(?:header|footer)"),
    ("validation", ("prompt", "error"), r'\b(?:prompt|promptTitle|error|errorTitle)="([^"]*)"'),
    ("validation", ("formula",), r"<(?:\w+:)?formula[12]\b[^>]*>([^<]*)<"),
    (
        "validation", ("-message",),
        r"(?s)<table:(?:help|error)-message\b[^>]*>(.*?)</table:(?:help|error)-message",
    ),
    ("validation", ("table:condition=",), r'\btable:condition="([^"]*)"'),
    ("link", ("hyperlink",), r'<(?:\w+:)?hyperlink\b[^>]*?\b(?:tooltip|display|location)="([^"]*)"'),
    (
        "link", ("TargetMode=",),
        r'\bTarget="([^"]*)"[^>]*TargetMode="External"|TargetMode="External"[^>]*\bTarget="([^"]*)"',
    ),
    ("link", ("xlink:href=",), r'\bxlink:href="([a-z]+:[^"]*)"'),
    ("defined_name", ("definedName",), r'<(?:\w+:)?definedName\b[^>]*?\bname="([^"]*)"'),
    ("defined_name", ("definedName",), r'<(?:\w+:)?definedName\b[^>]*?\bcomment="([^"]*)"'),
    ("defined_name", ("definedName",), r"<(?:\w+:)?definedName\b[^>]*>([^<]*)<"),
    ("defined_name", ("<table:named-",), r'<table:named-(?:range|expression)\b[^>]*?table:name="([^"]*)"'),
    ("number_format", ("formatCode=",), r'\bformatCode="([^"]*)"'),
    ("number_format", ("<number:text>",), r"<number:text>([^<]*)<"),
    ("number_format", ("cfRule",), r'<(?:\w+:)?cfRule\b[^>]*?\btext="([^"]*)"'),
    ("sheet_name", ("sheet",), r'<(?:\w+:)?sheet\b[^>]*?\bname="([^"]*)"'),
    ("sheet_name", ("<table:table",), r'<table:table\b[^>]*?\btable:name="([^"]*)"'),
)  # fmt: skip
"""Kind of part, texts of which one stands wherever the pattern is found (which are found far sooner), the pattern."""
_TIME = re.compile(r"\s*\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})?\s*")
"""When a file was made, which every program writes."""
_PROPERTIES = re.compile(r"docProps/|meta\.xml|custom(Xml|XML)/|docMetadata/")
_ANY_TEXT = re.compile(r">([^<>]*[^\s<>][^<>]*)<")
_STRING = re.compile(r"<(?:\w+:)?si\b[^>]*>(.*?)</(?:\w+:)?si>", re.S)
_TAG = re.compile(r"<[^>]*>")
_CELLS_OF_THEIR_OWN = re.compile(r"<(?:\w+:)?t\b[^>]*>([^<]*)<")
_SKIPPED = (".bin", ".png", ".jpg", ".jpeg", ".gif", ".emf", ".wmf", ".vml")
_UNSAID = ("names", "over_long_text", "sentence_in_reference", "words_in_a_row")
"""Patterns that instructions, titles and the names of programs would match."""
_MOST = 50_000_000


def guard_parts(received: ReceivedFile, path: Path, profile: Profile, standard: Standard) -> list[Finding]:
    """Find parts of a workbook that can hold or name persons.

    Returns
    -------
    list of Finding
        Of rule P13, the kind of part as field; a text of a sheet or file name is never in it.

    Raises
    ------
    InputProblem
        If ``forbidden.yml`` cannot be read.
    """
    texts = [("file_name", path.stem.replace("_", " "))]
    kinds: list[str] = []
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as package:
            kinds += _as_such(package)
            texts += _texts(package, received)
    kinds += _named(texts, received, profile, standard)
    return [Finding(PART_OF_PACKAGE, BLOCK, PRIVACY, None, kind) for kind in dict.fromkeys(kinds)]


def _as_such(package: zipfile.ZipFile) -> Iterator[str]:
    for part in package.infolist():
        if part.is_dir():
            continue
        yield from (kind for pattern, kind in _AS_SUCH if pattern.match(part.filename))
        if re.match(r"xl/drawings/[^/]+\.xml$", part.filename, re.I):
            text = _read(package, part)
            yield from (kind for pattern, kind in _IN_DRAWINGS if re.search(pattern, text))
        elif part.filename == "content.xml":
            text = re.sub(
                r"<office:annotation\b.*?</office:annotation>", "", _read(package, part), flags=re.S
            )
            yield from (kind for pattern, kind in _IN_CONTENT if re.search(pattern, text))


def _texts(package: zipfile.ZipFile, received: ReceivedFile) -> Iterator[tuple[str, str]]:
    """Yield the texts of all parts but cells and notes, each with the kind of its part."""
    for part in package.infolist():
        name = part.filename
        if part.is_dir() or name.lower().endswith(_SKIPPED) or "omments" in name:
            continue
        if name.lower().endswith("sharedstrings.xml"):
            yield from _left_over(_read(package, part), received)
            continue
        text = _read(package, part)
        for kind, marks, pattern in _TEXTS:
            for found in re.findall(pattern, text) if any(mark in text for mark in marks) else ():
                said = found if isinstance(found, str) else "".join(found)
                yield kind, unescape(_TAG.sub(" ", said))
        if _PROPERTIES.match(name):
            yield from (("properties", unescape(said)) for said in _ANY_TEXT.findall(text))
            yield from (
                ("properties", unescape(said))
                for said in re.findall(r'="([^"]{4,})"', text)
                if "://" not in said
            )


def _left_over(text: str, received: ReceivedFile) -> Iterator[tuple[str, str]]:
    """Yield the strings of a workbook that no cell holds any more."""
    there = {
        cell
        for chunk in received.rows["cells"].chunks
        for cell in chunk.flatten().drop_null().unique().to_pylist()
    }
    for inside in _STRING.findall(text):
        said = unescape("".join(_CELLS_OF_THEIR_OWN.findall(inside)))
        if said.strip() and said not in there:
            yield "left_over", said


def _read(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> str:
    with package.open(part) as handle:
        return handle.read(_MOST).decode("utf-8", "replace")


def _named(
    texts: Iterable[tuple[str, str]], received: ReceivedFile, profile: Profile, standard: Standard
) -> Iterator[str]:
    """Yield the kinds of part in whose texts the guard recognises something: one match is enough."""
    by_kind: dict[str, set[str]] = {}
    for kind, text in texts:
        if text.strip() and not _TIME.fullmatch(text):
            by_kind.setdefault(kind, set()).add(text)
    contents = tuple(
        replace(content, cells=1, share=0.0, series_excused=False)
        for content in forbidden_of(standard).contents
        if content.name not in _UNSAID
    )
    sheets = list(by_kind)
    rows = [(sheet, 0, ["x"]) for sheet in sheets]
    rows += [(sheet, n, [text]) for sheet in sheets for n, text in enumerate(sorted(by_kind[sheet]), start=1)]
    table = pa.table(
        {
            "sheet": [sheet for sheet, _, _ in rows],
            "source_row": [number for _, number, _ in rows],
            "cells": [cells for _, _, cells in rows],
            "kinds": ["t"] * len(rows),
            "hidden": [False] * len(rows),
        },
        schema=SCHEMA,
    )
    only_parts = replace(received, rows=table, sheets=tuple(sheets))
    for finding in guard_cells(only_parts, (), profile, standard, contents=contents):
        yield finding.sheet or OTHER
