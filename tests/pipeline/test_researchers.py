"""What a researcher meets: a release, its facade, its exchange formats, and the notebooks."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml

import clearing_point as cp
from clearing_point.analysis.charts import Chart
from clearing_point.errors import InputProblem
from clearing_point.project import Project, find_project
from clearing_point.published import Release, drawing, open_release, releases
from clearing_point.published.answer import FLAGS
from clearing_point.published.crossing import _Category, _fits, _Table
from clearing_point.published.export import export
from clearing_point.standard import Standard
from tests.conftest import ROOT, mostly_at_night


@pytest.fixture(scope="module")
def release(demo: Project) -> Iterator[Release]:
    with open_release(demo.releases / "2022") as opened:
        yield opened


def test_a_line_ends_where_a_territory_counts_otherwise(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release knows the break: a line over it, or over a sum that has it, would draw a trend that is none."""
    years = sorted(release.table("T01").frame["reference_year"].unique())
    territory = next(t for t in release.table("T01").frame["territory"] if t != "Total")
    rows = release.rows
    told: list[tuple[str, int, str, str]] = []

    def told_of(query: str, *more: object) -> list[tuple[object, ...]]:
        return list(told) if "FROM break" in query else rows(query, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(release, "rows", told_of)

    drawn: list[Chart] = []
    draw = drawing.draw_chart

    def noted(chart: Chart, *_: object) -> str:
        drawn.append(chart)
        return "<svg>\n</svg>"

    def ends(what: str = "", **asked: object) -> bool:
        with monkeypatch.context() as patched:
            patched.setattr(drawing, "draw_chart", noted)
            release.chart(
                what or release.crosstab(["reference_year"], population="persons_identified", **asked)  # type: ignore[arg-type]
            )
        return any(line.breaks for line in drawn[-1].series)

    for field, before, broken in (
        ("persons_identified", "", True), ("count_basis", "PRESENT", True), ("persons_assisted", "", False),
    ):  # fmt: skip
        told[:] = [(territory, int(years[-1]), field, before)]
        assert ends("T01") == broken
        assert ends() == broken
        assert ends(where={"territory": territory}) == broken
    told[:] = [("none of it", int(years[-1]), "persons_identified", "")]
    assert not ends(where={"territory": territory})
    # A line that ends says so below the picture, and no other does.
    for chart in (drawn[0], drawn[-1]):
        svg = draw(chart, ROOT / "reports" / "style.mplstyle")
        assert ("begins anew" in svg) == any(line.breaks for line in chart.series)


def test_help_names_a_territory_as_the_release_does(release: Release) -> None:
    """Asked by any name, the answer has the name of the edition's profile: an asterisk is not lost."""
    named = release.rows(
        "SELECT DISTINCT code, label FROM label WHERE variable = 'territory' AND language = 'en'"
    )
    sent = {row[0] for row in release.rows("SELECT DISTINCT territory FROM coverage")}
    asked = [(code, label) for code, label in named if code in sent]
    assert asked
    for code, label in asked:
        assert release.help(label.rstrip("*").upper()).lines[0] == f"{code}: {label}"


def test_no_notebook_ranks_territories() -> None:
    """Territories differ in who identifies and how; only tables are sorted, by what their protection costs."""
    for path in sorted((ROOT / "notebooks").glob("*.py")):
        ranked = [
            line
            for line in path.read_text(encoding="utf-8").split("\n")
            if re.search(r"sort_values|nlargest|\.rank\(", line)
        ]
        assert all(line.startswith("cost.") for line in ranked), path.name


def test_the_facade_is_small_and_importing_it_costs_nothing() -> None:
    names = set(cp.__all__) - {"__version__"}
    assert names == {"Answer", "Picture", "Release", "open_release", "releases", "reproduce"}
    code = "import sys, clearing_point; print([m for m in ('pandas', 'duckdb', 'matplotlib') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_release_is_whole_and_its_checksums_hold(demo: Project, release: Release) -> None:
    folder = demo.releases / "2022"
    listed = dict(reversed(line.split("  ", 1)) for line in (folder / "SHA256SUMS").read_text().splitlines())
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there - set(listed) == {"SHA256SUMS", "published.duckdb"}
    for name, wanted in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == wanted
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["release"] == release.release_id
    package = json.loads((folder / "datapackage.json").read_text())
    assert {r["path"] for r in package["resources"]} == {n for n in there if n.endswith(".csv")}
    for resource in package["resources"]:
        with (folder / resource["path"]).open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle))
        fields = {f["name"]: f for f in resource["schema"]["fields"]}
        assert not rows or list(rows[0]) == list(fields)
        for row in rows:
            for name, field in fields.items():
                allowed = field.get("constraints", {}).get("enum")
                assert not allowed or row[name] in allowed or (row[name] == "" and name == "protection")
        keys = [tuple(row[k] for k in resource["schema"]["primaryKey"]) for row in rows]
        assert len(keys) == len(set(keys))
        if resource["path"][:-4] + ".parquet" not in there:
            assert resource["name"] in ("revisions", "t40", "codelists")  # no tables of counts
            continue
        parquet = duckdb.sql(
            f"SELECT count(*), sum(value) FROM '{folder / resource['path'][:-4]}.parquet'"
        ).fetchone()
        shown = [int(row["value"]) for row in rows if row["value"]]
        assert parquet is not None
        assert parquet[0] == len(rows)
        assert (parquet[1] or 0) <= sum(shown)  # the Parquet says nothing where nothing was sent
    catalogue = json.loads((folder / "catalogue.jsonld").read_text())
    whole, dataset, *parts = catalogue["@graph"]
    assert (whole["@type"], dataset["@type"]) == ("dcat:Catalog", "dcat:Dataset")
    assert {d["@id"] for d in dataset["dcat:distribution"]} == {d["@id"] for d in parts}
    for part in parts:
        assert part["@type"] == "dcat:Distribution"
        assert (folder / part["dcat:accessURL"]["@id"]).is_file()
    citation = yaml.safe_load((folder / "CITATION.cff").read_text())
    assert citation["version"] == release.release_id
    assert "synthetic data" in citation["title"]


