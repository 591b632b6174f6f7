"""What the manifests of the released editions say: which submissions each of them counted."""

from __future__ import annotations

import json
from collections.abc import Iterator

from clearing_point.project import Project

_MANIFEST = "manifest.json"


def editions_with(project: Project, submission_id: str) -> tuple[int, ...]:
    """Return the released editions that counted a submission, by their manifests."""
    return tuple(
        year
        for year, manifest in manifests(project)
        if submission_id in {s["submission"] for s in manifest["submissions"]}
    )


def manifests(project: Project) -> Iterator[tuple[int, dict[str, list[dict[str, str]]]]]:
    """Yield the year and manifest of each released edition."""
    for path in sorted(project.releases.glob(f"[0-9]*/{_MANIFEST}")):
        yield int(path.parent.name), json.loads(path.read_text(encoding="utf-8"))
