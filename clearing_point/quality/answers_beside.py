"""Answers that were given on a page beside a file, and those of its own findings sheet as a page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clearing_point.quality.answers import PAGE, Answer


def answers_of_page(given: Sequence[dict[str, Any]]) -> tuple[Answer, ...]:
    """Return answers given on the page as those of a findings sheet are."""
    return tuple(
        Answer(
            one["place"]["rule_id"],
            one["place"]["table"],
            one["place"]["field"],
            one["place"]["sheet"],
            one["place"]["column"],
            tuple((a, b) for a, b in one["place"]["rows"]),
            one["place"]["count"],
            one["code"],
            PAGE,
        )
        for one in given
    )


def answered_in_file(connection: Any, beside: Sequence[Answer]) -> list[dict[str, Any]]:
    """Return what is answered on the findings sheet of the file itself: whoever approves reads it, too."""
    there = {(one.rule_id, one.table, one.field, one.sheet, one.column) for one in beside}
    found = connection.execute(
        "SELECT rule_id, target_table, target_field, sheet, column_letter, answer, findings FROM quality.answer "
        "ORDER BY ALL"
    ).fetchall()
    return [
        {"place": list(place), "code": code, "count": count}
        for *place, code, count in found
        if tuple(place) not in there
    ]
