"""Settings: refused where they are of the wrong kind, compared where a run goes on."""

import numpy as np
import pytest

import glassnet as gn


def network() -> gn.Network:
    return gn.Network([gn.Dense(4, "tanh"), gn.Dense(2, "softmax")], input_shape=3)


def data(change: float = 0.0) -> gn.Dataset:
    x = np.random.default_rng(0).normal(size=(20, 3))
    x[0, 0] += change
    return gn.Dataset(x, (x[:, 1] > 0).astype(int))


def trainer(**settings) -> gn.Trainer:
    settings = {"loss": "categorical_cross_entropy", "batch_size": 5} | settings
    return gn.Trainer(network(), **settings)


@pytest.mark.parametrize(
    "schedule",
    [
        gn.CosineAnnealingLR(T_max=1),
        gn.StepLR(1, gamma=1e-300),
        gn.SequentialLR([gn.CosineAnnealingLR(), gn.Constant()], [1]),
    ],
    ids=lambda schedule: type(schedule).__name__,
)
def test_a_schedule_may_let_the_rate_fall_to_nothing(schedule) -> None:
    history = trainer(schedule=schedule).fit(data(), epochs=4)
    assert len(history) == 4


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"optimizer": "SGD"}, r"optimizer must be such as SGD\(.*got 'SGD'"),
        ({"schedule": "StepLR"}, r"schedule must be such as Cosine.*got 'StepLR'"),
        ({"metrics": "accuracy"}, r"metrics must be such as \[.*got 'accuracy'"),
        ({"callbacks": gn.EarlyStopping()}, r"callbacks must be such as \[EarlyStopping"),
        ({"callbacks": [3]}, r"callbacks must be such as EarlyStopping\(\), got 3"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_refused_with_an_example(wrong, words) -> None:
    with pytest.raises(TypeError, match=words):
        trainer(**wrong)


def test_a_network_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="network must be such as Network"):
        gn.Trainer("network", loss="half_squared_error")


def checkpoint(folder):
    path = folder / "checkpoint.npz"
    trainer(callbacks=[gn.Checkpoint(path)], schedule=gn.StepLR(1)).fit(data(), epochs=1)
    return path


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"loss": gn.CategoricalCrossEntropy(label_smoothing=0.1)}, "loss"),
        ({"optimizer": gn.SGD(0.5)}, "optimizer"),
        ({"schedule": gn.ReduceLROnPlateau("loss")}, "schedule"),
        ({"seed": 1}, "seed 0, this one has 1"),
    ],
)
def test_a_run_does_not_go_on_with_other_settings(tmp_path, other, words) -> None:
    again = trainer(**{"schedule": gn.StepLR(1)} | other)
    again.resume(checkpoint(tmp_path))
    with pytest.raises(ValueError, match=f"checkpoint is of a run with {words}"):
        again.fit(data(), epochs=2)


def test_a_run_does_not_go_on_with_data_that_was_edited(tmp_path) -> None:
    again = trainer(schedule=gn.StepLR(1))
    again.resume(checkpoint(tmp_path))
    with pytest.raises(ValueError, match="checkpoint is of a run with data checksum"):
        again.fit(data(change=1e-3), epochs=2)


def test_a_run_goes_on_with_the_engine_it_began_with(tmp_path) -> None:
    pytest.importorskip("numba", reason="needs the extra fast")
    path = tmp_path / "checkpoint.npz"
    trainer(callbacks=[gn.Checkpoint(path)], engine="numba").fit(data(), epochs=1)
    again = trainer()
    again.resume(path)
    again.fit(data(), epochs=2)
    assert again.engine_in_use == "numba"


class Norm(gn.Callback):
    """Puts NumPy's numbers into the record."""

    def on_epoch_end(self, trainer, record) -> None:
        record["norm"] = np.linalg.norm(trainer.network.theta)
        record["norms"] = np.array([1.0, np.nan])


def test_a_callback_may_put_numbers_of_numpy_into_the_record(tmp_path) -> None:
    path = tmp_path / "checkpoint.npz"
    run = trainer(callbacks=[Norm(), gn.Checkpoint(path)])
    run.fit(data(), epochs=1)
    (record,) = gn.History.from_json(run.history.to_json())
    assert record["norm"] == pytest.approx(float(run.history[0]["norm"]))
    assert record["norms"] == [1.0, None]
    again = trainer(callbacks=[Norm()])
    again.resume(path)
    assert again.history[0]["norm"] == record["norm"]
