"""The rule book stands in every language and is what the registry gives."""

from __future__ import annotations

from pathlib import Path

from clearing_point.standard import Standard
from clearing_point.standard.translations import lacking
from pipelines.derive import derived_documents


def test_the_rule_book_is_what_the_registry_gives(standard: Standard, root: Path) -> None:
    wanted = derived_documents(standard)
    assert set(wanted) == {f"rule-book/{language}.md" for language in standard.languages}
    stale = [n for n, text in wanted.items() if (root / "docs" / n).read_text(encoding="utf-8") != text]
    assert stale == [], "run `clearing-point build`"


def test_the_rule_book_has_every_rule(standard: Standard, root: Path) -> None:
    lines = (root / "docs" / "rule-book" / "en.md").read_text(encoding="utf-8").splitlines()
    named = {line.split("|")[1].strip() for line in lines if line.startswith("| ")}
    assert {rule.rule_id for rule in standard.rules} <= named


def test_every_rule_has_every_language(standard: Standard) -> None:
    """Its two sentences, why it is there, and what surrounds a finding."""
    texts = [
        (c, t)
        for c, t in standard.texts()
        if c.startswith(("rule:", "words:findings", "words:letter", "words:not_run"))
    ]
    assert len(texts) > 400
    missing = {language: len(found) for language in standard.languages if (found := lacking(texts, language))}
    assert missing == {}
