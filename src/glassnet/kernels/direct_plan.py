"""The plan of a convolution by direct products: what it prepares for a geometry, and its memory."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from glassnet.alignment import aligned_zeros, round_up
from glassnet.kernels.direct import Layout, convolve, stretches_of
from glassnet.kernels.direct_gradients import input_gradients, transpose, weight_gradients
from glassnet.kernels.geometry import Geometry
from glassnet.kernels.matrices import Matrix
from glassnet.kernels.scratch import Scratch
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
        scratch: Scratch,
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
        self.dtype, self.threads, self.scratch = dtype, threads, scratch
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
        columns, n_patch = memory.panel_zeros.size, round_up(self.patch, memory.panel_zeros.size)
        filters, groups = self.layout.filters, self.layout.groups
        sums = self._rows("sums", self.threads, self.patch * filters + filters)
        transposed = self._rows("turned", groups, filters // groups * n_patch)
        patches = self._rows("images", self.threads, memory.block * self.patch)

        def run(member: Member) -> None:
            weight_gradients(
                member, self.layout, self.offsets, memory.lines, images, flat_x, flat_dy,
                flat_dW, flat_db, self.work, sums, memory.ones,
            )  # fmt: skip
            if dx is not None:
                transpose(member, columns, W, transposed)
                input_gradients(
                    member, self.layout, self.offsets, memory.block, images, flat_dy,
                    transposed, flat_dx, patches, memory.work, memory.panel_zeros,
                )  # fmt: skip

        team.run(run)

    def _memory(self) -> _DirectGradients:
        """Return the memory for gradients; a plan that only predicts has none."""
        if self._for_gradients is None:
            layout, panel = self.layout, panel_columns(self.dtype.itemsize)
            block = min(max(8, NUMBERS // self.patch), layout.out_height * layout.out_width)
            self._for_gradients = _DirectGradients(
                np.arange(layout.out_height, dtype=np.int64) * layout.stride_h * self.line,
                np.ones(1, self.dtype),
                block,
                self._padded_images(),
                aligned_zeros(panel, self.dtype),
            )
        return self._for_gradients

    def _rows(self, purpose: str, count: int, n: int) -> np.ndarray:
        return self.scratch.rows(purpose, count, round_up(n, 16))


class _DirectGradients(NamedTuple):
    """What only gradients take."""

    lines: np.ndarray
    ones: np.ndarray
    block: int
    work: np.ndarray
    panel_zeros: np.ndarray
