"""Shared pieces of the tests: the project, its standard, a data folder of one's own, the shared public data."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clearing_point.project import Project
from clearing_point.standard import Standard, load_standard

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


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
