"""Great Expectations runs the suites. This module and `spared` alone import it, and late: the import costs seconds.

A null result, an exception inside an expectation or a missing result is an
:class:`~clearing_point.errors.InternalError`, never a verdict.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from clearing_point import engine
from clearing_point.errors import InternalError
from clearing_point.suites.expectations import ROWS_QUERY
from clearing_point.suites.spared import spared

Document = Mapping[str, Any]
"""A suite as :mod:`clearing_point.suites.documents` writes it; ``query`` in its meta replaces the table."""


@dataclass(frozen=True)
class Judgement:
    """What Great Expectations said of one expectation."""

    suite: str
    name: str
    rule_id: str | None
    severity: str
    kind: str
    success: bool
    failed: int | None
    """Failing rows; None where a table is judged as a whole."""
    observed: str | None = None


@dataclass(frozen=True)
class Question:
    """Suites to be run on one database.

    Attributes
    ----------
    database : Path
        A DuckDB file; no other connection of this process may have it open.
    schema : str
        Where the tables of the suites stand, such as ``staged``.
    attached : mapping
        Further databases that queries name, by that name.
    """

    database: Path
    schema: str
    documents: Sequence[Document]
    attached: Mapping[str, Path]


Ask = Callable[[Question], tuple[Judgement, ...]]
"""What :func:`run_suites` is; see also :mod:`clearing_point.suites.beside`."""

_COUNTS: dict[str, Any] = {"result_format": "BASIC", "partial_unexpected_count": 0}
"""Counts and no values: what fails is never read out of the database."""
_VERDICTS: dict[str, Any] = {"result_format": "BOOLEAN_ONLY"}


def run_suites(question: Question) -> tuple[Judgement, ...]:
    """Run suites on the tables of a database.

    Returns
    -------
    tuple of Judgement
        In the order of the suites and of their expectations.

    Raises
    ------
    InternalError
        If an expectation raised, or a result is null or missing: the engine is at fault, not the data.
    """
    gx, _ = import_library()
    found: list[Judgement] = []
    with _connections_closed(question), spared():
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False}
        # Nobody reads what it would save after every asset, a tenth of its time.
        context._save_project_config = lambda *_, **__: None
        # AUTOCOMMIT without a rollback on return: otherwise DuckDB drops the open result before
        # Great Expectations fetches it and every rule "fails".
        source = context.data_sources.add_sql(
            "database",
            connection_string=f"duckdb:///{question.database}",
            create_temp_table=False,
            kwargs={
                "isolation_level": "AUTOCOMMIT",
                "skip_autocommit_rollback": True,
                "connect_args": {"read_only": True},
            },
        )
        for number, document in enumerate(question.documents):
            query = document["meta"].get("query")
            asset = (
                source.add_query_asset(f"asset_{number}", query=query)
                if query
                else source.add_table_asset(f"asset_{number}", table_name=document["meta"]["table"])
            )
            # A ValidationDefinition would write suite, definition and results to a store that nobody reads.
            batch = asset.add_batch_definition_whole_table("whole").get_batch()
            found += _judged(gx, batch, document)
    return tuple(found)


def _judged(gx: Any, batch: Any, document: Document) -> list[Judgement]:
    """Ask for the verdicts alone, and for the counts where one is that something fails: most never do."""
    wanted = {e["meta"]["name"]: e for e in document["expectations"]}
    verdicts = _asked(gx, batch, document, wanted, _VERDICTS)
    failing = {
        name: e for name, e in wanted.items() if not verdicts[name].success or e["meta"].get("observed")
    }
    counted = _asked(gx, batch, document, failing, _COUNTS) if failing else {}
    return [_judgement(document["name"], e, verdicts[name], counted.get(name)) for name, e in wanted.items()]


def _asked(
    gx: Any, batch: Any, document: Document, wanted: Mapping[str, Any], result_format: Mapping[str, Any]
) -> Mapping[str, Any]:
    suite = gx.ExpectationSuite(name=document["name"], expectations=[_made(e) for e in wanted.values()])
    found: dict[str, Any] = {}
    # Results come back in another order: they are told apart by their name.
    for result in batch.validate(suite, result_format=dict(result_format)).results:
        name = result.expectation_config.meta["name"]
        raised = result.exception_info or {}
        problems = [raised] if "raised_exception" in raised else list(raised.values())
        for problem in problems:
            if isinstance(problem, dict) and problem.get("raised_exception"):
                kind = str(problem.get("exception_message")).partition(":")[0][:80]
                raise InternalError(
                    f"Great Expectations could not evaluate {document['name']} {name}: {kind}."
                )
        if name in found or not isinstance(result.success, bool):
            raise InternalError(f"Great Expectations gave no verdict on {document['name']} {name}.")
        found[name] = result
    missing = [name for name in wanted if name not in found]
    if missing:
        raise InternalError(f"Great Expectations returned no result for {document['name']} {missing[0]}.")
    return found


def _made(document: Mapping[str, Any]) -> Any:
    if document["type"] == ROWS_QUERY:
        return _rows_counted()(
            **document["kwargs"], meta=document["meta"], severity=document["severity"], description=document["description"]
        )  # fmt: skip
    return dict(document)


def _judgement(suite: str, document: Mapping[str, Any], verdict: Any, counted: Any) -> Judgement:
    meta = document["meta"]
    failed: int | None = 0
    observed = None
    if counted is not None:
        if counted.success != verdict.success:
            raise InternalError(f"Great Expectations gave two verdicts on {suite} {meta['name']}.")
        result = counted.result or {}
        failed = result.get("unexpected_count")
        if document["type"] == ROWS_QUERY:
            failed = result.get("observed_value")
        elif failed is None and result.get("observed_value") is not None and meta["judges"] != "table":
            observed = str(result["observed_value"])
        if meta["judges"] == "row" and (not isinstance(failed, int) or (failed > 0) == verdict.success):
            raise InternalError(f"Great Expectations counted no failing rows of {suite} {meta['name']}.")
        if meta["judges"] == "submission" and failed is None and observed is None:
            raise InternalError(
                f"Great Expectations saw nothing of {suite} {meta['name']}, and no verdict rests on that."
            )
    return Judgement(
        suite, meta["name"], meta["rule"], meta["severity"], document["type"], verdict.success,
        failed if meta["judges"] != "table" else None, observed,
    )  # fmt: skip


@lru_cache(maxsize=1)
def _rows_counted() -> Any:
    """The library's expectation on the rows of a query, which counts them and reads none of them out."""
    from great_expectations.expectations import UnexpectedRowsExpectation

    class RowsOfQueryCounted(UnexpectedRowsExpectation):  # type: ignore[misc]
        """Count the rows of a query; there must be none."""

        metric_dependencies = ("unexpected_rows_query.row_count",)

        def _validate(
            self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
        ) -> Any:
            count = metrics["unexpected_rows_query.row_count"]
            return {"success": count == 0, "result": {"observed_value": count}}

    return RowsOfQueryCounted


