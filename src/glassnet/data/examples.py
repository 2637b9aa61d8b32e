"""Single examples of other libraries, as arrays that a network takes."""

from __future__ import annotations

import zlib
from abc import abstractmethod
from typing import Any

import numpy as np

from glassnet.data.preprocessing import scale_to_unit
from glassnet.data.streaming import Source
from glassnet.data.validation import as_numbers

Shape = tuple[int, ...]

_WITH_PALETTE = ("P", "PA")


def as_example(value: Any, *, batch: bool = False) -> np.ndarray:  # noqa: ANN401
    """Return an example, or a batch of them, as an array of real numbers.

    Bytes with two or more axes (three or more in a batch) are an image: they are divided by 255.
    One of Pillow's with a palette gets its colours.

    Raises
    ------
    TypeError
        If it holds no real numbers.
    """
    if getattr(value, "mode", None) in _WITH_PALETTE and hasattr(value, "convert"):
        value = value.convert()
    array = as_numbers(value, "x")
    if array.dtype == np.uint8 and array.ndim >= 2 + batch:
        return scale_to_unit(array)
    return array


def arrangement(of: Shape, wanted: Shape | None) -> Shape | None:
    """Return the order of axes that makes examples fit, or None if they are taken as they are.

    The order is that of ``numpy.transpose`` for one example: channels first become channels last.

    Examples
    --------
    >>> arrangement((3, 32, 28), (32, 28, 3))
    (1, 2, 0)
    >>> arrangement((32, 28, 3), (32, 28, 3)) is None
    True
    """
    fits = wanted is None or of == wanted or len(of) != 3
    return None if fits or (*of[1:], of[0]) != wanted else (1, 2, 0)


def arranged(x: Any, shape: Shape | None) -> Any:  # noqa: ANN401
    """Return a batch whose examples have this shape if another order of axes gives it.

    Grey images get an axis of channels. What doesn't fit, or is no array, stays as it is. A
    memory-mapped array stays one: what is returned is a view of it.

    Examples
    --------
    >>> arranged(np.zeros((5, 1, 8, 8)), (8, 8, 1)).shape
    (5, 8, 8, 1)
    >>> arranged(np.zeros((5, 8, 8)), (8, 8, 1)).shape
    (5, 8, 8, 1)
    """
    if shape is None or not hasattr(x, "__array__"):
        return x
    array = x if isinstance(x, np.memmap) else as_numbers(x, "x")
    if (*array.shape[1:], 1) == shape:
        return array[..., None]
    order = arrangement(array.shape[1:], shape)
    return array if order is None else array.transpose(0, *(1 + axis for axis in order))


class ExampleSource(Source):
    """Examples that a data set of another library gives when they are needed.

    Parameters
    ----------
    data
        It has a length.
    input_shape : tuple of int, optional
        Of an example as the network takes it; see `arranged`.
    """

    def __init__(self, data: Any, input_shape: Shape | None) -> None:  # noqa: ANN401
        self._data = data
        (first,) = self.examples([0])
        self._input_shape: Shape = arranged(first[None], input_shape).shape[1:]

    @abstractmethod
    def examples(self, rows: list[int]) -> list[np.ndarray]:
        """Return these examples, as `as_example` has them."""

    @property
    def shape(self) -> Shape:
        """``(n, *input_shape)``."""
        return (len(self._data), *self._input_shape)

    def read(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Get the examples and put their axes in order.

        Raises
        ------
        ValueError
            If one has another shape than the first, or a value that is not finite.
        """
        numbers = rows.tolist()
        for place, row, found in zip(out, numbers, self.examples(numbers), strict=True):
            example = arranged(found[None], self._input_shape)[0]
            if example.shape != self._input_shape:
                raise ValueError(
                    f"example {row} has shape {example.shape}, example 0 {self._input_shape}; "
                    "bring them to one shape"
                )
            place[...] = example
            if not np.isfinite(place).all():
                raise ValueError(f"example {row} has values that are NaN or infinite")

    def checksum(self, rows: np.ndarray, value: int) -> int:
        """Go on over the numbers of the examples alone: random transforms change the rest."""
        return zlib.crc32(np.ascontiguousarray(rows, np.int64).data.cast("B"), value)
