"""A folder of pictures that are decoded when a batch needs them."""

from __future__ import annotations

import os
import zlib

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.data.images import ImageFolder, decode_into, list_image_folder
from glassnet.data.streaming import Source


class ImageFiles(Source):
    """Pictures in files.

    Parameters
    ----------
    folder : ImageFolder
        From `list_image_folder`.
    """

    def __init__(self, folder: ImageFolder) -> None:
        self._files, self._shape = folder.files, folder.shape

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, height, width, channels)``."""
        return self._shape

    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Decode the pictures.

        Raises
        ------
        ValueError
            If a file is broken; names it.
        OSError
            If a file can't be read.
        """
        for row, image in zip(rows.tolist(), out, strict=True):
            try:
                decode_into(self._files[row], image)
            except FileNotFoundError:
                raise FileNotFoundError(
                    f"{self._files[row]} is gone: it was there when the folder was listed; "
                    "leave the pictures where they are as long as they are learned from"
                ) from None

    def checksum(self, rows: np.ndarray, value: int) -> int:
        """Go on with a CRC-32 over names and sizes of the files: nothing is decoded."""
        value = zlib.crc32(repr(self._shape[1:]).encode(), value)
        for file in (self._files[row] for row in rows.tolist()):
            told = f"{file.parent.name}/{file.name} {file.stat().st_size}\n"
            value = zlib.crc32(told.encode("utf-8", "surrogateescape"), value)
        return value


def stream_image_folder(
    path: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    color: bool | None = None,
) -> Dataset:
    """Return a folder of pictures as a data set that decodes them anew in every epoch.

    For folders that are too large for memory: `read_image_folder` decodes once. The headers of
    all files are read at once, where `size` or `color` is not given. A file that is broken is told
    when its turn comes.

    Parameters
    ----------
    path : path-like
        ``path/CLASS/*.png`` and other formats, as for `read_image_folder`.
    size : (height, width), optional
        Resize every picture. Default: all must have one size already.
    color : bool, optional
        3 channels, or 1. Default: 3 if any picture has colour.

    Returns
    -------
    data : Dataset
        Its `x` is a `StreamedRows`.

    Raises
    ------
    ValueError
        If there is no class folder, one has no pictures, or sizes differ.
    OSError
        If a file can't be read.
    MissingExtraError
        If Pillow is not installed.

    Examples
    --------
    >>> stream_image_folder("photos", size=(64, 64), color=True)  # doctest: +SKIP
    Dataset('photos', 200000 examples of shape (64, 64, 3), 2 classes)
    """
    folder = list_image_folder(path, size=size, color=color)
    return Dataset(ImageFiles(folder), folder.labels, folder.class_names, folder.name)