@contextmanager
def _connections_closed(question: Question) -> Iterator[None]:
    """Prepare every database connection that Great Expectations opens meanwhile, and close it afterwards.

    It keeps engines of its own that no public name reaches; an open one would hold the database
    against the steps that follow.
    """
    from sqlalchemy import event
    from sqlalchemy.pool import Pool

    opened: list[Any] = []
    unused = engine.left_out(many_rows=engine.holds_many_rows(question.database))

    def remember(connection: Any, _record: Any) -> None:
        opened.append(connection)
        cursor = connection.cursor()
        for name, path in question.attached.items():
            quoted = str(path).replace("'", "''")
            cursor.execute(f"ATTACH IF NOT EXISTS '{quoted}' AS {name} (READ_ONLY)")
        cursor.execute(f"SET search_path = '{question.schema}'")
        cursor.execute("SET threads = 1")  # many small queries: a second thread costs more than it gives
        cursor.execute(f"SET disabled_optimizers = {unused}")
        cursor.close()

    event.listen(Pool, "connect", remember)
    try:
        yield
    finally:
        event.remove(Pool, "connect", remember)
        for connection in opened:
            connection.close()


def import_library() -> tuple[Any, Any]:
    """Import Great Expectations, silent and with nothing sent anywhere."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        import great_expectations.expectations as gxe
    return gx, gxe
