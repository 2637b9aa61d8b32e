"""Compiled steps of SGD with one example each: the thesis' stochastic gradient descent.

Two things are done otherwise than for batches. The gradient of the first weights is the outer
product of the input and the gradient by the layer's pre-activation; it is used as it arises, and
never written to memory. And the first weights, which are most, are touched as seldom as possible:

- Weights of an input that is 0 have no gradient: all that happens to them is that their velocity
  decays and carries them on. They are left alone until their input is not 0 for the next time, and
  are then moved by all they have missed at once. Of a picture of a digit four fifths are 0. With
  weight decay, or a rate that changes from step to step, this does not work.
- Where few inputs are 0, as in a photograph, the weights make their step and are multiplied with
  the next example while they are at hand: what takes longest is to fetch them from memory.

All but the first weights are few, and every thread does for itself what is to be done with them, up
to the step of its share.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from glassnet.kernels.chain_layout import (
    ACTIVATION,
    INPUTS,
    ONE_ROW,
    PART,
    SLOPE,
    SLOPES,
    UNITS,
    A,
    B,
    Chain,
    D,
    Examples,
    LossSettings,
    Pace,
    Parameters,
    UpdateSettings,
    W,
    Z,
    pace_of,
    rows_of,
    slopes_of_thread,
)
from glassnet.kernels.compilation import compiled, part
from glassnet.kernels.dense_chain import (
    activate_layer,
    all_finite,
    chain_layer,
    forward_layer,
    step_of_weights,
)
from glassnet.kernels.elementwise import PRELU, add, copy, fill, loss_gradient, scale
from glassnet.kernels.matrices import Matrix
from glassnet.kernels.rules import NEGLIGIBLE, update
from glassnet.kernels.team import Member, meet, share
from glassnet.kernels.vectors import Row, flushed, row_operation

_LOOKED_AT = 16
"""Examples that tell whether most inputs are 0."""


class Lag(NamedTuple):
    """How far each row of the first weights is behind."""

    moved: np.ndarray
    """The step up to which a row has been moved, int, shape (inputs,)."""
    active: np.ndarray
    """The inputs whose weights make this step, int, shape (inputs,)."""
    kept: np.ndarray
    """What is left of a velocity after so many steps without a gradient, shape (steps + 1,)."""
    carried: np.ndarray
    """How many times its velocity, and the rate, a weight has gone in them, shape (steps + 1,)."""


@partial(compiled, allocates=True)
def train(
    member: Member,
    parameters: Parameters,
    network: Chain,
    examples: Examples,
    paces: Pace,
    batch_size: int,  # 1
    loss: LossSettings,
    sgd: UpdateSettings,
) -> int:
    """Make a step for each example; see `glassnet.kernels.dense_chain.train`.

    Afterwards the gradient holds all but those by the first weights. The workspace has a row for
    each thread: all but the products with the first weights is done by every thread for itself.
    """
    lag = _no_lag(network.layers[0, INPUTS], paces.rate.size, sgd, parameters.theta)
    return _train(member, parameters, network, examples, paces, loss, sgd, lag)


@compiled
def _train(
    member: Member,
    parameters: Parameters,
    network: Chain,
    examples: Examples,
    paces: Pace,
    loss: LossSettings,
    sgd: UpdateSettings,
    lag: Lag,
) -> int:
    """Do that, with memory for what rows have missed."""
    layers, work, rank = network.layers, network.work, member.rank
    last = layers.shape[0] - 1
    inputs, units = layers[0, INPUTS], layers[last, UNITS]
    rates: np.ndarray = paces.rate
    rate, done = rates[0], rates.size
    skipping = sgd.weight_decay == 0 and _all_equal(rates) and _mostly_zero(examples, inputs)
    n = 0
    if not skipping:
        _first_products(member, _inputs_of(0, examples, inputs), parameters.theta, network)
    for step in range(rates.size):
        rate = rates[step]
        example = _inputs_of(step, examples, inputs)
        if skipping:
            n = _first_products_of_active(member, step, example, parameters, network, rate, lag)
        if not meet(member):  # the parts of all threads are there, and theta is that of this step
            done = step
            break
        _forward(rank, member.size, parameters.theta, network)
        p = rows_of(work, layers[last, A], rank, rank + 1, units)
        result = slice(step * units, (step + 1) * units)
        if rank == 0:
            copy(p, examples.outputs[result])
        if not all_finite(p):
            done = step
            break
        d = rows_of(work, layers[last, D], rank, rank + 1, units)
        loss_gradient(loss.code, loss.paired, units, ONE_ROW, p, examples.y[result], d)
        _backward(rank, loss.paired, parameters.theta, network)
        if sgd.clip_norm > 0:
            _clip(rank, example, network, sgd.clip_norm)
        meet(member)  # nobody needs the theta of this step any more
        if skipping:
            _step_of_active_weights(n, step, member, example, parameters, network, rate, sgd, lag)
        else:
            # after the last step there is no next example: its own products are never asked for
            following = _inputs_of(min(step + 1, rates.size - 1), examples, inputs)
            _step_of_first_weights(member, example, following, parameters, network, rate, sgd)
        _step_of_rest(member, parameters, network, pace_of(step, paces), sgd)
    if skipping and sgd.momentum != 0:
        _catch_up(member, done, parameters, network, rate, lag)
    return done


@part
def _all_equal(rates: np.ndarray) -> bool:
    """Tell whether the rate is the same in all steps."""
    others = 0
    for rate in rates:
        others += rate != rates[0]
    return others == 0


@part
def _inputs_of(step: int, examples: Examples, inputs: int) -> np.ndarray:
    """Return the example of a step."""
    at = examples.rows[step] * inputs
    return examples.x[at : at + inputs]


@part
def _mostly_zero(examples: Examples, inputs: int) -> bool:
    """Tell whether more than half of the inputs are 0, from some examples."""
    n = min(_LOOKED_AT, examples.rows.size)
    zeros = 0
    for step in range(n):
        for value in _inputs_of(step, examples, inputs):
            zeros += value == 0
    return 2 * zeros > n * inputs


@part
def _no_lag(inputs: int, steps: int, sgd: UpdateSettings, theta: np.ndarray) -> Lag:
    """Return the state in which no row is behind."""
    kept, carried = np.zeros(steps + 1, theta.dtype), np.zeros(steps + 1, theta.dtype)
    left, way = 1.0, 0.0
    for lapse in range(steps + 1):
        kept[lapse], carried[lapse] = left, way
        left *= sgd.momentum
        left = left if left > NEGLIGIBLE else 0.0
        way += left * sgd.momentum if sgd.nesterov else left
    return Lag(np.zeros(inputs, np.int64), np.zeros(inputs, np.int64), kept, carried)


@part
def _first_products(member: Member, x: np.ndarray, theta: np.ndarray, network: Chain) -> None:
    """Add up the products of this thread's share of the inputs with their weights."""
    layers, units = network.layers, network.layers[0, UNITS]
    first, end = share(x.size, member)
    z = rows_of(network.work, layers[0, PART], member.rank, member.rank + 1, units)
    fill(z, 0)
    for i in range(first, end):
        _add_row(units, z, 0, theta, layers[0, W] + i * units, x[i])


