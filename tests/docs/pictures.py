"""The pictures of README and tutorials, made of the demonstration and of one workbook with mistakes.

    python -m tests.docs.pictures DATA

DATA is the data folder of a small demonstration (`clearing-point demo --data DATA`). Beside the pictures stands what they were made of:
`made_of.json` has the text that each shows, and its hash; the tests compare it with what the program says now.
"""

from __future__ import annotations

import hashlib
import html
import io
import json
import os
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2
from PIL import Image
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from clearing_point.countries import profile_of_territory
from clearing_point.project import Project
from clearing_point.published import open_release
from clearing_point.standard import load_standard
from clearing_point.submission.plan import Item
from pipelines.ingest import checked
from tests.command import command
from tests.conftest import ROOT
from tests.desk.browser import CHROMIUM, as_account, chromium, served
from tests.desk.conftest import OWN
from tests.workbooks import identification, person, write_regional

FOLDER = ROOT / "docs" / "pictures"
MADE_OF = "made_of.json"
SHEET, TABLE = "person", "T10A"
_COLOURS = 48
_WIDTH = 150
_PAGE_WIDTH = 900
_PERIOD = "2022"
_CAME = 1_672_738_200.0
"""When the workbook of the desk's picture came: a moment of January 2023."""
_THEME = TerminalTheme((250, 250, 250), (30, 30, 30), [(0, 0, 0)] * 8)
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_CELL, _LINE, _MOST_COLUMNS, _MOST_ROWS = 150, 24, 6, 7


class Made:
    """Pictures by name, and the text that each of them shows."""

    def __init__(self, demo: Project) -> None:
        self.demo = demo
        self.pictures: dict[str, bytes] = {}
        self.texts: dict[str, str] = {}
        with tempfile.TemporaryDirectory() as folder:
            self._first_page()
            self._of_a_workbook_with_mistakes(Path(folder))
            self._status()
            self._chart()

    def _first_page(self) -> None:
        document = pypdfium2.PdfDocument(self.demo.builds / "2022" / "report.pdf")
        page = document[0]
        image = page.render(scale=1.1).to_pil().convert("P", palette=1, colors=_COLOURS)
        content = io.BytesIO()
        image.save(content, "PNG", optimize=True)
        self.pictures["report-first-page.png"] = content.getvalue()
        self.texts["report-first-page.png"] = " ".join(page.get_textpage().get_text_range().split())

    def _of_a_workbook_with_mistakes(self, folder: Path) -> None:
        """A workbook of twelve synthetic persons with a code that there is not and an age that cannot be."""
        standard = load_standard(ROOT / "schemas")
        rows = {
            SHEET: [
                person(n, **({"sex": "Q"} if n == 2 else {"birth_year": 1890} if n == 4 else {}))
                for n in range(12)
            ],
            "identification": [identification(n) for n in range(12)],
        }
        file = write_regional(folder / "cases-2022.xlsx", standard, rows)
        what = (file.name, "--territory", "ALB", "--period", "2022")
        where = ("--project", ROOT, "--data", folder / "data")
        _, out, err = command("check", *what, *where, folder=folder)
        self._terminal(
            "check.svg", f"clearing-point check {' '.join(what)}", (out + err).replace(f"{folder}/", "")
        )
        command("load", *what, *where, folder=folder)
        stored = json.loads(command("status", "--json", *where)[1])
        name = next(line["submission"] for line in stored if line["submission"])
        code, _, err = command(
            "feedback", name, "-o", "marked.xlsx", "--language", "en", *where, folder=folder
        )
        if code:
            raise SystemExit(err)
        svg, text = sheet_as_svg(openpyxl.load_workbook(folder / "marked.xlsx")[SHEET])
        self.pictures["marked-workbook.svg"], self.texts["marked-workbook.svg"] = svg.encode(), text
        if CHROMIUM:
            self._desk(folder, file)

    def _desk(self, folder: Path, file: Path) -> None:
        """The officer's page of the same workbook in the desk, as her browser shows it."""
        standard = load_standard(ROOT / "schemas")
        project = Project(root=ROOT, data=folder / "checked")
        project.prepare()
        item = Item(file, profile_of_territory(project, OWN), _PERIOD)
        with checked(project, standard, item) as done:
            outcome, document = done.outcome, done.outcome.page()
        os.environ["TZ"] = "UTC"
        time.tzset()
        with served(folder / "desk", standard) as place, chromium(width=_PAGE_WIDTH) as browser:
            identity = place.file(
                "checked", name=file.name, period=_PERIOD, came=_CAME,
                sha256=hashlib.sha256(file.name.encode()).hexdigest(),  # that of a workbook has the time of its making
                outcome=json.dumps(
                    {"accepted": outcome.accepted, "counts": outcome.feedback.counts(), "marked": "marked.xlsx",
                     "rows": {t: n for t, n in outcome.rows.items() if n}, "asks_reason": False, "unchanged": False}
                ),
            )  # fmt: skip
            (place.desk.files / identity / "findings.json").write_text(json.dumps(document), encoding="utf-8")
            as_account(browser, place, "officer")
            page = browser.new_page()
            page.goto(f"{place.desk.origin}/files/{identity}?now")
            main = page.locator("main")
            shown = main.inner_text()
            taken = main.screenshot()
        image = Image.open(io.BytesIO(taken)).convert("P", palette=Image.Palette.ADAPTIVE, colors=_COLOURS)
        content = io.BytesIO()
        image.save(content, "PNG", optimize=True)
        self.pictures["desk-findings.png"] = content.getvalue()
        self.texts["desk-findings.png"] = "\n".join(
            line.strip() for line in shown.splitlines() if line.strip()
        )

    def _status(self) -> None:
        _, out, _ = command("status", "--project", ROOT, "--data", self.demo.data)
        self._terminal("status.svg", "clearing-point status", out)

    def _chart(self) -> None:
        with open_release(self.demo.releases / "2022") as release:
            picture = release.chart(release.table(TABLE))
        self.pictures["chart.svg"], self.texts["chart.svg"] = picture.svg.encode(), picture.alternative

    def _terminal(self, name: str, said: str, answer: str) -> None:
        console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, highlight=False)
        console.print(f"$ {said}", markup=False)
        console.print(answer.rstrip(), markup=False)
        svg = console.export_svg(title="", theme=_THEME, unique_id=name.partition(".")[0])
        self.pictures[name] = _FONT.sub("", svg).encode()
        self.texts[name] = f"{said}\n{answer.rstrip()}"

    def made_of(self) -> dict[str, dict[str, str]]:
        """Return what each picture shows, and its hash."""
        return {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "shows": self.texts[name]}
            for name, content in sorted(self.pictures.items())
        }


