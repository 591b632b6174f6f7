"""Marks in a workbook that somebody else made: only the parts that must change are changed, as text.

A workbook is a zip of XML parts. Rewriting it through a library loses what the library does not know
(data bars, sparklines, extensions); here the style number of a marked cell is changed where it stands,
a note is added, and every other byte of every part stays (``experience.md`` 3.3).
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT = {
    MAIN: "http://purl.oclc.org/ooxml/spreadsheetml/main",
    OFFICE: "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
"""The same names in the strict form of the format: a workbook of two forms is damaged for some programs."""
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_BEFORE_LEGACY = re.compile(
    r"<(?:\w+:)?(?:legacyDrawingHF|drawingHF|picture|oleObjects|controls|webPublishItems|tableParts|extLst|AlternateContent)\b"
)
_ROW = re.compile(r"<row\b([^>]*?)(?:/>|>(.*?)</row>)", re.DOTALL)
_CELL = re.compile(r"<c\b([^>]*?)(?:/>|>.*?</c>)", re.DOTALL)
_REFERENCE = re.compile(r'\br="([A-Z]+)(\d+)"')
_NUMBER = re.compile(r'\br="(\d+)"')
_STYLE = re.compile(r'\bs="(\d+)"')


class CannotPatch(Exception):
    """The package is of a kind that cannot be changed without risk; the text says why, without values."""


@dataclass(frozen=True)
class Mark:
    """A cell to colour and to explain."""

    level: str
    note: str


Marks = Mapping[int, Mapping[str, Mark]]
"""Row -> column letters -> mark, of one sheet."""


@dataclass
class Package:
    """The parts of a workbook in memory, and those that were changed or added."""

    path: Path
    changed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with zipfile.ZipFile(self.path) as package:
            self.names = package.namelist()
        for wanted in (
            "[Content_Types].xml",
            "xl/workbook.xml",
            "xl/_rels/workbook.xml.rels",
            "xl/styles.xml",
        ):
            if wanted not in self.names:
                raise CannotPatch(f"it has no part {wanted}")

    def text(self, name: str) -> str:
        """Return a part as it stands now."""
        if name in self.changed:
            return self.changed[name]
        with zipfile.ZipFile(self.path) as package:
            content = package.read(name)
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise CannotPatch(f"the part {name} is not UTF-8")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CannotPatch(f"the part {name} is not UTF-8") from error

    def has(self, name: str) -> bool:
        """Whether a part is there, from the beginning or added."""
        return name in self.names or name in self.changed

    def free_name(self, pattern: str) -> str:
        """Return the first name of a pattern such as ``xl/comments{}.xml`` that is not taken."""
        return next(n for i in range(1, 100_000) if not self.has(n := pattern.format(i)))

    def write(self, target: Path) -> None:
        """Write the package: parts that were not touched are copied as they are, in their order."""
        self._in_its_form()
        with zipfile.ZipFile(self.path) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
            for info in source.infolist():
                content = (
                    self.changed[info.filename].encode()
                    if info.filename in self.changed
                    else source.read(info)
                )
                out.writestr(info, content, compress_type=info.compress_type)
            for name in sorted(set(self.changed) - set(self.names)):
                fresh = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                out.writestr(fresh, self.changed[name].encode(), compress_type=zipfile.ZIP_DEFLATED)

    def _in_its_form(self) -> None:
        """Let what was changed or added name things as the workbook does."""
        if _STRICT[MAIN] not in self.text("xl/workbook.xml"):
            return
        for ordinary, strict in _STRICT.items():
            self.changed = {name: text.replace(ordinary, strict) for name, text in self.changed.items()}

    # --- relationships and content types -----------------------------------------------------------------

    def relationships(self, part: str) -> Iterator[tuple[str, str, str]]:
        """Yield (id, last word of the type, part it leads to) of a part's relationships inside the package."""
        name = relationships_of(part)
        if not self.has(name):
            return
        for found in re.finditer(r"<Relationship\b([^>]*)>", self.text(name)):
            attributes = dict(re.findall(r'(\w+)="([^"]*)"', found.group(1)))
            if attributes.get("TargetMode") == "External":
                continue
            target = attributes["Target"]
            full = (
                target.lstrip("/")
                if target.startswith("/")
                else posixpath.normpath(posixpath.join(posixpath.dirname(part), target))
            )
            yield attributes["Id"], attributes["Type"].rsplit("/", 1)[1], full

    def relate(self, part: str, kind: str, target: str) -> str:
        """Add a relationship of a part to another one; return its id."""
        name = relationships_of(part)
        text = (
            self.text(name)
            if self.has(name)
            else '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>'
        )
        taken = set(re.findall(r'\bId="([^"]*)"', text))
        identity = next(i for n in range(1, 100_000) if (i := f"rIdCp{n}") not in taken)
        line = f'<Relationship Id="{identity}" Type="{OFFICE}/{kind}" Target="/{target}"/>'
        text = re.sub(r"<Relationships([^>]*?)/>", r"<Relationships\1></Relationships>", text)
        self.changed[name] = put_before(text, "</Relationships>", line)
        return identity

    def declare(self, line: str, known_by: str) -> None:
        """Add a line to the content types unless ``known_by`` already stands there."""
        text = self.text("[Content_Types].xml")
        if known_by not in text:
            if line.startswith("<Default"):  # they stand before the overrides
                position = text.find("<Default") if "<Default" in text else text.find("<Override")
                text = text[:position] + line + text[position:]
            else:
                text = put_before(text, "</Types>", line)
            self.changed["[Content_Types].xml"] = text

    # --- sheets ------------------------------------------------------------------------------------------

    def sheets(self) -> dict[str, str]:
        """Return sheet name -> its part, in the order of the workbook."""
        parts = {identity: part for identity, _, part in self.relationships("xl/workbook.xml")}
        found: dict[str, str] = {}
        for match in re.finditer(r"<sheet\b([^>]*?)/>", self.text("xl/workbook.xml")):
            attributes = dict(re.findall(r'([\w:]+)="([^"]*)"', match.group(1)))
            identity = next((v for k, v in attributes.items() if k.endswith(":id")), "")
            if identity in parts and "name" in attributes:
                found[_plain(attributes["name"])] = parts[identity]
        if not found:
            raise CannotPatch("its list of sheets is written in an unusual way")
        return found

    def add_sheet(self, name: str, content: str) -> str:
        """Add a sheet behind the others, under a name that is still free; return its part."""
        taken = {n.casefold() for n in self.sheets()}
        chosen = next(
            c for n in range(1, 1000) if (c := name if n == 1 else f"{name[:27]} {n}").casefold() not in taken
        )
        part = self.free_name("xl/worksheets/clearing_point{}.xml")
        self.changed[part] = content
        self.declare(f'<Override PartName="/{part}" ContentType="{_SHEET_TYPE}"/>', f'"/{part}"')
        identity = self.relate("xl/workbook.xml", "worksheet", part)
        text = self.text("xl/workbook.xml")
        number = 1 + max(map(int, re.findall(r'\bsheetId="(\d+)"', text)), default=0)
        line = f'<sheet xmlns:cp="{OFFICE}" name={quoteattr(chosen)} sheetId="{number}" cp:id="{identity}"/>'
        self.changed["xl/workbook.xml"] = put_before(text, "</sheets>", line)
        return part

    def open_first(self, part: str) -> None:
        """Make a sheet the one that stands open when the workbook is; no other sheet stays chosen beside it.

        Two chosen sheets would be edited together. Where the workbook says nothing of its windows, nothing is changed.
        """
        parts = list(self.sheets().values())
        text = self.text("xl/workbook.xml")
        view = re.search(r"<workbookView\b[^>]*?(?=/?>)", text)
        if view is None or part not in parts:
            return
        bare = re.sub(r'\s(?:activeTab|firstSheet)="[^"]*"', "", view.group())
        number = parts.index(part)
        self.changed["xl/workbook.xml"] = (
            f'{text[: view.start()]}{bare} activeTab="{number}"{text[view.end() :]}'
        )
        for other in parts:
            content = self.text(other)
            end = content.find("<sheetData")
            head = content[:end] if end > 0 else ""
            bare_head = re.sub(r'\stabSelected="[^"]*"', "", head)
            if other == part:
                bare_head = bare_head.replace("<sheetView ", '<sheetView tabSelected="1" ', 1)
            if bare_head != head:
                self.changed[other] = bare_head + content[end:]


