"""Linking in three steps: whole tokens, probabilities, a person's decisions; what is in between stays open.

The order in which links are taken: decided by a person, an equal number, an equal strict token, then by probability.
Nothing is merged without a token. The result is a pure function of the rows, the settings and the decisions.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from clearing_point.linkage.candidates import CERTAIN, WITHOUT, find_certain, find_without_tokens
from clearing_point.linkage.groups import Groups, components, group
from clearing_point.linkage.inputs import PERSON, RECORD, prepare
from clearing_point.linkage.scoring import SCORED, score
from clearing_point.linkage.settings import LinkageSettings

Array = npt.NDArray[Any]

LINK = "linkage_link"
"""Links that were taken: ``a < b``, ``kind`` (decided, strict, document, national, scored), ``level``, ``probability``."""
CANDIDATE = "linkage_candidate"
"""Open pairs: ``candidate``, ``a < b``, ``kind`` (scored, contradicted, same_sender, refused, near, return), ``level``,
``probability``."""
GROUP = "linkage_group"
"""One row a person: ``number``, ``person_id``, ``group_number`` after certain links, ``lowest_group_number`` as if every
open candidate were one person too, ``has_token``."""

SAME, DIFFERENT = "same", "different"
_MOST_NOT_FOUND = 0.5
"""However many errors there are, no more than this share of pairs is said to share no token."""


@dataclass(frozen=True)
class Decided:
    """What a person decided about two of the clearing point's numbers."""

    person_a: str
    person_b: str
    decision: str


@dataclass(frozen=True)
class Linked:
    """What a run of the linkage found. The tables of the connection hold the pairs.

    Attributes
    ----------
    persons : int
        Rows of ``linkage_person``: what senders count as persons.
    groups, lowest_groups : int
        Distinct persons after certain links, and if all open candidates were one person each.
    prior : float
        Chance that two random rows are one person.
    expected_true : float
        Expected number of true pairs among scored and certain pairs.
    false_match_rate, missed_match_rate : float
        Estimated shares: of the links taken that join two people; of the true pairs that were not joined.
    missed_match_low, missed_match_high : float
        Between these the missed share lies: none or all of the open scored pairs are one person, and few or many pairs
        share no token, and so many more or fewer by chance. Wide where names and dates differ more than the settings
        know: then the estimate does not know.
    errors : float
        How many times as often names and dates of one person differ as the settings assume; at least 1.
    without_tokens : int
        Persons that no token is known of: the rates speak of the others only.
    crowded : mapping
        Token -> persons whose token was left out because too many share it.
    not_looked_at : int
        Persons without tokens in blocks too large for candidates.
    """

    persons: int
    groups: int
    lowest_groups: int
    links: int
    candidates: int
    prior: float
    expected_true: float
    false_match_rate: float
    missed_match_rate: float
    missed_match_low: float
    missed_match_high: float
    errors: float
    without_tokens: int
    crowded: dict[str, int]
    not_looked_at: int


