"""From links to groups: reports of one person, held to what is possible.

One sender counts a person once a year, so two of her case numbers of one year are two people; two persons whom somebody
decided to be different stay different; a group has a largest size. Groups that all links make together and that break none
of this are taken at once; in the others the links are taken one by one, the surest first, and those that would break a rule
are refused.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Array = npt.NDArray[Any]


class Groups(NamedTuple):
    """Who belongs together.

    Attributes
    ----------
    label : int array, shape (persons,)
        Smallest person number of the group.
    taken : bool array, shape (links,)
        Whether a link was taken; the others would have broken a rule.
    """

    label: Array
    taken: Array


def group(
    persons: int,
    first: Array,
    second: Array,
    slots: tuple[Array, Array],
    different: tuple[Array, Array],
    largest: int,
    *,
    decided: int = 0,
) -> Groups:
    """Make groups from links, the surest link first.

    Parameters
    ----------
    persons : int
        Persons are numbered from 0 to ``persons - 1``.
    first, second : int arrays, shape (links,)
        The two persons of each link, in the order in which links are taken.
    slots : (int array, int array), each of shape (records,)
        Person and slot (a sender's year) of each record; a group has each slot once.
    different : (int array, int array)
        Pairs that must not be in one group.
    largest : int
        Most persons a group may have.
    decided : int
        So many of the first links were decided by a person: slots and size do not speak against them.

    Returns
    -------
    Groups
    """
    taken = np.ones(len(first), dtype=bool)
    component = components(persons, first, second)
    broken = np.zeros(persons, dtype=bool)  # by component
    broken[np.flatnonzero(np.bincount(component, minlength=persons) > largest)] = True
    person, slot = slots
    pairs = np.unique(np.column_stack([component[person], slot, person]), axis=0)
    twice = (pairs[1:, 0] == pairs[:-1, 0]) & (pairs[1:, 1] == pairs[:-1, 1])
    broken[pairs[1:, 0][twice]] = True
    one, other = different
    clash = component[one] == component[other]
    broken[component[one][clash]] = True
    doubtful = np.flatnonzero(broken[component[first]]) if len(first) else np.array([], dtype=int)
    if doubtful.size:
        inside = np.flatnonzero(broken[component])
        _one_by_one(doubtful, first, second, taken, inside, slots, different, largest, decided)
        component = components(persons, first[taken], second[taken])
    smallest = np.full(persons, persons, dtype=np.int64)
    np.minimum.at(smallest, component, np.arange(persons))
    return Groups(smallest[component], taken)


def components(persons: int, first: Array, second: Array) -> Array:
    """Number the components that links make of persons: int array, shape (persons,)."""
    graph = coo_matrix((np.ones(len(first), dtype=np.int8), (first, second)), shape=(persons, persons))
    return np.asarray(connected_components(graph, directed=False)[1])


def _one_by_one(
    links: Array,
    first: Array,
    second: Array,
    taken: Array,
    inside: Array,
    slots: tuple[Array, Array],
    different: tuple[Array, Array],
    largest: int,
    decided: int,
) -> None:
    """Take the links of doubtful groups in order; a few hundred of a hundred thousand."""
    parent = {int(p): int(p) for p in inside}
    members: dict[int, set[int]] = {p: {p} for p in parent}
    used: dict[int, set[int]] = {p: set() for p in parent}
    order = np.argsort(slots[0], kind="stable")
    begin = np.searchsorted(slots[0][order], inside, "left")
    end = np.searchsorted(slots[0][order], inside, "right")
    for p, b, e in zip(inside.tolist(), begin.tolist(), end.tolist(), strict=True):
        used[p] = set(slots[1][order[b:e]].tolist())
    apart: dict[int, set[int]] = {}
    for one, other in zip(different[0].tolist(), different[1].tolist(), strict=True):
        apart.setdefault(one, set()).add(other)
        apart.setdefault(other, set()).add(one)

    def root(p: int) -> int:
        while parent[p] != p:
            parent[p] = parent[parent[p]]
            p = parent[p]
        return p

    for link in links.tolist():
        a, b = root(int(first[link])), root(int(second[link]))
        if a == b:
            continue
        small, large = (a, b) if len(members[a]) <= len(members[b]) else (b, a)
        impossible = link >= decided and (
            len(members[a]) + len(members[b]) > largest or bool(used[a] & used[b])
        )
        if impossible or any(apart.get(p, set()) & members[large] for p in members[small]):
            taken[link] = False
            continue
        parent[small] = large
        members[large] |= members.pop(small)
        used[large] |= used.pop(small)
