"""The token program: turns a few agreed identifiers into keyed tokens, on the sender's own computer.

It needs Python's standard library only. Copy this file and ``protocol.json`` to a computer without a network and run
``python tokens.py --help``, or run ``python -m clearing_point.linkage.tokens --help``. Names, birth dates and document
numbers go in; only the sender's own case number and tokens come out. No value is ever printed.

Method: HMAC-SHA256 (RFC 2104, FIPS 198-1) over folded identifiers; the strict token in the manner of SLK-581 (Australian
Institute of Health and Welfare, Statistical linkage key 581). What it can and cannot keep secret: ``docs/linkage.md``.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import hmac
import io
import json
import os
import re
import secrets
import stat
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TextIO

try:
    from clearing_point.errors import InputProblem
except ImportError:  # copied out of the package: one file and its data

    class InputProblem(Exception):  # type: ignore[no-redef]
        """The file or the request is wrong; the text says what to do."""

        exit_code = 1


_PRIVATE = 0o600
_SEPARATOR = "\x1f"
_ROUND = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{2,39}")
_DAY_FIRST = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\.?")
_YEAR_FIRST = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_SPLIT = re.compile(r"[\s\-\u2010-\u2015/,.]+")
# Capital letters that look alike in Cyrillic and Greek: a clerk types what she sees on the document.
_LOOK_ALIKE = str.maketrans("АВЕКМНОРСТУХЈЅІΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEKMHOPCTYXJSIABEZHIKMNOPTYX")


class Identity(NamedTuple):
    """What a sender knows of one person, as she wrote it. It never leaves her computer."""

    reference: str
    surname: str
    given_name: str
    birth_date: str
    sex: str = ""
    other_surname: str = ""
    document_number: str = ""
    document_country: str = ""
    national_case_number: str = ""


_LOST = ("?", "\ufffd")
"""What a program writes for a letter that its encoding does not have."""


@dataclass(frozen=True)
class Made:
    """What one run did: counts only."""

    persons: int
    without_tokens: tuple[int, ...]
    """Lines of the sender's file (the heading is line 1) of which no token could be made."""
    unreadable_dates: tuple[int, ...]
    check_value: str
    lost_letters: tuple[int, ...] = ()
    """Lines with a name in which a letter became a question mark: such a person meets nobody."""
    unread_sex: tuple[int, ...] = ()


@lru_cache(maxsize=1)
def protocol() -> Mapping[str, Any]:
    """Return what all senders have agreed, from ``protocol.json`` beside this file."""
    found: Mapping[str, Any] = json.loads(
        Path(__file__).with_name("protocol.json").read_text(encoding="utf-8")
    )
    return found


@lru_cache(maxsize=65536)
def fold(text: str) -> tuple[str, ...]:
    """Return the parts of a name as keys of the letters a to z, the same for every script and spelling agreed.

    ``Ђорђе``, ``Đorđe`` and ``Djordje`` give the same key. Folding a key again changes nothing. Parts that are no names
    and initials fall away; what cannot be read in any agreed script gives no part.
    """
    rules = protocol()["folding"]
    parts = []
    for part in _SPLIT.split(_plain(text)):
        key = _key(part)
        if len(key) >= rules["shortest_part"] and key not in rules["passed_over"]:
            parts.append(key)
    return tuple(parts)


def _plain(text: str) -> str:
    lowered = unicodedata.normalize("NFKC", text).lower().replace("\u0307", "")
    out = []
    letters = protocol()["folding"]["letters"]
    for sign in unicodedata.normalize("NFC", lowered):
        # A letter with a rule of its own (й, ђ) keeps it; any other loses its accent.
        out.append(sign if sign in letters else unicodedata.normalize("NFKD", sign))
    return "".join(sign for sign in "".join(out) if not unicodedata.combining(sign))


