import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data import Dataset, batches
from glassnet.data.batches import chunks

FLOAT32 = np.dtype("float32")


def numbered(n: int, shape: tuple[int, ...] = (1,)) -> Dataset:
    x = np.broadcast_to(np.arange(n, dtype=np.float32).reshape(n, *[1] * len(shape)), (n, *shape))
    return Dataset(x, np.arange(n))


def gather(dataset, order, batch_size, **settings) -> list[tuple[int, list, list]]:
    settings = {"dtype": FLOAT32} | settings
    return [
        (c.start, c.x.reshape(len(c.x), -1)[:, 0].tolist(), c.y.tolist())
        for c in chunks(dataset, order, batch_size, **settings)
    ]


@given(n=st.integers(1, 9000), batch_size=st.integers(1, 9000), seed=st.integers(0, 99))
def test_all_examples_come_in_the_order_asked_for(n, batch_size, seed) -> None:
    order = np.random.default_rng(seed).permutation(n)
    made = gather(numbered(n), order, min(batch_size, n))
    assert [number for _, x, _ in made for number in x] == order.tolist()
    assert [label for *_, y in made for label in y] == order.tolist()
    assert [start for start, *_ in made] == np.cumsum(
        [0, *(len(y) for *_, y in made[:-1])]
    ).tolist()


@given(n=st.integers(1, 40_000), batch_size=st.integers(1, 40_000))
def test_chunks_hold_whole_batches_but_for_the_last(n, batch_size) -> None:
    batch_size = min(batch_size, n)
    sizes = [len(y) for *_, y in gather(numbered(n), np.arange(n), batch_size)]
    assert all(size % batch_size == 0 for size in sizes[:-1])
    assert max(sizes) <= max(batch_size, 16384)


def test_a_pass_can_begin_where_an_earlier_chunk_ended() -> None:
    data, order = numbered(40_000), np.random.default_rng(0).permutation(40_000)
    made = gather(data, order, 100)
    assert len(made) == 3
    for i, (start, *_) in enumerate(made):
        assert gather(data, order, 100, start=start) == made[i:]
    assert gather(data, order, 100, start=40_000) == []


def test_large_examples_make_small_chunks(monkeypatch) -> None:
    monkeypatch.setattr(batches, "_CHUNK_BYTES", 1000)
    sizes = [len(y) for *_, y in gather(numbered(10, (10, 10)), np.arange(10), 1)]
    assert sizes == [2, 2, 2, 2, 2]
    sizes = [len(y) for *_, y in gather(numbered(10, (10, 10)), np.arange(10), 4)]
    assert sizes == [4, 4, 2]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_inputs_have_the_dtype_and_shape_of_the_network(dtype) -> None:
    (chunk,) = chunks(numbered(6, (2, 3)), np.arange(6)[::-1], 2, dtype=np.dtype(dtype))
    assert chunk.x.dtype == dtype
    assert chunk.x.shape == (6, 2, 3)
    assert chunk.x[:, 1, 2].tolist() == [5, 4, 3, 2, 1, 0]


def test_targets_come_along() -> None:
    data = Dataset([[1.0], [2.0]], [[0.5, 1.5], [2.5, 3.5]])
    (chunk,) = chunks(data, np.array([1, 0]), 1, dtype=FLOAT32)
    assert chunk.y.tolist() == [[2.5, 3.5], [0.5, 1.5]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scattered_rows_are_those_of_the_chunk(dtype) -> None:
    data = Dataset(np.arange(24, dtype=np.float32).reshape(6, 2, 2), np.arange(6))
    (chunk,) = chunks(data, np.array([4, 0, 3]), 3, dtype=np.dtype(dtype))
    x, rows = chunk.scattered()
    assert x.dtype == dtype
    assert x[rows].tolist() == [[16, 17, 18, 19], [0, 1, 2, 3], [12, 13, 14, 15]]
    assert np.shares_memory(x, data.x) == (dtype == "float32")


def test_chunks_are_small_where_outputs_are_many_or_the_network_is_large() -> None:
    data, order = numbered(20_000, (2,)), np.arange(20_000)

    def first(**settings) -> int:
        return len(next(chunks(data, order, 10, dtype=FLOAT32, **settings)).rows)

    assert first() == 16_380
    assert first(outputs=2**21) == 10  # one batch, of which each example has 8 MiB of outputs
    assert first(outputs=2**10) == 2_040
    assert first(multiplications=2**20) == 1_020
