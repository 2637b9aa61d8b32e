import itertools
import tracemalloc

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import as_dataset
from glassnet.data.streaming import MappedArray

RNG = np.random.default_rng(0)


class Pairs:
    """A map-style data set."""

    def __init__(self, x, y, **attributes):
        self.x, self.y, self.asked = x, y, []
        self.__dict__.update(attributes)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, row):
        self.asked.append(row)
        return self.x[row], self.y[row]


def trainer(input_shape, outputs=2):
    layers = [gn.Flatten(), gn.Dense(outputs, "softmax")]
    network = gn.Network(layers, input_shape=input_shape, seed=0)
    return gn.Trainer(network, loss="categorical_cross_entropy", batch_size=5, engine="numpy")


def weights_after(data, input_shape, outputs=2):
    trained = trainer(input_shape, outputs)
    trained.fit(data, epochs=2)
    return trained.network.theta


X = RNG.random((20, 4, 5, 3), np.float32)
Y = RNG.integers(0, 2, 20)
CHANNELS_FIRST = np.ascontiguousarray(X.transpose(0, 3, 1, 2))
WANTED = weights_after(gn.Dataset(X, Y), (4, 5, 3))


def generator(x, y, size=6):
    for start in range(0, len(x), size):
        yield x[start : start + size], y[start : start + size]


@pytest.mark.parametrize(
    "data",
    [
        (X, Y),
        (CHANNELS_FIRST, Y),
        (X, Y, np.ones(20)),
        Pairs(X, Y),
        Pairs(CHANNELS_FIRST, Y.tolist()),
        Pairs(X, Y, targets=Y.tolist(), classes=["a", "b"]),
        generator(X, Y),
        generator(CHANNELS_FIRST, Y),
        ((x, int(y)) for x, y in zip(X, Y, strict=True)),
        [(X[:7], Y[:7]), (X[7:], Y[7:])],
    ],
    ids=[
        "arrays", "channels first", "weights", "pairs", "pairs, channels first", "torchvision",
        "batches", "batches, channels first", "examples", "list of batches",
    ],
)  # fmt: skip
def test_each_kind_of_data_trains_the_same_network(data):
    np.testing.assert_array_equal(weights_after(data, (4, 5, 3)), WANTED)


def test_a_data_set_stays_what_it_is():
    data = gn.Dataset(X, Y)
    assert as_dataset(data) is data


