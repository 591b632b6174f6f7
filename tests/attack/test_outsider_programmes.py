"""What the program publishes, attacked from scratch: the demonstration, and random programmes of tables."""

from __future__ import annotations

import pytest

from tests.attack.outsider.whole import attack_folder
from tests.attack.outsider_programmes import publish_and_attack, random_programme

KNOWN = pytest.mark.xfail(
    strict=True,
    reason="the gate does not yet know what conditions and derived variables mean; take this mark away when it does",
)


def attack_programmes(standard, demo, tmp_path, seeds):
    """Return (broken seeds, cells attacked). A programme that the gate refuses to publish leaks nothing."""
    broken, attacked = {}, 0
    for seed in seeds:
        found = publish_and_attack(standard, demo, random_programme(seed), tmp_path / str(seed))
        if isinstance(found, str):
            continue
        attacked += found.attacked
        if found.recovered or found.narrow or found.undecided:
            broken[seed] = (len(found.recovered), len(found.narrow), len(found.undecided))
    return broken, attacked


@KNOWN
def test_random_programmes_with_conditions_and_derived_variables_are_not_broken(standard, demo, tmp_path):
    broken, attacked = attack_programmes(standard, demo, tmp_path, [4, 7, 8])
    assert attacked > 0
    assert broken == {}


@pytest.mark.nightly
@KNOWN
def test_two_hundred_random_programmes_are_not_broken(standard, full_demo, tmp_path):
    """Two hundred instead of three.

    Quick: tests/attack/test_outsider_programmes.py::test_random_programmes_with_conditions_and_derived_variables_are_not_broken
    """
    broken, attacked = attack_programmes(standard, full_demo, tmp_path, range(1, 201))
    assert attacked > 1_000
    assert broken == {}


@pytest.mark.nightly
@KNOWN
def test_the_demonstration_edition_is_not_broken(full_demo):
    """All tables of the edition.

    Quick: tests/attack/test_outsider_programmes.py::test_random_programmes_with_conditions_and_derived_variables_are_not_broken
    """
    demo = full_demo
    _, verdict = attack_folder(
        demo.data / "releases" / "2022",
        report=demo.data / "reports" / "2022",
        standard=demo.schemas,
    )
    assert verdict.attacked > 100
    assert (verdict.recovered, verdict.narrow, verdict.undecided) == ([], [], [])
