"""Records that came, or were withdrawn, after their year was published, as tables of the release like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from clearing_point.analysis.model import PublishedTable
from clearing_point.disclosure import Policy, printed_cost
from clearing_point.publication.read_back import Published
from clearing_point.standard.filling import fill


def late_lines(
    published: Published, tables: Mapping[str, PublishedTable], policy: Policy
) -> tuple[PublishedTable, ...]:
    """Return these lines with what explains them: the table whose line each is, over its whole population by year."""
    found = []
    for name, shown in published.late.items():
        main = tables[published.late_of[name]]
        kind = name.rsplit("-", 1)[-1]
        title = {"en": fill(policy.late_titles[kind], title=main.population.title["en"])}
        years = {d.variable for d in shown.dimensions}
        indicator = replace(
            main.indicator, indicator_id=name, title=title, definition=title, measure=None, chart=None, share=None,
            by=tuple(b for b in main.indicator.by if b.variable in years), rows=(), columns=tuple(sorted(years)),
            caveats=(),
        )  # fmt: skip
        population = replace(main.population, name=shown.population, title=title)
        found.append(
            replace(
                main, indicator=indicator, population=population, protected=shown, notes=(), values=None,
                cost=printed_cost(shown),
            )
        )  # fmt: skip
    return tuple(found)
