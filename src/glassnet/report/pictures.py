"""Pictures as a page holds them: in the page itself."""

from __future__ import annotations

import base64
import struct
from pathlib import Path
from typing import NamedTuple

_PNG = b"\x89PNG\r\n\x1a\n"
_SIZE_AT = 16  # width and height, 4 bytes each, stand first in a PNG's header chunk


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
    content = path.read_bytes()
    if not content.startswith(_PNG) or len(content) < _SIZE_AT + 8:
        raise ValueError(f"{path} is no PNG picture; remove it to leave it out")
    width, height = struct.unpack_from(">II", content, _SIZE_AT)
    uri = "data:image/png;base64," + base64.b64encode(content).decode("ascii")
    return Picture(uri, max(width // 2, 1), max(height // 2, 1))
