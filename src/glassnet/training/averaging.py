"""An average of the weights beside those that are trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.checks import flag, real, whole
from glassnet.nn import Network
from glassnet.training.callbacks import Callback

if TYPE_CHECKING:
    from glassnet.training.trainer import Trainer


class MovingAverage(Callback):
    """Keep a moving average of all numbers of the network, measure it, and end with it.

    The validation after each epoch is of the average, while training goes on with the weights
    themselves; when the phase ends, unless it is interrupted to be resumed, the network has the
    average. Running statistics of normalising layers are averaged as well.

    Parameters
    ----------
    decay : float
        In [0, 1): how much of the average stays at each step.
    every : int
        Steps from one update to the next, which then counts for so many: ``decay ** every`` stays.
        A validation and the end of a phase take in what has come since.
    warm_up : bool
        If true, the average of the first updates is short: at update t at most
        ``(1 + t) / (10 + t)`` of it stays.

    Notes
    -----
    ``φ ← φ + (1 - decay) (θ - φ)`` after a step; ``φ = θ`` at the beginning of each phase.

    References
    ----------
    Polyak and Juditsky, SIAM J. Control Optim. 30 (1992), for the plain average. The warm-up is
    that of TensorFlow's ``ExponentialMovingAverage``.

    Examples
    --------
    >>> MovingAverage(0.99, warm_up=False)
    MovingAverage(0.99, every=1, warm_up=False)
    """

    order = -1  # what others see in a validation is the average

    def __init__(self, decay: float = 0.999, *, every: int = 1, warm_up: bool = True) -> None:
        self.decay = real("decay", decay, at_least=0, below=1)
        self.every = whole("every", every, at_least=1)
        self.warm_up = flag("warm_up", warm_up)
        self._waiting = self._updates = 0
        self._average: dict[str, np.ndarray] = {}
        self._aside: dict[str, np.ndarray] = {}
        self._scratch: dict[str, np.ndarray] = {}

    def __repr__(self) -> str:
        return f"MovingAverage({self.decay}, every={self.every}, warm_up={self.warm_up})"

    def on_fit_start(self, trainer: Trainer) -> None:
        """Begin with the numbers of the network, unless the phase is resumed.

        Raises
        ------
        ValueError
            If the trainer has another one: the network can't end with both.
        """
        if sum(isinstance(callback, MovingAverage) for callback in trainer.callbacks) > 1:
            raise ValueError("a network ends with one moving average: give one MovingAverage")
        if not trainer.resumed:
            self._waiting = self._updates = 0
            self._average = _copies(trainer.network)

    def on_step_end(self, trainer: Trainer) -> None:
        """Take the numbers of the network into the average, if it is time."""
        self._waiting += 1
        if self._waiting == self.every:
            self._take_in(trainer)

    def _take_in(self, trainer: Trainer) -> None:
        """Do that, for the steps since the last time."""
        if not self._waiting:
            return
        kept = self.decay**self._waiting
        self._waiting, self._updates = 0, self._updates + 1
        if self.warm_up:
            kept = min(kept, (1 + self._updates) / (10 + self._updates))
        for name, array in _numbers(trainer.network):
            average = self._average[name]
            if array.dtype.kind != "f":
                average[...] = array
                continue
            if name not in self._scratch:
                self._scratch[name] = np.empty_like(array)
            way = self._scratch[name]
            np.subtract(array, average, out=way)
            np.multiply(way, 1.0 - kept, out=way)
            np.add(average, way, out=average)

    def on_validation_start(self, trainer: Trainer) -> None:
        """Put the average in, and the numbers that are trained aside."""
        self._take_in(trainer)
        self._aside = _copies(trainer.network)
        self._fill(trainer.network, self._average)

    def on_validation_end(self, trainer: Trainer) -> None:
        """Put the numbers that are trained back."""
        self._fill(trainer.network, self._aside)

    def on_fit_end(self, trainer: Trainer) -> None:
        """Leave the average in the network, unless the phase shall go on later."""
        if not trainer.interrupted:
            self._take_in(trainer)
            self._fill(trainer.network, self._average)

    def state(self) -> dict[str, Any]:
        """Return the average, the numbers of updates and of steps since, and the settings."""
        return {
            "settings": repr(self),
            "waiting": self._waiting,
            "updates": self._updates,
            "average": dict(self._average),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over a copy of what `state` returned.

        Raises
        ------
        ValueError
            If it is of an average with other settings.
        """
        if state["settings"] != repr(self):
            raise ValueError(
                f"the checkpoint is of a run with {state['settings']}, this one has {self!r}; "
                "resume with the settings of the run"
            )
        self._waiting, self._updates = int(state["waiting"]), int(state["updates"])
        self._average = {name: np.array(array) for name, array in state["average"].items()}

    @staticmethod
    def _fill(network: Network, numbers: dict[str, np.ndarray]) -> None:
        for name, array in _numbers(network):
            array[...] = numbers[name]


def _numbers(network: Network) -> list[tuple[str, np.ndarray]]:
    """Return the parameters, as the one vector that they are, and the state."""
    return [("theta", network.theta), *network.named_state()]


def _copies(network: Network) -> dict[str, np.ndarray]:
    return {name: array.copy() for name, array in _numbers(network)}
