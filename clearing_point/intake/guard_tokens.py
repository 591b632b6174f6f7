"""Tokens that are plain hashes: anybody who hashes a list of names or numbers finds the person behind them.

A linkage token is made with a key that the clearing point does not have, so it is in no list. A plain hash (MD5, SHA-1,
SHA-256, whole or cut to the length of a token) of a common name or of a case number is.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from clearing_point.findings import BLOCK, PERSONAL_CONTENT, Finding
from clearing_point.intake.forbidden import forbidden_of
from clearing_point.intake.guard_columns import REFERENCE, views_of
from clearing_point.intake.guard_contents import PRIVACY, in_memory
from clearing_point.intake.layout import SheetLayout
from clearing_point.intake.package import column_letter
from clearing_point.intake.read import ReceivedFile
from clearing_point.standard.kept import kept_for
from clearing_point.standard.model import Standard

PLAIN_HASH = "plain_hash"
_LENGTHS = (32, 40, 64)
_BYTES = _LENGTHS[0] // 2
_MOST_TEXTS = 20_000


def guard_tokens(
    received: ReceivedFile, layouts: Collection[SheetLayout], standard: Standard
) -> list[Finding]:
    """Find columns of tokens in which a plain hash stands: of listed names, or of references of the same sheet.

    Returns
    -------
    list of Finding
        Of rule P02, one a column.
    """
    fields = forbidden_of(standard).token_fields
    found = []
    with in_memory(received.rows) as connection:

        def distinct(sheet: str, number: int) -> set[str]:
            rows = connection.execute(
                f"SELECT DISTINCT trim(cells[{number}]) FROM received_rows WHERE sheet = ? "
                f"AND cells[{number}] IS NOT NULL LIMIT {_MOST_TEXTS}",
                [sheet],
            ).fetchall()
            return {text for (text,) in rows}

        for view in views_of(received, layouts, standard):
            kinds = {
                number: {f"{r.table.name}.{r.field.name}" for r in readers}
                for number, readers in view.readers.items()
            }
            tokens = {n: distinct(view.name, n) for n, names in sorted(kinds.items()) if names & fields}
            if not any(tokens.values()):
                continue
            listed = listed_hashes(standard)
            others = [n for n in sorted(kinds) if n not in tokens and REFERENCE in view.kinds_of(n)]
            plain = set(_hashes(text for n in others for text in distinct(view.name, n)))
            if any(_is_listed(text, listed) for texts in tokens.values() for text in texts):
                plain |= _known_hashes(standard)
            found += [
                Finding(
                    PERSONAL_CONTENT, BLOCK, PRIVACY, None, PLAIN_HASH, view.name, None, column_letter(number)
                )
                for number, texts in tokens.items()
                if {text.lower() for text in texts} & plain
            ]
    return found


def _is_listed(text: str, listed: bytes) -> bool:
    """Whether a text begins as a plain hash of a listed name does: nearly none does that is not one."""
    try:
        wanted = bytes.fromhex(text[: _LENGTHS[0]])
    except ValueError:
        return False
    records = range(len(listed) // _BYTES)
    place = bisect_left(records, wanted, key=lambda n: listed[n * _BYTES : (n + 1) * _BYTES])
    return place < len(records) and listed[place * _BYTES : (place + 1) * _BYTES] == wanted


@lru_cache(maxsize=2)
def listed_hashes(standard: Standard) -> bytes:
    """Return the beginnings of all plain hashes of listed names, in order and one after the other."""

    def make() -> bytes:
        return b"".join(sorted({bytes.fromhex(text[: _LENGTHS[0]]) for text in _known_hashes(standard)}))

    return kept_for(standard.sha256, "plain_hashes", make)


@lru_cache(maxsize=2)
def _known_hashes(standard: Standard) -> frozenset[str]:
    return frozenset(_hashes(_names(standard)))


def _names(standard: Standard) -> Iterator[str]:
    given, family = forbidden_of(standard).common_names
    for first in given:
        yield from (first, first.lower(), first.upper())
        for last in family:
            for text in (f"{first} {last}", f"{last} {first}", f"{first}{last}"):
                yield from (text, text.lower(), text.upper())


def _hashes(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        body = text.encode()
        for made in (hashlib.md5(body), hashlib.sha1(body), hashlib.sha256(body)):  # noqa: S324 - what others used
            whole = made.hexdigest()
            yield from (whole[:length] for length in _LENGTHS if length <= len(whole))
