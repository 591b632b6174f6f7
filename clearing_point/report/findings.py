"""Sentences that are found: what the tables of an edition say, where their conditions hold.

A sentence is made of printed cells alone, as any reader could make it, and names no cause. Where a cell is protected or
missing, nothing is said. What weakens a comparison (chance, a break, other coverage, a year not complete, many unknown
answers) stands in the same sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from clearing_point.analysis.model import TOTAL, UNKNOWN
from clearing_point.halves import rounded
from clearing_point.report.chance import clear_change, clear_difference
from clearing_point.report.model import Finding
from clearing_point.report.plurals import counted
from clearing_point.report.signs import percentage
from clearing_point.report.view import Place, Setting, View
from clearing_point.standard.files import read_yaml
from clearing_point.standard.model import TERRITORY

_PART = 0.3
"""A contribution to a change is named from this part of it on."""


@dataclass(frozen=True)
class Sought:
    """One entry of the registry ``reports/findings``."""

    id: str
    kind: str
    table: str
    chapter: str
    words: str
    at: Mapping[str, str] = field(default_factory=dict)
    of: str = ""
    back: int = 0
    parts: str = ""
    first_page: int = 0
    profile: bool = False
    least: int = 1


def load_findings(reports: Path) -> tuple[Sought, ...]:
    """Read the registry, in the order of its files."""
    return tuple(
        Sought(**entry)
        for path in sorted((reports / "findings").glob("*.yml"))
        for entry in read_yaml(path)["findings"]
    )


@dataclass(frozen=True)
class _Number:
    """A printed number and the place it stands at."""

    value: int
    text: str
    place: Place


class Finder:
    """Looks for the sentences of one edition in one language.

    Parameters
    ----------
    views : mapping
        Table id -> its view.
    """

    def __init__(self, setting: Setting, views: Mapping[str, View], sought: Sequence[Sought]) -> None:
        self.setting, self.words = setting, setting.words
        self._views = {name: view for name, view in views.items() if not view.protected.withheld}
        self._sought = sought

    def region(self) -> tuple[Finding, ...]:
        """Return what is found for the region, in the order of the registry."""
        wanted = [entry for entry in self._sought if entry.kind != "compare"]
        return tuple(found for entry in wanted if (found := self.find(entry)) is not None)

    def profile(self, territory: str) -> tuple[Finding, ...]:
        """Return what is found for a territory."""
        wanted = [entry for entry in self._sought if entry.profile]
        return tuple(found for entry in wanted if (found := self.find(entry, territory)) is not None)

    def find(self, entry: Sought, territory: str = "") -> Finding | None:
        """Return one sentence, or None where its conditions do not hold."""
        view = self._views.get(entry.table)
        if view is None or view.year is None or (territory and view.territory is None):
            return None
        if any(code not in view.categories.get(variable, ()) for variable, code in entry.at.items()):
            return None
        year = self._year(view, entry, territory)
        if year is None:
            return None
        say = {
            "change": self._change, "share": self._share, "compare": self._compare, "step": self._step,
            "missing": self._missing,
        }[entry.kind]  # fmt: skip
        said = say(entry, view, year, territory)
        if said is None:
            return None
        text, numbers, sure = said
        if int(year) in self.setting.edition.provisional_years:
            text.append(self.words("findings.clauses.provisional", year=year))
        sentence = "; ".join(text)
        cells = tuple(":".join((entry.table, *(n.place[v] for v in view.categories))) for n in numbers)
        return Finding(entry.id, entry.chapter, f"{sentence}.", entry.table, cells, sure, entry.first_page)

    # --- kinds -------------------------------------------------------------------------------------------

    def _change(self, entry: Sought, view: View, year: str, territory: str) -> _Said | None:
        earlier = str(int(year) - entry.back)
        now, before = (self._number(view, entry, at, territory) for at in (year, earlier))
        if now is None or before is None:
            return None
        if territory and self._broken(view, territory, earlier, year):
            how = "broken"
        elif not clear_change(before.value, now.value):
            how = "unclear"
        else:
            how = "rose" if now.value > before.value else "fell"
            if before.value < self._least:
                how += "_small"
        difference = abs(now.value - before.value)
        moved = difference / before.value if before.value else 0.0
        main = self.words(
            f"findings.change.{how}", year=year, before_year=earlier, before=before.text,
            counted=counted(self.words, f"findings.counted.{entry.words}", now.value, n=now.text),
            percent=percentage(moved, self.words),
        )  # fmt: skip
        numbers, clauses = [now, before], [main]
        if not territory:
            named = ""
            if how in ("rose", "fell") and entry.parts == view.territory:
                named = self._part(entry, view, now, before, numbers, clauses)
            clauses += self._comparable(view, earlier, year, named)
        return clauses, numbers, "clear" if how in ("rose", "fell") else how

    def _part(
        self,
        entry: Sought,
        view: View,
        now: _Number,
        before: _Number,
        numbers: list[_Number],
        clauses: list[str],
    ) -> str:
        """Name the territory whose own change is the largest part of a change, among those that are shown."""
        whole = now.value - before.value
        found: list[tuple[int, str, _Number, _Number]] = []
        for territory in view.leaves(TERRITORY):
            pair = [view.printed({**n.place, TERRITORY: territory}) for n in (now, before)]
            if all(p.state == "shown" and p.value is not None for p in pair):
                there, then = (
                    _Number(p.value or 0, p.text, {**n.place, TERRITORY: territory})
                    for p, n in zip(pair, (now, before), strict=True)
                )
                found.append((there.value - then.value, territory, there, then))
        best = max(found, key=lambda f: f[0] * (1 if whole > 0 else -1), default=None)
        if best is None or best[0] * whole <= 0 or abs(best[0]) < _PART * abs(whole):
            return ""
        part, territory, there, then = best
        years = [n.place[str(view.year)] for n in (before, now)]
        key = "part_break" if self._broken(view, territory, *years) else "part"
        clauses.append(
            self.words(
                f"findings.clauses.{key}", name=self.setting.territory(territory), before=then.text, now=there.text,
                share=percentage(abs(part) / abs(whole), self.words),
                year=self._broken(view, territory, *years),
            )
        )  # fmt: skip
        numbers += [there, then]
        return territory

    def _share(self, entry: Sought, view: View, year: str, territory: str) -> _Said | None:
        share = self._shared(entry, view, year, territory)
        if share is None:
            return None
        text, value, part, known, numbers, indicative = share
        main = self.words(f"findings.shares.{entry.words}", year=year)
        clauses, sure = [self.words("findings.share.plain", share=text, phrase=main)], "level"
        earlier = str(int(year) - entry.back)
        before = self._shared(entry, view, earlier, territory) if entry.back else None
        if before is not None:
            how, points = self._moved((value, part, known), before[1:4])
            clauses = [
                self.words(
                    f"findings.share.{how}", share=text, phrase=main, before=before[0], before_year=earlier,
                    points=counted(self.words, "findings.points", points, n=points),
                )
            ]  # fmt: skip
            numbers, sure = [*numbers, *before[4]], "unclear" if how == "unclear" else "clear"
            indicative = indicative or before[5]
            clauses += self._comparable(view, earlier, year, "") if not territory else []
        if indicative:
            clauses.append(self.words("findings.clauses.indicative"))
        return clauses, numbers, sure

    def _compare(self, entry: Sought, view: View, year: str, territory: str) -> _Said | None:
        here, region = self._shared(entry, view, year, territory), self._shared(entry, view, year, "")
        if here is None or region is None:
            return None
        rest, rest_known = region[2] - here[2], region[3] - here[3]
        clear = clear_difference(here[2], here[3], rest, rest_known)
        how = "unclear" if not clear else "more" if here[1] > region[1] else "less"
        clauses = [
            self.words(
                f"findings.compare.{how}", share=here[0], region=region[0],
                phrase=self.words(f"findings.shares.{entry.words}", year=year),
            )
        ]  # fmt: skip
        if here[5] or region[5]:
            clauses.append(self.words("findings.clauses.indicative"))
        return clauses, [*here[4], *region[4]], "clear" if clear else "unclear"

    def _step(self, entry: Sought, view: View, year: str, territory: str) -> _Said | None:
        share = self._shared(entry, view, year, territory)
        if share is None:
            return None
        text, value, part, known, numbers, indicative = share
        whole, sure = numbers[1], "level"
        clauses = [
            counted(
                self.words, f"findings.steps.{entry.words}", whole.value, n=whole.text, part=numbers[0].text,
                share=text, year=year,
            )
        ]  # fmt: skip
        if len(numbers) > 2 and numbers[2].value:
            clauses.append(self.words("findings.clauses.not_known", n=numbers[2].text))
        earlier = str(int(year) - entry.back)
        before = self._shared(entry, view, earlier, territory) if entry.back else None
        if before is not None:
            how, points = self._moved((value, part, known), before[1:4])
            clauses.append(
                self.words(
                    f"findings.step.{how}", before=before[0], before_year=earlier,
                    points=counted(self.words, "findings.points", points, n=points),
                )
            )  # fmt: skip
            numbers, sure = [*numbers, *before[4]], "unclear" if how == "unclear" else "clear"
            indicative = indicative or before[5]
            clauses += self._comparable(view, earlier, year, "") if not territory else []
        if indicative:
            clauses.append(self.words("findings.clauses.indicative"))
        return clauses, numbers, sure

    @staticmethod
    def _moved(now: tuple[float, int, int], before: tuple[float, int, int]) -> tuple[str, int]:
        """Return whether a share (per cent, persons with the answer, known persons) rose or fell clearly, and its points."""
        points = int(rounded(abs(now[0] - before[0])))
        if not points or not clear_difference(*now[1:], *before[1:]):
            return "unclear", points
        return "rose" if now[0] > before[0] else "fell", points

    def _missing(self, entry: Sought, view: View, year: str, territory: str) -> _Said | None:
        whole = self._number(view, entry, year, territory)
        if whole is None or whole.value < self._least or UNKNOWN not in view.categories.get(entry.of, ()):
            return None
        place = {**whole.place, entry.of: UNKNOWN}
        lacking = view.printed(place)
        if lacking.state != "shown" or not lacking.value:
            return None
        percent = 100 * lacking.value / whole.value
        if percent < entry.least:
            return None
        said = counted(
            self.words, f"findings.missing.{entry.words}", whole.value, n=whole.text, unknown=lacking.text, year=year,
            percent=percentage(percent / 100, self.words),
        )  # fmt: skip
        return [said], [whole, _Number(lacking.value, lacking.text, place)], "level"

    # --- numbers -----------------------------------------------------------------------------------------

    @property
    def _least(self) -> int:
        return int(self.setting.context.standard.settings["thresholds"]["minimum_base_percentage"])

    def _year(self, view: View, entry: Sought, territory: str) -> str | None:
        """Return the latest year of a table that is complete, the edition's at the latest."""
        last = self.setting.edition.year
        for year in (str(last), str(last - 1)):
            if year in view.categories[str(view.year)]:
                place = self._place(view, entry, year, territory)
                if place is not None and not view.is_incomplete(place):
                    return year
        return None

    def _place(self, view: View, entry: Sought, year: str, territory: str) -> dict[str, str] | None:
        named = {**entry.at, str(view.year): year, **({TERRITORY: territory} if territory else {})}
        if any(code not in view.categories[variable] for variable, code in named.items()):
            return None
        return view.filled(named)

    def _number(self, view: View, entry: Sought, year: str, territory: str) -> _Number | None:
        place = self._place(view, entry, year, territory)
        if place is None:
            return None
        shown = view.printed(place)
        if shown.state != "shown" or shown.value is None or not any(c.isdigit() for c in shown.text):
            return None  # "none reported" is no number to compare with
        return _Number(shown.value, shown.text, place)

    def _shared(
        self, entry: Sought, view: View, year: str, territory: str
    ) -> tuple[str, float, int, int, list[_Number], bool] | None:
        """Return a share as printed: text, value, persons with the answer, known persons, their cells, indicative."""
        part = self._number(view, entry, year, territory)
        if part is None:
            return None
        share = view.share(part.place, entry.of)
        whole = view.printed({**part.place, entry.of: TOTAL})
        if share is None or whole.value is None:
            return None
        numbers = [part, _Number(whole.value, whole.text, {**part.place, entry.of: TOTAL})]
        unknown = 0
        if UNKNOWN in view.categories[entry.of]:
            place = {**part.place, entry.of: UNKNOWN}
            lacking = view.printed(place)
            unknown = lacking.value or 0
            numbers.append(_Number(unknown, lacking.text, place))
        return share.text, share.value, part.value, whole.value - unknown, numbers, share.indicative

    # --- what weakens a comparison -----------------------------------------------------------------------

    def _broken(self, view: View, territory: str, earlier: str, year: str) -> str:
        """Return the first year in between from which on a territory counts otherwise, or nothing."""
        return min((y for y in view.breaks_of(territory) if earlier < y <= year), default="")

    def _comparable(self, view: View, earlier: str, year: str, named: str) -> Iterator[str]:
        """Yield what else differs between two years of the region: how others count, and whose data cover both."""
        territories = sorted(self.setting.context.coverage)
        broken = [t for t in territories if t != named and self._broken(view, t, earlier, year)]
        if broken:
            names = self.words.joined([self.setting.territory(t) for t in broken])
            yield self.words("findings.clauses.breaks", names=names)
        other = [
            t for t in territories if self.setting.reported(t, earlier) != self.setting.reported(t, year)
        ]
        if other:
            names = self.words.joined([self.setting.territory(t) for t in other])
            yield self.words("findings.clauses.coverage", names=names)


_Said = tuple[list[str], list[_Number], str]
"""Clauses of a sentence, the printed numbers it is made of, and how sure it is."""
