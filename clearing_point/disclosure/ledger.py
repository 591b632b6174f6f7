"""The publication ledger: everything ever printed, append-only, chained so that an edit shows.

One record for each issue (why and from what it was made), each table (its public structure) and each cell
(what was shown). It is kept in a DuckDB database (`publication_ledger`) or in a CSV file. It holds no true
count that was not printed.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from clearing_point.disclosure.conditions import read_population
from clearing_point.disclosure.model import (
    Category,
    Cell,
    Dimension,
    Inclusion,
    Knowledge,
    Protected,
    ProtectedCell,
    Relation,
    _make_protected,
)
from clearing_point.errors import InputProblem, MachineProblem

_START = "0" * 64
_FIELDS = ("sequence", "edition", "table_id", "kind", "cell", "shown", "method", "inputs", "chain")


class Record(NamedTuple):
    """One line of the ledger; `cell` is JSON (codes, or the structure of a table), `shown` empty where hidden."""

    sequence: int
    edition: str
    table_id: str
    kind: str
    cell: str
    shown: str
    method: str
    inputs: str
    chain: str


class Issue(NamedTuple):
    """One publication: its name, the hash of what it was made from, and what else was noted of it.

    `note["replaced"]` names issues that are no longer in force after this one.
    """

    name: str
    inputs: str
    note: Mapping[str, Any]


class Ledger:
    """Append-only store of what was published.

    Parameters
    ----------
    store
        A path to a CSV file (made when first written), or an open DuckDB connection.
    """

    def __init__(self, store: Any) -> None:
        self._path = Path(store) if isinstance(store, (str, Path)) else None
        self._left_out: frozenset[str] = frozenset()
        self._connection: Any = None if self._path else store
        if self._connection is not None:
            self._connection.execute(
                "create table if not exists publication_ledger (sequence integer, edition varchar, table_id varchar, "
                "kind varchar, cell varchar, shown varchar, method varchar, inputs varchar, chain varchar)"
            )

    def records(self) -> list[Record]:
        """Return all records in order.

        Raises
        ------
        MachineProblem
            Where a record was changed, removed or put in later (the chain breaks).
        """
        if self._connection is not None:
            rows = self._connection.execute("select * from publication_ledger order by sequence").fetchall()
        elif self._path is not None and self._path.exists():
            try:
                with self._path.open(encoding="utf-8", newline="") as file:
                    rows = list(csv.reader(file))[1:]
            except (UnicodeDecodeError, csv.Error) as error:
                raise MachineProblem(
                    "The publication ledger is damaged: it is no text; restore it from its copy."
                ) from error
        else:
            rows = []
        found = []
        chain = _START
        for at, row in enumerate(rows, start=1):
            if len(row) != len(_FIELDS) or not str(row[0]).isdecimal():
                raise MachineProblem(
                    f"The publication ledger is damaged at record {at}; restore it from its copy."
                )
            record = Record(int(row[0]), *(str(text) for text in row[1:]))
            chain = _link(chain, record)
            if record.sequence != at or record.chain != chain:
                raise MachineProblem(
                    f"The publication ledger was changed at record {at}; it is append-only, restore it from its copy."
                )
            found.append(record)
        return found

    def append(
        self,
        edition: str,
        tables: Sequence[Protected],
        *,
        inputs: str,
        note: Mapping[str, Any] | None = None,
        into: Path | None = None,
    ) -> int:
        """Enter published tables and return the number of records.

        Parameters
        ----------
        inputs
            Hash of what they were made from; not of counts, which could be guessed and tried.
        note
            What the office wants to remember of this issue (JSON), see :class:`Issue`.
        into
            Write the whole ledger with these tables to another file and leave this one as it is (a CSV ledger).

        Raises
        ------
        InputProblem
            Where a table of the same name stands under the edition already: an edition is published once.
        """
        if not edition:
            raise InputProblem("Name the edition under which the tables are published.")
        before = self.records()
        taken = {(record.edition, record.table_id) for record in before}
        chain = before[-1].chain if before else _START
        fresh: list[Record] = []
        if note is not None:
            said = json.dumps(note, ensure_ascii=False, sort_keys=True)
            record = Record(len(before) + 1, edition, "", "issue", said, "", "", inputs, "")
            chain = _link(chain, record)
            fresh.append(record._replace(chain=chain))
        for table in tables:
            if (edition, table.table_id) in taken:
                raise InputProblem(
                    f"Edition {edition} has published {table.table_id} already; an edition is frozen once it is out."
                )
            entries = [("table", _structure(table), "")]
            entries += [
                ("cell", json.dumps(list(cell), ensure_ascii=False), "" if v.shown is None else str(v.shown))
                for cell, v in table.cells.items()
            ]
            for kind, cell, shown in entries:
                number = len(before) + len(fresh) + 1
                record = Record(number, edition, table.table_id, kind, cell, shown, table.profile, inputs, "")
                chain = _link(chain, record)
                fresh.append(record._replace(chain=chain))
        self._write(before, fresh, into or self._path)
        return len(fresh)

    def _write(self, before: Sequence[Record], records: Sequence[Record], path: Path | None) -> None:
        if path is None:
            self._connection.begin()
            try:
                self._connection.executemany(
                    f"insert into publication_ledger values ({', '.join('?' * len(_FIELDS))})",
                    [list(record) for record in records],
                )
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()
        else:
            # Written beside and renamed: an interrupted run leaves the ledger as it was.
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.{os.getpid()}")
            with beside.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(_FIELDS)
                writer.writerows([*before, *records])
            os.replace(beside, path)

    def issues(self) -> list[Issue]:
        """Return the issues that were entered with a note, in order, replaced ones too."""
        return [
            Issue(record.edition, record.inputs, json.loads(record.cell))
            for record in self.records()
            if record.kind == "issue"
        ]

    def issues_in_force(self) -> list[Issue]:
        """Return the issues with a note that no later one replaced."""
        issues = self.issues()
        replaced = {name for issue in issues for name in issue.note.get("replaced", ())}
        return [issue for issue in issues if issue.name not in replaced]

    def tables(
        self,
        populations: frozenset[str] | None = None,
        *,
        before: str | None = None,
        issue: str | None = None,
        in_force: bool = True,
    ) -> list[Protected]:
        """Return published tables as they were printed; their names carry the edition.

        Parameters
        ----------
        populations
            Only tables that count these.
        before
            Only what stood when this issue was made.
        issue
            Only the tables of this issue, under their own names.
        in_force
            Leave out what a later issue replaced.
        """
        found: list[tuple[str, dict[str, Any], dict[Cell, ProtectedCell]]] = []
        for record in self.records():
            if record.edition == before:
                break
            if record.kind == "issue":
                replaced = json.loads(record.cell).get("replaced", ()) if in_force else ()
                found = [entry for entry in found if entry[0] not in replaced]
            elif record.kind == "table":
                content = json.loads(record.cell)
                name = record.table_id if issue else f"{record.edition}: {record.table_id}"
                found.append((record.edition, content | {"name": name}, {}))
            else:
                shown = int(record.shown) if record.shown else None
                status = "hidden" if shown is None else ("rounded" if record.method == "round" else "")
                found[-1][2][tuple(json.loads(record.cell))] = ProtectedCell(shown, status)  # type: ignore[arg-type]
        return [
            _restore(content, cells)
            for edition, content, cells in found
            if (populations is None or content["population"] in populations)
            and (edition == issue if issue else edition not in self._left_out)
        ]

    def without(self, *issues: str) -> Ledger:
        """Return the same ledger as if these issues had never been; for reading only."""
        other = Ledger(self._path or self._connection)
        other._left_out = frozenset(issues)
        return other

    def beside(
        self, populations: Sequence[str], relations: Sequence[Knowledge] = (), *, before: str | None = None
    ) -> list[Protected]:
        """Return the earlier tables that say something about these populations, withheld ones left out."""
        wanted = {read_population(name)[0] for name in populations}
        for relation in relations:
            if not isinstance(relation, Relation | Inclusion):
                continue
            both = {read_population(n)[0] for n in (relation.part_population, relation.whole_population)}
            if wanted & both:
                wanted |= both
        return [
            table
            for table in self.tables(before=before)
            if not table.withheld and read_population(table.population)[0] in wanted
        ]


def _link(chain: str, record: Record) -> str:
    text = json.dumps([chain, *record[:-1]], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _structure(table: Protected) -> str:
    content = {
        "population": table.population,
        "dimensions": [
            [d.variable, [[c.code, sorted(c.members)] for c in d.categories]] for d in table.dimensions
        ],
        "title": table.title,
        "profile": table.profile,
        "sign": table.sign,
        "base": table.base,
        "far_from": table.far_from,
        "far_reach": table.far_reach,
        "sensitive": table.sensitive,
        "multiple_response": sorted(table.multiple_response),
        "reason": table.reason,
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True)


def _restore(content: Mapping[str, Any], cells: Mapping[Cell, ProtectedCell]) -> Protected:
    plain = ("population", "title", "profile", "sign", "base", "far_from", "far_reach", "sensitive", "reason")
    return _make_protected(
        table_id=content["name"],
        dimensions=tuple(
            Dimension(variable, tuple(Category(code, frozenset(members)) for code, members in categories))
            for variable, categories in content["dimensions"]
        ),
        cells=cells,
        multiple_response=frozenset(content["multiple_response"]),
        **{name: content[name] for name in plain},
    )
