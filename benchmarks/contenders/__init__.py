"""Who does the works: each library in the fastest forms that its users would write.

A contender is prepared once, outside the clock, and then makes a round: from the same weights, over
the same examples in the same order. It returns its seconds and what came out: the final weights, or
the predictions; nothing if they cannot be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.works import Work

if TYPE_CHECKING:
    import numpy as np

Round = Callable[[], tuple[float, "list[np.ndarray]"]]


class Unavailable(Exception):  # noqa: N818 it is no failure: the contender is left out
    """Says why a contender cannot take part on this machine."""


@dataclass(frozen=True)
class Contender:
    """One library in one form.

    Parameters
    ----------
    name : str
        What the results call it.
    library : str
        Whose form it is.
    module : str
        Of `benchmarks.contenders`. It has a function ``training`` or ``inference``, of a work, its
        folder, and the options.
    options : mapping
        Which form.
    role : {"ours", "peer", "limit"}
        A limit does less than the whole work: what it takes, no library can save.
    works : tuple of str
        Those that it does, where it isn't all.
    """

    name: str
    library: str
    module: str
    options: Mapping[str, Any] = field(default_factory=dict)
    role: str = "peer"
    works: tuple[str, ...] = ()

    def prepare(self, work: Work, folder: Path) -> Round:
        """Import the library and make all ready for a round.

        Raises
        ------
        Unavailable
            If something that it needs is not installed.
        """
        try:
            module = import_module(f"benchmarks.contenders.{self.module}")
        except ImportError as error:
            raise Unavailable(str(error)) from error
        round_: Round = getattr(module, work.task)(work, folder, **self.options)
        return round_


def _convolution(form: str = "eager", **options: Any) -> Contender:
    return Contender(f"PyTorch {form}", "PyTorch", "pytorch_convolution", options)


_OURS = (
    Contender("glassnet numba", "glassnet", "ours", {"engine": "numba"}, "ours"),
    Contender("glassnet numpy", "glassnet", "ours", {"engine": "numpy"}, "ours"),
)

CONTENDERS: dict[str, tuple[Contender, ...]] = {
    "training": (
        *_OURS,
        Contender("PyTorch eager", "PyTorch", "pytorch"),
        Contender("PyTorch eager, subnormals kept", "PyTorch", "pytorch", {"flush": False}),
        Contender("PyTorch foreach", "PyTorch", "pytorch", {"sgd": "foreach"}),
        Contender("PyTorch fused", "PyTorch", "pytorch", {"sgd": "fused"}),
        Contender("PyTorch compiled", "PyTorch", "pytorch", {"sgd": "fused", "compiled": True}),
        Contender("PyTorch compiled step", "PyTorch", "pytorch_step"),
        Contender("JAX step", "JAX", "jax", {"scan": False}),
        Contender("JAX scan", "JAX", "jax", {"scan": True}),
        Contender("scikit-learn", "scikit-learn", "scikit_learn"),
        Contender("C loop", "C", "c_loop", role="limit", works=("B1",)),
        Contender("matmul alone", "NumPy", "matmul", role="limit", works=("B4-50", "B5", "B6")),
    ),
    "inference": (
        *_OURS,
        Contender("PyTorch eager", "PyTorch", "pytorch"),
        Contender("PyTorch compiled", "PyTorch", "pytorch", {"compiled": True}),
        Contender("JAX", "JAX", "jax"),
        Contender("scikit-learn", "scikit-learn", "scikit_learn"),
    ),
    "convolution": (
        *_OURS,
        _convolution(),
        _convolution("fused", fused=True),
        _convolution("channels last", channels_last=True),
        _convolution("channels last, fused", channels_last=True, fused=True),
        _convolution("compiled", fused=True, compiled=True),
        _convolution("channels last, compiled", channels_last=True, fused=True, compiled=True),
    ),
    "convolution_inference": (
        *_OURS,
        _convolution(),
        _convolution("100 at a time", at_a_time=100),
        _convolution("channels last", channels_last=True),
        _convolution("channels last, 100 at a time", channels_last=True, at_a_time=100),
        _convolution("channels last, compiled", channels_last=True, compiled=True, at_a_time=100),
    ),
}
"""By the kind of work."""


def contender_named(name: str, kind: str = "training") -> Contender:
    """Return the contender of that name."""
    return next(contender for contender in CONTENDERS[kind] if contender.name == name)


def contenders_for(work_name: str, kind: str) -> list[Contender]:
    """Return those that take part in a work."""
    return [c for c in CONTENDERS[kind] if not c.works or work_name in c.works]
