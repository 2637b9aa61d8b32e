"""The page of a study, of real runs on the digits; and that of the thesis."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import platformdirs
import pytest

from glassnet.report.study_page import write_study_report
from glassnet.study import Failed, Study, StudyError, shipped_studies

MOMENTUM = "training.phases.0.optimizer.momentum"
RATE = "training.phases.0.optimizer.learning_rate"


@pytest.fixture(scope="module")
def digits_study(tmp_path_factory) -> Study:
    """A factorial study that was run."""
    study = Study(
        {
            "name": "steps",
            "title": "Rate <and> momentum",
            "question": "Which of them matters?",
            "recipe": "digits",
            "changes": {"training.phases.0.epochs": 2, "training.phases.0.batch_size": 64},
            "factors": [
                {"name": "rate", "keys": [RATE], "values": [0.001, 0.05]},
                {"name": "momentum", "keys": [MOMENTUM], "values": [0.0, 0.9]},
            ],
            "seeds": 3,
            "baseline": "rate 0.05, momentum 0.9",
        },
        folder=tmp_path_factory.mktemp("studies"),
    )
    return study.run(jobs=1)


@pytest.fixture(scope="module")
def page(digits_study) -> str:
    return write_study_report([digits_study]).read_text("utf-8")


class _Reader(HTMLParser):
    """Collects what a page loads, and its pictures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        found = dict(attrs)
        assert tag != "script"
        self.loaded += [v for k, v in attrs if k in ("src", "href") and not v.startswith("#")]
        if tag == "img":
            self.pictures.append(found)
        if "id" in found:
            self.ids.append(found["id"])

    def handle_data(self, data) -> None:
        self.text += data


def test_the_page_loads_nothing_and_names_every_picture(page) -> None:
    read = _Reader(page)
    assert read.pictures
    assert all(target.startswith("data:") for target in read.loaded)
    assert all(len(picture["alt"]) > 20 for picture in read.pictures)
    assert len(set(read.ids)) == len(read.ids)


def test_the_page_says_what_is_best_what_matters_and_how_sure_it_is(page, digits_study) -> None:
    text = _Reader(page).text
    last = digits_study.results().query("epoch == 2").groupby("cell")["validation_accuracy"].mean()
    assert f"Best on average: {last.idxmax()}" in text
    assert f"{100 * last.max():.2f} %" in text
    assert "explains most of the variance" in text
    assert "Rate 0.001, momentum 0 against rate 0.05, momentum 0.9: worse by" in text
    assert "4 cells, 3 seeds each: 12 runs" in text


def test_a_title_is_text_and_no_markup(page) -> None:
    assert "<h1>Rate &lt;and&gt; momentum</h1>" in page


def test_equal_epochs_steps_and_time_are_three_tables(page) -> None:
    text = _Reader(page).text
    for view in ("epochs", "steps", "seconds"):
        assert f"Mean validation accuracy after equal {view}" in text


def test_figures_and_tables_stand_beside_the_page(page, digits_study) -> None:
    folder = digits_study.archive.folder / "steps"
    names = {path.name for path in (folder / "figures").iterdir()}
    for name in ("steps-curves", "steps-differences", "steps-importance", "steps-grid"):
        assert {f"{name}.svg", f"{name}.png"} <= names
        assert ET.parse(folder / "figures" / f"{name}.svg").getroot().tag.endswith("svg")
    table = pd.read_csv(folder / "steps.csv")
    assert len(table) == 4 * 3 * 2
    assert {"cell", "rate", "momentum", "seed", "epoch", "validation_accuracy"} <= set(table)
    tests = pd.read_csv(folder / "steps-tests.csv")
    expected = digits_study.tests()["test_accuracy"].to_numpy()
    assert tests["test_accuracy"].to_numpy() == pytest.approx(expected)


def test_a_study_half_done_says_how_much_is_missing(tmp_path, digits_study) -> None:
    table = digits_study.table.model_copy(update={"seeds": 2})
    study = Study(table, folder=tmp_path)
    for cell, spec, run in digits_study.finished():
        if spec.seed == 0 and cell.levels["momentum"] == "0.9":
            study.archive.keep(spec, run)
    text = _Reader(write_study_report([study]).read_text("utf-8")).text
    assert "2 of 8 runs have finished" in text


