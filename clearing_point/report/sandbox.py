"""Where templates run: they see the report's model, a function that says a sentence, and nothing else.

Whoever edits a template is less trusted than the gate. Jinja's sandbox keeps it from what begins with an underscore;
here it is also kept from every attribute that is no field of the model and from every call that is not a macro, a
loop, or a harmless method of a text or list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from types import BuiltinMethodType, FunctionType
from typing import Any

import jinja2
from jinja2.runtime import LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from clearing_point.report import model
from clearing_point.report.model import Figure

_SAID_IN = "clearing_point.report.html"
_PLAIN = (str, int, float, bool, list, tuple, dict, type(None))
_METHODS = frozenset({
    "capitalize", "count", "endswith", "get", "index", "items", "keys", "lower", "replace", "split", "startswith", "strip",
    "title", "upper", "values",
})  # fmt: skip
_OF_JINJA = (LoopContext, Undefined, jinja2.environment.TemplateModule)


class _Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox for one report."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Allow the fields of the model and what Jinja's own sandbox allows of plain values."""
        if is_dataclass(obj) and not isinstance(obj, type):
            return attr in _fields_of(type(obj))
        if isinstance(obj, _PLAIN) and attr not in _METHODS:
            return False
        if not isinstance(obj, (*_PLAIN, *_OF_JINJA)):
            return False
        return super().is_safe_attribute(obj, attr, value)

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Multiply numbers only: a text or list times a billion ends the program."""
        if operator == "*" and isinstance(left, int | float) and isinstance(right, int | float):
            return left * right
        raise jinja2.TemplateRuntimeError(f"a template may not use {operator} here")

    def wrap_str_format(self, value: Any) -> None:
        """Have no formatting of texts at all: a template puts values where they stand."""

    def is_safe_callable(self, obj: Any) -> bool:
        """Allow macros, loops, the function that says a sentence, and methods of plain values."""
        if isinstance(obj, Macro | LoopContext):
            return True
        if isinstance(obj, FunctionType):
            return obj.__module__ == _SAID_IN
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, LoopContext):
            return True
        return (
            isinstance(obj, BuiltinMethodType)
            and type(owner) in (*_PLAIN, Markup)
            and super().is_safe_callable(obj)
        )


@lru_cache(maxsize=64)
def _fields_of(kind: type) -> frozenset[str]:
    if kind.__module__ != model.__name__:
        return frozenset()
    shown = {name for name, value in vars(kind).items() if isinstance(value, property)}
    return frozenset({field.name for field in fields(kind)} | shown)


class _Folder(jinja2.FileSystemLoader):
    """Loads templates of one folder, but no link out of it and none that ends the escaping of texts."""

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        root = Path(self.searchpath[0]).resolve()
        if not (root / template).resolve().is_relative_to(root):
            raise jinja2.TemplateNotFound(template)
        source, name, fresh = super().get_source(environment, template)
        if "autoescape" in source:
            raise jinja2.TemplateSyntaxError("texts are always escaped", 1, template)
        return source, name, fresh


def environment_of(templates: Path) -> jinja2.Environment:
    """Return the sandbox for the templates of a folder."""
    environment = _Sandbox(
        loader=_Folder(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.clear()  # no counting to a billion, no words of another author
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.tests["block"] = lambda block, name: type(block).__name__ == name
    # Only our own drawings: their words were escaped when they were drawn.
    environment.filters["drawing"] = _drawing
    return environment


_FILTERS = (
    "capitalize", "default", "escape", "first", "groupby", "int", "join", "last", "length", "list", "lower", "map",
    "reject", "rejectattr", "replace", "reverse", "round", "select", "selectattr", "sort", "string", "sum", "title", "trim",
    "unique", "upper",
)  # fmt: skip
"""What a template may ask of a value; none of them marks a text as safe."""


def _drawing(figure: Any) -> Markup:
    if not isinstance(figure, Figure):
        raise jinja2.TemplateRuntimeError("only a figure of the report is a drawing")
    return Markup(figure.svg)  # noqa: S704
