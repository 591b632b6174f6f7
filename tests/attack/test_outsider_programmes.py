"""What the program publishes, attacked from scratch: the demonstration, and random programmes of tables."""

from __future__ import annotations

import pytest

from tests.attack.outsider.whole import attack_folder
from tests.attack.outsider_programmes import publish_and_attack, random_programme


class Broken(AssertionError):
    """A hidden cell follows from what is printed."""


def attack_programmes(standard, demo, tmp_path, seeds):
    """Publish and attack. A programme that the gate refuses to publish leaks nothing; few may be."""
    broken, attacked, refused = {}, 0, []
    for seed in seeds:
        found = publish_and_attack(standard, demo, random_programme(seed), tmp_path / str(seed))
        if isinstance(found, str):
            refused.append(found)
            continue
        attacked += found.attacked
        if found.recovered or found.narrow or found.undecided:
            broken[seed] = (len(found.recovered), len(found.narrow), len(found.undecided))
    if len(refused) > len(seeds) / 4:
        raise RuntimeError(f"{len(refused)} of {len(seeds)} programmes were refused: {refused[0]}")
    if attacked < 10 * len(seeds):
        raise RuntimeError(f"only {attacked} hidden cells were there to attack")
    if broken:
        raise Broken(f"of {attacked} hidden cells (recovered, too narrow, undecided by seed): {broken}")


def test_random_programmes_with_conditions_and_derived_variables_are_not_broken(standard, demo, tmp_path):
    attack_programmes(standard, demo, tmp_path, [3])


@pytest.mark.nightly
def test_two_hundred_random_programmes_are_not_broken(standard, full_demo, tmp_path):
    """Two hundred instead of one.

    Quick: tests/attack/test_outsider_programmes.py::test_random_programmes_with_conditions_and_derived_variables_are_not_broken
    """
    attack_programmes(standard, full_demo, tmp_path, range(1, 201))


@pytest.mark.nightly
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
    if verdict.recovered or verdict.narrow or verdict.undecided:
        raise Broken(f"{len(verdict.recovered)} recovered, {len(verdict.narrow)} too narrow")
