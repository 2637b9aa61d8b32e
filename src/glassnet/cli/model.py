"""Finding the model, and what belongs to it, that a user names."""

from __future__ import annotations

import shlex
from pathlib import Path

from glassnet.nn import Network
from glassnet.recipes import Recipe, RecipeError, RunFolder
from glassnet.training.views import TestTimeAugmentation, views_from_config


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
        again = f"glassnet train --resume {shlex.quote(str(path))}"
        hint = f"it has no model yet; go on with: {again}" if path.is_dir() else ""
        raise FileNotFoundError(f"{path} is not a model: {hint or 'there is no such file'}")
    folder = RunFolder(file.parent)
    recipe = folder.read_recipe() if folder.recipe.is_file() else None
    if file.suffix == ".safetensors":
        from glassnet.export import load_safetensors

        return load_safetensors(file), recipe
    if file.suffix != ".npz":
        raise ValueError(
            f"{file} is not an .npz file, as training writes them, nor a .safetensors file of "
            "glassnet: no other model can be read"
        )
    return Network.load(file), recipe


def views_wanted(text: str | None, recipe: Recipe | None = None) -> TestTimeAugmentation | None:
    """Return the test-time augmentation of ``--tta``, or that of the recipe.

    Raises
    ------
    RecipeError
        If the text is none; says what is allowed.
    """
    if text is None:
        table = recipe.training.test_time if recipe else None
        return None if table is None else views_from_config(table)
    found: dict[str, bool | int] = {"mirror": False, "shift": 0}
    for part in text.split(","):
        key, equals, value = (word.strip() for word in part.partition("="))
        if key == "mirror" and not equals:
            found["mirror"] = True
        elif key == "shift" and value.isdecimal():
            found["shift"] = int(value)
        else:
            raise RecipeError(
                f"--tta takes mirror, shift=PIXELS, or both: mirror,shift=1; got {text!r}"
            )
    return views_from_config(found)


def views_of(test_time: TestTimeAugmentation) -> str:
    """Say what is averaged over."""
    image = "the image and its mirror image" if test_time.mirror else "the image"
    if not test_time.shift:
        return image
    both = "both" if test_time.mirror else "it"
    pixels = f"{test_time.shift} pixel{'s' if test_time.shift > 1 else ''}"
    return f"{image} (half of the weight), and {both} shifted by {pixels} two ways"
