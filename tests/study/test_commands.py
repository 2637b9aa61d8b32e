from __future__ import annotations

import pytest

from glassnet.study import Study, shipped_studies
from glassnet.study.commands import command_line


@pytest.mark.parametrize(
    ("seeds", "folder", "typed"),
    [
        (None, "studies", "glassnet study run figure-08"),
        (10, "studies", "glassnet study run figure-08"),
        (3, "studies", "glassnet study run figure-08 --seeds 3"),
        (3, "a b", "glassnet study run figure-08 --seeds 3 --out 'a b'"),
    ],
)
def test_a_command_has_only_what_is_not_the_default(seeds, folder, typed) -> None:
    assert command_line("run", [Study.load("figure-08", seeds=seeds, folder=folder)]) == typed


def test_all_the_studies_are_the_thesis() -> None:
    for seeds, typed in ((None, ""), (3, " --seeds 3")):
        studies = [Study.load(name, seeds=seeds) for name in shipped_studies()]
        assert command_line("report", studies) == f"glassnet study report thesis{typed}"


def test_a_study_made_in_python_has_no_command(tiny) -> None:
    assert command_line("run", [tiny()]) == ""
