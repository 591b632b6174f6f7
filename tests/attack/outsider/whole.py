"""The whole attack on a folder: read, understand, drop rules that the numbers contradict, work out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tests.attack.outsider.attack import Verdict, attack, consistent
from tests.attack.outsider.meaning import Rule, read_rules, rules_of_code_lists
from tests.attack.outsider.reading import Release, Table, read_release
from tests.attack.outsider.world import Contradiction, System, build

OWN_KNOWLEDGE = Path(__file__).with_name("meaning.yml")


def attack_folder(
    folder: Path,
    report: Path | None = None,
    standard: Path | None = None,
    meaning: Sequence[Path] = (),
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

    Raises
    ------
    ValueError
        The folder is no release.
    Contradiction
        The printed numbers contradict each other even where no rule of meaning is used.
    """
    release = read_release(folder)
    rules = [rule for file in (OWN_KNOWLEDGE, *meaning) for rule in read_rules(file)]
    if standard is not None:
        rules += rules_of_code_lists(standard / "codelists")
    total = Verdict(words=list(release.words))
    populations: dict[str, list[Table]] = defaultdict(list)
    for table in release.tables:
        populations[table.population].append(table)
    for name, tables in sorted(populations.items()):
        if not any(p.state in {"hidden", "rounded"} for t in tables for p in t.cells.values()):
            continue
        system, words = _system(tables, rules)
        found = attack(
            replace(release, tables=tables), system, lambda line, name=name: say(f"{name}: {line}")
        )
        total.attacked += found.attacked
        total.recovered += found.recovered
        total.narrow += found.narrow
        total.undecided += found.undecided
        total.words += [f"{name}: {word}" for word in words]
    return release, total


def _system(tables: Sequence[Table], rules: Sequence[Rule]) -> tuple[System, list[str]]:
    """Build with every rule that the printed numbers of these tables do not contradict."""
    try:
        system = build(tables, rules)
        if consistent(system):
            return system, []
    except Contradiction:
        pass
    kept: list[Rule] = []
    words = []
    for rule in rules:
        try:
            holds = consistent(build(tables, [*kept, rule]))
        except Contradiction:
            holds = False
        if holds:
            kept.append(rule)
        else:
            words.append(f"not used, the printed numbers contradict it: {rule.name}")
    return build(tables, kept), words
