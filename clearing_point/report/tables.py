"""From a protected table to a printed one: header rows, signs, shares, notes, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, product

from clearing_point.analysis.model import TOTAL, UNKNOWN
from clearing_point.report.model import Cell, Origin, Scope, Table
from clearing_point.report.plurals import counted
from clearing_point.report.signs import Printed, print_decimal, print_number
from clearing_point.report.view import Place, View
from clearing_point.standard.model import TERRITORY, Measure
from clearing_point.standard.translations import SOURCE


def make_table(
    view: View,
    anchor: str,
    number: str,
    *,
    title: str = "",
    fixed: Place | None = None,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    origin_anchor: str = "",
) -> Table:
    """Print a table, or a part of it.

    Parameters
    ----------
    fixed : mapping
        Variables that are held at one category and not printed.
    rows, columns : sequence of str
        Variables of the rows and columns; the indicator's layout where not given.
    origin_anchor : str
        Where the origin of the table is told, if not here.
    """
    words = view.setting.words
    fixed, title = dict(fixed or {}), title or view.title
    if view.year and view.year not in fixed and len(view.categories[view.year]) == 1:
        # A single year belongs to the title and not to a heading over every column.
        fixed[view.year] = view.categories[view.year][0]
        title = words("tables.title_of_year", title=title, year=fixed[view.year])
    if view.categories.get(TERRITORY) == (TOTAL,):
        fixed.setdefault(TERRITORY, TOTAL)  # the table is of the region as a whole
    rows = tuple(v for v in (view.layout[0] if rows is None else rows) if v not in fixed)
    columns = tuple(v for v in (view.layout[1] if columns is None else columns) if v not in fixed)
    common = {
        "anchor": anchor,
        "number": number,
        "title": title,
        "source_id": view.indicator.indicator_id,
        "made_data": view.published.made_data,
        "origin": None if origin_anchor else origin_of(view),
        "origin_anchor": origin_anchor,
    }
    if view.protected.withheld:
        known = view.setting.context.standard.policy_texts
        reason = known.get(view.protected.reason, {SOURCE: view.protected.reason})
        sentences = (
            words("tables.withheld"),
            words("tables.withheld_reason", reason=words.of(reason).rstrip(".")),
            words("tables.withheld_instead"),
        )
        return Table(header=(), body=(), withheld=sentences, **common)  # type: ignore[arg-type]
    row_keys = list(product(*(view.categories[v] for v in rows)))
    column_keys = list(product(*(view.categories[v] for v in columns)))
    header = _header(view, rows, columns, column_keys)
    body, printed = [], []
    for row_number, row in enumerate(row_keys):
        cells = list(_row_headers(view, rows, row_keys, row_number))
        for column in column_keys:
            place = {**fixed, **dict(zip(rows, row, strict=True)), **dict(zip(columns, column, strict=True))}
            shown = view.printed(place)
            printed.append((shown, place))
            cells.append(_cell(view, shown, place, total=TOTAL in (*row, *column)))
            measured = view.measured(place)
            if measured is not None:
                state = "" if measured.state == "shown" else measured.state
                cells.append(Cell(measured.text, state=state, total=TOTAL in (*row, *column)))
        body.append(tuple(cells))
    return Table(
        header=header,
        body=tuple(body),
        notes=_notes(
            view,
            [shown for shown, _ in printed],
            fixed,
            [place for _, place in printed],
            any(view.setting.words("signs.indicative") in cell.detail for row in body for cell in row),
        ),
        **common,  # type: ignore[arg-type]
    )


def shows_something(view: View, fixed: Place) -> bool:
    """Say whether a part of a table has any shown number above zero."""
    return any(
        cell.shown
        for key, cell in view.protected.cells.items()
        if all(code == fixed.get(variable, code) for variable, code in zip(view.categories, key, strict=True))
    )


def plain_table(anchor: str, number: str, title: str, header: Sequence[str], body: Sequence[Sequence[str | Cell]],
                notes: tuple[str, ...] = (), made_data: bool = False) -> Table:  # fmt: skip
    """Return a table about the report itself: the first cell of every row is its header.

    A column of words is set to the left, its heading too.
    """
    rows = tuple(
        tuple(
            cell
            if isinstance(cell, Cell)
            else Cell(cell, scope="row" if at == 0 else "", words=at > 0 and any(map(str.isalpha, cell)))
            for at, cell in enumerate(row)
        )
        for row in body
    )
    worded = {at for at in range(1, len(header)) if rows and all(row[at].words for row in rows)}
    return Table(
        anchor=anchor,
        number=number,
        title=title,
        header=(
            tuple(
                Cell(text, scope="col", corner=at == 0, words=at in worded) for at, text in enumerate(header)
            ),
        ),
        body=rows,
        notes=notes,
        made_data=made_data,
    )


def _counted(view: View, measure: Measure, narrow: bool) -> str:
    """Head the counts beside a measure: where it is made of values, only those count whose value is known."""
    name, words = capital(view.population), view.setting.words
    if measure.value is None:
        return name
    # Beside several others there is no room for more: below the table stands who is counted.
    return words("tables.with_value_short") if narrow else words("tables.with_value", population=name)


def _header(
    view: View, rows: Sequence[str], columns: Sequence[str], keys: Sequence[tuple[str, ...]]
) -> tuple[tuple[Cell, ...], ...]:
    words = view.setting.words
    named = [variable != view.year for variable in columns]  # years need no name above them
    # A measure stands beside its count: every column is two then.
    pair = (
        ()
        if view.indicator.measure is None
        else (
            _counted(view, view.indicator.measure, bool(columns)),
            words.of(view.indicator.measure.label),
        )
    )
    wide = max(len(pair), 1)
    depth = max(len(columns) + sum(named) + (1 if pair and columns else 0), 1)
    corner = tuple(Cell(view.heading(v), scope="col", rows=depth, corner=True) for v in rows) or (
        Cell(words("tables.of_whom"), scope="col", rows=depth, corner=True),
    )
    if not columns:
        return ((*corner, *(Cell(text, scope="col") for text in pair or (capital(view.population),))),)
    levels: list[tuple[Cell, ...]] = []
    for level, variable in enumerate(columns):
        if named[level]:
            widths = [len(list(group)) for _, group in groupby(keys, key=lambda k: k[:level])]
            levels.append(
                tuple(
                    Cell(view.heading(variable), scope="colgroup", columns=width * wide) for width in widths
                )
            )
        cells = []
        for key, group in groupby(keys, key=lambda k: k[: level + 1]):
            scope: Scope = "col" if level == len(columns) - 1 and not pair else "colgroup"
            label = view.label(variable, key[level])
            cells.append(Cell(label, scope=scope, columns=len(list(group)) * wide, total=TOTAL in key))
        levels.append(tuple(cells))
    if pair:
        levels.append(tuple(Cell(text, scope="col", total=TOTAL in key) for key in keys for text in pair))
    return ((*corner, *levels[0]), *levels[1:])


def _row_headers(
    view: View, rows: Sequence[str], keys: Sequence[tuple[str, ...]], number: int
) -> Iterator[Cell]:
    if not rows:
        yield Cell(capital(view.population), scope="row")
        return
    key = keys[number]
    for level, variable in enumerate(rows):
        if number and keys[number - 1][: level + 1] == key[: level + 1]:
            continue
        height = sum(other[: level + 1] == key[: level + 1] for other in keys)
        yield Cell(
            view.label(variable, key[level]),
            scope="row" if level == len(rows) - 1 else "rowgroup",
            rows=height,
            total=TOTAL in key[: level + 1],
        )


def _cell(view: View, shown: Printed, place: Place, total: bool) -> Cell:
    variable = view.share_variable()
    share = view.share(place, variable) if variable and shown.state == "shown" else None
    detail = "" if share is None else share.text
    if view.is_incomplete(place):
        share, detail = None, ""  # a share of a year that is still followed says nothing
    if share is not None and share.indicative:
        detail = f"{detail} {view.setting.words('signs.indicative')}"
    if shown.value and view.is_incomplete(place):
        detail = f"{detail} {view.setting.words('signs.not_yet')}".strip()
    if view.is_break(place) and shown.state != "none":
        detail = f"{detail} {view.setting.words('signs.break')}".strip()
    return Cell(shown.text, detail=detail, state="" if shown.state == "shown" else shown.state, total=total)


def _notes(
    view: View, printed: Sequence[Printed], fixed: Place, places: Sequence[Place], indicative: bool
) -> tuple[str, ...]:
    words, notes = view.setting.words, []
    if any(p.state == "hidden" for p in printed):
        notes.append(words("tables.note_hidden", sign=view.protected.sign))
    if view.protected.profile == "round":
        notes.append(words("tables.note_rounded", base=view.protected.base))
    if view.share_variable():
        notes.append(words("tables.note_share", base=view.indicator.minimum_base))
    notes.extend(_range(view, places))
    if indicative:
        notes.append(words("tables.note_indicative", sign=words("signs.indicative")))
    dash = words("signs.no_measure")
    if any((m := view.measured(place)) is not None and m.text == dash for place in places):
        least = view.setting.context.standard.settings["thresholds"]["minimum_base_mean_or_median"]
        notes.append(words("tables.note_measure", sign=dash, base=least))
    if view.indicator.question is not None and view.published.values is not None:
        above, question = view.indicator.question
        keys = (tuple(place[v] for v in view.categories) for place in places)
        if any((view.published.values.get(key) or 0.0) > above for key in keys):
            notes.append(words.of(question))
    if view.indicator.multiple:
        notes.append(words("tables.note_multiple"))
    if any(view.is_break(place) for place in places):
        notes.append(words("tables.note_break", sign=words("signs.break")))
    if any(view.is_incomplete(place) for place in places):
        months = view.indicator.follow_up_months
        notes.append(
            counted(words, "tables.note_not_yet", months, sign=words("signs.not_yet"), months=months)
        )
    if any(p.text == words("signs.no_data") for p in printed):
        notes.append(words("tables.note_no_data", sign=words("signs.no_data")))
    if any(p.value == 0 and p.text == words("signs.none_reported") for p in printed):
        notes.append(words("tables.note_none_reported", sign=words("signs.none_reported")))
    at = fixed.get(TERRITORY, TOTAL)
    totals = view.totals("" if at == TOTAL else at)
    figures = view.published.population.figures is not None
    if totals:
        notes.append(words("tables.note_totals" if figures else "tables.note_totals_elsewhere", names=totals))
    if at != TOTAL:
        return (*notes, *(words.of(text) for text in view.indicator.caveats)) if figures else tuple(notes)
    missing = missing_territories(view, places)
    if missing:
        notes.append(words("tables.note_region_without", names=words.joined(missing)))
    notes.extend(words.of(text) for text in view.indicator.caveats)
    notes.extend(
        note.said(words.language, lambda number, decimals: print_decimal(number, decimals, words))
        for note in view.published.notes
    )
    return tuple(notes)


def _range(view: View, places: Sequence[Place]) -> Iterator[str]:
    """Yield between which percentages of everybody a category is, by year, where dates leave some persons open.

    Among those of whom it is certain it is the more often the vaguer the dates are: long times stay certain longest.
    """
    words, said = view.setting.words, []
    for place in places:
        found = view.share_range(place)
        if found is not None:
            year = place[view.year] if view.year is not None else ""
            said.append(words("tables.range_of_year", low=found[0], high=found[1], year=year))
    variable, code = view.indicator.share, view.indicator.share_range
    if said and variable is not None and code is not None:
        label = view.label(variable, code)
        yield words("tables.note_range", label=label, ranges=words.joined(said))


def missing_territories(view: View, places: Sequence[Place]) -> list[str]:
    """Return the territories that no accepted data of the edition's year stands behind, where a total is printed."""
    if view.published.population.figures is not None:
        return []  # it names those that stand in it
    if view.territory and not any(place[TERRITORY] == TOTAL for place in places):
        return []
    year, setting = str(view.setting.edition.year), view.setting
    return [
        setting.territory(t) for t in sorted(setting.context.coverage) if view.reported_of(t, year) == "none"
    ]


