import json
import shutil
import struct
import textwrap
import zlib
from html.parser import HTMLParser

import pytest

from glassnet.report import run_page, write_run_page

VOID = {"meta", "link", "img", "br", "hr"}

RECIPE = """
name = "digits"
title = "Handwritten digits"
description = "Small & quick."

[data]
name = "digits"
validation = "test"

[network]
layers = [{ type = "Dense", units = 32, activation = "relu" }, { type = "Dense", units = 2 }]

[training]
seed = 7
loss = "cross_entropy"

[[training.phases]]
epochs = 2
batch_size = 1000
optimizer = { name = "SGD", learning_rate = 0.1, momentum = 0.8 }

[[training.phases]]
epochs = 1
batch_size = 50
optimizer = { name = "SGD", learning_rate = 0.71 }
schedule = { name = "cosine", final_rate = 0.01 }
"""

RESULT = {
    "status": "finished",
    "message": "",
    "epochs": 3,
    "seconds": 125.0,
    "parameters": 25450,
    "summary": [
        {"name": "dense_1", "layer": "Dense(32)", "output_shape": [32], "parameters": 25120},
        {"name": "dense_2", "layer": "Dense(10)", "output_shape": [4, 5], "parameters": 330},
    ],
    "validation_name": "validation",
    "test": {"examples": 10000, "loss": 0.4, "accuracy": 0.9575, "per_class_recall": [0.99, 0.92]},
    "class_names": ["cat", "dog"],
}

HISTORY = [
    {
        "epoch": e,
        "phase": 1 + e // 3,
        "loss": 1 / e,
        "accuracy": 1 - 0.5 / e,
        "validation_loss": 1.5 / e,
        "validation_accuracy": (0.7, 0.9, 0.8)[e - 1],
        "learning_rate": 0.1,
        "batch_size": 1000,
        "steps": 12345,
        "seconds": 0.5,
    }
    for e in (1, 2, 3)
]


def png(width=4, height=2):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((1 + width) * height))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


PICTURES = ("learning_curves", "confusion_matrix", "misclassified", "first_layer_weights")


