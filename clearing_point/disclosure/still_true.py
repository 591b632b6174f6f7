"""Relations beside what is out: a printed history that contradicts a relation shows that it is none."""

from __future__ import annotations

from collections.abc import Sequence

from clearing_point.disclosure.attacker import Attacker, Contradiction
from clearing_point.disclosure.audit import attackers_view, audit
from clearing_point.disclosure.model import Joint, Knowledge, Protected, Relation
from clearing_point.disclosure.policy import Policy


def still_true(
    relations: Sequence[Knowledge], earlier: Sequence[Protected], policy: Policy
) -> list[Knowledge]:
    """Return the relations that agree with earlier tables.

    Records that were withdrawn since may have had combinations that no record has now. An attacker cannot hold what
    the printed numbers contradict: derived relations of populations whose earlier tables contradict one are left out,
    one after the other; so are those of a population of which they undo what is out (a complete revision brings them back).
    """
    kept = list(relations)
    populations = {table.population.split(":")[0] for table in earlier}
    derived = [r for r in relations if not isinstance(r, Relation) and populations & set(_of(r))]
    for relation in derived:
        if not _contradicted([r for r in kept if isinstance(r, Relation) or r in derived], earlier, policy):
            break
        if _contradicted([*(r for r in relations if isinstance(r, Relation)), relation], earlier, policy):
            kept.remove(relation)
    found = audit(earlier, policy, relations=kept, known=policy.known_figures)
    if found.safe or found.evidence is None:
        return kept
    # What is out cannot be taken back: a tie that undoes it is not held against later editions, or none could follow.
    keys = found.evidence.system.keys
    undone = {keys[finding.number][0].split(" without ")[0] for finding in found.failures}
    return [r for r in kept if isinstance(r, Relation) or not undone & set(_of(r))]


def _of(relation: Knowledge) -> tuple[str, ...]:
    """Return the populations of which a derived relation speaks."""
    if isinstance(relation, Joint):
        return (relation.population,)
    return relation.part_population, relation.whole_population


def _contradicted(relations: Sequence[Knowledge], earlier: Sequence[Protected], policy: Policy) -> bool:
    view = attackers_view(earlier, relations=relations, lower_bound=policy.lower_bound)
    try:
        Attacker(view.system.matrix, view.lower, view.upper).any_table()
    except Contradiction:
        return True
    return False
