"""A country's folder: started from a file, and grown by proposals that a person decides."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clearing_point.countries import Profile, profile_of_territory
from clearing_point.countries.profile import UNDECIDED
from clearing_point.countries.suggest import known_words, nearest
from clearing_point.errors import InputProblem
from clearing_point.intake.layout import fold
from clearing_point.intake.read import ReceivedFile, read_file
from clearing_point.intake.receive import receive
from clearing_point.intake.unknown import UnknownWord, field_of, said_of_unused, unknown_words
from clearing_point.project import Project
from clearing_point.quality.feedback import feedback_of
from clearing_point.quality.said import ranges, said_rows
from clearing_point.standard import Standard
from clearing_point.standard.files import read_csv
from clearing_point.standard.model import Table
from clearing_point.submission.layout import read_with_answers
from clearing_point.warehouse.connection import opened
from clearing_point.warehouse.workspace import drop_workspace

VALUES = ("field", "local", "code", "decision", "role", "date", "note")
_DECISIONS = {
    "corrections": "A text of this sender's files that is read as another one: id, period, table, field, from, to,\n"
    "# reason, role, date, expires, guard (docs/quality.md).",
    "waivers": "Findings that are accepted with a reason: id, period, rule, table, field, reason, role, date, expires, guard"
    " (docs/quality.md).",
}
"""What goes into the files of decisions, which start empty."""
_TOP_ROWS = 20
_UNDECIDED = "# undecided: "
_MATCHES = 2
"""Headings that must be known before a row is taken for the row of headings."""
_FIRST_TABLE = "person"
"""Where nothing is known of a sheet's headings; a person puts the right one there."""


@dataclass(frozen=True)
class Suggested:
    """What was proposed for one territory, and where it was written."""

    path: Path
    written: int
    lines: tuple[str, ...]


def suggest(
    project: Project,
    standard: Standard,
    territory: str,
    path: Path,
    period: str,
    output: Path | None = None,
    encoding: str | None = None,
    language: str = "en",
) -> Suggested:
    """Write a line, marked undecided, for every word of a file that nobody has mapped.

    Parameters
    ----------
    output : Path, optional
        Folder for ``values.csv`` instead of the territory's own in the project.
    language : str
        Of what is said.

    Raises
    ------
    InputProblem
        If the file was refused or its headings are not those of the profile, with the first finding's
        sentence; or if there is no place that may be written.
    """
    profile = profile_of_territory(project, territory)
    folder = _place(project, territory, output)
    received, read_as, _ = read_with_answers(project, path, profile, standard, encoding)
    receipt = receive(project, standard, path, read_as, period, received=received)
    try:
        if receipt.refused:
            group = feedback_of(receipt.workspace, receipt.submission_id, standard, language).groups[0]
            raise InputProblem(f"{path.name}, {group.line()}: {group.what} {group.action}")
        with opened(receipt.workspace, read_only=True) as connection:
            unknown = unknown_words(connection, receipt.submission_id, receipt.unknown, read_as, standard)
    finally:
        drop_workspace(receipt.workspace)
    rows, lines = _proposed(unknown, profile, standard, language)
    if said := said_of_unused(receipt.unused_words, read_as, standard, language):
        lines.append(said)
    target = folder / "values.csv"
    before = profile.folder / "values.csv" if profile.folder is not None else target
    written = _append(target, read_csv(before) if before.is_file() else (), rows) if rows else 0
    return Suggested(target, written, tuple(lines))


def _proposed(
    unknown: Sequence[UnknownWord], profile: Profile, standard: Standard, language: str
) -> tuple[list[dict[str, str]], list[str]]:
    rows: dict[tuple[str, str], dict[str, str]] = {}
    lines: list[str] = []
    by_field: dict[tuple[str, str], list[UnknownWord]] = {}
    for word in unknown:
        by_field.setdefault((word.table, word.field), []).append(word)
    for (table, name), words in by_field.items():
        near = nearest(
            (w.word for w in words), known_words(field_of(standard, table, name), profile, standard)
        )
        for word in words:
            column = standard.word("findings", "column", language, column=word.column_letter)
            place = f"{word.sheet}, {column}, {said_rows(ranges(word.rows), standard, language)}"
            proposals = near.get(word.word, ())
            if not proposals and len(word.rows) == 1:
                # It may be anything, a name too: such a word enters no file of the project.
                lines.append(standard.word("problem", "stands_once", language, cells=place))
                continue
            code = proposals[0].meaning if proposals else ""
            said = ", ".join(f"“{p.word}” ({p.meaning}, {p.similarity:.2f})" for p in proposals)
            lines.append(
                standard.word(
                    "screen", "did_you_mean", language, cells=f"{place}, “{word.word}”", proposals=said
                )
                if said
                else standard.word("problem", "near_none", language, cells=place, word=word.word)
            )
            note = f"{len(word.rows)} cells" + (f"; near {proposals[0].similarity:.2f}" if proposals else "")
            rows.setdefault(
                (name, fold(word.word)),
                {"field": name, "local": word.word, "code": code, "decision": UNDECIDED, "role": "", "date": "",
                 "note": note},
            )  # fmt: skip
    return list(rows.values()), lines


