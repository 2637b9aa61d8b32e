"""JAX: one jitted step after the other, or ``lax.scan`` over all of them; without metrics."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.contenders import Round
from benchmarks.given import read_in_order, read_weights
from benchmarks.works import Work

ACTIVATIONS: dict[str, Any] = {
    "sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu, "tanh": jnp.tanh, "softmax": lambda z: z
}  # fmt: skip
"""Softmax is part of the cross-entropy."""


def outputs_of(work: Work, parameters: Sequence[Any], x: Any) -> Any:
    """Return the outputs, before the softmax where there is one."""
    for i, name in enumerate(work.activations):
        x = ACTIVATIONS[name](x @ parameters[2 * i] + parameters[2 * i + 1])
    return x


def training(work: Work, folder: Path, *, scan: bool) -> Round:
    """Return a round of training."""

    def cost(parameters: list[Any], x: Any, y: Any) -> Any:
        p = outputs_of(work, parameters, x)
        if work.loss == "half_squared_error":
            return 0.5 * jnp.sum((p - y) ** 2) / len(y)
        return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(p), axis=1))

    def step(state: Any, batch: Any) -> Any:
        parameters, velocity = state
        gradient = jax.grad(cost)(parameters, *batch)
        update = lambda v, g, w: work.momentum * v + g + work.weight_decay * w  # noqa: E731
        velocity = jax.tree.map(update, velocity, gradient, parameters)
        parameters = jax.tree.map(lambda w, v: w - work.learning_rate * v, parameters, velocity)
        return (parameters, velocity), None

    x, y = read_in_order(folder)
    size, whole = work.batch_size, len(x) // work.batch_size * work.batch_size
    rest = [jnp.asarray(a[whole:]) for a in (x, y)]
    if scan:
        batches = [jnp.asarray(a[:whole].reshape(-1, size, a.shape[1])) for a in (x, y)]
    else:
        pairs = [tuple(jnp.asarray(a[i : i + size]) for a in (x, y)) for i in range(0, whole, size)]
    del x, y
    start = [jnp.asarray(w) for w in read_weights(folder)]
    one = jax.jit(step, donate_argnums=0)
    many = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches), donate_argnums=0)

    def run() -> tuple[float, list[np.ndarray]]:
        state = ([w.copy() for w in start], [jnp.zeros_like(w) for w in start])
        jax.block_until_ready(state)
        begin = time.perf_counter()
        if scan:
            state, _ = many(state, batches)
        else:
            for pair in pairs:
                state, _ = one(state, pair)
        if len(rest[0]):
            state, _ = one(state, rest)
        jax.block_until_ready(state)
        return time.perf_counter() - begin, [np.asarray(w) for w in state[0]]

    return run


def inference(work: Work, folder: Path) -> Round:
    """Return a round of jitted forward passes; each is waited for, as a user of its result does."""
    parameters = [jnp.asarray(w) for w in read_weights(folder)]
    x, _ = read_in_order(folder)
    batches = [jnp.asarray(x[i : i + work.batch_size]) for i in range(0, len(x), work.batch_size)]
    forward = jax.jit(lambda parameters, x: outputs_of(work, parameters, x))

    def run() -> tuple[float, list[np.ndarray]]:
        begin = time.perf_counter()
        outputs = [forward(parameters, batch).block_until_ready() for batch in batches]
        return time.perf_counter() - begin, [np.concatenate(outputs)]

    return run
