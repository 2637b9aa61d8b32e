"""What an optimizer is told of a network."""

from __future__ import annotations

from glassnet.nn import Network
from glassnet.optim.slots import Slot


def slots_of(network: Network) -> list[Slot]:
    """Return where each parameter lies in the network's flat vectors.

    Examples
    --------
    >>> import glassnet as gn
    >>> for slot in slots_of(gn.Network([gn.Dense(3)], input_shape=2)):
    ...     print(slot.name, slot.where, slot.decays)
    dense_1.W slice(0, 6, None) True
    dense_1.b slice(6, 9, None) False
    """
    slots: list[Slot] = []
    start = 0
    for name, parameter in network.named_parameters():
        stop = start + parameter.size
        slots.append(Slot(name, start, stop, parameter.shape, parameter.decays))
        start = stop
    return slots
