import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import glassnet as gn
from glassnet.tracking import tensorboard

pytest.importorskip("tensorboardX")
accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
plugin_data_pb2 = pytest.importorskip("tensorboard.plugins.hparams.plugin_data_pb2")


def read(folder):
    events = accumulator.EventAccumulator(str(folder), size_guidance=dict.fromkeys(
        ("scalars", "histograms", "images", "tensors"), 0
    ))  # fmt: skip
    return events.Reload()


def scalars(events, tag):
    return [(event.step, event.value) for event in events.Scalars(tag)]


def test_scalars_are_the_history(tmp_path, trainer_with, images):
    trainer = trainer_with(gn.TensorBoard(tmp_path))
    history = trainer.fit(images, epochs=3, validation=0.2)
    events = read(tmp_path)
    for tag, key in (
        ("loss/training", "loss"),
        ("accuracy/validation", "validation_accuracy"),
        ("learning_rate", "learning_rate"),
    ):
        written = scalars(events, tag)
        assert [step for step, _ in written] == [1, 2, 3]
        np.testing.assert_allclose([value for _, value in written], history.column(key), rtol=1e-6)


def test_histograms_are_of_the_numbers_after_the_epoch(tmp_path, trainer_with, images):
    trainer = trainer_with(gn.TensorBoard(tmp_path))
    trainer.fit(images, epochs=2)
    events = read(tmp_path)
    names = {name.replace(".", "/") for name in trainer.network.numbers()}
    assert names == set(events.Tags()["histograms"])
    assert "batchnormalization_1/running_mean" in names
    last = events.Histograms("dense_1/W")[-1]
    W = trainer.network.layers[1].W.value
    assert last.step == 2
    assert last.histogram_value.num == W.size
    np.testing.assert_allclose(last.histogram_value.min, W.min(), rtol=1e-6)


def test_the_first_layer_is_a_picture(tmp_path, trainer_with, images):
    pytest.importorskip("matplotlib")
    trainer_with(gn.TensorBoard(tmp_path, histograms=False)).fit(images, epochs=2)
    events = read(tmp_path)
    assert [image.step for image in events.Images("first_layer_weights")] == [1, 2]
    assert events.Images("first_layer_weights")[0].encoded_image_string.startswith(b"\x89PNG")
    assert events.Tags()["histograms"] == []


def test_pictures_may_come_less_often(tmp_path, trainer_with, images):
    trainer_with(gn.TensorBoard(tmp_path, every=3)).fit(images, epochs=7)
    written = read(tmp_path).Histograms("dense_1/W")
    assert [histogram.step for histogram in written] == [1, 3, 6, 7]


def test_settings_are_hyperparameters_and_text(tmp_path, trainer_with, images):
    trainer_with(gn.TensorBoard(tmp_path)).fit(images, epochs=1, validation=0.2)
    events = read(tmp_path)
    text = events.Tensors("settings/phase 1/text_summary")[0].tensor_proto.string_val[0].decode()
    assert "| optimizer.momentum | 0.9 |" in text
    content = {
        tag: plugin_data_pb2.HParamsPluginData.FromString(raw)
        for tag, raw in events.PluginTagToContent("hparams").items()
    }
    start = content["_hparams_/session_start_info"].session_start_info.hparams
    assert start["optimizer.momentum"].number_value == 0.9
    assert start["optimizer.type"].string_value == "SGD"
    columns = content["_hparams_/experiment"].experiment.metric_infos
    assert "accuracy/validation" in {column.name.tag for column in columns}
    assert content["_hparams_/session_end_info"].HasField("session_end_info")


def test_a_resumed_training_shows_no_epoch_twice(tmp_path, trainer_with, images):
    checkpoint = tmp_path / "checkpoint.npz"
    first = trainer_with(gn.TensorBoard(tmp_path / "board"), gn.Checkpoint(checkpoint))
    first.fit(images, epochs=2)
    kept = checkpoint.read_bytes()
    first = trainer_with(gn.TensorBoard(tmp_path / "board"), gn.Checkpoint(checkpoint))
    first.resume(checkpoint)
    first.fit(images, epochs=4)  # two epochs more, whose checkpoint is lost
    checkpoint.write_bytes(kept)
    second = trainer_with(gn.TensorBoard(tmp_path / "board"), gn.Checkpoint(checkpoint))
    second.resume(checkpoint)
    history = second.fit(images, epochs=4)
    written = scalars(read(tmp_path / "board"), "loss/training")
    assert [step for step, _ in written] == [1, 2, 3, 4]
    np.testing.assert_allclose([v for _, v in written], history.column("loss"), rtol=1e-6)


def test_phases_follow_each_other(tmp_path, trainer_with, images):
    trainer = trainer_with(gn.TensorBoard(tmp_path))
    trainer.fit(images, epochs=2)
    trainer.fit(images, epochs=1, batch_size=10)
    events = read(tmp_path)
    assert [step for step, _ in scalars(events, "loss/training")] == [1, 2, 3]
    assert "settings/phase 2/text_summary" in events.Tags()["tensors"]


