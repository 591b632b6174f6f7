"""An answer: a tidy frame with flags, what protection cost, and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clearing_point.halves import percent_text

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FLAGS = ("suppressed", "missing", "provisional", "rounded", "not_published")
"""Why a number is as it is; see :attr:`Answer.frame`."""
NUMBERS = ("value", "measure")
"""Columns that hold numbers: persons (or units), and the indicator's own measure where it has one."""
ORIGIN_SHEET = "where_from"


@dataclass(frozen=True)
class Coarser:
    """A request that loses less: what to ask instead, and what it would hide."""

    by: tuple[str, ...]
    indicator: str
    hidden_cells: int
    cells: int

    def __str__(self) -> str:
        """Say it in one line."""
        return f"by {', '.join(self.by) or 'nothing'} ({self.indicator}): {self.hidden_cells} of {self.cells} cells hidden"


@dataclass(frozen=True)
class Answer:
    """What a request gave.

    Attributes
    ----------
    frame : pandas.DataFrame
        One row a cell: the variables asked for (codes), ``value`` (Int64 persons or units; ``<NA>`` wherever it may not
        or cannot be shown), ``measure`` (Float64: the median, mean, sum or rate of an indicator that has one) and
        the flags ``suppressed`` (protected),
        ``missing`` (that territory sent nothing for that year), ``provisional`` (its year may still be completed),
        ``rounded`` (moved by less than the base of rounding) and ``not_published`` (this crossing was never published).
        ``frame.attrs`` holds the release id, the request and the query.
    release_id : str
    request : mapping
        What was asked; :func:`clearing_point.reproduce` asks it again.
    query : str
        The SQL over ``published.duckdb``.
    unit : str
        What a value counts.
    cost : mapping
        ``cells``, ``hidden_cells`` and ``hidden_share`` (part of the cells that is not shown).
    coarser : tuple of Coarser
        Published requests with fewer variables that hide less, nearest first.
    notes : tuple of str
        Caveats that belong to the numbers.
    """

    frame: pd.DataFrame
    release_id: str
    request: Mapping[str, Any]
    query: str
    unit: str
    cost: Mapping[str, float]
    made_data: bool
    coarser: tuple[Coarser, ...] = ()
    notes: tuple[str, ...] = field(default=())
    measure: str = ""
    """What the column ``measure`` is, such as "Median months"; empty where there is none."""
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """Variable -> code -> words in the language of the release."""

    def __post_init__(self) -> None:
        self.frame.attrs.update(self.origin())

    def origin(self) -> dict[str, Any]:
        """Return where the numbers come from, as it travels with every output."""
        return {
            "release_id": self.release_id,
            "request": dict(self.request),
            "query": self.query,
            "made_data": self.made_data,
        }

    def labelled(self) -> pd.DataFrame:
        """Return the frame with words instead of codes, as far as the release has them."""
        frame = self.frame.copy()
        for variable in frame.columns:
            known = self.labels.get(variable)
            if known:
                frame[variable] = [known.get(str(code), code) for code in frame[variable]]
        return frame

    def arrow(self) -> pa.Table:
        """Return the frame as an Arrow table; ``polars.from_arrow`` reads it without a copy."""
        import pyarrow as pa

        return pa.Table.from_pandas(self.frame, preserve_index=False)

    def shares(self, of: str) -> pd.DataFrame:
        """Return the frame with a column ``share``: per cent of the known answers to one variable, all else equal.

        Nothing is given where the number, its total or those not known are protected or missing, or under twenty known.

        Raises
        ------
        InputProblem
            If the answer has no such variable, or no total of it.
        """
        from clearing_point.published.shares import shares_of

        return shares_of(self, of)

    def pivot(self, columns: str) -> pd.DataFrame:
        """Return a table for people: one variable across, the others down, signs where no number may stand.

        ``c`` is protected, ``..`` was not sent, ``n/p`` was never published in this crossing.
        """
        frame = self.labelled()
        keys = [c for c in frame.columns if c not in (*NUMBERS, *FLAGS)]
        rest = [k for k in keys if k != columns]
        frame["shown"] = [_sign(row) for row in frame[["value", *FLAGS]].itertuples(index=False)]
        if not rest:
            return frame[[columns, "shown"]].set_index(columns).T
        made = frame.pivot(index=rest, columns=columns, values="shown")
        return made.reindex(
            index=frame.drop_duplicates(rest).set_index(rest).index,
            columns=list(dict.fromkeys(frame[columns])),
        )

    def to_csv(self, path: str | Path) -> Path:
        """Write the frame, and beside it ``<name>.origin.json`` that says where it comes from."""
        path = Path(path)
        self.frame.to_csv(path, index=False, lineterminator="\n")
        path.with_name(path.name + ".origin.json").write_text(self._origin_text(), encoding="utf-8")
        return path

    def to_xlsx(self, path: str | Path) -> Path:
        """Write the frame as a workbook whose second sheet says where it comes from."""
        import pandas as pd

        path = Path(path)
        with pd.ExcelWriter(path, engine="xlsxwriter") as writer:
            self.frame.to_excel(writer, sheet_name="data", index=False)
            lines = [*self._origin_text().splitlines(), *self.notes]
            pd.DataFrame({"origin": lines}).to_excel(writer, sheet_name=ORIGIN_SHEET, index=False)
        return path

    def _origin_text(self) -> str:
        return json.dumps(self.origin(), ensure_ascii=False, indent=1, default=list) + "\n"

    def __repr__(self) -> str:
        """Say the size, the cost and the source; the numbers are in `frame`."""
        hidden, cells = int(self.cost["hidden_cells"]), int(self.cost["cells"])
        lines = [
            f"{cells} cells, {hidden} not shown ({percent_text(self.cost['hidden_share'])}); {self.unit}; "
            f"release {self.release_id}" + ("; SYNTHETIC DATA" if self.made_data else "")
        ]
        lines += [f"less is hidden {coarser}" for coarser in self.coarser]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"{self.labelled().to_html(index=False, na_rep='', max_rows=40)}<pre>{self!r}</pre>"


def _sign(row: Any) -> str:
    if row.missing:
        return ".."
    if row.not_published:
        return "n/p"
    if row.suppressed or row.value is None or row.value != row.value:
        return "c"
    return f"{row.value:,}" + ("*" if row.provisional else "")
