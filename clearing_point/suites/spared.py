"""Spare Great Expectations what it does again and again: more than half of its time on small tables.

Nothing here changes what is asked or answered: while suites run, a function of the library is replaced by itself with its
answer kept. A test holds the verdicts and counts with it against those without.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def spared() -> Iterator[None]:
    """Run what stands in the block with the library's repetitions left out, and without Python's search for cycles.

    An expectation works out its configuration once instead of about eighty times, and a configuration makes its expectation
    once instead of once a metric; what a metric depends on is worked out once a metric instead of once an expectation; what
    is JSON already, such as a list of all territories, is not converted to JSON value by value whenever a metric is named.
    """
    from unittest.mock import patch

    from great_expectations.core import id_dict
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metrics.metric_provider import MetricProvider

    made = _Kept(ExpectationConfiguration.to_domain_obj)
    configured = _Kept(Expectation.configuration.fget)

    def configuration(expectation: Any) -> Any:
        found = configured(expectation)
        made.know(found, expectation)  # a configuration need not make the expectation anew that it came from
        return found

    def expectation(of: Any) -> Any:
        return made(of)

    with ExitStack() as stack:
        stack.enter_context(patch.object(Expectation, "configuration", property(configuration)))
        stack.enter_context(patch.object(ExpectationConfiguration, "to_domain_obj", expectation))
        stack.enter_context(
            patch.object(
                id_dict, "convert_to_json_serializable", _as_json(id_dict.convert_to_json_serializable)
            )
        )
        stack.enter_context(
            patch.object(MetricProvider, "get_evaluation_dependencies", _dependencies(MetricProvider))
        )
        stack.enter_context(_without_search_for_cycles())
        yield


class _Kept:
    """A function of one object with its answers kept; the objects are kept, too, so that an id stays its own."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self._work = work
        self._known: dict[int, tuple[Any, Any]] = {}

    def __call__(self, of: Any) -> Any:
        known = self._known.get(id(of))
        return known[1] if known is not None else self.know(of, self._work(of))

    def know(self, of: Any, answer: Any) -> Any:
        """Return the answer, and give it from now on."""
        return self._known.setdefault(id(of), (of, answer))[1]


def _as_json(convert: Callable[..., Any]) -> Callable[..., Any]:
    def as_json(data: Any) -> Any:
        try:
            json.dumps(data)
        except TypeError:
            return convert(data)
        return data

    return as_json


def _dependencies(provider: Any) -> Any:
    """Return ``get_evaluation_dependencies`` that answers for one metric on one engine once."""
    work = provider.get_evaluation_dependencies.__func__
    known: dict[Any, tuple[Any, Any]] = {}

    def dependencies(
        cls: Any,
        metric: Any,
        configuration: Any = None,
        execution_engine: Any = None,
        runtime_configuration: Any = None,
    ) -> Any:
        key = (cls, metric.id, id(execution_engine))
        if configuration is not None or key not in known:
            found = work(cls, metric, configuration, execution_engine, runtime_configuration)
            if configuration is not None:
                return found
            known[key] = (execution_engine, found)
        return dict(known[key][1])

    return classmethod(dependencies)


@contextmanager
def _without_search_for_cycles() -> Iterator[None]:
    """The library makes so many objects that looking for cycles among them is a fifth of its time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
