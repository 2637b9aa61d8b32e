"""Steps through compiled layers are those of the layers, and are chosen where they pay."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="needs the extra fast")
pytest.importorskip("scipy", reason="needs the extra fast")

import glassnet as gn
from glassnet import nn
from glassnet.nn import compiled_layers
from glassnet.nn.compiled import Unsupported
from glassnet.optim import Adam
from glassnet.training import compiled, layered
from glassnet.training.layered import LayeredSteps
from glassnet.training.steps import NumpySteps

pytestmark = pytest.mark.compiled

LOSS = nn.loss_named("categorical_cross_entropy")


def data(n: int = 52) -> gn.Dataset:
    rng = np.random.default_rng(0)
    return gn.Dataset(rng.random((n, 12, 12, 1)), rng.integers(0, 3, n), class_names=tuple("abc"))


def network_of(dtype: str = "float64") -> gn.Network:
    layers = [
        nn.Conv2D(4, 3, padding="same", use_bias=False),
        nn.BatchNormalization(),
        gn.ReLU(),
        nn.MaxPooling2D(2),
        nn.Residual([nn.Conv2D(4, 3, nn.GELU(), padding="same")]),
        nn.GlobalAveragePooling2D(),
        nn.Dropout(0.2),
        gn.Dense(3, "softmax"),
    ]
    return gn.Network(layers, input_shape=(12, 12, 1), seed=3, dtype=dtype)


def train(engine, *, dtype="float64", optimizer=None, epochs=2, **settings):
    network = network_of(dtype)
    optimizer = optimizer or gn.SGD(0.05, momentum=0.8)
    trainer = gn.Trainer(
        network, loss=LOSS, optimizer=optimizer, batch_size=10, engine=engine, **settings
    )
    trainer.fit(data(), epochs=epochs)
    return network, trainer


@pytest.fixture(params=[1, 2], ids=["alone", "team"], autouse=True)
def threads(request, monkeypatch) -> None:
    monkeypatch.setattr(layered, "available_threads", lambda: request.param)
    monkeypatch.setattr(compiled_layers, "LEAST_SHARED", 1)


@pytest.mark.parametrize("optimizer", [lambda: gn.SGD(0.05, momentum=0.8), lambda: Adam(0.01)])
def test_both_engines_train_alike(optimizer) -> None:
    ours, trainer = train("numba", optimizer=optimizer())
    theirs, _ = train("numpy", optimizer=optimizer())
    assert trainer.engine_in_use == "numba"
    for (name, array), other in zip(ours.numbers().items(), theirs.numbers().values(), strict=True):
        np.testing.assert_allclose(array, other, rtol=1e-7, atol=1e-9, err_msg=name)


def test_the_same_seed_gives_the_same_bits() -> None:
    first, again = (train("numba", dtype="float32")[0] for _ in range(2))
    for array, other in zip(first.numbers().values(), again.numbers().values(), strict=True):
        np.testing.assert_array_equal(array, other)


def test_a_callback_that_watches_steps_is_called_after_each() -> None:
    class Watch(gn.Callback):
        steps = 0

        def on_step_end(self, trainer):
            self.steps += 1

    watch = Watch()
    train("numba", callbacks=[watch])
    assert watch.steps == 12


def test_divergence_is_told_with_the_layer() -> None:
    with pytest.raises(gn.DivergenceError, match="in layer"):
        train("numba", optimizer=gn.SGD(1e200), epochs=3)


def choice(network, engine="auto", n_steps=1):
    settings = {"batch_size": 10, "n_steps": n_steps}
    return compiled.choose_steps(engine, network, LOSS, gn.SGD(0.1), **settings)


def test_they_are_chosen_where_they_pay() -> None:
    assert isinstance(choice(network_of()), NumpySteps)
    assert isinstance(choice(network_of(), n_steps=10**8), LayeredSteps)
    assert isinstance(choice(network_of(), "numpy", n_steps=10**8), NumpySteps)


def test_without_numba_numpy_makes_the_steps(monkeypatch) -> None:
    monkeypatch.setattr(compiled, "installed", lambda name: name != "numba")
    assert isinstance(choice(network_of(), n_steps=10**8), NumpySteps)


def test_networks_with_nothing_compiled_are_refused_by_name() -> None:
    network = gn.Network([nn.LayerNormalization(), gn.Dense(3, "softmax")], input_shape=4)
    with pytest.raises(Unsupported, match="LayerNormalization"):
        choice(network, "numba")


@pytest.mark.parametrize(
    ("layers", "steps"), [((nn.BatchNormalization,), LayeredSteps), ((), NumpySteps)]
)
def test_many_parameters_pay_too_if_there_is_something_compiled(layers, steps) -> None:
    made = [gn.Dense(200), *(layer() for layer in layers), nn.Dropout(0.2), gn.Dense(3, "softmax")]
    network = gn.Network(made, input_shape=500)
    enough = int(layered.SECONDS_TO_SAVE / (network.theta.size * layered._SAVED_PER_PARAMETER)) + 1
    for n_steps, chosen in ((enough, steps), (enough // 2, NumpySteps)):
        made_by = compiled.choose_steps(
            "auto", network, LOSS, Adam(0.01), batch_size=8, n_steps=n_steps
        )
        assert type(made_by) is chosen
