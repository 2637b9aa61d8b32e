"""What an optimizer is told of a network."""

from __future__ import annotations

from glassnet.nn import Network
from glassnet.optim import Optimizer
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
        told = (parameter.shape, parameter.decays, parameter.unit_axes)
        slots.append(Slot(name, start, stop, *told))
        start = stop
    return slots


def first_moved(network: Network, optimizer: Optimizer) -> int:
    """Return which of the network's parts is the first with a parameter that is not frozen.

    The optimizer is bound to the network's slots. If it moves nothing, it is the number of parts.
    """
    place = {id(part): i for i, part in enumerate(network.parts)}
    frozen, at = optimizer.frozen, 0
    for name, part in network.named_parts():
        at = place.get(id(part), at)  # a layer inside another one belongs to that one
        if any(f"{name}.{parameter.name}" not in frozen for parameter in part.parameters):
            return at
    return len(network.parts)
