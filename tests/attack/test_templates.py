"""Who edits a template or a text cannot reach beyond the report: each attempt ends in one sentence and does nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clearing_point.errors import InputProblem
from clearing_point.report.html import render_html
from clearing_point.report.model import Figure, Paragraph, Report, Section
from clearing_point.report.pdf import render_pdf
from clearing_point.report.words import Words, load_words
from clearing_point.standard.filling import fill
from tests.conftest import ROOT

REPORTS = ROOT / "reports"
FIGURE = Figure("f1", "1", "A figure", "In words", '<svg xmlns="http://www.w3.org/2000/svg"/>', "f1.svg")
REPORT = Report(
    "en", "A title <b>", "", (), (), "", "", (), (Section("s1", "A chapter", (Paragraph("A & B"), FIGURE)),)
)


@pytest.fixture(scope="module")
def words() -> Words:
    return load_words(REPORTS, "en")


def _page(folder: Path, template: str, words: Words) -> str:
    (folder / "report.html.j2").write_text(template, encoding="utf-8")
    return render_html(REPORT, words, folder)


COMMANDS = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ report.__init__.__globals__['Path'] }}",
    "{{ words.__globals__ }}",
    "{{ words.__closure__[0].cell_contents.texts }}",
    "{{ words.texts }}",
    "{{ words['__globals__'] }}",
    "{{ words|attr('__globals__') }}",
    "{{ self.__init__.__globals__.__builtins__.__import__('os').popen('id').read() }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__.os.system('id') }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ range(1000000000)|list }}",
    "{{ namespace.__init__ }}",
    "{{ report.blocks() }}",
    "{{ report.sections[0].blocks[0].text.format_map }}",
    "{{ '{0.__class__}'.format(report) }}",
    "{{ '%s'|format(report.__class__) }}",
    "{{ (report|string).__class__ }}",
    "{{ loop.__init__.__globals__ }}",
    "{% for x in report.facts.__class__.__mro__ %}{{ x }}{% endfor %}",
    "{% for block in report.sections %}{{ loop._iterator.__class__ }}{% endfor %}",
    "{% set x = report.sections.append(1) %}",
    "{{ '<script>'|safe }}",
    "{{ report.title|attr('encode')('utf-8') }}",
    "{{ report|map(attribute='__class__')|list }}",
    "{{ [report]|map(attribute='__class__')|first }}",
    "{{ report|drawing }}",
    "{{ ([report]|groupby('__class__'))[0].grouper.__name__ }}",
    "{% include '/etc/passwd' %}",
    "{% include '../../schemas/standard.yml' %}",
    "{% include 'link.j2' %}",
    "{% import 'os' as os %}",
    "{{ 'a' * 10 ** 12 }}",
    "{{ 'a'|indent(2000000000, true)|length }}",
    "{{ report.sections|map('attr', '__class__')|list }}",
    "{{ report.title|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ words(report.__class__) }}",
    "{% macro m() %}{{ varargs.__class__ }}{% endmacro %}{{ m() }}",
    "{% import 'report.html.j2' as me %}{{ me.__dict__ }}",
    "{{ self._TemplateReference__context }}",
    "{% extends '/etc/passwd' %}",
    "{% autoescape false %}{{ report.title }}{% endautoescape %}",
]


@pytest.mark.parametrize("attempt", COMMANDS)
def test_a_template_sees_nothing_but_the_report(attempt: str, words: Words, tmp_path: Path) -> None:
    (tmp_path / "link.j2").symlink_to("/etc/hostname")
    with pytest.raises(InputProblem, match="the page cannot be made"):
        _page(tmp_path, attempt, words)


def test_a_template_does_what_templates_are_for(words: Words, tmp_path: Path) -> None:
    page = _page(
        tmp_path,
        "{% macro one(s) %}{{ s.title|upper }}{% endmacro %}{{ report.title }}{% for s in report.sections %}"
        '{{ loop.index }}{{ one(s) }}{{ words("front.contents") }}{{ s.blocks[0].text }}{{ s.blocks[1]|drawing }}{% endfor %}',
        words,
    )
    assert page.startswith("A title &lt;b&gt;1A CHAPTER")
    assert "A &amp; B<svg" in page, "texts are escaped, our own drawings are not"


TYPST = [
    '#read("/etc/hostname")',
    '#read("../../../../etc/hostname")',
    '#image("/etc/hostname")',
    '#json("/proc/self/environ")',
    '#import "@preview/example:0.1.0": add',
    '#include "/etc/hostname"',
    '#let f = eval; #f("1")',
    '#plugin("x.wasm")',
    '#std.eval("imp" + "ort")',
    '#dictionary(std).at("ev" + "al")("1 + 1")',
    '#let all = dictionary(std); #all.at("ev" + "al")("imp" + "ort \\"@preview/example:0.1.0\\": *")',
    "#dictionary(std.std)",
    '#xml("link.xml")',
    '#sys.inputs.at("data")',
    '#bibliography("/etc/hostname")',
    '#set raw(syntaxes: "/etc/hostname")',
    '#(read,).first()("/etc/hostname")',
    '#pdf.attach("/proc/self/environ")',
    "#while true {}",
]


@pytest.mark.parametrize("attempt", TYPST)
def test_a_template_of_the_pdf_reads_nothing_but_the_report(
    attempt: str, words: Words, tmp_path: Path
) -> None:
    (tmp_path / "templates").mkdir()
    shutil.copytree(REPORTS / "fonts", tmp_path / "fonts", symlinks=True)
    (tmp_path / "templates" / "link.xml").symlink_to("/etc/hostname")
    (tmp_path / "templates" / "report.typ").write_text(attempt, encoding="utf-8")
    with pytest.raises(InputProblem, match="the PDF cannot be made"):
        render_pdf(REPORT, words, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "{name.__class__}",
        "{name[0]}",
        "{name!r:>10000000}",
        "{name:>999999999}",
        "{0.x}",
        "{name:{width}}",
        "{}",
    ],
)
def test_a_text_has_places_and_no_code(text: str) -> None:
    with pytest.raises((ValueError, LookupError)):
        fill(text, name="a", width=10**9)


def test_places_are_filled() -> None:
    assert fill("{count:,} of {name} {{x}}", count=1234, name="A {b}") == "1,234 of A {b} {x}"
