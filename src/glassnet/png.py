"""PNG pictures as a page can hold them: in the page itself."""

from __future__ import annotations

import base64
import struct

_PNG = b"\x89PNG\r\n\x1a\n"
_SIZE_AT = 16  # width and height, 4 bytes each, stand first in a PNG's header chunk


def data_uri(content: bytes) -> tuple[str, int, int]:
    """Return a ``data:`` URI of a PNG's bytes, and half its width and height, at least 1.

    Shown half as large as it is, a picture is sharp on fine screens.

    Raises
    ------
    ValueError
        If it is no PNG.
    """
    if not content.startswith(_PNG) or len(content) < _SIZE_AT + 8:
        raise ValueError("it is no PNG picture")
    width, height = struct.unpack_from(">II", content, _SIZE_AT)
    uri = "data:image/png;base64," + base64.b64encode(content).decode("ascii")
    return uri, max(width // 2, 1), max(height // 2, 1)
