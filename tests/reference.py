"""The slow, obvious versions: loops over Python floats, written from the equations.

They are the oracle of the fast code and share none of it. Vectors are lists, matrices are lists of
rows, ``W[i][j]`` leads from input i to unit j.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Vector = list[float]
Matrix = list[Vector]


def dense_forward(x: Matrix, W: Matrix, b: Vector) -> Matrix:
    """z_j = Σ_i x_i W_ij + b_j, for every example (Eq. 1 to 7)."""
    z = []
    for example in x:
        row = []
        for j in range(len(b)):
            total = b[j]
            for i in range(len(example)):
                total += example[i] * W[i][j]
            row.append(total)
        z.append(row)
    return z


def dense_backward(x: Matrix, W: Matrix, delta: Matrix) -> tuple[Matrix, Vector, Matrix]:
    """dW, db and dx for the gradient `delta` by z (Eq. 13 to 15), summed over the examples."""
    inputs, units = len(W), len(W[0])
    dW = [[0.0] * units for _ in range(inputs)]
    db = [0.0] * units
    dx = [[0.0] * inputs for _ in x]
    for n in range(len(x)):
        for j in range(units):
            db[j] += delta[n][j]
            for i in range(inputs):
                dW[i][j] += x[n][i] * delta[n][j]
                dx[n][i] += W[i][j] * delta[n][j]
    return dW, db, dx


def identity(z: float) -> float:
    return z


def sigmoid(z: float) -> float:
    """Eq. 10."""
    return 1.0 / (1.0 + math.exp(-z))


def tanh(z: float) -> float:
    return (math.exp(z) - math.exp(-z)) / (math.exp(z) + math.exp(-z))


def relu(z: float) -> float:
    """Eq. 8."""
    return z if z > 0.0 else 0.0


def leaky_relu(z: float, slope: float) -> float:
    """Eq. 9."""
    return z if z >= 0.0 else slope * z


def softmax(z: Vector) -> Vector:
    total = 0.0
    for value in z:
        total += math.exp(value)
    return [math.exp(value) / total for value in z]


def standardized(x: Vector, mean: Vector, deviation: Vector) -> Vector:
    return [(x[i] - mean[i]) / deviation[i] for i in range(len(x))]


def half_squared_error(p: Vector, y: Vector) -> float:
    total = 0.0
    for i in range(len(p)):
        total += (p[i] - y[i]) ** 2
    return total / 2.0


def mean_squared_error(p: Vector, y: Vector) -> float:
    total = 0.0
    for i in range(len(p)):
        total += (p[i] - y[i]) ** 2
    return total / len(p)


def binary_cross_entropy(p: Vector, y: Vector) -> float:
    """Eq. 11, mean over the outputs."""
    total = 0.0
    for i in range(len(p)):
        total -= y[i] * math.log(p[i]) + (1.0 - y[i]) * math.log(1.0 - p[i])
    return total / len(p)


def categorical_cross_entropy(p: Vector, y: Vector, label_smoothing: float = 0.0) -> float:
    total = 0.0
    for i in range(len(p)):
        smooth = (1.0 - label_smoothing) * y[i] + label_smoothing / len(p)
        total -= smooth * math.log(p[i])
    return total


def batch_mean(loss: Callable[[Vector, Vector], float], p: Matrix, y: Matrix) -> float:
    """Eq. 18."""
    total = 0.0
    for n in range(len(p)):
        total += loss(p[n], y[n])
    return total / len(p)


def sgd(
    theta: Vector,
    gradients: Sequence[Vector],
    *,
    learning_rate: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
    clip_norm: float = math.inf,
) -> Vector:
    """The parameters after one step for each gradient (Eq. 16, 17), scalar by scalar."""
    theta = list(theta)
    velocity = [0.0] * len(theta)
    for gradient in gradients:
        square = 0.0
        for g in gradient:
            square += g * g
        shrink = min(1.0, clip_norm / math.sqrt(square)) if square else 1.0
        for i in range(len(theta)):
            g = gradient[i] * shrink + weight_decay * theta[i]
            velocity[i] = momentum * velocity[i] + g
            direction = g + momentum * velocity[i] if nesterov else velocity[i]
            theta[i] -= learning_rate * direction
    return theta
