"""What the files of the standard say of each other: what one names, another must have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from clearing_point.errors import ClearingPointError
from clearing_point.project import Project
from clearing_point.standard.files import line_at, lines_of_yaml, read_csv, read_yaml
from clearing_point.standard.load import TERRITORY_FILES
from clearing_point.standard.model import TERRITORY, Standard
from clearing_point.standard.plurals import counted
from clearing_point.standard.translations import SOURCE
from clearing_point.standard.wording import Wording, lacking_terms, lines_of
from clearing_point.standard.workbook import short_name


def reference_problems(project: Project, standard: Standard) -> Iterator[str]:
    """Yield what is named and not there, as ``file:line: sentence``."""
    yield from _code_lists(standard)
    yield from _territories(standard)
    yield from _messages(standard)
    yield from _translations(standard)
    yield from _former_texts(standard)
    yield from _references(standard)
    yield from _published_series(standard)
    yield from _halves(standard)
    yield from _findings(project, standard)


def _references(standard: Standard) -> Iterator[str]:
    for table in standard.tables.values():
        path = standard.folder / "tables" / f"{table.name}.yml"
        lines = lines_of_yaml(path)
        names = set(table.by_name)
        if len(names) != len(table.fields):
            yield f"{path}:1: a field name stands twice."
        for language, title in table.title.items():
            if short_name(title) != title:
                yield f"{path}:1: the name of a sheet holds no more than '{short_name(title)}' of '{title}' ({language})."
        for index, field in enumerate(table.fields):
            line = line_at(lines, ("fields", index, "name"))
            if field.codelist and field.codelist != TERRITORY and field.codelist not in standard.codelists:
                yield f"{path}:{line}: field {field.name} names the code list '{field.codelist}', which is not there."
            elif field.codelist:
                allowed = {*standard.codes_of(field.codelist), *standard.missing_codes}
                for example in field.examples:
                    wrong = (
                        set(example.replace(" ", "").split(";")) - allowed
                        if field.multiple
                        else {example} - allowed
                    )
                    if wrong:
                        yield f"{path}:{line}: the example '{min(wrong)}' of {field.name} is no code of {field.codelist}."
        for key in table.primary_key:
            if key not in names:
                yield f"{path}:{line_at(lines, ('primaryKey',))}: the key '{key}' is no field of the table."


def _halves(standard: Standard) -> Iterator[str]:
    """Yield published figures that give a part of what is counted whole: half a person is a slip."""
    units = standard.codelists["measure_unit"].by_code
    path = standard.folder / "reference" / "published_figures.csv"
    for number, row in enumerate(read_csv(path) if path.is_file() else (), start=2):
        unit = units.get(row["unit"])
        if unit and unit.attributes.get("counted_whole") == "Y" and not float(row["value"]).is_integer():
            yield f"{path}:{number}: {row['figure_id']} is {row['value']} {unit.code}: they are counted in whole numbers."


def _published_series(standard: Standard) -> Iterator[str]:
    """Yield territories that neither have two published series nor a line that says that no second one was found."""
    path = standard.folder / "reference" / "series.csv"
    found: dict[str, list[str]] = {}
    for row in read_csv(path) if path.is_file() else ():
        found.setdefault(row["territory_id"], []).append(row["series"])
    for territory, series in found.items():
        if territory not in standard.reporting_territories:
            yield f"{path}:1: {territory} is no territory that reports."
        elif len(series) < 2:
            yield f"{path}:1: {territory} has no two published series, and no line says that none was found."


def _findings(project: Project, standard: Standard) -> Iterator[str]:
    """Yield findings of the report that name a table, variable or code that the standard does not have, or one id twice."""
    indicators = {indicator.indicator_id: indicator for indicator in standard.indicators}
    seen: set[str] = set()
    for path in sorted((project.reports / "findings").glob("*.yml")):
        try:
            document = read_yaml(path)
        except ClearingPointError:
            continue  # said above
        for at, entry in enumerate(document.get("findings", ()) if isinstance(document, dict) else ()):
            line = line_at(lines_of_yaml(path), ("findings", at))
            indicator = indicators.get(entry.get("table"))
            if entry.get("id") in seen:
                yield f"{path}:{line}: the finding {entry['id']} is there twice."
            seen.add(entry.get("id"))
            if indicator is None:
                yield f"{path}:{line}: {entry.get('id')} names table {entry.get('table')}, which the standard does not have."
                continue
            by = {breakdown.variable: breakdown for breakdown in indicator.by}
            named = {*entry.get("at", {}), *(entry[key] for key in ("of", "parts") if key in entry)}
            for variable in sorted(named - set(by)):
                yield f"{path}:{line}: {entry['id']} names {variable}, which table {entry['table']} does not have."
            for variable, code in entry.get("at", {}).items():
                breakdown = by.get(variable)
                listed = standard.codelists.get(breakdown.codelist) if breakdown else None
                known = {*(breakdown.groups if breakdown else ()), *(listed.by_code if listed else ())}
                if breakdown and code not in known:
                    yield f"{path}:{line}: {entry['id']} names {variable} {code}, which is no code of its list."


def keys_between_tables(folder: Path) -> Iterator[str]:
    """Follow the foreign keys as they are written: where one leads nowhere, nothing else can be read."""
    tables = {path: read_yaml(path) for path in sorted(folder.glob("*.yml"))}
    fields = {document["name"]: {f["name"] for f in document["fields"]} for document in tables.values()}
    for path, document in tables.items():
        for index, key in enumerate(document.get("foreignKeys", ())):
            other = key["reference"]["resource"]
            there = set(key["reference"]["fields"]) <= fields.get(other, set())
            if not there or not set(key["fields"]) <= fields[document["name"]]:
                line = line_at(lines_of_yaml(path), ("foreignKeys", index))
                yield f"{path}:{line}: the key {', '.join(key['fields'])} -> {other} leads nowhere."


def _code_lists(standard: Standard) -> Iterator[str]:
    missing = set(standard.missing_codes)
    for name, codelist in standard.codelists.items():
        path = standard.folder / "codelists" / f"{name}.csv"
        lines = {row["code"]: number for number, row in enumerate(read_csv(path), start=2)}
        if len(lines) != len(codelist.codes):
            yield f"{path}:1: a code stands twice."
        for code in codelist.codes:
            line = lines.get(code.code, 1)
            if code.parent and code.parent not in codelist.by_code:
                yield f"{path}:{line}: the parent '{code.parent}' of {code.code} is no code of the list."
            if name != "missing" and code.code in missing:
                yield f"{path}:{line}: {code.code} is a missing code and stands in missing.csv only."
            if code.valid_from and code.valid_to and code.valid_from >= code.valid_to:
                yield f"{path}:{line}: {code.code} ends before it begins."
            for attribute, value in code.attributes.items():
                other = standard.codelists.get(attribute)
                for part in value.split(";") if other and value else ():
                    if other and part not in other.by_code:
                        yield f"{path}:{line}: '{part}' of {code.code} is no code of {attribute}."
    for path in sorted((standard.folder / "codelists").glob("*.csv")):
        if path.stem not in standard.codelists:
            yield f"{path}:1: the list is not in _register.yml."
    for scheme, rows in standard.crosswalks.items():
        path = standard.folder / "crosswalks" / f"{scheme}.csv"
        for number, row in enumerate(rows, start=2):
            known = standard.codelists.get(row["codelist"])
            if known is None or row["code"] not in {*known.by_code, *missing}:
                yield f"{path}:{number}: {row['codelist']}.{row['code']} is not in the standard."


def _territories(standard: Standard) -> Iterator[str]:
    folder = standard.folder / "territories"
    known = {row["territory_id"] for row in standard.territories}
    for name in TERRITORY_FILES:
        rows: tuple[Mapping[str, str], ...] = standard.territory_files[name]
        for number, row in enumerate(rows, start=2):
            territory = row.get("territory_id", "")
            if territory and territory not in known:
                yield f"{folder / name}.csv:{number}: '{territory}' is no territory."
    groups = {row["group_id"] for row in standard.territory_files["group_label"]}
    for number, row in enumerate(standard.territory_files["group"], start=2):
        if row["group_id"] not in groups:
            yield f"{folder / 'group.csv'}:{number}: the group '{row['group_id']}' has no label."
    labelled = {(r["territory_id"], r["profile"]) for r in standard.territory_files["label"]}
    for territory in standard.reporting_territories:
        for profile in ("neutral", "un", "eu"):
            if (territory, profile) not in labelled:
                yield f"{folder / 'label.csv'}:1: {territory} has no name in the profile {profile}."


def _messages(standard: Standard) -> Iterator[str]:
    path = standard.folder / "messages" / "en.yml"
    for rule_id in sorted({rule.rule_id for rule in standard.rules} - set(standard.messages)):
        yield f"{path}:1: rule {rule_id} has no sentence."


def _former_texts(standard: Standard) -> Iterator[str]:
    """Yield earlier wordings of what is not there, and those that another code of the list carries today."""
    path = standard.folder / "former_texts.csv"
    named = {f"table:{t.name}" for t in standard.tables.values()}
    named |= {f"field:{t.name}.{f.name}" for t in standard.tables.values() for f in t.fields}
    labels = {
        f"code:{c.name}.{code.code}": {k: v.casefold() for k, v in code.label.items()}
        for c in standard.codelists.values()
        for code in c.codes
    }
    today: dict[tuple[str, str, str], set[str]] = {}
    for where, texts in labels.items():
        for language, text in texts.items():
            today.setdefault((where.split(".")[0], language, text), set()).add(where)
    for number, row in enumerate(read_csv(path) if path.is_file() else (), start=2):
        where = row["where"]
        if where not in named and where not in labels:
            yield f"{path}:{number}: there is no {where}."
        elif today.get((where.split(".")[0], row["language"], row["text"].casefold()), set()) - {where}:
            yield f"{path}:{number}: another code of the list has this label today."


def _translations(standard: Standard) -> Iterator[str]:
    """Yield translations of nothing, and words that are not the language's own."""
    english = [text for _, text in [*standard.texts(), *standard.report_texts()]]
    wanted = {text[SOURCE] for text in english}
    numbers = {text[SOURCE] for text in english if counted(text, SOURCE)}
    yield from lacking_terms(standard.folder)
    wording = Wording(standard.folder)
    for language, lines in lines_of(standard.folder, english):
        yield from wording.faults(language, lines, numbers)
        for line in lines:
            if language != SOURCE and line.english not in wanted:
                yield f"{line.place}: translates a text that the standard does not have."
