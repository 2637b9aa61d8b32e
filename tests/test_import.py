"""NumPy alone is enough to import the package, and to build, train, save and load a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MODULES = [
    "glassnet",
    "glassnet.nn",
    "glassnet.optim",
    "glassnet.data",
    "glassnet.training",
    "glassnet.export",
    "glassnet.export.weights",
    "glassnet.cli",
]


def run(code: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


LOADED = """
import importlib, sys
import numpy, numpy.random
before = set(sys.modules)  # what interpreter, site packages and NumPy bring along
importlib.import_module(sys.argv[1])
print(*sorted({name.split(".")[0] for name in set(sys.modules) - before}))
"""


@pytest.mark.parametrize("module", MODULES)
def test_the_import_takes_nothing_but_the_standard_library_and_numpy(module: str) -> None:
    loaded = set(run(LOADED, module).split())
    assert "glassnet" in loaded
    assert loaded - set(sys.stdlib_module_names) - {"numpy", "glassnet"} == set()


def test_the_import_leaves_what_works_on_files_and_random_numbers_for_later() -> None:
    # measuring coverage loads some of them before
    code = "import sys; before = set(sys.modules); import glassnet"
    loaded = set(run(f"{code}; print(*set(sys.modules) - before)").split())
    later = {"pathlib", "tempfile", "zipfile", "logging", "difflib", "numpy.random"}
    assert loaded & {*later, "glassnet.data.loading", "glassnet.data.tabular"} == set()


@pytest.mark.parametrize("package", ["glassnet", "glassnet.data", "glassnet.export"])
def test_names_that_are_imported_later_are_listed_from_the_beginning(package: str) -> None:
    code = f"import {package} as package; print(set(package.__all__) <= set(dir(package)))"
    assert run(code) == "True\n"


@pytest.mark.parametrize("package", ["glassnet", "glassnet.data", "glassnet.export"])
def test_a_name_that_a_package_has_not_is_an_attribute_error(package: str) -> None:
    code = f"import {package} as package; print(hasattr(package, 'no_such_name'))"
    assert run(code) == "False\n"


BLOCKER = """
import sys

class Blocker:
    \"\"\"Stands for an environment with NumPy alone.\"\"\"

    allowed = {*sys.stdlib_module_names, "numpy", "glassnet"}

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in self.allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

sys.meta_path.insert(0, Blocker())
"""


def test_numpy_alone_builds_trains_saves_and_loads(tmp_path: Path) -> None:
    code = """
import numpy as np
import glassnet as gn

x = np.random.default_rng(0).normal(size=(200, 2))
data = gn.Dataset(x, (x[:, 0] > x[:, 1]).astype(int))
network = gn.Network([gn.Dense(8, "tanh"), gn.Dense(2, "softmax")], input_shape=2)
trainer = gn.Trainer(network, loss="categorical_cross_entropy",
                     optimizer=gn.SGD(learning_rate=0.1, momentum=0.9), batch_size=20)
history = trainer.fit(data, epochs=10, validation=0.2)
assert history[-1]["validation_accuracy"] > 0.9
network.save(sys.argv[1])
loaded = gn.Network.load(sys.argv[1])
assert (loaded.predict(x) == network.predict(x)).all()
assert gn.gradient_check(network, "categorical_cross_entropy", x[:5], data.y[:5]).error < 1e-6
print("done")
"""
    assert run(BLOCKER + code, str(tmp_path / "model.npz")) == "done\n"


NETWORK = """import glassnet.export
    network = glassnet.Network([glassnet.Dense(1)], input_shape=1)"""


@pytest.mark.parametrize(
    ("use", "extra"),
    [
        ("import glassnet.figures", "cli"),
        ("import glassnet.recipes", "cli"),
        ("import glassnet.report", "cli"),
        ("import glassnet; glassnet.load_dataset('digits')", "sklearn"),
        (f"{NETWORK}; glassnet.export.to_onnx(network)", "export"),
        (f"{NETWORK}; glassnet.export.save_safetensors(network, 'x')", "export"),
        ("import glassnet.export as e; e.load_safetensors('x')", "export"),
    ],
)
def test_what_needs_an_extra_names_it(use: str, extra: str) -> None:
    code = f"""
from glassnet.extras import MissingExtraError
try:
    {use}
except MissingExtraError as error:
    print(error)
"""
    assert run(BLOCKER + code).endswith(f"pip install 'glassnet[{extra}]'\n")


def test_the_command_line_without_its_extra_says_what_to_install() -> None:
    code = BLOCKER + "from glassnet.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert result.returncode != 0
    assert result.stderr.startswith("Error: ")
    assert "pip install 'glassnet[cli]'" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("package", ["glassnet", "glassnet.data", "glassnet.export"])
def test_every_public_name_is_there(package) -> None:
    code = f"import {package} as p; print([name for name in p.__all__ if not hasattr(p, name)])"
    assert run(code) == "[]\n"
