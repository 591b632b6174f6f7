"""Shared pieces of the tests: the project, its standard, a data folder of one's own, the shared public data."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from clearing_point.intake import package
from clearing_point.processes import look_for_cycles_seldom
from clearing_point.project import Project, hash_of_folder
from clearing_point.standard import Standard, load_standard
from clearing_point.standard.kept import CACHE_VARIABLE
from clearing_point.suites.runner import import_library
from tests.cheaply import (
    by_both_judges,
    by_sql_alone,
    cheaply,
    drawn_once,
    every_table_moved,
    few_tables_moved,
    in_one_process,
    made_once,
    queries_looked_at_once,
    started_once,
)
from tests.command import command
from tests.rooms import ROOMS, is_in

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("CLEARING_POINT_TEST_SHARED", ROOT.parent / "shared" / "data"))
KEPT = ROOT / ".make"
_KEPT_BEFORE = 2
"""Demonstrations of earlier sources that stay: one goes back and forth between two."""

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ[CACHE_VARIABLE] = ""  # no test leaves anything with whoever runs it, or reads what is there


_LONG = (
    "pipeline/test_researchers.py", "pipeline/test_intake_cases.py", "contract/test_standard.py",
    "pipeline/test_public_releases.py", "pipeline/test_parts_of_releases.py", "pipeline/test_older_warehouse.py",
    "pipeline/test_run_annual.py", "pipeline/test_checkpoint.py", "pipeline/test_editions.py", "pipeline/test_feedback.py",
    "pipeline/test_ingest.py", "docs/test_commands.py", "pipeline/test_lake.py", "unit/test_linkage_links.py",
    "pipeline/test_minimal.py", "pipeline/test_reference_cases.py", "pipeline/test_marked_own_form.py",
    "pipeline/test_resubmission.py", "unit/test_guard.py", "unit/test_aggregate_figures.py", "unit/test_normalise.py",
    "contract/test_suites.py", "unit/test_conserved.py", "attack/test_added_by_yaml.py", "pipeline/test_rebuild_first.py",
    "pipeline/test_cells_as_received.py",
    "faults/test_faults.py", "pipeline/test_planted_faults.py", "pipeline/test_three_ways.py", "pipeline/test_examples.py",
    "pipeline/test_real_files.py", "pipeline/test_demo.py", "attack/test_release_attacks.py",
)  # fmt: skip
"""Files that take longest. The first makes the demonstration; those that need it come when it is there: a process that
waits works on nothing. What takes long and is begun last would keep a core alone. The last lines are long at night."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--room NAME``."""
    parser.addoption("--room", choices=sorted(ROOMS), help="Only the tests of one room (tests/README.md).")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Pass over the files of other rooms, before they are imported."""
    room = config.getoption("--room")
    if room is None or not collection_path.name.startswith("test_"):
        return None
    return not is_in(collection_path, room) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; tests of a file stay together, in their order."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(_LONG)}
    items.sort(key=lambda item: places.get(item.path, len(_LONG)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Import the library once a process: else every load of a test would start a process that imports it anew."""
    if item.get_closest_marker("great_expectations"):
        import_library()


def mostly_at_night(values: Iterable[Any], quick: Iterable[Any]) -> list[Any]:
    """Return the values of a parameter; the test runs by day with those that are named, with the others at night."""
    by_day = set(quick)
    found = list(values)
    assert by_day <= set(found)
    several = [v if isinstance(v, tuple) else (v,) for v in found]
    return [
        v if v in by_day else pytest.param(*values, marks=pytest.mark.nightly)
        for v, values in zip(found, several, strict=True)
    ]


@pytest.fixture(autouse=True)
def one_judge_where_two_are_not_the_matter(request: pytest.FixtureRequest) -> Iterator[None]:
    """A load in a test's own process is judged by SQL alone, as a check is, unless the test is marked great_expectations.

    So is what is published. That both judges agree is the matter of test_suites.py, test_checkpoint.py and of every command
    that is run.
    """
    with by_both_judges() if request.node.get_closest_marker("great_expectations") else nullcontext():
        yield


