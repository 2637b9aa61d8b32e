"""The slow, obvious versions: loops over Python floats, written from the equations.

They are the oracle of the fast code and share none of it. Vectors are lists, matrices are lists of
rows, ``W[i][j]`` leads from input i to unit j. Images are ``x[row][column][channel]``, filters
``W[i][j][channel][filter]``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Vector = list[float]
Matrix = list[Vector]
Image = list[Matrix]
Filters = list[list[Matrix]]
Pair = tuple[int, int]


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


def gelu(z: float) -> float:
    return z * 0.5 * math.erfc(-z / math.sqrt(2.0))


def tanh_gelu(z: float) -> float:
    return z / 2.0 * (1.0 + math.tanh(math.sqrt(2.0 / math.pi) * (z + 0.044715 * z**3)))


def silu(z: float) -> float:
    return z / (1.0 + math.exp(-z))


def elu(z: float, alpha: float) -> float:
    return z if z > 0.0 else alpha * (math.exp(z) - 1.0)


def softplus(z: float) -> float:
    return math.log(1.0 + math.exp(z))


def starts(size: int, kernel: int, stride: int, padding: str | int, dilation: int) -> list[int]:
    """Where windows begin along one axis of an image; in the padding it is below 0."""
    span = dilation * (kernel - 1) + 1
    if padding == "valid":
        before = after = 0
    elif padding == "same":
        windows = math.ceil(size / stride)
        missing = max(0, stride * (windows - 1) + span - size)
        before = missing // 2
        after = missing - before
    else:
        before = after = int(padding)
    return list(range(-before, size + after - span + 1, stride))


def window_entries(
    shape: Pair,
    kernel: Pair,
    *,
    strides: Pair = (1, 1),
    padding: str | Pair = "valid",
    dilation: Pair = (1, 1),
) -> list[list[list[tuple[int, int, int, int]]]]:
    """Of each window of an image: (i, j, row, column) of its entries that lie on the image."""
    along = [
        starts(
            shape[axis],
            kernel[axis],
            strides[axis],
            padding if isinstance(padding, str) else padding[axis],
            dilation[axis],
        )
        for axis in range(2)
    ]
    result = []
    for top in along[0]:
        line = []
        for left in along[1]:
            entries = []
            for i in range(kernel[0]):
                for j in range(kernel[1]):
                    row, column = top + dilation[0] * i, left + dilation[1] * j
                    if 0 <= row < shape[0] and 0 <= column < shape[1]:
                        entries.append((i, j, row, column))
            line.append(entries)
        result.append(line)
    return result


Windows = list[list[list[tuple[int, int, int, int]]]]


def conv2d(x: Image, W: Filters, b: Vector, windows: Windows, groups: int = 1) -> Image:
    """z[p][q][f] = b[f] + Σ x[row][column][c] W[i][j][c][f], over the channels of f's group."""
    inputs, filters = len(W[0][0]), len(b)
    z = []
    for line in windows:
        z_line = []
        for entries in line:
            values = []
            for f in range(filters):
                first = f // (filters // groups) * inputs
                total = b[f]
                for i, j, row, column in entries:
                    for c in range(inputs):
                        total += x[row][column][first + c] * W[i][j][c][f]
                values.append(total)
            z_line.append(values)
        z.append(z_line)
    return z


def conv2d_backward(
    x: Image, W: Filters, dz: Image, windows: Windows, groups: int = 1
) -> tuple[Filters, Vector, Image]:
    """dW, db and dx of one image for the gradient `dz` by z."""
    inputs, filters = len(W[0][0]), len(W[0][0][0])
    dW = [[[[0.0] * filters for _ in range(inputs)] for _ in W[0]] for _ in W]
    db = [0.0] * filters
    dx = [[[0.0] * len(x[0][0]) for _ in x[0]] for _ in x]
    for p, line in enumerate(windows):
        for q, entries in enumerate(line):
            for f in range(filters):
                first = f // (filters // groups) * inputs
                db[f] += dz[p][q][f]
                for i, j, row, column in entries:
                    for c in range(inputs):
                        dW[i][j][c][f] += x[row][column][first + c] * dz[p][q][f]
                        dx[row][column][first + c] += W[i][j][c][f] * dz[p][q][f]
    return dW, db, dx


def depthwise_conv2d(x: Image, W: Filters, b: Vector, windows: Windows) -> Image:
    """z[p][q][c m + k] = b[c m + k] + Σ x[row][column][c] W[i][j][c][k]."""
    channels, multiplier = len(W[0][0]), len(W[0][0][0])
    z = []
    for line in windows:
        z_line = []
        for entries in line:
            values = []
            for c in range(channels):
                for k in range(multiplier):
                    total = b[c * multiplier + k]
                    for i, j, row, column in entries:
                        total += x[row][column][c] * W[i][j][c][k]
                    values.append(total)
            z_line.append(values)
        z.append(z_line)
    return z


def pooled(x: Image, windows: Windows, pool: Callable[[Vector], float]) -> Image:
    """What `pool` makes of the pixels of each window, channel by channel."""
    return [
        [
            [
                pool([x[row][column][c] for _, _, row, column in entries])
                for c in range(len(x[0][0]))
            ]
            for entries in line
        ]
        for line in windows
    ]


def mean(values: Vector) -> float:
    total = 0.0
    for value in values:
        total += value
    return total / len(values)


def normalized(
    x: Matrix, gamma: Vector, beta: Vector, epsilon: float, *, by_column: bool
) -> tuple[Matrix, Vector, Vector]:
    """Rows of x with mean 0 and variance 1 along columns, or along rows; and both of these."""
    lines = [list(column) for column in zip(*x, strict=True)] if by_column else x
    means, variances = [], []
    for line in lines:
        middle = mean(line)
        means.append(middle)
        variances.append(mean([(value - middle) ** 2 for value in line]))
    y = []
    for n in range(len(x)):
        row = []
        for c in range(len(x[n])):
            i = c if by_column else n
            row.append(
                gamma[c] * (x[n][c] - means[i]) / math.sqrt(variances[i] + epsilon) + beta[c]
            )
        y.append(row)
    return y, means, variances


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


def mean_absolute_error(p: Vector, y: Vector) -> float:
    total = 0.0
    for i in range(len(p)):
        total += abs(p[i] - y[i])
    return total / len(p)


def huber(p: Vector, y: Vector, delta: float = 1.0) -> float:
    total = 0.0
    for i in range(len(p)):
        distance = abs(p[i] - y[i])
        if distance <= delta:
            total += distance**2 / 2.0
        else:
            total += delta * (distance - delta / 2.0)
    return total / len(p)


def quantile(p: Vector, y: Vector, level: float) -> float:
    total = 0.0
    for i in range(len(p)):
        total += level * (y[i] - p[i]) if p[i] < y[i] else (1.0 - level) * (p[i] - y[i])
    return total / len(p)


def poisson(p: Vector, y: Vector) -> float:
    """Half the deviance of a mean of which `p` is the logarithm, mean over the outputs."""
    total = 0.0
    for i in range(len(p)):
        total += math.exp(p[i]) - y[i]
        if y[i] > 0.0:
            total += y[i] * (math.log(y[i]) - p[i])
    return total / len(p)


def binary_cross_entropy(p: Vector, y: Vector, label_smoothing: float = 0.0) -> float:
    """Eq. 11, mean over the outputs."""
    total = 0.0
    for i in range(len(p)):
        smooth = (1.0 - label_smoothing) * y[i] + label_smoothing / 2.0
        total -= smooth * math.log(p[i]) + (1.0 - smooth) * math.log(1.0 - p[i])
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
