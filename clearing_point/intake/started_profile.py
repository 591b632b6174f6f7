"""A country's folder started from a file: headings that are known are mapped, near ones proposed, no cell is taken over."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from clearing_point.countries.suggest import nearest
from clearing_point.errors import InputProblem
from clearing_point.intake.layout import fold
from clearing_point.intake.read import ReceivedFile
from clearing_point.standard import Standard
from clearing_point.standard.model import Table

VALUES = ("field", "local", "code", "decision", "role", "date", "note")
"""Columns of ``values.csv``."""
_TOP_ROWS = 20
"""Rows of a sheet among which its headings are looked for."""
_DECISIONS = {
    "corrections": "A text of this sender's files that is read as another one: id, period, table, field, from, to,\n"
    "# reason, role, date, expires, guard (docs/quality.md).",
    "waivers": "Findings that are accepted with a reason: id, period, rule, table, field, reason, role, date, expires, guard"
    " (docs/quality.md).",
}
"""What goes into the files of decisions, which start empty."""
_UNDECIDED = "# undecided: "
_MATCHES = 2
"""Headings that must be known before a row is taken for the row of headings."""
_FIRST_TABLE = "person"
"""Where nothing is known of a sheet's headings; a person puts the right one there."""


def sheets_of(received: ReceivedFile, standard: Standard, language: str) -> tuple[list[str], bool]:
    """Write the block of each sheet that is no empty one, and say whether any of its headings is a known word.

    Returns
    -------
    blocks : list of str
        YAML for ``sheets`` of a profile.
    known : bool
        Of a file of whose headings none is known all of them are written, to be decided.

    Raises
    ------
    InputProblem
        If no sheet has a row of headings.
    """
    known = [text for name in received.sheets if (text := _sheet(received, name, standard, language))]
    blocks = known or [text for name in received.sheets if (text := _unknown_sheet(received, name))]
    if not blocks:
        raise InputProblem(
            f"{received.name}: no row of headings was found in its first {_TOP_ROWS} rows: write the profile by hand.",
            "no_headings",
            file=received.name,
            rows=_TOP_ROWS,
        )
    return blocks, bool(known)


def left_to_decide(sheets: Sequence[str]) -> list[str]:
    """Return what :func:`sheets_of` left undecided."""
    lines = [line for text in sheets for line in text.splitlines()]
    return [line.split(_UNDECIDED, 1)[1] for line in lines if _UNDECIDED in line]


def write_folder(
    folder: Path, territory: str, sheets: Sequence[str], standard: Standard, language: str,
    written: Mapping[str, str] | None = None,
) -> list[str]:  # fmt: skip
    """Write a profile of these sheets and the files of decisions, which start empty; returns which words are absent.

    Parameters
    ----------
    written : mapping of str to str, optional
        Of a text file: how it is written, as the profile declares it (``encoding``, ``delimiter``).
    """
    of_text = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in (written or {}).items())
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
        f"{of_text}"
        "# Sheets that are no data; every other sheet that is not read is a finding.\n# ignore_sheets: []\n"
        "# Further organisations that send for the territory, each with a series of its own.\n"
        '# senders:\n#   NGO1: {title: "A shelter", submission: {coverage: PARTIAL}}\n'
        "# Rows of totals: under `header_row` of a sheet, skip_rows: {heading: [word]}.\nsheets:\n"
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profile.yml").write_text(head + "".join(sheets), encoding="utf-8")
    (folder / "values.csv").write_text(",".join(VALUES) + "\n", encoding="utf-8")
    for kind, what in _DECISIONS.items():
        text = f"# {what}\n# None was decided yet.\n{kind}: []\n"
        (folder / f"{kind}.yml").write_text(text, encoding="utf-8")
    return absent


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
