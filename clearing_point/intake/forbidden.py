"""What may never be received, as ``schemas/forbidden.yml`` declares it, and how a heading is judged by it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from clearing_point.standard.files import read_yaml
from clearing_point.standard.former import former_sentences
from clearing_point.standard.kept import kept_for
from clearing_point.standard.model import Standard

LEFT_OUT = "left_out"
"""A forbidden column without a value is no reason to refuse a file."""

_PLAIN_LETTERS = str.maketrans(
    {"đ": "d", "ð": "d", "ł": "l", "ı": "i", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe"}
)
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_LETTERS_AND_DIGITS = re.compile(r"[^\W_]+")
_BETWEEN_PARTS = re.compile(r"[/|\r\n()\[\]]+")


@dataclass(frozen=True)
class Concept:
    """A kind of column that is never taken, with the folded headings under which it is known."""

    name: str
    kinds: frozenset[str]
    except_tables: frozenset[str]
    also_without_brackets: bool
    whole: frozenset[str]
    words: frozenset[str]

    def says(self, folded: str) -> bool:
        """Whether a folded heading means this."""
        return folded in self.whole or not self.words.isdisjoint(folded.split())


@dataclass(frozen=True)
class Content:
    """A pattern that cells may not match; see the comments of ``schemas/forbidden.yml``."""

    name: str
    pattern: str
    group: int
    checksum: Mapping[str, Any] | None
    kinds: frozenset[str]
    columns: frozenset[str]
    exempt_known_values: bool
    except_fields: frozenset[str]
    cells: int
    share: float
    alone: bool = False
    """Fewer cells are enough where the column has no more of them."""
    series_excused: bool = False
    """Numbers that follow each other closely are a sender's own."""
    gives_way: bool = False
    """A text that another pattern sees, too, is told by that one."""


@dataclass(frozen=True)
class OpenText:
    """A text field that stays open to words."""

    pattern: str


@dataclass(frozen=True)
class Forbidden:
    """The identity guard's declarations."""

    fold_steps: tuple[str, ...]
    empty_columns: str
    unmapped_kind: str
    concepts: tuple[Concept, ...]
    contents: tuple[Content, ...]
    token_fields: frozenset[str]
    token_pattern: str
    """What a linkage token looks like, and the fields that may hold one."""
    no_token: re.Pattern[str]
    """What is a plain hash, or a token of an earlier protocol."""
    years_before: int
    """Of days of cases so many years before the period only the year is kept."""
    open_texts: Mapping[str, OpenText]
    """Field (``table.name``) -> what its text may look like; see :mod:`clearing_point.intake.minimal`."""
    vocabulary: frozenset[str]
    common_names: tuple[tuple[str, ...], tuple[str, ...]]
    """Given and family names of which a plain hash is no token."""

    def fold(self, heading: str) -> str:
        """Fold a heading by the declared steps, in their order."""
        return _folded(self.fold_steps, heading)

    @cached_property
    def _any(self) -> Concept:
        """What any of the concepts means: most headings are asked no further."""
        return Concept(
            "",
            frozenset(),
            frozenset(),
            False,
            frozenset().union(*(c.whole for c in self.concepts)),
            frozenset().union(*(c.words for c in self.concepts)),
        )

    def concept_of(self, heading: str, concepts: Collection[Concept]) -> Concept | None:
        """Return the first of these concepts that a heading means, or None.

        The heading is judged as a whole, without its brackets where the concept says so, and by its
        parts: "Datum rođenja / Date of birth" is forbidden because each of its parts is.
        """
        whole, without = self.fold(heading), self.fold(_IN_BRACKETS.sub(" ", heading))
        for concept in concepts if self._any.says(whole) or self._any.says(without) else ():
            if concept.says(whole) or (concept.also_without_brackets and concept.says(without)):
                return concept
        parts = [part for part in map(self.fold, _BETWEEN_PARTS.split(heading)) if part]
        if len(parts) < 2 or not all(map(self._any.says, parts)):
            return None
        meant = [next((c for c in concepts if c.says(part)), None) for part in parts]
        return meant[0] if all(meant) else None


def forbidden_of(standard: Standard) -> Forbidden:
    """Read ``forbidden.yml`` of a standard, once.

    Raises
    ------
    InputProblem
        If the file is missing or not readable; says file and line.
    """
    return _read(standard.folder, standard.sha256)


@lru_cache(maxsize=4)
def texts_of(standard: Standard) -> tuple[str, ...]:
    """Return every text that the standard itself writes: names, titles, help, labels, words of crosswalks.

    The sheets of instructions and of drop-down words that travel with a workbook are made of them;
    they are no text about a person.
    """
    found: set[str] = set()
    for table in standard.tables.values():
        found |= {table.name, *_strings((table.title, table.help, table.grain))}
        for field in table.fields:
            found |= {field.name, *_strings((field.title, field.help, field.examples))}
    for codelist in standard.codelists.values():
        found |= set(_strings(codelist.title))
        for code in codelist.codes:
            found |= {code.code, *_strings((code.label, code.definition))}
    found |= set(_strings((standard.territories, standard.territory_files, standard.crosswalks)))
    found |= set(_strings((standard.messages, standard.words)))
    found |= {text for former in standard.former.values() for _, text in former}
    found |= former_sentences(standard)
    return tuple(sorted(found))


