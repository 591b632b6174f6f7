"""What a command refuses, in a language of the standard: the sentence of an error's code, with its places filled."""

from __future__ import annotations

from clearing_point.errors import ClearingPointError
from clearing_point.standard.model import Standard

PLACES = ("problem", "desk")
"""Parts of ``words.yml`` that hold such sentences."""


def refusal(error: ClearingPointError, standard: Standard, language: str) -> str:
    """Return the sentence of an error in a language; its own, which is English, where its code has none."""
    if error.code is not None and language != "en":
        for place in PLACES:
            if error.code in standard.words[place]:
                return standard.word(place, error.code, language, **error.filled)
    return str(error)
