"""Found sentences: said where their conditions hold, silent where not, with numbers on both sides of each condition."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from clearing_point.project import Project
from clearing_point.publication.edition import load_edition
from clearing_point.report.breaks import known_breaks
from clearing_point.report.chapters import Numbering, coverage, key_figures
from clearing_point.report.figures import Easel
from clearing_point.report.findings import Finder, Sought, load_findings
from clearing_point.report.model import Items
from clearing_point.report.plurals import counted, form_of, written_day
from clearing_point.report.reading import about, glance_of, load_chapters
from clearing_point.report.view import Setting, View
from clearing_point.report.words import load_words
from tests.unit import report_samples as samples

REPORTS = samples.ROOT / "reports"
YEAR = Sought("x", "change", "T01", "identified", "identified", back=1, parts="territory")
ALL = {(t, str(y)) for t in ("ALB", "BGR", "ROU") for y in (2021, 2022)}


def finder(tables, language="en", *, complete=ALL, known=(), coverage=None, **edition):
    coverage = coverage or {t: {"2021": "accepted", "2022": "accepted"} for t in ("ALB", "BGR", "ROU")}
    context = samples.context(coverage=coverage, complete=frozenset(complete), declarations=())
    setting = Setting(samples.edition(**edition), context, load_words(REPORTS, language))
    setting.__dict__["breaks"] = frozenset(known)  # what the references and declarations say
    views = {t.indicator.indicator_id: View(t, setting) for t in tables}
    return Finder(setting, views, ())


def by_year(values):
    which = samples.indicator(
        "T01", (samples.TERRITORY_BY, samples.YEAR_BY), ("territory",), ("reference_year",)
    )
    dimensions = {"territory": ("ALB", "BGR", "ROU", "Total"), "reference_year": ("2021", "2022")}
    cells = {(t, y): v for t, pair in values.items() for y, v in zip(("2021", "2022"), pair, strict=True)}
    return samples.published(which, samples.protected("T01", dimensions, cells))


REGION = {"ALB": (408, 315), "BGR": (466, 153), "ROU": (505, 500), "Total": (1379, 968)}


def said(values, language="en", sought=YEAR, territory="", **more):
    found = finder([by_year(values)], language, **more).find(sought, territory)
    return found.text if found else None


def test_a_change_names_how_much_against_when_and_whose_it_is():
    assert said(REGION) == (
        "In 2022, 968 persons were identified as victims of trafficking, 30 % fewer than in 2021 (1,379); "
        "Bulgaria alone went from 466 to 153, 76 % of the difference."
    )


def test_a_known_break_is_said_in_the_same_sentence():
    text = said(REGION, known={("BGR", "2022", "")})
    assert (
        "Bulgaria alone went from 466 to 153, 76 % of the difference, where the method of counting changed in 2022"
        in text
    )
    assert "in between, the method of counting changed in Albania" in said(
        REGION, known={("ALB", "2022", "persons_identified")}
    )
    assert "changed" not in said(REGION, known={("ALB", "2021", "")})  # before both years
    assert "changed" not in said(REGION, known={("ALB", "2022", "persons_assisted")})  # of another count
    assert "must not be compared" in said(REGION, territory="BGR", known={("BGR", "2022", "")})


@pytest.mark.parametrize(
    ("before", "now", "clear"), [(100, 131, True), (100, 125, False), (20, 36, True), (20, 30, False)]
)
def test_within_chance_there_is_no_clear_change(before, now, clear):
    text = said({"Total": (before, now)})
    assert ("more than" in text) == clear
    assert ("no clear change" in text) != clear


def test_few_persons_give_no_per_cent():
    assert "%" not in said({"Total": (10, 40)})
    assert "100 % more" in said({"Total": (20, 40)})


@pytest.mark.parametrize("cell", [("Total", (None, 968)), ("Total", (1379, None)), ("Total", (0, 968))])
def test_protected_or_missing_numbers_say_nothing(cell):
    assert said({**REGION, cell[0]: cell[1]}, complete=()) is None


def test_a_part_is_named_only_where_it_is_shown_and_large():
    assert "Bulgaria" not in said({**REGION, "BGR": (466, None)})
    even = {"ALB": (410, 300), "BGR": (410, 330), "ROU": (410, 270), "Total": (1379, 828)}
    assert "alone" not in said(even)  # 140 of 551 is a quarter


def test_other_coverage_and_a_year_that_may_be_completed_are_said():
    partly = ALL - {("ROU", "2022")}
    assert "coverage of the data differs between the two years for Romania" in said(REGION, complete=partly)
    assert "coverage" not in said(REGION)
    assert "may still be completed" in said(REGION, provisional_years=(2022,))


MINOR = replace(samples.SEX_BY, variable="minor", codelist="yes_no", label={"en": "Under 18"})
CHILDREN = Sought("c", "share", "T13A", "who", "children", at={"minor": "Y"}, of="minor", back=1)


def children(before, now):
    """Yes, no and not known of two years."""
    which = samples.indicator(
        "T13A", (MINOR, samples.YEAR_BY), ("minor",), ("reference_year",), share="minor"
    )
    cells = {}
    for year, (yes, no, unknown) in (("2021", before), ("2022", now)):
        total = None if None in (yes, no, unknown) else yes + no + unknown
        cells |= {("Y", year): yes, ("N", year): no, ("UNK", year): unknown, ("Total", year): total}
    dimensions = {"minor": ("Y", "N", "UNK", "Total"), "reference_year": ("2021", "2022")}
    return samples.published(which, samples.protected("T13A", dimensions, cells))


@pytest.mark.parametrize(
    ("before", "now", "text"),
    [
        ((300, 700, 0), (420, 580, 0), "42.0 % of the victims identified in 2022 were under 18, 12 percentage points more than in 2021 (30.0 %)."),
        ((300, 700, 0), (320, 680, 0), "32.0 % of the victims identified in 2022 were under 18, no clear change from 2021 (30.0 %)."),
        ((300, 700, 0), (420, 580, 450), "42.0 % of the victims identified in 2022 were under 18, 12 percentage points more than in 2021 (30.0 %); indicative only, as many answers are not known."),
        ((None, 700, 0), (420, 580, 0), "42.0 % of the victims identified in 2022 were under 18."),
        ((300, 700, 0), (None, 580, 0), None),
        ((300, 700, 0), (4, 6, 0), None),  # too few for per cent
        ((300, 700, 0), (420, 580, 2000), None),  # too many unknown for per cent
    ],
)  # fmt: skip
def test_shares(before, now, text):
    found = finder([children(before, now)]).find(CHILDREN)
    assert (found.text if found else None) == text


def test_a_year_still_followed_is_not_the_last_year():
    table = children((300, 600, 100), (10, 20, 970))
    followed = replace(table, indicator=replace(table.indicator, follow_up_months=12))
    step = Sought("s", "step", "T13A", "reach", "reached", at={"minor": "Y"}, of="minor")
    found = finder([followed]).find(step)
    assert "Of 1,000 persons identified in 2021, 300 are known" in found.text
    assert "for 100 it is not known" in found.text


@pytest.mark.parametrize(
    ("before", "now", "clause"),
    [
        ((300, 700, 0), (420, 580, 0), "; in 2021 it was 30.0 %, 12 percentage points less."),
        ((420, 580, 0), (300, 700, 0), "; in 2021 it was 42.0 %, 12 percentage points more."),
        ((300, 700, 0), (320, 680, 0), "; in 2021 it was 30.0 %, which is no clear change."),
        ((300, 700, 0), (420, 580, 450), "; in 2021 it was 30.0 %, 12 percentage points less; indicative only, as many answers are not known."),
        ((None, 700, 0), (420, 580, 0), "(42.0 %)."),  # a protected number is no year before
        ((4, 6, 0), (420, 580, 0), "(42.0 %)."),
    ],
)  # fmt: skip
def test_a_step_says_against_when(before, now, clause):
    step = Sought("s", "step", "T13A", "reach", "reached", at={"minor": "Y"}, of="minor", back=1)
    found = finder([children(before, now)]).find(step)
    assert found.text.endswith(clause)
    broken = finder([children(before, now)], known={("BGR", "2022", "")}).find(step)
    assert ("changed in Bulgaria" in broken.text) == ("it was" in clause)


def test_every_sentence_of_the_first_page_has_a_year_before_it():
    first = [entry for entry in load_findings(REPORTS) if entry.first_page]
    assert sorted(entry.first_page for entry in first) == [1, 2, 3, 4, 5]
    assert all(entry.back for entry in first)


@pytest.mark.parametrize(
    ("number", "serbian", "english"),
    [
        (1, "особа идентификована је као жртва", "person was identified as a victim"),
        (21, "особа идентификована је као жртва", "persons were identified as victims"),
        (454, "особе идентификоване су као жртве", "persons were identified as victims"),
        (968, "особа идентификовано је као жртве", "persons were identified as victims"),
        (12, "особа идентификовано је као жртве", "persons were identified as victims"),
    ],
)
def test_the_large_numbers_of_the_first_page_decline(number, serbian, english):
    for language, wanted in (("sr-Cyrl", serbian), ("en", english)):
        found = finder([by_year({"Total": (1379, number)})], language)
        shown = key_figures(list(found._views.values()), found.setting, {"T01": "T01"})
        assert shown.figures[0].sentence.startswith(wanted)


@pytest.mark.parametrize("language", ["en", "sr-Cyrl"])
def test_every_large_number_of_persons_has_its_forms(language):
    words = load_words(REPORTS, language)
    bound = [
        b
        for b in load_edition(Project(root=samples.ROOT, data=samples.ROOT), 2022).key_figures
        if not b.share
    ]
    assert len(bound) >= 5
    categories = {form_of(number, language) for number in range(1, 30)}
    for name in (b.words for b in bound):
        assert all(words.has(f"key_figures.sentences.{name}.{form}") for form in categories), name


def test_no_one_trafficked_again_is_not_said_alone():
    """ "0.0 %" stood in the chapter; that it is of those who were reached, and that others are known, stood elsewhere."""
    listed, words = load_chapters(REPORTS), load_words(REPORTS, "en")
    entries = [entry for chapter in listed["chapters"] for entry in chapter.get("glance", ())]
    assert [entry.get("note") for entry in entries if entry["table"] == "E20"] == ["retrafficked"]
    tables, edition, context = samples.real_indicators()
    setting = Setting(edition, context, words)
    views = {t.indicator.indicator_id: View(t, setting) for t in tables}
    chapter = next(c for c in listed["chapters"] if c["id"] == "afterwards")
    numbering = Numbering(setting)
    *_, table = glance_of(
        chapter["glance"], views, Easel(setting, REPORTS, later=True), numbering, "afterwards"
    )
    assert words("reading.glance_notes.retrafficked") in table.notes


def test_what_is_most_unknown_is_sought():
    """The chapter opened with recruitment (23 %), and its table began with the offers of assistance (34 %)."""
    by_id = {i.indicator_id: i for i in samples.standard().indicators}
    asked = [
        entry["table"]
        for chapter in load_chapters(REPORTS)["chapters"]
        for entry in chapter.get("unknown", ())
    ]
    of_victims = {table for table in asked if by_id[table].population == "persons_identified"}
    assert len(of_victims) > 4
    assert of_victims <= {entry.table for entry in load_findings(REPORTS) if entry.kind == "missing"}


def test_missing_data_are_said_from_a_share_on():
    missing = Sought("m", "missing", "T13A", "data", "age", of="minor", least=5)
    assert (
        "40 of 800 victims identified in 2022 (5 %)"
        in finder([children((1, 1, 1), (300, 460, 40))]).find(missing).text
    )
    assert finder([children((1, 1, 1), (300, 462, 38))]).find(missing) is None
    assert finder([children((1, 1, 1), (300, 460, None))]).find(missing) is None


def test_every_number_of_a_sentence_is_of_its_cells_or_worked_out_of_them():
    """Read from the sentence alone: whole numbers are printed cells, the others follow from the named cells."""
    found = finder([by_year(REGION)]).find(YEAR)
    cells = dict(zip(found.cells, (968, 1379, 153, 466), strict=True))
    assert list(cells) == ["T01:Total:2022", "T01:Total:2021", "T01:BGR:2022", "T01:BGR:2021"]
    numbers = {n.replace(",", "") for n in re.findall(r"\d[\d,]*", found.text)}
    derived = {"30", "76", "2021", "2022"}
    assert round(100 * (1379 - 968) / 1379) == 30
    assert round(100 * (466 - 153) / (1379 - 968)) == 76
    assert numbers == {str(n) for n in cells.values()} | derived


@pytest.mark.parametrize(
    ("number", "form", "noun"),
    [(1, "one", "особа"), (2, "few", "особе"), (5, "other", "особа"), (11, "other", "особа"), (21, "one", "особа"),
     (113, "other", "особа"), (596, "other", "особа"), (919, "other", "особа"), (968, "other", "особа"), (1002, "few", "особе")],
)  # fmt: skip
def test_serbian_counts_decline(number, form, noun):
    words = load_words(REPORTS, "sr-Cyrl")
    assert form_of(number, "sr-Cyrl") == form
    text = counted(words, "findings.counted.identified", number, n=number)
    assert f"{number} {noun}" in text
    victims = counted(words, "findings.counted.assisted", number, n=number)
    assert victims.endswith({"one": "жртва", "few": "жртве", "other": "жртава"}[form])
    latin = load_words(REPORTS, "sr-Latn")
    assert counted(latin, "findings.counted.assisted", number, n=number).endswith(
        {"one": "žrtva", "few": "žrtve", "other": "žrtava"}[form]
    )


def test_the_registry_is_said_in_every_kind_of_words():
    group = {
        "change": "counted",
        "share": "shares",
        "compare": "shares",
        "step": "steps",
        "missing": "missing",
    }
    words = load_words(REPORTS, "en")
    for entry in load_findings(REPORTS):
        key = f"findings.{group[entry.kind]}.{entry.words}"
        assert words.has(key) or words.has(f"{key}.other"), key


def test_serbian_sentences_have_their_own_words():
    assert said(REGION, "sr-Cyrl", known={("BGR", "2022", "")}).startswith(
        "У 2022. години идентификовано је 968 особа као жртве трговине људима, што је 30 % мање него у 2021. (1.379); Бугарска: са 466 на 153"
    )


def test_a_report_in_serbian_says_no_english_of_itself_and_of_breaks():
    """Contact and licence of the edition, and what changed in Bulgaria, stood in English in the Serbian report."""
    standard, words = samples.standard(), load_words(REPORTS, "sr-Cyrl")
    edition = load_edition(Project(root=samples.ROOT, data=samples.ROOT / "data"), 2022)
    context = replace(samples.context(), coverage={**samples.context().coverage, "BGR": {}}, declarations=())
    setting = Setting(edition, context, words)
    (terms,) = about(Finder(setting, {}, ()), (), "").blocks
    said = [
        text
        for key, text in terms.terms
        if key in (words("reading.about.contact"), words("reading.about.licence"))
    ]
    said += [standard.place_text(row["what_en"], "sr-Cyrl") for row in known_breaks(context)]
    assert len(said) == 3
    assert [text for text in said if not re.match("[А-Яа-я]", text)] == []


def test_one_thing_is_one_percentage():
    """The first page said 43.3 per cent assisted, of those with a known answer, and Figure 9 beside it 42.8, of all."""
    edition = load_edition(Project(root=samples.ROOT, data=samples.ROOT / "data"), 2022)
    chapters = load_chapters(REPORTS)
    told = {
        "sentence": next(e.table for e in load_findings(REPORTS) if e.words == "reached"),
        "front page": next(e.table for e in edition.key_figures if e.words == "reached"),
        "profile": next(e["table"] for e in chapters["profile"]["figures"] if e["words"] == "reached"),
        "territories": next(e["table"] for e in chapters["comparison"] if e["words"] == "assisted"),
    }
    assert len(set(told.values())) == 1, told


def test_breaks_of_all_territories_stand_in_one_list():
    """A statistician had to open eleven pages to find them."""
    context = replace(samples.context(), coverage={**samples.context().coverage, "BGR": {}}, declarations=())
    setting = Setting(samples.edition(), context, load_words(REPORTS, "en"))
    section = coverage(Easel(setting, REPORTS), Numbering(setting))
    (listed,) = [block.items for block in section.blocks if isinstance(block, Items)]
    assert [text.startswith("Bulgaria: 2022: Until 2021 all victims") for text in listed] == [True]


@pytest.mark.parametrize(
    ("language", "day"), [("en", "30 June 2023"), ("sr-Cyrl", "30. јун 2023."), ("xx", "2023-06-30")]
)
def test_a_day_is_written_as_the_language_writes_it(language, day):
    assert written_day("2023-06-30", language) == day
