"""The training loop and what stands beside it."""

from glassnet.training.callbacks import Callback, CSVLog, EarlyStopping, StopOnDivergence
from glassnet.training.checkpoint import Checkpoint
from glassnet.training.history import History
from glassnet.training.metrics import METRICS, evaluate, predicted_labels
from glassnet.training.trainer import DivergenceError, Trainer

__all__ = [
    "METRICS",
    "CSVLog",
    "Callback",
    "Checkpoint",
    "DivergenceError",
    "EarlyStopping",
    "History",
    "StopOnDivergence",
    "Trainer",
    "evaluate",
    "predicted_labels",
]
