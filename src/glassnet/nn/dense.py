"""The fully connected layer."""

from __future__ import annotations

import numpy as np

from glassnet.checks import whole
from glassnet.nn.activation import Activation
from glassnet.nn.affine import Affine
from glassnet.nn.layer import Cache, Parameter, Shape
from glassnet.nn.local_fields import LocalFields


class Dense(Affine):
    """A fully connected layer: every output sees every input.

    Parameters
    ----------
    units : int
        Number of outputs, at least 1.
    activation : str or Activation, optional
        What follows the affine map: a name such as ``"relu"``, or an activation's object. It is a
        layer of its own, which the network runs after this one.
    use_bias : bool
        Whether each unit has a bias. Before a batch normalisation it has no effect.
    weight_initializer : str or LocalFields, optional
        A name in `INITIALIZERS`, or `LocalFields` for units that begin with a region of an image.
        By default the one that fits the activation: ``"he_uniform"`` for
        the ReLU family, ``"glorot_uniform"`` otherwise.
    bias_initializer : str
        A name in `INITIALIZERS`.

    Raises
    ------
    ValueError
        For an unknown name or a number out of range; in `build`, for an input of another rank.

    Notes
    -----
    For rows of examples, ``z = x W + b`` with ``x`` of shape (batch, inputs), ``W`` of shape
    (inputs, units) and ``b`` of shape (units,). Parameters: ``W``, and ``b`` if there are biases.

    References
    ----------
    The thesis, Eq. 1, 3, 5 and 7 (forward), 13 to 15 (backward).

    Examples
    --------
    >>> import glassnet as gn
    >>> network = gn.Network([gn.Dense(3, "relu"), gn.Dense(1)], input_shape=(2,))
    >>> network.theta.size
    13
    """

    def __init__(
        self,
        units: int,
        activation: str | Activation | None = None,
        *,
        use_bias: bool = True,
        weight_initializer: str | LocalFields | None = None,
        bias_initializer: str = "zeros",
    ) -> None:
        self.units = whole("units", units, at_least=1)
        super().__init__(
            activation,
            use_bias=use_bias,
            weight_initializer=weight_initializer,
            bias_initializer=bias_initializer,
        )

    def build(self, input_shape: Shape) -> Shape:
        """Declare ``W`` and ``b`` for inputs of shape (inputs,)."""
        if len(input_shape) != 1:
            raise ValueError(
                f"Dense({self.units}) expects a vector of features for each example, got shape "
                f"{input_shape}; put Flatten() before it"
            )
        (inputs,), units = input_shape, self.units
        # a function that held the layer would keep all of its memory alive
        weight = self._initialize_weight
        W = Parameter("W", (inputs, units), lambda rng: weight(rng, (inputs, units), inputs, units))
        self._declare(W, units, fans=(inputs, units))
        return (units,)

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:  # noqa: ARG002
        """Return the pre-activation ``z``, shape (batch, units)."""
        cache["x"] = x
        z = cache.array("z", (x.shape[0], self.units), x.dtype)
        np.dot(x, self.W.value, out=z)  # (Eq. 1) (Eq. 3) (Eq. 5) (Eq. 7)
        if self.use_bias:
            # (1, units): at batch 1 that is the shape of z, and NumPy need not broadcast
            z += self.b.value[np.newaxis]
        return z

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite ``dW`` and ``db``; return ``dx``, shape (batch, inputs)."""
        x = cache["x"]
        np.dot(x.T, dy, out=self.W.grad)  # (Eq. 14)
        if self.use_bias:
            np.add.reduce(dy, axis=0, out=self.b.grad)  # (Eq. 15)
        if not need_dx:
            return None
        dx = cache.array("dx", x.shape, x.dtype)
        return np.dot(dy, self.W.value.T, out=dx)  # (Eq. 13), before the activation's derivative