def _append(target: Path, before: Iterable[Mapping[str, str]], rows: Iterable[Mapping[str, str]]) -> int:
    """Write the lines that were there and those that are new; returns how many are new."""
    kept = list(before)
    there = {(row["field"], fold(row["local"])) for row in kept}
    new = [row for row in rows if (row["field"], fold(row["local"])) not in there]
    out = io.StringIO()
    writer = csv.DictWriter(out, VALUES, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: row.get(name, "") for name in VALUES} for row in (*kept, *new))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(out.getvalue(), encoding="utf-8")
    return len(new)


def _place(project: Project, territory: str, output: Path | None) -> Path:
    if output is not None:
        return output
    if not project.is_checkout:
        raise InputProblem(
            "The installed project is not written to: name a folder with -o DIR.", "project_installed"
        )
    return project.countries / territory


def start(
    project: Project,
    standard: Standard,
    territory: str,
    path: Path,
    output: Path | None = None,
    language: str = "en",
    encoding: str = "utf-8-sig",
) -> Suggested:
    """Start a territory's folder from a file she sends: headings that are known are mapped, near ones proposed.

    Only headings are written, never a cell of data.

    Raises
    ------
    InputProblem
        If the territory is unknown or has a folder already, or no row of headings is recognised.
    """
    if territory not in standard.codes_of("territory"):
        raise InputProblem(
            f"There is no territory '{territory}' in schemas/territories: add it there first.",
            "name_unknown", name=territory, known=", ".join(standard.reporting_territories),
        )  # fmt: skip
    folder = _place(project, territory, output)
    target = folder / "profile.yml"
    if target.exists():
        raise InputProblem(
            f"{territory} has a profile already: {target}.", "has_profile", territory=territory, file=target
        )
    received = read_file(path, encoding=encoding)
    sheets = [text for name in received.sheets if (text := _sheet(received, name, standard, language))]
    unknown = [] if sheets else [t for name in received.sheets if (t := _unknown_sheet(received, name))]
    sheets = sheets or unknown
    if not sheets:
        raise InputProblem(
            f"{path.name}: no row of headings was found in its first {_TOP_ROWS} rows: write the profile by hand.",
            "no_headings",
            file=path.name,
            rows=_TOP_ROWS,
        )
    name = standard.territory_name(territory)
    words, absent = _words_of_answers(standard, language)
    head = (
        "# Started from a file by `clearing-point country new`: read every line before it is used.\n"
        "# docs/profiles.md explains every key with an example.\n"
        f"profile: {territory}\ntitle: {json.dumps(f'{name}: own layout', ensure_ascii=False)}\nsender: {territory}01\n"
        f"territory: {territory}\nlanguage: {language}\nuse: count\n"
        "# What this sender's figures are; agree on it with her.\n"
        "submission:\n  submission_kind: CASE\n  coverage: PARTIAL\n  definition_identified: MIXED\n"
        "  count_basis: PRESENT_IN_PERIOD\n  consent_basis: NAS\n"
        "read:\n  # The order of day and month is declared, never guessed.\n"
        '  dates: ["%d.%m.%Y"]\n  decimal: ","\n  list_separator: ";"\n'
        f"  # Words of columns of yes and no, and for a missing answer; complete them with her own.\n{words}"
        "  # What an empty cell means: not known. A column that she does not have means: not asked.\n  blank: UNK\n"
        "# Sheets that are no data; every other sheet that is not read is a finding.\n# ignore_sheets: []\n"
        "# Further organisations that send for the territory, each with a series of its own.\n"
        '# senders:\n#   NGO1: {title: "A shelter", submission: {coverage: PARTIAL}}\n'
        "# Rows of totals: under `header_row` of a sheet, skip_rows: {heading: [word]}.\nsheets:\n"
    )
    folder.mkdir(parents=True, exist_ok=True)
    target.write_text(head + "".join(sheets), encoding="utf-8")
    (folder / "values.csv").write_text(",".join(VALUES) + "\n", encoding="utf-8")
    for kind, words in _DECISIONS.items():
        (folder / f"{kind}.yml").write_text(
            f"# {words}\n# None was decided yet.\n{kind}: []\n", encoding="utf-8"
        )
    asked = [
        line.split(_UNDECIDED, 1)[1] for text in sheets for line in text.splitlines() if _UNDECIDED in line
    ]
    if unknown:
        absent.append(f"no heading is a word of {language} or English that is known: each has to be decided.")
    return Suggested(target, len(sheets), (*asked, *absent))