def sheet_as_svg(sheet: Any) -> tuple[str, str]:
    """Draw the upper left of a sheet with its fills and notes; return the drawing and the text in it."""
    rows = list(sheet.iter_rows(min_row=1, max_row=_MOST_ROWS, max_col=_MOST_COLUMNS))
    width, lines, y = _CELL * _MOST_COLUMNS + 40, [], 0
    shown: list[str] = []
    notes: list[tuple[int, int, str]] = []
    for row in rows:
        for at, cell in enumerate(row):
            text = "" if cell.value is None else str(cell.value)
            fill = cell.fill.start_color.rgb if cell.fill.fill_type == "solid" else None
            colour = f"#{fill[-6:]}" if isinstance(fill, str) else "#ffffff"
            x = 40 + at * _CELL
            lines.append(
                f'<rect x="{x}" y="{y}" width="{_CELL}" height="{_LINE}" fill="{colour}" stroke="#bbb"/>'
            )
            lines.append(f'<text x="{x + 5}" y="{y + 16}">{html.escape(text[:20])}</text>')
            shown.append(f"{text}{f' [{colour}]' if colour != '#ffffff' else ''}")
            if cell.comment:
                lines.append(f'<path d="M {x + _CELL - 8} {y} h 8 v 8 z" fill="#c00"/>')
                notes.append((row[0].row, at, cell.comment.text))
        lines.append(f'<text x="8" y="{y + 16}" fill="#666">{row[0].row}</text>')
        y += _LINE
    for number, at, note in notes:
        y += 10
        said = f"{sheet.cell(number, at + 1).coordinate}: {' '.join(note.split())}"
        pieces = re.findall(r".{1,120}(?:\s|$)", said)
        lines.append(
            f'<rect x="40" y="{y}" width="{width - 40}" height="{8 + 17 * len(pieces)}" fill="#ffffe1" stroke="#c00"/>'
        )
        lines += [
            f'<text x="48" y="{y + 17 * (n + 1)}">{html.escape(piece)}</text>'
            for n, piece in enumerate(pieces)
        ]
        y += 8 + 17 * len(pieces)
        shown.append(said)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y + 2}" font-family="sans-serif" font-size="12">'
    return "\n".join((head, '<rect width="100%" height="100%" fill="#fff"/>', *lines, "</svg>\n")), "\n".join(
        shown
    )


def main() -> None:
    """Make all pictures of a demonstration and put them in their place."""
    made = Made(Project(root=ROOT, data=Path(sys.argv[1]) / "demo"))
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    for name, content in made.pictures.items():
        (FOLDER / name).write_bytes(content)
    (FOLDER / MADE_OF).write_text(
        json.dumps(made.made_of(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    for name, content in made.pictures.items():
        print(f"{name}: {len(content) // 1000} kB")


if __name__ == "__main__":
    main()
