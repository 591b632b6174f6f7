"""The page on a new country, run from nothing to a chapter: Greek, Ukrainian and Turkish made files."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.command import command
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "new-country.md").read_text(encoding="utf-8")
PEOPLE, FOREIGN = 60, "SRB"
NAMES = {"GRC": "Greece", "UKR": "Ukraine", "TUR": "Türkiye"}
EDITION = """\
year: 2022
title: A short edition
naming_profile: neutral
languages: [en]
trend_from: 2022
profile: suppress
tables: [T01, T10A]
"""


def _table(first: str, language: str) -> dict[str, str]:
    """Read a table of the page: its first column -> the words of a language."""
    lines = [
        [c.strip().strip("`") for c in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if line.startswith("|")
    ]
    start = next(n for n, cells in enumerate(lines) if cells[0] == first)
    at = lines[start].index(language)
    found = {}
    for cells in lines[start + 2 :]:
        if set(cells[0]) == {"-"} or cells[0] in {"field", "code"}:
            break
        found[cells[0]] = cells[at]
    return found


def _commands(territory: str, language: str) -> list[list[str]]:
    """Return the commands of the page in their order, for another territory."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = [
        line.replace("GRC", territory).replace("--lang el", f"--lang {language}")
        for b in blocks
        for line in b.splitlines()
    ]
    return [line.split()[1:] for line in lines]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the project with a short edition."""
    root = tmp_path / "project"
    for name in ("schemas", "pipelines", "reports"):
        shutil.copytree(
            ROOT / name, root / name, ignore=shutil.ignore_patterns("*.py", "__pycache__", "editions")
        )
    (root / "reports" / "editions").mkdir()
    (root / "reports" / "editions" / "2022.yml").write_text(EDITION, encoding="utf-8")
    return root


def _add_territory(root: Path, territory: str) -> None:
    file = root / "schemas" / "territories" / "territory.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith(f"{territory},"))
    cells = next(csv.reader([lines[at]]))
    cells[lines[0].split(",").index("reporting")] = "Y"
    lines[at] = ",".join(cells)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, lines_of_page in zip(
        ("group.csv", "label.csv"), re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL), strict=True
    ):
        with (root / "schemas" / "territories" / name).open("a", encoding="utf-8") as target:
            target.write(lines_of_page.replace("GRC", territory).replace("Greece", NAMES[territory]))


def _sent(path: Path, headings: dict[str, str], words: dict[str, str]) -> None:
    rows = [
        [
            f"P-{n}",
            words["F" if n % 3 else "M"],
            words[FOREIGN],
            1980 + n % 25,
            f"{1 + n % 28:02d}.{1 + n % 12:02d}.2022",
            words["CONFIRMED"],
        ]
        for n in range(1, PEOPLE + 1)
    ]
    with path.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([list(headings.values()), *rows])


def _decide(folder: Path, words: dict[str, str]) -> set[str]:
    """Decide every proposed line by the page's table, as a person does; return the words that were proposed."""
    codes = {text: code for code, text in words.items()}
    with (folder / "values.csv").open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    for row in rows:
        assert row["decision"] == "undecided"
        row |= {
            "code": codes[row["local"]],
            "decision": "approved",
            "role": "coordinator",
            "date": "2022-12-01",
        }
    with (folder / "values.csv").open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return {row["local"] for row in rows}


def _goes_to_her_profile(territory: str, language: str, root: Path, tmp_path: Path) -> list[list[str]]:
    """Follow the page until every word of the file is decided; return the commands that are left."""
    headings, words = _table("field", language), _table("code", language)
    greek = _table("field", "el")
    _add_territory(root, territory)
    _sent(tmp_path / "sent.csv", headings, words)
    place = ("--project", root, "--data", tmp_path / "data")
    new, suggest, *others = _commands(territory, language)
    folder = root / "pipelines" / "countries" / territory

    code, out, err = command(*new, *place, folder=tmp_path)
    assert code == 0, err
    assert f"the word for Y in {language}" in out
    assert "each has to be decided" in out
    profile = (folder / "profile.yml").read_text(encoding="utf-8")
    assert all(f'which field, or `ignore`? "{heading}"' in profile for heading in headings.values())
    assert yaml.safe_load(profile)["language"] == language

    sheet = next(
        block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if block.startswith("sheets:")
    )
    for field, heading in greek.items():
        sheet = sheet.replace(f'"{heading}"', f'"{headings[field]}"')
    (folder / "profile.yml").write_text(profile[: profile.index("sheets:\n")] + sheet, encoding="utf-8")

    code, out, err = command(*suggest, *place, folder=tmp_path)
    assert code == 0, err
    assert _decide(folder, words) == set(words.values())
    return others


def test_a_country_of_another_language_goes_from_nothing_to_its_published_number(
    root: Path, tmp_path: Path
) -> None:
    """Greece, but for what is worked out of the whole standard (`build`, `standard check`) and for the drawn report."""
    others = _goes_to_her_profile("GRC", "el", root, tmp_path)
    assert [line[0] for line in others] == ["build", "standard", "check", "load", "publish", "report"]
    place = ("--project", root, "--data", tmp_path / "data")
    for line in others[3:5]:
        code, out, err = command(*line, *place, folder=tmp_path)
        assert code == 0, (line, out, err)
    with (tmp_path / "data" / "releases" / "2022" / "data" / "T01.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        hers = [row["value"] for row in csv.DictReader(file) if row["territory"] == "GRC"]
    assert hers == [str(PEOPLE)]


@pytest.mark.nightly
@pytest.mark.parametrize(("territory", "language"), [("GRC", "el"), ("UKR", "uk"), ("TUR", "tr")])
def test_a_country_of_another_language_goes_from_nothing_to_its_chapter(
    territory: str, language: str, root: Path, tmp_path: Path
) -> None:
    """Each of the three countries is taken through the page.

    Quick: tests/docs/test_new_country.py::test_a_country_of_another_language_goes_from_nothing_to_its_published_number
    Quick: tests/contract/test_one_place.py::test_a_twelfth_country_is_one_folder
    """
    place = ("--project", root, "--data", tmp_path / "data")
    for line in _goes_to_her_profile(territory, language, root, tmp_path):
        code, out, err = command(
            *line, *place[: 2 if line[0] in {"standard", "build"} else 4], folder=tmp_path
        )
        if line[0] == "standard":  # whatever else is open in the project, nothing is said of her
            assert territory not in out + err, (line, out, err)
            continue
        assert code == 0, (line, out, err)
    page = (tmp_path / "data" / "reports" / "2022" / "report.html").read_text(encoding="utf-8")
    assert NAMES[territory] in page
