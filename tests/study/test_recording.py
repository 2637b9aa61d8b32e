from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.nn import loss_named
from glassnet.recipes import Recipe, job_on, load_data, load_recipe
from glassnet.study import Failed, Finished
from glassnet.study.definition import RecordTable
from glassnet.study.design import RunSpec
from glassnet.study.running import perform

SIGMOIDS = [
    {"type": "Flatten"},
    {"type": "Dense", "units": 12, "activation": "sigmoid"},
    {"type": "Dense", "units": "classes", "activation": "sigmoid"},
]
SQUARES = {"network.layers": SIGMOIDS, "training.loss": "half_squared_error"}


def digits(**changes) -> Recipe:
    phase = {"epochs": 1, "batch_size": 100}
    phase |= {"optimizer": {"type": "SGD", "learning_rate": 0.1, "momentum": 0.5}}
    return load_recipe("digits").changed(
        {"network.dtype": "float64", "training.phases": [phase]} | changes
    )


def finished(recipe: Recipe, **record) -> Finished:
    done = perform(RunSpec(recipe, RecordTable(**record)))
    assert isinstance(done, Finished), done
    return done


class EveryStep(gn.Callback):
    """Keeps a copy of the weights at each moment that is looked at."""

    def __init__(self, moment: str, phase: int = 1) -> None:
        self.weights: list[np.ndarray] = []
        self.phase = phase
        setattr(self, f"on_{moment}", self._keep)
        self.on_epoch_start = self._first

    def _first(self, trainer) -> None:
        if not self.weights:
            self._keep(trainer)

    def _keep(self, trainer) -> None:
        if trainer.progress.phase == self.phase:
            self.weights.append(trainer.network.theta.copy())


class EachStep(EveryStep):
    def on_step_end(self, trainer) -> None:
        """Be asked for, as the class says so; the instance's own is called."""


def watched(recipe: Recipe, watcher: gn.Callback):
    """Train as a recipe says, by the trainer alone; return the job."""
    job = job_on(recipe, *load_data(recipe.data))
    trainer = job.trainer([watcher])
    for phase in recipe.training.phases:
        trainer.fit(
            job.train,
            epochs=phase.epochs,
            batch_size=phase.batch_size,
            optimizer=gn.SGD(learning_rate=0.1, momentum=0.5),
        )
    return job, trainer


def test_step_losses_are_those_of_the_whole_training_set_after_each_step() -> None:
    recipe = digits()
    found = finished(recipe, steps=5).arrays
    watcher = EachStep("step_end")
    job, _ = watched(recipe, watcher)
    labels = np.eye(10)[job.train.y]
    for step, weights in enumerate(watcher.weights[:6]):
        job.network.theta[:] = weights
        p = job.network.predict(job.train.x)
        entropy = -np.mean(np.log(p[np.arange(len(p)), job.train.y]))
        assert found["step_loss"][step] == pytest.approx(entropy)
        squares = np.mean((p - labels) ** 2)
        assert found["step_mean_squared_error"][step] == pytest.approx(squares)
    assert found["step_loss"].shape == found["step_mean_squared_error"].shape == (6,)


def test_steps_are_those_of_the_last_phase_and_then_the_run_ends() -> None:
    phase = digits().to_dict()["training"]["phases"][0]
    recipe = digits(**{"training.phases": [phase, phase | {"epochs": 9}]})
    done = finished(recipe, steps=20, predictions=True)
    assert [record["phase"] for record in done.epochs] == [1, 2, 2]  # of 10: its chunk is an epoch
    assert done.test == {}
    assert done.arrays.keys() == {"step_loss", "step_mean_squared_error"}
    before = gn.evaluate(
        _after_first_phase(recipe), load_data(recipe.data)[0], loss="categorical_cross_entropy"
    )
    assert before["loss"] > done.arrays["step_loss"][-1]
    assert done.arrays["step_loss"].shape == (21,)


def _after_first_phase(recipe: Recipe) -> gn.Network:
    first = recipe.changed({"training.phases": recipe.to_dict()["training"]["phases"][:1]})
    return watched(first, EveryStep("chunk_end"))[0].network


def test_a_phase_with_fewer_steps_is_measured_to_its_end() -> None:
    done = finished(digits(), steps=1000)
    assert done.arrays["step_loss"].shape == (1 + done.epochs[0]["steps"],)
    assert done.test["examples"] == 359