def _key(part: str) -> str:
    rules = protocol()["folding"]
    for group, instead in rules["before_letters"]:
        part = re.sub(group, instead, part)
    part = "".join(rules["letters"].get(sign, sign) for sign in part)
    part = re.sub("[^a-z]", "", part)
    while True:
        before = part
        for group, instead in rules["groups"]:
            part = part.replace(group, instead)
        part = re.sub(r"(.)\1+", r"\1", part)
        if part == before:
            return part


class Tokens:
    """Makes the tokens of one linkage round."""

    def __init__(self, key: bytes, round_name: str) -> None:
        """Take the key of the senders and the name of the round.

        Raises
        ------
        InputProblem
            If the key is too short or too regular to be a key, or the name of the round is no name.
        """
        agreed = protocol()
        least = agreed["program"]["minimum_key_bytes"]
        if len(key) < least:
            raise InputProblem(
                f"The key has {len(key)} bytes and needs {least}: make one with `new-key` and share it safely."
            )
        if len(set(key)) < least // 3:
            raise InputProblem("The key repeats a few signs and can be guessed: make one with `new-key`.")
        if not _ROUND.fullmatch(round_name):
            raise InputProblem("Name the round with 3 to 40 letters, digits, dots or dashes, such as 2026-1.")
        # The round and the protocol are part of the key that is used: tokens of two rounds never agree.
        label = _SEPARATOR.join(("clearing-point linkage", agreed["protocol"], round_name))
        self._key = hmac.digest(key, label.encode(), "sha256")
        self._length = agreed["program"]["token_length"]
        alphabet = agreed["program"]["token_alphabet"]
        self._unknown = alphabet[0] * self._length
        self._letters = str.maketrans("0123456789abcdef", alphabet)
        self._agreed = agreed["tokens"]
        self._sexes = agreed["program"]["sex"]
        self._names = tuple(agreed["program"]["writes"])

    @property
    def check_value(self) -> str:
        """Eight signs that agree wherever key, round and protocol agree; they tell nothing about the key."""
        return self._token("check", "")[:8]

    def of(self, identity: Identity) -> tuple[str, ...]:
        """Return the tokens of a person in the order of the protocol's ``writes``; empty where a part is unknown."""
        parts = _parts(identity, self._agreed, self._sexes)
        return tuple(self._joined(name, parts.get(name, ())) for name in self._names)

    def again(self, token: str) -> str:
        """Return a token under this key too: the second pass, made by a custodian who sees no identifiers."""
        pieces = [token[at : at + self._length] for at in range(0, len(token), self._length)]
        return "".join(piece if piece == self._unknown else self._token("again", piece) for piece in pieces)

    def _joined(self, name: str, parts: Sequence[str | None]) -> str:
        if not any(parts):
            return ""
        # The place of a part is in what is hashed: equal texts in two places never look alike.
        return "".join(
            self._unknown if part is None else self._token(f"{name}.{place}", part)
            for place, part in enumerate(parts)
        )

    def _token(self, name: str, part: str) -> str:
        text = f"{name}{_SEPARATOR}{part}"
        return hmac.digest(self._key, text.encode(), "sha256").hex()[: self._length].translate(self._letters)


