"""The whole path on made data, with no shortcut: written, loaded, validated, published, reported."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable
from pathlib import Path

from clearing_point.countries import profile_of_territory
from clearing_point.errors import InternalError
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.files import read_csv, read_yaml
from clearing_point.synthetic import make_region, write_submissions
from pipelines.annual_report import build
from pipelines.ingest import load, load_source
from pipelines.publish import publish

Progress = Callable[[str], None]
EXTRACT = Path("unodc_glotip") / "extract" / "unodc_glotip_region.csv"


def demo(project: Project, standard: Standard, *, progress: Progress = lambda _: None) -> list[Path]:
    """Make example submissions for every territory, load them and build the demonstration edition.

    Everything goes to ``demo`` in the data folder, so that it never mixes with real submissions.

    Returns
    -------
    list of Path
        The report's files, the page first.

    Raises
    ------
    InternalError
        If a made submission is not accepted: the generator and the rules disagree.
    """
    settings = read_yaml(standard.folder / "synthetic.yml")
    place = Project(root=project.root, data=project.data / "demo")
    shutil.rmtree(place.data, ignore_errors=True)
    place.prepare()
    progress("making example submissions")
    extract = project.sources / EXTRACT
    years = range(settings["years"]["first"], settings["years"]["last"] + 1)
    region = make_region(standard, settings, settings["seed"], years, targets_of(extract, standard))
    files = write_submissions(region, standard, place.data / "submissions", settings["periods"])
    # A fixed day of receipt, so that the demonstration gives the same bytes whenever it is run.
    came = datetime.datetime.fromisoformat(settings["received_at"])
    for file in files:
        progress(f"loading {file.path.name}")
        outcome = load(
            place,
            standard,
            file.path,
            profile_of_territory(project, file.territory),
            file.period,
            made_data=True,
        )
        if not outcome.verdict.accepted:
            raise InternalError(
                f"The made submission {file.path.name} was returned; its findings name the rules."
            )
    progress(f"loading {extract.name}")
    load_source(place, standard, extract, "unodc", received_at=came)
    release = publish(place, standard, settings["edition"], progress=progress)
    built = build(place, standard, settings["edition"], release=release, progress=progress)
    return [built.html, *built.figures[:1], release.folder]


def targets_of(extract: Path, standard: Standard) -> dict[tuple[str, int], int]:
    """Read the detected victims that UNODC prints for each territory and year; suppressed ones are left out."""
    words = {
        row["code"]: row["target_code"]
        for row in standard.crosswalks["unodc"]
        if row["codelist"] == "aggregate_population" and not row["note"]
    }
    targets: dict[tuple[str, int], int] = {}
    for row in read_csv(extract):
        total = (row["Dimension"], row["Sex"], row["Age"]) == ("Total", "Total", "Total")
        if total and row["Indicator"] == words["DETECTED"] and not row["txtVALUE"].startswith("<"):
            targets[row["Iso3_code"], int(row["Year"])] = int(row["txtVALUE"].replace(",", ""))
    return targets