def test_frames_are_tidy_and_typed(release: Release) -> None:
    listed = release.indicators()
    printed = listed[listed["withheld"].isna()]["indicator"]
    assert len(printed) >= 14
    for indicator, why in listed[listed["withheld"].notna()][["indicator", "withheld"]].itertuples(
        index=False
    ):
        with pytest.raises(
            InputProblem, match=re.escape(f"The whole table '{indicator}' is kept back: {why}")
        ):
            release.table(indicator)
    with pytest.raises(InputProblem, match="has no indicator 'T9999'"):
        release.table("T9999")
    for indicator in printed:
        frame = release.table(indicator).frame
        assert str(frame["value"].dtype) in ("Int64", "Float64")
        for flag in FLAGS:
            assert frame[flag].dtype == bool
        assert frame.loc[frame["suppressed"] | frame["missing"], "value"].isna().all()
        assert (frame["value"].dropna() >= 0).all()
        assert frame.attrs["release_id"] == release.release_id
        assert frame.attrs["made_data"] is True
    assert release.table("T01").frame["reference_year"].dtype.kind == "i"


def test_a_cross_table_says_what_it_costs_and_what_costs_less(release: Release) -> None:
    answer = release.crosstab(
        ["territory", "sex"], where={"reference_year": 2022}, population="persons_identified"
    )
    frame = answer.frame
    assert answer.cost["cells"] == len(frame)
    assert answer.cost["hidden_cells"] == (frame["suppressed"] | frame["not_published"]).sum()
    assert not frame["not_published"].any()  # published for that year alone

    fine = release.crosstab(
        ["territory", "sex", "minor"], where={"reference_year": 2022}, population="persons_identified"
    )
    assert fine.frame["not_published"].any()
    inner = fine.frame[
        (fine.frame["sex"] == "F") & (fine.frame["minor"] == "Y") & (fine.frame["territory"] != "Total")
    ]
    assert inner["value"].isna().all()
    assert fine.cost["hidden_cells"] == (fine.frame["suppressed"] | fine.frame["not_published"]).sum() > 0
    assert fine.coarser
    assert fine.coarser[0].hidden_cells < fine.cost["hidden_cells"]
    again = release.crosstab(
        fine.coarser[0].by, where={"reference_year": 2022}, population="persons_identified"
    )
    assert again.cost["hidden_cells"] == fine.coarser[0].hidden_cells

    years = release.crosstab(
        "reference_year", where={"territory": ["ALB", "BGR"]}, population="persons_identified"
    )
    both = release.table("T01").frame
    for year in (2021, 2022):
        parts = both[both["territory"].isin(["ALB", "BGR"]) & (both["reference_year"] == year)]["value"]
        summed = years.frame.set_index("reference_year").loc[year, "value"]
        # A sum over a protected number is protected.
        assert pd.isna(summed) if parts.isna().any() else summed == parts.sum()
    assert years.frame["value"].notna().any()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"by": ["nothing"]}, "No whole population is published by 'nothing'"),
        ({"by": ["sex"], "where": {"territory": "QQQ"}}, "no category 'QQQ'"),
        ({"by": ["territory"], "where": {"reference_year": 2022}}, "Say who is counted"),
        ({"by": ["sex", "sex"]}, "named twice"),
        (
            {"by": ["reference_year"], "where": {"exploitation_form": ["SEX", "LAB"]}, "population": "persons_identified"},
            "cannot be added up",
        ),
    ],
)  # fmt: skip
def test_a_wrong_question_is_one_sentence(release: Release, asked: dict[str, object], said: str) -> None:
    with pytest.raises(InputProblem, match=said):
        release.crosstab(**asked)  # type: ignore[arg-type]


