"""Test-time augmentation: a network's outputs for an image as a mean over changed images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from glassnet.checks import whole
from glassnet.configurable import Configurable, from_config
from glassnet.data.augmentation.translation import padded
from glassnet.nn import Network, Softmax


class TestTimeAugmentation(Configurable):
    """The mean of a network's outputs over mirrored and shifted views of each image.

    It costs a forward pass for each view: six, as it is by default. The figures are not those of
    the network alone; report them beside the plain ones.

    Parameters
    ----------
    mirror : bool
        Take each view and its mirror image, left to right.
    shift : int
        0, or: half of the weight on the image as it is, half on two views of it, shifted by so many
        pixels up and left, and down and right. What comes in at the edge is the image mirrored at
        its outermost pixels.

    Notes
    -----
    Where the network ends with softmax, it is the log-probabilities that are averaged, and the mean
    is made to sum to 1 again: the same as averaging the pre-activations and then taking the
    softmax. So the views are multiplied, not voted on: a class that one view rules out is out.
    Other outputs are averaged as they are.

    References
    ----------
    K. Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", arXiv 2404.00498, section 3.5.

    Examples
    --------
    >>> TestTimeAugmentation(mirror=True, shift=0)
    TestTimeAugmentation(shift=0)
    """

    __test__ = False  # pytest takes classes with such names for its own

    def __init__(self, *, mirror: bool = True, shift: int = 1) -> None:
        if not isinstance(mirror, bool):
            raise TypeError(f"mirror must be true or false, got {mirror!r}")
        self.mirror, self.shift = mirror, whole("shift", shift)
        if not (mirror or self.shift):
            raise ValueError(
                "test-time augmentation without mirror and shift is none; leave it out, or give "
                "mirror = true or shift = 1"
            )

    def check(self, input_shape: tuple[int, ...]) -> None:
        """Refuse examples that are no images, or not larger than the shift.

        Raises
        ------
        ValueError
            If the shape doesn't suit; says which it is.
        """
        if len(input_shape) not in (2, 3):
            raise ValueError(
                "test-time augmentation is for images, of shape (height, width, channels); the "
                f"network takes examples of shape {input_shape}"
            )
        if self.shift >= min(input_shape[:2]):
            raise ValueError(
                f"a shift of {self.shift} is as much as an image is large; the network takes "
                f"images of shape {input_shape}"
            )

    @property
    def count(self) -> int:
        """How many views there are of each image."""
        return (3 if self.shift else 1) * (2 if self.mirror else 1)

    def views(self, x: np.ndarray) -> Iterator[tuple[float, np.ndarray]]:
        """Yield the weight of each view, of sum 1, and the view of all images.

        Parameters
        ----------
        x : ndarray, shape (n, height, width) or (n, height, width, channels)
        """
        _, height, width, *_ = x.shape
        shifted = [(1.0, x)]
        if self.shift:
            images = padded(x.reshape(len(x), height, width, -1), self.shift, "reflect")
            shifted[0] = (0.5, x)
            for first in (2 * self.shift, 0):
                view = images[:, first : first + height, first : first + width]
                shifted.append((0.25, view.reshape(x.shape)))
        for weight, view in shifted:
            yield (weight / 2 if self.mirror else weight), np.ascontiguousarray(view)
            if self.mirror:
                yield weight / 2, np.ascontiguousarray(view[:, :, ::-1])

    def outputs(
        self, network: Network, x: np.ndarray, forward: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        """Return the mean of the outputs over the views; `x` is trusted, as in a forward pass.

        Parameters
        ----------
        network : Network
        x : ndarray, shape (n, *input_shape), of the network's dtype
        forward : callable
            Returns the network's outputs for such an array; valid until its next call.

        Returns
        -------
        ndarray, shape (n, *output_shape)
        """
        logarithmic = isinstance(network.parts[-1], Softmax)
        mean = np.zeros((len(x), *network.output_shape), network.dtype)
        for weight, view in self.views(x):
            p = forward(view)
            if logarithmic:
                p = np.log(np.maximum(p, np.finfo(p.dtype).tiny))
            mean += network.dtype.type(weight) * p
        if logarithmic:
            mean -= mean.max(axis=1, keepdims=True)
            np.exp(mean, out=mean)
            mean /= mean.sum(axis=1, keepdims=True)
        return mean

    def predict(self, network: Network, x: np.ndarray, *, batch_size: int = 1024) -> np.ndarray:
        """Return the mean of the outputs for any number of examples, a batch at a time.

        Parameters
        ----------
        network : Network
        x : array-like, shape (n, *input_shape)
            Finite numbers.
        batch_size : int
            Examples in one forward pass: bounds the memory, not the result.

        Returns
        -------
        ndarray, shape (n, *output_shape)

        Raises
        ------
        ValueError
            If the network takes no images, or `x` is wrong.
        """
        self.check(network.input_shape)
        x = network.checked_input(x)
        whole("batch_size", batch_size, at_least=1)
        outputs = np.empty((len(x), *network.output_shape), network.dtype)
        cache = network.new_cache()
        for start in range(0, len(x), batch_size):
            rows = slice(start, start + batch_size)
            outputs[rows] = self.outputs(network, x[rows], lambda v: network.forward(v, cache))
        return outputs


def views_from_config(config: Mapping[str, Any]) -> TestTimeAugmentation:
    """Return what a recipe's table describes: ``{mirror = true, shift = 1}``."""
    if not isinstance(config, Mapping):
        raise ValueError(f"test_time must be a table such as {{ mirror = true }}, got {config!r}")
    name = TestTimeAugmentation.__name__
    return from_config({name: TestTimeAugmentation}, {"type": name, **config}, "test_time")
