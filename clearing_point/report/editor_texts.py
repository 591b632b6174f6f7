"""What an editor writes: Markdown in ``reports/editions/<year>/<language>/``, its numbers bound to printed cells.

A file is named after the chapter it belongs to, ``first-page``, ``recommendations``, ``outlook``, or
``profile-<ISO3>``. Its numbers::

    {T01:ALB:2022}        the printed number of a cell, its codes in the order of the table's variables
    {T01:ALB:2022=112}    the same, and the build stops if it is no longer 112
    {T13A:Y:2022%}        its share of the known answers, as printed
    {=30}                 a number that is of no table, such as thirty days

A line ``instead: yes`` before the text lets it stand in the place of what was found. No other number may be written but
years: what is not bound could say what the tables hide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clearing_point.errors import InputProblem
from clearing_point.report.model import Block, Items, Paragraph
from clearing_point.report.view import View

SECTIONS = ("recommendations", "outlook")
"""Texts that are sections of their own, after the chapters."""
_BOUND = re.compile(r"\{([^{}]*)\}")
_NUMBER = re.compile(r"\d[\d.,\u202f\u00a0]*")
_YEAR = re.compile(r"(19|20)\d\d")
_INSTEAD = re.compile(r"instead:\s*(yes|no)\s*")
_PLAIN = ("paragraph", "inline", "bullet_list", "list_item", "heading")


@dataclass(frozen=True)
class EditorText:
    """The blocks of one file, and whether they stand instead of what was found."""

    blocks: tuple[Block, ...]
    instead: bool = False


def names_of(chapters: Sequence[str], territories: Sequence[str]) -> list[str]:
    """Return what files may be called: a part of the report each."""
    return ["first-page", *chapters, *SECTIONS, *(f"profile-{territory}" for territory in territories)]


def beside(texts: Mapping[str, EditorText], name: str, found: tuple[Block, ...]) -> tuple[Block, ...]:
    """Return an editor's text beside what was found, or instead of it."""
    text = texts.get(name)
    if text is None:
        return found
    return text.blocks if text.instead else (*found, *text.blocks)


def load_texts(folder: Path, views: Mapping[str, View], names: Sequence[str]) -> dict[str, EditorText]:
    """Read every text of a folder, its numbers filled in; a folder that is not there has none.

    Parameters
    ----------
    names : sequence of str
        What files may be called.

    Raises
    ------
    InputProblem
        With every problem as ``file:line: sentence``: a cell that there is not, one that is protected, a number that
        changed since the text was written, a number that is not bound, a file of another name.
    """
    found, problems = {}, []
    for path in sorted(folder.glob("*.md")):
        if path.stem not in names:
            problems.append(f"{path}:1: no part of the report has this name; there are: {', '.join(names)}.")
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        instead = _INSTEAD.fullmatch(lines[0]) if lines else None
        if instead:
            lines[0] = ""
        said = _Filler(path, views)
        blocks = tuple(_blocks(lines, said))
        problems += said.problems
        found[path.stem] = EditorText(blocks, bool(instead and instead[1] == "yes"))
    if problems:
        raise InputProblem("\n".join(problems))
    return found


class _Filler:
    """Fills the numbers of one file and collects what is wrong, with the line."""

    def __init__(self, path: Path, views: Mapping[str, View]) -> None:
        self.path, self.problems = path, list[str]()
        self._views = views

    def __call__(self, text: str, line: int) -> str:
        bare = _BOUND.sub("", text)
        for number in _NUMBER.findall(bare):
            if not _YEAR.fullmatch(number.strip(".,")):
                self.wrong(
                    line,
                    f"the number {number} is not bound: write it as a cell, or as {{={number}}} if it is of no table",
                )
        return _BOUND.sub(lambda match: self._number(match[1], line), text)

    def wrong(self, line: int, sentence: str) -> str:
        """Note a problem."""
        self.problems.append(f"{self.path}:{line}: {sentence}.")
        return ""

    def _number(self, inside: str, line: int) -> str:
        cell, _, expected = inside.partition("=")
        if not cell:
            return expected.strip()
        share = cell.endswith("%")
        table, *codes = cell.removesuffix("%").split(":")
        view = self._views.get(table)
        if view is None or view.protected.withheld:
            return self.wrong(line, f"{{{inside}}}: table {table} is not published in this edition")
        if len(codes) != len(view.categories):
            return self.wrong(
                line, f"{{{inside}}}: table {table} needs a code for each of {', '.join(view.categories)}"
            )
        place = dict(zip(view.categories, codes, strict=True))
        for variable, code in place.items():
            if code not in view.categories[variable]:
                return self.wrong(line, f"{{{inside}}}: table {table} has no {variable} {code}")
        shown = view.printed(place)
        if shown.state != "shown":
            why = "is protected" if shown.state == "hidden" else "has no data"
            return self.wrong(line, f"{{{inside}}}: this number {why} and cannot be written")
        text = shown.text
        if share:
            of = view.share_variable()
            found = view.share(place, of) if of else None
            if found is None:
                return self.wrong(line, f"{{{inside}}}: no share is printed there")
            text = f"{found.text}{view.setting.words('signs.indicative') if found.indicative else ''}"
        if expected and expected.strip() not in (text, str(shown.value)):
            return self.wrong(
                line, f"{{{inside}}}: the number is now {text}; read the text again and write the new number"
            )
        return text


def _blocks(lines: Sequence[str], said: _Filler) -> Iterator[Block]:
    """Yield the paragraphs, lists and headings of a text; anything else is a problem."""
    # Imported late: the command line must not pay for it.
    from markdown_it import MarkdownIt

    items: list[str] | None = None
    heading = False
    for token in MarkdownIt("commonmark", {"html": True}).parse("\n".join(lines)):
        line = (token.map or [0])[0] + 1
        if not token.type.startswith(_PLAIN):
            said.wrong(
                line,
                f"only paragraphs, lists and headings are read here, and no {token.type.replace('_', ' ')}",
            )
        elif token.type == "bullet_list_open":
            items = []
        elif token.type == "bullet_list_close":
            yield Items(tuple(items or ()))
            items = None
        elif token.type == "heading_open":
            heading = True
        elif token.type == "inline":
            if any(child.type not in ("text", "softbreak") for child in token.children or ()):
                said.wrong(line, "no links, pictures or marks are read here, only plain text")
            text = said(" ".join(token.content.split()), line)
            if items is not None:
                items.append(text)
            else:
                yield Paragraph(text, "subtitle" if heading else "")
            heading = False
