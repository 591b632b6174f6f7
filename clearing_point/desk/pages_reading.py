"""Reading without a deed: the log, and the same facts as JSON for a program with a session."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from fastapi.responses import JSONResponse, Response
from sqlalchemy import or_, select

from clearing_point.desk.call import FILE, PAGE, Call, Page, findings_of, number_of
from clearing_point.desk.next_step import lines_of_periods
from clearing_point.desk.rights import actions_of
from clearing_point.desk.rules import APPROVER, AUDITOR, COORDINATOR, OFFICER, rules
from clearing_point.desk.store import Row, audit, broken_line, file, last_seal, log, rows_of

_SHOWN = 200
_SHOWN_OF_FILE = (
    "id", "territory", "period", "by", "name", "sha256", "bytes", "came", "state", "version", "submission",
)  # fmt: skip


def log_page(call: Call) -> Response:
    """Show the log: all of it to an auditor, what concerns them to the others."""
    before = number_of(call.request.query_params.get("before", ""), 0)
    with call.desk.store.changing() as connection:
        lines = rows_of(connection.execute(_wanted(call, before or None).limit(_SHOWN)))
        broken = broken_line(connection) if call.account["role"] == AUDITOR else None
        count, seal = last_seal(connection)
        log(connection, call.account["name"], "log_read")
    return call.show(
        "log.html",
        lines=lines,
        broken=broken,
        count=count,
        seal=seal,
        all_of_it=call.account["role"] == AUDITOR,
    )


def _wanted(call: Call, before: int | None) -> Any:
    who = call.account
    wanted = select(audit).order_by(audit.c.id.desc())
    if before is not None:
        wanted = wanted.where(audit.c.id < before)
    if who["role"] == OFFICER:
        return wanted.where(audit.c.account == who["name"])
    if who["role"] == APPROVER:
        return wanted.where(audit.c.territory == who["territory"])
    if who["role"] == COORDINATOR:
        return wanted.where(or_(audit.c.action != "log_read", audit.c.account == who["name"]))
    return wanted


def log_csv(call: Call) -> Response:
    """Give the whole log as CSV, with the hashes that seal it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    with call.desk.store.changing() as connection:
        writer.writerow([column.name for column in audit.columns])
        for line in connection.execute(select(audit).order_by(audit.c.id)):
            writer.writerow([_without_formula(value) for value in line])
        log(connection, call.account["name"], "log_downloaded")
    return Response(
        out.getvalue(), media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="desk-log.csv"'},
    )  # fmt: skip


def _without_formula(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@" and value != "-" else value


def api_me(call: Call) -> Response:
    """Say whose session it is."""
    who = call.account
    return JSONResponse({name: who[name] for name in ("name", "role", "territory", "language")})


def api_periods(call: Call) -> Response:
    """List territories and periods within reach, with their states and who acts next."""
    reach = call.account["territory"]
    territories = [reach] if reach else list(call.desk.standard.reporting_territories)
    with call.desk.store.reading() as connection:
        lines = lines_of_periods(connection, territories, call.words)
    return JSONResponse(
        [
            {
                "territory": line["territory"], "period": line["period"], "state": line["state"], "closes": line["closes"],
                "late": line["late"], "who_acts": line["who"], "counts": line["counts"],
                "file_state": line["file"]["state"] if line["file"] else None,
                "file": line["file"]["id"] if line["file"] and reach else None,
                "stored": [one["submission"] for one in line["stored"]],
            }
            for line in lines
        ]
    )  # fmt: skip


def api_files(call: Call) -> Response:
    """List the files of one's own territory."""
    wanted = select(file).where(file.c.territory == call.account["territory"]).order_by(file.c.came.desc())
    with call.desk.store.reading() as connection:
        found = rows_of(connection.execute(wanted))
    return JSONResponse([_shown(one) for one in found])


def api_file(call: Call) -> Response:
    """Give one file: state, what may be done with it, findings as places and counts."""
    one = call.file
    with call.desk.store.reading() as connection:
        actions = sorted(actions_of(connection, call.account, one))
    document = findings_of(call.desk, one) if one["state"] in rules().having("findings") else None
    return JSONResponse(
        {**_shown(one), "actions": actions, "outcome": json.loads(one["outcome"]) if one["outcome"] else None,
         "findings": document["facts"] if document else None}
    )  # fmt: skip


def _shown(one: Row) -> Row:
    return {name: one[name] for name in _SHOWN_OF_FILE}


def parameters_of(path: str) -> dict[str, Any] | None:
    """Describe the places of an address for OpenAPI."""
    if "{identity}" not in path:
        return None
    identity = {"name": "identity", "in": "path", "required": True, "schema": {"type": "string"}}
    return {"parameters": [identity]}


PAGES = (
    Page("GET", "/log", (PAGE, "own_log"), log_page),
    Page("GET", "/log.csv", (PAGE, "audit"), log_csv),
    Page("GET", "/api/v1/me", (PAGE, "account"), api_me),
    Page("GET", "/api/v1/periods", (PAGE, "account"), api_periods),
    Page("GET", "/api/v1/files", (PAGE, "period"), api_files),
    Page("GET", "/api/v1/files/{identity}", (FILE, "view"), api_file),
)
