"""Numbers that are watched while a network learns."""

from __future__ import annotations


def should_rise(monitor: str) -> bool:
    """Tell whether more of this number is better.

    Examples
    --------
    >>> should_rise("validation_accuracy"), should_rise("loss")
    (True, False)
    """
    return monitor.endswith(("accuracy", "recall", "score"))
