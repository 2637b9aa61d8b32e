"""Takes the pictures of the tutorials: figures of matplotlib that no pyplot knows."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

from glassnet import figures

_LAST = "___"  # where sphinx-gallery keeps the value of a block's last line


def scrape(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:  # noqa: ANN401, ARG001
    """Save the figure that a block ends with, and return the lines that show it."""
    names = block_vars["example_globals"]
    figure = names.get(_LAST)
    if not isinstance(figure, Figure):
        return ""
    names[_LAST] = None  # a later block may end without a value
    path = next(block_vars["image_path_iterator"])
    figures.save(figure, path)
    return figure_rst([path], gallery_conf["src_dir"])
