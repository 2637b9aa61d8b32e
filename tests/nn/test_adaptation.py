"""Layers that take statistics of the inputs, one behind the other."""

import numpy as np
import pytest

import glassnet as gn

X = np.random.default_rng(0).normal(3.0, 2.0, (40, 6, 6, 3))


def network(*layers) -> gn.Network:
    return gn.Network([*layers, gn.Flatten(), gn.Dense(2)], input_shape=(6, 6, 3), dtype="float64")


def test_each_layer_sees_what_those_before_it_make_of_the_inputs() -> None:
    both = network(gn.Standardize("channel"), gn.Whitening2D(2))
    both.adapt(X)
    standardize, whitening = both.layers[:2]
    np.testing.assert_allclose(standardize.mean, X.mean(axis=(0, 1, 2)))
    alone = network(gn.Whitening2D(2))
    alone.adapt((X - standardize.mean) / standardize.deviation)
    np.testing.assert_allclose(whitening.filters, alone.layers[0].filters, rtol=1e-9)


def test_layers_between_count_too() -> None:
    row = network(gn.Standardize(), gn.AveragePooling2D(2), gn.ReLU(), gn.Standardize())
    row.adapt(X)
    cache = row.new_cache()
    reaching = X
    for part, part_cache in list(zip(row.parts, cache, strict=False))[:3]:
        reaching = part.forward(reaching, part_cache, training=False)
    np.testing.assert_allclose(row.layers[3].mean, reaching.mean(axis=0))


def test_inputs_that_are_not_in_memory_give_the_same(tmp_path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, X.astype(np.float32))
    mapped = gn.Dataset(np.load(path, mmap_mode="r"), np.zeros(40, int))
    found, expected = (network(gn.Standardize("channel"), gn.Whitening2D(2)) for _ in range(2))
    found.adapt(mapped.x)
    expected.adapt(X.astype(np.float32))
    for (_, array), (_, same) in zip(found.named_state(), expected.named_state(), strict=True):
        np.testing.assert_array_equal(array, same)


def test_weights_count_for_each_of_them() -> None:
    layers = gn.Standardize, gn.ReLU, gn.Standardize
    twice, weighted = (network(*(layer() for layer in layers)) for _ in range(2))
    weights = np.where(np.arange(40) < 10, 2.0, 1.0)
    twice.adapt(np.concatenate([X, X[:10]]))
    weighted.adapt(X, weights)
    for (_, array), (_, same) in zip(twice.named_state(), weighted.named_state(), strict=True):
        np.testing.assert_allclose(array, same)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([gn.Conv2D(3, 1), gn.Standardize()], "Standardize .* stand behind a layer that learns"),
        (
            [gn.Residual([gn.Standardize()])],
            "layer residual_1.standardize_1: Standardize .* cannot stand inside another layer",
        ),
    ],
)
def test_where_it_would_change_while_it_is_trained_it_is_refused(layers, message) -> None:
    with pytest.raises(ValueError, match=message):
        network(*layers).adapt(X)


@pytest.mark.parametrize("layer", [gn.Standardize, gn.Whitening2D])
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_is_not_finite_is_refused_and_nothing_taken(layer, value) -> None:
    x = X.copy()
    x[3, 2, 1, 0] = value
    one = network(layer())
    with pytest.raises(ValueError, match=f"{layer.__name__} cannot adapt to NaN or infinity"):
        one.adapt(x)
    assert not one.layers[0].adapted
