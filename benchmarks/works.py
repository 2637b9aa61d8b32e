"""The works that are measured: what is done, and nothing about how."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.architectures import ARCHITECTURES


@dataclass(frozen=True)
class Work:
    """What every contender does in a round: a step for each batch of the examples.

    Parameters
    ----------
    sizes : tuple of int
        Units of all layers, the input's first; of an architecture, numbers in and out alone.
    hidden, output : str
        Activations; an architecture has its own.
    loss : str
    batch_size, examples : int
        Of a step, and of a round.
    learning_rate, momentum, weight_decay : float
    data : str
        A data set by name, or "table" or "noise" for random numbers: vectors or images.
    initializer : str
        Of weights and biases.
    kind : {"training", "inference", "convolution", "convolution_inference"}
        Whether a step is one of gradient descent, or a prediction. Those of convolutional networks
        are kinds of their own, because others take part.
    architecture : str
        Of `ARCHITECTURES`; empty for dense layers of these sizes.
    nesterov : bool
        Whether momentum is Nesterov's.
    label_smoothing : float
        Part of the targets that is spread evenly over all classes.
    """

    sizes: tuple[int, ...]
    hidden: str
    output: str
    loss: str
    batch_size: int
    examples: int
    learning_rate: float
    momentum: float
    weight_decay: float = 0.0
    data: str = "mnist"
    initializer: str = "standard_normal"
    kind: str = "training"
    architecture: str = ""
    nesterov: bool = False
    label_smoothing: float = 0.0

    @property
    def task(self) -> str:
        """Say what a step is: "training" or "inference"."""
        return "inference" if self.kind.endswith("inference") else "training"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        if self.architecture:
            return ARCHITECTURES[self.architecture].input_shape
        return self.sizes[:1]

    @property
    def steps(self) -> int:
        """Steps of a round, the last short one included."""
        return -(-self.examples // self.batch_size)

    @property
    def activations(self) -> list[str]:
        """The activation of every layer after the input."""
        return [self.hidden] * (len(self.sizes) - 2) + [self.output]

    @property
    def title(self) -> str:
        """Say in a few words what it is."""
        net = self.architecture or f"{'-'.join(map(str, self.sizes))} {self.hidden}"
        net += f", {self.batch_size} a step"
        if self.task == "inference":
            return f"{net}, inference"
        momentum = f"{'Nesterov ' * self.nesterov}momentum {self.momentum:g}"
        return f"{net}, {momentum}" + ", weight decay" * bool(self.weight_decay)


THESIS = {"hidden": "sigmoid", "output": "sigmoid", "loss": "half_squared_error"}
RELU = {"hidden": "relu", "output": "softmax", "loss": "categorical_cross_entropy"}

_B1 = Work(
    (784, 32, 10), **THESIS, batch_size=1, examples=4_000, learning_rate=0.1, momentum=0.8
)  # fmt: skip
_B4 = Work(
    (3072, 200, 10), **THESIS, batch_size=1, examples=1_000, learning_rate=0.01, momentum=0.6,
    data="cifar10", initializer="glorot_uniform",
)  # fmt: skip
_IMAGES = Work(
    (784, 10), **RELU, batch_size=64, examples=6_400, learning_rate=0.01, momentum=0.9,
    nesterov=True, initializer="he_uniform", kind="convolution", architecture="LeNet-5",
)  # fmt: skip
_VGG = replace(
    _IMAGES, sizes=(3072, 10), batch_size=128, examples=1_280, learning_rate=0.001,
    data="cifar10", architecture="six-layer VGG",
)  # fmt: skip
_94 = replace(
    _VGG,
    batch_size=512,
    examples=1_536,
    learning_rate=0.01,
    label_smoothing=0.2,
    architecture="94 % network",
)
_PREDICTED = {"kind": "convolution_inference", "batch_size": 1_000, "examples": 1_000}

WORKS = {
    "B1": _B1,
    "B2": replace(_B1, batch_size=10, examples=20_000, learning_rate=0.3),
    "B3": replace(_B1, batch_size=50, examples=20_000, learning_rate=0.7),
    "B4-1": _B4,
    "B4-50": replace(_B4, batch_size=50, examples=5_000, learning_rate=0.07),
    "B5": Work(
        (784, 512, 512, 10), **RELU, batch_size=128, examples=12_800, learning_rate=0.01,
        momentum=0.9, weight_decay=1e-4, initializer="he_uniform",
    ),
    "B6": Work(
        (784, 2048, 2048, 10), **RELU, batch_size=256, examples=5_120, learning_rate=0.01,
        momentum=0.9, initializer="he_uniform",
    ),
    "B7": Work(
        (30, 30, 2), hidden="tanh", output="softmax", loss="categorical_cross_entropy",
        batch_size=32, examples=10_000, learning_rate=0.05, momentum=0.9, data="table",
        initializer="glorot_uniform",
    ),
    "B8-1": replace(_B1, kind="inference", examples=2_000),
    "B8-10000": replace(_B1, kind="inference", batch_size=10_000, examples=10_000),
    "B11": _IMAGES,
    "B12": _VGG,
    "B12-1000": replace(_VGG, **_PREDICTED),
    "B13": _94,
    "B13-1000": replace(_94, **_PREDICTED),
}  # fmt: skip
"""By the names that the results are known by."""