def link(
    connection: Any,
    settings: LinkageSettings,
    missing_codes: Collection[str] = (),
    decisions: Sequence[Decided] = (),
) -> Linked:
    """Link the rows of ``linkage_input`` (columns: :mod:`clearing_point.linkage.inputs`).

    Makes the temporary tables ``linkage_person``, ``linkage_record``, ``linkage_link``, ``linkage_candidate`` and
    ``linkage_group``.

    Parameters
    ----------
    connection : duckdb connection
        Holds ``linkage_input``; nothing outside temporary tables is written.
    missing_codes : collection of str
        Codes that stand for a value that is not known.
    decisions : sequence of Decided
        Of several about one pair the last counts; those about persons who are not there are passed over; see
        :mod:`clearing_point.linkage.decisions`.

    Raises
    ------
    InternalError
        If ``linkage_input`` lacks a column or Splink fails.
    """
    crowded = prepare(connection, settings, missing_codes)
    find_certain(connection, settings)
    fitted = score(connection, settings)
    not_looked_at = find_without_tokens(connection, settings)
    _collect(connection, settings, decisions)
    persons = int(connection.execute(f"SELECT count(*) FROM {PERSON}").fetchone()[0])
    slots = _slots(connection)
    different = _pairs(connection, "SELECT a, b FROM linkage_pair WHERE kind = 'different' ORDER BY a, b")
    largest = int(settings.link["largest_group"])

    # A person's word, then an equal number, then equal names and dates, then the score.
    weak = (
        ", ".join(f"'{rule['name']}'" for rule in settings.link["certain"] if rule.get("scored_too")) or "''"
    )
    rank = f"CASE WHEN kind = 'decided' THEN 0 WHEN kind = 'scored' THEN 3 WHEN kind IN ({weak}) THEN 2 ELSE 1 END"
    first, second = _pairs(
        connection, f"SELECT a, b FROM linkage_pair WHERE merge ORDER BY {rank}, probability DESC, a, b"
    )
    decided, firm = connection.execute(
        f"SELECT count(*) FILTER (rank = 0), count(*) FILTER (rank <= 1) FROM (SELECT {rank} AS rank FROM linkage_pair "
        "WHERE merge)"
    ).fetchone()
    made = _grouped(connection, settings, persons, first, second, slots, different, largest, decided, firm)
    _register(connection, "linkage_refused", a=first[~made.taken], b=second[~made.taken])
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {LINK} AS SELECT a, b, kind, level, probability FROM linkage_pair "
        "ANTI JOIN linkage_refused USING (a, b) WHERE merge ORDER BY a, b"
    )
    _register(connection, "linkage_label", number=np.arange(persons), label=made.label)
    # A pair that is in one group already, or that a person decided, is not open.
    connection.execute(
        # Materialised, so that the unequal labels are not taken for a way to join: that would be quadratic.
        f"CREATE OR REPLACE TEMP TABLE {CANDIDATE} AS WITH labelled AS MATERIALIZED ("
        "SELECT left(sha256(x.person_id || '+' || y.person_id), 12) AS candidate, p.a, p.b, "
        "CASE WHEN p.merge THEN 'refused' ELSE p.kind END AS kind, p.level, p.probability, l.label = r.label AS joined "
        "FROM linkage_pair AS p JOIN linkage_label AS l ON l.number = p.a JOIN linkage_label AS r ON r.number = p.b "
        f"JOIN {PERSON} AS x ON x.number = p.a JOIN {PERSON} AS y ON y.number = p.b WHERE p.kind <> 'different') "
        "SELECT candidate, a, b, kind, level, probability FROM labelled WHERE NOT joined ORDER BY a, b"
    )
    # The lowest number: open candidates are taken, too, as far as the rules allow it.
    more_first, more_second = _pairs(
        connection,
        f"SELECT a, b FROM {CANDIDATE} WHERE kind <> 'same_sender' ORDER BY probability DESC, a, b",
    )
    kept = made.taken
    lowest = group(
        persons,
        np.concatenate([first[kept], more_first]),
        np.concatenate([second[kept], more_second]),
        slots,
        different,
        largest,
        decided=decided if bool(kept[:decided].all()) else 0,
    )
    _register(connection, "linkage_label", number=np.arange(persons), label=made.label, lowest=lowest.label)
    bare = " AND ".join(f"{column} IS NULL" for column, _, _ in settings.token_columns)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {GROUP} AS SELECT number, person_id, CAST(label AS INTEGER) AS group_number, "
        f"CAST(lowest AS INTEGER) AS lowest_group_number, NOT ({bare}) AS has_token FROM {PERSON} "
        "JOIN linkage_label USING (number) ORDER BY number"
    )
    rates = _rates(connection, settings, fitted.errors, fitted.errors_most)
    count = connection.execute
    result = Linked(
        persons=persons,
        groups=len(np.unique(made.label)),
        lowest_groups=len(np.unique(lowest.label)),
        links=int(count(f"SELECT count(*) FROM {LINK}").fetchone()[0]),
        candidates=int(count(f"SELECT count(*) FROM {CANDIDATE}").fetchone()[0]),
        prior=fitted.prior,
        expected_true=rates[0],
        false_match_rate=rates[1],
        missed_match_rate=rates[2],
        missed_match_low=rates[3],
        missed_match_high=rates[4],
        errors=fitted.errors,
        without_tokens=int(count(f"SELECT count(*) FROM {GROUP} WHERE NOT has_token").fetchone()[0]),
        crowded=crowded,
        not_looked_at=not_looked_at,
    )
    for name in ("linkage_refused", "linkage_label", "linkage_decided"):
        connection.unregister(name)
    return result


def _grouped(
    connection: Any, settings: LinkageSettings, persons: int, first: Array, second: Array, slots: tuple[Array, Array],
    different: tuple[Array, Array], largest: int, decided: int, firm: int,
) -> Groups:  # fmt: skip
    """Make groups in which nobody is joined, through others, to somebody whose document is known to be another.

    The first ``firm`` links are a person's word or an equal number. Whoever they join, directly or through others, stays
    joined: a document may have been renewed.
    """
    while True:
        made = group(persons, first, second, slots, different, largest, decided=decided)
        sure = made.taken[:firm]
        by_firm = components(persons, first[:firm][sure], second[:firm][sure])
        _register(connection, "linkage_label", number=np.arange(persons), label=made.label, firm=by_firm)
        more = _pairs(
            connection,
            f"SELECT x.number AS a, y.number AS b FROM {PERSON} AS x JOIN linkage_label AS l ON l.number = x.number "
            f"JOIN linkage_label AS r ON r.label = l.label AND r.number > l.number AND r.firm <> l.firm "
            f"JOIN {PERSON} AS y ON y.number = r.number WHERE {_against(settings, 'x', 'y')} ORDER BY a, b",
        )
        connection.unregister("linkage_label")
        if not more[0].size:
            return made
        different = (np.concatenate([different[0], more[0]]), np.concatenate([different[1], more[1]]))


