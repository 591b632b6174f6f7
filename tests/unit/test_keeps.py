"""What is kept of a text where days and tokens are read: no day of birth, and nothing that could be a plain hash."""

from __future__ import annotations

import hashlib
import re

import pytest

from clearing_point.intake.forbidden import forbidden_of
from clearing_point.intake.keeps import day, formed_as, token
from clearing_point.linkage.tokens import Identity, Tokens, protocol
from clearing_point.standard import Standard

FIRST = 2012
"""First year of which days are kept, of a file of 2022."""


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2012-01-01", "2012-01-01"),
        ("14.03.2022", "14.03.2022"),
        ("2011-12-31", "2011"),
        ("14.03.1985", "1985"),
        ("14. 3. 1985.", "1985"),
        ("3/14/1985", "1985"),
        ("1985-03-14 00:00:00", "1985"),
        ("03.1985", "03.1985"),
        ("1985", "1985"),
        ("14.03.22", "14.03.22"),
        ("14.03.85", None),
        ("44634", "44634"),
        ("31120", None),
        ("born 14.03.1985", None),
        ("1900-01-01", "1900-01-01"),
    ],
)
def test_of_a_day_long_before_the_period_only_its_year_is_kept(written: str, kept: str | None) -> None:
    assert day({"1900-01-01"}, FIRST)(written) == kept


def test_of_files_that_were_accepted_before_days_stay() -> None:
    assert day(set(), None)("14.03.1985") == "14.03.1985"


def test_no_plain_hash_can_be_a_token_and_a_token_can(standard: Standard) -> None:
    forbidden = forbidden_of(standard)
    keep = token(formed_as(re.compile(forbidden.token_pattern), set(), longest=200), forbidden.no_token)
    body = b"Orlandine Plimberry"
    for made in (hashlib.md5(body), hashlib.sha1(body), hashlib.sha256(body), hashlib.sha512(body)):  # noqa: S324
        for text in (made.hexdigest(), made.hexdigest().upper(), f" {made.hexdigest()[:32]}"):
            assert keep(text) == "", "nothing of it, and the sender is told"
    person = Identity("1", "Plimberry", "Orlandine", "1998-03-05", "F", document_number="AB123456")
    made_here = [text for text in Tokens(bytes(range(64)), "2026-1").of(person) if text]
    assert len(made_here) > 5
    assert [keep(text) for text in made_here] == made_here
    assert not set(protocol()["program"]["token_alphabet"]) & set("0123456789abcdef")
    assert keep("Plimberry") is None
