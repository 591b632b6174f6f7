"""What a term means, and where the numbers of an indicator come from, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clearing_point.analysis.model import TOTAL, UNKNOWN
from clearing_point.errors import InputProblem

if TYPE_CHECKING:
    import pandas as pd

    from clearing_point.published.release import Explanation, Help, Release


def help_of(release: Release, term: str) -> Help:
    """See :meth:`Release.help`."""
    from clearing_point.published.release import Help

    lines = (
        _indicator(release, term)
        or _variable(release, term)
        or _code(release, term)
        or _named(release, term)
        or _of_standard(term)
        or _said_of(release, term)
    )
    if not lines:
        raise InputProblem(
            f"The release does not know '{term}': name an indicator, a variable or a code (see indicators())."
        )
    return Help(term, tuple(lines))


def _indicator(release: Release, term: str) -> list[str]:
    found = release.rows(
        "SELECT title, definition, population_definition, caveats FROM indicator WHERE indicator_id = ?",
        [term],
    )
    if not found:
        return []
    title, definition, population, caveats = found[0]
    names = release.rows(
        "SELECT variable, label FROM dimension WHERE indicator_id = ? ORDER BY position", [term]
    )
    return [
        f"{term}: {title}",
        definition,
        f"Counted: {population}",
        "Variables: " + ", ".join(f"{name} ({label})" for name, label in names),
        *caveats,
        *_breaks(release),
    ]


def _variable(release: Release, term: str) -> list[str]:
    tables = release.rows(
        "SELECT indicator_id, label FROM dimension WHERE variable = ? ORDER BY indicator_id", [term]
    )
    if not tables:
        return []
    codes = release.rows(
        "SELECT code, any_value(label) FROM category WHERE variable = ? GROUP BY code "
        "HAVING ? OR bool_or(kind <> 'group') ORDER BY min(kind = 'group'), max(position), code",
        [term, term != release.place],
    )
    lines = [f"{term}: {tables[0][1]}", "In: " + ", ".join(name for name, _ in tables)]
    lines += [f"  {code}: {label}" for code, label in codes]
    if term == release.place:
        lines += [
            f"Rows of {table} that are no territories: {rows}"
            for table, rows in release.rows(
                "SELECT indicator_id, string_agg(code || ' (' || label || ')', ', ' ORDER BY position) FROM category "
                "WHERE variable = ? AND kind = 'group' AND code NOT IN "
                "(SELECT code FROM category WHERE kind <> 'group') GROUP BY 1 ORDER BY 1",
                [term],
            )
        ]
        lines += [
            f"  {place} sent {', '.join(map(str, years))}"
            for place, years in release.rows(
                f'SELECT "{term}", list(DISTINCT reference_year ORDER BY reference_year) FROM coverage GROUP BY 1 ORDER BY 1'
            )
        ]
        lines += _breaks(release)
    return lines


def _code(release: Release, term: str) -> list[str]:
    found = release.rows(
        "SELECT DISTINCT c.variable, c.code, c.label FROM category AS c WHERE c.code = ? ORDER BY 1, 3",
        [term],
    )
    return [f"{code}: {label} ({variable})" for variable, code, label in found]


_TERMS = {
    "coverage": "SELECT DISTINCT territory || ' ' || reference_year || ': ' || coverage FROM coverage ORDER BY 1",
    "break": "SELECT territory || ' ' || reference_year || ': ' || after FROM break ORDER BY 1",
    "population": "SELECT DISTINCT population || ': ' || population_definition FROM indicator ORDER BY 1",
}
"""What is asked of the release as a whole, and how it answers."""


_SIGNS = {
    "c": "Protected: a small number, or one from which a small number could be worked out. It may also be zero.",
    "hidden": "Protected: a small number, or one from which a small number could be worked out. It may also be zero.",
    "~": "Behind a percentage of the report: many answers are not known, so it is indicative only.",
    "x": "No median, mean or rate: it would rest on too few cases, or on a protected number.",
    "b": "Break in the series: the method of counting changed; numbers before and after cannot be compared.",
    "suppressed": "Whether the number is protected: a small one, or one from which a small one could be worked out.",
    "rounded": "Whether the number was rounded to protect persons.",
    "missing": "Whether nothing was sent for that territory and year: this is not zero.",
    "..": "No data: nothing was sent for that territory and year. This is not zero.",
    "not_published": "Whether the table does not have this number.",
    "provisional": "Whether the number may still be completed.",
    "share": "Per cent of those with a known answer: see Answer.shares().",
}
"""Signs and marks of the frames, which stand in no code list."""
_SHORT = 2


def _named(release: Release, term: str) -> list[str]:
    """Explain what the release is asked for as a whole, or a territory by its name."""
    if term.lower() in _TERMS:
        return [term, *(f"  {row[0]}" for row in release.rows(_TERMS[term.lower()]))]
    try:
        code = territory_of(release, term)
    except InputProblem:
        return []
    years = release.rows(
        "SELECT DISTINCT reference_year FROM coverage WHERE territory = ? ORDER BY 1", [code]
    )
    sent = ", ".join(str(year) for (year,) in years) or "nothing"
    return [
        f"{code}: {_name_of(release, code)}",
        f"sent {sent}",
        *(line for line in _breaks(release) if f": {code} from" in line),
    ]


def _name_of(release: Release, code: str) -> str:
    """Return what the release calls a territory, whatever it was asked by."""
    found = release.rows(
        "SELECT label FROM label WHERE variable = ? AND code = ? AND language IN (?, 'en') ORDER BY language = 'en'",
        [release.place or "", code, release.language],
    )
    return str(found[0][0]) if found else code


def _said_of(release: Release, term: str) -> list[str]:
    """Explain a sign or a mark of the frames; a word of everyday use leads to the tables that have it."""
    sign = _SIGNS.get(term.lower())
    if sign:
        return [f"{term}: {sign}"]
    found = release.search(term) if len(term) > _SHORT else None
    if found is None or found.empty:
        return []
    return [
        f"{term} is no code, but a word of",
        *(f"  {row.indicator}: {row.title}" for row in found.itertuples()),
    ]


def _of_standard(term: str) -> list[str]:
    """Explain a code that no table of the release has as such: of the scorecard, of a list, a group of territories."""
    from clearing_point.project import find_project
    from clearing_point.standard.files import read_csv

    schemas = find_project().schemas
    found = [
        f"{term}: {row['label_en']} ({path.stem}). {row['definition_en']}".strip()
        for path in sorted((schemas / "codelists").glob("*.csv"))
        for row in read_csv(path)
        if row["code"] == term
    ]
    groups = read_csv(schemas / "territories" / "group.csv")
    for row in read_csv(schemas / "territories" / "group_label.csv"):
        if row["group_id"] == term:
            members = ", ".join(dict.fromkeys(g["territory_id"] for g in groups if g["group_id"] == term))
            found.append(f"{term}: {row['label_en']}. {row['definition_en']} {members}".strip())
    return found


def search_of(release: Release, words: str) -> pd.DataFrame:
    """See :meth:`Release.search`."""
    from clearing_point.published.crossing import quoted

    wanted = words.lower().split()
    text = (
        "lower(concat_ws(' ', i.indicator_id, i.title, i.definition, i.population_title, "
        "(SELECT string_agg(d.variable || ' ' || d.label, ' ') FROM dimension AS d WHERE d.indicator_id = i.indicator_id), "
        "(SELECT string_agg(c.label, ' ') FROM category AS c WHERE c.indicator_id = i.indicator_id)))"
    )
    conditions = " AND ".join(f"contains({text}, {quoted(word)})" for word in wanted) or "true"
    in_title = " AND ".join(f"contains(lower(i.title), {quoted(word)})" for word in wanted) or "true"
    return release.sql(
        "SELECT indicator_id AS indicator, title, population FROM indicator AS i "
        f"WHERE {conditions} ORDER BY {in_title} DESC, i.position"
    )


def territory_of(release: Release, name: str) -> str:
    """See :meth:`Release.territory`."""
    from clearing_point.project import find_project
    from clearing_point.standard.files import read_csv

    if release.place is None:
        raise InputProblem("This release has no territories.")
    wanted = name.strip().rstrip("*").casefold()
    known = {
        row[0]
        for row in release.rows(
            "SELECT DISTINCT territory FROM submission WHERE territory IS NOT NULL UNION "
            "SELECT DISTINCT code FROM category WHERE variable = ? AND kind = 'code'",
            [release.place],
        )
    }
    labels = release.rows("SELECT DISTINCT code, label FROM label WHERE variable = ?", [release.place])
    found = {
        code for code, label in labels if wanted in (str(code).casefold(), str(label).rstrip("*").casefold())
    } & known
    if not found:
        folder = find_project().schemas / "territories"
        found = {
            row["territory_id"]
            for row in read_csv(folder / "alias.csv")
            if row["alias"].casefold() == wanted and row["ambiguous"] != "Y"
        } & known
    if len(found) != 1:
        why = "is none" if not found else f"may be {' or '.join(sorted(found))}"
        raise InputProblem(f"'{name}' {why} of the territories of this release: {', '.join(sorted(known))}.")
    return found.pop()


def _breaks(release: Release) -> list[str]:
    return [
        f"Break: {territory} from {year}: {field.replace('_', ' ')}"
        + (f" changed from {before} to {after}." if before else f". {after.rstrip('.')}.")
        for territory, year, field, before, after in release.rows(
            "SELECT territory, reference_year, field, before, after FROM break ORDER BY ALL"
        )
    ]


def explanation_of(release: Release, indicator: str) -> Explanation:
    """See :meth:`Release.explain`."""
    from clearing_point.published.release import Explanation

    found = release.rows(
        "SELECT title, definition, population_definition, coalesce(condition, ''), query, profile, base, sign, withheld, "
        "submissions, caveats FROM indicator WHERE indicator_id = ?",
        [indicator],
    )
    if not found:
        raise InputProblem(f"The release has no indicator '{indicator}': see Release.indicators().")
    title, definition, population, condition, query, profile, base, sign, withheld, submissions, caveats = (
        found[0]
    )
    if withheld:
        protection = f"The whole table is kept back: {withheld}"
    elif profile == "round":
        protection = f"Every number is rounded to a multiple of {base}, so that the table still adds up."
    else:
        protection = f"Numbers that could point at a person, and others that would give them away, are hidden ({sign})."
    return Explanation(
        indicator=indicator,
        title=title,
        definition=definition,
        population=population,
        condition=condition,
        query=query,
        unknown_share=_unknown_share(release, indicator),
        protection=protection,
        cost=dict(
            release.rows("SELECT measure, amount FROM cost WHERE indicator_id = ? ORDER BY 1", [indicator])
        ),
        submissions=tuple(submissions),
        caveats=tuple(caveats),
        breaks=tuple(_breaks(release)),
        release_id=release.release_id,
    )


def _unknown_share(release: Release, indicator: str) -> float | None:
    """Return the part of persons with an unknown variable in the newest year; None where it may not be shown."""
    variables = [
        row[0]
        for row in release.rows(
            "SELECT DISTINCT variable FROM category WHERE indicator_id = ? AND kind = 'unknown' ORDER BY 1",
            [indicator],
        )
    ]
    names = release.rows(
        "SELECT variable, codelist FROM dimension WHERE indicator_id = ? ORDER BY position", [indicator]
    )
    shares = []
    for variable in variables:
        place, conditions, parameters = 0, [], [indicator]
        for position, (name, codelist) in enumerate(names, start=1):
            if name == variable:
                place = position
            elif codelist == "year":
                conditions.append(
                    f"key[{position}] = (SELECT max(key[{position}]) FROM cell WHERE indicator_id = ?)"
                )
                parameters.append(indicator)
            else:
                conditions.append(f"key[{position}] = '{TOTAL}'")
        unknown, total = release.rows(
            f"SELECT max(value) FILTER (key[{place}] = '{UNKNOWN}'), max(value) FILTER (key[{place}] = '{TOTAL}') "
            f"FROM cell WHERE {' AND '.join(['indicator_id = ?', *conditions])}",
            parameters,
        )[0]
        if unknown is None or not total:
            return None
        shares.append(unknown / total)
    return max(shares, default=None)
