"""Filling the places of a text that somebody edits: ``{name}`` becomes a value and nothing else is evaluated.

``str.format`` also follows attributes and items (``{name.__class__}``) and pads to any width: a text is data and does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|")
_FORM = re.compile(r",|,?\.\d|\d{0,2}d?|[+]?\.\d[f%]|,?\.\d[f%]|%[A-Za-z%\-./: ]{0,20}")


class _Plain(Formatter):
    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if not _NAME.fullmatch(field_name):
            raise ValueError("a place of a text names one value")
        return super().get_field(field_name, args, kwargs)

    def format_field(self, value: Any, format_spec: str) -> Any:
        if format_spec and not _FORM.fullmatch(format_spec):
            raise ValueError("a place of a text has a form that is not known")
        return super().format_field(value, format_spec)


def fill(text: str, /, **values: object) -> str:
    """Return a text with its places filled.

    Raises
    ------
    KeyError, IndexError
        If a place names a value that is not given.
    ValueError
        If a place asks for more than a value, such as an attribute of it.
    """
    return _Plain().vformat(text, (), values)
