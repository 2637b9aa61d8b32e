"""What is measured: sums over examples that grow chunk by chunk and give means at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.checks import whole
from glassnet.data import Dataset
from glassnet.data.ahead import ahead
from glassnet.data.conversion import as_dataset
from glassnet.names import lookup
from glassnet.nn import Loss, Network, Weighted, forward_for, loss_named
from glassnet.training.views import TestTimeAugmentation

METRICS = {
    "loss": "mean of the loss over the examples",
    "accuracy": "part of the examples whose label is the predicted one",
    "mean_squared_error": "mean of (p - y)² over examples and outputs",
    "per_class_recall": "for each class, the part of its examples that is predicted as it",
}
"""What can be measured."""

CLASSIFICATION = ("loss", "accuracy")
REGRESSION = ("loss", "mean_squared_error")
LABELS_ONLY = ("accuracy", "per_class_recall")


class Metrics:
    """Metrics of a growing number of examples.

    Parameters
    ----------
    loss : Loss
    names : sequence of str
        Keys of `METRICS`.
    outputs : int
        Of the network.
    """

    def __init__(self, loss: Loss, names: Sequence[str], outputs: int) -> None:
        self.names = tuple(names)
        self._loss = loss
        self._classes = max(outputs, 2)
        self.reset()

    def reset(self) -> None:
        """Forget all examples."""
        self.examples: float = 0  # or the sum of their weights
        self._loss_sum = self._squared_sum = 0.0
        self._hits = np.zeros(self._classes)
        self._members = np.zeros(self._classes)

    def add(
        self,
        p: np.ndarray,
        targets: np.ndarray,
        y: np.ndarray,
        weights: np.ndarray | None = None,
    ) -> None:
        """Take in more examples.

        Parameters
        ----------
        p, targets : ndarray, shape (n, outputs)
            Predictions, and targets as the loss takes them.
        y : ndarray
            Labels, shape (n,); or the targets again.
        weights : ndarray, shape (n,), optional
            How much each example counts; by default 1.
        """
        self.examples += len(p) if weights is None else float(weights.sum())
        if "loss" in self.names:
            loss = self._loss if weights is None else Weighted(self._loss, weights)
            self._loss_sum += loss.total(p, targets)
        if "mean_squared_error" in self.names:
            squared = np.square(p - targets).mean(axis=1)
            squared = squared if weights is None else squared * weights
            self._squared_sum += float(squared.sum(dtype=np.float64))
        if y.ndim == 1:
            outcomes = 2 * y + (predicted_labels(p) == y)  # of each class, misses and hits
            counts = np.bincount(outcomes, weights, 2 * self._classes)
            misses, hits = counts[::2], counts[1::2]
            self._hits += hits
            self._members += misses + hits

    def result(self) -> dict[str, Any]:
        """Return each metric by name; the recall of a class without examples is None."""
        return {name: self._mean(name) for name in self.names}

    def _mean(self, name: str) -> Any:  # noqa: ANN401
        n = self.examples or 1
        if name == "loss":
            return self._loss_sum / n
        if name == "accuracy":
            return float(self._hits.sum()) / n
        if name == "mean_squared_error":
            return self._squared_sum / n
        return [
            float(hits / members) if members else None
            for hits, members in zip(self._hits, self._members, strict=True)
        ]

    def state(self) -> dict[str, Any]:
        """Return the sums."""
        return {
            "examples": self.examples,
            "loss_sum": self._loss_sum,
            "squared_sum": self._squared_sum,
            "hits": self._hits.copy(),
            "members": self._members.copy(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self.examples = state["examples"]
        self._loss_sum, self._squared_sum = state["loss_sum"], state["squared_sum"]
        self._hits[...], self._members[...] = state["hits"], state["members"]


def predicted_labels(p: np.ndarray) -> np.ndarray:
    """Return the most probable class of each row; with a single output, 1 from 0.5 on.

    Examples
    --------
    >>> predicted_labels(np.array([[0.2, 0.8], [0.9, 0.1]])).tolist()
    [1, 0]
    >>> predicted_labels(np.array([[0.2], [0.9]])).tolist()
    [0, 1]
    """
    labels: np.ndarray = (p[:, 0] >= 0.5).astype(np.int64) if p.shape[1] == 1 else p.argmax(axis=1)
    return labels


def evaluate(
    network: Network,
    dataset: Any,  # noqa: ANN401 of any library
    *,
    loss: str | Loss,
    metrics: Sequence[str] | None = None,
    batch_size: int = 1024,
    test_time: TestTimeAugmentation | None = None,
    forward: Callable[[np.ndarray], np.ndarray] | None = None,
) -> dict[str, Any]:
    """Measure a network on a data set.

    Parameters
    ----------
    network : Network
    dataset : Dataset, or what `as_dataset` takes
        If its classes and those of the network have names, labels are matched by name.
    loss : str or Loss
    metrics : sequence of str, optional
        Keys of `METRICS`; by default loss and accuracy for labels, loss and mean squared error for
        float targets.
    batch_size : int
        Examples in one forward pass.
    test_time : TestTimeAugmentation, optional
        Measure the mean over changed images too.
    forward : callable, optional
        What computes the outputs; by default what `glassnet.nn.forward_for` chooses.

    Returns
    -------
    dict
        Each metric by name. With `test_time` also ``"test_time_loss"``, ``"test_time_accuracy"``
        and so on, for each metric that is one number; the plain ones stay what they are.

    Raises
    ------
    ValueError
        If data set and network don't fit, for an unknown metric, for examples of a class that the
        network's names lack, or if the examples are no images and `test_time` is given.

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Softmax()], input_shape=2)
    >>> x, y = np.log([[0.75, 0.25], [0.5, 0.5], [0.25, 0.75]]), np.array([0, 1, 1])
    >>> measured = evaluate(network, (x, y), loss="categorical_cross_entropy")
    >>> {name: round(number, 4) for name, number in measured.items()}
    {'loss': 0.4228, 'accuracy': 0.6667}
    """
    dataset = dataset_for(network, dataset).relabelled(network.class_names)
    return measure(
        network,
        dataset,
        loss=loss_named(loss),
        metrics=metrics,
        batch_size=batch_size,
        test_time=test_time,
        forward=forward,
    )


def measure(
    network: Network,
    dataset: Dataset,
    *,
    loss: Loss,
    metrics: Sequence[str] | None = None,
    batch_size: int = 1024,
    test_time: TestTimeAugmentation | None = None,
    forward: Callable[[np.ndarray], np.ndarray] | None = None,
) -> dict[str, Any]:
    """Do what `evaluate` does, on labels that are the indices of the network's outputs."""
    check_fit(network, dataset)
    loss.check_output(network.layers[-1].parts[-1])
    outputs = network.output_shape[0]
    names = metrics_for(dataset, metrics)
    measured = Metrics(loss, names, outputs)
    beside = Metrics(loss, [name for name in names if name != "per_class_recall"], outputs)
    if test_time is not None:
        test_time.check(network.input_shape)
    if forward is None:
        views = 1 if test_time is None else 1 + test_time.count
        forward = forward_for(network, views * len(dataset))
    starts = range(0, len(dataset), whole("batch_size", batch_size, at_least=1))
    parts = (slice(start, start + batch_size) for start in starts)
    given = dataset.weights
    batches = (
        (dataset.x[rows], dataset.y[rows], None if given is None else given[rows]) for rows in parts
    )
    for raw, y, weights in batches if dataset.streamed is None else ahead(batches):
        x, targets = np.asarray(raw, network.dtype), loss.encode(y, outputs, network.dtype)
        measured.add(forward(x), targets, y, weights)
        if test_time is not None:
            beside.add(test_time.outputs(network, x, forward), targets, y, weights)
    if test_time is None:
        return measured.result()
    return measured.result() | {
        f"test_time_{name}": value for name, value in beside.result().items()
    }