def test_phases_of_two_trainings_with_one_callback_stay_apart(tmp_path, trainer_with, images):
    callback = gn.TensorBoard(tmp_path)
    one, other = trainer_with(callback), trainer_with(callback)
    for trainer in (one, other, one):
        trainer.fit(images, epochs=1)
    assert [step for step, _ in scalars(read(tmp_path), "loss/training")] == [1, 2]
    assert [s for s, _ in scalars(read(tmp_path / "training_2"), "loss/training")] == [1]


def test_a_training_that_fails_leaves_what_it_has(tmp_path, trainer_with, images):
    class Fails(gn.Callback):
        def on_epoch_end(self, trainer, record):
            if record["epoch"] == 2:
                raise OSError("disk full")

    trainer = trainer_with(gn.TensorBoard(tmp_path), Fails())
    with pytest.raises(OSError, match="disk full"):
        trainer.fit(images, epochs=5)
    assert [step for step, _ in scalars(read(tmp_path), "loss/training")] == [1, 2]


def test_without_tensorboardx_the_extra_is_named(monkeypatch, tmp_path, trainer_with, images):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"pip install 'glassnet\[tensorboard\]'"):
        trainer_with(gn.TensorBoard(tmp_path)).fit(images, epochs=1)


def test_a_folder_that_cannot_be_made_is_told_before_the_first_step(tmp_path, trainer_with, images):
    (tmp_path / "file").write_text("")
    for folder, words in (
        ("file", "file is a file; TensorBoard takes a folder"),
        ("file/in", "file"),
    ):
        trainer = trainer_with(gn.TensorBoard(tmp_path / folder))
        with pytest.raises(NotADirectoryError, match=words):
            trainer.fit(images, epochs=1)
        assert len(trainer.history) == 0


def test_a_folder_must_be_a_path():
    with pytest.raises(TypeError, match="folder must be a path, got 3"):
        gn.TensorBoard(3)


def test_without_matplotlib_there_are_no_pictures(monkeypatch, tmp_path, trainer_with, images):
    monkeypatch.setattr(tensorboard, "installed", lambda module: False)
    trainer_with(gn.TensorBoard(tmp_path)).fit(images, epochs=1)
    assert read(tmp_path).Tags()["images"] == []


def test_another_training_in_the_same_folder_is_kept_apart(tmp_path, trainer_with, images):
    callback = gn.TensorBoard(tmp_path / "board")
    trainer_with(callback).fit(images, epochs=4)
    again = trainer_with(callback, learning_rate=0.05)
    again.fit(images, epochs=1)
    again.fit(images, epochs=1)  # a phase is no other training
    trainer_with(gn.TensorBoard(tmp_path / "board")).fit(images, epochs=3)
    places = [tmp_path / "board" / place for place in (".", "training_2", "training_3")]
    epochs = [len(scalars(read(place), "loss/training")) for place in places]
    assert epochs == [4, 2, 3]
    raw = read(places[1]).PluginTagToContent("hparams")["_hparams_/session_start_info"]
    start = plugin_data_pb2.HParamsPluginData.FromString(raw).session_start_info.hparams
    assert start["optimizer.learning_rate"].number_value == 0.05


@pytest.mark.parametrize("exists", [True, False])
def test_of_trainings_that_begin_at_once_each_has_its_place(
    monkeypatch, tmp_path, trainer_with, images, exists
):
    all_have_a_place = threading.Barrier(3, timeout=60)

    class Waits(tensorboard.require("tensorboardX", "tensorboard").SummaryWriter):
        def __init__(self, *args, **options):
            all_have_a_place.wait()
            super().__init__(*args, **options)

    monkeypatch.setattr("tensorboardX.SummaryWriter", Waits)
    board = tmp_path / "board"
    if exists:
        board.mkdir()

    def train(epochs):
        callback = gn.TensorBoard(board, images=False)
        return trainer_with(callback).fit(images, epochs=epochs)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(train, (1, 2, 3)))
    places = [board, board / "training_2", board / "training_3"]
    assert sorted(len(scalars(read(p), "loss/training")) for p in places) == [1, 2, 3]
    assert [len(list(place.glob("events.*"))) for place in places] == [1, 1, 1]
    assert not list(board.glob(".*"))


def test_the_last_training_in_a_folder_is_the_one_that_is_resumed(tmp_path, trainer_with, images):
    checkpoint = tmp_path / "checkpoint.npz"
    trainer_with(gn.TensorBoard(tmp_path)).fit(images, epochs=1)
    trainer_with(gn.TensorBoard(tmp_path), gn.Checkpoint(checkpoint)).fit(images, epochs=2)
    again = trainer_with(gn.TensorBoard(tmp_path), gn.Checkpoint(checkpoint))
    again.resume(checkpoint)
    again.fit(images, epochs=3)
    steps = [step for step, _ in scalars(read(tmp_path / "training_2"), "loss/training")]
    assert steps == [1, 2, 3]
    assert len(scalars(read(tmp_path), "loss/training")) == 1
