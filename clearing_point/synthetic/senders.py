"""What senders make of the truth: gaps, coarse dates, explicit answers of no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from clearing_point.errors import InputProblem
from clearing_point.standard import Standard
from clearing_point.synthetic.columns import (
    DATE,
    NOTHING,
    SEPARATOR,
    WORD,
    Array,
    Column,
    Frame,
    Vocabulary,
    draw,
    empty_value,
    generator,
)

LEVELS = {"YEAR": 1, "MONTH": 2, "DAY": 3}
"""How exact a date is written."""
_MOST_UNKNOWN = 0.95


def overlay(
    standard: Standard,
    settings: Mapping[str, Any],
    name: str,
    block: Mapping[str, Any],
    frames: Mapping[str, Frame],
    vocabulary: Vocabulary,
    precision: dict[tuple[str, str], Array],
    seed: int,
) -> None:
    """Settle, for one table, what a sender does not know, how exact dates are and what is an explicit no.

    Parameters
    ----------
    block : mapping
        What ``schemas/synthetic.yml`` says of the table.
    precision : dict
        (table, field) -> int8 array of levels; filled here.

    Raises
    ------
    InputProblem
        If a coded field holds a word that its list does not have.
    """
    frame, table = frames[name], standard.tables[name]
    unknown = np.ones(frame.size)
    place = frames["person"].columns["territory"].values[frame.case]
    for territory, sender in settings["senders"].items():
        unknown[place == vocabulary.number(territory)] = float(sender.get("unknown", 1))
    careful = frames["person"].columns[settings["careful"]].values[frame.case]
    level = np.full(frame.size, LEVELS["DAY"], dtype=np.int8)
    for word, number in LEVELS.items():
        level[careful == vocabulary.number(word)] = number
    allowed = {f.name for f in table.received}
    for column, spec in block["columns"].items():
        if column not in allowed:
            continue
        rng = generator(seed, name, column, "written")
        made = frame.columns[column]
        field = table.by_name[column]
        shares = spec.get("missing", {} if field.required else block.get("missing", {}))
        frame.missing[column] = _reasons(shares, unknown, vocabulary, rng)
        if "instead_of" in spec:
            # Asked only where the better answer is missing.
            better = frame.missing[spec["instead_of"]] != NOTHING
            made.values[~better] = empty_value(made.kind)
        if "missing_with" in spec:
            other = frame.missing[spec["missing_with"]]
            frame.missing[column] = np.where(other != NOTHING, other, frame.missing[column])
        if made.kind == WORD and column not in block.get("references", {}):
            _check_words(made, field.codelist, standard, vocabulary, f"{name}.{column}")
        if made.kind == DATE:
            own = list(LEVELS.values())
            weights = {n: float(spec.get("exact", {"DAY": 1}).get(w, 0)) for w, n in LEVELS.items()}
            drawn = np.array(own, dtype=np.int8)[draw(rng, weights, frame.size)]
            precision[name, column] = np.minimum(level, drawn)
        if field.no_column and "no" in spec:
            _say_no(frame, column, field.no_column, spec, vocabulary, rng)
    for earlier, later in zip(block.get("in_time", ())[-2::-1], block.get("in_time", ())[:0:-1], strict=True):
        # What lies further back is remembered less exactly; so written dates keep their order, too.
        precision[name, earlier] = np.minimum(precision[name, earlier], precision[name, later])


def _reasons(
    shares: Mapping[str, float], unknown: Array, vocabulary: Vocabulary, rng: np.random.Generator
) -> Array:
    reasons = np.full(len(unknown), NOTHING, dtype=np.int32)
    chance = rng.random(len(unknown))
    reached = np.zeros(len(unknown))
    for code, share in shares.items():
        more = reached + np.minimum(float(share) * unknown, _MOST_UNKNOWN)
        reasons[(chance >= reached) & (chance < more)] = vocabulary.number(code)
        reached = more
    return reasons


def _say_no(
    frame: Frame,
    column: str,
    no_column: str,
    spec: Mapping[str, Any],
    vocabulary: Vocabulary,
    rng: np.random.Generator,
) -> None:
    asked = list(spec["no"]["of"]) if "of" in spec["no"] else list(spec["many"])
    values = frame.columns[column].values
    kinds, place = np.unique(values, return_inverse=True)
    texts = []
    for kind in kinds.tolist():
        said = set(vocabulary.words[kind].split(SEPARATOR)) if kind != NOTHING else set()
        texts.append(SEPARATOR.join(c for c in asked if c not in said))
    numbers = np.array([vocabulary.number(t) if t else NOTHING for t in texts], dtype=np.int32)
    given = (rng.random(frame.size) < float(spec["no"]["share"])) & (frame.missing[column] == NOTHING)
    frame.columns[no_column] = Column(
        WORD, np.where(given, numbers[place] if len(numbers) else NOTHING, NOTHING).astype(np.int32)
    )


def _check_words(
    column: Column, codelist: str | None, standard: Standard, vocabulary: Vocabulary, where: str
) -> None:
    if codelist is None:
        return
    allowed = {*standard.codes_of(codelist), *standard.missing_codes}
    for number in np.unique(column.values).tolist():
        if number != NOTHING:
            for code in vocabulary.words[number].split(SEPARATOR):
                if code not in allowed:
                    raise InputProblem(
                        f"synthetic.yml: {where} makes '{code}', which is no code of {codelist}."
                    )
