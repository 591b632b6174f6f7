"""Commands of linkage: tokens, duplicates, round."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from clearing_point.commands.shared import (
    DataOption,
    JsonOption,
    ProjectOption,
    print_json,
    print_table,
    say,
)
from clearing_point.errors import UsageProblem
from clearing_point.project import find_project

app = typer.Typer()
duplicates_app = typer.Typer(
    help="Persons who may be reported twice: list, decide, evaluate.", no_args_is_help=True
)
round_app = typer.Typer(help="Rounds of linkage tokens.", no_args_is_help=True)
app.add_typer(duplicates_app, name="duplicates")
app.add_typer(round_app, name="round")

RoleOption = Annotated[str, typer.Option("--role", metavar="ROLE", help="Role of who decides, never a name.")]


@app.command(
    "tokens",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def tokens(context: typer.Context) -> int:
    """Make linkage tokens on the sender's own computer: new-key, make, second-pass. No data folder, no network."""
    from clearing_point.linkage.tokens import main

    return main(context.args)


@duplicates_app.command("list")
def list_(
    sender: Annotated[
        str,
        typer.Option("--sender", metavar="CODE", help="Only this sender's own cases to check, to show her."),
    ] = "",
    round_name: Annotated[str, typer.Option("--round", metavar="NAME", help="Round, such as 2026-1.")] = "",
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """List the open pairs, what was decided and what links do to the counts. For the office, not for senders."""
    from clearing_point.quality.said import sentences
    from clearing_point.standard import load_standard
    from pipelines.duplicates import cases_of_sender, list_duplicates

    found = find_project(project, data)
    standard = load_standard(found.schemas, found.prepared)
    if sender:
        if not round_name:
            raise UsageProblem("Name the round with --round: it draws the cases that are asked about anyway.")
        cases = cases_of_sender(found, standard, sender, round_name)
        if json:
            print_json({"sender": sender, "round": round_name, "cases": list(cases)})
            return 0
        print("\n".join(cases))
        say(
            f"{len(cases)} of her cases to check for spelling and dates; being on the list says nothing about a case."
        )
        return 0
    result = list_duplicates(found, standard)
    if json:
        print_json(asdict(result))
        return 0
    print_table(
        ["pair", "why open", "evidence", "probability", "sender", "case", "sender", "case"],
        [
            [
                c.candidate,
                c.kind,
                c.level,
                _chance(c.kind, c.probability),
                c.sender_a,
                c.case_a,
                c.sender_b,
                c.case_b,
            ]
            for c in result.open
        ],
    )
    counted = result.numbers
    say(
        f"{len(result.open)} pairs open, {result.links} links, {result.decisions} decisions. Persons of all years: "
        f"{counted.sum_of_submissions} cases, {counted.after_certain_links} after certain links, at least {counted.lowest}; "
        f"{counted.without_tokens} cases without tokens."
    )
    for title, overlaps in (
        ("Persons in two territories, after links:", result.territories),
        ("Persons with two organisations of one territory:", result.organisations),
    ):
        if overlaps:
            say(title)
        for overlap in overlaps:
            say(f"  {overlap.first} and {overlap.second}: {overlap.persons}")
    for beside in result.beside_coordinator:
        what, _ = sentences(standard, "en", "U03", None, None, None, None)
        say(
            f"  {beside.territory} {beside.year}: {what} Organisations: {beside.organisations}, "
            f"coordinator: {beside.coordinator} [U03]"
        )
    for sentence in result.stale:
        say(sentence)
    say("Next: clearing-point duplicates decide PAIR same|different --role ROLE --reason TEXT")
    return 0


def _chance(kind: str, probability: float) -> str:
    # Without tokens there is none: such a pair is looked at, never scored.
    return "-" if kind in ("near", "return") else f"{probability:.3f}"


@duplicates_app.command("decide")
def decide(
    pair: Annotated[str, typer.Argument(metavar="PAIR", help="Pair, as `duplicates list` names it.")],
    decision: Annotated[str, typer.Argument(metavar="DECISION", help="same or different.")],
    role: RoleOption,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, without anything of a person.")
    ],
    on: Annotated[
        str, typer.Option("--on", metavar="DATE", help="Day of the decision; today if left out.")
    ] = "",
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """Decide that two cases are the same person, or different ones. It holds through rebuilds and resubmissions."""
    from clearing_point.standard import load_standard
    from pipelines.duplicates import decide_pair

    found = find_project(project, data)
    made = decide_pair(
        found,
        load_standard(found.schemas, found.prepared),
        pair,
        decision,
        role=role,
        reason=reason,
        decided_on=on,
    )
    if json:
        print_json(asdict(made))
        return 0
    print(f"Pair {made.candidate} is decided: {made.decision}, {made.decided_on}, {made.role}.")
    say(
        "Editions that are out keep their numbers: the next one counts what the decision changes.\n"
        "Next: clearing-point duplicates list"
    )
    return 0


@duplicates_app.command("evaluate")
def evaluate(
    persons: Annotated[int, typer.Option("--persons", metavar="N", help="Synthetic persons a seed.")] = 3000,
    seeds: Annotated[
        str, typer.Option("--seeds", metavar="LIST", help="Seeds, separated by commas.")
    ] = "31,32,33",
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            metavar="FILE",
            help="A file of records whose truth is known, instead of synthetic persons.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="WHAT=HEADING",
            help="With --file: person, surname, given_name, birth_date, sex, other_surname, document_number, "
            "document_country, national_case_number or citizenship, and the heading it stands under. May be given several "
            "times; as in fake_1000.csv if left out. person=rec_id~rec-(\\d+) takes a part of the cell.",
        ),
    ] = None,
    errors: Annotated[
        float,
        typer.Option("--errors", metavar="TIMES", help="So many times the usual errors in names and dates."),
    ] = 1.0,
    without_numbers: Annotated[
        bool, typer.Option("--without-numbers", help="No sender knows a document or national number.")
    ] = False,
    project: ProjectOption = None,
    json: JsonOption = False,
) -> int:
    """Measure precision, recall and the bias of each number on made people, with 95 % intervals over seeds."""
    from clearing_point.linkage.evaluation import lines, measure_where_known
    from clearing_point.linkage.settings import load_linkage
    from clearing_point.standard import load_standard

    try:
        numbers = [int(part) for part in seeds.split(",") if part.strip()]
    except ValueError as error:
        raise UsageProblem("Seeds are whole numbers, separated by commas.") from error
    columns = dict(part.split("=", 1) for part in column or () if "=" in part)
    if len(columns) != len(column or ()):
        raise UsageProblem("Give each column once, as WHAT=HEADING, such as surname=last_name.")
    found = find_project(project)
    if not 0 < errors <= 50:
        raise UsageProblem("--errors is a number of times above 0 and up to 50, such as 4.")
    standard = load_standard(found.schemas, found.prepared)
    measured = measure_where_known(
        load_linkage(standard.folder),
        persons,
        numbers,
        file,
        columns,
        errors=errors,
        with_numbers=not without_numbers,
    )
    if json:
        print_json([asdict(m) for m in measured])
        return 0
    for line in lines(measured):
        print(line)
    return 0


@round_app.command("end")
def end(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Round, such as 2026-1.")],
    role: RoleOption,
    project: ProjectOption = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> int:
    """End a round: its links stay under the clearing point's own numbers, its tokens are forgotten."""
    from clearing_point.standard import load_standard
    from pipelines.duplicates import finish_round

    found = find_project(project, data)
    ended = finish_round(found, load_standard(found.schemas, found.prepared), name, role)
    if json:
        print_json(asdict(ended))
    else:
        print(ended.sentence())
    return 0
