"""The texts that a column may hold although a content pattern sees them: words of its field, texts of the standard."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache

from clearing_point.countries.profile import Profile
from clearing_point.intake.forbidden import texts_of
from clearing_point.intake.guard_columns import SheetView, known_words
from clearing_point.intake.layout import fold
from clearing_point.intake.parted import is_of_words
from clearing_point.standard.kept import kept_for
from clearing_point.standard.model import Standard

_SEPARATORS = ";|,\n"
"""Between the parts of a cell that holds several codes, beside the profile's own separator."""
_SIGNS = r"|\s[/+&]\s"
"""Signs that part two words where blanks stand around them; a telephone number has none."""
_BETWEEN = re.compile(f"[{_SEPARATORS}]")


class KnownTexts:
    """The known texts of the columns of a file, gathered where one of them is asked for."""

    def __init__(self, views: Sequence[SheetView], profile: Profile, standard: Standard) -> None:
        self._views, self._profile, self._standard = views, profile, standard
        self._separator = profile.reading.list_separator
        self._parting = re.compile(f"[{re.escape(_SEPARATORS + self._separator)}]{_SIGNS}", re.ASCII)
        self._words: dict[int, dict[int, frozenset[str]]] = {}

    def unknown_part(self, sheet_id: int, number: int, text: str) -> str:
        """Return what is left of a text without what its column may hold: all of it, some of its parts, or nothing."""
        words = self._at(sheet_id, number)
        if fold(text) in words or is_of_words(
            text, words.__contains__, and_between=number in self._words[sheet_id]
        ):
            return ""
        parts = self._parting.split(text)
        unknown = [part for part in parts if fold(part) not in words]
        if len(unknown) == len(parts):
            return text
        return self._separator.join(part for part in unknown if part.strip(" "))

    def _at(self, sheet_id: int, number: int) -> frozenset[str]:
        """Words of a column; one that nobody reads may hold the standard's own texts."""
        if sheet_id not in self._words:
            found = known_words(self._views[sheet_id], self._profile, self._standard)
            self._words[sheet_id] = {n: with_parts(words) for n, words in found.items()}
        words = self._words[sheet_id].get(number)
        return _standard_words(self._standard) if words is None else words


def with_parts(words: frozenset[str]) -> frozenset[str]:
    """Add the parts of words: a known text of several parts makes each part known."""
    return words.union(fold(part) for word in words for part in _several(word))


def _several(word: str) -> Sequence[str]:
    return _BETWEEN.split(word) if _BETWEEN.search(word) else ()


def own_words(standard: Standard) -> frozenset[str]:
    """Return the standard's own texts, folded."""
    return _own_texts(standard)[0]


def _standard_words(standard: Standard) -> frozenset[str]:
    return _own_texts(standard)[1]


@lru_cache(maxsize=4)
def _own_texts(standard: Standard) -> tuple[frozenset[str], frozenset[str]]:
    """Return the standard's own texts, and these with their parts."""

    def make() -> bytes:
        own = frozenset(map(fold, texts_of(standard)))
        return json.dumps([sorted(own), sorted(with_parts(own) - own)], ensure_ascii=False).encode()

    own, parts = map(frozenset, json.loads(kept_for(standard.sha256, "own_texts", make)))
    return own, own | parts
