"""`audit` and `protect` say what they understood of a file, and never "safe" of what they did not."""

from __future__ import annotations

import csv
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from clearing_point.disclosure import audit_files, protect_file
from clearing_point.disclosure.bounded import bounded
from clearing_point.disclosure.solver import LinearModel
from clearing_point.disclosure.understood import Declared, read_sums
from clearing_point.errors import InputProblem


def write(folder, text, name="a.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rows(*lines):
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "name", ["Total", "total", "TOTAL", "All", "Ukupno", "УКУПНО", "Всичко", "Toate", "Everybody there"]
)
def test_total_under_any_name_is_recognised_and_said(tmp_path, name):
    open_table = rows("k,sex,n", "a,f,10", "b,f,6", "c,f,c", "d,f,7", f"{name},f,26",
                      "a,m,20", "b,m,8", "c,m,9", "d,m,7", f"{name},m,44")  # fmt: skip
    report = audit_files([write(tmp_path, open_table)], value="n", by=["k", "sex"])
    assert [(dict(c.dimensions)["k"], c.low, c.high) for c in report.cells if c.recovered] == [("c", 3, 3)]
    assert any(repr(name) in note and "is the total" in note for note in report.notes)

    protect_file(write(tmp_path, open_table.replace("c,f,c", "c,f,3")), value="n", by=["k", "sex"], output=tmp_path / "out.csv")  # fmt: skip
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        out = {(row["k"], row["sex"]): row["n"] for row in csv.DictReader(file)}
    assert out["c", "f"] == "c"
    # The file's own name stays, and no second total is added under another.
    assert {k for k, _ in out} == {"a", "b", "c", "d", name}


def test_what_may_be_a_total_and_hidden_cells_leave_open_is_asked(tmp_path):
    path = write(tmp_path, rows("k,n", "a,10", "b,6", "c,c", "d,7", "Everybody there,26"))
    with pytest.raises(InputProblem, match="may be the total of the others") as asked:
        audit_files([path], value="n", by=["k"])
    assert "--total" in str(asked.value)
    assert "--apart k" in str(asked.value)
    assert audit_files([path], value="n", by=["k"], total="Everybody there").recovered == 1
    assert audit_files([path], value="n", by=["k"], declared=Declared(apart=frozenset({"k"}))).exit_code == 0


HIERARCHY = rows("k,sex,n", "North,f,30", "A,f,20", "B,f,10", "South,f,12", "C,f,c", "D,f,9",
                 "North,m,33", "A,m,13", "B,m,20", "South,m,31", "C,m,11", "D,m,20")  # fmt: skip


def test_sums_in_one_column_are_found_with_a_grand_total_and_without(tmp_path):
    by = ["k", "sex"]
    report = audit_files([write(tmp_path, HIERARCHY)], value="n", by=by)
    assert [(c.low, c.high) for c in report.cells if c.recovered] == [(3, 3)]
    assert any("'South' is the sum of C, D" in note for note in report.notes)
    with_total = HIERARCHY + rows("Total,f,42", "Total,m,64")
    assert audit_files([write(tmp_path, with_total)], value="n", by=by).recovered == 1
    protected = protect_file(write(tmp_path, HIERARCHY.replace(",c\n", ",3\n")), value="n", by=by, output=tmp_path / "out.csv")  # fmt: skip
    assert protected.exit_code == 0
    assert protected.protection["secondary"] > 0


def test_nested_codes_and_a_sum_that_one_row_shows(tmp_path):
    nested = rows("k,sex,n", "RS,f,30", "RS1,f,20", "RS2,f,10", "MK,f,12", "MK1,f,c", "MK2,f,9",
                  "RS,m,33", "RS1,m,13", "RS2,m,20", "MK,m,31", "MK1,m,11", "MK2,m,20")  # fmt: skip
    assert audit_files([write(tmp_path, nested)], value="n", by=["k", "sex"]).recovered == 1
    one_row = write(tmp_path, rows("k,n", "North,30", "A,20", "B,10", "South,12", "C,c", "D,9"))
    with pytest.raises(InputProblem, match="may be") as asked:
        audit_files([one_row], value="n", by=["k"])
    assert "--apart k" in str(asked.value)
    told = Declared(sums=read_sums(["k: North = A + B", "k: South = C + D"]))
    assert audit_files([one_row], value="n", by=["k"], declared=told).recovered == 1


