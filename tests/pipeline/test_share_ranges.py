"""Among those of whom a time is certain the long ones are more often: what is said beside such a share never improves."""

from __future__ import annotations

import pytest

from clearing_point.analysis.count import open_current, population_table
from clearing_point.report.signs import range_of_all, share_of_known
from clearing_point.report.tables import make_table
from clearing_point.report.view import Setting, View
from clearing_point.report.words import load_words
from clearing_point.standard import Standard
from clearing_point.standard.model import Breakdown
from tests.conftest import ROOT
from tests.empty_office import empty_office, send
from tests.pipeline.test_durations import ANSWERS
from tests.unit import report_samples as samples

# Eighteen of twenty-four were assisted for months, six for ten days: three quarters.
HELPED = [*[("2022-01-10", "2022-06-20")] * 18, *[("2022-03-02", "2022-03-12")] * 6]


def plain(text: str) -> str:
    """Return a text with spaces of one kind."""
    return " ".join(text.split())


def answers(standard: Standard, day: int, precision: str) -> tuple[int, int, int]:
    """Count those assisted for 30 days, those who were not, and those of whom it is open, with dates of so many letters."""
    rows: dict[str, list[dict[str, object]]] = {
        "person": [{"person_reference": str(n), "person_id": str(n)} for n, _ in enumerate(HELPED)],
        "assistance_episode": [
            {"assistance_reference": str(n), "person_reference": str(n),
             "assistance_start_date": f"{start[:day]}-01-01"[:10], "assistance_start_date_precision": precision,
             "assistance_end_date": f"{end[:day]}-01-01"[:10], "assistance_end_date_precision": precision}
            for n, (start, end) in enumerate(HELPED)
        ],
        "service": [
            {"service_reference": str(n), "assistance_reference": str(n), "service": "SH_LONG"} for n, _ in enumerate(HELPED)
        ],
    }  # fmt: skip
    with empty_office(standard) as connection:
        for table, of in rows.items():
            send(connection, "A", of, table=table)
        open_current(connection, standard)
        population_table(connection, standard, "persons_assisted")
        found = connection.execute(
            "SELECT count(*) FILTER (assisted_30_days = 'Y'), count(*) FILTER (assisted_30_days = 'N'), "
            "count(*) FILTER (assisted_30_days IS NULL) FROM population_persons_assisted"
        ).fetchone()
    return found


def test_a_share_of_the_certain_rises_with_vaguer_dates_and_its_range_does_not(standard: Standard) -> None:
    words, limits = load_words(ROOT / "reports", "en"), {**standard.settings["thresholds"]}
    limits["unknown_share_no_percentage"] = 1
    told = {p: answers(standard, day, p) for p, day in (("DAY", 10), ("MONTH", 7), ("YEAR", 4))}
    assert told == {"DAY": (18, 6, 0), "MONTH": (18, 0, 6), "YEAR": (0, 0, 24)}
    shares, ranges = {}, {}
    for precision, (yes, no, unknown) in told.items():
        share = share_of_known(yes, yes + no + unknown, unknown, 1, limits, words)
        shares[precision] = share and plain(share.text)
        found = range_of_all(yes, unknown, yes + no + unknown, 1, limits, words)
        ranges[precision] = found and (plain(found[0]), plain(found[1]))
    # The certain alone look better, from 75 to 100 per cent: at least it is what it was.
    assert shares == {"DAY": "75 %", "MONTH": "100 %", "YEAR": None}
    assert ranges == {"DAY": None, "MONTH": ("75 %", "100 %"), "YEAR": ("0 %", "100 %")}


def test_every_share_that_rests_on_two_dates_has_its_range(standard: Standard) -> None:
    found = set()
    for one in standard.indicators:
        if one.share in ANSWERS.get(one.population, ()) and one.unknown == "show":
            (by,) = [b for b in one.by if b.variable == one.share]
            if by.unknown:  # else the share is of everybody, and whoever is open is not among it
                assert one.share_range in by.categories, one.indicator_id
                found.add(one.indicator_id)
    assert found == {"E01", "E04L", "E09", "E11", "T28A"}


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "“Yes” is between 83 % and 93 % (2020) and 75 % and 85 % (2021)."),
        ("sr-Cyrl", "„Да“ је између 83 % и 93 % (2020) и 75 % и 85 % (2021)."),
    ],
)
def test_the_table_says_it_of_every_year_that_is_open(language: str, expected: str) -> None:
    """Twenty of those of 2022 are known, one way or the other; a protected number of 2023 tells nothing."""
    values: dict[tuple[str, ...], int | None] = {
        ("Y", "2020"): 50, ("N", "2020"): 4, ("UNK", "2020"): 6, ("Total", "2020"): 60,
        ("Y", "2021"): 45, ("N", "2021"): 9, ("UNK", "2021"): 6, ("Total", "2021"): 60,
        ("Y", "2022"): 15, ("N", "2022"): 5, ("UNK", "2022"): 0, ("Total", "2022"): 20,
        ("Y", "2023"): None, ("N", "2023"): None, ("UNK", "2023"): 9, ("Total", "2023"): 60,
    }  # fmt: skip
    by = (Breakdown("assisted_30_days", "yes_no", {"en": "Assisted"}, categories=("Y", "N")), samples.YEAR_BY)
    which = samples.indicator(
        "E04L", by, ("assisted_30_days",), ("reference_year",), share="assisted_30_days", share_range="Y"
    )
    dimensions = {"assisted_30_days": ("Y", "N", "UNK", "Total"), "reference_year": ("2020", "2021", "2022", "2023")}  # fmt: skip
    table = samples.published(which, samples.protected("E04L", dimensions, values))
    setting = Setting(samples.edition(), samples.context(), load_words(ROOT / "reports", language))
    (said,) = [note for note in make_table(View(table, setting), "t", "1").notes if "2020" in note]
    assert plain(said).endswith(expected)
