"""Images bent as if drawn on rubber."""

from __future__ import annotations

import numpy as np

from glassnet.checks import real
from glassnet.data.augmentation.augmentation import Augmentation, Draw, Drawn
from glassnet.data.augmentation.resampling import resample


class ElasticDistortion(Augmentation):
    """Move each pixel by a random field that is smooth, with bilinear interpolation.

    It bends a digit as another hand would have written it. What comes in from outside is black.

    Parameters
    ----------
    alpha : float
        How far pixels move, at least 0.
    sigma : float
        How smooth the field is: deviation of the Gaussian in pixels, above 0.

    Notes
    -----
    Each component of the field is uniform noise in [-1, 1], convolved with a Gaussian whose sum is
    1, times alpha. For a large image, pixels move by ``alpha / (2 sigma sqrt(3 π))`` in the root
    mean square: 1.4 pixels with the authors' alpha = 34, sigma = 4 for digits of 28 x 28.

    References
    ----------
    P. Simard, D. Steinkraus, J. Platt, "Best Practices for Convolutional Neural Networks Applied to
    Visual Document Analysis", ICDAR 2003, section 2.

    Examples
    --------
    >>> from glassnet.data.augmentation import augment
    >>> stroke = np.zeros((1, 28, 28))
    >>> stroke[:, :, 14] = 1.0
    >>> bent = augment(ElasticDistortion(), stroke)
    >>> bent.shape, len(set(bent[0].argmax(axis=1).tolist())) > 1
    ((1, 28, 28), True)
    """

    def __init__(self, alpha: float = 34.0, sigma: float = 4.0) -> None:
        self.alpha = real("alpha", alpha, at_least=0)
        self.sigma = real("sigma", sigma, above=0)

    def draw(self, draw: Draw) -> Drawn:
        """Draw how far down and to the right each pixel's value comes from, (n, 2, h, w)."""
        height, width = draw.shape[:2]
        field = draw.rng.random((len(draw.rows), 2, height, width), np.float32)
        field *= 2 * self.alpha
        field -= self.alpha
        return (self._smoothing(height) @ field @ self._smoothing(width),)

    def apply(self, x: np.ndarray, drawn: Drawn) -> np.ndarray:
        """Resample the images."""
        _, height, width, _ = x.shape
        down, right = drawn[0][:, 0], drawn[0][:, 1]
        rows = down + np.arange(height, dtype=np.float32)[:, None]
        columns = right + np.arange(width, dtype=np.float32)
        return resample(x, rows, columns, "zero")

    def _smoothing(self, length: int) -> np.ndarray:
        """Return the convolution along one axis as a matrix, shape (length, length), symmetric."""
        reach = max(length, int(6 * self.sigma) + 1)
        weights = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / self.sigma))
        weights /= weights.sum()
        away = np.arange(length) - np.arange(length)[:, None]
        matrix: np.ndarray = weights[away + reach].astype(np.float32)
        return matrix
