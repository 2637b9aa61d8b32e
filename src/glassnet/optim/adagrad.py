"""Adagrad: each parameter's gradient divided by the size of all it has had."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glassnet.checks import real
from glassnet.optim.descent import GradientDescent
from glassnet.optim.groups import ParameterGroup
from glassnet.optim.subnormals import NEGLIGIBLE


class Adagrad(GradientDescent):
    """Divide the gradient of each parameter by the root of the sum of its squares so far.

    Parameters whose gradient is seldom not 0 so learn faster than others, and all ever slower.

    Parameters
    ----------
    learning_rate : float
        ``λ``, above 0.
    initial_accumulator : float
        What the sums begin with, at least 0.
    epsilon : float
        ``ε``, added to the root.
    weight_decay, l1, max_norm, clip_norm, groups
        See `GradientDescent`.

    Notes
    -----
    ``s ← s + g²``, ``θ ← θ - λ g / (√s + ε)``. So that no number is subnormal, ``s`` starts at
    1e-30 at least.

    References
    ----------
    Duchi, Hazan, Singer, JMLR 12 (2011), section 1.1 with the diagonal matrices.

    Examples
    --------
    >>> theta, optimizer = np.array([1.0]), Adagrad(0.1)
    >>> for gradient in (3.0, 4.0):
    ...     optimizer.step(theta, np.array([gradient]))
    >>> theta.round(6).tolist()
    [0.82]
    """

    def __init__(
        self,
        learning_rate: float = 0.01,
        *,
        initial_accumulator: float = 0.0,
        epsilon: float = 1e-10,
        weight_decay: float = 0.0,
        l1: float = 0.0,
        max_norm: float | None = None,
        clip_norm: float | None = None,
        groups: Sequence[ParameterGroup] = (),
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay=weight_decay,
            l1=l1,
            max_norm=max_norm,
            clip_norm=clip_norm,
            groups=groups,
        )
        self.initial_accumulator = real("initial_accumulator", initial_accumulator, at_least=0)
        self.epsilon = real("epsilon", epsilon, at_least=0)

    def direction(self, grad: np.ndarray, out: np.ndarray) -> np.ndarray:
        """Return ``g / (√s + ε)``."""
        total = self.remembered("total", grad, max(self.initial_accumulator, NEGLIGIBLE))
        np.multiply(grad, grad, out=out)
        np.add(total, out, out=total)
        np.sqrt(total, out=out)
        np.add(out, self.epsilon, out=out)
        np.divide(grad, out, out=out)
        return out
