"""Everything that follows from the standard, written to ``schemas/generated``."""

from __future__ import annotations

import json
from dataclasses import asdict

from clearing_point.project import Project
from clearing_point.quality.suites import gate_suite
from clearing_point.standard import Standard
from clearing_point.standard.dictionary import data_package, ddl_text, dictionary_page


def derived_files(standard: Standard) -> dict[str, str]:
    """Return the text of every generated file by its name under ``schemas/generated``."""
    suite = [asdict(expectation) for expectation in gate_suite(standard)]
    return {
        "data_dictionary.md": dictionary_page(standard),
        "datapackage.json": data_package(standard),
        "expectations.json": json.dumps(suite, ensure_ascii=False, indent=1) + "\n",
        "warehouse.sql": ddl_text(standard),
    }


def derive(project: Project, standard: Standard, *, check_only: bool = False) -> list[str]:
    """Write the generated files that differ; return their names.

    Parameters
    ----------
    check_only : bool
        Write nothing, only say which would change (the drift test).
    """
    folder = project.schemas / "generated"
    changed = []
    for name, text in derived_files(standard).items():
        path = folder / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        changed.append(name)
        if not check_only:
            folder.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    return changed
