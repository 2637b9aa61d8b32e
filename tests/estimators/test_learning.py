"""Validation, stopping, going on, and what is told about it."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

import glassnet as gn
from glassnet.estimators import NeuralNetworkClassifier, NeuralNetworkRegressor
from glassnet.estimators.inputs import split

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@quiet
def test_validation_data_are_measured_after_every_epoch(iris: Any) -> None:
    x, y = iris
    fitted = NeuralNetworkClassifier(max_iter=7, random_state=0)
    fitted.fit(x[::2], y[::2], X_val=x[1::2], y_val=y[1::2])
    assert len(fitted.validation_scores_) == len(fitted.validation_loss_curve_) == 7
    assert fitted.validation_scores_[-1] == fitted.score(x[1::2], y[1::2])
    last = log_loss(y[1::2], fitted.predict_proba(x[1::2]))
    assert fitted.validation_loss_curve_[-1] == pytest.approx(last)
    assert fitted.history_[-1]["validation_score"] == fitted.validation_scores_[-1]
    assert fitted.history_.column("loss") == pytest.approx(fitted.loss_curve_, rel=1e-2)
    plain = NeuralNetworkClassifier(max_iter=7, random_state=0).fit(x[::2], y[::2])
    np.testing.assert_array_equal(plain.network_.theta, fitted.network_.theta)
    assert plain.validation_scores_ is plain.validation_loss_curve_ is None


@quiet
def test_several_labels_and_targets_have_scores_too(diabetes: Any) -> None:
    x, y = make_multilabel_classification(80, 8, n_classes=3, random_state=0)
    labels = NeuralNetworkClassifier(max_iter=5).fit(x[:60], y[:60], X_val=x[60:], y_val=y[60:])
    assert labels.validation_scores_[-1] == labels.score(x[60:], y[60:])
    x, y = diabetes[0], np.stack([diabetes[1], -diabetes[1]], axis=1)
    targets = NeuralNetworkRegressor(max_iter=5).fit(x[:300], y[:300], X_val=x[300:], y_val=y[300:])
    assert targets.validation_scores_[-1] == pytest.approx(targets.score(x[300:], y[300:]))
    counts = NeuralNetworkRegressor("poisson", max_iter=5).fit(x, y**2, X_val=x, y_val=y**2)
    assert counts.validation_scores_[-1] == pytest.approx(counts.score(x, y**2))


def test_early_stopping_ends_with_the_best_network(cancer: Any) -> None:
    x, y = cancer
    settings = {"early_stopping": True, "random_state": 0, "learning_rate_init": 0.02}
    fitted = NeuralNetworkClassifier(**settings)
    fitted.fit(x[:300], y[:300], X_val=x[300:], y_val=y[300:])
    assert fitted.stopped_
    assert 11 < fitted.n_iter_ < 200
    assert fitted.score(x[300:], y[300:]) == fitted.best_validation_score_
    assert fitted.best_validation_score_ == max(fitted.validation_scores_)
    assert fitted.best_loss_ is None


def test_the_best_network_may_be_an_average(iris: Any) -> None:
    average = gn.MovingAverage(0.9)
    settings = {"early_stopping": True, "random_state": 0, "validation_fraction": 0.3}
    fitted = NeuralNetworkClassifier(callbacks=[average], learning_rate_init=0.02, **settings)
    fitted.fit(*iris)
    assert fitted.best_validation_score_ > 0.9


def test_an_improvement_of_the_score_by_less_than_tol_is_none(iris: Any) -> None:
    settings = {"early_stopping": True, "random_state": 0, "n_iter_no_change": 3, "max_iter": 50}
    fitted = NeuralNetworkClassifier(tol=1.0, validation_fraction=0.3, **settings).fit(*iris)
    assert fitted.n_iter_ == 1 + 3 + 1
    assert fitted.validation_scores_[0] < fitted.best_validation_score_


def test_what_is_held_out_has_the_same_share_of_every_class() -> None:
    y = np.repeat([0, 1], [90, 10])
    rest, held_out = split(gn.Dataset(np.ones((100, 1)), y), 0.1, 0, y)
    assert np.bincount(held_out.y).tolist() == [9, 1]
    assert np.bincount(rest.y).tolist() == [81, 9]
    rare = np.where(np.arange(100) == 50, 2, y)  # one example cannot be in both parts
    assert len(split(gn.Dataset(np.ones((100, 1)), rare), 0.1, 0, rare)[1]) == 10


class Watch(gn.Callback):
    def __init__(self) -> None:
        self.epochs: list[int] = []
        self.seeds: list[int] = []

    def on_fit_start(self, trainer: Any) -> None:
        self.seeds.append(trainer.seed)

    def on_epoch_end(self, trainer: Any, record: Any) -> None:
        self.epochs.append(record["epoch"])


@quiet
def test_callbacks_are_called_and_may_stop(iris: Any) -> None:
    watch = Watch()
    NeuralNetworkClassifier(max_iter=4, callbacks=[watch]).fit(*iris)
    assert watch.epochs == [1, 2, 3, 4]
    stopping = gn.EarlyStopping("loss", patience=1, min_delta=10.0)
    stopped = NeuralNetworkClassifier(callbacks=[stopping]).fit(*iris)
    assert stopped.n_iter_ == 2
    assert not stopped.stopped_


@quiet
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_epoch_by_epoch_is_the_same_as_all_at_once(solver: str, iris: Any) -> None:
    settings = {"random_state": 0, "solver": solver, "shuffle": False, "batch_size": 50}
    whole = NeuralNetworkClassifier(max_iter=6, **settings).fit(*iris)
    part = NeuralNetworkClassifier(**settings)
    for call in range(6):
        part.partial_fit(*iris, classes=[0, 1, 2] if call == 0 else None)
        part = pickle.loads(pickle.dumps(part))
    np.testing.assert_array_equal(whole.network_.theta, part.network_.theta)
    assert whole.loss_curve_ == part.loss_curve_
    assert part.t_ == 900


def test_every_call_of_partial_fit_has_an_order_of_its_own(iris: Any) -> None:
    watch = Watch()
    part = NeuralNetworkRegressor(random_state=0, callbacks=[watch])
    for _ in range(3):
        part.partial_fit(*iris)
    assert len(set(watch.seeds)) == 3


def test_partial_fit_knows_classes_that_have_not_come_yet(iris: Any) -> None:
    x, y = iris
    part = NeuralNetworkClassifier(random_state=0, learning_rate_init=0.1)
    part.partial_fit(x[y == 0], y[y == 0], classes=[0, 1, 2])
    for _ in range(30):
        part.partial_fit(x[y > 0], y[y > 0])
        part.partial_fit(x, y)
    assert part.predict_proba(x).shape == (150, 3)
    assert part.score(x, y) > 0.9


def test_partial_fit_stops_early_and_then_leaves_the_best_network_alone(cancer: Any) -> None:
    x, y = cancer
    settings = {"early_stopping": True, "random_state": 0, "learning_rate_init": 0.02}
    part = NeuralNetworkClassifier(n_iter_no_change=3, **settings)
    held = {"X_val": x[400:], "y_val": y[400:]}
    for _ in range(100):
        part.partial_fit(x[:400], y[:400], classes=[0, 1], **held)
        if part.stopped_:
            break
    assert 4 < len(part.loss_curve_) < 100
    assert part.score(x[400:], y[400:]) == part.best_validation_score_
    kept = part.network_.theta.copy()
    part.partial_fit(x[:400], y[:400], **held)
    np.testing.assert_array_equal(part.network_.theta, kept)


@quiet
def test_partial_fit_holds_the_same_examples_out_in_every_call(diabetes: Any) -> None:
    part = NeuralNetworkRegressor(early_stopping=True, validation_fraction=0.5)
    x, y = diabetes[0][:4], np.array([1e3, 1e4, 1e5, 1e6])
    held = []
    for _ in range(6):
        part.partial_fit(x, y)
        held.append(part.history_[-1]["validation_mean_squared_error"])
    assert max(held) - min(held) < 1e-3 * max(held)  # two others differ by a hundredth or more


def test_partial_fit_trains_on_after_a_fit_that_has_converged(cancer: Any) -> None:
    settings = {"early_stopping": True, "random_state": 0, "learning_rate_init": 0.02}
    fitted = NeuralNetworkClassifier(n_iter_no_change=2, **settings).fit(*cancer)
    assert fitted.stopped_
    before = fitted.network_.theta.copy()
    fitted.partial_fit(*cancer)
    assert not np.array_equal(fitted.network_.theta, before)
    assert not fitted.stopped_


@quiet
def test_early_stopping_may_be_turned_on_for_a_warm_start(cancer: Any) -> None:
    warm = NeuralNetworkClassifier(warm_start=True, max_iter=3, random_state=0).fit(*cancer)
    warm.set_params(early_stopping=True, max_iter=100, n_iter_no_change=2).fit(*cancer)
    assert warm.best_loss_ is None
    assert warm.n_iter_ == len(warm.validation_scores_) < 100


@quiet
def test_a_warm_start_that_finds_nothing_better_keeps_the_best(cancer: Any) -> None:
    x, y = cancer
    settings = {"early_stopping": True, "random_state": 0, "n_iter_no_change": 5}
    warm = NeuralNetworkClassifier(warm_start=True, learning_rate_init=0.02, **settings)
    warm.fit(x[:300], y[:300], X_val=x[300:], y_val=y[300:])
    best = warm.network_.theta.copy()
    warm.set_params(learning_rate_init=10.0).fit(x[:300], y[:300], X_val=x[300:], y_val=y[300:])
    assert max(warm.validation_scores_[-warm.n_iter_ :]) < warm.best_validation_score_
    np.testing.assert_array_equal(warm.network_.theta, best)


@quiet
def test_without_early_stopping_a_warm_start_ends_where_training_ends(cancer: Any) -> None:
    settings = {"max_iter": 3, "random_state": 0, "warm_start": True}
    measured = NeuralNetworkClassifier(**settings)
    plain = NeuralNetworkClassifier(**settings)
    for _ in range(2):
        measured.fit(*cancer, X_val=cancer[0], y_val=cancer[1])
        plain.fit(*cancer)
    np.testing.assert_array_equal(measured.network_.theta, plain.network_.theta)


@quiet
@pytest.mark.parametrize("names", [["only"], ["no", "yes"]])
def test_one_class_is_a_choice_too(names: list[str], iris: Any) -> None:
    y = np.array(names)[np.arange(150) % len(names)]
    fitted = NeuralNetworkClassifier(max_iter=2).fit(iris[0], y)
    assert set(fitted.predict(iris[0])) <= set(names)
    probabilities = fitted.predict_proba(iris[0])
    assert probabilities.shape == (150, len(names))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)


@quiet
@pytest.mark.compiled
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_compiled_steps_learn_the_same(cancer: Any, solver: str) -> None:
    pytest.importorskip("numba", reason="compiled steps need Numba")
    settings = {"solver": solver, "alpha": 0.1, "max_iter": 5, "random_state": 0}
    settings["label_smoothing"] = 0.1
    one, other = (
        NeuralNetworkClassifier(engine=engine, hidden_layer_sizes=8, **settings).fit(*cancer)
        for engine in ("numpy", "numba")
    )
    np.testing.assert_allclose(one.network_.theta, other.network_.theta, rtol=1e-9, atol=1e-12)
    assert one.loss_curve_ == pytest.approx(other.loss_curve_)


@quiet
def test_a_warm_start_goes_on(iris: Any) -> None:
    warm = NeuralNetworkClassifier(warm_start=True, max_iter=3, random_state=0).fit(*iris)
    first = warm.network_.theta.copy()
    warm.fit(*iris)
    assert len(warm.loss_curve_) == len(warm.history_) == 6
    assert warm.history_[-1]["epoch"] == 6
    assert warm.loss_ < warm.loss_curve_[0]
    cold = NeuralNetworkClassifier(max_iter=3, random_state=0).fit(*iris).fit(*iris)
    np.testing.assert_array_equal(cold.network_.theta, first)
    assert len(cold.loss_curve_) == 3


def test_who_stops_too_early_is_warned(iris: Any) -> None:
    with pytest.warns(ConvergenceWarning, match="max_iter=2 epochs ended before"):
        NeuralNetworkClassifier(max_iter=2).fit(*iris)
    with pytest.warns(ConvergenceWarning, match="max_iter=2 iterations or max_fun=15000"):
        NeuralNetworkClassifier(max_iter=2, solver="lbfgs").fit(*iris)


@quiet
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_verbose_estimator_writes_a_line_an_epoch(
    solver: str, iris: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    NeuralNetworkClassifier(max_iter=2, verbose=True, solver=solver).fit(*iris)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "loss" in lines[0]
    NeuralNetworkClassifier(max_iter=2, solver=solver).fit(*iris)
    assert capsys.readouterr().out == ""


@quiet
def test_columns_of_labels_name_the_outputs_of_the_network() -> None:
    pandas = pytest.importorskip("pandas", reason="tables need pandas, of the extra study")
    x, y = make_multilabel_classification(40, 8, n_classes=3, random_state=0)
    table = pandas.DataFrame(y, columns=["sky", "sea", "sand"])
    fitted = NeuralNetworkClassifier((4,), max_iter=2).fit(x, table)
    assert fitted.network_.class_names == ("sky", "sea", "sand")
    assert fitted.classes_.tolist() == [0, 1, 2]  # as those of MLPClassifier
    unnamed = NeuralNetworkClassifier((4,), max_iter=2).fit(x, y)
    assert unnamed.network_.class_names == ("0", "1", "2")


@quiet
def test_the_score_on_validation_data_can_be_watched(iris: Any) -> None:
    x, y = iris
    stopping = gn.EarlyStopping("validation_score", patience=2)
    for Estimator in (NeuralNetworkClassifier, NeuralNetworkRegressor):
        estimator = Estimator(
            hidden_layer_sizes=4, max_iter=100, tol=0.0, random_state=0, callbacks=[stopping]
        )
        estimator.fit(x, y, X_val=x[::5], y_val=y[::5])
        scores = estimator.validation_scores_
        assert stopping.best_epoch == 1 + int(np.argmax(scores))
        assert estimator.n_iter_ in {stopping.best_epoch + 2, 100}
    with pytest.raises(ValueError, match="there is no validation data"):
        estimator.fit(x, y)


@quiet
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_schedule_of_glassnet_sets_the_learning_rate(solver: str, iris: Any) -> None:
    settings = {"solver": solver, "max_iter": 10, "learning_rate_init": 0.1, "random_state": 0}
    schedule = gn.CosineAnnealingLR()
    fitted = clone(NeuralNetworkClassifier(learning_rate=schedule, **settings)).fit(*iris)
    rates = fitted.history_.column("learning_rate")
    assert rates == pytest.approx([0.05 * (1 + np.cos(np.pi * epoch / 10)) for epoch in range(10)])
    with pytest.raises(ValueError, match="how many epochs there will be: use fit"):
        fitted.partial_fit(*iris)


@quiet
def test_a_schedule_may_watch_the_validation(iris: Any) -> None:
    schedule = gn.ReduceLROnPlateau("validation_accuracy", patience=1, factor=0.1)
    settings = {"solver": "sgd", "max_iter": 30, "tol": 0.0, "random_state": 0}
    estimator = NeuralNetworkClassifier(learning_rate=schedule, **settings)
    fitted = estimator.fit(*iris, X_val=iris[0], y_val=iris[1])
    assert fitted.history_[-1]["learning_rate"] < 1e-3
    with pytest.raises(ValueError, match="there is no validation data"):
        estimator.fit(*iris)
    with pytest.raises(ValueError, match="has no learning rate"):
        estimator.set_params(solver="lbfgs").fit(*iris)


def test_an_interrupted_training_keeps_what_it_learned(iris: Any) -> None:
    class Impatient(gn.Callback):
        def on_epoch_end(self, trainer: Any, record: Any) -> None:
            if record["epoch"] == 3:
                raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="training was interrupted"):
        fitted = NeuralNetworkClassifier(callbacks=[Impatient()]).fit(*iris)
    assert fitted.n_iter_ == 3
    fitted.predict(iris[0])


def test_an_interrupted_lbfgs_keeps_its_last_iteration(
    iris: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from glassnet.estimators import solvers

    evaluations = 0
    real_norm = solvers.squared_norm

    def impatient(arrays: Any) -> float:
        nonlocal evaluations
        evaluations += 1
        if evaluations == 12:
            raise KeyboardInterrupt
        return real_norm(arrays)

    monkeypatch.setattr(solvers, "squared_norm", impatient)
    fitted = NeuralNetworkClassifier(solver="lbfgs", random_state=0)
    with pytest.warns(UserWarning, match="training was interrupted"):
        fitted.fit(*iris)
    monkeypatch.undo()
    assert 0 < fitted.n_iter_ == len(fitted.loss_curve_) < 12
    assert not fitted.stopped_
    short = NeuralNetworkClassifier(solver="lbfgs", random_state=0, max_iter=fitted.n_iter_)
    with pytest.warns(ConvergenceWarning):
        short.fit(*iris)
    np.testing.assert_array_equal(fitted.network_.theta, short.network_.theta)


@quiet
@pytest.mark.parametrize("state", [7, np.random.RandomState(7), None])
def test_a_random_state_is_a_number_or_a_generator_or_nothing(state: Any, iris: Any) -> None:
    settings = {"max_iter": 2, "batch_size": 16, "dropout": 0.2}
    one, other = (
        NeuralNetworkClassifier(random_state=state, **settings).fit(*iris) for _ in range(2)
    )
    same = np.array_equal(one.network_.theta, other.network_.theta)
    assert same == isinstance(state, int)


@quiet
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"hidden_layer_sizes": (5,)}, r"hidden_layer_sizes=\(100,\); now it is \(5,\)"),
        ({"activation": "tanh"}, "activation='relu'; now it is 'tanh'"),
        ({"dropout": 0.5}, "dropout=0.0; now it is 0.5"),
    ],
)
def test_a_warm_start_does_not_ignore_another_architecture(cancer: Any, changed, words) -> None:
    warm = NeuralNetworkClassifier(warm_start=True, max_iter=2, random_state=0).fit(*cancer)
    before = warm.network_.theta.copy()
    with pytest.raises(ValueError, match=words):
        warm.set_params(**changed).fit(*cancer)
    np.testing.assert_array_equal(warm.network_.theta, before)
    assert warm.set_params(warm_start=False).fit(*cancer).network_ is not None


@quiet
def test_a_warm_start_knows_the_same_architecture_in_other_words(cancer: Any) -> None:
    settings = {"warm_start": True, "max_iter": 2}
    for name, values in {
        "n_units": (8, np.int64(8)),
        "hidden_layer_sizes": ((8, 8), [8, 8], np.full(2, 8)),
    }.items():
        warm = NeuralNetworkClassifier(**settings)
        for value in values:
            warm.set_params(**{name: value}).fit(*cancer)
        assert len(warm.history_) == 2 * len(values)


@quiet
def test_an_epoch_with_another_solver_begins_its_optimizer_anew(cancer: Any) -> None:
    fitted = NeuralNetworkClassifier(max_iter=2, random_state=0).fit(*cancer)
    fitted.set_params(solver="sgd", learning_rate="adaptive").partial_fit(*cancer)
    fitted.set_params(solver="lbfgs", learning_rate="constant", warm_start=True).fit(*cancer)
    fitted.set_params(solver="sgd").partial_fit(*cancer)
    assert np.isfinite(fitted.network_.theta).all()
    assert fitted.n_iter_ == 1
