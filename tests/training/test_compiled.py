"""The compiled steps do what the steps in NumPy do, and are chosen where they pay."""

import math
import threading

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import batches
from glassnet.nn import compiled as nn_compiled
from glassnet.nn import loss_named
from glassnet.optim import Position
from glassnet.training import compiled
from glassnet.training.steps import NumpySteps

pytest.importorskip("numba", reason="the compiled steps need the extra fast")
pytest.importorskip("scipy", reason="the compiled steps need the extra fast")

from glassnet.kernels import chain_layout, elementwise, team

pytestmark = pytest.mark.compiled

HALF, MEAN = "half_squared_error", "mean_squared_error"
BINARY, SMOOTH = "binary_cross_entropy", gn.CategoricalCrossEntropy(label_smoothing=0.1)

NETWORKS = {
    "one layer": lambda: [gn.Dense(4, "softmax")],
    "sigmoids": lambda: [gn.Dense(6, "sigmoid"), gn.Dense(4, "sigmoid")],
    "relu": lambda: [gn.Dense(6, "relu"), gn.Dense(4, "softmax")],
    "leaky": lambda: [gn.Dense(6, gn.LeakyReLU(0.3)), gn.Dense(4)],
    "prelu": lambda: [gn.Dense(6, gn.PReLU()), gn.Dense(4, "softmax")],
    "prelus": lambda: [gn.Dense(6, gn.PReLU(shared=False)), gn.Dense(4, gn.PReLU())],
    "softmax inside": lambda: [gn.Dense(6, "softmax"), gn.Dense(4, "softmax")],
    "deep": lambda: [gn.Dense(9, "tanh"), gn.Dense(3, "relu"), gn.Dense(6), gn.Dense(4, "sigmoid")],
    "flat": lambda: [gn.Flatten(), gn.Dense(6, "tanh"), gn.Dense(4, "softmax")],
    "standardized": lambda: [gn.Standardize(), gn.Flatten(), gn.Dense(6, "tanh"), gn.Dense(4)],
}
OPTIMIZERS = {
    "plain": lambda: gn.SGD(0.02),
    "momentum": lambda: gn.SGD(0.02, momentum=0.8),
    "nesterov": lambda: gn.SGD(0.02, momentum=0.8, nesterov=True),
    "decay": lambda: gn.SGD(0.02, momentum=0.5, weight_decay=0.01),
    "plain decay": lambda: gn.SGD(0.02, weight_decay=0.01),
    "clipped": lambda: gn.SGD(0.02, momentum=0.5, clip_norm=0.3),
    "clipped decay": lambda: gn.SGD(0.02, momentum=0.5, weight_decay=0.5, clip_norm=0.3),
    "adam": lambda: gn.Adam(0.02),
    "adam decay": lambda: gn.Adam(0.02, beta_1=0.8, beta_2=0.9, epsilon=1e-3, weight_decay=0.1),
    "adam clipped": lambda: gn.Adam(0.02, weight_decay=0.1, clip_norm=0.3),
    "adamw": lambda: gn.AdamW(0.02, weight_decay=0.5),
    "adamw clipped": lambda: gn.AdamW(0.02, weight_decay=0.5, clip_norm=0.3),
    "no momentum": lambda: gn.Adam(0.02, beta_1=0.0, beta_2=0.0, epsilon=0.1),
}
ADAMS = [name for name, optimizer in OPTIMIZERS.items() if type(optimizer()) is not gn.SGD]
LOSSES = {"half": HALF, "mean": MEAN, "binary": BINARY, "categorical": SMOOTH}


def data(n: int = 53) -> gn.Dataset:
    rng = np.random.default_rng(0)
    return gn.Dataset(rng.normal(size=(n, 7)), rng.integers(0, 4, n), class_names=tuple("abcd"))


def train(engine, layers, loss=HALF, optimizer=OPTIMIZERS["momentum"], size=10, **settings):
    dtype = settings.pop("dtype", "float64")
    network = gn.Network(layers(), input_shape=7, seed=3, dtype=dtype)
    for layer in network.layers:
        if isinstance(layer, gn.Standardize):
            layer.adapt(data().x)
    trainer = gn.Trainer(
        network, loss=loss, optimizer=optimizer(), batch_size=size, engine=engine, **settings
    )
    trainer.fit(data(), epochs=2)
    return network.theta, trainer


