"""The second step: probabilities of pairs that share a token, by Splink on DuckDB.

Model: Fellegi and Sunter, "A Theory for Record Linkage", JASA 64 (1969). The m and u probabilities are fixed in
``schemas/linkage.yml``; only the chance that two random reports are one person is estimated from the data, so the same rows
give the same probabilities, on any machine.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clearing_point.errors import InternalError
from clearing_point.linkage.inputs import PERSON
from clearing_point.linkage.settings import LinkageSettings

SCORED = "linkage_scored"
"""One row a pair that shares a token: ``a < b`` (numbers of persons), ``level`` (evidence of the names), ``probability``."""

_FEW = 20
_SOME_MORE = 1.1
"""So many times the true pairs that the settings expect must be there before m is worked out anew."""


@dataclass(frozen=True)
class Fitted:
    """What was estimated from the data.

    Attributes
    ----------
    prior : float
        Chance that two random reports are one person.
    m, u : mapping
        Level of the names -> chance among two reports of one person, and among two persons.
    errors : float
        How many times as often the names and dates of one person differ as the settings assume; at least 1.
    errors_most : float
        As many times it may be for all that can be seen: a little more than the settings expect is not told from them.
    """

    prior: float
    m: Mapping[str, float]
    u: Mapping[str, float]
    errors: float
    errors_most: float


def fit(connection: Any, settings: LinkageSettings) -> Fitted:
    """Estimate the prior, and m and u of the names, by one step of the method of moments.

    The number of true pairs is that of pairs whose whole names and date agree, divided by the share of true pairs that look
    so (m); at least one is assumed. What a level has above its share of true pairs is chance, and gives its u, held within
    ``u_within_factor`` of the figure of the settings. What a level has beyond that no chance explains: they are true pairs
    written with more errors than the settings know, and m of all levels is worked out anew.
    """
    persons = connection.execute(f"SELECT count(*) FROM {PERSON}").fetchone()[0]
    anchor = _anchor(settings)
    counts = dict(
        connection.execute(
            f"SELECT {_level_name(settings)} AS level, count(*) FROM ({_blocked(settings)}) "
            f"JOIN {_sided('l')} USING (number_l) JOIN {_sided('r')} USING (number_r) GROUP BY ALL"
        ).fetchall()
    )
    pairs = max(1.0, persons * (persons - 1) / 2)
    whole = next(v for v in anchor["levels"] if v["name"] == anchor["anchor"])
    true_pairs = max(counts.get(whole["name"], 0), 1) / float(whole["m"])
    factor = float(settings.model["u_within_factor"])
    fitted, true = {}, {}
    for level in anchor["levels"]:
        u, expected = float(level["u"]), true_pairs * float(level["m"])
        above = counts.get(level["name"], 0) - expected
        # Of too few chance pairs nothing can be learned.
        few = u * pairs < _FEW and above < _FEW
        fitted[level["name"]] = u if few else min(u * factor, max(u / factor, above / pairs))
        most = u * factor * pairs
        beyond = above - most
        # A level that chance alone fills says nothing of errors: what is beyond must be more than all that is not.
        true[level["name"]] = expected + (beyond if beyond > max(_FEW, expected, most) else 0.0)
    everything = sum(true.values()) + true_pairs * float(anchor["otherwise"]["m"])
    alike = true[whole["name"]] / everything
    errors = max(1.0, (1 - alike) / (1 - float(whole["m"])))
    if everything > true_pairs * _SOME_MORE:
        m = {name: number / everything for name, number in true.items()}
        true_pairs = everything
    else:
        m, errors = {level["name"]: float(level["m"]) for level in anchor["levels"]}, 1.0
    # So many pairs that look otherwise could be there and would have been taken for none.
    unseen = float(whole["m"]) / (_SOME_MORE + _FEW / true_pairs)
    most = max(errors, (1 - unseen) / (1 - float(whole["m"])))
    return Fitted(min(0.5, true_pairs / pairs), m, fitted, errors, most)


def score(connection: Any, settings: LinkageSettings) -> Fitted:
    """Make ``linkage_scored`` and return what was estimated from the data.

    Raises
    ------
    InternalError
        If Splink fails.
    """
    # Imported late: it costs about a second, and only this step needs it.
    from splink import DuckDBAPI, Linker

    fitted = fit(connection, settings)
    logger = logging.getLogger("splink")
    level_before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        database = DuckDBAPI(connection=connection)
        linker = Linker(database.register(PERSON), _splink_settings(settings, fitted), log_level=None)
        found = linker.inference.predict(warning_mode="never")
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {SCORED} AS SELECT least(number_l, number_r) AS a, "
            f"greatest(number_l, number_r) AS b, {_level_name(settings)} AS level, match_probability AS probability "
            f"FROM {found.physical_name} JOIN {_sided('l')} USING (number_l) JOIN {_sided('r')} USING (number_r) "
            "ORDER BY a, b"
        )
        database.delete_tables_created_by_splink_from_db()
    except Exception as error:
        # Splink raises many kinds; its text may quote rows, so only the kind is kept.
        raise InternalError(f"Splink failed ({type(error).__name__}).") from error
    finally:
        logger.setLevel(level_before)
    return fitted


def score_plainly(connection: Any, settings: LinkageSettings, table: str) -> None:
    """Make the same table with one DuckDB query: the independent check of what Splink gives."""
    fitted = fit(connection, settings)
    chance = fitted.prior
    weights = []
    for comparison in settings.model["comparisons"]:
        cases = [f"WHEN {comparison['unknown']} THEN 0.0"]
        cases += [
            f"WHEN {v['when']} THEN ln({_m(comparison, v, fitted)!r} / {_u(comparison, v, fitted)!r})"
            for v in comparison["levels"]
        ]
        rest = comparison["otherwise"]
        weights.append(f"CASE {' '.join(cases)} ELSE ln({float(rest['m'])!r} / {float(rest['u'])!r}) END")
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT number_l AS a, number_r AS b, {_level_name(settings)} AS level, "
        f"1 / (1 + exp(-(ln({chance!r} / (1 - {chance!r})) + {' + '.join(weights)}))) AS probability "
        f"FROM ({_blocked(settings)}) JOIN {_sided('l')} USING (number_l) JOIN {_sided('r')} USING (number_r) ORDER BY a, b"
    )


def _blocked(settings: LinkageSettings) -> str:
    """SQL of all pairs that share a token; every join is on an equal number, so the cost is linear."""
    return " UNION ".join(
        f"SELECT x.number AS number_l, y.number AS number_r FROM {PERSON} AS x JOIN {PERSON} AS y "
        f"ON x.{token} = y.{token} AND x.number < y.number"
        for token in settings.model["block_on"]
    )


def _anchor(settings: LinkageSettings) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(c for c in settings.model["comparisons"] if "anchor" in c)
    return found


def _m(comparison: Mapping[str, Any], level: Mapping[str, Any], fitted: Fitted) -> float:
    return fitted.m[level["name"]] if "anchor" in comparison else float(level["m"])


def _u(comparison: Mapping[str, Any], level: Mapping[str, Any], fitted: Fitted) -> float:
    return fitted.u[level["name"]] if "anchor" in comparison else float(level["u"])


def _sided(side: str) -> str:
    # Every column with the ending that the levels of the model use.
    return f"(SELECT COLUMNS('(.*)') AS '\\1_{side}' FROM {PERSON})"


def _level_name(settings: LinkageSettings) -> str:
    anchor = _anchor(settings)
    levels = " ".join(f"WHEN {v['when']} THEN '{v['name']}'" for v in anchor["levels"])
    return f"CASE WHEN {anchor['unknown']} THEN 'unknown' {levels} ELSE 'otherwise' END"


def _splink_settings(settings: LinkageSettings, fitted: Fitted) -> dict[str, Any]:
    comparisons = []
    for comparison in settings.model["comparisons"]:
        levels: list[dict[str, Any]] = [
            {"sql_condition": comparison["unknown"], "label_for_charts": "unknown", "is_null_level": True}
        ]
        for level in comparison["levels"]:
            levels.append(
                {
                    "sql_condition": level["when"],
                    "label_for_charts": level["name"],
                    "m_probability": _m(comparison, level, fitted),
                    "u_probability": _u(comparison, level, fitted),
                }
            )
        rest = comparison["otherwise"]
        levels.append(
            {
                "sql_condition": "ELSE",
                "label_for_charts": "otherwise",
                "m_probability": float(rest["m"]),
                "u_probability": float(rest["u"]),
            }
        )
        comparisons.append({"output_column_name": comparison["name"], "comparison_levels": levels})
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "number",
        "probability_two_random_records_match": fitted.prior,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f"l.{token} = r.{token}", "sql_dialect": "duckdb"}
            for token in settings.model["block_on"]
        ],
        "comparisons": comparisons,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "linker_uid": "clearing_point",  # otherwise drawn at random
    }


def all_levels(settings: LinkageSettings, table: str) -> dict[str, str]:
    """Return, for training, one query a comparison: (is one person, level, pairs) where the truth is known.

    The database holds ``training_truth`` (number, truth). Pairs are all true ones and all that share a token.
    """
    pairs = (
        f"(SELECT k.*, x.truth = y.truth AS same FROM ({_blocked(settings)} "
        "UNION SELECT x.number, y.number FROM training_truth AS x JOIN training_truth AS y "
        "ON x.truth = y.truth AND x.number < y.number) AS k JOIN training_truth AS x ON "
        f"x.number = number_l JOIN training_truth AS y ON y.number = number_r) AS {table}"
    )
    found = {}
    for comparison in settings.model["comparisons"]:
        cases = " ".join(f"WHEN {v['when']} THEN '{v['name']}'" for v in comparison["levels"])
        found[str(comparison["name"])] = (
            f"SELECT same, CASE {cases} ELSE 'otherwise' END AS level, count(*) FROM {pairs} JOIN {_sided('l')} USING "
            f"(number_l) JOIN {_sided('r')} USING (number_r) WHERE NOT coalesce({comparison['unknown']}, false) GROUP BY ALL"
        )
    return found
