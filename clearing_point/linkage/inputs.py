"""From the rows that are linked to one row a sender's person, small enough to compare.

``linkage_input`` has one row a person and year of each sender:

======================  ==========================================================================================
``person_id``           the clearing point's number of one sender's case (VARCHAR)
``sender``              who gives the case numbers (VARCHAR): within one year her numbers are different people
``territory``           reporting territory (VARCHAR)
``reference_year``      year in which the person is counted (INTEGER)
``case_number``         the sender's own number; shown to her only
``sex`` ...             ``birth_year`` (INTEGER), ``age_band``, ``citizenship``, ``exploitation_territory``
``identification_date`` and ``assistance_start_date``, ``return_to_territory``, ``return_date``
``token_...``           the tokens as received, or null
======================  ==========================================================================================
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from clearing_point.errors import InternalError
from clearing_point.linkage.settings import LinkageSettings

INPUT = "linkage_input"
PERSON = "linkage_person"
RECORD = "linkage_record"

_CODED = ("sex", "age_band", "citizenship", "exploitation_territory", "return_to_territory")
_PLAIN = ("birth_year", "identification_date", "assistance_start_date", "return_date")
_KEYS = ("person_id", "sender", "territory", "reference_year", "case_number")


def open_input(connection: Any, settings: LinkageSettings) -> None:
    """Make ``linkage_input`` from the views of submissions in force (schema ``current``)."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {INPUT} AS {settings.input_sql}")


def prepare(connection: Any, settings: LinkageSettings, missing_codes: Collection[str]) -> dict[str, int]:
    """Make ``linkage_person`` and ``linkage_record`` of ``linkage_input``.

    ``linkage_person`` has one row a ``person_id`` with a dense ``number`` (0 for the smallest id); what was said last
    counts. Tokens become 64-bit numbers (their first 16 digits), missing codes become null, and a token that more persons
    share than ``largest_block`` is left out: it tells nothing and would cost quadratic time.

    Returns
    -------
    dict
        Token column -> persons whose token was left out for that reason; only those above zero.

    Raises
    ------
    InternalError
        If the input lacks a column.
    """
    wanted = {*_KEYS, *_CODED, *_PLAIN, *settings.tokens}
    there = {row[0] for row in connection.execute(f"DESCRIBE {INPUT}").fetchall()}
    if wanted - there:
        raise InternalError(f"{INPUT} has no column {min(wanted - there)}.")
    unknown = ", ".join(f"'{code}'" for code in sorted(missing_codes)) or "''"
    last = "reference_year DESC, case_number"

    def newest(expression: str, name: str) -> str:
        return f"first({expression} ORDER BY {last}) FILTER ({expression} IS NOT NULL) AS {name}"

    columns = [newest(c, c) for c in ("sender", "territory", "case_number", *_PLAIN)]
    columns += [
        newest(f"CASE WHEN CAST({c} AS VARCHAR) IN ({unknown}) THEN NULL ELSE CAST({c} AS VARCHAR) END", c)
        for c in _CODED
    ]
    columns += [
        newest(_number(source, place, settings.alphabet), name)
        for name, source, place in settings.token_columns
    ]
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {PERSON} AS SELECT CAST(row_number() OVER (ORDER BY person_id) - 1 AS INTEGER) "
        f"AS number, * FROM (SELECT person_id, {', '.join(columns)} FROM {INPUT} GROUP BY person_id) ORDER BY person_id"
    )
    left_out = {}
    most = int(settings.link["largest_block"])
    for token, _, _ in settings.token_columns:
        crowded = f"SELECT {token} FROM {PERSON} WHERE {token} IS NOT NULL GROUP BY {token} HAVING count(*) > {most}"
        changed = connection.execute(
            f"UPDATE {PERSON} SET {token} = NULL WHERE {token} IN ({crowded})"
        ).fetchone()[0]
        if changed:
            left_out[token] = int(changed)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {RECORD} AS SELECT DISTINCT p.number, i.sender, i.territory, i.reference_year "
        f"FROM {INPUT} AS i JOIN {PERSON} AS p USING (person_id) ORDER BY ALL"
    )
    return left_out


def _number(column: str, place: int, alphabet: str) -> str:
    """SQL for the first 16 of a group's letters as a number; 0 means that the group is not known.

    Tokens of an earlier protocol, which an archive may hold, are hexadecimal digits already.
    """
    digits = f"translate(substr(CAST({column} AS VARCHAR), {place}, 16), '{alphabet}', '0123456789abcdef')"
    return f"nullif(TRY_CAST('0x' || {digits} AS UBIGINT), 0)"
