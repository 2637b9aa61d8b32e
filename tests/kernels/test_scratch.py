"""Memory that plans share."""

import numpy as np

from glassnet.kernels.scratch import Scratch


def test_a_purpose_has_one_piece_of_memory_that_only_grows() -> None:
    scratch = Scratch(np.dtype(np.float32))
    small = scratch.rows("sums", 2, 16)
    assert np.shares_memory(scratch.rows("sums", 1, 32), small)
    large = scratch.rows("sums", 3, 16)
    assert not np.shares_memory(large, small)
    assert np.shares_memory(scratch.rows("sums", 2, 16), large)


def test_purposes_share_nothing() -> None:
    scratch = Scratch(np.dtype(np.float64))
    assert not np.shares_memory(scratch.rows("sums", 2, 8), scratch.rows("images", 2, 8))


def test_rows_begin_on_a_cache_line_with_the_dtype_that_was_asked_for() -> None:
    rows = Scratch(np.dtype(np.float64)).rows("images", 3, 8)
    assert rows.dtype == np.float64
    assert all(row.ctypes.data % 64 == 0 for row in rows)
