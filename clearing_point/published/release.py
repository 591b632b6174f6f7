"""One open release: what is in it, what it means, and every way to ask it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from clearing_point.errors import InputProblem
from clearing_point.halves import percent_text
from clearing_point.published.answer import Answer
from clearing_point.published.crossing import Condition, answer_crossing, answer_table
from clearing_point.published.picture import Picture
from clearing_point.standard.model import TERRITORY

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Help:
    """What an indicator, a variable or a code means, and where the release has it."""

    term: str
    lines: tuple[str, ...]

    def __repr__(self) -> str:
        """Return the text for a notebook."""
        return "\n".join(self.lines)

    def _repr_html_(self) -> str:
        return _as_list(self.lines)


@dataclass(frozen=True)
class Explanation:
    """Where the numbers of one indicator come from.

    Attributes
    ----------
    query : str
        The SQL that counted persons in the office, before protection.
    population, condition : str
        Who is counted.
    unknown_share : float or None
        Part of the persons for whom a variable of the table is not known, in the newest year, where it may be shown.
    protection : str
        How the table was protected, in a sentence.
    cost : mapping
        Cells, hidden and rounded cells.
    submissions : tuple of str
        The submissions that were counted, with their versions.
    """

    indicator: str
    title: str
    definition: str
    population: str
    condition: str
    query: str
    unknown_share: float | None
    protection: str
    cost: Mapping[str, float]
    submissions: tuple[str, ...]
    caveats: tuple[str, ...]
    breaks: tuple[str, ...]
    release_id: str

    def __repr__(self) -> str:
        """Return the text for a notebook."""
        lines = [f"{self.indicator}: {self.title}", self.definition, f"Counted: {self.population}"]
        if self.condition:
            lines.append(f"Only where: {self.condition}")
        if self.unknown_share is not None:
            lines.append(f"Not known: {percent_text(self.unknown_share)}")
        lines += [self.protection, *self.caveats, *self.breaks]
        lines.append(f"From {len(self.submissions)} submissions; release {self.release_id}.")
        return "\n".join(line for line in lines if line)

    def _repr_html_(self) -> str:
        return _as_list(repr(self).split("\n"))


def _as_list(lines: Sequence[str]) -> str:
    """Return sentences as HTML: the first as a heading, the others one below the other."""
    from html import escape

    first, *rest = [escape(line.strip()) for line in lines] or [""]
    items = "".join(f"<li>{line}</li>" for line in rest)
    return f"<p><b>{first}</b></p>" + (f"<ul>{items}</ul>" if items else "")


@dataclass
class Release:
    """A published release, opened by :func:`clearing_point.open_release`.

    Attributes
    ----------
    folder : Path
        Where its files are.
    language : str
        Language of labels in charts and labelled frames.
    """

    folder: Path
    _connection: duckdb.DuckDBPyConnection = field(repr=False)
    language: str = "en"

    def __post_init__(self) -> None:
        row = self._connection.execute("SELECT release_id, edition, made_data FROM release").fetchone()
        if row is None:
            raise InputProblem(f"{self.folder} holds no finished release.")
        self.release_id: str = row[0]
        self.edition: int = row[1]
        self.made_data: bool = row[2]
        place = self.rows(
            "SELECT DISTINCT variable FROM dimension WHERE codelist = ? AND variable IN "
            "(SELECT column_name FROM information_schema.columns WHERE table_name = 'coverage')",
            [TERRITORY],
        )
        self.place: str | None = place[0][0] if place else None
        """The variable by which senders are told apart: of the territory register, and said of submissions, too."""
        self.described: Any = None
        """What :mod:`clearing_point.published.crossing` read of the tables, kept."""

    def indicators(self) -> pd.DataFrame:
        """List the indicators.

        Returns
        -------
        pandas.DataFrame
            One row an indicator, in the order of the report: ``indicator``, ``title``, ``part``, ``population``,
            ``variables`` (list), ``cells``, ``hidden_cells``, ``withheld`` (why, where the whole table is kept back).
        """
        return self.sql(
            "SELECT i.indicator_id AS indicator, title, part, population, "
            "(SELECT list(variable ORDER BY position) FROM dimension AS d WHERE d.indicator_id = i.indicator_id) "
            "AS variables, "
            "count(c.position) AS cells, count(c.position) FILTER (c.protection = 'hidden') AS hidden_cells, withheld "
            "FROM indicator AS i LEFT JOIN cell AS c USING (indicator_id) GROUP BY ALL ORDER BY any_value(i.position)"
        )

    def table(self, indicator: str) -> Answer:
        """Read one indicator as published.

        Parameters
        ----------
        indicator : str
            Such as ``T10``; :meth:`indicators` lists them.

        Raises
        ------
        InputProblem
            If the release has no such indicator.
        """
        return answer_table(self, indicator)

    def crosstab(
        self,
        by: str | Sequence[str],
        *,
        where: Mapping[str, Condition] | None = None,
        population: str | None = None,
    ) -> Answer:
        """Ask for persons by some variables; answered from what is published, never from a new count.

        Parameters
        ----------
        by : str or sequence of str
            Variables, such as ``["territory", "sex"]``.
        where : mapping, optional
            Variable -> a code, several codes, or (for years) ``range(2019, 2023)``. Codes of a variable that is
            not in `by` are added up; the sum is protected if one of them is.
        population : str, optional
            Who is counted, such as ``persons_assisted``; needed only if several published populations would fit.

        Returns
        -------
        Answer
            A crossing that was not published comes back with its cells marked ``not_published``, the cost, and the
            nearest coarser requests: it is no error and nothing was counted anew.

        Raises
        ------
        InputProblem
            If no table of the release has one of the variables or codes.
        """
        names = (by,) if isinstance(by, str) else tuple(by)
        return answer_crossing(self, names, where or {}, population)

    def search(self, words: str) -> pd.DataFrame:
        """Find indicators by words of their titles, definitions, variables and categories; all words must be there.

        Returns
        -------
        pandas.DataFrame
            ``indicator``, ``title``, ``population``; those whose title has the words come first.
        """
        from clearing_point.published.words import search_of

        return search_of(self, words)

    def territory(self, name: str) -> str:
        """Return the code of a territory by its name in any language, an alias or its code.

        Raises
        ------
        InputProblem
            If the release has no such territory, or the name is one of several.
        """
        from clearing_point.published.words import territory_of

        return territory_of(self, name)

    def help(self, term: str) -> Help:
        """Say what an indicator, a variable or a code means and where it is found.

        Raises
        ------
        InputProblem
            If the release does not know the term.
        """
        from clearing_point.published.words import help_of

        return help_of(self, term)

    def explain(self, indicator: str) -> Explanation:
        """Say where the numbers of an indicator come from.

        Raises
        ------
        InputProblem
            If the release has no such indicator.
        """
        from clearing_point.published.words import explanation_of

        return explanation_of(self, indicator)

    def chart(self, what: str | Answer, *, x: str | None = None, series: str | None = None) -> Picture:
        """Draw an indicator or an answer: lines over years, bars otherwise; a hidden number is a sign in a gap.

        Parameters
        ----------
        x, series : str, optional
            Variables along the axis and in colour; by default the year (or first variable) and the next one.

        Raises
        ------
        InputProblem
            If nothing of it may be shown, or there are more than two variables with several categories.
        """
        from clearing_point.published.drawing import chart_of

        return chart_of(self, what if isinstance(what, Answer) else self.table(what), x, series)

    def map(self, what: str | Answer, *, year: int | None = None) -> Picture:
        """Draw an indicator or an answer by territory on a map, for one year (by default the newest).

        Raises
        ------
        InputProblem
            If it has no variable ``territory``.
        """
        from clearing_point.published.drawing import map_of

        return map_of(self, what if isinstance(what, Answer) else self.table(what), year)

    def sql(self, query: str) -> pd.DataFrame:
        """Run plain SQL over the release, read-only: views named after indicators, and what describes them.

        Returns
        -------
        pandas.DataFrame
            With the release id and the query in ``attrs``.

        Raises
        ------
        InputProblem
            If DuckDB refuses the query, such as one that would write or read another file.
        """
        try:
            frame: pd.DataFrame = self._connection.cursor().execute(query).df()
        except duckdb.Error as error:
            from clearing_point.published.refusal import refused

            raise InputProblem(refused(query, error)) from None  # DuckDB's own words quote what it read
        frame.attrs.update({"release_id": self.release_id, "query": query, "made_data": self.made_data})
        return frame

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query that this package wrote itself."""
        found: list[tuple[Any, ...]] = self._connection.cursor().execute(query, list(parameters)).fetchall()
        return found

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Release:
        """Use the release in a ``with`` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def __repr__(self) -> str:
        """Say which release it is."""
        made = ", SYNTHETIC DATA" if self.made_data else ""
        return f"Release {self.release_id} (edition {self.edition}{made}) in {self.folder}"

    def _repr_html_(self) -> str:
        tables = self.indicators()[["indicator", "title", "population"]]
        return _as_list([repr(self)]) + str(tables.to_html(index=False, max_rows=30))
