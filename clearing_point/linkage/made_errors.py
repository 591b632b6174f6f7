"""How clerks write made people down: other scripts, typing errors, swapped dates, 1 January, married names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clearing_point.linkage.tokens import Identity

if TYPE_CHECKING:
    from clearing_point.linkage.made_people import People

Array = npt.NDArray[Any]


_LATIN = "abcdefghijklmnoprstuvz"
_CYRILLIC = "абвгдежзијклмнопрстуцчш"


class Written(NamedTuple):
    """What stands in the senders' own files."""

    identities: list[Identity]
    birth_year: Array
    """Year of birth as the sender knows it, shape (reports,)."""


def identities(
    settings: Mapping[str, Any],
    wrong: Mapping[str, float],
    people: People,
    reports: Mapping[str, Array],
    rng: np.random.Generator,
) -> Written:
    """Write every report down, with the errors of ``wrong`` (name -> chance a report)."""
    person = reports["person"]
    size = len(person)

    def happens(name: str) -> Array:
        return np.asarray(rng.random(size) < wrong[name])

    surname, given = people.surname[person].copy(), people.given[person].copy()
    other = np.full(size, "", dtype=object)
    _marry(settings["married"], people, reports, surname, other, rng)
    rows = np.flatnonzero(happens("short_given_name"))
    for row in rows.tolist():
        # Short forms of the region cut the beginning or the end: Aleksandra, Sandra, Aleks.
        name = given[row]
        given[row] = name[-max(3, len(name) - 4) :] if rng.random() < 0.5 else name[: max(3, len(name) - 4)]
    _spell(
        settings["spellings"],
        people.language[person],
        happens("other_spelling"),
        (surname, given, other),
        rng,
    )
    for names, error in ((surname, "typing_error_surname"), (given, "typing_error_given_name")):
        for row in np.flatnonzero(happens(error)).tolist():
            names[row] = _mistyped(names[row], rng)
    born = people.born[person]
    year = born.astype("datetime64[Y]").astype(int) + 1970
    month = born.astype("datetime64[M]").astype(int) % 12 + 1
    day = (born - born.astype("datetime64[M]")).astype(int) + 1
    swap = happens("day_and_month_swapped") & (day <= 12)
    day, month = np.where(swap, month, day), np.where(swap, day, month)
    changed = happens("wrong_day")
    day = np.where(changed, (day + rng.integers(0, 27, size)) % 28 + 1, day)
    changed = happens("wrong_month")
    month = np.where(changed, (month + rng.integers(0, 11, size)) % 12 + 1, month)
    day = np.minimum(day, 28 + (month != 2) * 2)
    year = year + np.where(happens("wrong_year"), rng.choice([-10, -2, -1, 1, 2, 10], size), 0)
    default = happens("first_of_january")
    day, month = np.where(default, 1, day), np.where(default, 1, month)
    document = _documents(settings["document"], people, reports, rng)
    national = _national_numbers(settings, people, reports, rng)
    # Only the sex of the true person: what a clerk mixes up in the statistics she knows in her own file.
    sex = people.sex[person]
    dates = [
        f"{y:04d}-{m:02d}-{d:02d}"
        for y, m, d in zip(year.tolist(), month.tolist(), day.tolist(), strict=True)
    ]
    made = [
        Identity(str(i), s, g, b, x, o, n, "", c)
        for i, (s, g, b, x, o, n, c) in enumerate(
            zip(
                surname.tolist(),
                given.tolist(),
                dates,
                sex.tolist(),
                other.tolist(),
                document,
                national,
                strict=True,
            )
        )
    ]
    return Written(made, year)


def swap_like(one: str, other: str) -> bool:
    """Whether two names of twins are as alike as parents choose them: same beginning or same end."""
    return one[:3] == other[:3] or one[-3:] == other[-3:]


def _marry(
    settings: Mapping[str, Any],
    people: People,
    reports: Mapping[str, Array],
    surname: Array,
    other: Array,
    rng: np.random.Generator,
) -> None:
    person = reports["person"]
    rows = np.flatnonzero(
        reports["repeat"] & (people.sex[person] == "F") & (rng.random(len(person)) < settings["share"])
    )
    ways = ["both_names", "double_name", "new_name_only"]
    weights = np.array([float(settings[w]) for w in ways])
    way = rng.choice(3, rows.size, p=weights / weights.sum())
    maiden, new = surname[rows].copy(), people.new_surname[person[rows]]
    other[rows] = np.where(way == 0, maiden, "")
    surname[rows] = np.where(way == 1, maiden + "-" + new, new)


def _spell(
    spellings: Mapping[str, Any],
    language: Array,
    rows: Array,
    names: tuple[Array, ...],
    rng: np.random.Generator,
) -> None:
    for spoken, ways in sorted(spellings.items()):
        some = np.flatnonzero(rows & (language == spoken))
        weights = np.array([float(w["share"]) for w in ways])
        chosen = rng.choice(len(ways), some.size, p=weights / weights.sum())
        for number, way in enumerate(ways):
            at = some[chosen == number]
            for values in names:
                unique, place = np.unique(values[at].astype(str), return_inverse=True)
                respelled = np.array(
                    [_with_pairs(u, way["pairs"]) for u in unique.tolist()] or [""], dtype=object
                )
                values[at] = respelled[place]


def _with_pairs(text: str, pairs: list[list[str]]) -> str:
    for old, new in pairs:
        text = text.replace(old, new)
    return text


def _mistyped(name: str, rng: np.random.Generator) -> str:
    """Change one letter: another one, one too many, one too few, or two in the wrong order."""
    if len(name) < 3:
        return name
    at = int(rng.integers(0, len(name) - 1))
    letters = _LATIN if name[at] < "\u0370" else _CYRILLIC
    letter = letters[int(rng.integers(0, len(letters)))]
    kind = int(rng.integers(0, 4))
    if kind == 0:
        return name[:at] + letter + name[at + 1 :]
    if kind == 1:
        return name[:at] + letter + name[at:]
    if kind == 2:
        return name[:at] + name[at + 1 :]
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


def _documents(
    settings: Mapping[str, Any], people: People, reports: Mapping[str, Array], rng: np.random.Generator
) -> list[str]:
    person = reports["person"]
    size = len(person)
    number = np.char.add("X", np.char.zfill(rng.permutation(len(people.sex)).astype(str), 8))[person]
    fresh = np.char.add("Y", np.char.zfill(rng.permutation(size).astype(str), 8))
    number = np.where(reports["repeat"] & (rng.random(size) >= settings["same_again"]), fresh, number)
    found: list[str] = np.where(rng.random(size) < settings["known"], number, "").tolist()
    return found


def _national_numbers(
    settings: Mapping[str, Any], people: People, reports: Mapping[str, Array], rng: np.random.Generator
) -> list[str]:
    """Give the number that all organisations of a territory share, where there is one and it was written down."""
    places = [p["territory"] for p in settings["territories"] if p.get("national_number")]
    number = np.char.zfill(rng.permutation(len(people.sex)).astype(str), 8)[reports["person"]]
    known = np.isin(reports["territory"], places) & (
        rng.random(len(number)) < settings["national_number_known"]
    )
    found: list[str] = np.where(known, reports["territory"] + number.astype(object), "").tolist()
    return found
