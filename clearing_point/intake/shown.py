"""What a format shows of a cell: of a date its day, month or year; of a number its leading zeros and letters."""

from __future__ import annotations

import re

DAY, MONTH, YEAR = "d", "m", "y"
"""The last part of a date that is shown; also the letters by which cells of that kind are marked."""
NO_YEAR = "z"
"""Of a date of which only a time, or day and month, are shown: nobody sees which year stands behind it."""

_NO_LETTERS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|AM/PM|A/P', re.IGNORECASE)
_OF_DATES, _NO_DATE = re.compile("[dhms]"), re.compile(r"\s*(general|standard|@)\s*")


def shown_parts(code: str) -> str:
    """Return what a number format shows of a date; an empty text where it shows none.

    >>> shown_parts("dd.mm.yyyy"), shown_parts("mm.yyyy"), shown_parts("yyyy"), shown_parts("h:mm"), shown_parts("0.00")
    ('d', 'm', 'y', 'z', '')
    """
    # Only the part for positive numbers counts; texts in quotes and colours are no letters of the date.
    letters = _NO_LETTERS.sub("", code.partition(";")[0]).lower()
    if "y" not in letters:
        return NO_YEAR if _NO_DATE.fullmatch(letters) is None and _OF_DATES.search(letters) else ""
    return DAY if "d" in letters else MONTH if "m" in letters else YEAR


ABOVE_ZERO, BELOW_ZERO, ZERO, TEXT = "+-0t"
"""Kinds of values for which a format has sections of its own, in their order."""
_PLAIN = re.compile(r"\s*(general|@|[0#?.,%\s]*)\s*", re.IGNORECASE)
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
_CONDITION = re.compile(r"\[[<>=]")
_SHOWS = re.compile(r"[0#?@]|[^\W\d_]")
_SCALED = re.compile(r"[0#?][^%]*%|%.*[0#?]|[0#?],+(?![0#?,])")
_DASH = re.compile(r'[\s"\\()_*]*[-–—][\s"\\()_*]*')
_PADDED = re.compile(r'((?:"[^"]*"|\\.)*)(0+)((?:"[^"]*"|\\.)*)')
_LITERAL = re.compile(r'"([^"]*)"|\\(.)')
_PARTS = "\x1f"


def shown_otherwise(code: str) -> str:
    """Return how a format shows a cell otherwise than it is stored; an empty text if it does not.

    >>> shown_otherwise("mm.yyyy"), shown_otherwise("0.00")
    ('m', '')
    """
    parts = shown_parts(code)
    return padding(code) if not parts else parts if parts != DAY else ""


def not_shown(code: str) -> str:
    """Return the kinds of values of which a format shows nothing; none if it shows all.

    A section that holds only words shows nothing of the value either.

    >>> not_shown(";;;"), not_shown("0;-0;;@"), not_shown("0;-0;"), not_shown("0.00"), not_shown('#,##0;-#,##0;"-"')
    ('+-0t', '0', '0', '', '')
    """
    sections = _sections(code)
    shows = [bool(_SHOWS.search(_bare(section))) for section in sections]
    if _CONDITION.search(code):
        return ABOVE_ZERO + BELOW_ZERO + ZERO if not all(shows[:3]) else ""
    if len(sections) == 1:
        return "" if not code.strip() or shows[0] else ABOVE_ZERO + BELOW_ZERO + ZERO
    found = "".join(
        kind for kind, shown in zip((ABOVE_ZERO, BELOW_ZERO, ZERO, TEXT), shows, strict=False) if not shown
    )
    if len(sections) == 2 and not shows[0]:
        found += ZERO
    if ZERO in found and len(sections) > 2 and is_dash(sections[2]):
        found = found.replace(ZERO, "")
    return found


def is_dash(section: str) -> bool:
    """Whether a section shows a dash alone, which accountants write for zero."""
    return _DASH.fullmatch(section) is not None


def kind_of(value: str, is_text: bool) -> str:
    """Return the kind of a value by which a section of a format is taken."""
    if is_text:
        return TEXT
    try:
        number = float(value)
    except ValueError:  # a date, or true and false
        return ABOVE_ZERO
    return ABOVE_ZERO if number > 0 else BELOW_ZERO if number < 0 else ZERO


def is_scaled(code: str) -> bool:
    """Whether a format shows a number in hundredths or in thousands of what is stored.

    >>> is_scaled("0%"), is_scaled("#,##0,"), is_scaled('0.0,,"m"'), is_scaled("#,##0.00"), is_scaled('0" %"')
    (True, True, True, False, False)
    """
    return _SCALED.search(_bare(_sections(code)[0])) is not None


def changes_what_is_shown(code: str) -> bool:
    """Whether a format shows a value otherwise than as a number, with more or less places."""
    return _PLAIN.fullmatch(code) is None


def _sections(code: str) -> list[str]:
    """Part a format at its semicolons, not at those inside quotes or behind a backslash."""
    sections = [""]
    for piece in re.findall(r'"[^"]*"|\\.|;|[^;"\\]+|.', code, re.DOTALL):
        if piece == ";":
            sections.append("")
        else:
            sections[-1] += piece
    return sections


def _bare(section: str) -> str:
    """Return a section without what stands for no part of the value: words, colours, room left free."""
    return _NO_LETTERS.sub("", _ELAPSED.sub("h", section))


def padding(code: str) -> str:
    """Return how a format fills a whole number up, as references are: with zeros, and with letters before it.

    A unit behind a number ("17 years") is none of it.

    >>> padded("7", padding("00000")), padded("7", padding('"RS-"000')), padding('0" years"'), padding("0")
    ('00007', 'RS-007', '', '')
    """
    match = _PADDED.fullmatch(code.partition(";")[0])
    if match is None:
        return ""
    before, after = ("".join(a or b for a, b in _LITERAL.findall(part)) for part in (match[1], match[3]))
    letters = any(letter.isalpha() for letter in before)
    if len(match[2]) == 1 and not letters:
        return ""
    return _PARTS.join((before, str(len(match[2])), after))


def is_padded(how: str) -> bool:
    """Whether :func:`shown_otherwise` told of a padded number."""
    return _PARTS in how


def padded(number: str, how: str) -> str:
    """Write a number as it is shown; one that is no whole number stays as it is."""
    before, width, after = how.split(_PARTS)
    return f"{before}{number.zfill(int(width))}{after}" if number.isdigit() else number
