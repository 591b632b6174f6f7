"""An edition of the report: everything a new year needs stands in ``reports/editions/<year>.yml``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from clearing_point.errors import InputProblem, UsageProblem
from clearing_point.project import Project
from clearing_point.standard.shapes import read_shaped_yaml

_TRANSLATED = "translated"


@dataclass(frozen=True)
class Bound:
    """A number of the text, bound to one cell of one protected table.

    Attributes
    ----------
    table : str
        Indicator id.
    at : mapping
        Variable -> code; variables that are not named stand at their total, the year at the edition's.
    words : str
        Key of its sentence in ``reports/text/<language>/key_figures.yml``.
    share : bool
        The number is per cent of the known persons of the variables named in `at`.
    """

    table: str
    at: Mapping[str, str] = field(default_factory=dict)
    words: str = ""
    share: bool = False


@dataclass(frozen=True)
class Edition:
    """One edition.

    Attributes
    ----------
    trend_from : int
        First year of the trends.
    cut_off : date or None
        Submissions received after this day do not count; None: all that are accepted do.
    tables : tuple of str
        Indicator ids in the order people see.
    small_territory_tables : tuple of str
        The only tables of a chapter whose territory has too few persons (domain.md 14.5).
    national_total : Bound or None
        Our number beside the published national one.
    """

    year: int
    title: str
    naming_profile: str
    languages: tuple[str, ...]
    trend_from: int
    tables: tuple[str, ...]
    profile: str
    cut_off: date | None
    key_figures: tuple[Bound, ...] = ()
    small_territory_tables: tuple[str, ...] = ()
    national_total: Bound | None = None
    provisional_years: tuple[int, ...] = ()
    """Years that may still be completed: flagged so wherever the release shows them."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What the report says of itself: contact, next_release, licence, base_address."""
    about_translated: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Language -> what of that is said otherwise in it."""

    @property
    def years(self) -> tuple[str, ...]:
        """Years of the trends as text, first to last."""
        return tuple(str(year) for year in range(self.trend_from, self.year + 1))


class NoSuchEdition(InputProblem):
    """An edition was named that there is not: called wrongly."""

    exit_code = UsageProblem.exit_code


def load_edition(project: Project, year: int) -> Edition:
    """Read an edition.

    Raises
    ------
    NoSuchEdition
        If there is no such edition.
    InputProblem
        If its file is not of its shape; says file and line.
    """
    path = project.editions / f"{year}.yml"
    if not path.is_file():
        known = (
            ", ".join(sorted(p.stem for p in path.parent.glob("[0-9]*.yml") if p.stem.isdigit())) or "none"
        )
        raise NoSuchEdition(f"There is no edition {year}: write {path} (there are: {known}).")
    source = read_shaped_yaml(path, project.schemas / "meta" / "edition.schema.json")
    if source["year"] != year:
        raise InputProblem(f"{path}: says year {source['year']}; the file's name says {year}.")
    if source["trend_from"] > year:
        raise InputProblem(f"{path}: trend_from {source['trend_from']} is after the edition's year.")
    try:
        cut_off = date.fromisoformat(source["cut_off"]) if "cut_off" in source else None
    except ValueError as error:
        raise InputProblem(f"{path}: cut_off is not a day: write it as 2023-06-30.") from error
    named = [entry["table"] for entry in source.get("key_figures", ())]
    for name in (*named, *source.get("small_territory_tables", ())):
        if name not in source["tables"]:
            raise InputProblem(f"{path}: uses table {name}, which is not in its list of tables.")
    for provisional in source.get("provisional_years", ()):
        if not source["trend_from"] <= provisional <= year:
            raise InputProblem(
                f"{path}: provisional year {provisional} is none of the edition's, {source['trend_from']} to {year}."
            )
    national, about = source.get("national_total"), source.get("about", {})
    return Edition(
        year=year,
        title=source["title"],
        naming_profile=source["naming_profile"],
        languages=tuple(source["languages"]),
        trend_from=source["trend_from"],
        tables=tuple(source["tables"]),
        profile=source["profile"],
        cut_off=cut_off,
        key_figures=tuple(_bound(entry) for entry in source.get("key_figures", ())),
        small_territory_tables=tuple(source.get("small_territory_tables", ())),
        national_total=_bound(national) if national else None,
        provisional_years=tuple(sorted(source.get("provisional_years", ()))),
        about={key: str(value) for key, value in about.items() if key != _TRANSLATED},
        about_translated=about.get(_TRANSLATED, {}),
    )


def write_short_edition(project: Project, year: int, tables: Sequence[str], trend_from: int) -> Path:
    """Write the edition of a year with these tables only, into the data folder.

    Returns
    -------
    Path
        ``editions/<year>.yml`` there; :func:`load_edition` reads it from now on.
    """
    source = read_shaped_yaml(
        project.reports / "editions" / f"{year}.yml", project.schemas / "meta" / "edition.schema.json"
    )
    kept = set(tables)
    short = {**source, "tables": [t for t in source["tables"] if t in kept], "trend_from": trend_from}
    short["key_figures"] = [k for k in source.get("key_figures", ()) if k["table"] in kept]
    short["small_territory_tables"] = [t for t in source.get("small_territory_tables", ()) if t in kept]
    path = project.data / "editions" / f"{year}.yml"
    path.parent.mkdir(exist_ok=True)
    text = yaml.safe_dump(short, sort_keys=False, allow_unicode=True, width=120)
    path.write_text(f"# A part of the edition {year} of the project.\n{text}", encoding="utf-8", newline="\n")
    return path


def _bound(source: Mapping[str, Any]) -> Bound:
    return Bound(
        table=source["table"],
        at={variable: str(code) for variable, code in source.get("at", {}).items()},
        words=source.get("words", ""),
        share=bool(source.get("share", False)),
    )
