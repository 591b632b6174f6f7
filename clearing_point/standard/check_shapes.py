"""The JSON Schema of every kind of file, and every file against the one of its kind.

The schemas bind, and nothing beside them: each is closed, so that a key that nobody knows cannot pass
(docs/decisions/0110-json-schema-binds.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from clearing_point.errors import ClearingPointError
from clearing_point.project import Project
from clearing_point.standard.files import read_csv, read_yaml
from clearing_point.standard.shapes import row_problems, shape_problems
from clearing_point.standard.verdicts import Verdicts

_YAML_KINDS = {
    "standard.yml": "standard",
    "forbidden.yml": "forbidden",
    "disclosure.yml": "disclosure",
    "synthetic.yml": "synthetic",
    "linkage.yml": "linkage",
    "spelling.yml": "spelling",
    "tables/*.yml": "table",
    "rules/*.yml": "rules",
    "messages/*.yml": "messages",
    "indicators/*.yml": "indicators",
    "populations/*.yml": "population",
    "denominators/*.yml": "denominator",
    "translations/_register.yml": "translations",
    "words.yml": "words",
    "wording.yml": "wording",
    "reference/reconciliation.yml": "reconciliation",
    "exports.yml": "exports",
    "checkpoint.yml": "checkpoint",
    "template.yml": "template",
    "codelists/_register.yml": "codelist_register",
    "crosswalks/_register.yml": "crosswalk_register",
}
_CSV_KINDS = {
    "codelists/*.csv": "codelist_row",
    "crosswalks/*.csv": "crosswalk_row",
    "reference/published_figures.csv": "published_figure_row",
    "reference/known_mismatches.csv": "known_mismatch_row",
    "reference/breaks.csv": "break_row",
    "reference/series.csv": "series_row",
    "territories/territory.csv": "territory_row",
    "translations/*.csv": "translation_row",
    "former_texts.csv": "former_text_row",
    "terms.csv": "term_row",
    "territories/alias.csv": "alias_row",
    "territories/group.csv": "group_row",
    "territories/group_label.csv": "group_label_row",
    "territories/label.csv": "territory_label_row",
    "territories/name.csv": "territory_name_row",
    "territories/population.csv": "population_row",
    "territories/map_label_position.csv": "map_label_position_row",
}


def kinds_of(project: Project) -> Iterator[tuple[Path, str, bool]]:
    """Yield every file of the standard, the profiles and the report with the name of its schema, and whether it is YAML."""
    folders = (project.countries, project.sources)
    places = [(project.schemas, pattern, kind, True) for pattern, kind in _YAML_KINDS.items()]
    places += [(folder, "*/profile.yml", "profile", True) for folder in folders]
    places += [(f, f"*/{name}.yml", name, True) for f in folders for name in ("corrections", "waivers")]
    places += [
        (project.reports, "editions/*.yml", "edition", True),
        (project.reports, "findings/*.yml", "findings", True),
        (project.reports, "chapters.yml", "chapters", True),
        (project.root / "pipelines", "demo.yml", "demo", True),
    ]
    places += [(project.schemas, pattern, kind, False) for pattern, kind in _CSV_KINDS.items()]
    places += [(folder, "*/values.csv", "value_row", False) for folder in folders]
    for folder, pattern, kind, is_yaml in places:
        for path in sorted(folder.glob(pattern)):
            yield path, kind, is_yaml


def shapes(project: Project, verdicts: Verdicts) -> Iterator[str]:
    """Yield what is wrong with the shape of files, and files of which no schema says what they must be."""
    seen: set[Path] = set()
    for path, kind, is_yaml in kinds_of(project):
        seen.add(path)
        schema = project.schemas / "meta" / f"{kind}.schema.json"
        judge = _of_yaml if is_yaml else _of_csv
        yield from verdicts.ask([path.read_bytes(), schema.read_bytes()], lambda: judge(path, schema))  # noqa: B023 - asked now
    for path in sorted(project.schemas.rglob("*")):
        if path.suffix in (".yml", ".csv") and path not in seen and "generated" not in path.parts:
            yield f"{path}:1: no JSON Schema says what a file here must be."


def _of_yaml(path: Path, schema: Path) -> list[str]:
    try:
        return shape_problems(path, read_yaml(path), schema)
    except ClearingPointError as error:
        return [str(error)]


def _of_csv(path: Path, schema: Path) -> list[str]:
    try:
        return row_problems(path, read_csv(path), schema)
    except ClearingPointError as error:
        return [str(error)]
