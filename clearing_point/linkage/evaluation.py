"""How well reports are linked, measured where the truth is known: made people, and a public file of made records."""

from __future__ import annotations

import csv
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from clearing_point.errors import InputProblem, UsageProblem
from clearing_point.linkage.inputs import INPUT, PERSON
from clearing_point.linkage.link import CANDIDATE, GROUP, Linked, link
from clearing_point.linkage.made_people import MadeRegion, make_region
from clearing_point.linkage.numbers import three_numbers
from clearing_point.linkage.settings import LinkageSettings
from clearing_point.linkage.tokens import Identity, Tokens, read_date

Array = npt.NDArray[Any]

_SHARES = (
    "recall",
    "precision",
    "candidate_share",
    "bias_sum",
    "bias_certain",
    "bias_lowest",
    "bias_corrected",
    "estimated_false_match_rate",
    "estimated_missed_match_rate",
    "missed_match_low",
    "missed_match_high",
)
_KEY = bytes(range(64, 128))
"""Not a secret: it makes tokens of made people."""


@dataclass(frozen=True)
class Measured:
    """One evaluation against the truth.

    Attributes
    ----------
    recall, precision : float
        Of pairs of reports in one group, within groups that the links made (transitive links count).
    candidate_share : float
        True pairs that are open candidates, as a share of all true pairs.
    bias_sum, bias_certain, bias_lowest, bias_corrected : float
        Number of persons over the true number, minus 1: sum of submissions, after certain links, if every candidate were
        one person, and corrected by the estimated error rates.
    seconds, cpu_seconds : float
        For the linking alone, from ``linkage_input`` to groups.
    """

    reports: int
    persons: int
    recall: float
    precision: float
    candidate_share: float
    bias_sum: float
    bias_certain: float
    bias_lowest: float
    bias_corrected: float
    estimated_false_match_rate: float
    estimated_missed_match_rate: float
    missed_match_low: float
    missed_match_high: float
    seconds: float
    cpu_seconds: float


def open_made(region: MadeRegion, settings: LinkageSettings, token_share: float = 1.0) -> Any:
    """Return an in-memory database with ``linkage_input`` of made reports; tokens come from the sender's program.

    Parameters
    ----------
    token_share : float
        Share of senders that use the token program; the others send none.
    """
    tokens = Tokens(_KEY, "evaluation")
    senders = sorted(set(region.columns["sender"].tolist()))
    rng = np.random.default_rng(len(senders))
    without = {
        s for s, luck in zip(senders, rng.random(len(senders)).tolist(), strict=True) if luck >= token_share
    }
    nothing = ("",) * len(settings.tokens)
    rows = [
        nothing if sender in without else tokens.of(identity)
        for identity, sender in zip(region.identities, region.columns["sender"].tolist(), strict=True)
    ]
    return _database(region.columns, rows, settings)


def _database(
    columns: Mapping[str, Array], tokens: Sequence[Sequence[str]], settings: LinkageSettings
) -> Any:
    import pyarrow as pa

    table = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    table["age_band"] = pa.nulls(len(tokens), pa.string())
    for place, name in enumerate(settings.tokens):
        table[name] = pa.array([row[place] or None for row in tokens], pa.string())
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    # Synthetic persons may spill, but never into the folder one happens to be in.
    connection.execute(f"SET temp_directory = '{tempfile.gettempdir()}/clearing-point-linkage'")
    connection.register("made_rows", pa.table(table))
    connection.execute(f"CREATE TEMP TABLE {INPUT} AS SELECT * FROM made_rows")
    connection.unregister("made_rows")
    return connection