def test_help_explain_and_pictures_speak(release: Release) -> None:
    assert "Female" in repr(release.help("sex"))
    assert "T10" in repr(release.help("sex"))
    assert "female and male" in repr(release.help("T10")).lower()
    explained = release.explain("T10")
    assert "SELECT" in explained.query
    assert len(explained.submissions) == 4
    with pytest.raises(InputProblem, match="does not know"):
        release.help("nonsense")
    picture = release.chart("T01")
    assert picture.svg.startswith("<?xml") or "<svg" in picture.svg
    assert "Synthetic data" in picture.alternative
    assert "Albania" in release.map("T01").alternative
    with open_release(release.folder, language="sr-Latn") as serbian:
        assert "Albanija" in serbian.map("T01").alternative


def test_help_knows_every_code_of_the_standard(release: Release) -> None:
    """Also those that no table prints: of the scorecard, of a group, of an answer that was grouped with others."""
    schemas = find_project().schemas
    for path in [*sorted((schemas / "codelists").glob("*.csv")), schemas / "territories" / "group_label.csv"]:
        with path.open(encoding="utf-8", newline="") as handle:
            last = list(csv.reader(handle))[-1]  # one of each list: all are read alike
        assert last[0] in repr(release.help(last[0])), path.name
    assert "Shelters for victims exist" in repr(release.help("M15"))
    assert "XKX" in repr(release.help("SEE11"))


def test_a_territory_that_sent_nothing_is_known_and_a_word_leads_to_its_tables(release: Release) -> None:
    """It stands in the tables, with "no data"; rows of a table that are no territories are not listed as such."""
    assert release.territory("Kosovo*") == release.territory("kosovo") == "XKX"
    assert "T13" in repr(release.help("children"))
    assert "small number" in repr(release.help("hidden"))
    lines = repr(release.help("territory")).splitlines()
    assert not any(line.startswith("  SUBMITTED") for line in lines)
    assert any("no territories" in line and "SUBMITTED" in line for line in lines)


