"""The report's other files: a tagged PDF, a workbook that computes, texts in every language of the register."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from string import Formatter

import openpyxl
import pypdf
import pytest

from clearing_point.analysis.public_cases import Described
from clearing_point.analysis.revisions import PublishedMoved, Revisions, compare
from clearing_point.errors import InputProblem
from clearing_point.report.build import build_report
from clearing_point.report.model import Cell, Figure, Items, Paragraph, Report, Row, Section
from clearing_point.report.pdf import Paper, render_pdf
from clearing_point.report.readback import part_of, pdf_figures, read_page, squeezed, text_of_pdf
from clearing_point.report.selfcheck import _figures, _findings, _numbers
from clearing_point.report.tables import plain_table
from clearing_point.report.words import _texts, load_words
from clearing_point.report.workbook import render_workbook
from tests.unit import report_samples as samples

REPORTS = samples.ROOT / "reports"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    tables = [samples.by_territory(), samples.by_sex(), samples.withheld()]
    edition = samples.edition(languages=("en", "sr-Latn", "sq"))
    return build_report(
        edition, tables, samples.context(), tmp_path_factory.mktemp("files") / "2022"
    ).html.parent


def test_the_pdf_is_tagged_dated_and_has_words_for_every_figure(folder):
    reader = pypdf.PdfReader(folder / "report.pdf")
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert str(reader.metadata.creation_date.date()) == "2023-06-30"
    assert b"pdfuaid" in reader.trailer["/Root"]["/Metadata"].get_data()
    page = read_page((folder / "report.html").read_text("utf-8"))
    for name, anchors in (("report", ("key-figures", "reading")), ("profiles/ALB", ("profile-alb",))):
        found, described = pdf_figures(folder / f"{name}.pdf")
        assert found == described == len(part_of(page, *anchors).figures) > 0
    fonts = {
        font.get_object()["/BaseFont"].split("+")[-1]
        for page in reader.pages
        for font in page["/Resources"].get("/Font", {}).values()
    }
    assert fonts
    assert all(font.startswith(("/NotoSans", "NotoSans")) for font in fonts), fonts


@pytest.mark.parametrize("lines", [0, 16, 20])
def test_the_first_page_is_one_page_however_long_its_words(lines):
    """In Serbian four lines of it stood alone on the second page: the picture makes room."""
    from clearing_point.report.compose import compose

    tables = [samples.by_territory(), samples.by_sex(), samples.withheld()]
    report = compose(samples.edition(), tables, samples.context(), REPORTS, "en")
    more = tuple(Paragraph("What was found in many words. " * 3) for _ in range(lines))
    report = replace(report, front=(*more, *report.front))
    paper = render_pdf(report, load_words(REPORTS, "en"), REPORTS)
    second = pypdf.PdfReader(io.BytesIO(paper)).pages[1].extract_text()
    assert "Contents" in second[:200]


def test_what_follows_a_high_picture_of_a_profile_stands_beside_it():
    """Bulgaria's notes in Serbian ran to a third page, below a picture with half a page empty at its right."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 360 950"><rect width="360" height="950"/></svg>'
    )
    high = Figure("f", "Figure 1", "Effects", "words", svg, "f.svg")
    notes = Items(tuple(f"note {number}" for number in range(12)))
    profile = Section("profile-alb", "Albania", (Row((high,)), Paragraph("What to know", "subtitle"), notes))
    report = Report("en", "t", "s", (), (), "", "", (), ())
    paper = render_pdf(
        report, load_words(REPORTS, "en"), REPORTS, Paper("profile", "Albania", "s", (), (profile,))
    )
    (page,) = pypdf.PdfReader(io.BytesIO(paper)).pages
    assert "note 11" in page.extract_text()


def test_a_picture_of_several_tables_says_numbers_of_these_and_no_others(folder):
    words = load_words(REPORTS, "en")
    page = read_page((folder / "report.html").read_text("utf-8"))
    assert list(_figures(page, words)) == []
    figure = page.figures[0]
    own = next(t for t in page.tables if t.anchor == figure.table)
    other, number = next(
        (t, n) for t in page.tables for n in _numbers(t.text) - _numbers(own.text + figure.caption) if t is not own
    )  # fmt: skip
    figure.alternative += f" {number}"
    assert list(_figures(page, words)) == [
        f"number in a figure's words that its table does not show: {figure.anchor}"
    ]
    figure.further_tables = (other.anchor,)
    assert list(_figures(page, words)) == []
    figure.further_tables = (other.anchor, "reading-comparison")
    assert list(_figures(page, words)) == [f"figure without table: {figure.anchor}"]


