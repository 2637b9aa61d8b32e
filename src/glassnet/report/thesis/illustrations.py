"""What the thesis explains in pictures: networks, a neuron, the data, gradient descent."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from glassnet.data import find_dataset, load_dataset
from glassnet.figures import network_diagram, samples
from glassnet.figures.descent import DescentPath
from glassnet.figures.descent_animation import descent_animation
from glassnet.figures.example_image import example_image
from glassnet.figures.neuron_diagram import neuron_diagram
from glassnet.optim import SGD
from glassnet.report.sections import Drawing, Section

_DATA = (("mnist", "MNIST", "2", "7"), ("cifar10", "CIFAR-10", "3", "13"))


def section(data_dir: str | Path | None = None) -> Section:
    """Return the illustrations; those of data sets that are not on this machine are left out.

    Parameters
    ----------
    data_dir : path-like, optional
        Where to look first for the data.
    """
    return Section(
        key="illustrations",
        title="The illustrations",
        answer=[
            (
                "What the thesis draws to explain networks, drawn by the library; gradient descent "
                "from the steps of its own optimizer."
            ),
        ],
        drawings=[*_networks(), *_samples(data_dir), _descent()],
    )


def _networks() -> list[Drawing]:
    return [
        Drawing(
            "figure-01",
            network_diagram([1, 1, 1]),
            "Three nodes in a chain: input, hidden, output",
            "Fig. 1: the simplest network, an input, a hidden unit and an output in a chain.",
        ),
        Drawing(
            "figure-04",
            neuron_diagram(),
            "Three inputs and a bias flow into the pre-activation z; σ makes it the activation a",
            "Fig. 4: a neuron, with Eq. 1 and 2.",
        ),
        Drawing(
            "figure-05",
            network_diagram([784, 32, 10]),
            "784 inputs, 32 hidden units and 10 outputs, fully connected",
            "Fig. 5: the thesis' network for MNIST, 784-32-10.",
        ),
    ]


def _samples(data_dir: str | Path | None) -> list[Drawing]:
    made = []
    for name, title, figure_of_many, figure_of_one in _DATA:
        if find_dataset(name, data_dir=data_dir) is None:
            continue
        train, _ = load_dataset(name, data_dir=data_dir)
        made.append(
            Drawing(
                f"figure-{int(figure_of_many):02d}",
                samples(train.x, train.y, train.class_names),
                f"Eight images of each class of {title}",
                f"Fig. {figure_of_many}: {title}, the first images of each class.",
            )
        )
        what = f"{title}: {train.class_names[int(train.y[0])]}"
        made.append(
            Drawing(
                f"figure-{int(figure_of_one):02d}",
                example_image(train.x[0], caption=what),
                f"One image of {title}, large enough to count its pixels",
                f"Fig. {figure_of_one}: one image of {title}.",
            )
        )
    return made


_RATE, _MOMENTUM, _STEPS = 0.06, 0.9, 60
_START = np.array([1.75, 1.35])


def _descent() -> Drawing:
    x, y = np.linspace(-2.0, 2.2, 127), np.linspace(-1.3, 1.7, 91)
    surface = _height(x[np.newaxis, :], y[:, np.newaxis])
    paths = []
    for momentum in (0.0, _MOMENTUM):
        places = _path(momentum)
        note = f"{_STEPS} steps, f = {float(_height(*places[-1])):.2f}".replace("-", "−")
        paths.append(DescentPath(f"momentum {momentum:g}", places, note))
    return Drawing(
        "figure-06",
        descent_animation(x, y, surface, paths),
        "Without momentum the ball stops in the nearer, shallower of two valleys; with momentum it "
        "rolls on into the deeper one",
        f"Fig. 6: gradient descent on a surface with two minima, {_STEPS} steps with the rate "
        f"{_RATE}, without momentum and with {_MOMENTUM}. Both begin in the same place and make "
        "their steps at the same times.",
    )


def _height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return a surface with two minima, near x = -1 the deeper one."""
    height: np.ndarray = 0.25 * (x**2 - 1) ** 2 + 0.12 * x + 0.9 * (y - 0.25 * x) ** 2
    return height


def _path(momentum: float) -> np.ndarray:
    """Return the places that our own optimizer visits, shape (steps + 1, 2)."""
    theta, optimizer = _START.copy(), SGD(learning_rate=_RATE, momentum=momentum)
    places = [theta.copy()]
    for _ in range(_STEPS):
        x, y = theta
        across = 1.8 * (y - 0.25 * x)
        gradient = np.array([x * (x**2 - 1) + 0.12 - 0.25 * across, across])
        optimizer.step(theta, gradient)
        places.append(theta.copy())
    return np.array(places)
