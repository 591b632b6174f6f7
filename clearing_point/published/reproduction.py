"""Asking an output again: the same numbers from the same release, or what differs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearing_point.errors import InputProblem
from clearing_point.published.answer import FLAGS, NUMBERS, ORIGIN_SHEET, Answer
from clearing_point.published.opening import open_release

if TYPE_CHECKING:
    import pandas as pd

    from clearing_point.published.release import Release


@dataclass(frozen=True)
class Reproduction:
    """What came of asking again.

    Attributes
    ----------
    same : bool
        Every cell is as it was, from the same release.
    differences : pandas.DataFrame
        Cells that differ: the variables, ``before`` and ``now``.
    """

    same: bool
    release_before: str
    release_now: str
    differences: pd.DataFrame

    def __repr__(self) -> str:
        """Say it in one line."""
        if self.same:
            return f"Identical: release {self.release_now}."
        return f"{len(self.differences)} cells differ (release {self.release_before} then, {self.release_now} now)."


def reproduce(output: Answer | pd.DataFrame | str | Path, release: Release | None = None) -> Reproduction:
    """Ask for an output again and compare cell by cell.

    Parameters
    ----------
    output : Answer, pandas.DataFrame, or path
        An answer, its frame, or a file that :meth:`Answer.to_csv` or :meth:`Answer.to_xlsx` wrote.
    release : Release, optional
        Where to ask; by default the release of that id.

    Raises
    ------
    InputProblem
        If the output does not say where it comes from, or its release is not here.
    """
    frame, origin = _read(output)
    for key in ("release_id", "request"):
        if key not in origin:
            raise InputProblem(
                "This output does not say where it comes from: it has no release id or request."
            )
    used = release or open_release(str(origin["release_id"]))
    try:
        again = _ask(used, origin["request"]).frame
        now_id = used.release_id
    finally:
        if release is None:
            used.close()
    keys = [c for c in again.columns if c not in (*NUMBERS, *FLAGS)]
    before, now = _numbers(frame, keys), _numbers(again, keys)
    import pandas as pd

    differing = [
        (*key, before.get(key), now.get(key)) for key in {**before, **now} if before.get(key) != now.get(key)
    ]
    differences = pd.DataFrame(differing, columns=[*keys, "before", "now"])
    same = not differing and now_id == origin["release_id"]
    return Reproduction(same, str(origin["release_id"]), now_id, differences)


def _ask(release: Release, request: dict[str, Any]) -> Answer:
    if request.get("kind") == "table":
        return release.table(request["indicator"])
    if request.get("kind") == "crosstab":
        return release.crosstab(request["by"], where=request["where"], population=request["population"])
    raise InputProblem("This output was made by no request that can be asked again.")


def _numbers(frame: pd.DataFrame, keys: list[str]) -> dict[tuple[str, ...], str]:
    """Return key -> what is shown, as text: a number, or which flag stands in its place."""
    if not set(keys) <= set(frame.columns):
        raise InputProblem("This output does not have the variables of its request: it was changed.")
    found = {}
    for row in frame.to_dict("records"):
        flags = [flag for flag in FLAGS if str(row.get(flag)) == "True"]
        value = row["value"]
        empty = value is None or value != value or str(value) in ("", "<NA>")  # noqa: PLR0124 - NaN is not itself
        # As it stands: a number that somebody changed by a half is another one.
        found[tuple(str(row[k]) for k in keys)] = ",".join(["" if empty else f"{float(value):.17g}", *flags])
    return found


def _read(output: Answer | pd.DataFrame | str | Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    import pandas as pd

    if isinstance(output, Answer):
        return output.frame, output.origin()
    if isinstance(output, pd.DataFrame):
        return output, {str(name): value for name, value in output.attrs.items()}
    path = Path(output)
    try:
        if path.suffix == ".xlsx":
            sheets = pd.read_excel(path, sheet_name=None, engine="calamine", keep_default_na=False, dtype=str)
            text = "\n".join(sheets[ORIGIN_SHEET]["origin"])
            return sheets["data"], json.JSONDecoder().raw_decode(text)[0]
        beside = path.with_name(path.name + ".origin.json")
        frame = pd.read_csv(path, keep_default_na=False, dtype=str)
        return frame, json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, KeyError, ValueError) as error:
        raise InputProblem(
            f"{path} cannot be asked again: it, or what says where it comes from, is not readable."
        ) from error
