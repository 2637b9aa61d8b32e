from __future__ import annotations

import numpy as np
import pytest

from glassnet.extras import installed

if installed("sklearn"):
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
    from sklearn.preprocessing import scale
else:  # the extra is not there
    collect_ignore_glob = ["test_*.py"]

Data = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="session")
def iris() -> Data:
    """Three classes, 150 examples: one batch."""
    x, y = load_iris(return_X_y=True)
    return scale(x), y


@pytest.fixture(scope="session")
def cancer() -> Data:
    """Two classes, 569 examples."""
    x, y = load_breast_cancer(return_X_y=True)
    return scale(x), y


@pytest.fixture(scope="session")
def diabetes() -> Data:
    """Numbers around 0, 442 examples."""
    x, y = load_diabetes(return_X_y=True)
    return scale(x), scale(y)


@pytest.fixture(scope="session")
def digits() -> Data:
    """Ten classes of 8 x 8 pixels in [0, 1], 1797 examples."""
    x, y = load_digits(return_X_y=True)
    return x / 16.0, y
