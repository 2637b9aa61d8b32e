"""``glassnet check``: whether the gradients of a recipe's network are right."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer

from glassnet.cli import options
from glassnet.cli.console import add, out, say, table
from glassnet.cli.progress import downloads
from glassnet.nn import gradient_check
from glassnet.recipes import load_recipe, prepare

NAME = "check"
EXAMPLES = """Examples:

glassnet check

glassnet check mnist-mlp --samples 500"""
TOLERANCE = 1e-6


def command(
    recipe: Annotated[str, typer.Argument(help="A shipped recipe or a .toml file.")] = "digits",
    samples: Annotated[int, typer.Option(help="Entries checked of each array.", min=1)] = 50,
    examples: Annotated[int, typer.Option(help="Training examples to check on.", min=1)] = 8,
    data_dir: options.DataDir = None,
) -> None:
    """Compare backpropagation with central differences, in float64, on a recipe's own data."""
    with downloads() as progress:
        job = prepare(load_recipe(recipe), data_dir=data_dir, progress=progress)
    few = job.train.take(np.arange(min(examples, len(job.train))))
    with out.status("moving parameters one by one"):
        found = gradient_check(
            job.network,
            job.recipe.training.loss,  # type: ignore[arg-type]
            few.x,
            few.y,
            samples=samples,
            seed=job.recipe.training.seed,
        )
    right = found.error < TOLERANCE
    made = table("", "")
    made.show_header = False
    add(made, "parameters checked", f"{found.checked:,} of {job.network.theta.size:,}")
    add(made, "largest relative error", f"{found.error:.2e}")
    add(made, "where", f"{found.parameter}{list(found.index)}")
    add(made, "backpropagation", f"{found.analytic:.10e}")
    add(made, "central difference", f"{found.numeric:.10e}")
    out.print(made)
    if not right:
        say(f"The gradient is wrong: the error is above {TOLERANCE:g}.", "bold red")
        raise typer.Exit(1)
    say(f"The gradient is right: the error is below {TOLERANCE:g}.", "bold green")
