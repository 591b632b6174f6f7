"""Hostile files through ``check`` and ``load``: ``python -m tests.faults.hostile``.

Each must end in one sentence, exit code 1, within its time, with nothing stored and nothing planted said.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tests.faults.place import (
    LOAD,
    PLANTED,
    content,
    leaks,
    loose,
    preload,
    run,
    small_project,
    write_submission,
)

SECONDS = 60.0
"""No hostile file may hold a command longer, on a machine that does other things too."""
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    "</Types>"
)
_ROOT = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship '
    'Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>'
)
_BOOK = (
    '<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="person" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_BOOK_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship '
    'Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="{sheet}"/>'
    "{more}</Relationships>"
)
_STRINGS = (
    '<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" '
    'Target="sharedStrings.xml"/>'
)
_SHEET = (
    '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{dimension}'
    "<sheetData>{rows}</sheetData></worksheet>"
)
_OPEN_DOCUMENT = (
    '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    '<office:body><office:spreadsheet><table:table table:name="person">{rows}</table:table></office:spreadsheet>'
    "</office:body></office:document-content>"
)
_CELL = '<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>'


def package(path: Path, parts: dict[str, str | bytes]) -> Path:
    """Write a package of named parts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


def workbook(
    path: Path, rows: str, *, dimension: str = "", sheet: str = "worksheets/sheet1.xml",
    strings: str | None = None, more: dict[str, str | bytes] | None = None, head: str = "",
) -> Path:  # fmt: skip
    """Write a workbook of one sheet from raw XML."""
    text = _SHEET.format(rows=rows, dimension=dimension)
    if head:
        text = text.replace('<?xml version="1.0"?>', '<?xml version="1.0"?>' + head)
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _ROOT,
        "xl/workbook.xml": _BOOK,
        "xl/_rels/workbook.xml.rels": _BOOK_RELATIONS.format(sheet=sheet, more=_STRINGS if strings else ""),
        f"xl/{sheet}": text,
        **(more or {}),
    }
    if strings is not None:
        parts["xl/sharedStrings.xml"] = strings
    return package(path, parts)


def _row(number: int | str, text: str = "x", column: str = "A", quote: str = '"') -> str:
    cell = (
        _CELL.format(at=f"{column}{number}", text=text)
        .replace('r="', f"r={quote}")
        .replace(f'{number}"', f"{number}{quote}")
    )
    return f"<row r={quote}{number}{quote}>{cell}</row>"


