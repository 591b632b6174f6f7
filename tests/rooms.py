"""Which tests hold the promises of which room: ``pytest --room gate`` collects no others.

Every file of tests is in one room (``tests/contract/test_rooms.py``), named by its path below ``tests`` without ``test_`` and ``.py``.
"""

from __future__ import annotations

from pathlib import Path

_NAMED = {
    "standard": """
        contract/adding_things contract/dialects contract/nightly contract/one_place contract/profiles contract/rooms
        contract/rule_book contract/standard contract/aggregates_over_null contract/layers contract/plain_install unit/prepared
        unit/editor_texts unit/problem_words unit/wording docs/plain_words docs/site
        """,
    "templates": "contract/former_texts contract/template contract/countries docs/new_country pipeline/three_ways",
    "intake": """
        pipeline/intake_cases pipeline/htcds pipeline/minimal pipeline/of_another_sender pipeline/real_files pipeline/refusal pipeline/suggest_marked
        property/conservation property/moved_tables property/text_rows unit/conserved unit/doubtful unit/encodings unit/guard
        unit/guard_parts unit/keeps unit/normalise unit/not_shown unit/notes unit/reading unit/separator unit/spelling
        unit/struck_out
        """,
    "loading": """
        pipeline/check_beside_load pipeline/decisions_rebuilt pipeline/examples pipeline/ingest pipeline/lake pipeline/older_warehouse
        pipeline/parts_of_releases pipeline/public_releases pipeline/rebuild_first pipeline/resubmission pipeline/row_order pipeline/several_files
        pipeline/statements pipeline/taken_back pipeline/trace
        unit/decisions unit/organisations
        """,
    "quality": """
        contract/rules pipeline/feedback pipeline/history pipeline/language_of_findings pipeline/marked_own_form
        pipeline/planted_faults unit/findings unit/said_between_processes unit/said_once
        """,
    "suites": """
        contract/suites pipeline/cells_as_received pipeline/checkpoint pipeline/refused_before_publishing
        pipeline/validation_pages
        """,
    "gate": """
        attack/editions attack/histories attack/outsider attack/random_reports attack/stronger_attackers attack/tricks
        attack/who_is_small contract/outsider property/disclosure_brute_force unit/disclosure_between
        unit/disclosure_certificates unit/disclosure_conditions unit/disclosure_long_table unit/disclosure_policy
        unit/disclosure_relations unit/disclosure_system unit/disclosure_understood
        """,
    "attack": """
        attack/added_by_yaml attack/built_report attack/file_metadata attack/outsider_programmes attack/outsider_report
        attack/release_attacks attack/templates
        """,
    "linkage": """
        attack/linkage_attacks pipeline/duplicates property/linkage_laws unit/linkage_links unit/linkage_tokens
        """,
    "numbers": """
        contract/published_series pipeline/aggregate_figures pipeline/durations pipeline/half_counts pipeline/perpetrators
        pipeline/reconcile pipeline/reference_cases pipeline/share_ranges unit/aggregate_figures unit/counted_persons
        unit/counted_units
        unit/counting_measures unit/follow_up_changes unit/halves unit/own_rows unit/parts unit/scorecard unit/synthetic
        unit/vintages unit/way
        """,
    "report": """
        pipeline/demo unit/pictures_are_honest unit/report_build unit/report_figures unit/report_files unit/report_languages
        unit/report_signs unit/site
        """,
    "editions": "pipeline/editions pipeline/editions_in_a_row pipeline/played_year pipeline/run_annual",
    "researchers": "pipeline/researchers unit/catalogue docs/commands",
    "desk": """
        desk/attack desk/browser desk/commands desk/deeds desk/described desk/faults desk/ground desk/pages desk/postgres
        desk/real_run desk/rights desk/round
        """,
    "operations": """
        faults/faults faults/sql_in_yaml pipeline/health pipeline/service pipeline/states_and_lines pipeline/upgrade pipeline/wheel
        unit/developing
        """,
}
ROOMS = {
    room: tuple(f"{folder}/test_{name}.py" for folder, name in (word.split("/") for word in names.split()))
    for room, names in _NAMED.items()
}


def is_in(path: Path, room: str) -> bool:
    """Say whether a file of tests is one of a room."""
    return "/".join(path.parts[-2:]) in ROOMS[room]