def _words_of_answers(standard: Standard, language: str) -> tuple[str, list[str]]:
    """Write yes, no and missing answers in a language, and say of which it has no word: English stands there."""
    absent: list[str] = []

    def word(label: Mapping[str, str], code: str) -> str:
        if language not in label:
            absent.append(f"the word for {code} in {language}: English stands in the profile.")
        return json.dumps(label.get(language, label["en"]), ensure_ascii=False)

    answers = {code.code: word(code.label, code.code) for code in standard.codelists["yes_no"].codes}
    missing = {
        word(code.label, code.code): code.code
        for code in standard.codelists["missing"].codes
        if code.code in standard.missing_codes and code.code != "SUP"
    }
    said = ", ".join(f"{text}: {code}" for text, code in missing.items())
    lines = f"  yes: [{answers['Y']}]\n  no: [{answers['N']}]\n  missing: {{{said}}}\n"
    return lines, absent


def _sheet(received: ReceivedFile, name: str, standard: Standard, language: str) -> str | None:
    top = [r for r in received.rows.to_pylist() if r["sheet"] == name][:_TOP_ROWS]
    titles = _titles(standard, language)
    matches = [(sum(1 for c in r["cells"] if c and fold(c) in titles), r) for r in top]
    count, header = max(matches, key=lambda m: m[0], default=(0, None))
    if header is None or count < _MATCHES:
        return None
    headings = [cell for cell in header["cells"] if cell and cell.strip()]
    table = _main_table(headings, titles, standard)
    own = _titles_of(table, language)
    near = nearest([h for h in headings if fold(h) not in own], list(own.items()))
    lines = [f"  - sheet: {json.dumps(name, ensure_ascii=False)}\n" if len(received.sheets) > 1 else "  -\n"]
    lines += [
        f"    header_row: {header['source_row']}\n",
        "    tables:\n",
        f"      - table: {table.name}\n",
        "        columns:\n",
    ]
    taken: set[str] = set()
    for heading in headings:
        field = own.get(fold(heading))
        text = json.dumps(heading, ensure_ascii=False)
        if field is not None and field not in taken:
            taken.add(field)
            lines.append(f"          {field}: {text}\n")
        elif heading in near:
            lines.append(f"          {_UNDECIDED}{near[heading][0].meaning}: {text}\n")
        else:
            lines.append(f"          {_UNDECIDED}which field, or `ignore`? {text}\n")
    text = "".join(lines)
    # One sheet needs no name: its first line carries the header row instead.
    return text.replace("  -\n    header_row", "  - header_row", 1)


def _unknown_sheet(received: ReceivedFile, name: str) -> str | None:
    """Write a sheet of whose headings no word is known, as in a language that the standard does not have.

    Its headings are taken to be the first row with as many texts as any of the top; what they mean a person decides.
    """
    top = [r for r in received.rows.to_pylist() if r["sheet"] == name][:_TOP_ROWS]
    texts = [[c for c in r["cells"] or () if c and c.strip() and not c.strip().isdigit()] for r in top]
    most = max(map(len, texts), default=0)
    if most < _MATCHES or len(top) < _MATCHES:
        return None
    place = next(n for n, found in enumerate(texts) if len(found) == most)
    first = f"  - sheet: {json.dumps(name, ensure_ascii=False)}\n    " if len(received.sheets) > 1 else "  - "
    return (
        f"{first}header_row: {top[place]['source_row']}\n    tables:\n"
        f"      # Which table of the standard has these rows? `clearing-point template` shows them all.\n"
        f"      - table: {_FIRST_TABLE}\n        columns:\n"
        "          # Put the field before each heading that is read, and the others under `ignore` of the sheet.\n"
        + "".join(
            f"          {_UNDECIDED}which field, or `ignore`? {json.dumps(text, ensure_ascii=False)}\n"
            for text in texts[place]
        )
    )


def _titles(standard: Standard, language: str) -> dict[str, str]:
    return {
        word: table.name
        for table in standard.tables_of_kind("case", "aggregate")
        for word in _titles_of(table, language)
    }


def _titles_of(table: Table, language: str) -> dict[str, str]:
    """Return folded heading -> field: machine names, and titles in the sender's language and in English."""
    found: dict[str, str] = {}
    for field in table.received:
        for word in (field.name, field.title.get(language), field.title["en"]):
            if word:
                found.setdefault(fold(word), field.name)
    return found


def _main_table(headings: Sequence[str], titles: Mapping[str, str], standard: Standard) -> Table:
    counted = {
        table.name: sum(
            1 for h in headings if fold(h) in _titles_of(table, "en") or titles.get(fold(h)) == table.name
        )
        for table in standard.tables_of_kind("case", "aggregate")
    }
    return standard.tables[max(counted, key=lambda name: (counted[name], name))]