def test_sums_below_a_total_that_hidden_cells_leave_open_are_asked_for(tmp_path):
    path = write(tmp_path, rows("age,n", "0-17,20", "0-13,c", "14-17,18", "18+,30", "Total,50"))
    with pytest.raises(InputProblem, match="more than it together"):
        audit_files([path], value="n", by=["age"])
    declared = Declared(sums=read_sums(["age: 0-17 = 0-13 + 14-17"]))
    assert audit_files([path], value="n", by=["age"], declared=declared).recovered == 1


def test_share_beside_a_hidden_count_tells_it_and_other_numbers_are_refused(tmp_path):
    share = rows("k,n,share", "a,10,37.0", "b,c,11.1", "d,c,25.9", "e,7,25.9", "Total,27,100.0")
    report = audit_files([write(tmp_path, share)], value="n", by=["k"])
    assert [(c.low, c.high) for c in report.cells if c.recovered] == [(3, 3), (7, 7)]
    apart = Declared(apart=frozenset({"k"}))
    for column in ("37.5,4.1,11.9,88,12", "4,9,3,1,17"):  # of another whole; a second count
        numbers = column.split(",")
        other = rows("k,n,other", *(f"{k},{n},{x}" for k, n, x in zip("abcde", ["10", "c", "c", "7", "27"], numbers, strict=True)))  # fmt: skip
        path = write(tmp_path, other)
        for call in (
            lambda path=path: audit_files([path], value="n", by=["k"], declared=apart),
            lambda path=path: protect_file(
                path, value="n", by=["k"], output=tmp_path / "out.csv", declared=apart
            ),
        ):
            with pytest.raises(
                InputProblem, match=r"column 'other' holds numbers beside the counts.*--keep other"
            ):
                call()
    labels = rows("k,number,sex,n", "a,101,f,10", "a,101,m,20", "b,102,f,10", "b,102,m,30")
    assert audit_files([write(tmp_path, labels)], value="n", by=["k", "sex"]).exit_code == 0


def test_small_counts_that_are_shown_are_findings(tmp_path):
    report = audit_files([write(tmp_path, rows("k,n", "a,10", "b,3", "d,0"))], value="n", by=["k"])
    assert (report.exit_code, report.shown, report.recovered) == (1, 1, 0)
    assert "k b is shown and small: 3." in report.lines()
    assert not report.lines()[-1].endswith("Safe.")


def test_everything_that_is_wrong_is_said_in_one_run(tmp_path):
    path = write(tmp_path, rows("k,n", "a,many", ",3", "a,4", "b,-3", "d"))
    with pytest.raises(InputProblem) as refused:
        audit_files([path], value="n", by=["k"])
    lines = str(refused.value).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "a.csv, line 2, column 'n'", "a.csv, line 3", "a.csv, lines 2 and 4 are the same cell; keep one, or name the column "
        "that tells them apart in --by.", "a.csv, line 5, column 'n'", "a.csv, line 6",
    ]  # fmt: skip


