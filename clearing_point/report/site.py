"""The web edition: a small static site of the same model, for a folder, a stick or any host.

``index.html`` is the first page, all others stand in ``pages/`` (and ``pages/<language>/``). Every page can be read without
scripts; the list of tables and figures has a little one that searches it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from clearing_point.errors import InputProblem
from clearing_point.report.html import only_saying
from clearing_point.report.model import (
    Figure,
    Report,
    Row,
    Section,
    SiteFrame,
    SiteLink,
    SiteList,
    SitePage,
    Table,
    blocks_of,
    figures_of,
)
from clearing_point.report.plurals import own_name
from clearing_point.report.words import Words

STYLE = "style.css"
_TABLES = 15
"""So many tables, each with three stops, stand on a page of a territory."""
_INNER = re.compile(r'href="#([^"]+)"')
_FILES = re.compile(r'href="((?:figures|data|profiles)/[^"]+)"')
_BACK = re.compile(r'<p class="back">.*?</p>\n?')
_FIRST, _LIST = "index", "tables"


def pages_of(report: Report, words: Words) -> tuple[SitePage, ...]:
    """Cut a report into pages, in reading order."""
    chapters = report.reading.sections if report.reading else ()
    profiles = report.profiles.sections if report.profiles else ()
    pages = [SitePage(_FIRST, report.title, front=(*report.front, *report.key))]
    pages += [SitePage(part.anchor, part.title, section=part) for part in chapters]
    reference = list(_reference(report))
    for part in profiles:
        territory = part.anchor.rpartition("-")[2]
        own = [page for page in reference if page.name.startswith(f"territory-{territory}-")]
        links = tuple(SiteLink(f"{page.name}.html", page.title) for page in own)
        lists = (SiteList(words("site.reference_of", name=part.title), links),) if links else ()
        pages.append(
            SitePage(part.anchor, part.title, (words("reading.profile.title"),), section=part, links=lists)
        )
    pages += reference
    listed = SitePage(
        _LIST,
        words("site.list_title"),
        lead=(words("site.list_intro"),),
        links=tuple(_lists(pages)),
        search=True,
    )
    return (*pages[:1], listed, *pages[1:])


def _reference(report: Report) -> Iterator[SitePage]:
    """Yield a page for each indicator, each part of a territory, and each annex."""
    for part in report.sections:
        if part.anchor == "territories":
            for chapter in part.sections:
                for group in (cut for whole in chapter.sections for cut in cut_long(whole)):
                    yield SitePage(
                        group.anchor,
                        f"{chapter.title}: {group.title}",
                        (part.title, chapter.title),
                        section=group,
                    )
        elif part.anchor in ("region", "annexes"):
            yield from _leaves(part.sections, (part.title,), ())
        else:
            yield SitePage(part.anchor, part.title, section=part)


def cut_long(group: Section) -> list[Section]:
    """Cut a part with many tables into several, each with few enough stops for who goes through a page by keyboard."""
    tables = [at for at, block in enumerate(group.blocks) if isinstance(block, Table)]
    pages = -(-len(tables) // _TABLES)
    if pages < 2:
        return [group]
    each = -(-len(tables) // pages)
    ends = [tables[at] + 1 for at in range(each - 1, len(tables) - 1, each)]
    return [
        replace(
            group,
            anchor=group.anchor if number == 1 else f"{group.anchor}-{number}",
            title=f"{group.title} ({number}/{pages})",
            blocks=group.blocks[start:end],
        )
        for number, (start, end) in enumerate(
            zip([0, *ends], [*ends, len(group.blocks)], strict=True), start=1
        )
    ]


def _leaves(sections: Sequence[Section], path: tuple[str, ...], lead: tuple[str, ...]) -> Iterator[SitePage]:
    for section in sections:
        if not section.sections:
            yield SitePage(section.anchor, section.title, path, lead, section=section)
            continue
        said = tuple(block.text for block in section.blocks if hasattr(block, "text"))
        yield from _leaves(section.sections, (*path, section.title), said)


def _lists(pages: Sequence[SitePage]) -> Iterator[SiteList]:
    """Yield every table and figure under what its page belongs to."""
    grouped: dict[str, list[SiteLink]] = {}
    for page in pages:
        blocks = [*page.front, *(blocks_of([page.section]) if page.section else ())]
        links = []
        for block in blocks:
            inside = block.figures if isinstance(block, Row) else (block,)
            links += [
                SiteLink(_href(page.name, one.anchor), f"{one.number}. {one.title}")
                for one in inside
                if isinstance(one, Table | Figure)
            ]
        if links:
            grouped.setdefault(" – ".join(page.path[-2:]) or page.title, []).extend(links)
    for title, links in grouped.items():
        yield SiteList(title, tuple(links))


def _href(name: str, anchor: str) -> str:
    return f"{name}.html#{anchor}"


def render_site(
    report: Report, words: Words, templates: Path, languages: Mapping[str, str], ending: str
) -> dict[str, str]:
    """Return the pages of the site by their place in the report's folder.

    Parameters
    ----------
    languages : mapping
        Language -> ending of its files (empty for the first), of every language of the report.
    ending : str
        That of this report's language.

    Raises
    ------
    InputProblem
        If a template is missing or wrong.
    """
    # Imported late: the command line must not pay for it.
    import jinja2

    from clearing_point.report.sandbox import environment_of

    pages = pages_of(report, words)
    places = {page.name: _place(page.name, ending) for page in pages}
    anchors = dict(_anchors(pages))
    environment, found = environment_of(templates), {}
    try:
        template = environment.get_template("site.html.j2")
        for number, page in enumerate(pages):
            neighbours = (
                pages[number - 1] if number else None,
                pages[number + 1] if number + 1 < len(pages) else None,
            )
            frame = _frame(report, words, page.name, neighbours, languages, ending)
            text = template.render(report=report, page=page, frame=frame, words=only_saying(words))
            found[places[page.name]] = _placed(text, page.name, anchors, places)
    except jinja2.TemplateError as error:
        raise InputProblem(
            f"{templates}: the site cannot be made ({type(error).__name__}: {error})."
        ) from error
    return found


def _place(name: str, ending: str) -> str:
    if name == _FIRST:
        return f"index{ending}.html"
    return f"pages/{ending[1:]}/{name}.html" if ending else f"pages/{name}.html"


def _anchors(pages: Sequence[SitePage]) -> Iterator[tuple[str, str]]:
    """Yield every anchor with the name of the page it stands on."""
    for page in pages:
        sections = [page.section] if page.section else []
        while sections:
            section = sections.pop()
            yield section.anchor, page.name
            sections += section.sections
        for block in [*page.front, *(blocks_of([page.section]) if page.section else ())]:
            if isinstance(block, Table):
                yield block.anchor, page.name
        for figure in figures_of([*page.front, *(blocks_of([page.section]) if page.section else ())]):
            yield figure.anchor, page.name


def _up(place: str) -> str:
    return "../" * place.count("/")


def _placed(text: str, name: str, anchors: Mapping[str, str], places: Mapping[str, str]) -> str:
    """Let inner links lead to the page that has their place, and links to files to the report's folder."""
    up = _up(places[name])

    def inner(match: re.Match[str]) -> str:
        there = anchors.get(match[1])
        return match[0] if there in (None, name) else f'href="{up}{places[there]}#{match[1]}"'

    def listed(match: re.Match[str]) -> str:
        there = match[1]
        return f'href="{up}{places[there]}{match[2] or ""}"' if there in places else match[0]

    text = _INNER.sub(inner, _BACK.sub("", text))
    text = re.sub(r'href="([a-z0-9-]+)\.html(#[^"]+)?"', listed, text)
    return _FILES.sub(lambda match: f'href="{up}{match[1]}"', text)


