"""The same work in each library, in the fastest form that its users would write.

Each contender is prepared once, outside the clock, and then makes a round: from the same initial
weights, over the same examples in the same order. It returns its seconds and the final weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import glassnet as gn
from benchmarks.works import Work

Round = Callable[[], tuple[float, list[np.ndarray]]]


def glassnet(work: Work, data: gn.Dataset, engine: str) -> Round:
    """Return a round of glassnet's Trainer, metrics and all."""

    def run() -> tuple[float, list[np.ndarray]]:
        network = work.network()
        optimizer = gn.SGD(
            work.learning_rate, momentum=work.momentum, weight_decay=work.weight_decay
        )
        trainer = gn.Trainer(
            network, loss=work.loss, optimizer=optimizer, batch_size=work.batch_size, engine=engine
        )
        begin = time.perf_counter()
        trainer.fit(data, epochs=1)
        return time.perf_counter() - begin, [q.value for _, q in network.named_parameters()]

    return run


def pytorch(work: Work, data: gn.Dataset, *, fused: bool) -> Round:
    """Return a round of PyTorch's usual loop in eager mode, without metrics."""
    import torch
    from torch import nn

    torch.set_flush_denormal(True)  # in its favour: momentum makes subnormal numbers
    activations = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh, "softmax": nn.Identity}
    names = [work.hidden] * (len(work.sizes) - 2) + [work.output]
    x, one_hot = map(torch.from_numpy, work.in_order(data))
    labels = one_hot.argmax(dim=1)
    squared = work.loss == "half_squared_error"

    def run() -> tuple[float, list[np.ndarray]]:
        pieces: list[nn.Module] = []
        for inputs, units, name in zip(work.sizes, work.sizes[1:], names, strict=False):
            pieces += [nn.Linear(inputs, units), activations[name]()]
        model = nn.Sequential(*pieces)
        start = [q.value for _, q in work.network().named_parameters()]
        with torch.no_grad():
            for parameter, value in zip(model.parameters(), start, strict=True):
                parameter.copy_(torch.from_numpy(value.T.copy()))
        optimizer = torch.optim.SGD(
            model.parameters(),
            lr=work.learning_rate,
            momentum=work.momentum,
            weight_decay=work.weight_decay,
            fused=fused,
        )
        begin = time.perf_counter()
        for i in range(0, len(x), work.batch_size):
            p = model(x[i : i + work.batch_size])
            if squared:
                y = one_hot[i : i + work.batch_size]
                loss = 0.5 * torch.sum((p - y) ** 2) / len(y)
            else:
                loss = nn.functional.cross_entropy(p, labels[i : i + work.batch_size])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        seconds = time.perf_counter() - begin
        return seconds, [parameter.detach().numpy().T for parameter in model.parameters()]

    return run


def jax(work: Work, data: gn.Dataset, *, scan: bool) -> Round:
    """Return a round of JAX: one jitted step after the other, or ``lax.scan`` over all."""
    import jax as jx
    import jax.numpy as jnp

    functions: dict[str, Any] = {
        "sigmoid": jx.nn.sigmoid, "relu": jx.nn.relu, "tanh": jnp.tanh, "softmax": lambda z: z
    }  # fmt: skip
    names = [work.hidden] * (len(work.sizes) - 2) + [work.output]
    squared = work.loss == "half_squared_error"

    def cost(parameters: list[Any], x: Any, y: Any) -> Any:
        for i, name in enumerate(names):
            x = functions[name](x @ parameters[2 * i] + parameters[2 * i + 1])
        if squared:
            return 0.5 * jnp.sum((x - y) ** 2) / len(y)
        return -jnp.mean(jnp.sum(y * jx.nn.log_softmax(x), axis=1))

    def step(state: Any, batch: Any) -> Any:
        parameters, velocity = state
        gradient = jx.grad(cost)(parameters, *batch)
        update = lambda v, g, w: work.momentum * v + g + work.weight_decay * w  # noqa: E731
        velocity = jx.tree.map(update, velocity, gradient, parameters)
        parameters = jx.tree.map(lambda w, v: w - work.learning_rate * v, parameters, velocity)
        return (parameters, velocity), None

    x, y = work.in_order(data)
    size, whole = work.batch_size, len(x) // work.batch_size * work.batch_size
    batches = [jnp.asarray(a[:whole].reshape(-1, size, a.shape[1])) for a in (x, y)]
    rest = [jnp.asarray(a[whole:]) for a in (x, y)]
    pairs = [
        (jnp.asarray(x[i : i + size]), jnp.asarray(y[i : i + size])) for i in range(0, whole, size)
    ]
    start = [jnp.asarray(q.value.copy()) for _, q in work.network().named_parameters()]
    one = jx.jit(step, donate_argnums=0)
    many = jx.jit(lambda state, batches: jx.lax.scan(step, state, batches), donate_argnums=0)

    def run() -> tuple[float, list[np.ndarray]]:
        state = ([w.copy() for w in start], [jnp.zeros_like(w) for w in start])
        jx.block_until_ready(state)
        begin = time.perf_counter()
        if scan:
            state, _ = many(state, batches)
        else:
            for pair in pairs:
                state, _ = one(state, pair)
        if len(rest[0]):
            state, _ = one(state, rest)
        jx.block_until_ready(state)
        return time.perf_counter() - begin, [np.asarray(w) for w in state[0]]

    return run


def scikit_learn(work: Work, data: gn.Dataset) -> Round:
    """Return a round of MLPClassifier: its loss is always cross-entropy on softmax or sigmoid."""
    from sklearn.neural_network import MLPClassifier

    activation = {"sigmoid": "logistic", "relu": "relu", "tanh": "tanh"}[work.hidden]
    x, y = work.in_order(data)
    labels = y.argmax(axis=1)

    def run() -> tuple[float, list[np.ndarray]]:
        model = MLPClassifier(
            hidden_layer_sizes=work.sizes[1:-1],
            activation=activation,
            solver="sgd",
            learning_rate_init=work.learning_rate / 10,
            momentum=work.momentum,
            nesterovs_momentum=False,
            alpha=work.weight_decay,
            batch_size=work.batch_size,
            shuffle=False,
            random_state=0,
        )
        begin = time.perf_counter()
        model.partial_fit(x, labels, classes=np.arange(work.sizes[-1]))
        return time.perf_counter() - begin, []

    return run


CONTENDERS: dict[str, Callable[[Work, gn.Dataset], Round]] = {
    "glassnet numba": lambda work, data: glassnet(work, data, "numba"),
    "glassnet numpy": lambda work, data: glassnet(work, data, "numpy"),
    "PyTorch eager": lambda work, data: pytorch(work, data, fused=False),
    "PyTorch fused": lambda work, data: pytorch(work, data, fused=True),
    "JAX step": lambda work, data: jax(work, data, scan=False),
    "JAX scan": lambda work, data: jax(work, data, scan=True),
    "scikit-learn": scikit_learn,
}
"""By name; each is prepared with a work and its data."""
