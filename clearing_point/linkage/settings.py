"""What the region has agreed about linkage: ``schemas/linkage.yml``, read and kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.standard.files import read_yaml
from clearing_point.standard.shapes import read_shaped_yaml

_FILE = "linkage.yml"
_AT_THE_SENDER = ("protocol", "program", "folding", "tokens")


@dataclass(frozen=True)
class LinkageSettings:
    """Thresholds, model and input of the links.

    Attributes
    ----------
    link : mapping
        Thresholds and the pairs that are certain.
    model : mapping
        Comparisons with their m and u probabilities, in the order of the file.
    input_sql : str
        One query over the views of schema ``current`` that gives the columns of ``linkage_input``.
    made : mapping
        How people are made for the evaluation.
    """

    link: Mapping[str, Any]
    model: Mapping[str, Any]
    input_sql: str
    made: Mapping[str, Any]
    printed: Mapping[str, Any]
    """Categories of the table that leads to the region's persons, and the sentences printed with it."""
    writes: Mapping[str, str]
    groups: Mapping[str, int]
    """Token -> how many groups it holds, one after the other."""
    length: int
    """Letters of each."""
    alphabet: str
    """The sixteen letters of tokens, in the order of their value."""

    @property
    def accept(self) -> float:
        """Probability from which two reports are one person without a person's decision."""
        return float(self.link["accept"])

    @property
    def accept_one_sender(self) -> float:
        """The same for two case numbers of one sender, of different years."""
        return float(self.link["accept_one_sender"])

    @property
    def review(self) -> float:
        """Probability from which a person must decide."""
        return float(self.link["review"])

    @property
    def tokens(self) -> tuple[str, ...]:
        """Columns of ``linkage_input`` that hold tokens, in the order of the protocol."""
        return tuple(f"token_{name}" for name in self.writes)

    @property
    def token_columns(self) -> tuple[tuple[str, str, int], ...]:
        """Column of ``linkage_person``, column of ``linkage_input`` and place (from 1) of every group of every token."""
        found = []
        for name in self.writes:
            for place in range(self.groups.get(name, 1)):
                suffix = f"_{place + 1}" if place else ""
                found.append((f"token_{name}{suffix}", f"token_{name}", 1 + place * self.length))
        return tuple(found)


def load_linkage(schemas: Path) -> LinkageSettings:
    """Read and check ``linkage.yml``.

    Raises
    ------
    InputProblem
        With file, line and sentence, if the file has not the shape of its schema.
    """
    document = read_shaped_yaml(schemas / _FILE, schemas / "meta" / "linkage.schema.json")
    return LinkageSettings(
        link=document["link"],
        model=document["model"],
        input_sql=document["input"],
        made=document["made"],
        printed=document["printed"],
        writes=document["program"]["writes"],
        groups={name: len(groups) for name, groups in document["tokens"]["groups"].items()},
        length=int(document["program"]["token_length"]),
        alphabet=document["program"]["token_alphabet"],
    )


def protocol_text(schemas: Path) -> str:
    """Return ``protocol.json`` as it follows from ``linkage.yml``: what travels with the token program."""
    document = read_yaml(schemas / _FILE)
    return json.dumps({k: document[k] for k in _AT_THE_SENDER}, ensure_ascii=False, indent=1) + "\n"
