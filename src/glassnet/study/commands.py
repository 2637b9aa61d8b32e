"""What to type for a study."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from glassnet.study.definition import THESIS
from glassnet.study.study import DEFAULT_FOLDER, Study


def command_line(verb: str, studies: Sequence[Study]) -> str:
    """Return the command for these studies, as it was typed: with their file, seeds and folder.

    Parameters
    ----------
    verb : str
        Of ``glassnet study``: "run", "show" or "report".
    studies : sequence of Study
        In one folder; several are those of the thesis.

    Returns
    -------
    str
        Empty for a study made in Python, of which the command line knows nothing.

    Examples
    --------
    >>> command_line("run", [Study.load("figure-08", seeds=3, folder="my studies")])
    "glassnet study run figure-08 --seeds 3 --out 'my studies'"
    """
    source = THESIS if len(studies) > 1 else studies[0].source
    if not source:
        return ""
    seeds = {study.table.seeds for study in studies if study.table.seeds != study.own_seeds}
    options = [part for number in seeds for part in ("--seeds", str(number))]
    folder = str(studies[0].archive.folder)
    if folder != DEFAULT_FOLDER:
        options += ["--out", folder]
    return shlex.join(["glassnet", "study", verb, source, *options])
