"""The report of an edition made in a folder: in its languages, with its annex and lock, told apart from the one before."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clearing_point.analysis.drawing import keep_fonts_in
from clearing_point.analysis.revisions import Revisions, compare
from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication.release import Release
from clearing_point.report.build import BuiltReport, build_report
from clearing_point.report.context import context_of, published_figures
from clearing_point.report.lock import hashes_of, inputs_of, lock_name, lock_text, read_lock, submissions_of
from clearing_point.report.places import (
    folder_named,
    release_number,
    report_before,
    standing_lock,
    year_of,
)
from clearing_point.report.selfcheck import check_report
from clearing_point.standard import Standard
from clearing_point.workplace import drop_work, work_folder

Progress = Callable[[str], None]
_PACKAGES = ("packages",)


@dataclass(frozen=True)
class Verified:
    """What building an edition again showed: files and inputs that differ from its lock."""

    edition: int
    files: int
    different: tuple[str, ...]
    inputs: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Every file is the same, byte for byte."""
        return not self.different

    def sentence(self) -> str:
        """Return one line for a person."""
        if self.same:
            return (
                f"Edition {self.edition}: identical; all {self.files} files were made again, byte for byte."
            )
        why = f" Inputs that changed: {', '.join(self.inputs)}." if self.inputs else ""
        shown = ", ".join(self.different[:8]) + (" ..." if len(self.different) > 8 else "")
        return f"Edition {self.edition}: {len(self.different)} of {self.files} files differ ({shown}).{why}"


def in_languages(release: Release, languages: Sequence[str]) -> Release:
    """Return the release with its report in these languages, each once, the first one the main one."""
    return replace(release, edition=replace(release.edition, languages=tuple(dict.fromkeys(languages))))


def in_its_languages(
    project: Project, release: Release, also: Sequence[str] = (), without: Sequence[str] = ()
) -> Release:
    """Return the release with its report in the edition's languages, those of the report that stands, and further ones.

    A language that readers have does not go away because a build did not ask for it again.

    Parameters
    ----------
    also : sequence of str
        Languages beside those that the edition lists.
    without : sequence of str
        Languages that were added once and are to go.

    Raises
    ------
    InputProblem
        If the edition itself lists a language that is to go.
    """
    edition = release.edition
    for language in without:
        if language in edition.languages:
            path = project.editions / f"{edition.year}.yml"
            raise InputProblem(
                f"Edition {edition.year} lists {language} among its languages: take it out of {path}."
            )
    standing = standing_lock(project, edition.year) or {}
    wanted = (*edition.languages, *standing.get("languages", ()), *also)
    return in_languages(release, [language for language in wanted if language not in without])


def make(
    project: Project, standard: Standard, release: Release, folder: Path, *,
    lock: Mapping[str, Any] | None = None, progress: Progress = lambda _: None,
) -> BuiltReport:  # fmt: skip
    """Make a report with its annex and lock in a folder, and check it there.

    Parameters
    ----------
    lock : mapping, optional
        Make again what this lock describes.
    """
    keep_fonts_in(project.prepared / "figures")
    year = release.edition.year
    cut_off = str(release.edition.cut_off) if release.edition.cut_off else None
    known = None if lock is None else [row["submission"] for row in lock["submissions"]]
    submissions = submissions_of(project, release.submissions, cut_off, known)
    published = published_figures(project, standard, release.edition, submissions)
    inputs = inputs_of(project, standard, release, submissions, None, published)
    standing = lock if lock is not None else standing_lock(project, year)
    same_inputs = standing is not None and _comparable(standing) == _comparable(inputs)
    if lock is None and not same_inputs and standing and not changed_inputs(standing, inputs, _PACKAGES):
        # Another Python or library: a release of its own only if a byte comes out otherwise.
        tried = make(project, standard, release, folder, lock=standing, progress=progress)
        if hashes_of(tried.html.parent, (lock_name(year),)) == standing["files"]:
            path = tried.html.parent / lock_name(year)
            path.write_text(_text_of(standing), encoding="utf-8", newline="\n")
            return tried
        shutil.rmtree(tried.html.parent)
    if lock is not None or same_inputs:
        against = standing["revisions_against"] if standing else None
    else:
        against = report_before(project, year, standing)
    number = release_number(standing, bool(lock) or same_inputs)
    inputs["revisions_against"] = against
    revisions = _revisions(project, release, {**inputs, "release": number}, against)
    context = context_of(project, standard, release, submissions, revisions, published)
    extra = annex_of(release)
    if revisions is not None:
        extra["revisions.csv"] = revisions.csv()

    def finish(new: Path) -> None:
        progress("checking")
        check_report(new, release.edition, release.tables, context)
        text = lock_text(inputs, number, hashes_of(new))
        (new / lock_name(year)).write_text(text, encoding="utf-8", newline="\n")

    return build_report(
        release.edition, release.tables, context, folder, extra=extra, finish=finish, progress=progress
    )


def annex_of(release: Release) -> dict[str, str]:
    """Return the data annex of a report: the release's own tables and definitions, byte for byte.

    Its data package leaves out what the annex lacks: a report tells revisions against the report before it.
    """
    paths = [*sorted(release.folder.glob("data/*.csv")), release.folder / "definitions.json"]
    paths.append(release.folder / "codelists.csv")
    annex = {path.relative_to(release.folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    package = json.loads((release.folder / "datapackage.json").read_text(encoding="utf-8"))
    package["resources"] = [r for r in package["resources"] if r["path"] in annex]
    return {**annex, "datapackage.json": json.dumps(package, ensure_ascii=False, indent=1) + "\n"}


def _text_of(lock: Mapping[str, Any]) -> str:
    inputs = {k: v for k, v in lock.items() if k not in ("files", "release")}
    return lock_text(inputs, str(lock["release"]), lock["files"])


def changed_inputs(
    before: Mapping[str, Any], now: Mapping[str, Any], leave_out: Sequence[str] = ()
) -> tuple[str, ...]:
    """Name what a report is made of that differs between two locks."""
    old, new = _comparable(before), _comparable(now)
    return tuple(k for k in new if k not in leave_out and new[k] != old.get(k))


def _comparable(lock: Mapping[str, Any]) -> dict[str, Any]:
    # Published figures follow from the submissions and the standard; locks of earlier versions do not hold them.
    left_out = ("files", "release", "revisions_against", "published_figures")
    return {k: v for k, v in lock.items() if k not in left_out}


def _revisions(
    project: Project, release: Release, lock: Mapping[str, Any], against: Mapping[str, str] | None
) -> Revisions | None:
    if against is None:
        return None
    year = year_of(against["report"])
    folder = folder_named(project, against["report"], against["lock_sha256"])
    return compare(folder, release.folder, read_lock(folder, year), lock)


class scratch:  # noqa: N801 - used like a function
    """A folder of its own beside the place of a report, removed at the end."""

    def __init__(self, parent: Path, year: int) -> None:
        self.parent, self.year = parent, year

    def __enter__(self) -> Path:
        self.parent.mkdir(parents=True, exist_ok=True)
        self.folder = work_folder(self.parent, f"report-{self.year}-")
        return self.folder

    def __exit__(self, *_: object) -> None:
        drop_work(self.folder)


def moved(made: BuiltReport, place: Path) -> BuiltReport:
    """Return a built report as it is called in the place that it was put."""
    old = made.html.parent

    def at(path: Path) -> Path:
        return place / path.relative_to(old)

    return BuiltReport(at(made.html), tuple(map(at, made.figures)), tuple(map(at, made.files)))
