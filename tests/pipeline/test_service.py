"""The units that `install-service` writes: filled in, accepted by systemd's own verifier, and hardened."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clearing_point.errors import InputProblem
from clearing_point.operations import services as service
from tests.command import command
from tests.conftest import ROOT

MOST_EXPOSED = 15
"""Tenths of the exposure level of `systemd-analyze security`, of 100."""
UNITS = ("clearing-point-annual@.service", "clearing-point-annual@.timer", "clearing-point-failed@.service")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The root of an image with the service installed."""
    prefix = tmp_path / "image"
    code, out, err = command(
        "install-service",
        "--user",
        "clearing-point",
        "--prefix",
        prefix,
        "--project",
        ROOT,
        "--data",
        tmp_path / "data",
    )
    assert code == 0, err
    assert "systemctl enable --now clearing-point-annual@2022.timer" in out
    return prefix


def test_everything_is_filled_in_and_readable(image: Path, tmp_path: Path) -> None:
    files = [path for path in image.rglob("*") if path.is_file()]
    assert {*UNITS, "clearing-point-desk.service", "clearing-point.env", "constraints.txt", "crontab"} == {
        path.name for path in files
    }
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o644
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert not [line for line in lines if "{" in line], path
    service = (image / "etc/systemd/system" / UNITS[0]).read_text(encoding="utf-8")
    assert f"ReadWritePaths=-{tmp_path}/data\n" in service
    assert "User=clearing-point\n" in service
    # What its owner wrote into the environment file stays.
    environment = image / "etc/clearing-point/clearing-point.env"
    environment.write_text("CLEARING_POINT_OPTIONS='--also sq'\n", encoding="utf-8")
    where = ("--user", "clearing-point", "--prefix", image, "--project", ROOT, "--data", tmp_path / "data")
    assert "was there and is left" in command("install-service", *where)[1]
    assert environment.read_text(encoding="utf-8") == "CLEARING_POINT_OPTIONS='--also sq'\n"
    # Units that may write in another data folder than the one it names would fail every night.
    environment.write_text(f"CLEARING_POINT_DATA='{tmp_path}/former'\n", encoding="utf-8")
    service_before = (image / "etc/systemd/system" / UNITS[0]).read_bytes()
    code, _, err = command("install-service", *where[:-1], tmp_path / "other")
    assert (code, f"names the data folder {tmp_path}/former" in err) == (1, True), err
    assert (image / "etc/systemd/system" / UNITS[0]).read_bytes() == service_before
    assert command("install-service", *where[:-1], tmp_path / "former")[0] == 0


def test_what_the_environment_file_shows_as_example_reaches_the_run_from_cron_too(image: Path) -> None:
    """The shell of cron reads it by ``.``, where words after a space would be a command of their own."""
    lines = (image / "etc/clearing-point/clearing-point.env").read_text(encoding="utf-8").splitlines()
    at = lines.index("CLEARING_POINT_OPTIONS=")
    example = lines[at - 1].rpartition(": ")[2]
    said = subprocess.run(
        ["sh", "-c", f"set -a; CLEARING_POINT_OPTIONS={example}; printf '%s|' $CLEARING_POINT_OPTIONS"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (said.stdout, said.stderr) == ("--also|sr-Cyrl|", "")


def test_a_project_without_units_gets_those_of_the_program(tmp_path: Path) -> None:
    """Such as the one that a backup holds."""
    bare = tmp_path / "project"
    (bare / "reports" / "editions").mkdir(parents=True)
    shutil.copytree(ROOT / "schemas", bare / "schemas")
    (bare / "reports" / "editions" / "2022.yml").write_text("year: 2022\n", encoding="utf-8")
    words = ("--user", "x", "--prefix", tmp_path / "image", "--project", bare, "--data", tmp_path / "data")
    code, _, err = command("install-service", *words)
    assert code == 0, err
    environment = tmp_path / "image/etc/clearing-point/clearing-point.env"
    assert f"CLEARING_POINT_PROJECT={bare}\n" in environment.read_text(encoding="utf-8")


def test_a_user_or_path_that_a_unit_cannot_have_is_refused(tmp_path: Path) -> None:
    for words, said in (
        (("--user", "nobody-of-this-name"), "There is no user nobody-of-this-name"),
        (("--user", "nobody\nExecStart=/bin/x", "--prefix", tmp_path), "cannot be a user's name"),
        (("--user", "x", "--prefix", tmp_path, "--data", tmp_path / "my data"), "cannot stand in a unit"),
    ):
        code, _, err = command("install-service", *words, "--project", ROOT)
        assert (code, said in err) == (1, True), err


def test_the_data_folder_is_made_for_its_user_where_that_user_can_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = pwd.getpwuid(os.geteuid())
    folder = tmp_path / "office" / "data"
    assert service.data_folder(folder, about) == folder
    assert (folder.stat().st_uid, folder.stat().st_mode & 0o777) == (about.pw_uid, 0o700)
    assert service.data_folder(folder, about) is None
    other = pwd.struct_passwd(("other", "x", 54321, 54321, "", "/srv/other", "/bin/sh"))
    for mode, may in ((0o755, True), (0o711, True), (0o700, False), (0o754, False)):
        folder.parent.chmod(mode)
        assert service.may_enter(folder.parent, other) is may
    with pytest.raises(InputProblem, match=r"may not enter .* such as /srv/other/data"):
        service.data_folder(folder, other)
    monkeypatch.setattr(service, "may_enter", lambda *_: True)
    with pytest.raises(InputProblem, match="is not other's"):
        service.data_folder(folder, other)


def _analyze(*words: object) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed (Debian: systemd)")
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False)


def test_systemd_accepts_the_units_and_finds_the_service_hardened(image: Path, tmp_path: Path) -> None:
    folder = image / "etc/systemd/system"
    for name in UNITS:  # the verifier looks for the command and wants an instance
        path = folder / name
        path.write_text(
            path.read_text(encoding="utf-8").replace(
                f"{Path(sys.executable).parent}/clearing-point", "/bin/true"
            )
        )
    for name in ("clearing-point-annual@2022.service", "clearing-point-annual@2022.timer"):
        done = _analyze("verify", "--man=no", "--recursive-errors=no", folder / name)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
    for name in (*UNITS, "clearing-point-desk.service"):
        if name.endswith(".service"):
            done = _analyze(
                "security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", folder / name
            )
            assert done.returncode == 0, done.stdout[-600:]
