"""A network's weights, each as a view in the layout that another library has for it."""

from __future__ import annotations

import copy
import math
from collections.abc import Generator, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from glassnet.export.graph import CHANNELS_FIRST
from glassnet.export.image_operators import OIHW
from glassnet.nn import (
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    Layer,
    LayerNormalization,
    Network,
    PReLU,
    Reshape,
    Residual,
    Standardize,
    Whitening2D,
)
from glassnet.nn.layer import Shape
from glassnet.nn.row import names_of

Image = tuple[int, int, int] | None
"""The shape of the image that a vector was before, if its order there is another than here."""


class Tensor(NamedTuple):
    """One array of another library."""

    name: str
    """``"dense_1.weight"``: the layer's name here, the array's name there."""
    layer: Layer
    view: np.ndarray
    """Our numbers in the order that they have there: writing to it changes the network."""
    shape: Shape
    """Of the array there; the view may have more axes."""
    fixed: bool = False
    """Whether there is no such array here: the numbers are those that change nothing."""

    @property
    def least(self) -> float | None:
        """What its numbers cannot be below, if anything."""
        for key, bound in self.layer.least.items():
            if np.may_share_memory(self.view, self.layer.state[key]):
                return bound
        return None

    def copied(self, dtype: np.dtype[Any]) -> np.ndarray:
        """Return the array as it is there."""
        return np.array(self.view, dtype, order="C").reshape(self.shape)


class Place(NamedTuple):
    """Where a part of a network stands."""

    name: str
    layer: Layer
    shape: Shape
    """Of its input."""
    image: Image

    def tensor(self, name: str, view: np.ndarray, shape: Shape, *, fixed: bool = False) -> Tensor:
        """Return an array of this part."""
        return Tensor(f"{self.name}.{name}", self.layer, view, shape, fixed)

    def vector(self, name: str, array: np.ndarray | None, *, default: float = 0.0) -> Tensor:
        """Return a number for each feature or channel; `default` stands for those of no array."""
        if array is None:
            size = self.shape[-1]
            return self.tensor(name, np.full(size, default), (size,), fixed=True)
        view = array
        if self.image is not None and array.size == math.prod(self.image):
            view = array.reshape(self.image).transpose(CHANNELS_FIRST)
        return self.tensor(name, view, array.shape)


def torch_tensors(network: Network) -> Iterator[Tensor]:
    """Yield all weights in the order and the layouts of PyTorch.

    Raises
    ------
    ValueError
        If a layer has weights and no counterpart, or its numbers have another order there.
    """
    for place in _places(network, channels_first=True):
        yield from _torch_tensors(place)


def keras_tensors(network: Network) -> Iterator[Tensor]:
    """Yield all weights in the order and the layouts of Keras.

    Raises
    ------
    ValueError
        If a layer has weights and no counterpart.
    """
    for place in _places(network, channels_first=False):
        yield from _keras_tensors(place)


def _torch_tensors(place: Place) -> Iterator[Tensor]:
    layer = place.layer
    if isinstance(layer, Dense | Conv2D | DepthwiseConv2D | Whitening2D):
        yield _torch_weight(place)
        if isinstance(layer, Whitening2D) or layer.use_bias:
            yield place.tensor("bias", layer.b.value, layer.b.shape)
    elif isinstance(layer, BatchNormalization | LayerNormalization):
        yield from _torch_normalization(place, layer)
    elif isinstance(layer, PReLU):
        yield place.vector("weight", layer.a.value)
    elif isinstance(layer, Standardize):
        for name, array in layer.state.items():
            yield _broadcast(place, name, array)
    else:
        _refuse_unknown(place, "PyTorch")


def _torch_weight(place: Place) -> Tensor:
    """Return a matrix as (out, in), and filters as (out, in, height, width)."""
    layer = place.layer
    W = layer.filters if isinstance(layer, Whitening2D) else layer.W.value  # type: ignore[attr-defined]
    if isinstance(layer, Dense):
        # the rows that see an image, in the order of PyTorch's Flatten
        view = W.T if place.image is None else W.reshape(*place.image, -1).transpose(OIHW)
        return place.tensor("weight", view, W.shape[::-1])
    if isinstance(layer, DepthwiseConv2D):
        W = W.reshape(*W.shape[:2], 1, -1)
    view = W.transpose(OIHW)
    return place.tensor("weight", view, view.shape)


def _torch_normalization(
    place: Place, layer: BatchNormalization | LayerNormalization
) -> Iterator[Tensor]:
    """Yield scale and shift, and running statistics."""
    if layer.scale or layer.center:  # PyTorch has no bias alone, and of a batch no weight alone
        yield place.vector("weight", layer.gamma.value if layer.scale else None, default=1.0)
    if layer.center or (layer.scale and isinstance(layer, BatchNormalization)):
        yield place.vector("bias", layer.beta.value if layer.center else None)
    if isinstance(layer, BatchNormalization):
        yield place.vector("running_mean", layer.running_mean)
        yield place.vector("running_var", layer.running_variance)


