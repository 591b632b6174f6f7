"""Notes on marked cells: the part with their texts and the part with their shapes. Notes of others are kept."""

from __future__ import annotations

import re

from clearing_point.quality.package_patch import (
    MAIN,
    CannotPatch,
    Marks,
    Package,
    add_legacy_drawing,
    column_number,
    text_run,
)

AUTHOR = "clearing-point"
_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_VML_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_OURS = f"[{AUTHOR}] "
_COMMENT = re.compile(r"<comment\b([^>]*)>(.*?)</comment>", re.DOTALL)
_SHAPE = re.compile(r"<((?:\w+:)?)shape\b.*?</\1shape>", re.DOTALL)
_NAMES = (
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
"""Said on every shape of ours: the program that wrote the drawing may call these spaces otherwise."""
_EMPTY_VML = f"<xml {_NAMES}></xml>"
_SHAPE_TYPE = (
    f'<v:shapetype {_NAMES} id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    '<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>'
)


def add_notes(package: Package, part: str, marks: Marks) -> None:
    """Add a note to each marked cell of a sheet.

    A note that stands there already gets our text behind its own; a threaded comment is left alone. Notes of
    an earlier round of ours are taken off first.
    """
    related = list(package.relationships(part))
    comments = next((target for _, kind, target in related if kind == "comments"), None)
    # A sheet may have another drawing of this kind for its header and footer.
    linked = re.search(r'<legacyDrawing\b[^>]*?:id="([^"]+)"', package.text(part))
    drawing = next(
        (target for identity, _, target in related if linked and identity == linked.group(1)), None
    )
    if comments is None:
        comments = package.free_name("xl/comments{}.xml")
        package.changed[comments] = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            f'<comments xmlns="{MAIN}"><authors></authors><commentList></commentList></comments>'
        )
        package.declare(
            f'<Override PartName="/{comments}" ContentType="{_COMMENTS_TYPE}"/>', f'"/{comments}"'
        )
        package.relate(part, "comments", comments)
    if drawing is None:
        drawing = package.free_name("xl/drawings/vmlDrawing{}.vml")
        package.changed[drawing] = _EMPTY_VML
        package.declare(f'<Default Extension="vml" ContentType="{_VML_TYPE}"/>', 'Extension="vml"')
        identity = package.relate(part, "vmlDrawing", drawing)
        package.changed[part] = add_legacy_drawing(package.text(part), identity)
    text, removed = _without_ours(package.text(comments))
    text, added = _with_notes(text, marks)
    package.changed[comments] = text
    package.changed[drawing] = _with_shapes(package.text(drawing), removed, added)


def _without_ours(text: str) -> tuple[str, set[str]]:
    """Take off what an earlier round wrote; return the cells whose whole note is gone."""
    authors = re.findall(r"<author\b[^>]*?(?:/>|>(.*?)</author>)", text, re.DOTALL)
    removed: set[str] = set()

    def judge(found: re.Match[str]) -> str:
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', found.group(1)))
        number = int(attributes.get("authorId", "0"))
        # LibreOffice forgets who wrote a note; then its first words say it.
        said = "".join(re.findall(r"<t\b[^>]*>([^<]*)</t>", found.group(2)))
        if (number < len(authors) and authors[number] == AUTHOR) or said.startswith(_OURS):
            removed.add(attributes["ref"])
            return ""
        # Only the run that ends behind its own sign: the note's own runs stand before it.
        return re.sub(
            r"<r>(?:(?!</r>).)*?" + re.escape(_OURS) + r"(?:(?!</r>).)*?</r>",
            "",
            found.group(0),
            flags=re.DOTALL,
        )

    return _COMMENT.sub(judge, text), removed


def _with_notes(text: str, marks: Marks) -> tuple[str, dict[str, str]]:
    threaded = {
        number
        for number, author in enumerate(re.findall(r"<author\b[^>]*?(?:/>|>(.*?)</author>)", text, re.DOTALL))
        if author.startswith("tc=")
    }
    wanted = {f"{letters}{row}": mark.note for row, cells in marks.items() for letters, mark in cells.items()}

    def extend(found: re.Match[str]) -> str:
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', found.group(1)))
        note = wanted.pop(attributes.get("ref", ""), None)
        if note is None or int(attributes.get("authorId", "0")) in threaded:
            return found.group(0)
        own = re.sub(r"(<text>)(<t\b[^>]*>.*?</t>)", r"\1<r>\2</r>", found.group(0), flags=re.DOTALL)
        return own.replace("</text>", text_run(f"\n\n{_OURS}{note}") + "</text>", 1)

    text = _COMMENT.sub(extend, text)
    text = re.sub(r"<(authors|commentList)\s*/>", r"<\1></\1>", text)
    if "</authors>" not in text or "</commentList>" not in text:
        raise CannotPatch("its notes are written in an unusual way")
    # An author of an earlier round stands already; a second of the same name does no harm.
    number = len(re.findall(r"<author\b", text))
    text = text.replace("</authors>", f"<author>{AUTHOR}</author></authors>", 1)
    lines = "".join(
        f'<comment ref="{cell}" authorId="{number}"><text>{text_run(_OURS + note)}</text></comment>'
        for cell, note in wanted.items()
    )
    return text.replace("</commentList>", lines + "</commentList>", 1), wanted


def _with_shapes(text: str, removed: set[str], added: dict[str, str]) -> str:
    def judge(found: re.Match[str]) -> str:
        row = re.search(r"<(?:\w+:)?Row>\s*(\d+)\s*<", found.group(0))
        column = re.search(r"<(?:\w+:)?Column>\s*(\d+)\s*<", found.group(0))
        return "" if row and column and (int(row.group(1)), int(column.group(1))) in gone else found.group(0)

    gone = {_place(cell) for cell in removed}
    if gone:
        text = _SHAPE.sub(judge, text)
    numbers = [int(n) for n in re.findall(r"_x0000_s(\d+)", text)]
    first = max(numbers, default=1024) + 1
    shapes = [] if "_x0000_t202" in text else [_SHAPE_TYPE]
    for number, (cell, note) in enumerate(added.items(), start=first):
        row, column = _place(cell)
        height = min(16, 4 + len(note) // 30)
        shapes.append(
            f'<v:shape {_NAMES} id="_x0000_s{number}" type="#_x0000_t202" style="position:absolute;visibility:hidden" '
            'fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/><v:path o:connecttype="none"/>'
            '<v:textbox style="mso-direction-alt:auto"/><x:ClientData ObjectType="Note"><x:MoveWithCells/>'
            f"<x:SizeWithCells/><x:Anchor>{column + 1}, 15, {row}, 2, {column + 5}, 15, {row + height}, 4</x:Anchor>"
            f"<x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
        )
    if "</xml>" not in text:
        raise CannotPatch("its notes are written in an unusual way")
    return text.replace("</xml>", "".join(shapes) + "</xml>", 1)


def _place(cell: str) -> tuple[int, int]:
    letters, number = re.match(r"([A-Z]+)(\d+)", cell).groups()  # type: ignore[union-attr]
    return int(number) - 1, column_number(letters) - 1
