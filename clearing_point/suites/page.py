"""One self-contained page of what the suites said: of a submission and the versions before it, or of an edition.

No outside host, no script, no value of a row: rules, sentences, types, verdicts and, within the office, numbers of rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

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
class Line:
    """One expectation and what became of it, newest first.

    Attributes
    ----------
    results : sequence of str
        One a column of the page: empty where it was not asked then, ``met``, or what was found.
    """

    suite: str
    name: str
    kind: str
    severity: str
    sentence: str
    results: Sequence[str]

    @property
    def failed(self) -> bool:
        """Not met in the newest column."""
        return self.results[0] not in ("", MET)


MET = "met"


def page(title: str, intro: str, columns: Sequence[str], lines: Sequence[Line], made_data: bool) -> str:
    """Return the page: a table of each suite, those with something not met opened.

    Parameters
    ----------
    columns : sequence of str
        What the results of a line are of, newest first.
    """
    suites: Mapping[str, list[Line]] = {
        name: [line for line in lines if line.suite == name]
        for name in dict.fromkeys(one.suite for one in lines)
    }
    failed = sum(line.failed for line in lines)
    return "".join(_parts(title, intro, columns, suites, failed, made_data))


def _parts(
    title: str, intro: str, columns: Sequence[str], suites: Mapping[str, Sequence[Line]], failed: int, made_data: bool
) -> Iterator[str]:  # fmt: skip
    count = sum(map(len, suites.values()))
    yield (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8" />\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1" />\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
    )
    if made_data:
        yield "<p><strong>Synthetic data.</strong></p>\n"
    yield (
        f"<p>{escape(intro)}</p>\n<p>{count} expectations in {len(suites)} suites, run by Great Expectations: "
        f"{count - failed} met, {failed} not.</p>\n"
    )
    for name, lines in suites.items():
        wrong = sum(line.failed for line in lines)
        said = (
            f"{len(lines)} expectations, {wrong} not met" if wrong else f"{len(lines)} expectations, all met"
        )
        yield "<details open='open'>\n" if wrong else "<details>\n"
        yield f"<summary>{escape(name)}: {said}</summary>\n<table>\n<thead><tr>"
        heads = ["Expectation", "What it asks", "Type", "Severity", *columns]
        yield "".join(f'<th scope="col">{escape(head)}</th>' for head in heads) + "</tr></thead>\n<tbody>\n"
        # What is not met stands first.
        for line in sorted(lines, key=lambda one: not one.failed):
            cells = [
                escape(line.name),
                escape(line.sentence),
                f"<code>{escape(line.kind)}</code>",
                escape(line.severity),
            ]
            cells += [escape(result) or "–" for result in line.results]
            marked = ' class="failed"' if line.failed else ""
            yield f"<tr{marked}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"
        yield "</tbody>\n</table>\n</details>\n"
    yield "</main>\n</body>\n</html>\n"
