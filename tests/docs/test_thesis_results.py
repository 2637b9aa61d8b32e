"""What README says of the thesis is what the kept results say."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("part", ["ledger", "answers"])
def test_readme_quotes_the_results_that_are_kept(part) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    begin, end = f"<!-- begin {part} -->\n", f"<!-- end {part} -->"
    quoted = readme[readme.index(begin) + len(begin) : readme.index(end)]
    assert quoted.strip() == (ROOT / "docs" / "thesis" / f"{part}.md").read_text("utf-8").strip()
