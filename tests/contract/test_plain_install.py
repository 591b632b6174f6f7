"""What ``pip install clearing-point`` brings is enough for every command; extras are for what people add to it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from clearing_point.standard import Standard
from tests.command import command
from tests.conftest import ROOT

DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAME = re.compile(r"[A-Za-z0-9._-]+")


def _named(requirement: str) -> str:
    match = NAME.match(requirement)
    assert match
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def _plain() -> set[str]:
    """Return the plain dependencies and what each of them always brings, by their normalised names."""
    direct = {_named(r) for r in DEPENDENCIES["dependencies"]}
    return direct | {_named(r) for name in direct for r in requires(name) or () if "extra ==" not in r}


EXTRAS = ("desk", "lake")
"""Extras with modules of their own: a folder, or a module, of that name. Only they import what it brings."""


def _extra_of(path: Path) -> str | None:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return next((extra for extra in EXTRAS if extra in parts), None)


def _imported(folder: Path, extra: str | None = None) -> dict[str, str]:
    """Top-level modules that the code imports, wherever in a file, and one file that does."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        if _extra_of(path) != extra:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names = [node.module]
            for name in names:
                found[name.split(".")[0]] = path.name
    return found


@pytest.mark.parametrize("folder", ["clearing_point", "pipelines", "notebooks"])
def test_nothing_is_imported_that_a_plain_installation_lacks(folder: str) -> None:
    plain, distributions = _plain(), packages_distributions()
    own = {"clearing_point", "pipelines"} | set(sys.stdlib_module_names)
    lacking = [
        f"{module} ({file})"
        for module, file in _imported(ROOT / folder).items()
        if module not in own and not plain & {_named(d) for d in distributions.get(module, [module])}
    ]
    assert lacking == []


@pytest.mark.parametrize("name", EXTRAS)
def test_an_extra_imports_what_it_brings_and_nothing_else(name: str) -> None:
    extra = {_named(r) for r in DEPENDENCIES["optional-dependencies"][name]}
    extra |= {_named(r) for one in extra for r in requires(one) or () if "extra ==" not in r}
    brought, distributions = _plain() | extra, packages_distributions()
    own = {"clearing_point", "pipelines"} | set(sys.stdlib_module_names)
    lacking = [
        f"{module} ({file})"
        for module, file in _imported(ROOT / "clearing_point", name).items()
        if module not in own and not brought & {_named(d) for d in distributions.get(module, [module])}
    ]
    assert lacking == []


def test_what_notebooks_need_is_said_before_they_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clearing_point.commands.researchers.find_spec", lambda _: None)
    code, _, err = command("notebooks", "-o", tmp_path, "--project", ROOT)
    assert code == 0
    assert 'pip install "clearing-point[notebook]"' in err.splitlines()[0]
    assert _named(DEPENDENCIES["optional-dependencies"]["notebook"][0]) == "jupytext"


def test_the_version_names_commit_and_standard(
    standard: Standard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written = tmp_path / "commit.txt"
    written.write_text("0123456789abcdef0123456789abcdef01234567", encoding="utf-8")
    monkeypatch.setattr("clearing_point.version._COMMIT", written)  # as a built package has it
    code, out, _ = command("--version", folder=ROOT)
    program, agreed = out.splitlines()
    assert (code, program) == (0, f"clearing-point {DEPENDENCIES['version']} (commit 0123456789ab)")
    assert agreed.startswith(f"clearing_point_standard {standard.version} (sha256 {standard.sha256[:12]})")
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## [{DEPENDENCIES['version']}]" in changes, "the changelog has no part for this version"
