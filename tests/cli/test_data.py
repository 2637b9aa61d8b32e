from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from glassnet.cli import data as data_command
from glassnet.cli.progress import downloads


def test_the_data_sets_are_listed_with_what_is_here(glassnet) -> None:
    done = glassnet("data", "list")
    assert done.code == 0
    (digits,) = (line for line in done.out.splitlines() if line.startswith("digits"))
    assert "yes" in digits
    assert "8×8×1" in digits
    (cifar,) = (line for line in done.out.splitlines() if line.startswith("cifar10"))
    assert "no, 170 MB" in cifar


def test_the_digits_need_no_fetching(glassnet) -> None:
    done = glassnet("data", "fetch", "digits")
    assert done.code == 0
    assert done.out.startswith("digits is in ")


def test_an_unknown_data_set_is_told(glassnet) -> None:
    done = glassnet("data", "fetch", "mnits")
    assert done.code == 2
    assert "'mnits'; did you mean 'mnist'" in done.err


def test_examples_are_drawn(glassnet, workplace) -> None:
    done = glassnet("data", "show", "digits")
    assert done.code == 0, done.err
    assert "1438 examples of shape (8, 8, 1)" in done.out
    assert (workplace / "digits-samples.png").read_bytes().startswith(b"\x89PNG")


def test_the_drawing_goes_where_it_is_wanted(glassnet, workplace) -> None:
    assert glassnet("data", "show", "digits", "--out", "a.svg").code == 0
    assert "<svg" in (workplace / "a.svg").read_text()


def test_pictures_of_different_sizes_are_drawn_in_one(glassnet, workplace) -> None:
    for name, size in (("cat", (9, 7)), ("dog", (8, 8))):
        (workplace / "photos" / name).mkdir(parents=True)
        for i in range(5):
            picture = Image.new("L", size, 20 * i)
            picture.save(workplace / "photos" / name / f"{i}.png")
    refused = glassnet("data", "show", "photos")
    assert refused.code == 2
    assert "data.size" in refused.err
    done = glassnet("data", "show", "photos", "--size", "6", "5")
    assert done.code == 0, done.err
    assert "shape (6, 5, 1)" in done.out
    assert (workplace / "photos-samples.png").is_file()


def test_only_pictures_have_a_size(glassnet) -> None:
    refused = glassnet("data", "show", "digits", "--size", "6", "5")
    assert refused.code == 2
    assert "folders of images" in refused.err


@pytest.mark.parametrize(
    ("file", "words"), [("a.xyz", "'.xyz'"), ("no/a.png", "there is no folder")]
)
def test_a_drawing_that_cannot_be_written_is_told(glassnet, workplace, file, words) -> None:
    done = glassnet("data", "show", "digits", "--out", file)
    assert done.code == 2
    assert words in done.err
    assert list(workplace.iterdir()) == []


def test_a_regression_has_no_classes_to_draw(glassnet, workplace) -> None:
    np.savez(workplace / "line.npz", x=np.ones((10, 1)), y=np.ones(10))
    assert glassnet("data", "show", "line.npz").code == 2


def test_without_a_network_the_error_says_where_to_put_the_files(process) -> None:
    done = process("train", "--set", "data.name=fashion-mnist")
    assert done.code == 1
    assert "fashion-mnist is not on this machine and could not be downloaded" in done.err
    assert "train-images-idx3-ubyte.gz" in done.err
    assert "--data-dir" in done.err
    assert "Traceback" not in done.err


def test_a_fetch_without_a_network_fails_and_leaves_nothing(process, workplace) -> None:
    done = process("data", "fetch", "fashion-mnist", "--data-dir", "here")
    assert done.code == 1
    assert "no connection" in done.err
    assert not [entry for entry in workplace.rglob("*") if entry.is_file()]


def test_a_fetch_says_where_the_files_are(glassnet, monkeypatch) -> None:
    def fetch(name: str, *, data_dir: Path, progress) -> Path:
        for done in (0, 50, 100):
            progress("images.gz", done, 100)
        progress("labels.gz", 1, 0)
        return data_dir / name

    monkeypatch.setattr(data_command, "fetch_dataset", fetch)
    done = glassnet("data", "fetch", "mnist", "--data-dir", "here")
    assert done.code == 0
    assert "mnist is in here/mnist" in done.out
    assert "images.gz" in done.out


def test_a_download_that_breaks_off_gives_the_terminal_back() -> None:
    def broken() -> None:
        with downloads() as progress:
            progress("images.gz", 1, 100)
            raise OSError(errno.ECONNRESET, "reset")

    with pytest.raises(OSError, match="reset"):
        broken()
    with downloads() as progress:  # a second live display would be refused
        progress("images.gz", 100, 100)
