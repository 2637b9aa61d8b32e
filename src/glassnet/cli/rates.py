"""``glassnet rates``: which learning rates a recipe's network can be trained with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from glassnet.cli import options
from glassnet.cli.console import out as terminal
from glassnet.cli.console import say
from glassnet.cli.progress import downloads
from glassnet.optim import optimizer_from_config
from glassnet.recipes import RecipeError, load_recipe, parse_setting, prepare
from glassnet.storage import require_folder
from glassnet.training import rate_range_test

NAME = "rates"
EXAMPLES = """Examples:

glassnet rates

glassnet rates mnist-mlp --steps 400 --highest 1

glassnet rates digits --set training.phases.0.batch_size=8 --out rates.png"""
_SECONDS_BETWEEN_LINES = 2.0


def command(
    context: typer.Context,
    *,
    recipe: Annotated[str, typer.Argument(help="A shipped recipe or a .toml file.")] = "digits",
    out: Annotated[
        Path | None,
        typer.Option(help="Picture to write. Default: RECIPE-rates.png.", show_default=False),
    ] = None,
    steps: Annotated[int, typer.Option(help="Steps, each with a higher rate.", min=10)] = 200,
    lowest: Annotated[float, typer.Option(help="Rate of the first step.")] = 1e-6,
    highest: Annotated[float, typer.Option(help="Rate of the last step.")] = 10.0,
    phase: Annotated[
        int, typer.Option(help="Phase whose optimizer and batch size are taken.", min=1)
    ] = 1,
    data_dir: options.DataDir = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any key of the recipe: --set key=value, as often as wanted."),
    ] = None,
) -> None:
    """Train a recipe's network for some steps at rising rates; suggest one, with a picture."""
    chosen = load_recipe(recipe)
    changes = dict(map(parse_setting, settings or []))
    chosen = chosen.changed(changes) if changes else chosen
    named_dir = options.named_data_dir(context, data_dir)
    phases = chosen.training.phases
    if phase > len(phases):
        raise RecipeError(f"--phase is {phase}, and {chosen.name} has {len(phases)}")
    path = out or Path(f"{chosen.name}-rates.png")
    require_folder(path)
    with downloads() as progress:
        job = prepare(chosen, data_dir=data_dir, progress=progress)
    trainer = job.trainer()
    trainer.optimizer = optimizer_from_config(phases[phase - 1].optimizer)
    trainer.batch_size = phases[phase - 1].batch_size
    with _shown() as told:
        found = rate_range_test(
            trainer, job.train, lowest=lowest, highest=highest, steps=steps, progress=told
        )
    from glassnet import figures

    title = f"{chosen.name}, {type(trainer.optimizer).__name__}, batch size {trainer.batch_size}"
    figure = figures.rate_range(
        found.rates,
        found.losses,
        found.smoothed,
        suggestion=found.suggestion,
        note=found.problem and found.problem.replace(": ", ":\n"),
        title=title,
    )
    figures.save(figure, path)
    say(f"Picture         {path}")
    key = f"training.phases.{phase - 1}.{options.rate_key(phases[phase - 1].optimizer)}"
    others = [setting for setting in settings or [] if parse_setting(setting)[0] != key]
    same = [word for setting in others for word in ("--set", setting)]
    if found.suggestion is None:
        say(f"No learning rate: {found.problem}.", "yellow")
        more = ["--steps", str(steps if found.fell else 2 * steps), "--phase", str(phase)]
        if found.fell:
            more += ["--highest", f"{100 * highest:g}"]
        elif found.exploded:
            more += ["--lowest", f"{lowest / 1000:g}"]
        _next(options.command_line("rates", recipe, *same, *more, data_dir=named_dir))
        raise typer.Exit(1)
    best = found.rates[found.smoothed.argmin()]
    rate = f"{found.suggestion:.2g}"
    say(f"Learning rate   {rate}  (a tenth of {best:.2g}, where the loss was lowest)", "bold green")
    with_it = ["--set", f"{key}={rate}"]
    if len(phases) == 1 and key.endswith(".0.optimizer.learning_rate"):
        with_it = ["--learning-rate", rate]
    _next(options.command_line("train", recipe, *same, *with_it, data_dir=named_dir))


def _next(line: str) -> None:
    """Print a command to copy."""
    say()
    say("Next", "bold")
    say(f"  {line}")


@contextmanager
def _shown() -> Iterator[Callable[[int, int], None]]:
    """Yield what shows how far the test is: a bar on a terminal, elsewhere a line now and then."""
    live, printed = terminal.is_terminal and not terminal.is_dumb_terminal, time.monotonic()
    columns = (TextColumn("steps"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bars = Progress(*columns, console=terminal, disable=not live, transient=True)
    task = bars.add_task("steps", total=None)

    def told(done: int, steps: int) -> None:
        nonlocal printed
        bars.update(task, completed=done, total=steps)
        if not live and time.monotonic() - printed >= _SECONDS_BETWEEN_LINES:
            printed = time.monotonic()
            say(f"step {done:,} of {steps:,}")

    with bars:
        yield told
