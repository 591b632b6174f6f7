"""Links: certain, scored, decided, open; three numbers; what reconciles on the page."""

from __future__ import annotations

import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from clearing_point.errors import InputProblem, UsageProblem
from clearing_point.linkage import decisions as review
from clearing_point.linkage.evaluation import evaluate, evaluate_file, interval, lines, open_made
from clearing_point.linkage.inputs import INPUT, PERSON, open_input
from clearing_point.linkage.link import CANDIDATE, GROUP, LINK, Decided, link
from clearing_point.linkage.made_people import make_region
from clearing_point.linkage.numbers import (
    groups_of,
    overlap_of_organisations,
    overlap_of_territories,
    reconcile,
    three_numbers,
)
from clearing_point.linkage.rounds import carried_over, forget_tokens
from clearing_point.linkage.scoring import SCORED, score_plainly
from clearing_point.linkage.settings import LinkageSettings, load_linkage
from clearing_point.linkage.tokens import Identity, Tokens
from clearing_point.project import Project
from clearing_point.standard import Standard
from clearing_point.standard.ddl import statements
from clearing_point.standard.expressions import install_macros
from tests.conftest import mostly_at_night

KEY = bytes(range(5, 69))
_COARSE_UNKNOWN = {"exploitation_territory": None, "identification_date": None}
ANA = Identity("", "Petrović", "Ana", "1998-03-05", "F")


@pytest.fixture(scope="module")
def settings(root: Path) -> LinkageSettings:
    return load_linkage(root / "schemas")


@cache
def _others(filler: int) -> list[dict[str, Any]]:
    """People who have nothing to do with those of a test; their tokens are worked out once."""
    letters = np.random.default_rng(1).choice(list("abdegilmnoprstuvz"), (filler, 2, 9))
    program = Tokens(KEY, "r-1")
    return [
        {
            "person_id": f"z{i:03d}",
            "sender": f"S{i % 7}",
            "tokens": program.of(
                Identity(
                    "", "".join(a), "".join(b), f"{1960 + i % 40}-{1 + i % 12:02d}-{2 + i % 27:02d}", "F"
                )
            ),
            "birth_year": 1960 + i % 40,
        }
        for i, (a, b) in enumerate(letters.tolist())
    ]


def _rows(settings: LinkageSettings, *rows: dict[str, Any], filler: int = 300) -> Any:
    """A small region: the given rows among people who have nothing to do with them."""
    connection = duckdb.connect()
    columns = ["person_id", "sender", "territory", "reference_year", "case_number", "sex", "birth_year", "age_band",
               "citizenship", "exploitation_territory", "identification_date", "assistance_start_date",
               "return_to_territory", "return_date", *settings.tokens]  # fmt: skip
    types = {"reference_year": "INTEGER", "birth_year": "INTEGER"} | {
        c: "DATE" for c in columns if c.endswith("_date")
    }
    declared = ", ".join(f"{c} {types.get(c, 'VARCHAR')}" for c in columns)
    connection.execute(f"CREATE TEMP TABLE {INPUT} ({declared})")
    program = Tokens(KEY, "r-1")
    made = []
    for row in [*rows, *_others(filler)]:
        person = {"territory": "AA", "reference_year": 2022, "case_number": f"c-{row['person_id']}", "sex": "F",
                  "birth_year": 1998, "citizenship": "BB", "exploitation_territory": "CC",
                  "identification_date": datetime.date(2022, 5, 1)} | row  # fmt: skip
        who = person.pop("who", None)
        none = [None] * len(settings.tokens)
        tokens = person.pop("tokens", None) or (program.of(who) if who else none)
        person |= dict(zip(settings.tokens, tokens, strict=True))
        made.append([person.get(c) or None for c in columns])
    table = pa.table(dict(zip(columns, map(list, zip(*made, strict=True)), strict=True)))
    connection.register("made_rows", table)
    connection.execute(f"INSERT INTO {INPUT} SELECT * FROM made_rows")
    connection.unregister("made_rows")
    return connection


def _groups(connection: Any) -> dict[str, int]:
    return dict(connection.execute(f"SELECT person_id, group_number FROM {GROUP}").fetchall())


