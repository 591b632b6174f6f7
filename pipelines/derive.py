"""Everything that follows from the standard, written to ``schemas/generated`` and ``docs/rule-book``."""

from __future__ import annotations

from clearing_point.project import Project
from clearing_point.quality.rule_book import rule_book
from clearing_point.standard import Standard
from clearing_point.standard.dictionary import data_package, ddl_text, dictionary_page
from clearing_point.suites.listing import types_by_rule
from clearing_point.suites.ready import generated_suites, suite_files


def derived_files(standard: Standard) -> dict[str, str]:
    """Return the text of every generated file by its name under ``schemas/generated``."""
    return {
        "data_dictionary.md": dictionary_page(standard),
        "datapackage.json": data_package(standard),
        "warehouse.sql": ddl_text(standard),
        # What is there and unchanged is not derived again: it takes longer than all the rest.
        **({} if generated_suites(standard) is not None else suite_files(standard)),
    }


def derived_documents(standard: Standard) -> dict[str, str]:
    """Return the text of every generated page for people by its name under ``docs``: the rule book of each language."""
    types = types_by_rule(standard)
    return {
        f"rule-book/{language}.md": rule_book(standard, language, types) for language in standard.languages
    }


def derive(
    project: Project, standard: Standard, *, check_only: bool = False, documents: bool = True
) -> list[str]:
    """Write the generated files that differ; return their names.

    Parameters
    ----------
    check_only : bool
        Write nothing, only say which would change (the drift test).
    documents : bool
        Also the pages for people.
    """
    wanted = {project.schemas / "generated" / name: text for name, text in derived_files(standard).items()}
    if documents:
        wanted |= {project.root / "docs" / name: text for name, text in derived_documents(standard).items()}
    changed = []
    for path, text in wanted.items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        generated = project.schemas / "generated"
        changed.append(str(path.relative_to(generated if path.is_relative_to(generated) else project.root)))
        if not check_only:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    return changed
