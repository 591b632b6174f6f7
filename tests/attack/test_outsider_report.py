"""The attacker from scratch reads what stands beside the CSV: page, PDF, workbook, databases, percentages, words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import openpyxl
import pytest
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from tests.attack.outsider.whole import attack_folder
from tests.attack.test_outsider import C, Folder

KINDS = {"kind": ["A", "B", "UNK", "Total"], "year": ["2022"]}


def page(place: Path, table: str, rows: list[list[str]], below: str = "") -> None:
    """Write a report of one table. A cell may be "12 % 3.4": the count and its percentage."""
    lines = [
        f'<div id="table-{table.lower()}"><table><thead><tr><th>Kind</th><th>2022</th></tr></thead><tbody>'
    ]
    for label, *cells in rows:
        told = (f"<td>{t.partition('%')[0]}<small>{t.partition('%')[2]} %</small></td>" if "%" in t else f"<td>{t}</td>" for t in cells)  # fmt: skip
        lines.append(f"<tr><th scope='row'>{label}</th>{''.join(told)}</tr>")
    place.mkdir(exist_ok=True)
    (place / "report.html").write_text("\n".join([*lines, "</tbody></table></div>", below]))


def table(f: Folder) -> None:
    f.table("T", KINDS, [C, 40, C, C])


ROWS = [["Kind A", "c"], ["Kind B", "40"], ["Not known", "c"], ["Total", "c"]]


def in_the_page(f: Folder, report: Path, leak: bool) -> None:
    table(f)
    page(report, "T", [["Kind A", "3" if leak else "c"], *ROWS[1:]])


def percentage_of_a_shown_count(f: Folder, report: Path, leak: bool) -> None:
    # 40 are 93.0 % of 43, so three are of kind A.
    table(f)
    page(report, "T", [ROWS[0], ["Kind B", "40% 93.0" if leak else "40"], *ROWS[2:]])


def percentage_of_a_hidden_count(f: Folder, report: Path, leak: bool) -> None:
    f.table("T", KINDS, [C, C, 0, 43])
    page(
        report,
        "T",
        [["Kind A", "c% 7.0" if leak else "c"], ["Kind B", "c"], ["Not known", "0"], ["Total", "43"]],
    )


def words(f: Folder, report: Path, leak: bool) -> None:
    table(f)
    said = "fewer than four" if leak else "a number that is not shown"
    page(
        report,
        "T",
        ROWS,
        f"<p>In 2022 there were {said} of Kind A.</p><p>Per cent: none where fewer than 20 are known.</p>",
    )


def in_the_workbook(f: Folder, report: Path, leak: bool) -> None:
    table(f)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Table 1 T"
    for row in [["Table 1. Kinds"], ["Kind", "2022"], ["Kind A", 3 if leak else "c"], ["Kind B", 40], ["Not known", "c"], ["Total", "c"]]:  # fmt: skip
        sheet.append(row)
    report.mkdir(exist_ok=True)
    book.save(report / "tables.xlsx")


def in_the_pdf(f: Folder, report: Path, leak: bool) -> None:
    table(f)
    page(report, "T", ROWS)
    figure = Figure()
    figure.text(0.1, 0.5, f"Kind A {3 if leak else 'c'}\nKind B 40\nNot known c\nTotal c")
    with PdfPages(report / "report.pdf") as pdf:
        pdf.savefig(figure)


def in_parquet(f: Folder, report: Path, leak: bool) -> None:
    table(f)
    number = "3" if leak else "NULL"
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE t AS SELECT 'A' AS kind, '2022' AS year, {number}::INTEGER AS value"
        )
        connection.execute(f"COPY t TO '{f.path / 'data' / 'T.parquet'}'")


def in_the_database(f: Folder, report: Path, leak: bool) -> None:
    table(f)
    number = "3" if leak else "NULL"
    with duckdb.connect(str(f.path / "published.duckdb")) as connection:
        connection.execute(
            f"CREATE TABLE T AS SELECT 'A' AS kind, '2022' AS year, {number}::INTEGER AS value"
        )


def rate(f: Folder, report: Path, leak: bool) -> None:
    f.table(
        "T", {"territory": ["ALB", "SVN"], "reference_year": ["2022"]}, [40, C],
        measure={"kind": "rate", "scale": 100_000}, measures=["8.0", "0.6" if leak else ""],
    )  # fmt: skip


def statistic_of_ten_at_least(f: Folder, report: Path, leak: bool) -> None:
    f.table("T", {"kind": ["A", "B", "Total"]}, [C, C, 13], measure={"kind": "median"}, measures=["", "3" if leak else "", ""], value="days")  # fmt: skip


FIRST = ("A", "2022")
CASES: dict[Callable[[Folder, Path, bool], None], tuple[tuple[str, ...], bool]] = {
    in_the_page: (FIRST, True),
    percentage_of_a_shown_count: (FIRST, False),
    percentage_of_a_hidden_count: (FIRST, True),
    words: (FIRST, False),
    in_the_workbook: (FIRST, True),
    in_the_pdf: (FIRST, True),
    in_parquet: (FIRST, True),
    in_the_database: (FIRST, True),
    rate: (("SVN", "2022"), True),
    statistic_of_ten_at_least: (("A",), False),
}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.__name__)
def test_what_is_told_beside_the_csv_is_found_and_nothing_without_it(
    tmp_path: Path, case: Callable[[Folder, Path, bool], None]
) -> None:
    codes, exact = CASES[case]
    inhabitants = tmp_path / "inhabitants.csv"
    inhabitants.write_text("territory,year,inhabitants\nALB,2022,500000\nSVN,2022,500000\n")
    found = []
    for leak in (True, False):
        place = tmp_path / str(leak)
        folder, report = Folder(place / "release"), place / "report"
        case(folder, report, leak)
        found.append(attack_folder(folder.path, report=report, inhabitants=inhabitants)[1])

    broken, safe = found
    of_it = [x for x in (*broken.recovered, *broken.narrow) if x.codes == codes]
    assert of_it
    assert of_it[0].exact or not exact
    assert of_it[0].low <= 3 <= of_it[0].high
    assert (safe.recovered, safe.narrow, safe.undecided) == ([], [], [])
    assert safe.attacked > 0


@pytest.mark.parametrize("by_size", [True, False])
def test_rows_sorted_by_size_tell_between_which_a_hidden_count_is(tmp_path: Path, by_size: bool) -> None:
    (tmp_path / "codelists").mkdir()
    codes = "BDAEC" if by_size else "ABCDE"
    (tmp_path / "codelists" / "kind.csv").write_text(
        "code,order\n" + "".join(f"{c},{n}\n" for n, c in enumerate("ABCDE"))
    )
    folder = Folder(tmp_path / "release")
    folder.table("T", {"kind": list(codes)}, [40, 30, 4, C, 1])
    _, verdict = attack_folder(folder.path, standard=tmp_path)
    assert [(x.low, x.high) for x in verdict.narrow] == ([(1, 4)] if by_size else [])


def test_a_report_that_is_laid_out_in_a_way_not_understood_is_said(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "release")
    table(folder)
    page(tmp_path / "report", "T", [["Kind A", "c", "1"], ["Kind B", "40", "1"]])
    _, verdict = attack_folder(folder.path, report=tmp_path / "report")
    assert any("not understood: T" in word for word in verdict.words)
