"""The words of other languages: ``schemas/translations/``, laid beside the English of the standard.

English stands where a thing is defined; a translation is found by the English text, so one that was
made for an older text falls away by itself and is reported as lacking.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from string import Formatter

from clearing_point.errors import InputProblem
from clearing_point.standard.files import read_csv, read_yaml
from clearing_point.standard.kept import kept_for
from clearing_point.standard.plurals import CONTEXT, FORMS, counted, forms_of

SOURCE = "en"
REGISTER = Path("translations") / "_register.yml"
COLUMNS = ("context", "english", "text")

Found = dict[tuple[str, str], str]
"""(context or empty, English text) -> text."""


def kept_translations(schemas: Path, sha256: str) -> dict[str, Found]:
    """Return :func:`read_translations`, from what is kept of this standard if it was read before."""

    def make() -> bytes:
        found = read_translations(schemas)
        listed = {
            language: [(*key, text) for key, text in texts.items()] for language, texts in found.items()
        }
        return json.dumps(listed, ensure_ascii=False).encode()

    found = json.loads(kept_for(sha256, "translations", make))
    return {language: {(a, b): text for a, b, text in rows} for language, rows in found.items()}


def read_translations(schemas: Path) -> dict[str, Found]:
    """Read every language of the register: from its file, or letter by letter from another language.

    Raises
    ------
    InputProblem
        If one English text has two translations in the same context.
    """
    found = {path.stem: _read(path) for path in sorted((schemas / "translations").glob("*.csv"))}
    for language, origin, letters in alphabets(schemas):
        texts = {key: respell(text, letters) for key, text in found.get(origin, {}).items()}
        found[language] = {**texts, **found.get(language, {})}
    return found


def _read(path: Path) -> Found:
    found: Found = {}
    for number, row in enumerate(read_csv(path), start=2):
        key = (row["context"], row["english"])
        if found.get(key, row["text"]) != row["text"]:
            raise InputProblem(f"{path}:{number}: this English text has two translations.")
        found[key] = row["text"]
    return found


def is_draft(schemas: Path, language: str) -> bool:
    """Return whether no native reader has signed a language yet; what is made in it says so."""
    entry = read_yaml(schemas / REGISTER)["languages"][language]
    return not entry.get("source") and not entry.get("reviewed_by")


def alphabets(schemas: Path) -> list[tuple[str, str, dict[str, str]]]:
    """Return (language, language it is written from, letter -> letters) for languages of another alphabet."""
    register = read_yaml(schemas / REGISTER)
    return [
        (language, entry["letters_of"], letters_of(register, entry["letters_of"]))
        for language, entry in register["languages"].items()
        if "letters_of" in entry
    ]


def add_translations(texts: Iterable[tuple[str, Mapping[str, str]]], found: Mapping[str, Found]) -> None:
    """Put every translation beside its English text.

    Parameters
    ----------
    texts : iterable of (context, text)
        Texts as they were read (``{"en": ...}``); they are changed in place, which is why this is done
        once, while the standard is read.
    """
    for context, text in texts:
        if not isinstance(text, MutableMapping):
            continue
        english = text[SOURCE]
        has_forms = counted(text, SOURCE)
        for language, known in found.items():
            translated = known.get((context, english)) or known.get(("", english))
            if not translated:
                continue
            text.setdefault(language, translated)
            if has_forms:
                for form in FORMS:
                    if said := known.get((CONTEXT + form, english)):
                        text.setdefault(f"{language}.{form}", said)


def lacking(texts: Iterable[tuple[str, Mapping[str, str]]], language: str) -> list[tuple[str, str]]:
    """List the (context, English text) pairs that a language lacks, each text once, in order; then the forms it lacks."""
    found: dict[str, str] = {}
    forms: list[tuple[str, str]] = []
    for context, text in texts:
        if language not in text:
            found.setdefault(text[SOURCE], context)
        if counted(text, SOURCE):
            lacked = (form for form in forms_of(language) if f"{language}.{form}" not in text)
            forms += [(CONTEXT + form, text[SOURCE]) for form in lacked]
    return [*((context, english) for english, context in found.items()), *dict.fromkeys(forms)]


def merged_file(path: Path, rows: Iterable[Mapping[str, str]]) -> str:
    """Return the text of a language's file with further rows in it, sorted; a row given here replaces an older one."""
    known = {(r["context"], r["english"]): r["text"] for r in (read_csv(path) if path.is_file() else ())}
    known.update({(r.get("context") or "", r["english"]): r["text"] for r in rows if r["text"].strip()})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for (context, english), text in sorted(known.items(), key=lambda item: (item[0][1], item[0][0])):
        writer.writerow((context, english, text))
    return out.getvalue()


def places_of(text: str) -> set[str]:
    """Return the names of the places in braces that the program fills."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def respell(text: str, letters: Mapping[str, str]) -> str:
    """Write a text in another alphabet, letter by letter; ``Њ`` before a capital becomes ``NJ``, else ``Nj``.

    What stands in braces is a place to be filled, and stays.
    """
    made = []
    inside = 0
    for position, letter in enumerate(text):
        inside += (letter == "{") - (letter == "}")
        replaced = letters.get(letter)
        if replaced is None or inside:
            made.append(letter)
            continue
        after = text[position + 1 : position + 2]
        before = text[position - 1 : position]
        if (
            len(replaced) > 1
            and letter.isupper()
            and (after.isupper() or (not after.isalpha() and before.isupper()))
        ):
            replaced = replaced.upper()
        made.append(replaced)
    return "".join(made)


def letters_of(register: Mapping[str, Mapping[str, Mapping[str, str]]], origin: str) -> dict[str, str]:
    """Return small and capital letters of a language that another one is written from, each with its spelling."""
    small = register["letters"][origin]
    return {**small, **{letter.upper(): other.capitalize() for letter, other in small.items()}}
