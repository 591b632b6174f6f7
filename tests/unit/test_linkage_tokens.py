"""The token program promises: alike across scripts, nothing but tokens written, the key never shown, nothing overwritten."""

from __future__ import annotations

import csv
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from clearing_point.errors import InputProblem
from clearing_point.linkage import tokens as program
from clearing_point.linkage.settings import load_linkage, protocol_text
from clearing_point.linkage.tokens import Identity, Tokens, fold, main, protocol, read_date

KEY = bytes(range(7, 71))
NAMES = list(protocol()["program"]["writes"])


def _tokens(**parts: str) -> dict[str, str]:
    person = Identity(**{"reference": "1", "surname": "Petrović", "given_name": "Đorđe", "birth_date": "1998-03-05", "sex": "M"} | parts)  # fmt: skip
    return dict(zip(NAMES, Tokens(KEY, "2026-1").of(person), strict=True))


@pytest.mark.parametrize(
    "spellings",
    [
        "Ђорђе Đorđe Djordje Dorde ĐORĐE",
        "Ѓорѓи Gjorgji Ǵorǵi Đorđi",
        "Хоџа Hoxha Hodža Hodza",
        "Thaçi Tači Thaci Тачи",
        "Qemal Ćemal Ћемал",
        "Țurcanu Ţurcanu Turcanu",
        "Gheorghe Георге George",
        "Цветан Tsvetan Cvetan Tzvetan",
        "Юлия Yulia Julija Iuliia",
        "Љиљана Ljiljana Liljana Лиляна",
        "Щерев Shterev Shtereff"[:14],
        "Žnidaršič Znidarsic ŽNIDARŠIČ",
        "Căpâlna Capalna",
        "İbrahim Ibrahim ıbrahim",
    ],
)
def test_a_name_is_one_key_in_every_script_and_spelling(spellings: str) -> None:
    assert len({fold(name) for name in spellings.split()}) == 1


def test_double_and_married_names_meet_whatever_column_they_stand_in() -> None:
    maiden, both = _tokens(), _tokens(surname="Jovanović", other_surname="Petrović")
    double, new = _tokens(surname="Petrović-Jovanović"), _tokens(surname="Јовановић")
    assert both == double
    for single in (maiden, new):
        # Either the first or the second surname of the double name is the single one.
        assert single["3"] == both["3"] or single["4"] == both["4"]
    assert _tokens(given_name="Ana Marija")["2"] == _tokens(given_name="Ana")["2"]


def test_a_swapped_date_and_a_first_of_january_do_not_hide_a_person_nor_make_one() -> None:
    known, swapped, default = _tokens(), _tokens(birth_date="3.5.1998"), _tokens(birth_date="1.1.1998")
    assert (known["2"], known["3"]) == (swapped["2"], swapped["3"])
    assert known["strict"] != swapped["strict"]
    assert default["strict"] == default["2"] == default["3"] == ""
    assert default["1"][:32] == known["1"][:32] == _tokens(birth_date="1998")["1"][:32]
    assert _tokens(birth_date="05/03/1998")["1"] == ""  # which one is the month?


def test_rounds_keys_and_places_never_share_a_token() -> None:
    person = Identity("1", "Petrović", "Ana", "1998-03-05", "F", "", "AB123456")
    made = [
        Tokens(KEY, "2026-1").of(person),
        Tokens(KEY, "2026-2").of(person),
        Tokens(KEY[::-1], "2026-1").of(person),
    ]
    pieces = [t[i : i + 32] for row in made for t in row for i in range(0, len(t), 32)]
    pieces = [p for p in pieces if p.strip("g")]
    assert len(pieces) == len(set(pieces))
    again = [Tokens(KEY[1:], "2026-1").again(t) for t in made[0]]
    assert [len(t) for t in again] == [len(t) for t in made[0]]
    assert not set(again) & {t for row in made for t in row if t}


def test_a_weak_key_or_a_nameless_round_is_refused() -> None:
    for key, round_name in ((b"short", "2026-1"), (b"a" * 64, "2026-1"), (KEY, ""), (KEY, "a b")):
        with pytest.raises(InputProblem):
            Tokens(key, round_name)


def test_the_document_number_is_read_as_a_clerk_writes_it() -> None:
    assert (
        _tokens(document_number="ав 123-456")["document"] == _tokens(document_number="AB123456")["document"]
    )
    assert _tokens(document_number="12")["document"] == ""
    assert _tokens(document_number="AB123456", document_country="XYZ")["document"] != _tokens(document_number="AB123456")["document"]  # fmt: skip


@pytest.mark.parametrize("text", ["31.2.1998", "1899-01-01", "98-03-05", "3000", "1998-13"])
def test_what_is_no_date_is_no_date(text: str) -> None:
    assert read_date(text) is None


