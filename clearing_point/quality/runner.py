"""Great Expectations at the gate. The only module that imports it, and late: the import costs seconds.

An engine error never looks like bad data here: anything that was raised inside an expectation is an
:class:`~clearing_point.errors.InternalError`, never a verdict.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.errors import InternalError
from clearing_point.quality.suites import GATE_TABLE, Expectation


@dataclass(frozen=True)
class GateResult:
    """What Great Expectations said of one expectation."""

    rule_id: str
    kind: str
    success: bool
    observed: str | None


def run_gate(workspace: Path, suite: Sequence[Expectation]) -> tuple[GateResult, ...]:
    """Validate the gate table of a workspace.

    Parameters
    ----------
    workspace : Path
        A DuckDB file; no other connection of this process may have it open.

    Raises
    ------
    InternalError
        If an expectation raised, or a result is missing: the engine is at fault, not the data.
    """
    gx, gxe = _import()
    with _connections_closed():
        outcome = _validate(gx, gxe, workspace, suite)
    return _results(outcome, suite)


def _validate(gx: Any, gxe: Any, workspace: Path, suite: Sequence[Expectation]) -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    # AUTOCOMMIT without a rollback on return: otherwise DuckDB drops the open result before
    # Great Expectations fetches it and every rule "fails" (great_expectations.md 4.1).
    source = context.data_sources.add_sql(
        "workspace",
        connection_string=f"duckdb:///{workspace}",
        create_temp_table=False,
        kwargs={
            "isolation_level": "AUTOCOMMIT",
            "skip_autocommit_rollback": True,
            "connect_args": {"read_only": True},
        },
    )
    asset = source.add_table_asset("gate", table_name=GATE_TABLE)
    batch = asset.add_batch_definition_whole_table("whole")
    definition = gx.ValidationDefinition(name="gate", data=batch, suite=_suite(gx, gxe, context, suite))
    context.validation_definitions.add(definition)
    return definition.run(result_format="BASIC")


@contextmanager
def _connections_closed() -> Iterator[None]:
    """Close every database connection that Great Expectations opened meanwhile.

    It keeps engines of its own that no public name reaches; an open one would hold the workspace
    against the steps that follow.
    """
    from sqlalchemy import event
    from sqlalchemy.pool import Pool

    opened: list[Any] = []

    def remember(connection: Any, _record: Any) -> None:
        opened.append(connection)

    event.listen(Pool, "connect", remember)
    try:
        yield
    finally:
        event.remove(Pool, "connect", remember)
        for connection in opened:
            connection.close()


def _import() -> tuple[Any, Any]:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        import great_expectations.expectations as gxe
    return gx, gxe


def _suite(gx: Any, gxe: Any, context: Any, suite: Sequence[Expectation]) -> Any:
    made = gx.ExpectationSuite(
        name="gate",
        expectations=[
            getattr(gxe, e.kind)(
                **e.kwargs, severity=e.gx_severity, description=e.description, meta={"rule": e.rule_id}
            )
            for e in suite
        ],
    )
    return context.suites.add(made)


def _results(outcome: Any, suite: Sequence[Expectation]) -> tuple[GateResult, ...]:
    found: dict[str, GateResult] = {}
    for result in outcome.results:
        rule_id = result.expectation_config.meta["rule"]
        raised = result.exception_info or {}
        problems = [raised] if "raised_exception" in raised else list(raised.values())
        for problem in problems:
            if isinstance(problem, dict) and problem.get("raised_exception"):
                raise InternalError(
                    f"Great Expectations could not evaluate rule {rule_id}: {problem.get('exception_message')}"
                )
        observed = (result.result or {}).get("observed_value")
        found[rule_id] = GateResult(
            rule_id,
            result.expectation_config.type,
            bool(result.success),
            None if observed is None else str(observed),
        )
    missing = [e.rule_id for e in suite if e.rule_id not in found]
    if missing:
        raise InternalError(f"Great Expectations returned no result for rule {missing[0]}.")
    return tuple(found[e.rule_id] for e in suite)