@part
def _first_products_of_active(
    member: Member,
    step: int,
    x: np.ndarray,
    parameters: Parameters,
    network: Chain,
    rate: float,
    lag: Lag,
) -> int:
    """Do that for the inputs that are not 0; return how many there are."""
    layers, theta, velocity = network.layers, parameters.theta, parameters.velocity
    units = layers[0, UNITS]
    first, end = share(x.size, member)
    z = rows_of(network.work, layers[0, PART], member.rank, member.rank + 1, units)
    fill(z, 0)
    n = 0
    for i in range(first, end):
        if x[i] == 0:
            continue
        lag.active[first + n] = i
        n += 1
        way = rate * lag.carried[step - lag.moved[i]]
        at = layers[0, W] + i * units
        _add_moved_row(units, z, 0, theta, at, velocity, at, x[i], way)
    return n


@part
def _forward(rank: int, threads: int, theta: np.ndarray, network: Chain) -> None:
    """Leave pre-activations and outputs of each layer in the thread's row of the workspace."""
    layers, work = network.layers, network.work
    units = layers[0, UNITS]
    z = rows_of(work, layers[0, Z], rank, rank + 1, units)
    copy(theta[layers[0, B] : layers[0, B] + units], z)
    for other in range(threads):
        add(rows_of(work, layers[0, PART], other, other + 1, units), z)
    activate_layer(0, rank, rank + 1, theta, network)
    a = _row(layers[0, A], rank, units, work)
    for k in range(1, layers.shape[0]):
        a = forward_layer(k, a, rank, rank + 1, theta, network)


@part
def _backward(rank: int, paired: bool, theta: np.ndarray, network: Chain) -> None:
    """Leave the gradients by the pre-activations in the thread's row of the workspace."""
    layers, work = network.layers, network.work
    last = layers.shape[0] - 1
    for k in range(last, -1, -1):
        chain_layer(rank, k, rank, rank + 1, k < last or not paired, theta, network)
        if k > 0:
            inputs, units = layers[k, INPUTS], layers[k, UNITS]
            d = rows_of(work, layers[k, D], rank, rank + 1, units)
            dx = rows_of(work, layers[k - 1, D], rank, rank + 1, inputs)
            w = theta[layers[k, W] : layers[k, W] + inputs * units].reshape(inputs, units)
            for i in range(inputs):
                total = d.dtype.type(0)
                for j in range(units):
                    total += d[j] * w[i, j]
                dx[i] = total


