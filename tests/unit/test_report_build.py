"""The built report: safe, whole, the same every time, readable without colours, scripts or a wide screen."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from clearing_point.errors import InputProblem, InternalError
from clearing_point.project import Project
from clearing_point.publication.edition import load_edition
from clearing_point.report.build import build_report
from tests.unit import report_samples as samples

GOLDEN = samples.ROOT / "tests" / "golden"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    tables = [samples.by_territory(), samples.by_sex(), samples.withheld()]
    return build_report(
        samples.edition(), tables, samples.context(), tmp_path_factory.mktemp("report") / "2022"
    )


@pytest.fixture(scope="module")
def page(built):
    return built.html.read_text(encoding="utf-8")


class _Outline(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def test_two_builds_are_the_same_bytes(built, tmp_path):
    tables = [samples.by_territory(), samples.by_sex(), samples.withheld()]
    again = build_report(samples.edition(), tables, samples.context(), tmp_path / "again")
    assert [p.name for p in again.files] == [p.name for p in built.files]
    for first, second in zip(built.files, again.files, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


def test_only_tables_of_the_gate_are_printed(tmp_path):
    table = samples.by_territory()
    unprotected = replace(table, protected={"cells": {("ALB", "2022"): 3}})
    with pytest.raises(InternalError, match="disclosure gate"):
        build_report(samples.edition(), [unprotected], samples.context(), tmp_path / "r")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_build_leaves_the_last_good_report(tmp_path):
    folder = tmp_path / "2022"
    folder.mkdir()
    (folder / "report.html").write_text("last good")
    with pytest.raises(InputProblem, match="T10, which has not been published"):
        build_report(samples.edition(), [samples.by_territory()], samples.context(), folder)
    assert (folder / "report.html").read_text() == "last good"
    assert [p.name for p in tmp_path.iterdir()] == ["2022"]


def test_the_page_needs_no_script_and_no_other_host(page):
    outline = _Outline(page)
    assert not outline.all("script")
    for tag, attributes in outline.elements:
        for name in ("src", "href", "xlink:href", "action", "data"):
            assert not re.match(r"\s*(\w+:)?//", attributes.get(name) or ""), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")], tag
    assert re.search(r"@import|url\((?!#)", page) is None


def test_every_inner_link_has_its_place_and_every_place_is_one(page):
    outline = _Outline(page)
    places = Counter(attributes["id"] for _, attributes in outline.elements if "id" in attributes)
    assert [place for place, count in places.items() if count > 1] == []
    links = {a["href"][1:] for a in outline.all("a") if (a.get("href") or "").startswith("#")}
    assert links <= set(places)


def test_tables_and_figures_can_be_heard(page):
    outline = _Outline(page)
    assert outline.all("html") == [{"lang": "en"}]
    assert all(attributes.get("scope") for attributes in outline.all("th"))
    assert len(outline.all("caption")) == len(outline.all("table"))
    drawings = [a for a in outline.all("svg") if a.get("role") == "img"]
    assert len(drawings) == len(outline.all("figure")) == page.count("<desc")
    headings = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch(r"h[1-6]", tag)]
    assert headings[0] in (1, 2)
    assert all(after - before <= 1 for before, after in pairwise(headings))
    assert any(a.get("class") == "skip" and a.get("href") == "#report" for a in outline.all("a"))


def test_made_data_are_marked_on_the_page_every_table_and_every_figure(page):
    assert "made by a program" in page
    for anchor in ("table-t01", "table-t10", "figure-t01", "figure-t10", "table-t01-alb", "table-coverage"):
        piece = page[page.index(f'id="{anchor}"') :]
        assert (
            "Made data" in piece[: piece.index("</caption>" if anchor.startswith("table") else "</figure>")]
        ), anchor


def test_real_data_are_not_called_made(tmp_path):
    tables = [
        replace(t, made_data=False) for t in (samples.by_territory(), samples.by_sex(), samples.withheld())
    ]
    built = build_report(
        samples.edition(), tables, samples.context(made_data=False, suppliers=()), tmp_path / "r"
    )
    assert "ade data" not in built.html.read_text(encoding="utf-8")


def test_a_key_figure_that_is_hidden_falls_away(tmp_path, page):
    assert "<strong>1,271</strong>" in page
    table = samples.by_territory()
    hidden = {("Total", year): None for year in samples.YEARS}
    dimensions = {d.variable: tuple(c.code for c in d.categories) for d in table.protected.dimensions}
    shown = {key: cell.shown for key, cell in table.protected.cells.items()}
    protected = samples.protected("T01", dimensions, {**shown, **hidden})
    tables = [replace(table, protected=protected), samples.by_sex(), samples.withheld()]
    built = build_report(samples.edition(), tables, samples.context(), tmp_path / "r")
    text = built.html.read_text(encoding="utf-8")
    assert "<strong>" not in text
    assert "None of the key figures may be shown" in text


def test_a_territory_without_data_is_said_to_have_none_and_is_never_a_nought(page):
    montenegro = page[page.index('id="territory-mne"') :]
    assert "was not accepted and is not counted" in montenegro[: montenegro.index("</section>")]
    row = page[page.index('id="table-t01"') :]
    row = row[row.index(">Montenegro<") : row.index(">Serbia<")]
    assert row.count('<td class="none">..</td>') == 3


def test_a_withheld_table_is_a_note(page):
    piece = page[page.index('id="table-t15"') :]
    piece = piece[: piece.index("<details>")]
    assert "<table>" not in piece
    assert "not published" in piece
    assert "too few persons" in piece


def test_published_national_figures_stand_as_printed(page):
    piece = page[page.index('id="table-reconciliation"') :]
    piece = piece[: piece.index("</table>")]
    assert re.search(r">Albania</th><td>2022</td><td>41</td><td>1,140</td>", piece)
    assert re.search(r">Serbia</th><td>2021</td><td class=\"hidden\">&lt;5</td><td>&lt;5</td>", piece)


def test_where_from_answers_everything(page):
    piece = page[page.index('id="table-t10"') :]
    piece = piece[piece.index("<details>") : piece.index("</details>")]
    for word in (
        "Definition of T10",
        "Persons identified",
        "2 of 12 cells",
        "ALB-2022-01",
        "a &lt; 5",
        "13 not known of 1,271",
    ):
        assert word in piece, word


def test_names_follow_the_profile(tmp_path):
    tables = [samples.by_territory(), samples.by_sex(), samples.withheld()]
    for profile, name in (("neutral", ">Kosovo*<"), ("un", "Security Council resolution 1244 (1999))<")):
        built = build_report(
            samples.edition(naming_profile=profile), tables, samples.context(), tmp_path / profile
        )
        text = built.html.read_text(encoding="utf-8")
        assert name in text
        assert "1244" in text


def test_the_html_of_one_table_is_as_agreed(page):
    """Golden: tests/golden/report_table_t10.html. Change it on purpose only."""
    piece = page[page.index('id="table-t10"') :]
    piece = piece[piece.index("<table>") : piece.index("</table>") + len("</table>")] + "\n"
    assert piece == (GOLDEN / "report_table_t10.html").read_text(encoding="utf-8")


def test_editions_are_checked_with_file_and_line(tmp_path):
    project = Project(samples.ROOT, tmp_path)
    assert load_edition(project, 2022).year == 2022
    with pytest.raises(InputProblem, match="There is no edition 1999"):
        load_edition(project, 1999)
    reports = tmp_path / "reports" / "editions"
    reports.mkdir(parents=True)
    (tmp_path / "schemas").symlink_to(samples.ROOT / "schemas")
    text = (samples.ROOT / "reports" / "editions" / "2022.yml").read_text(encoding="utf-8")
    (reports / "2022.yml").write_text(text.replace("profile: suppress", "profile: hope"), encoding="utf-8")
    with pytest.raises(InputProblem, match=r"2022\.yml:\d+: profile"):
        load_edition(Project(tmp_path, tmp_path), 2022)


def test_a_rounded_edition_never_calls_a_nought_none_reported(tmp_path):
    table = samples.by_territory()
    shown = {key: 5 * round((cell.shown or 0) / 5) for key, cell in table.protected.cells.items()}
    dimensions = {d.variable: tuple(c.code for c in d.categories) for d in table.protected.dimensions}
    protected = samples.protected("T01", dimensions, shown, profile="round", base=5, far_from=0, far_reach=9)
    edition = samples.edition(profile="round", tables=("T01",), small_territory_tables=())
    built = build_report(edition, [replace(table, protected=protected)], samples.context(), tmp_path / "r")
    text = built.html.read_text(encoding="utf-8")
    assert ">Kosovo*</th><td>0</td><td>0</td><td>0</td>" in text
    assert "multiple of 5 and less than 5 away" in text
    assert "None reported" not in text


def test_corrections_and_waivers_are_printed_in_the_annex(tmp_path):
    decision = {
        "kind": "corrections", "territory": "ALB", "submission": "ALB-2022-01", "decision": "C-2022-01", "table": "person",
        "about": "sex", "reason": "A slip of the keyboard.", "role": "data officer", "decided_on": "2023-02-01",
        "expires_on": "2024-02-01",
    }  # fmt: skip
    waiver = {**decision, "kind": "waivers", "about": "F01", "reason": "The register has no status."}
    tables = [samples.by_territory(), samples.by_sex(), samples.withheld()]
    built = build_report(
        samples.edition(), tables, samples.context(decisions=(decision, waiver)), tmp_path / "r"
    )
    text = built.html.read_text(encoding="utf-8")
    table = text[text.index('id="table-decisions"') :]
    table = table[: table.index("</table>")]
    for words in ("Corrected: Sex", "A slip of the keyboard.", "Let pass: F01", "data officer", "2024-02-01"):
        assert words in table
