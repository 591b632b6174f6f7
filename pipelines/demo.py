"""The whole path on synthetic data, with no shortcut: written, loaded, validated, published, reported."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from clearing_point.countries import profile_of_territory
from clearing_point.errors import InternalError
from clearing_point.project import Project
from clearing_point.publication.edition import write_short_edition
from clearing_point.standard import Standard
from clearing_point.standard.kept import give_kept
from clearing_point.standard.shapes import read_shaped_yaml
from clearing_point.submission.plan import Item
from clearing_point.submission.published_files import as_published
from clearing_point.suites.beside import library_beside
from clearing_point.synthetic import MadeRegion, make_region, read_settings, targets_from, write_submissions
from pipelines.annual_report import build
from pipelines.load_many import load_many
from pipelines.publish import publish

Progress = Callable[[str], None]
PLAN = Path("pipelines") / "demo.yml"


def demo(
    project: Project, standard: Standard, *, full: bool = False, progress: Progress = lambda _: None
) -> list[Path]:
    """Make example submissions, load them and build the demonstration edition.

    Everything goes to ``demo`` in the data folder, so that it never mixes with real submissions.

    Parameters
    ----------
    full : bool
        Every territory, all years and tables; else the small region of ``pipelines/demo.yml``.

    Returns
    -------
    list of Path
        What to open first: the report's page, its workbook of tables, a submission as its sender wrote it.

    Raises
    ------
    InternalError
        If a made submission is not accepted: the generator and the rules disagree.
    """
    plan = plan_of(project, standard, full=full)
    place = Project(root=project.root, data=project.data / "demo")
    shutil.rmtree(place.data, ignore_errors=True)
    place.prepare()
    give_kept(project.prepared, place.prepared)
    if "tables" in plan:
        write_short_edition(place, plan["edition"], plan["tables"], plan["first_year"])
    with library_beside():  # one for loading and publishing, imported while persons are made
        progress("making persons")
        region = region_of(place, standard, plan)
        profiles = {territory: profile_of_territory(project, territory) for territory in region.territories}
        progress("writing their submissions")
        files = write_submissions(
            region, standard, place.data / "submissions", periods_of(plan, region.territories), profiles
        )
        came = datetime.datetime.fromisoformat(plan["received_at"])
        items = [
            Item(f.path, profiles[f.territory], f.period, made_data=True, received_at=came) for f in files
        ]
        published = plan["published"]
        day = datetime.date.fromisoformat(published["released"])
        items.append(
            as_published(place, standard, place.sources / published["file"], published["source"], came, day)
        )
        for outcome in load_many(place, standard, items, progress=progress):
            if not outcome.verdict.accepted:
                raise InternalError(
                    f"The made submission {outcome.file_name} was returned; its findings name the rules."
                )
        release = publish(place, standard, plan["edition"], progress=progress)
    give_kept(
        place.prepared, project.prepared
    )  # the first real file needs what was worked out for the synthetic ones
    built = build(place, standard, plan["edition"], release=release, progress=progress)
    return [built.html, built.html.with_name("tables.xlsx"), files[0].path]


def plan_of(project: Project, standard: Standard, *, full: bool) -> dict[str, Any]:
    """Return what ``pipelines/demo.yml`` says of the small or the full demonstration, as one mapping."""
    plan = read_shaped_yaml(project.root / PLAN, standard.folder / "meta" / "demo.schema.json")
    regions = {"full": plan.pop("full"), "small": plan.pop("small")}
    return {**plan, **regions["full" if full else "small"]}


def periods_of(plan: Mapping[str, Any], territories: Iterable[str]) -> dict[str, list[str]]:
    """Return the periods of each territory's files."""
    whole = [f"{plan['first_year']}-{plan['edition']}"]
    return {each: whole if each in plan.get("in_one_file", ()) else plan["periods"] for each in territories}


def region_of(project: Project, standard: Standard, plan: Mapping[str, Any]) -> MadeRegion:
    """Make the persons of a plan, as many as UNODC's figures say."""
    settings = read_settings(standard.folder)
    years = range(plan["first_year"], plan["edition"] + 1)
    targets = targets_from(project.sources / plan["published"]["file"], settings, years, plan["seed"])
    chosen = plan.get("territories") or {territory for territory, _ in targets}
    wanted = {key: number for key, number in targets.items() if key[0] in chosen}
    return make_region(standard, settings, plan["seed"], years, wanted)
