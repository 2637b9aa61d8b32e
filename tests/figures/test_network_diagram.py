import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle

from glassnet.figures.network_diagram import network_diagram
from glassnet.figures.neuron_diagram import neuron_diagram


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def circles(figure):
    return [p for p in figure.axes[0].patches if isinstance(p, Circle) and p.radius > 0.1]


def lines(figure):
    return [c for c in figure.axes[0].collections if isinstance(c, LineCollection)]


def test_the_smallest_network_is_a_chain_with_its_symbols():
    figure = network_diagram([1, 1, 1])
    assert texts(figure) == [
        "W⁽¹⁾", "W⁽²⁾", "x", "z", "a", "z", "p",
        "input\n1 unit", "hidden\n1 unit", "output\n1 unit",
    ]  # fmt: skip
    assert len(circles(figure)) == 3


def test_there_is_a_circle_for_each_unit_and_a_line_for_each_weight():
    figure = network_diagram([3, 4, 2])
    assert len(circles(figure)) == 9
    assert [len(layer.get_segments()) for layer in lines(figure)] == [12, 8]


def test_a_wide_layer_shows_its_first_units_and_its_last_and_its_number():
    figure = network_diagram([784, 2], most=4)
    assert len(circles(figure)) == 3 + 2
    assert {"x₁", "x₂", "x₇₈₄", "input\n784 units"} <= set(texts(figure))
    assert "x₃" not in texts(figure)


def test_a_layer_that_just_fits_has_no_dots():
    assert len(circles(network_diagram([6, 6]))) == 12


def test_several_hidden_layers_are_numbered():
    names = [text.split("\n")[0] for text in texts(network_diagram([2, 3, 3, 1]))[-4:]]
    assert names == ["input", "hidden 1", "hidden 2", "output"]


def test_names_stand_beside_the_units_that_are_shown():
    figure = network_diagram([9, 2], input_names=[f"f{k}" for k in range(9)], output_names="ab")
    assert {"f0", "f3", "f8", "a", "b"} <= set(texts(figure))
    assert "f5" not in texts(figure)


def test_weights_colour_and_thicken_the_lines_the_strongest_on_top():
    figure = network_diagram([1, 3], weights=[np.array([[0.5, -2.0, 1.0]])])
    (layer,) = lines(figure)
    assert list(layer.get_linewidths()) == sorted(layer.get_linewidths())
    strongest, middle = layer.get_colors()[-1], layer.get_colors()[-2]
    assert strongest[2] > strongest[0]  # below zero is blue
    assert middle[0] > middle[2]


def test_symbols_may_be_left_out():
    assert texts(network_diagram([2, 1], symbols=False)) == ["input\n2 units", "output\n1 unit"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"units": [3]}, "two layers or more"),
        ({"units": [3, 0]}, "at least one unit"),
        ({"units": [3, 1], "most": 2}, "most must be at least 3"),
        ({"units": [3, 1], "input_names": ["a"]}, "input_names has 1 names; give 3"),
        ({"units": [3, 1], "layer_names": ["a"]}, "layer_names has 1 names; give 2"),
        ({"units": [3, 1], "weights": [np.ones((1, 3))]}, r"give \[\(3, 1\)\], inputs by outputs"),
    ],
)
def test_what_does_not_fit_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        network_diagram(**settings)


def test_a_neuron_has_its_inputs_weights_and_equations():
    found = texts(neuron_diagram())
    assert found[-2:] == ["z = w₁x₁ + w₂x₂ + w₃x₃ + b₁", "a = σ(z)"]
    assert {"x₁", "w₃", "b₁", "z", "a"} <= set(found)


@pytest.mark.parametrize("inputs", [0, 7])
def test_a_neuron_of_too_many_inputs_is_refused(inputs):
    with pytest.raises(ValueError, match="inputs must be 1 to 6"):
        neuron_diagram(inputs)