def _against(settings: LinkageSettings, left: str, right: str) -> str:
    """SQL that is true where something that is known of both speaks against one person."""
    said = [f"coalesce({left}.{name} <> {right}.{name}, false)" for name in settings.link["against"]]
    return f"({' OR '.join(said) or 'false'})"


def _collect(connection: Any, settings: LinkageSettings, decisions: Sequence[Decided]) -> None:
    """Make ``linkage_pair``: every pair that somebody or something speaks for, once, with what it is."""
    import pyarrow as pa

    connection.register(
        "linkage_decided",
        pa.table(
            {
                "turn": pa.array(range(len(decisions)), pa.int64()),
                "person_a": pa.array([d.person_a for d in decisions], pa.string()),
                "person_b": pa.array([d.person_b for d in decisions], pa.string()),
                "decision": pa.array([d.decision for d in decisions], pa.string()),
            }
        ),
    )
    only_review = [
        level["name"]
        for comparison in settings.model["comparisons"]
        for level in comparison["levels"]
        if level.get("only_review")
    ]
    listed = ", ".join(f"'{name}'" for name in only_review) or "''"
    # A sender means to give a person one number for all years: two of hers need more to be one person.
    against = _against(settings, "p", "q")
    sure = f"CASE WHEN p.sender = q.sender THEN {settings.accept_one_sender} ELSE {settings.accept} END"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE linkage_pair AS "
        "WITH decided AS ("
        "SELECT least(x.number, y.number) AS a, greatest(x.number, y.number) AS b, "
        "last(decision ORDER BY d.turn) AS decision "
        f"FROM linkage_decided AS d JOIN {PERSON} AS x ON x.person_id = d.person_a "
        f"JOIN {PERSON} AS y ON y.person_id = d.person_b GROUP BY 1, 2"
        "), found AS ("
        "SELECT coalesce(c.a, s.a) AS a, coalesce(c.b, s.b) AS b, c.kind AS whole, "
        "coalesce(c.needs_score, false) AND coalesce(s.level, 'unknown') <> 'unknown' AS rests_on_score, "
        # Equal names and dates are chance where everything else differs; an equal number is not.
        "coalesce(c.contradicted, false) OR (coalesce(c.needs_score, false) AND s.level <> 'unknown' "
        f"AND s.probability < {settings.review}) AS contradicted, "
        "coalesce(s.level, 'unknown') AS level, coalesce(s.probability, 0.0) AS probability, "
        "coalesce(c.needs_score, false) AS weak "
        f"FROM {CERTAIN} AS c FULL JOIN {SCORED} AS s ON c.a = s.a AND c.b = s.b"
        "), one_sender AS ("
        # Two numbers of one sender in one year are two people to her; the machine does not know better.
        f"SELECT DISTINCT f.a, f.b FROM found AS f JOIN {RECORD} AS x ON x.number = f.a JOIN {RECORD} AS y "
        "ON y.number = f.b AND y.sender = x.sender AND y.reference_year = x.reference_year"
        "), weighed AS ("
        # What speaks against outweighs names and dates that are alike, never an equal number.
        f"SELECT f.* REPLACE (contradicted OR (weak AND {against}) AS contradicted), {against} AS against FROM found AS f "
        f"JOIN {PERSON} AS p ON p.number = f.a JOIN {PERSON} AS q ON q.number = f.b"
        "), judged AS ("
        "SELECT f.a, f.b, CASE WHEN o.a IS NOT NULL THEN 'same_sender' WHEN whole IS NOT NULL AND NOT contradicted THEN "
        "whole WHEN against THEN 'contradicted' "
        f"WHEN whole IS NULL OR (probability >= {settings.accept} AND level NOT IN ({listed})) THEN 'scored' "
        "ELSE 'contradicted' END AS kind, level, "
        "CASE WHEN whole IS NOT NULL AND NOT contradicted AND NOT rests_on_score THEN greatest(probability, 0.999) "
        "ELSE probability END AS probability, "
        f"o.a IS NULL AND ((whole IS NOT NULL AND NOT contradicted) OR (NOT against AND probability >= {sure} "
        f"AND level NOT IN ({listed}))) AS merge, "
        f"whole IS NOT NULL OR probability >= {settings.review} AS worth FROM weighed AS f LEFT JOIN one_sender AS o "
        f"ON o.a = f.a AND o.b = f.b JOIN {PERSON} AS p ON p.number = f.a JOIN {PERSON} AS q ON q.number = f.b"
        ") "
        "SELECT coalesce(d.a, j.a) AS a, coalesce(d.b, j.b) AS b, "
        f"CASE d.decision WHEN '{SAME}' THEN 'decided' WHEN '{DIFFERENT}' THEN 'different' ELSE j.kind END AS kind, "
        "coalesce(j.level, 'unknown') AS level, coalesce(j.probability, 0.0) AS probability, "
        f"CASE WHEN d.decision IS NOT NULL THEN d.decision = '{SAME}' ELSE j.merge END AS merge "
        "FROM decided AS d FULL JOIN judged AS j ON d.a = j.a AND d.b = j.b WHERE d.a IS NOT NULL OR j.worth "
        "UNION ALL "
        f"SELECT w.a, w.b, w.kind, 'unknown', 0.0, false FROM {WITHOUT} AS w ANTI JOIN decided USING (a, b) "
        f"ANTI JOIN (SELECT a, b FROM {CERTAIN}) USING (a, b)"
    )


