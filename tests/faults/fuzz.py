"""Fuzzing by structure: ``python -m tests.faults.fuzz EXAMPLES [TARGET ...]`` (hypothesis).

Valid inputs are built and then bent: cells, quotes, line ends, encodings, parts of packages, XML of sheets, YAML with
anchors and tags, expressions of real pieces. A traceback, or an input that takes longer than its time, is a fault.
"""

from __future__ import annotations

import gzip
import io
import resource
import sys
import time
import traceback
import zipfile
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults import targets
from tests.faults.hostile import _BOOK, _BOOK_RELATIONS, _ROOT, _SHEET, _TYPES

ODD = st.sampled_from([
    "", " ", "\x00", "\ufeff", "'", '"', '""', "=1+1", "@x", "-", "\u202e", "\ud7ff", "\U0001f600", "é", "é", "ж", "NaN", "inf",
    "-inf", "1e400", "-0", "9" * 40, "0x10", "1_000", "31/12/2022", "2022-02-30", "0000-00-00", "9999-12-31", "292278994-01-01",
    "12.13.2022", "2022-03-14T25:61:61", "a;b;;c", ";;;;", "UNK", "unk ", "F", "f", "true", "P-1", "\t", "a\nb", "\r", "{}", "$$",
    "%", "\\", "\\N", "NULL", "x" * 3999, "x" * 4001, "\u0000a", "١٢٣", "½", "Ⅷ", "1,5", "1.5", "1.000,50",
])  # fmt: skip
TEXT = st.one_of(
    ODD, st.text(max_size=30), st.from_regex(r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}", fullmatch=True)
)