def _broadcast(place: Place, name: str, array: np.ndarray) -> Tensor:
    """Return numbers that are broadcast with images, (channels, height, width) there."""
    if len(place.shape) != 3:
        return place.vector(name, array)
    view = array.transpose(CHANNELS_FIRST) if array.ndim == 3 else array[:, None, None]
    return place.tensor(name, view, view.shape)


def _keras_tensors(place: Place) -> Iterator[Tensor]:
    layer = place.layer
    if isinstance(layer, BatchNormalization | LayerNormalization | Whitening2D):
        state = layer.state
        arrays = {"filters": state["filters"]} if isinstance(layer, Whitening2D) else {}
        arrays |= {q.name: q.value for q in layer.parameters}
        if isinstance(layer, BatchNormalization):
            arrays |= {"moving_mean": state["running_mean"]}
            arrays |= {"moving_variance": state["running_variance"]}
        for name, array in arrays.items():
            yield place.tensor(name, array, array.shape)
    elif isinstance(layer, Dense | Conv2D | DepthwiseConv2D):
        yield place.tensor("kernel", layer.W.value, layer.W.shape)
        if layer.use_bias:
            yield place.tensor("bias", layer.b.value, layer.b.shape)
    elif isinstance(layer, PReLU):
        ones = (1,) * (len(place.shape) - 1)
        yield place.tensor("alpha", layer.a.value, (*ones, *layer.a.shape))
    elif not isinstance(layer, Standardize):  # Normalization(mean=..., variance=...) has no weights
        _refuse_unknown(place, "Keras")


def _refuse_unknown(place: Place, library: str) -> None:
    layer = place.layer
    if layer.parameters or layer.state:
        raise ValueError(
            f"{place.name} ({layer!r}) has weights, and what they are in {library} is not known; "
            "copy them yourself from network.numbers(), and those of the other layers"
        )


def _places(network: Network, *, channels_first: bool) -> Iterator[Place]:
    names = names_of(network.layers)
    walk = _Walk(channels_first)
    yield from walk.along(names, network.layers, network.input_shape, None)


class _Walk(NamedTuple):
    """A way through a network."""

    channels_first: bool
    """Whether images have another order there."""

    def along(
        self, names: Sequence[str], layers: Sequence[Layer], shape: Shape, image: Image
    ) -> Generator[Place, None, tuple[Shape, Image]]:
        """Yield the places of layers and of those inside them; return what comes out of them."""
        for name, layer in zip(names, layers, strict=True):
            for part in layer.parts:
                # an activation that was given to a layer is a layer of its own there
                own = name if part is layer else f"{name}_{type(part).__name__.lower()}"
                place = Place(own, part, shape, image)
                if isinstance(part, Residual):
                    shape, image = yield from self._both_ways(place, part)
                    continue
                yield place
                image = _image_after(place) if self.channels_first else None
                shape = copy.copy(part).build(shape)  # the copy takes what build declares
        return shape, image

    def _both_ways(
        self, place: Place, layer: Residual
    ) -> Generator[Place, None, tuple[Shape, Image]]:
        names = [f"{place.name}.{name}" for name in names_of(layer.inner)]
        split, shortcut = len(layer.layers), layer.shortcut or ()
        shape, image = yield from self.along(names[:split], layer.layers, place.shape, place.image)
        _, other = yield from self.along(names[split:], shortcut, place.shape, place.image)
        if image != other:
            raise ValueError(
                f"{place.name} adds a vector that was an image, whose numbers have another order "
                "in PyTorch, to one that was none; put a Dense layer before it"
            )
        return shape, image


def _image_after(place: Place) -> Image:
    """Return which image the output was, if its order is another one with channels first."""
    layer, shape = place.layer, place.shape
    if isinstance(layer, Dense):
        return None
    if not isinstance(layer, Flatten | Reshape):
        return place.image
    after = copy.copy(layer).build(shape)
    if len(after) == 1 and len(shape) == 1:
        return place.image
    if len(after) == 1 and len(shape) == 3:
        return shape if _differs(shape) else None
    if place.image is not None or _differs(shape) or _differs(after):
        raise ValueError(
            f"{place.name} ({layer!r}) makes shape {after} of shape {shape}, whose numbers PyTorch "
            "has in another order; only vectors can be made of images there"
        )
    return None


def _differs(shape: Shape) -> bool:
    """Tell whether the numbers of an image come in another order with the channels first."""
    return len(shape) == 3 and shape[2] > 1 and shape[0] * shape[1] > 1
