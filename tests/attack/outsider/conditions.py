"""A condition as it is printed with a table, read as what it says of variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MISSING = ("UNK", "NAS", "REF", "NAP", "SUP")
EMPTY = "(empty)"  # the leaf of a variable without any answer, where a condition tells it from "not known"
REST = "(any other)"  # everything that no table and no condition names

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_][A-Za-z_0-9.]*)|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<sign><>|!=|<=|>=|==|[=<>(),\[\]]))"
)


def any_of(variable: str, codes: frozenset[str]) -> str:
    """Name the question "is one of these among the answers", of a variable that has several answers."""
    return f"{variable}~{'|'.join(sorted(codes))}"


@dataclass(frozen=True)
class Is:
    """The answer is one of these codes."""

    axis: str
    codes: frozenset[str]


@dataclass(frozen=True)
class Not:
    """The contrary; of an answer that is empty, SQL says neither."""

    of: Condition


@dataclass(frozen=True)
class Same:
    """`IS DISTINCT FROM` and `IS NULL` take an empty answer for an answer."""

    of: Is


@dataclass(frozen=True)
class Both:
    """All of them, or one of them."""

    parts: tuple[Condition, ...]
    every: bool


Condition = Is | Not | Same | Both
NOTHING = Both((), True)


def literals(condition: Condition) -> Iterator[Is]:
    """Yield every comparison that a condition makes."""
    if isinstance(condition, Is):
        yield condition
    elif isinstance(condition, Not | Same):
        yield from literals(condition.of)
    else:
        for part in condition.parts:
            yield from literals(part)


def tells_empty(condition: Condition) -> set[str]:
    """Axes of which the condition takes an empty answer otherwise than one that is "not known"."""
    if isinstance(condition, Both):
        return set().union(*(tells_empty(p) for p in condition.parts))
    return {x.axis for x in literals(condition)} if isinstance(condition, Not | Same) else set()


def holds(condition: Condition, leaves: Mapping[str, str]) -> bool | None:
    """Say whether a person with these answers (axis -> leaf) meets it; None as SQL's unknown."""
    if isinstance(condition, Is):
        leaf = leaves[condition.axis]
        return True if leaf in condition.codes else None if leaf == EMPTY else False
    if isinstance(condition, Same):
        return leaves[condition.of.axis] in condition.of.codes
    if isinstance(condition, Not):
        found = holds(condition.of, leaves)
        return None if found is None else not found
    answers = [holds(p, leaves) for p in condition.parts]
    decisive = not condition.every
    return decisive if decisive in answers else None if None in answers else condition.every


def read(text: str | None) -> Condition:
    """Read a printed condition; what is not understood becomes a question of its own, with the answers yes and no."""
    if not text or not text.strip():
        return NOTHING
    try:
        return _Reader(text).all_of_it()
    except (ValueError, IndexError):
        return Is(f"[{' '.join(text.split())}]", frozenset({"Y"}))


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        self.at = end = 0
        text = text.strip()
        while end < len(text):
            match = _TOKEN.match(text, end)
            if match is None:
                raise ValueError(text)
            self.tokens.append(match.group().strip())
            end = match.end()

    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def word(self, *words: str) -> bool:
        here = [t.upper() for t in self.tokens[self.at : self.at + len(words)]]
        if here == list(words):
            self.at += len(words)
            return True
        return False

    def need(self, sign: str) -> None:
        if not self.word(sign):
            raise ValueError(sign)

    def all_of_it(self) -> Condition:
        found = self.either()
        if self.at != len(self.tokens):
            raise ValueError(self.next())
        return found

    def either(self) -> Condition:
        parts = [self.all()]
        while self.word("OR"):
            parts.append(self.all())
        return parts[0] if len(parts) == 1 else Both(tuple(parts), False)

    def all(self) -> Condition:
        parts = [self.one()]
        while self.word("AND"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts), True)

    def one(self) -> Condition:
        if self.word("NOT"):
            return Not(self.one())
        if self.word("("):
            inner = self.either()
            self.need(")")
            return inner
        name = self.tokens[self.at]
        if not re.match(r"[A-Za-z_]", name):
            raise ValueError(name)
        self.at += 1
        if self.word("("):
            return self.answers(name.lower())
        if self.word("IS", "NOT", "DISTINCT", "FROM"):
            return Same(Is(name, frozenset({self.literal()})))
        if self.word("IS", "DISTINCT", "FROM"):
            return Not(Same(Is(name, frozenset({self.literal()}))))
        if self.word("IS", "NOT", "NULL"):
            return Not(Same(Is(name, frozenset({EMPTY}))))
        if self.word("IS", "NULL"):
            return Same(Is(name, frozenset({EMPTY})))
        if self.word("NOT", "IN"):
            return Not(Is(name, self.several("(", ")")))
        if self.word("IN"):
            return Is(name, self.several("(", ")"))
        if self.word("=") or self.word("=="):
            return Is(name, frozenset({self.literal()}))
        if self.word("<>") or self.word("!="):
            return Not(Is(name, frozenset({self.literal()})))
        comparison, value = self.tokens[self.at], self.tokens[self.at + 1]
        if comparison not in {"<", ">", "<=", ">="}:
            raise ValueError(comparison)
        self.at += 2
        return Is(f"[{name} {comparison} {value}]", frozenset({"Y"}))

    def answers(self, function: str) -> Condition:
        name = self.tokens[self.at]
        self.at += 1
        self.need(",")
        if function in {"list_contains", "array_contains", "list_has"}:
            codes = frozenset({self.literal()})
        elif function in {"list_has_any", "array_has_any"}:
            codes = self.several("[", "]")
        else:
            raise ValueError(function)
        self.need(")")
        return Is(any_of(name, codes), frozenset({"Y"}))

    def literal(self) -> str:
        token = self.tokens[self.at]
        self.at += 1
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if re.fullmatch(r"\d+(\.\d+)?", token):
            return token
        raise ValueError(token)

    def several(self, begin: str, end: str) -> frozenset[str]:
        self.need(begin)
        found = [self.literal()]
        while self.word(","):
            found.append(self.literal())
        self.need(end)
        return frozenset(found)
