"""The plan of a convolution by direct products: what it prepares for a geometry, and its memory."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from glassnet.alignment import aligned_zeros
from glassnet.kernels.direct import Layout, convolve, stretches_of
from glassnet.kernels.direct_gradients import input_gradients, transpose, weight_gradients
from glassnet.kernels.geometry import Geometry
from glassnet.kernels.matrices import Matrix
from glassnet.kernels.team import Member, Team
from glassnet.kernels.tiles import panel_columns

NUMBERS = 2**15
"""Of patches that are made at a time."""


class Direct:
    """Plan of the convolution in `glassnet.kernels.direct`."""

    def __init__(
        self,
        geometry: Geometry,
        batch: int,  # noqa: ARG002
        dtype: np.dtype[Any],
        threads: int,
    ) -> None:
        (height, width, channels), (kh, kw) = geometry.input_shape, geometry.kernel
        out_height, out_width = geometry.output
        (top, _), (left, _) = geometry.padding
        filters, groups = geometry.filters, geometry.groups
        if kh == kw == 1 and geometry.stride == (1, 1) and geometry.padded == (height, width):
            height, width = 1, height * width  # one long row
            out_height, out_width = height, width
        padded_height = height + sum(geometry.padding[0])
        padded_width = width + sum(geometry.padding[1])
        self.layout, self.offsets = stretches_of(
            Layout(
                height, width, channels, top, left, padded_height, padded_width,
                int((padded_height, padded_width) != (height, width)),
                *geometry.stride, 0, 0, groups, out_height, out_width, filters,
            ),
            geometry.kernel, geometry.dilation,
        )  # fmt: skip
        self.line = padded_width * channels
        self.patch = kh * kw * channels // groups
        self.dtype, self.threads = dtype, threads
        self.work = self._padded_images()
        self.zeros = aligned_zeros(max(filters, panel_columns(dtype.itemsize)), dtype)
        self._for_gradients: _DirectGradients | None = None

    def _padded_images(self) -> np.ndarray:
        """Return memory for an image with its borders for each thread, if it has any."""
        size = self.layout.padded * self.layout.padded_height * self.line
        return aligned_zeros(self.threads * size, self.dtype)

    def forward(
        self, team: Team, x: np.ndarray, W: np.ndarray, bias: np.ndarray | None, out: np.ndarray
    ) -> None:
        """See `Convolution.forward`."""
        row = Matrix(self.zeros if bias is None else bias, 0, 0, 1)
        arguments = (
            self.layout, self.offsets, len(x), x.reshape(-1), W.reshape(-1), row,
            out.reshape(-1), self.work,
        )  # fmt: skip
        team.run(lambda member: convolve(member, *arguments))

    def gradients(
        self,
        team: Team,
        x: np.ndarray,
        dy: np.ndarray,
        W: np.ndarray,
        dW: np.ndarray | None,
        db: np.ndarray | None,
        dx: np.ndarray | None,
    ) -> None:
        """See `Convolution.gradients`."""
        memory, images, flat_x, flat_dy = self._memory(), len(x), x.reshape(-1), dy.reshape(-1)
        none = self.zeros[:0]
        flat_dW, flat_db, flat_dx = (none if a is None else a.reshape(-1) for a in (dW, db, dx))
        W = W.reshape(self.patch, self.layout.filters)
        columns = memory.panel_zeros.size

        def run(member: Member) -> None:
            weight_gradients(
                member, self.layout, self.offsets, memory.lines, images, flat_x, flat_dy,
                flat_dW, flat_db, self.work, memory.sums, memory.ones,
            )  # fmt: skip
            if dx is not None:
                transpose(member, columns, W, memory.transposed)
                input_gradients(
                    member, self.layout, self.offsets, memory.block, images, flat_dy,
                    memory.transposed, flat_dx, memory.patches, memory.work, memory.panel_zeros,
                )  # fmt: skip

        team.run(run)

    def _memory(self) -> _DirectGradients:
        """Return the memory for gradients; a plan that only predicts has none."""
        if self._for_gradients is None:
            layout, patch, panel = self.layout, self.patch, panel_columns(self.dtype.itemsize)
            block = min(max(8, NUMBERS // patch), layout.out_height * layout.out_width)
            filters = layout.filters // layout.groups
            self._for_gradients = _DirectGradients(
                np.arange(layout.out_height, dtype=np.int64) * layout.stride_h * self.line,
                np.ones(1, self.dtype),
                self._for_threads(self.threads, patch * layout.filters + layout.filters),
                self._for_threads(layout.groups, filters * (-(-patch // panel) * panel)),
                block,
                self._for_threads(self.threads, block * patch),
                self._padded_images(),
                aligned_zeros(panel, self.dtype),
            )
        return self._for_gradients

    def _for_threads(self, threads: int, n: int) -> np.ndarray:
        n = -(-n // 16) * 16
        return aligned_zeros(threads * n, self.dtype).reshape(threads, n)


class _DirectGradients(NamedTuple):
    """Memory that only gradients take."""

    lines: np.ndarray
    ones: np.ndarray
    sums: np.ndarray
    transposed: np.ndarray
    block: int
    patches: np.ndarray
    work: np.ndarray
    panel_zeros: np.ndarray
