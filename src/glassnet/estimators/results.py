"""What a fitted estimator tells, under scikit-learn's names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.estimators.convergence import Convergence
from glassnet.nn import Network
from glassnet.training import History


class FittedAttributes:
    """Attributes of a fitted estimator that follow from what it keeps.

    Attributes
    ----------
    network_ : Network
    history_ : History
        Of all epochs.
    n_outputs_ : int
        Of the network.
    n_iter_ : int
        Epochs in the last call of `fit` or `partial_fit`.
    t_ : int
        Examples seen in training, in all epochs.
    """

    network_: Network
    history_: History
    n_outputs_: int
    n_iter_: int
    t_: int

    convergence_: Convergence
    optimizer_state_: tuple[str, dict[str, Any]] | None
    partial_: bool
    seed_: int

    def _found(self) -> Convergence:
        if "convergence_" not in self.__dict__:
            name = type(self).__name__
            raise AttributeError(f"this {name} is not fitted yet; call its fit first")
        return self.convergence_

    @property
    def coefs_(self) -> list[np.ndarray]:
        """The weights of each layer that has some; for dense layers shape (inputs, units).

        They are the network's own: what is written into them changes it. A list of as many arrays
        of the same shapes can be set.
        """
        return self._parameters("W")

    @coefs_.setter
    def coefs_(self, arrays: Sequence[np.ndarray]) -> None:
        _write(self.coefs_, arrays, "coefs_")

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """The biases of each layer that has some, shape (units,); they are the network's own.

        A list of as many arrays of the same shapes can be set.
        """
        return self._parameters("b")

    @intercepts_.setter
    def intercepts_(self, arrays: Sequence[np.ndarray]) -> None:
        _write(self.intercepts_, arrays, "intercepts_")

    def _parameters(self, name: str) -> list[np.ndarray]:
        self._found()
        named = self.network_.named_parameters()
        return [parameter.value for _, parameter in named if parameter.name == name]

    @property
    def n_layers_(self) -> int:
        """How many layers have weights, and one for the inputs."""
        return len(self.coefs_) + 1

    @property
    def loss_curve_(self) -> list[float]:
        """The training loss of each epoch, with the penalty on the weights."""
        return self._found().losses

    @property
    def loss_(self) -> float:
        """The training loss of the last epoch."""
        return self._found().losses[-1]

    @property
    def best_loss_(self) -> float | None:
        """The least training loss; None if the score on validation data decides."""
        found = self._found()
        return None if found.early_stopping else found.best_loss

    @property
    def validation_loss_curve_(self) -> list[float] | None:
        """The loss on the validation data after each epoch, without penalty; None without data."""
        return self._found().validation_losses or None

    @property
    def validation_scores_(self) -> list[float] | None:
        """The score on the validation data after each epoch; None without data."""
        return self._found().scores or None

    @property
    def best_validation_score_(self) -> float | None:
        """The best of them; None without validation data."""
        return max(self.validation_scores_ or [], default=None)

    @property
    def stopped_(self) -> bool:
        """Whether training ended because there was no more progress."""
        return self._found().converged


def _write(own: list[np.ndarray], arrays: Sequence[np.ndarray], name: str) -> None:
    """Check all, then write all."""
    given = [np.asarray(array) for array in arrays]
    if [array.shape for array in given] != [array.shape for array in own]:
        raise ValueError(
            f"{name} needs arrays of the shapes {[array.shape for array in own]}, got "
            f"{[array.shape for array in given]}"
        )
    if not all(np.isfinite(array).all() for array in given):
        raise ValueError(f"{name} has values that are NaN or infinite")
    for array, values in zip(own, given, strict=True):
        array[...] = values
