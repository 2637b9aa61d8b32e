import math

import numpy as np
import pandas as pd
import pytest

from glassnet.study.budgets import at_budget, budget_views, by_seed, common_budget
from glassnet.study.comparison import paired_differences


def run(cell, seed, accuracies, *, steps, seconds):
    """One run: a row an epoch, each of so many steps and seconds."""
    epochs = np.arange(1, len(accuracies) + 1)
    return pd.DataFrame({
        "cell": cell, "seed": seed, "run": f"{cell}-{seed}", "epoch": epochs,
        "step": steps * epochs, "seconds": seconds * epochs, "accuracy": accuracies,
    })  # fmt: skip


@pytest.fixture
def results():
    return pd.concat(
        [
            run("batch 1", 1, [0.80, 0.90, 0.91], steps=60, seconds=3.0),
            run("batch 1", 2, [0.82, 0.88, 0.90], steps=60, seconds=3.5),
            run("batch 10", 1, [0.50, 0.70, 0.80, 0.92], steps=6, seconds=1.0),
            run("batch 10", 2, [0.52, 0.71, 0.84, 0.96], steps=6, seconds=1.0),
        ],
        ignore_index=True,
    )


def test_a_run_has_its_last_row_within_the_budget(results):
    at = at_budget(results, by="epoch", budget=2, value="accuracy")
    assert list(at.columns) == ["cell", "seed", "accuracy"]
    assert at["cell"].tolist() == ["batch 1", "batch 1", "batch 10", "batch 10"]
    assert at["seed"].tolist() == [1, 2, 1, 2]
    assert at["accuracy"].tolist() == [0.90, 0.88, 0.70, 0.71]


def test_equal_time_is_another_view(results):
    at = at_budget(results, by="seconds", budget=3.4, value="accuracy")
    np.testing.assert_array_equal(at["accuracy"], [0.80, np.nan, 0.80, 0.84])


def test_a_run_that_ended_before_the_budget_keeps_its_last_value(results):
    at = at_budget(results, by="step", budget=180, value="accuracy")
    assert at["accuracy"].tolist() == [0.91, 0.90, 0.92, 0.96]


def test_the_order_of_rows_is_not_that_of_time(results):
    shuffled = results.iloc[::-1].reset_index(drop=True)
    at = at_budget(shuffled, by="epoch", budget=2, value="accuracy")
    expected = at_budget(results, by="epoch", budget=2, value="accuracy")
    pd.testing.assert_frame_equal(at.sort_values(["cell", "seed"], ignore_index=True), expected)


@pytest.mark.parametrize(("by", "budget"), [("epoch", 3), ("step", 24), ("seconds", 4.0)])
def test_a_common_budget_is_what_the_shortest_run_spent(results, by, budget):
    assert common_budget(results, by) == budget


def test_views_hold_the_means_of_each_cell_at_budgets_all_reached(results):
    views = budget_views(results, "accuracy", points=3)
    assert list(views.columns) == ["by", "budget", "cell", "accuracy", "best"]
    epochs = views[views["by"] == "epoch"].pivot_table(
        index="budget", columns="cell", values="accuracy"
    )
    assert epochs.index.tolist() == [1, 2, 3]
    np.testing.assert_allclose(epochs["batch 1"], [0.81, 0.89, 0.905])
    np.testing.assert_allclose(epochs["batch 10"], [0.51, 0.705, 0.82])
    # from 3.5, the first second at which every run has a row, to 4
    assert views[views["by"] == "seconds"]["budget"].unique().tolist() == [3.5, 3.75, 4.0]


def test_cells_that_have_no_row_at_any_common_budget_have_nan_and_are_not_best(results):
    views = budget_views(results, "accuracy")
    steps = views[views["by"] == "step"].set_index("cell")
    assert steps["budget"].tolist() == [24, 24]
    assert math.isnan(steps["accuracy"]["batch 1"])
    assert steps["best"].to_dict() == {"batch 1": False, "batch 10": True}


def test_a_mean_needs_all_its_seeds(results):
    views = budget_views(results[results["run"] != "batch 1-1"], "accuracy", points=1)
    alone = views[(views["by"] == "seconds") & (views["cell"] == "batch 1")]
    assert alone["accuracy"].tolist() == [0.82]
    late = results.drop(index=0)  # seed 1 of batch 1 has its first row after 6 seconds
    views = budget_views(late, "accuracy", points=1)
    missing = views[(views["by"] == "seconds") & (views["cell"] == "batch 1")]
    assert missing["accuracy"].isna().all()


def test_the_best_loss_is_the_lowest(results):
    views = budget_views(results, "accuracy", points=1, higher_is_better=False)
    assert views[views["best"]]["cell"].tolist() == ["batch 10", "batch 10", "batch 1"]
    assert views[(views["by"] == "epoch") & views["best"]]["accuracy"].tolist() == [
        pytest.approx(0.82)
    ]


def test_whole_budgets_are_not_repeated(results):
    views = budget_views(results, "accuracy", points=20)
    assert views[views["by"] == "epoch"]["budget"].unique().tolist() == [1, 2, 3]


def test_what_a_budget_gave_can_be_compared_seed_by_seed(results):
    reached = by_seed(at_budget(results, by="epoch", budget=3, value="accuracy"), "accuracy")
    assert reached == {"batch 1": {1: 0.91, 2: 0.90}, "batch 10": {1: 0.80, 2: 0.84}}
    [difference] = paired_differences(reached)
    assert difference.mean == pytest.approx(0.085)


def test_a_seed_that_is_there_twice_is_refused(results):
    with pytest.raises(ValueError, match="cell 'batch 1' has seed 1 twice; keep one row a run"):
        by_seed(results, "accuracy")


@pytest.mark.parametrize(
    ("by", "value", "message"),
    [
        ("epochs", "accuracy", "unknown budget 'epochs'; did you mean 'epoch'"),
        ("epoch", "acuracy", "unknown column 'acuracy'; did you mean 'accuracy'"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest(results, by, value, message):
    with pytest.raises(ValueError, match=message):
        at_budget(results, by=by, budget=1, value=value)


def test_a_table_without_rows_is_refused(results):
    with pytest.raises(ValueError, match="results has no row; run the study first"):
        common_budget(results.head(0), "epoch")
