"""A first convolution that is calculated, not learned: it decorrelates the pixels of a patch."""

from __future__ import annotations

import numpy as np

from glassnet.checks import real, whole
from glassnet.nn.channel_rows import ChannelRows
from glassnet.nn.correlation import correlate, correlate_back
from glassnet.nn.layer import Cache, Layer, Parameter, Shape
from glassnet.nn.standardize import checked_weights
from glassnet.nn.windows import Pair, checked_pair, windows_for


class Whitening2D(Layer):
    """A convolution with fixed filters that whiten the patches of the training images.

    The filters come from `adapt`, are constants of the network from then on, and are saved with it.
    Before `adapt` they are NaN, and `forward` raises a ValueError. The bias is learned.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of a patch.
    epsilon : float
        Added to the eigenvalues, above 0: directions in which patches hardly vary are not blown up.
    examples : int
        How many training images `adapt` looks at: the first ones.

    Notes
    -----
    With the covariance ``C = E diag(λ) Eᵀ`` of all patches (of kernel_height x kernel_width x
    channels numbers, about their mean), filter ``i`` is the eigenvector ``E_i / sqrt(λ_i + ε)``,
    the largest eigenvalue first; then come the negatives of all of them, for the activation that
    follows to see both signs. So there are 2 x kernel_height x kernel_width x channels filters.
    There is no padding. Parameter: ``b``, shape (filters,). State: ``filters``, shape
    (kernel_height, kernel_width, channels, filters).

    References
    ----------
    Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", arXiv 2404.00498, section 3.2.

    Examples
    --------
    >>> import glassnet as gn
    >>> layer = gn.Whitening2D(2)
    >>> network = gn.Network([layer], input_shape=(8, 8, 3))
    >>> network.output_shape
    (7, 7, 24)
    >>> layer.adapt(np.random.default_rng(0).random((50, 8, 8, 3)))
    >>> layer.adapted
    True
    """

    shares_products = True

    def __init__(
        self, kernel_size: int | Pair = 2, *, epsilon: float = 5e-4, examples: int = 5000
    ) -> None:
        self.kernel_size = checked_pair("kernel_size", kernel_size, at_least=1)
        self.epsilon = real("epsilon", epsilon, above=0)
        self.examples = whole("examples", examples, at_least=1)

    def build(self, input_shape: Shape) -> Shape:
        """Declare the filters and ``b`` for images of shape (height, width, channels)."""
        self.windows = windows_for(
            self, input_shape, kernel=self.kernel_size, strides=1, padding="valid"
        )
        self._input_shape = input_shape
        height, width = self.windows.kernel
        count = 2 * height * width * input_shape[2]
        self.filters = np.broadcast_to(np.nan, (height, width, input_shape[2], count))
        self.b = Parameter("b", (count,), lambda rng: np.zeros(count), decays=False)  # noqa: ARG005
        self.parameters = (self.b,)
        return (*self.windows.output, count)

    def adapt(self, x: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Take the filters from the training inputs.

        Parameters
        ----------
        x : ndarray, shape (n, height, width, channels)
        weights : ndarray, shape (n,), optional
            How much each of them counts; by default all the same.

        Raises
        ------
        ValueError
            If the inputs are of another shape, there are none, or the layer is in no network yet;
            if there is not one weight for each of them, or a value is not finite.
        """
        if not self.in_network:
            raise ValueError("put Whitening2D into a Network before adapt: it needs the shapes")
        if x.shape[1:] != self._input_shape or len(x) == 0:
            expected = ", ".join(map(str, ("n", *self._input_shape)))
            raise ValueError(
                f"Whitening2D expects inputs of shape ({expected}), got shape {x.shape}"
            )
        weights = checked_weights(weights, len(x))
        x, size = x[: self.examples], self.filters.shape[3] // 2
        each = np.ones(len(x)) if weights is None else weights[: self.examples]
        count = each.sum() * self.windows.output[0] * self.windows.output[1]
        total, products = np.zeros(size), np.zeros((size, size))
        shift = x[:1].mean(axis=(0, 1, 2), dtype=np.float64)  # against cancellation
        for image, weight in zip(x, each, strict=True):
            patches = self.windows.of(image[np.newaxis] - shift).reshape(-1, size)
            total += weight * patches.sum(axis=0)
            products += weight * (patches.T @ patches)
        mean = total / count
        covariance = products / count - np.outer(mean, mean)
        if not np.isfinite(covariance).all():
            raise ValueError("Whitening2D cannot adapt to NaN or infinity; remove or replace them")
        eigenvalues, eigenvectors = np.linalg.eigh(covariance)  # one in each column, rising
        largest = np.abs(eigenvectors).argmax(axis=0)
        # either sign is right: take the one that makes the largest entry positive
        eigenvectors *= np.sign(eigenvectors[largest, np.arange(size)])
        scaled = eigenvectors / np.sqrt(np.maximum(eigenvalues, 0.0) + self.epsilon)
        half = scaled[:, ::-1].reshape(*self.filters.shape[:3], size)
        self.filters[...] = np.concatenate([half, -half], axis=3)

    @property
    def adapted(self) -> bool:
        """Whether there are filters: from `adapt`, or from a saved network."""
        return not np.isnan(self.filters.flat[0])

    @property
    def state(self) -> dict[str, np.ndarray]:
        """The filters."""
        return {"filters": self.filters}

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return the whitened patches, shape (batch, out_height, out_width, filters)."""
        if not self.adapted:
            raise ValueError("Whitening2D has no filters yet; call network.adapt(train.x) first")
        cache["shape"] = x.shape
        z = cache.array("z", (len(x), *self.windows.output, self.filters.shape[3]), x.dtype)
        correlate(x, self.filters.astype(x.dtype), self.windows, z)
        ChannelRows(z).add(self.b.value)
        return z

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite ``db``; return ``dx``, shape (batch, height, width, channels)."""
        self.b.grad[...] = ChannelRows(dy).sums()
        if not need_dx:
            return None
        dx = cache.gradient(cache["shape"], dy.dtype)
        correlate_back(dy, self.filters.astype(dy.dtype), self.windows, dx)
        return dx
