"""Made accounts over the demonstration's data: for a first look, on this machine only, without a second factor."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from sqlalchemy import delete, insert, select

from clearing_point.countries import profile_of_territory
from clearing_point.desk.accounts import ACTIVE
from clearing_point.desk.place import Desk
from clearing_point.desk.rules import APPROVER, AUDITOR, COORDINATOR, EDITOR, OFFICER
from clearing_point.desk.store import account, period

PASSWORD = "demonstration"  # noqa: S105 - of made accounts that only this machine reaches
_MONTHS_LATER = 3


def made_accounts(desk: Desk) -> Iterator[str]:
    """Make the accounts and periods of the demonstration anew, and yield lines to print."""
    submissions = desk.project.data / "submissions"
    names = [part for path in sorted(submissions.glob("*")) for part in path.stem.split("-")]
    territories = [t for t in dict.fromkeys(names) if t in desk.standard.reporting_territories]
    years = sorted(p.stem for p in desk.project.editions.glob("[0-9]*.yml") if p.stem.isdigit())
    people: list[tuple[str, str, str | None, str]] = []
    for territory in territories:
        language = profile_of_territory(desk.project, territory).language
        people.append((f"officer-{territory.lower()}", OFFICER, territory, language))
        people.append((f"approver-{territory.lower()}", APPROVER, territory, language))
    people += [
        ("coordinator", COORDINATOR, None, "en"), ("editor", EDITOR, None, "en"), ("auditor", AUDITOR, None, "en"),
    ]  # fmt: skip
    closes = datetime.date.today() + datetime.timedelta(days=30 * _MONTHS_LATER)
    with desk.store.changing() as connection:
        known = {row[0] for row in connection.execute(select(account.c.name))}
        for name, role, place, language in people:
            if name in known:
                continue
            token = desk.accounts.add(connection, name, role, place, language, "demonstration")
            known_as = desk.accounts.of_link(connection, token)
            assert known_as is not None  # noqa: S101 - for the type checker
            desk.accounts.settle(connection, name, PASSWORD, None, "")
        for year in dict.fromkeys((*years[-1:], *(str(int(y) + 1) for y in years[-1:]))):
            for territory in territories:
                connection.execute(
                    delete(period).where(period.c.territory == territory, period.c.period == year)
                )
                connection.execute(
                    insert(period).values(
                        territory=territory, period=year, state="open", closes=closes.isoformat(), persons=2
                    )
                )
        connection.execute(account.update().where(account.c.made_by == "demonstration").values(state=ACTIVE))
    yield f"Files to send: {submissions}"
    yield f"Made accounts, all with the password '{PASSWORD}' and no second factor:"
    for name, role, place, language in people:
        yield f"  {name:<16} {role:<12} {place or 'all':<4} {language}"
