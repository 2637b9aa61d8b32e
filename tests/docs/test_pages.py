"""The docs are true: what they quote stands in the code, and what they compute comes out."""

import ast
import doctest
import re
import runpy
from pathlib import Path
from typing import NamedTuple

import pytest

from glassnet import ACTIVATIONS, INITIALIZERS, LAYERS, LOSSES
from glassnet.data import DATASETS
from glassnet.data.augmentation import AUGMENTATIONS
from glassnet.optim import OPTIMIZERS, SCHEDULES

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = sorted((ROOT / "docs" / "examples").glob("*.py"))
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
]
TABLES = (ACTIVATIONS, AUGMENTATIONS, INITIALIZERS, LAYERS, LOSSES, DATASETS, OPTIMIZERS, SCHEDULES)

# A fence that quotes the code stands under a line such as: `src/a/b.py`, `Class.method`:
_QUOTATION = re.compile(
    r"^`(src/[^`]+)`(?:, `([^`]+)`)?:\n\n```py\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)]*)?\)")


class Quotation(NamedTuple):
    page: str
    file: str
    place: str
    lines: str


def quotations():
    return [
        Quotation(page.name, *match)
        for page in PAGES
        for match in _QUOTATION.findall(page.read_text("utf-8"))
    ]


def pages_with(*languages):
    return [
        pytest.param(page, id=page.name)
        for page in PAGES
        if any(language in languages for language, _ in _FENCE.findall(page.read_text("utf-8")))
    ]


@pytest.fixture
def tables():
    """Give back the tables of names as they were: the pages put their own entries there."""
    before = [dict(table) for table in TABLES]
    yield
    for table, entries in zip(TABLES, before, strict=True):
        table.clear()
        table.update(entries)


def lines_of(text, place):
    """Return the lines of a function or method, given as ``"Class.method"``; of all if empty."""
    lines = text.splitlines()
    node = ast.parse(text)
    for name in filter(None, place.split(".")):
        node = next(n for n in node.body if getattr(n, "name", None) == name)
    return lines[node.lineno - 1 : node.end_lineno] if place else lines


@pytest.mark.parametrize("quotation", quotations(), ids=lambda q: f"{q.page}:{q.place}")
def test_a_quoted_line_stands_where_the_page_says(quotation):
    lines = lines_of((ROOT / quotation.file).read_text("utf-8"), quotation.place)
    # a comment for a tool, which a page leaves out, is no part of the line
    stands = [re.split("  # (?:type|noqa)", line)[0].strip() for line in lines]
    for line in quotation.lines.splitlines():
        assert line.strip() in stands


def test_every_fence_that_quotes_is_checked():
    fences = sum(
        language == "py"
        for page in PAGES
        for language, _ in _FENCE.findall(page.read_text("utf-8"))
    )
    assert fences == len(quotations()) > 0


@pytest.mark.parametrize("page", pages_with("python", "pycon"))
def test_the_code_of_a_page_runs_from_top_to_bottom(page, tables, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text("utf-8")
    names = {"__name__": "page"}
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    for match in _FENCE.finditer(text):
        language, code = match.groups()
        line = text[: match.start(2)].count("\n")
        if language == "python":
            # empty lines in front make the line numbers of a traceback those of the page
            exec(compile("\n" * line + code, str(page), "exec"), names)
        elif language == "pycon":
            test = doctest.DocTestParser().get_doctest(code, {}, page.name, str(page), line)
            test.globs = names
            told = []
            runner.run(test, out=told.append, clear_globs=False)
            assert not told, "".join(told)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_files_lead_somewhere(page):
    for target, _ in _LINK.findall(page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_placeholder_is_left(page) -> None:
    prose = re.sub(_FENCE, "", page.read_text(encoding="utf-8"))
    assert not re.search(r"\bTODO\b|\bTBD\b|\bFIXME\b|\*\*[A-Z]{4,}\*\*|\| [A-Z]{6,} \|", prose)


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.name)
def test_the_code_of_a_tutorial_is_as_wide_as_the_site_shows(tutorial) -> None:
    code = tutorial.read_text("utf-8").split('"""', 2)[2]
    assert max(len(line) for line in code.splitlines() if not line.startswith("#")) <= 88


def test_links_of_the_site_that_lead_nowhere_are_found(tmp_path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "index.html").write_text('<h2 id="there">A</h2> <a href="#there">B</a>')
    good = ["api/index.html#there", "https://example.org/gone", "#top", "api/index.html"]
    bad = ["#gone", "api/index.html#gone", "gone.html"]
    (tmp_path / "a.html").write_text("".join(f'<a href="{link}">C</a>' for link in good + bad))
    broken_links = runpy.run_path(str(ROOT / "docs" / "check_links.py"))["broken_links"]
    assert broken_links(tmp_path) == [f"a.html: {link!r}" for link in bad]
