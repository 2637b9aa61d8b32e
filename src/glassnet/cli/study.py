"""``glassnet study``: questions answered with many runs."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glassnet.cli import options
from glassnet.cli.console import add, duration, fail, out, say, table
from glassnet.cli.study_progress import runs_shown, trials_shown
from glassnet.extras import installed, require

if TYPE_CHECKING:
    from glassnet.study import Study
    from glassnet.study.search import Search

NAME = "study"
_TRIALS_TO_EXPLAIN = 20

app = typer.Typer(
    help="Studies: many runs that answer a question, their statistics, and a report.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[
    str, typer.Argument(help='A shipped study, "thesis" for all of them, or a .toml file.')
]
Folder = Annotated[Path, typer.Option("--out", help="Where runs and reports are kept.")]
Seeds = Annotated[
    int | None,
    typer.Option(help="Number of seeds, instead of the study's own.", min=1, show_default=False),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        help="Runs at a time. Default: one for each processor.", min=1, show_default=False
    ),
]
_FOLDER = Path("studies")


@app.callback()
def _needs_its_extra() -> None:
    for module in ("pandas", "scipy", "joblib", "threadpoolctl"):
        require(module, "study")


@app.command(
    epilog="Examples:\n\nglassnet study run figure-08 --seeds 3\n\nglassnet study run thesis\n\n"
    "glassnet study run mine.toml --cluster tcp://host:8786"
)
def run(  # noqa: PLR0917 typer's options are no positions
    name: Name,
    seeds: Seeds = None,
    jobs: Jobs = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            help='A Dask scheduler, tcp://host:8786; or "local", for one that is started here.',
            show_default=False,
        ),
    ] = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first run that fails.")
    ] = False,
    folder: Folder = _FOLDER,
    data_dir: options.DataDir = None,
) -> None:
    """Perform the runs of a study that are missing. Stop it at any time, and go on later."""
    from glassnet.study import run_studies
    from glassnet.study.commands import command_line
    from glassnet.study.steps import RunFailedError

    studies = _load(name, seeds, folder)
    runs = {spec.key for study in studies for spec in study.specs}
    missing = studies[0].archive.missing(spec for study in studies for spec in study.specs)
    what = studies[0].table.title or name if len(studies) == 1 else f"{len(studies)} studies"
    say(what, "bold")
    if not missing:
        say(f"all {len(runs):,} runs are there; nothing to do")
        _say_next(studies)
        return
    say(f"{len(runs):,} runs, {len(runs) - len(missing):,} of them done before")
    try:
        with runs_shown(len(missing)) as progress:
            failures = run_studies(
                studies,
                jobs=jobs,
                cluster=cluster,
                data_dir=data_dir,
                fail_fast=fail_fast,
                progress=progress,
            )
    except RunFailedError as error:
        fail(f"{error}. What was complete is kept; run the study again to go on")
        raise typer.Exit(1) from None
    if failures:
        say(
            f"{len(failures):,} of {len(missing):,} runs failed; the others are kept. All of them: "
            f"{command_line('show', studies)}. Run the study again to try them again",
            "yellow",
        )
        raise typer.Exit(1)
    _say_next(studies)


@app.command("list", epilog="Example:\n\nglassnet study list")
def list_(folder: Folder = _FOLDER) -> None:
    """List the studies that come with glassnet, and how many of their runs are done."""
    from glassnet.study import THESIS, Study, shipped_studies

    made = table("study", "cells", "runs", "done", "what", numbers=("cells", "runs", "done"))
    for name, described in shipped_studies().items():
        study = Study(described, folder=folder)
        runs = {spec.key for spec in study.specs}
        done = len(runs) - len(study.missing())
        add(made, name, len(study.cells), f"{len(runs):,}", f"{done:,}", described.title)
    out.print(made)
    say()
    say(f"Run one with: glassnet study run STUDY; all of them with: glassnet study run {THESIS}")


@app.command(epilog="Example:\n\nglassnet study show figure-08")
def show(name: Name, seeds: Seeds = None, folder: Folder = _FOLDER) -> None:
    """Print what a study asks, its cells with their results so far, and the verdicts."""
    from glassnet.study import analyse

    for study in _load(name, seeds, folder):
        say(study.table.title or study.name, "bold")
        if study.table.question:
            say(" ".join(study.table.question.split()))
        analysis = analyse(study)
        made = table(
            "cell", "runs", analysis.name, "95 % interval", numbers=("runs", analysis.name)
        )
        for cell in analysis.cells:
            mean, low, high = cell.interval
            unit, runs = analysis.unit, f"{len(cell.values)} of {cell.planned}"
            add(made, cell.label, runs, unit.told(mean), unit.span(low, high))
        out.print(made)
        for line in (*analysis.verdicts, *analysis.remarks):
            say(line)
        for where, message in study.failures().items():
            say(f"failed: {where}: {message}", "yellow")
        say()


@app.command(
    epilog="Examples:\n\nglassnet study report figure-08 --open\n\n"
    "glassnet study report thesis --html thesis.html"
)
def report(  # noqa: PLR0917
    name: Name,
    seeds: Seeds = None,
    folder: Folder = _FOLDER,
    html: Annotated[
        Path | None,
        typer.Option(help="The page. Default: STUDIES/NAME/report.html.", show_default=False),
    ] = None,
    data_dir: options.DataDir = None,
    show_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write one self-contained HTML page about a study, its figures, and its tables as CSV."""
    import webbrowser

    from glassnet.report.study_page import write_study_report
    from glassnet.study import THESIS

    studies, page_of = _load(name, seeds, folder), THESIS if name == THESIS else None
    with out.status("drawing pictures"):
        page = write_study_report(studies, name=page_of, path=html, data_dir=data_dir)
    say(f"{page}")
    if show_it:
        webbrowser.open(page.resolve().as_uri())


