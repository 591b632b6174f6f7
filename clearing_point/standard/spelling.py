"""Ways of writing one word: respellings that the region's keyboards and scripts make (``schemas/spelling.yml``).

They are listed, letter by letter, and applied only to compare; what came stays as it came.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from clearing_point.standard.files import read_yaml
from clearing_point.standard.model import Standard
from clearing_point.standard.translations import REGISTER

FILE = "spelling.yml"
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class _Fold:
    letters: Mapping[str, str]
    mixed_words_only: bool

    @cached_property
    def _table(self) -> dict[int, str]:
        return str.maketrans({letter: other for letter, other in self.letters.items() if len(letter) == 1})

    def apply(self, text: str) -> str:
        if not self.mixed_words_only:
            return text.translate(self._table)
        if text.isascii():
            return text  # words of one alphabet, as nearly all are
        return _WORD.sub(lambda word: self._word(word.group()), text)

    def _word(self, word: str) -> str:
        return word.translate(self._table) if is_mixed(word) else word


@dataclass(frozen=True)
class Spelling:
    """The folds of one language."""

    folds: tuple[_Fold, ...] = ()

    def key(self, folded: str) -> str:
        """Return the form under which a folded word is compared when it was not found as it stands."""
        for fold in self.folds:
            folded = fold.apply(folded)
        return folded


def spelling_of(standard: Standard, language: str) -> Spelling:
    """Return the folds of a language; none if the standard lists none for it.

    Raises
    ------
    InputProblem
        If ``spelling.yml`` or the register of languages cannot be read.
    """
    return _read(standard.folder, standard.sha256).get(language, Spelling())


def in_one_script(text: str, standard: Standard) -> tuple[str, ...]:
    """Return a text whose words mix two alphabets as it would be in each of them; else nothing.

    A forbidden heading with one letter of the other alphabet looks the same and says the same.
    """
    if not any(is_mixed(word) for word in _WORD.findall(text)):
        return ()
    return tuple(fold.apply(text.lower()) for fold in _mixed(standard.folder, standard.sha256))


@lru_cache(maxsize=4096)
def is_mixed(word: str) -> bool:
    """Return whether a word has letters of the Latin and of the Cyrillic alphabet."""
    if word.isascii():
        return False
    scripts = {unicodedata.name(c, "").split(" ")[0] for c in word if c.isalpha()}
    return {"LATIN", "CYRILLIC"} <= scripts


@lru_cache(maxsize=4)
def _read(folder: Path, _sha256: str) -> Mapping[str, Spelling]:
    if not (folder / FILE).is_file():
        return {}
    by_language: dict[str, tuple[_Fold, ...]] = {}
    for block in read_yaml(folder / FILE)["folds"]:
        fold = _fold(block, folder)
        for language in block["languages"]:
            by_language[language] = (*by_language.get(language, ()), fold)
    return {language: Spelling(folds) for language, folds in by_language.items()}


@lru_cache(maxsize=4)
def _mixed(folder: Path, sha256: str) -> tuple[_Fold, ...]:
    folds = {id(f): f for spelling in _read(folder, sha256).values() for f in spelling.folds}
    return tuple(f for f in folds.values() if f.mixed_words_only)


def _fold(block: Mapping[str, Any], folder: Path) -> _Fold:
    letters = block.get("letters")
    if letters is None:
        letters = read_yaml(folder / REGISTER)["letters"][block["letters_of"]]
    return _Fold({str(k): str(v) for k, v in letters.items()}, bool(block.get("mixed_words_only", False)))
