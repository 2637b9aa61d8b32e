"""The compiled twin of a branch that is added to its input."""

from __future__ import annotations

import numpy as np

from glassnet.kernels.team import Member
from glassnet.nn.compiled_layers import Engine, Stage, flat, mine, run
from glassnet.nn.layer import Cache
from glassnet.nn.residual import Residual


class CompiledResidual(Stage):
    """A branch that is added to its input, both ways run stage by stage."""

    def __init__(
        self, layer: Residual, branch: list[Stage], shortcut: list[Stage], engine: Engine
    ) -> None:
        self.parts, self._branch, self._shortcut, self._engine = (layer,), branch, shortcut, engine
        inner = "; ".join(stage.name for stage in branch + shortcut)
        self.name = f"Residual of [{inner}]"

    def _caches(self, cache: Cache) -> tuple[list[Cache], list[Cache]]:
        caches = cache.inner(len(self._branch) + len(self._shortcut))
        return caches[: len(self._branch)], caches[len(self._branch) :]

    def forward(self, x: np.ndarray, cache: Cache, *, training: bool) -> np.ndarray:
        """Return the sum of both ways."""
        f = s = x
        of_branch, of_shortcut = self._caches(cache)
        for stage, stage_cache in zip(self._branch, of_branch, strict=True):
            f = stage.forward(f, stage_cache, training=training)
        for stage, stage_cache in zip(self._shortcut, of_shortcut, strict=True):
            s = stage.forward(s, stage_cache, training=training)
        y = cache.array("y", f.shape, f.dtype)
        self._add(f, s, y)
        return y

    def backward(self, dy: np.ndarray, cache: Cache, *, need_dx: bool) -> np.ndarray | None:
        """Overwrite the gradients of all inner layers; return the gradient by the input."""
        of_branch, of_shortcut = self._caches(cache)
        df, ds = np.ascontiguousarray(dy), cache.array("ds", dy.shape, dy.dtype)
        copied, to = df.reshape(-1), ds.reshape(-1)
        run(
            self._engine.team, dy.size, lambda me: np.copyto(to[mine(dy, me)], copied[mine(dy, me)])
        )
        f = _back(self._branch, df, of_branch, need_dx=need_dx)
        s = _back(self._shortcut, ds, of_shortcut, need_dx=need_dx)
        if f is None or s is None:
            return None
        dx = cache.gradient(f.shape, f.dtype)
        self._add(f, s, dx)
        return dx

    def _add(self, f: np.ndarray, s: np.ndarray, out: np.ndarray) -> None:
        f, s, total = flat(f), flat(s), out.reshape(-1)

        def add(member: Member) -> None:
            part = mine(total, member)
            np.add(f[part], s[part], out=total[part])

        run(self._engine.team, total.size, add)


def _back(
    stages: list[Stage], dy: np.ndarray, caches: list[Cache], *, need_dx: bool
) -> np.ndarray | None:
    """Run stages backwards; return the gradient by their input if it is needed."""
    delta: np.ndarray | None = dy
    for i in range(len(stages) - 1, -1, -1):
        assert delta is not None  # noqa: S101 (for mypy: only the first stage may return None)
        delta = stages[i].backward(delta, caches[i], need_dx=need_dx or i > 0)
    return delta if need_dx else None
