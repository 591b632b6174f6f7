"""Certificates are checked by adding up, and a bent one is found."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest

from clearing_point.disclosure import (
    Policy,
    check_certificates,
    protect,
    verify_certificates,
    write_certificates,
)
from clearing_point.errors import InputProblem
from tests.unit.test_disclosure_system import one_way

POLICY = Policy.plain(5)
TABLES = [
    one_way("A", "form", {"a": 3, "b": 8, "c": 30, "Total": 41}),
    one_way("B", "sex", {"f": 39, "m": 2, "Total": 41}),
]


@pytest.mark.parametrize("profile", ["suppress", "round"])
def test_certificates_hold_and_the_checker_needs_no_solver(tmp_path, profile):
    protection = protect(TABLES, POLICY, profile=profile)
    assert verify_certificates(protection.certificates, protection.tables, POLICY) > 0
    path = tmp_path / "certificates.json"
    write_certificates(protection.certificates, path)
    source = Path(check_certificates.__file__)
    assert len(source.read_text(encoding="utf-8").splitlines()) <= 60
    # -I -S: nothing but the standard library is within reach.
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(source), str(path)], check=False, capture_output=True
    )
    assert done.returncode == 0, done.stdout


def test_a_bent_certificate_is_found():
    protection = protect(TABLES, POLICY, profile="suppress")
    good = json.loads(json.dumps(protection.certificates))
    bent = copy.deepcopy(good)
    bent["table"][0] += 1
    problems, _ = check_certificates.check(bent)
    assert problems
    less = copy.deepcopy(good)
    less["other_tables"] = []
    problems, _ = check_certificates.check(less)
    assert any("no table takes" in problem for problem in problems)
    other = protect(
        [one_way("A", "form", {"a": 3, "b": 9, "c": 30, "Total": 42})], POLICY, profile="suppress"
    )
    with pytest.raises(InputProblem, match="other tables"):
        verify_certificates(good, other.tables, POLICY)
