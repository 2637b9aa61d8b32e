"""After the first steps, no step allocates memory for an array.

Every request to NumPy's allocator is seen, whatever its size. The buffers through which NumPy
converts in pieces (a mask times floats) are not arrays and don't pass there.
"""

from __future__ import annotations

import ctypes
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import Dataset
from glassnet.data.batches import Chunk
from glassnet.nn import ACTIVATIONS, LOSSES, Cache
from glassnet.training.slots import slots_of
from glassnet.training.steps import NumpySteps

FEATURES, UNITS, OUTPUTS = 20, 12, 10
NUMBER = 8
"""Bytes that NumPy takes to wrap one number, as in ``z * 0.5``: no array."""


# NumPy lets a program bring its own allocator for the memory of arrays (NEP 49). This one notes who
# asks, and has NumPy's own do the work. The structures are those of numpy/ndarraytypes.h; the
# functions, at their places in the table of the C API, PyDataMem_SetHandler and _GetHandler.


class Allocator(ctypes.Structure):
    _fields_ = [
        ("context", ctypes.c_void_p),
        ("malloc", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)),
        (
            "calloc",
            ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t),
        ),
        ("realloc", ctypes.c_void_p),
        ("free", ctypes.c_void_p),
    ]


class Handler(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char * 127),
        ("version", ctypes.c_uint8),
        ("allocator", Allocator),
    ]


_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]

_functions = ctypes.cast(
    _pointer(np._core._multiarray_umath._ARRAY_API, None),  # type: ignore[attr-defined]
    ctypes.POINTER(ctypes.c_void_p),
)
_set_handler = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(_functions[304])
_get_handler = ctypes.PYFUNCTYPE(ctypes.py_object)(_functions[305])

_NAME = b"mem_handler"  # the capsule points to it: it has to stay
_requests: list[str] = []
_original = Handler.from_address(_pointer(_get_handler(), _NAME))
_noting = Handler.from_buffer_copy(_original)


def _note(size: int) -> None:
    if size > NUMBER:
        caller = inspect.currentframe().f_back.f_back  # type: ignore[union-attr]
        while caller.f_globals["__name__"].startswith("numpy."):  # type: ignore[union-attr]
            caller = caller.f_back  # type: ignore[union-attr]
        _requests.append(f"{size} bytes in {caller.f_code.co_qualname}, line {caller.f_lineno}")  # type: ignore[union-attr]


def _malloc(context: int | None, size: int) -> int | None:
    _note(size)
    return _original.allocator.malloc(context, size)


def _calloc(context: int | None, count: int, size: int) -> int | None:
    _note(count * size)
    return _original.allocator.calloc(context, count, size)


_noting.allocator.malloc = type(_noting.allocator.malloc)(_malloc)
_noting.allocator.calloc = type(_noting.allocator.calloc)(_calloc)
_capsule = _new_capsule(ctypes.addressof(_noting), _NAME, None)


@contextmanager
def allocations() -> Iterator[list[str]]:
    """Yield a list that fills with every request for the memory of an array."""
    _requests.clear()
    before = _set_handler(_capsule)
    try:
        yield _requests
    finally:
        _set_handler(before)


def of_steps(
    network: gn.Network, loss: gn.Loss, optimizer: gn.Optimizer, batch_size: int
) -> list[str]:
    """Return what three epochs of 40 steps, the last batch short, allocate after a first one."""
    rng = np.random.default_rng(0)
    rows = 39 * batch_size + (batch_size + 1) // 2
    x = rng.normal(size=(rows, *network.input_shape)).astype(network.dtype)
    data = Dataset(x, np.arange(rows) % OUTPUTS)
    chunk = Chunk(data, 0, np.arange(rows), np.empty_like(x), dtype=x.dtype)
    targets = loss.encode(np.arange(rows) % OUTPUTS, OUTPUTS, network.dtype)
    outputs, rates = np.empty_like(targets), [0.01] * 40
    optimizer.bind(slots_of(network))
    steps = NumpySteps(network, loss, optimizer)
    steps.run(chunk, targets, outputs, batch_size, rates, None)
    with allocations() as requests:
        for _ in range(3):
            done = steps.run(chunk, targets, outputs, batch_size, rates, None)
    assert done == 40
    return list(requests)


