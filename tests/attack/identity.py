"""The campaign on the identity guard: ``python -m tests.attack.identity [SEED] [EVERY] [FIRST] [SECONDS]``.

Every planted text of :mod:`tests.attack.identity_made` goes into a file of its own, into a column that is read and (every second
one) into a part that is not; innocent files beside them. Counted by kind: what was not said, what was kept of it anywhere,
and what was refused without cause.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import xlsxwriter

from clearing_point.countries import profile_of_territory
from clearing_point.intake.receive import receive
from clearing_point.project import Project
from clearing_point.standard import Standard, load_standard
from clearing_point.submission.layout import read_with_answers
from tests.attack.identity_made import (
    INNOCENT_COLUMNS,
    INNOCENT_HEADERS,
    INNOCENT_NAMES,
    INNOCENT_NOTES,
    INNOCENT_SHEETS,
    everything,
)
from tests.conftest import ROOT

READ = ("reference", "coded", "organisation", "date", "number", "year")
UNREAD = (
    "own column",
    "other sheet",
    "title",
    "note",
    "header",
    "property",
    "sheet name",
    "file name",
    "list",
    "defined name",
)
WORKERS = 4


@dataclass(frozen=True)
class Case:
    """One file: what is planted where; innocent where `kind` begins so."""

    kind: str
    form: str
    place: str
    texts: tuple[str, ...]

    @property
    def is_innocent(self) -> bool:
        """Whether nothing in it names anybody."""
        return self.kind == "innocent"

    @property
    def is_read(self) -> bool:
        """Whether its text stands in a column that is read."""
        return self.place in READ or self.place == "token"


@dataclass(frozen=True)
class Result:
    """What came of a file."""

    case: Case
    refused: bool
    said: bool
    kept: tuple[str, ...]


def cases(seed: int) -> Iterator[Case]:
    """Yield every file of a campaign."""
    for number, planted in enumerate(everything(seed)):
        place = "token" if planted.kind == "hash of a name" else READ[number % len(READ)]
        yield Case(planted.kind, planted.form, place, (planted.text,))
        if number % 2 == 0:
            yield Case(planted.kind, planted.form, UNREAD[number // 2 % len(UNREAD)], (planted.text,) * 3)
    for what, texts in INNOCENT_COLUMNS.items():
        yield Case("innocent", what, "own column", tuple(texts))
    yield from (Case("innocent", "note", "note", (text,)) for text in INNOCENT_NOTES)
    yield from (Case("innocent", "sheet name", "sheet name", (text,)) for text in INNOCENT_SHEETS)
    yield from (Case("innocent", "file name", "file name", (Path(text).stem,)) for text in INNOCENT_NAMES)
    yield from (Case("innocent", "header", "header", (text,)) for text in INNOCENT_HEADERS)
    for text in ("Safe House", "Centar Budva", "Crveni križ", "La Strada", "Сигурна кућа"):
        yield Case("innocent", "name of an organisation", "organisation", (text,))


def write(case: Case, folder: Path) -> Path:
    """Write the regional workbook of a case: three synthetic persons."""
    stem = re.sub(r'[/\\:*?"<>|]', "_", case.texts[0]) if case.place == "file name" else "file"
    path = folder / f"{stem[:60]}.xlsx"
    text = case.texts[0]
    persons: list[dict[str, Any]] = [
        {"person_reference": f"P-{n}", "sex": "F", "birth_year": "2000", "citizenship": "ALB", "number_of_children": "0",
         "linkage_token_strict": "", "x_own": ""}
        for n in (1, 2, 3)
    ]  # fmt: skip
    events = [
        {
            "identification_reference": f"I-{n}",
            "person_reference": f"P-{n}",
            "identification_date": "2022-03-14",
        }
        for n in (1, 2, 3)
    ]
    organisation = {
        "organisation_id": "ALB01",
        "organisation_name": "National coordinator",
        "territory": "ALB",
    }
    fields = {"reference": "person_reference", "coded": "sex", "number": "number_of_children", "year": "birth_year",
              "token": "linkage_token_strict"}  # fmt: skip
    if case.place in fields:
        persons[1][fields[case.place]] = text
    elif case.place == "date":
        events[1]["identification_date"] = text
    elif case.place == "organisation":
        organisation["organisation_name"] = text
    elif case.place == "own column":
        for person, own in zip(persons, case.texts, strict=False):
            person["x_own"] = own
    with xlsxwriter.Workbook(str(path)) as book:
        sheets = {}
        for name, rows in (("organisation", [organisation]), ("person", persons), ("identification", events)):
            sheets[name] = sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, list(rows[0]))
            sheet.write_row(1, 0, list(rows[0]))
            for number, row in enumerate(rows, start=2):
                for column, value in enumerate(row.values()):
                    sheet.write_string(number, column, value)
        if case.place == "other sheet":
            book.add_worksheet("more").write_column(0, 0, ["x", *case.texts])
        elif case.place == "title":
            book.add_worksheet("front").write_string(0, 0, text)
        elif case.place == "note":
            sheets["person"].write_comment("B4", text)
        elif case.place == "header":
            sheets["person"].set_header(text if text.startswith("&") else f"&C{text}")
        elif case.place == "property":
            book.set_properties({"subject": text})
        elif case.place == "sheet name":
            book.add_worksheet(re.sub(r"[\[\]:*?/\\']", "_", text)[:31])
        elif case.place == "list":
            sheets["person"].data_validation(
                "H3", {"validate": "list", "source": [text.replace(",", " ")[:200]]}
            )
        elif case.place == "defined name":
            book.define_name("planted", f'="{text.replace(chr(34), "")}"')
    return path


@lru_cache(maxsize=1)
def _project() -> Project:
    """One data folder a helper: what is left of a file is looked at before it is dropped."""
    return Project(root=ROOT, data=Path(tempfile.mkdtemp(prefix="identity-")))


@lru_cache(maxsize=1)
def _standard() -> Standard:
    return load_standard(ROOT / "schemas")


def judge(case: Case) -> Result:
    """Receive the file of a case, and search what is left of it."""
    standard, project = _standard(), _project()
    with tempfile.TemporaryDirectory(prefix="file-", dir=project.data) as name:
        path = write(case, Path(name))
        base = profile_of_territory(project, "ALB")
        received, profile, _ = read_with_answers(project, path, base, standard)
        receipt = receive(project, standard, path, profile, "2022", received=received)
        try:
            with receipt.workspace.opened() as connection:
                told = connection.execute(
                    "SELECT DISTINCT rule_id, column_letter FROM quality.finding"
                ).fetchall()
                left = "\n".join(_texts(connection))
        finally:
            kept = receipt.kept_file
            if kept is not None:
                table = pq.read_table(kept)
                left += str(table.to_pylist()) + str(table.schema.metadata)
            receipt.workspace.drop()
    quiet = {("L04", None), ("L07", None)}
    said = receipt.refused or bool({one for one in told if one[1]} - quiet)
    return Result(case, receipt.refused, said, tuple(p for p in _pieces(case) if p in left))


def _texts(connection: Any) -> Iterator[str]:
    for schema, table in connection.execute(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND "
        "table_schema IN ('raw', 'staged', 'core', 'quality')"
    ).fetchall():
        yield from (str(row) for row in connection.execute(f'SELECT * FROM {schema}."{table}"').fetchall())


def _pieces(case: Case) -> list[str]:
    """Return the text and the words and numbers in it by which it would be known again."""
    if case.is_innocent:
        return []
    found = {
        case.texts[0],
        *re.findall(r"[^\W\d_]{6,}", case.texts[0]),
        *re.findall(r"\d{6,}", case.texts[0]),
    }
    return sorted(found)


def main(seed: int = 1, every: int = 1, first: int = 0, seconds: int = 36_000) -> int:
    """Run the campaign, or as much of it as there is time for, and print its table."""
    until = time.time() + seconds
    all_of_them = list(cases(seed))[first:]
    # In steps, so that a campaign that ends early has tried every kind.
    tried = (
        [case for start in range(every) for case in all_of_them[start::every]]
        if first
        else all_of_them[::every]
    )
    _standard()  # the helpers inherit it
    results: list[Result] = []
    with ProcessPoolExecutor(WORKERS) as pool:
        for result in pool.map(judge, tried):
            results.append(result)
            if time.time() > until:
                pool.shutdown(wait=False, cancel_futures=True)
                break
    files: Counter[tuple[str, bool]] = Counter()
    unsaid: Counter[tuple[str, bool]] = Counter()
    kept: Counter[str] = Counter()
    for result in results:
        key = (result.case.kind, result.case.is_read)
        files[key] += 1
        wrong = result.refused if result.case.is_innocent else not result.said
        unsaid[key] += wrong
        kept[result.case.kind] += bool(result.kept)
        if wrong or result.kept:
            print(
                f"  {result.case.kind} | {result.case.form} | {result.case.place} | kept {len(result.kept)}"
            )
    print(f"{len(results)} files")
    for kind in dict.fromkeys(kind for kind, _ in files):
        read, other = files[kind, True], files[kind, False]
        print(f"| {kind} | {read} | {unsaid[kind, True]} | {other} | {unsaid[kind, False]} | {kept[kind]} |")
    return 1 if any(kept.values()) else 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
