"""What an editor writes: bound numbers are printed ones, and what is wrong stops the build with file and line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clearing_point.errors import InputProblem
from clearing_point.report.build import build_report
from clearing_point.report.editor_texts import load_texts, names_of
from clearing_point.report.model import Items, Paragraph
from clearing_point.report.readback import read_page, text_of_pdf
from clearing_point.report.view import Setting, View
from clearing_point.report.words import load_words
from tests.unit import report_samples as samples

NAMES = names_of(["identified", "who"], ["ALB", "SRB"])


def views():
    setting = Setting(samples.edition(), samples.context(), load_words(samples.ROOT / "reports", "en"))
    tables = (samples.by_territory(), samples.by_sex(), samples.withheld())
    return {t.indicator.indicator_id: View(t, setting) for t in tables}


def read(tmp_path, text, name="who"):
    (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    return load_texts(tmp_path, views(), NAMES)[name]


def test_numbers_are_those_that_are_printed(tmp_path):
    text = read(
        tmp_path,
        "instead: yes\n\n## Women\n\nIn 2022 it was {T01:SRB:2022=1230} and\n{T10:ALB:F%} of {T10:ALB:Total}.\n\n- within {=30} days\n",
    )
    assert text.instead
    assert text.blocks == (
        Paragraph("Women", "subtitle"), Paragraph("In 2022 it was 1,230 and 67 % of 100."), Items(("within 30 days",)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("Fine.\n\nIt was {T99:ALB:2022}.", 3, "table T99 is not published"),
        ("It was {T15:F}.", 1, "table T15 is not published"),  # withheld
        ("It was {T01:FRA:2022}.", 1, "no territory FRA"),
        ("It was {T01:ALB}.", 1, "a code for each of territory, reference_year"),
        ("It was {T01:SRB:2021}.", 1, "is protected"),
        ("It was {T01:MNE:2022}.", 1, "has no data"),
        ("It was {T01:ALB:2022=40}.", 1, "the number is now 41"),
        ("It was {T10:SRB:M%}.", 1, "no share is printed there"),
        ("Only 3 were found.", 1, "the number 3 is not bound"),
        ("See [this](https://example.org).", 1, "only plain text"),
        ("<b>Loud</b>", 1, "only plain text"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path, text, line, said):
    with pytest.raises(InputProblem) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'who.md'}:{line}: ")
    assert said in str(caught.value)


def test_all_problems_are_said_at_once_and_no_part_goes_unread(tmp_path):
    (tmp_path / "nothing.md").write_text("x")
    with pytest.raises(InputProblem, match=r"nothing\.md:1: no part of the report[\s\S]*who\.md:1: .* FRA"):
        read(tmp_path, "{T01:FRA:2022}")
    assert load_texts(tmp_path / "absent", views(), NAMES) == {}


def test_texts_stand_in_page_and_pdf(tmp_path):
    texts = tmp_path / "texts" / "en"
    texts.mkdir(parents=True)
    (texts / "recommendations.md").write_text("To all: count each person once, as {T01:Total:2022} were.")
    (texts / "profile-ALB.md").write_text("instead: yes\nAlbania had {T01:ALB:2022}.")
    tables = [samples.by_territory(), samples.by_sex(), samples.withheld()]
    context = replace(samples.context(), texts=tmp_path / "texts")
    built = build_report(samples.edition(), tables, context, tmp_path / "r")
    page = read_page(built.html.read_text("utf-8"))
    assert "count each person once, as 1,271 were." in page.sections["reading-recommendations"]
    assert "Albania had 41." in page.sections["profile-alb"]
    assert "as1,271were" in text_of_pdf(built.html.parent / "report.pdf")
    assert "Albaniahad41." in text_of_pdf(built.html.parent / "profiles" / "ALB.pdf")
