"""One compiled loop over many steps, for networks that are a chain of dense layers.

A step of a small network costs less than the calls that it takes from Python. Here the whole chunk
of batches is one call. The flat parameter vector and a table of where each layer lies in it let one
loop serve any depth, every activation, loss and variant of SGD.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from glassnet.kernels.compilation import compiled
from glassnet.kernels.elementwise import (
    PRELU,
    activate,
    chain,
    loss_gradient,
    sgd_update,
    slope_gradient,
)

W, B, INPUTS, UNITS, ACTIVATION, SLOPE, SLOPES = range(7)
"""Columns of the table of layers: where W and b begin in the parameter vector, the shape of W, the
activation's code, where its slope begins (or -1) and how many slopes it has."""


class SGDSettings(NamedTuple):
    """Settings of SGD, numbers of the network's dtype; `clip_norm` 0 means none."""

    momentum: float
    nesterov: bool
    weight_decay: float
    clip_norm: float


class LossSettings(NamedTuple):
    """The loss' code, and whether it forms a pair with the last activation."""

    code: int
    paired: bool


@compiled
def train(
    theta: np.ndarray,
    grad: np.ndarray,
    velocity: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    outputs: np.ndarray,
    rates: np.ndarray,
    batch_size: int,
    layers: np.ndarray,
    fixed_slopes: np.ndarray,
    loss: LossSettings,
    sgd: SGDSettings,
) -> int:
    """Make a step for each batch; return how many were made before an output was not finite.

    Parameters
    ----------
    theta, grad, velocity : ndarray, shape (P,)
        Updated in place. After single-example steps `grad` holds the biases' gradients alone.
    x : ndarray, shape (n, inputs)
    y, outputs : ndarray, shape (n, units of the last layer)
        Targets; and where to write the outputs, each with the weights of its step.
    rates : ndarray, shape (steps,)
        The learning rate of each step.
    batch_size : int
    layers : ndarray of int, shape (layers, 7)
        Columns `W` to `SLOPES`.
    fixed_slopes : ndarray, shape (layers,)
        Of leaky ReLUs.
    loss : LossSettings
    sgd : SGDSettings
    """
    depth, widest = layers.shape[0], max(layers[:, UNITS].max(), layers[:, INPUTS].max())
    z = np.empty((depth, batch_size * layers[:, UNITS].max()), theta.dtype)
    a = np.empty_like(z)
    delta = np.empty((2, batch_size * widest), theta.dtype)
    slopes = fixed_slopes.reshape(depth, 1)
    fused = batch_size == 1 and sgd.clip_norm == 0  # gradient and update in one pass
    for step in range(rates.size):
        batch = slice(step * batch_size, min((step + 1) * batch_size, x.shape[0]))
        p = _forward(theta, x[batch], layers, slopes, z, a)
        outputs[batch] = p
        if not _all_finite(p):
            return step
        d = delta[0, : p.size].reshape(p.shape)
        loss_gradient(loss.code, loss.paired, p, y[batch], d)
        rate = rates[step]
        _backward(
            theta,
            grad,
            velocity,
            x[batch],
            layers,
            slopes,
            z,
            a,
            delta,
            loss.paired,
            rate,
            sgd,
            fused,
        )
        if not fused:
            if sgd.clip_norm > 0:
                _clip(grad, sgd.clip_norm)
            _update(theta, grad, velocity, rate, sgd, slice(0, theta.size))
    return rates.size


@compiled
def _forward(
    theta: np.ndarray,
    x: np.ndarray,
    layers: np.ndarray,
    slopes: np.ndarray,
    z: np.ndarray,
    a: np.ndarray,
) -> np.ndarray:
    """Return the outputs; leave layer k's pre-activations in ``z[k]``, activations in ``a[k]``."""
    rows = x.shape[0]
    for k in range(layers.shape[0]):
        units = layers[k, UNITS]
        zk = z[k, : rows * units].reshape(rows, units)
        ak = a[k, : rows * units].reshape(rows, units)
        _affine(x, _weights(k, layers, theta), theta[layers[k, B] : layers[k, B] + units], zk)
        activate(layers[k, ACTIVATION], _slope(k, layers, theta, slopes), zk, ak)
        x = ak
    return x


