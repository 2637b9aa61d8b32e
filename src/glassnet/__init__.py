"""glassnet: a neural-network library that you can see through."""

from typing import TYPE_CHECKING

from glassnet.data import Dataset, one_hot, scale_to_unit
from glassnet.lazy import lazy_names
from glassnet.nn import (
    ACTIVATIONS,
    INITIALIZERS,
    LAYERS,
    LOSSES,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dense,
    Flatten,
    GradientCheck,
    HalfSquaredError,
    Identity,
    Layer,
    LeakyReLU,
    Loss,
    MeanSquaredError,
    Network,
    Parameter,
    Predictor,
    PReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Standardize,
    Tanh,
    gradient_check,
)
from glassnet.optim import (
    SGD,
    Constant,
    CosineAnnealingLR,
    LinearLR,
    OneCycleLR,
    Optimizer,
    ReduceLROnPlateau,
    Schedule,
    SequentialLR,
    StepLR,
)
from glassnet.training import (
    Callback,
    Checkpoint,
    CSVLog,
    DivergenceError,
    EarlyStopping,
    History,
    StopOnDivergence,
    Trainer,
    evaluate,
    predicted_labels,
)

if TYPE_CHECKING:  # to whom any name would be one if there were a __getattr__
    from glassnet.data import load_dataset
else:
    __getattr__ = lazy_names(__name__, {"load_dataset": "glassnet.data"})

__version__ = "0.1.0"

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LAYERS",
    "LOSSES",
    "SGD",
    "BinaryCrossEntropy",
    "CSVLog",
    "Callback",
    "CategoricalCrossEntropy",
    "Checkpoint",
    "Constant",
    "CosineAnnealingLR",
    "Dataset",
    "Dense",
    "DivergenceError",
    "EarlyStopping",
    "Flatten",
    "GradientCheck",
    "HalfSquaredError",
    "History",
    "Identity",
    "Layer",
    "LeakyReLU",
    "LinearLR",
    "Loss",
    "MeanSquaredError",
    "Network",
    "OneCycleLR",
    "Optimizer",
    "PReLU",
    "Parameter",
    "Predictor",
    "ReLU",
    "ReduceLROnPlateau",
    "Schedule",
    "SequentialLR",
    "Sigmoid",
    "Softmax",
    "Standardize",
    "StepLR",
    "StopOnDivergence",
    "Tanh",
    "Trainer",
    "evaluate",
    "gradient_check",
    "load_dataset",
    "one_hot",
    "predicted_labels",
    "scale_to_unit",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
