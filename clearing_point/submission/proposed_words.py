"""Words of a file that nobody has mapped, as lines of ``values.csv`` for a person to decide."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from clearing_point.countries import Profile
from clearing_point.countries.profile import UNDECIDED
from clearing_point.countries.suggest import known_words, nearest
from clearing_point.intake.layout import fold
from clearing_point.intake.started_profile import VALUES
from clearing_point.intake.unknown import UnknownWord, field_of
from clearing_point.quality.said import ranges, said_rows
from clearing_point.standard import Standard
from clearing_point.standard.files import read_csv


def proposed(
    unknown: Sequence[UnknownWord], profile: Profile, standard: Standard, language: str
) -> tuple[list[dict[str, str]], list[str]]:
    """Return an undecided line for every word, and what is said of each: its places, and what it is near to."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    lines: list[str] = []
    by_field: dict[tuple[str, str], list[UnknownWord]] = {}
    for word in unknown:
        by_field.setdefault((word.table, word.field), []).append(word)
    for (table, name), words in by_field.items():
        near = nearest(
            (w.word for w in words), known_words(field_of(standard, table, name), profile, standard)
        )
        for word in words:
            column = standard.word("findings", "column", language, column=word.column_letter)
            place = f"{word.sheet}, {column}, {said_rows(ranges(word.rows), standard, language)}"
            proposals = near.get(word.word, ())
            if not proposals and len(word.rows) == 1:
                # It may be anything, a name too: such a word enters no file of the project.
                lines.append(standard.word("problem", "stands_once", language, cells=place))
                continue
            code = proposals[0].meaning if proposals else ""
            said = ", ".join(f"“{p.word}” ({p.meaning}, {p.similarity:.2f})" for p in proposals)
            lines.append(
                standard.word(
                    "screen", "did_you_mean", language, cells=f"{place}, “{word.word}”", proposals=said
                )
                if said
                else standard.word("problem", "near_none", language, cells=place, word=word.word)
            )
            note = f"{len(word.rows)} cells" + (f"; near {proposals[0].similarity:.2f}" if proposals else "")
            rows.setdefault(
                (name, fold(word.word)),
                {"field": name, "local": word.word, "code": code, "decision": UNDECIDED, "role": "", "date": "",
                 "note": note},
            )  # fmt: skip
    return list(rows.values()), lines


def append_lines(target: Path, folder: Path | None, rows: Iterable[Mapping[str, str]]) -> int:
    """Write the lines that a folder's file has, and those that are new to it; returns how many are new."""
    before = target if folder is None else folder / target.name
    kept = read_csv(before) if before.is_file() else ()
    there = {(row["field"], fold(row["local"])) for row in kept}
    new = [row for row in rows if (row["field"], fold(row["local"])) not in there]
    out = io.StringIO()
    writer = csv.DictWriter(out, VALUES, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: row.get(name, "") for name in VALUES} for row in (*kept, *new))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(out.getvalue(), encoding="utf-8")
    return len(new)
