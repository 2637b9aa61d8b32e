import itertools
import math

import pytest

from glassnet.figures import learning_curves


def records(epochs, **extra):
    return [
        {
            "epoch": e,
            "phase": 1,
            "loss": 1 / e,
            "accuracy": 1 - 0.5 / e,
            "validation_loss": 1.1 / e,
            "validation_accuracy": 0.9 - 0.5 / e,
            "batch_size": 32,
            "learning_rate": 0.1,
            **extra,
        }
        for e in range(1, epochs + 1)
    ]


def line(axes, label):
    return next(item for item in axes.lines if item.get_label() == label)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_a_classifier_has_a_panel_of_loss_and_one_of_accuracy():
    figure = learning_curves(records(5))
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy (%)"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["epoch", "epoch"]


def test_a_regression_has_no_panel_of_accuracy():
    figure = learning_curves(
        [{"epoch": 1, "loss": 2.0, "accuracy": None}, {"epoch": 2, "loss": 1.0}]
    )
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss"]


def test_accuracy_is_drawn_in_per_cent():
    _, accuracy = learning_curves(records(4)).axes
    assert line(accuracy, "training").get_ydata() == pytest.approx([50, 75, 250 / 3, 87.5])


def test_the_best_validation_epoch_is_marked_with_its_value():
    history = records(5)
    history[2]["validation_accuracy"] = 0.9575
    history[1]["validation_loss"] = 0.0123
    loss, accuracy = learning_curves(history).axes
    assert line(accuracy, "best").get_xydata().tolist() == [[3, 95.75]]
    assert accuracy.get_title(loc="left") == "○ best validation accuracy 95.75 %, epoch 3"
    assert line(loss, "best").get_xydata().tolist() == [[2, 0.0123]]
    assert loss.get_title(loc="left") == "○ best validation loss 0.0123, epoch 2"


def test_without_validation_the_best_training_epoch_is_marked():
    (axes,) = learning_curves([{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 3.0}]).axes
    assert axes.get_title(loc="left") == "○ best training loss 2, epoch 1"


def test_of_equally_good_epochs_the_first_is_marked():
    history = [{"epoch": e, "loss": loss} for e, loss in ((1, 3.0), (2, 1.0), (3, 1.0))]
    (axes,) = learning_curves(history).axes
    assert axes.get_title(loc="left") == "○ best training loss 1, epoch 2"


def test_validation_is_called_by_its_name_at_the_end_of_its_line():
    loss, accuracy = learning_curves(records(5), validation_name="test").axes
    assert {"training", "test"} <= set(texts(loss))
    assert {"training", "test"} <= set(texts(accuracy))


def test_names_at_the_ends_of_near_lines_keep_apart():
    history = [{"epoch": e, "loss": 1 / e, "validation_loss": 1 / e} for e in range(1, 4)]
    (axes,) = learning_curves(history).axes
    heights = sorted(text.get_position()[1] for text in axes.texts)
    assert heights[1] - heights[0] > 0.08
    assert 0 <= heights[0] < heights[1] <= 1


def test_epochs_without_validation_leave_the_line_through_the_others():
    history = records(6)
    for record in history:
        if record["epoch"] % 3:
            record["validation_loss"] = None
            del record["validation_accuracy"]
    loss, accuracy = learning_curves(history).axes
    assert line(loss, "validation").get_xdata().tolist() == [3, 6]
    assert line(accuracy, "validation").get_xdata().tolist() == [3, 6]


def test_a_single_epoch_is_a_marker_at_a_whole_tick():
    loss, _ = learning_curves(records(1)).axes
    assert line(loss, "training").get_marker() == "o"
    low, high = loss.get_xlim()
    assert [t for t in loss.get_xticks() if low <= t <= high] == [1]


def test_three_hundred_epochs_are_a_line_without_markers():
    loss, _ = learning_curves(records(300)).axes
    assert line(loss, "training").get_marker() == "None"


def test_phases_are_parted_by_lines_that_say_what_changed():
    history = records(4) + [
        {**r, "epoch": r["epoch"] + 4, "phase": 2, "batch_size": 50, "learning_rate": 0.71}
        for r in records(4)
    ]
    loss, _ = learning_curves(history).axes
    parting = [item for item in loss.lines if len(set(item.get_xdata())) == 1]
    assert [item.get_xdata()[0] for item in parting if item.get_label() != "best"] == [4.5]
    assert {"batch 32\nrate 0.1", "batch 50\nrate 0.71"} <= set(texts(loss))


