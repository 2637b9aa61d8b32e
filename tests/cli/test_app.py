"""The command line as a whole: help, exit codes, and what becomes of mistakes."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.cli import train as train_command
from glassnet.cli.console import duration
from glassnet.extras import MissingExtraError

COMMANDS = [
    ["train"], ["evaluate"], ["predict"], ["export"], ["report"], ["summary"], ["recipes"],
    ["check"], ["data", "list"], ["data", "fetch"], ["data", "show"],
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_examples(glassnet, command) -> None:
    done = glassnet(*command, "--help")
    assert done.code == 0
    assert re.search(r"Examples?:", done.out)
    assert re.search(rf"^\s*glassnet {' '.join(command)}", done.out, re.MULTILINE)


@pytest.mark.parametrize("group", [[], ["data"]])
def test_without_a_command_there_is_help(glassnet, group) -> None:
    done = glassnet(*group)
    shown = done.out + done.err
    assert re.search(r"Usage: .*glassnet", shown)
    for command in COMMANDS:
        if command[:-1] == group:
            assert command[-1] in shown


def test_the_version_is_told(glassnet) -> None:
    done = glassnet("--version")
    assert (done.code, done.out) == (0, f"glassnet {gn.__version__}\n")


def test_it_runs_as_a_module_and_as_a_program(process) -> None:
    program = Path(sys.executable).with_name("glassnet")
    assert process("--version").out == f"glassnet {gn.__version__}\n"
    assert process("--version", program=[program]).out == f"glassnet {gn.__version__}\n"


MISTAKES = [
    (["train", "digitz"], ["'digitz'; did you mean 'digits'"]),
    (["train", "nowhere.toml"], ["nowhere.toml", "glassnet recipes"]),
    (["train", "--learning-rate", "-1"], ["learning_rate", "above 0", "-1"]),
    (["train", "--learning-rate", "nan"], ["learning_rate", "finite", "nan"]),
    (["train", "--momentum", "1.5"], ["momentum", "below 1", "1.5"]),
    (["train", "--batch-size", "0"], ["batch_size", "greater than or equal to 1", "0"]),
    (["train", "--batch-size", "--5"], ["batch_size", "'--5'", "'full'"]),
    (["train", "--batch-size", "half"], ["batch_size", "'half'", "'full'"]),
    (["train", "--epochs", "0"], ["epochs", "greater than or equal to 1", "0"]),
    (["train", "--epochs", "two"], ["--epochs", "integer"]),
    (["train", "--seed", "-1"], ["training.seed", "-1"]),
    (["train", "--hidden", "a,b"], ["--hidden", "128,64", "'a,b'"]),
    (["train", "--hidden", "0"], ["units", "at least 1, got 0"]),
    (["train", "--set", "training.seed"], ["key=value", "'training.seed'"]),
    (["train", "--set", "trainin.seed=1"], ["'trainin' in the recipe; did you mean 'training'"]),
    (["train", "--set", "training.seed=x"], ["training.seed", "integer", "'x'"]),
    (["train", "--set", "int=3"], ["unknown key 'int' in the recipe"]),
    (["train", "--set", "data.name=mnits"], ["'mnits'; did you mean 'mnist'"]),
    (["train", "--set", "data.name=empty.csv"], ["empty.csv"]),
    (["train", "--set", "network.layers.2.activation=relu"], ["probabilities", "softmax"]),
    (["train", "--resume", "nowhere"], ["nowhere is not the folder of a run"]),
    (["train", "--out", "file.txt"], ["file.txt exists"]),
    (["train", "--out", "file.txt/run"], ["Not a directory", "file.txt"]),
    (["train", "--nonsense"], ["--nonsense"]),
    (["report", "nowhere"], ["nowhere"]),
    (["report", "."], ["recipe.toml is missing"]),
    (["evaluate", "nowhere"], ["nowhere is not a model"]),
    (["evaluate", "file.txt"], ["file.txt is not an .npz file"]),
    (["summary", "file.txt"], ["file.txt is not an .npz file"]),
    (["predict", "file.txt", "x.png"], ["file.txt is not an .npz file"]),
    (["predict", "nowhere"], ["Missing argument"]),
    (["recipes", "digit"], ["did you mean 'digits'"]),
    (["data", "fetch", "mnits"], ["did you mean 'mnist'"]),
    (["data", "show", "nowhere.npz"], ["nowhere.npz"]),
    (["check", "digit"], ["did you mean 'digits'"]),
    (["check", "--samples", "0"], ["--samples"]),
    (["nonsense"], ["nonsense"]),
]


@pytest.mark.parametrize(("arguments", "words"), MISTAKES, ids=" ".join)
def test_a_mistake_is_told_with_exit_code_2_and_leaves_nothing(
    glassnet, workplace, arguments, words
) -> None:
    (workplace / "file.txt").write_text("mine")
    (workplace / "empty.csv").write_text("")
    done = glassnet(*arguments)
    assert done.code == 2
    for word in words:
        assert word in done.err
    assert "Error: " in done.err
    assert len(done.err.strip().splitlines()) <= 4
    assert sorted(entry.name for entry in workplace.iterdir()) == ["empty.csv", "file.txt"]
    assert (workplace / "file.txt").read_text() == "mine"


def test_a_real_process_tells_a_mistake_without_a_traceback(process) -> None:
    done = process("train", "--momentum", "1.5")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Error: ")
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 1, "the disk is full"),
        (OSError(errno.EFBIG, "File too large"), 1, "the disk is full"),
        (OSError(errno.EDQUOT, "Quota exceeded"), 1, "the disk is full"),
        (OSError(errno.EIO, "Input/output error"), 1, "Input/output error"),
        (PermissionError(errno.EACCES, "Permission denied"), 2, "no permission: .*another folder"),
        (OSError(errno.EROFS, "Read-only file system"), 2, "no permission: .*another folder"),
        (gn.DivergenceError("at step 3"), 1, "at step 3"),
        (gn.data.DownloadError("no mirror gave it"), 1, "no mirror gave it"),
        (MemoryError(), 1, "not enough memory"),
        (TypeError("a number, got 'x'"), 2, "a number, got 'x'"),
        (MissingExtraError("pip install 'glassnet[sklearn]'"), 2, r"glassnet\[sklearn\]"),
    ],
    ids=repr,
)
def test_every_kind_of_error_has_its_words_and_exit_code(
    glassnet, monkeypatch, error, code, words
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(train_command, "prepare", fail)
    done = glassnet("train")
    assert done.code == code
    assert re.search(f"^Error: .*{words}", done.err)


def test_where_it_was_is_shown_to_who_asks(process) -> None:
    done = process("train", "digitz", GLASSNET_DEBUG="1")
    assert done.code == 2
    assert done.err.startswith("Traceback")
    assert "\nError: " in done.err


def test_where_the_command_line_is_not_installed_the_error_says_how(glassnet, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "typer", None)
    done = glassnet("train")
    assert done.code == "Error: typer is not installed; get it with: pip install 'glassnet[cli]'"


# Where output goes


LIMITED = """
import resource, sys
from glassnet.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))
sys.argv = ["glassnet", "train", "--epochs", "1", "--out", "run"]
try:
    main()
finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


def test_a_full_disk_fails_and_leaves_only_whole_files(environment, workplace) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED],
        env=environment(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    left = sorted(entry.name for entry in (workplace / "run").iterdir())
    assert left == ["history.jsonl", "recipe.toml", "versions.json"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_cannot_be_written_fails(environment) -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "glassnet", "recipes"],
            env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_has_gone_is_no_crash(environment) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "glassnet", "recipes", "digits"],
        env=environment(), stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_without_any_output_it_still_works(environment, workplace) -> None:
    done = subprocess.run(
        ["sh", "-c", f"exec '{sys.executable}' -m glassnet train --epochs 1 --out run >&- 2>&-"],
        env=environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert (workplace / "run" / "model.npz").is_file()


def test_a_terminal_that_knows_ascii_alone_is_served(process) -> None:
    done = process("data", "list", PYTHONIOENCODING="ascii")
    assert done.code == 0, done.err
    assert "8?8?1" in done.out


def test_narrow_output_folds_its_tables(process) -> None:
    done = process("data", "list", COLUMNS="40")
    assert done.code == 0
    assert max(map(len, done.out.splitlines())) <= 40


def test_without_a_terminal_there_is_no_control_character(process) -> None:
    done = process("train", "--epochs", "3", "--out", "a folder with a long name " * 4)
    assert done.code == 0, done.err
    assert "\x1b" not in done.out
    assert "\r" not in done.out
    assert f"Run            {'a folder with a long name ' * 4}" in done.out


def test_colour_can_be_forced_and_refused(process) -> None:
    assert "\x1b[" in process("recipes", FORCE_COLOR="1").out
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", process("recipes", NO_COLOR="1").out)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0154, "15 ms"), (0.9996, "1.0 s"), (12.34, "12.3 s"), (185, "3 min 05 s")],
)
def test_a_duration_has_the_unit_that_fits(seconds, text) -> None:
    assert duration(seconds) == text


def test_a_check_begins_with_its_first_number(glassnet) -> None:
    assert glassnet("check", "--samples", 2).out.startswith("parameters checked  ")
