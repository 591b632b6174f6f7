"""The made population: as many persons as was said, the same again on repeat, the truth never in a file."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import re
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearing_point.errors import InputProblem
from clearing_point.standard import Standard
from clearing_point.standard.files import read_csv, read_yaml
from clearing_point.synthetic import (
    MadeRegion,
    MadeTable,
    make_region,
    read_settings,
    tables_of,
    targets_from,
    write_submissions,
)
from tests.conftest import ROOT

YEARS = range(2017, 2023)
PERIODS = ("2017-2021", "2022")
EXTRACT = ROOT / "pipelines" / "sources" / "unodc_glotip" / "extract" / "unodc_glotip_region.csv"


@pytest.fixture(scope="module")
def settings() -> Mapping[str, Any]:
    return read_settings(ROOT / "schemas")


@pytest.fixture(scope="module")
def targets(settings: Mapping[str, Any]) -> dict[tuple[str, int], int]:
    return targets_from(EXTRACT, settings, YEARS, seed=1)


@pytest.fixture(scope="module")
def region(
    standard: Standard, settings: Mapping[str, Any], targets: dict[tuple[str, int], int]
) -> MadeRegion:
    return make_region(standard, settings, 1, YEARS, targets)


@pytest.fixture(scope="module")
def sent(standard: Standard, region: MadeRegion) -> dict[tuple[str, str], dict[str, MadeTable]]:
    """What each territory sends in each period."""
    return {(t, p): tables_of(region, standard, t, p) for t in region.territories for p in PERIODS}


def test_every_reporting_territory_sends_and_its_profile_declares_the_same(
    standard: Standard, settings: Mapping[str, Any]
) -> None:
    assert sorted(settings["senders"]) == sorted(standard.reporting_territories)
    for territory, sender in settings["senders"].items():
        profile = read_yaml(ROOT / "pipelines" / "countries" / territory / "profile.yml")
        declared = {k: v for k, v in profile["submission"].items() if k != "submission_kind"}
        assert (profile["sender"], declared) == (sender["sender"], sender["submission"])


def test_totals_are_those_that_unodc_printed(targets: dict[tuple[str, int], int]) -> None:
    assert targets["ROU", 2019] == 698  # printed
    assert targets["BGR", 2022] == 153
    assert 1 <= targets["MKD", 2017] <= 4  # printed as "<5"
    assert targets["XKX", 2019] == 26  # not printed: domain.md 9.2
    assert len(targets) == 11 * len(YEARS)


def test_files_hold_as_many_identified_persons_as_asked_for(
    region: MadeRegion,
    sent: dict[tuple[str, str], dict[str, MadeTable]],
    targets: dict[tuple[str, int], int],
) -> None:
    """A person whom the same territory meets again is one person under two numbers."""
    first: dict[tuple[str, Any], str] = {}
    dropped = set()
    for (territory, _), tables in sent.items():
        decisions = tables["identification"].columns
        rows = zip(
            decisions["person_reference"],
            decisions["identification_date"],
            decisions["identification_status"],
            strict=True,
        )
        for person, day, status in rows:
            if status in ("PRESUMED", "CONFIRMED"):
                first[territory, person] = min(first.get((territory, person), "9999"), str(day))
            else:
                dropped.add((territory, person))
    words, place = region.vocabulary.words, region.frames["person"].columns["territory"].values.tolist()
    human = {
        (words[p], f"{region.settings['senders'][words[p]]['case_number']}{serial}"): truth
        for p, serial, truth in zip(place, region.serial.tolist(), region.truth.tolist(), strict=True)
    }
    counted_day: dict[tuple[str, int], str] = {}
    for (t, person), day in first.items():
        if (t, person) not in dropped:
            key = (t, human[t, person])
            counted_day[key] = min(counted_day.get(key, "9999"), day)
    counted = Counter((t, int(day[:4])) for (t, _), day in counted_day.items())
    assert dict(counted) == targets


def test_forms_and_sexes_follow_their_margins(region: MadeRegion, settings: Mapping[str, Any]) -> None:
    words = np.array(region.vocabulary.words, dtype=object)
    person = region.frames["person"]
    place, kind = (words[person.columns[c].values] for c in ("territory", "kind"))
    for territory in ("ROU", "BGR", "ALB"):
        counts = np.sum(list(settings["people"]["margins"][territory]["kinds"].values()), axis=0)
        made = [(kind[place == territory] == k).mean() for k in settings["people"]["kinds"]]
        assert np.abs(made - counts / counts.sum()).max() < 0.02


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_persons(
    standard: Standard, settings: Mapping[str, Any], tmp_path: Path
) -> None:
    small = {("MNE", 2021): 5, ("MNE", 2022): 16, ("SVN", 2022): 5}

    def hashes(seed: int, folder: str) -> list[str]:
        made = make_region(standard, settings, seed, YEARS, small)
        files = write_submissions(made, standard, tmp_path / folder, PERIODS)
        return [hashlib.sha256(f.path.read_bytes()).hexdigest() for f in files]

    once = hashes(7, "once")
    assert once == hashes(7, "again")
    assert once != hashes(8, "other")


def test_a_file_says_that_it_is_made(standard: Standard, settings: Mapping[str, Any], tmp_path: Path) -> None:
    region = make_region(standard, settings, 1, YEARS, {("MNE", 2022): 16})
    (made,) = write_submissions(region, standard, tmp_path, ("2022",))
    assert made.path.name == "MADE-MNE-2022.xlsx"
    with zipfile.ZipFile(made.path) as package:
        assert b"SYNTHETIC DATA" in package.read("docProps/core.xml")
        assert b"SYNTHETIC DATA" in package.read("xl/worksheets/sheet1.xml")
        assert b'name="about"' in package.read("xl/workbook.xml")


def test_no_row_points_outside_its_file(
    standard: Standard, sent: dict[tuple[str, str], dict[str, MadeTable]]
) -> None:
    for tables in sent.values():
        for name, made in tables.items():
            table = standard.tables[name]
            links = [(keys[0], parent, keys[0]) for parent, keys in table.parents.items()]
            for field, parent, key in (*links, *table.references):
                known = set(tables[parent].columns[key]) if parent in tables else set()
                assert {v for v in made.columns.get(field, []) if v is not None} <= known, (name, field)


def test_nothing_is_told_before_it_happened(
    standard: Standard, sent: dict[tuple[str, str], dict[str, MadeTable]]
) -> None:
    planned = {"valid_to", "period_end"}
    for (_, period), tables in sent.items():
        end = datetime.date(int(period[-4:]), 12, 31).isoformat()
        for name, made in tables.items():
            for field in standard.tables[name].received:
                if field.type == "date" and field.name not in planned and field.name in made.columns:
                    assert all(v is None or str(v) <= end for v in made.columns[field.name]), (
                        name,
                        field.name,
                    )


def test_shelters_are_neither_empty_nor_more_than_full(
    sent: Mapping[tuple[str, str], Mapping[str, MadeTable]],
) -> None:
    """Nights are counted here person by person; with places drawn freely the shares ran from 3 to 258 per cent."""
    year = YEARS[-1]
    ends = datetime.date(year, 12, 31)
    told = 0
    for tables in (t for (_, period), t in sent.items() if period.endswith(str(year))):
        score = tables["scorecard"].columns
        places = dict(zip(score["indicator"], score["value"], strict=True))["M15_PLACES"]
        nights = set()
        stay, helped = tables["service"].columns, tables["assistance_episode"].columns
        who = dict(
            zip(
                helped["assistance_reference"],
                zip(helped["person_reference"], helped["assistance_end_date"], strict=True),
                strict=True,
            )
        )
        names = ("service", "assistance_reference", "service_start_date", "service_end_date")
        for code, reference, first, last in zip(*(stay[name] for name in names), strict=True):
            if code not in ("SH_EMG", "SH_LONG") or len(first or "") < 10:
                continue
            person, end = who[reference]
            left = last or end or ""
            until = min(datetime.date.fromisoformat(left), ends) if len(left) == 10 else ends
            night = datetime.date.fromisoformat(first)
            while night < until:
                nights |= {(person, night)} if night.year == year else set()
                night += datetime.timedelta(1)
        if places > 4:
            told += 1
            assert 20 <= 100 * len(nights) / (places * 365) <= 100, places
    assert told >= 5


def test_follow_ups_reach_people(sent: Mapping[tuple[str, str], Mapping[str, MadeTable]]) -> None:
    """Of periods of assistance that ended a year and more before the end, most are followed up; contacts were too few."""
    last = datetime.date(YEARS[-1], 12, 31)
    closed, reached = 0, 0
    for territory in {t for t, _ in sent}:
        ends: dict[str, str] = {}
        met = set()
        for period in PERIODS:
            helped, asked = (sent[territory, period][n].columns for n in ("assistance_episode", "follow_up"))
            ends |= dict(zip(helped["assistance_reference"], helped["assistance_end_date"], strict=True))
            names = ("assistance_reference", "due_month", "follow_up_result")
            met |= {
                r
                for r, month, said in zip(*(asked[n] for n in names), strict=True)
                if (str(month), said) == ("12", "REACHED")
            }
        due = {r for r, end in ends.items() if len(end or "") == 10 and end < f"{last.year - 2}-12-01"}
        closed, reached = closed + len(due), reached + len(met & due)
    assert closed > 500
    assert 0.35 <= reached / closed <= 0.7, reached / closed


def test_a_known_break_of_a_series_is_seen_in_the_made_data(
    sent: Mapping[tuple[str, str], Mapping[str, MadeTable]],
) -> None:
    """The level changes at a break that is declared (schemas/reference/breaks.csv), and by more than in the years before."""
    for line in read_csv(ROOT / "schemas" / "reference" / "breaks.csv"):
        territory, broken = line["territory_id"], int(line["reference_year"])
        first: dict[str, str] = {}
        for period in PERIODS:
            told = sent[territory, period]["identification"].columns
            names = ("person_reference", "identification_date", "identification_status")
            for person, day, status in zip(*(told[n] for n in names), strict=True):
                if status in ("PRESUMED", "CONFIRMED"):
                    first[person] = min(first.get(person, "9999"), str(day))
        level = Counter(int(day[:4]) for day in first.values())
        before = [level[y] for y in YEARS if y < broken]
        ordinary = max(max(a, b) / min(a, b) for a, b in itertools.pairwise(before))
        step = max(level[broken], before[-1]) / min(level[broken], before[-1])
        assert step > 2 * ordinary, (territory, broken, dict(level))


def test_every_assumption_says_where_it_is_from() -> None:
    """Each block that draws something begins with its source; what no line names a section for is assumed, and says so."""
    text = (ROOT / "schemas" / "synthetic.yml").read_text(encoding="utf-8")
    blocks = re.findall(
        r"^  ([a-z_]+):\n(.*)$", text[text.index("\ntables:\n") : text.index("\nscorecard:\n")], re.MULTILINE
    )
    assert len(blocks) > 12
    assert [name for name, first in blocks if not first.startswith("    # Source: ")] == []
    for name in ("links", "scorecard"):
        assert f"\n{name}:\n  # Source: " in text


def test_cells_are_codes_and_references_pass_for_a_senders_own_numbers(
    standard: Standard, region: MadeRegion, sent: dict[tuple[str, str], dict[str, MadeTable]]
) -> None:
    for tables in sent.values():
        for name, made in tables.items():
            for field in standard.tables[name].received:
                cells = {v for v in made.columns.get(field.name, []) if v is not None}
                if field.codelist:
                    codes = {part for v in cells for part in str(v).split("; ")}
                    assert codes <= {*standard.codes_of(field.codelist), *standard.missing_codes}, (
                        name,
                        field.name,
                    )
                elif field.disclosure == "pseudonym":
                    pattern = re.compile(field.constraints["pattern"])
                    assert all(pattern.fullmatch(str(v)) for v in cells)
                    if field.name not in region.tokens:
                        assert not any(re.search(r"\d{7}", str(v)) for v in cells)


def test_persons_return_between_territories_and_only_the_truth_knows(
    region: MadeRegion, sent: dict[tuple[str, str], dict[str, MadeTable]]
) -> None:
    person = region.frames["person"]
    place = person.columns["territory"].values
    people, rows = np.unique(region.truth, return_counts=True)
    moved = [t for t in people[rows > 1] if len(set(place[region.truth == t])) > 1]
    again = [t for t in people[rows > 1] if len(set(place[region.truth == t])) == 1]
    assert len(moved) >= 50
    assert len(again) >= 20
    words = region.vocabulary.words
    for human in moved:
        behind = np.flatnonzero(region.truth == human)
        for column in ("sex", "birth_year", "citizenship", "form"):
            assert len(set(person.columns[column].values[behind].tolist())) == 1
        home = behind[np.argmax(person.columns["identified_on"].values[behind])]
        assert words[place[home]] == words[person.columns["citizenship"].values[home]]
    written = {str(cell) for tables in sent.values() for cell in tables["person"].columns["person_reference"]}
    assert not written & {str(human) for human in people}


def test_persons_are_assisted_in_several_years(region: MadeRegion) -> None:
    help_given = region.frames["assistance_episode"]
    assert (help_given.number == 2).sum() > 100
    start = help_given.columns["assistance_start_date"].values
    second = np.flatnonzero(help_given.number == 2)
    assert (start[second] > help_given.columns["assistance_end_date"].values[second - 1]).all()


def test_what_a_sender_does_not_ask_is_not_in_her_file(
    settings: Mapping[str, Any], sent: dict[tuple[str, str], dict[str, MadeTable]]
) -> None:
    for (territory, _), tables in sent.items():
        for name, fields in settings["senders"][territory].get("without", {}).items():
            assert not set(fields) & set(tables[name].columns)


def test_a_word_that_is_no_code_is_refused_with_its_place(
    standard: Standard, settings: Mapping[str, Any]
) -> None:
    person = settings["tables"]["person"]
    wrong = {**person["columns"], "residence_area": {"choose": {"SUBURB": 1}}}
    broken = {**settings, "tables": {**settings["tables"], "person": {**person, "columns": wrong}}}
    with pytest.raises(InputProblem, match=r"person\.residence_area makes 'SUBURB'"):
        make_region(standard, broken, 1, YEARS, {("MNE", 2022): 5})
