from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.growth import SWEEPS, Sweep, measure_growth, short
from benchmarks.growth_figure import growth_figure
from benchmarks.works import WORKS

SMALL = Sweep(
    "hidden units",
    (4, 8),
    lambda n: replace(WORKS["B7"], examples=64, sizes=(30, n, 2)),
    "30-n-2",
)


@pytest.mark.parametrize("name", SWEEPS)
def test_a_sweep_varies_one_quantity(name) -> None:
    sweep = SWEEPS[name]
    works = [sweep.work(value) for value in sweep.values]
    if name == "threads":
        assert [sweep.threads(value, 2) for value in sweep.values] == [1, 2]
        assert len(set(works)) == 1
    else:
        assert len(set(works)) == len(sweep.values)
        assert {sweep.threads(value, 2) for value in sweep.values} == {2}


def test_large_works_have_fewer_steps_but_whole_ones() -> None:
    work = short(WORKS["B6"])
    assert work.examples < WORKS["B6"].examples
    assert work.examples % work.batch_size == 0


def test_growth_has_the_rounds_of_every_point() -> None:
    growing = measure_growth(
        rounds=2, threads=1, data_dir=None, sweeps={"width": SMALL}, contenders=["glassnet numpy"]
    )
    ((name, points),) = growing
    assert name == "width"
    assert points["values"] == [4, 8]
    assert [len(rounds) for rounds in points["microseconds"]["glassnet numpy"]] == [2, 2]


def test_the_figure_has_a_panel_for_each_sweep_and_a_legend() -> None:
    points = {
        "label": "hidden units",
        "kept": "30-n-2",
        "values": [4, 8],
        "microseconds": {"glassnet numba": [[2.0, 1.0], [3.0]], "JAX scan": [[5.0], None]},
    }
    figure = growth_figure({"width": points, "depth": points})
    left, right, place, *_ = figure.axes
    assert [axes.get_xscale() for axes in (left, right)] == ["log", "log"]
    assert left.get_ylabel() == "time of a step (µs)"
    drawn = {line.get_label(): list(line.get_ydata()) for line in left.lines}
    assert drawn == {"glassnet numba": [1.0, 3.0], "JAX scan": [5.0]}
    legend = place.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["glassnet numba", "JAX scan"]
