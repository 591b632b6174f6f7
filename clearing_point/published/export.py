"""Published numbers in the shapes that others use: ``schemas/exports.yml``.

Everything comes from a release; nothing is counted. A number that is hidden in the release is empty or has the sign
that the other shape has for it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearing_point.analysis.model import TOTAL
from clearing_point.errors import InputProblem
from clearing_point.standard.model import TERRITORY, Standard
from clearing_point.standard.shapes import read_shaped_yaml

if TYPE_CHECKING:
    from clearing_point.published.release import Release

_KINDS = ("constant", "variable", TERRITORY, "crosswalk", "words", "shown", "flag", "rate", "population")
_BASIS = {"INCLUDES": "Y", "EXCLUDES": "N"}
"""What a submission declares of Kosovo* -> what the population must say (domain.md 8.3 rule 7, rule G11)."""


@dataclass(frozen=True)
class Exported:
    """A file that was written: its rows, and how many had no counterpart or no population on the same basis."""

    path: Path
    rows: int
    without_counterpart: int

    def sentence(self) -> str:
        """Return one line for a person."""
        left = (
            f", {self.without_counterpart} left out that have no counterpart there"
            if self.without_counterpart
            else ""
        )
        return f"{self.rows} rows{left}: {self.path}"


class _NoCounterpartError(Exception):
    """A row cannot be said in the other shape."""


def export(release: Release, standard: Standard, name: str, folder: Path) -> Exported:
    """Write a release in another shape.

    Parameters
    ----------
    name : str
        A format of ``schemas/exports.yml``.

    Raises
    ------
    InputProblem
        If there is no such format, or the release lacks every table that it is made of.
    """
    source = read_shaped_yaml(
        standard.folder / "exports.yml", standard.folder / "meta" / "exports.schema.json"
    )["formats"]
    if name not in source:
        raise InputProblem(f"There is no format '{name}': {', '.join(source)}.")
    shape = source[name]
    setting = _Setting(release, standard, shape["naming_profile"])
    there = {row[0] for row in release.rows("SELECT indicator_id FROM indicator WHERE withheld IS NULL")}
    parts = [part for part in shape["parts"] if part["indicator"] in there]
    if not parts:
        raise InputProblem(f"This release has none of the tables that {name} is made of.")
    rows: list[list[str]] = []
    lost = 0
    for part in parts:
        columns = {**shape["shared"], **part.get("columns", {})}
        for record in _records(release, part, columns, shape.get("left_out", ())):
            try:
                rows.append([setting.cell(columns[column], record) for column in shape["columns"]])
            except _NoCounterpartError:
                lost += 1
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(shape["columns"])
    writer.writerows(sorted(rows))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (f"MADE-DATA-{shape['file']}" if release.made_data else shape["file"])
    path.write_text(text.getvalue(), encoding="utf-8", newline="\n")
    return Exported(path, len(rows), lost)


def _records(
    release: Release, part: Mapping[str, Any], columns: Mapping[str, Any], left_out: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the cells of one table that the shape can hold: other variables stand at their total."""
    answer = release.table(part["indicator"])
    frame = answer.frame
    used = {c["variable"] for c in columns.values() if "variable" in c}
    kinds = dict(
        release.rows("SELECT variable, codelist FROM dimension WHERE indicator_id = ?", [part["indicator"]])
    )
    coded = [v for v in kinds if kinds[v] not in ("year", TERRITORY)]
    at = dict(part.get("at", {}))
    maps = any("words" in column or "crosswalk" in column for column in columns.values())
    own = [v for v in coded if v in used or (maps and v not in at)]
    for variable in coded:
        if variable in at:
            frame = frame[frame[variable] == at[variable]]
        elif variable in own:
            if "totals" in left_out:
                frame = frame[frame[variable] != TOTAL]
        else:
            frame = frame[frame[variable] == TOTAL]
    if TERRITORY in frame.columns and "region" in left_out:
        places = {
            row[0]
            for row in release.rows(
                "SELECT code FROM category WHERE indicator_id = ? AND variable = ? AND kind = 'code'",
                [part["indicator"], TERRITORY],
            )
        }
        frame = frame[frame[TERRITORY].isin(places)]
    records: list[dict[str, Any]] = [{str(k): v for k, v in r.items()} for r in frame.to_dict("records")]
    for record in records:
        record["_code"] = record[own[0]] if own else None
        record["_year"] = next((record[v] for v, codelist in kinds.items() if codelist == "year"), None)
    return records