@lru_cache(maxsize=4)
def vocabulary(standard: Standard) -> frozenset[str]:
    """Return the words of the standard's own texts, the names of the reporting territories and the listed words.

    Names of other territories are left out: islands are named after persons.
    """
    found = kept_for(
        standard.sha256,
        "vocabulary",
        lambda: json.dumps(sorted(_vocabulary(standard)), ensure_ascii=False).encode(),
    )
    return frozenset(json.loads(found))


def _vocabulary(standard: Standard) -> set[str]:
    reporting = [standard.territory_names[code] for code in standard.reporting_territories]
    elsewhere = {name for names in standard.territory_names.values() for name in names.values()}
    elsewhere |= {str(value) for row in standard.territories for value in row.values()}
    elsewhere |= {
        str(value) for rows in standard.territory_files.values() for row in rows for value in row.values()
    }
    texts = [text for text in texts_of(standard) if text not in elsewhere]
    texts += [text for names in reporting for text in names.values()]
    texts += [*standard.reporting_territories, *forbidden_of(standard).vocabulary]
    return {word.lower() for text in texts for word in _LETTERS_AND_DIGITS.findall(text)}


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)


@lru_cache(maxsize=4)
def _read(folder: Path, sha256: str) -> Forbidden:
    source = read_yaml(folder / "forbidden.yml")
    checksums = {entry["id"]: entry for entry in source["checksums"]}
    return Forbidden(
        fold_steps=tuple(source["fold"]),
        empty_columns=source["empty_columns"],
        unmapped_kind=source["unmapped_kind"],
        concepts=tuple(map(_concept, source["concepts"])),
        contents=tuple(_content(block, checksums) for block in source["contents"]),
        token_fields=frozenset(source["tokens"]["fields"]),
        token_pattern=source["tokens"]["pattern"],
        no_token=re.compile(source["tokens"]["no_more"]),
        years_before=int(source["days"]["years_before"]),
        open_texts={entry["field"]: OpenText(entry["form"]) for entry in source["open_texts"]},
        common_names=(tuple(source["common_names"]["given"]), tuple(source["common_names"]["family"])),
        vocabulary=frozenset(str(word) for words in source["vocabulary"] for word in words),
    )


def _concept(block: Mapping[str, Any]) -> Concept:
    return Concept(
        name=block["id"],
        kinds=frozenset(block["kinds"]),
        except_tables=frozenset(block.get("except_tables", ())),
        also_without_brackets=block["brackets"] == "also_without",
        whole=frozenset(text for entry in block["headings"] for text in entry["whole"]),
        words=frozenset(word for entry in block["headings"] for word in entry.get("words", ())),
    )


def _content(block: Mapping[str, Any], checksums: Mapping[str, Mapping[str, Any]]) -> Content:
    return Content(
        name=block["id"],
        pattern=block["pattern"],
        group=int(block.get("group", 0)),
        checksum=checksums[block["checksum"]] if "checksum" in block else None,
        kinds=frozenset(block["kinds"]),
        columns=frozenset(block["columns"]),
        exempt_known_values=bool(block["exempt_known_values"]),
        except_fields=frozenset(block["except_fields"]),
        cells=int(block["trigger"]["cells"]),
        share=float(block["trigger"]["share"]),
        alone=bool(block["trigger"].get("alone", False)),
        series_excused=bool(block["trigger"].get("series_excused", False)),
        gives_way=bool(block.get("gives_way", False)),
    )


def _without_marks(text: str) -> str:
    return "".join(c for c in text if not unicodedata.combining(c))


def _spaced(text: str) -> str:
    # Soft hyphens and zero-width characters are not seen, so they part no word.
    seen = (c for c in text if unicodedata.category(c) != "Cf")
    return "".join(c if c.isalnum() else " " for c in seen)


@lru_cache(maxsize=4096)
def _folded(steps: tuple[str, ...], heading: str) -> str:
    """The first rows of every sheet repeat words and codes; a fold is asked for each of them and each kind of column."""
    for step in steps:
        heading = _FOLDS[step](heading)
    return heading


def _without_outer_numbers(text: str) -> str:
    words = text.split()
    while words and words[0].isdigit():
        words.pop(0)
    while words and words[-1].isdigit():
        words.pop()
    return " ".join(words)


_FOLDS: Mapping[str, Callable[[str], str]] = {
    "compatibility_decomposition": lambda text: unicodedata.normalize("NFKD", text),
    "remove_combining_marks": _without_marks,
    "lower_case": str.lower,
    "letters_without_decomposition": lambda text: text.translate(_PLAIN_LETTERS),
    "punctuation_to_space": _spaced,
    "collapse_spaces": lambda text: " ".join(text.split()),
    "remove_outer_numbers": _without_outer_numbers,
}
