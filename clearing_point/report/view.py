"""Reading a protected table: its dimensions, the labels of its categories and its numbers as printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from clearing_point.analysis.model import TOTAL, UNKNOWN, PublishedTable
from clearing_point.disclosure.model import Protected
from clearing_point.errors import InputProblem, InternalError
from clearing_point.publication.edition import Bound, Edition
from clearing_point.report.breaks import breaks_of, known_breaks
from clearing_point.report.model import ReportContext
from clearing_point.report.signs import (
    Printed,
    Reported,
    Share,
    print_count,
    print_measure,
    range_of_all,
    share_of_known,
)
from clearing_point.report.words import Words
from clearing_point.standard.model import TERRITORY, Breakdown

_YEAR = "year"

Place = Mapping[str, str]
"""Variable -> category code."""


@dataclass(frozen=True)
class Setting:
    """What every page of one language needs."""

    edition: Edition
    context: ReportContext
    words: Words

    @cached_property
    def breaks(self) -> frozenset[tuple[str, str, str]]:
        """(territory, year, population or all) from which on a series cannot be compared with the years before."""
        declared = {(territory, str(year), "") for territory, year, _ in breaks_of(self.context)}
        known = {
            (row["territory_id"], row["reference_year"], row["population"])
            for row in known_breaks(self.context)
        }
        return frozenset(declared | known)

    def territory(self, code: str) -> str:
        """Return the name of a territory or of a group of territories under the edition's profile."""
        standard = self.context.standard
        for row in standard.territory_files.get("group_label", ()):
            if row["group_id"] == code:
                return standard.place_text(row["label_en"], self.words.language)
        return standard.territory_name(code, self.edition.naming_profile, self.words.language)

    def reported(self, territory: str, year: str) -> Reported:
        """Say what is known of the cases of a territory and year."""
        states = self.context.coverage.get(territory, {})
        state = next((states[key] for key in states if str(key) == year), "none")
        if state != "accepted" or (territory, year) in self.context.totals_only:
            return "none"
        return "complete" if (territory, year) in self.context.complete else "accepted"