def test_a_memory_mapped_array_is_not_read_at_once(tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    data = as_dataset((mapped, Y), input_shape=(4, 5, 3))
    assert isinstance(data.streamed._source, MappedArray)
    np.testing.assert_array_equal(weights_after((mapped, Y), (4, 5, 3)), WANTED)


@pytest.mark.parametrize("kind", ["float32", "float64", "uint8"])
@pytest.mark.parametrize("shape", [(4, 5, 3), (4, 5, 1)], ids=["channels first", "grey"])
def test_memory_mapped_images_are_rearranged_as_those_in_memory_are(tmp_path, kind, shape):
    stored = (20, 3, 4, 5) if shape[2] == 3 else (20, 4, 5)
    x = RNG.integers(0, 256, stored).astype(kind)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    data = as_dataset((mapped, Y), input_shape=shape)
    assert isinstance(data.streamed._source, MappedArray)
    np.testing.assert_array_equal(data.x[:], as_dataset((x, Y), input_shape=shape).x)
    np.testing.assert_array_equal(weights_after((mapped, Y), shape), weights_after((x, Y), shape))


def test_a_rearranged_memory_mapped_array_is_read_a_part_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("glassnet.data.streaming._BLOCK_BYTES", 2**20)
    stored = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", "float32", (4000, 3, 32, 32))
    stored[7, 2, 1, 0] = 0.5
    stored.flush()
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    tracemalloc.start()
    try:
        data = as_dataset((mapped, np.arange(4000) % 2), input_shape=(32, 32, 3))
        assert data.x[[9, 7]][1, 1, 0, 2] == 0.5
        assert tracemalloc.get_traced_memory()[1] < mapped.nbytes / 10
    finally:
        tracemalloc.stop()


def test_validation_may_be_of_any_kind_too():
    first, second = trainer((4, 5, 3)), trainer((4, 5, 3))
    first.fit((X, Y), epochs=1, validation=Pairs(CHANNELS_FIRST, Y))
    second.fit(gn.Dataset(X, Y), epochs=1, validation=gn.Dataset(X, Y))
    assert first.history[0]["validation_loss"] == second.history[0]["validation_loss"]
    assert first.evaluate((X, Y)) == second.evaluate(gn.Dataset(X, Y))
    held_out = trainer((4, 5, 3)).fit(generator(X, Y), epochs=1, validation=0.25)
    assert "validation_loss" in held_out[0]


def test_a_map_style_data_set_is_asked_anew_in_each_epoch():
    pairs = Pairs(X, Y, targets=Y)
    network = trainer((4, 5, 3))
    network.fit(pairs, epochs=3)
    compared = np.linspace(0, 19, 10).astype(int).tolist()  # with the labels that are listed
    assert sorted(pairs.asked) == sorted([0, *compared, *list(range(20)) * 3])


def test_class_names_are_taken_over_where_they_fit():
    assert as_dataset(Pairs(X, Y, classes=["cat", "dog"])).class_names == ("cat", "dog")
    assert as_dataset(Pairs(X, Y, classes=["cat"])).class_names == ("0", "1")
    assert as_dataset(Pairs(X, Y.astype(float), classes=["cat", "dog"])).n_classes == 0


def test_bytes_that_are_images_are_divided_by_255():
    bytes_ = RNG.integers(0, 256, (6, 4, 4), dtype=np.uint8)
    y = np.arange(6) % 2
    for data in ((bytes_, y), Pairs(bytes_, y), [(bytes_, y)], zip(bytes_, y, strict=True)):
        read = as_dataset(data, input_shape=(4, 4, 1))
        assert read.input_shape == (4, 4, 1)
        np.testing.assert_allclose(read.x[:][..., 0], bytes_ / 255, rtol=1e-6)
    features = as_dataset([(bytes_[:, 0], y)])  # rows of bytes are no images
    np.testing.assert_array_equal(features.x, bytes_[:, 0])


def test_targets_of_a_regression():
    y = RNG.normal(size=(20, 2)).astype(np.float32)
    for data in ((X, y), Pairs(X, y), generator(X, y)):
        np.testing.assert_array_equal(as_dataset(data).y, y)


def test_float64_is_kept_for_a_network_of_float64():
    x = RNG.normal(size=(10, 3))
    layers = [gn.Dense(2, "softmax")]
    network = gn.Network(layers, input_shape=3, dtype="float64", seed=0)
    y = (x[:, 0] > 0).astype(int)
    one = gn.evaluate(network, (x, y), loss="categorical_cross_entropy")
    other = gn.evaluate(
        network, gn.Dataset(x, y, dtype="float64"), loss="categorical_cross_entropy"
    )
    assert one == other


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ("mnist", TypeError, "got a str; make one"),
        (3, TypeError, "got a int"),
        ({"x": X}, TypeError, "a dict has parts: give one, of .x"),
        ([X[0]], TypeError, r"pairs \(x, y\)"),
        (Pairs([], []), ValueError, "length 0"),
        (Pairs(X, Y[:5]), IndexError, "index 5"),
        (Pairs(["word"], [1]), TypeError, "real numbers"),
        (iter(()), ValueError, "gave nothing"),
        ([(X[:3], Y[:2])], ValueError, "3 examples and 2 labels"),
        ([(X[:2], Y[:2]), (X[:2, :3], Y[:2])], ValueError, r"differ in shape: \(4, 5, 3\), then"),
        ((X, Y, Y, Y), TypeError, "pairs"),
        (((X, Y), (X, Y)), TypeError, "one pair .* got a tuple of two; .* as validation="),
        (
            ([X[0], X[0, 1:]], [0, 1]),
            ValueError,
            r"shape: \(4, 5, 3\), then \(3, 5, 3\) at index 1",
        ),
        (([[[1], [1, 2]]], [0]), ValueError, "x must be one array, .* within item 0"),
        ((X, [Y, Y[1:]]), ValueError, r"y must be one array, .* \(20,\), then \(19,\)"),
    ],
)
def test_what_is_refused(data, error, words):
    with pytest.raises(error, match=words):
        as_dataset(data)


def test_a_data_frame_is_to_be_given_as_two_arrays():
    frame = pytest.importorskip("pandas").DataFrame({"a": [0.0, 1.0], "b": [1.0, 2.0], "c": [0, 1]})
    with pytest.raises(TypeError, match=r"a DataFrame .* \(frame\[features\].to_numpy\(\), frame"):
        trainer((2,)).fit(frame, epochs=1)
    arrays = (frame[["a", "b"]].to_numpy(), frame["c"].to_numpy())
    assert len(trainer((2,)).fit(arrays, epochs=1)) == 1


