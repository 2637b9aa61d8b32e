from __future__ import annotations

import errno
import subprocess
import sys

import numpy as np
import pytest

from glassnet.recipes import load_recipe
from glassnet.study import Failed, Finished
from glassnet.study.archive import Archive
from glassnet.study.definition import RecordTable
from glassnet.study.design import RunSpec

SPEC = RunSpec(load_recipe("digits"), RecordTable())
RUN = Finished(
    recipe=SPEC.recipe.to_dict(),
    epochs=[{"epoch": 1, "loss": 0.5, "steps": 3, "seconds": 0.25}],
    test={"accuracy": 0.75, "per_class_recall": [0.5, 1.0]},
    seconds=1.5,
    versions={"numpy": "2"},
    arrays={"predicted": np.array([3, 1], np.uint8), "run_loss": np.array([[0.5], [0.25]])},
)
FAILED = Failed("it diverged", "somewhere")


@pytest.fixture
def archive(tmp_path) -> Archive:
    return Archive(tmp_path / "studies")


def names(archive: Archive) -> list[str]:
    return sorted(entry.name for entry in archive.runs.iterdir())


def test_what_was_kept_is_read_again(archive) -> None:
    archive.keep(SPEC, RUN)
    found = archive.read(SPEC)
    assert {**vars(found), "arrays": None} == {**vars(RUN), "arrays": None}
    assert found.arrays.keys() == RUN.arrays.keys()
    for name, array in RUN.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array, strict=True)


def test_a_run_is_missing_until_it_is_kept(archive) -> None:
    assert (archive.has(SPEC), archive.missing([SPEC, SPEC])) == (False, [SPEC])
    with pytest.raises(FileNotFoundError):
        archive.read(SPEC)
    archive.keep(SPEC, RUN)
    assert (archive.has(SPEC), archive.missing([SPEC])) == (True, [])
    assert names(archive) == [f"{SPEC.key}.npz"]


def test_a_failure_is_kept_until_the_run_succeeds(archive) -> None:
    archive.keep(SPEC, FAILED)
    assert archive.failure(SPEC) == "it diverged"
    assert archive.missing([SPEC]) == [SPEC]
    archive.keep(SPEC, RUN)
    assert archive.failure(SPEC) is None
    assert names(archive) == [f"{SPEC.key}.npz"]


def test_a_failure_that_cannot_be_read_is_none(archive) -> None:
    archive.keep(SPEC, FAILED)
    (archive.runs / f"{SPEC.key}.failed.json").write_text("{")
    assert archive.failure(SPEC) is None


class Unsavable:
    """Stands for an array; converting it fails, half-way through the file."""

    dtype = np.dtype(float)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        raise OSError(errno.EIO, "the array is on a broken disk")


def test_a_write_that_fails_leaves_what_was_there(archive) -> None:
    broken = {"a": np.zeros(10_000), "b": Unsavable()}
    for before in ([], [f"{SPEC.key}.npz"]):
        with pytest.raises(OSError, match="broken disk"):
            archive.keep(SPEC, Finished(**vars(RUN) | {"arrays": broken}))
        assert names(archive) == before
        archive.keep(SPEC, RUN)
    assert archive.read(SPEC).epochs == RUN.epochs


FULL = """
import resource, signal, sys
import numpy as np
from glassnet.study.archive import Archive
from glassnet.study import Finished
from glassnet.study.definition import RecordTable
from glassnet.study.design import RunSpec
from glassnet.recipes import load_recipe

resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
spec = RunSpec(load_recipe("digits"), RecordTable())
try:
    Archive(sys.argv[1]).keep(spec, Finished({}, [], {}, 1.0, {}, {"a": np.zeros(10_000)}))
except OSError as error:
    print(error.strerror)
"""


def test_a_full_disk_leaves_nothing(archive) -> None:
    code = [sys.executable, "-c", FULL, str(archive.folder)]
    told = subprocess.run(code, capture_output=True, text=True, check=True)
    assert told.stdout == "File too large\n"
    assert names(archive) == []


def _without(header: bytes, path) -> None:
    np.savez(path, run=np.frombuffer(header, np.uint8))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-40]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes().replace(b'"epochs"', b'"epoxhs"')),
        lambda path: _without(b"{", path),
        lambda path: _without(b"[]", path),
        lambda path: _without(b'{"epochs":[]}', path),
        lambda path: _without(b"\xff", path),
        lambda path: np.savez(path, other=np.zeros(3)),
    ],
)
def test_a_damaged_file_is_told_with_what_to_do(archive, damage) -> None:
    archive.keep(SPEC, RUN)
    path = archive.runs / f"{SPEC.key}.npz"
    damage(path)
    with pytest.raises(
        ValueError, match=r"is damaged \(.*; to replace it, run the study again"
    ) as e:
        archive.read(SPEC)
    assert str(path) in str(e.value)


def test_a_damaged_file_counts_as_missing_and_is_warned_of_once(archive, caplog) -> None:
    archive.keep(SPEC, RUN)
    path = archive.runs / f"{SPEC.key}.npz"
    path.write_bytes(path.read_bytes()[:-40])
    assert (archive.has(SPEC), archive.missing([SPEC])) == (False, [SPEC])
    (record,) = caplog.records
    assert f"{path} is damaged" in record.getMessage()
    archive.keep(SPEC, RUN)
    assert (archive.has(SPEC), archive.missing([SPEC])) == (True, [])
