"""The plan of a convolution by direct products: what it prepares for a geometry, and its memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.alignment import aligned_zeros
from glassnet.kernels.direct import Layout, convolve, stretches_of, turn, weight_gradients
from glassnet.kernels.geometry import Geometry
from glassnet.kernels.matrices import Matrix
from glassnet.kernels.team import Member, Team


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
        dh, dw = geometry.dilation
        filters, groups = geometry.filters, geometry.groups
        if kh == kw == 1 and geometry.stride == (1, 1) and geometry.padded == (height, width):
            height, width = 1, height * width  # one long row
            out_height, out_width = height, width
        padded_height = height + sum(geometry.padding[0])
        padded_width = width + sum(geometry.padding[1])
        self.layout, self.offsets = stretches_of(
            Layout(
                height, width, channels, 1, 1, top, left, padded_height, padded_width,
                int((padded_height, padded_width) != (height, width)),
                *geometry.stride, 0, 0, groups, out_height, out_width, filters,
            ),
            geometry.kernel, geometry.dilation,
        )  # fmt: skip
        line = padded_width * channels
        self.lines = np.arange(out_height, dtype=np.int64) * geometry.stride[0] * line
        back_top, back_left = (kh - 1) * dh - top, (kw - 1) * dw - left
        back_height, back_width = height + (kh - 1) * dh, width + (kw - 1) * dw
        self.back, self.back_offsets = stretches_of(
            Layout(
                out_height, out_width, filters, *geometry.stride, back_top, back_left,
                back_height, back_width, int((back_height, back_width) != (out_height, out_width)),
                1, 1, 0, 0, groups, height, width, channels,
            ),
            geometry.kernel, geometry.dilation,
        )  # fmt: skip
        self.weights_shape = (kh * kw, channels // groups, filters)
        self.dtype, self.threads = dtype, threads
        self.work = aligned_zeros(threads * padded_height * line * self.layout.padded, dtype)
        self.zeros, self.ones = aligned_zeros(max(channels, filters), dtype), np.ones(1, dtype)
        self._for_gradients: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

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
        images, flat_x, flat_dy = len(x), x.reshape(-1), dy.reshape(-1)
        sums, turned, back_work = self._memory_for_gradients()
        none = self.zeros[:0]
        flat_dW = none if dW is None else dW.reshape(-1)
        db = none if db is None else db
        flat_dx = none if dx is None else dx.reshape(-1)
        taps, channels, filters = self.weights_shape
        W = W.reshape(taps, channels, filters)

        def run(member: Member) -> None:
            weight_gradients(
                member, self.layout, self.offsets, self.lines, images, flat_x, flat_dy,
                flat_dW, db, self.work, sums, self.ones,
            )  # fmt: skip
            if dx is not None:
                turn(member, self.layout.groups, W, turned)
                convolve(
                    member, self.back, self.back_offsets, images, flat_dy, turned.reshape(-1),
                    Matrix(self.zeros, 0, 0, 1), flat_dx, back_work,
                )  # fmt: skip

        team.run(run)

    def _memory_for_gradients(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if self._for_gradients is None:
            taps, channels, filters = self.weights_shape
            size = -(-(taps * channels * filters + filters) // 16) * 16
            back = self.back.padded_height * self.back.padded_width * filters * self.back.padded
            turned = aligned_zeros(taps * channels * filters, self.dtype)
            self._for_gradients = (
                aligned_zeros(self.threads * size, self.dtype).reshape(self.threads, size),
                turned.reshape(taps, filters // self.layout.groups, self.layout.channels),
                aligned_zeros(self.threads * back, self.dtype),
            )
        return self._for_gradients
