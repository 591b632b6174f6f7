"""Small protected tables for the tests of the report, made as the gate makes them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

from clearing_point.analysis.model import PublishedTable
from clearing_point.disclosure.model import Category, Dimension, Protected, ProtectedCell, _make_protected
from clearing_point.publication.edition import Bound, Edition
from clearing_point.report.model import ReportContext
from clearing_point.standard import Standard, load_standard
from clearing_point.standard.model import Breakdown, Indicator, Population

ROOT = Path(__file__).parents[2]
YEARS = ("2020", "2021", "2022")


def standard() -> Standard:
    return load_standard(ROOT / "schemas")


def protected(name: str, dimensions: Mapping[str, tuple[str, ...]], values: Mapping[tuple[str, ...], int | None],
              **more: Any) -> Protected:  # fmt: skip
    """None stands for a hidden cell; a total's members are all other categories."""
    made = tuple(
        Dimension(
            variable,
            tuple(
                Category.of(code, *(c for c in codes if c != "Total"))
                if code == "Total"
                else Category.of(code)
                for code in codes
            ),
        )
        for variable, codes in dimensions.items()
    )
    cells = {
        key: ProtectedCell(values.get(key, 0), "hidden" if values.get(key, 0) is None else "")
        for key in product(*dimensions.values())
    }
    return _make_protected(**{
        "table_id": name, "population": "persons_identified", "dimensions": made, "title": name, "profile": "suppress",
        "cells": cells, "sign": "<5", **more,
    })  # fmt: skip


def indicator(name: str, by: tuple[Breakdown, ...], rows: tuple[str, ...], columns: tuple[str, ...],
              chart: Mapping[str, Any] | None = None, **more: Any) -> Indicator:  # fmt: skip
    return Indicator(**{
        "indicator_id": name, "order": 1, "part": "numbers", "title": {"en": f"Title of {name}"},
        "definition": {"en": f"Definition of {name}."}, "population": "persons_identified", "by": by, "rows": rows,
        "columns": columns, "chart": chart, **more,
    })  # fmt: skip


TERRITORY_BY = Breakdown("territory", "territory", {"en": "Territory"})
YEAR_BY = Breakdown("reference_year", "year", {"en": "Year"}, total=False)
SEX_BY = Breakdown("sex", "sex", {"en": "Sex"})
POPULATION = Population(
    "persons_identified", {"en": "identified victims"}, {"en": "Persons identified."}, "SELECT 1"
)


def published(which: Indicator, table: Protected, **more: Any) -> PublishedTable:
    return PublishedTable(**{
        "indicator": which, "population": POPULATION, "protected": table, "submissions": ("ALB-2022-01",),
        "made_data": True, "query": "SELECT count(*) FROM t WHERE a < 5", "notes": (), "cost": {}, **more,
    })  # fmt: skip


def by_territory() -> PublishedTable:
    """Albania shown, Serbia with a hidden year, Montenegro without data, Kosovo* with a nought, and the region."""
    values: dict[tuple[str, ...], int | None] = {
        ("ALB", "2020"): 30, ("ALB", "2021"): 35, ("ALB", "2022"): 41,
        ("SRB", "2020"): 25, ("SRB", "2021"): None, ("SRB", "2022"): 1230,
        ("Total", "2020"): 55, ("Total", "2021"): 38, ("Total", "2022"): 1271,
    }  # fmt: skip
    which = indicator(
        "T01", (TERRITORY_BY, YEAR_BY), ("territory",), ("reference_year",),
        {"kind": "line", "x": "reference_year", "series": "territory", "value": "count"},
    )  # fmt: skip
    dimensions = {"territory": ("ALB", "XKX", "MNE", "SRB", "Total"), "reference_year": YEARS}
    return published(which, protected("T01", dimensions, values))


def by_sex() -> PublishedTable:
    """Region by sex in one year, with shares: 60 female, 30 male, 10 not known; other hidden in Serbia."""
    values: dict[tuple[str, ...], int | None] = {
        ("ALB", "F"): 60, ("ALB", "M"): 30, ("ALB", "UNK"): 10, ("ALB", "Total"): 100,
        ("SRB", "F"): None, ("SRB", "M"): 1111, ("SRB", "UNK"): None, ("SRB", "Total"): 1171,
        ("Total", "F"): 117, ("Total", "M"): 1141, ("Total", "UNK"): 13, ("Total", "Total"): 1271,
    }  # fmt: skip
    which = indicator(
        "T10", (TERRITORY_BY, SEX_BY), ("territory",), ("sex",),
        {"kind": "stacked", "x": "territory", "series": "sex", "value": "share"}, part="profile", years="edition",
    )  # fmt: skip
    dimensions = {"territory": ("ALB", "SRB", "Total"), "sex": ("F", "M", "UNK", "Total")}
    return published(which, protected("T10", dimensions, values))


