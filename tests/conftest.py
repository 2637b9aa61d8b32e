from __future__ import annotations

import importlib.util
import signal
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

# a shell's background job ignores Ctrl-C, and so would the commands that are interrupted here
signal.signal(signal.SIGINT, signal.default_int_handler)

# these stand beside the tests and are no tests: give them names to import them by
for _name in ("reference", "fabricated"):
    _spec = importlib.util.spec_from_file_location(_name, Path(__file__).with_name(f"{_name}.py"))
    assert _spec is not None
    assert _spec.loader is not None
    _module = importlib.util.module_from_spec(_spec)
    sys.modules[_name] = _module
    _spec.loader.exec_module(_module)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what compiles much; xdist gives it to one worker, where it is compiled once."""
    items.sort(key=lambda item: item.get_closest_marker("compiled") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Do without coverage where much is compiled.

    It slows down the compiler, which is Python, and sees nothing of machine code; what the kernels
    do as Python it sees in `test_as_python`. pytest-cov's own mark has no effect in a worker.
    """
    rests = item.get_closest_marker("compiled") and item.config.pluginmanager.hasplugin("_cov")
    tracer = sys.gettrace()
    if rests:
        sys.settrace(None)
    try:
        return (yield)
    finally:
        if rests:
            sys.settrace(tracer)


@pytest.fixture
def optuna_study() -> Generator[Callable]:
    """Return a function that gives Optuna's study of a name in a database, open during the test."""
    storages = []

    def load(name: str, address: str) -> object:
        optuna = pytest.importorskip("optuna")
        storages.append(optuna.storages.RDBStorage(address))
        return optuna.load_study(study_name=name, storage=storages[-1])

    yield load
    for storage in storages:
        storage.remove_session()
        storage.engine.dispose()


@pytest.fixture
def fabricate(tmp_path) -> Callable:
    """Return a function that fills a shipped study with runs that were never made.

    ``make(cell, seed)`` gives the epochs' records, of which the rest is filled in, and the arrays;
    or None for a run that is missing. The test accuracy is that of the last record, or its
    ``test_accuracy``.
    """
    from fabricated import fill

    return lambda name, make, *, seeds=3: fill(name, make, seeds=seeds, folder=tmp_path)
