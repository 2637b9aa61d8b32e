"""A branch that is added to its own input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.nn.layer import Cache, Layer, Shape


class Residual(Layer):
    """Add what some layers make of the input to the input: ``y = x + f(x)``.

    Parameters
    ----------
    layers : sequence of Layer
        The branch ``f``, in the order in which the input passes them.
    shortcut : sequence of Layer, optional
        What the other summand passes, where the branch changes the shape: ``y = s(x) + f(x)``, with
        ``s`` a 1x1 convolution for example. Without, it is the input as it is.

    Raises
    ------
    ValueError
        In `build`, if the two summands have different shapes; the message has both.

    Notes
    -----
    The gradient by the input is the sum of those of both ways:
    ``dx = dy ∂s/∂x + dy ∂f/∂x``, and ``∂s/∂x = 1`` without a shortcut.

    References
    ----------
    He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385, Eq. 1 and 2.

    Examples
    --------
    >>> import glassnet as gn
    >>> block = [gn.Conv2D(8, 3, "relu", padding="same"), gn.Conv2D(8, 3, padding="same")]
    >>> network = gn.Network([gn.Residual(block), gn.ReLU()], input_shape=(16, 16, 8))
    >>> network.output_shape
    (16, 16, 8)
    """

    def __init__(self, layers: Sequence[Layer], shortcut: Sequence[Layer] | None = None) -> None:
        self.layers = _checked_branch("layers", layers)
        self.shortcut = None if shortcut is None else _checked_branch("shortcut", shortcut)
        self.inner = (*self.layers, *(self.shortcut or ()))
        self._branch = _parts(self.layers)
        self._other = _parts(self.shortcut or ())

    def build(self, input_shape: Shape) -> Shape:
        """Build the layers of both ways; return their common output shape."""
        shape = self._built(self.layers, input_shape, "layers")
        other = self._built(self.shortcut or (), input_shape, "shortcut")
        if shape != other:
            what = "its input" if self.shortcut is None else "its shortcut"
            todo = (
                "give it a shortcut that changes the shape too, such as [Conv2D(filters, 1)]"
                if self.shortcut is None
                else "make both end in the same shape"
            )
            raise ValueError(
                f"Residual adds the output of its layers, of shape {shape}, to {what}, of shape "
                f"{other}; {todo}"
            )
        return shape

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Return the sum of both ways."""
        caches = cache.inner(len(self._branch) + len(self._other))
        f = s = x
        for part, part_cache in zip(self._branch, caches, strict=False):
            f = part.forward(f, part_cache, training=training)
        for part, part_cache in zip(self._other, caches[len(self._branch) :], strict=True):
            s = part.forward(s, part_cache, training=training)
        y = cache.array("y", f.shape, f.dtype)
        np.add(f, s, out=y)
        return y

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite the gradients of all inner layers; return the gradient by the input."""
        caches = cache.inner(len(self._branch) + len(self._other))
        # a layer may overwrite what it is given: the shortcut needs its own
        ds = cache.array("ds", dy.shape, dy.dtype)
        np.copyto(ds, dy)
        df = _back(self._branch, dy, caches[: len(self._branch)], need_dx=need_dx)
        other = _back(self._other, ds, caches[len(self._branch) :], need_dx=need_dx)
        if df is None or other is None:
            return None
        dx = cache.gradient(df.shape, df.dtype)
        np.add(df, other, out=dx)
        return dx

    def _built(self, layers: Sequence[Layer], shape: Shape, way: str) -> Shape:
        for i, layer in enumerate(layers):
            for part in layer.parts:
                try:
                    shape = part.build(shape)
                except ValueError as error:
                    raise ValueError(f"{way}[{i}] of Residual: {error}") from None
        return shape


def _back(
    parts: Sequence[Layer], dy: np.ndarray, caches: Sequence[Cache], *, need_dx: bool
) -> np.ndarray | None:
    """Run layers backwards; return the gradient by their input if it is needed."""
    delta: np.ndarray | None = dy
    for i in range(len(parts) - 1, -1, -1):
        assert delta is not None  # noqa: S101 (for mypy: only the first layer may return None)
        delta = parts[i].backward(delta, caches[i], need_dx=need_dx or i > 0)
    return delta if need_dx else None


def _parts(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    return tuple(part for layer in layers for part in layer.parts)


def _checked_branch(name: str, layers: Sequence[Layer]) -> list[Layer]:
    if not isinstance(layers, list | tuple) or not layers:
        raise TypeError(f"{name} must be a list of layers such as [Conv2D(16, 3)], got {layers!r}")
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(f"{name} must hold layer objects, got {layer!r}")
    return list(layers)
