"""Figures in files: the same figure gives the same bytes, today and tomorrow."""

from __future__ import annotations

import io
import os
from pathlib import Path

from matplotlib.figure import Figure

from glassnet.figures import style
from glassnet.names import lookup
from glassnet.storage import atomic_write

DPI = 200

# None leaves out what matplotlib would write: its version, and the time of day.
_METADATA: dict[str, dict[str, None]] = {
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    ".png": {"Software": None},
    ".svg": {"Creator": None, "Date": None},
}


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Put a figure in a file whole, without dates, so that it can be compared byte by byte.

    Parameters
    ----------
    figure : Figure
        The picture.
    path : path-like
        The file; it ends in ``.png``, ``.svg`` or ``.pdf``. Its folder must exist.

    Returns
    -------
    Path
        Where the figure is.

    Raises
    ------
    ValueError
        If the file's ending is another one.
    OSError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> from glassnet import figures
    >>> figure = figures.learning_curves([{"epoch": 1, "loss": 2.3}, {"epoch": 2, "loss": 1.9}])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = figures.save(figure, folder + "/curves.svg")
    ...     print(path.name, path.read_text()[:5])
    curves.svg <?xml
    """
    path = Path(path)
    content = encoded(figure, path.suffix.lower())
    with atomic_write(path) as file:
        file.write(content)
    return path


def encoded(figure: Figure, suffix: str) -> bytes:
    """Return what a figure's file holds.

    Raises
    ------
    ValueError
        If the suffix is none of ``".png"``, ``".svg"`` and ``".pdf"``.
    """
    metadata = lookup(_METADATA, suffix, "ending of a figure's file")
    file = io.BytesIO()
    # Type 42 fonts: many journals refuse matplotlib's default, Type 3.
    with style.defaults(svg_hashsalt="glassnet", pdf_fonttype=42):
        figure.savefig(file, format=suffix[1:], dpi=DPI, facecolor="white", metadata=metadata)
    return file.getvalue()
