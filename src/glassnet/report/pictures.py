"""Pictures as a page holds them: in the page itself."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from glassnet.png import data_uri


class Picture(NamedTuple):
    """A picture as a page can hold it.

    Parameters
    ----------
    uri : str
        A ``data:`` URI of all its bytes.
    width, height : int
        How large it is shown, in CSS pixels.
    """

    uri: str
    width: int
    height: int


def png_picture(path: Path) -> Picture:
    """Return a PNG file as a picture, half as large as it is, so that it is sharp on fine screens.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is no PNG.
    """
    try:
        return Picture(*data_uri(path.read_bytes()))
    except ValueError:
        raise ValueError(f"{path} is no PNG picture; remove it to leave it out") from None
