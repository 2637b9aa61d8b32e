import base64
import json
import re
import subprocess
import sys

import pytest

from glassnet.report.run_folder import read_run_folder

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\0\0\x05\0" + b"\0\0\0\x01" + b"rest"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "recipe.toml").write_text('name = "å"\n', encoding="utf-8")
    (tmp_path / "history.jsonl").write_text('{"epoch": 1, "loss": 2.0}\n\n{"epoch": 2}\n')
    (tmp_path / "result.json").write_text("{}")
    (tmp_path / "versions.json").write_text('{"numpy": "2"}')
    return tmp_path


def test_all_files_are_read(folder):
    (folder / "figures" / "misclassified.png").write_bytes(PNG)
    run = read_run_folder(str(folder))
    assert run.recipe == {"name": "å"}
    assert run.recipe_text == 'name = "å"\n'
    assert run.history == [{"epoch": 1, "loss": 2.0}, {"epoch": 2}]
    assert run.result == {}
    assert run.versions == {"numpy": "2"}
    assert list(run.pictures) == ["misclassified"]


def test_a_picture_is_all_its_bytes_at_half_its_size(folder):
    (folder / "figures" / "learning_curves.png").write_bytes(PNG)
    picture = read_run_folder(folder).pictures["learning_curves"]
    assert base64.b64decode(picture.uri.removeprefix("data:image/png;base64,")) == PNG
    assert (picture.width, picture.height) == (640, 1)


def test_what_is_not_there_yet_is_empty(folder):
    for name in ("history.jsonl", "result.json", "versions.json"):
        (folder / name).unlink()
    run = read_run_folder(folder)
    assert (run.history, run.result, run.versions, run.pictures) == ([], None, {}, {})


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere; give the folder"):
        read_run_folder(tmp_path / "nowhere")


def test_a_folder_without_a_recipe_is_no_run(folder):
    (folder / "recipe.toml").unlink()
    with pytest.raises(FileNotFoundError, match=r"recipe\.toml is missing, so this is no run's"):
        read_run_folder(folder)


@pytest.mark.parametrize("status", ["diverged", "stopped"])
def test_a_run_that_ended_in_its_first_epoch_needs_no_history(folder, status):
    (folder / "history.jsonl").unlink()
    (folder / "result.json").write_text(json.dumps({"status": status}))
    assert read_run_folder(folder).history == []


def test_a_finished_run_without_history_is_refused(folder):
    (folder / "history.jsonl").unlink()
    (folder / "result.json").write_text('{"status": "finished"}')
    with pytest.raises(FileNotFoundError, match=r"history\.jsonl is missing although the run has"):
        read_run_folder(folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("recipe.toml", "a = ", r"recipe\.toml is no valid TOML .*; repair it"),
        ("recipe.toml", b"\xff", r"recipe\.toml is not UTF-8 text"),
        ("result.json", "{", r"result\.json is no valid JSON .*; remove it to get the page of an"),
        ("result.json", "[]", r"result\.json must hold a JSON object, got list; remove"),
        ("versions.json", "1", r"versions\.json must hold a JSON object, got int; remove"),
        ("history.jsonl", "{\n{}\n", r"line 1 of .*history\.jsonl is no valid JSON .*; remove"),
        ("history.jsonl", '{"epoch": 1}\n{"ep\n', r"line 2 of .*history\.jsonl is no valid JSON"),
        ("history.jsonl", "[1]\n", r"line 1 of .*is no record of an epoch: '\[1\]'; remove"),
        ("history.jsonl", '{"loss": 1}\n', r"line 1 of .*is no record of an epoch"),
        ("figures/misclassified.png", "GIF89a", r"misclassified\.png is no PNG picture; remove"),
        ("figures/misclassified.png", PNG[:20], r"misclassified\.png is no PNG picture"),
    ],
)
def test_a_damaged_file_is_named_with_the_way_out(folder, name, content, message):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=message) as caught:
        read_run_folder(folder)
    assert re.search(re.escape(str(folder)), str(caught.value))


@pytest.mark.parametrize("tail", ['{"epoch": 3, "loss', "{", '{"epoch": 3, "loss": 1}'])
def test_a_last_line_without_an_end_counts_only_if_it_is_whole(folder, tail):
    with (folder / "history.jsonl").open("a") as file:
        file.write(tail)
    epochs = [record["epoch"] for record in read_run_folder(folder).history]
    assert epochs == ([1, 2, 3] if tail.endswith("}") else [1, 2])


def test_values_that_are_not_finite_are_read(folder):
    (folder / "history.jsonl").write_text(json.dumps({"epoch": 1, "loss": float("inf")}) + "\n")
    assert read_run_folder(folder).history[0]["loss"] == float("inf")


def test_without_jinja_the_extra_is_named():
    code = (
        "import sys; sys.modules['jinja2'] = None\n"
        "from glassnet.extras import MissingExtraError\n"
        "try:\n    import glassnet.report\n"
        "except MissingExtraError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "jinja2 is not installed; get it with: pip install 'glassnet[cli]'\n"


def test_a_page_needs_no_matplotlib(folder):
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from glassnet.report import run_page\n"
        f"print(len(run_page({str(folder)!r})) > 1000)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "True\n"