def measure(connection: Any, truth: Mapping[str, int], settings: LinkageSettings) -> tuple[Measured, Linked]:
    """Link ``linkage_input`` and compare with the truth (``person_id`` -> number of the person)."""
    started, cpu = time.perf_counter(), time.process_time()
    linked = link(connection, settings)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    ids = [row[0] for row in connection.execute(f"SELECT person_id FROM {PERSON} ORDER BY number").fetchall()]
    real = np.array([truth[i] for i in ids])
    found = np.asarray(
        connection.execute(f"SELECT group_number FROM {GROUP} ORDER BY number").fetchnumpy()["group_number"]
    )
    together = _pairs_within(np.unique(np.column_stack([real, found]), axis=0, return_counts=True)[1])
    true_pairs = _pairs_within(np.unique(real, return_counts=True)[1])
    found_pairs = _pairs_within(np.unique(found, return_counts=True)[1])
    pairs = connection.execute(f"SELECT a, b FROM {CANDIDATE}").fetchnumpy()
    open_true = int(
        (real[np.asarray(pairs["a"], dtype=int)] == real[np.asarray(pairs["b"], dtype=int)]).sum()
    )
    persons = len(np.unique(real))
    numbers = three_numbers(connection, linked)
    return (
        Measured(
            reports=len(ids),
            persons=persons,
            recall=together / true_pairs if true_pairs else 1.0,
            precision=together / found_pairs if found_pairs else 1.0,
            candidate_share=open_true / true_pairs if true_pairs else 0.0,
            bias_sum=numbers.sum_of_submissions / persons - 1,
            bias_certain=numbers.after_certain_links / persons - 1,
            bias_lowest=numbers.lowest / persons - 1,
            bias_corrected=numbers.corrected / persons - 1,
            estimated_false_match_rate=linked.false_match_rate,
            estimated_missed_match_rate=linked.missed_match_rate,
            missed_match_low=linked.missed_match_low,
            missed_match_high=linked.missed_match_high,
            seconds=seconds,
            cpu_seconds=cpu,
        ),
        linked,
    )


def evaluate(
    settings: LinkageSettings,
    persons: int,
    seeds: Sequence[int],
    *,
    token_share: float = 1.0,
    error_factor: float = 1.0,
    repeat_share: float = 0.15,
    numbers: bool = True,
) -> list[Measured]:
    """Make, link and measure one region a seed.

    Parameters
    ----------
    error_factor : float
        So many times the errors in names and dates that the generator makes else.
    numbers : bool
        False: no sender knows a document or a national number, only names and dates.
    """
    found = []
    for seed in seeds:
        region = make_region(
            settings.made, persons, seed, repeat_share=repeat_share, error_factor=error_factor
        )
        if not numbers:
            bare = {"document_number": "", "document_country": "", "national_case_number": ""}
            region = replace(region, identities=tuple(i._replace(**bare) for i in region.identities))
        connection = open_made(region, settings, token_share)
        truth = dict(zip(region.columns["person_id"].tolist(), region.truth.tolist(), strict=True))
        found.append(measure(connection, truth, settings)[0])
        connection.close()
    return found


FILE_COLUMNS: Mapping[str, str] = {
    "person": "cluster",
    "surname": "surname",
    "given_name": "first_name",
    "birth_date": "dob",
}
"""What a file of records needs, and the headings of Splink's ``fake_1000.csv``."""
_OPTIONAL = (
    "sex",
    "other_surname",
    "document_number",
    "document_country",
    "national_case_number",
    "citizenship",
)


