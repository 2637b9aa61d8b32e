"""The page of a run: what was trained on what, how well, and where it fails."""

from __future__ import annotations

import os
from pathlib import Path

from glassnet.report.content import page_content
from glassnet.report.rendering import render
from glassnet.report.run_folder import read_run_folder
from glassnet.storage import atomic_write


def run_page(folder: str | os.PathLike[str]) -> str:
    """Return one self-contained HTML page about a run.

    Pictures are embedded, styles are inline, there is no script, and nothing is loaded from
    anywhere. A run that still goes on, was killed or diverged gets a page too, which says so.

    Parameters
    ----------
    folder : path-like
        What ``glassnet train --out`` made.

    Returns
    -------
    str
        The page.

    Raises
    ------
    FileNotFoundError
        If the folder or its ``recipe.toml`` is missing.
    ValueError
        If a file is damaged; the message names it.

    Examples
    --------
    >>> import tempfile
    >>> from glassnet.recipes import RunFolder, load_recipe, prepare, run
    >>> runs = tempfile.TemporaryDirectory()
    >>> folder = RunFolder.create_next("digits", runs.name)
    >>> recipe = load_recipe("digits").changed({"training.phases.0.epochs": 1})
    >>> result = run(prepare(recipe), folder)
    >>> page = run_page(folder.path)
    >>> page.startswith("<!DOCTYPE html>"), recipe.title in page
    (True, True)
    >>> runs.cleanup()
    """
    run = read_run_folder(folder)
    return render("run.html.jinja", **page_content(run))


def write_run_page(
    folder: str | os.PathLike[str], path: str | os.PathLike[str] | None = None
) -> Path:
    """Put the page of a run in a file.

    Parameters
    ----------
    folder : path-like
        What ``glassnet train --out`` made.
    path : path-like, optional
        The file; ``report.html`` in the run's folder if it is not given.

    Returns
    -------
    Path
        Where the page is.

    Raises
    ------
    FileNotFoundError, ValueError
        As `run_page`.
    OSError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> from glassnet.recipes import RunFolder, load_recipe, prepare, run
    >>> runs = tempfile.TemporaryDirectory()
    >>> folder = RunFolder.create_next("digits", runs.name)
    >>> recipe = load_recipe("digits").changed({"training.phases.0.epochs": 1})
    >>> result = run(prepare(recipe), folder)
    >>> write_run_page(folder.path).name
    'report.html'
    >>> runs.cleanup()
    """
    page = run_page(folder)
    target = Path(folder) / "report.html" if path is None else Path(path)
    with atomic_write(target) as file:
        file.write(page.encode("utf-8"))
    return target
