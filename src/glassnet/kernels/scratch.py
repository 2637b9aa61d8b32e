"""Memory to work in that plans share, since only one works at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.alignment import aligned_zeros


class Scratch:
    """Gives memory for a purpose: what one plan has left there, the next one may overwrite.

    Each purpose has one piece of memory, as large as the largest that was asked for.

    Parameters
    ----------
    dtype : dtype

    Examples
    --------
    >>> scratch = Scratch(np.dtype(np.float32))
    >>> scratch.rows("sums", 2, 100).fill(1.0)
    >>> scratch.rows("sums", 1, 150).shape
    (1, 150)
    >>> float(scratch.rows("sums", 1, 150).max())
    1.0
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self._pieces: dict[str, np.ndarray] = {}

    def rows(self, purpose: str, count: int, size: int) -> np.ndarray:
        """Return memory for so many rows; any numbers may be in it.

        Parameters
        ----------
        purpose : str
        count, size : int

        Returns
        -------
        ndarray, shape (count, size)
        """
        piece = self._pieces.get(purpose)
        if piece is None or piece.size < count * size:
            piece = self._pieces[purpose] = aligned_zeros(count * size, self._dtype)
        return piece[: count * size].reshape(count, size)