def frozen(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.flags.writeable = False
    return x


def pairs():
    for name, layers in NETWORKS.items():
        last = layers()[-1].activation
        for title, loss in LOSSES.items():
            partner = loss_named(loss).partner
            if partner is None or isinstance(last, partner):
                yield pytest.param(layers, loss, id=f"{name}-{title}")


@pytest.fixture(params=[1, 3], ids=["alone", "team"])
def threads(request, monkeypatch) -> None:
    """Let compiled steps use so many threads, however little there is to do."""
    monkeypatch.setattr(nn_compiled, "LEAST_MULTIPLICATIONS", 1)
    monkeypatch.setattr(nn_compiled, "available_threads", lambda: request.param)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("size", [1, 10, "full"])
@pytest.mark.parametrize(("layers", "loss"), list(pairs()))
def test_both_engines_agree_for_every_network_and_loss(layers, loss, size) -> None:
    ours, _ = train("numba", layers, loss, size=size)
    slow, _ = train("numpy", layers, loss, size=size)
    np.testing.assert_allclose(ours, slow, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("size", [1, 10])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("layers", [NETWORKS["prelus"], NETWORKS["deep"]], ids=["prelus", "deep"])
def test_both_engines_agree_for_every_optimizer(layers, optimizer, size) -> None:
    ours, _ = train("numba", layers, HALF, optimizer, size)
    slow, _ = train("numpy", layers, HALF, optimizer, size)
    np.testing.assert_allclose(ours, slow, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("schedule", [None, gn.CosineAnnealingLR()], ids=["constant", "cosine"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_inputs_that_are_0_for_many_steps_miss_nothing(optimizer, schedule) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 30)) * (rng.random((200, 30)) < np.linspace(0, 0.3, 30))
    sparse, thetas = gn.Dataset(x, rng.integers(0, 4, 200), class_names=tuple("abcd")), []
    for engine in ("numba", "numpy"):
        network = gn.Network(NETWORKS["relu"](), input_shape=30, dtype="float64")
        trainer = gn.Trainer(
            network, loss=SMOOTH, optimizer=optimizer(), schedule=schedule, batch_size=1,
            engine=engine,
        )  # fmt: skip
        trainer.fit(sparse, epochs=2)
        thetas.append(network.theta)
    np.testing.assert_allclose(*thetas, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("zeros", [0.0, 0.4, 0.6])
def test_few_zeros_and_many_make_no_difference(zeros) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 30)) * (rng.random((200, 30)) >= zeros)
    data, thetas = gn.Dataset(x, rng.integers(0, 4, 200), class_names=tuple("abcd")), []
    for engine in ("numba", "numpy"):
        network = gn.Network(NETWORKS["relu"](), input_shape=30, dtype="float64")
        optimizer = gn.SGD(0.02, momentum=0.8)
        trainer = gn.Trainer(network, loss=SMOOTH, optimizer=optimizer, batch_size=1, engine=engine)
        trainer.fit(data, epochs=1)
        thetas.append(network.theta)
    np.testing.assert_allclose(*thetas, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("batch", [1, 7])
def test_layers_that_are_left_to_blas_agree_as_well(batch, monkeypatch) -> None:
    monkeypatch.setattr(chain_layout, "MOST_TRANSPOSED", 0)
    layers = lambda: [gn.Dense(600, "tanh"), gn.Dense(20, "relu"), gn.Dense(4, "softmax")]  # noqa: E731
    ours, _ = train("numba", layers, SMOOTH, size=batch)
    slow, _ = train("numpy", layers, SMOOTH, size=batch)
    np.testing.assert_allclose(ours, slow, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("size", [1, 10])
def test_a_single_input_and_a_single_unit(size) -> None:
    rng = np.random.default_rng(0)
    line = gn.Dataset(rng.normal(size=(50, 1)), rng.normal(size=(50, 1)))
    thetas = []
    for engine in ("numba", "numpy"):
        layers = [gn.Dense(1100, "tanh"), gn.Dense(1, "tanh"), gn.Dense(600), gn.Dense(1)]
        network = gn.Network(layers, input_shape=1, dtype="float64")
        trainer = gn.Trainer(network, loss=MEAN, batch_size=size, engine=engine)
        trainer.fit(line, epochs=2)
        thetas.append(network.theta)
    np.testing.assert_allclose(*thetas, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("change", [np.asfortranarray, lambda x: x.astype("float32"), frozen])
def test_a_data_set_of_another_dtype_or_layout_is_gathered(change) -> None:
    thetas = []
    for prepare in (change, lambda x: change(x).astype("float64", order="C")):
        network = gn.Network(NETWORKS["relu"](), input_shape=7, dtype="float64")
        trainer = gn.Trainer(network, loss=SMOOTH, batch_size=10, engine="numba")
        whole = data()
        trainer.fit(gn.Dataset(prepare(whole.x), whole.y), epochs=1)
        thetas.append(network.theta)
    np.testing.assert_array_equal(*thetas)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("name", ["adam decay", "adamw clipped"])
@pytest.mark.parametrize(("size", "rows"), [(1, 1), (10, 3), ("full", 53)])
def test_the_last_batch_of_adam_may_be_short_or_the_only_one(name, size, rows) -> None:
    ours, trainer = train("numba", NETWORKS["prelus"], MEAN, OPTIMIZERS[name], size)
    slow, _ = train("numpy", NETWORKS["prelus"], MEAN, OPTIMIZERS[name], size)
    assert len(data()) % trainer.progress.batch_size in (rows, 0)
    np.testing.assert_allclose(ours, slow, rtol=1e-12, atol=1e-12)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("size", [1, 10])
@pytest.mark.parametrize("name", ADAMS)
def test_adam_remembers_what_it_does_in_numpy(name, size) -> None:
    states = []
    for engine in ("numba", "numpy"):
        _, trainer = train(engine, NETWORKS["prelus"], HALF, OPTIMIZERS[name], size)
        states.append(trainer.optimizer.state())
    ours, slow = states
    assert ours["steps"] == slow["steps"] == 2 * math.ceil(53 / size)
    for moment in ("first_moment", "second_moment"):
        np.testing.assert_allclose(ours[moment], slow[moment], rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("name", ["momentum", "adam clipped", "adamw"])
@pytest.mark.parametrize("order", [("numba", "numpy", "numba"), ("numpy", "numba", "numba")])
def test_one_engine_goes_on_where_another_stopped(name, order) -> None:
    thetas = []
    for engines in (order, ("numpy",) * 3):
        network = gn.Network(NETWORKS["prelus"](), input_shape=7, seed=3, dtype="float64")
        optimizer = OPTIMIZERS[name]()
        for engine in engines:
            trainer = gn.Trainer(
                network, loss=HALF, optimizer=optimizer, batch_size=10, engine=engine
            )
            trainer.fit(data(), epochs=2)
        thetas.append(network.theta)
    np.testing.assert_allclose(*thetas, rtol=1e-9, atol=1e-12)


class Interrupt(gn.Callback):
    """Breaks the phase off after so many chunks."""

    def __init__(self, chunks: int) -> None:
        self.left = chunks

    def on_chunk_end(self, trainer) -> None:
        self.left -= 1
        if self.left == 0:
            trainer.interrupt()


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("size", [1, 10])
@pytest.mark.parametrize("name", ["nesterov", "adam clipped", "adamw"])
def test_a_resumed_training_ends_with_the_same_bits(name, size, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(batches, "_CHUNK_ROWS", 20)  # three in an epoch
    whole, _ = train("numba", NETWORKS["prelus"], HALF, OPTIMIZERS[name], size)
    checkpoint = gn.Checkpoint(tmp_path / "checkpoint.npz", seconds=0)
    train(
        "numba", NETWORKS["prelus"], HALF, OPTIMIZERS[name], size,
        callbacks=[Interrupt(4), checkpoint],
    )  # fmt: skip
    network = gn.Network(NETWORKS["prelus"](), input_shape=7, seed=7, dtype="float64")
    trainer = gn.Trainer(
        network, loss=HALF, optimizer=OPTIMIZERS[name](), batch_size=size, engine="numba",
        callbacks=[checkpoint],
    )  # fmt: skip
    trainer.resume(tmp_path / "checkpoint.npz")
    trainer.fit(data(), epochs=2)
    assert network.theta.tobytes() == whole.tobytes()


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("name", ["momentum", "adam", "adamw clipped"])
@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_in_float32_both_engines_agree_to_rounding(layers, name) -> None:
    ours, _ = train("numba", layers, HALF, OPTIMIZERS[name], dtype="float32")
    slow, _ = train("numpy", layers, HALF, OPTIMIZERS[name], dtype="float32")
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, slow, atol=1e-5 if name == "momentum" else 1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("code", [(BINARY, elementwise.BINARY), (SMOOTH, elementwise.CATEGORICAL)])
def test_the_gradient_of_a_loss_at_exactly_0_and_1_is_that_of_numpy(code, dtype) -> None:
    loss = loss_named(code[0])
    p, y = np.array([[0, 1], [1, 0], [1, 0]], dtype), np.array([[0, 1], [0, 1], [1, 0]], dtype)
    d = np.empty(p.size, dtype)
    elementwise.loss_gradient(code[1], False, 2, 3, p.ravel(), loss.smoothed(y).ravel(), d)
    np.testing.assert_allclose(d.reshape(p.shape), loss.gradient(p, y), rtol=1e-6)


def test_both_engines_measure_the_same() -> None:
    _, ours = train("numba", NETWORKS["relu"], SMOOTH)
    _, slow = train("numpy", NETWORKS["relu"], SMOOTH)
    for a, b in zip(ours.history, slow.history, strict=True):
        assert a["accuracy"] == b["accuracy"]
        assert math.isclose(a["loss"], b["loss"], rel_tol=1e-9)


@pytest.mark.usefixtures("threads")
def test_the_compiled_steps_give_the_same_bits_again() -> None:
    first, _ = train("numba", NETWORKS["deep"], dtype="float32")
    again, _ = train("numba", NETWORKS["deep"], dtype="float32")
    assert first.tobytes() == again.tobytes()


@pytest.mark.usefixtures("threads")
def test_the_threads_of_a_phase_stay_from_epoch_to_epoch() -> None:
    class Watcher(gn.Callback):
        def __init__(self) -> None:
            self.seen: list[set[int]] = []

        def on_epoch_end(self, trainer, record) -> None:
            self.seen.append({thread.ident for thread in threading.enumerate()})

    before, watcher = threading.active_count(), Watcher()
    train("numba", NETWORKS["relu"], callbacks=[watcher])
    others = team.Team(nn_compiled.available_threads()).size - 1
    assert watcher.seen[0] == watcher.seen[1]
    assert len(watcher.seen[0]) == before + others
    assert threading.active_count() == before


def test_a_schedule_sets_the_rate_of_every_compiled_step() -> None:
    ours, _ = train("numba", NETWORKS["relu"], schedule=gn.CosineAnnealingLR())
    slow, _ = train("numpy", NETWORKS["relu"], schedule=gn.CosineAnnealingLR())
    np.testing.assert_allclose(ours, slow, rtol=1e-9, atol=1e-12)


def test_a_callback_that_wants_each_step_gets_it_and_its_rate() -> None:
    class Watcher(gn.Callback):
        def __init__(self) -> None:
            self.seen: list[tuple[int, float]] = []

        def on_step_end(self, trainer) -> None:
            self.seen.append((trainer.progress.step, trainer.optimizer.learning_rate))

    watcher, schedule = Watcher(), gn.CosineAnnealingLR()
    watched, _ = train("numba", NETWORKS["relu"], schedule=schedule, callbacks=[watcher])
    alone, _ = train("numba", NETWORKS["relu"], schedule=schedule)
    expected = [(i + 1, schedule.rate(0.02, Position(i, 6, 2))) for i in range(12)]
    assert watcher.seen == expected
    assert watched.tobytes() == alone.tobytes()


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("momenta", [(0.0, 0.9), (0.9, 0.0, 0.9)])
@pytest.mark.parametrize("size", [1, 10])
def test_momentum_that_comes_later_finds_the_velocity_as_it_was(momenta, size) -> None:
    thetas = []
    for engine in ("numba", "numpy"):
        network = gn.Network(NETWORKS["relu"](), input_shape=7, dtype="float64")
        trainer = gn.Trainer(
            network, loss=SMOOTH, optimizer=gn.SGD(0.02), batch_size=size, engine=engine
        )
        for momentum in momenta:
            trainer.optimizer.momentum = momentum
            trainer.fit(data(), epochs=1)
        thetas.append(network.theta)
    np.testing.assert_allclose(*thetas, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("size", [1, 10])
def test_divergence_is_told_with_the_same_step_and_layer(size) -> None:
    told = []
    for engine in ("numba", "numpy"):
        with pytest.raises(gn.DivergenceError) as error:
            train(engine, NETWORKS["leaky"], HALF, lambda: gn.SGD(1e6), size, dtype="float32")
        told.append(str(error.value))
    assert told[0] == told[1]


def choice(layers, *, optimizer=None, size=1, n_steps=10**6, engine="auto") -> str:
    network = gn.Network(layers, input_shape=7)
    loss, optimizer = gn.HalfSquaredError(), optimizer or gn.SGD()
    return compiled.choose_steps(
        engine, network, loss, optimizer, batch_size=size, n_steps=n_steps
    ).name


def test_many_small_steps_are_compiled() -> None:
    assert choice([gn.Dense(3)]) == "numba"


def test_few_steps_are_left_to_numpy() -> None:
    assert choice([gn.Dense(3)], n_steps=1000) == "numpy"


def test_few_large_steps_are_compiled() -> None:
    assert choice([gn.Dense(3)], n_steps=1000, size=10**8) == "numba"


def test_layers_that_have_no_compiled_steps_are_left_to_numpy() -> None:
    assert choice([gn.Dense(3), gn.Standardize()]) == "numpy"


def test_without_numba_numpy_does_it(monkeypatch) -> None:
    monkeypatch.setattr(compiled, "installed", lambda name: name != "numba")
    assert choice([gn.Dense(3)]) == "numpy"


def test_who_insists_on_numba_hears_why_not() -> None:
    with pytest.raises(ValueError, match=r"nothing compiled for Standardize\(\) in this"):
        choice([gn.Dense(3), gn.Standardize()], engine="numba")


def test_who_insists_on_numpy_gets_it() -> None:
    assert choice([gn.Dense(3)], engine="numpy") == NumpySteps.name


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    network = gn.Network([gn.Dense(3)], input_shape=7)
    with pytest.raises(ValueError, match="unknown engine 'nubma'; did you mean 'numba'"):
        gn.Trainer(network, loss=HALF, engine="nubma")


class OwnLoss(gn.HalfSquaredError):
    """Not one of glassnet's."""


class OwnSGD(gn.SGD):
    """Not one of glassnet's."""


class OwnTanh(gn.Tanh):
    """Not one of glassnet's."""


@pytest.mark.parametrize(
    ("layers", "loss", "optimizer", "named"),
    [
        ([gn.Dense(3)], OwnLoss(), gn.SGD(), "OwnLoss"),
        ([gn.Dense(3)], gn.HalfSquaredError(), OwnSGD(), "OwnSGD"),
        ([gn.Dense(3, OwnTanh())], gn.HalfSquaredError(), gn.SGD(), "OwnTanh"),
    ],
)
def test_what_a_user_adds_has_no_compiled_steps(layers, loss, optimizer, named) -> None:
    network = gn.Network(layers, input_shape=7)
    with pytest.raises(compiled.Unsupported, match=f"nothing compiled for {named}"):
        compiled.CompiledSteps(network, loss, optimizer, 10)


def test_layers_without_biases_have_no_compiled_steps_of_a_chain() -> None:
    network = gn.Network([gn.Dense(4, "relu"), gn.Dense(3, use_bias=False)], input_shape=7)
    with pytest.raises(compiled.Unsupported, match=r"Dense\(3, use_bias=False\): it has no bias"):
        compiled.CompiledSteps(network, gn.HalfSquaredError(), gn.SGD(), 10)


@pytest.mark.parametrize(
    ("make", "settings", "named"),
    [
        (gn.SGD, {"groups": [gn.ParameterGroup("*.b", frozen=True)]}, "groups"),
        (gn.SGD, {"l1": 0.1}, "l1"),
        (gn.SGD, {"max_norm": 2.0}, "max_norm"),
        (gn.SGD, {"weight_decay": 0.1, "decoupled_weight_decay": True}, "decoupled_weight_decay"),
        (gn.Adam, {"groups": [gn.ParameterGroup("*.b", frozen=True)]}, "groups"),
        (gn.Adam, {"l1": 0.1}, "l1"),
        (gn.AdamW, {"max_norm": 2.0}, "max_norm"),
    ],
)
def test_what_only_numpy_does_of_optimizers_has_no_compiled_steps(make, settings, named) -> None:
    network = gn.Network([gn.Dense(3)], input_shape=7)
    with pytest.raises(
        compiled.Unsupported, match=f"nothing compiled for {make.__name__} with {named}"
    ):
        compiled.CompiledSteps(network, gn.HalfSquaredError(), make(**settings), 10)


def test_who_asks_for_another_optimizer_hears_which_are_compiled() -> None:
    network = gn.Network([gn.Dense(3)], input_shape=7)
    with pytest.raises(compiled.Unsupported, match=r"RMSprop\(.*only for SGD, Adam and AdamW"):
        compiled.CompiledSteps(network, gn.HalfSquaredError(), gn.RMSprop(), 10)


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize("size", [1, 10])
@pytest.mark.parametrize(
    "optimizer",  # no step but that of the decay
    [lambda: gn.SGD(1e-12, weight_decay=1e9), lambda: gn.AdamW(1e-12, weight_decay=1e9)],
    ids=["sgd", "adamw"],
)
def test_biases_and_slopes_do_not_decay(engine, size, optimizer) -> None:
    _, trainer = train(engine, NETWORKS["prelus"], optimizer=optimizer, size=size)
    start = gn.Network(NETWORKS["prelus"](), input_shape=7, seed=3, dtype="float64")
    moved = dict(trainer.network.named_parameters())
    for name, before in start.named_parameters():
        same = np.allclose(moved[name].value, before.value, rtol=1e-6, atol=1e-9)
        assert same == (not name.endswith(".W")), name


def test_without_threadpoolctl_blas_keeps_its_threads(monkeypatch) -> None:
    monkeypatch.setattr(compiled, "installed", lambda name: name != "threadpoolctl")
    ours, _ = train("numba", NETWORKS["relu"])
    slow, _ = train("numpy", NETWORKS["relu"])
    np.testing.assert_allclose(ours, slow, rtol=1e-9, atol=1e-12)


def test_adam_counts_the_steps_that_an_interrupt_ended(monkeypatch) -> None:
    """Ctrl-C within compiled steps is noticed by Python when they are done."""

    class Interrupted(team.Team):
        def run(self, function):
            super().run(function)
            raise KeyboardInterrupt

    def learn(optimizer: gn.Adam) -> None:
        network = gn.Network([gn.Dense(4, "softmax")], input_shape=7, seed=0)
        trainer = gn.Trainer(network, loss=SMOOTH, optimizer=optimizer, engine="numba")
        trainer.batch_size = 10
        trainer.fit(data(50), epochs=1)

    whole, interrupted = gn.Adam(0.02), gn.Adam(0.02)
    learn(whole)
    monkeypatch.setattr(team, "Team", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        learn(interrupted)
    assert interrupted.steps == whole.steps == 5


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_gradient_whose_squares_overflow_is_clipped_as_in_numpy(batch_size) -> None:
    data, thetas = (np.ones((4, 2), np.float32), np.full((4, 1), 1e19, np.float32)), []
    for engine in ("numpy", "numba"):
        network = gn.Network([gn.Dense(1)], input_shape=2, seed=0)
        optimizer = gn.SGD(0.1, clip_norm=1.0)
        trainer = gn.Trainer(
            network, loss="mean_squared_error", optimizer=optimizer, batch_size=batch_size,
            engine=engine,
        )  # fmt: skip
        before = network.theta.copy()
        trainer.fit(data, epochs=1)
        assert np.linalg.norm(network.theta - before) > 0.09
        thetas.append(network.theta)
    np.testing.assert_allclose(*thetas, rtol=1e-5)
