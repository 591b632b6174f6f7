"""What of a report stands in English, because its language lacks it: texts of the report and of the standard."""

from __future__ import annotations

from clearing_point.publication.edition import Edition
from clearing_point.report.model import ReportContext
from clearing_point.report.words import Words
from clearing_point.standard.model import Indicator, Text
from clearing_point.standard.translations import SOURCE


def english_texts(edition: Edition, context: ReportContext, words: Words) -> frozenset[str]:
    """Return the English texts that stand in for the language's own: each counts once, wherever it is printed.

    Counted are the sentences of ``reports/text``, and of the tables that the edition has: titles, definitions, caveats,
    headings, categories, populations and denominators.
    """
    if words.language == SOURCE:
        return frozenset()
    standard = context.standard
    chosen = [i for i in standard.indicators if i.indicator_id in edition.tables]
    texts: list[Text] = []
    for indicator in chosen:
        population = standard.populations[indicator.population]
        texts += [indicator.title, indicator.definition, *indicator.caveats, *indicator.labels]
        texts += [population.title, population.definition]
        if indicator.question is not None:
            texts.append(indicator.question[1])
        if indicator.measure is not None and indicator.measure.denominator is not None:
            denominator = standard.denominators[indicator.measure.denominator]
            texts += [denominator.title, denominator.definition]
    if any(_leads_to_persons(indicator) for indicator in chosen):
        texts += standard.link_notes.values()
    lists = {breakdown.codelist for indicator in chosen for breakdown in indicator.by}
    texts += [
        code.label
        for name in sorted(lists & set(standard.codelists))
        for code in standard.codelists[name].codes
    ]
    texts += [standard.territory_names[t] for t in context.coverage if t in standard.territory_names]
    return words.standing_in | {text[SOURCE] for text in texts if words.language not in text}


def _leads_to_persons(indicator: Indicator) -> bool:
    """Say whether a table tells how links lead from cases to persons: sentences on links stand below it."""
    return any("@first" in codes for breakdown in indicator.by for codes in breakdown.groups.values())
