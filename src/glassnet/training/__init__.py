"""The training loop and what stands beside it."""

from glassnet.training.averaging import MovingAverage
from glassnet.training.callbacks import Callback, EarlyStopping, StopOnDivergence
from glassnet.training.checkpoint import Checkpoint
from glassnet.training.csv_log import CSVLog
from glassnet.training.divergence import DivergenceError
from glassnet.training.history import History
from glassnet.training.metrics import METRICS, evaluate, predicted_labels
from glassnet.training.rate_curve import RateRange
from glassnet.training.rate_range import rate_range_test
from glassnet.training.trainer import Trainer
from glassnet.training.views import TestTimeAugmentation

__all__ = [
    "METRICS",
    "CSVLog",
    "Callback",
    "Checkpoint",
    "DivergenceError",
    "EarlyStopping",
    "History",
    "MovingAverage",
    "RateRange",
    "StopOnDivergence",
    "TestTimeAugmentation",
    "Trainer",
    "evaluate",
    "predicted_labels",
    "rate_range_test",
]
