from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest

from glassnet.recipes import load_recipe
from glassnet.study import Study
from glassnet.study.definition import RecordTable
from glassnet.study.design import RunSpec

PHASE = "training.phases.0"
RATE = f"{PHASE}.optimizer.learning_rate"


def study(**changes) -> Study:
    return Study({"name": "mine", "recipe": "digits", "seeds": 2} | changes)


def spec(record: RecordTable | None = None, **changes) -> RunSpec:
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return RunSpec(load_recipe("digits").changed(dotted), record or RecordTable())


def test_cells_are_all_combinations_and_the_last_factor_varies_fastest() -> None:
    made = study(
        factors=[
            {"name": "rate", "keys": [RATE], "values": [0.1, 0.2]},
            {"name": "epochs", "keys": [f"{PHASE}.epochs"], "values": [1, 2, 3]},
        ]
    )
    assert [cell.label for cell in made.cells] == [
        "rate 0.1, epochs 1",
        "rate 0.1, epochs 2",
        "rate 0.1, epochs 3",
        "rate 0.2, epochs 1",
        "rate 0.2, epochs 2",
        "rate 0.2, epochs 3",
    ]
    assert made.cells[5].levels == {"rate": "0.2", "epochs": "3"}
    phase = made.cells[5].specs[0].recipe.training.phases[0]
    assert (phase.optimizer["learning_rate"], phase.epochs) == (0.2, 3)


def test_paired_keys_change_together() -> None:
    keys, values = [f"{PHASE}.batch_size", RATE], [[1, 0.1], [50, 0.7]]
    made = study(factors=[{"name": "batch", "keys": keys, "values": values}])
    phases = [cell.specs[0].recipe.training.phases[0] for cell in made.cells]
    found = [[phase.batch_size, phase.optimizer["learning_rate"]] for phase in phases]
    assert found == values


def test_listed_cells_have_the_common_changes_and_their_own() -> None:
    made = study(
        changes={f"{PHASE}.epochs": 7, RATE: 0.5},
        cells=[
            {"label": "as it is", "changes": {}},
            {"label": "slow", "changes": {RATE: 0.01}},
        ],
    )
    phases = [cell.specs[0].recipe.training.phases[0] for cell in made.cells]
    assert [phase.epochs for phase in phases] == [7, 7]
    assert [phase.optimizer["learning_rate"] for phase in phases] == [0.5, 0.01]


def test_a_star_in_a_key_means_every_entry() -> None:
    phases = [{"epochs": n, "optimizer": {"type": "SGD"}} for n in (1, 2)]
    made = study(
        changes={"training.phases": phases},
        factors=[{"name": "batch", "keys": ["training.phases.*.batch_size"], "values": [4, 8]}],
    )
    sizes = [[p.batch_size for p in cell.specs[0].recipe.training.phases] for cell in made.cells]
    assert sizes == [[4, 4], [8, 8]]


def test_all_cells_have_the_same_seeds() -> None:
    factor = {"name": "rate", "keys": [RATE], "values": [0.1, 0.2]}
    made = study(seeds=3, first_seed=5, factors=[factor])
    assert [[each.seed for each in cell.specs] for cell in made.cells] == [[5, 6, 7]] * 2


def test_recorded_metrics_are_those_of_the_study() -> None:
    made = study(
        cells=[{"label": "a", "changes": {}}], record={"metrics": ["loss", "mean_squared_error"]}
    )
    assert made.specs[0].recipe.training.metrics == ["loss", "mean_squared_error"]


@pytest.mark.parametrize(
    "other",
    [
        spec(training__phases__0__optimizer__learning_rate=1),
        spec(training__phases__0__optimizer__learning_rate=1.0, title="Another"),
        spec(training__phases__0__optimizer__learning_rate=1.0, name="other", description="So?"),
        pickle.loads(pickle.dumps(spec(training__phases__0__optimizer__learning_rate=1.0))),
    ],
)
def test_the_key_is_the_same_whatever_decides_no_number(other) -> None:
    assert spec(training__phases__0__optimizer__learning_rate=1.0).key == other.key


@pytest.mark.parametrize(
    "other",
    [
        spec(training__seed=1),
        spec(training__phases__0__epochs=41),
        spec(network__dtype="float64"),
        spec(RecordTable(predictions=True)),
        spec(RecordTable(steps=1)),
        spec(training__phases__0__optimizer__nesterov=True),
    ],
)
def test_the_key_is_another_if_a_number_could_be(other) -> None:
    assert spec().key != other.key


def test_the_key_is_that_of_runs_which_people_have_kept() -> None:
    assert spec().key == "8efec66d1e76279f4ecf"


def test_the_key_is_the_same_in_another_process() -> None:
    code = (
        "from glassnet.recipes import load_recipe; from glassnet.study.design import *;"
        "print(RunSpec(load_recipe('digits'), RecordTable()).key)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == spec().key


def own_data(name: str) -> Study:
    return study(
        changes={"data.name": name},
        factors=[{"name": "rate", "keys": [RATE], "values": [0.1, 0.2]}],
    )


def keys(made: Study) -> list[str]:
    return [each.key for each in made.specs]


def test_the_key_is_another_for_other_content_of_a_data_file(tmp_path) -> None:
    file = tmp_path / "own.csv"
    file.write_text("a,label\n1,x\n2,y\n")
    before = keys(own_data(str(file)))
    assert keys(own_data(str(file))) == before
    file.write_text("a,label\n1,x\n3,y\n")
    assert not set(keys(own_data(str(file)))) & set(before)


def test_the_key_is_another_for_another_image_in_a_folder(tmp_path) -> None:
    (tmp_path / "zero").mkdir()
    (tmp_path / "zero" / "a.png").write_bytes(b"one image")
    before = keys(own_data(str(tmp_path)))
    (tmp_path / "zero" / "b.png").write_bytes(b"another")
    assert not set(keys(own_data(str(tmp_path)))) & set(before)


def test_a_file_that_is_called_like_a_known_data_set_decides_nothing(tmp_path, monkeypatch) -> None:
    before = spec().key
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits").write_text("mine")
    assert spec().key == before


def test_smaller_batches_and_more_epochs_cost_more() -> None:
    costs = [
        spec(training__phases__0__batch_size=size, training__phases__0__epochs=epochs).cost
        for size, epochs in (("full", 10), (100, 10), (1, 10), (1, 20))
    ]
    np.testing.assert_array_equal(np.sort(costs), costs)
    assert costs[3] == 2 * costs[2]