class View:
    """One published table, for printing."""

    def __init__(self, published: PublishedTable, setting: Setting) -> None:
        if not isinstance(published, PublishedTable) or not isinstance(published.protected, Protected):
            raise InternalError("The report was handed a table that did not pass the disclosure gate.")
        self.published = published
        self.setting = setting
        self.indicator = published.indicator
        self.protected = published.protected

    @property
    def title(self) -> str:
        """Title of the indicator."""
        return self.setting.words.of(self.indicator.title)

    @property
    def population(self) -> str:
        """Of whom the numbers are."""
        return self.setting.words.of(self.published.population.title)

    @cached_property
    def categories(self) -> dict[str, tuple[str, ...]]:
        """Variable -> category codes, in the order of the table."""
        return {d.variable: tuple(c.code for c in d.categories) for d in self.protected.dimensions}

    @cached_property
    def members(self) -> dict[str, dict[str, frozenset[str]]]:
        """Variable -> category code -> leaf codes."""
        return {d.variable: {c.code: c.members for c in d.categories} for d in self.protected.dimensions}

    @cached_property
    def breakdowns(self) -> dict[str, Breakdown]:
        """Variable -> its declaration."""
        found = {b.variable: b for b in self.indicator.by}
        lacking = [variable for variable in self.categories if variable not in found]
        if lacking:
            raise InternalError(
                f"{self.indicator.indicator_id}: the table has a dimension that is not declared."
            )
        return found

    @cached_property
    def year(self) -> str | None:
        """The variable that holds calendar years."""
        return next((v for v in self.categories if self.breakdowns[v].codelist == _YEAR), None)

    @property
    def territory(self) -> str | None:
        """The variable that holds the reporting territory."""
        return TERRITORY if TERRITORY in self.categories else None

    @cached_property
    def layout(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Variables of the rows and of the columns; those that are not declared go to the rows."""
        for variable in (*self.indicator.rows, *self.indicator.columns):
            if variable not in self.breakdowns:
                raise InputProblem(
                    f"Indicator {self.indicator.indicator_id}: its layout names {variable}, "
                    "which is none of its breakdowns."
                )
        columns = tuple(v for v in self.indicator.columns if v in self.categories)
        rows = tuple(v for v in self.indicator.rows if v in self.categories)
        rows = (*rows, *(v for v in self.categories if v not in rows and v not in columns))
        if self.indicator.measure is not None and not self._printed(rows):
            # A single row of counts and measures year by year would be all headings: years go down then.
            return (*columns, *rows), ()
        return rows, columns

    def _printed(self, variables: tuple[str, ...]) -> list[str]:
        """Return the variables that a table has to name: those of more than one category."""
        return [v for v in variables if len(self.categories[v]) > 1]

    def leaves(self, variable: str) -> tuple[str, ...]:
        """Return the categories that hold no other one: what a figure may add up or compare."""
        members = self.members[variable]
        return tuple(
            code
            for code in self.categories[variable]
            if code != TOTAL and not any(members[o] < members[code] for o in members if o != code)
        )

    def label(self, variable: str, code: str) -> str:
        """Return what a reader calls a category."""
        words, breakdown = self.setting.words, self.breakdowns[variable]
        if code == TOTAL and code not in breakdown.group_labels:
            return words("tables.region") if variable == TERRITORY else words("tables.total")
        if breakdown.codelist == _YEAR:
            return code
        if code == UNKNOWN:
            return words.of(breakdown.unknown_label) if breakdown.unknown_label else words("tables.unknown")
        if code in breakdown.group_labels:
            return words.of(breakdown.group_labels[code])
        if breakdown.codelist == TERRITORY:
            return self.setting.territory(code)
        if breakdown.codelist not in self.setting.context.standard.codelists:
            return code
        return self.setting.context.standard.label_of(breakdown.codelist, code, words.language)

    def heading(self, variable: str) -> str:
        """Return the name of a variable."""
        return self.setting.words.of(self.breakdowns[variable].label)

    def default(self, variable: str) -> str | None:
        """Return where a variable stands that nobody names: the edition's year, else the total."""
        codes = self.categories[variable]
        if variable == self.year:
            year = str(self.setting.edition.year)
            return year if year in codes else None
        if TOTAL in codes:
            return TOTAL
        return codes[0] if len(codes) == 1 else None

    def filled(self, place: Place) -> dict[str, str] | None:
        """Return a whole place, unnamed variables at their default; None where one has none."""
        whole: dict[str, str] = {}
        for variable in self.categories:
            code = place.get(variable) or self.default(variable)
            if code is None:
                return None
            whole[variable] = code
        return whole

    def printed(self, place: Place) -> Printed:
        """Return the number at a place as readers see it."""
        key = tuple(place[variable] for variable in self.categories)
        shown = print_count(
            self.protected.cells.get(key), self.protected.sign, self._reported(place), self.setting.words
        )
        if shown.value == 0 and self.is_incomplete(place):
            return Printed(self.setting.words("signs.not_yet"), None, "none")
        return shown

    def share(self, place: Place, variable: str) -> Share | None:
        """Return the share of a category among the known persons of one variable, all else equal."""
        codes = self.categories[variable]
        if TOTAL not in codes or place[variable] in (TOTAL, UNKNOWN):
            return None
        unknown = 0 if UNKNOWN not in codes else self.printed({**place, variable: UNKNOWN}).value
        return share_of_known(
            self.printed(place).value,
            self.printed({**place, variable: TOTAL}).value,
            unknown,
            self.indicator.minimum_base,
            self.setting.context.standard.settings["thresholds"],
            self.setting.words,
        )

    def share_range(self, place: Place) -> tuple[str, str] | None:
        """Return which part of everybody is at least and at most of the category whose dates leave some open."""
        variable, code = self.indicator.share, self.indicator.share_range
        if variable is None or code is None or place[variable] != code or self.is_incomplete(place):
            return None
        value, unknown, total = (
            self.printed({**place, variable: one}).value if one in self.categories[variable] else None
            for one in (code, UNKNOWN, TOTAL)
        )
        least, limits = self.indicator.minimum_base, self.setting.context.standard.settings["thresholds"]
        return range_of_all(value, unknown, total, least, limits, self.setting.words)

    def share_variable(self) -> str | None:
        """Return the variable whose categories are printed with percentages, if the indicator asks for them."""
        chart = self.indicator.chart or {}
        if self.indicator.share is not None:
            return self.indicator.share
        if chart.get("value") != "share":
            return None
        wanted = [chart.get("series"), chart.get("x"), *self.layout[1], *self.layout[0]]
        return next((v for v in wanted if v in self.categories and v not in (self.year, TERRITORY)), None)

    def measured(self, place: Place) -> Printed | None:
        """Return the measure at a place as readers see it; None where the indicator has none."""
        measure, values = self.indicator.measure, self.published.values
        if measure is None or values is None:
            return None
        key = tuple(place[variable] for variable in self.categories)
        return print_measure(values.get(key), measure.decimals, self.printed(place), self.setting.words)

    def is_incomplete(self, place: Place) -> bool:
        """Say whether persons of that year were still followed on the day the data are as of: the count will grow."""
        months = self.indicator.follow_up_months
        if not months or self.year is None or not place[self.year].isdigit():
            return False
        followed = [v for v in self.categories if v not in (self.year, TERRITORY)]
        if any(place[v] in (TOTAL, UNKNOWN) for v in followed):
            return False
        year, month = divmod(int(place[self.year]) * 12 + 11 + months, 12)
        return self.setting.context.cut_off[:7] <= f"{year:04d}-{month + 1:02d}"

    def is_break(self, place: Place) -> bool:
        """Say whether a number must not be compared with the year before, which the table shows too."""
        if self.year is None or self.territory is None or len(self.categories[self.year]) == 1:
            return False
        return place[self.year] in self.breaks_of(place[TERRITORY])

    def breaks_of(self, territory: str) -> frozenset[str]:
        """Return the years from which on a territory counts otherwise what this table counts."""
        return frozenset(
            year
            for at, year, population in self.setting.breaks
            if at == territory and population in ("", self.indicator.population)
        )

    def breaks_between(self, years: Sequence[str], territory: str = "") -> tuple[tuple[str, str], ...]:
        """Return (territory, year) of the breaks after the first and up to the last of some years.

        Parameters
        ----------
        territory : str
            One territory alone; empty or the total: all of which the region consists.
        """
        asked = sorted(self.setting.context.coverage) if territory in ("", TOTAL) else [territory]
        return tuple(
            (code, year)
            for code in asked
            for year in sorted(self.breaks_of(code))
            if years and min(years) < year <= max(years)
        )

    def break_notes(
        self, kind: str, fixed: Place, drawn: Mapping[str | None, Sequence[str]]
    ) -> tuple[str, ...]:
        """Return who counts otherwise between the years of a picture; lines of territories show it themselves."""
        territory = fixed.get(TERRITORY, TOTAL)
        if self.year not in drawn or (kind == "line" and (territory != TOTAL or TERRITORY in drawn)):
            return ()
        said = self.break_sentence(drawn[self.year], territory)
        return (said,) if said else ()

    def break_sentence(self, years: Sequence[str], territory: str = "") -> str:
        """Say who counts otherwise within some years, or nothing."""
        found = self.breaks_between(years, territory)
        names = self.setting.words.joined(
            tuple(
                self.setting.words("figures.since", name=self.setting.territory(code), year=year)
                for code, year in found
            )
        )
        return self.setting.words("figures.note_break", names=names) if found else ""

    def bound(self, bound: Bound, place: Place | None = None) -> dict[str, str]:
        """Return the place that the text of an edition names.

        Raises
        ------
        InputProblem
            If the table has no such variable or category.
        """
        wanted = {**bound.at, **(place or {})}
        for variable, code in wanted.items():
            if code not in self.categories.get(variable, ()):
                raise InputProblem(
                    f"Edition {self.setting.edition.year}: table {bound.table} has no {variable} {code}; "
                    f"it has: {', '.join(self.categories.get(variable, ())) or ', '.join(self.categories)}."
                )
        whole = self.filled(wanted)
        if whole is None:
            raise InputProblem(
                f"Edition {self.setting.edition.year}: a number bound to table {bound.table} must name one category "
                "of each variable that has no total."
            )
        return whole

    def _reported(self, place: Place) -> Reported:
        """Say what is known of the data behind a place: of all territories and years that it takes in."""
        years: tuple[str, ...] = (str(self.setting.edition.year),)
        if self.year:
            years = tuple(sorted(self.members[self.year][place[self.year]]))
        members = tuple(self.setting.context.coverage)
        if self.territory and place[TERRITORY] != TOTAL:
            named = self.breakdowns[TERRITORY].groups.get(place[TERRITORY], (place[TERRITORY],))
            # A group of rows of all territories names none of them.
            members = tuple(m for m in named if m in members) or members
        states = {self.reported_of(member, year) for member in members for year in years}
        if states <= {"none"}:
            return "none"
        # A rounded nought may stand for a few persons: it must not be printed as "none reported".
        return "complete" if states == {"complete"} or self.protected.profile == "round" else "accepted"

    def reported_of(self, territory: str, year: str) -> Reported:
        """Say what was known of a territory's data when the year was counted: what came later stands on its own line."""
        covered = self.published.covered
        if covered is not None and (territory, year) not in covered:
            return "none"
        if self.published.population.figures is not None:
            return "complete"  # a sender who gives a number says that there were no more
        return self.setting.reported(territory, year)

    def totals(self, territory: str = "") -> str:
        """Name the territories and years of which senders sent totals that they counted themselves, and no cases.

        Of a table of such totals, those that stand in it; of a table of cases, those that are not in it.
        """
        population = self.published.population
        places = (
            self.setting.context.totals.get(population.name, frozenset())
            if population.figures is None
            else self.published.covered or frozenset()
        )
        years = set(self.categories[self.year]) if self.year else {str(self.setting.edition.year)}
        found: dict[str, list[str]] = {}
        for place, year in sorted(places):
            if year in years and territory in ("", place):
                found.setdefault(self.setting.territory(place), []).append(year)
        return "; ".join(f"{name} ({', '.join(found[name])})" for name in sorted(found))