class Page(HTMLParser):
    """A page's elements, texts and tables; it fails on tags that aren't closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.words = [], [], []
        self.tables, self.texts = [], {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"th", "td"}:
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.words.append(" ")

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.words.append(data)
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data
        for tag in self.open:
            self.texts.setdefault(tag, []).append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def table(self, first_heading):
        """Return the rows of the table whose first heading is this one."""
        for table in self.tables:
            if table[0][0].strip() == first_heading:
                return [[" ".join(cell.split()) for cell in row] for row in table]
        raise AssertionError(f"no table begins with {first_heading!r}")

    def facts(self):
        return dict(
            zip(
                self.texts.get("dt", []),
                [" ".join(text.split()) for text in self.texts.get("dd", [])],
                strict=True,
            )
        )


@pytest.fixture
def folder(tmp_path):
    run = tmp_path / "run"
    (run / "figures").mkdir(parents=True)
    (run / "recipe.toml").write_text(RECIPE)
    put_history(run, HISTORY)
    put_result(run)
    (run / "versions.json").write_text(json.dumps({"glassnet": "0.1.0", "numpy": "2.4.6"}))
    for name in PICTURES:
        (run / "figures" / f"{name}.png").write_bytes(png())
    return run


def put_history(run, records):
    (run / "history.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))


def put_result(run, **changes):
    (run / "result.json").write_text(json.dumps({**RESULT, **changes}))


def put_recipe(run, text):
    (run / "recipe.toml").write_text(textwrap.dedent(text))


def page(run):
    return Page(run_page(run))


def test_the_page_is_well_formed_and_says_its_language(folder):
    shown = page(folder)  # the parser fails on tags out of order
    assert run_page(folder).startswith("<!DOCTYPE html>")
    assert shown.all("html") == [{"lang": "en"}]
    assert "".join(shown.texts["title"]) == "Handwritten digits · glassnet"


def test_nothing_is_loaded_from_outside(folder):
    text = run_page(folder)
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text
    assert "url(" not in text
    sources = [a.get("src") or a.get("href") for _, a in page(folder).elements]
    assert {s.split(":")[0] for s in sources if s} == {"data"}
    assert page(folder).all("script") == []


def test_the_headline_is_the_test_accuracy_with_its_interval(folder):
    shown = page(folder)
    assert "".join(shown.texts["strong"]) == "95.75\N{NO-BREAK SPACE}%"
    assert "test accuracy 9,575 of 10,000 test examples right" in shown.text
    assert "95 % interval 95.34 % to 96.13 %" in shown.text


def test_the_mean_over_views_stands_beside_the_plain_accuracy(folder):
    assert "mean over views" not in page(folder).text
    put_result(folder, test={**RESULT["test"], "test_time_accuracy": 0.9634})
    shown = page(folder)
    assert "".join(shown.texts["strong"]) == "95.75\N{NO-BREAK SPACE}%"
    assert "96.34 % as a mean over views of each image" in shown.text


def test_headings_go_from_the_result_to_the_details(folder):
    shown = page(folder)
    assert [h for h in ("h1", "h2") for _ in shown.all(h)].count("h1") == 1
    assert shown.texts["h2"] == [
        "What was trained on what",
        "How it learned",
        "Where it fails",
        "What it learned",
        "Network",
        "Training phases",
        "Epoch by epoch",
        "Repeat it",
        "Versions",
    ]


def test_the_facts_say_what_was_trained_on_what(folder):
    facts = page(folder).facts()
    assert facts["Data"] == "digits"
    assert facts["Validation"] == "test"
    assert facts["Network"] == "Dense(32) → Dense(10)"
    assert facts["Parameters"] == "25,450"
    assert facts["Loss"] == "cross entropy"
    assert facts["Epochs"] == "3"
    assert facts["Time"] == "2 min 5 s (41.7 s an epoch)"
    assert facts["Seed"] == "7"


def test_the_facts_say_what_regularised_the_network(folder):
    put_recipe(
        folder,
        """
        [training]
        augmentation = [{ type = "RandomFlip" }, { type = "RandomTranslation", pixels = 2 }]
        moving_average = { decay = 0.99, every = 5 }
        early_stopping = { patience = 3 }
        test_time = { mirror = true }
        """,
    )
    facts = page(folder).facts()
    assert facts["Augmentation"] == "RandomFlip; RandomTranslation, pixels 2"
    assert facts["Average of the weights"] == "decay 0.99, every 5"
    assert facts["Early stopping"] == "patience 3"
    assert facts["Views of a test image"] == "mirror True"


def test_a_moving_average_is_what_was_measured(folder):
    put_recipe(folder, "[training]\nmoving_average = { decay = 0.99 }")
    put_result(folder, measured_epoch=2)
    assert "with the average of the weights after epoch 2" in page(folder).text


def test_filters_that_were_calculated_are_not_called_learned(folder):
    pictures = folder / "figures"
    shutil.copy(pictures / f"{PICTURES[0]}.png", pictures / "first_filters.png")
    assert "what they tend to become" in page(folder).text
    put_recipe(folder, '[network]\nlayers = [{ type = "Whitening2D" }]')
    assert "They are not learned" in page(folder).text
    assert "what they tend to become" not in page(folder).text


def test_every_picture_is_embedded_with_an_alternative_text_and_its_size(folder):
    images = page(folder).all("img")
    assert len(images) == len(PICTURES)
    for image in images:
        assert image["src"].startswith("data:image/png;base64,")
        assert len(image["alt"]) > 20
        assert (image["width"], image["height"]) == ("2", "1")


def test_the_alternative_text_of_the_curves_has_their_numbers(folder):
    (alt,) = [i["alt"] for i in page(folder).all("img") if "Learning" in i["alt"]]
    assert alt.startswith("Learning curves over 3 epochs. Best epoch: 2 (validation accuracy 90.00")


def test_missing_pictures_leave_no_empty_place(folder):
    for name in PICTURES:
        (folder / "figures" / f"{name}.png").unlink()
    shown = page(folder)
    assert shown.all("img") == []
    assert shown.all("figure") == []
    assert "What it learned" not in shown.texts["h2"]
    assert shown.table("Class")


def test_the_best_epoch_is_told_in_words_and_marked_in_the_table(folder):
    shown = page(folder)
    assert (
        "Best epoch: 2 (validation accuracy 90.00 %, validation loss 0.75, "
        "training accuracy 75.00 %, training loss 0.5)." in shown.text
    )
    assert [row[0] for row in shown.table("Epoch")] == ["Epoch", "1", "best 2", "3"]


def test_the_table_of_epochs_has_the_columns_that_have_values(folder):
    heading, first, *_ = page(folder).table("Epoch")
    assert heading == [
        "Epoch", "Phase", "Training loss", "Training accuracy", "Validation loss",
        "Validation accuracy", "Learning rate", "Batch size", "Time",
    ]  # fmt: skip
    assert first == [
        "1", "1", "1", "50.00 %", "1.5", "70.00 %", "0.1", "1,000", "500 ms",
    ]  # fmt: skip


def test_other_metrics_get_columns_of_their_own(folder):
    put_history(folder, [{"epoch": 1, "loss": 1.0, "validation_mean_squared_error": 0.25}])
    heading, row = page(folder).table("Epoch")
    assert heading == ["Epoch", "Training loss", "Validation mean squared error"]
    assert row == ["best 1", "1", "0.25"]


def test_few_epochs_stand_open_and_many_fold(folder):
    assert "Show all" not in page(folder).text
    put_history(folder, [{"epoch": e, "loss": 1 / e} for e in range(1, 301)])
    shown = page(folder)
    assert "Show all 300 epochs" in shown.text
    assert len(shown.table("Epoch")) == 301
    assert {"open": None} in shown.all("details")  # the recipe's stays open


def test_recalls_come_with_the_worst_class_first(folder):
    assert page(folder).table("Class")[1:] == [["dog", "92.0 %", ""], ["cat", "99.0 %", ""]]
    bars = [a["style"] for a in page(folder).all("span") if "style" in a]
    assert bars == ["width: 92.0%", "width: 99.0%"]


def test_a_class_without_examples_comes_last(folder):
    put_result(folder, test={"examples": 9, "accuracy": 0.5, "per_class_recall": [None, 0.5]})
    assert page(folder).table("Class")[1:] == [["dog", "50.0 %", ""], ["cat", "no example", ""]]


def test_classes_without_names_are_numbered(folder):
    put_result(folder, class_names=[])
    assert [row[0] for row in page(folder).table("Class")] == ["Class", "class 1", "class 0"]
    put_result(folder, class_names=None)
    assert [row[0] for row in page(folder).table("Class")] == ["Class", "class 1", "class 0"]


def test_many_classes_fold(folder):
    names = [f"class {i}" for i in range(100)]
    test = {"examples": 100, "accuracy": 0.5, "per_class_recall": [0.5] * 100}
    put_result(folder, test=test, class_names=names)
    assert "Show all 100 classes" in page(folder).text


def test_the_network_table_sums_its_parameters(folder):
    assert page(folder).table("Name") == [
        ["Name", "Layer", "Output shape", "Parameters"],
        ["dense_1", "Dense(32)", "32", "25,120"],
        ["dense_2", "Dense(10)", "4 × 5", "330"],
        ["In all", "25,450"],
    ]


def test_the_phases_have_optimizer_and_schedule_in_words(folder):
    assert page(folder).table("Phase") == [
        ["Phase", "Epochs", "Batch size", "Optimizer", "Learning rate schedule"],
        ["1", "2", "1,000", "SGD, learning rate 0.1, momentum 0.8", "constant"],
        ["2", "1", "50", "SGD, learning rate 0.71", "cosine, final rate 0.01"],
    ]


def test_other_settings_of_a_phase_get_a_column(folder):
    with (folder / "recipe.toml").open("a") as file:
        file.write("weight_decay = 0.01\naugment = ['flip', 'shift']\n")
    heading, first, second = page(folder).table("Phase")
    assert heading[-1] == "Other settings"
    assert (first[-1], second[-1]) == ("", "weight decay 0.01, augment flip × shift")


def test_the_recipe_and_the_command_to_repeat_it_are_there(folder):
    shown = page(folder)
    assert "glassnet train recipe.toml" in shown.texts["code"]
    assert RECIPE in "".join(shown.texts["code"])


def test_versions_are_listed(folder):
    assert page(folder).facts()["numpy"] == "2.4.6"


def test_a_run_without_versions_has_no_such_section(folder):
    (folder / "versions.json").unlink()
    assert "Versions" not in page(folder).texts["h2"]


def test_a_validation_on_the_test_set_is_pointed_out(folder):
    assert "follow the test examples themselves" not in page(folder).text
    put_result(folder, validation_name="test")
    shown = page(folder)
    assert "The curves follow the test examples themselves" in shown.text
    assert "Test accuracy" in shown.table("Epoch")[0]


def test_hostile_names_are_text(folder):
    attack = '<script>alert("x")</script>'
    recipe = RECIPE.replace('"Handwritten digits"', json.dumps(attack))
    (folder / "recipe.toml").write_text(recipe + f"# {attack}\n")
    layer = {"name": attack, "layer": attack, "output_shape": [1], "parameters": 1}
    put_result(
        folder,
        class_names=[attack, "'\" onload=x"],
        summary=[layer],
        validation_name=attack,
        status="stopped",
        message=attack,
    )
    (folder / "versions.json").write_text(json.dumps({attack: attack}))
    shown = page(folder)
    assert shown.all("script") == []
    assert not any(name.startswith("on") for _, a in shown.elements for name in a)
    assert shown.table("Class")[2][0] == attack
    assert "".join(shown.texts["h1"]) == attack
    assert attack in run_page(folder).replace("&lt;", "<").replace("&gt;", ">").replace(
        "&#34;", '"'
    )


def test_a_regression_has_its_error_as_headline(folder):
    put_result(folder, test={"examples": 89, "loss": 0.5, "mean_squared_error": 0.123456})
    shown = page(folder)
    assert "".join(shown.texts["strong"]) == "0.1235"
    assert "test mean squared error on 89 test examples" in shown.text


def test_without_any_metric_the_test_loss_is_the_headline(folder):
    put_result(folder, test={"loss": 0.5})
    shown = page(folder)
    assert "".join(shown.texts["strong"]) == "0.5"
    assert "test loss" in shown.text


def test_an_accuracy_of_unknown_examples_has_no_interval(folder):
    put_result(folder, test={"accuracy": 0.5})
    assert "interval" not in page(folder).text


def test_a_run_that_goes_on_says_so_and_shows_what_there_is(folder):
    (folder / "result.json").unlink()
    shown = page(folder)
    assert "This run has not ended: it still goes on, or was killed. It did 3 epochs" in shown.text
    assert "".join(shown.texts["strong"]) == "90.00\N{NO-BREAK SPACE}%"
    assert "best validation accuracy epoch 2 of 3" in shown.text
    assert shown.table("No.")[1:] == [
        ["1", "Dense, units 32, activation relu"],
        ["2", "Dense, units 2"],
    ]
    assert shown.facts()["Time"] == "1.5 s (500 ms an epoch)"


def test_a_last_line_broken_off_by_a_kill_is_ignored(folder):
    (folder / "result.json").unlink()
    with (folder / "history.jsonl").open("a") as file:
        file.write('{"epoch": 4, "lo')
    assert len(page(folder).table("Epoch")) == 4


def test_a_run_before_its_first_epoch_has_a_page(folder):
    (folder / "result.json").unlink()
    (folder / "history.jsonl").unlink()
    shown = page(folder)
    assert "has not finished its first epoch" in shown.text
    assert "No epoch has ended yet" in shown.text
    assert shown.facts()["Epochs"] == "0 of 3 planned"
    assert "Time" not in shown.facts()
    assert "Epoch by epoch" not in shown.texts["h2"]


@pytest.mark.parametrize(
    ("status", "words"), [("diverged", "training diverged"), ("stopped", "training was stopped")]
)
def test_a_run_that_ended_early_says_why(folder, status, words):
    put_history(folder, HISTORY[:1])
    put_result(folder, status=status, message="Lower the rate.", test=None)
    shown = page(folder)
    assert f"The {words} after 1 epoch. Lower the rate." in shown.text
    assert shown.facts()["Epochs"] == "1 of 3 planned"


def test_a_finished_run_has_no_warning(folder):
    assert not any(a.get("role") == "status" for a in page(folder).all("p"))


def test_without_accuracies_the_least_training_loss_is_best(folder):
    (folder / "result.json").unlink()
    put_history(folder, [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": None}])
    shown = page(folder)
    assert "".join(shown.texts["strong"]) == "2"
    assert "best training loss epoch 1 of 2" in shown.text
    assert shown.table("Epoch")[2] == ["2", "–"]


def test_epochs_without_a_finite_number_have_no_best_one(folder):
    put_result(folder, status="diverged", message="", test=None)
    (folder / "history.jsonl").write_text('{"epoch": 1, "loss": NaN}\n')
    shown = page(folder)
    assert shown.all("strong") == []
    assert "Best epoch" not in shown.text
    assert shown.table("Epoch")[1] == ["1", "not finite"]


def test_a_recipe_with_little_in_it_has_a_page(folder):
    (folder / "recipe.toml").write_text("")
    put_result(folder, summary=None, parameters=None, seconds=None)
    put_history(folder, [{"epoch": 1, "loss": 1.0}])
    shown = page(folder)
    assert "".join(shown.texts["h1"]) == "A training run"
    assert shown.facts()["Data"] == "–"
    assert "Network" not in shown.texts["h2"]
    assert "Training phases" not in shown.texts["h2"]


def test_a_deep_network_is_told_by_its_ends(folder):
    layers = [
        {"name": f"d{i}", "layer": f"Dense({i})", "output_shape": [i], "parameters": i}
        for i in range(20)
    ]
    put_result(folder, summary=layers)
    network = page(folder).facts()["Network"]
    assert network.startswith("Dense(0) → Dense(1)")
    assert network.endswith("→ … → Dense(17) → Dense(18) → Dense(19)")


@pytest.mark.parametrize(
    ("value", "words"), [("0.1", "10 % of the training examples"), ("5000", "5000")]
)
def test_a_share_of_the_training_examples_is_told_as_such(folder, value, words):
    (folder / "recipe.toml").write_text(RECIPE.replace('"test"', value))
    assert page(folder).facts()["Validation"] == words


def test_more_epochs_than_planned_are_told_alone(folder):
    put_history(folder, [{"epoch": e, "loss": 1.0} for e in range(1, 6)])
    assert page(folder).facts()["Epochs"] == "5"


def test_a_loss_with_settings_is_told_with_them(folder):
    recipe = RECIPE.replace('"cross_entropy"', '{ name = "huber", delta = 0.5 }')
    (folder / "recipe.toml").write_text(recipe)
    assert page(folder).facts()["Loss"] == "huber, delta 0.5"


def test_every_scrolling_region_can_be_reached_and_has_a_name(folder):
    regions = [a for _, a in page(folder).elements if "scroll" in (a.get("class") or "").split()]
    assert len(regions) == 8
    assert all(a["tabindex"] == "0" and a["aria-label"] for a in regions)


def test_every_section_is_named_by_its_heading(folder):
    shown = page(folder)
    headings = [a["id"] for a in shown.all("h2")]
    assert [a["aria-labelledby"] for a in shown.all("section")] == headings
    assert len(set(headings)) == len(headings)


def test_every_header_cell_says_what_it_heads(folder):
    assert {a.get("scope") for a in page(folder).all("th")} == {"col", "row"}


def test_the_page_is_written_into_the_runs_folder(folder):
    path = write_run_page(folder)
    assert path == folder / "report.html"
    assert path.read_text(encoding="utf-8") == run_page(folder)


def test_the_page_is_written_where_it_is_asked_for(folder, tmp_path):
    path = write_run_page(str(folder), tmp_path / "page.html")
    assert path == tmp_path / "page.html"
    assert path.is_file()
    assert not (folder / "report.html").exists()


def test_a_damaged_run_leaves_the_old_page(folder):
    write_run_page(folder)
    before = (folder / "report.html").read_bytes()
    (folder / "recipe.toml").write_text("=")
    with pytest.raises(ValueError, match=r"recipe\.toml"):
        write_run_page(folder)
    assert (folder / "report.html").read_bytes() == before


@pytest.mark.parametrize(
    ("history", "epoch", "told"),
    [
        ([0.5, 0.9], 2, "the best epoch, 2"),
        ([0.9, 0.5], 2, "the last epoch, 2"),
        ([0.9, 0.8, 0.5], 2, "epoch 2, which early stopping put back"),
    ],
)
def test_the_page_says_of_which_epoch_the_measured_weights_are(tmp_path, history, epoch, told):
    (tmp_path / "recipe.toml").write_text('name = "a"\n')
    records = [{"epoch": i, "accuracy": value} for i, value in enumerate(history, 1)]
    (tmp_path / "history.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    test = {"examples": 10, "accuracy": 0.5}
    result = {"status": "finished", "measured_epoch": epoch, "test": test}
    (tmp_path / "result.json").write_text(json.dumps(result))
    assert f"with the weights of {told}" in run_page(tmp_path)


def test_versions_that_went_on_later_are_shown_by_what_differs(tmp_path):
    (tmp_path / "recipe.toml").write_text('name = "a"\n')
    later = [{"numpy": "2.1", "python": "3.11"}, {"numpy": "2.2", "python": "3.12"}]
    noted = {"numpy": "2.0", "python": "3.11", "resumed with": later}
    (tmp_path / "versions.json").write_text(json.dumps(noted))
    page = run_page(tmp_path)
    assert "<dt>resumed with</dt><dd>numpy 2.1; numpy 2.2, python 3.12</dd>" in page
