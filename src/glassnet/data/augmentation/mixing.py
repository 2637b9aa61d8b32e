"""Two images in one."""

from __future__ import annotations

import numpy as np

from glassnet.checks import real
from glassnet.data.augmentation.augmentation import Augmentation, Draw, Drawn, Shape


class MixUp(Augmentation):
    """Mix each example with another one of its batch, and their targets in the same proportion.

    Takes examples of any shape. The accuracy that is measured while training counts an example's
    own label, also where its partner weighs more: it is lower than without.

    Parameters
    ----------
    alpha : float
        Above 0; small values leave most examples nearly as they are. The authors use 0.1 to 0.4
        for photographs, and 1 for CIFAR-10.

    Notes
    -----
    ``x = λ xᵢ + (1 - λ) xⱼ``, ``y = λ yᵢ + (1 - λ) yⱼ`` with λ from Beta(α, α), drawn for each
    pair; ``j`` is ``i`` after a permutation of the batch.

    References
    ----------
    H. Zhang, M. Cisse, Y. N. Dauphin, D. Lopez-Paz, "mixup: Beyond Empirical Risk Minimization",
    arXiv 1710.09412.

    Examples
    --------
    >>> from glassnet.data.augmentation import augment
    >>> x = np.array([[0.0], [1.0]])
    >>> augment(MixUp(1.0), x, seed=4).round(2)
    array([[0.36],
           [0.44]], dtype=float32)
    """

    def __init__(self, alpha: float) -> None:
        self.alpha = real("alpha", alpha, above=0)

    def check(self, input_shape: Shape) -> None:
        """Take any shape."""

    def draw(self, draw: Draw) -> Drawn:
        """Draw how far away in the order each partner stands, and λ."""
        n = len(draw.rows)
        place = np.arange(n)
        starts = range(0, n, draw.batch_size)
        partners = [draw.rng.permutation(place[s : s + draw.batch_size]) for s in starts]
        share = draw.rng.beta(self.alpha, self.alpha, n)
        return np.concatenate(partners) - place, share.astype(np.float32)

    def apply(self, x: np.ndarray, drawn: Drawn) -> np.ndarray:
        """Mix the examples."""
        return _mixed(x, drawn)

    def apply_to_targets(self, targets: np.ndarray, drawn: Drawn) -> np.ndarray:
        """Mix the targets."""
        return _mixed(targets, drawn)


def _mixed(values: np.ndarray, drawn: Drawn) -> np.ndarray:
    away, share = drawn
    share = share.reshape(-1, *[1] * (values.ndim - 1))
    partners = values[np.arange(len(values)) + away]
    partners *= 1 - share
    mixed: np.ndarray = values * share
    mixed += partners
    return mixed
