import numpy as np
import pytest

import glassnet as gn
from glassnet.data import as_dataset

datasets = pytest.importorskip("datasets")
Image = pytest.importorskip("PIL.Image")
RNG = np.random.default_rng(0)


def images(count=12, shape=(6, 5, 3)):
    return RNG.integers(0, 256, (count, *shape), dtype=np.uint8)


def table_of(pictures, labels, names=("cat", "dog")):
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=list(names))}
    )
    pictures = [Image.fromarray(picture) for picture in pictures]
    return datasets.Dataset.from_dict({"image": pictures, "label": labels}, features=features)


def test_a_table_of_images_trains_a_network_as_arrays_do():
    pictures, labels = images(), np.arange(12) % 2
    theta = []
    for data in (table_of(pictures, labels), gn.Dataset(gn.scale_to_unit(pictures), labels)):
        layers = [gn.Conv2D(3, 3, "relu"), gn.Flatten(), gn.Dense(2, "softmax")]
        network = gn.Network(layers, input_shape=(6, 5, 3), seed=0)
        gn.Trainer(network, loss="categorical_cross_entropy", engine="numpy").fit(data, epochs=2)
        theta.append(network.theta)
    np.testing.assert_array_equal(*theta)


def test_images_are_decoded_when_needed_and_names_are_those_of_the_classes():
    pictures, labels = images(), np.arange(12) % 2
    data = as_dataset(table_of(pictures, labels), name="pets")
    assert data.streamed is not None
    assert data.class_names == ("cat", "dog")
    assert repr(data) == "Dataset('pets', 12 examples of shape (6, 5, 3), 2 classes)"
    np.testing.assert_allclose(data.x[[3, 1]], pictures[[3, 1]] / 255, rtol=1e-6)


def test_grey_images_get_their_axis():
    pictures = images(shape=(6, 5))
    data = as_dataset(table_of(pictures, np.arange(12) % 2), input_shape=(6, 5, 1))
    np.testing.assert_allclose(data.x[:][..., 0], pictures / 255, rtol=1e-6)


def test_columns_of_numbers_are_the_features_and_words_are_left_out():
    columns = {
        "height": [1.0, 2.0, 3.0], "age": [4, 5, 6], "name": ["a", "b", "c"], "label": [0, 1, 0],
    }  # fmt: skip
    data = as_dataset(datasets.Dataset.from_dict(columns))
    np.testing.assert_array_equal(data.x, [[1, 4], [2, 5], [3, 6]])
    np.testing.assert_array_equal(data.y, [0, 1, 0])
    chosen = as_dataset(datasets.Dataset.from_dict(columns), inputs="age", target="height")
    np.testing.assert_array_equal(chosen.x, [[4], [5], [6]])
    assert chosen.n_classes == 0


def test_a_column_of_vectors():
    x = RNG.normal(size=(4, 3)).astype(np.float32)
    data = as_dataset(datasets.Dataset.from_dict({"x": x.tolist(), "y": [0, 1, 1, 0]}))
    np.testing.assert_allclose(data.x, x, rtol=1e-6)
    both = datasets.Dataset.from_dict({"a": x.tolist(), "b": [1.0, 2.0, 3.0, 4.0], "y": [0] * 4})
    assert as_dataset(both, inputs=["a", "b"]).input_shape == (4,)


def test_numpy_format_makes_no_difference():
    pictures, labels = images(), np.arange(12) % 2
    plain = table_of(pictures, labels)
    np.testing.assert_array_equal(
        as_dataset(plain.with_format("numpy")).x[:], as_dataset(plain).x[:]
    )


