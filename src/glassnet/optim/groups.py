"""Parameters that learn otherwise than the rest: chosen by their names."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import ClassVar, NamedTuple

from glassnet.checks import flag, real
from glassnet.configurable import Configurable
from glassnet.optim.schedule import Position, Schedule
from glassnet.optim.schedules import SCHEDULES
from glassnet.optim.slots import Slot, stretches


class ParameterGroup(Configurable):
    """Parameters with a rate or a weight decay of their own, or that do not learn at all.

    Parameters
    ----------
    pattern : str
        Which ones, by name: ``"dense_1.W"``, with ``*`` for anything: ``"conv2d_1.*"``, ``"*.b"``.
    rate : float
        Their learning rate as a multiple of the optimizer's, above 0; schedules move both.
    schedule : Schedule, optional
        What moves their rate instead of the training's schedule. None that watches the training.
    weight_decay : float, optional
        Instead of the optimizer's, also for biases and others that it exempts.
    frozen : bool
        If true, they keep the numbers that they have, and nothing else may be set.

    Examples
    --------
    >>> ParameterGroup("*.b", rate=2.0)
    ParameterGroup('*.b', rate=2.0)
    """

    tables: ClassVar = {"schedule": (SCHEDULES, "schedule")}

    def __init__(
        self,
        pattern: str,
        *,
        rate: float = 1.0,
        schedule: Schedule | None = None,
        weight_decay: float | None = None,
        frozen: bool = False,
    ) -> None:
        if not isinstance(pattern, str) or not pattern:
            raise TypeError(f'pattern must be a name such as "dense_1.*", got {pattern!r}')
        self.pattern = pattern
        self.rate = real("rate of a parameter group", rate, above=0)
        self.schedule = _checked_schedule(schedule)
        self._rate_now: float | None = None
        self.weight_decay = (
            None if weight_decay is None else real("weight_decay", weight_decay, at_least=0)
        )
        self.frozen = flag("frozen", frozen)
        if self.frozen and (self.rate != 1.0 or schedule is not None or weight_decay is not None):
            raise ValueError(
                f"the group {pattern!r} is frozen: a rate, schedule or weight_decay of its own "
                "would have no effect"
            )

    def follow(self, base: float, position: Position | None) -> None:
        """Let its own schedule say the rate of the next step.

        Parameters
        ----------
        base : float
            The optimizer's rate, before any schedule.
        position : Position, optional
            Where in its phase the training is; None ends it, and the common rate is theirs again.
        """
        if self.schedule is not None:
            own = None if position is None else self.schedule.rate(base * self.rate, position)
            self._rate_now = own

    def rate_beside(self, common: float) -> float:
        """Return their learning rate while that of the others is `common`."""
        return common * self.rate if self._rate_now is None else self._rate_now


class Pace(NamedTuple):
    """How fast parameters learn."""

    multiple: float
    """Of the optimizer's rate."""
    group: ParameterGroup | None
    """What knows their rate, if that has a schedule of its own."""

    def rate_beside(self, common: float) -> float:
        """Return their learning rate while the optimizer's is `common`."""
        return common * self.multiple if self.group is None else self.group.rate_beside(common)


class Plan(NamedTuple):
    """What happens to which stretches of the parameters."""

    size: int
    """Of the vectors."""
    frozen: tuple[slice, ...]
    names_frozen: frozenset[str]
    moves: tuple[tuple[slice, Pace], ...]
    """Those that learn, and how fast."""
    decays: tuple[tuple[slice, float | None, Pace], ...]
    """Those with weight decay: their own or None for the optimizer's, and how fast they learn."""
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
    pace: Pace
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
        pace, decay, frozen = Pace(1.0, None), None, False
        if group is not None:
            pace = Pace(group.rate, None if group.schedule is None else group)
            decay, frozen = group.weight_decay, group.frozen
        settled.append(Settled(slot, pace, decay if decay or slot.decays else 0.0, frozen))
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
    paces = stretches([one.slot for one in learning], [one.pace for one in learning])
    decays = stretches(
        [one.slot for one in decaying], [(one.weight_decay, one.pace) for one in decaying]
    )
    return Plan(
        max((slot.stop for slot in slots), default=0),
        tuple(where for where, _ in stretches(frozen, [None] * len(frozen))),
        frozenset(slot.name for slot in frozen),
        tuple(paces),
        tuple((where, decay, pace) for where, (decay, pace) in decays),
        tuple(where for where, _ in stretches(heavy, [None] * len(heavy))),
        tuple((slot.where, slot.units) for slot in heavy if len(slot.shape) > 1),
    )


def _checked_schedule(schedule: Schedule | None) -> Schedule | None:
    if not isinstance(schedule, Schedule | None):
        raise TypeError(f"schedule must be such as CosineAnnealingLR(), got {schedule!r}")
    for one in schedule.each() if schedule is not None else ():
        if not one.schedules and type(one).observe is not Schedule.observe:
            raise ValueError(
                f"the schedule of a parameter group cannot watch the training as {one!r} does; "
                "take it as the training's schedule"
            )
    return schedule


def _nothing_left(group: ParameterGroup, slots: Sequence[Slot]) -> str:
    names = ", ".join(slot.name for slot in slots)
    if any(fnmatchcase(slot.name, group.pattern) for slot in slots):
        return (
            f"every parameter that the group {group.pattern!r} fits belongs to a group before it; "
            "put the narrower pattern first"
        )
    return f"the group {group.pattern!r} fits none of the parameters: {names or 'there are none'}"
