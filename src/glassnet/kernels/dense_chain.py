"""Compiled steps of gradient descent on batches, for networks that are a chain of dense layers.

A step of a small network costs less than the calls that it takes from Python. Here all the steps of
a chunk of examples are one call. The flat parameter vector and a table of where each layer lies in
it let one loop serve any depth, every activation, loss and update rule.

A team of threads runs the loop. Each multiplies its share of the inputs with the first weights;
works for its share of the batch's examples up to the gradients by the pre-activations; and computes
the gradients of its share of the parameters, and makes their step. After each of these all meet.
"""

from __future__ import annotations

import numpy as np

from glassnet.kernels.chain_layout import (
    ACTIVATION,
    INPUTS,
    ONE,
    ONE_ROW,
    PART,
    SLOPE,
    SLOPES,
    UNITS,
    ZEROS,
    A,
    B,
    Chain,
    D,
    Examples,
    LossSettings,
    Pace,
    Parameters,
    T,
    UpdateSettings,
    W,
    X,
    Z,
    pace_of,
    rows_of,
    slope_of,
    slopes_of_thread,
)
from glassnet.kernels.compilation import compiled, part
from glassnet.kernels.elementwise import (
    PRELU,
    activate,
    add,
    chain,
    copy,
    fill,
    loss_gradient,
    scale,
    slope_gradient,
)
from glassnet.kernels.matrices import (
    Matrix,
    large_product,
    lie_close,
    product,
    small_product,
)
from glassnet.kernels.rules import update
from glassnet.kernels.team import STOPPED, Member, meet, share
from glassnet.kernels.vectors import Row, prefetch, row_operation

_BLOCK, _LARGE_BLOCK = 2**12, 2**17
"""Parameters whose gradient is computed and used before the next ones': it stays in the cache."""


@compiled
def train(
    member: Member,
    parameters: Parameters,
    network: Chain,
    examples: Examples,
    paces: Pace,
    batch_size: int,
    loss: LossSettings,
    settings: UpdateSettings,
) -> int:
    """Make a step for each batch; return how many were made before an output was not finite.

    Parameters
    ----------
    member : Member
        Of the team that calls.
    parameters : Parameters
        Updated in place.
    network : Chain
    examples : Examples
    paces : Pace
        Of each step, arrays of shape (steps,).
    batch_size : int
    loss : LossSettings
    settings : UpdateSettings
    """
    theta, layers, work = parameters.theta, network.layers, network.work
    rates: np.ndarray = paces.rate
    last, at_once = layers.shape[0] - 1, settings.clip_norm == 0
    inputs, units = layers[0, INPUTS], layers[last, UNITS]
    batch = Matrix(work, layers[0, X], inputs, 1)
    _transpose(member, theta, network)
    for step in range(rates.size):
        start = step * batch_size
        rows = min(batch_size, examples.rows.size - start)
        first, end = share(rows, member)
        if not meet(member):  # theta is that of this step
            return step
        _first_products(member, batch_size, examples, start, rows, theta, network)
        meet(member)  # the parts of all threads are there
        if member.size > 1:
            _add_parts(member.size, batch_size, first, end, network)
        activate_layer(0, first, end, theta, network)
        a = Matrix(work, layers[0, A] + first * layers[0, UNITS], layers[0, UNITS], 1)
        for k in range(1, last + 1):
            a = forward_layer(k, a, first, end, theta, network)
        p = rows_of(work, layers[last, A], first, end, units)
        mine = slice((start + first) * units, (start + end) * units)
        copy(p, examples.outputs[mine])
        if not all_finite(p):
            member.state[STOPPED] = 1
        d = rows_of(work, layers[last, D], first, end, units)
        loss_gradient(loss.code, loss.paired, units, rows, p, examples.y[mine], d)
        _backward(member, first, end, loss.paired, theta, network)
        meet(member)  # the gradients by the pre-activations are those of all examples
        if member.state[STOPPED]:
            return step
        pace = pace_of(step, paces)
        for k in range(last + 1):
            before = batch if k == 0 else Matrix(work, layers[k - 1, A], layers[k, INPUTS], 1)
            d_k = Matrix(work, layers[k, D], layers[k, UNITS], 1)
            step_of_weights(
                member, k, before, d_k, rows, parameters, network, pace, settings, at_once
            )
            _step_of_rest(member, k, rows, parameters, network, pace, settings, at_once)
        if not at_once:
            _clipped_step(member, parameters, network, pace, settings)
        _transpose(member, theta, network)
    return rates.size


