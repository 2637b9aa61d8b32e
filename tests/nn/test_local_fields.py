import numpy as np
import pytest

import glassnet as gn


def seen_slowly(inputs, units, n_inputs, n_units, window):
    """Go through all pairs of an input and a unit."""
    seen = np.zeros((n_inputs, n_units), bool)

    def places(grid, count):
        height, width = grid
        each = count // (height * width)
        return [
            ((row + 0.5) / height, (column + 0.5) / width)
            for row in range(height)
            for column in range(width)
            for _ in range(each)
        ]

    for i, (y, x) in enumerate(places(inputs, n_inputs)):
        for j, (v, u) in enumerate(places(units, n_units)):
            seen[i, j] = abs(y - v) <= window / 2 + 1e-9 and abs(x - u) <= window / 2 + 1e-9
    return seen


@pytest.mark.parametrize(
    ("inputs", "units", "shape", "window"),
    [
        ((8, 8), (4, 4), (192, 32), 0.25),
        ((6, 4), (3, 2), (24, 12), 0.5),
        ((5, 5), (5, 5), (50, 25), 0.6),
        ((4, 4), (2, 2), (16, 4), 1.0),
    ],
)
def test_a_unit_sees_what_is_near_its_place(inputs, units, shape, window):
    fields = gn.LocalFields(inputs, units, window=window)
    W = fields(np.random.default_rng(0), shape, *shape)
    wanted = seen_slowly(inputs, units, *shape, window)
    np.testing.assert_array_equal(W != 0, wanted)
    np.testing.assert_array_equal(fields.seen(*shape), wanted)


def test_the_variance_is_that_of_the_inputs_seen():
    fields = gn.LocalFields(10, 2, window=0.5)
    W = fields(np.random.default_rng(0), (3000, 400), 3000, 400)
    n = (W != 0).sum(axis=0)
    np.testing.assert_array_equal(n, 750)
    np.testing.assert_allclose(W[W != 0].var(), 2 / 750, rtol=0.01)
    assert abs(W[W != 0].mean()) < 1e-3


def test_one_number_is_both_sides():
    rng = np.random.default_rng
    one = gn.LocalFields(4, 2, window=0.5)(rng(0), (16, 8), 16, 8)
    two = gn.LocalFields((4, 4), (2, 2), window=0.5)(rng(0), (16, 8), 16, 8)
    np.testing.assert_array_equal(one, two)


def test_weights_from_afar_learn_too():
    fields = gn.LocalFields(4, 2, window=0.5)
    layers = [gn.Flatten(), gn.Dense(8, "tanh", weight_initializer=fields), gn.Dense(2, "softmax")]
    network = gn.Network(layers, input_shape=(4, 4, 1), seed=0)
    before = network.layers[1].W.value.copy()
    rng = np.random.default_rng(0)
    data = gn.Dataset(rng.random((40, 4, 4, 1)), np.arange(40) % 2)
    gn.Trainer(network, loss="categorical_cross_entropy").fit(data, epochs=2)
    assert (network.layers[1].W.value[before == 0] != 0).all()


def test_it_is_saved_with_the_network(tmp_path):
    fields = gn.LocalFields((4, 4), 2, window=0.5)
    layers = [gn.Flatten(), gn.Dense(8, weight_initializer=fields)]
    network = gn.Network(layers, input_shape=(4, 4, 1), seed=3)
    network.save(tmp_path / "model.npz")
    loaded = gn.Network.load(tmp_path / "model.npz")
    assert repr(loaded.layers[1]) == repr(network.layers[1])
    assert "LocalFields((4, 4), 2, window=0.5)" in repr(loaded.layers[1])
    np.testing.assert_array_equal(loaded.theta, network.theta)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: gn.LocalFields(4, 2, window=0), "window must be a finite number, above 0"),
        (lambda: gn.LocalFields(4, 2, window=1.5), "at most 1"),
        (lambda: gn.LocalFields(0, 2, window=0.5), "inputs must be"),
        (lambda: gn.LocalFields(4, (2, 2, 2), window=0.5), "units must be"),
    ],
)
def test_numbers_out_of_range_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([gn.Flatten(), gn.Dense(8, weight_initializer=gn.LocalFields(3, 2, window=0.5))],
         "16 inputs do not fill a grid of 3 x 3 evenly"),
        ([gn.Flatten(), gn.Dense(6, weight_initializer=gn.LocalFields(4, 2, window=0.5))],
         "6 units do not fill a grid of 2 x 2 evenly"),
        ([gn.Flatten(), gn.Dense(4, weight_initializer=gn.LocalFields(4, 2, window=0.01))],
         "units that see no input"),
        ([gn.Conv2D(4, 3, weight_initializer=gn.LocalFields(4, 2, window=0.5)), gn.Flatten()],
         "LocalFields is for dense layers"),
    ],
)  # fmt: skip
def test_layers_that_do_not_fit_are_refused(layers, words):
    with pytest.raises(ValueError, match=words):
        gn.Network(layers, input_shape=(4, 4, 1))


def test_a_recipe_may_ask_for_it():
    pytest.importorskip("tomli_w")
    from glassnet.recipes import load_recipe

    recipe = load_recipe("digits").changed(
        {
            "network.layers": [
                {"type": "Flatten"},
                {
                    "type": "Dense",
                    "units": 16,
                    "weight_initializer": {
                        "type": "LocalFields", "inputs": [8, 8], "units": 4, "window": 0.5,
                    },
                },
                {"type": "Dense", "units": "classes", "activation": "softmax"},
            ]
        }
    )  # fmt: skip
    again = type(recipe).model_validate(recipe.to_dict())
    assert again == recipe
