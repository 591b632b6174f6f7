"""Random synthetic reports for the attacks: made-up people, tables with hierarchies, later years, corrections."""

from __future__ import annotations

from itertools import product

import numpy as np

from clearing_point.disclosure import Category, CountTable, Dimension

# variable -> groups of leaf codes (a group of one leaf has no subtotal of its own)
VARIABLES: dict[str, tuple[tuple[str, ...], ...]] = {
    "territory": (("T1", "T2", "T3"), ("T4", "T5", "T6", "T7"), ("T8", "T9", "T10", "T11")),
    "age": (("A0", "A1", "A2"), ("A3", "A4", "A5", "A6"), ("A9",)),
    "form": (("F1", "F2"), ("F3", "F4", "F5"), ("F6",)),
    "sex": (("female",), ("male",), ("unknown",)),
    "relation": (("national",), ("foreign",), ("stateless",)),
    "channel": (("C1",), ("C2",), ("C3",), ("C4",)),
    "education": (("E0",), ("E1",), ("E2",), ("E3",), ("E4",)),
    "flow": (("inside",), ("outside",)),
    "shelter": (("yes",), ("no",)),
    "duration": (("D1",), ("D2",), ("D3",), ("D4",)),
    "status": (("presumed",), ("confirmed",)),
    "residence": (("R1",), ("R2",), ("R3",)),
    "closure": (("K1",), ("K2",), ("K3",), ("K4",), ("K5",)),
    "year": (("2022",), ("2023",)),
}


def people(seed: int, persons: int) -> dict[str, np.ndarray]:
    """Return leaf positions by variable for made-up persons; skewed and related, as real files are."""
    random = np.random.default_rng(seed)
    style = random.integers(0, 4, persons)
    columns = {}
    for variable, groups in VARIABLES.items():
        leaves = sum(len(group) for group in groups)
        chances = random.dirichlet(np.full(leaves, 0.7), size=4)
        columns[variable] = np.array(
            [
                np.searchsorted(np.cumsum(chances[k]), u)
                for k, u in zip(style, random.random(persons), strict=False)
            ]
        ).clip(0, leaves - 1)
    return columns


def dimension(variable: str, hierarchy: bool = True, total: bool = True) -> Dimension:
    groups = VARIABLES[variable]
    leaves = [leaf for group in groups for leaf in group]
    categories = [Category.of(leaf) for leaf in leaves]
    if hierarchy:
        categories += [Category.of("+".join(group), *group) for group in groups if len(group) > 1]
    if total:
        categories.append(Category.of("Total", *leaves))
    return Dimension(variable, tuple(categories))


def count(
    table_id: str,
    columns: dict[str, np.ndarray],
    dimensions: tuple[Dimension, ...],
    population: str = "persons",
) -> CountTable:
    shapes, positions, expand = [], [], []
    for d in dimensions:
        leaves = [leaf for group in VARIABLES[d.variable] for leaf in group]
        shapes.append(len(leaves))
        positions.append(columns[d.variable])
        expand.append(
            np.array([[leaf in c.members for leaf in leaves] for c in d.categories], dtype=np.int64)
        )
    cube = np.zeros(shapes, dtype=np.int64)
    np.add.at(cube, tuple(positions), 1)
    for axis, matrix in enumerate(expand):
        cube = np.moveaxis(np.tensordot(matrix, cube, axes=(1, axis)), 0, axis)
    cells = product(*[[c.code for c in d.categories] for d in dimensions])
    return CountTable(
        table_id, population, dimensions, dict(zip(cells, (int(v) for v in cube.ravel()), strict=True))
    )


def random_report(
    seed: int, persons: int, tables: int, three_way: float = 0.3, most_cells: int = 240
) -> list[CountTable]:
    """Return tables of one programme over the same made-up persons."""
    columns = people(seed, persons)
    random = np.random.default_rng([seed, 7])
    names = list(VARIABLES)
    chosen: dict[tuple[str, ...], tuple[Dimension, ...]] = {}
    for _ in range(tables * 20):
        if len(chosen) == tables:
            break
        ways = 3 if random.random() < three_way else 2
        variables = tuple(sorted(random.choice(names, size=ways, replace=False)))
        dimensions = tuple(
            dimension(v, hierarchy=random.random() < 0.7, total=ways == 3 or random.random() < 0.9)
            for v in variables
        )
        size = int(np.prod([len(d.categories) for d in dimensions]))
        if variables not in chosen and size <= most_cells:
            chosen[variables] = dimensions
    return [count(f"T{at:02}", columns, dims) for at, dims in enumerate(chosen.values(), start=1)]