def _asked_by_year(release: Release) -> tuple[int, list[str]]:
    """Ask every table by its other variables, its newest year given; return how many and those that are not answered."""
    asked, silent = 0, []
    for name, population in release.rows(
        "SELECT indicator_id, population || coalesce(': ' || condition, '') FROM indicator WHERE withheld IS NULL"
    ):
        published = release.table(name).frame
        listed = release.rows(
            "SELECT variable, codelist FROM dimension WHERE indicator_id = ? ORDER BY position", [name]
        )
        years = [v for v, codelist in listed if codelist == "year"]
        others = [v for v, _ in listed if v not in years and published[v].nunique() > 1]
        if not years or not others:
            continue
        where = {years[0]: int(published[years[0]].max())}
        answer = release.crosstab(others, where=where, population=population)
        asked += 1
        silent += [name] if answer.frame["not_published"].any() else []
    return asked, silent


def test_every_published_crossing_of_one_year_is_answered_with_its_year(release: Release) -> None:
    """Asked by its other variables where the year is its own, a table gives its own numbers."""
    asked, silent = _asked_by_year(release)
    assert (asked >= 15, silent) == (True, [])


@pytest.mark.nightly
def test_a_table_of_groups_alone_is_answered_with_its_year(full_demo: Project) -> None:
    """Origin and destination, domains, six and twelve months: of lists without codes in any table nothing was answered.

    Quick: tests/pipeline/test_researchers.py::test_groups_are_a_breakdown_where_no_table_has_codes_of_their_list
    """
    with open_release(full_demo.releases / "2022") as opened:
        asked, silent = _asked_by_year(opened)
    assert (asked >= 130, silent) == (True, [])


def test_groups_are_a_breakdown_where_no_table_has_codes_of_their_list() -> None:
    """Rows that reconcile totals of a territory are none; domains of follow-up are all that there is of them."""
    groups = tuple(_Category(code, "group", frozenset({code})) for code in ("HOUSING", "WORK"))
    table = _Table(
        "T39A", "p", "u", {"domain": groups}, frozenset(), frozenset(), (), "", {"domain": 2}, frozenset()
    )
    assert _fits(table, ["domain"], {})
    assert not _fits(replace(table, coded=frozenset({"domain"})), ["domain"], {})


def test_what_is_sought_by_words_is_found(release: Release) -> None:
    assert "T13" in set(release.search("children")["indicator"])
    assert release.search("children territory")["indicator"].iloc[0] == "T13"
    assert release.search("no such thing").empty
    assert [release.territory(name) for name in ("Albania", "ALB", "Албанија", "Bugarska")] == [
        "ALB",
        "ALB",
        "ALB",
        "BGR",
    ]
    with pytest.raises(InputProblem, match="is none of the territories"):
        release.territory("France")
    assert "sent 2021, 2022" in repr(release.help("Albania"))
    assert "ALB 2022" in repr(release.help("coverage"))
    assert "new victims only" in repr(release.help("break"))
    assert "HOUSING" not in set(release.rows("SELECT DISTINCT label FROM label WHERE language = 'en'"))
    assert (
        list(
            release.rows(
                "SELECT code FROM category WHERE kind = 'group' AND label = code AND code <> 'Total'"
            )
        )
        == []
    )


def test_shares_rest_on_known_numbers_that_are_shown(release: Release) -> None:
    frame = release.table("T10A").shares("sex").set_index(["sex", "reference_year"])
    for (sex, year), row in frame.iterrows():
        total, unknown = (frame.loc[(code, year), "value"] for code in ("Total", "UNK"))
        if sex in ("Total", "UNK") or any(pd.isna(n) for n in (row["value"], total, unknown)):
            assert pd.isna(row["share"])
        else:
            assert row["share"] == pytest.approx(100 * row["value"] / (total - unknown))
    with pytest.raises(InputProblem, match="no variable 'minor'"):
        release.table("T10A").shares("minor")


