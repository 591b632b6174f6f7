"""Somebody has the whole release and asks every name of the facade; somebody else searches its files for a person."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from clearing_point.disclosure.attacker import Attacker
from clearing_point.disclosure.audit import attackers_view, audit
from clearing_point.disclosure.model import Category, Dimension, Protected, ProtectedCell, _make_protected
from clearing_point.disclosure.policy import load_policy
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.published import Release, open_release
from clearing_point.published.answer import FLAGS
from clearing_point.standard import Standard
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def release(demo: Project) -> Iterator[Release]:
    with open_release(demo.releases / "2022") as opened:
        yield opened


def _published(release: Release) -> list[Protected]:
    """Read the tables back as anybody could, from the release alone."""
    tables = []
    for (
        name,
        population,
        profile,
        base,
        far_from,
        far_reach,
        sign,
        sensitive,
        several,
    ) in release.rows(
        "SELECT indicator_id, counted, profile, base, far_from, far_reach, sign, sensitive, multiple_response "
        "FROM indicator WHERE withheld IS NULL ORDER BY position"
    ):
        dimensions = []
        for (variable,) in release.rows(
            "SELECT variable FROM dimension WHERE indicator_id = ? ORDER BY position", [name]
        ):
            categories = release.rows(
                "SELECT code, members FROM category WHERE indicator_id = ? AND variable = ? ORDER BY position",
                [name, variable],
            )
            dimensions.append(Dimension(variable, tuple(Category(c, frozenset(m)) for c, m in categories)))
        # A territory that has sent nothing for a year counts nobody there, and everybody may know it.
        cells = {
            tuple(key): ProtectedCell(0, "") if protection == "missing" else ProtectedCell(value, protection)
            for key, value, protection in release.rows(
                "SELECT key, value, protection FROM cell WHERE indicator_id = ? ORDER BY position", [name]
            )
        }
        tables.append(
            _make_protected(
                table_id=name, population=population,
                dimensions=tuple(dimensions), title="", profile=profile, cells=cells, sign=sign, base=base, far_from=far_from,
                far_reach=far_reach, sensitive=sensitive, multiple_response=frozenset(several),
            )
        )  # fmt: skip
    return tables


def _everything(release: Release) -> Iterator[Any]:
    """Ask for every table and variable, and for pairs, triples and sums by chance."""
    listed = release.indicators()
    for name in listed[listed["withheld"].isna()]["indicator"]:
        yield release.table(name)
    variables = sorted({v for row in listed["variables"] for v in row})
    populations = sorted(set(listed["population"]))
    chance = random.Random(7)  # noqa: S311 - no secret
    pairs = list(itertools.combinations(variables, 2))
    asked = [*itertools.combinations(variables, 1), *chance.sample(pairs, min(15, len(pairs)))]
    triples = list(itertools.combinations(variables, 3))
    asked += chance.sample(triples, min(4, len(triples)))
    for by in asked:
        for population in populations:
            try:
                yield release.crosstab(list(by), population=population)
            except InputProblem:
                continue
    codes: dict[str, list[str]] = {}
    for variable, code in release.rows("SELECT DISTINCT variable, code FROM category ORDER BY ALL"):
        codes.setdefault(variable, []).append(code)
    for _ in range(25):
        by, other = chance.sample(variables, 2)
        some = chance.sample(codes[other], min(len(codes[other]), chance.randint(1, 3)))
        try:
            yield release.crosstab([by], where={other: some}, population=chance.choice(populations))
        except InputProblem:
            continue


def test_the_release_read_back_gives_nothing_away(release: Release) -> None:
    found = audit(_published(release), load_policy(ROOT / "schemas" / "disclosure.yml"))
    assert found.recovered == 0
    assert found.too_narrow == 0


def test_no_name_of_the_facade_shows_more_than_the_release(release: Release) -> None:
    """Each number of each answer is printed in the release, or a sum of numbers that are; each hidden one stays hidden."""
    tables = _published(release)
    members: dict[tuple[str, str], frozenset[str]] = {}
    for table in tables:
        for dimension in table.dimensions:
            for category in dimension.categories:
                members.setdefault((dimension.variable, category.code), category.members)
    printed = {t.table_id: t for t in tables}
    sums = {(name, key): cell.shown for name, table in printed.items() for key, cell in table.cells.items()}
    values = {v for v in sums.values() if v is not None}
    shown = hidden = 0
    for answer in _everything(release):
        named = re.search(r'FROM "(\w+)"', answer.query)
        for row in answer.frame.to_dict("records"):
            gone = row["suppressed"] or row["missing"] or row["not_published"]
            assert gone == (
                row["value"] is None or row["value"] != row["value"] or str(row["value"]) == "<NA>"
            )
            hidden += bool(gone)
            if gone:
                continue
            shown += 1
            if named is None or answer.request.get("where"):
                continue
            table = printed[named.group(1)]
            key = []
            for dimension in table.dimensions:
                known = [c.code for c in dimension.categories]
                if dimension.variable in row:
                    key.append(str(row[dimension.variable]))
                else:
                    key.append("Total" if "Total" in known else known[0])
            assert sums[table.table_id, tuple(key)] == row["value"]
            assert row["value"] in values
    assert shown > 300
    assert hidden > 100


def test_sums_over_a_hidden_number_are_hidden(release: Release) -> None:
    for table in _published(release):
        if table.multiple_response or len(table.dimensions) < 2:
            continue
        for position, dimension in enumerate(table.dimensions):
            hidden = [
                key for key, cell in table.cells.items() if cell.shown is None and key[position] != "Total"
            ]
            plain = [c.code for c in dimension.categories if len(c.members) == 1]
            if not hidden or len(plain) < 2 or hidden[0][position] not in plain:
                continue
            key = hidden[0]
            where = {
                d.variable: [code]
                for d, code in zip(table.dimensions, key, strict=True)
                if d is not dimension
            }
            other = next(code for code in plain if code != key[position])
            try:
                answer = release.crosstab(
                    list(where),
                    where={**where, dimension.variable: [key[position], other]},
                    population=table.population.split(":")[0],
                )
            except InputProblem:
                continue
            row = answer.frame.iloc[0]
            if f'"{table.table_id}"' in answer.query:
                # Summed with a place that has sent nothing, the answer is missing, and no number either.
                assert bool(row["suppressed"]) or bool(row["missing"])
                assert str(row["value"]) in {"<NA>", "None", "nan"}
                return
    pytest.fail("no hidden number was there to be summed over")


def test_the_attacker_would_see_it_if_a_hidden_number_were_shown(release: Release) -> None:
    """Positive control: one hidden number told, and the same attacker recovers others."""
    tables = _published(release)
    view = attackers_view(tables)
    hidden = [n for n, places in enumerate(view.system.places) if places and not view.exact[n]]
    attacker = Attacker(view.system.matrix, view.lower, view.upper)
    before = {n: attacker.interval(n) for n in hidden[:80]}
    for told, (low, high) in before.items():
        if low == high:
            continue
        lower, upper = view.lower.copy(), view.upper.copy()
        lower[told] = upper[told] = low
        narrowed = Attacker(view.system.matrix, lower, upper)
        assert narrowed.interval(told) == (low, low)
        if any(narrowed.interval(n) != before[n] for n in before if n != told):
            return
    pytest.fail("no hidden number that was told gave another one away")


def test_no_word_of_a_person_is_in_any_file_of_the_release(
    release: Release, demo: Project, standard: Standard
) -> None:
    """Every pseudonym, token and name in the warehouse is looked for in every file, the database and the Parquet included."""
    secret: set[str] = set()
    with duckdb.connect(str(demo.warehouse), read_only=True) as warehouse:
        for table in standard.tables_of_kind("header", "case"):
            for field in table.received:
                if field.type == "string" and not field.codelist:
                    secret |= {
                        row[0]
                        for row in warehouse.execute(
                            f'SELECT DISTINCT "{field.name}" FROM core."{table.name}" WHERE length("{field.name}") >= 6'
                        ).fetchall()
                        if row[0]
                    }
    senders = {row[0] for row in release.rows("SELECT DISTINCT sender FROM submission")}
    secret = {s for s in secret if s not in senders and s not in standard.missing_codes}
    assert len(secret) > 1000
    words: set[str] = set()
    folder = Path(release.folder)
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in (".duckdb", ".parquet"):
            words |= set(re.findall(r"[\w./-]{6,}", path.read_text(encoding="utf-8")))
        if path.suffix == ".parquet":
            for row in duckdb.sql(f"SELECT * FROM '{path}'").fetchall():
                words |= {str(cell) for cell in row}
    for (name,) in release.rows("SELECT table_name FROM duckdb_tables()"):
        for row in release.rows(f'SELECT * FROM "{name}"'):
            words |= set(re.findall(r"[\w./-]{6,}", " ".join(map(str, row))))
    assert secret & words == set()
    raw = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    assert secret & {found.decode() for found in re.findall(rb"[A-Za-z0-9_./-]{6,}", raw)} == set()


def test_the_release_names_no_column_of_a_person(release: Release) -> None:
    columns = {row[0] for row in release.rows("SELECT DISTINCT column_name FROM duckdb_columns()")}
    assert not columns & {"person_id", "person_reference", "source_row", "sheet", "birth_year"}
    assert set(FLAGS) - {"provisional", "not_published"} <= columns