def _frame(
    report: Report, words: Words, name: str, neighbours: tuple[SitePage | None, SitePage | None],
    languages: Mapping[str, str], ending: str,
) -> SiteFrame:  # fmt: skip
    up = _up(_place(name, ending))
    ways = [(_FIRST, words("site.first"))]
    if report.reading and report.reading.sections:
        ways.append((report.reading.sections[0].anchor, report.reading.title))
    if report.profiles and report.profiles.sections:
        ways.append((report.profiles.sections[0].anchor, report.profiles.title))
    ways.append((_LIST, words("site.list_title")))
    files = [(f"report{ending}.pdf", words("site.pdf")), (f"tables{ending}.xlsx", words("site.workbook"))]
    files += [("datapackage.json", words("site.data")), (f"report{ending}.html", words("site.one_page"))]
    if name.startswith("profile-"):
        files.insert(
            0, (f"profiles/{name.rpartition('-')[2].upper()}{ending}.pdf", words("reading.profile.pdf"))
        )
    before, after = (SiteLink(f"{page.name}.html", page.title) if page else None for page in neighbours)
    about = report.reading.sections[-1].blocks[0] if report.reading else None
    terms = dict(getattr(about, "terms", ()))
    return SiteFrame(
        top=tuple(SiteLink(f"{way}.html", text) for way, text in ways),
        files=tuple(SiteLink(f"{up}{file}", text) for file, text in files),
        languages=tuple(
            SiteLink(f"{up}{_place(name, other)}", own_name(language), language)
            for language, other in languages.items()
            if other != ending
        ),
        style=f"{up}{STYLE}",
        before=before,
        after=after,
        licence=terms.get(words("reading.about.licence"), ""),
        cite=terms.get(words("reading.about.cite"), ""),
    )  # fmt: skip


__all__ = ["STYLE", "pages_of", "render_site"]
