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
from clearing_point.standard.shapes import read_shaped_yaml
from clearing_point.submission.plan import Item
from clearing_point.submission.published_files import as_published
from clearing_point.synthetic import make_region, read_settings, targets_from, write_submissions
from pipelines.annual_report import build
from pipelines.ingest import load_many
from pipelines.publish import publish

Progress = Callable[[str], None]
PLAN = Path("pipelines") / "demo.yml"
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
    plan = read_shaped_yaml(project.root / PLAN, standard.folder / "meta" / "demo.schema.json")
    place = Project(root=project.root, data=project.data / "demo")
    shutil.rmtree(place.data, ignore_errors=True)
    place.prepare()
    progress("making example submissions")
    extract = project.sources / EXTRACT
    settings = read_settings(standard.folder)
    years = range(plan["first_year"], plan["edition"] + 1)
    targets = targets_from(extract, settings, years, plan["seed"])
    region = make_region(standard, settings, plan["seed"], years, targets)
    profiles = {territory: profile_of_territory(project, territory) for territory in region.territories}
    files = write_submissions(region, standard, place.data / "submissions", plan["periods"], profiles)
    came = datetime.datetime.fromisoformat(plan["received_at"])
    items = [Item(f.path, profiles[f.territory], f.period, made_data=True, received_at=came) for f in files]
    items.append(as_published(place, standard, extract, "unodc", came))
    for outcome in load_many(place, standard, items, progress=progress):
        if not outcome.verdict.accepted:
            raise InternalError(
                f"The made submission {outcome.file_name} was returned; its findings name the rules."
            )
    release = publish(place, standard, plan["edition"], progress=progress)
    built = build(place, standard, plan["edition"], release=release, progress=progress)
    return [built.html, *built.figures[:1], release.folder]
