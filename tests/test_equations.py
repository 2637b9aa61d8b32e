"""Every tag ``(Eq. N)`` of docs/equations.md stands in the code, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TAG = re.compile(r"\(Eq\. (\d+)\)")


@pytest.fixture(scope="module")
def page() -> str:
    return (ROOT / "docs" / "equations.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def code() -> str:
    files = sorted((ROOT / "src").rglob("*.py"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def test_each_tag_in_the_documentation_stands_in_the_code(page: str, code: str) -> None:
    assert set(TAG.findall(page)) - set(TAG.findall(code)) == set()


def test_each_tag_in_the_code_stands_in_the_documentation(page: str, code: str) -> None:
    assert set(TAG.findall(code)) - set(TAG.findall(page)) == set()


def test_all_equations_of_the_thesis_are_there(page: str) -> None:
    assert {int(number) for number in TAG.findall(page)} == set(range(1, 19))


def test_each_tagged_line_of_the_documentation_is_a_line_of_the_code(page: str, code: str) -> None:
    lines = {line.strip() for line in code.splitlines()}
    quoted = [
        line.strip()
        for block in re.findall(r"```py\n(.*?)```", page, re.S)
        for line in block.splitlines()
        if TAG.search(line)
    ]
    assert quoted
    assert [line for line in quoted if line not in lines] == []
