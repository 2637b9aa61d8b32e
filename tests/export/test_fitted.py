"""Fitted estimators, and what is no network, as the functions of export take them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.export import (
    load_keras_weights,
    load_safetensors,
    load_torch_state_dict,
    save_safetensors,
    to_keras_weights,
    to_onnx,
    to_torch_state_dict,
)

sklearn = pytest.importorskip("sklearn", reason="the extra sklearn is not installed")

from sklearn.decomposition import PCA  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import GridSearchCV  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
LABELS = np.where(X[:, 0] > 0, "yes", "no")
NUMBERS = X[:, 0] + X[:, 1]


def classifier(**settings: Any) -> gn.NeuralNetworkClassifier:
    return gn.NeuralNetworkClassifier(8, max_iter=20, learning_rate_init=0.02, **settings)


def regressor(**settings: Any) -> gn.NeuralNetworkRegressor:
    return gn.NeuralNetworkRegressor(
        hidden_layer_sizes=8, max_iter=20, learning_rate_init=0.02, **settings
    )


def run(model: Any, x: np.ndarray) -> tuple[np.ndarray, dict[str, str]]:
    onnxruntime = pytest.importorskip("onnxruntime", reason="the extra export is not installed")
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    metadata = session.get_modelmeta().custom_metadata_map
    return session.run(["output"], {"input": x.astype(np.float32)})[0], metadata


@pytest.fixture
def onnx() -> Any:
    return pytest.importorskip("onnx", reason="the extra export is not installed")


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (LABELS, ["no", "yes"]),
        (np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])], ["a", "b", "c"]),
        ((X[:, :2] > 0).astype(int), ["0", "1"]),
    ],
    ids=["two", "three", "labels"],
)
@pytest.mark.usefixtures("onnx")
def test_the_file_of_a_classifier_gives_its_probabilities(y: Any, names: list[str]) -> None:
    fitted = classifier().fit(X, y)
    found, metadata = run(to_onnx(fitted), X)
    np.testing.assert_allclose(found, fitted.predict_proba(X), atol=1e-6)
    assert json.loads(metadata["class_names"]) == names
    assert "positive_class" not in metadata


@pytest.mark.usefixtures("onnx")
def test_one_output_for_two_classes_says_whose_probability_it_is() -> None:
    fitted = classifier().fit(X, LABELS)
    found, metadata = run(to_onnx(fitted.network_), X)
    np.testing.assert_allclose(found[:, 0], fitted.predict_proba(X)[:, 1], atol=1e-6)
    assert metadata["positive_class"] == fitted.classes_[1] == "yes"


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.usefixtures("onnx")
def test_the_file_of_a_regressor_gives_what_it_predicts(loss: str) -> None:
    fitted = regressor(loss=loss).fit(X, np.abs(NUMBERS))
    found, _ = run(to_onnx(fitted), X)
    np.testing.assert_allclose(found[:, 0], fitted.predict(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "scalers",
    [
        [StandardScaler()],
        [StandardScaler(with_mean=False)],
        [StandardScaler(with_std=False)],
        [MinMaxScaler()],
        [MinMaxScaler((-1, 3), clip=True)],
        [MaxAbsScaler()],
        *([[MaxAbsScaler(clip=True)]] if "clip" in MaxAbsScaler().get_params() else []),
        [RobustScaler()],
        [RobustScaler(with_centering=False, unit_variance=True)],
        [RobustScaler(with_scaling=False)],
        ["passthrough", MinMaxScaler(), StandardScaler()],
    ],
    ids=str,
)
@pytest.mark.usefixtures("onnx")
def test_scalers_of_a_pipeline_are_in_the_graph(scalers: list[Any]) -> None:
    x = (2000.0 + 3.0 * X).astype(np.float64)  # scalers round in the precision of what they get
    fitted = make_pipeline(*scalers, regressor()).fit(x, NUMBERS)
    wide = 2.0 * (x - 2000.0) + 2000.0  # beyond the range of the training data
    found, _ = run(to_onnx(fitted), wide)
    expected = fitted.predict(wide)
    np.testing.assert_allclose(found[:, 0], expected, atol=2e-5 * np.abs(expected).max())


@pytest.mark.usefixtures("onnx")
def test_a_pipeline_before_images_takes_rows(tmp_path: Any) -> None:
    x = np.random.default_rng(1).normal(5.0, 2.0, (40, 36)).astype(np.float32)
    cnn = classifier().set_params(
        hidden_layer_sizes=(100,), layers=[gn.Conv2D(4, 3, "relu")], input_shape=(6, 6, 1)
    )
    fitted = make_pipeline(StandardScaler(), cnn).fit(x, x[:, 0] > 5.0)
    found, metadata = run(to_onnx(fitted, tmp_path / "rows.onnx"), x)
    np.testing.assert_allclose(found, fitted.predict_proba(x), atol=1e-6)
    assert "layout" not in metadata
    with pytest.raises(ValueError, match=r"this one takes shape \(36,\)"):
        to_onnx(fitted, raw_images=True)
    scaled = fitted[0].transform(x).reshape(-1, 6, 6, 1)
    np.testing.assert_allclose(run(to_onnx(cnn), scaled)[0], found, atol=1e-6)


@pytest.mark.usefixtures("onnx")
def test_steps_and_models_without_a_counterpart_are_refused() -> None:
    with pytest.raises(TypeError, match=r"MinMaxScaler, MaxAbsScaler, .* not PCA\(\)"):
        to_onnx(make_pipeline(PCA(), classifier()).fit(X, LABELS))
    with pytest.raises(TypeError, match=r"its last step, takes a Network, .* LogisticRegression"):
        to_onnx(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, LABELS))
    search = GridSearchCV(classifier(), {"alpha": [0.1]}, cv=2).fit(X, LABELS)
    with pytest.raises(TypeError, match="got GridSearchCV; pass its best_estimator_"):
        to_onnx(search)
    with pytest.raises(TypeError, match="put the steps of the Pipeline within it into the outer"):
        to_onnx(make_pipeline(StandardScaler(), make_pipeline(classifier())).fit(X, LABELS))
    with pytest.raises(NotFittedError):
        to_onnx(make_pipeline(StandardScaler(), classifier().fit(X, LABELS)))
    with pytest.raises(ValueError, match="knows the class 'yes' only"):
        to_onnx(classifier().fit(X, np.full(60, "yes")))


@pytest.mark.parametrize(
    "function",
    [
        to_onnx,
        to_torch_state_dict,
        to_keras_weights,
        lambda model: save_safetensors(model, "never.safetensors"),
        lambda model: load_torch_state_dict(model, {}),
        lambda model: load_keras_weights(model, []),
    ],
)
def test_what_is_no_network_is_refused_by_name(function: Any) -> None:
    with pytest.raises(TypeError, match=r"takes a Network, or a fitted .*, got str"):
        function("model.npz")
    with pytest.raises(NotFittedError):
        function(classifier())


def test_weights_of_an_estimator_are_those_of_its_network(tmp_path: Any) -> None:
    fitted = classifier().fit(X, LABELS)
    arrays = to_torch_state_dict(fitted)
    np.testing.assert_array_equal(arrays["dense_1.weight"].T, fitted.coefs_[0])
    np.testing.assert_array_equal(to_keras_weights(fitted)[0], fitted.coefs_[0])
    other = classifier(random_state=1).fit(X, LABELS)
    load_torch_state_dict(other, arrays)
    np.testing.assert_array_equal(other.predict_proba(X), fitted.predict_proba(X))
    pytest.importorskip("safetensors", reason="the extra export is not installed")
    save_safetensors(fitted, tmp_path / "model.safetensors")
    loaded = load_safetensors(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.predict(X)[:, 0], fitted.predict_proba(X)[:, 1])
    assert loaded.class_names == ("no", "yes")
    with pytest.raises(TypeError, match="got Pipeline; pass its last step"):
        save_safetensors(make_pipeline(StandardScaler(), fitted), tmp_path / "model.safetensors")


def test_a_module_in_place_of_its_weights_is_told_what_to_pass() -> None:
    class Linear:
        """As PyTorch's modules: no mapping, no sequence."""

    network = gn.Network([gn.Dense(2)], input_shape=4)
    with pytest.raises(TypeError, match=r"such as module.state_dict\(\), got Linear"):
        load_torch_state_dict(network, Linear())
    with pytest.raises(TypeError, match=r"such as model.get_weights\(\), got Linear"):
        load_keras_weights(network, Linear())
    with pytest.raises(TypeError, match=r"names must be keys, .* got Linear"):
        to_torch_state_dict(network, Linear())
    with pytest.raises(TypeError, match=r"names must be keys, .* got str"):
        load_torch_state_dict(network, {}, "weight")
    with pytest.raises(TypeError, match="one of them is 1"):
        to_torch_state_dict(network, [1, 2])


def test_a_file_that_takes_raw_images_gives_what_the_estimator_gives(onnx: Any) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (30, 8, 8, 1)).astype(np.uint8)
    model = gn.NeuralNetworkClassifier(
        layers=[gn.Conv2D(4, 3, activation="relu")], max_iter=10, random_state=0
    ).fit(images, np.arange(30) % 3)
    file = to_onnx(model, raw_images=True)
    session = pytest.importorskip("onnxruntime").InferenceSession(
        file.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (given,) = session.run(["output"], {"input": images})
    np.testing.assert_allclose(given, model.predict_proba(images), atol=1e-5)
