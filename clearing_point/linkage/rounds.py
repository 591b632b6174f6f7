"""The end of a linkage round: its tokens are forgotten, its links stay under the clearing point's own numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clearing_point.linkage.link import SAME, Decided
from clearing_point.linkage.settings import LinkageSettings

_PLACES = ("staged.person", "core.person")


def carried_over(groups: Iterable[tuple[str, str]]) -> list[Decided]:
    """Turn the groups of an ended round (:func:`clearing_point.linkage.numbers.groups_of`) into links of the next one.

    They hold like decisions, so a person who was recognised stays one person although no token of hers is left. Put them
    before the decisions of people: of two about one pair, the last one counts.
    """
    return [
        Decided(min(person, first), max(person, first), SAME) for person, first in groups if person != first
    ]


def forget_tokens(connection: Any, settings: LinkageSettings) -> int:
    """Empty the token columns of every person in the warehouse and return how many rows held one.

    What was received stays in the archive and in ``raw`` as evidence of the submission; without the round's key, which the
    senders destroy, nobody can make a token that it could be compared with.

    All of it or nothing is changed.
    """
    columns = [f'"{column}"' for column in settings.writes.values()]
    held = " OR ".join(f"{column} IS NOT NULL" for column in columns)
    emptied = ", ".join(f"{column} = NULL" for column in columns)
    changed = 0
    connection.execute("BEGIN TRANSACTION")
    try:
        for place in _PLACES:
            changed += int(connection.execute(f"UPDATE {place} SET {emptied} WHERE {held}").fetchone()[0])
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return changed