@part
def _first_products(
    member: Member,
    batch_size: int,
    examples: Examples,
    start: int,
    rows: int,
    theta: np.ndarray,
    network: Chain,
) -> None:
    """Multiply this thread's share of the inputs, of all examples, with their weights.

    It is the same thread that computes the gradients of these weights and makes their step: neither
    they nor the inputs have to go from one processor to another.
    """
    layers, work = network.layers, network.work
    inputs, units = layers[0, INPUTS], layers[0, UNITS]
    first, end = share(inputs, member)
    for i in range(rows):
        at, to = examples.rows[start + i] * inputs, layers[0, X] + i * inputs
        _copy_row(end - first, work, to + first, examples.x, at + first)
    for row in examples.rows[start + rows : start + rows + batch_size]:
        prefetch(end - first, examples.x, row * inputs + first)
    x = Matrix(work, layers[0, X] + first, inputs, 1)
    weights = Matrix(theta, layers[0, W] + first * units, units, 1)
    bias = Matrix(theta, layers[0, B], 0, 1) if member.rank == 0 else Matrix(work, ZEROS, 0, 1)
    at = layers[0, Z] if member.size == 1 else layers[0, PART] + member.rank * batch_size * units
    product(x, weights, bias, Matrix(work, at, units, 1), rows, units, end - first)


@row_operation(arrays=2)
def _copy_row(_: Row, source: Row) -> tuple[Row]:
    """Write a row to another."""
    return (source,)


@part
def _add_parts(threads: int, batch_size: int, first: int, end: int, network: Chain) -> None:
    """Sum up the threads' parts of the first layer's pre-activations, from row `first` to `end`."""
    layers, work, units = network.layers, network.work, network.layers[0, UNITS]
    z = rows_of(work, layers[0, Z], first, end, units)
    copy(rows_of(work, layers[0, PART], first, end, units), z)
    for other in range(1, threads):
        at = layers[0, PART] + other * batch_size * units
        add(rows_of(work, at, first, end, units), z)


@part
def forward_layer(
    k: int, a: Matrix, first: int, end: int, theta: np.ndarray, network: Chain
) -> Matrix:
    """Do that for one layer with the inputs `a`; return its outputs."""
    layers, work = network.layers, network.work
    inputs, units = layers[k, INPUTS], layers[k, UNITS]
    weights, bias = Matrix(theta, layers[k, W], units, 1), Matrix(theta, layers[k, B], 0, 1)
    z = Matrix(work, layers[k, Z] + first * units, units, 1)
    product(a, weights, bias, z, end - first, units, inputs)
    activate_layer(k, first, end, theta, network)
    return Matrix(work, layers[k, A] + first * units, units, 1)


@part
def activate_layer(k: int, first: int, end: int, theta: np.ndarray, network: Chain) -> None:
    """Write the outputs of a layer, from its pre-activations."""
    layers, work, units = network.layers, network.work, network.layers[k, UNITS]
    z = rows_of(work, layers[k, Z], first, end, units)
    a = rows_of(work, layers[k, A], first, end, units)
    activate(layers[k, ACTIVATION], slope_of(k, theta, network), units, z, a)


@part
def _backward(
    member: Member, first: int, end: int, paired: bool, theta: np.ndarray, network: Chain
) -> None:
    """Leave the gradients by the pre-activations in the workspace, from row `first` to `end`.

    For the last layer the gradient by its outputs is there, or if `paired` already the other.
    """
    layers, work = network.layers, network.work
    last = layers.shape[0] - 1
    for k in range(last, -1, -1):
        chain_layer(member.rank, k, first, end, k < last or not paired, theta, network)
        if k == 0:
            return
        inputs, units = layers[k, INPUTS], layers[k, UNITS]
        d = Matrix(work, layers[k, D] + first * units, units, 1)
        dx = Matrix(work, layers[k - 1, D] + first * inputs, inputs, 1)
        if layers[k, T] >= 0:
            transposed, zeros = Matrix(work, layers[k, T], inputs, 1), Matrix(work, ZEROS, 0, 1)
            small_product(d, transposed, zeros, dx, end - first, inputs, units)
        else:
            transposed = Matrix(theta, layers[k, W], 1, units)
            large_product(d, transposed, dx, end - first, inputs, units)


@part
def chain_layer(
    rank: int, k: int, first: int, end: int, by_outputs: bool, theta: np.ndarray, network: Chain
) -> None:
    """Turn the gradients `by_outputs` of a layer into those by its pre-activations.

    Leave those by the slopes, if it has any, in this thread's place.
    """
    layers, work, units = network.layers, network.work, network.layers[k, UNITS]
    z = rows_of(work, layers[k, Z], first, end, units)
    a = rows_of(work, layers[k, A], first, end, units)
    d = rows_of(work, layers[k, D], first, end, units)
    if layers[k, ACTIVATION] == PRELU:
        slope_gradient(units, z, d, slopes_of_thread(rank, k, network))
    if by_outputs:
        chain(layers[k, ACTIVATION], slope_of(k, theta, network), units, z, a, d)


