"""The geometry of a convolution."""

from __future__ import annotations

from dataclasses import dataclass

Pair = tuple[int, int]


@dataclass(frozen=True)
class Geometry:
    """What a convolution does to one image; lengths are those of `Convolution`'s arguments."""

    input_shape: tuple[int, int, int]
    kernel: Pair
    filters: int
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)
    groups: int = 1

    @property
    def padded(self) -> Pair:
        """Height and width of the image with its borders."""
        height, width = (
            n + sum(p) for n, p in zip(self.input_shape[:2], self.padding, strict=True)
        )
        return height, width

    @property
    def output(self) -> Pair:
        """Height and width of the output."""
        height, width = (
            (n - (k - 1) * d - 1) // s + 1
            for n, k, s, d in zip(self.padded, self.kernel, self.stride, self.dilation, strict=True)
        )
        return height, width

    @property
    def weights_shape(self) -> tuple[int, int, int, int]:
        """Shape of `W`."""
        return *self.kernel, self.input_shape[2] // self.groups, self.filters
