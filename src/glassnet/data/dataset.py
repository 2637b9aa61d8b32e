"""Examples and what they stand for: the one form in which everything else takes data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.preprocessing import are_image_bytes, scale_to_unit
from glassnet.data.streaming import MappedArray, Source, StreamedRows
from glassnet.data.validation import (
    FloatArray,
    LabelArray,
    as_floats,
    as_labels,
    as_names,
    as_numbers,
    as_targets,
    as_weights,
)
from glassnet.lazy import shown_in_notebooks
from glassnet.randomness import stream

if TYPE_CHECKING:
    import numpy.typing as npt  # takes a fifth as long as all of NumPy


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Dataset:
    """Inputs and their labels or targets, checked once.

    Arrays that already have the right dtype and layout are kept, not copied. Examples that are
    more than fits into memory stay where they are.

    Parameters
    ----------
    x : array-like, shape (n, *input_shape), or Source
        The examples, numbers of any real dtype. Images are channels-last, (n, height, width,
        channels), in [0, 1]; bytes (uint8) with three axes or more are taken for images and divided
        by 255. An array mapped from a file, ``numpy.load(path, mmap_mode="r")``, is read when a
        batch needs it. A `Source` brings examples from elsewhere.
    y : array-like, shape (n,) or (n, outputs)
        Integers or booleans, shape (n,): the class of each example, 0 or more. Floats, shape (n,)
        or (n, outputs): the target values of a regression.
    class_names : sequence of str, optional
        The name of each class. Default: the class numbers, ``("0", "1", ...)``.
    name : str, optional
        What the data set is called.
    weights : array-like, shape (n,), optional
        How much each example counts, in training and in what is measured: 0 or more. A weight of 2
        is an example that is there twice. By default all count the same.
    dtype : {"float32", "float64"}
        Of inputs and targets. A network calculates in its own dtype; what has another one is
        converted batch by batch.

    Attributes
    ----------
    x : ndarray, shape (n, *input_shape), dtype float32 or float64
        C-contiguous. Where the examples are not in memory, a `StreamedRows`, which takes indices of
        rows as an array does.
    y : ndarray, shape (n,), dtype int64; or shape (n, outputs), dtype of `x`
        Labels, or the targets of a regression.
    class_names : tuple of str
        Empty for a regression.
    named : bool
        Whether the classes were given names; without, a label is nothing but an index.
    name : str
    streamed : StreamedRows or None
        `x`, if the examples are not in memory: always float32.
    weights : ndarray, shape (n,), dtype float64; or None

    Raises
    ------
    ValueError
        If there are no examples, the lengths differ, a value is NaN or infinite, a label is
        negative or has no name, or a weight is negative.
    TypeError
        If `x` or `y` does not hold real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> data = Dataset(np.eye(4), [0, 1, 1, 0], class_names=("even", "odd"), name="toy")
    >>> data
    Dataset('toy', 4 examples of shape (4,), 2 classes)
    >>> data.x.dtype, data.y.dtype
    (dtype('float32'), dtype('int64'))
    """

    x: FloatArray
    y: LabelArray | FloatArray
    class_names: tuple[str, ...]
    named: bool
    name: str
    streamed: StreamedRows | None
    weights: npt.NDArray[np.float64] | None

    def __init__(
        self,
        x: npt.ArrayLike | Source | StreamedRows,
        y: npt.ArrayLike,
        class_names: Sequence[str] = (),
        name: str = "",
        *,
        weights: npt.ArrayLike | None = None,
        dtype: str = "float32",
    ) -> None:
        streamed = _streamed(x)
        inputs: Any = as_numbers(x, "x") if streamed is None else streamed  # type: ignore[arg-type]
        if streamed is None and are_image_bytes(inputs):
            inputs = scale_to_unit(inputs)
        if inputs.ndim < 2:
            raise ValueError(
                f"x needs shape (n, *input_shape), got {inputs.shape}; "
                "for one number per example, use x[:, None]"
            )
        answers = as_numbers(y, "y")
        if answers.ndim == 0 or len(inputs) != len(answers):
            raise ValueError(
                f"x and y differ in length: {inputs.shape} and {answers.shape}; "
                "the first axis of both counts the examples"
            )
        if inputs.size == 0 or answers.size == 0:
            raise ValueError(f"a data set can't be empty, got x {inputs.shape}, y {answers.shape}")
        names = as_names(class_names)
        object.__setattr__(self, "named", bool(names))
        targets: LabelArray | FloatArray
        if answers.dtype.kind == "f":
            targets = as_targets(answers, names, dtype)
        else:
            targets, names = as_labels(answers, names)
        if streamed is not None and dtype != "float32":
            raise ValueError(f"examples that are not in memory are float32, got dtype {dtype!r}")
        x = as_floats(inputs, "x", dtype) if streamed is None else streamed
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "streamed", streamed)
        object.__setattr__(self, "y", targets)
        object.__setattr__(self, "class_names", names)
        object.__setattr__(self, "name", str(name))
        each = None if weights is None else as_weights(weights, len(answers))
        object.__setattr__(self, "weights", each)

    def __len__(self) -> int:
        return len(self.x)

    def __repr__(self) -> str:
        what = f"{self.n_classes} classes" if self.n_classes else f"{self.y.shape[1]} targets"
        name = f"{self.name!r}, " if self.name else ""
        return f"Dataset({name}{len(self)} examples of shape {self.input_shape}, {what})"

    _repr_html_ = shown_in_notebooks("dataset_html")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return self.x.shape[1:]

    @property
    def n_classes(self) -> int:
        """Number of classes, 0 for a regression."""
        return len(self.class_names)

    def take(self, indices: npt.ArrayLike) -> Dataset:
        """Return the examples at `indices`, in that order.

        Parameters
        ----------
        indices : array-like of int, shape (m,), or of bool, shape (n,)
            Which examples; an index may come more than once.

        Raises
        ------
        IndexError
            If an index is not a whole number or lies outside.
        ValueError
            If there is no index at all, or all weights of these examples are 0.

        Examples
        --------
        >>> data = Dataset([[1], [2], [3]], [0, 1, 0])
        >>> data.take([2, 0]).x.ravel()
        array([3., 1.], dtype=float32)
        """
        chosen = np.asarray(indices)
        if chosen.ndim != 1:
            raise IndexError(f"take expects a row of indices, got shape {chosen.shape}")
        if chosen.size == 0:
            raise ValueError("take expects at least one index: a data set can't be empty")
        x = self.x[chosen] if self.streamed is None else self.streamed.select(chosen)
        weights = None if self.weights is None else self.weights[chosen]
        return self._like(x, self.y[chosen], self.class_names, weights)

    def relabelled(self, class_names: Sequence[str]) -> Dataset:
        """Return the same examples with labels that count in the order of these names.

        Data whose classes have no names keeps its labels, and so does a regression. Names that
        are nothing but the class numbers, ``("0", "1", ...)``, count as none where the others
        have no name in common with them.

        Parameters
        ----------
        class_names : sequence of str
            Of a network, or of the data that it learned from; it may have more than this data.

        Raises
        ------
        ValueError
            If an example is of a class that is not among the names.

        Examples
        --------
        >>> data = Dataset([[1], [2], [3]], [0, 1, 0], class_names=("cat", "dog"))
        >>> data.relabelled(("bird", "cat", "dog")).y
        array([1, 2, 1])
        """
        own, names = self.class_names, as_names(class_names)
        if not self.named or not names or own == names:
            return self
        if not set(own) & set(names) and (_are_numbers(own) or _are_numbers(names)):
            return self
        used = [own[label] for label in np.unique(self.y).astype(int)]
        missing = [repr(name) for name in used if name not in names]
        if missing:
            raise ValueError(
                f"{self.name or 'the data set'} has examples of {', '.join(missing)}, and the "
                f"known classes are {', '.join(map(repr, names))}; rename the classes, or leave "
                "those examples out"
            )
        index = {name: i for i, name in enumerate(names)}
        labels = np.array([index.get(name, 0) for name in own])[self.y.astype(int)]
        return self._like(self.x, labels, names, self.weights)

    def _like(
        self,
        x: FloatArray | StreamedRows,
        y: LabelArray | FloatArray,
        class_names: tuple[str, ...],
        weights: npt.NDArray[np.float64] | None,
    ) -> Dataset:
        """Return other examples or labels under the same name."""
        dtype = "float32" if self.streamed is not None else self.x.dtype.name
        made = Dataset(x, y, class_names, self.name, weights=weights, dtype=dtype)
        object.__setattr__(made, "named", self.named)
        return made

    def split(self, fraction: float, *, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Set a part of the examples aside, the same share of every class.

        Both parts keep the order of the examples. Which ones are set aside depends on `seed`
        alone. The examples of a regression count as one class.

        Parameters
        ----------
        fraction : float
            Share of the examples that is held out, between 0 and 1.
        seed : int, optional
            0 or more.

        Returns
        -------
        rest, held_out : Dataset

        Raises
        ------
        ValueError
            If the fraction is not between 0 and 1, or so near to one of them that a part would
            be empty; if all weights of a part are 0.

        Examples
        --------
        >>> data = Dataset([[0], [1], [2], [3], [4], [5]], [0, 0, 0, 0, 1, 1])
        >>> rest, held_out = data.split(0.5)
        >>> rest.y, held_out.y
        (array([0, 0, 1]), array([0, 0, 1]))
        """
        if not 0 < fraction < 1:
            raise ValueError(f"fraction must lie between 0 and 1, got {fraction!r}")
        n_held = int(np.floor(fraction * len(self) + 0.5))
        if n_held in (0, len(self)):
            raise ValueError(
                f"holding out {fraction:g} of {len(self)} examples leaves one part empty"
            )
        classes = self.y if self.n_classes else np.zeros(len(self), np.int64)
        held = _stratified(classes.astype(np.int64, copy=False), n_held, stream(seed, "split"))
        return self.take(~held), self.take(held)


def _are_numbers(names: tuple[str, ...]) -> bool:
    """Tell whether these are the names of classes that were given none."""
    return names == tuple(map(str, range(len(names))))


def _streamed(x: object) -> StreamedRows | None:
    """Return what is read only when it is needed; None for what is in memory."""
    if isinstance(x, np.memmap):
        as_numbers(x[:0], "x")
        x = MappedArray(x)
    return StreamedRows(x) if isinstance(x, Source) else x if isinstance(x, StreamedRows) else None


def _stratified(
    classes: LabelArray, n_held: int, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Mark `n_held` random examples, shared out over the classes by largest remainder."""
    counts = np.bincount(classes)
    share = counts * (n_held / len(classes))
    quota = np.floor(share).astype(np.int64)
    missing = n_held - int(quota.sum())
    quota[np.argsort(quota - share, kind="stable")[:missing]] += 1
    # Sorted by class, shuffled inside each: the first `quota` of every class are held out.
    order = np.lexsort((rng.permutation(len(classes)), classes))
    starts = np.cumsum(counts) - counts
    rank = np.arange(len(classes)) - starts[classes[order]]
    held = np.zeros(len(classes), np.bool_)
    held[order] = rank < quota[classes[order]]
    return held
