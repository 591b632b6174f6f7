"""The scorecard on the page: sub-scores per domain and territory, and each territory's answers with their evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from clearing_point.analysis.scorecard import LIST, Scorecard, ScoreRow, SubScore
from clearing_point.report.model import Block, Cell, Items, Paragraph, Section
from clearing_point.report.signs import print_told
from clearing_point.report.tables import plain_table
from clearing_point.report.view import Setting

_CONTEXT = "CONTEXT"
"""Domain that stands beside the score: what others say of a territory."""


def mechanisms(scorecard: Scorecard, setting: Setting, number: str) -> Section:
    """Return the regional part: every territory's sub-scores, in the order of names and without any rank."""
    words = setting.words
    scored = scored_domains(scorecard)
    body: list[list[str | Cell]] = []
    for territory in sorted(setting.context.coverage, key=setting.territory):
        name = setting.territory(territory)
        if territory not in scorecard.territories:
            body.append(
                [
                    name,
                    *(Cell(words("signs.no_data"), state="none", words=True) for _ in scored),
                    *(Cell(words("signs.no_data"), state="none") for _ in range(2)),
                ]
            )
            continue
        scores = list(scorecard.sub_scores(territory, scored))
        pairs = [
            Cell(
                words(
                    "scorecard.pair",
                    paper=_of(score.on_paper, setting).text,
                    operation=_of(score.in_operation, setting).text,
                ),
                words=True,
            )
            for score in scores
        ]
        lacking = sum(score.lacking_evidence for score in scores)
        body.append([name, *pairs, Cell(str(len(scorecard.not_known(territory)))), Cell(str(lacking))])
    header = [words("tables.territory"), *(_label(domain, setting) for domain in scored)]
    header += [words("scorecard.not_known"), words("scorecard.lacking_evidence")]
    made = any(row.made_data for row in scorecard.rows)
    notes = [words("scorecard.note_scale")]
    sign = words("signs.no_data")
    if any(sign in cell.text for row in body for cell in row if isinstance(cell, Cell)):
        notes.append(words("scorecard.note_nothing_known", sign=sign))
    notes.append(words("scorecard.note_rank"))
    table = plain_table(
        "table-scorecard", number, words("scorecard.table_title", year=scorecard.year), header, body,
        tuple(notes), made,
    )  # fmt: skip
    intro = tuple(Paragraph(words(f"scorecard.{name}")) for name in ("intro", "levels"))
    return Section("mechanisms", words("scorecard.title"), (*intro, table))


def scorecard_of(
    scorecard: Scorecard, territory: str, name: str, setting: Setting, number: Callable[[], str]
) -> Iterator[Block]:
    """Yield a territory's sub-scores in words, its answers with evidence, and what is not known."""
    words = setting.words
    if territory not in scorecard.territories:
        yield Paragraph(words("scorecard.none", name=name, year=scorecard.year), "note")
        return
    scored = scored_domains(scorecard)
    sentences = tuple(_sentence(score, setting) for score in scorecard.sub_scores(territory, scored))
    yield Items(sentences)
    body = []
    for domain, mains in scorecard.domains.items():
        for main in mains:
            for row in scorecard.of(territory, main):
                body.append((
                    Cell(_label(domain, setting), scope="row"),
                    Cell(f"{main} {_label(row.indicator, setting)}", words=True),
                    Cell(
                        setting.context.standard.label_of("evidence_level", row.level, words.language), words=True
                    ),
                    _answer(row, setting), _evidence(row, setting),
                ))  # fmt: skip
    header = tuple(
        words(f"scorecard.columns.{column}")
        for column in ("domain", "indicator", "level", "answer", "evidence")
    )
    made = any(row.made_data for row in scorecard.rows)
    title = words("scorecard.territory_title", name=name, year=scorecard.year)
    yield plain_table(f"table-scorecard-{territory.lower()}", number(), title, header, body, (), made)
    unknown = scorecard.not_known(territory)
    if unknown:
        listed = tuple(f"{main} {_label(main, setting)}" for main in unknown)
        yield Paragraph(words("scorecard.unknown", name=name), "note")
        yield Items(listed)


def scored_domains(scorecard: Scorecard) -> Sequence[str]:
    """Return the domains that are scored: all but what others say of a territory."""
    return [domain for domain in scorecard.domains if domain != _CONTEXT]


def _of(reached: tuple[int, int], setting: Setting) -> Cell:
    if not reached[1]:
        return Cell(setting.words("signs.no_data"), state="none")
    said = setting.words("scorecard.of", reached=reached[0], known=reached[1])
    return Cell(said.replace(" ", "\u00a0"))  # "2 of 4" is not broken over two lines


def _sentence(score: SubScore, setting: Setting) -> str:
    paper, operation = (
        _of(reached, setting).text if reached[1] else setting.words("scorecard.of_none")
        for reached in (score.on_paper, score.in_operation)
    )
    key = "scorecard.sentence" if score.not_known else "scorecard.sentence_all_known"
    return setting.words(
        key, domain=_label(score.domain, setting), paper=paper, operation=operation, unknown=score.not_known
    )


def _answer(row: ScoreRow, setting: Setting) -> Cell:
    words, standard = setting.words, setting.context.standard
    said = []
    if row.stage is not None:
        said.append(standard.label_of("scorecard_stage", str(row.stage), words.language))
    if row.answer is not None:
        said.append(standard.label_of("yes_no", row.answer, words.language))
    if row.hidden:
        said.append(words("scorecard.hidden"))
    if row.value is not None:
        unit = standard.codelists[LIST].by_code[row.indicator].attributes.get("measure_unit") or ""
        said.append(_with_unit(print_told(row.value, words), unit, setting))
    if row.date_value is not None:
        said.append(row.date_value)
    if not said:
        return Cell(words("signs.no_data"), state="none", words=True)
    # A percentage alone is a number: the workbook gives it a column of numbers.
    return Cell("; ".join(said), words=len(said) > 1 or not said[0].endswith("%"))


def _with_unit(number: str, unit: str, setting: Setting) -> str:
    words = setting.words
    if unit == "PERCENT":
        return words("signs.percent", number=number)
    if unit in ("", "COUNT"):
        return number
    label = setting.context.standard.label_of("measure_unit", unit, words.language).lower()
    return words("scorecard.value", number=number, unit=label)


def _evidence(row: ScoreRow, setting: Setting) -> Cell:
    words = setting.words
    if not row.evidence_title:
        return Cell(words("scorecard.no_evidence") if row.lacks_evidence else "", words=True)
    parts = [row.evidence_title, row.evidence_date or ""]  # the address stands in the data annex
    if row.evidence_status:
        parts.append(
            setting.context.standard.label_of("evidence_status", row.evidence_status, words.language)
        )
    return Cell(", ".join(part for part in parts if part), words=True)


def _label(code: str, setting: Setting) -> str:
    return setting.context.standard.label_of(LIST, code, setting.words.language)
