"""Shared pieces of the tests: the project, its standard, a data folder of one's own, the shared public data."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clearing_point.project import Project
from clearing_point.quality.runner import import_library
from clearing_point.standard import Standard, load_standard

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


_LONG = (
    "faults/test_faults.py", "pipeline/test_researchers.py", "contract/test_template.py", "contract/test_countries.py",
    "pipeline/test_ingest.py", "pipeline/test_planted_faults.py", "pipeline/test_three_ways.py",
    "pipeline/test_editions.py", "pipeline/test_run_annual.py", "docs/test_commands.py", "pipeline/test_feedback.py",
    "pipeline/test_examples.py", "pipeline/test_resubmission.py", "pipeline/test_real_files.py",
    "pipeline/test_reference_cases.py", "pipeline/test_demo.py", "attack/test_release_attacks.py",
)  # fmt: skip
"""Files that take longest, those that wait for the demonstration after others: begun last, one would keep a core alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; tests of a file stay together, in their order."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(_LONG)}
    items.sort(key=lambda item: places.get(item.path, len(_LONG)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Import the library once a process: else every load of a test would start a process that imports it anew."""
    if item.get_closest_marker("great_expectations"):
        import_library()


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


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The demonstration, run once a session through the command line as a newcomer runs it.

    While a test is being written, CLEARING_POINT_TEST_DEMO may name the data folder of one that was run before.
    """
    if before := os.environ.get("CLEARING_POINT_TEST_DEMO"):
        return Project(root=ROOT, data=Path(before) / "demo")
    # Worker processes of one run make it once, the others waiting at the lock; each has its own copy to write to.
    shared_by_workers = "PYTEST_XDIST_WORKER" in os.environ
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if shared_by_workers else base) / "demonstration"
    folder.mkdir(exist_ok=True)
    data = folder / "data"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").is_file():
            done = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "clearing_point.cli",
                    "demo",
                    "--project",
                    str(ROOT),
                    "--data",
                    str(data),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert "report.html" in done.stdout
            (folder / "done").touch()
    if shared_by_workers:
        data = Path(shutil.copytree(data, base / "demonstration" / "data"))
    return Project(root=ROOT, data=data / "demo")
