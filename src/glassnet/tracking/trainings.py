"""Which training it is that a callback watches: one callback may be that of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from glassnet.training import Trainer
    from glassnet.training.history import History

T = TypeVar("T")


class ByTraining(WeakKeyDictionary["History", T]):
    """Something of each training, by its history; a copy or a pickle is empty.

    Examples
    --------
    >>> import copy
    >>> from glassnet.training import History
    >>> history = History()
    >>> places = ByTraining()
    >>> places[history] = "here"
    >>> places[history], len(copy.deepcopy(places))
    ('here', 0)
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return type(self)()

    def __reduce__(self) -> tuple[type[Self], tuple[()]]:
        return type(self), ()


def begins(trainer: Trainer) -> bool:
    """Tell whether this is the beginning of a training, and not a further part of one."""
    return trainer.progress.phase == 1 and not (trainer.history or trainer.resumed)
