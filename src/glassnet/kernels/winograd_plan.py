"""The plan of a convolution by Winograd's algorithm: its tables and its memory."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from glassnet.alignment import aligned_zeros
from glassnet.kernels import winograd
from glassnet.kernels.geometry import Geometry
from glassnet.kernels.team import Member, Team
from glassnet.kernels.tiles import panel_columns
from glassnet.kernels.winograd_gradients import turn, weight_gradients

TILES = 48
"""In a block, at most. What lies between the transforms then stays in the second cache."""

MOST_TILES, MANY_WEIGHTS = 144, 2**15
"""For the gradients of so many weights: their sums are read and written once a block."""


class Winograd:
    """Plan of the convolution in `glassnet.kernels.winograd`."""

    def __init__(self, geometry: Geometry, batch: int, dtype: np.dtype[Any], threads: int) -> None:
        channels, filters = geometry.input_shape[2], geometry.filters
        (top, bottom), (left, right) = geometry.padding
        self.dtype, self.threads = dtype, threads
        self.line, self.panel = 64 // dtype.itemsize, panel_columns(dtype.itemsize)
        self.forward_blocks = self._blocks(geometry, batch, TILES)
        most = MOST_TILES if channels * filters >= MANY_WEIGHTS else TILES
        self.weight_blocks = self._blocks(geometry, batch, most)
        turned = Geometry(
            (*geometry.output, filters), (3, 3), channels,
            padding=((2 - top, 2 - bottom), (2 - left, 2 - right)),
        )  # fmt: skip
        self.back_blocks = self._blocks(turned, batch, TILES)
        self.U = self._kernels(channels, filters)
        self.V, self.M = self._for_outputs(self.forward_blocks)
        self._for_gradients: _WinogradGradients | None = None

    def _blocks(self, geometry: Geometry, batch: int, tiles: int) -> winograd.Blocks:
        (height, width, channels), filters = geometry.input_shape, geometry.filters
        (out_height, out_width), ((top, _), (left, _)) = geometry.output, geometry.padding
        down, across = -(-out_height // 4), -(-out_width // 4)
        widest = self._padded(max(channels, filters), self.line)
        return winograd.Blocks(
            height * width * channels, out_height * out_width * filters, channels, filters,
            down * across, min(tiles, batch * down * across), self.panel,
            winograd.places_of_tiles(height, width, channels, top, left, 6, down, across),
            winograd.places_of_tiles(out_height, out_width, filters, 0, 0, 4, down, across),
            np.arange(9, dtype=np.int32) * (channels * filters),
            aligned_zeros(widest, self.dtype), self._rows_for_threads(self.threads, widest),
            np.zeros(1, np.int64), np.ones(1, self.dtype),
        )  # fmt: skip

    @staticmethod
    def _padded(n: int, to: int) -> int:
        return -(-n // to) * to

    def _rows_for_threads(self, threads: int, n: int) -> np.ndarray:
        n = self._padded(n, self.line)
        return aligned_zeros(threads * n, self.dtype).reshape(threads, n)

    def _values(
        self, threads: int, size: int, row: int, column: int, more: int = 0
    ) -> winograd.Values:
        """Return memory for matrices of so many numbers at the points, and for some more."""
        apart = size + self.line  # or all points would share a few lines of the cache
        memory = self._rows_for_threads(threads, winograd.POINTS * apart + more)
        table = np.arange(winograd.POINTS, dtype=np.int32) * np.int32(apart)
        return winograd.Values(memory, apart, row, column, table)

    def _in_rows(self, rows: int, columns: int) -> winograd.Values:
        """Return memory for matrices at the points, each row in one piece."""
        row = self._padded(columns, self.line)
        if row % (8 * self.line) == 0:
            row += self.line  # the same
        return self._values(self.threads, rows * row, row, 1)

    def _in_panels(self, threads: int, rows: int, columns: int, more: int = 0) -> winograd.Values:
        """Return memory for matrices at the points, their columns in panels."""
        size = rows * self._padded(columns, self.panel)
        return self._values(threads, size, self.panel, rows, more)

    def _kernels(self, channels: int, filters: int) -> winograd.Values:
        return self._in_panels(1, channels, filters)

    def _for_outputs(self, blocks: winograd.Blocks) -> tuple[winograd.Values, winograd.Values]:
        return (
            self._in_rows(blocks.size, blocks.channels),
            self._in_panels(self.threads, blocks.size, blocks.filters),
        )

    def forward(
        self, team: Team, x: np.ndarray, W: np.ndarray, bias: np.ndarray | None, out: np.ndarray
    ) -> None:
        """See `Convolution.forward`."""
        blocks, images = self.forward_blocks, len(x)
        flat_x, flat_W, flat_out = x.reshape(-1), W.reshape(-1), out.reshape(-1)
        row = blocks.zeros if bias is None else bias

        def run(member: Member) -> None:
            winograd.transform_kernels(
                member, blocks.channels, blocks.filters, blocks, flat_W, self.U
            )
            winograd.forward(member, blocks, images, flat_x, self.U, row, self.V, self.M, flat_out)

        team.run(run)

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
        memory, blocks, back, images = self._memory(), self.weight_blocks, self.back_blocks, len(x)
        none = back.zeros[:0]
        flat_dW, flat_db, flat_dx = (none if a is None else a.reshape(-1) for a in (dW, db, dx))
        flat_x, flat_dy = x.reshape(-1), dy.reshape(-1)
        W = W.reshape(9, blocks.channels, blocks.filters)

        def run(member: Member) -> None:
            weight_gradients(
                member, blocks, images, flat_x, flat_dy, memory.V, memory.D, memory.sums,
                flat_dW, flat_db,
            )  # fmt: skip
            if flat_dx.size == 0:
                return
            turn(member, W, memory.turned)
            winograd.transform_kernels(
                member, back.channels, back.filters, back, memory.turned.reshape(-1), memory.U
            )
            winograd.forward(
                member, back, images, flat_dy, memory.U, back.zeros, memory.of_dy, memory.of_dx,
                flat_dx,
            )  # fmt: skip

        team.run(run)

    def _memory(self) -> _WinogradGradients:
        """Return the memory for gradients; a plan that only predicts has none."""
        if self._for_gradients is None:
            channels, filters = self.weight_blocks.channels, self.weight_blocks.filters
            V, D = self._for_outputs(self.weight_blocks)
            sums = self._in_panels(self.threads, channels, filters, more=filters)
            turned = aligned_zeros(9 * channels * filters, self.dtype)
            self._for_gradients = _WinogradGradients(
                V, D, sums, turned.reshape(9, filters, channels),
                self._kernels(filters, channels), *self._for_outputs(self.back_blocks),
            )  # fmt: skip
        return self._for_gradients


class _WinogradGradients(NamedTuple):
    """Memory that only gradients take."""

    V: winograd.Values
    D: winograd.Values
    sums: winograd.Values
    turned: np.ndarray
    U: winograd.Values
    of_dy: winograd.Values
    of_dx: winograd.Values