class _Setting:
    """What the cells of one export are made of beside the table."""

    def __init__(self, release: Release, standard: Standard, profile: str) -> None:
        self.standard, self.profile = standard, profile
        self.territories = {row["territory_id"]: row for row in standard.territories}
        self.aliases: dict[tuple[str, str], str] = {}
        for row in standard.territory_files["alias"]:
            if row["ambiguous"] != "Y":
                self.aliases.setdefault((row["scheme"], row["territory_id"]), row["alias"])
        self.population = {
            (row["territory_id"], row["year"]): row for row in standard.territory_files["population"]
        }
        query = "SELECT territory, any_value(kosovo_basis) FROM submission WHERE kosovo_basis IS NOT NULL GROUP BY 1"
        self.basis = dict(release.rows(query))

    def cell(self, column: Mapping[str, Any], record: Mapping[str, Any]) -> str:
        kind = next(kind for kind in _KINDS if kind in column)
        return str(getattr(self, f"_{kind}")(column, record))

    def _constant(self, column: Mapping[str, Any], _: Mapping[str, Any]) -> str:
        return str(column["constant"])

    def _variable(self, column: Mapping[str, Any], record: Mapping[str, Any]) -> str:
        if column["variable"] not in record:
            raise _NoCounterpartError
        return str(record[column["variable"]])

    def _territory(self, column: Mapping[str, Any], record: Mapping[str, Any]) -> str:
        place = str(record.get(TERRITORY, TOTAL))
        if place not in self.territories:
            if "region" not in column or place != TOTAL:
                raise _NoCounterpartError
            return str(column["region"])
        scheme = column[TERRITORY]
        if scheme == "name":
            return self.standard.territory_name(place, self.profile)
        if scheme in self.territories[place]:
            return self.territories[place][scheme] or (place if scheme == "iso3" else "")
        if (scheme, place) not in self.aliases:
            raise _NoCounterpartError
        return self.aliases[scheme, place]

    def _crosswalk(self, column: Mapping[str, Any], record: Mapping[str, Any]) -> str:
        for row in self.standard.crosswalks[column["crosswalk"]]:
            same = row["codelist"] == column["codelist"] and row["code"] == record["_code"]
            if same and row["target_variable"] == column["target"] and row["quality"] == "exact":
                return row["target_code"]
        raise _NoCounterpartError

    def _words(self, column: Mapping[str, Any], record: Mapping[str, Any]) -> str:
        if record["_code"] not in column["words"]:
            raise _NoCounterpartError
        return str(column["words"][record["_code"]])

    def _shown(self, column: Mapping[str, Any], record: Mapping[str, Any]) -> str:
        sign = self._sign(column["shown"], record)
        return str(record["value"]) if sign is None else sign

    def _sign(self, signs: Mapping[str, str], record: Mapping[str, Any]) -> str | None:
        """Return what stands where no number may, or None where one may."""
        return next((signs[flag] for flag in ("missing", "suppressed") if record[flag]), None)

    def _flag(self, column: Mapping[str, Any], record: Mapping[str, Any]) -> str:
        signs = column["flag"]
        return str(
            next((sign for flag, sign in signs.items() if record.get(flag) is True), signs["otherwise"])
        )

    def _rate(self, column: Mapping[str, Any], record: Mapping[str, Any]) -> str:
        people, sign = self._people(record), self._sign(column, record)
        return (
            f"{int(record['value']) * column['rate'] / int(people['population']):.4f}"
            if sign is None
            else sign
        )

    def _population(self, _: Mapping[str, Any], record: Mapping[str, Any]) -> str:
        return str(self._people(record)["source"])

    def _people(self, record: Mapping[str, Any]) -> Mapping[str, str]:
        place = str(record[TERRITORY])
        found = self.population.get((place, str(record["_year"])))
        declared = _BASIS.get(self.basis.get(place, ""))
        if found is None or (declared is not None and declared != found["includes_kosovo"]):
            raise _NoCounterpartError
        return found
