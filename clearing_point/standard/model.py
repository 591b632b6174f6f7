"""The standard as frozen objects. The files under ``schemas/`` are the source; nothing is added here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from clearing_point.standard.aggregate_figures import Totals
from clearing_point.standard.filling import fill
from clearing_point.standard.indicators import (
    Breakdown,
    Denominator,
    Indicator,
    Measure,
    Population,
    Text,
)
from clearing_point.standard.plurals import COUNT, counted, in_form, written

__all__ = [
    "LINEAGE",
    "NUMBER_TYPES",
    "REFERENCE",
    "TERRITORY",
    "Breakdown",
    "Code",
    "CodeList",
    "Denominator",
    "Field",
    "Indicator",
    "Measure",
    "Population",
    "Rule",
    "Standard",
    "Table",
    "Text",
]

TERRITORY = "territory"
"""The code list that the territory register stands for."""

REFERENCE = "reference"
"""Kind of a table that only public sources fill: no sender is asked for it, and no population counts it."""

NUMBER_TYPES = ("integer", "number", "year")
LINEAGE = ("submission_id", "sheet", "source_row", "source_part")
"""Columns that every staged and core row carries: where it stood in the sender's file."""


@dataclass(frozen=True)
class Field:
    """One variable of a table, in the words of Frictionless Table Schema plus ours."""

    name: str
    type: str
    title: Text
    help: Text
    constraints: Mapping[str, Any]
    codelist: str | None = None
    multiple: bool = False
    explicit_no: bool = False
    core: bool = False
    disclosure: str = "none"
    publish_as: str | None = None
    derived: str | None = None
    examples: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()
    """Names that the column had in earlier versions of the template; they are still read."""

    @property
    def required(self) -> bool:
        """A row without this value makes no sense."""
        return bool(self.constraints.get("required", False))

    @property
    def is_coded(self) -> bool:
        """Holds a code of a list, or a missing code."""
        return self.codelist is not None

    @property
    def missing_column(self) -> str | None:
        """Companion that holds the missing code where a number or date is empty."""
        return f"{self.name}_missing" if self.type in (*NUMBER_TYPES, "date") else None

    @property
    def precision_column(self) -> str | None:
        """Companion that says how exact a date is."""
        return f"{self.name}_precision" if self.type == "date" else None

    @property
    def no_column(self) -> str | None:
        """Companion that lists the codes that were asked and answered no."""
        return f"{self.name}_no" if self.explicit_no else None


@dataclass(frozen=True)
class Table:
    """One table of the standard."""

    name: str
    title: Text
    help: Text
    grain: Text
    kind: str
    order: int
    primary_key: tuple[str, ...]
    parents: Mapping[str, tuple[str, ...]]
    """Parent table -> the fields that name its row (same names in both): rules and derived fields see it."""
    references: tuple[tuple[str, str, str], ...]
    """Further foreign keys: (own field, other table, its field)."""
    fields: tuple[Field, ...]
    counts: Totals | None = None
    """Of a table of totals: what they count."""

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """Fields by name."""
        return MappingProxyType({f.name: f for f in self.fields})

    @property
    def received(self) -> tuple[Field, ...]:
        """Fields that a sender may fill."""
        return tuple(f for f in self.fields if f.derived is None)

    @property
    def derived(self) -> tuple[Field, ...]:
        """Fields that are worked out after reading, in order."""
        return tuple(f for f in self.fields if f.derived is not None)


@dataclass(frozen=True)
class Code:
    """One code of a list."""

    code: str
    parent: str | None
    kind: str
    label: Text
    definition: Text
    valid_from: str | None
    valid_to: str | None
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class CodeList:
    """A code list. Codes are never deleted; they end."""

    name: str
    title: Text
    codes: tuple[Code, ...]
    attributes: tuple[str, ...] = ()

    @cached_property
    def by_code(self) -> Mapping[str, Code]:
        """Codes by their text."""
        return MappingProxyType({c.code: c for c in self.codes})


