"""The tests of a room can be run by its name, and none is forgotten."""

from __future__ import annotations

from collections import Counter

from tests.conftest import ROOT
from tests.rooms import ROOMS


def test_every_file_of_tests_is_in_one_room() -> None:
    there = {path.relative_to(ROOT / "tests").as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    named = Counter(name for names in ROOMS.values() for name in names)
    assert set(named) == there
    assert max(named.values()) == 1


def test_the_guide_of_the_tests_names_every_room() -> None:
    text = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    assert [room for room in ROOMS if f"\n| `{room}` |" not in text] == []
