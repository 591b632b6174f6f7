"""Proposals for words and headings that nobody has mapped: the nearest of one language, for a person to decide.

A proposal is never applied while a file is read; only a dated decision in a file is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from clearing_point.countries.profile import Profile
from clearing_point.standard.model import TERRITORY, Field, Standard

SIMILAR = 0.85
"""Jaro-Winkler similarity from which on a word is proposed; below, words of other meaning come up (experience.md 3.4)."""
_PROPOSALS = 3


@dataclass(frozen=True)
class Proposal:
    """A known word near to an unknown one, and what it means."""

    word: str
    meaning: str
    similarity: float


def nearest(
    unknown: Iterable[str], known: Sequence[tuple[str, str]], *, limit: int = _PROPOSALS
) -> Mapping[str, tuple[Proposal, ...]]:
    """Find the nearest known words.

    Parameters
    ----------
    unknown : iterable of str
        Words as they were written.
    known : sequence of (word, meaning)
        Words of one language only: across languages likeness means nothing.

    Returns
    -------
    mapping
        Unknown word -> proposals, the nearest first; words without any are not in it.
    """
    words = sorted(set(unknown))
    if not words or not known:
        return {}
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("SET temp_directory = ''")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        connection.register("unknown", pa.table({"written": words}))
        connection.register(
            "known", pa.table({"word": [w for w, _ in known], "meaning": [m for _, m in known]})
        )
        rows = connection.execute(
            "SELECT written, word, meaning, similarity FROM (SELECT DISTINCT written, word, meaning, "
            "jaro_winkler_similarity(lower(nfc_normalize(trim(written))), lower(nfc_normalize(word))) AS similarity "
            "FROM unknown CROSS JOIN known) WHERE similarity >= ? "
            "QUALIFY row_number() OVER (PARTITION BY written ORDER BY similarity DESC, word, meaning) <= ? "
            "ORDER BY written, similarity DESC, word, meaning",
            [SIMILAR, limit],
        ).fetchall()
    finally:
        connection.close()
    found: dict[str, tuple[Proposal, ...]] = {}
    for written, word, meaning, similarity in rows:
        found[written] = (*found.get(written, ()), Proposal(word, meaning, float(similarity)))
    return found


def known_words(field: Field, profile: Profile, standard: Standard) -> list[tuple[str, str]]:
    """Return the words of a coded field in the sender's language, her own decisions among them, with their codes."""
    language = profile.language
    if field.codelist == TERRITORY:
        labels = list(standard.territory_names.items())
    else:
        labels = [(c.code, c.label) for c in standard.codelists[field.codelist or ""].codes]
    words = [(label[language], code) for code, label in labels if language in label]
    if not words:
        words = [(label["en"], code) for code, label in labels]
    words += [
        (row["local"], row["code"]) for row in profile.values if row["field"] in (field.name, field.codelist)
    ]
    return words
