"""Forms of dates as a profile declares them, such as ``%d.%m.%Y``."""

from __future__ import annotations

import re
from collections.abc import Sequence

_KNOWN = frozenset("dmYybBHMS%")
_DIRECTIVE = re.compile(r"%(.?)")


def unknown_directive(form: str) -> str | None:
    """Return the first part of a form that reads nothing, or None."""
    return next((f"%{d}" for d in _DIRECTIVE.findall(form) if d not in _KNOWN or not d), None)


def second_order(forms: Sequence[str]) -> str | None:
    """Return the first form that reads a text which an earlier one reads with day and month the other way round, or None."""
    orders: dict[str, str] = {}
    for form in forms:
        parts = "".join(c for c in form.replace("%", "") if c.isalpha())
        shape = "".join("#" if c.isalpha() else c for c in form.replace("%", ""))
        if {"d", "m"} <= set(parts) and orders.setdefault(shape, parts) != parts:
            return form
    return None
