"""What a network is: layers, losses, and the row that they stand in."""

from glassnet.nn.activation import Activation
from glassnet.nn.activations import (
    ACTIVATIONS,
    Identity,
    LeakyReLU,
    PReLU,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
)
from glassnet.nn.catalog import LAYERS, layer_from_config
from glassnet.nn.compiled import Predictor, forward_for
from glassnet.nn.convolution import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.depthwise import DepthwiseConv2D
from glassnet.nn.dropout import Dropout, SpatialDropout2D
from glassnet.nn.global_pooling import GlobalAveragePooling2D, GlobalMaxPooling2D
from glassnet.nn.gradient_check import GradientCheck, gradient_check
from glassnet.nn.initializers import INITIALIZERS
from glassnet.nn.layer import Cache, Layer, LayerError, Parameter
from glassnet.nn.local_fields import LocalFields
from glassnet.nn.loss import LOSSES, Loss
from glassnet.nn.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    HalfSquaredError,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
    loss_named,
)
from glassnet.nn.network import Network
from glassnet.nn.noise import GaussianNoise
from glassnet.nn.normalization import BatchNormalization, LayerNormalization
from glassnet.nn.pooling import AveragePooling2D, MaxPooling2D
from glassnet.nn.rescaling import Rescaling
from glassnet.nn.reshape import Flatten, Reshape, ZeroPadding2D
from glassnet.nn.residual import Residual
from glassnet.nn.smooth_activations import ELU, GELU, SiLU, Softplus
from glassnet.nn.standardize import Standardize
from glassnet.nn.summary import Summary, SummaryRow
from glassnet.nn.weighted import Weighted
from glassnet.nn.whitening import Whitening2D

__all__ = [
    "ACTIVATIONS",
    "ELU",
    "GELU",
    "INITIALIZERS",
    "LAYERS",
    "LOSSES",
    "Activation",
    "AveragePooling2D",
    "BatchNormalization",
    "BinaryCrossEntropy",
    "Cache",
    "CategoricalCrossEntropy",
    "Conv2D",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "GradientCheck",
    "HalfSquaredError",
    "Huber",
    "Identity",
    "Layer",
    "LayerError",
    "LayerNormalization",
    "LeakyReLU",
    "LocalFields",
    "Loss",
    "MaxPooling2D",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Network",
    "PReLU",
    "Parameter",
    "Poisson",
    "Predictor",
    "Quantile",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Residual",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "SpatialDropout2D",
    "Standardize",
    "Summary",
    "SummaryRow",
    "Tanh",
    "Weighted",
    "Whitening2D",
    "ZeroPadding2D",
    "forward_for",
    "gradient_check",
    "layer_from_config",
    "loss_named",
]