def test_a_picture_is_what_its_name_says_and_carries_title_and_source(
    release: Release, tmp_path: Path
) -> None:
    picture = release.chart("T01")
    for ending, begins in ((".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF")):
        made = picture.save(tmp_path / f"picture{ending}")
        assert made.read_bytes().startswith(begins)
    with pytest.raises(InputProblem, match=r"saved as \.svg, \.png, \.pdf"):
        picture.save(tmp_path / "picture.jpg")
    assert f"release {release.release_id}" in picture.svg
    assert ">Identified victims by reporting territory and year<" in picture.svg
    # "Per 100,000 inhabitants by territory" does not say of whom; and a picture of one year names it.
    assert ">Identified victims per 100,000 inhabitants, 2022<" in release.chart("T42").svg
    # A rate is drawn as a rate: the numbers of the picture are those of the measure.
    rates = release.table("T42")
    drawn = release.map(rates).svg
    shown = [f"{m:,.1f}" for m in rates.frame["measure"].dropna() if m]
    assert shown
    assert any(f">{rate}<" in drawn for rate in shown)
    for shown_html in (release, release.help("sex"), release.explain("T10"), rates):
        assert shown_html._repr_html_().startswith("<")  # type: ignore[attr-defined]
        assert "<ul></ul>" not in shown_html._repr_html_()  # type: ignore[attr-defined]
    assert all("knows" not in repr(release.help(sign)) for sign in ("~", "x", "b", ".."))


def test_plain_sql_reads_the_release_and_nothing_else(
    release: Release, demo: Project, tmp_path: Path
) -> None:
    assert len(release.sql("SELECT * FROM T01 WHERE territory = 'ALB'")) == 2
    for query in (
        f"SELECT * FROM read_csv('{ROOT / 'README.md'}')",
        f"ATTACH '{demo.warehouse}' AS w",
        f"COPY cell TO '{tmp_path / 'x.csv'}'",
        "CREATE TABLE x (a INTEGER)",
        "UPDATE cell SET value = 1",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ):
        with pytest.raises(InputProblem):
            release.sql(query)
    assert not (tmp_path / "x.csv").exists()
    for query, named in (
        ("SELECT territory::INTEGER FROM T01", None),  # DuckDB would quote the first code that it met
        ("SELECT valu FROM T01", "valu"),  # and propose columns
        ("SELECT * FROM T0", "T0"),
        ("SELEC 1", "SELEC"),
    ):
        with pytest.raises(InputProblem) as refused:
            release.sql(query)
        assert refused.value.__cause__ is None
        said = str(refused.value)
        assert (f"({named})" in said) == (named is not None)
        assert not set(re.findall(r"\b[A-Z]{3}\b", said)) - set(query.split()) - {"SQL"}
        assert "\n" not in said


def test_an_output_can_be_asked_again(release: Release, tmp_path: Path) -> None:
    answer = release.crosstab(
        ["territory", "sex"], where={"reference_year": 2022}, population="persons_identified"
    )
    table, sheet = answer.to_csv(tmp_path / "a.csv"), answer.to_xlsx(tmp_path / "a.xlsx")
    for output in (answer, answer.frame, table, sheet):
        assert cp.reproduce(output, release).same
    changed = pd.read_csv(table, dtype=str, keep_default_na=False)
    shown = changed.index[changed["value"] != ""][0]
    changed.loc[shown, "value"] = "1"
    changed.to_csv(table, index=False)
    again = cp.reproduce(table, release)
    assert not again.same
    assert len(again.differences) == 1
    with pytest.raises(InputProblem, match="where it comes from"):
        cp.reproduce(pd.DataFrame({"value": [1]}), release)
    assert answer.arrow().num_rows == len(answer.frame)


