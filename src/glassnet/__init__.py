"""glassnet: a neural-network library that you can see through."""

from glassnet.data import Dataset, load_dataset, one_hot, scale_to_unit
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

__version__ = "0.1.0"
