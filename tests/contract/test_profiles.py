"""A profile that cannot work is refused by `standard check` with file and line, before a file is read by it."""

from __future__ import annotations

import datetime
import json
import re
import shutil
from pathlib import Path

import pytest

from clearing_point.countries import profile_of_source
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.check_profiles import profile_problems
from clearing_point.standard.files import read_yaml
from clearing_point.standard.shapes import shape_problems
from tests.conftest import ROOT

FAULTS = {
    "a constant that is no code": (
        "SRB", 'sex: {heading: "Лице / Пол", optional: true}', "sex: {constant: Q}", "'Q' is no code of sex",
    ),
    "a word for a code that is not there": (
        "SRB", 'sex: {heading: "Лице / Пол", optional: true}', 'sex: {heading: "Лице / Пол", values: {"ж": W}}',
        "'W' is no code of sex",
    ),
    "words of a field without a code list": (
        "SRB", 'birth_year: {heading: "Лице / Година рођења", optional: true}',
        'birth_year: {heading: "Лице / Година рођења", values: {"стара": "1950"}}', "birth_year has no code list",
    ),
    "a flag that is no code": (
        "SRB", 'disability: {heading: "Лице / Инвалидитет", optional: true}', 'disability: {flags: {"Да ли": QQ}}',
        "'QQ' is no code of",
    ),
    "a table that is not there": ("SRB", "- table: person\n", "- table: persons\n", "no table 'persons'"),
    "a field that is not there": ("SRB", "birth_year: {", "birth_yaer: {", "person has no field 'birth_yaer'"),
    "no key": ("SRB", '          person_reference: "Шифра лица"\n', "", "the key of table person is missing"),
    "a number that is none": (
        "SRB", 'number_of_children: {heading: "Лице / Број деце", optional: true}', "number_of_children: {constant: many}",
        "takes a number",
    ),
    "a missing word for no missing code": ("SRB", "blank: UNK", "blank: NONE", "'NONE' is no code of missing"),
    "a part of a date that is none": ("SRB", '"%m.%Y"]', '"%d/%q/%Y"]', "'%q' in '%d/%q/%Y' is no part of a date"),
    "two orders of day and month": ("SRB", '"%m.%Y"]', '"%m.%d.%Y"]', "both day first and month first"),
    "a declaration that is no code": (
        "SRB", "coverage: ALL_KNOWN", "coverage: EVERYBODY", "'EVERYBODY' is no code of",
    ),
    "a declaration of no field": ("SRB", "coverage: ALL_KNOWN", "covers: ALL_KNOWN", "no field 'covers'"),
    "a part of what is no year": (
        "SRB", 'birth_year: {heading: "Лице / Година рођења", optional: true}',
        'birth_year: {heading: "Лице / Година рођења", part: others}', "birth_year takes no part of a cell",
    ),
    "a table of public sources": ("SRB", "- table: person\n", "- table: perpetrator\n", "is for public sources"),
    "a language that is not there": ("SRB", "language: sr-Cyrl", "language: sr", "'sr' is no language"),
}  # fmt: skip


@pytest.fixture
def copy(tmp_path: Path, project: Project) -> Project:
    shutil.copytree(project.countries, tmp_path / "pipelines" / "countries")
    shutil.copytree(project.sources, tmp_path / "pipelines" / "sources")
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas", ignore=shutil.ignore_patterns("generated"))
    return Project(root=tmp_path, data=tmp_path / "data")


@pytest.mark.parametrize("kind", FAULTS)
def test_it_is_named_with_its_line(kind: str, copy: Project, standard: Standard) -> None:
    territory, old, new, said = FAULTS[kind]
    path = copy.countries / territory / "profile.yml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    line = text[: text.index(old)].count("\n") + 1
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    found = list(profile_problems(copy, standard))
    places = [int(m[1]) for p in found if said in p and (m := re.match(r".*/SRB/profile\.yml:(\d+): ", p))]
    assert places, found
    assert line in places or kind in {"a table that is not there", "a table of public sources", "no key"}, (
        line,
        found,
    )


def test_lines_of_values_name_fields_and_codes(copy: Project, standard: Standard) -> None:
    path = copy.countries / "SRB" / "values.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    head = lines[0].split(",")
    row = dict.fromkeys(head, "") | {"field": "sex", "local": "жж", "code": "QQ", "decision": "approved"}
    other = {**row, "field": "sexx"}
    path.write_text(
        "\n".join([*lines, *(",".join(one[name] for name in head) for one in (row, other))]) + "\n", "utf-8"
    )
    found = "\n".join(profile_problems(copy, standard))
    assert f"SRB/values.csv:{len(lines) + 1}: 'QQ' is no code of sex" in found
    assert f"SRB/values.csv:{len(lines) + 2}: 'sexx' is no field" in found


def test_the_profiles_of_the_project_name_nothing_that_is_not_there(
    project: Project, standard: Standard
) -> None:
    assert list(profile_problems(project, standard)) == []


PAGE = ROOT / "docs" / "profiles.md"


def _keys(schema: object) -> set[str]:
    """Every key that the schema of profiles names, wherever it stands."""
    found: set[str] = set()
    if isinstance(schema, dict):
        named = schema.get("properties")
        found |= set(named) if isinstance(named, dict) else set()
        for part in schema.values():
            found |= _keys(part)
    elif isinstance(schema, list):
        for part in schema:
            found |= _keys(part)
    return found


def test_the_page_on_profiles_names_every_key_with_an_example_that_works(
    copy: Project, standard: Standard
) -> None:
    schema_file = ROOT / "schemas" / "meta" / "profile.schema.json"
    page = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    shown = "\n".join(blocks)
    keys = _keys(json.loads(schema_file.read_text(encoding="utf-8")))
    assert {key for key in keys if f"`{key}`" not in page} == set()
    assert {key for key in keys - {"flags_scheme"} if not re.search(rf"\b{key}:", shown)} == set()
    path = copy.countries / "XYZ" / "profile.yml"
    path.parent.mkdir()
    for block in blocks:
        path.write_text(block, encoding="utf-8")
        assert list(shape_problems(path, read_yaml(path), schema_file)) == [], block
        assert [p for p in profile_problems(copy, standard) if "/XYZ/" in p] == [], block


def test_a_language_that_the_standard_does_not_have_is_allowed(copy: Project, standard: Standard) -> None:
    path = copy.countries / "SRB" / "profile.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("language: sr-Cyrl", "language: el"), encoding="utf-8")
    assert list(profile_problems(copy, standard)) == []


def test_the_publishers_counts_are_of_a_release_that_a_files_name_tells() -> None:
    """Else a file that is imported as its publisher named it stands beside none of the counts."""
    project = Project(ROOT, ROOT / "data")
    sources = [
        profile_of_source(project, folder.name)
        for folder in sorted(project.sources.iterdir())
        if folder.is_dir()
    ]
    counted = [source for source in sources if source.counts and source.use == "reference"]
    assert counted
    for source in counted:
        for count in source.counts:
            day = str(count["release"])
            names = [f"data_{day}.csv.gz", f"data_{day.replace('-', '')}.csv"]
            found = [re.search(source.release_in_name or "$^", name) for name in names]
            assert day in {str(datetime.date.fromisoformat(match.group(1))) for match in found if match}, (
                source.name
            )