def files(folder: Path) -> Iterator[tuple[str, Path]]:  # noqa: PLR0915 - a list
    """Yield what each file tries, and the file."""
    good = write_submission(folder / "good.xlsx", 3)
    with zipfile.ZipFile(good) as source:
        parts: dict[str, str | bytes] = {i.filename: source.read(i) for i in source.infolist()}

    def changed(name: str, **more: str | bytes) -> Path:
        return package(folder / name, {**parts, **more})

    bomb = b"<x/>" + b" " * (40 * 1024 * 1024)
    yield "zip bomb in a part of no use", changed("bomb_part.xlsx", **{"xl/media/a.xml": bomb})
    yield "zip bomb as sheet", workbook(folder / "bomb_sheet.xlsx", " " * (300 * 1024 * 1024))
    many = {f"xl/a{n}.xml": b" " * 1_000_000 for n in range(1100)}
    yield "many parts, each below the ratio", changed("many_large.xlsx", **many)
    yield "too many parts", changed("many_parts.xlsx", **{f"xl/p{n}.xml": b"" for n in range(2500)})
    strings = (
        '<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="1" '
        f'uniqueCount="1"><si><t>{"y" * 4000}</t></si></sst>'
    )
    cells = "".join(
        f'<row r="{n}">' + "".join(f'<c r="{c}{n}" t="s"><v>0</v></c>' for c in "ABCDEFGHIJ") + "</row>"
        for n in range(1, 20_001)
    )
    yield "one long text named by 200,000 cells", workbook(folder / "amplified.xlsx", cells, strings=strings)
    entities = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    yield "entity expansion", workbook(folder / "entities.xlsx", _row(1, "&i;"), head=entities + "]>")
    yield (
        "entity expansion after a long comment",
        workbook(
            folder / "late_entities.xlsx", _row(1, "&i;"), head=f"<!--{' ' * 5000}-->" + entities + "]>"
        ),
    )
    yield (
        "external entity",
        workbook(
            folder / "external.xlsx",
            _row(1, "&e;"),
            head='<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        ),
    )
    ods_head = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    ods = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}
    yield (
        "external entity, OpenDocument",
        package(
            folder / "external.ods",
            ods | {"content.xml": _OPEN_DOCUMENT.replace("?><o", f"?>{ods_head}<o", 1).format(rows="")},
        ),
    )
    yield "billions of cells by repetition, OpenDocument", package(
        folder / "repeated.ods",
        ods | {"content.xml": _OPEN_DOCUMENT.format(
            rows='<table:table-row table:number-rows-repeated="1048576"><table:table-cell '
            'table:number-columns-repeated="16384" office:value-type="string"><text:p>x</text:p></table:table-cell>'
            "</table:table-row>"
        )},
    )  # fmt: skip
    yield "a lone far cell", workbook(folder / "far.xlsx", _row(1048576, column="XFD"))
    yield (
        "a lone far cell, other quotes",
        workbook(folder / "far_quotes.xlsx", "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>"),
    )
    yield (
        "a lone far cell, spaces and a line end",
        workbook(folder / "far_spaces.xlsx", '<row\nr = "1048576"><c\tr\n=\n"XFD1048576"><v>1</v></c></row>'),
    )
    yield (
        "a lone far cell, characters written as numbers",
        workbook(
            folder / "far_characters.xlsx",
            '<row r="1&#48;48576"><c r="&#88;FD1&#48;48576"><v>1</v></c></row>',
        ),
    )
    yield (
        "a lone far cell behind a near wide one",
        workbook(folder / "far_second.xlsx", _row(1, column="AAB") + _row(2, column="XFD")),
    )
    yield (
        "a far cell in a row without number",
        workbook(folder / "far_no_row.xlsx", '<row><c r="XFD1048576"><v>1</v></c></row>' + "<row/>" * 2000),
    )
    yield (
        "a far cell in a sheet of another folder",
        workbook(folder / "far_elsewhere.xlsx", _row(1048576, column="XFD"), sheet="elsewhere/data.bin2"),
    )
    yield "row numbers beyond all numbers", workbook(folder / "beyond.xlsx", _row("9" * 30))
    yield (
        "a sheet that lies about its size",
        workbook(folder / "lie.xlsx", _row(1), dimension='<dimension ref="A1:XFD1048576"/>'),
    )
    yield "10 MB cell", workbook(folder / "long_cell.xlsx", _row(1, "zq" * 5_242_880))
    yield "NUL characters in XML", workbook(folder / "nul.xlsx", _row(1, "a\x00b"))
    yield "path tricks in names of parts", changed("paths.xlsx", **{"../../etc/cron.d/x": b"x"})
    yield "absolute names of parts", changed("absolute.xlsx", **{"/etc/x.xml": b"x"})
    yield "a sheet outside the package", workbook(
        folder / "outside.xlsx", _row(1), sheet="worksheets/sheet1.xml",
        more={"xl/_rels/workbook.xml.rels": _BOOK_RELATIONS.format(sheet="../../../../etc/passwd", more="")},
    )  # fmt: skip
    yield "unclosed elements", workbook(folder / "unclosed.xlsx", "<row r='1'>" + "<c r='A1'>" * 20_000)
    yield "deep nesting", workbook(folder / "deep.xlsx", "<row r='1'>" + "<a>" * 200_000)
    raw = good.read_bytes()
    for place in (0.02, 0.2, 0.5, 0.8, 0.95, 0.999):
        cut = folder / f"cut_{place}.xlsx"
        cut.write_bytes(raw[: int(len(raw) * place)])
        yield f"workbook cut off at {place:.1%}", cut
    for place in (40, len(raw) // 2, len(raw) - 60):
        hit = folder / f"hit_{place}.xlsx"
        hit.write_bytes(raw[:place] + bytes([b ^ 0xFF for b in raw[place : place + 8]]) + raw[place + 8 :])
        yield f"workbook with 8 bytes turned at {place}", hit
    macro = workbook(folder / "macro.xlsm", _row(1), more={"xl/vbaProject.bin": b"Sub AutoOpen()\nEnd Sub"})
    yield "macro workbook of no known layout", macro
    wrong = folder / "page.xlsx"
    wrong.write_bytes(b"<html><table><tr><td>1</td></tr></table></html>")
    yield "HTML named .xlsx", wrong
    for name, start in (
        ("old.xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600),
        ("program.csv", b"\x7fELF" + bytes(range(256)) * 40),
    ):
        (folder / name).write_bytes(start)
        yield f"another kind of file named {name}", folder / name
    (folder / "book.csv").write_bytes(raw)
    yield "workbook named .csv", folder / "book.csv"
    (folder / "x.exe").write_bytes(b"MZ")
    yield "a program", folder / "x.exe"
    (folder / "empty.csv").write_bytes(b"")
    yield "empty file", folder / "empty.csv"
    texts = {
        "NUL bytes in a CSV": b"person_reference,sex\nP1,F\x00\n",
        "10 MB cell in a CSV": b"person_reference,sex\nP1," + b"z" * 10_485_760 + b"\n",
        "unclosed quote": b'person_reference,sex\n"P1,F\n' + b"P2,F\n" * 20_000,
        "one line of 64 MB": b"a," * 33_554_432,
        "100,000 columns": b",".join(b"c%d" % n for n in range(100_000)) + b"\n",
        "half a character": b"person_reference,sex\nP1,\xd0",
        "bytes of no text": bytes(range(128, 256)) * 500,
    }
    for number, (what, text) in enumerate(texts.items()):
        (folder / f"t{number}.csv").write_bytes(text)
        yield what, folder / f"t{number}.csv"
    packed = gzip.compress(b"person_reference,sex\n" + b"P1,F\n" * 4000)
    for name, data in (
        ("bomb.csv.gz", gzip.compress(b"0" * (200 * 1024 * 1024), 1)),
        ("cut.csv.gz", packed[:-20]),
        ("broken.csv.gz", packed[:40] + b"\xff\xff\xff" + packed[43:]),
        ("no.csv.gz", b"not packed at all"),
    ):
        (folder / name).write_bytes(data)
        yield f"compressed CSV {name}", folder / name
    (folder / "link.xlsx").symlink_to(good)
    yield "symbolic link", folder / "link.xlsx"
    (folder / "nowhere.xlsx").symlink_to(folder / "nothing.xlsx")
    yield "dangling link", folder / "nowhere.xlsx"
    (folder / "folder.xlsx").mkdir()
    yield "a folder", folder / "folder.xlsx"
    os.mkfifo(folder / "pipe.csv")
    yield "a pipe that nobody writes to", folder / "pipe.csv"
    odd = folder / "a\nforged line\x1b[2J.csv"
    odd.write_bytes(b"\x00")
    yield "line end and escape code in the file's name", odd
    nameless = Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.csv"))
    nameless.write_bytes(b"a,b\n1,2\n")
    yield "name of no text", nameless
    nested = io.BytesIO()
    with zipfile.ZipFile(nested, "w") as inner:
        inner.writestr("a", b"x" * 1000)
    yield "a zip in a zip", package(folder / "nested.xlsx", {"inner.zip": nested.getvalue()})


def main() -> int:
    """Try every file, print what did not hold, and the counts."""
    preload()
    tried = wrong = 0
    with tempfile.TemporaryDirectory(prefix="hostile-") as name:
        folder = Path(name)
        (folder / "files").mkdir()
        project = small_project(folder)
        good = write_submission(folder / "first.xlsx", 4, year=2021)
        assert run(project, "load", str(good), "--territory", "ALB", "--period", "2021").code == 0
        before = content(project)
        archived = sorted(p.name for p in project.archive.rglob("*"))
        for what, path in files(folder / "files"):
            for command in ("check", "load"):
                tried += 1
                done = run(project, command, str(path), *LOAD, kill_after=SECONDS)
                faults = []
                # What can be read but is no submission is refused with its findings, as any other file.
                refused = "The file was refused before its rows were read." in done.said
                if done.code != 1 or "Traceback" in done.said or not (done.one_sentence or refused):
                    faults.append(f"code {done.code}: {done.said.strip()[-300:]}")
                if command == "load" and content(project) != before:
                    if not refused:
                        faults.append("something was stored")
                    before = content(project)  # of a refused file the receipt is kept
                if sorted(p.name for p in project.archive.rglob("*")) != archived:
                    faults.append("something was archived")
                faults += leaks(project, [done.said]) + loose(project)
                if any(p in done.said for p in PLANTED[:3]):
                    faults.append("a value was said")
                for fault in faults:
                    wrong += 1
                    print(f"{what}, {command}: {fault}", flush=True)
                if "-v" in sys.argv:
                    print(f"{done.seconds:6.2f} s  {what}, {command}: {done.said.strip()[-110:]}", flush=True)
    print(f"{tried} tries, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
