"""Images turned, scaled, sheared, shifted, and cropped to a part of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import get_args

import numpy as np

from glassnet.checks import real
from glassnet.data.augmentation.augmentation import Augmentation, Draw, Drawn
from glassnet.data.augmentation.resampling import Edge, resample
from glassnet.names import lookup

_EDGES: dict[str, Edge] = {edge: edge for edge in get_args(Edge)}


class RandomAffine(Augmentation):
    """Turn, scale, shear and shift each image, with bilinear interpolation.

    Parameters
    ----------
    rotation : float
        Degrees at most, to either side, in [0, 180].
    scale : (float, float)
        Least and greatest factor, above 0; above 1 things become larger.
    shear : float
        Degrees at most, to either side, in [0, 80]: how far what is upright leans.
    translation : float
        Pixels at most, up or down and to the left or right; need not be whole.
    edge : {"zero", "edge"}
        What comes in from outside: black, or the nearest pixel at the edge.

    Notes
    -----
    Each is drawn from a uniform distribution, the scale from one over its logarithm. About the
    centre of the image, (row, column) goes to ``scale · rotation · shear · (row, column) + shift``.

    Examples
    --------
    >>> from glassnet.data.augmentation import augment
    >>> image = np.pad(np.ones((1, 2, 2)), ((0, 0), (3, 3), (3, 3)))
    >>> larger = augment(RandomAffine(scale=(2.0, 2.0)), image)
    >>> float(image.sum()), float(larger.sum().round(1))
    (4.0, 16.0)
    """

    def __init__(
        self,
        rotation: float = 0.0,
        *,
        scale: Sequence[float] = (1.0, 1.0),
        shear: float = 0.0,
        translation: float = 0.0,
        edge: Edge = "zero",
    ) -> None:
        self.rotation = real("rotation", rotation, at_least=0, at_most=180)
        self.scale = _interval("scale", scale)
        self.shear = real("shear", shear, at_least=0, at_most=80)
        self.translation = real("translation", translation, at_least=0)
        self.edge = lookup(_EDGES, edge, "edge")

    def draw(self, draw: Draw) -> Drawn:
        """Draw the matrix that says where each pixel comes from, shape (n, 2, 3)."""
        n, rng = len(draw.rows), draw.rng
        turn = np.radians(rng.uniform(-self.rotation, self.rotation, n))
        size = np.exp(rng.uniform(math.log(self.scale[0]), math.log(self.scale[1]), n))
        lean = np.tan(np.radians(rng.uniform(-self.shear, self.shear, n)))
        shift = rng.uniform(-self.translation, self.translation, (n, 2))
        sine, cosine = np.sin(turn), np.cos(turn)
        matrix = np.empty((n, 2, 3))
        matrix[:, 0, 0], matrix[:, 0, 1] = cosine, sine
        matrix[:, 1, 0], matrix[:, 1, 1] = -lean * cosine - sine, cosine - lean * sine
        matrix[:, :, :2] /= size[:, None, None]
        matrix[:, :, 2] = -np.einsum("nij,nj->ni", matrix[:, :, :2], shift)
        return (matrix.astype(np.float32),)

    def apply(self, x: np.ndarray, drawn: Drawn) -> np.ndarray:
        """Resample the images."""
        return _transformed(x, drawn[0], self.edge)


class RandomRotation(Augmentation):
    """Turn each image about its centre, with bilinear interpolation.

    Parameters
    ----------
    degrees : float
        At most, to either side, in [0, 180].
    edge : {"zero", "edge"}
        What comes in from outside: black, or the nearest pixel at the edge.

    Examples
    --------
    >>> from glassnet.data.augmentation import augment
    >>> image = np.pad(np.ones((1, 1, 5)), ((0, 0), (2, 2), (0, 0)))
    >>> augment(RandomRotation(90), image, seed=3)[0].round(1)
    array([[0. , 0.5, 0.4, 0. , 0. ],
           [0. , 0.3, 0.7, 0. , 0. ],
           [0. , 0. , 1. , 0. , 0. ],
           [0. , 0. , 0.7, 0.3, 0. ],
           [0. , 0. , 0.4, 0.5, 0. ]], dtype=float32)
    """

    def __init__(self, degrees: float, edge: Edge = "zero") -> None:
        self.degrees = real("degrees", degrees, at_least=0, at_most=180)
        self.edge = lookup(_EDGES, edge, "edge")

    def draw(self, draw: Draw) -> Drawn:
        """Draw the matrix that says where each pixel comes from, shape (n, 2, 3)."""
        turn = np.radians(draw.rng.uniform(-self.degrees, self.degrees, len(draw.rows)))
        sine, cosine, zero = np.sin(turn), np.cos(turn), np.zeros_like(turn)
        matrix = np.array([[cosine, sine, zero], [-sine, cosine, zero]], np.float32)
        return (np.moveaxis(matrix, 2, 0),)

    def apply(self, x: np.ndarray, drawn: Drawn) -> np.ndarray:
        """Resample the images."""
        return _transformed(x, drawn[0], self.edge)


class RandomResizedCrop(Augmentation):
    """Enlarge a random part of each image to the size of the whole, with bilinear interpolation.

    Parameters
    ----------
    scale : (float, float)
        Least and greatest share of the area, in (0, 1].
    ratio : (float, float)
        Least and greatest ratio of width to height, relative to the image's own, above 0.

    Notes
    -----
    The area is drawn from a uniform distribution, the ratio from one over its logarithm. A side
    that would be longer than the image is as long as the image.

    References
    ----------
    C. Szegedy et al., "Going Deeper with Convolutions", arXiv 1409.4842, section 6.

    Examples
    --------
    >>> from glassnet.data.augmentation import augment
    >>> image = np.arange(16.0).reshape(1, 4, 4)
    >>> augment(RandomResizedCrop(scale=(0.25, 0.25), ratio=(1.0, 1.0)), image)[0].round(1)
    array([[ 8.1,  8.6,  9.1,  9.6],
           [10.1, 10.6, 11.1, 11.6],
           [12.1, 12.6, 13.1, 13.6],
           [13.2, 13.7, 14.2, 14.7]], dtype=float32)
    """

    def __init__(
        self, scale: Sequence[float] = (0.08, 1.0), ratio: Sequence[float] = (3 / 4, 4 / 3)
    ) -> None:
        self.scale = _interval("scale", scale, at_most=1)
        self.ratio = _interval("ratio", ratio)

    def draw(self, draw: Draw) -> Drawn:
        """Draw the matrix that says where each pixel comes from, shape (n, 2, 3)."""
        n, rng = len(draw.rows), draw.rng
        area = rng.uniform(self.scale[0], self.scale[1], n)
        ratio = np.exp(rng.uniform(math.log(self.ratio[0]), math.log(self.ratio[1]), n))
        sides = np.minimum(np.sqrt([area / ratio, area * ratio]), 1.0).T
        # from the middle of the image to the middle of the part
        away = (rng.random((n, 2)) - 0.5) * (1 - sides) * draw.shape[:2]
        matrix = np.zeros((n, 2, 3))
        matrix[:, 0, 0], matrix[:, 1, 1], matrix[:, :, 2] = sides[:, 0], sides[:, 1], away
        return (matrix.astype(np.float32),)

    def apply(self, x: np.ndarray, drawn: Drawn) -> np.ndarray:
        """Resample the images."""
        return _transformed(x, drawn[0], "edge")


def _transformed(x: np.ndarray, matrix: np.ndarray, edge: Edge) -> np.ndarray:
    """Return images whose pixels come from where the matrices say, about the centre.

    Parameters
    ----------
    x : ndarray, shape (n, height, width, channels), dtype float32
    matrix : ndarray, shape (n, 2, 3), dtype float32
        Of (row, column, 1).
    edge : {"zero", "edge"}
    """
    _, height, width, _ = x.shape
    middle = np.array([(height - 1) / 2, (width - 1) / 2], np.float32)
    row = (np.arange(height, dtype=np.float32) - middle[0])[:, None]
    column = np.arange(width, dtype=np.float32) - middle[1]
    by_row, by_column, shift = matrix[..., None, None].transpose(2, 1, 0, 3, 4)
    rows, columns = by_row * row + by_column * column + (shift + middle[:, None, None, None])
    return resample(x, rows, columns, edge)


def _interval(name: str, ends: object, at_most: float | None = None) -> tuple[float, float]:
    """Return two numbers above 0, the second not below the first."""
    if not isinstance(ends, list | tuple) or len(ends) != 2:
        raise TypeError(f"{name} must be two numbers, least and greatest, got {ends!r}")
    low, high = (real(name, end, above=0, at_most=at_most) for end in ends)
    if low > high:
        raise ValueError(f"{name} must be the least and then the greatest value, got {ends!r}")
    return low, high
