"""The wheel in an empty environment, as somebody installs it who has never seen the repository."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT


def _run(*words: object, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CLEARING_POINT", "PYTHON"))}
    return subprocess.run(
        [*map(str, words)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def _done(*words: object, folder: Path) -> str:
    done = _run(*words, folder=folder)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.mark.nightly
def test_a_plain_installation_runs_the_demonstration_a_load_tokens_and_notebooks(tmp_path: Path) -> None:
    """Installs from the registry, so it needs a network; takes minutes.

    Quick: tests/contract/test_plain_install.py::test_nothing_is_imported_that_a_plain_installation_lacks
    """
    source = tmp_path / "source"
    kept = shutil.ignore_patterns(".*", "data", "build", "__pycache__", "*.egg-info")
    shutil.copytree(ROOT, source, ignore=kept)
    shutil.copy(ROOT / ".gitignore", source)
    _done(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, source, folder=tmp_path)
    wheel = next(tmp_path.glob("*.whl"))
    empty = tmp_path / "empty"
    _done(sys.executable, "-m", "venv", empty, folder=tmp_path)
    python, program = empty / "bin" / "python", empty / "bin" / "clearing-point"

    # Before anything is installed: the token program alone, on a sender's computer.
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("tokens.py", "protocol.json"):
        shutil.copy(ROOT / "clearing_point" / "linkage" / name, alone)
    _done(python, "-I", "tokens.py", "--help", folder=alone)
    _done(python, "-I", "tokens.py", "new-key", "round.key", folder=alone)

    install = (python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt")
    _done(*install, wheel, folder=tmp_path)
    _done(python, "-m", "pip", "check", folder=tmp_path)
    assert _run(python, "-c", "import jupytext", folder=tmp_path).returncode != 0

    work = tmp_path / "work"
    work.mkdir()
    made = _done(program, "demo", "--data", work / "data", folder=work)
    assert "report.html" in made
    sent = sorted((work / "data" / "demo" / "submissions").glob("MADE-SRB-*"))[0]
    _done(
        program,
        "load",
        sent,
        "--territory",
        "SRB",
        "--period",
        sent.stem.removeprefix("MADE-SRB-"),
        "--data",
        work / "own",
        folder=work,
    )
    assert "1" in _done(program, "status", "--data", work / "own", folder=work)

    copied = _done(program, "notebooks", "-o", work / "notebooks", folder=work)
    assert 'pip install "clearing-point[notebook]"' in copied
    _done(*install, f"{wheel}[notebook]", folder=tmp_path)
    shutil.move(work / "data", work / "clearing-point-data")
    first = sorted((work / "notebooks").glob("*.py"))[0]
    _done(empty / "bin" / "jupytext", "--to", "ipynb", "--execute", first, folder=work / "notebooks")


@pytest.mark.nightly
def test_wheel_and_source_distribution_are_the_same_bytes_wherever_they_are_built(tmp_path: Path) -> None:
    """Twice of one commit, in two places; needs a network for the builder.

    Quick: tests/contract/test_plain_install.py::test_the_version_names_commit_and_standard
    """
    if not (ROOT / ".git").exists():
        pytest.skip("no clone: there is no commit to build from")
    built: list[dict[str, bytes]] = []
    for name in ("one", "another place"):
        clone = tmp_path / name
        _done("git", "clone", "-q", ROOT, clone, folder=tmp_path)
        moment = _done("git", "-C", clone, "log", "-1", "--format=%ct", folder=tmp_path).strip()
        os.environ["SOURCE_DATE_EPOCH"] = moment
        try:
            _done(sys.executable, "-m", "build", "--outdir", clone / "out", clone, folder=tmp_path)
        finally:
            del os.environ["SOURCE_DATE_EPOCH"]
        built.append({p.name: p.read_bytes() for p in sorted((clone / "out").iterdir())})
    assert len(built[0]) == 2
    assert {n: hashlib.sha256(b).hexdigest() for n, b in built[0].items()} == {
        n: hashlib.sha256(b).hexdigest() for n, b in built[1].items()
    }
    # `build` makes the wheel from the source distribution: the commit went through both.
    head = _done("git", "-C", ROOT, "rev-parse", "HEAD", folder=tmp_path).strip()
    wheel = next(content for name, content in built[0].items() if name.endswith(".whl"))
    with zipfile.ZipFile(io.BytesIO(wheel)) as package:
        assert package.read("clearing_point/commit.txt").decode() == head
        names = package.namelist()
    bundled = "clearing_point/bundled/"
    assert {f"{bundled}constraints.txt", f"{bundled}docs/systemd/clearing-point-annual@.service"} <= set(
        names
    )