@part
def _row(at: int, rank: int, units: int, work: np.ndarray) -> Matrix:
    """Return the thread's row of a matrix in the workspace."""
    return Matrix(work, at + rank * units, units, 1)


@part
def _clip(rank: int, x: np.ndarray, network: Chain, clip_norm: float) -> None:
    """Scale the gradients down so that the norm of the parameters' gradient is within bounds.

    That of an outer product is the product of the norms.
    """
    layers, work = network.layers, network.work
    total, before = 0.0, x
    for k in range(layers.shape[0]):
        d = rows_of(work, layers[k, D], rank, rank + 1, layers[k, UNITS])
        total += (_squares(before) + 1.0) * _squares(d)
        total += _squares(slopes_of_thread(rank, k, network))
        before = rows_of(work, layers[k, A], rank, rank + 1, layers[k, UNITS])
    norm = np.sqrt(total)
    if norm > clip_norm:
        factor = x.dtype.type(clip_norm / norm)
        for k in range(layers.shape[0]):
            d = rows_of(work, layers[k, D], rank, rank + 1, layers[k, UNITS])
            scale(d, factor)
            scale(slopes_of_thread(rank, k, network), factor)


@part
def _squares(v: np.ndarray) -> float:
    """Return the sum of the squares."""
    total = 0.0
    for value in v:
        total += np.float64(value) ** 2  # float() would leave it single
    return total


@part
def _step_of_active_weights(
    n: int,
    step: int,
    member: Member,
    x: np.ndarray,
    parameters: Parameters,
    network: Chain,
    rate: float,
    sgd: UpdateSettings,
    lag: Lag,
) -> None:
    """Make the step of the weights of the active inputs, after those that they have missed."""
    layers = network.layers
    units = layers[0, UNITS]
    d = rows_of(network.work, layers[0, D], member.rank, member.rank + 1, units)
    theta, velocity = parameters.theta, parameters.velocity
    negligible, zero = theta.dtype.type(NEGLIGIBLE), theta.dtype.type(0)
    first, _ = share(x.size, member)
    for i in lag.active[first : first + n]:
        lapse = step - lag.moved[i]
        lag.moved[i] = step + 1
        at = layers[0, W] + i * units
        way, kept = rate * lag.carried[lapse], sgd.momentum * lag.kept[lapse]
        if sgd.momentum == 0:
            _move_row_without_momentum(units, theta, at, d, 0, x[i], zero, rate)
        elif not sgd.nesterov:
            _move_row(units, theta, at, velocity, at, d, 0, x[i], way, kept, rate, negligible)
        else:
            _move_row_in_general(
                units, theta, at, velocity, at, d, 0,
                x[i], way, kept, zero, rate, rate * sgd.momentum, negligible,
            )  # fmt: skip


@part
def _step_of_first_weights(
    member: Member,
    x: np.ndarray,
    following: np.ndarray,
    parameters: Parameters,
    network: Chain,
    rate: float,
    sgd: UpdateSettings,
) -> None:
    """Make the step of this thread's share of the weights; multiply with the `following` inputs."""
    layers = network.layers
    units = layers[0, UNITS]
    z = rows_of(network.work, layers[0, PART], member.rank, member.rank + 1, units)
    d = rows_of(network.work, layers[0, D], member.rank, member.rank + 1, units)
    theta, velocity = parameters.theta, parameters.velocity
    negligible, zero = theta.dtype.type(NEGLIGIBLE), theta.dtype.type(0)
    by_gradient = rate if sgd.nesterov else zero
    by_velocity = rate * sgd.momentum if sgd.nesterov else rate
    first, end = share(x.size, member)
    fill(z, 0)
    done = first
    if sgd.momentum != 0 and not sgd.nesterov and sgd.weight_decay == 0:
        done = end - (end - first) % 4
        for i in range(first, done, 4):
            at = layers[0, W] + i * units
            second, third, fourth = at + units, at + 2 * units, at + 3 * units
            _move_and_add_four_rows(
                units, theta, at, theta, second, theta, third, theta, fourth,
                velocity, at, velocity, second, velocity, third, velocity, fourth, z, 0, d, 0,
                x[i], x[i + 1], x[i + 2], x[i + 3],
                following[i], following[i + 1], following[i + 2], following[i + 3],
                sgd.momentum, rate, negligible,
            )  # fmt: skip
    for i in range(done, end):
        at = layers[0, W] + i * units
        if sgd.momentum == 0:
            _move_row_without_momentum(units, theta, at, d, 0, x[i], sgd.weight_decay, rate)
        else:
            _move_row_in_general(
                units, theta, at, velocity, at, d, 0,
                x[i], zero, sgd.momentum, sgd.weight_decay, by_gradient, by_velocity, negligible,
            )  # fmt: skip
        _add_row(units, z, 0, theta, at, following[i])


