"""The read-only JSON addresses, tried with what nobody would type (schemathesis): what is described is what comes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings

pytest.importorskip("fastapi", reason="the extra desk is not installed")
pytest.importorskip("schemathesis", reason="schemathesis is not installed")
import schemathesis

from clearing_point.standard import Standard
from tests.desk.browser import served
from tests.desk.conftest import PEOPLE, TestDesk

_EXAMPLES = 25


def _cookies(place: TestDesk, name: str | None) -> dict[str, str]:
    if name is None:
        return {}
    with place.desk.store.changing() as connection:
        return {place.desk.cookie: place.desk.accounts.begin(connection, name, "127.0.0")}


def _tried(place: TestDesk, described: dict[str, Any], name: str | None) -> int:
    """Ask every operation as an account; returns how many answers came. Raises where one is not as described."""
    cookies = _cookies(place, name)
    schema = schemathesis.openapi.from_dict(described)
    schema.config.base_url = place.desk.origin
    answers = 0
    for operation in schema.get_all_operations():

        @settings(
            max_examples=_EXAMPLES, deadline=None, database=None, derandomize=True,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.ok().as_strategy())
        def ask(case: Any) -> None:
            nonlocal answers
            answer = case.call(cookies=cookies, allow_redirects=False, timeout=30)
            answers += 1
            if name is None:
                assert answer.status_code == 303, case.path
                return
            case.validate_response(answer)

        ask()
    return answers


@pytest.mark.nightly
def test_what_is_described_is_what_comes_and_nothing_fails(tmp_path: Path, standard: Standard) -> None:
    """Every role and nobody, on every address of the description.

    Quick: tests/desk/test_rights.py::test_only_who_may_reaches_a_file_in_the_states_in_which_most_is_done
    """
    with served(tmp_path / "data", standard) as place:
        for state in ("checked", "waiting", "loaded", "refused"):
            place.file(state)
        address = f"{place.desk.origin}/api/v1/openapi.json"
        described = httpx.get(address, cookies=_cookies(place, "officer"), trust_env=False).json()
        assert {method for path in described["paths"].values() for method in path} == {"get"}, "it only reads"
        assert len(described["paths"]) == 4
        for name in (*PEOPLE, None):
            assert _tried(place, described, name) >= len(described["paths"])
