"""What a standard owner adds in YAML alone is understood and protected; with the understanding switched off, it is broken.

Added are a derived variable (girls, boys and adults), a band of ages that is grouped anew, tables under conditions, and a
population that is a part of another one. The attacker is the one from scratch, who is told in words of her own what the new variables mean.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from clearing_point.errors import InputProblem
from clearing_point.publication.release import make_release
from clearing_point.standard import load_standard
from tests.attack.outsider.whole import attack_folder
from tests.conftest import mostly_at_night

YEAR = 2022
LABEL = {"en": "Added"}


def breakdown(variable: str, *codes: str) -> dict:
    groups = {code: {"codes": [code], "label": {"en": code}} for code in codes}
    return {"variable": variable, "codelist": "none", "label": LABEL, "groups": groups}


SEX = {"variable": "sex", "codelist": "sex", "label": LABEL, "unknown_with": ["X"], "unknown_label": {"en": "Other or not known"}}  # fmt: skip
MINOR = {"variable": "minor", "codelist": "yes_no", "label": LABEL, "categories": ["Y", "N"]}
AGE = {"variable": "report_age_band", "codelist": "report_age_band", "label": LABEL}
YOUNG = breakdown("young", "GIRL", "BOY", "GROWN")
HALVES = breakdown("halves", "UNDER_24", "OVER_24")
TABLES = {
    "A01": ([SEX], None),
    "A02": ([MINOR], None),
    "A03": ([YOUNG], None),
    "A04": ([AGE], None),
    "A05": ([HALVES], None),
    "A06": ([SEX], "minor = 'Y'"),
    "A07": ([AGE], "young = 'GROWN'"),
    "A08": ([SEX], "halves = 'OVER_24'"),
    "A09": ([SEX], None),
    "A10": ([AGE], None),
}
MINORS = "minors_found"
OF = {"A09": MINORS, "A10": MINORS}
COLUMNS = (
    "CASE WHEN minor = 'Y' AND sex = 'F' THEN 'GIRL' WHEN minor = 'Y' AND sex = 'M' THEN 'BOY' WHEN minor = 'N' THEN 'GROWN' END AS young, "
    "CASE WHEN report_age_band IN ('0-13', '14-17', '18-23') THEN 'UNDER_24' WHEN report_age_band IN ('24-29', '30+') THEN 'OVER_24' END AS halves"
)  # fmt: skip
RULES = [
    {
        "gives": "young",
        "by": ["minor", "sex"],
        "otherwise": "UNK",
        "cases": [
            {"minor": "Y", "sex": "F", "is": "GIRL"},
            {"minor": "Y", "sex": "M", "is": "BOY"},
            {"minor": "N", "is": "GROWN"},
        ],
    },
    {
        "gives": "halves",
        "by": ["report_age_band"],
        "otherwise": "UNK",
        "cases": [
            {"report_age_band": ["0-13", "14-17", "18-23"], "is": "UNDER_24"},
            {"report_age_band": ["24-29", "30+"], "is": "OVER_24"},
        ],
    },
]
INSIDE = [{"population": MINORS, "of": "persons_identified", "where": {"minor": "Y"}, "exact": True}]  # fmt: skip


PLANS = {"every": list(TABLES), "some": ["A01", "A02", "A03", "A05", "A08", "A09"]}
"""Some: both derived variables, a table under a condition, and one of the part."""


@pytest.fixture
def added(demo, root, tmp_path):
    """A project whose standard has more YAML, over the records of the demonstration."""
    shutil.copytree(root / "schemas", tmp_path / "root" / "schemas")
    (tmp_path / "root" / "pipelines").symlink_to(root / "pipelines")
    schemas, data = tmp_path / "root" / "schemas", tmp_path / "data"
    path = schemas / "populations" / "persons_identified.yml"
    population = yaml.safe_load(path.read_text(encoding="utf-8"))
    population["sql"] = f"SELECT *, {COLUMNS} FROM ({population['sql']})"
    path.write_text(yaml.safe_dump(population, allow_unicode=True, sort_keys=False), encoding="utf-8")
    # A girl or boy whose sex is neither is not known to be one for what she answered: the policy has to know.
    policy = schemas / "disclosure.yml"
    policy.write_text(
        policy.read_text(encoding="utf-8").replace("tells: [", "tells: [young, "), encoding="utf-8"
    )
    minors = population | {"sql": f"SELECT * FROM ({population['sql']}) WHERE minor = 'Y'"}
    text = yaml.safe_dump(minors, allow_unicode=True, sort_keys=False)
    path.with_name(f"{MINORS}.yml").write_text(text, encoding="utf-8")
    place = {"variable": "territory", "codelist": "territory", "label": LABEL}
    time = {"variable": "reference_year", "codelist": "year", "label": LABEL, "total": False}
    indicators = [
        {
            "id": name, "order": 9_000 + number, "part": "profile", "title": LABEL, "definition": LABEL,
            "population": OF.get(name, "persons_identified"), "by": [place, time, *by],
            "layout": {"rows": ["territory"], "columns": ["reference_year", *(b["variable"] for b in by)]},
            **({"where": where} if where else {}),
        }
        for number, (name, (by, where)) in enumerate(TABLES.items())
    ]  # fmt: skip
    text = json.dumps(
        {"indicators": indicators}, indent=1
    )  # which is YAML, too, and repeats instead of referring
    (schemas / "indicators" / "added.yml").write_text(text, encoding="utf-8")
    (data / "editions").mkdir(parents=True)
    (data / "work").mkdir()
    (data / "warehouse").symlink_to(demo.data / "warehouse")
    edition = {
        "year": YEAR, "title": "Added", "naming_profile": "neutral", "languages": ["en"], "trend_from": 2022,
        "profile": "suppress", "tables": list(TABLES),
    }  # fmt: skip
    (data / "editions" / f"{YEAR}.yml").write_text(yaml.safe_dump(edition), encoding="utf-8")
    (tmp_path / "meaning.yml").write_text(
        yaml.safe_dump({"rules": RULES, "inside": INSIDE}), encoding="utf-8"
    )
    return replace(demo, root=tmp_path / "root", data=data)


def attacked(project, place: Path):
    release = make_release(project, load_standard(project.schemas), YEAR, place)
    shutil.rmtree(project.ledger.parent, ignore_errors=True)
    verdict = attack_folder(release.folder, standard=project.schemas, meaning=[place.parent / "meaning.yml"])[
        1
    ]
    return len(release.summary()["withheld"]), verdict


@pytest.mark.parametrize("tables", mostly_at_night(PLANS, ["some"]))
def test_what_is_added_in_yaml_is_protected_and_refused_where_it_is_not_understood(
    tables, added, tmp_path, monkeypatch
):
    plan = added.data / "editions" / f"{YEAR}.yml"
    edition = yaml.safe_load(plan.read_text(encoding="utf-8")) | {"tables": PLANS[tables]}
    plan.write_text(yaml.safe_dump(edition), encoding="utf-8")
    withheld, verdict = attacked(added, tmp_path / "understood")
    assert withheld <= 1
    assert verdict.attacked > 10
    assert [*verdict.recovered, *verdict.narrow, *verdict.undecided] == []

    monkeypatch.setattr("clearing_point.analysis.known.derive", lambda *_: [])
    with pytest.raises(InputProblem, match=r"persons_identified: A01, .*A03"):
        make_release(added, load_standard(added.schemas), YEAR, tmp_path / "refused")


@pytest.mark.nightly
@pytest.mark.parametrize("off", ["known.derive", "count.inclusions"])
def test_with_the_understanding_switched_off_it_is_broken(added, tmp_path, monkeypatch, off):
    """Of one population (derive), and between two (inclusions).

    Quick: tests/attack/test_added_by_yaml.py::test_what_is_added_in_yaml_is_protected_and_refused_where_it_is_not_understood
    """
    monkeypatch.setattr(f"clearing_point.analysis.{off}", lambda *_: [])
    monkeypatch.setattr("clearing_point.publication.issue.refuse_not_known", lambda *_: None)
    _, verdict = attacked(added, tmp_path / "not understood")
    assert verdict.recovered