def origin_of(view: View) -> Origin:
    """Answer "where from?" for a table."""
    words, table = view.setting.words, view.published
    whole = view.filled({})
    facts: list[tuple[str, tuple[str, ...]]] = [
        (words("origin.definition"), (words.of(view.indicator.definition),)),
        (
            words("origin.population"),
            (f"{capital(view.population)}.", words.of(table.population.definition)),
        ),
    ]
    if view.share_variable():
        facts.append(
            (
                words("origin.denominator"),
                (words("origin.denominator_text", base=view.indicator.minimum_base),),
            )
        )
    facts.append((words("origin.unknown"), _unknown(view, whole)))
    facts.append((words("origin.protection"), _protection(view)))
    facts.append((words("origin.data_as_of"), (view.setting.context.cut_off,)))
    facts.append((words("origin.file"), (f"data/{view.indicator.indicator_id}.csv",)))
    brief = tuple(facts[1:])  # the definition stands above the table already
    contributing = (", ".join(table.submissions) or words("origin.no_submissions"),)
    facts.append((words("origin.submissions", count=len(table.submissions)), contributing))
    if table.made_data:
        facts.append((words("origin.made"), (words("origin.made_text"),)))
    return Origin(facts=tuple(facts), query=table.query.strip(), brief=brief)


