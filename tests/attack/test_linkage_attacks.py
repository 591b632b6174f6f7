"""What somebody can do who holds the tokens but not the key, or who may send records: docs/linkage.md, tested."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from clearing_point.linkage.decisions import cases_to_check
from clearing_point.linkage.evaluation import open_made
from clearing_point.linkage.link import link
from clearing_point.linkage.made_people import MadeRegion, made_names, make_region
from clearing_point.linkage.settings import LinkageSettings, load_linkage
from clearing_point.linkage.tokens import Identity, Tokens, fold, protocol

KEY = bytes(range(64, 128))


@pytest.fixture(scope="module")
def settings(root: Path) -> LinkageSettings:
    return load_linkage(root / "schemas")


@pytest.fixture(scope="module")
def region(settings: LinkageSettings) -> MadeRegion:
    return make_region(settings.made, 20_000, 5, repeat_share=0.0, error_factor=0.0)


def test_listing_names_and_dates_finds_nothing_without_the_key(settings: LinkageSettings) -> None:
    """Enumeration: everybody's names and dates through the public program, and plain hashes, against the tokens."""
    victim = Identity("1", "Jovanović", "Marija", "1998-03-05", "F")
    seen = {t[i : i + 32] for t in Tokens(KEY, "2026-1").of(victim) for i in range(0, len(t), 32)}
    seen.discard("g" * 32)
    listed = set()
    names = made_names()["bcms", "female"][0].tolist()
    for guess in (b"\0" * 31 + bytes(range(33)), bytes(range(32)), KEY[1:]):  # keys that are not the key
        for name in names:
            for day in range(1, 32):
                listed |= set(
                    Tokens(guess, "2026-1").of(Identity("1", "Jovanović", name, f"1998-03-{day:02d}", "F"))
                )
    plain = {
        hashlib.sha256(f"{a}{b}".encode()).hexdigest()[:32]
        for a in ("iovanovic", "")
        for b in ("marija", "1998-03-05")
    }
    assert not seen & (listed | plain)
    # With the key the same listing finds her: whoever holds tokens must never hold the key.
    with_key = {
        t[i : i + 32]
        for name in names
        for t in Tokens(KEY, "2026-1").of(Identity("1", "Jovanović", name, "1998-03-05", "F"))
        for i in range(0, len(t), 32)
    }
    assert seen <= with_key


def _rank_attack(tokens: list[str], truth: list[str], known: Counter[str]) -> int:
    """Give the i-th most frequent token the i-th most frequent value; return how many rows are named rightly."""
    by_token = [t for t, _ in sorted(Counter(tokens).items(), key=lambda item: (-item[1], item[0]))]
    by_value = [v for v, _ in sorted(known.items(), key=lambda item: (-item[1], item[0]))]
    guess = dict(zip(by_token, by_value, strict=False))
    return sum(guess.get(t) == v for t, v in zip(tokens, truth, strict=True))


def test_the_frequency_of_names_names_at_most_one_in_a_thousand(settings: LinkageSettings) -> None:
    """The attacker knows the true distribution of full names by citizenship and sex, and sees both and the birth year."""
    world = make_region(settings.made, 25_000, 6, repeat_share=0.0, error_factor=0.0)
    region = make_region(settings.made, 8_000, 5, repeat_share=0.0, error_factor=0.0)
    known: dict[tuple[str, str], Counter[str]] = {}
    for identity, citizenship in zip(world.identities, world.columns["citizenship"].tolist(), strict=True):
        names = f"{fold(identity.surname)[:1]}{fold(identity.given_name)[:1]}"
        known.setdefault((citizenship, identity.sex), Counter())[names] += 1
    program, single = Tokens(KEY, "r-1"), Tokens(KEY, "r-2")
    rows: dict[tuple[object, ...], list[tuple[str, str, str, str]]] = {}
    columns = region.columns
    surnames: dict[str, Counter[str]] = {}
    for identity, citizenship, year in zip(
        region.identities, columns["citizenship"].tolist(), columns["birth_year"].tolist(), strict=True
    ):
        surname, given = fold(identity.surname)[:1], fold(identity.given_name)[:1]
        first = dict(zip(protocol()["program"]["writes"], program.of(identity), strict=True))["1"][:32]
        weak = single.again(
            hashlib.sha256(str(surname).encode()).hexdigest()[:32]
        )  # a keyed token of one bare name
        rows.setdefault((citizenship, identity.sex, year), []).append(
            (first, f"{surname}{given}", weak, str(surname))
        )
        surnames.setdefault(citizenship, Counter())[str(surname)] += 1
    named = sum(
        _rank_attack([r[0] for r in group], [r[1] for r in group], known[(str(key[0]), str(key[1]))])
        for key, group in rows.items()
    )
    share = named / len(region.identities)
    assert share <= 0.001, f"{share:.4%} of the tokens were named"
    # The same attack on a keyed token of a bare surname, to show that it bites.
    bare: dict[str, list[tuple[str, str]]] = {}
    for key, group in rows.items():
        bare.setdefault(str(key[0]), []).extend((r[2], r[3]) for r in group)
    hit = sum(_rank_attack([w for w, _ in g], [s for _, s in g], surnames[c]) for c, g in bare.items())
    assert hit / len(region.identities) > 0.05


