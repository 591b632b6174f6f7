"""From the files under ``schemas/`` to one :class:`Standard`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from clearing_point.errors import InputProblem
from clearing_point.project import hash_of_folder
from clearing_point.standard.aggregate_figures import totals_of
from clearing_point.standard.files import read_before, read_csv, read_yaml
from clearing_point.standard.kept import keep_in, kept
from clearing_point.standard.model import (
    Breakdown,
    Code,
    CodeList,
    Denominator,
    Field,
    Indicator,
    Measure,
    Population,
    Rule,
    Standard,
    Table,
)
from clearing_point.standard.plurals import flat
from clearing_point.standard.populations import population_of
from clearing_point.standard.rules import rules_of
from clearing_point.standard.structure import structure_rules
from clearing_point.standard.translations import (
    add_translations,
    alphabets,
    kept_translations,
    respell,
)

_CODE_COLUMNS = ("code", "parent", "kind", "order", "label_en", "definition_en", "valid_from", "valid_to")
TERRITORY_FILES = ("alias", "group", "group_label", "label", "name", "population", "map_label_position")


def load_standard(schemas: Path, prepared: Path | None = None) -> Standard:
    """Read the whole standard.

    Parameters
    ----------
    schemas : Path
        The folder ``schemas`` of a project.
    prepared : Path, optional
        Folder that keeps the parsed documents for the next command; parsing them is most of the work.

    Raises
    ------
    InputProblem
        If a file cannot be read or lacks what its kind must have; says file and line, and
        that ``clearing-point standard check`` lists everything.
    """
    sha256 = hash_of_folder(schemas, leave_out=("generated", "meta"))
    if prepared is None:
        return _load(schemas.resolve(), sha256)
    keep_in(prepared, sha256)
    found = kept(prepared, "documents", sha256, lambda: _documents_of(schemas.resolve(), sha256))
    with read_before(json.loads(found)):
        return _load(schemas.resolve(), sha256)


def _documents_of(schemas: Path, sha256: str) -> bytes:
    """Return all documents that the standard is read from, as JSON by the hash of their text."""
    with read_before({}) as documents:
        _load.__wrapped__(schemas, sha256)
    return json.dumps(documents, ensure_ascii=False).encode()


@lru_cache(maxsize=4)
def _load(schemas: Path, sha256: str) -> Standard:
    tables = _each(schemas / "tables", "*.yml", _table)
    register = read_yaml(schemas / "codelists" / "_register.yml")
    codelists = {
        name: _code_list(schemas / "codelists" / f"{name}.csv", name, entry)
        for name, entry in register.items()
    }
    named = {table.name: table for table in tables}
    rules = [
        rule
        for path in sorted((schemas / "rules").glob("*.yml"))
        for rule in _rules_of(path, named, codelists)
    ]
    messages = _messages(schemas / "messages" / "en.yml")
    crosswalks = {
        name: read_csv(schemas / "crosswalks" / f"{name}.csv")
        for name in read_yaml(schemas / "crosswalks" / "_register.yml")
    }
    settings = read_yaml(schemas / "standard.yml")
    passed_over = ("generated", "meta", *settings.get("rows_do_not_follow_from", ()))
    standard = Standard(
        folder=schemas,
        settings=settings,
        tables=named,
        codelists=codelists,
        territories=read_csv(schemas / "territories" / "territory.csv"),
        territory_files={n: read_csv(schemas / "territories" / f"{n}.csv") for n in TERRITORY_FILES},
        crosswalks=crosswalks,
        rules=(*structure_rules(named), *rules),
        messages=messages,
        indicators=tuple(
            sorted(
                (
                    _indicator(block, path)
                    for path in sorted((schemas / "indicators").glob("*.yml"))
                    for block in read_yaml(path)["indicators"]
                ),
                key=lambda i: (i.order, i.indicator_id),
            )
        ),
        populations=_populations(schemas, named, codelists),
        denominators={
            path.stem: _denominator(read_yaml(path), path)
            for path in sorted((schemas / "denominators").glob("*.yml"))
        },
        words={
            place: {name: flat(text) for name, text in sentences.items()}
            for place, sentences in read_yaml(schemas / "words.yml").items()
        },
        territory_names=_territory_names(schemas),
        place_texts=_place_texts(schemas / "territories"),
        policy_texts=_policy_texts(read_yaml(schemas / "disclosure.yml")),
        link_notes=read_yaml(schemas / "linkage.yml")["printed"]["sentences"],
        sha256=sha256,
        rows_sha256=hash_of_folder(schemas, leave_out=passed_over),
        former=_former(schemas / "former_texts.csv"),
    )
    translations = kept_translations(schemas, sha256)
    add_translations(standard.texts(), translations)
    add_translations(standard.report_texts(), translations)
    return standard


def _former(path: Path) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the wordings that the standard used before, by what they named."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in read_csv(path) if path.is_file() else ():
        found.setdefault(row["where"], []).append((row["language"], row["text"]))
    return {where: tuple(texts) for where, texts in found.items()}


def _policy_texts(policy: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the sentences of the disclosure policy that readers of a report meet."""
    sentences = [policy["withheld_reason"], policy["withheld_beside"], policy["revision_note"]]
    sentences += [*policy["late_notes"].values(), *policy["hidden_since"].values()]
    return {english: {"en": english} for english in sentences}