@row_operation(arrays=2)
def _add_row(z: Row, w: Row, x: Row) -> tuple[Row]:
    """Add ``x`` times the weights."""
    return (z + x * w,)


@row_operation(arrays=3)
def _add_moved_row(z: Row, w: Row, v: Row, x: Row, way: Row) -> tuple[Row]:
    """Do that after they have gone `way` velocities."""
    return (z + x * (w - way * v),)


@row_operation(arrays=10)
def _move_and_add_four_rows(*arguments: Row) -> tuple[Row, ...]:
    """Make the step of four rows of weights with the gradients ``x d``; add ``x_next`` times them.

    The sums `z` are read and written a quarter as often as row by row.
    """
    weights, velocities, (z, d) = arguments[:4], arguments[4:8], arguments[8:10]
    inputs, next_inputs = arguments[10:14], arguments[14:18]
    momentum, rate, negligible = arguments[18:]
    moved, new_velocities = [], []
    for w, v, x, x_next in zip(weights, velocities, inputs, next_inputs, strict=True):
        new_velocities.append(flushed(momentum * v + x * d, negligible))
        moved.append(w - rate * new_velocities[-1])
        z = z + x_next * moved[-1]
    return (*moved, *new_velocities, z)


@row_operation(arrays=3)
def _move_row(
    w: Row, v: Row, d: Row, x: Row, way: Row, kept: Row, rate: Row, negligible: Row
) -> tuple[Row, Row]:
    """Let weights go what they have missed, and then make a step with the gradient ``x d``."""
    new = flushed(kept * v + x * d, negligible)
    return w - way * v - rate * new, new


@row_operation(arrays=2)
def _move_row_without_momentum(w: Row, d: Row, x: Row, weight_decay: Row, rate: Row) -> tuple[Row]:
    """Make a step with the gradient ``x d`` and weight decay; velocities stay as they are."""
    return (w - rate * (x * d + weight_decay * w),)


@row_operation(arrays=3)
def _move_row_in_general(
    w: Row, v: Row, d: Row,
    x: Row, way: Row, kept: Row, weight_decay: Row,
    by_gradient: Row, by_velocity: Row, negligible: Row,
) -> tuple[Row, Row]:  # fmt: skip
    """Do the same with weight decay, and Nesterov's momentum."""
    now = w - way * v
    g = x * d + weight_decay * now
    new = flushed(kept * v + g, negligible)
    return now - by_gradient * g - by_velocity * new, new


@part
def _step_of_rest(
    member: Member, parameters: Parameters, network: Chain, pace: Pace, sgd: UpdateSettings
) -> None:
    """Make the step of the other weights, and in the first thread that of biases and slopes."""
    layers, work, rank = network.layers, network.work, member.rank
    for k in range(layers.shape[0]):
        units = layers[k, UNITS]
        if k > 0:
            before = _row(layers[k - 1, A], rank, layers[k, INPUTS], work)
            d = _row(layers[k, D], rank, units, work)
            step_of_weights(member, k, before, d, ONE_ROW, parameters, network, pace, sgd, True)
        if rank == 0:
            bias, slope = layers[k, B], layers[k, SLOPE]
            copy(rows_of(work, layers[k, D], 0, 1, units), parameters.grad[bias : bias + units])
            update(parameters, bias, bias + units, False, pace, sgd)
            if layers[k, ACTIVATION] == PRELU:
                n = layers[k, SLOPES]
                copy(slopes_of_thread(0, k, network), parameters.grad[slope : slope + n])
                update(parameters, slope, slope + n, False, pace, sgd)


@part
def _catch_up(
    member: Member, step: int, parameters: Parameters, network: Chain, rate: float, lag: Lag
) -> None:
    """Move the weights of this thread's share of the inputs by all that they have missed."""
    layers = network.layers
    theta, velocity, units = parameters.theta, parameters.velocity, layers[0, UNITS]
    first, end = share(layers[0, INPUTS], member)
    negligible = theta.dtype.type(NEGLIGIBLE)
    for i in range(first, end):
        lapse = step - lag.moved[i]
        lag.moved[i] = step
        if lapse > 0:
            at = layers[0, W] + i * units
            way, kept = rate * lag.carried[lapse], lag.kept[lapse]
            _catch_up_row(units, theta, at, velocity, at, way, kept, negligible)


@row_operation(arrays=2)
def _catch_up_row(w: Row, v: Row, way: Row, kept: Row, negligible: Row) -> tuple[Row, Row]:
    """Let weights go what they have missed."""
    return w - way * v, flushed(kept * v, negligible)