def _parts(person: Identity, agreed: Mapping[str, Any], sexes: Sequence[str]) -> dict[str, list[str | None]]:
    """Return what the groups of each token are made of; None for a group whose parts are not all known."""
    surnames = sorted({*fold(person.surname), *fold(person.other_surname)})
    given = fold(person.given_name)[:1]
    year, month, day = read_date(person.birth_date) or (None, None, None)
    known: dict[str, str] = {}
    if surnames:
        # In alphabetical order, so that it does not matter which name stood in which column, or first.
        known["surname"], known["second_surname"] = surnames[0], surnames[-1]
        known["surname_start"] = surnames[0][: agreed["start_letters"]["surname"]]
        known["surname_end"] = surnames[0][-agreed["end_letters"]["surname"] :]
        known["surname_consonants"] = _consonants(surnames[0], agreed["vowels"])
    if given:
        known["given_name_consonants"] = _consonants(given[0], agreed["vowels"])
        known["given_name"] = given[0]
        known["given_name_start"] = given[0][: agreed["start_letters"]["given_name"]]
        known["given_name_end"] = given[0][-agreed["end_letters"]["given_name"] :]
    # Whichever stood in which column, and where only one of the names is known.
    initials = sorted(name[0] for name in (surnames[:1] + list(given)) if name)
    if initials:
        known["first_initial"], known["last_initial"] = initials[0], initials[-1]
    if day and month and (day, month) != (1, 1):
        known["day_month"] = f"{min(day, month)}-{max(day, month)}"
        known["day"], known["month"], known["any_year"] = str(day), str(month), "any"
    parts: dict[str, list[str | None]] = {}
    for name, groups in agreed["groups"].items() if year else ():
        parts[name] = [
            _SEPARATOR.join(
                [*([] if "any_year" in group else [str(year)]), *(known[piece] for piece in group)]
            )
            if all(piece in known for piece in group)
            else None
            for group in groups
        ]
    sex = person.sex.strip().upper()
    if year and sex in sexes and surnames and given and "day_month" in known:
        strict = agreed["strict"]
        letters = _letters(surnames[0], strict["surname_letters"], strict["filler"])
        letters += _letters(given[0], strict["given_name_letters"], strict["filler"])
        parts["strict"] = [_SEPARATOR.join((letters, f"{day:02d}{month:02d}{year}", sex))]
    document = _number(person.document_number)
    if len(document) >= agreed["shortest_document"]:
        parts["document"] = [_SEPARATOR.join((_number(person.document_country), document))]
    case = _number(person.national_case_number)
    if case:
        parts["national"] = [case]
    return parts


def _letters(name: str, places: Sequence[int], filler: str) -> str:
    return "".join(name[place - 1] if place <= len(name) else filler for place in places)


def _consonants(name: str, vowels: str) -> str:
    """Return what stays when letters change places or a vowel is mistyped."""
    return "".join(sorted(set(name) - set(vowels)))


def _number(text: str) -> str:
    """Return letters and digits of a number as capitals; signs that look alike are one."""
    capitals = unicodedata.normalize("NFKC", text).upper().translate(_LOOK_ALIKE)
    return "".join(sign for sign in capitals if sign.isalnum())


def read_date(text: str) -> tuple[int, int | None, int | None] | None:
    """Read ``1998-03-05``, ``1998-03``, ``1998`` or ``5.3.1998`` as (year, month, day); None if it is none of these.

    A date with slashes is not read: nobody can know which number is the month.
    """
    text = text.strip()
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year = (int(part) for part in match.groups())
    elif match := _YEAR_FIRST.fullmatch(text):
        if any(part and not int(part) for part in match.groups()):
            return None  # 1900-01-00 is what an office program makes of nothing
        year, month, day = (int(part) if part else 0 for part in match.groups())
    else:
        return None
    latest = datetime.date.today().year
    if not protocol()["program"]["first_birth_year"] <= year <= latest:
        return None
    if not month or not day:
        return (year, month or None, None) if month <= 12 else None
    try:
        datetime.date(year, month, day)
    except ValueError:
        return None
    return year, month, day


def make_token_file(source: Path, target: Path, tokens: Tokens) -> Made:
    """Read the sender's CSV and write a new CSV with her case numbers and tokens, for herself only (mode 0600).

    Parameters
    ----------
    source : Path
        UTF-8, comma or semicolon, with the headings of the protocol's ``reads``; further columns are not read.

    Raises
    ------
    InputProblem
        If the file cannot be read, a heading is missing or stands twice, a case number is missing or stands twice, or
        the target exists already.
    """
    agreed = protocol()["program"]
    without, no_date, lost, no_sex, seen = [], [], [], [], set()
    with _opened(source) as handle, _new_file(target) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([agreed["reads"]["reference"], *agreed["writes"].values()])
        count = 0
        for line, person in _identities(handle, source.name):
            if not person.reference or person.reference in seen:
                what = "stands twice" if person.reference else "is missing"
                raise InputProblem(
                    f"{source.name}, line {line}: the case number {what}: give each person one."
                )
            seen.add(person.reference)
            made = tokens.of(person)
            writer.writerow([person.reference, *made])
            count += 1
            if not any(made):
                without.append(line)
            if person.birth_date.strip() and read_date(person.birth_date) is None:
                no_date.append(line)
            if any(sign in f"{person.surname}{person.given_name}{person.other_surname}" for sign in _LOST):
                lost.append(line)
            if person.sex.strip() and person.sex.strip().upper() not in agreed["sex"]:
                no_sex.append(line)
    return Made(count, tuple(without), tuple(no_date), tokens.check_value, tuple(lost), tuple(no_sex))


