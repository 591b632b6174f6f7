"""The steps of a file between its states: each is one statement that wins or finds the file elsewhere."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import update

from clearing_point.desk.rules import rules
from clearing_point.desk.store import Row, file, log


class Moved(Exception):
    """The file is no longer where the page saw it."""


def step(
    connection: Any,
    one: Row,
    deed: str,
    who: str,
    /,
    *,
    version: int | None = None,
    address_prefix: str | None = None,
    **values: Any,
) -> Row:
    """Take one step with a file, and write it into the log, in the caller's transaction.

    Parameters
    ----------
    one : Row
        The file as it was read; its state must be one from which the step goes.
    version : int, optional
        That the page showed; by default that of ``one``.
    values : Any
        Further columns of the file to set.

    Returns
    -------
    Row
        The file as it is now.

    Raises
    ------
    Moved
        If somebody took another step meanwhile: nothing is changed.
    """
    taken = rules().steps[deed]
    seen = one["version"] if version is None else version
    to = {"same": one["state"], "before": one["before"]}.get(taken.to, taken.to)
    now = time.time()
    set_to = {
        "state": to, "before": one["state"], "version": seen + 1, "moved": now, **values,
    }  # fmt: skip
    done = connection.execute(
        update(file)
        .where(file.c.id == one["id"], file.c.state.in_(taken.origins), file.c.version == seen)
        .values(**set_to)
    )
    if done.rowcount != 1:
        raise Moved(one["id"])
    log(connection, who, deed, about=one["id"], territory=one["territory"], address_prefix=address_prefix)
    return {**one, **set_to}