def default_metrics(dataset: Dataset) -> tuple[str, ...]:
    """Return the metrics that suit the data set."""
    return CLASSIFICATION if dataset.y.ndim == 1 else REGRESSION


def metrics_for(dataset: Dataset, names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the metrics that are asked for, by default those that suit the data set.

    Raises
    ------
    ValueError
        For an unknown metric, or one that counts right labels where the data set has targets.
    """
    chosen = tuple(names or default_metrics(dataset))
    for name in chosen:
        lookup(METRICS, name, "metric")
        if name in LABELS_ONLY and dataset.y.ndim == 2:
            raise ValueError(
                f"{name} needs labels, and {dataset.name or 'the data set'} has target values; "
                f"measure {' and '.join(REGRESSION)}"
            )
    return chosen


def dataset_for(network: Network, data: Any) -> Dataset:  # noqa: ANN401
    """Return data of any kind that `as_dataset` takes, for this network."""
    return as_dataset(data, input_shape=network.input_shape, dtype=network.dtype.name)


def check_fit(network: Network, dataset: Dataset) -> None:
    """Refuse a data set that the network cannot be trained or measured on.

    Raises
    ------
    ValueError
        If shapes of inputs or targets don't fit, or labels are more than outputs.
    """
    name = dataset.name or "the data set"
    if dataset.input_shape != network.input_shape:
        raise ValueError(
            f"the network expects examples of shape {network.input_shape}, "
            f"those of {name} are of shape {dataset.input_shape}"
        )
    if len(network.output_shape) != 1:
        raise ValueError(
            f"the network's output has shape {network.output_shape}; training needs a vector: put "
            "Flatten() and Dense(...) at its end"
        )
    outputs = network.output_shape[0]
    if dataset.y.ndim == 2:
        if dataset.y.shape[1] != outputs:
            raise ValueError(
                f"{name} has {dataset.y.shape[1]} target values for each example, the network has "
                f"{outputs} outputs; end it with Dense({dataset.y.shape[1]})"
            )
    elif int(dataset.y.max()) >= max(outputs, 2):
        needed = int(dataset.y.max()) + 1
        raise ValueError(
            f"{name} has labels up to {needed - 1}, the network has {outputs} outputs; "
            f"end it with Dense({needed}, ...)"
        )