@part
def step_of_weights(
    member: Member,
    k: int,
    before: Matrix,
    d: Matrix,
    rows: int,
    parameters: Parameters,
    network: Chain,
    pace: Pace,
    settings: UpdateSettings,
    at_once: bool,
) -> None:
    """Compute the gradients of this thread's share of W, and, if `at_once`, make their step.

    `before` holds the layer's inputs, `d` the gradients by its pre-activations.
    """
    layers, units = network.layers, network.layers[k, UNITS]
    zeros, transposed = Matrix(network.work, ZEROS, 0, 1), Matrix(before.values, 0, 1, before.row)
    first, end = share(layers[k, INPUTS], member)
    block = max(1, (_BLOCK if lie_close(transposed, d) else _LARGE_BLOCK) // units)
    for i in range(first, end, block):
        n = min(block, end - i)
        at = layers[k, W] + i * units
        transposed = Matrix(before.values, before.at + i, 1, before.row)
        product(transposed, d, zeros, Matrix(parameters.grad, at, units, 1), n, units, rows)
        if at_once:
            update(parameters, at, at + n * units, True, pace, settings)


@part
def _step_of_rest(
    member: Member,
    k: int,
    rows: int,
    parameters: Parameters,
    network: Chain,
    pace: Pace,
    settings: UpdateSettings,
    at_once: bool,
) -> None:
    """Do the same for the biases and, in the first thread, the slopes."""
    layers, grad = network.layers, parameters.grad
    units, bias = layers[k, UNITS], layers[k, B]
    first, end = share(units, member)
    ones, zeros = Matrix(network.work, ONE, 0, 0), Matrix(network.work, ZEROS, 0, 1)
    d = Matrix(network.work, layers[k, D] + first, units, 1)
    small_product(ones, d, zeros, Matrix(grad, bias + first, units, 1), ONE_ROW, end - first, rows)
    if at_once:
        update(parameters, bias + first, bias + end, False, pace, settings)
    if member.rank == 0 and layers[k, ACTIVATION] == PRELU:
        slope = layers[k, SLOPE]
        out = grad[slope : slope + layers[k, SLOPES]]
        fill(out, 0)
        for rank in range(member.size):
            add(slopes_of_thread(rank, k, network), out)
        if at_once:
            update(parameters, slope, slope + layers[k, SLOPES], False, pace, settings)


@part
def _clipped_step(
    member: Member, parameters: Parameters, network: Chain, pace: Pace, settings: UpdateSettings
) -> None:
    """Scale the gradient down to the norm that it may have, if it is larger, and make the step."""
    grad, layers, norms = parameters.grad, network.layers, network.norms
    first, end = share(grad.size, member)
    meet(member)  # the gradient is that of all parameters
    total = 0.0
    for k in range(first, end):
        total += np.float64(grad[k]) ** 2  # float() would leave it single
    norms[member.rank] = total
    meet(member)
    squares = 0.0
    for rank in range(norms.size):
        squares += norms[rank]
    norm = np.sqrt(squares)
    if norm > settings.clip_norm:
        scale(grad[first:end], grad.dtype.type(settings.clip_norm / norm))
    for k in range(layers.shape[0]):
        at, bias = layers[k, W], layers[k, B]
        rest = bias + layers[k, UNITS] + max(layers[k, SLOPES], 0)  # bias and slopes
        if max(at, first) < min(bias, end):
            update(parameters, max(at, first), min(bias, end), True, pace, settings)
        if max(bias, first) < min(rest, end):
            update(parameters, max(bias, first), min(rest, end), False, pace, settings)
    meet(member)


@part
def _transpose(member: Member, theta: np.ndarray, network: Chain) -> None:
    """Bring this thread's share of the transposed weights up to date."""
    layers, work = network.layers, network.work
    for k in range(1, layers.shape[0]):
        if layers[k, T] >= 0:
            inputs, units = layers[k, INPUTS], layers[k, UNITS]
            first, end = share(inputs, member)
            for j in range(units):
                for i in range(first, end):
                    work[layers[k, T] + j * inputs + i] = theta[layers[k, W] + i * units + j]


@part
def all_finite(p: np.ndarray) -> bool:
    """Tell whether no output is NaN or infinite."""
    bad = 0
    for value in p:
        bad += not np.isfinite(value)
    return bad == 0
