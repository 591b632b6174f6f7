"""From an edition and its protected tables to the report as plain data, in one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from clearing_point.analysis.model import PublishedTable
from clearing_point.errors import InputProblem
from clearing_point.publication.edition import Edition
from clearing_point.report.annexes import annexes, footnotes_of
from clearing_point.report.chapters import Numbering, coverage, key_figures, parts
from clearing_point.report.comparison import comparison_of
from clearing_point.report.data_notes import quality_section
from clearing_point.report.editor_texts import load_texts, names_of
from clearing_point.report.figures import Easel
from clearing_point.report.findings import Finder, load_findings
from clearing_point.report.languages import english_texts
from clearing_point.report.model import Block, Items, Paragraph, Report, ReportContext, Section, Terms
from clearing_point.report.plurals import written_day
from clearing_point.report.profiles import draw_profile, profile_of
from clearing_point.report.reading import (
    about,
    chapters_of,
    draw_chapters,
    draw_front,
    first_page,
    load_chapters,
    terms_of,
)
from clearing_point.report.scorecard import mechanisms
from clearing_point.report.territories import chapters
from clearing_point.report.view import Setting, View
from clearing_point.report.way import way_of
from clearing_point.report.words import Words, load_words


def compose(
    edition: Edition, tables: Sequence[PublishedTable], context: ReportContext, reports: Path, language: str
) -> Report:
    """Lay out the whole report.

    Parameters
    ----------
    tables : sequence of PublishedTable
        One for every table that the edition lists.
    reports : Path
        Folder with texts, templates and style.

    Raises
    ------
    InputProblem
        If a table of the edition has not been published, or its text or an indicator is wrong.
    InternalError
        If a table did not pass the disclosure gate.
    """
    setting = Setting(edition, context, load_words(reports, language))
    by_id = {view.indicator.indicator_id: view for view in (View(table, setting) for table in tables)}
    missing = [table for table in edition.tables if table not in by_id]
    if missing:
        raise InputProblem(
            f"Edition {edition.year} lists {missing[0]}, which has not been published: publish the edition first."
        )
    views = [by_id[table] for table in edition.tables]
    words, numbering, easel = setting.words, Numbering(setting), Easel(setting, reports, later=True)
    listed, finder = load_chapters(reports), Finder(setting, by_id, load_findings(reports))
    names_read = names_of([c["id"] for c in listed["chapters"]], sorted(context.coverage))
    texts = load_texts(context.texts / language, by_id, names_read) if context.texts else {}
    drawn = draw_front(listed, by_id, easel, numbering)
    way = way_of(listed.get("way", ()), by_id, easel, numbering)
    drawn |= draw_chapters(listed, by_id, easel, numbering)
    before = [figure for chapter in drawn.values() for figure in chapter.pictures]
    compared = comparison_of(listed.get("comparison", ()), by_id, easel, numbering, before)
    names = {territory: setting.territory(territory) for territory in context.coverage}
    ordered = sorted(names, key=lambda territory: names[territory])
    pictures = {t: draw_profile(t, listed, by_id, easel, numbering) for t in ordered}
    covered = coverage(easel, numbering)
    body = list(parts(views, easel, numbering))
    if context.scorecard is not None:
        body.append(mechanisms(context.scorecard, setting, numbering.table("T40")))
    judged = quality_section(numbering)
    if judged is not None:
        body.append(judged)
    region = Section(
        "region", words("parts.region.title"), (Paragraph(words("parts.region.intro")),), tuple(body)
    )
    figures = key_figures(views, setting, numbering.of_table)
    sections = (
        _how_to_read(setting, views, numbering.of_table),
        covered,
        region,
        chapters(views, easel, numbering),
        annexes(views, numbering),
    )
    facts = (
        (words("front.cut_off"), written_day(context.cut_off, language)),
        (words("front.years"), f"{edition.trend_from}-{edition.year}"),
        (words("front.standard"), context.standard_version),
        (words("front.package"), context.package_version),
    )
    chapters_read = (
        *way,
        *chapters_of(listed, finder, drawn, numbering, texts),
        *compared,
        about(finder, facts, _title(edition, words, reports)),
    )
    reading = Section("reading", words("reading.title"), (Paragraph(words("reading.intro")),), chapters_read)
    profiles = Section(
        "profiles", words("reading.profile.title"), (Paragraph(words("reading.profile.intro")),),
        tuple(
            profile_of(t, listed["profile"], by_id, pictures[t], finder, numbering, texts) for t in ordered
        ),
    )  # fmt: skip
    front: tuple[Block, ...] = first_page(finder.region(), drawn, numbering.of_table, texts)
    front = (*front, terms_of(words, [names[territory] for territory in ordered]))
    easel.draw_all()
    made = any(view.published.made_data for view in views) or context.made_data
    return Report(
        language=language,
        title=_title(edition, words, reports),
        subtitle=words("front.subtitle", year=edition.year),
        facts=facts,
        footnotes=tuple(text for _, text in footnotes_of(setting) if text.startswith("*")),
        made_data=words("made_data.banner") if made else "",
        made_data_tag=words("made_data.tag"),
        front=(*_about_language(words, len(english_texts(edition, context, words))), *front),
        key=(figures,) if figures else (Paragraph(words("key_figures.none_shown"), "note"),),
        reading=reading,
        profiles=profiles,
        sections=sections,
        date=context.cut_off[:10],
    )


def _title(edition: Edition, words: Words, reports: Path) -> str:
    """Return the edition's title; translated where it is the one that the texts translate."""
    same = load_words(reports, "en")("front.title") == edition.title
    return words("front.title") if same else edition.title


def _about_language(words: Words, english: int) -> list[Block]:
    """Say what readers of a translation must know of it."""
    said = [words("front.draft")] if words.draft else []
    if english:
        said.append(words("front.english_stands_in", count=english))
    return [Paragraph(" ".join(said), "note")] if said else []


def _how_to_read(setting: Setting, views: Sequence[View], numbers: Mapping[str, str]) -> Section:
    words, sign = setting.words, views[0].protected.sign
    signs = [
        (sign, words("how_to_read.sign_hidden")),
        ("0", words("how_to_read.sign_zero")),
        (words("signs.none_reported"), words("how_to_read.sign_none_reported")),
        (words("signs.no_data"), words("how_to_read.sign_no_data")),
        *(
            (words(f"signs.{sign}").strip(), words(f"how_to_read.sign_{sign}"))
            for sign in ("indicative", "no_share", "no_measure", "break", "not_yet")
        ),
    ]
    if setting.edition.profile == "round":
        signs[0] = (words("how_to_read.rounded_example"), words("how_to_read.sign_rounded"))
        del signs[1:3]
    method = Section(
        "method",
        words("how_to_read.method_title"),
        (Items(words.known_items("how_to_read.method", numbers)),),
        boxed=True,
    )
    origin = Section(
        "where-from", words("how_to_read.origin_title"), (Paragraph(words("how_to_read.origin")),)
    )
    blocks: list[Block] = [Paragraph(words("how_to_read.intro")), Terms(tuple(signs))]
    if any(view.protected.withheld for view in views):
        blocks.append(Paragraph(words("how_to_read.withheld"), "note"))
    return Section("how-to-read", words("how_to_read.title"), tuple(blocks), (method, origin))
