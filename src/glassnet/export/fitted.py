"""What can be exported: networks, and scikit-learn's estimators and pipelines with one in them."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np

from glassnet.export.graph import Graph, Value
from glassnet.nn import Network
from glassnet.nn.layer import Shape


class Subject(NamedTuple):
    """A network, and what a fitted model does before and behind it."""

    network: Network
    scalers: tuple[Any, ...] = ()
    """Those of scikit-learn that its inputs go through, in order."""
    estimator: Any = None
    """The one that it is the network of."""

    @property
    def input_shape(self) -> Shape:
        """Of an example, as the whole takes it: scalers take rows."""
        return (self.scalers[0].n_features_in_,) if self.scalers else self.network.input_shape

    def add_scaling(self, graph: Graph, x: Value) -> Value:
        """Add what the scalers do, and give the examples the shape that the network takes."""
        for scaler in self.scalers:
            graph.layer = type(scaler).__name__.lower()
            x = _SCALERS[type(scaler).__name__](graph, scaler, x)
        if x.shape != self.network.input_shape:
            shape = graph.whole("shape", (0, *self.network.input_shape))
            x = Value(graph.add("Reshape", [x, shape]), self.network.input_shape)
        return x

    def add_prediction(self, graph: Graph, x: Value) -> Value:
        """Add what makes what the estimator predicts of what its network gives."""
        told = getattr(self.estimator, "out_activation_", None)
        if told == "exp":
            return x._replace(name=graph.add("Exp", [x]))
        if told == "logistic" and not self.estimator.multilabel_:
            other = graph.add("Sub", [graph.constant("one", 1.0), x])
            return Value(graph.add("Concat", [other, x], axis=1), (2,))
        return x


def network_of(model: object, function: str) -> Network:
    """Return the network, or the one of a fitted estimator.

    Raises
    ------
    TypeError
        If it is neither; says what to pass to `function`.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    """
    if isinstance(model, Network):
        return model
    if _is_estimator(model):
        from sklearn.utils.validation import check_is_fitted  # noqa: PLC0415

        check_is_fitted(model)
        network: Network = model.network_  # type: ignore[attr-defined]
        return network
    hint = ""
    if _is_pipeline(model):
        hint = "; pass its last step: what the steps before it do is not in the file"
        if function.startswith("to_onnx"):
            hint = "; put the steps of the Pipeline within it into the outer one"
    elif hasattr(model, "best_estimator_"):
        hint = "; pass its best_estimator_"
    raise TypeError(
        f"{function} takes a Network, or a fitted NeuralNetworkClassifier or "
        f"NeuralNetworkRegressor, got {type(model).__name__}{hint}"
    )


def subject_of(model: Any) -> Subject:  # noqa: ANN401 (whatever users pass)
    """Return what `to_onnx` was given, taken apart.

    Raises
    ------
    TypeError
        If it is nothing that can be exported; says what can.
    ValueError
        If it is a classifier that knows one class only.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    """
    if not _is_pipeline(model):
        network = network_of(model, "to_onnx")
        return _checked(Subject(network, estimator=None if network is model else model))
    from sklearn.utils.validation import check_is_fitted  # noqa: PLC0415

    before = [step for _, step in model.steps[:-1] if step not in (None, "passthrough")]
    for step in before:
        if type(step).__module__.split(".")[0] != "sklearn" or type(step).__name__ not in _SCALERS:
            raise TypeError(
                f"to_onnx knows {', '.join(_SCALERS)} before the estimator of a Pipeline, not "
                f"{step!r}; pass the last step, and do the rest before the file's input"
            )
        check_is_fitted(step)
    network = network_of(model.steps[-1][1], "to_onnx with a Pipeline, as its last step,")
    return _checked(Subject(network, tuple(before), model.steps[-1][1]))


def _checked(subject: Subject) -> Subject:
    classes = getattr(subject.estimator, "classes_", None)
    if classes is not None and len(classes) == 1 and not subject.estimator.multilabel_:
        raise ValueError(
            f"the classifier knows the class {classes.tolist()[0]!r} only: nothing can be exported"
        )
    return subject


def _is_estimator(model: object) -> bool:
    # who has one has imported it
    base = sys.modules.get("glassnet.estimators.base")
    return base is not None and isinstance(model, base.NeuralNetworkEstimator)


def _is_pipeline(model: object) -> bool:
    pipeline = sys.modules.get("sklearn.pipeline")
    return pipeline is not None and isinstance(model, pipeline.Pipeline)


def _standard(graph: Graph, scaler: Any, x: Value) -> Value:  # noqa: ANN401 (no types there)
    middle = scaler.mean_ if scaler.with_mean else None
    return _centred(graph, x, middle, scaler.scale_ if scaler.with_std else None)


def _robust(graph: Graph, scaler: Any, x: Value) -> Value:  # noqa: ANN401
    middle = scaler.center_ if scaler.with_centering else None
    return _centred(graph, x, middle, scaler.scale_ if scaler.with_scaling else None)


def _max_abs(graph: Graph, scaler: Any, x: Value) -> Value:  # noqa: ANN401
    x = _centred(graph, x, None, scaler.scale_)
    return _clipped(graph, x, -1.0, 1.0) if getattr(scaler, "clip", False) else x


def _min_max(graph: Graph, scaler: Any, x: Value) -> Value:  # noqa: ANN401
    least, most = scaler.feature_range
    # the minimum first, and not `min_` last as there: float32 would lose what large numbers differ
    name = graph.add("Sub", [x, graph.constant("least", scaler.data_min_)])
    name = graph.add("Mul", [name, graph.constant("scale", scaler.scale_)])
    if least:
        name = graph.add("Add", [name, graph.constant("range", float(least))])
    x = x._replace(name=name)
    return _clipped(graph, x, float(least), float(most)) if scaler.clip else x


def _centred(graph: Graph, x: Value, middle: np.ndarray | None, scale: np.ndarray | None) -> Value:
    if middle is not None:
        x = x._replace(name=graph.add("Sub", [x, graph.constant("middle", middle)]))
    if scale is not None:
        x = x._replace(name=graph.add("Div", [x, graph.constant("scale", scale)]))
    return x


def _clipped(graph: Graph, x: Value, least: float, most: float) -> Value:
    bounds = [graph.constant("from", least), graph.constant("to", most)]
    return x._replace(name=graph.add("Clip", [x, *bounds]))


_SCALERS = {
    "StandardScaler": _standard,
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs,
    "RobustScaler": _robust,
}