def test_one_person_in_two_territories_is_one_in_the_region_and_one_in_each_chapter(
    settings: LinkageSettings,
) -> None:
    connection = _rows(
        settings,
        {"person_id": "a", "sender": "X1", "who": ANA},
        {"person_id": "b", "sender": "Y1", "territory": "BB", "who": ANA._replace(surname="Петровић")},
        {"person_id": "c", "sender": "X2", "who": ANA._replace(birth_date="3.5.1998")},
        filler=50,
    )
    linked = link(connection, settings)
    groups = _groups(connection)
    assert groups["a"] == groups["b"] == groups["c"]
    numbers = three_numbers(connection, linked)
    assert (numbers.sum_of_submissions, numbers.after_certain_links) == (53, 51)
    assert numbers.lowest <= numbers.after_certain_links
    found = reconcile(connection, year=2022)
    assert (found.territories, found.counted_again, found.region) == ({"AA": 51, "BB": 1}, 1, 51)
    assert [(o.first, o.second, o.persons) for o in overlap_of_territories(connection)] == [("AA", "BB", 1)]
    assert ("X1", "X2", 1) in [
        (o.first, o.second, o.persons) for o in overlap_of_organisations(connection, "AA")
    ]
    assert three_numbers(connection, linked, territory="BB").after_certain_links == 1


def test_two_numbers_of_one_sender_in_one_year_are_never_merged_by_the_machine(
    settings: LinkageSettings,
) -> None:
    rows = [{"person_id": p, "sender": "X1", "who": ANA} for p in ("a", "b")]
    connection = _rows(settings, *rows)
    link(connection, settings)
    assert _groups(connection)["a"] != _groups(connection)["b"]
    assert connection.execute(f"SELECT kind FROM {CANDIDATE}").fetchall() == [("same_sender",)]
    link(connection, settings, decisions=[Decided("a", "b", "same")])
    assert _groups(connection)["a"] == _groups(connection)["b"]


def test_twins_stay_two_and_a_decision_of_difference_holds_through_others(settings: LinkageSettings) -> None:
    twin = ANA._replace(given_name="Marija")
    connection = _rows(
        settings,
        {"person_id": "a1", "sender": "X1", "who": ANA},
        {"person_id": "b1", "sender": "X1", "who": twin},
        {"person_id": "a2", "sender": "X2", "who": ANA},
        {"person_id": "b2", "sender": "X2", "who": twin},
    )
    link(connection, settings)
    groups = _groups(connection)
    assert groups["a1"] == groups["a2"] != groups["b1"] == groups["b2"]
    link(connection, settings, decisions=[Decided("a1", "a2", "different")])
    assert _groups(connection)["a1"] != _groups(connection)["a2"]
    assert not connection.execute(f"SELECT 1 FROM {CANDIDATE} WHERE kind = 'different'").fetchall()


def test_without_a_token_there_are_candidates_only(settings: LinkageSettings) -> None:
    connection = _rows(
        settings,
        {"person_id": "a", "sender": "X1", "identification_date": datetime.date(2022, 5, 1)},
        {"person_id": "b", "sender": "Y1", "identification_date": datetime.date(2022, 6, 14), "birth_year": 1999},
        {"person_id": "c", "sender": "Y2", "identification_date": datetime.date(2022, 6, 16), "birth_year": 1997},
        {"person_id": "d", "sender": "Z1", "identification_date": datetime.date(2022, 1, 1), "return_to_territory": "DD",
         "return_date": datetime.date(2022, 8, 1), "birth_year": 1970},
        {"person_id": "e", "sender": "W1", "territory": "DD", "identification_date": datetime.date(2023, 1, 1),
         "assistance_start_date": datetime.date(2022, 10, 30), "birth_year": 1970},
        {"person_id": "f", "sender": "V1", "sex": "M"},
        {"person_id": "g", "sender": "V2", "citizenship": "UNK"},
        {"person_id": "h", "sender": "V3", "citizenship": "UNK"},
        filler=0,
    )  # fmt: skip
    linked = link(connection, settings, missing_codes=["UNK"])
    pairs = connection.execute(
        f"SELECT x.person_id, y.person_id, c.kind FROM {CANDIDATE} AS c JOIN {GROUP} AS x ON x.number = a "
        f"JOIN {GROUP} AS y ON y.number = b ORDER BY 1, 2"
    ).fetchall()
    # a-c are 46 days apart, b-c two years of birth apart.
    assert pairs == [("a", "b", "near"), ("d", "e", "return")]
    assert (linked.links, linked.groups, linked.lowest_groups) == (0, 8, 6)


