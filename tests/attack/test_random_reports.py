"""Random reports of linked tables, later editions included, are attacked and nothing is found; the control breaks.

The full campaign of 200 reports is a script: ``python -m tests.attack.campaign 200``.
"""

from tests.attack.campaign import campaign


def test_nothing_is_recovered_from_random_reports_and_the_control_breaks(tmp_path):
    tally = campaign([8, 10, 11, 14, 20], tmp_path, tables_at_most=24, persons_at_most=3_000)
    assert tally.small > 50
    assert tally.recovered == 0
    assert tally.too_narrow == 0
    assert tally.independent_checked > 10
    assert tally.independent_failed == 0
    assert tally.editions
    assert tally.rounded
    assert tally.control_recovered > 0
