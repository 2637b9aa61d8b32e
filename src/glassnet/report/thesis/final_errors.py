"""The final predictions of a study's runs, and where they are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from glassnet.data import DATASETS, Dataset, find_dataset
from glassnet.recipes import load_data
from glassnet.study import Finished, Study
from glassnet.study.errors_in_common import ErrorOverlap, errors_in_common

CIFAR10 = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)


class Errors(NamedTuple):
    """The final predictions of a study's runs.

    Parameters
    ----------
    study : Study
    name : str
        Of the data set.
    classes : tuple of str
    confusions : ndarray, shape (seeds, classes, classes)
        How often each class, in rows, is taken for which.
    predicted, confidence : ndarray, shape (seeds, examples)
    test : Dataset or None
        None if the data is not here.
    """

    study: Study
    name: str
    classes: tuple[str, ...]
    confusions: NDArray[np.float64]
    predicted: NDArray[np.intp]
    confidence: NDArray[np.float64]
    test: Dataset | None

    @property
    def shared(self) -> ErrorOverlap | None:
        """The errors in common; None without the data, or with a single seed."""
        if self.test is None or len(self.predicted) < 2:
            return None
        return errors_in_common(self.predicted, self.test.y)


def errors_of(study: Study, name: str, data_dir: str | Path | None = None) -> Errors | None:
    """Return the predictions; None if no run has recorded what this needs."""
    runs = [run for _, _, run in study.finished() if "predicted" in run.arrays]
    test = _test_part(study, data_dir)
    if not runs or (test is None and "confusion" not in runs[0].arrays):
        return None
    classes = test.class_names if test is not None else None
    confusions = np.array([_confusion(run, test) for run in runs], float)
    names = tuple(classes or _names(study, confusions.shape[1]))
    return Errors(
        study, name, names, confusions,
        np.array([run.arrays["predicted"] for run in runs]).astype(np.intp),
        np.array([run.arrays["confidence"] for run in runs], float), test,
    )  # fmt: skip


def _names(study: Study, classes: int) -> Sequence[str]:
    if study.specs[0].recipe.data.name == "cifar10" and classes == len(CIFAR10):
        return CIFAR10
    return [str(label) for label in range(classes)]


def _confusion(run: Finished, test: Dataset | None) -> NDArray[np.intp]:
    if test is None:
        return run.arrays["confusion"]
    classes = test.n_classes
    pairs = test.y.astype(np.intp) * classes + run.arrays["predicted"]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def _test_part(study: Study, data_dir: str | Path | None) -> Dataset | None:
    """Return the test examples, if the data is here: a report downloads nothing."""
    table = study.specs[0].recipe.data
    if table.name in DATASETS and find_dataset(table.name, data_dir=data_dir) is None:
        return None
    try:
        return load_data(table, data_dir=data_dir)[1]
    except (OSError, ValueError):
        return None
