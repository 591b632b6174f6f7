"""Made people with a known truth: names of the region's languages, errors of clerks, movers, twins, married names.

Everything here is made; ``schemas/linkage.yml`` (block ``made``) holds every share, ``made_names.csv`` the names. The truth
(which reports are of one person) is kept apart from what a sender would write down.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clearing_point.linkage.made_errors import identities, swap_like
from clearing_point.linkage.tokens import Identity

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class MadeRegion:
    """Reports of made people.

    Attributes
    ----------
    truth : int array, shape (reports,)
        Number of the person that each report is of. Known here only.
    columns : mapping of str to array, each of shape (reports,)
        What ``linkage_input`` needs besides tokens; dates as datetime64[D], unknown as None or NaT.
    identities : tuple of Identity
        What each sender knows; it goes to the token program and nowhere else.
    """

    truth: Array
    columns: Mapping[str, Array]
    identities: tuple[Identity, ...]


@dataclass(frozen=True)
class People:
    """Persons before anybody reports them: one array entry a person."""

    language: Array
    sex: Array
    given: Array
    surname: Array
    new_surname: Array
    born: Array
    citizenship: Array


def make_region(
    settings: Mapping[str, Any],
    persons: int,
    seed: int,
    *,
    repeat_share: float = 0.15,
    error_factor: float = 1.0,
) -> MadeRegion:
    """Make ``persons`` people and their reports.

    Parameters
    ----------
    settings : mapping
        The block ``made`` of ``schemas/linkage.yml``.
    repeat_share : float
        Further reports for each person made; a few persons have more than one.
    error_factor : float
        Multiplies every chance of an error, to see what results owe to them.
    """
    rng = np.random.default_rng([seed, persons])
    people = _people(settings, persons, rng)
    reports = _reports(settings, people, round(persons * repeat_share), rng)
    wrong = {name: share * error_factor for name, share in settings["errors"].items()}
    written = identities(settings, wrong, people, reports, rng)
    truth = reports["person"]
    columns = _columns(settings, wrong, people, reports, written.birth_year, rng)
    order = np.lexsort((columns["person_id"], columns["reference_year"]))
    return MadeRegion(
        truth=truth[order],
        columns={name: values[order] for name, values in columns.items()},
        identities=tuple(written.identities[i] for i in order.tolist()),
    )


@lru_cache(maxsize=1)
def made_names() -> Mapping[tuple[str, str], tuple[Array, Array]]:
    """Return (language, kind) -> (texts, shares that sum to 1) of ``made_names.csv``."""
    found: dict[tuple[str, str], tuple[list[str], list[float]]] = {}
    with Path(__file__).with_name("made_names.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            texts, weights = found.setdefault((row["language"], row["kind"]), ([], []))
            texts.append(row["text"].lower())
            weights.append(float(row["made_per_thousand"]))
    return {
        key: (np.array(texts, dtype=object), np.array(weights) / sum(weights))
        for key, (texts, weights) in found.items()
    }


def draw_surnames(language: str, size: int, common_share: float, rng: np.random.Generator) -> Array:
    """Draw surnames: a stem with an ending for the common ones, two made pieces for the long tail."""
    names = made_names()

    def pieces(kind: str) -> Array:
        texts, shares = names[language, kind]
        return np.asarray(texts[rng.choice(len(texts), size, p=shares)])

    common = rng.random(size) < common_share
    return np.where(common, pieces("stem") + pieces("ending"), pieces("start") + pieces("tail"))


def draw_given_names(
    language: str, kind: str, size: int, common_share: float, rng: np.random.Generator
) -> Array:
    """Draw given names (``kind`` female or male): the list, and a tail of beginnings and ends put together anew."""
    texts, shares = made_names()[language, kind]
    names = texts[rng.choice(len(texts), size, p=shares)]
    rare = np.flatnonzero(rng.random(size) >= common_share)
    first, second = (rng.integers(0, len(texts), rare.size) for _ in range(2))
    starts = np.array([t[: max(2, len(t) // 2)] for t in texts.tolist()], dtype=object)
    ends = np.array([t[max(2, len(t) // 2) :] for t in texts.tolist()], dtype=object)
    names[rare] = starts[first] + ends[second]
    return np.asarray(names)


def _people(settings: Mapping[str, Any], persons: int, rng: np.random.Generator) -> People:
    places = settings["territories"]
    shares = np.array([float(p["share"]) for p in places])
    home = rng.choice(len(places), persons, p=shares / shares.sum())
    language = np.empty(persons, dtype=object)
    for number, place in enumerate(places):
        rows = np.flatnonzero(home == number)
        spoken = np.array(list(place["languages"]), dtype=object)
        weights = np.array(list(place["languages"].values()), dtype=float)
        language[rows] = spoken[rng.choice(len(spoken), rows.size, p=weights / weights.sum())]
    sex = np.where(rng.random(persons) < settings["female"], "F", "M").astype(object)
    given, surname, new_surname = (np.empty(persons, dtype=object) for _ in range(3))
    for spoken_language in sorted(set(language.tolist())):
        rows = np.flatnonzero(language == spoken_language)
        for names in (surname, new_surname):
            names[rows] = draw_surnames(spoken_language, rows.size, settings["common_surname_share"], rng)
        for which, kind in (("F", "female"), ("M", "male")):
            some = rows[sex[rows] == which]
            given[some] = draw_given_names(
                spoken_language, kind, some.size, settings["common_given_name_share"], rng
            )
    age = settings["age"]
    years = np.clip(
        np.exp(rng.normal(np.log(age["median"]), age["spread"], persons)), age["least"], age["most"]
    )
    last = np.datetime64(f"{settings['years'][1]}-06-30", "D")
    born = last - (years * 365.25).astype(int)
    citizenship = np.array([p["territory"] for p in places], dtype=object)[home]
    people = People(language, sex, given, surname, new_surname, born, citizenship)
    _twins(settings["twins"], people, rng)
    return people


def _twins(settings: Mapping[str, Any], people: People, rng: np.random.Generator) -> None:
    """Make some neighbours in the list twins: same surname, day and place of birth; some with names alike."""
    size = len(people.sex)
    first = np.flatnonzero(rng.random(size // 2) < settings["share"] / 2) * 2
    second = first + 1
    for values in (people.surname, people.language, people.born, people.citizenship, people.sex):
        values[second] = values[first]
    alike = rng.random(first.size) < settings["alike"]
    for one, other, near in zip(first.tolist(), second.tolist(), alike.tolist(), strict=True):
        texts, weights = made_names()[people.language[one], "female" if people.sex[one] == "F" else "male"]
        fit = texts != people.given[one]
        if near:
            near_fit = fit & np.array([swap_like(t, people.given[one]) for t in texts.tolist()])
            fit = near_fit if near_fit.any() else fit
        chances = np.where(fit, weights, 0)
        people.given[other] = texts[rng.choice(len(texts), p=chances / chances.sum())]


def _reports(
    settings: Mapping[str, Any], people: People, repeats: int, rng: np.random.Generator
) -> dict[str, Array]:
    size = len(people.sex)
    codes = np.array([p["territory"] for p in settings["territories"]], dtype=object)
    shares = np.array([float(p["share"]) for p in settings["territories"]])
    first_year, last_year = settings["years"]
    days = (last_year - first_year + 1) * 365
    start = np.datetime64(f"{first_year}-01-01", "D")
    abroad = rng.random(size) < settings["foreign"]
    elsewhere = codes[rng.choice(len(codes), size, p=shares / shares.sum())]
    territory = np.where(abroad, elsewhere, people.citizenship)
    sender = rng.integers(1, settings["senders_per_territory"] + 1, size)
    day = start + rng.integers(0, days, size)
    places = settings["exploited_elsewhere"]
    outer = np.array(list(places["places"]), dtype=object)
    weights = np.array(list(places["places"].values()), dtype=float)
    outside = outer[rng.choice(len(outer), size, p=weights / weights.sum())]
    exploited = np.where(rng.random(size) < places["share"], outside, territory)
    # Twins are often found together: same place, same day, same organisation.
    twin = np.flatnonzero((people.surname[1:] == people.surname[:-1]) & (people.born[1:] == people.born[:-1]))
    twin = twin[rng.random(twin.size) < settings["twins"]["together"]]
    for values in (territory, sender, day, exploited):
        values[twin + 1] = values[twin]

    again = np.sort(rng.choice(size, repeats, replace=True))
    turn = np.arange(repeats) - np.searchsorted(again, again, "left")  # 0 for the first repeat of a person
    kinds = np.array(list(settings["repeats"]), dtype=object)
    chances = np.array(list(settings["repeats"].values()), dtype=float)
    kind = kinds[rng.choice(len(kinds), repeats, p=chances / chances.sum())]
    moved = kind == "other_territory_after_return"
    home = people.citizenship[again]
    target = np.where(
        home != territory[again], home, codes[rng.choice(len(codes), repeats, p=shares / shares.sum())]
    )
    new_territory = np.where(moved, target, territory[again])
    later = settings["days_to_next_report"]
    gap = np.clip(np.exp(rng.normal(np.log(later["median"]), later["spread"], repeats)), 1, 700).astype(int)
    next_year = np.isin(kind, ["other_organisation_next_year", "same_organisation_new_number"])
    # Whoever is reported a third time goes to yet another organisation: no sender counts a person twice a year.
    gap = np.where(next_year, 365 + gap, gap) + turn * 400
    new_day = day[again] + gap
    senders = settings["senders_per_territory"]
    other = (sender[again] + rng.integers(1, senders, repeats) - 1) % senders + 1
    new_sender = np.where(kind == "same_organisation_new_number", sender[again], other)
    same_place = rng.random(repeats) < settings["same_exploitation_place"]
    new_exploited = np.where(
        same_place, exploited[again], outer[rng.choice(len(outer), repeats, p=weights / weights.sum())]
    )
    returned = (
        moved & (rng.random(repeats) < settings["return_recorded"]) & (new_territory != territory[again])
    )
    return_to = np.full(size + repeats, None, dtype=object)
    return_day = np.full(size + repeats, np.datetime64("NaT"), dtype="datetime64[D]")
    return_to[again[returned]] = new_territory[returned]
    return_day[again[returned]] = new_day[returned] - rng.integers(0, 15, int(returned.sum()))
    return {
        "person": np.concatenate([np.arange(size), again]),
        "repeat": np.concatenate([np.zeros(size, dtype=bool), np.ones(repeats, dtype=bool)]),
        "territory": np.concatenate([territory, new_territory]),
        "sender": np.concatenate([sender, new_sender]),
        "day": np.concatenate([day, new_day]),
        "exploited": np.concatenate([exploited, new_exploited]),
        "return_to": return_to,
        "return_day": return_day,
    }


def _columns(
    settings: Mapping[str, Any],
    wrong: Mapping[str, float],
    people: People,
    reports: Mapping[str, Array],
    birth_year: Array,
    rng: np.random.Generator,
) -> dict[str, Array]:
    size = len(reports["person"])
    person = reports["person"]

    def lost(values: Array, share: float) -> Array:
        kept = values.astype(object)
        kept[rng.random(size) < share] = None
        return kept

    codes = np.array([p["territory"] for p in settings["territories"]], dtype=object)
    citizenship = np.where(
        rng.random(size) < wrong["other_citizenship"],
        codes[rng.integers(0, len(codes), size)],
        people.citizenship[person],
    )
    sex = people.sex[person]
    sex = np.where(rng.random(size) < wrong["wrong_sex"], np.where(sex == "F", "M", "F"), sex).astype(object)
    number = np.char.zfill(rng.permutation(size).astype(str), 8)  # the number tells nothing about the person
    return {
        "person_id": np.char.add("p", number).astype(object),
        "sender": reports["territory"] + np.char.add("-", reports["sender"].astype(str)).astype(object),
        "territory": reports["territory"],
        "reference_year": reports["day"].astype("datetime64[Y]").astype(int) + 1970,
        "case_number": np.char.add("case-", number).astype(object),
        "sex": sex,
        "birth_year": lost(birth_year, wrong["unknown_birth_year"]),
        "citizenship": lost(citizenship, wrong["unknown_citizenship"]),
        "exploitation_territory": lost(reports["exploited"], wrong["unknown_exploitation"]),
        "identification_date": reports["day"],
        "assistance_start_date": reports["day"] + rng.integers(0, 20, size),
        "return_to_territory": reports["return_to"],
        "return_date": reports["return_day"],
    }
