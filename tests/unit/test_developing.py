"""What a developer sees of a failure, and that nobody sees it of real data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from clearing_point.commands.developing import STEPS
from tests.command import command
from tests.conftest import ROOT

SAID = "SELECT nothing_of_that_name FROM here"


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command whose flow runs SQL that cannot be run."""

    def status_of(*_: object, **__: object) -> None:
        STEPS.step("counting 3 of 4")
        query = SAID
        duckdb.connect().execute(query)

    monkeypatch.setattr("pipelines.status.status_of", status_of)
    yield
    STEPS.now, STEPS.timed = "", False


def _office(data: Path, synthetic: bool) -> Path:
    (data / "warehouse").mkdir(parents=True)
    with duckdb.connect(str(data / "warehouse" / "clearing_point.duckdb")) as connection:
        connection.execute("CREATE SCHEMA raw; CREATE TABLE raw.submission (made_data BOOLEAN, use VARCHAR)")
        connection.execute("INSERT INTO raw.submission VALUES (true, 'count'), (?, 'count')", [synthetic])
    return data


@pytest.mark.usefixtures("failing")
def test_a_failure_on_synthetic_data_shows_step_sql_and_traceback_and_how_long_it_took(
    tmp_path: Path,
) -> None:
    data = _office(tmp_path / "data", synthetic=True)
    code, _, err = command("--traceback", "--timings", "status", "--project", ROOT, "--data", data)
    assert code == 3
    assert "Step: counting 3 of 4" in err
    assert SAID in err
    assert "Traceback (most recent call last)" in err
    assert "s of processor  counting\n" in err
    assert err.endswith("Please report this to the clearing point.\n")


@pytest.mark.usefixtures("failing")
def test_of_real_data_nothing_but_the_kind_and_place_is_shown(tmp_path: Path) -> None:
    data = _office(tmp_path / "data", synthetic=False)
    code, _, err = command("--traceback", "status", "--project", ROOT, "--data", data)
    assert (code, "works where every submission is synthetic" in err) == (2, True)
    file = tmp_path / "persons.csv"
    file.write_text("a\n1\n", encoding="utf-8")
    own = _office(tmp_path / "own", synthetic=True)
    code, _, err = command(
        "--traceback",
        "check",
        file,
        "--territory",
        "ALB",
        "--period",
        "2022",
        "--project",
        ROOT,
        "--data",
        own,
    )
    assert (code, "takes no file" in err) == (2, True)
    code, _, err = command("status", "--project", ROOT, "--data", data)
    assert code == 3
    assert SAID not in err
    assert "Traceback" not in err