def evaluate_file(
    path: Path, settings: LinkageSettings, columns: Mapping[str, str] | None = None
) -> Measured:
    r"""Measure on a file of records of which the truth is known: each record as a sender of its own.

    Parameters
    ----------
    columns : mapping, optional
        What it is -> heading of the file, beside and instead of :data:`FILE_COLUMNS`. ``person`` says which records are of
        one person; ``HEADING~PATTERN`` takes the first group of a pattern out of the cell (``rec_id~rec-(\d+)``).
        Dates may be written 1998-03-05, 5.3.1998 or 19980305. Records without a ``person`` are left out.

    Raises
    ------
    InputProblem
        If the file has not the columns, or a column is none of those that can be named.
    """
    wanted = {**FILE_COLUMNS, **(columns or {})}
    if unknown := sorted(set(wanted) - set(FILE_COLUMNS) - set(_OPTIONAL)):
        known = ", ".join((*FILE_COLUMNS, *_OPTIONAL))
        raise InputProblem(f"There is no {unknown[0]} to map; these are known: {known}.")
    person, _, pattern = wanted["person"].partition("~")
    try:
        told = re.compile(pattern or "(.+)")
    except re.error as error:
        raise InputProblem(f"The pattern of the person cannot be read: {error}.") from error
    with path.open(encoding="utf-8-sig", newline="") as handle:
        first = handle.readline()
        handle.seek(0)
        reader = csv.DictReader(
            handle, delimiter=";" if first.count(";") > first.count(",") else ",", skipinitialspace=True
        )
        headings = {h.strip(): h for h in reader.fieldnames or ()}
        for heading in (person, *(h for name, h in wanted.items() if name != "person")):
            if heading not in headings:
                raise InputProblem(
                    f"{path.name} has no column {heading}: name its columns, such as person=cluster surname=last_name."
                )
        rows, truths = [], []
        for cells in reader:
            said = told.search(cells[headings[person]] or "")
            if said:
                truths.append(said[1] if said.re.groups else said[0])
                rows.append(
                    {n: (cells[headings[h]] or "").strip() for n, h in wanted.items() if n != "person"}
                )
    if not rows:
        raise InputProblem(f"{path.name} has no record whose person is told: nothing was measured.")
    tokens = Tokens(_KEY, "evaluation")
    identities = []
    for number, row in enumerate(rows):
        row["birth_date"] = re.sub(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", row["birth_date"])
        parts = {name: value for name, value in row.items() if name != "citizenship"}
        identities.append(Identity(reference=str(number), **parts))
    size = len(rows)
    ids = np.array([f"r{number:07d}" for number in range(size)], dtype=object)
    none = np.full(size, None, dtype=object)
    unknown_day = np.full(size, np.datetime64("NaT"), dtype="datetime64[D]")
    born = [read_date(row["birth_date"]) for row in rows]
    table = {
        "person_id": ids,
        "sender": ids,
        "territory": np.full(size, "one", dtype=object),
        "reference_year": np.full(size, 2022),
        "case_number": ids,
        "sex": np.array([row.get("sex") or None for row in rows], dtype=object),
        "birth_year": np.array([day[0] if day else None for day in born], dtype=object),
        "citizenship": np.array([row.get("citizenship") or None for row in rows], dtype=object),
        "exploitation_territory": none,
        "identification_date": unknown_day,
        "assistance_start_date": unknown_day,
        "return_to_territory": none,
        "return_date": unknown_day,
    }
    connection = _database(table, [tokens.of(identity) for identity in identities], settings)
    number_of = {name: number for number, name in enumerate(dict.fromkeys(truths))}
    truth = {str(i): number_of[t] for i, t in zip(ids.tolist(), truths, strict=True)}
    return measure(connection, truth, settings)[0]


def measure_where_known(
    settings: LinkageSettings,
    persons: int,
    seeds: Sequence[int],
    file: Path | None,
    columns: Mapping[str, str] | None = None,
    *,
    errors: float = 1.0,
    with_numbers: bool = True,
) -> list[Measured]:
    """Measure the linkage where the truth is known: made people of several seeds, or a file of records.

    Parameters
    ----------
    columns : mapping, optional
        As :func:`evaluate_file`.
    errors, with_numbers : float, bool
        As ``error_factor`` and ``numbers`` of :func:`evaluate`.

    Raises
    ------
    UsageProblem
        If there are fewer than ten persons or no seed.
    InputProblem
        If the file has not the columns.
    """
    if file is not None:
        return [evaluate_file(file, settings, columns)]
    if persons < 10 or not seeds:
        raise UsageProblem("Name at least ten persons and one seed.")
    return list(evaluate(settings, persons, seeds, error_factor=errors, numbers=with_numbers))


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return mean and 95 % interval of the mean over seeds (Student's t)."""
    from scipy.stats import t

    data = np.asarray(values, dtype=float)
    mean = float(data.mean())
    if data.size < 2:
        return mean, mean, mean
    half = float(t.ppf(0.975, data.size - 1) * data.std(ddof=1) / np.sqrt(data.size))
    return mean, mean - half, mean + half


def lines(found: Sequence[Measured]) -> list[str]:
    """Return what to print: each figure with its 95 % interval over seeds, in per cent, and the longest time."""
    if not found:
        return ["Nothing was measured."]
    printed = []
    for name in _SHARES:
        mean, low, high = interval([getattr(measured, name) for measured in found])
        spread = f"   [{100 * low:.3f}, {100 * high:.3f}]" if len(found) > 1 else ""
        printed.append(f"{name.replace('_', ' '):28} {100 * mean:8.3f} %{spread}")
    held = sum(m.missed_match_low <= 1 - m.recall <= m.missed_match_high for m in found)
    printed.append(f"the range of missed matches held in {held} of {len(found)}")
    seconds, cpu = max(m.seconds for m in found), max(m.cpu_seconds for m in found)
    printed.append(f"linking took at most {seconds:.1f} s, {cpu:.1f} CPU seconds")
    return printed


def _pairs_within(sizes: Array) -> int:
    return int((sizes.astype(np.int64) * (sizes.astype(np.int64) - 1) // 2).sum())
