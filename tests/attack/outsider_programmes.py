"""Random programmes of tables with conditions and derived variables, published by the program and attacked from outside.

The programme is declared as a standard owner would (a population's query, indicators with `where`, derived variables in
the query), published by the flow that publishes an edition, and attacked by tests/attack/outsider, which reads the
release folder and a file that says in words of its own what the derived variables mean.

    python -m tests.attack.outsider_programmes DATA_FOLDER FIRST_SEED LAST_SEED
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import numpy as np
import yaml

from clearing_point.errors import InputProblem
from clearing_point.project import Project
from clearing_point.publication import release as making
from clearing_point.publication.release import make_release
from clearing_point.standard import Standard
from clearing_point.standard.model import Breakdown, Indicator, Population
from tests.attack.outsider.verdict import Verdict
from tests.attack.outsider.whole import attack_folder

NAME = "made_up_units"
YEAR = 2022


@dataclass
class Programme:
    """A population with derived variables, its tables, and what an outsider is told."""

    population: Population
    indicators: tuple[Indicator, ...]
    rules: list[dict]


def random_programme(seed: int) -> Programme:
    """Draw base variables, variables made of them, and tables of all of them, some under conditions."""
    random = np.random.default_rng(seed)
    units = int(random.integers(60, 700))
    codes = {
        name: [f"{name.upper()}{k}" for k in range(int(random.integers(2, 5)))] for name in ("a", "b", "c")
    }
    columns = []
    for name, of in codes.items():
        weights = np.cumsum(random.dirichlet(np.full(len(of), 0.6)))
        cases = " ".join(
            f"WHEN draw_{name} < {int(w * 9_973)} THEN '{code}'"
            for code, w in zip(of[:-1], weights, strict=False)
        )
        columns.append(f"CASE {cases} ELSE '{of[-1]}' END AS {name}")
    rules: list[dict] = []
    derived: list[str] = []
    # One of two variables, one that is coarser, one of a variable that was derived itself.
    for name, by, kinds in (("d", ("a", "b"), 4), ("e", ("c",), 2), ("f", ("d", "c"), 3)):
        of = [f"{name.upper()}{k}" for k in range(kinds)]
        cases = []
        for combination in np.ndindex(*(len(codes[v]) for v in by)):
            if random.random() < 0.75:
                when = {v: codes[v][k] for v, k in zip(by, combination, strict=True)}
                cases.append({**when, "is": of[int(random.integers(kinds - 1))]})
        codes[name] = of
        rules.append({"gives": name, "by": list(by), "cases": cases, "otherwise": of[-1]})
        whens = " ".join(
            "WHEN " + " AND ".join(f"{v} = '{code}'" for v, code in case.items() if v != "is") + f" THEN '{case['is']}'"
            for case in cases
        )  # fmt: skip
        derived.append(f"CASE {whens} ELSE '{of[-1]}' END AS {name}" if cases else f"'{of[-1]}' AS {name}")
    multipliers = {v: random.integers(1, 9_973, size=3).tolist() for v in ("a", "b", "c", "unit")}
    draws = ", ".join(
        f"(row * row * {two} + row * {one} + {none}) % 9973 AS draw_{v}"
        for v, (two, one, none) in multipliers.items()
    )
    inner = (
        "SELECT s.sender || '/' || p.person_reference AS unit_id, p.person_id, s.territory FROM \"current\".person AS p "
        "JOIN \"current\".submission AS s USING (submission_id) "
        "QUALIFY row_number() OVER (PARTITION BY s.sender, p.person_reference ORDER BY p.submission_id) = 1"
    )  # fmt: skip
    numbered = f"SELECT *, row_number() OVER (ORDER BY unit_id) AS row FROM ({inner})"
    sql = (
        f"SELECT unit_id, person_id, territory, {YEAR} AS reference_year, {', '.join(columns)} FROM (SELECT *, {draws} FROM "
        f"({numbered})) ORDER BY draw_unit, unit_id LIMIT {units}"
    )
    for column in derived:
        sql = f"SELECT *, {column} FROM ({sql})"
    words = {"en": "made up"}
    population = Population(NAME, words, words, sql)
    indicators = []
    variables = list(codes)
    for number in range(int(random.integers(4, 9))):
        chosen_variables = random.choice(variables, size=int(random.integers(1, 3)), replace=False).tolist()
        where = None
        others = [v for v in variables if v not in chosen_variables]
        if random.random() < 0.45:
            asked = str(random.choice(others))
            some = random.choice(
                codes[asked], size=int(random.integers(1, len(codes[asked]))), replace=False
            ).tolist()
            listed = ", ".join(f"'{code}'" for code in sorted(some))
            where = f"{asked} = {listed}" if len(some) == 1 else f"{asked} IN ({listed})"
            if random.random() < 0.2:
                where = f"NOT ({where})"
        by = [Breakdown(v, "none", words, groups={code: (code,) for code in codes[v]},
                        group_labels={code: {"en": code} for code in codes[v]}, unknown=False)
              for v in chosen_variables]  # fmt: skip
        by.append(Breakdown("reference_year", "year", words, total=False))
        indicators.append(
            Indicator(
                indicator_id=f"X{number:02}", order=number, part="numbers", title=words, definition=words,
                population=NAME, by=tuple(by), rows=tuple(chosen_variables), columns=("reference_year",),
                where=where, years="edition", chart=None,
            )
        )  # fmt: skip
    return Programme(population, tuple(indicators), rules)


def publish_and_attack(
    standard: Standard, project: Project, programme: Programme, place: Path
) -> Verdict | str:
    """Publish a programme over the records of a project, and attack what came out; a refusal's words instead."""
    root, data = place / "root", place / "data"
    root.mkdir(parents=True)
    (root / "schemas").symlink_to(project.schemas)
    (root / "pipelines").symlink_to(project.root / "pipelines")  # the profiles by which rows were worked out
    (data / "editions").mkdir(parents=True)
    for folder in project.data.iterdir():
        # The archive remembers the head of a ledger that is not here: with it, publishing would stop.
        if folder.name not in {"archive", "publications", "releases", "reports", "prepared", "editions"}:
            (data / folder.name).symlink_to(folder)
    edition = {
        "year": YEAR, "title": "Made up", "naming_profile": "neutral", "languages": ["en"], "trend_from": YEAR,
        "profile": "suppress", "tables": [i.indicator_id for i in programme.indicators],
    }  # fmt: skip
    (data / "editions" / f"{YEAR}.yml").write_text(yaml.safe_dump(edition))
    (place / "meaning.yml").write_text(yaml.safe_dump({"rules": programme.rules}))
    declared = replace(
        standard,
        indicators=programme.indicators,
        populations={**standard.populations, NAME: programme.population},
    )
    here = replace(project, root=root, data=data)
    try:
        with ExitStack() as off:
            # Variables are drawn by the place of a row among all, which no population of the standard may do.
            off.enter_context(mock.patch.object(making, "refuse_told_by_others"))
            off.enter_context(mock.patch.object(making, "refuse_told_by_answers"))
            # The submissions are the same for every programme: judging them took three quarters of the time of each.
            off.enter_context(mock.patch.object(making, "library_beside", nullcontext))
            off.enter_context(mock.patch.object(making, "run_checkpoint", return_value=None))
            release = make_release(here, declared, YEAR, place / "release")
    except InputProblem as refusal:
        return str(refusal)
    return attack_folder(release.folder, meaning=[place / "meaning.yml"])[1]