def test_a_study_that_was_not_run_has_no_report(tmp_path, digits_study) -> None:
    study = Study(digits_study.table, folder=tmp_path)
    with pytest.raises(StudyError, match=r"no run of steps has finished.*; first: study\.run\(\)"):
        write_study_report([study])


def test_runs_that_failed_are_told_with_why_and_the_others_compared(tmp_path, digits_study) -> None:
    study = Study(digits_study.table, folder=tmp_path)
    for cell, spec, run in digits_study.finished():
        diverged = cell.label == "rate 0.05, momentum 0" and spec.seed > 0
        study.archive.keep(spec, Failed("it diverged.", "") if diverged else run)
    text = _Reader(write_study_report([study]).read_text("utf-8")).text
    assert "Rate 0.001, momentum 0 against rate 0.05, momentum 0.9: worse by" in text
    assert "rate 0.05, momentum 0: 2 of 3 runs failed; its number is of the 1 that" in text
    assert "Not compared, with fewer than two seeds in common: rate 0.05, momentum 0." in text
    where = "rate 0.05, momentum 0, seed"
    assert f"2 runs failed: {where} 1: it diverged; {where} 2: it diverged." in text


def test_the_page_of_one_seed_tells_means_and_compares_nothing(tmp_path, digits_study) -> None:
    table = digits_study.table.model_copy(update={"seeds": 1})
    study = Study(table, folder=tmp_path)
    for _, spec, run in digits_study.finished():
        if spec.seed == 0:
            study.archive.keep(spec, run)
    text = _Reader(write_study_report([study]).read_text("utf-8")).text
    assert "Best on average: " in text
    assert "No cells are compared" in text
    assert "nan" not in text.lower()


@pytest.fixture
def thesis_page(fabricate, tmp_path, monkeypatch) -> str:
    """The page of the thesis after one of its figures was run, and no data is at hand."""
    monkeypatch.delenv("GLASSNET_DATA", raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))

    def make(cell, seed):
        records = [{"validation_accuracy": 0.9 + 0.001 * e + 0.0001 * seed} for e in range(35)]
        arrays = {"predicted": np.zeros(10, np.uint8), "confidence": np.ones(10, np.float16)}
        return records, arrays | {"confusion": np.eye(10, dtype=int)}

    ready = fabricate("figure-12", make)
    studies = [Study.load(name, seeds=3, folder=tmp_path) for name in shipped_studies()]
    assert ready.archive.folder == tmp_path
    page = write_study_report(studies, name="thesis", data_dir=tmp_path)
    return page.read_text("utf-8")


def test_the_thesis_page_has_ledger_figures_and_questions_even_when_little_was_run(
    thesis_page,
) -> None:
    read = _Reader(thesis_page)
    assert "ledger" in read.ids
    assert {"figure-08", "figure-12", "illustrations"} <= set(read.ids)
    assert "not measured" in read.text
    assert "the best accuracy is 95.75 %" in read.text
    assert all(target.startswith("data:") for target in read.loaded)


def test_the_thesis_page_can_be_made_of_one_seed(fabricate, tmp_path) -> None:
    def make(cell, seed):
        return [{"validation_accuracy": 0.9 + 0.001 * e} for e in range(35)], {}

    for name in ("figure-08", "figure-09", "question-6-momentum-or-rate"):
        fabricate(name, make, seeds=1)
    studies = [Study.load(name, seeds=1, folder=tmp_path) for name in shipped_studies()]
    read = _Reader(write_study_report(studies, name="thesis", data_dir=tmp_path).read_text("utf-8"))
    assert {"ledger", "figure-08", "question-6-momentum-or-rate"} <= set(read.ids)


def test_the_ledger_and_the_answers_are_written_as_markdown_too(thesis_page, tmp_path) -> None:
    ledger = (tmp_path / "thesis" / "ledger.md").read_text("utf-8").splitlines()
    claims = int(ledger[0].split(" claims: ")[0])
    assert claims > 30
    assert ledger[2:4] == [
        "| where | the thesis | measured | verdict |",
        "| --- | --- | --- | --- |",
    ]
    assert len(ledger) == 4 + claims
    answers = (tmp_path / "thesis" / "answers.md").read_text("utf-8").splitlines()
    assert [line.split("*")[1] for line in answers][:2] == [
        "Which hyperparameter dominates?",
        "Batch size, or only a smaller rate?",
    ]
