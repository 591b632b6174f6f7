"""The documentation as a site: it builds without a warning and needs no network, its reference leaves nothing out."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from clearing_point.project import Project
from tests.command import command
from tests.conftest import ROOT

DOCS = ROOT / "docs"
PICTURES = DOCS / "pictures"
FETCHED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=[\"']?(https?:)?//", re.IGNORECASE)
"""Something that a browser would fetch from elsewhere; a link that a reader may follow is none."""
HISTORY = re.compile(r"\bissues? #?\d+\b|\bTODO\b|\bsprint\b|\bthis session\b", re.IGNORECASE)


@pytest.fixture(scope="module")
def reference() -> dict[str, str]:
    """Name and text of the pages that are made when the site is built."""
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("the site's generator is not installed: pip install 'clearing-point[docs]'")
    found = importlib.util.spec_from_file_location("reference", DOCS / "site" / "reference.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return dict(module.pages())


def test_the_site_builds_without_a_warning_and_fetches_nothing(
    reference: dict[str, str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    pages = sorted((tmp_path / "site").rglob("*.html"))
    assert {f"reference/{name}.html" for name in reference} <= {
        p.relative_to(tmp_path / "site").as_posix() for p in pages
    }
    assert [p.name for p in pages if FETCHED.search(p.read_text(encoding="utf-8"))] == []
    index = json.loads((tmp_path / "site" / "search" / "search_index.json").read_text(encoding="utf-8"))
    assert any("rebuild" in entry["text"] for entry in index["docs"])


def _commands_of_the_help(*words: str) -> list[str]:
    """Read which commands there are from what `--help` prints."""
    said = command(*words, "--help")[1]
    if "Commands" not in said:
        return [" ".join(words)]
    inner = re.findall(r"^│ ([a-z][a-z-]*)  ", said[said.index("Commands") :], re.MULTILINE)
    return [each for word in inner for each in _commands_of_the_help(*words, word)]


def _keys_of(node: Any) -> set[str]:
    """Gather the names of all properties of a schema, wherever they stand in it."""
    if isinstance(node, list):
        return {key for each in node for key in _keys_of(each)}
    if not isinstance(node, dict):
        return set()
    own = set(node["properties"]) if isinstance(node.get("properties"), dict) else set()
    return own | {key for each in node.values() for key in _keys_of(each)}


def test_every_command_key_table_and_exit_code_has_its_place(reference: dict[str, str]) -> None:
    shown = re.findall(r"^## (.+)$", reference["commands"], re.MULTILINE)
    assert sorted(shown) == sorted(_commands_of_the_help())
    schema = json.loads((ROOT / "schemas" / "meta" / "profile.schema.json").read_text(encoding="utf-8"))
    rows = [line.split(" | ") for line in reference["profile-keys"].splitlines() if line.startswith("| `")]
    assert _keys_of(schema) == {re.split(r"[.]", row[0].strip("| `[]*."))[-1] for row in rows}
    assert [row[0] for row in rows if not row[2].strip(" |")] == [], "keys of which nothing is said"
    tables = {
        block["id"]
        for path in (ROOT / "schemas" / "indicators").glob("*.yml")
        for block in yaml.safe_load(path.read_text(encoding="utf-8"))["indicators"]
    }
    assert tables == set(re.findall(r"^\| ([A-Z]\w+) \|", reference["indicators"], re.MULTILINE))
    codes = set(re.findall(r"^\| (\d+) \|", reference["exit-codes"], re.MULTILINE))
    sources = [*(ROOT / "clearing_point").rglob("*.py"), *(ROOT / "pipelines").glob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    used = re.findall(r"\b(?:exit_code|OPERATOR) = (\d+)|sys\.exit\((\d+)\)|typer\.Exit\((\d+)\)", text)
    assert {code for each in used for code in each if code} <= codes


def test_no_page_tells_the_history_of_its_making() -> None:
    pages = [
        ROOT / "README.md",
        *DOCS.glob("*.md"),
        *DOCS.glob("tutorials/*.md"),
        *DOCS.glob("decisions/*.md"),
    ]
    found = [f"{p.name}: {m[0]}" for p in pages for m in HISTORY.finditer(p.read_text(encoding="utf-8"))]
    assert found == []


def test_pictures_are_those_that_were_made_and_each_is_shown() -> None:
    made_of = json.loads((PICTURES / "made_of.json").read_text(encoding="utf-8"))
    there = {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in PICTURES.iterdir() if p.suffix != ".json"
    }
    assert there == {name: said["sha256"] for name, said in made_of.items()}
    pages = [ROOT / "README.md", DOCS / "index.md", *DOCS.glob("tutorials/*.md")]
    text = "".join(p.read_text(encoding="utf-8") for p in pages)
    assert [name for name in there if f"pictures/{name}" not in text] == []
    assert sum(p.stat().st_size for p in PICTURES.iterdir()) < 200_000
    for name in ("report-first-page.png", "marked-workbook.svg"):
        assert f"docs/pictures/{name}" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.nightly
def test_pictures_show_what_the_program_makes_now(demo: Project) -> None:
    """Made again from the demonstration; `python -m tests.docs.pictures DATA` makes them anew.

    Quick: tests/docs/test_site.py::test_pictures_are_those_that_were_made_and_each_is_shown
    """
    from tests.desk.browser import CHROMIUM
    from tests.docs.pictures import Made

    made_of = json.loads((PICTURES / "made_of.json").read_text(encoding="utf-8"))
    if not CHROMIUM:
        del made_of["desk-findings.png"]
    assert Made(demo).texts == {name: said["shows"] for name, said in made_of.items()}
