"""What a variable still lacks: words in the languages of the standard, synthetic data. Nothing of it is a fault.

English stands where a translation lacks, and a column that no synthetic person has is empty in the demonstration.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Any

from clearing_point.standard.files import line_at, lines_of_yaml, read_yaml
from clearing_point.standard.model import Standard
from clearing_point.standard.translations import lacking
from clearing_point.standard.wording import languages_without_terms


def lacking_of_variables(standard: Standard, of_the_report: Collection[str]) -> Iterator[str]:
    """Yield what is still to do, a sentence each, with file and line where it belongs to one.

    Parameters
    ----------
    of_the_report : collection of str
        Languages of the report: the others need no words for its tables.
    """
    yield from _without_data(standard)
    for language in sorted(languages_without_terms(standard.folder)):
        yield f"{standard.folder / 'terms.csv'}: {language} has no terms yet: a line a concept gives it some."
    yield from _without_words(standard, of_the_report)


def _without_data(standard: Standard) -> Iterator[str]:
    settings: dict[str, Any] = read_yaml(standard.folder / "synthetic.yml")
    left_out = set(settings.get("not_here", ()))
    for table in standard.tables_of_kind("case"):
        path = standard.folder / "tables" / f"{table.name}.yml"
        made = settings["tables"].get(table.name, {}).get("columns", {})
        keys = {*table.primary_key, *(f for fields in table.parents.values() for f in fields)}
        keys |= {own for own, _, _ in table.references}
        for index, field in enumerate(table.fields):
            named = f"{table.name}.{field.name}"
            if field.derived is None and field.name not in {*made, *keys} and named not in left_out:
                line = line_at(lines_of_yaml(path), ("fields", index, "name"))
                yield f"{path}:{line}: {field.name} has no synthetic data: a line in schemas/synthetic.yml gives it some."


def _without_words(standard: Standard, of_the_report: Collection[str]) -> Iterator[str]:
    """Yield one sentence for all languages that lack as many texts."""
    texts, report = [*standard.texts()], [*standard.report_texts()]
    counts = sorted(
        (len(lacking([*texts, *report] if language in of_the_report else texts, language)), language)
        for language in standard.languages
    )
    for count, group in groupby(counts, key=lambda found: found[0]):
        named = [language for _, language in group]
        if count:
            yield (
                f"{', '.join(named)}: {count} texts are not translated and stand in English; "
                f"`clearing-point language {named[0]}` lists them."
            )