@dataclass(frozen=True)
class Rule:
    """A check: one SQL predicate that holds, fails, or (null) does not apply."""

    rule_id: str
    table: str
    severity: str
    dimension: str
    fields: tuple[str, ...]
    holds: str
    why: Text
    scope: str = "row"
    each_row: bool = True
    """One verdict a row of the table; otherwise one for the whole submission."""
    answer: str | None = None
    examples: Mapping[str, Any] = field(default_factory=dict)
    structural: bool = False
    expectation: Mapping[str, str] = field(default_factory=dict)
    """What Great Expectations measures on the data themselves: kind, measure, and SQL of the bounds."""


@dataclass(frozen=True, eq=False)  # compared and hashed by identity: it is read once
class Standard:
    """Everything under ``schemas/``, read once."""

    folder: Path
    settings: Mapping[str, Any]
    tables: Mapping[str, Table]
    codelists: Mapping[str, CodeList]
    territories: tuple[Mapping[str, str], ...]
    territory_files: Mapping[str, tuple[Mapping[str, str], ...]]
    crosswalks: Mapping[str, tuple[Mapping[str, str], ...]]
    rules: tuple[Rule, ...]
    messages: Mapping[str, Mapping[str, Text]]
    """Rule -> ``what`` is wrong and what to ``do``."""
    indicators: tuple[Indicator, ...]
    populations: Mapping[str, Population]
    denominators: Mapping[str, Denominator]
    words: Mapping[str, Mapping[str, Text]]
    """What the program says to a data officer: where it is used -> name -> sentence (``words.yml``)."""
    territory_names: Mapping[str, Text]
    """Neutral names of territories in every language (``territories/name.csv``)."""
    place_texts: Mapping[str, Text]
    """Names and footnotes of naming profiles and groups, by their English text."""
    link_notes: Mapping[str, Text]
    """What is printed below the tables that say how links lead to persons (``linkage.yml``)."""
    policy_texts: Mapping[str, Text]
    """What is printed with a table that is withheld, late or made anew (``disclosure.yml``), by its English text."""
    sha256: str
    rows_sha256: str = ""
    """Hash of what rows follow from: all but what ``rows_do_not_follow_from`` of ``standard.yml`` names."""
    former: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Earlier wordings that filled workbooks may still carry: what is named (``code:LIST.CODE``, ``table:NAME``,
    ``field:TABLE.FIELD``) -> (language, text) (``former_texts.csv``)."""

    @property
    def version(self) -> str:
        """Version of the standard, such as 1.0.0."""
        return str(self.settings["version"])

    @cached_property
    def missing_codes(self) -> tuple[str, ...]:
        """Codes that say why a value is not there."""
        return tuple(c.code for c in self.codelists["missing"].codes)

    @cached_property
    def reporting_territories(self) -> tuple[str, ...]:
        """Territories that report, in the order of the register."""
        return tuple(t["territory_id"] for t in self.territories if t["reporting"] == "Y")

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that templates and findings are written in."""
        return tuple(self.settings["languages"])

    @cached_property
    def public_lists(self) -> frozenset[str]:
        """Code lists that only tables of public sources have: no sender meets them."""
        used = [
            (t.kind == REFERENCE, f.codelist) for t in self.tables.values() for f in t.fields if f.codelist
        ]
        return frozenset(
            {name for public, name in used if public} - {name for public, name in used if not public}
        )

    def texts(self) -> Iterator[tuple[str, Text]]:
        """Yield every text that a person reads in her language, with its context: what must be translated."""
        for table in (table for table in self.tables.values() if table.kind != REFERENCE):
            yield from (("", text) for text in (table.title, table.help, table.grain))
            for f in table.fields:
                yield f"table:{table.name}", f.title
                yield f"table:{table.name}", f.help
        for codelist in (c for c in self.codelists.values() if c.name not in self.public_lists):
            yield "", codelist.title
            yield from ((f"codelist:{codelist.name}", code.label) for code in codelist.codes)
        for entry in self.settings["missing"]["meaning"]:
            yield "codelist:missing", entry["title"]
            yield "codelist:missing", entry["help"]
        for rule in self.rules:
            yield f"rule:{rule.rule_id}", rule.why
        for rule_id, parts in self.messages.items():
            yield from ((f"rule:{rule_id}", text) for text in parts.values())
        yield from (("territory:names", text) for text in self.place_texts.values())
        for place, sentences in self.words.items():
            yield from ((f"words:{place}", text) for text in sentences.values())

    def report_texts(self) -> Iterator[tuple[str, Text]]:
        """Yield the texts that only readers of the report meet, with their context; a language may lack them."""
        for table in self.tables_of_kind(REFERENCE):
            yield from ((f"table:{table.name}", f.title) for f in table.fields if f.codelist)
        for name in sorted(self.public_lists):
            yield from ((f"codelist:{name}", code.label) for code in self.codelists[name].codes)
        for indicator in self.indicators:
            asked = () if indicator.question is None else (indicator.question[1],)
            yield from (
                ("", text) for text in (indicator.title, indicator.definition, *indicator.caveats, *asked)
            )
            yield from (("report:label", text) for text in indicator.labels)
        for population in self.populations.values():
            yield "report:label", population.title
            yield "", population.definition
        for denominator in self.denominators.values():
            yield "report:label", denominator.title
            yield "", denominator.definition
        yield from (("", text) for text in (*self.link_notes.values(), *self.policy_texts.values()))

    def word(self, place: str, name: str, language: str = "en", /, **filled: object) -> str:
        """Return a sentence of ``words.yml`` with its places filled; English where the language has none.

        The first whole number chooses the form of a text that has some (:mod:`.plurals`) and is written as in the language.
        """
        text = self.words[place][name]
        spoken = language if language in text else "en"
        for key, number in filled.items():
            if isinstance(number, int) and (key == COUNT or counted(text, spoken)):
                return fill(in_form(text, spoken, number), **{**filled, key: written(number, spoken)})
        return fill(text[spoken], **filled)

    def codes_of(self, name: str) -> tuple[str, ...]:
        """Codes of a list, without missing codes; the territory register counts as a list."""
        if name == TERRITORY:
            return tuple(t["territory_id"] for t in self.territories)
        return tuple(c.code for c in self.codelists[name].codes)

    def label_of(self, codelist: str, code: str, language: str = "en") -> str:
        """Label of a code, with English where the language has none."""
        if codelist == TERRITORY:
            return self.territory_name(code, language=language)
        found = self.codelists[codelist].by_code.get(code) or self.codelists["missing"].by_code.get(code)
        if found is None:
            return code
        return found.label.get(language) or found.label["en"]

    def territory_name(self, territory_id: str, profile: str = "neutral", language: str = "en") -> str:
        """Name of a territory under a naming profile (domain.md 8.3 rule 6), in English where a language has none."""
        neutral = self.territory_names.get(territory_id, {"en": territory_id})
        for row in self.territory_files["label"]:
            if row["territory_id"] == territory_id and row["profile"] == profile:
                if row["label_en"] != neutral["en"]:
                    return self.place_text(row["label_en"], language)
                break
        return neutral.get(language) or neutral["en"]

    def place_text(self, english: str, language: str) -> str:
        """Name or footnote of a naming profile or group in a language; English where it has none."""
        return self.place_texts.get(english, {}).get(language) or english

    def tables_of_kind(self, *kinds: str) -> Iterator[Table]:
        """Tables of the named kinds, of all where none is named, in the order people see."""
        found = sorted(self.tables.values(), key=lambda t: (t.order, t.name))
        return (t for t in found if not kinds or t.kind in kinds)
