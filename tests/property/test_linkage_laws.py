"""Laws of folding and of groups, on arbitrary input."""

from __future__ import annotations

import re
import string

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from clearing_point.linkage.groups import group
from clearing_point.linkage.tokens import Identity, Tokens, fold

ALPHABET = string.ascii_letters + "ђѓќљњџћчшжщъьюяѝабвгдезијклмнопрстуфхцэы" + "đćčšžșțăâîëçşţöüğıķ" + " -'’."


@given(st.text(alphabet=ALPHABET, max_size=40))
def test_folding_a_key_changes_nothing_and_gives_letters_only(text: str) -> None:
    once = fold(text)
    assert all(re.fullmatch("[a-z]+", part) for part in once)
    assert fold(" ".join(once)) == once
    assert fold(text.upper().lower()) == fold(text.lower())


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_no_input_breaks_the_program_or_passes_through_it(surname: str, name: str, date: str) -> None:
    made = Tokens(bytes(range(64)), "r-1").of(
        Identity("1", surname, name, date, "F", name, surname, "", date)
    )
    assert all(re.fullmatch("([g-v]{32}){0,4}", token) for token in made)


@st.composite
def _links(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]], list[int], list[tuple[int, int]]]:
    persons = draw(st.integers(2, 12))
    number = st.integers(0, persons - 1)
    pairs = st.tuples(number, number).filter(lambda p: p[0] != p[1]).map(lambda p: (min(p), max(p)))
    return (
        persons,
        draw(st.lists(pairs, max_size=20)),
        draw(st.lists(st.integers(0, 4), min_size=persons, max_size=persons)),
        draw(st.lists(pairs, max_size=4)),
    )


@settings(max_examples=200)
@given(_links(), st.integers(2, 6))
def test_groups_never_break_a_rule_and_are_as_large_as_the_rules_allow(
    case: tuple[int, list[tuple[int, int]], list[int], list[tuple[int, int]]], largest: int
) -> None:
    persons, links, slot, apart = case

    def columns(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
        return np.array([p[0] for p in pairs], dtype=int), np.array([p[1] for p in pairs], dtype=int)

    first, second = columns(links)
    made = group(persons, first, second, (np.arange(persons), np.array(slot)), columns(apart), largest)
    members: dict[int, list[int]] = {}
    for person, label in enumerate(made.label.tolist()):
        members.setdefault(label, []).append(person)
    for label, group_members in members.items():
        assert label == min(group_members)
        assert len(group_members) <= largest
        slots = [slot[p] for p in group_members]
        assert len(slots) == len(set(slots))
    assert all(made.label[a] != made.label[b] for a, b in apart)
    for (a, b), taken in zip(links, made.taken.tolist(), strict=True):
        if taken:
            assert made.label[a] == made.label[b]
        elif made.label[a] != made.label[b]:
            # Refused only where taking it would break a rule even now.
            both = members[int(made.label[a])] + members[int(made.label[b])]
            slots = [slot[p] for p in both]
            pairs = {(min(x, y), max(x, y)) for x in both for y in both if x != y}
            assert len(both) > largest or len(slots) != len(set(slots)) or pairs & set(apart)
