"""What layers with weights and biases have in common: how they start, and what follows."""

from __future__ import annotations

from typing import ClassVar

from glassnet.checks import flag
from glassnet.names import lookup
from glassnet.nn.activation import Activation
from glassnet.nn.activations import Identity, activation_named
from glassnet.nn.initializers import INITIALIZERS, Initializer
from glassnet.nn.layer import Layer, Parameter
from glassnet.nn.local_fields import LocalFields


class Affine(Layer):
    """Weights ``W``, a bias ``b`` for each output if wanted, and an activation after them.

    The arguments are those of `Dense`.
    """

    tables: ClassVar = {"weight_initializer": ({"LocalFields": LocalFields}, "initializer")}

    W: Parameter
    b: Parameter

    def __init__(
        self,
        activation: str | Activation | None,
        *,
        use_bias: bool,
        weight_initializer: str | LocalFields | None,
        bias_initializer: str,
    ) -> None:
        self.activation = activation_named(activation)
        self.use_bias = flag("use_bias", use_bias)
        self.weight_initializer = weight_initializer
        self.bias_initializer = bias_initializer
        if weight_initializer is None:
            weight_initializer = (self.activation or Identity()).fitting_initializer
        self._initialize_weight: Initializer = (
            weight_initializer
            if isinstance(weight_initializer, LocalFields)
            else lookup(INITIALIZERS, weight_initializer, "initializer")
        )
        self._initialize_bias = lookup(INITIALIZERS, bias_initializer, "initializer")

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The affine map, then the activation if there is one."""
        return (self,) if self.activation is None else (self, self.activation)

    def _declare(self, W: Parameter, outputs: int, *, fans: tuple[int, int]) -> None:
        """Take the weights, and a bias for each output; `fans` are those of one weight."""
        # a function that held the layer would keep all of its memory alive
        bias = self._initialize_bias
        self.W = W
        self.b = Parameter(
            "b",
            (outputs,),
            lambda rng: bias(rng, (outputs,), *fans),
            decays=False,
        )
        self.parameters = (self.W, self.b) if self.use_bias else (self.W,)