def capital(text: str) -> str:
    """Return a text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def hidden_cells(view: View) -> tuple[int, int]:
    """Return how many cells of a table are protected, and how many it has."""
    cells = view.protected.cells.values()
    return sum(cell.shown is None for cell in cells), len(cells)


def _unknown(view: View, whole: Place | None) -> tuple[str, ...]:
    words = view.setting.words
    sentences = []
    if view.indicator.unknown != "show":
        sentences.append(words("origin.unknown_left_out"))
    for variable, codes in view.categories.items():
        if UNKNOWN not in codes or whole is None or view.protected.withheld:
            continue
        sentences.append(
            words(
                "origin.unknown_count",
                variable=view.heading(variable),
                label=view.label(variable, UNKNOWN).lower(),
                unknown=view.printed({**whole, variable: UNKNOWN}).text,
                total=view.printed(whole).text,
                population=view.population,
                year=view.setting.edition.year,
            )
        )
    return tuple(sentences) or (words("origin.unknown_none"),)


def _protection(view: View) -> tuple[str, ...]:
    words, protected = view.setting.words, view.protected
    if protected.withheld:
        return (words("origin.protection_withheld"),)
    hidden, cells = hidden_cells(view)
    if protected.profile == "round":
        said = [words("origin.protection_round", base=protected.base)]
        if protected.far_from >= 0:
            said.append(
                words("origin.protection_far", far_from=protected.far_from, reach=protected.far_reach)
            )
        return tuple(said)
    return (
        words(
            "origin.protection_suppress",
            hidden=print_number(hidden, words),
            cells=print_number(cells, words),
            sign=protected.sign,
        ),
    )
