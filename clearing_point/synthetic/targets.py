"""How many persons to make: the totals that UNODC printed, where it printed any."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.synthetic.columns import generator


def targets_from(
    extract: Path, settings: Mapping[str, Any], years: range, seed: int
) -> dict[tuple[str, int], int]:
    """Read the number of identified persons by territory and year.

    Parameters
    ----------
    extract : Path
        The extract of the UNODC data file (CSV with its own headings).
    settings : mapping
        ``schemas/synthetic.yml``: ``targets`` says which rows are totals, between which figures a
        hidden one is drawn, and what to take where nothing was printed.

    Returns
    -------
    dict
        (territory, year) -> persons, for every sender of the settings.

    Raises
    ------
    InputProblem
        If the extract cannot be read, or a territory and year has no figure anywhere.
    """
    block = settings["targets"]
    try:
        with extract.open(encoding="utf-8", newline="") as handle:
            rows = [r for r in csv.DictReader(handle) if all(r[k] == v for k, v in block["rows"].items())]
        printed = {(r[block["territory"]], int(r[block["year"]])): r[block["value"]] for r in rows}
    except (OSError, KeyError, ValueError) as error:
        raise InputProblem(
            f"{extract.name} is not the extract of the UNODC data file that was expected."
        ) from error
    found: dict[tuple[str, int], int] = {}
    for territory in settings["senders"]:
        assumed = {int(y): int(n) for y, n in block["not_printed"].get(territory, {}).items()}
        for year in years:
            text = printed.get((territory, year), "")
            if text == block["hidden"]["text"]:
                rng = generator(seed, "targets", territory, str(year))
                found[territory, year] = int(rng.integers(block["hidden"]["from"], block["hidden"]["to"] + 1))
            elif text:
                found[territory, year] = int(text.replace(",", ""))
            elif year in assumed:
                found[territory, year] = assumed[year]
            else:
                raise InputProblem(
                    f"synthetic.yml: no total is known for {territory} {year}; add one to 'not_printed'."
                )
    return found
