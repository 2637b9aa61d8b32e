"""Parameters that learn otherwise than the rest: chosen by their names."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from glassnet.checks import flag, real
from glassnet.configurable import Configurable
from glassnet.optim.slots import Slot, stretches


class ParameterGroup(Configurable):
    """Parameters with a rate or a weight decay of their own, or that do not learn at all.

    Parameters
    ----------
    pattern : str
        Which ones, by name: ``"dense_1.W"``, with ``*`` for anything: ``"conv2d_1.*"``, ``"*.b"``.
    rate : float
        Their learning rate as a multiple of the optimizer's, above 0; schedules move both.
    weight_decay : float, optional
        Instead of the optimizer's, also for biases and others that it exempts.
    frozen : bool
        If true, they keep the numbers that they have.

    Examples
    --------
    >>> ParameterGroup("*.b", rate=2.0)
    ParameterGroup('*.b', rate=2.0)
    """

    def __init__(
        self,
        pattern: str,
        *,
        rate: float = 1.0,
        weight_decay: float | None = None,
        frozen: bool = False,
    ) -> None:
        if not isinstance(pattern, str) or not pattern:
            raise TypeError(f'pattern must be a name such as "dense_1.*", got {pattern!r}')
        self.pattern = pattern
        self.rate = real("rate of a parameter group", rate, above=0)
        self.weight_decay = (
            None if weight_decay is None else real("weight_decay", weight_decay, at_least=0)
        )
        self.frozen = flag("frozen", frozen)


class Plan(NamedTuple):
    """What happens to which stretches of the parameters."""

    size: int
    """Of the vectors."""
    frozen: tuple[slice, ...]
    moves: tuple[tuple[slice, float], ...]
    """Those that learn, with their multiple of the rate."""
    decays: tuple[tuple[slice, float | None, float], ...]
    """Those with weight decay: their own or None for the optimizer's, and multiple of the rate."""
    penalised: tuple[slice, ...]
    """Those with an L1 penalty, if there is one."""
    bounded: tuple[tuple[slice, int], ...]
    """Those whose norms are bounded, if there is a bound, with the number of units or filters."""


def checked_groups(groups: Sequence[ParameterGroup]) -> tuple[ParameterGroup, ...]:
    """Return the groups, or say that they are none."""
    if not isinstance(groups, list | tuple) or not all(
        isinstance(group, ParameterGroup) for group in groups
    ):
        raise TypeError(f'groups must be such as [ParameterGroup("*.b", rate=2)], got {groups!r}')
    return tuple(groups)


class Settled(NamedTuple):
    """What the groups say of one parameter."""

    slot: Slot
    rate: float
    weight_decay: float | None
    """None stands for the optimizer's, where the parameter decays."""
    frozen: bool


def settle(slots: Sequence[Slot], groups: Sequence[ParameterGroup]) -> list[Settled]:
    """Return the settings of each parameter; the first group that fits its name counts.

    Raises
    ------
    ValueError
        If a group fits no parameter, or only such as an earlier group has; lists the names.
    """
    settled: list[Settled] = []
    left = list(groups)
    for slot in slots:
        group = next((g for g in groups if fnmatchcase(slot.name, g.pattern)), None)
        left = [other for other in left if other is not group]
        rate, decay, frozen = (
            (1.0, None, False) if group is None else (group.rate, group.weight_decay, group.frozen)
        )
        settled.append(Settled(slot, rate, decay if decay or slot.decays else 0.0, frozen))
    if left:
        raise ValueError(_nothing_left(left[0], slots))
    return settled


def plan_of(slots: Sequence[Slot], groups: Sequence[ParameterGroup]) -> Plan:
    """Return what happens to which stretches; raises what `settle` does."""
    settled = settle(slots, groups)
    frozen = [one.slot for one in settled if one.frozen]
    learning = [one for one in settled if not one.frozen]
    decaying = [one for one in learning if one.weight_decay != 0.0]
    heavy = [one.slot for one in learning if one.slot.decays]
    rates = stretches([one.slot for one in learning], [one.rate for one in learning])
    decays = stretches(
        [one.slot for one in decaying], [(one.weight_decay, one.rate) for one in decaying]
    )
    return Plan(
        max((slot.stop for slot in slots), default=0),
        tuple(where for where, _ in stretches(frozen, [None] * len(frozen))),
        tuple(rates),
        tuple((where, decay, rate) for where, (decay, rate) in decays),
        tuple(where for where, _ in stretches(heavy, [None] * len(heavy))),
        tuple((slot.where, slot.shape[-1]) for slot in heavy if len(slot.shape) > 1),
    )


def _nothing_left(group: ParameterGroup, slots: Sequence[Slot]) -> str:
    names = ", ".join(slot.name for slot in slots)
    if any(fnmatchcase(slot.name, group.pattern) for slot in slots):
        return (
            f"every parameter that the group {group.pattern!r} fits belongs to a group before it; "
            "put the narrower pattern first"
        )
    return f"the group {group.pattern!r} fits none of the parameters: {names or 'there are none'}"