@pytest.fixture(autouse=True)
def first_tables_where_all_are_not_the_matter(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a new version moves is said of the first tables of an edition, unless the test is marked every_table."""
    with every_table_moved() if request.node.get_closest_marker("every_table") else nullcontext():
        yield


@pytest.fixture(scope="session", autouse=True)
def what_it_costs_to_begin_is_paid_once() -> Iterator[None]:
    """Files are read by the same program, without a process, a database and a folder of prepared things for each."""
    KEPT.mkdir(exist_ok=True)
    look_for_cycles_seldom()  # as every command does
    sha256 = hash_of_folder(ROOT / "schemas", leave_out=("generated", "meta"))
    with (
        started_once(),
        made_once(KEPT / "prepared", sha256),
        by_sql_alone(),
        few_tables_moved(),
        queries_looked_at_once(),
        drawn_once(),
    ):
        yield


@pytest.fixture(scope="module")
def forms_are_known() -> Iterator[None]:
    """For a file of tests that read many small files by profiles which none of them changes."""
    with cheaply():
        yield


@pytest.fixture(autouse=True)
def a_process_for_the_parser_where_that_is_the_matter(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if request.node.get_closest_marker("own_parser"):
        monkeypatch.setattr(package, "subprocess", subprocess)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def standard() -> Standard:
    return load_standard(ROOT / "schemas")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(root=ROOT, data=tmp_path / "data")


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the shared public data are not beside the project")
    return SHARED


def _hash_of_sources() -> str:
    """Hash everything that a demonstration follows from."""
    digest = hashlib.sha256(platform.python_version().encode())
    folders = ("clearing_point", "pipelines", "schemas", "reports")
    files = [
        p for folder in folders for p in (ROOT / folder).rglob("*") if p.suffix != ".pyc" and p.is_file()
    ]
    for path in sorted([*files, ROOT / "constraints.txt"]):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _demonstration(name: str, make: Callable[[Path], tuple[int, str, str]]) -> Path:
    """Return the data folder of a demonstration, made unless the very same one is kept.

    It is kept under ``.make`` by the hash of what it follows from; whoever writes to it takes a copy.
    """
    KEPT.mkdir(exist_ok=True)
    folder = KEPT / f"{name}-{_hash_of_sources()}"
    with (KEPT / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            making = KEPT / f".{name}-making"
            shutil.rmtree(making, ignore_errors=True)
            code, out, err = make(making)
            assert code == 0, err
            assert "report.html" in out
            earlier = sorted(KEPT.glob(f"{name}-*"), key=lambda path: path.stat().st_mtime)
            for old in earlier[:-_KEPT_BEFORE]:
                shutil.rmtree(old)
            making.rename(folder)
    return folder / "demo"


def _small(data: Path) -> tuple[int, str, str]:
    """Run the command in this process, without what several processes and a second judge cost."""
    with in_one_process():
        return command("demo", "--project", ROOT, "--data", data)


def _full(data: Path) -> tuple[int, str, str]:
    """Run the command as anybody does."""
    words = ("demo", "--full", "--project", str(ROOT), "--data", str(data))
    done = subprocess.run(
        [sys.executable, "-m", "clearing_point.cli", *words], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small demonstration, as a newcomer's command makes it; a copy of each process's own, to write to.

    The command runs in the test's process and judges by SQL alone: test_the_command_is_run_by_somebody of test_demo.py does not.

    While a test is being written, CLEARING_POINT_TEST_SMALL_DEMO may name the data folder of one that was run before.
    """
    before = os.environ.get("CLEARING_POINT_TEST_SMALL_DEMO")
    kept = Path(before) / "demo" if before else _demonstration("demo-small", _small)
    return Project(root=ROOT, data=Path(shutil.copytree(kept, tmp_path_factory.mktemp("demo") / "demo")))


@pytest.fixture(scope="session")
def full_demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The whole demonstration: every territory, all years and tables; for tests marked nightly.

    While a test is being written, CLEARING_POINT_TEST_DEMO may name the data folder of one that was run before.
    """
    if before := os.environ.get("CLEARING_POINT_TEST_DEMO"):
        return Project(root=ROOT, data=Path(before) / "demo")
    kept = _demonstration("demo-full", _full)
    return Project(root=ROOT, data=Path(shutil.copytree(kept, tmp_path_factory.mktemp("full") / "demo")))