@pytest.fixture
def people_file(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(
        "person_reference;surname;given_name;birth_date;sex;remark\n"
        "P-1;Ђорђевић;Ана;1997-11-28;F;secret remark\nP-2;王;X;99/1/1;F;\n",
        encoding="utf-8",
    )
    return path


def _run(arguments: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False
    )


def test_the_program_alone_makes_a_private_file_and_prints_no_value(
    tmp_path: Path, people_file: Path
) -> None:
    # One file and its data, copied away from the package, with an interpreter that sees nothing else.
    folder = tmp_path / "alone"
    folder.mkdir()
    source = Path(program.__file__)
    for name in (source.name, "protocol.json"):
        (folder / name).write_bytes(source.with_name(name).read_bytes())
    target = tmp_path / "tokens.csv"
    script = ["-I", str(folder / source.name)]
    environment = {**os.environ, protocol()["program"]["key_variable"]: KEY.hex()}
    done = _run([*script, "make", str(people_file), str(target), "--round", "2026-1"], environment)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with target.open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert [r["person_reference"] for r in rows] == ["P-1", "P-2"]
    assert all(not v or (len(v) % 32 == 0 and set(v) <= set(protocol()["program"]["token_alphabet"])) for r in rows for k, v in r.items() if k != "person_reference")  # fmt: skip
    assert not any(v for k, v in rows[1].items() if k != "person_reference")
    said = done.stdout + done.stderr + target.read_text(encoding="utf-8")
    for value in ("Ђорђевић", "dordevic", "Ана", "1997", "99/1/1", "secret", KEY.hex()):
        assert value not in said
    assert "line 3" in done.stdout
    again = _run([*script, "make", str(people_file), str(target), "--round", "2026-1"], environment)
    assert again.returncode == 1
    assert "not overwritten" in again.stderr
    second = tmp_path / "second.csv"
    assert (
        _run([*script, "second-pass", str(target), str(second), "--round", "2026-1"], environment).returncode
        == 0
    )
    assert second.read_text() != target.read_text()


def test_new_key_is_private_fresh_and_long_enough(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert main(["new-key", str(tmp_path / name)]) == 0
    assert (tmp_path / "a").read_text() != (tmp_path / "b").read_text()
    assert Tokens(program.read_key(tmp_path / "a", {}), "2026-1").check_value
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    (tmp_path / "a").chmod(0o644)
    with pytest.raises(InputProblem, match="chmod 600"):
        program.read_key(tmp_path / "a", {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("person_reference,surname,given_name,sex\n1,A,B,F\n", "birth_date"),
        ("person_reference,surname,given_name,birth_date,sex\n1,Ab,Bc,1998,F\n1,Cd,De,1999,F\n", "line 3"),
        ("person_reference,surname,given_name,birth_date,sex\n1,Ab,Bc,1998\n", "line 2"),
        ("person_reference,surname,surname,given_name,birth_date,sex\n", "twice"),
    ],
)
def test_a_wrong_file_is_refused_in_one_sentence_and_leaves_nothing(
    tmp_path: Path, text: str, says: str
) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(text)
    with pytest.raises(InputProblem, match=says):
        program.make_token_file(source, target, Tokens(KEY, "2026-1"))
    assert not target.exists()


def test_what_travels_with_the_program_is_what_the_region_agreed(root: Path) -> None:
    kept = Path(program.__file__).with_name("protocol.json").read_text(encoding="utf-8")
    assert kept == protocol_text(root / "schemas")
    standard = json.dumps([load_linkage(root / "schemas").writes])
    person = (root / "schemas" / "tables" / "person.yml").read_text(encoding="utf-8")
    for column in json.loads(standard)[0].values():
        assert f"name: {column}\n" in person


def test_every_token_fits_the_standard(root: Path) -> None:
    made = _tokens(document_number="AB123456", national_case_number="7")
    assert all(made.values())
    assert {len(t) % 32 for t in made.values()} == {0}
    assert max(len(t) for t in made.values()) <= 128


def test_lines_whose_names_lost_letters_or_whose_sex_is_not_read_are_named(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text(
        "person_reference,surname,given_name,birth_date,sex\n"
        "P1,?or?evi?,Ana,1998-03-05,F\nP2,Petrović,Ana,1998-03-05,Ž\nP3,Petrović,Ana,1900-01-00,F\n"
        "P4,Petrović,Ana,1998-03-05,f\nP5,Petrovi\ufffd,Ana,1998,\n",
        encoding="utf-8",
    )
    made = program.make_token_file(source, tmp_path / "b.csv", Tokens(KEY, "2026-1"))
    assert (made.lost_letters, made.unread_sex, made.unreadable_dates) == ((2, 6), (3,), (4,))
    said = program.sentences(made)
    assert any("lines 2, 6" in line and "lost" in line for line in said)
    assert any("line 3" in line and "Sex" in line for line in said)
