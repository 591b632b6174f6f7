"""T43: our numbers beside published ones, on a made submission that differs from them (domain.md 9.3 and 12)."""

from __future__ import annotations

from pathlib import Path

from clearing_point.analysis.reconcile import reconcile
from clearing_point.countries import profile_of_territory
from clearing_point.project import Project
from clearing_point.standard import Standard
from pipelines.ingest import load
from pipelines.quality import quality_page
from tests.workbooks import identification, person, write_regional


def test_what_differs_from_a_published_figure_is_flagged_with_what_is_known_of_it(
    project: Project, standard: Standard, tmp_path: Path
) -> None:
    """Published for Bosnia and Herzegovina in 2017: 82, of them 58 female and 25 male (which is 83), and 47 children."""
    counts = {
        ("TOTAL", "TOTAL"): 82,
        ("F", "TOTAL"): 60,
        ("M", "TOTAL"): 22,
        ("TOTAL", "0-17"): 5,
        ("TOTAL", "18+"): 77,
    }
    rows = {
        "person": [person(n, citizenship="BIH", birth_year=1990) for n in (1, 2)],
        "identification": [
            identification(n, territory="BIH", identification_date="2017-03-14", stated_age_band_at_identification="27-29")
            for n in (1, 2)
        ],
        "aggregate_cell": [
            {"aggregate_reference": f"N-{n}", "territory": "BIH", "reference_year": 2017, "population": "IDENT_ALL",
             "breakdown": "TOTAL", "category": "TOTAL", "sex": sex, "age_group": age, "value": value, "unit": "PERSONS"}
            for n, ((sex, age), value) in enumerate(counts.items())
        ],
    }  # fmt: skip
    sent = write_regional(tmp_path / "sent.xlsx", standard, rows)
    outcome = load(project, standard, sent, profile_of_territory(project, "BIH"), "2017")
    assert outcome.verdict.accepted, outcome.feedback.groups
    pairs = reconcile(project.warehouse, standard, territory="BIH")
    of_all = [p for p in pairs if p.population == "IDENT_ALL"]
    assert {(p.origin, p.sex, p.age_group, p.ours, p.published, p.flag) for p in of_all} == {
        ("aggregate figures", "TOTAL", "TOTAL", 82, 82, "agrees"),
        ("aggregate figures", "F", "TOTAL", 60, 58, "agrees"),  # 3 per cent
        ("aggregate figures", "M", "TOTAL", 22, 25, "differs"),
        ("aggregate figures", "TOTAL", "0-17", 5, 47, "implausible"),
        ("cases", "TOTAL", "TOTAL", 2, 82, "implausible"),
        ("cases", "F", "TOTAL", 2, 58, "implausible"),
    }
    assert all(p.known[0] == "Female and male add to 83, the total is 82." for p in of_all)
    assert reconcile(project.warehouse, standard, territory="ALB") == []
    page = quality_page(project, standard, "BIH", tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Female and male add to 83, the total is 82." in page
    assert "&lt;5" in page, "a small number of persons is not written out"