def _territory_names(schemas: Path) -> dict[str, dict[str, str]]:
    names = {
        row["territory_id"]: {"en": row["name_neutral_en"]}
        for row in read_csv(schemas / "territories" / "territory.csv")
    }
    for row in read_csv(schemas / "territories" / "name.csv"):
        names.setdefault(row["territory_id"], {})[row["language"]] = row["name"]
    for language, origin, letters in alphabets(schemas):
        for name in names.values():
            if origin in name:
                name.setdefault(language, respell(name[origin], letters))
    return names


def _place_texts(folder: Path) -> dict[str, dict[str, str]]:
    """Return names and footnotes of naming profiles and groups, and what is said of known breaks, by their English text."""
    breaks = folder.parent / "reference" / "breaks.csv"
    rows = (*read_csv(folder / "label.csv"), *read_csv(folder / "group_label.csv"))
    rows += tuple(read_csv(breaks)) if breaks.is_file() else ()
    texts = [
        row[column]
        for row in rows
        for column in ("label_en", "footnote_en", "definition_en", "what_en")
        if row.get(column)
    ]
    own = {row["name_neutral_en"] for row in read_csv(folder / "territory.csv")}
    return {text: {"en": text} for text in texts if text not in own}


def _each(folder: Path, pattern: str, make: Callable[[Mapping[str, Any]], Table]) -> list[Table]:
    made = []
    for path in sorted(folder.glob(pattern)):
        try:
            made.append(make(read_yaml(path)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _broken(path, error) from error
    return made


def _broken(path: Path, error: Exception) -> InputProblem:
    return InputProblem(
        f"{path}: not of the shape that its kind must have ({type(error).__name__}: {error}); "
        "`clearing-point standard check` lists what is wrong."
    )


def _table(source: Mapping[str, Any]) -> Table:
    keys = source.get("foreignKeys", ())
    return Table(
        name=source["name"],
        title=source["title"],
        help=source.get("help", source["title"]),
        grain=source["grain"],
        kind=source["kind"],
        order=int(source["order"]),
        primary_key=tuple(source.get("primaryKey", ())),
        parents={
            key["reference"]["resource"]: tuple(key["fields"])
            for key in keys
            if tuple(key["fields"]) == tuple(key["reference"]["fields"])
        },
        references=tuple(
            (key["fields"][0], key["reference"]["resource"], key["reference"]["fields"][0])
            for key in keys
            if tuple(key["fields"]) != tuple(key["reference"]["fields"])
        ),
        fields=tuple(_field(block) for block in source["fields"]),
        counts=totals_of(source["counts"]) if "counts" in source else None,
    )


def _field(source: Mapping[str, Any]) -> Field:
    return Field(
        name=source["name"],
        type=source["type"],
        title=source["title"],
        help=source.get("help", source["title"]),
        constraints=source.get("constraints", {}),
        codelist=source.get("codelist"),
        multiple=bool(source.get("multiple", False)),
        explicit_no=bool(source.get("explicit_no", False)),
        core=bool(source.get("core", False)),
        disclosure=source.get("disclosure", "none"),
        publish_as=source.get("publish_as"),
        derived=source.get("derived"),
        examples=tuple(str(e) for e in source.get("examples", ())),
        formerly=tuple(source.get("formerly", ())),
    )


def _code_list(path: Path, name: str, entry: Mapping[str, Any]) -> CodeList:
    rows = read_csv(path)
    extra = tuple(c for c in (rows[0] if rows else {}) if c not in _CODE_COLUMNS)
    try:
        codes = tuple(
            Code(
                code=row["code"],
                parent=row["parent"] or None,
                kind=row["kind"],
                label={"en": row["label_en"]},
                definition={"en": row["definition_en"]},
                valid_from=row["valid_from"] or None,
                valid_to=row["valid_to"] or None,
                attributes={column: row[column] for column in extra},
            )
            for row in sorted(rows, key=lambda r: (int(r["order"] or 0), r["code"]))
        )
    except (KeyError, ValueError) as error:
        raise _broken(path, error) from error
    return CodeList(name=name, title=entry["title"], codes=codes, attributes=extra)


def _messages(path: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Return rule -> part (``what``, ``do``) -> text."""
    source = read_yaml(path)
    try:
        return {
            rule: {part: {"en": sentence} for part, sentence in parts.items()}
            for rule, parts in source.items()
        }
    except AttributeError as error:
        raise _broken(path, error) from error


def _populations(
    schemas: Path, tables: Mapping[str, Table], codelists: Mapping[str, CodeList]
) -> dict[str, Population]:
    sources = {path: read_yaml(path) for path in sorted((schemas / "populations").glob("*.yml"))}
    found: dict[str, Population] = {}
    # Units of totals leave out whoever a population of cases counts: those are read first.
    for path, source in sorted(sources.items(), key=lambda item: ("figures" in item[1], item[0])):
        try:
            found[path.stem] = population_of(path.stem, source, tables, codelists, found)
        except (KeyError, TypeError) as error:
            raise _broken(path, error) from error
    return dict(sorted(found.items()))


def _denominator(source: Mapping[str, Any], path: Path) -> Denominator:
    try:
        return Denominator(
            name=path.stem, title=source["title"], definition=source["definition"], sql=source["sql"]
        )
    except (KeyError, TypeError) as error:
        raise _broken(path, error) from error


def _rules_of(path: Path, tables: Mapping[str, Table], codelists: Mapping[str, CodeList]) -> tuple[Rule, ...]:
    try:
        return rules_of(read_yaml(path), tables, codelists)
    except (KeyError, TypeError, AttributeError) as error:
        raise _broken(path, error) from error


def _indicator(block: Mapping[str, Any], path: Path) -> Indicator:
    try:
        return Indicator(
            indicator_id=block["id"],
            order=int(block["order"]),
            part=block["part"],
            title=block["title"],
            definition=block["definition"],
            population=block["population"],
            by=tuple(_breakdown(b) for b in block["by"]),
            rows=tuple(block["layout"]["rows"]),
            columns=tuple(block["layout"]["columns"]),
            where=block.get("where"),
            unknown=block.get("unknown", "show"),
            multiple=bool(block.get("multiple", False)),
            minimum_base=int(block.get("minimum_base", 20)),
            sensitive=bool(block.get("sensitive", False)),
            years=block.get("years", "trend"),
            caveats=tuple(block.get("caveats", ())),
            chart=block.get("chart"),
            section=block.get("section"),
            share=block.get("share"),
            share_range=block.get("share_range"),
            measure=Measure(**block["measure"]) if "measure" in block else None,
            follow_up_months=int(block.get("follow_up_months", 0)),
            question=(float(block["question"]["above"]), block["question"]["text"])
            if "question" in block
            else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _broken(path, error) from error


def _breakdown(block: Mapping[str, Any]) -> Breakdown:
    return Breakdown(
        variable=block["variable"],
        codelist=block["codelist"],
        label=block["label"],
        total=bool(block.get("total", True)),
        unknown=bool(block.get("unknown", True)),
        each=block.get("each"),
        categories=tuple(str(c) for c in block["categories"]) if "categories" in block else None,
        groups={k: tuple(v["codes"]) for k, v in block.get("groups", {}).items()},
        group_labels={
            **{k: v["label"] for k, v in block.get("groups", {}).items()},
            **block.get("labels", {}),
        },
        unknown_label=block.get("unknown_label"),
        unknown_with=tuple(block.get("unknown_with", ())),
    )
