"""What every command would work out anew from the same standard, kept in the data folder.

The SQL of a thousand rules and the empty warehouse cost more to make than an ordinary workbook costs to
check; :mod:`clearing_point.standard.kept` says when a kept file is read.
"""

from __future__ import annotations

import json
from pathlib import Path

from clearing_point.standard.expressions import compiled, take_compiled
from clearing_point.standard.kept import kept
from clearing_point.standard.model import Standard
from clearing_point.standard.rules import RUN


def prepare_rules(folder: Path, standard: Standard) -> None:
    """Have the SQL of all rules ready, from the folder of what is kept or, the first time, by parsing them."""

    def make() -> bytes:
        wanted = {(rule.holds, rule.table) for rule in standard.rules if rule.scope in RUN}
        wanted |= {
            (text, rule.table)
            for rule in standard.rules
            for name, text in (rule.expectation or {}).items()
            if name in ("low", "high", "measure")
        }
        wanted |= {
            (f.derived, table.name) for table in standard.tables.values() for f in table.fields if f.derived
        }
        return json.dumps([(*key, compiled(*key, standard)) for key in sorted(wanted)]).encode()

    rows = json.loads(kept(folder, "rules", standard.sha256, make))
    take_compiled(
        standard, {(text, table): (sql, split and tuple(split)) for text, table, (sql, split) in rows}
    )
