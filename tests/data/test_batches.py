import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data import Dataset, batches
from glassnet.data.augmentation import Augmenter, Cutout, MixUp, RandomTranslation
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


# Chunks that are prepared in a thread


def augmented(data: Dataset, order, batch_size: int, changes=None, **settings):
    augmenter = Augmenter(
        changes or [RandomTranslation(1), MixUp(0.5)],
        order,
        data.input_shape,
        len(data),
        batch_size=batch_size,
        epoch=0,
        seed=3,
    )
    return chunks(data, order, batch_size, augmenter=augmenter, **{"dtype": FLOAT32} | settings)


def pictures(n: int) -> Dataset:
    rng = np.random.default_rng(0)
    return Dataset(rng.random((n, 5, 4, 1)), rng.integers(0, 3, n))


@pytest.mark.parametrize("rows", [20, 64, 10_000])
def test_changed_inputs_and_targets_do_not_depend_on_the_chunks(rows, monkeypatch) -> None:
    data, order = pictures(210), np.random.default_rng(1).permutation(210)

    def all_of(chunks):
        made = [(c.x.copy(), c.mixed(np.eye(3)[c.y])) for c in chunks]
        return [np.concatenate(parts) for parts in zip(*made, strict=True)]

    expected = all_of(augmented(data, order, 20))
    monkeypatch.setattr(batches, "_CHUNK_ROWS", rows)
    for ours, whole in zip(all_of(augmented(data, order, 20)), expected, strict=True):
        np.testing.assert_array_equal(ours, whole)
    first = next(iter(augmented(data, order, 20, start=120)))
    np.testing.assert_array_equal(first.x, expected[0][120 : 120 + len(first.x)])
    assert (expected[0] != data.x[order]).any()


@pytest.mark.parametrize("change", [RandomTranslation(1), Cutout(2)])  # a new array, and in place
def test_a_chunk_stays_while_the_next_one_is_prepared(change, monkeypatch) -> None:
    monkeypatch.setattr(batches, "_CHUNK_ROWS", 10)
    data, order = pictures(100), np.arange(100)
    whole = np.concatenate([c.x.copy() for c in augmented(data, order, 10, [change])])
    coming, made = augmented(data, order, 10, [change]), threading.Event()
    prepare = batches.Chunk.prepared

    def prepared(chunk):
        result = prepare(chunk)
        if chunk.start:
            made.set()
        return result

    monkeypatch.setattr(batches.Chunk, "prepared", prepared)
    for at in range(0, 90, 10):
        chunk = next(coming)
        assert made.wait(10)
        made.clear()
        np.testing.assert_array_equal(chunk.x, whole[at : at + 10])
    coming.close()


def test_changed_inputs_are_not_those_of_the_data_set() -> None:
    data = pictures(8)
    (chunk,) = augmented(data, np.arange(8), 8)
    x, rows = chunk.scattered()
    np.testing.assert_array_equal(x[rows], chunk.x.reshape(8, -1))
    assert not np.shares_memory(x, data.x)


def test_changed_inputs_have_the_dtype_of_the_network() -> None:
    data, order = pictures(8), np.arange(8)
    (double,) = augmented(data, order, 8, dtype=np.dtype("float64"))
    (single,) = augmented(data, order, 8)
    assert double.x.dtype == "float64"
    np.testing.assert_array_equal(double.x, single.x)


def test_plain_chunks_from_memory_need_no_thread() -> None:
    coming = chunks(pictures(8), np.arange(8), 8, dtype=FLOAT32)
    next(coming)
    assert not [t for t in threading.enumerate() if "ahead" in t.name]
    coming.close()