@app.command(
    epilog="Examples:\n\nglassnet study search space.toml --trials 50\n\n"
    "optuna-dashboard sqlite:///studies/space/search.db"
)
def search(
    file: Annotated[Path, typer.Argument(help="A .toml file with a search space.")],
    trials: Annotated[int, typer.Option(help="Trials in all, those before included.", min=1)] = 50,
    jobs: Jobs = None,
    folder: Folder = _FOLDER,
    data_dir: options.DataDir = None,
) -> None:
    """Look for good hyperparameters on a validation split; stop it and go on at any time."""
    from glassnet.study.analysis import unit_of
    from glassnet.study.search import Search

    searching = Search.load(file, folder=folder)
    told = unit_of(searching.table.value).told
    say(searching.table.title or searching.table.name, "bold")
    before, began = searching.done(), time.monotonic()
    if before >= trials:
        say(f"all {before:,} trials are there; nothing to do")
        _tell_search(searching, told)
        return
    say(f"{trials:,} trials, {before:,} of them done before")
    with trials_shown(trials, told) as progress:
        searching.run(trials=trials, jobs=jobs, data_dir=data_dir, progress=progress)
    say(f"{trials - before:,} trials took {duration(time.monotonic() - began)}")
    _tell_search(searching, told)


def _tell_search(searching: Search, told: Callable[[float], str]) -> None:
    """Print what came of it and what to do next."""
    best, failures = searching.best(), searching.failures()
    complete, value = searching.complete(), searching.table.value.replace("_", " ")
    early = searching.done() - complete - len(failures)
    say(f"{complete:,} trials complete, {early:,} ended early, {len(failures):,} failed")
    if failures:
        say(f"failed: {next(iter(failures.values()))}", "yellow")
    say(f"Best {value}  {told(best.value)}", "bold green")
    for key, setting in best.params.items():
        say(f"  {key} = {setting}")
    if complete >= _TRIALS_TO_EXPLAIN and installed("sklearn"):
        shares = ", ".join(f"{n} {100 * s:.0f} %" for n, s in searching.importance().items())
        say(f"What explains it (fANOVA of the complete trials): {shares}")
    say("The test set was not measured: the best of many by a number is flattered by that number.")
    settings = shlex.join(part for pair in best.settings for part in ("--set", pair))
    say(f"Next: glassnet train {shlex.quote(searching.table.recipe)} {settings}")
    say(f"See:  optuna-dashboard {searching.storage}")


def _load(name: str, seeds: int | None, folder: Path) -> list[Study]:
    from glassnet.study import THESIS, Study, shipped_studies

    names = list(shipped_studies()) if name == THESIS else [name]
    return [Study.load(each, seeds=seeds, folder=folder) for each in names]


def _say_next(studies: list[Study]) -> None:
    from glassnet.study.commands import command_line

    say(f"Next: {command_line('report', studies)}")