def test_no_group_of_a_token_is_frequent(settings: LinkageSettings, region: MadeRegion) -> None:
    """Among 20,000 persons no part of any token is shared by more than a handful: there is no frequency to see."""
    program = Tokens(KEY, "r-1")
    parts: dict[str, Counter[str]] = {}
    for identity in region.identities:
        for name, token in zip(protocol()["program"]["writes"], program.of(identity), strict=True):
            for place, group in enumerate(protocol()["tokens"]["groups"].get(name, [()])):
                part = token[32 * place : 32 * place + 32]
                kind = "initial" if {"first_initial", "last_initial"} & set(group) else "name"
                parts.setdefault(kind, Counter())[part] += 1
    # A part of one initial and the birthday names nobody. Made ages have a last year, on whose first day many are born.
    for kind, most in (("name", 20), ("initial", 60)):
        shared = np.array([n for part, n in parts[kind].items() if part.strip("g")])
        assert shared.max() <= most
        assert (shared > 5).mean() < 0.001


def test_an_exact_plant_learns_nothing_and_a_near_one_is_hidden_among_other_questions(
    settings: LinkageSettings, region: MadeRegion
) -> None:
    """A sender plants a woman's identity to learn whether somebody reports her. She sees her own case numbers only."""
    size = 1500
    answers = {}
    for there in (True, False):
        for planted in ("exact", "near"):
            target = region.identities[0]
            plant = (
                target if planted == "exact" else target._replace(birth_date="1.1." + target.birth_date[:4])
            )
            # Row 0 holds the target or somebody else; the last row is the plant of a sender of its own.
            identities = [target if there else region.identities[size], *region.identities[1:size], plant]
            columns = {
                name: np.concatenate([values[:size], values[:1]]) for name, values in region.columns.items()
            }
            columns["person_id"][size], columns["case_number"][size] = "p-plant", "plant"
            columns["sender"][1 : size // 4] = "planter"
            columns["sender"][size] = "planter"
            columns["reference_year"][size] = columns["reference_year"][0]
            connection = open_made(MadeRegion(np.arange(size + 1), columns, tuple(identities)), settings)
            link(connection, settings)
            answers[there, planted] = cases_to_check(connection, settings, "planter", "2026-1")
            connection.close()
    assert answers[True, "exact"] == answers[False, "exact"]
    listed = set(answers[True, "near"]) ^ set(answers[False, "near"])
    assert listed <= {
        "plant"
    }  # what remains: being asked about a near copy. docs/linkage.md says how much that tells.
    anyway = len(answers[False, "near"]) / (size / 4)
    assert anyway > 0.5 * float(settings.link["asked_anyway"])


@pytest.mark.parametrize("extra", [["--key", "K" * 64], ["--key-file=K/../" + "K" * 64], ["K" * 64]])
def test_a_key_among_the_arguments_is_refused_and_not_repeated(tmp_path: Path, extra: list[str]) -> None:
    source = tmp_path / "in.csv"
    source.write_text("person_reference,surname,given_name,birth_date,sex\n1,Ab,Bc,1998,F\n")
    command = [
        sys.executable,
        "-m",
        "clearing_point.linkage.tokens",
        "make",
        str(source),
        str(tmp_path / "o.csv"),
    ]
    environment = {k: v for k, v in os.environ.items() if k != protocol()["program"]["key_variable"]}
    done = subprocess.run(
        [*command, "--round", "2026-1", *extra], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode in (1, 2)
    assert "K" * 20 not in done.stdout + done.stderr
    assert not (tmp_path / "o.csv").exists()