def withheld() -> PublishedTable:
    which = indicator("T15", (SEX_BY,), ("sex",), (), part="profile")
    table = protected("T15", {"sex": ("F", "Total")}, {}, reason="too few persons")
    return published(which, table)


def edition(**more: Any) -> Edition:
    return Edition(**{
        "year": 2022, "title": "Victims of trafficking", "naming_profile": "neutral", "languages": ("en",),
        "trend_from": 2020, "tables": ("T01", "T10", "T15"), "profile": "suppress", "cut_off": date(2023, 6, 30),
        "key_figures": (Bound("T01", words="identified"),), "small_territory_tables": ("T01",),
        "national_total": Bound("T01"), **more,
    })  # fmt: skip


def context(**more: Any) -> ReportContext:
    every = dict.fromkeys(YEARS, "accepted")
    return ReportContext(**{
        "standard": standard(),
        "reports": ROOT / "reports",
        "coverage": {"ALB": every, "SRB": every, "XKX": every, "MNE": {"2022": "returned"}},
        "suppliers": (("ALB", "Office", "ALB-2022-01", True),),
        "published_figures": (
            {"territory": "SRB", "year": "2021", "value_text": "<5", "source": "UNODC"},
            {"territory": "ALB", "year": "2022", "value_text": "1140", "source": "UNODC"},
        ),
        "standard_version": "1.0.0", "package_version": "0.1.0", "made_data": True, "cut_off": "2023-06-30",
        "complete": frozenset({("XKX", "2022")}), **more,
    })  # fmt: skip


def real_indicators(seed: int = 1) -> tuple[list[PublishedTable], Edition, ReportContext]:
    """Every indicator of the standard with invented numbers of the size that the region has: for looking and timing."""
    from clearing_point.analysis.categories import dimension_of
    from clearing_point.project import find_project
    from clearing_point.publication.edition import load_edition

    found, random_of = standard(), random.Random(seed)  # noqa: S311
    which = load_edition(find_project(ROOT), 2022)
    by_id = {i.indicator_id: i for i in found.indicators}
    years = list(range(which.trend_from, which.year + 1))
    tables = []
    sizes = {t: random_of.choice([3, 9, 15, 40, 80, 150, 300, 600]) for t in found.reporting_territories}
    for name in which.tables:
        chosen = by_id[name]
        dimensions = tuple(dimension_of(found, chosen, b, years, False) for b in chosen.by)
        cells = {}
        for key in product(*([c.code for c in d.categories] for d in dimensions)):
            size: float = sizes.get(key[0], 1500)
            for dimension, code in zip(dimensions, key, strict=True):
                if code != "Total" and dimension.variable not in ("territory", "reference_year"):
                    size *= random_of.random() * 2.0 / len(dimension.categories)
            value = int(size * random_of.uniform(0.7, 1.3)) * (key[0] != "BGR")
            hidden = 0 < value < 5
            cells[key] = ProtectedCell(None if hidden else value, "hidden" if hidden else "")
        table = _make_protected(
            table_id=name, population=chosen.population, dimensions=dimensions, title=name, profile="suppress",
            cells={} if name == "T15" else cells, sign="<5",
            reason="small numbers could be worked out" if name == "T15" else "",
        )  # fmt: skip
        tables.append(
            PublishedTable(chosen, found.populations[chosen.population], table,
                           tuple(f"{t}-2022-01" for t in found.reporting_territories), True, "SELECT 1", (), {})
        )  # fmt: skip
    every = {str(year): "accepted" for year in years}
    coverage = {t: dict(every) for t in found.reporting_territories}
    coverage["BGR"] = {}
    coverage["MKD"]["2022"] = "returned"
    figures = tuple(
        {"territory": t, "year": str(y), "value_text": "<5" if t == "MNE" else str(sizes[t] * 3), "source": "UNODC GLOTIP"}
        for t in found.reporting_territories for y in years[-2:]
    )  # fmt: skip
    suppliers = tuple(
        (t, "Office of the coordinator", f"{t}-2022-01", True) for t in found.reporting_territories
    )
    return tables, which, ReportContext(
        found, ROOT / "reports", coverage, suppliers,
        figures, found.version, "0.1.0", True, "2023-06-30",
    )  # fmt: skip
