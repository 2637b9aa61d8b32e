"""What a network is: layers, losses, and the row that they stand in."""

from glassnet.nn.activations import (
    ACTIVATIONS,
    Activation,
    Identity,
    LeakyReLU,
    PReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from glassnet.nn.catalog import LAYERS, layer_from_config
from glassnet.nn.compiled import Predictor
from glassnet.nn.dense import Dense
from glassnet.nn.gradient_check import GradientCheck, gradient_check
from glassnet.nn.initializers import INITIALIZERS
from glassnet.nn.layer import Cache, Layer, Parameter
from glassnet.nn.losses import (
    LOSSES,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    HalfSquaredError,
    Loss,
    MeanSquaredError,
    loss_named,
)
from glassnet.nn.network import Network
from glassnet.nn.reshape import Flatten
from glassnet.nn.standardize import Standardize
from glassnet.nn.summary import Summary, SummaryRow

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LAYERS",
    "LOSSES",
    "Activation",
    "BinaryCrossEntropy",
    "Cache",
    "CategoricalCrossEntropy",
    "Dense",
    "Flatten",
    "GradientCheck",
    "HalfSquaredError",
    "Identity",
    "Layer",
    "LeakyReLU",
    "Loss",
    "MeanSquaredError",
    "Network",
    "PReLU",
    "Parameter",
    "Predictor",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Standardize",
    "Summary",
    "SummaryRow",
    "Tanh",
    "gradient_check",
    "layer_from_config",
    "loss_named",
]