def test_the_only_class_labels_are_what_is_predicted():
    features = datasets.Features(
        {"width": datasets.Value("float32"), "kind": datasets.ClassLabel(names=["a", "b"])}
    )
    table = datasets.Dataset.from_dict({"width": [1.0, 2.0], "kind": [1, 0]}, features=features)
    data = as_dataset(table)
    assert data.class_names == ("a", "b")
    np.testing.assert_array_equal(data.y, [1, 0])


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        ({"a": [1.0], "b": [2.0]}, {}, "which column is to be predicted\\? There are a, b"),
        ({"a": ["word"], "label": [0]}, {}, "which columns does the network see"),
        ({"a": [1.0], "label": [0]}, {"target": "lab"}, "lab"),
        ({"a": [1.0], "label": [0]}, {"inputs": ["b"]}, "b"),
        ({"a": [], "label": []}, {}, "without rows"),
    ],
)
def test_what_is_refused(columns, options, words):
    with pytest.raises(ValueError, match=words):
        as_dataset(datasets.Dataset.from_dict(columns), **options)


def test_images_of_different_sizes_are_told():
    table = table_of([images(1)[0], images(1, (3, 3, 3))[0]], [0, 1])
    with pytest.raises(ValueError, match=r"example 1 has shape \(3, 3, 3\)"):
        as_dataset(table).x[:]


def test_what_is_no_single_table_is_refused_with_what_to_give() -> None:
    table = datasets.Dataset.from_dict({"x": [0.0, 1.0], "label": [0, 1]})
    with pytest.raises(TypeError, match=r"a DatasetDict has parts: give one, of 'train', 'test'"):
        as_dataset(datasets.DatasetDict(train=table, test=table))
    with pytest.raises(TypeError, match=r"an? IterableDataset .* without streaming"):
        as_dataset(table.to_iterable_dataset())


def scaled(batch):
    return {"image": [np.asarray(i)[::2] / 255 for i in batch["image"]], "label": batch["label"]}


def added(batch):
    batch["pixel_values"] = [np.asarray(i)[::2] / 255 for i in batch["image"]]
    return batch


@pytest.mark.parametrize(
    "transform",
    [
        scaled,
        added,
        lambda b: {"image": scaled(b)["image"]},
        lambda b: {"pixel_values": np.stack(scaled(b)["image"]), "labels": b["label"]},
        lambda b: {"halved": scaled(b)["image"]},
    ],
    ids=["in place", "a further column", "no labels", "new names", "an unknown name"],
)
def test_a_transform_makes_the_images_that_a_network_is_trained_on(transform):
    pictures, labels = images(), np.arange(12) % 2
    theta = []
    for data in (
        table_of(pictures, labels).with_transform(transform),
        gn.Dataset(pictures[:, ::2] / 255, labels),
    ):
        layers = [gn.Flatten(), gn.Dense(2, "softmax")]
        network = gn.Network(layers, input_shape=(3, 5, 3), seed=0)
        gn.Trainer(network, loss="categorical_cross_entropy", engine="numpy").fit(data, epochs=2)
        theta.append(network.theta)
    np.testing.assert_allclose(*theta, rtol=1e-6)
    assert as_dataset(table_of(pictures, labels).with_transform(transform)).class_names == (
        "cat",
        "dog",
    )


def test_a_transform_makes_images_anew_in_each_epoch():
    calls = []

    def counted(batch):
        calls.extend(batch["image"])
        return scaled(batch)

    network = gn.Network([gn.Flatten(), gn.Dense(2, "softmax")], input_shape=(3, 5, 3))
    trainer = gn.Trainer(network, loss="categorical_cross_entropy", engine="numpy")
    table = table_of(images(), np.arange(12) % 2).with_transform(counted)
    trainer.fit(table, epochs=3)
    assert len(calls) == 3 * 12 + 2  # of the first image the columns and the shape are learned


def test_a_transform_may_make_labels_and_vectors():
    columns = {"a": np.arange(600.0), "b": np.ones(600)}
    table = datasets.Dataset.from_dict(columns).with_transform(
        lambda b: {"a": [v / 2 for v in b["a"]], "b": b["b"], "odd": [int(v % 2) for v in b["a"]]}
    )
    data = as_dataset(table, inputs=["a", "b"], target="odd")
    np.testing.assert_array_equal(data.x[:], np.stack([columns["a"] / 2, columns["b"]], 1))
    np.testing.assert_array_equal(data.y, np.arange(600) % 2)
    assert as_dataset(table, inputs="a", target="odd").input_shape == (1,)