HIDDEN: dict[str, Callable[[], gn.Activation]] = {
    **ACTIVATIONS,
    "prelu of each": lambda: gn.PReLU(shared=False),
}
LOSS: dict[str, Callable[[], gn.Loss]] = {
    **LOSSES,
    "smoothed": lambda: gn.CategoricalCrossEntropy(label_smoothing=0.1),
}
OPTIMIZERS: dict[str, Callable[[], gn.Optimizer]] = {
    "plain": gn.SGD,
    "momentum": lambda: gn.SGD(momentum=0.3),
    "nesterov": lambda: gn.SGD(momentum=0.3, nesterov=True),
    "weight decay": lambda: gn.SGD(weight_decay=0.1),
    "clipped": lambda: gn.SGD(clip_norm=1e-3),
    "all": lambda: gn.SGD(momentum=0.3, nesterov=True, weight_decay=0.1, clip_norm=1e-3),
    "decoupled": lambda: gn.SGD(momentum=0.3, weight_decay=0.1, decoupled_weight_decay=True),
    "l1 and max-norm": lambda: gn.SGD(l1=0.1, max_norm=0.5),
    "groups": lambda: gn.SGD(
        weight_decay=0.1,
        groups=[
            gn.ParameterGroup("*.b", rate=2.0, weight_decay=0.2),
            gn.ParameterGroup("dense_2.W", frozen=True),
        ],
    ),
    "adam": lambda: gn.Adam(beta_1=0.3, beta_2=0.3, weight_decay=0.1),
    "adamw": gn.AdamW,
    "rmsprop": lambda: gn.RMSprop(rho=0.3, momentum=0.3, centered=True),
    "adagrad": gn.Adagrad,
    "muon": lambda: gn.Muon(momentum=0.3, normalize_weights=True),
    "lookahead": lambda: gn.Lookahead(gn.Adam(), every=2),
}
BATCH_SIZES = [1, 16]


def network(hidden: gn.Activation, output: gn.Activation | None = None) -> gn.Network:
    layers = [gn.Dense(UNITS, hidden), gn.Dense(OUTPUTS, output)]
    return gn.Network(layers, input_shape=(4, FEATURES // 4))


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
@pytest.mark.parametrize("name", HIDDEN)
def test_no_activation_allocates(name: str, batch_size: int) -> None:
    made = network(HIDDEN[name](), HIDDEN[name]())
    assert of_steps(made, gn.HalfSquaredError(), gn.SGD(), batch_size) == []


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
@pytest.mark.parametrize("name", LOSS)
def test_no_loss_allocates(name: str, batch_size: int) -> None:
    loss = LOSS[name]()
    made = network(gn.Tanh(), (loss.partner or gn.Identity)())
    assert of_steps(made, loss, gn.SGD(), batch_size) == []


@pytest.mark.parametrize("batch_size", BATCH_SIZES)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_optimizer_allocates(name: str, batch_size: int) -> None:
    made = network(gn.Tanh(), gn.Sigmoid())
    assert of_steps(made, gn.HalfSquaredError(), OPTIMIZERS[name](), batch_size) == []


@pytest.mark.parametrize("axis", ["feature", "channel"])
def test_standardizing_allocates_nothing(axis: str) -> None:
    first = gn.Standardize(axis)
    made = gn.Network([first, gn.Flatten(), gn.Dense(OUTPUTS)], input_shape=(4, FEATURES // 4))
    first.adapt(np.random.default_rng(0).normal(size=(9, 4, FEATURES // 4)))
    assert of_steps(made, gn.MeanSquaredError(), gn.SGD(), 16) == []


# What the tests above would see


class AllocatesInForward(gn.Tanh):
    def activate(self, z: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        return super().activate(z + 0.0, cache, out)


class AllocatesInBackward(gn.Tanh):
    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        np.multiply(da, 1.0 - cache["a"] ** 2, out=out)
        return out


class AllocatesAColumn(gn.Tanh):
    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        np.multiply(da, da.max(axis=1, keepdims=True), out=out)
        return out


class AllocatesAMask(gn.ReLU):
    def chain(self, da: np.ndarray, cache: Cache, out: np.ndarray) -> np.ndarray:
        np.multiply(da, cache["a"] > 0.0, out=out)
        return out


class AllocatesZeros(gn.Tanh):
    def parameter_gradients(self, da: np.ndarray, cache: Cache) -> None:
        np.zeros(UNITS, np.float32)


class AllocatingSGD(gn.SGD):
    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        theta -= 0.01 * grad


@pytest.mark.parametrize(
    "layer",
    [
        AllocatesInForward,
        AllocatesInBackward,
        AllocatesAColumn,
        AllocatesAMask,
        AllocatesZeros,
    ],
)
def test_what_a_layer_allocates_in_a_step_is_seen_each_time(layer: type[gn.Activation]) -> None:
    requests = of_steps(network(layer()), gn.HalfSquaredError(), gn.SGD(), 16)
    assert len([place for place in requests if layer.__name__ in place]) >= 3 * 40


def test_what_an_optimizer_allocates_in_a_step_is_seen_each_time() -> None:
    requests = of_steps(network(gn.Tanh()), gn.HalfSquaredError(), AllocatingSGD(), 1)
    assert len(requests) == 3 * 40


def test_what_is_allocated_once_the_counting_is_over_is_not_seen() -> None:
    with allocations() as requests:
        pass
    assert np.zeros(9).sum() == 0.0
    assert requests == []
