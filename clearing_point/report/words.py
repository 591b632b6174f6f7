"""The words of the report, from ``reports/text/<language>/``; English stands in where a language lacks one.

A language that the register of translations writes letter by letter from another one (Serbian in Latin script) has
no folder of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.standard.files import read_yaml
from clearing_point.standard.filling import fill
from clearing_point.standard.model import Text
from clearing_point.standard.translations import REGISTER, letters_of, places_of, respell

_FALLBACK = "en"
_WHATEVER_NUMBER = "other"
"""The plural category that every language has."""


@dataclass(frozen=True)
class Words:
    """Sentences by key, such as ``signs.hidden``; the first part of a key is the file.

    Attributes
    ----------
    standing_in : frozenset of str
        Keys whose English stands in, because the language lacks them.
    draft : bool
        No native reader has read the language yet, by the register of translations.
    """

    language: str
    texts: Mapping[str, Any]
    standing_in: frozenset[str] = frozenset()
    draft: bool = False

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a sentence with its places filled.

        Raises
        ------
        InputProblem
            If the sentence is missing or asks for a value that it is not given.
        """
        text = self._found(key)
        if not isinstance(text, str):
            raise InputProblem(f"reports/text/{self.language}: {key} must be one text.")
        try:
            return fill(text, **values).strip()
        except (KeyError, IndexError, ValueError) as error:
            raise InputProblem(
                f"reports/text/{self.language}: {key} has a place that is not known."
            ) from error

    def has(self, key: str) -> bool:
        """Say whether there is such a sentence."""
        return key in self.texts

    def items(self, key: str, /, **values: object) -> tuple[str, ...]:
        """Return the sentences of a list."""
        found = self._found(key)
        if not isinstance(found, list):
            raise InputProblem(f"reports/text/{self.language}: {key} must be a list.")
        return tuple(fill(str(text), **values).strip() for text in found)

    def known_items(self, key: str, values: Mapping[str, object]) -> tuple[str, ...]:
        """Return the sentences of a list whose places can all be filled; the others fall away."""
        return tuple(
            fill(str(text), **values).strip()
            for text in self._found(key)
            if places_of(str(text)) <= set(values)
        )

    def terms(self, key: str) -> tuple[tuple[str, str], ...]:
        """Return a list of terms and their meaning."""
        found = self._found(key)
        if not isinstance(found, list) or any(not isinstance(entry, dict) for entry in found):
            raise InputProblem(f"reports/text/{self.language}: {key} must be a list of term and meaning.")
        return tuple((str(entry["term"]), str(entry["meaning"]).strip()) for entry in found)

    def of(self, text: Text) -> str:
        """Return a text of the standard in this language."""
        return (text.get(self.language) or text[_FALLBACK]).strip()

    def joined(self, parts: list[str] | tuple[str, ...]) -> str:
        """Return names in a row, as a sentence has them."""
        if len(parts) < 2:
            return "".join(parts)
        return self("signs.and", first=", ".join(parts[:-1]), last=parts[-1])

    def _found(self, key: str) -> Any:
        if key not in self.texts:
            file, _, rest = key.partition(".")
            raise InputProblem(f"reports/text/{self.language}/{file}.yml: the text {rest!r} is missing.")
        return self.texts[key]


def load_words(reports: Path, language: str) -> Words:
    """Read all words of a language.

    Raises
    ------
    InputProblem
        If the register of translations does not have that language, or a file of it cannot be read.
    """
    register = read_yaml(reports.parent / "schemas" / REGISTER)
    entry = register["languages"].get(language)
    if entry is None:
        raise InputProblem(
            f"There are no texts of the report in '{language}': {', '.join(register['languages'])}."
        )
    english, own = _texts(reports, _FALLBACK), _texts(reports, entry.get("letters_of") or language)
    if entry.get("letters_of"):
        letters = letters_of(register, entry["letters_of"])
        own = {key: _respelled(text, letters) for key, text in own.items()}
    # What no English text stands for any more is never said; a test asks for its removal.
    # Forms that go with numbers are as many as the language has: English need not have them all.
    own = {
        key: text
        for key, text in own.items()
        if key in english or f"{key.rpartition('.')[0]}.{_WHATEVER_NUMBER}" in english
    }
    return Words(
        language=language,
        texts={**english, **own},
        standing_in=frozenset() if language == _FALLBACK else frozenset(set(english) - set(own)),
        draft=not entry.get("source") and not entry.get("reviewed_by"),
    )


def _texts(reports: Path, language: str) -> dict[str, Any]:
    texts: dict[str, Any] = {}
    for path in sorted((reports / "text" / language).glob("*.yml")):
        _flatten(path.stem, read_yaml(path), texts)
    return texts


def _respelled(text: Any, letters: Mapping[str, str]) -> Any:
    if isinstance(text, dict):
        return {key: _respelled(inner, letters) for key, inner in text.items()}
    if isinstance(text, list):
        return [_respelled(inner, letters) for inner in text]
    return respell(text, letters) if isinstance(text, str) else text


def _flatten(prefix: str, found: Any, texts: dict[str, Any]) -> None:
    if isinstance(found, dict):
        for key, value in found.items():
            _flatten(f"{prefix}.{key}", value, texts)
    else:
        texts[prefix] = found
