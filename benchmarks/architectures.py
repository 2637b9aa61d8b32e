"""The convolutional networks that are measured, layer by layer, as no library's own words.

Each contender builds its network from these, so that all have the same one.
"""

from __future__ import annotations

from typing import NamedTuple


class Convolution(NamedTuple):
    """Square filters at every place of an image."""

    filters: int
    kernel: int
    same: bool = True
    """Whether the image is padded with zeros to stay as large as it is."""
    bias: bool = True


class Whitening(NamedTuple):
    """A convolution without padding whose filters are given and stay; its biases are learned."""

    kernel: int


class Norm(NamedTuple):
    """Batch normalisation; `keeps` is the part of the running statistics that stays at a step."""

    scale: bool = True
    keeps: float = 0.9
    epsilon: float = 1e-5


class Activation(NamedTuple):
    """``relu``, ``gelu`` (the exact one), or ``softmax``, which comes last."""

    name: str


class MaxPooling(NamedTuple):
    """The largest of each square window; windows touch."""

    size: int


class Flatten(NamedTuple):
    """An image as one vector."""


class Dense(NamedTuple):
    """A layer in which each unit sees all inputs, with biases."""

    units: int


class Scaling(NamedTuple):
    """A fixed factor."""

    factor: float


Part = (
    Convolution | Whitening | Norm | Activation | MaxPooling | Flatten | Dense | Scaling
)  # fmt: skip


class Architecture(NamedTuple):
    """A network for one shape of image, (height, width, channels)."""

    input_shape: tuple[int, int, int]
    parts: tuple[Part, ...]


RELU, GELU, SOFTMAX = (Activation(name) for name in ("relu", "gelu", "softmax"))


def _vgg_block(filters: int) -> tuple[Part, ...]:
    """Return two convolutions, each normalised, and pooling."""
    return (Convolution(filters, 3, bias=False), Norm(), RELU) * 2 + (MaxPooling(2),)


def _group(filters: int) -> tuple[Part, ...]:
    """Return a group of the 94 % network, which pools before it normalises."""
    convolution = Convolution(filters, 3, bias=False)
    norm = Norm(scale=False, keeps=0.6, epsilon=1e-12)
    return (convolution, MaxPooling(2), norm, GELU, convolution, norm, GELU)


ARCHITECTURES = {
    "LeNet-5": Architecture(
        (28, 28, 1),
        (
            Convolution(6, 5), RELU, MaxPooling(2),
            Convolution(16, 5, same=False), RELU, MaxPooling(2),
            Flatten(), Dense(120), RELU, Dense(84), RELU, Dense(10), SOFTMAX,
        ),
    ),
    "six-layer VGG": Architecture(
        (32, 32, 3),
        (*_vgg_block(32), *_vgg_block(64), *_vgg_block(128), Flatten(), Dense(10), SOFTMAX),
    ),
    "94 % network": Architecture(
        (32, 32, 3),
        (
            Whitening(2), GELU, *_group(64), *_group(256), *_group(256),
            MaxPooling(3), Flatten(), Dense(10), Scaling(1 / 9), SOFTMAX,
        ),
    ),
}  # fmt: skip
"""By the names that works know them by. Their sources stand in docs/performance.md."""
