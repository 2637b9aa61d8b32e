"""The plan of a convolution by Winograd's algorithm: its tables, and what memory it takes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from glassnet.alignment import aligned_zeros, round_up
from glassnet.kernels import winograd
from glassnet.kernels.geometry import Geometry
from glassnet.kernels.scratch import Scratch
from glassnet.kernels.team import Member, Team
from glassnet.kernels.tiles import panel_columns
from glassnet.kernels.winograd_gradients import turn, weight_gradients

TILES = 48
"""In a block, at most. What lies between the transforms then stays in the second cache."""

MOST_TILES, MANY_WEIGHTS = 144, 2**15
"""For the gradients of so many weights: their sums are read and written once a block."""


class _Matrices(NamedTuple):
    """Matrices at the points, of one purpose: how they lie in memory that plans share."""

    purpose: str
    threads: int
    size: int
    """Numbers that each thread has."""
    apart: int
    row: int
    column: int
    table: np.ndarray

    def within(self, scratch: Scratch) -> winograd.Values:
        """Return memory for them."""
        memory = scratch.rows(self.purpose, self.threads, self.size)
        return winograd.Values(memory, self.apart, self.row, self.column, self.table)


class Winograd:
    """Plan of the convolution in `glassnet.kernels.winograd`."""

    def __init__(
        self,
        geometry: Geometry,
        batch: int,
        dtype: np.dtype[Any],
        threads: int,
        scratch: Scratch,
    ) -> None:
        channels, filters = geometry.input_shape[2], geometry.filters
        (top, bottom), (left, right) = geometry.padding
        self.dtype, self.threads, self.scratch = dtype, threads, scratch
        self.line, self.panel = 64 // dtype.itemsize, panel_columns(dtype.itemsize)
        self.forward_blocks = self._blocks(geometry, batch, TILES)
        most = MOST_TILES if channels * filters >= MANY_WEIGHTS else TILES
        self.weight_blocks = self._blocks(geometry, batch, most)
        turned = Geometry(
            (*geometry.output, filters), (3, 3), channels,
            padding=((2 - top, 2 - bottom), (2 - left, 2 - right)),
        )  # fmt: skip
        self.back_blocks = self._blocks(turned, batch, TILES)
        self.U = self._in_panels("kernels", 1, channels, filters)
        self.turned_U = self._in_panels("kernels", 1, filters, channels)
        self.V, self.M = self._of_images(self.forward_blocks), self._of_outputs(self.forward_blocks)
        self.of_x, self.of_y = (
            self._of_images(self.weight_blocks), self._of_outputs(self.weight_blocks)
        )  # fmt: skip
        self.of_dy, self.of_dx = (
            self._of_images(self.back_blocks),
            self._of_outputs(self.back_blocks),
        )
        self.sums = self._in_panels("sums", threads, channels, filters, more=filters)

    def _blocks(self, geometry: Geometry, batch: int, tiles: int) -> winograd.Blocks:
        (height, width, channels), filters = geometry.input_shape, geometry.filters
        (out_height, out_width), ((top, _), (left, _)) = geometry.output, geometry.padding
        down, across = -(-out_height // 4), -(-out_width // 4)
        widest = round_up(max(channels, filters), self.line)
        return winograd.Blocks(
            height * width * channels, out_height * out_width * filters, channels, filters,
            down * across, min(tiles, batch * down * across), self.panel,
            winograd.places_of_tiles(height, width, channels, top, left, 6, down, across),
            winograd.places_of_tiles(out_height, out_width, filters, 0, 0, 4, down, across),
            np.arange(9, dtype=np.int32) * (channels * filters),
            aligned_zeros(widest, self.dtype),
            aligned_zeros(self.threads * widest, self.dtype).reshape(self.threads, widest),
            np.zeros(1, np.int64), np.ones(1, self.dtype),
        )  # fmt: skip

    def _matrices(
        self, purpose: str, threads: int, size: int, row: int, column: int, more: int = 0
    ) -> _Matrices:
        """Return matrices of so many numbers at the points, with some more numbers behind."""
        apart = size + self.line  # or all points would share a few lines of the cache
        table = np.arange(winograd.POINTS, dtype=np.int32) * np.int32(apart)
        numbers = round_up(winograd.POINTS * apart + more, self.line)
        return _Matrices(purpose, threads, numbers, apart, row, column, table)

    def _of_images(self, blocks: winograd.Blocks) -> _Matrices:
        """Return matrices for a block of tiles, each row in one piece."""
        row = round_up(blocks.channels, self.line)
        if row % (8 * self.line) == 0:
            row += self.line  # the same
        return self._matrices("images", self.threads, blocks.size * row, row, 1)

    def _of_outputs(self, blocks: winograd.Blocks) -> _Matrices:
        """Return matrices for what becomes of these tiles, or was made of them."""
        return self._in_panels("outputs", self.threads, blocks.size, blocks.filters)

    def _in_panels(
        self, purpose: str, threads: int, rows: int, columns: int, more: int = 0
    ) -> _Matrices:
        """Return matrices with their columns in panels."""
        size = rows * round_up(columns, self.panel)
        return self._matrices(purpose, threads, size, self.panel, rows, more)

    def forward(
        self, team: Team, x: np.ndarray, W: np.ndarray, bias: np.ndarray | None, out: np.ndarray
    ) -> None:
        """See `Convolution.forward`."""
        blocks, images = self.forward_blocks, len(x)
        flat_x, flat_W, flat_out = x.reshape(-1), W.reshape(-1), out.reshape(-1)
        row = blocks.zeros if bias is None else bias
        U, V, M = (matrices.within(self.scratch) for matrices in (self.U, self.V, self.M))

        def run(member: Member) -> None:
            winograd.transform_kernels(member, blocks.channels, blocks.filters, blocks, flat_W, U)
            winograd.forward(member, blocks, images, flat_x, U, row, V, M, flat_out)

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
        blocks, back, images = self.weight_blocks, self.back_blocks, len(x)
        none = back.zeros[:0]
        flat_dW, flat_db, flat_dx = (none if a is None else a.reshape(-1) for a in (dW, db, dx))
        flat_x, flat_dy = x.reshape(-1), dy.reshape(-1)
        W = W.reshape(9, blocks.channels, blocks.filters)
        turned = self.scratch.rows("turned", 9, W[0].size).reshape(9, *W.shape[:0:-1])
        of_x, of_y, sums, U, of_dy, of_dx = (
            matrices.within(self.scratch)
            for matrices in (
                self.of_x, self.of_y, self.sums, self.turned_U, self.of_dy, self.of_dx,
            )
        )  # fmt: skip

        def run(member: Member) -> None:
            weight_gradients(
                member, blocks, images, flat_x, flat_dy, of_x, of_y, sums, flat_dW, flat_db
            )
            if flat_dx.size == 0:
                return
            turn(member, W, turned)  # when all are done with the gradients' memory
            winograd.transform_kernels(
                member, back.channels, back.filters, back, turned.reshape(-1), U
            )
            winograd.forward(member, back, images, flat_dy, U, back.zeros, of_dy, of_dx, flat_dx)

        team.run(run)