@compiled
def _backward(
    theta: np.ndarray,
    grad: np.ndarray,
    velocity: np.ndarray,
    x: np.ndarray,
    layers: np.ndarray,
    slopes: np.ndarray,
    z: np.ndarray,
    a: np.ndarray,
    delta: np.ndarray,
    paired: bool,
    rate: float,
    sgd: SGDSettings,
    update: bool,
) -> None:
    """Write the gradient to `grad`; or, for a single example, `update` each layer on the way.

    ``delta[0]`` holds the gradient by the outputs, or if `paired` by the last pre-activation.
    """
    rows, depth = x.shape[0], layers.shape[0]
    for k in range(depth - 1, -1, -1):
        inputs, units = layers[k, INPUTS], layers[k, UNITS]
        zk = z[k, : rows * units].reshape(rows, units)
        ak = a[k, : rows * units].reshape(rows, units)
        d = delta[(depth - 1 - k) % 2, : rows * units].reshape(rows, units)
        slope = slice(layers[k, SLOPE], layers[k, SLOPE] + layers[k, SLOPES])
        if layers[k, ACTIVATION] == PRELU:
            slope_gradient(zk, d, grad[slope])
        if k < depth - 1 or not paired:
            chain(layers[k, ACTIVATION], _slope(k, layers, theta, slopes), zk, ak, d)
        bias = slice(layers[k, B], layers[k, B] + units)
        _sum_rows(d, grad[bias])
        weights = _weights(k, layers, theta)
        before = x
        if k > 0:
            before = a[k - 1, : rows * inputs].reshape(rows, inputs)
            _back(d, weights, delta[(depth - k) % 2, : rows * inputs].reshape(rows, inputs))
        if update:
            _outer_update(before[0], d[0], weights, _weights(k, layers, velocity), rate, sgd)
            _update(theta, grad, velocity, rate, sgd, bias)
            if layers[k, ACTIVATION] == PRELU:
                _update(theta, grad, velocity, rate, sgd, slope)
        else:
            np.dot(before.T, d, _weights(k, layers, grad))


@compiled
def _weights(k: int, layers: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Return the stretch of a flat vector that is the weight matrix of layer k, as a matrix."""
    inputs, units = layers[k, INPUTS], layers[k, UNITS]
    return vector[layers[k, W] : layers[k, W] + inputs * units].reshape(inputs, units)


@compiled
def _sum_rows(d: np.ndarray, out: np.ndarray) -> None:
    """Write the sum of the rows of `d` to `out`."""
    for j in range(d.shape[1]):
        out[j] = d[0, j]
    for i in range(1, d.shape[0]):
        for j in range(d.shape[1]):
            out[j] += d[i, j]


@compiled
def _all_finite(p: np.ndarray) -> bool:
    """Tell whether no output is NaN or infinite."""
    bad = 0
    for value in p.flat:
        bad += not np.isfinite(value)
    return bad == 0


@compiled
def _slope(k: int, layers: np.ndarray, theta: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Return the slopes of a layer's activation: learned ones from theta, else the fixed one."""
    if layers[k, ACTIVATION] == PRELU:
        return theta[layers[k, SLOPE] : layers[k, SLOPE] + layers[k, SLOPES]]
    fixed: np.ndarray = slopes[k]
    return fixed


@compiled
def _affine(x: np.ndarray, weights: np.ndarray, bias: np.ndarray, z: np.ndarray) -> None:
    """Write ``x W + b`` to `z`; inputs that are 0 cost nothing for a single example."""
    rows, units = z.shape
    if rows > 1:
        np.dot(x, weights, z)
        for i in range(rows):
            for j in range(units):
                z[i, j] += bias[j]
        return
    for j in range(units):
        z[0, j] = bias[j]
    for i in range(x.shape[1]):
        xi = x[0, i]
        if xi != 0:
            for j in range(units):
                z[0, j] += xi * weights[i, j]


@compiled
def _back(d: np.ndarray, weights: np.ndarray, dx: np.ndarray) -> None:
    """Write ``d Wᵀ`` to `dx`."""
    if d.shape[0] > 1:
        np.dot(d, weights.T, dx)
        return
    for i in range(weights.shape[0]):
        total = d.dtype.type(0)
        for j in range(weights.shape[1]):
            total += d[0, j] * weights[i, j]
        dx[0, i] = total


@compiled
def _outer_update(
    x: np.ndarray,
    d: np.ndarray,
    weights: np.ndarray,
    velocity: np.ndarray,
    rate: float,
    sgd: SGDSettings,
) -> None:
    """Make the step of a weight matrix whose gradient is the outer product of `x` and `d`.

    One pass; the gradient is never written to memory.
    """
    negligible, zero = weights.dtype.type(1e-30), weights.dtype.type(0)
    for i in range(x.size):
        if sgd.momentum == zero:
            for j in range(d.size):
                weights[i, j] -= rate * (x[i] * d[j] + sgd.weight_decay * weights[i, j])
            continue
        for j in range(d.size):
            g = x[i] * d[j] + sgd.weight_decay * weights[i, j]
            v = sgd.momentum * velocity[i, j] + g
            v = zero if abs(v) < negligible else v
            velocity[i, j] = v
            weights[i, j] -= rate * (g + sgd.momentum * v if sgd.nesterov else v)


@compiled
def _update(
    theta: np.ndarray,
    grad: np.ndarray,
    velocity: np.ndarray,
    rate: float,
    sgd: SGDSettings,
    where: slice,
) -> None:
    """Make the step of a stretch of the parameter vector."""
    momentum, nesterov, decay = sgd.momentum, sgd.nesterov, sgd.weight_decay
    sgd_update(theta[where], grad[where], velocity[where], rate, momentum, nesterov, decay)


@compiled
def _clip(grad: np.ndarray, clip_norm: float) -> None:
    """Scale `grad` down to this norm, if it is larger."""
    total = 0.0
    for k in range(grad.size):
        total += float(grad[k]) * float(grad[k])
    norm = np.sqrt(total)
    if norm > clip_norm:
        grad *= grad.dtype.type(clip_norm / norm)
