"""Data sets of other libraries, arrays and generators, as data sets to learn from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from glassnet.data import columnar, map_style
from glassnet.data.dataset import Dataset
from glassnet.data.examples import arranged, as_example

_SHARE_OF_MEMORY = 0.5
"""An iterable that gives more than that is taken for an endless one."""


def as_dataset(
    data: Any,  # noqa: ANN401 of any library
    *,
    input_shape: Sequence[int] | None = None,
    inputs: str | Sequence[str] | None = None,
    target: str | None = None,
    name: str = "",
    dtype: str = "float32",
) -> Dataset:
    """Return data of another kind as a `Dataset`; one that is a `Dataset` already, unchanged.

    Parameters
    ----------
    data
        One of these:

        - a tuple ``(x, y)`` or ``(x, y, weights)`` of what `Dataset` takes: arrays, memory-mapped
          ones among them;
        - a map-style data set as PyTorch's: ``len(data)`` and ``data[i]``, which gives an example
          and its label. It is asked for examples anew in each epoch, in a thread beside the
          training, so that random transforms change them every time;
        - a table as Hugging Face's ``datasets.Dataset``: ``data.column_names``, ``data.features``,
          and ``data[rows]``, which gives a dict of columns. Images, and what the transform of
          ``data.with_transform`` makes, are read anew in each epoch, numbers once; labels that
          are stored are read without the transform;
        - a generator or another iterable, which gives batches ``(x, y)``, or single examples with
          one number each: it is read to its end, once, and kept in memory.
    input_shape : sequence of int, optional
        Of one example as the network takes it. Examples with channels first are turned around if
        that gives this shape, and grey images get their axis of channels.
    inputs : str or sequence of str, optional
        Of a table: the columns that the network sees. By default the one that is called
        ``"image"``, ``"img"``, ``"pixel_values"``, ``"x"`` or ``"features"``, or all columns of
        numbers but the target.
    target : str, optional
        Of a table: the column to predict. By default the one that is called ``"label"``,
        ``"labels"``, ``"target"`` or ``"y"``, or the only one of class labels.
    name : str
        What it is called.
    dtype : {"float32", "float64"}
        Of what is kept in memory.

    Returns
    -------
    Dataset
        Integer labels are classes, floats the targets of a regression. Bytes that make an image
        are divided by 255.

    Raises
    ------
    TypeError
        If it is nothing of this, or holds no numbers.
    ValueError
        If it is empty or gives more than half of the machine's memory holds, examples differ in
        shape, or a column is missing.

    Examples
    --------
    >>> batches = ((np.full((2, 3), k), np.array([k, k])) for k in range(2))
    >>> as_dataset(batches, name="constant")
    Dataset('constant', 4 examples of shape (3,), 2 classes)
    """
    shape = None if input_shape is None else tuple(input_shape)
    if isinstance(data, Dataset):
        return data
    if isinstance(data, dict):
        raise TypeError(f"{_kind(data)} has parts: give one, of {', '.join(map(repr, data))}")
    if hasattr(data, "column_names") and hasattr(data, "features"):
        if not hasattr(data, "__len__"):
            raise TypeError(
                f"{_kind(data)} gives its rows in one order only; load it whole, without streaming"
            )
        return columnar.read(data, shape, inputs=inputs, target=target, name=name, dtype=dtype)
    if inputs is not None or target is not None:
        raise TypeError(f"inputs and target name the columns of a table, got {_kind(data)}")
    if isinstance(data, tuple) and len(data) in {2, 3}:
        x, y, *rest = data
        if _is_pair(x) and _is_pair(y):
            raise TypeError(
                "expected one pair (x, y), got a tuple of two; of two sets give one, and the other "
                "as validation=(x, y); batches are a list: [(x1, y1), (x2, y2)]"
            )
        weights = rest[0] if rest else None
        return Dataset(arranged(x, shape), y, name=name, weights=weights, dtype=dtype)
    if hasattr(data, "columns") and hasattr(data, "to_numpy"):
        raise TypeError(
            f"{_kind(data)} doesn't say which column is the label; give arrays: "
            '(frame[features].to_numpy(), frame["label"].to_numpy())'
        )
    by_number = hasattr(data, "__getitem__") and hasattr(data, "__len__")
    if by_number and not isinstance(data, str | list | tuple | np.ndarray):
        return map_style.read(data, shape, name=name)
    if isinstance(data, Iterable) and not isinstance(data, str | np.ndarray):
        return _read_through(data, shape, name=name, dtype=dtype)
    if callable(data):
        raise TypeError(f"{_kind(data)} is no data set: call it, and give what it returns")
    raise TypeError(
        f"expected a Dataset, arrays (x, y), a map-style data set, a table with columns or a "
        f"generator of batches, got {_kind(data)}; make one: Dataset(x, y)"
    )


def _is_pair(item: object) -> bool:
    """Tell whether this is examples and their answers: two arrays of different shapes."""
    return (
        isinstance(item, tuple)
        and len(item) == 2
        and all(hasattr(part, "__array__") for part in item)
        and np.shape(item[0]) != np.shape(item[1])
    )


def _kind(data: object) -> str:
    return f"a {type(data).__name__}"


def _read_through(
    batches: Iterable[Any], shape: tuple[int, ...] | None, *, name: str, dtype: str
) -> Dataset:
    """Read an iterable of batches, or of single examples, to its end."""
    xs: list[np.ndarray] = []
    ys: list[np.ndarray] = []
    room = _SHARE_OF_MEMORY * _memory()
    for item in batches:
        try:
            x, y = item
        except (TypeError, ValueError):
            raise TypeError(
                f"an iterable must give pairs (x, y), batches or single examples, got {_kind(item)}"
            ) from None
        answer = np.asarray(y)
        alone = answer.ndim == 0
        rows = as_example(x)[None] if alone else as_example(x, batch=True)
        ys.append(answer.reshape(1) if alone else answer)
        xs.append(rows)
        if rows.ndim < 2:
            raise ValueError(
                f"a batch (x, y) has x of shape {rows.shape} and y of shape {answer.shape}; single "
                "examples are given with one number each, and others as batches: (x[None], y[None])"
            )
        if len(rows) != len(ys[-1]):
            raise ValueError(
                f"a batch has {len(rows)} examples and {len(ys[-1])} labels; both have one for each"
            )
        if rows.shape[1:] != xs[0].shape[1:]:
            raise ValueError(f"examples differ in shape: {xs[0].shape[1:]}, then {rows.shape[1:]}")
        room -= rows.nbytes
        if room < 0:
            raise ValueError(
                f"the iterable gave {sum(map(len, xs)):,} examples, which half of the memory can't "
                "hold, and goes on. Of an endless one give a part, itertools.islice(batches, 100); "
                "what is too large for memory can stay in files: numpy.load(path, mmap_mode='r')"
            )
    if not xs:
        raise ValueError("the iterable gave nothing: a generator can be read only once")
    return Dataset(arranged(np.concatenate(xs), shape), np.concatenate(ys), name=name, dtype=dtype)


def _memory() -> float:
    """Return the machine's memory, in bytes; infinity where the system doesn't tell."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return float("inf")
