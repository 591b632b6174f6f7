"""The whole attack on a folder: read, understand, drop rules that the numbers contradict, work out."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from tests.attack.outsider.attack import attack, consistent
from tests.attack.outsider.conditions import Both, Is
from tests.attack.outsider.meaning import Inside, Rule, read_inside, read_rules, rules_of_code_lists
from tests.attack.outsider.reading import Codes, Release, Table, leave_open, read_release
from tests.attack.outsider.report import Share, read_beside
from tests.attack.outsider.sizes import read_inhabitants, read_order, read_rates
from tests.attack.outsider.system import Contradiction, Row, System
from tests.attack.outsider.verdict import Found, Verdict
from tests.attack.outsider.world import build

OWN_KNOWLEDGE = Path(__file__).with_name("meaning.yml")


def attack_folder(
    folder: Path,
    report: Path | None = None,
    standard: Path | None = None,
    meaning: Sequence[Path] = (),
    inhabitants: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Release, Verdict]:
    """Attack a release folder with all that is printed with it.

    Parameters
    ----------
    report
        The report's folder, where there is one.
    standard
        The public standard (code lists), where the attacker has it.
    meaning
        Further files of rules, in the form of meaning.yml.
    inhabitants
        A public list of inhabitants (CSV: territory, year, inhabitants), against rates.

    Raises
    ------
    ValueError
        The folder is no release.
    Contradiction
        The printed numbers contradict each other even where no rule of meaning is used.
    """
    release, shares = _read(folder, report, standard, inhabitants)
    return release, _attack(release, shares, standard, meaning, say)


def attack_editions(
    folders: Sequence[Path],
    standard: Path | None = None,
    meaning: Sequence[Path] = (),
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Release, Verdict]:
    """Attack several editions side by side: a year that is out keeps its numbers, so all of them are one system.

    A number that moved between two editions by fewer than the threshold tells of the few persons that it moved by.

    Raises
    ------
    ValueError
        A folder is no release.
    Contradiction
        The editions contradict each other: one of them is a revision, and has to be attacked apart.
    """
    read = [_read(folder, None, standard, None) for folder in folders]
    moved = _moved([release for release, _ in read])
    tables, shares, open_cells, words = [], [], set(), []
    for release, beside in read:
        within = f"{release.folder.name}/"
        tables += [replace(table, id=within + table.id) for table in release.tables]
        shares += [replace(share, table=within + share.table) for share in beside]
        open_cells |= {(within + table, codes) for table, codes in release.open_cells}
        words += release.words
    newest = read[-1][0]
    together = replace(newest, tables=tables, open_cells=open_cells, words=words)
    verdict = _attack(together, shares, standard, meaning, say)
    verdict.recovered += moved
    return together, verdict


def _moved(releases: Sequence[Release]) -> list[Found]:
    """Return the numbers of a table, or of a line that every edition prints anew, that differ by a few."""
    shown: dict[tuple[str, str, Codes], list[int]] = defaultdict(list)
    for release in releases:
        for table in release.tables:
            # A line is of its edition; what it counts is named by its table.
            line = table.id if "-" in table.id else table.population
            for codes, cell in table.cells.items():
                if cell.state == "shown":
                    shown[line, table.id, codes].append(cell.low)
    return [
        Found(table, codes, abs(one - other), abs(one - other))
        for (_, table, codes), numbers in shown.items()
        for one, other in combinations(sorted(set(numbers)), 2)
        if 0 < abs(one - other) < releases[-1].threshold
    ]


def _read(
    folder: Path, report: Path | None, standard: Path | None, inhabitants: Path | None
) -> tuple[Release, list[Share]]:
    release = read_release(folder)
    if standard is not None:
        leave_open(release, standard / "disclosure.yml")
        read_order(release, standard / "codelists")
    shares = read_beside(release, report)
    read_rates(release, read_inhabitants(inhabitants) if inhabitants else {})
    return release, shares


def _attack(
    release: Release,
    shares: Sequence[Share],
    standard: Path | None,
    meaning: Sequence[Path],
    say: Callable[[str], None],
) -> Verdict:
    rules = [rule for file in (OWN_KNOWLEDGE, *meaning) for rule in read_rules(file)]
    if standard is not None:
        rules += rules_of_code_lists(standard / "codelists")
    total = Verdict(words=list(release.words))
    inside = [each for file in (OWN_KNOWLEDGE, *meaning) for each in read_inside(file)]
    populations = _together(release.tables, inside, total.words)
    for name, tables in sorted(populations.items()):
        if not any(p.state in {"hidden", "rounded"} for t in tables for p in t.cells.values()):
            continue
        system, words = _system(tables, rules, shares)
        found = attack(
            replace(release, tables=tables), system, lambda line, name=name: say(f"{name}: {line}")
        )
        total.attacked += found.attacked
        total.recovered += found.recovered
        total.narrow += found.narrow
        total.undecided += found.undecided
        total.impossible += found.impossible
        total.left_open += found.left_open
        total.words += [f"{name}: {word}" for word in words]
    return total


def _together(tables: Sequence[Table], inside: Sequence[Inside], words: list[str]) -> dict[str, list[Table]]:
    """Group tables by population; those of a part of another population are tables of it, under a condition."""
    populations: dict[str, list[Table]] = defaultdict(list)
    for table in tables:
        populations[table.population].append(table)
    for part in inside:
        if part.population not in populations or part.of not in populations:
            continue
        asked = [Is(axis, codes) for axis, codes in part.conditions]
        if not part.exact:
            asked.append(Is(f"[in {part.population}]", frozenset({"Y"})))
        moved = [
            replace(t, population=part.of, condition=Both((t.condition, *asked), True))
            for t in populations[part.population]
        ]
        try:
            holds = consistent(_built([*populations[part.of], *moved], [], [], one_answer=False))
        except Contradiction:
            holds = False
        if holds:
            populations[part.of] += moved
            del populations[part.population]
        else:
            words.append(f"not used, the printed numbers contradict it: {part.population} inside {part.of}")
    return populations


def _built(
    tables: Sequence[Table], rules: Sequence[Rule], shares: Sequence[Share], *, one_answer: bool = True
) -> System:
    """Build, with the printed percentages: a part of the known, within half a unit of the last digit."""
    system = build(tables, rules, one_answer=one_answer)
    for share in shares:
        part, whole = (system.cells.get((share.table, codes)) for codes in (share.part, share.whole))
        if part is None or whole is None:
            continue
        unknown = [system.cells.get((share.table, codes), ()) for codes in share.without]
        for side, bound in ((1, share.high), (-1, share.low)):
            terms: dict[int, float] = defaultdict(float)
            for cell, times in ((part, 100.0), (whole, -bound), *((u, bound) for u in unknown)):
                for x in cell:
                    terms[x] += side * times
            system.rows.append(Row(dict(terms), -math.inf, 1e-6, "a percentage"))
    return system


def _system(
    tables: Sequence[Table], rules: Sequence[Rule], shares: Sequence[Share]
) -> tuple[System, list[str]]:
    """Build with every rule that the printed numbers of these tables do not contradict."""
    try:
        system = _built(tables, rules, shares)
        if consistent(system):
            return system, []
    except Contradiction:
        pass
    kept: list[Rule] = []
    words = []
    try:
        one_answer = consistent(_built(tables, [], shares))
    except Contradiction:
        one_answer = False
    if not one_answer:
        words.append("not used, the printed numbers contradict it: nobody gave two answers")
    for rule in rules:
        try:
            holds = consistent(_built(tables, [*kept, rule], shares, one_answer=one_answer))
        except Contradiction:
            holds = False
        if holds:
            kept.append(rule)
        else:
            words.append(f"not used, the printed numbers contradict it: {rule.name}")
    return _built(tables, kept, shares, one_answer=one_answer), words
