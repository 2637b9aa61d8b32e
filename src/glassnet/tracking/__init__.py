"""Trainings that can be watched in other tools: TensorBoard and MLflow."""

from glassnet.tracking.mlflow import MLflow
from glassnet.tracking.progress_bar import ProgressBar
from glassnet.tracking.tensorboard import TensorBoard

__all__ = ["MLflow", "ProgressBar", "TensorBoard"]
