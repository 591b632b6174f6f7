"""Editions and the register of languages against the standard: what they name must be there before an edition is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clearing_point.errors import ClearingPointError
from clearing_point.project import Project
from clearing_point.standard.files import line_at, lines_of_yaml, read_csv, read_yaml
from clearing_point.standard.model import TERRITORY, Breakdown, Indicator, Standard
from clearing_point.standard.translations import REGISTER, SOURCE

_YEAR, _TOTAL, _UNKNOWN = "year", "Total", "UNK"
At = tuple[str | int, ...]


def edition_problems(project: Project, standard: Standard) -> Iterator[str]:
    """Yield tables, variables, codes, words and languages that editions name and that are not there."""
    for path in sorted((project.reports / "editions").glob("*.yml")):
        try:
            document = read_yaml(path)
        except ClearingPointError:
            continue  # said with the shapes
        if isinstance(document, dict):
            lines = lines_of_yaml(path)
            for at, sentence in _of_edition(path, document, project, standard):
                yield f"{path}:{_line_of(path, line_at(lines, at), sentence)}: {sentence}"


def _line_of(path: Path, first: int, sentence: str) -> int:
    """Return the line on which what a sentence quotes stands: a list may run over several lines."""
    quoted = sentence.partition("'")[2].partition("'")[0]
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[first - 1 :], start=first):
        if quoted in line:
            return number
    return first


def _of_edition(
    path: Path, edition: Mapping[str, Any], project: Project, standard: Standard
) -> Iterator[tuple[At, str]]:
    indicators = {indicator.indicator_id: indicator for indicator in standard.indicators}
    if str(edition.get("year")) != path.stem:
        yield ("year",), f"the year '{edition.get('year')}' is not that of the file's name."
    for key in ("tables", "small_territory_tables"):
        for index, name in enumerate(edition.get(key, ())):
            if name not in indicators:
                yield (key, index), f"there is no table '{name}' in schemas/indicators."
            elif key != "tables" and name not in edition.get("tables", ()):
                yield (key, index), f"table '{name}' is none of the edition's tables."
    profiles = {row["profile"] for row in standard.territory_files["label"]}
    if edition.get("naming_profile") not in profiles:
        yield (
            ("naming_profile",),
            f"there is no naming profile '{edition.get('naming_profile')}': {', '.join(sorted(profiles))}.",
        )
    for index, language in enumerate(edition.get("languages", ())):
        if not (project.reports / "text" / language).is_dir():
            yield ("languages", index), f"the report has no texts in '{language}' (reports/text)."
    sentences = _sentences(project.reports / "text" / SOURCE / "key_figures.yml")
    bounds = [(("key_figures", n), b) for n, b in enumerate(edition.get("key_figures", ()))]
    if "national_total" in edition:
        bounds.append((("national_total",), edition["national_total"]))  # type: ignore[arg-type]
    for at, bound in bounds:
        name = bound.get("table")
        if name not in indicators or name not in edition.get("tables", ()):
            yield (*at, "table"), f"table '{name}' is none of the edition's tables."
        else:
            yield from _cell(at, bound, indicators[name], standard)
        if "words" in bound and sentences and bound["words"] not in sentences:
            yield (
                (*at, "words"),
                f"there is no sentence '{bound['words']}' in reports/text/{SOURCE}/key_figures.yml.",
            )


def _sentences(path: Path) -> set[str]:
    try:
        document = read_yaml(path)
    except ClearingPointError:
        return set()
    return set(document.get("sentences", ())) if isinstance(document, dict) else set()


def _cell(
    at: At, bound: Mapping[str, Any], indicator: Indicator, standard: Standard
) -> Iterator[tuple[At, str]]:
    by = {b.variable: b for b in indicator.by}
    for variable, code in bound.get("at", {}).items():
        place = (*at, "at", variable)
        if variable not in by:
            yield place, f"table {indicator.indicator_id} has no variable '{variable}': {', '.join(by)}."
        elif by[variable].codelist != _YEAR and str(code) not in (known := _codes(by[variable], standard)):
            yield place, f"{variable} has no category '{code}': {', '.join(sorted(known)[:12])}."


def _codes(breakdown: Breakdown, standard: Standard) -> set[str]:
    listed = breakdown.codelist in standard.codelists or breakdown.codelist == TERRITORY
    codes = standard.codes_of(breakdown.codelist) if listed else ()
    return {
        *(codes if breakdown.categories is None else breakdown.categories),
        *breakdown.groups,
        _TOTAL,
        _UNKNOWN,
    }


def register_problems(schemas: Path) -> Iterator[str]:
    """Yield languages that the register, the standard and the files of translations do not agree on.

    Read as they are written: with a fault here the standard may not be loaded at all.
    """
    path = schemas / REGISTER
    spoken = read_yaml(schemas / "standard.yml")["languages"]
    register, lines = read_yaml(path), lines_of_yaml(path)
    languages = register["languages"]
    for language in spoken:
        if language not in languages:
            yield f"{path}:1: the language '{language}' of standard.yml is not in the register."
    for language, entry in languages.items():
        line = line_at(lines, ("languages", language))
        if language not in spoken:
            yield f"{path}:{line}: the language '{language}' is not among the languages of standard.yml."
        origin = entry.get("letters_of")
        if origin is not None and (origin not in languages or origin not in register.get("letters", {})):
            line = line_at(lines, ("languages", language, "letters_of"))
            yield f"{path}:{line}: '{language}' is written from '{origin}', whose letters are not in the register."
        own = schemas / "translations" / f"{language}.csv"
        if not entry.get("source") and origin is None and not own.is_file():
            yield f"{path}:{line}: the language '{language}' has no file translations/{language}.csv."
    for own in sorted((schemas / "translations").glob("*.csv")):
        if own.stem not in languages:
            yield f"{own}:1: the language '{own.stem}' is not in the register."
    if sum(bool(entry.get("source")) for entry in languages.values()) != 1:
        yield f"{path}:{line_at(lines, ('languages',))}: one language is the source, and no more."
    for row_number, row in enumerate(read_csv(schemas / "territories" / "name.csv"), start=2):
        if row["language"] not in languages:
            yield f"{schemas / 'territories' / 'name.csv'}:{row_number}: '{row['language']}' is not in the register."