def second_pass(source: Path, target: Path, tokens: Tokens) -> Made:
    """Read a file of tokens and write it anew under the custodian's key of the round; see :meth:`Tokens.again`.

    Raises
    ------
    InputProblem
        If the file is no file of tokens, or the target exists already.
    """
    agreed = protocol()["program"]
    wanted = [agreed["reads"]["reference"], *agreed["writes"].values()]
    shape = re.compile(rf"([{agreed['token_alphabet']}]{{{agreed['token_length']}}}){{0,4}}")
    with _opened(source) as handle, _new_file(target) as out:
        rows = csv.reader(handle)
        if next(rows, None) != wanted:
            raise InputProblem(f"{source.name} is no file of the token program: make one with `make`.")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(wanted)
        count = 0
        for line, cells in enumerate(rows, start=2):
            if len(cells) != len(wanted) or not all(shape.fullmatch(cell) for cell in cells[1:]):
                raise InputProblem(f"{source.name}, line {line}: not a line of tokens.")
            writer.writerow([cells[0], *(tokens.again(cell) for cell in cells[1:])])
            count += 1
    return Made(count, (), (), tokens.check_value)


def new_key(target: Path) -> None:
    """Write a fresh random key into a new file that only its owner can read."""
    with _new_file(target) as out:
        out.write(secrets.token_hex(protocol()["program"]["minimum_key_bytes"]) + "\n")


def read_key(file: Path | None, environment: Mapping[str, str]) -> bytes:
    """Return the key from a file, or from the environment if no file is named.

    Text of hexadecimal digits is read as the bytes it stands for.

    Raises
    ------
    InputProblem
        If there is none, or others on the computer can read the file.
    """
    variable = protocol()["program"]["key_variable"]
    if file is not None:
        try:
            if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
                raise InputProblem("Others can read the key file: run `chmod 600` on it first.")
            text = file.read_bytes().strip()
        except OSError as error:
            # Its name is not repeated: somebody may have typed the key itself there.
            raise InputProblem(f"The key file cannot be read ({error.strerror}).") from error
    else:
        text = environment.get(variable, "").strip().encode()
        if not text:
            raise InputProblem(f"There is no key: name a file with --key-file or set {variable}.")
    if re.fullmatch(rb"(?:[0-9a-fA-F]{2})+", text):
        return bytes.fromhex(text.decode())
    return text


def _opened(source: Path) -> TextIO:
    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputProblem(f"{source.name} is not UTF-8 text: save it as CSV UTF-8.") from error
    except OSError as error:
        raise InputProblem(f"{source} cannot be read ({error.strerror}).") from error
    return io.StringIO(text, newline="")


