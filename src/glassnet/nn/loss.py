"""What a loss is: the contract that every one keeps."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from glassnet.configurable import Configurable
from glassnet.nn.activation import Activation
from glassnet.nn.layer import Layer

_ROUNDING = 1e-5
"""By what targets that were computed, such as another network's outputs, may be out of range."""


class Loss(Configurable, ABC):
    """The contract of every loss.

    A loss with a `partner` forms a pair with that output activation: the gradient of both together,
    by the pre-activation, is ``p - y`` up to a factor. It needs no division by ``p`` and stays
    right where the activation is saturated; `Network.backward` uses it by itself. With any other
    output activation such a loss trains to garbage, and `check_output` refuses it.

    A loss that is defined for some targets only says between which numbers they lie,
    `target_range`; `encode` refuses others.

    Examples
    --------
    >>> import glassnet as gn
    >>> gn.CategoricalCrossEntropy().config()
    {'type': 'categorical_cross_entropy', 'label_smoothing': 0.0}
    >>> gn.MeanSquaredError().encode(np.array([2, 0]), 3, np.dtype("float32")).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """

    partner: ClassVar[type[Activation] | None] = None
    target_range: ClassVar[tuple[float, float]] = (-math.inf, math.inf)

    @abstractmethod
    def per_example(self, p: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the loss of each example.

        Parameters
        ----------
        p : ndarray, shape (batch, outputs)
            Predictions.
        y : ndarray, shape (batch, outputs)
            Targets, as `encode` gives them.

        Returns
        -------
        ndarray, shape (batch,)
        """

    @abstractmethod
    def gradient(self, p: np.ndarray, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Return the gradient of `value` by `p`, shape (batch, outputs), in `out` if given."""

    def pair_gradient(
        self,
        p: np.ndarray,  # noqa: ARG002
        y: np.ndarray,  # noqa: ARG002
        out: np.ndarray | None = None,  # noqa: ARG002
    ) -> np.ndarray:
        """Return the gradient of `value` by the pre-activation of the `partner`."""
        raise TypeError(f"{type(self).__name__} has no partner activation")

    def total(self, p: np.ndarray, y: np.ndarray) -> float:
        """Return the sum of the loss over the batch: that of `per_example`, or faster."""
        return float(self.per_example(p, y).sum(dtype=np.float64))

    def __init_subclass__(cls, **settings: Any) -> None:  # noqa: ANN401
        super().__init_subclass__(**settings)
        if "per_example" in cls.__dict__ and "total" not in cls.__dict__:
            cls.total = Loss.total  # type: ignore[method-assign] # its parent's sums something else

    def value(self, p: np.ndarray, y: np.ndarray) -> float:
        """Return the mean loss over the batch, which has one example at least."""
        return self.total(p, y) / len(p)

    def encode(self, y: np.ndarray, outputs: int, dtype: np.dtype[Any]) -> np.ndarray:
        """Return the targets in the form that the loss takes, shape (batch, outputs).

        Integer labels, shape (batch,), become one-hot rows, or a column of 0 and 1 for a network
        with one output. Float targets, shape (batch, outputs), stay as they are.

        Raises
        ------
        ValueError
            If the shape is another one, a label is no integer from 0 to outputs - 1, or a target
            lies outside of the `target_range`.
        """
        if y.ndim not in (1, 2) or (y.ndim == 2 and y.shape[1] != outputs):
            raise ValueError(
                f"targets should be labels of shape (n,) or of shape (n, {outputs}), "
                f"got shape {y.shape}"
            )
        if y.ndim == 2:
            return self._within_range(np.asarray(y, dtype))
        if outputs == 1:
            return self._within_range(y[:, None].astype(dtype))
        integers = y.dtype.kind in "biu"
        if y.size and not (integers and y.min() >= 0 and y.max() < outputs):
            wrong = y[(y < 0) | (y >= outputs)] if integers else y
            raise ValueError(f"labels should be integers from 0 to {outputs - 1}, got {wrong[0]!r}")
        encoded = np.zeros(len(y) * outputs, dtype)
        encoded[np.arange(0, encoded.size, outputs) + y.astype(np.intp, copy=False)] = 1.0
        return encoded.reshape(len(y), outputs)

    def _within_range(self, targets: np.ndarray) -> np.ndarray:
        """Return the targets, or refuse them if the loss is not defined for one of them."""
        least, most = self.target_range
        if (least, most) == (-math.inf, math.inf) or targets.size == 0:
            return targets
        low, high = float(targets.min()), float(targets.max())
        if low >= least - _ROUNDING and high <= most + _ROUNDING:
            return targets
        name = self.config()["type"]
        allowed = f"of {least:g} or more" if most == math.inf else f"from {least:g} to {most:g}"
        raise ValueError(
            f"{name} takes targets {allowed}, got {low:.9g} to {high:.9g}; scale them, or use "
            "another loss, such as 'mean_squared_error'"
        )

    def smoothed(self, y: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:  # noqa: ARG002
        """Return the targets that the outputs are in fact compared with: most losses' own."""
        return y

    def check_output(self, layer: Layer) -> None:
        """Refuse a last layer whose outputs the loss cannot take.

        Raises
        ------
        ValueError
            If the loss has a `partner` and the layer is another one.
        """
        if self.partner is not None and not isinstance(layer, self.partner):
            partner = self.partner.__name__.lower()
            own = [name for name, loss in LOSSES.items() if loss.partner is type(layer)]
            raise ValueError(
                f"{self!r} takes probabilities of a {partner}, and the network ends with "
                f"{layer!r}; end it with Dense(..., {partner!r})"
                + "".join(f", or use the loss {name!r}" for name in own)
            )

    def pairs_with(self, layer: Layer) -> bool:
        """Tell whether `layer` is the output activation whose pair this loss is."""
        return self.partner is not None and type(layer) is self.partner

    def config(self) -> dict[str, Any]:
        """Return the settings, ready for JSON, with the loss' name as ``"type"``."""
        names = {loss: name for name, loss in LOSSES.items()}
        return super().config() | {"type": names.get(type(self), type(self).__name__)}


LOSSES: dict[str, type[Loss]] = {}
"""Losses by name; `glassnet.nn.losses` enters its own."""


def scaled_difference(
    p: np.ndarray, y: np.ndarray, scale: float, out: np.ndarray | None
) -> np.ndarray:
    """Return ``scale (p - y)``: in `out` if given, which may be `y`."""
    difference: np.ndarray = np.subtract(p, y, out=out)
    if scale != 1.0:
        difference *= scale
    return difference
