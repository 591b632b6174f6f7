"""Whether a sentence on the findings sheet is the program's own, though it names the sender's heading or a word meant."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from clearing_point.countries.profile import GROUP_SEPARATOR
from clearing_point.quality.said import said_rows, sentences
from clearing_point.standard import Standard

_HEADING, _CELLS, _WORDS = "\x01", "\x02", "\x03"
"""Stand in a sentence for what is filled in, so that its frame can be told from it."""
_QUOTED = "[“„»]([^“”„»«]{1,200})[”“«]"
"""A word in the quotation marks of any language: workbooks come back that were marked before a change of them."""
_PROPOSALS = f"{_QUOTED}(?:, {_QUOTED})*"
_LETTERS, _DIGITS = re.compile(r"[^\W\d_]+"), re.compile(r"\d{8,}")


class OwnSentences:
    """Knows the sentences that the program may have written for a file.

    Parameters
    ----------
    headings : collection of str
        What stands in the file itself near the top of its sheets, or is declared by the profile, as
        :func:`one_line` writes it. The guard judges these texts where they stand.
    words : collection of str
        Words of the standard and of the profile; only such are proposed.
    """

    def __init__(
        self, standard: Standard, language: str, headings: Collection[str], words: Collection[str]
    ) -> None:
        self.standard, self.language = standard, language
        self.headings, self.words = headings, words
        self._meant = _frame(
            standard.word("screen", "did_you_mean", language, cells=_CELLS, proposals=_WORDS)
        )
        around = [said_rows(n, standard, language) for n in ("1", "1-2")]
        around += [standard.word("findings", "and", language)]
        around += [standard.word("findings", "more_places", language, count=n) for n in range(1, 102)]
        self._around = {word.lower() for text in around for word in _LETTERS.findall(text)}

    def both(self, rule_id: str, place: tuple[str | None, ...], what: str, do: str) -> tuple[bool, bool]:
        """Tell of what is wrong, and of what to do, whether the program wrote it.

        Parameters
        ----------
        place : tuple
            Table, field, sheet and column of the group.
        """
        named = self._render(rule_id, place, _HEADING)
        plain = self._render(rule_id, place, None)
        return (
            what == plain[0] or self._is_framed(named[0], what),
            self._is_told(plain[1], do) or self._is_told(named[1], do),
        )

    def _render(self, rule_id: str, place: tuple[str | None, ...], heading: str | None) -> tuple[str, str]:
        arguments: Any = (self.standard, self.language, rule_id, *place, heading)
        what, do = sentences(*arguments)
        return what.strip(), do.strip()

    def _is_framed(self, sentence: str, text: str) -> bool:
        found = _frame(sentence).fullmatch(text)
        return found is not None and self._fits(found)

    def _is_told(self, action: str, text: str) -> bool:
        """Whether a text is what to do, and behind it nothing but words that may be meant."""
        found = _frame(action).match(text)
        if found is None or not self._fits(found):
            return False
        rest = text[found.end() :]
        while rest:
            meant = self._meant.match(rest.removeprefix(" "))
            if meant is None or not self._fits(meant) or not rest.startswith(" "):
                return False
            rest = rest[1 + meant.end() :]
        return True

    def _fits(self, found: re.Match[str]) -> bool:
        parts = found.groupdict()
        heading, cells, words = parts.get("heading"), parts.get("cells"), parts.get("words")
        if heading is not None and not self._is_heading(heading):
            return False
        if words is not None and not set(re.findall(_QUOTED, words)) <= set(self.words):
            return False
        return cells is None or self._is_place(cells)

    def _is_heading(self, heading: str) -> bool:
        """A heading in two rows, a group above its columns, is told as one."""
        parts = heading.split(GROUP_SEPARATOR)
        return heading in self.headings or all(part in self.headings for part in parts)

    def _is_place(self, cells: str) -> bool:
        known = all(word.lower() in self._around for word in _LETTERS.findall(cells))
        return known and not _DIGITS.search(cells)


def one_line(text: str) -> str:
    """Return a heading as a finding names it: without line breaks and spaces that repeat."""
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def _frame(sentence: str) -> re.Pattern[str]:
    """Return a pattern of a sentence in which the marks stand for what is filled in."""
    pattern = re.escape(sentence)
    for mark, name, what in (
        (_HEADING, "heading", ".{1,300}?"),
        (_CELLS, "cells", r"[\w ,-]{1,400}"),
        (_WORDS, "words", _PROPOSALS),
    ):
        pattern = pattern.replace(re.escape(mark), f"(?P<{name}>{what})", 1)
        pattern = pattern.replace(re.escape(mark), f"(?P={name})")
    return re.compile(pattern)