def test_rounding_takes_cells_that_cannot_be_and_says_which_counts_it_lacks(tmp_path):
    # Nobody is pregnant and male: no row, and the totals are complete without it.
    whole = rows("sex,k,n", "f,y,7", "f,n,30", "m,n,41", "f,Total,37", "m,Total,41", "Total,y,7", "Total,n,71", "Total,Total,78")  # fmt: skip
    report = protect_file(write(tmp_path, whole), value="n", by=["sex", "k"], output=tmp_path / "out.csv", method="round")  # fmt: skip
    assert report.exit_code == 0
    with (tmp_path / "out.csv").open(encoding="utf-8") as file:
        out = {(row["sex"], row["k"]): int(row["n"]) for row in csv.DictReader(file)}
    assert ("m", "y") not in out
    assert out["Total", "y"] == out["f", "y"]
    lacking = rows("sex,k,n", "f,y,7", "f,n,30", "m,n,c", "m,y,c", "m,Total,51", "f,Total,37")
    with pytest.raises(
        InputProblem, match=r"line 4 hides its count; line 5 hides its count.*--method suppress"
    ):
        protect_file(write(tmp_path, lacking), value="n", by=["sex", "k"], output=tmp_path / "out.csv", method="round")  # fmt: skip


def test_work_ends_in_time_or_is_refused_before_with_what_to_coarsen(tmp_path):
    many = rows("k,m,n", *(f"k{i},m{j},{1 + (i * j) % 4}" for i in range(40) for j in range(50)))
    with pytest.raises(
        InputProblem, match=r"2000 cells, 2000 of them small.*Merge categories of 'm', which has 50"
    ):
        protect_file(write(tmp_path, many), value="n", by=["k", "m"], output=tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
    said: list[str] = []
    began = time.monotonic()
    with pytest.raises(InputProblem, match="not in time"):
        endless(said)
    assert time.monotonic() - began < 30
    with bounded(60, said.append, lambda: "not in time"):
        pass


def test_work_ends_where_interrupts_are_ignored(monkeypatch):
    """As under cron, in the background of a script, or on a build server."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(InputProblem, match="not in time"):
            endless([])
    finally:
        signal.signal(signal.SIGINT, before)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def endless(said):
    with bounded(0.2, said.append, lambda: "not in time"):
        while True:
            time.sleep(0.01)


def test_the_solver_stops_in_the_middle_of_a_run():
    """No alarm of the system is heard there: one run of a table of 50,000 cells went on for many minutes."""
    matrix = sparse.random(900, 1800, density=0.01, random_state=1, format="csr")
    numbers = np.random.default_rng(0)
    inside = numbers.random(1800) * 10
    model = LinearModel(
        sparse.hstack([matrix, sparse.csr_matrix(-(matrix @ inside)[:, None])]).tocsr(),
        np.append(np.zeros(1800), 1.0),
        np.append(np.full(1800, 10.0), 1.0),
    )
    model.set_cost(np.arange(1800), numbers.normal(size=1800))
    said: list[str] = []
    began = time.monotonic()
    with pytest.raises(InputProblem, match="not in time"), bounded(0.3, said.append, lambda: "not in time"):
        model.solve()
    assert time.monotonic() - began < 3


CASES = Path(__file__).resolve().parents[3] / "shared" / "data" / "intake_cases"


@pytest.mark.skipif(not CASES.is_dir(), reason="shared data are not here")
@pytest.mark.parametrize(
    "case", ["04-total-in-capitals", "04b-total-in-capitals-hidden", "04c-total-in-serbian", "04d-control"]
)
def test_cases_that_once_were_called_safe(case):
    report = audit_files([CASES / f"{case}.csv"], value="n", by=["k"])
    assert report.exit_code == 1
    assert [dict(c.dimensions)["k"] for c in report.cells if c.low == c.high == 3] == ["c"]


@pytest.mark.parametrize(
    ("table", "asked"),
    [
        # Every region hides a district: no row shows that the numbers add up, and each district follows if they do.
        (rows("k,n", "North,30", "A,c", "B,25", "South,40", "D,c", "E,37"), "'North' may be the sum of A, B"),
        (rows("k,n", "RS,30", "RS1,c", "RS2,25", "MK,40", "MK1,c", "MK2,37"), "'RS' may be the sum of RS1, RS2"),
        (rows("k,n", "2019,8", "2020,c", "2021,10", "2022,12", "2020-2022,25"), "may be the sum of"),
        (
            rows("k,n", *(f"k{i},{20 + i}" for i in range(20)), "North,30", "A,c", "B,25", "South,40", "D,c", "E,37"),
            "may be the sum of",
        ),
    ],
)  # fmt: skip
def test_sums_of_which_hidden_cells_leave_every_one_open_are_asked_for(tmp_path, table, asked):
    with pytest.raises(InputProblem, match=asked) as refused:
        audit_files([write(tmp_path, table)], value="n", by=["k"])
    assert "--apart k" in str(refused.value)
    assert audit_files([write(tmp_path, table)], value="n", by=["k"], declared=Declared(apart=frozenset({"k"}))).exit_code == 0  # fmt: skip


def test_rows_that_rule_a_sum_out_are_not_asked_about(tmp_path):
    flat = rows("k,s,n", "a,f,10", "b,f,c", "d,f,11", "e,f,12", "a,m,30", "b,m,9", "d,m,8", "e,m,7",
                "a,x,6", "b,x,7", "d,x,8", "e,x,30")  # fmt: skip
    report = audit_files([write(tmp_path, flat)], value="n", by=["k", "s"])
    assert report.exit_code == 0
    assert any("'k': no category was found to be the sum of others" in note for note in report.notes)


def test_sums_of_sums_are_found(tmp_path):
    levels = rows("k,s,n", "W,f,60", "N,f,c", "A,f,c", "B,f,26", "S,f,30", "C,f,12", "D,f,18",
                  "W,m,50", "N,m,20", "A,m,9", "B,m,11", "S,m,30", "C,m,15", "D,m,15",
                  "W,x,45", "N,x,21", "A,x,10", "B,x,11", "S,x,24", "C,x,13", "D,x,11")  # fmt: skip
    report = audit_files([write(tmp_path, levels)], value="n", by=["k", "s"])
    assert {dict(c.dimensions)["k"]: c.low for c in report.cells if c.recovered} == {"N": 30, "A": 4}


@pytest.mark.parametrize(
    "column",
    [
        ["10 of 27", "3 of 27", "7 of 27", "7 of 27", "27 of 27"],
        ["370‰", "111‰", "259‰", "259‰", "1000‰"],
        ["37.0*", "11.1*", "25.9*", "25.9*", "100.0*"],
        ["n/a", "11.1", "n/a", "n/a", "n/a"],
        ["", "three", "2 of them minors", "", ""],
        ["37.0", "11.1*", "25.9", "25.9", "100.0"],
    ],
)
def test_numbers_in_words_beside_hidden_counts_are_refused(tmp_path, column):
    lines = [f"{k},{n},{x}" for k, n, x in zip(["a", "b", "d", "e", "Total"], ["10", "c", "c", "7", "27"], column, strict=True)]  # fmt: skip
    path = write(tmp_path, rows("k,n,beside", *lines))
    with pytest.raises(InputProblem, match=r"column 'beside' holds numbers beside the counts.*--keep beside"):
        audit_files([path], value="n", by=["k"])


def test_words_are_named_as_unread_and_labels_are_not(tmp_path):
    table = rows("age,n,words,label", "0-13,10,many,0-13 years", "14-17,c,few,14-17 years", "18+,c,few,18 and older",
                 "Total,27,,everybody")  # fmt: skip
    notes = audit_files([write(tmp_path, table)], value="n", by=["age"]).notes
    assert any("'words' holds words that were not read" in note for note in notes)


def test_a_point_before_three_noughts_is_asked_about(tmp_path):
    path = write(tmp_path, rows("k,n", "a,12.000", "b,c", "d,c", "e,7.000", "Total,25.000"))
    with pytest.raises(InputProblem, match=r"'12.000' may be 12 or a thousand times"):
        audit_files([path], value="n", by=["k"])