def test_a_tensor_that_requires_grad_is_to_be_detached():
    torch = pytest.importorskip("torch")
    x = torch.tensor(X, requires_grad=True)
    for data in ((x, Y), Pairs(x, Y), [(x, Y)]):
        with pytest.raises(TypeError, match=r"x is a tensor that requires grad; .* x\.detach\(\)"):
            as_dataset(data, input_shape=(4, 5, 3))
    np.testing.assert_array_equal(as_dataset((x.detach(), Y)).x, X)


def test_a_map_style_data_set_must_give_pairs():
    class Singles(Pairs):
        def __getitem__(self, row):
            return self.x[row]

    with pytest.raises(TypeError, match=r"pairs \(example, label\), got a ndarray from Singles"):
        as_dataset(Singles(X, Y))


def test_examples_that_are_wrong_are_told_when_their_turn_comes():
    odd = [*X[:3], X[3][:2]]
    data = as_dataset(Pairs(odd, Y[:4]))
    with pytest.raises(ValueError, match=r"example 3 has shape \(2, 5, 3\), example 0 \(4, 5, 3\)"):
        data.x[:]
    broken = X[:4].copy()
    broken[2, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="example 2 has values that are NaN"):
        trainer((4, 5, 3)).fit(Pairs(broken, Y[:4]), epochs=1)


def test_an_error_of_the_data_set_is_passed_on():
    class Broken(Pairs):
        def __getitem__(self, row):
            if row == 7:
                raise OSError("unreadable.jpg")
            return super().__getitem__(row)

    with pytest.raises(OSError, match=r"unreadable\.jpg"):
        trainer((4, 5, 3)).fit(Broken(X, Y, targets=Y), epochs=1)


def test_columns_are_named_for_tables_only():
    with pytest.raises(TypeError, match="columns of a table, got a tuple"):
        as_dataset((X, Y), target="y")


def test_a_resumed_training_with_random_transforms_goes_on(tmp_path):
    class Noisy(Pairs):
        def __getitem__(self, row):
            x, y = super().__getitem__(row)
            return x + RNG.normal(size=x.shape).astype(np.float32), y

    class Stop(gn.Callback):
        def on_epoch_end(self, trainer, record):
            trainer.interrupt()

    path = tmp_path / "checkpoint.npz"
    stopped = trainer((4, 5, 3))
    stopped.callbacks = [Stop(), gn.Checkpoint(path)]
    stopped.fit(Noisy(X, Y), epochs=2)
    again = trainer((4, 5, 3))
    again.resume(path)
    assert [record["epoch"] for record in again.fit(Noisy(X, Y), epochs=2)] == [1, 2]


def test_a_function_is_to_be_called():
    with pytest.raises(TypeError, match="a function is no data set: call it"):
        as_dataset(lambda: generator(X, Y))


def test_an_endless_generator_is_told_before_the_memory_is_full(monkeypatch) -> None:
    monkeypatch.setattr("glassnet.data.conversion._memory", lambda: 10 * X.nbytes)
    with pytest.raises(ValueError, match=r"and goes on\. Of an endless one give a part"):
        as_dataset(itertools.repeat((X, Y)))
    assert len(as_dataset(itertools.islice(itertools.repeat((X, Y)), 4))) == 4 * len(X)


@pytest.mark.parametrize(
    "attributes",
    [
        {"target_transform": abs},
        {"transforms": lambda image, label: (image, label)},
        {"transforms": type("StandardTransform", (), {"target_transform": abs})()},
        {},
    ],
    ids=["target", "both", "standard", "none that is named"],
)
def test_labels_that_are_changed_are_not_those_that_are_listed(attributes):
    pairs = Pairs(X, 1 - Y, targets=Y, **attributes)
    np.testing.assert_array_equal(as_dataset(pairs).y, 1 - Y)


def test_listed_labels_are_taken_where_none_is_changed():
    unchanged = type("StandardTransform", (), {"target_transform": None})()
    pairs = Pairs(X, Y, targets=Y, target_transform=None, transforms=unchanged)
    np.testing.assert_array_equal(as_dataset(pairs).y, Y)
    assert len(pairs.asked) == 11


def test_single_examples_have_one_number_to_predict():
    with pytest.raises(ValueError, match=r"x of shape \(3,\) and y of shape \(3,\); single exam"):
        as_dataset([(np.ones(3), np.array([0.0, 1.0, 0.0]))] * 3)