def _bent(valid: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Valid bytes, cut, doubled, or with bytes turned."""

    @st.composite
    def bend(draw: Callable[..., bytes]) -> bytes:
        data = bytearray(draw(valid))
        for _ in range(draw(st.integers(0, 3))):  # type: ignore[call-overload]
            if not data:
                break
            at = draw(st.integers(0, len(data) - 1))
            kind = draw(st.integers(0, 3))
            if kind == 0:
                del data[at:]  # type: ignore[misc]
            elif kind == 1:
                data[at] = draw(st.integers(0, 255))  # type: ignore[index, assignment]
            elif kind == 2:
                data[at:at] = draw(st.binary(max_size=6))  # type: ignore[misc]
            else:
                data[at:at] = data[max(0, at - 20) : at]  # type: ignore[misc]
        return bytes(data)

    return bend()  # type: ignore[no-any-return, call-arg]


@st.composite
def csv_bytes(draw: Callable[..., object]) -> bytes:
    """A CSV in some dialect and encoding."""
    rows = draw(st.lists(st.lists(TEXT, min_size=1, max_size=6), max_size=8))
    delimiter, end = draw(st.sampled_from(",;\t|")), draw(st.sampled_from(["\n", "\r\n", "\r", "\n\r"]))
    quote = draw(st.booleans())
    lines = [delimiter.join('"' + c.replace('"', '""') + '"' if quote else c for c in row) for row in rows]  # type: ignore[attr-defined]
    text = end.join(["person_reference" + str(delimiter) + "sex", *lines])  # type: ignore[attr-defined]
    encoding = draw(
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1250", "cp1251", "iso8859-5"])
    )
    return text.encode(str(encoding), "replace")


ATTRIBUTE = st.sampled_from(['r="A1"', 'r="XFD1"', "r='B2'", 'r="A0"', 'r="1A"', 'r=""', 't="s"', 't="b"', 't="e"', 't="d"',
                             't="n"', 't="str"', 't="inlineStr"', 's="99"', 'hidden="1"', 'r="ZZZZ1"', 'spans="1:9"'])  # fmt: skip
INSIDE = st.sampled_from(["<v>1</v>", "<v>-1</v>", "<v>x</v>", "<v>1e999</v>", "<v/>", "<f>1/0</f>", "<f>A1</f><v></v>", "<is><t>a</t></is>",
                          "<v>45000</v>", "<v>4294967296</v>", "<v>#DIV/0!</v>", "", "&#0;", "&amp;", "&x;", "<![CDATA[a]]>", "<!--a-->"])  # fmt: skip


@st.composite
def sheet_package(draw: Callable[..., object]) -> bytes:
    """A workbook whose XML is made of odd pieces."""
    pieces = []
    for _ in range(int(draw(st.integers(0, 6)))):  # type: ignore[call-overload]
        row = " ".join(draw(st.lists(ATTRIBUTE, max_size=2)))  # type: ignore[call-overload]
        inner = "".join(
            f"<c {' '.join(draw(st.lists(ATTRIBUTE, max_size=3)))}>{draw(INSIDE)}</c>"  # type: ignore[call-overload]
            for _ in range(int(draw(st.integers(0, 4))))  # type: ignore[call-overload]
        )
        pieces.append(f"<row {row}>{inner}</row>")
    buffer = io.BytesIO()
    kind = draw(
        st.sampled_from([zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    )
    with zipfile.ZipFile(buffer, "w", kind) as book:  # type: ignore[call-overload]
        book.writestr("[Content_Types].xml", _TYPES)
        book.writestr("_rels/.rels", _ROOT)
        book.writestr("xl/workbook.xml", _BOOK)
        book.writestr(
            "xl/_rels/workbook.xml.rels", _BOOK_RELATIONS.format(sheet="worksheets/sheet1.xml", more="")
        )
        book.writestr("xl/worksheets/sheet1.xml", _SHEET.format(rows="".join(pieces), dimension=""))
    return buffer.getvalue()


YAML_PIECES = st.sampled_from([
    "a: 1\n", "- b\n", "a: &x [1]\n", "b: *x\n", "<<: *x\n", "? [a]\n: b\n", "? {a: b}\n: c\n", "!!binary 'x'\n", "!!python/name:os.system\n",
    "!!timestamp 2001-99-99\n", "!!float abc\n", "!!bool maybe\n", "!!int x\n", "!!set {a, b}\n", "!!omap [a]\n", "!!pairs [a]\n",
    "%YAML 9.9\n", "---\n", "...\n", "a: |\n  x\n", "a: >-9\n x\n", "'", '"', "[", "]", "{", "}", ": ", "- - - -\n", "\t", "\x00", "a: " + "9" * 5000 + "\n",
    "a: 1:60:60\n", "a: .inf\n", "a: 0b102\n", "a: 0o9\n", "1: a\n", "1: b\n", "null: x\n", "~: y\n", "#", "\ufeff", "é: ж\n", "\\x", '"\\ud800"', "a: !<> b\n",
    "a: 1_000\n", "a: +\n", "=: x\n", "a: =\n", "- <<\n", "<<: 1\n", "<<: [1]\n", "a: !!str\n", "[" * 300, "{a: " * 300,
])  # fmt: skip
SQL_PIECES = st.sampled_from([
    "sex", "person", ".", "(", ")", ",", "SELECT", "FROM", "WHERE", "1", "'a'", "$$", "--", "/*", "*/", ";", "=", "IN", "CASE WHEN", "THEN", "END",
    "EXISTS", "lambda x:", "->", "::INTEGER", "[", "]", "{", "}", "list_filter", "read_text", "COLUMNS", "*", "OVER", "QUALIFY", "WITH x AS", "LATERAL",
    "UNION", "NULL", "IS", "NOT", "-", '"', "'", "\\", "?", "$1", "#1", "@", "INTERVAL", "DATE", "PRAGMA", "COPY", "\x00", "é", "e'\\n'", "X'41'", "1e999",
])  # fmt: skip

STRATEGIES: dict[str, st.SearchStrategy[bytes]] = {
    "yaml_text": _bent(
        st.lists(YAML_PIECES, max_size=12).map(lambda p: "".join(p).encode("utf-8", "replace"))
    ),
    "project_csv": _bent(csv_bytes()),
    "received_csv": _bent(csv_bytes()),
    "received_packed": _bent(csv_bytes().map(lambda data: gzip.compress(data, 1))),
    "package": _bent(sheet_package()),
    "workbook": _bent(sheet_package()),
    "expression": st.lists(SQL_PIECES, max_size=14).map(lambda p: " ".join(p).encode("utf-8", "replace")),
}
PERSON = (
    "person_reference",
    "sex",
    "citizenship",
    "birth_year",
    "age_band",
    "country_of_origin",
    "education",
    "disability",
)
EVENT = (
    "identification_reference",
    "person_reference",
    "identification_date",
    "identification_status",
    "exploitation_form",
)
SHEETS = st.fixed_dictionaries({
    name: st.lists(st.lists(TEXT | st.none(), min_size=len(columns), max_size=len(columns)), min_size=1, max_size=60).map(
        lambda rows, columns=columns: [list(columns), list(columns), *rows]
    )
    for name, columns in (("person", PERSON), ("identification", EVENT))
})  # fmt: skip


def campaign(target: str, examples: int) -> int:
    """Try examples on a target; return how many inputs were tried."""
    tried = 0
    run = targets.cells if target == "cells" else targets.TARGETS[target]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(SHEETS if target == "cells" else STRATEGIES[target])
    def one(value: object) -> None:
        nonlocal tried
        tried += 1
        begun = time.process_time()
        run(value)  # type: ignore[arg-type]
        seconds = time.process_time() - begun
        assert seconds < targets.LONGEST, f"{seconds:.1f} s"

    one()
    return tried


def main() -> int:
    """Run the targets named on the command line, or all."""
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    failed = 0
    for target in sys.argv[2:] or [*STRATEGIES, "cells"]:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        share = {"workbook": 10, "cells": 20}.get(target, 1)  # these take a process or a database each
        try:
            tried = campaign(target, max(2, examples // share))
        except BaseException as error:
            failed += 1
            print(f"{target}: {type(error).__name__}: {str(error)[:300]}", flush=True)
            traceback.print_exc(limit=-6)
            continue
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
        print(f"{tried:8} {target} (peak memory grew by {grown} MiB)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
