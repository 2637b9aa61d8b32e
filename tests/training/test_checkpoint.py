"""Files that are put in place whole, whatever happens meanwhile."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.storage import read_npz
from glassnet.training.checkpoint import read_state, write_state


def child(code: str, *arguments: object, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=120, check=False, **options,
    )  # fmt: skip


def test_a_tree_of_numbers_strings_and_arrays_comes_back(tmp_path) -> None:
    tree = {
        "a": [1, 2.5, None, "text", True],
        "b": {"c": np.arange(6.0).reshape(2, 3), "d": [np.array(3), {"e": np.zeros(0)}]},
        "big": 2**130,
        "endless": float("inf"),
    }
    write_state(tmp_path / "s", tree)
    back = read_state(tmp_path / "s")
    assert back["a"] == tree["a"]
    assert back["big"] == 2**130
    assert back["endless"] == float("inf")
    np.testing.assert_array_equal(back["b"]["c"], tree["b"]["c"])
    assert back["b"]["d"][0] == 3
    assert back["b"]["d"][1]["e"].shape == (0,)


def test_a_tuple_comes_back_as_a_list(tmp_path) -> None:
    write_state(tmp_path / "s", {"shape": (2, 3)})
    assert read_state(tmp_path / "s") == {"shape": [2, 3]}


def test_a_checkpoint_of_a_newer_format_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("glassnet.training.checkpoint._VERSION", 99)
    write_state(tmp_path / "s", {})
    monkeypatch.undo()
    with pytest.raises(ValueError, match="is not a checkpoint that this glassnet reads"):
        read_state(tmp_path / "s")


def test_the_time_between_checkpoints_is_not_negative() -> None:
    with pytest.raises(ValueError, match=r"seconds must be .* at least 0, got -1"):
        gn.Checkpoint("c.npz", seconds=-1)


def test_in_a_long_epoch_checkpoints_are_written_when_it_is_time(
    tmp_path, blobs, make_trainer
) -> None:
    path, seen = tmp_path / "c.npz", []

    class Look(gn.Callback):
        def on_chunk_end(self, trainer) -> None:
            seen.append(path.exists() and read_state(path)["progress"]["row"])

    for seconds in (0, 1e9):
        callbacks = [Look(), gn.Checkpoint(path, seconds=seconds)]
        make_trainer(callbacks=callbacks, batch_size=700).fit(blobs(2100), epochs=1)
        path.unlink()
    assert seen == [False, 700, 1400, False, False, False]


WRITE_FOR_EVER = """
import os, signal, sys
import numpy as np
from glassnet.training.checkpoint import read_state, write_state

path = sys.argv[1]
write_state(path, {"i": 0, "a": np.zeros(60_000)})
seen = set()
for attempt in range(20):
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        i = read_state(path)["i"]
        while True:
            i += 1
            write_state(path, {"i": i, "a": np.full(60_000, float(i))})
            os.write(there, b".")
    os.read(here, 1 + attempt % 3)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    state = read_state(path)
    assert state["a"].shape == (60_000,) and set(state["a"]) == {state["i"]}, attempt
    seen.add(state["i"])
assert len(seen) == 20, seen
"""


def test_a_process_killed_while_it_writes_leaves_a_whole_file(tmp_path) -> None:
    done = child(WRITE_FOR_EVER, tmp_path / "c.npz")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("function", ["replace", "fsync", "chmod"])
def test_an_error_at_any_step_leaves_the_old_file_and_nothing_else(
    tmp_path, monkeypatch, function
) -> None:
    path = tmp_path / "c.npz"
    write_state(path, {"i": 1})

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, function, full)
    with pytest.raises(OSError, match="No space left"):
        write_state(path, {"i": 2})
    monkeypatch.undo()
    assert read_state(path) == {"i": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_while_writing_leaves_the_old_file_and_nothing_else(
    tmp_path, monkeypatch
) -> None:
    path = tmp_path / "c.npz"
    write_state(path, {"i": 1})

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_state(path, {"i": 2})
    assert read_state(path) == {"i": 1}
    assert list(tmp_path.iterdir()) == [path]


NO_ROOM = """
import resource, sys
import numpy as np
from glassnet.storage import write_npz

write_npz(sys.argv[1], {"a": np.arange(10)})
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
try:
    write_npz(sys.argv[1], {"a": np.zeros(100_000)})
except OSError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


def test_a_file_that_grows_beyond_what_may_be_written_leaves_the_old_one(tmp_path) -> None:
    done = child(NO_ROOM, tmp_path / "c.npz")
    assert "File too large" in done.stdout
    assert done.stderr == ""
    assert read_npz(tmp_path / "c.npz")["a"].tolist() == list(range(10))
    assert len(list(tmp_path.iterdir())) == 1


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 64 kB, where this user may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("mounting a small tmpfs is not allowed here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(small_disk) -> None:
    path = small_disk / "c.npz"
    write_state(path, {"a": np.zeros(10)})
    with pytest.raises(OSError, match="No space left on device") as told:
        write_state(path, {"a": np.zeros(100_000)})
    assert told.value.errno == errno.ENOSPC
    assert read_state(path)["a"].shape == (10,)
    assert list(small_disk.iterdir()) == [path]


def test_a_disk_that_fills_up_in_training_leaves_the_last_checkpoint(
    tmp_path, monkeypatch, blobs, make_trainer
) -> None:
    path = tmp_path / "c.npz"

    class Fill(gn.Callback):
        def on_epoch_end(self, trainer, record) -> None:
            if record["epoch"] == 2:
                monkeypatch.setattr(os, "fsync", full)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    trainer = make_trainer(callbacks=[Fill(), gn.Checkpoint(path)])
    with pytest.raises(OSError, match="No space left"):
        trainer.fit(blobs(), epochs=3)
    monkeypatch.undo()
    again = make_trainer(callbacks=[gn.Checkpoint(path)])
    again.resume(path)
    assert len(again.history) == 1
    whole = make_trainer()
    whole.fit(blobs(), epochs=3)
    again.fit(blobs(), epochs=3)
    assert (again.network.theta == whole.network.theta).all()


READ_ONLY = """
import os, pathlib, sys, tempfile  # another user may not be able to read the interpreter's files
import numpy as np
from glassnet.storage import read_npz, write_npz

if os.geteuid() == 0:
    os.seteuid(65534)  # root could write in spite of the permissions
try:
    write_npz(sys.argv[1], {"a": np.zeros(3)})
except PermissionError as error:
    print("refused")
"""


def test_a_read_only_folder_is_told_and_left_as_it_is() -> None:
    with tempfile.TemporaryDirectory() as name:  # reachable for other users, unlike tmp_path
        folder = Path(name)
        gn.Network([gn.Dense(1)], input_shape=1).save(folder / "c.npz")
        before = (folder / "c.npz").read_bytes()
        folder.chmod(0o555)
        done = child(READ_ONLY, folder / "c.npz")
        folder.chmod(0o755)
        assert done.stdout == "refused\n", done.stderr
        assert (folder / "c.npz").read_bytes() == before
        assert len(list(folder.iterdir())) == 1


def test_a_folder_that_is_missing_is_told(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        write_state(tmp_path / "none" / "c.npz", {})