def test_equal_documents_of_people_who_differ_are_looked_at_not_merged(settings: LinkageSettings) -> None:
    forged = Identity("", "Marić", "Ivana", "1985-10-10", "F", "", "AB123456")
    connection = _rows(
        settings,
        {"person_id": "a", "sender": "X1", "who": ANA._replace(document_number="AB 123456")},
        {"person_id": "b", "sender": "X2", "who": forged, "birth_year": 1985},
        {
            "person_id": "c",
            "sender": "X3",
            "who": forged._replace(surname="Kos", birth_date="1.1.1985"),
            "birth_year": 1985,
        },
    )
    link(connection, settings)
    groups = _groups(connection)
    assert groups["b"] == groups["c"] != groups["a"]
    kinds = {row[0] for row in connection.execute(f"SELECT kind FROM {CANDIDATE}").fetchall()}
    assert kinds == {"contradicted"}


def test_two_known_and_different_documents_are_never_one_person_by_probability(
    settings: LinkageSettings,
) -> None:
    """Names that differ by a letter, the same birthday: without documents they are one person, with two documents a question."""
    other = ANA._replace(surname="Petkovic")
    plain = [{"person_id": "a", "sender": "X1", "who": ANA}, {"person_id": "b", "sender": "X2", "who": other}]
    connection = _rows(settings, *plain)
    link(connection, settings)
    assert _groups(connection)["a"] == _groups(connection)["b"], "the control: they are joined by their score"

    first, second = ANA._replace(document_number="AB123456"), other._replace(document_number="CD987654")
    shown = [plain[0] | {"who": first}, plain[1] | {"who": second}]
    connection = _rows(settings, *shown)
    link(connection, settings)
    assert _groups(connection)["a"] != _groups(connection)["b"]
    assert connection.execute(f"SELECT kind FROM {CANDIDATE}").fetchall() == [("contradicted",)]

    # Nor through a third report, of which no document is known.
    third = {"person_id": "c", "sender": "X3", "who": ANA._replace(given_name="Anna")}
    connection = _rows(settings, *shown, third)
    link(connection, settings)
    groups = _groups(connection)
    assert groups["a"] != groups["b"]
    assert groups["c"] in (groups["a"], groups["b"])

    link(connection, settings, decisions=[Decided("a", "b", "same")])
    assert _groups(connection)["a"] == _groups(connection)["b"], "a person may know that it was renewed"


def test_a_persons_word_joins_through_a_third_report_whatever_the_documents_say(
    settings: LinkageSettings,
) -> None:
    """A = C and C = B, decided: A and B stand in one group though their documents differ. Names alone never do that."""
    connection = _rows(
        settings,
        {"person_id": "a", "sender": "X1", "who": ANA._replace(document_number="AB123456")},
        {"person_id": "b", "sender": "X2", "who": ANA._replace(document_number="CD987654")},
        {"person_id": "c", "sender": "X3", "who": ANA},
        # The same names as c, and a document that nobody spoke of.
        {"person_id": "d", "sender": "X4", "who": ANA._replace(document_number="EF555555")},
    )
    link(connection, settings)
    groups = _groups(connection)
    assert len({groups["a"], groups["b"], groups["d"]}) == 3, "the control: nobody's word joins them"
    for told in ([("a", "c"), ("b", "c")], [("b", "c"), ("a", "c")]):
        link(connection, settings, decisions=[Decided(one, two, "same") for one, two in told])
        groups = _groups(connection)
        assert groups["a"] == groups["b"] == groups["c"] != groups["d"]


def test_a_token_that_hundreds_share_neither_links_nor_costs(settings: LinkageSettings) -> None:
    rows = [{"person_id": f"a{i:03d}", "sender": f"X{i}", "who": ANA} for i in range(150)]
    connection = _rows(settings, *rows, filler=0)
    linked = link(connection, settings)
    assert linked.crowded["token_strict"] == 150
    assert linked.groups == 150
    # Just under the limit they link, in groups no larger than the largest.
    connection = _rows(settings, *rows[:20], filler=0)
    link(connection, settings)
    largest = connection.execute(
        f"SELECT max(n) FROM (SELECT count(*) AS n FROM {GROUP} GROUP BY group_number)"
    ).fetchone()[0]
    assert largest <= settings.link["largest_group"]


def test_splink_gives_what_the_formula_gives_and_the_same_twice(settings: LinkageSettings) -> None:
    region = make_region(settings.made, 2000, 3)
    found = []
    for _ in range(2):
        connection = open_made(region, settings)
        linked = link(connection, settings)
        tables = [
            connection.execute(f"SELECT * FROM {t} ORDER BY ALL").fetchall() for t in (LINK, CANDIDATE, GROUP)
        ]
        found.append((linked, tables))
    assert found[0] == found[1]
    score_plainly(connection, settings, "plain")
    pairs, apart, differ = connection.execute(
        "SELECT count(*), max(abs(s.probability - p.probability)), count(*) FILTER (s.level IS DISTINCT FROM p.level) "
        f"FROM {SCORED} AS s FULL JOIN plain AS p USING (a, b)"
    ).fetchone()
    assert pairs > 200
    assert apart < 1e-9
    assert differ == 0