def test_a_single_phase_has_no_parting_line_and_no_label():
    loss, _ = learning_curves(records(4)).axes
    assert set(texts(loss)) == {"training", "validation"}
    assert {item.get_label() for item in loss.lines} == {"training", "validation", "best"}


def test_a_rate_that_falls_within_a_phase_is_told_from_its_start_to_its_end():
    history = records(20)
    for record in history:
        record["phase"] = 1 if record["epoch"] <= 10 else 2
        record["learning_rate"] = 1.0 if record["epoch"] <= 10 else 2 / record["epoch"]
    figure = learning_curves(history)
    assert "batch 32\nrate 0.182 to 0.1" in texts(figure.axes[0])


def test_phases_too_narrow_for_labels_are_numbered_and_told_below():
    history = records(100)
    for record in history:
        record["phase"] = min(3, 1 + record["epoch"] // 45)
    figure = learning_curves(history)
    assert {"(1)", "(2)", "(3)"} <= set(texts(figure.axes[0]))
    note = figure.get_supxlabel().replace("\n", "; ")
    assert note == "; ".join(f"({n}) batch 32, rate 0.1" for n in (1, 2, 3))


def test_phases_without_settings_are_numbered_in_a_crowd_without_overlap():
    history = [{"epoch": e, "phase": e, "loss": 1.0, "batch_size": e} for e in range(1, 41)]
    del history[0]["batch_size"]
    figure = learning_curves(history)
    numbers = [text for text in figure.axes[0].texts if text.get_text().startswith("(")]
    starts = [text.get_position()[0] for text in numbers]
    assert 1 < len(starts) < 20
    assert min(b - a for a, b in itertools.pairwise(starts)) > 3
    assert figure.get_supxlabel().startswith("(1) settings unknown; (2) batch 2")


def test_a_loss_that_falls_far_gets_a_logarithmic_axis():
    history = [{"epoch": e, "loss": 10.0**-e} for e in range(1, 6)]
    (axes,) = learning_curves(history).axes
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == "loss (logarithmic)"
    axes.figure.draw_without_rendering()
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert {"0.1", "0.01", "0.001", "0.0001"} <= set(labels)


def test_a_loss_of_zero_keeps_a_linear_axis():
    (axes,) = learning_curves([{"epoch": 1, "loss": 5.0}, {"epoch": 2, "loss": 0.0}]).axes
    assert axes.get_yscale() == "linear"


def test_a_divergence_is_told_with_its_epoch():
    history = records(4)
    history[3]["loss"] = math.nan
    loss, accuracy = learning_curves(history).axes
    assert loss.get_title(loc="left").endswith("; not finite from epoch 4")
    assert "not finite" not in accuracy.get_title(loc="left")


def test_a_loss_that_was_never_finite_leaves_a_panel_that_says_so():
    loss, _ = learning_curves([{"epoch": 1, "loss": math.inf, "accuracy": 0.1}]).axes
    assert texts(loss) == ["no finite value"]


def test_accuracies_near_one_leave_no_room_far_above_100_per_cent():
    history = [{"epoch": e, "loss": 1.0, "accuracy": a} for e, a in ((1, 0.1), (2, 1.0))]
    _, accuracy = learning_curves(history).axes
    assert 100 < accuracy.get_ylim()[1] <= 101


def test_the_title_stands_above_and_takes_dollars_as_they_are():
    figure = learning_curves(records(2), title="$5 or $6")
    assert figure.get_suptitle() == "$5 or $6"
    assert not next(t for t in figure.texts if t.get_text() == "$5 or $6").get_parse_math()


def test_nothing_is_cut_off_at_the_edges():
    history = records(30, phase=1)
    figure = learning_curves(history, validation_name="held-out examples")
    figure.draw_without_rendering()
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height


def test_no_record_is_refused():
    with pytest.raises(ValueError, match="records is empty; train for at least one epoch"):
        learning_curves([])


def test_a_record_without_an_epoch_is_refused():
    with pytest.raises(ValueError, match=r"records\[1\] has epoch None"):
        learning_curves([{"epoch": 1, "loss": 1.0}, {"loss": 1.0}])
