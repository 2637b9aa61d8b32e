"""How much the examples of each class count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.checks import real


def weights_with_classes(
    class_weight: Any,  # noqa: ANN401 (what users give)
    classes: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray | None,
) -> np.ndarray:
    """Return the weights of examples, those of their classes multiplied in.

    Parameters
    ----------
    class_weight : dict or "balanced"
        The weight of each class, 1 for those that are missing; as in scikit-learn, classes that are
        not there may have one if all others do. Or ``n / (k n_c)``, with the sums of
        weights in place of numbers of examples if they have some, for k classes that are there.
    classes : ndarray, shape (classes,)
    labels : ndarray of int, shape (n,)
        Which of them each example has.
    weights : ndarray, shape (n,), optional

    Raises
    ------
    ValueError
        If it is something else, or nothing is left.

    Examples
    --------
    >>> labels = np.array([0, 0, 0, 1])
    >>> weights_with_classes("balanced", np.array(["a", "b"]), labels, None).round(2).tolist()
    [0.67, 0.67, 0.67, 2.0]
    """
    if isinstance(class_weight, Mapping):
        known = classes.tolist()
        strange = [label for label in class_weight if label not in known]
        if strange and len(class_weight) - len(strange) < len(known):
            raise ValueError(f"class_weight names the class {strange[0]!r}, there are {known}")
        each_of = [class_weight.get(label, 1.0) for label in known]
        of_class = np.array([real("each of class_weight", one, at_least=0) for one in each_of])
    elif isinstance(class_weight, str) and class_weight == "balanced":
        sums = np.bincount(labels, weights, len(classes))
        present = np.count_nonzero(sums)
        of_class = np.ones(len(classes))
        np.divide(sums.sum() / present, sums, out=of_class, where=sums > 0)
    else:
        raise ValueError(f"class_weight must be a dict, 'balanced' or None, got {class_weight!r}")
    each: np.ndarray = of_class[labels] if weights is None else of_class[labels] * weights
    if each.max() == 0.0:
        raise ValueError("class_weight and sample_weight are zero for every example")
    return each
