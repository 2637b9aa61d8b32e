"""Compilation is announced where it takes long, and works where nothing can be written."""

import logging
import threading

import pytest

pytest.importorskip("numba", reason="the compiled kernels need the extra fast")

from numba import config, njit
from numba.extending import overload

from glassnet.kernels import compilation

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")


def compile_something() -> None:
    njit(lambda x: x + 1)(1)


def test_a_compilation_that_takes_long_is_announced_once(monkeypatch, caplog) -> None:
    monkeypatch.setattr(compilation, "_SECONDS_UNTIL_TOLD", 0.0)
    monkeypatch.setattr(compilation, "_told", threading.Event())
    told = threading.Event()
    monkeypatch.setattr(compilation, "_tell", lambda tell=compilation._tell: (tell(), told.set()))

    def compile_until_told(x):
        return x + 1

    @overload(compile_until_told)
    def _(x):
        told.wait(10)
        return lambda x: x + 1

    with caplog.at_level(logging.WARNING, "glassnet"), compilation.announced():
        njit(lambda x: 2 * compile_until_told(x))(1)
    assert [record.message for record in caplog.records] == [
        "compiling for this machine: once for each kind of network, it takes some seconds"
    ]


def test_a_quick_one_is_not(monkeypatch, caplog) -> None:
    monkeypatch.setattr(compilation, "_SECONDS_UNTIL_TOLD", 60.0)
    with caplog.at_level(logging.WARNING, "glassnet"), compilation.announced():
        compile_something()
    assert not caplog.records


def test_without_a_place_for_the_machine_code_functions_are_compiled_all_the_same(
    monkeypatch,
) -> None:
    def refusing(**settings):
        if settings.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return njit(**settings)

    monkeypatch.setattr(compilation, "njit", refusing)
    assert compilation.compiled(lambda x: x + 1)(1) == 2