def test_output_units_without_biases_have_gradients_by_their_weights_alone() -> None:
    changes = {"network.layers.2.use_bias": False, "training.phases.0.epochs": 1}
    found = finished(digits(**changes), output_units=True).arrays
    watcher = EveryStep("chunk_end")
    job, _ = watched(digits(**changes), watcher)
    network, (x, y) = job.network, (job.train.x, job.train.y)
    network.theta[:] = watcher.weights[0]
    network.gradient(x[:2000], y[:2000], loss_named(job.recipe.training.loss))
    expected = np.linalg.norm(network.layers[-1].W.grad, axis=0)
    np.testing.assert_allclose(found["unit_gradient"][0], expected, rtol=1e-5)


@pytest.mark.parametrize("squares", [True, False])
def test_output_units_are_those_of_the_textbook(squares) -> None:
    recipe = digits(
        **(SQUARES if squares else {"network.layers.1.activation": "sigmoid"}),
        **{"training.phases.0.epochs": 2},
    )
    found = finished(recipe, output_units=True).arrays
    watcher = EveryStep("chunk_end")
    job, _ = watched(recipe, watcher)
    x, y = job.train.x.reshape(len(job.train.x), -1).astype(float)[:2000], job.train.y[:2000]
    targets = np.eye(10)[y]
    assert len(watcher.weights) == 3
    np.testing.assert_array_equal(found["unit_epoch"], [0, 1, 2])
    for moment, weights in enumerate(watcher.weights):
        job.network.theta[:] = weights
        hidden, last = job.network.layers[1:]
        a = 1 / (1 + np.exp(-(x @ hidden.W.value + hidden.b.value)))
        z = a @ last.W.value + last.b.value
        if squares:
            p = 1 / (1 + np.exp(-z))
            delta = (p - targets) * p * (1 - p) / len(x)
        else:
            p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
            delta = (p - targets) / len(x)
        for unit in range(10):
            own = y == unit
            gradient = [*(a.T @ delta[:, unit]), delta[:, unit].sum()]
            expected = {
                "unit_recall": np.mean(p[own].argmax(axis=1) == unit),
                "unit_z_own": z[own, unit].mean(),
                "unit_z_others": z[~own, unit].mean(),
                "unit_gradient": np.linalg.norm(gradient),
            }
            for name, value in expected.items():
                assert found[name][moment, unit] == pytest.approx(value, rel=1e-4, abs=1e-6), name


def test_looking_at_the_units_does_not_change_the_training() -> None:
    plain, looked_at = finished(digits()), finished(digits(), output_units=True)
    timeless = [
        [{k: v for k, v in record.items() if "seconds" not in k} for record in run.epochs]
        for run in (plain, looked_at)
    ]
    assert timeless[0] == timeless[1]
    assert plain.test == looked_at.test


def test_predictions_are_what_the_network_says_of_the_test_set() -> None:
    done = finished(digits(), predictions=True)
    job, _ = watched(digits(), EveryStep("chunk_end"))
    p = job.network.predict(job.test.x)
    np.testing.assert_array_equal(done.arrays["predicted"], p.argmax(axis=1))
    np.testing.assert_allclose(done.arrays["confidence"], p.max(axis=1), atol=1e-3)
    confusion = np.zeros((10, 10), int)
    for actual, said in zip(job.test.y, p.argmax(axis=1), strict=True):
        confusion[actual, said] += 1
    np.testing.assert_array_equal(done.arrays["confusion"], confusion)


def test_output_units_are_one_for_each_class(tmp_path) -> None:
    file = tmp_path / "parity.csv"
    file.write_text("x,y\n" + "\n".join(f"{i},{i % 2}" for i in range(40)))
    layers = [{"type": "Dense", "units": 1, "activation": "sigmoid"}]
    changes = {"data.name": str(file), "network.layers": layers}
    recipe = load_recipe("digits").changed(changes | {"training.loss": "binary_cross_entropy"})
    done = perform(RunSpec(recipe, RecordTable(output_units=True)))
    assert isinstance(done, Failed)
    assert "each of the 2 classes, and the network has 1" in done.message


@pytest.mark.parametrize("record", ["output_units", "predictions"])
def test_what_needs_labels_is_refused_without_them(tmp_path, record) -> None:
    file = tmp_path / "line.csv"
    file.write_text("x,y\n" + "\n".join(f"{i},{i / 2}" for i in range(20)))
    recipe = load_recipe("digits").changed(
        {
            "data": {"name": str(file), "regression": True, "validation": "none"},
            "network.layers": [{"type": "Dense", "units": 1}],
            "training.loss": "mean_squared_error",
            "training.phases.0.optimizer.learning_rate": 1e-4,
        }
    )
    done = perform(RunSpec(recipe, RecordTable(**{record: True})))
    assert isinstance(done, Failed)
    assert f"record.{record} needs" in done.message