def relationships_of(part: str) -> str:
    """Return the name of the part that holds another part's relationships."""
    folder, name = posixpath.split(part)
    return f"{folder}/_rels/{name}.rels"


def put_before(text: str, sign: str, line: str) -> str:
    """Insert a line before the last occurrence of a sign.

    Raises
    ------
    CannotPatch
        If the sign is not there: the part is written in an unusual way.
    """
    position = text.rfind(sign)
    if position < 0:
        raise CannotPatch("a part is written in an unusual way")
    return text[:position] + line + text[position:]


def _plain(text: str) -> str:
    for entity, letter in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(entity, letter)
    return text


def column_number(letters: str) -> int:
    """Return the number of a column; A is 1."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def mark_cells(text: str, marks: Marks, styled: Callable[[int, str], int]) -> str:
    """Return a sheet's XML with the style of marked cells changed and missing cells added in their order.

    Parameters
    ----------
    styled : callable
        (style number of the cell, level) -> style number of the marked cell.

    Raises
    ------
    CannotPatch
        If the sheet's elements carry a prefix or rows do not stand in order.
    """
    if "<sheetData" not in text or "<worksheet" not in text:
        raise CannotPatch("a sheet is written in an unusual way")
    columns = _column_styles(text)
    made: list[str] = []
    position, last = 0, 0
    waiting = sorted(marks)
    for found in _ROW.finditer(text):
        written = _NUMBER.search(found.group(1))
        number = int(written.group(1)) if written else last + 1
        if number <= last:
            raise CannotPatch("the rows of a sheet do not stand in order")
        last = number
        while waiting and waiting[0] < number:
            made += [text[position : found.start()], _new_row(waiting.pop(0), marks, columns, styled)]
            position = found.start()
        if waiting and waiting[0] == number:
            waiting.pop(0)
            made += [
                text[position : found.start()],
                _marked_row(found, number, marks[number], columns, styled),
            ]
            position = found.end()
    if waiting:
        end = text.find("</sheetData>", position)
        if end < 0:
            raise CannotPatch("a sheet is written in an unusual way")
        made += [text[position:end], *(_new_row(n, marks, columns, styled) for n in waiting)]
        position = end
    return "".join([*made, text[position:]])


def _column_styles(text: str) -> list[tuple[int, int, int]]:
    head = text[: text.find("<sheetData")]
    found = []
    for match in re.finditer(r"<col\b([^>]*)>", head):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', match.group(1)))
        if "style" in attributes:
            found.append((int(attributes["min"]), int(attributes["max"]), int(attributes["style"])))
    return found


def _new_row(
    number: int, marks: Marks, columns: list[tuple[int, int, int]], styled: Callable[[int, str], int]
) -> str:
    ordered = sorted(marks[number].items(), key=lambda item: column_number(item[0]))
    cells = "".join(
        _new_cell(letters, number, mark, _style_of_column(letters, columns), styled)
        for letters, mark in ordered
    )
    return f'<row r="{number}">{cells}</row>'


def _new_cell(letters: str, number: int, mark: Mark, style: int, styled: Callable[[int, str], int]) -> str:
    return f'<c r="{letters}{number}" s="{styled(style, mark.level)}"/>'


def _style_of_column(letters: str, columns: list[tuple[int, int, int]]) -> int:
    number = column_number(letters)
    return next((style for low, high, style in columns if low <= number <= high), 0)


def _marked_row(
    found: re.Match[str],
    number: int,
    marks: Mapping[str, Mark],
    columns: list[tuple[int, int, int]],
    styled: Callable[[int, str], int],
) -> str:
    attributes, inside = found.group(1), found.group(2) or ""
    own = _STYLE.search(attributes) if "customFormat=" in attributes else None
    pending = sorted(marks, key=column_number)
    made: list[str] = []
    position, last = 0, 0

    def fresh(letters: str) -> str:
        style = int(own.group(1)) if own else _style_of_column(letters, columns)
        return _new_cell(letters, number, marks[letters], style, styled)

    for cell in _CELL.finditer(inside):
        reference = _REFERENCE.search(cell.group(1))
        column = column_number(reference.group(1)) if reference else last + 1
        last = column
        while pending and column_number(pending[0]) < column:
            made += [inside[position : cell.start()], fresh(pending.pop(0))]
            position = cell.start()
        if pending and column_number(pending[0]) == column:
            letters = pending.pop(0)
            made += [inside[position : cell.start()], _restyled(cell, marks[letters].level, styled)]
            position = cell.end()
    made += [inside[position:], *(fresh(letters) for letters in pending)]
    return f"<row{attributes.rstrip()}>{''.join(made)}</row>"


def _restyled(cell: re.Match[str], level: str, styled: Callable[[int, str], int]) -> str:
    attributes = cell.group(1)
    written = _STYLE.search(attributes)
    style = styled(int(written.group(1)) if written else 0, level)
    new = (
        attributes[: written.start()] + f's="{style}"' + attributes[written.end() :]
        if written
        else f'{attributes.rstrip()} s="{style}"'
    )
    whole = cell.group(0)
    return whole[:2] + new + whole[2 + len(attributes) :]


def add_legacy_drawing(text: str, identity: str) -> str:
    """Return a sheet's XML with the link to its notes' shapes, in the order that the format asks for."""
    start = text.find("</sheetData>")
    start = text.find("<sheetData/>") if start < 0 else start
    tail = text[start:]
    place = _BEFORE_LEGACY.search(tail)
    position = start + (place.start() if place else tail.rfind("</worksheet>"))
    line = f'<legacyDrawing xmlns:cp="{OFFICE}" cp:id="{identity}"/>'
    return text[:position] + line + text[position:]


def text_run(text: str) -> str:
    """Return a run of rich text."""
    return f'<r><t xml:space="preserve">{escape(text)}</t></r>'
