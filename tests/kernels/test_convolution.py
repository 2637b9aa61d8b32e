"""Compiled convolutions of every geometry, against a slow loop."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the compiled kernels need the extra fast")
pytest.importorskip("scipy", reason="the compiled kernels need the extra fast")

from glassnet.kernels.convolution import Convolution, choose
from glassnet.kernels.geometry import Geometry
from glassnet.kernels.scratch import Scratch
from glassnet.kernels.team import Team

pytestmark = pytest.mark.compiled

TOLERANCE = {"float32": 2e-4, "float64": 1e-10}
SAME = ((1, 1), (1, 1))
GEOMETRIES = [
    # images, input shape, kernel, filters, other settings
    (1, (1, 1, 1), (1, 1), 1, {}),
    (3, (5, 4, 7), (1, 1), 5, {}),
    (2, (5, 4, 7), (1, 1), 33, {"stride": (2, 3)}),
    (2, (4, 5, 3), (1, 1), 2, {"padding": ((1, 0), (2, 1))}),
    (5, (9, 8, 3), (3, 3), 8, {"padding": SAME}),
    (3, (8, 8, 16), (3, 3), 16, {"padding": SAME}),
    (5, (9, 7, 24), (3, 3), 40, {"padding": SAME}),
    (2, (6, 13, 33), (3, 3), 17, {}),
    (2, (5, 5, 16), (3, 3), 70, {"padding": ((0, 2), (3, 1))}),
    (7, (15, 15, 20), (3, 3), 36, {"padding": SAME}),
    (9, (21, 18, 16), (3, 3), 32, {"padding": SAME}),  # enough for two threads
    (9, (28, 28, 1), (5, 5), 6, {"padding": ((2, 2), (2, 2))}),
    (3, (14, 14, 6), (5, 5), 16, {}),
    (2, (9, 11, 4), (3, 2), 40, {"stride": (2, 1), "padding": ((1, 0), (0, 1))}),
    (2, (9, 11, 4), (2, 3), 17, {"stride": (3, 4)}),
    (2, (9, 11, 4), (3, 3), 5, {"dilation": (2, 3), "padding": ((2, 2), (3, 3))}),
    (2, (9, 10, 4), (3, 3), 5, {"dilation": (2, 1), "stride": (2, 2)}),
    (2, (7, 7, 6), (3, 3), 9, {"groups": 3, "padding": SAME}),
    (2, (7, 6, 6), (3, 2), 12, {"groups": 6, "stride": (2, 1)}),
    (2, (7, 7, 34), (2, 2), 68, {"groups": 2}),
    (3, (2, 3, 2), (2, 2), 3, {"padding": ((3, 4), (2, 5))}),
    (2, (5, 5, 2), (5, 5), 3, {}),
    (2, (6, 5, 2), (4, 1), 3, {"stride": (1, 2), "padding": ((3, 0), (0, 0))}),
]


def slow(x, W, *, stride=(1, 1), padding=((0, 0), (0, 0)), dilation=(1, 1), groups=1, dy=None):
    """Return the convolution; or, given `dy`, the gradients by W and x. Loops, as it is written."""
    x = np.pad(x, ((0, 0), *padding, (0, 0)))
    kh, kw, channels, filters = W.shape
    (n, h, w, _), (sh, sw), (dh, dw), per = x.shape, stride, dilation, filters // groups
    oh, ow = (h - (kh - 1) * dh - 1) // sh + 1, (w - (kw - 1) * dw - 1) // sw + 1
    out, dW, dx = np.zeros((n, oh, ow, filters)), np.zeros(W.shape), np.zeros(x.shape)
    for r in range(kh):
        for s in range(kw):
            for g in range(groups):
                rows = slice(r * dh, r * dh + (oh - 1) * sh + 1, sh)
                columns = slice(s * dw, s * dw + (ow - 1) * sw + 1, sw)
                i, o = slice(g * channels, (g + 1) * channels), slice(g * per, (g + 1) * per)
                patch = x[:, rows, columns, i]
                out[..., o] += patch @ W[r, s, :, o]
                if dy is not None:
                    dW[r, s, :, o] = np.einsum("nhwi,nhwo->io", patch, dy[..., o])
                    dx[:, rows, columns, i] += dy[..., o] @ W[r, s, :, o].T
    if dy is None:
        return out
    (top, bottom), (left, right) = padding
    return dW, dx[:, top : h - bottom, left : w - right]


def drawn(case, dtype):
    """Return random x, W, bias and the outputs that a slow loop gives."""
    n, input_shape, kernel, filters, settings = case
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, *input_shape)).astype(dtype)
    shape = (*kernel, input_shape[2] // settings.get("groups", 1), filters)
    W = rng.normal(size=shape).astype(dtype)
    bias = rng.normal(size=filters).astype(dtype)
    return x, W, bias, slow(x.astype(float), W.astype(float), **settings)


def close(found, expected, dtype) -> None:
    assert found.dtype == dtype
    scale = max(1, abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", GEOMETRIES, ids=str)
def test_outputs_and_gradients_are_those_of_a_slow_loop(case, dtype, threads) -> None:
    n, input_shape, kernel, filters, settings = case
    x, W, bias, expected = drawn(case, dtype)
    plan = Convolution(
        input_shape, kernel, filters, **settings, batch=n, dtype=dtype, threads=threads
    )
    assert plan.output_shape == expected.shape[1:]
    out = np.full(expected.shape, np.nan, dtype)
    dy = np.random.default_rng(1).normal(size=out.shape).astype(dtype)
    dW, db, dx = (np.full(a.shape, np.nan, dtype) for a in (W, bias, x))
    team = Team(threads)
    with team.gathered():
        for _ in range(2):  # nothing is left of the first time
            plan.forward(team, x, W, bias, out)
            plan.gradients(team, x, dy, W, dW, db, dx)
    close(out, expected + bias, dtype)
    expected_dW, expected_dx = slow(x.astype(float), W.astype(float), **settings, dy=dy)
    close(dW, expected_dW, dtype)
    close(dx, expected_dx, dtype)
    close(db, dy.sum((0, 1, 2), dtype=float), dtype)


CASES = {
    "direct": (4, (6, 5, 3), (3, 3), 8, {"padding": SAME}),
    "winograd 4x4": (4, (9, 10, 16), (3, 3), 20, {"padding": SAME}),
}


def planned(algorithm, batch=4):
    _, input_shape, kernel, filters, settings = CASES[algorithm]
    plan = Convolution(
        input_shape, kernel, filters, **settings, batch=batch, dtype="float64", threads=1
    )
    assert plan.algorithm == algorithm
    return plan


class Littered(Scratch):
    """Memory with what another has left there."""

    def rows(self, purpose, count, size):
        memory = super().rows(purpose, count, size)
        memory.fill(np.nan)
        return memory


@pytest.mark.parametrize("case", GEOMETRIES, ids=str)
def test_what_lies_in_the_memory_does_not_matter(case) -> None:
    n, input_shape, kernel, filters, settings = case
    x, W, bias, expected = drawn(case, "float64")
    found = []
    for scratch in (None, Littered(np.dtype("float64"))):
        plan = Convolution(
            input_shape, kernel, filters, **settings, batch=n, dtype="float64", threads=2,
            scratch=scratch,
        )  # fmt: skip
        out, team = np.empty(expected.shape), Team(2)
        gradients = [np.empty_like(a) for a in (W, bias, x)]
        with team.gathered():
            plan.forward(team, x, W, bias, out)
            plan.gradients(team, x, expected, W, *gradients)
        found.append([out, *gradients])
    for without, littered in zip(*found, strict=True):
        np.testing.assert_array_equal(littered, without)


def test_plans_that_share_memory_need_that_of_one() -> None:
    scratch = Scratch(np.dtype("float64"))
    plans = [
        Convolution(
            (8, 8, channels), (3, 3), 32, padding=SAME, batch=2, dtype="float64", threads=1,
            scratch=scratch,
        )
        for channels in (32, 64, 32)
    ]  # fmt: skip
    rng, team = np.random.default_rng(0), Team(1)
    taken = []
    for plan, channels in zip(plans, (32, 64, 32), strict=True):
        x, W = rng.normal(size=(2, 8, 8, channels)), rng.normal(size=(3, 3, channels, 32))
        out = np.empty((2, 8, 8, 32))
        plan.forward(team, x, W, None, out)
        plan.gradients(team, x, out, W, np.empty_like(W), None, np.empty_like(x))
        close(out, slow(x, W, padding=SAME), "float64")
        taken.append(sum(piece.nbytes for piece in scratch._pieces.values()))
    assert taken[0] < taken[1] == taken[2]


@pytest.mark.parametrize("algorithm", CASES)
@pytest.mark.parametrize("wanted", ["W", "b", "x", "Wb", "Wx", "bx"])
def test_each_gradient_is_the_same_without_the_others(algorithm, wanted) -> None:
    x, W, bias, out = drawn(CASES[algorithm], "float64")
    plan, team = planned(algorithm), Team(1)
    full = {name: np.full(a.shape, np.nan) for name, a in zip("Wbx", (W, bias, x), strict=True)}
    plan.gradients(team, x, out, W, *full.values())
    some = {name: np.full(a.shape, np.nan) if name in wanted else None for name, a in full.items()}
    plan.gradients(team, x, out, W, *some.values())
    for name in wanted:
        np.testing.assert_array_equal(some[name], full[name])


@pytest.mark.parametrize("algorithm", CASES)
def test_fewer_images_than_there_is_room_for_give_what_they_give_among_others(algorithm) -> None:
    x, W, _, expected = drawn(CASES[algorithm], "float64")
    plan, team, out = planned(algorithm, batch=50), Team(1), np.full(expected.shape, np.nan)
    plan.forward(team, x[1:3], W, None, out[1:3])
    close(out[1:3], expected[1:3], "float64")
    assert np.isnan(out[[0, 3]]).all()


@pytest.mark.parametrize("algorithm", CASES)
def test_inputs_may_lie_anyhow_and_be_locked(algorithm) -> None:
    x, W, bias, expected = drawn(CASES[algorithm], "float64")
    x = np.asfortranarray(x)
    for array in (x, W, bias):
        array.flags.writeable = False
    out = np.full(expected.shape, np.nan)
    planned(algorithm).forward(Team(1), x, W, bias, out)
    close(out, expected + bias, "float64")


@pytest.mark.parametrize(
    ("batch", "input_shape", "filters", "settings", "algorithm"),
    [
        (128, (32, 32, 32), 32, {"padding": SAME}, "winograd 4x4"),
        (512, (7, 7, 256), 256, {"padding": SAME}, "winograd 4x4"),
        (1, (32, 32, 32), 32, {"padding": SAME}, "winograd 4x4"),
        (1, (7, 7, 256), 256, {"padding": SAME}, "direct"),
        (128, (32, 32, 3), 32, {"padding": SAME}, "direct"),
        (128, (2, 2, 64), 64, {"padding": SAME}, "direct"),
        (128, (32, 32, 32), 32, {"stride": (2, 2)}, "direct"),
        (128, (32, 32, 32), 32, {"dilation": (1, 2)}, "direct"),
        (128, (32, 32, 32), 32, {"groups": 2}, "direct"),
    ],
)
def test_the_algorithm_is_chosen_by_what_it_takes(
    batch, input_shape, filters, settings, algorithm
) -> None:
    assert choose(Geometry(input_shape, (3, 3), filters, **settings), batch) == algorithm
