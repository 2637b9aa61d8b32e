from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import os
import struct
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from glassnet.data import DATASETS, CatalogEntry, RemoteFile
from glassnet.extras import installed

_REAL_DATA = os.environ.get("GLASSNET_DATA", "")


@pytest.fixture
def real_data(monkeypatch: pytest.MonkeyPatch, isolated: Path) -> Path:
    """The folder of real data sets that whoever runs the tests has named."""
    if not _REAL_DATA or not Path(_REAL_DATA).is_dir():
        pytest.skip("GLASSNET_DATA names no folder with the real data sets")
    monkeypatch.setenv("GLASSNET_DATA", _REAL_DATA)
    return Path(_REAL_DATA)


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache directory, no data of the user's own, and no proxy on the way."""
    cache = tmp_path / "cache"
    if installed("platformdirs"):  # else nothing is cached
        monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(cache))
    monkeypatch.delenv("GLASSNET_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return cache


def _idx_bytes(array: np.ndarray) -> bytes:
    """The IDX file of an array: the oracle of `read_idx`, written from the format's description."""
    codes = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
    code = codes[array.dtype.str[1:]]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def _mnist_files(*, seed: int = 0) -> dict[str, bytes]:
    """Tiny files in MNIST's form: 20 and 10 images of 4 x 4, gzipped."""
    rng = np.random.default_rng(seed)
    files = {}
    for part, n in (("train", 20), ("t10k", 10)):
        images = rng.integers(0, 256, (n, 4, 4), np.uint8)
        labels = np.arange(n, dtype=np.uint8) % 10
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            files[f"{part}-{name}-ubyte.gz"] = gzip.compress(_idx_bytes(array), mtime=0)
    return files


def _put(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder of the user's own with tiny files in MNIST's form."""
    return _put(tmp_path / "mine", _mnist_files())


@dataclass
class Server:
    """A real HTTP server that can fail in the ways of real ones."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    cuts: dict[str, list[int]] = field(default_factory=dict)
    """For a path, after how many bytes the next answers break off, one after the other."""
    ranges: bool = True
    seen: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range header of each request."""

    def mirror(self, folder: str, files: dict[str, bytes]) -> str:
        self.files |= {f"/{folder}/{name}": content for name, content in files.items()}
        return f"{self.url}/{folder}/"

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.seen.append((request.path, wanted))
        content = self.files.get(request.path)
        if content is None:
            request.send_error(404)
            return
        start = 0
        if wanted is not None and self.ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            request.send_response(206)
        else:
            request.send_response(200)
        body = content[start:]
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        cuts = self.cuts.get(request.path, [])
        request.wfile.write(body[: cuts.pop(0)] if cuts else body)


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        state = Server(f"http://127.0.0.1:{listening.server_port}")
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        listening.shutdown()
        thread.join()


@pytest.fixture
def closed_url() -> str:
    """An address at which nothing listens."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as once:
        return f"http://127.0.0.1:{once.server_port}/"


def _remote(name: str, content: bytes) -> RemoteFile:
    return RemoteFile(name, hashlib.md5(content, usedforsecurity=False).hexdigest(), len(content))


@pytest.fixture
def tiny_mnist(monkeypatch: pytest.MonkeyPatch, server: Server) -> CatalogEntry:
    """MNIST in the catalogue replaced by tiny files, which the local server has."""
    files = _mnist_files()
    entry = replace(
        DATASETS["mnist"],
        files=tuple(_remote(name, content) for name, content in files.items()),
        mirrors=(server.mirror("mnist", files),),
    )
    monkeypatch.setitem(DATASETS, "mnist", entry)
    return entry


def _cifar_batch(n: int, *, seed: int = 0) -> bytes:
    """`n` records of one label byte and 3072 pixel bytes."""
    rng = np.random.default_rng(seed)
    records = rng.integers(0, 256, (n, 3073), np.uint8)
    records[:, 0] %= 10
    return records.tobytes()


def _tar_bytes(files: dict[str, bytes], *, compress: bool = True) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue()) if compress else buffer.getvalue()


# Tests are no package, so helpers reach them as fixtures.
@pytest.fixture(scope="session")
def idx_bytes() -> Callable[..., bytes]:
    return _idx_bytes


@pytest.fixture(scope="session")
def mnist_files() -> Callable[..., dict[str, bytes]]:
    return _mnist_files


@pytest.fixture(scope="session")
def put() -> Callable[..., Path]:
    return _put


@pytest.fixture(scope="session")
def remote() -> Callable[..., RemoteFile]:
    return _remote


@pytest.fixture(scope="session")
def cifar_batch() -> Callable[..., bytes]:
    return _cifar_batch


@pytest.fixture(scope="session")
def tar_bytes() -> Callable[..., bytes]:
    return _tar_bytes
