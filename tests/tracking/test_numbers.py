import math

from glassnet.tracking.numbers import flat, measurements, settings_of


def test_a_tree_becomes_one_table():
    tree = {"a": 1, "b": {"c": [{"d": 2}, 3], "e": {}}, "f": [], "g": None, "h": False}
    assert flat(tree) == {"a": 1, "b.c.1.d": 2, "b.c.2": 3, "h": False}


def test_a_record_is_told_by_metric_and_set():
    record = {
        "epoch": 3, "phase": 1, "batch_size": 20, "steps": 9, "learning_rate": 0.1,
        "loss": 0.5, "accuracy": None, "per_class_recall": [0.25, None, math.nan],
        "validation_loss": math.inf, "validation_accuracy": 0.75, "seconds": 2,
    }  # fmt: skip
    assert measurements(record) == {
        "learning_rate": 0.1,
        "loss/training": 0.5,
        "per_class_recall/training/0": 0.25,
        "accuracy/validation": 0.75,
        "seconds/training": 2.0,
    }


def test_what_was_measured_on_the_test_set_is_told_as_such():
    measured = {"examples": 10, "loss": 0.5, "test_time": {"accuracy": 1.0}}
    assert measurements(measured, "test") == {"loss/test": 0.5}


def test_settings_name_optimizer_augmentation_and_layers(trainer_with, images):
    trainer = trainer_with()
    trainer.fit(images, epochs=1)
    settings = settings_of(trainer)
    assert settings["optimizer.type"], settings["optimizer.momentum"] == ("SGD", 0.9)
    assert settings["augmentation.1.type"] == "RandomFlip"
    assert settings["layers.04"] == "Dense(2, Softmax())"
    assert settings["engine"] == "numpy"
    assert settings["parameters"] == trainer.network.theta.size