def test_releases_are_found_and_a_missing_one_says_what_to_do(
    demo: Project, release: Release, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert list(releases(demo.data)["release_id"]) == [release.release_id]
    monkeypatch.setenv("CLEARING_POINT_DATA", str(tmp_path))
    monkeypatch.delenv("CLEARING_POINT_RELEASE", raising=False)
    with pytest.raises(InputProblem, match="clearing-point demo"):
        open_release()
    monkeypatch.setenv("CLEARING_POINT_DATA", str(demo.data))
    with open_release(2022) as found:
        assert found.release_id == release.release_id
    with pytest.raises(InputProblem, match="There is no release '1999'"):
        open_release(1999)


def test_an_installed_package_finds_its_data_from_a_folder_below(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Jupyter runs a notebook in the notebook's own folder, the demonstration was made in the one above."""
    installed = tmp_path / "site" / "bundled"
    (installed / "schemas").mkdir(parents=True)
    (installed / "schemas" / "standard.yml").touch()
    monkeypatch.delenv("CLEARING_POINT_DATA", raising=False)
    monkeypatch.setenv("CLEARING_POINT_PROJECT", str(installed))
    notebooks = tmp_path / "work" / "notebooks"
    notebooks.mkdir(parents=True)
    monkeypatch.chdir(notebooks)
    assert find_project().data == notebooks / "clearing-point-data"
    (tmp_path / "work" / "clearing-point-data").mkdir()
    assert find_project().data == tmp_path / "work" / "clearing-point-data"


def test_the_wheel_holds_every_folder_of_a_project(root: Path) -> None:
    """The facade draws with the project's style and map, the command line needs the rest."""
    build = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    held = build["targets"]["wheel"]["force-include"]
    project = Project(root=root, data=root)
    for folder in (project.schemas, project.countries, project.sources, project.reports, project.notebooks):
        assert folder.is_dir()
        name = folder.relative_to(root).as_posix()
        assert held[name] == f"clearing_point/bundled/{name}"


# --- exchange ----------------------------------------------------------------------------------------------


def _exported(release: Release, standard: Standard, name: str, folder: Path) -> list[dict[str, str]]:
    path = export(release, standard, name, folder).path
    assert path.name.startswith("MADE-DATA-")
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_unodc_shape_is_that_of_the_published_file(
    release: Release, standard: Standard, tmp_path: Path, root: Path
) -> None:
    extract = root / "pipelines" / "sources" / "unodc_glotip" / "extract" / "unodc_glotip_region.csv"
    with extract.open(encoding="utf-8", newline="") as handle:
        published = list(csv.DictReader(handle))
    rows = _exported(release, standard, "unodc", tmp_path)
    assert list(rows[0]) == list(published[0])
    words = {
        c: {r[c] for r in published}
        for c in ("Indicator", "Dimension", "Sex", "Age", "Unit of measurement", "Region")
    }
    for row in rows:
        for column, known in words.items():
            assert row[column] in known, (column, row[column])
        assert row["txtVALUE"] == "" or row["txtVALUE"].isdigit()
    ours = {
        (r["Iso3_code"], r["Year"]): r["txtVALUE"]
        for r in rows
        if r["Sex"] == r["Age"] == r["Dimension"] == "Total"
    }
    theirs = {
        (r["Iso3_code"], r["Year"]): r["txtVALUE"]
        for r in published
        if r["Indicator"] == "Detected trafficking victims"
        and r["Dimension"] == "Total"
        and r["Sex"] == r["Age"] == "Total"
    }
    same = [key for key in ours if theirs.get(key, "").isdigit()]
    assert len(same) >= 5
    assert all(ours[key] in (theirs[key], "") for key in same)


def test_sdmx_csv_follows_its_own_rules(release: Release, standard: Standard, tmp_path: Path) -> None:
    rows = _exported(release, standard, "sdmx-csv", tmp_path)
    columns = list(rows[0])
    assert columns[:3] == ["STRUCTURE", "STRUCTURE_ID", "ACTION"]
    dimensions = columns[3 : columns.index("OBS_VALUE")]
    keys = [tuple(row[d] for d in dimensions) for row in rows]
    assert len(keys) == len(set(keys)), "one observation a key"
    for row in rows:
        assert row["STRUCTURE"] == "dataflow"
        assert re.fullmatch(r"[A-Z_]+:[A-Z_]+\(\d+\.\d+\.\d+\)", row["STRUCTURE_ID"])
        assert row["ACTION"] in ("I", "A", "M", "D", "R")
        assert re.fullmatch(r"\d{4}", row["TIME_PERIOD"])
        assert (row["CONF_STATUS"] == "C") <= (row["OBS_VALUE"] == "")
        assert (row["OBS_STATUS"] == "M") <= (row["OBS_VALUE"] == "")


def test_rates_have_the_same_kosovo_basis(release: Release, standard: Standard, tmp_path: Path) -> None:
    rows = _exported(release, standard, "sdg", tmp_path)
    population = {
        (standard.territory_name(r["territory_id"], "un"), r["year"]): int(r["population"])
        for r in standard.territory_files["population"]
    }
    counts = release.table("T01").frame
    names = {standard.territory_name(t, "un"): t for t in standard.reporting_territories}
    for row in rows:
        if row["Value"]:
            place, year = row["GeoAreaName"], row["TimePeriod"]
            count = counts[(counts["territory"] == names[place]) & (counts["reference_year"] == int(year))][
                "value"
            ].iloc[0]
            assert float(row["Value"]) == pytest.approx(100_000 * count / population[place, year], abs=5e-5)
    assert {"Serbia", "Albania"} <= {row["GeoAreaName"] for row in rows}
    basis = {"includes_kosovo": "Y"}
    swapped = {
        **standard.territory_files,
        "population": tuple(
            {**r, **(basis if r["territory_id"] == "SRB" else {})}
            for r in standard.territory_files["population"]
        ),
    }
    from dataclasses import replace

    unequal = _exported(release, replace(standard, territory_files=swapped), "sdg", tmp_path)
    assert "Serbia" not in {row["GeoAreaName"] for row in unequal}


def test_eurostat_shape_has_no_number_where_it_is_confidential(
    release: Release, standard: Standard, tmp_path: Path
) -> None:
    rows = _exported(release, standard, "eurostat", tmp_path)
    assert {row["geo"] for row in rows} >= {"AL", "RS", "XK", "RO"}
    assert any(row["CONF_STATUS"] == "C" for row in rows)
    for row in rows:
        assert row["OBS_VALUE"].isdigit() != (row["OBS_VALUE"] == ":")
        assert (row["CONF_STATUS"] == "C") <= (row["OBS_VALUE"] == ":")


# --- notebooks ---------------------------------------------------------------------------------------------

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))