@pytest.mark.parametrize("size", mostly_at_night([4000, 8000], [4000]))
def test_made_people_are_found_again_and_the_number_of_persons_is_right(
    settings: LinkageSettings, size: int
) -> None:
    found = evaluate(settings, size, [1, 2])
    for measured in found:
        assert measured.recall >= 0.95
        assert measured.precision >= 0.99
        assert abs(measured.bias_corrected) <= 0.005
        assert measured.bias_sum == pytest.approx(0.15)
        assert measured.bias_lowest <= measured.bias_certain < measured.bias_sum
        assert measured.missed_match_low <= 1 - measured.recall <= measured.missed_match_high
    assert len(lines(found)) == 13
    assert "the range of missed matches held in 2 of 2" in lines(found)
    low, high = interval([m.recall for m in found])[1:]
    assert low <= found[0].recall <= high or low <= found[1].recall <= high


def test_where_names_differ_much_the_estimate_says_that_it_does_not_know(settings: LinkageSettings) -> None:
    """Ten times the errors lose a third of the true pairs: the range holds that, and no rate is printed in its place."""
    (measured,) = evaluate(settings, 4000, [3], error_factor=10.0)
    lost = 1 - measured.recall
    assert lost > 0.25
    assert measured.missed_match_low <= lost <= measured.missed_match_high
    assert measured.estimated_missed_match_rate > lost / 2, "the old estimate was a sixth of it"
    assert measured.precision >= 0.99


@pytest.mark.parametrize("seed", mostly_at_night([81, 83, 84], [84]))
def test_without_documents_the_range_holds_what_is_missed(settings: LinkageSettings, seed: int) -> None:
    """Four times the errors and no number: in these three regions the range of before ended below what was missed."""
    for measured in evaluate(settings, 2500, [seed], error_factor=4.0, numbers=False):
        lost = 1 - measured.recall
        assert lost > 0.1
        assert measured.missed_match_low <= lost <= measured.missed_match_high
        assert measured.recall + measured.candidate_share >= 0.85, (
            "reached: one person, or a pair to ask about"
        )


def test_both_names_mistyped_or_in_each_others_column_are_candidates(settings: LinkageSettings) -> None:
    connection = _rows(
        settings,
        {"person_id": "a", "sender": "X1", "who": ANA._replace(surname="Vojinović", given_name="Marijana")},
        {"person_id": "b", "sender": "X2", "who": ANA._replace(surname="Vuinjovic", given_name="Mirjane")},
        {"person_id": "c", "sender": "X3", "who": ANA._replace(surname="Bezhani", given_name="Teuta", birth_date="1990-04-07"), "birth_year": 1990},
        {"person_id": "d", "sender": "X4", "who": ANA._replace(surname="Teuta", given_name="Bezhani", birth_date="1990-04-07"), "birth_year": 1990},
        {"person_id": "e", "sender": "X5", "who": ANA._replace(surname="Lazarova", given_name="", birth_date="1991-09-08"), "birth_year": 1991},
        {"person_id": "f", "sender": "X6", "who": ANA._replace(surname="Lazarova", given_name="Ruzha", birth_date="1991-09-08"), "birth_year": 1991},
    )  # fmt: skip
    link(connection, settings)
    found = connection.execute(
        f"SELECT x.person_id || y.person_id, level FROM {CANDIDATE} JOIN {PERSON} AS x ON x.number = a "
        f"JOIN {PERSON} AS y ON y.number = b ORDER BY 1"
    ).fetchall()
    assert found == [("ab", "initials"), ("cd", "initials"), ("ef", "one_name_missing")]
    assert len({_groups(connection)[p] for p in "abcdef"}) == 6, "looked at by a person, never merged"


