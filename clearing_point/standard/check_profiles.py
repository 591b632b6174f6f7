"""Profiles against the standard: what they name must be there, so that no file is read by a profile that cannot work.

A profile is looked at as it is written, because a problem is told with its line. What would end the reading of a file, or
reach its sender as her fault, is a problem of the profile and is said here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearing_point.project import Project
from clearing_point.standard.date_forms import second_order, unknown_directive
from clearing_point.standard.files import line_at, lines_of_yaml, read_csv, read_yaml
from clearing_point.standard.model import NUMBER_TYPES, REFERENCE, TERRITORY, Field, Standard, Table

_SHOWN = 12
_SUBMITTER = "submitter"
Key = tuple[str | int, ...]


def profile_problems(project: Project, standard: Standard) -> Iterator[str]:
    """Yield what profiles of countries and sources name that the standard does not have, as ``file:line: sentence``."""
    for parent in (project.countries, project.sources):
        for path in sorted(parent.glob("*/profile.yml")):
            source = read_yaml(path)
            yield from _Profile(path, source, lines_of_yaml(path), project, standard).problems()
            yield from _values(path.with_name("values.csv"), standard)


@dataclass(frozen=True)
class _Profile:
    path: Path
    source: Mapping[str, Any]
    lines: dict[Key, int]
    project: Project
    standard: Standard

    def problems(self) -> Iterator[str]:
        for key, sentence in self._found():
            yield f"{self.path}:{line_at(self.lines, key)}: {sentence}"

    def _found(self) -> Iterator[tuple[Key, str]]:
        source, standard = self.source, self.standard
        territory, language = source.get("territory"), source.get("language")
        if territory is not None and territory not in standard.codes_of(TERRITORY):
            yield ("territory",), f"'{territory}' is no territory of the standard."
        near = [one for one in standard.languages if language and one.startswith(f"{language}-")]
        if language not in standard.languages and near:
            # Any other language may stand there: what is said in it falls back to English.
            yield (
                ("language",),
                f"'{language}' is no language of the standard, which has {' and '.join(near)}.",
            )
        yield from self._declared(("submission",), source.get("submission", {}))
        for name, sender in source.get("senders", {}).items():
            yield from self._declared(("senders", name, "submission"), sender.get("submission", {}))
        read = source.get("read", {})
        yield from self._missing(("read", "missing"), read.get("missing", {}))
        if read.get("blank", "UNK") not in standard.missing_codes:
            yield ("read", "blank"), _no_code(str(read["blank"]), "missing", sorted(standard.missing_codes))
        for number, form in enumerate(read.get("dates", ())):
            if (part := unknown_directive(form)) is not None:
                yield ("read", "dates", number), f"'{part}' in '{form}' is no part of a date: %d, %m, %Y are."
        if (form := second_order(read.get("dates", ()))) is not None:
            yield (
                ("read", "dates"),
                f"Dates are declared both day first and month first ({form}): one text would be two dates.",
            )
        for number, name in enumerate(source.get("also_reads", ())):
            if not (self.project.sources / name / "profile.yml").is_file():
                yield ("also_reads", number), f"There is no public format '{name}' in pipelines/sources."
        for number, sheet in enumerate(source.get("sheets", ())):
            for place, block in enumerate(sheet["tables"]):
                yield from self._table(("sheets", number, "tables", place), block)

    def _declared(self, at: Key, declared: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
        table = next(iter(self.standard.tables_of_kind("header")), None)
        for name, value in declared.items():
            field = table.by_name.get(name) if table else None
            if field is None:
                yield (*at, name), f"a submission has no field '{name}'."
            else:
                yield from self._codes((*at, name), field, str(value))

    def _missing(self, at: Key, words: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
        allowed = sorted(self.standard.missing_codes)
        for word, code in words.items():
            if str(code) not in allowed:
                yield (*at, word), _no_code(str(code), "missing", allowed)

    def _table(self, at: Key, block: Mapping[str, Any]) -> Iterator[tuple[Key, str]]:
        table = self.standard.tables.get(block["table"])
        if table is None:
            yield (*at, "table"), f"the standard has no table '{block['table']}'."
            return
        if table.kind == REFERENCE and self.source.get("use") != REFERENCE:
            yield (
                (*at, "table"),
                f"table {table.name} is for public sources: only a profile with 'use: reference' fills it.",
            )
        if block.get("explode") is not None and block["explode"] not in block["columns"]:
            yield (*at, "explode"), f"'{block['explode']}' is no column of this table in the profile."
        for name, spec in block["columns"].items():
            field = table.by_name.get(name) or self._companion(table, name)
            if field is None:
                yield (*at, "columns", name), f"table {table.name} has no field '{name}'."
            elif isinstance(spec, Mapping):
                yield from self._column((*at, "columns", name), spec, field, table)
        yield from self._keys(at, block, table)

    @staticmethod
    def _companion(table: Table, name: str) -> Field | None:
        field = table.by_name.get(name.removesuffix("_no"))
        return field if field is not None and field.no_column == name else None

    @staticmethod
    def _keys(at: Key, block: Mapping[str, Any], table: Table) -> Iterator[tuple[Key, str]]:
        """A table without the field by which its rows are found takes no row."""
        absent = [name for name in table.primary_key if name not in block["columns"] and table.kind == "case"]
        if absent:
            yield (*at, "columns"), f"the key of table {table.name} is missing: {', '.join(absent)}."

    def _column(
        self, at: Key, spec: Mapping[str, Any], field: Field, table: Table
    ) -> Iterator[tuple[Key, str]]:
        listed = [name for name in ("flags", "values", "otherwise", "scheme", "flags_scheme") if name in spec]
        if listed and not field.codelist:
            yield (*at, listed[0]), f"field {field.name} has no code list, so '{listed[0]}' says nothing."
            return
        if "part" in spec and not field.codelist and (field.type != "year" or spec["part"] == "others"):
            yield (
                (*at, "part"),
                f"field {field.name} takes no part of a cell: coded fields do, and years 'first' or 'last'.",
            )
        if "constant" in spec:
            yield from self._constant((*at, "constant"), field, str(spec["constant"]))
        if "otherwise" in spec:
            yield from self._codes((*at, "otherwise"), field, str(spec["otherwise"]))
        for part in ("flags", "values"):
            for word, code in spec.get(part, {}).items():
                yield from self._codes((*at, part, word), field, str(code))
        yield from self._missing((*at, "missing"), spec.get("missing", {}))
        yield from self._schemes(at, spec, field)
        at_date = spec.get("year_of_birth_at")
        date = table.by_name.get(at_date or "")
        if at_date is not None and (date is None or date.type != "date"):
            yield (*at, "year_of_birth_at"), f"table {table.name} has no date field '{at_date}'."
        if ("part" in spec or "flags" in spec) and not field.multiple and "part" not in spec:
            yield (
                (*at, "flags"),
                f"field {field.name} takes one answer, and columns of yes and no give several.",
            )
        if isinstance(spec.get("also"), Mapping):
            yield from self._column((*at, "also"), spec["also"], field, table)

    def _schemes(self, at: Key, spec: Mapping[str, Any], field: Field) -> Iterator[tuple[Key, str]]:
        crosswalks = self.standard.crosswalks
        scheme = spec.get("scheme")
        if scheme is not None:
            aliases = {row["scheme"] for row in self.standard.territory_files["alias"]} - {_SUBMITTER}
            known = {*aliases, "name_en"} if field.codelist == TERRITORY else set(crosswalks)
            if scheme not in known:
                yield (
                    (*at, "scheme"),
                    f"there is no scheme '{scheme}' for {field.name}: {_some(sorted(known))}.",
                )
        flags = spec.get("flags_scheme")
        if flags is not None and flags not in crosswalks:
            yield (*at, "flags_scheme"), f"there is no crosswalk '{flags}': {_some(sorted(crosswalks))}."

    def _constant(self, at: Key, field: Field, text: str) -> Iterator[tuple[Key, str]]:
        if field.codelist:
            yield from self._codes(at, field, text)
        elif field.type in NUMBER_TYPES or field.type == "year":
            try:
                float(text)
            except ValueError:
                if text not in self.standard.missing_codes:
                    yield at, f"field {field.name} takes a number, and '{text}' is none."

    def _codes(self, at: Key, field: Field, text: str) -> Iterator[tuple[Key, str]]:
        if not field.codelist or not _is_there(field.codelist, self.standard):
            return
        allowed = {*self.standard.codes_of(field.codelist), *self.standard.missing_codes}
        for code in (part.strip() for part in text.split(";")):
            if code not in allowed:
                yield at, _no_code(code, field.codelist, self.standard.codes_of(field.codelist))


def _values(path: Path, standard: Standard) -> Iterator[str]:
    """Yield lines of ``values.csv`` on fields that have no code list, and decided codes that no list has."""
    if not path.is_file():
        return
    lists: dict[str, set[str]] = {name: set(standard.codes_of(name)) for name in standard.codelists}
    lists[TERRITORY] = set(standard.codes_of(TERRITORY))
    fields: dict[str, set[str]] = {}
    for table in standard.tables.values():
        for field in table.received:
            if field.codelist and _is_there(field.codelist, standard):
                fields.setdefault(field.name, set()).update(standard.codes_of(field.codelist))
    named = {field.name for table in standard.tables.values() for field in table.received}
    for line, row in enumerate(read_csv(path), start=2):
        name, decision = row["field"], row.get("decision", "")
        codes = fields.get(name) or lists.get(name)
        if codes is None and name in named:
            # Names and titles may be decided, too: their words are then kept.
            continue
        if codes is None:
            yield f"{path}:{line}: '{name}' is no field and no code list of the standard."
        elif decision == "approved":
            for code in (part.strip() for part in row["code"].split(";")):
                if code not in codes | set(standard.missing_codes):
                    yield f"{path}:{line}: {_no_code(code, name, sorted(codes))}"


def _is_there(codelist: str, standard: Standard) -> bool:
    """Whether a field's code list is in the standard; if not, that is told of the field."""
    return codelist == TERRITORY or codelist in standard.codelists


def _no_code(code: str, codelist: str, known: Iterable[str]) -> str:
    return f"'{code}' is no code of {codelist}: {_some(tuple(known))}."


def _some(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more
