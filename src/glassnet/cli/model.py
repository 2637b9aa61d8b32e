"""Finding the model, and what belongs to it, that a user names."""

from __future__ import annotations

from pathlib import Path

from glassnet.nn import Network
from glassnet.recipes import Recipe, RunFolder


def load(path: Path) -> tuple[Network, Recipe | None]:
    """Return the network of a run's folder or of a model file, and its run's recipe if any.

    Raises
    ------
    FileNotFoundError
        If there is neither.
    ValueError
        If the file is no model.
    """
    file = path / "model.npz" if path.is_dir() else path
    if not file.exists():
        hint = "it has no model yet; go on with: glassnet train --resume" if path.is_dir() else ""
        raise FileNotFoundError(
            f"{path} is not a model: " + (f"{hint} {path}" if hint else "there is no such file")
        )
    folder = RunFolder(file.parent)
    recipe = folder.read_recipe() if folder.recipe.is_file() else None
    return Network.load(file), recipe