def test_notebooks_are_stored_without_output() -> None:
    assert 4 <= len(NOTEBOOKS) <= 6
    assert not list((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", mostly_at_night(NOTEBOOKS, NOTEBOOKS[:1]), ids=lambda p: p.stem)
def test_a_notebook_runs_on_the_demonstration(
    path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every cell is run in one process, in order; the pictures are drawn when the cell's value is shown."""
    # They read tables of eleven territories; of three, too few persons stand behind some of these.
    demo: Project = request.getfixturevalue("demo" if path == NOTEBOOKS[0] else "full_demo")
    import jupytext
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    monkeypatch.setenv("CLEARING_POINT_RELEASE", str(demo.releases / "2022"))
    monkeypatch.setenv("MPLBACKEND", "agg")
    shell = InteractiveShell()
    pictures = 0
    for cell in jupytext.read(path).cells:
        if cell.cell_type != "code":
            continue
        with capture_output() as captured:
            result = shell.run_cell(cell.source)
        result.raise_error()
        pictures += any("image/svg+xml" in output.data for output in captured.outputs)
        pictures += hasattr(result.result, "_repr_svg_") and not captured.outputs
        pictures += "plt.subplots" in cell.source
    assert pictures or path.stem.startswith("5_"), "a notebook has a picture"
