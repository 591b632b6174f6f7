"""A thin, checked wrapper around HiGHS for equality systems ``M x = 0`` with bounds.

HiGHS has one scheduler per process: objects with different ``threads`` make later runs fail silently with zeros.
Every model of this package therefore gets the same setting, and the status is read after every run.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from clearing_point.errors import InternalError

Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-6
_THREADS = 1
_deadline: float | None = None


class TimeIsOver(BaseException):
    """Ends the work wherever it is; no ``except Exception`` on the way may take it for its own."""


@contextmanager
def ending_at(deadline: float) -> Iterator[None]:
    """Let no run go on after this moment of the monotonic clock: nothing else reaches into a run of the library.

    A run that ends so gives no point at all, so what is found in time never hangs on the clock.
    """
    global _deadline  # noqa: PLW0603 - of the one command of the process
    before, _deadline = _deadline, deadline
    try:
        yield
    finally:
        _deadline = before


class LinearModel:
    """``minimise cost . x`` subject to ``M x = right`` (0 unless given) and ``lower <= x <= upper``; kept warm between runs.

    Parameters
    ----------
    matrix
        Sparse ``M`` of shape (rows, columns).
    lower, upper
        Bounds per column; ``numpy.inf`` is allowed.
    integer
        All columns are whole numbers.
    """

    def __init__(
        self,
        matrix: sparse.csr_matrix,
        lower: Floats,
        upper: Floats,
        *,
        right: npt.NDArray[np.int64] | None = None,
        integer: bool = False,
    ) -> None:
        self._rows, self._columns = matrix.shape
        self._highs = _new_solver()
        options: dict[str, object] = {
            "output_flag": False,
            "log_to_console": False,
            "threads": _THREADS,
            "random_seed": 0,
            "presolve": "on" if integer else "off",
        }
        if integer:
            options |= {"mip_rel_gap": 0.0, "mip_abs_gap": 0.999}
        for name, value in options.items():
            self._highs.setOptionValue(name, value)
        by_row = sparse.csr_matrix(matrix)
        program = highspy.HighsLp()
        program.num_col_ = self._columns
        program.num_row_ = self._rows
        program.col_cost_ = np.zeros(self._columns)
        program.col_lower_ = np.asarray(lower, dtype=np.float64)
        program.col_upper_ = np.asarray(upper, dtype=np.float64)
        sums = np.zeros(self._rows) if right is None else np.asarray(right, dtype=np.float64)
        program.row_lower_ = sums
        program.row_upper_ = sums
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_ = by_row.indptr.astype(np.int32)
        program.a_matrix_.index_ = by_row.indices.astype(np.int32)
        program.a_matrix_.value_ = by_row.data.astype(np.float64)
        if integer:
            program.integrality_ = [highspy.HighsVarType.kInteger] * self._columns
        if self._highs.passModel(program) == highspy.HighsStatus.kError:
            raise InternalError("HiGHS refused a model of the disclosure gate.")

    def limit(self, *, nodes: int | None = None, gap: float | None = None) -> None:
        """Limit a whole-number search by nodes and relative gap (never by the clock: runs must repeat)."""
        if nodes is not None:
            self._highs.setOptionValue("mip_max_nodes", nodes)
        if gap is not None:
            self._highs.setOptionValue("mip_rel_gap", gap)

    def set_cost(self, columns: npt.NDArray[np.int64], costs: Floats) -> None:
        """Set the cost of some columns."""
        if len(columns):
            self._highs.changeColsCost(
                len(columns), columns.astype(np.int32), np.asarray(costs, dtype=np.float64)
            )

    def set_bounds(self, columns: npt.NDArray[np.int64], lower: Floats, upper: Floats) -> None:
        """Set the bounds of some columns."""
        if len(columns):
            self._highs.changeColsBounds(
                len(columns),
                columns.astype(np.int32),
                np.asarray(lower, dtype=np.float64),
                np.asarray(upper, dtype=np.float64),
            )

    def solve(self) -> Floats | None:
        """Return an optimal (or, under limits, a feasible) point; None where there is none.

        Raises
        ------
        InternalError
            Where HiGHS ends in any other state.
        TimeIsOver
            At the deadline of :func:`ending_at`.
        """
        self._run()
        status = self._highs.getModelStatus()
        states = highspy.HighsModelStatus
        if status == states.kOptimal:
            return np.array(self._highs.getSolution().col_value, dtype=np.float64)
        if status in (states.kInfeasible, states.kUnboundedOrInfeasible):
            return None
        if status in (states.kSolutionLimit, states.kIterationLimit):
            info = self._highs.getInfo()
            if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
                return np.array(self._highs.getSolution().col_value, dtype=np.float64)
            raise SearchLimit
        if status == states.kUnknown:
            # A warm basis can go numerically bad; one cold run decides.
            self._highs.clearSolver()
            self._run()
            if self._highs.getModelStatus() == states.kOptimal:
                return np.array(self._highs.getSolution().col_value, dtype=np.float64)
            if self._highs.getModelStatus() == states.kInfeasible:
                return None
        raise InternalError(f"HiGHS ended with {self._highs.modelStatusToString(status)}.")

    def _run(self) -> None:
        if _deadline is not None:
            left = max(_deadline - time.monotonic(), 0.001)
            self._highs.setOptionValue("time_limit", self._highs.getRunTime() + left)
        self._highs.run()
        if self._highs.getModelStatus() == highspy.HighsModelStatus.kTimeLimit:
            raise TimeIsOver

    @property
    def objective(self) -> float:
        """Value of the last run's objective."""
        return float(self._highs.getObjectiveValue())


class SearchLimit(Exception):
    """The whole-number search ended at its node limit without a point."""


def whole(point: Floats) -> npt.NDArray[np.int64] | None:
    """Return the point in whole numbers, or None where it is not whole."""
    rounded = np.rint(point)
    return rounded.astype(np.int64) if float(np.abs(point - rounded).max(initial=0.0)) < TOLERANCE else None


def _new_solver() -> Any:
    """Make a solver in silence: its library prints a banner to the standard output of the process.

    The banner comes before any option can be set, and would stand in front of what ``--json`` prints.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        return highspy.Highs()
    finally:
        os.dup2(kept, 1)
        os.close(nowhere)
        os.close(kept)