def main() -> None:
    """Attack the programmes of a range of seeds and print what was found."""
    from clearing_point.standard import load_standard

    root = Path(__file__).resolve().parents[2]
    project = Project(root=root, data=Path(sys.argv[1]))
    standard = load_standard(project.schemas)
    total, refused, broken = Verdict(), 0, 0
    for seed in range(int(sys.argv[2]), int(sys.argv[3]) + 1):
        with TemporaryDirectory() as folder:
            found = publish_and_attack(standard, project, random_programme(seed), Path(folder))
        if isinstance(found, str):
            refused += 1
            print(seed, "refused:", found[:150], flush=True)
            continue
        total.attacked += found.attacked
        total.recovered += found.recovered
        total.narrow += found.narrow
        total.undecided += found.undecided
        if found.recovered or found.narrow or found.undecided:
            broken += 1
            named = [(f.table, f.codes, f.low, f.high) for f in (*found.recovered, *found.narrow)][:3]
            print(seed, len(found.recovered), len(found.narrow), len(found.undecided), named, flush=True)
    print(f"broken {broken}, refused {refused}; attacked {total.attacked}, recovered {len(total.recovered)}, "
          f"of them 1 to 4: {total.small(5)}, too narrow {len(total.narrow)}, undecided {len(total.undecided)}")  # fmt: skip


if __name__ == "__main__":
    main()
