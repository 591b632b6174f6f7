"""The encoding of a text file is decided by evidence, asked for where there is none, and never silently wrong."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from clearing_point.errors import InputProblem
from clearing_point.intake.encodings import Expected, encoding_of, letters_of

SERBIAN = Expected(
    letters_of(["абвгдђежзијклљмнњопрстћуфхцчџш", "čćđšž"]), frozenset({"пол", "датум рођења", "držanje"})
)
CROATIAN = Expected(letters_of(["čćđšž"]), frozenset())
CYRILLIC = "пол;година;држава\nж;1999;Србија\nм;2001;Северна Македонија\n"
LATIN = "spol;država;mjesto\nž;Češka;Šibenik\nm;Žminj;Đurđevac\n"


def _decided(content: bytes, expected: Expected, declared: str = "utf-8-sig") -> str:
    return encoding_of(io.BytesIO(content), "file.csv", declared, expected)


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        (CYRILLIC, "cp1251", SERBIAN),
        (CYRILLIC, "iso8859-5", SERBIAN),
        (LATIN, "cp1250", CROATIAN),
        (LATIN, "iso8859-2", CROATIAN),
    ],
)
def test_known_words_and_letters_decide_between_encodings_of_one_byte(
    text: str, encoding: str, expected: Expected
) -> None:
    assert _decided(text.encode(encoding), expected) == encoding
    for wrong in ("cp1250", "cp1251", "utf-8-sig"):
        assert _decided(text.encode(encoding), expected, wrong) == encoding, (
            "a wrong declaration is not believed"
        )


def test_marks_and_utf_8_are_evidence_enough() -> None:
    assert _decided(CYRILLIC.encode("utf-8"), CROATIAN) == "utf-8-sig"
    assert _decided(b"\xef\xbb\xbf" + CYRILLIC.encode("utf-8"), CROATIAN) == "utf-8-sig"
    assert _decided(CYRILLIC.encode("utf-16"), SERBIAN) == "utf-16"
    assert _decided(b"sex;year\nF;1999\n", CROATIAN) == "utf-8-sig"
    with pytest.raises(InputProblem, match="--encoding utf-16-le"):
        _decided(CYRILLIC.encode("utf-16-le"), SERBIAN)


def test_where_nothing_decides_the_sender_is_asked() -> None:
    with pytest.raises(InputProblem, match=r"windows-1251.* or .*--encoding") as asked:
        _decided("ж;1\n".encode("cp1251"), Expected(SERBIAN.letters))
    assert "ж" not in str(asked.value), "the sentence holds no text of the file"


def test_a_late_line_in_another_encoding_counts_too(tmp_path: Path) -> None:
    content = b"a;b\n" * 300_000 + LATIN.encode("cp1250")
    assert _decided(content, CROATIAN) == "cp1250"
