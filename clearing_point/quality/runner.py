"""Great Expectations. The only module that imports it, and late: the import costs seconds.

An engine error never looks like bad data here: anything that was raised inside an expectation is an
:class:`~clearing_point.errors.InternalError`, never a verdict.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.errors import InternalError
from clearing_point.quality.suites import Measured


@dataclass(frozen=True)
class GateResult:
    """What Great Expectations said of one expectation."""

    rule_id: str
    name: str
    kind: str
    success: bool
    observed: str | None

    @property
    def suite(self) -> str:
        """Table that was measured."""
        return self.name.split(".")[1]


def run_measured(workspace: Path, measured: Sequence[Measured]) -> tuple[GateResult, ...]:
    """Measure the tables of a workspace against the sender's past.

    Parameters
    ----------
    workspace : Path
        A DuckDB file; no other connection of this process may have it open.

    Returns
    -------
    tuple of GateResult
        In the order of what was given.

    Raises
    ------
    InternalError
        If an expectation raised, or a result is missing: the engine is at fault, not the data.
    """
    if not measured:
        return ()
    gx, gxe = import_library()
    found: dict[str, GateResult] = {}
    with _connections_closed():
        source = _opened(gx, workspace)
        for number, query in enumerate(dict.fromkeys(m.query for m in measured)):
            group = [
                _Named(m.name, m.kind, m.kwargs, "warning", m.name, m.rule_id)
                for m in measured
                if m.query == query
            ]
            asset = source.add_query_asset(f"measured_{number}", query=query)
            outcome = _validate(gx, gxe, asset, f"measured_{number}", group)
            found |= dict(zip([n.name for n in group], _results(outcome, group), strict=True))
    return tuple(found[m.name] for m in measured)


Gate = Callable[[Path, Sequence[Measured]], tuple[GateResult, ...]]
"""What :func:`run_measured` is; see also :mod:`clearing_point.quality.gate_process`."""


@dataclass(frozen=True)
class _Named:
    """An expectation to be run; results come back in another order and are told apart by its name."""

    name: str
    kind: str
    kwargs: dict[str, Any]
    severity: str
    description: str
    rule_id: str


def _opened(gx: Any, workspace: Path) -> Any:
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
    return source


def _validate(gx: Any, gxe: Any, asset: Any, name: str, suite: Sequence[_Named]) -> Any:
    # A ValidationDefinition would write suite, definition and results to a store that nobody reads, a fifth of the time.
    batch = asset.add_batch_definition_whole_table("whole").get_batch()
    made = gx.ExpectationSuite(
        name=name,
        expectations=[
            getattr(gxe, e.kind)(
                **e.kwargs, severity=e.severity, description=e.description, meta={"rule": e.name}
            )
            for e in suite
        ],
    )
    return batch.validate(made, result_format="BASIC")


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


def import_library() -> tuple[Any, Any]:
    """Import Great Expectations, silent and with nothing sent anywhere."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as gx
        import great_expectations.expectations as gxe
    return gx, gxe


def _results(outcome: Any, suite: Sequence[_Named]) -> tuple[GateResult, ...]:
    rule_ids = {e.name: e.rule_id for e in suite}
    found: dict[str, GateResult] = {}
    for result in outcome.results:
        name = result.expectation_config.meta["rule"]
        raised = result.exception_info or {}
        problems = [raised] if "raised_exception" in raised else list(raised.values())
        for problem in problems:
            if isinstance(problem, dict) and problem.get("raised_exception"):
                raise InternalError(
                    f"Great Expectations could not evaluate rule {name}: {problem.get('exception_message')}"
                )
        observed = (result.result or {}).get("observed_value")
        found[name] = GateResult(
            rule_ids[name],
            name,
            result.expectation_config.type,
            bool(result.success),
            None if observed is None else str(observed),
        )
    missing = [e.name for e in suite if e.name not in found]
    if missing:
        raise InternalError(f"Great Expectations returned no result for rule {missing[0]}.")
    return tuple(found[e.name] for e in suite)
