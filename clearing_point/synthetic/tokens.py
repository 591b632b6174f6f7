"""Tokens of synthetic persons: names that no file ever holds, written down by each sender with her own errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from clearing_point.linkage.made_errors import identities
from clearing_point.linkage.made_people import People, draw_given_names, draw_surnames
from clearing_point.linkage.settings import LinkageSettings
from clearing_point.linkage.tokens import Tokens
from clearing_point.synthetic.columns import Array, Frame, Vocabulary

_KEY = bytes(range(128, 192))
"""Not a secret: it makes tokens of synthetic persons."""


def make_tokens(
    person: Frame,
    truth: Array,
    settings: Mapping[str, Any],
    linkage: LinkageSettings,
    senders: Mapping[str, Any],
    vocabulary: Vocabulary,
    rng: np.random.Generator,
) -> dict[str, list[str | None]]:
    """Make the tokens of the made cases, as the token program of each sender would.

    One human being has one name and birthday wherever she is met; what a sender writes down of them differs. A sender
    who meets her again copies what stands in her own register, and the number of the document with it.

    Parameters
    ----------
    settings : mapping
        The block ``tokens`` of ``synthetic.yml``: names of the columns used, the code of men and boys, the round.
    linkage : LinkageSettings
        Its ``made``: languages, spellings, chances of errors; its ``writes``: headings of the tokens.
    senders : mapping
        Senders of ``synthetic.yml``; one with ``tokens: false`` does not use the program.

    Returns
    -------
    dict
        Column of the standard -> one token a row of ``person``, None where there is none. They are not words of the
        vocabulary: every one is different.
    """
    made = linkage.made
    words = np.array([*vocabulary.words, ""], dtype=object)
    territory = words[person.columns["territory"].values]
    humans, first, place = np.unique(truth, return_index=True, return_inverse=True)
    citizenship = words[person.columns[settings["citizenship"]].values][first]
    language = _languages(citizenship, territory[first], made["territories"], rng)
    sex = np.where(words[person.columns[settings["sex"]].values][first] == settings["male"], "M", "F").astype(
        object
    )
    size = len(humans)
    given, surname, new_surname = (np.empty(size, dtype=object) for _ in range(3))
    for spoken in sorted(set(language.tolist())):
        rows = np.flatnonzero(language == spoken)
        for names in (surname, new_surname):
            names[rows] = draw_surnames(spoken, rows.size, made["common_surname_share"], rng)
        for which, kind in (("F", "female"), ("M", "male")):
            some = rows[sex[rows] == which]
            given[some] = draw_given_names(spoken, kind, some.size, made["common_given_name_share"], rng)
    born = person.columns[settings["born"]].values[first].astype(np.int64).astype("datetime64[D]")
    people = People(language, sex, given, surname, new_surname, born, citizenship)
    repeat = np.ones(person.size, dtype=bool)
    repeat[first] = False
    reports = {"person": place, "repeat": repeat, "territory": territory}
    known = identities(made, made["errors"], people, reports, rng).identities
    tokens = Tokens(_KEY, settings["round"])
    uses = {code: bool(sender.get("tokens", True)) for code, sender in senders.items()}
    register: dict[tuple[int, str], tuple[str, ...]] = {}
    met_again = _met_again(place, territory)
    rows_of: list[tuple[str, ...]] = []
    nothing = ("",) * len(linkage.writes)
    for row, (human, where) in enumerate(zip(place.tolist(), territory.tolist(), strict=True)):
        if not uses[where]:
            rows_of.append(nothing)
            continue
        if (human, where) not in register:
            identity = known[row]
            if (human, where) in met_again:
                identity = identity._replace(document_number=f"Z{human:08d}")
            register[human, where] = tokens.of(identity)
        rows_of.append(register[human, where])
    return {column: [row[at] or None for row in rows_of] for at, column in enumerate(linkage.writes.values())}


def _languages(
    citizenship: Array, territory: Array, places: list[Mapping[str, Any]], rng: np.random.Generator
) -> Array:
    """Draw what is spoken where a person is from; who is from elsewhere bears a name as clerks of the place write it."""
    spoken = {p["territory"]: p["languages"] for p in places}
    language = np.empty(len(citizenship), dtype=object)
    home = np.array(
        [c if c in spoken else t for c, t in zip(citizenship, territory, strict=True)], dtype=object
    )
    for code in sorted(set(home.tolist())):
        rows = np.flatnonzero(home == code)
        names = np.array(list(spoken[code]), dtype=object)
        weights = np.array(list(spoken[code].values()), dtype=float)
        language[rows] = names[rng.choice(len(names), rows.size, p=weights / weights.sum())]
    return language


def _met_again(place: Array, territory: Array) -> set[tuple[int, str]]:
    seen: set[tuple[int, str]] = set()
    again: set[tuple[int, str]] = set()
    for key in zip(place.tolist(), territory.tolist(), strict=True):
        (again if key in seen else seen).add(key)
    return again