class _new_file:  # noqa: N801 - used like a function
    """Open a file that must not exist, closed to others; it is removed again if anything fails."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self) -> TextIO:
        try:
            number = os.open(self._target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        except FileExistsError as error:
            raise InputProblem(
                f"{self._target} exists already and is not overwritten: choose another name."
            ) from error
        except OSError as error:
            raise InputProblem(f"{self._target} cannot be written ({error.strerror}).") from error
        self._handle = os.fdopen(number, "w", encoding="utf-8", newline="")
        return self._handle

    def __exit__(self, kind: object, *rest: object) -> None:
        self._handle.close()
        if kind is not None:
            self._target.unlink(missing_ok=True)


def _identities(handle: TextIO, name: str) -> Iterator[tuple[int, Identity]]:
    agreed = protocol()["program"]
    first = handle.readline()
    handle.seek(0)
    rows = csv.reader(handle, delimiter=";" if first.count(";") > first.count(",") else ",")
    headings = [cell.strip().lower() for cell in next(rows, [])]
    places = {}
    for part, heading in agreed["reads"].items():
        if headings.count(heading) > 1:
            raise InputProblem(f"{name}: the heading {heading} stands twice.")
        if heading in headings:
            places[part] = headings.index(heading)
        elif part not in agreed["optional"]:
            raise InputProblem(
                f"{name} has no column {heading}; the first line must hold the agreed headings."
            )
    try:
        for cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(headings):
                raise InputProblem(
                    f"{name}, line {rows.line_num}: {len(cells)} cells where the heading has {len(headings)}."
                )
            yield rows.line_num, Identity(**{part: cells[place].strip() for part, place in places.items()})
    except csv.Error as error:
        raise InputProblem(f"{name}, line {rows.line_num}: not readable as CSV.") from error


def sentences(made: Made) -> list[str]:
    """Return what to print after a run: counts, lines and the check value, never a value of a person."""
    lines = [f"{made.persons} persons written."]
    if made.unreadable_dates:
        lines.append(f"Birth date not read in {_lines(made.unreadable_dates)}: write 1998-03-05 or 5.3.1998.")
    if made.lost_letters:
        lines.append(
            f"Letters of a name were lost in {_lines(made.lost_letters)} (? stands for them): save the file as CSV UTF-8."
        )
    if made.unread_sex:
        lines.append(
            f"Sex not read in {_lines(made.unread_sex)}: write {', '.join(protocol()['program']['sex'])}."
        )
    if made.without_tokens:
        lines.append(f"No token could be made for {_lines(made.without_tokens)}; send these persons without.")
    lines.append(f"Check value {made.check_value}: it must be the same at every sender of this round.")
    return lines


def _lines(numbers: Iterable[int]) -> str:
    listed = list(numbers)
    shown = ", ".join(str(n) for n in listed[:10])
    more = f" and {len(listed) - 10} more" if len(listed) > 10 else ""
    return f"line{'s' if len(listed) > 1 else ''} {shown}{more}"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong without repeating what was typed: it may be the key."""

    def __init__(self, **named: Any) -> None:
        # Without abbreviations: `--key` must not pass for `--key-file`.
        super().__init__(allow_abbrev=False, **named)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"Wrong use of {self.prog}: see --help. A key is never given as an argument.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return 0 when done, 1 when the file or key is wrong, 2 for wrong use."""
    parser = _Parser(
        prog="clearing-point tokens",
        description="Make linkage tokens on this computer. Names and dates stay here; only tokens are written.",
        epilog=f"The key is read from --key-file or from {protocol()['program']['key_variable']}, never from an argument.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    fresh = commands.add_parser("new-key", help="write a new random key into a file")
    fresh.add_argument("target", type=Path, metavar="KEYFILE")
    for name, what in (
        ("make", "identifiers to tokens"),
        ("second-pass", "tokens to tokens under the custodian's key"),
    ):
        command = commands.add_parser(name, help=what)
        command.add_argument("source", type=Path, metavar="FILE.csv")
        command.add_argument("target", type=Path, metavar="TOKENS.csv")
        command.add_argument("--round", required=True, dest="round_name", metavar="NAME")
        command.add_argument("--key-file", type=Path, metavar="KEYFILE")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "new-key":
            new_key(chosen.target)
            print(
                f"A new key is in {chosen.target}. Give it to the other senders by hand; keep no copy with the tokens."
            )
            return 0
        tokens = Tokens(read_key(chosen.key_file, os.environ), chosen.round_name)
        run = make_token_file if chosen.command == "make" else second_pass
        for line in sentences(run(chosen.source, chosen.target, tokens)):
            print(line)
    except InputProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