def _rates(
    connection: Any, settings: LinkageSettings, errors: float, errors_most: float
) -> tuple[float, float, float, float, float]:
    """Expected true pairs, false-match rate, missed-match rate and its range, from the probabilities of all scored pairs.

    The expected number of true pairs is the sum of the probabilities (Fellegi and Sunter 1969, section 3), enlarged by
    the share that no token finds. Pairs that a person decided count as she decided.
    """
    taken, right, among, all_open = connection.execute(
        "WITH known AS (SELECT a, b, CASE WHEN kind = 'decided' THEN 1.0 ELSE probability END AS chance FROM "
        f"{LINK}), rest AS MATERIALIZED (SELECT s.probability, x.group_number = y.group_number AS joined FROM {SCORED} "
        f"AS s JOIN {GROUP} AS x ON x.number = s.a JOIN {GROUP} AS y ON y.number = s.b ANTI JOIN "
        "(SELECT a, b FROM linkage_pair WHERE kind IN ('different', 'same_sender')) AS no ON no.a = s.a AND no.b = s.b) "
        "SELECT (SELECT count(*) FROM known), (SELECT coalesce(sum(chance), 0) FROM known), "
        "(SELECT coalesce(sum(probability), 0) FROM rest WHERE NOT joined), "
        f"(SELECT count(*) FROM rest WHERE NOT joined AND probability >= {settings.review})"
    ).fetchone()
    numbers = " OR ".join(
        f"{rule['same']} IS NOT NULL" for rule in settings.link["certain"] if not rule.get("scored_too")
    )
    known: float = connection.execute(
        f"SELECT coalesce(avg(CAST({numbers or 'false'} AS INTEGER)), 0) FROM {PERSON}"
    ).fetchone()[0]
    # Where both have a number of their own, about half of what names and dates would lose is found all the same.
    base = float(settings.link["not_found_by_tokens"]) * (1 - known**2 / 2)

    def true(open_pairs: float, not_found: float) -> float:
        return (float(right) + open_pairs) / (1 - min(_MOST_NOT_FOUND, base * not_found))

    def missed(pairs: float) -> float:
        return 1 - float(right) / pairs if pairs else 0.0

    def by_chance(share: float, sign: int) -> float:
        # Few pairs are few by chance, too: two standard deviations of a Poisson count of missed ones.
        noise = 2 * sqrt(share * expected + (1 if sign > 0 else 0)) / expected if expected else 0.0
        return min(1.0, max(0.0, share + sign * noise))

    unsure = float(settings.link["not_found_unsure"])
    expected = true(float(among), errors**3)
    false_rate = 1 - float(right) / taken if taken else 0.0
    few, many = (
        missed(true(0.0, errors / unsure)),
        missed(true(max(all_open, among), unsure * errors_most**4)),
    )
    return expected, false_rate, missed(expected), by_chance(few, -1), by_chance(many, 1)


def _slots(connection: Any) -> tuple[Array, Array]:
    found = connection.execute(
        f"SELECT number, dense_rank() OVER (ORDER BY sender, reference_year) AS slot FROM {RECORD} "
        "GROUP BY number, sender, reference_year ORDER BY number, slot"
    ).fetchnumpy()
    return np.asarray(found["number"]), np.asarray(found["slot"])


def _pairs(connection: Any, sql: str) -> tuple[Array, Array]:
    found = connection.execute(sql).fetchnumpy()
    return np.asarray(found["a"], dtype=np.int64), np.asarray(found["b"], dtype=np.int64)


def _register(connection: Any, name: str, **columns: Array) -> None:
    import pyarrow as pa

    connection.register(name, pa.table({key: pa.array(values) for key, values in columns.items()}))
