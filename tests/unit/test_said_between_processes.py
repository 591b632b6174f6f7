"""What a worker says of a file comes whole to the process that asked it."""

from __future__ import annotations

import pickle

from clearing_point.quality.said import Sentence


def test_a_sentence_keeps_its_code_and_parts_on_the_way() -> None:
    said = Sentence("2 rows", "rows_read", rows=[(2, 3)], sheet="Persons")
    came = pickle.loads(pickle.dumps(said))  # noqa: S301 - made just before
    assert (came, came.code, came.filled) == ("2 rows", "rows_read", {"rows": [(2, 3)], "sheet": "Persons"})
