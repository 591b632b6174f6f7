"""The policy is data and is checked; the project's own file is valid and drives the gate."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clearing_point.disclosure import Policy, load_policy, protect, withhold
from clearing_point.errors import InputProblem
from tests.unit.test_disclosure_system import one_way

FILE = Path(__file__).resolve().parents[2] / "schemas" / "disclosure.yml"


def test_the_policy_of_the_region_loads_and_keeps_the_agreed_thresholds():
    policy = load_policy(FILE)
    assert (policy.threshold, policy.sensitive_threshold) == (5, 10)
    assert policy.lower_bound == 0
    assert "<" not in policy.sign


@pytest.mark.parametrize(
    ("change", "words"),
    [("threshold: 5", "threshold"), ('sign: "c"', "sign"), ("default_profile: suppress", "default_profile")],
)
def test_a_broken_policy_is_refused_at_its_place(tmp_path, change, words):
    text = FILE.read_text(encoding="utf-8").replace(change, change.split(":", maxsplit=1)[0] + ": '<5'", 1)
    path = tmp_path / "disclosure.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputProblem, match=words):
        load_policy(path)


def test_no_policy_shows_counts_of_one_to_four(tmp_path):
    """They are never recoverable in this region; the engine says so where the schema was edited with the policy."""
    path = tmp_path / "schemas" / "disclosure.yml"
    (path.parent / "meta").mkdir(parents=True)
    path.write_text(
        FILE.read_text(encoding="utf-8").replace("threshold: 5", "threshold: 4", 1), encoding="utf-8"
    )
    with pytest.raises(InputProblem, match="threshold"):
        load_policy(path)
    schema = (FILE.parent / "meta" / "disclosure.schema.json").read_text(encoding="utf-8")
    (path.parent / "meta" / "disclosure.schema.json").write_text(
        schema.replace('"minimum": 5', '"minimum": 2'), encoding="utf-8"
    )
    with pytest.raises(InputProblem, match="below 5 shows counts of 1 to 4"):
        load_policy(path)


def test_a_sensitive_crossing_has_the_higher_threshold():
    policy = Policy(
        **{
            **Policy.plain(5).__dict__,
            "sensitive_threshold": 10,
            "sensitive_crossings": (frozenset({"ethnicity"}),),
        }
    )
    counts = {"a": 7, "b": 60, "c": 50, "Total": 117}
    plain = protect([one_way("A", "form", counts)], policy, profile="suppress").tables[0]
    strict = protect([one_way("A", "ethnicity", counts)], policy, profile="suppress").tables[0]
    assert plain.cells[("a",)].shown == 7
    assert strict.cells[("a",)].shown is None


def test_a_withheld_table_prints_its_reason_only():
    table = withhold(one_way("A", "form", {"a": 1, "Total": 1}), Policy.plain(5), "fewer than 20 persons")
    assert table.withheld
    assert not table.cells


def test_the_solver_prints_nothing():
    code = (
        "from tests.unit.test_disclosure_system import one_way\n"
        "from clearing_point.disclosure import Policy, protect\n"
        "t = one_way('A', 'form', {'a': 3, 'b': 8, 'c': 30, 'Total': 41})\n"
        "[protect([t], Policy.plain(5), profile=p) for p in ('suppress', 'round')]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=FILE.parents[1], capture_output=True, check=True)
    assert done.stdout == b""


def test_a_release_tells_the_rules_by_which_it_was_protected():
    told = json.loads(json.dumps(load_policy(FILE).told()))
    assert told["threshold"] == 5
    assert told["not_known"] == ["UNK"]
    assert told["sensitive_crossings"][0] == ["citizenship", "territory"]
    assert {"withheld_reason", "known_figures"}.isdisjoint(told)
