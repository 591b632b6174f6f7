"""The disclosure policy as data: `schemas/disclosure.yml`, checked against its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import jsonschema
import yaml

from clearing_point.disclosure.model import KnownFigure, Profile
from clearing_point.errors import InputProblem

_LEAST = 5
"""Smallest threshold of a policy in a file; the schema says it too, but whoever edits one file may edit both."""

_WORDS = frozenset(
    {
        "withheld_reason",
        "withheld_beside",
        "revision_note",
        "late_notes",
        "late_titles",
        "hidden_since",
        "known_figures",
    }
)
"""What of a policy is no rule, or stands elsewhere."""

Zeros = Literal["may_be_hidden", "always_shown"]
Senders = Literal["nobody", "subtraction", "everything"]


@dataclass(frozen=True)
class Policy:
    """What the region has agreed about small numbers. All counts are of persons (or of the unit counted).

    Attributes
    ----------
    threshold, sensitive_threshold
        Counts from 1 to one less are small; the second for sensitive crossings and sensitive tables.
    sensitive_crossings
        Sets of variables; a cell that restricts all variables of one set is sensitive.
    group_disclosure
        Variables of which nobody may learn that everybody in a group has the same value.
    small_group, open_variables
        Of a group of fewer persons than that, nobody may learn it of any variable but these.
    senders
        What senders know and are guarded against: `nobody`; `subtraction` of their own clients from a printed number;
        `everything`, their own clients in every cell and all that follows.
    sender_variable
        The variable of which a sender knows every code that she alone reports.
    not_known, not_known_with, not_known_tells
        Categories that say only that an answer lacks: their small counts need no protection of their own; by variable,
        codes that may stand in one category with them; variables of which they say more than that.
    dominance_largest, dominance_share
        An amount is hidden where so many largest contributions exceed this share of it.
    small_population_variables, small_population_minimum, small_population_tables
        Where a category of these variables counts fewer persons, only the named tables show its details.
    zeros
        `may_be_hidden`: a 0 can serve to hide others, so a hidden cell may be 0. `always_shown`: every
        attacker knows that a hidden cell is at least 1.
    sign
        What is printed for every hidden cell: one sign, because two signs would tell which are small.
    withheld_reason, withheld_beside
        What is said in place of a table that is withheld as a whole; of one that could go out if no earlier edition had.
    revision_note, late_notes
        What is said with a table that was revised completely ({reason}), and with one whose frozen years got
        late records or lost some since ({numbers}; by kind: late, withdrawn, linked).
    late_titles, hidden_since
        How a release calls these lines ({title}); the `note` with a table that hides what an earlier edition
        showed ({count}, {why}) and the reasons by kind of issue: revision, reissue, other.
    rounding_base, default_profile
        Base of controlled rounding; profile where an edition names none.
    percent_base, mean_base
        Smallest known base of a percentage, of a mean or a median.
    largest_sensitive_share
        A plan with a larger share of small cells is refused before the work.
    """

    threshold: int
    sensitive_threshold: int
    sensitive_crossings: tuple[frozenset[str], ...]
    group_disclosure: frozenset[str]
    small_group: int
    open_variables: frozenset[str]
    senders: Senders
    sender_variable: str
    not_known: frozenset[str]
    not_known_with: Mapping[str, frozenset[str]]
    not_known_tells: frozenset[str]
    dominance_largest: int
    dominance_share: float
    small_population_variables: frozenset[str]
    small_population_minimum: int
    small_population_tables: frozenset[str]
    zeros: Zeros
    sign: str
    withheld_reason: str
    withheld_beside: str
    rounding_base: int
    default_profile: Profile
    percent_base: int
    mean_base: int
    largest_sensitive_share: float
    known_figures: tuple[KnownFigure, ...] = ()
    revision_note: str = "{reason}"
    late_notes: Mapping[str, str] = field(default_factory=dict)
    late_titles: Mapping[str, str] = field(default_factory=dict)
    hidden_since: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def plain(
        cls,
        threshold: int = 5,
        *,
        zeros: Zeros = "may_be_hidden",
        rounding_base: int = 0,
        senders: Senders = "nobody",
        sender_variable: str = "",
    ) -> Policy:
        """Return a policy of one threshold and nothing else (long tables of other offices, tests).

        The rounding base is the threshold unless given (a base below the threshold is allowed).
        """
        return cls(
            threshold=threshold,
            sensitive_threshold=threshold,
            sensitive_crossings=(),
            group_disclosure=frozenset(),
            small_group=0,
            open_variables=frozenset(),
            senders=senders,
            sender_variable=sender_variable,
            not_known=frozenset(),
            not_known_with={},
            not_known_tells=frozenset(),
            dominance_largest=1,
            dominance_share=1.0,
            small_population_variables=frozenset(),
            small_population_minimum=0,
            small_population_tables=frozenset(),
            zeros=zeros,
            sign="c",
            withheld_reason="Too few persons stand behind it.",
            withheld_beside="Beside what is out it would tell of too few persons.",
            rounding_base=rounding_base or threshold,
            default_profile="suppress",
            percent_base=0,
            mean_base=0,
            largest_sensitive_share=1.0,
        )

    def told(self) -> dict[str, Any]:
        """Return the rules for a release, as JSON: whoever reads it sees by which numbers it was protected."""
        found: dict[str, Any] = {}
        for name, value in asdict(self).items():
            if name in _WORDS:
                continue
            if name == "sensitive_crossings":
                found[name] = sorted(sorted(crossing) for crossing in value)
            elif name == "not_known_with":
                found[name] = {variable: sorted(codes) for variable, codes in sorted(value.items())}
            else:
                found[name] = sorted(value) if isinstance(value, frozenset) else value
        return found

    @property
    def lower_bound(self) -> int:
        """Lowest count of a hidden cell for an attacker who knows the policy."""
        return 1 if self.zeros == "always_shown" else 0


def load_policy(path: Path | str) -> Policy:
    """Read a policy.

    Raises
    ------
    InputProblem
        Where the file is missing, is no YAML, or breaks the JSON Schema of policies.
    """
    source = Path(path)
    try:
        content: Any = yaml.safe_load(source.read_text(encoding="utf-8"))
    except OSError as problem:
        raise InputProblem(
            f"Disclosure policy {source.name} cannot be read; check that it is there."
        ) from problem
    except yaml.YAMLError as problem:
        raise InputProblem(f"Disclosure policy {source.name} is not valid YAML: {problem}.") from problem
    schema = _schema(source)
    errors = sorted(jsonschema.Draft202012Validator(schema).iter_errors(content), key=lambda e: list(e.path))
    if errors:
        place = ".".join(str(part) for part in errors[0].path) or "the top level"
        raise InputProblem(f"Disclosure policy {source.name}, {place}: {errors[0].message}.")
    policy = _policy(content)
    if policy.threshold < _LEAST:
        raise InputProblem(
            f"Disclosure policy {source.name}: a threshold below {_LEAST} shows counts of 1 to {_LEAST - 1}, which are "
            "never recoverable in this region."
        )
    if policy.sensitive_threshold < policy.threshold:
        raise InputProblem(
            f"Disclosure policy {source.name}: the sensitive threshold is below the threshold."
        )
    return policy


def _schema(policy_file: Path) -> Mapping[str, Any]:
    beside = policy_file.parent / "meta" / "disclosure.schema.json"
    if beside.exists():
        return dict(json.loads(beside.read_text(encoding="utf-8")))
    # A policy kept elsewhere is judged by the schema of this project (or of the installed package).
    here = Path(__file__).resolve().parents[2] / "schemas" / "meta" / "disclosure.schema.json"
    if here.exists():
        return dict(json.loads(here.read_text(encoding="utf-8")))
    bundled = resources.files("clearing_point") / "bundled" / "schemas" / "meta" / "disclosure.schema.json"
    return dict(json.loads(bundled.read_text(encoding="utf-8")))


def _policy(content: Mapping[str, Any]) -> Policy:
    small = content["small_population"]
    return Policy(
        threshold=content["threshold"],
        sensitive_threshold=content["sensitive"]["threshold"],
        sensitive_crossings=tuple(frozenset(names) for names in content["sensitive"]["crossings"]),
        group_disclosure=frozenset(content["group_disclosure"]["variables"]),
        small_group=content["group_disclosure"]["small_group"],
        open_variables=frozenset(content["group_disclosure"]["open"]),
        senders=content["senders"]["guarded_against"],
        sender_variable=content["senders"]["know_all_of"],
        not_known=frozenset(content["not_known"]["categories"]),
        not_known_with={name: frozenset(codes) for name, codes in content["not_known"]["with"].items()},
        not_known_tells=frozenset(content["not_known"]["tells"]),
        dominance_largest=content["dominance"]["largest"],
        dominance_share=content["dominance"]["share"],
        small_population_variables=frozenset(small["variables"]),
        small_population_minimum=small["minimum"],
        small_population_tables=frozenset(small["tables"]),
        zeros=content["zeros"],
        sign=content["sign"],
        withheld_reason=content["withheld_reason"],
        withheld_beside=content["withheld_beside"],
        revision_note=content["revision_note"],
        late_notes=content["late_notes"],
        late_titles=content["late_titles"],
        hidden_since=content["hidden_since"],
        rounding_base=content["profiles"]["round"]["base"],
        default_profile=content["default_profile"],
        percent_base=content["statistics"]["percent_base"],
        mean_base=content["statistics"]["mean_base"],
        largest_sensitive_share=content["plan"]["largest_sensitive_share"],
        known_figures=tuple(
            KnownFigure(
                item["population"],
                {name: frozenset(codes) for name, codes in item["conditions"].items()},
                item["value"],
                item["source"],
            )
            for item in content["known_figures"]
        ),
    )