def test_a_file_of_any_columns_is_measured_by_naming_them(settings: LinkageSettings, tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    path.write_text(
        "rec_id; last; first; born; card\n"
        "rec-7-org; petrova; ana; 19800305; 123456\nrec-7-dup-0; petrovva; ana; 19800305;\n"
        "rec-8-org; hoxha; arta; 19790806;\nrec-9-org; popa; ion; 19810911; 123456\n"
    )
    columns = {"person": r"rec_id~rec-(\d+)", "surname": "last", "given_name": "first", "birth_date": "born"}
    measured = evaluate_file(path, settings, columns)
    assert (measured.reports, measured.persons, measured.recall, measured.precision) == (4, 3, 1.0, 1.0)
    with pytest.raises(InputProblem, match="no column cluster"):
        evaluate_file(path, settings, {k: v for k, v in columns.items() if k != "person"})
    with pytest.raises(InputProblem, match="no name_of_mother to map"):
        evaluate_file(path, settings, {**columns, "name_of_mother": "last"})


def test_the_public_file_of_made_records_is_never_merged_wrongly(
    settings: LinkageSettings, shared: Path
) -> None:
    path = shared / "linkage" / "fake_1000.csv"
    names, with_mail = (
        evaluate_file(path, settings),
        evaluate_file(path, settings, {"document_number": "email"}),
    )
    assert names.precision >= 0.995
    assert with_mail.precision >= 0.995
    assert with_mail.recall > names.recall > 0.05


def test_decisions_outlive_a_rebuild_and_say_when_they_are_stale(
    settings: LinkageSettings, project: Project
) -> None:
    def build(**changed: Any) -> Any:
        return _rows(
            settings,
            {"person_id": "a", "sender": "X1", "who": ANA},
            {"person_id": "b", "sender": "Y1", "who": ANA._replace(surname="Kovač")}
            | _COARSE_UNKNOWN
            | changed,
        )

    connection = build()
    link(connection, settings)
    (candidate,) = review.open_candidates(connection)
    assert {candidate.case_a, candidate.case_b} == {"c-a", "c-b"}
    about = {
        "candidate": candidate.candidate,
        "role": "data officer",
        "decided_on": datetime.date(2026, 11, 23),
    }
    with pytest.raises(UsageProblem):
        review.decide(project, connection, decision="perhaps", reason="both offices confirmed", **about)
    with pytest.raises(InputProblem):
        review.decide(project, connection, decision="same", reason="passport 1234567 in both", **about)
    with pytest.raises(InputProblem):
        review.decide(
            project,
            connection,
            **{**about, "candidate": "0" * 12},
            decision="same",
            reason="no such pair at all",
        )
    review.decide(project, connection, decision="same", reason="both offices confirmed by telephone", **about)
    kept = review.load_decisions(project)
    again = build()
    linked = link(again, settings, decisions=review.as_decided(kept))
    assert (linked.groups, linked.candidates) == (301, 0)
    assert review.stale(again, kept) == []
    changed = build(birth_year=1975)
    link(changed, settings, decisions=review.as_decided(kept))
    assert "changed since" in review.stale(changed, kept)[0]
    gone = _rows(settings, {"person_id": "a", "sender": "X1", "who": ANA}, filler=0)
    link(gone, settings, decisions=review.as_decided(kept))
    assert "no longer in the data" in review.stale(gone, kept)[0]
    review.decide(project, again, decision="different", reason="second look: two sisters", **about)
    assert link(build(), settings, decisions=review.as_decided(review.load_decisions(project))).groups == 302


def test_a_sender_sees_her_own_case_numbers_only(settings: LinkageSettings) -> None:
    connection = _rows(
        settings,
        {"person_id": "a", "sender": "X1", "who": ANA},
        {"person_id": "b", "sender": "Y1", "who": ANA._replace(surname="Kovač")} | _COARSE_UNKNOWN,
    )
    link(connection, settings)
    shown = review.cases_to_check(connection, settings, "X1", "2026-1")
    assert "c-a" in shown
    assert "c-b" not in shown
    assert shown == review.cases_to_check(connection, settings, "X1", "2026-1")


def test_the_input_is_what_submissions_in_force_say(settings: LinkageSettings, standard: Standard) -> None:
    connection = duckdb.connect()
    for statement in statements(standard):
        connection.execute(statement)
    install_macros(connection, standard)
    connection.execute('CREATE SCHEMA "current"')
    for table in standard.tables_of_kind("case"):
        connection.execute(f'CREATE VIEW "current"."{table.name}" AS SELECT * FROM core."{table.name}"')
    connection.execute(
        "CREATE TABLE \"current\".submission AS SELECT 's1' AS submission_id, 'ORG1' AS sender, 'AA' AS territory, "
        "DATE '2022-12-31' AS period_end, DATE '2022-01-01' AS period_start"
    )
    token = "0a" * 16

    def enter(table: str, **columns: str) -> None:
        names = {"submission_id": "s1", "sheet": "one", "source_row": "1", "source_part": "0"} | columns
        there = {row[0] for row in connection.execute(f"DESCRIBE core.{table}").fetchall()}
        kept = {k: v for k, v in names.items() if k in there}
        connection.execute(
            f"INSERT INTO core.{table} ({', '.join(kept)}) VALUES ({', '.join('?' * len(kept))})",
            list(kept.values()),
        )

    enter("person", person_id="p", person_reference="P-1", sex="F", linkage_token_strict=token)
    enter("person", person_id="q", person_reference="P-2", sex="UNK", source_row="2")
    for number, (person, status, day) in enumerate(
        (
            ("P-1", "PRESUMED", "2021-12-01"),
            ("P-1", "CONFIRMED", "2022-02-01"),
            ("P-2", "PRESUMED", "2022-02-01"),
            ("P-2", "REJECTED", "2022-03-01"),
        )
    ):
        enter(
            "identification",
            identification_reference=f"i{number}",
            source_row=str(number),
            person_reference=person,
            identification_status=status,
            identification_date=day,
        )
    enter(
        "assistance_episode",
        person_reference="P-1",
        assistance_reference="a1",
        assistance_start_date="2022-03-01",
    )
    open_input(connection, settings)
    rows = connection.execute(
        f"SELECT person_id, sender, case_number, reference_year, token_strict FROM {INPUT} ORDER BY ALL"
    ).fetchall()
    assert rows == [("p", "ORG1", "P-1", 2021, token), ("p", "ORG1", "P-1", 2022, token)]
    assert link(connection, settings, standard.missing_codes).groups == 1


def test_an_ended_round_leaves_its_links_and_no_token(settings: LinkageSettings, standard: Standard) -> None:
    rows = [{"person_id": p, "sender": s, "who": ANA} for p, s in (("a", "X1"), ("b", "X2"), ("c", "X3"))]
    connection = _rows(settings, *rows)
    link(connection, settings)
    kept = carried_over(groups_of(connection))
    later = _rows(settings, *({**row, "who": None} for row in rows), filler=0)
    linked = link(later, settings, decisions=kept)
    assert (linked.groups, linked.without_tokens) == (1, 3)
    # Somebody's later decision stands above what was carried over.
    assert link(later, settings, decisions=[*kept, Decided("a", "b", "different")]).groups == 2

    warehouse = duckdb.connect()
    for statement in statements(standard):
        warehouse.execute(statement)
    column = settings.writes["strict"]
    for place, more in (("staged", ""), ("core", ", person_id")):
        warehouse.execute(
            f"INSERT INTO {place}.person (submission_id, sheet, source_row, source_part, person_reference, {column}{more}) "
            f"VALUES ('s1', 'one', 1, 0, 'P-1', '{'0a' * 16}'{', 1' if more else ''})"
        )
    assert forget_tokens(warehouse, settings) == 2
    assert forget_tokens(warehouse, settings) == 0
    assert warehouse.execute("SELECT person_reference FROM core.person").fetchall() == [("P-1",)]


def test_a_wrong_setting_is_refused_with_its_line(root: Path, tmp_path: Path) -> None:
    for name in ("linkage.yml", "meta/linkage.schema.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        text = (root / "schemas" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("largest_group: 8", "largest_group: 1"), encoding="utf-8")
    with pytest.raises(InputProblem, match=r"linkage\.yml:\d+: link\.largest_group"):
        load_linkage(tmp_path)


def test_two_numbers_of_one_sender_need_more_to_be_one_person(settings: LinkageSettings) -> None:
    connection = open_made(make_region(settings.made, 4000, 3), settings)
    link(connection, settings)
    least = (
        f"SELECT x.sender = y.sender AS one, min(probability), count(*) FROM {{}} AS k JOIN {PERSON} AS x ON x.number = a "
        f"JOIN {PERSON} AS y ON y.number = b WHERE kind = 'scored' GROUP BY one ORDER BY one"
    )
    (_, two, _), (_, one, pairs) = connection.execute(least.format(LINK)).fetchall()
    assert pairs > 3
    assert settings.accept <= two < settings.accept_one_sender <= one
    # What falls between the two is open, and a person decides.
    between = connection.execute(
        f"SELECT count(*) FROM {CANDIDATE} WHERE probability BETWEEN {settings.accept} AND {settings.accept_one_sender}"
    ).fetchone()[0]
    assert between > 0