def test_a_figure_without_alternative_text_stops_the_pdf(folder):
    from clearing_point.report.compose import compose

    tables = [samples.by_territory(), samples.by_sex(), samples.withheld()]
    report = compose(samples.edition(), tables, samples.context(), REPORTS, "en")
    object.__setattr__(report.figures[0], "alternative", "")
    with pytest.raises(InputProblem, match="alt"):
        render_pdf(report, load_words(REPORTS, "en"), REPORTS)


def test_the_workbook_holds_numbers_as_numbers_and_signs_as_signs(folder):
    book = openpyxl.load_workbook(io.BytesIO((folder / "tables.xlsx").read_bytes()))
    rows = {row[0]: row[1:] for row in book["Table T01"].iter_rows(values_only=True) if row[0]}
    assert rows["Albania"][:3] == (30, 35, 41)
    assert rows["Serbia"][:3] == (25, "<5", 1230)
    assert rows["Montenegro"][:3] == ("..", "..", "..")
    shares = {row[0]: row[1:] for row in book["Table T10"].iter_rows(values_only=True) if row[0]}
    assert shares["Region"][:4] == (117, 9.3, 1141, 90.7)
    for sheet in book.worksheets:
        assert not sheet.merged_cells.ranges
        assert len(sheet.tables) == (sheet.title not in ("Contents", "Notes", "Table T15"))  # withheld
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
    heads = {cell.value for row in book["Table T10"].iter_rows() for cell in row}
    assert {"Sex: Female", "Sex: Female (%)"} <= heads
    assert not any(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def test_what_a_sheet_says_can_be_read_on_paper():
    """No note makes the print of its table small, no heading or text is cut off, a year is no thousand, words lack no percentage."""
    words = load_words(REPORTS, "en")
    note = (
        "The region counts a person once, as far as cases could be linked, and this sentence is a long one. "
        * 4
    )
    note = note.strip()
    long = "M02 Meetings of the working group of several organisations in the year"
    body = [
        ["Coordination", long, "In operation", "2021"],
        ["Law", "M08", Cell("82 %"), Cell("1,234")],
        ["Law", "M09", Cell("4"), Cell("5")],
    ]
    heads = ("Domain", "Indicator", "Answer", "Newly assisted by the same organisation: Yes: 2021")
    table = plain_table("t", "Table R1", "Mechanisms", heads, body, (note,))
    whole = (Section("a", "A", (table,)),)
    report = Report("en", "T", "S", (), (), "", "", front=(), sections=whole, date="2023-06-30")
    book = openpyxl.load_workbook(io.BytesIO(render_workbook(report, words)))
    sheet = book["Table R1"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert " ".join(row[0] for row in rows[1:] if row[0] and row[0] in note) == note
    assert max(len(row[0] or "") for row in rows) < 160
    at = next(number for number, row in enumerate(rows, start=1) if row[0] == "Domain")
    assert rows[at - 1][2:4] == ["Answer", "Answer (%)"]
    assert [row[2:4] for row in rows[at : at + 3]] == [["In operation", None], [None, 82], [4, None]]
    year = sheet.cell(at + 1, 5)
    assert (year.value, year.number_format) == (2021, "0")
    for number in (at, at + 1):
        lines = sheet.row_dimensions[number].height / 15
        for cell in sheet[number]:
            width = sheet.column_dimensions[cell.column_letter].width
            assert len(str(cell.value or "")) <= lines * width, cell.coordinate


def test_a_language_without_texts_is_built_with_its_labels_and_says_so(folder):
    page = (folder / "report.sq.html").read_text(encoding="utf-8")
    assert '<html lang="sq">' in page
    assert "report in English: " in page
    assert "Shqipëri" in page
    serbian = (folder / "report.sr-Latn.html").read_text(encoding="utf-8")
    assert "Žrtve" in squeezed(serbian) or "žrtve" in serbian
    assert "stoji na engleskom" not in serbian
    assert "1.271" in serbian
    assert "1.271" in text_of_pdf(folder / "report.sr-Latn.pdf")


@pytest.mark.parametrize("language", ["sr-Cyrl"])
def test_a_complete_language_has_every_text_with_the_same_places(language):
    english, own = _texts(REPORTS, "en"), _texts(REPORTS, language)
    # A language has as many forms that go with numbers as it needs.
    forms = {k for k in set(english) ^ set(own) if f"{k.rpartition('.')[0]}.other" in english}
    assert sorted((set(english) ^ set(own)) - forms) == []
    for key, text in ((k, t) for k, t in english.items() if k in own):
        if isinstance(text, str):
            wanted, found = (
                sorted({n for _, n, _, _ in Formatter().parse(t) if n}) for t in (text, own[key])
            )
            assert wanted == found, key
        else:
            assert len(text) == len(own[key]), key


def test_revisions_name_what_moved_and_why(tmp_path):
    import json

    def annex(name, value, where=None):
        place = tmp_path / name
        (place / "data").mkdir(parents=True)
        (place / "definitions.json").write_text(json.dumps([{"id": "T01", "where": where, "dimensions": {}}]))
        lines = [
            "territory,reference_year,value,protection",
            f"ALB,2021,{value},",
            "SRB,2021,9,",
            "SRB,2022,,hidden",
        ]
        (place / "data" / "T01.csv").write_text("\n".join(lines) + "\n")
        return place

    def lock(*submissions, release="1.0"):
        rows = [
            {"submission": s, "territory": s[:3], "first_year": y, "last_year": y, "counted": True}
            for s, y in submissions
        ]
        return {"edition": 2022, "release": release, "submissions": rows, "linkage_sha256": ""}

    before, now = annex("a", 20), annex("b", 25)
    old = lock(("ALB-1", 2021), ("SRB-1", 2021))
    cases = {
        "submission": lock(("ALB-2", 2021), ("SRB-1", 2021)),
        "later_status": lock(("ALB-1", 2021), ("SRB-1", 2021), ("ALB-3", 2022)),
        "link": lock(("ALB-1", 2021), ("SRB-1", 2021), ("SRB-3", 2022)),
        "program": old,
    }
    for reason, new in cases.items():
        found = compare(before, now, old, new)
        assert [(r.table, dict(r.place), r.before, r.now, r.reason) for r in found.moved] == [
            ("T01", {"territory": "ALB", "reference_year": "2021"}, 20, 25, reason)
        ]
        assert found.compared == 3
    # What others publish: a changed total, a new one, one that is gone; years that only one of the two tells are no change.
    said = [{"territory": "SRB", "year": y, "value_text": v, "source": f"UNODC ({d})", "publisher": "UNODC"}
            for d, y, v in (("2024-01-31", "2021", "46"), ("2024-01-31", "2020", "<5"), ("2025-04-14", "2021", "47"),
                            ("2025-04-14", "2020", "<5"), ("2025-04-14", "2022", "62"))]  # fmt: skip
    released = compare(
        before, before, {**old, "published_figures": said[:2]}, {**old, "published_figures": said[2:]}
    )
    assert [(p.territory, p.year, p.source, p.before, p.now) for p in released.published] == [
        ("SRB", "2021", "UNODC", "46", "47")
    ]
    assert "T43,territory=SRB; reference_year=2021; source=UNODC,46,47,release" in released.csv()
    assert compare(before, before, old, {**old, "published_figures": said}).published == ()
    hidden = compare(before, annex("c", ""), old, old).moved[0]
    assert (hidden.now, hidden.reason, hidden.share) == (None, "protection", None)
    # A first-time sender has no number before hers; and a nought is none that moved.
    nothing = annex("e", "")
    path = nothing / "data" / "T01.csv"
    path.write_text(path.read_text().replace("ALB,2021,,", "ALB,2021,,missing"))
    first = compare(nothing, now, lock(("SRB-1", 2021)), old).moved[0]
    assert (first.before, first.now, first.reason, first.missing) == (None, 25, "submission", {"before"})
    assert compare(nothing, annex("f", 0), lock(("SRB-1", 2021)), old).moved == ()
    assert compare(before, annex("d", 25, where="x = 1"), old, old).moved[0].reason == "definition"


def _tells_of_perpetrators(chapter: str) -> None:
    said = chapter[chapter.index("Perpetrators as public case files describe them, exploitation in Europe") :]
    said = said[: said.index("</table>")]
    assert "Role in the trafficking: Exploiter" in said
    assert "12,840" in said
    assert "15,000" in said
    assert "&lt;5" in said, "three records are told as fewer than five"
    assert "Recruiter or broker" not in said, "no record says it"
    assert "The file is synthetic" in chapter


def test_the_check_compares_the_printed_pages_with_the_page(tmp_path):
    """A number, a sentence and a finding changed on the page are each missed in the PDF, in the site and in the annex."""
    from clearing_point.report.selfcheck import problems_of

    tables = [samples.by_territory(), samples.by_sex(), samples.withheld()]
    anew = PublishedMoved("SRB", "2021", "UNODC", "46", "47")
    moved = Revisions("2022, 1.0", "2022, 1.1", (), 3, (anew,))
    told = tuple(
        {"territory": t, "year": y, "population": p, "value_text": v, "source": "UNODC (2025-04-14)"}
        for t, y, p, v in (("SRB", "2022", "PROSECUTED", "1146"), ("ALB", "2022", "CONVICTED", "<5"), ("ALB", "2021", "CONVICTED", "77"))
    )  # fmt: skip
    roles = {"EXPLOITER": 12840, "TRANSACTION": 3}
    made = Described("CTDCVP", True, "perpetrator_role", "perpetrator_role", roles, 15000, 2005, 2022)
    described = {"justice": (made,)}
    edition, context = (
        samples.edition(),
        samples.context(revisions=moved, published_beside=told, described=described),
    )
    built = build_report(edition, tables, context, tmp_path / "r").html
    page = built.read_text(encoding="utf-8")
    assert "Its publisher released it anew" in page
    # No number of ours moved, so none is said to stand below; the other body's total does, and is said to.
    assert "None of the 3 numbers" in page
    assert "0 of 3" not in page
    assert "Totals of others that their publisher released anew" in page
    chapter = page[
        page.index('id="reading-justice"') : page.index('id="reading-afterwards"')
        if 'id="reading-afterwards"' in page
        else None
    ]
    table = chapter[: chapter.index("</table>")]
    assert "Persons prosecuted" in table
    assert "Persons convicted" in table
    assert "Persons suspected" not in table, "nobody published it"
    assert "1,146" in table
    assert "&lt;5" in table
    assert ">77<" not in table, "of another year"
    _tells_of_perpetrators(chapter)
    folder = built.parent

    def problems(old, new):
        page = folder / "report.html"
        text = page.read_text("utf-8")
        assert old in text
        page.write_text(text.replace(old, new, 1), "utf-8")
        found = list(problems_of(folder, edition, tables, context))
        page.write_text(text, "utf-8")
        return found

    assert problems("<html", "<html") == []
    at = (folder / "report.html").read_text("utf-8")
    profile = at[at.index('id="table-profile-alb"') :]
    cell = re.search(r"<td>41</td>", profile)
    assert cell is not None
    wrong = profile.replace("<td>41</td>", "<td>42</td>", 1)
    found = problems(profile, wrong)
    assert "page and PDF: table-profile-alb, row 1" in found
    assert "page and site: table-profile-alb" in found
    sentence = re.search(r'<li data-cells="T01[^>]*>([^<]+)', at)[1]
    found = problems(sentence, sentence.replace("In 2022", "In 2021"))
    assert "page and PDF: a finding of T01" in found
    assert "page and site: findings" in found
    (folder / "data").mkdir()
    for name in ("T01", "T10", "T15"):
        (folder / "data" / f"{name}.csv").write_text(
            "territory,reference_year,value,protection\nTotal,2022,,hidden\n"
        )
    found = list(_findings(read_page(at), folder))
    assert "finding of a number that the annex does not show: T01" in found
