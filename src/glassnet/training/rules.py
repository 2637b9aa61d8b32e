"""Optimizers as the compiled steps of a chain know them; everything here needs Numba."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.kernels.chain_layout import ADAM_RULE, SGD_RULE, Pace, UpdateSettings
from glassnet.optim import SGD, Adam, AdamW


class Rule(ABC):
    """What compiled steps take from an optimizer; anew at each call, as its settings may change."""

    @abstractmethod
    def settings(self, dtype: np.dtype[Any]) -> UpdateSettings:
        """Return the optimizer's settings, as numbers of the network's dtype."""

    @abstractmethod
    def memory(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return velocity and second moment of these parameters, which steps update in place."""

    @abstractmethod
    def paces(self, rates: Sequence[float], dtype: np.dtype[Any]) -> Pace:
        """Return the numbers of the next steps, which have these learning rates."""


def rule_of(optimizer: SGD | Adam | AdamW) -> Rule:
    """Return what compiled steps take from an optimizer."""
    return SGDRule(optimizer) if isinstance(optimizer, SGD) else AdamRule(optimizer)


class SGDRule(Rule):
    """SGD, with momentum or Nesterov's or without."""

    def __init__(self, optimizer: SGD) -> None:
        self._optimizer = optimizer

    def settings(self, dtype: np.dtype[Any]) -> UpdateSettings:
        """Return the optimizer's settings."""
        optimizer, number = self._optimizer, dtype.type
        return UpdateSettings(
            SGD_RULE,
            momentum=number(optimizer.momentum),
            nesterov=optimizer.nesterov,
            second_momentum=number(0),
            weight_decay=number(optimizer.weight_decay),
            decoupled=False,
            clip_norm=number(optimizer.clip_norm or 0),
        )

    def memory(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the velocity, and nothing."""
        return self._optimizer.velocity_for(theta), theta[:0]

    def paces(self, rates: Sequence[float], dtype: np.dtype[Any]) -> Pace:
        """Return the rates; the rest is not used."""
        each = np.asarray(rates, dtype)
        return Pace(each, each, each)


class AdamRule(Rule):
    """Adam and AdamW."""

    def __init__(self, optimizer: Adam | AdamW) -> None:
        self._optimizer = optimizer

    def settings(self, dtype: np.dtype[Any]) -> UpdateSettings:
        """Return the optimizer's settings."""
        optimizer, number = self._optimizer, dtype.type
        return UpdateSettings(
            ADAM_RULE,
            momentum=number(optimizer.beta_1),
            nesterov=False,
            second_momentum=number(optimizer.beta_2),
            weight_decay=number(optimizer.weight_decay),
            decoupled=optimizer.decoupled_weight_decay,
            clip_norm=number(optimizer.clip_norm or 0),
        )

    def memory(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return both moments."""
        return self._optimizer.moments_for(theta)

    def paces(self, rates: Sequence[float], dtype: np.dtype[Any]) -> Pace:
        """Return rates and corrections."""
        steps = self._optimizer.steps + np.arange(1, len(rates) + 1)
        factors, epsilons = self._optimizer.corrections(steps)
        return Pace(np.asarray(rates, dtype), factors.astype(dtype), epsilons.astype(dtype))
