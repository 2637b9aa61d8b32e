import re

import pytest

from glassnet.data import DATASETS

ENTRIES = pytest.mark.parametrize("entry", DATASETS.values(), ids=list(DATASETS))


def test_the_catalogue_has_the_data_sets_that_the_guides_name() -> None:
    assert list(DATASETS) == ["digits", "mnist", "fashion-mnist", "cifar10"]


@ENTRIES
def test_an_entry_says_what_people_want_to_know(entry) -> None:
    assert all((entry.title, entry.licence, entry.source, entry.citation))
    assert entry.n_classes == 10
    assert len(entry.input_shape) == 3


@ENTRIES
def test_every_file_has_a_checksum_and_a_size(entry) -> None:
    for file in entry.files:
        assert re.fullmatch("[0-9a-f]{32}", file.md5)
        assert file.size > 0


@ENTRIES
def test_downloads_begin_with_https(entry) -> None:
    assert bool(entry.mirrors) == bool(entry.files)
    assert all(mirror.startswith("https://") for mirror in entry.mirrors[:1])


def test_the_download_is_as_large_as_its_files() -> None:
    assert DATASETS["mnist"].download_bytes == 9_912_422 + 28_881 + 1_648_877 + 4_542
    assert DATASETS["digits"].download_bytes == 0
