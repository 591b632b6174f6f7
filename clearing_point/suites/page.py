"""One self-contained page of what the suites said: of a submission and the versions before it, or of an edition.

No outside host, no script, no value of a row: rules, sentences, types, verdicts and, within the office, numbers of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8885; padding: .35rem .6rem; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; }
tr.failed td:first-child { border-left: .35rem solid #b3261e; }
summary { cursor: pointer; font-weight: 600; }
code { overflow-wrap: anywhere; }
"""


@dataclass(frozen=True)
class Result:
    """What became of an expectation once, in words."""

    met: bool
    said: str


@dataclass(frozen=True)
class Line:
    """One expectation and what became of it, newest first.

    Attributes
    ----------
    results : sequence of Result
        One a column of the page: None where it was not asked then.
    """

    suite: str
    name: str
    kind: str
    severity: str
    sentence: str
    results: Sequence[Result | None]

    @property
    def failed(self) -> bool:
        """Not met in the newest column."""
        return self.results[0] is not None and not self.results[0].met


Rows = Mapping[str, str | None]
Said = Callable[..., str]
"""A word of ``words.yml`` (suites) by its name, its places filled."""


def page(
    title: str,
    intro: str,
    columns: Sequence[str],
    lines: Sequence[Line],
    said: Said,
    *,
    rows: Rows,
    made_data: bool,
    language: str,
) -> str:
    """Return the page: a table of each suite, those with something not met opened.

    Parameters
    ----------
    columns : sequence of str
        What the results of a line are of, newest first.
    rows : mapping of str to str or None
        Suite -> how many rows it was asked of, in words; None for a table without any.
    language : str
        That ``said`` speaks.
    """
    suites: Mapping[str, list[Line]] = {
        name: [line for line in lines if line.suite == name]
        for name in dict.fromkeys(one.suite for one in lines)
    }
    return "".join(_parts(title, intro, columns, suites, said, rows, made_data, language))


def _parts(
    title: str, intro: str, columns: Sequence[str], suites: Mapping[str, Sequence[Line]], said: Said, rows: Rows,
    made_data: bool, language: str,
) -> Iterator[str]:  # fmt: skip
    def figures(lines: Sequence[Line]) -> str:
        failed = sum(line.failed for line in lines)
        return escape(said("figures", asked=len(lines), met=len(lines) - failed, failed=failed))

    yield (
        f'<!doctype html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8" />\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1" />\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
    )
    if made_data:
        yield f"<p><strong>{escape(said('synthetic'))}</strong></p>\n"
    yield f"<p>{escape(intro)}</p>\n<p>Great Expectations. {figures([*chain(*suites.values())])}</p>\n"
    if empty := ", ".join(name for name, count in rows.items() if count is None):
        yield f"<p>{escape(said('rows_none', tables=empty))}</p>\n"
    for name, lines in suites.items():
        wrong = any(line.failed for line in lines)
        yield "<details open='open'>\n" if wrong else "<details>\n"
        yield f"<summary>{escape(name)}: {escape(rows.get(name) or '')} {figures(lines)}</summary>\n<table>\n<thead><tr>"
        heads = [*(said(head) for head in ("expectation", "asks", "kind", "severity")), *columns]
        yield "".join(f'<th scope="col">{escape(head)}</th>' for head in heads) + "</tr></thead>\n<tbody>\n"
        # What is not met stands first.
        for line in sorted(lines, key=lambda one: not one.failed):
            cells = [
                escape(line.name),
                escape(line.sentence),
                f"<code>{escape(line.kind)}</code>",
                escape(line.severity),
            ]
            cells += ["–" if result is None else escape(result.said) for result in line.results]
            marked = ' class="failed"' if line.failed else ""
            yield f"<tr{marked}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"
        yield "</tbody>\n</table>\n</details>\n"
    yield "</main>\n</body>\n</html>\n"
