"""The built report of the demonstration is attacked: it must be a function of what anybody may download.

Bar heights, axis limits, map classes, alternative text, prose, sort orders, row counts, file metadata and what is
absent can only give away what the builder was told. So everything is built once more by somebody who has the public
files alone, and compared byte for byte.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from math import prod

import duckdb
import pytest

from clearing_point.analysis.model import PublishedTable
from clearing_point.disclosure import Ledger, ProtectedCell, audit, load_policy, printed_cost
from clearing_point.disclosure.model import _make_protected
from clearing_point.publication.edition import load_edition
from clearing_point.publication.release import Release
from clearing_point.report.compose import compose
from clearing_point.report.context import context_of, published_figures
from clearing_point.report.html import render_html
from clearing_point.report.lock import submissions_of
from clearing_point.report.words import load_words

YEAR = 2022
"""A table with several hidden cells in a row."""


@pytest.fixture(scope="module")
def definitions(demo):
    return definitions_of(demo)


def definitions_of(demo):
    return json.loads((demo.releases / str(YEAR) / "definitions.json").read_text(encoding="utf-8"))


def public_rows(demo, name):
    path = demo.releases / str(YEAR) / "data" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def outsider(full_demo, standard):
    """The release as an outsider can put it together: downloaded files and the public structure."""
    edition = load_edition(full_demo, YEAR)
    structure = {t.table_id: t for t in Ledger(full_demo.ledger).tables(issue=str(YEAR))}
    manifest = json.loads((full_demo.releases / str(YEAR) / "manifest.json").read_text(encoding="utf-8"))
    indicators = {i.indicator_id: i for i in standard.indicators}
    submissions = tuple(p["submission"] for p in manifest["submissions"])
    tables = []
    for definition in definitions_of(full_demo):
        name = definition["id"]
        form = structure[name]
        variables = [d.variable for d in form.dimensions]
        cells, measures = {}, {}
        for row in public_rows(full_demo, name):
            shown = int(row["value"]) if row["value"] else None
            cell = tuple(row[v] for v in variables)
            cells[cell] = ProtectedCell(shown, row["protection"])
            if "measure" in row:
                measures[cell] = float(row["measure"]) if row["measure"] else None
        values = {key: getattr(form, key) for key in form.__dataclass_fields__ if key != "_token"}
        table = _make_protected(**{**values, "cells": cells})
        indicator = indicators[name]
        if len(variables) > len(indicator.by):
            from clearing_point.standard.model import TERRITORY, Breakdown

            region = Breakdown(TERRITORY, TERRITORY, {"en": "Territory"}, categories=())
            indicator = replace(indicator, by=(*indicator.by, region))
        tables.append(
            PublishedTable(
                indicator, standard.populations[indicator.population], table, submissions, True,
                definition["query"], (), printed_cost(table), measures or None,
            )
        )  # fmt: skip
    return Release(
        edition, tuple(tables), full_demo.releases / str(YEAR), submissions, manifest["data_as_of"]
    )


def lines_of(page: str) -> set[str]:
    """Lines of a page; the numbers of tables and figures shift where a chapter about no persons is put in."""
    return {re.sub(r"\b(Table|Figure) R?\d+", r"\1", line.strip()) for line in page.splitlines()}


def page_of(place, standard, release):
    """Return the page and the figures that a release gives."""
    known = submissions_of(place, release.submissions, None, None)
    context = context_of(
        place, standard, release, known, None, published_figures(place, standard, release.edition, known)
    )
    report = compose(release.edition, release.tables, context, place.reports, "en")
    return render_html(report, load_words(place.reports, "en"), place.reports / "templates"), report.figures


@pytest.fixture(scope="module")
def outsiders_page(full_demo, standard, outsider):
    return page_of(full_demo, standard, outsider)


@pytest.mark.nightly
def test_the_whole_report_follows_from_the_public_files(full_demo, outsiders_page):
    """The page of somebody who has only downloads is the page.

    Quick: tests/unit/test_report_build.py::test_only_tables_of_the_gate_are_printed
    """
    page, figures = outsiders_page
    theirs = full_demo.builds / str(YEAR)
    assert len(figures) > 10
    for figure in figures:
        path = theirs / "figures" / figure.file
        assert path.read_text(encoding="utf-8").endswith(figure.svg), figure.file
    mine = lines_of(page)
    assert len(mine) > 1_000
    assert mine - lines_of((theirs / "report.html").read_text(encoding="utf-8")) == set()


@pytest.mark.nightly
def test_a_report_with_one_cell_left_unprotected_is_broken(full_demo, standard, outsider, outsiders_page):
    """Positive control: protection is off for one cell; the same comparison and the same audit find it.

    Quick: tests/attack/test_release_attacks.py::test_the_attacker_would_see_it_if_a_hidden_number_were_shown
    """
    policy = load_policy(full_demo.schemas / "disclosure.yml")
    shown = [t.protected for t in outsider.tables]
    safe = audit(shown, policy)
    assert safe.safe
    # Some count that she could have: as good as the true one here, and it contradicts nothing.
    system, possible = safe.evidence.system, safe.evidence.witnesses[0]
    cell, places = next(
        (cell, places)
        for cell, places in enumerate(system.places)
        for at, codes in places
        if shown[at].cells[codes].shown is None
    )
    leaky = [
        replace(
            t,
            protected=with_cells(t.protected, {codes: int(possible[cell]) for n, codes in places if n == at}),
        )
        for at, t in enumerate(outsider.tables)
    ]
    found = audit([t.protected for t in leaky], policy)
    assert found.recovered + found.too_narrow > 0
    page, _ = page_of(full_demo, standard, replace(outsider, tables=tuple(leaky)))
    assert lines_of(page) - lines_of(outsiders_page[0])


def with_cells(table, more):
    if not more:
        return table
    values = {key: getattr(table, key) for key in table.__dataclass_fields__ if key != "_token"}
    shown = {codes: ProtectedCell(count, "") for codes, count in more.items()}
    return _make_protected(**{**values, "cells": {**table.cells, **shown}})


def test_rows_and_their_order_do_not_depend_on_counts(demo, definitions):
    """A row for every combination of categories, in the order of the code lists: none is missing, none is sorted."""
    assert {d["id"] for d in definitions} == set(load_edition(demo, YEAR).tables)
    for definition in definitions:
        rows = public_rows(demo, definition["id"])
        if definition["withheld"]:
            assert rows == []
            continue
        order = {v: list(codes) for v, codes in definition["dimensions"].items()}
        assert len(rows) == prod(len(codes) for codes in order.values())
        places = [tuple(order[v].index(row[v]) for v in order) for row in rows]
        assert places == sorted(places), definition["id"]


def test_hidden_cells_have_no_number_in_any_file_of_the_release(demo, definitions, tmp_path):
    folder = demo.releases / str(YEAR)
    hidden = 0
    for definition in definitions:
        for row in public_rows(demo, definition["id"]):
            assert (row["value"] == "") == (row["protection"] in {"hidden", "missing"})
            hidden += row["protection"] == "hidden"
            assert row["protection"] in {"", "hidden", "rounded", "missing"}
    text = (folder / "manifest.json").read_text(encoding="utf-8") + (folder / "certificates.json").read_text(
        encoding="utf-8"
    )
    for word in ("primary", "secondary", "greedy", "true"):
        assert f'"{word}"' not in text
    for path in folder.glob("*.duckdb"):
        # A copy: another test of this process may have the release open in its own way.
        copied = shutil.copy(path, tmp_path)
        with duckdb.connect(str(copied), read_only=True) as connection:
            pairs = connection.execute(
                "SELECT table_name FROM duckdb_columns() WHERE column_name IN ('value', 'protection') "
                "GROUP BY table_name HAVING count(*) = 2"
            ).fetchall()
            for (name,) in pairs:
                found = connection.execute(
                    f"SELECT count(*) FROM \"{name}\" WHERE protection = 'hidden' AND value IS NOT NULL"
                ).fetchone()
                assert found == (0,)


def test_pictures_say_in_words_only_what_is_printed(demo, definitions):
    printed = {row["value"] for d in definitions for row in public_rows(demo, d["id"])}
    printed |= {str(year) for year in range(2000, 2101)}
    # A mechanism is drawn as indicators of the state, which are no persons.
    pictures = sorted(
        p for p in (demo.builds / str(YEAR)).rglob("*.svg") if not p.stem.endswith("-mechanism")
    )
    assert pictures
    numbers = 0
    for path in pictures:
        text = path.read_text(encoding="utf-8")
        assert "<metadata" not in text
        spoken = " ".join(re.findall(r"<(?:title|desc)[^>]*>(.*?)</", text, re.DOTALL))
        # Thousands are set apart by narrow spaces; shares of shown numbers carry their sign.
        spoken = re.sub(r"(?<=\d)[\u00a0\u202f\u2009 ,](?=\d{3}\b)", "", spoken)
        for number in re.findall(r"(?<![\w.-])\d+(?![\w.]|\s*(?:%|per cent))", spoken):
            numbers += 1
            assert number in printed, f"{path.name} says {number}"
    assert numbers > 50
