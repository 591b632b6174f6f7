"""Several known words in one cell, whatever stands between them."""

from __future__ import annotations

import re
from collections.abc import Callable

from clearing_point.intake.layout import fold

_TOKEN = re.compile(r"\w+")
_BLANKS = " \t\u00a0"
_MOST_TOKENS = 80
_LONGEST_AND = 2
"""Letters of the words for *and*, which people write between two answers; names and initials are longer or capitals."""


def is_of_words(text: str, is_known: Callable[[str], object], *, and_between: bool = True) -> bool:
    """Whether a text is two known words or more with signs between them, and nothing else.

    Parameters
    ----------
    is_known : callable
        Asked of folded texts.
    and_between : bool
        Whether a short word in small letters may stand between two known ones, such as *i*, *și* or *in*.

    Examples
    --------
    >>> known = {"forced labour", "begging", "rest and more"}.__contains__
    >>> is_of_words("Forced labour / begging", known), is_of_words("begging i rest and more", known)
    (True, True)
    >>> is_of_words("begging", known), is_of_words("begging Ana", known), is_of_words("begging begging", known)
    (False, False, False)
    """
    tokens = [(match.start(), match.end()) for match in _TOKEN.finditer(text)]
    if not 1 < len(tokens) <= _MOST_TOKENS:
        return False
    found = at = after = 0
    while at < len(tokens):
        end = _longest_known(text, tokens, at, is_known)
        if end:
            between = text[after : tokens[at][0]]
            if found and not between.strip(_BLANKS):
                return False  # nothing parts them: two words side by side may be a name
            found, after = found + 1, end
            at = next((n for n in range(at, len(tokens)) if tokens[n][0] >= end), len(tokens))
        elif and_between and found and at + 1 < len(tokens) and _is_short(text, tokens[at]):
            at += 1
        else:
            return False
    return found > 1


def _longest_known(
    text: str, tokens: list[tuple[int, int]], at: int, is_known: Callable[[str], object]
) -> int:
    """Return where the longest known word that begins at a token ends; 0 if none does."""
    start = tokens[at][0]
    for _, end in tokens[: at - 1 if at else None : -1]:
        for last in (end, end + 1):  # a known word may end with a bracket or a full stop
            if is_known(fold(text[start:last])):
                return min(last, len(text))
    return 0


def _is_short(text: str, token: tuple[int, int]) -> bool:
    word = text[slice(*token)]
    return len(word) <= _LONGEST_AND and word.isalpha() and word.islower()