def test_a_transform_that_loses_rows_or_columns_is_told():
    table = table_of(images(), np.arange(12) % 2)
    fewer = table.with_transform(lambda b: {"image": scaled(b)["image"][:3]})
    with pytest.raises(ValueError, match="3 values in column 'image' for 12 rows"):
        as_dataset(fewer).x[:]
    fickle = table.with_transform(lambda b: scaled(b) if len(b["image"]) == 1 else {"label": [0]})
    with pytest.raises(ValueError, match="unknown column of what the table gives 'image'"):
        as_dataset(fickle).x[:]
    with pytest.raises(ValueError, match=r"which columns does the network see\? There are p, q"):
        as_dataset(table.with_transform(lambda b: {"p": b["image"], "q": b["image"]}))


def test_a_format_of_some_columns_hides_none():
    table = table_of(images(), np.arange(12) % 2)
    data = as_dataset(table.with_format("numpy", columns=["label"]))
    np.testing.assert_array_equal(data.x[:], as_dataset(table).x[:])
    np.testing.assert_array_equal(as_dataset(table.with_format("numpy", columns=[])).y, data.y)


@pytest.mark.parametrize(
    ("columns", "error", "words"),
    [
        ({"a": [1.0, None], "label": [0, 1]}, ValueError, "column 'a' has no value in row 1; fill"),
        ({"x": [[1.0, 2.0], [None, 1.0]], "y": [0, 1]}, ValueError, "'x' has no value in row 1"),
        ({"a": [1.0, 2.0], "label": [0, None]}, ValueError, "'label' has no value in row 1"),
        ({"x": [[1.0], [1.0, 2.0]], "y": [0, 1]}, ValueError, r"'x' has shape \(2,\) in row 1"),
        ({"x": [[[1.0], [1.0, 2.0]]], "y": [0]}, ValueError, "different lengths in row 0"),
        ({"a": [1.0, 2.0], "label": ["p", "q"]}, TypeError, "class_encode_column\\('label'\\)"),
    ],
)
def test_a_column_without_numbers_is_named(columns, error, words):
    with pytest.raises(error, match=words):
        as_dataset(datasets.Dataset.from_dict(columns))


@pytest.mark.parametrize("form", [None, "numpy"])
@pytest.mark.parametrize("kind", ["array", "lists"])
def test_bytes_of_images_in_arrays_are_scaled(form, kind):
    pictures = images(4)
    kinds = {
        "array": datasets.Array3D((6, 5, 3), "uint8"),
        "lists": datasets.List(datasets.List(datasets.List(datasets.Value("uint8")))),
    }
    features = datasets.Features({"image": kinds[kind], "label": datasets.Value("int64")})
    columns = {"image": pictures.tolist(), "label": [0, 1, 0, 1]}
    table = datasets.Dataset.from_dict(columns, features=features).with_format(form)
    np.testing.assert_array_equal(as_dataset(table).x, gn.scale_to_unit(pictures))


def test_images_with_a_palette_have_their_colours():
    colours = RNG.integers(0, 256, (3, 3), dtype=np.uint8)
    pictures = colours[RNG.integers(0, 3, (4, 6, 5))]
    table = table_of([], [])
    with_palette = [Image.fromarray(picture).quantize(3) for picture in pictures]
    assert {picture.mode for picture in with_palette} == {"P"}
    columns = {"image": with_palette, "label": [0, 1, 0, 1]}
    table = datasets.Dataset.from_dict(columns, features=table.features)
    np.testing.assert_allclose(as_dataset(table).x[:], gn.scale_to_unit(pictures), atol=1e-6)


def test_inputs_that_name_no_column_are_refused():
    table = datasets.Dataset.from_dict({"x": [1.0, 2.0], "y": [0, 1]})
    with pytest.raises(ValueError, match="inputs names no column; there are x, y"):
        as_dataset(table, inputs=[])
