"""Files from the network: resumed when broken off, kept only when their checksum is right."""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import IO, TypeAlias

from glassnet.data.catalog import RemoteFile
from glassnet.extras import require

#: Called with a file's name, the bytes that are there, and the bytes in total.
Progress: TypeAlias = Callable[[str, int, int], None]

_LOG = logging.getLogger(__name__)
_TIMEOUT = (10, 30)  # seconds: for the connection, and between two packets
_ATTEMPTS = 3  # at one mirror, as long as each brings the file nearer
_CHUNK = 2**16


class DownloadError(OSError):
    """No mirror gave the file, or it could not be written.

    Examples
    --------
    >>> import tempfile
    >>> from glassnet.data import RemoteFile
    >>> try:
    ...     download(RemoteFile("x.gz", "", 1), Path(tempfile.gettempdir()), mirrors=())
    ... except DownloadError as error:
    ...     print(error)
    there is no address to download x.gz from
    """


def download(
    file: RemoteFile,
    folder: Path,
    *,
    mirrors: Sequence[str],
    progress: Progress | None = None,
) -> Path:
    """Download one file into a folder, unless it is there with the right checksum.

    Parameters
    ----------
    file : RemoteFile
        Its name, checksum and size.
    folder : Path
        Made if it does not exist.
    mirrors : sequence of str
        Addresses to which the name is appended, tried in this order.
    progress : callable, optional
        Called with the file's name, the bytes that are there and the bytes in total.

    Returns
    -------
    path : Path
        The file, whole and verified. What was broken off stays in a hidden file beside it, and
        the next download goes on from there.

    Raises
    ------
    DownloadError
        If every mirror failed, with the reason for each; or if the folder can't be written to.
    MissingExtraError
        If pooch is not installed.
    """
    pooch = require("pooch", "cli")
    if not mirrors:
        raise DownloadError(f"there is no address to download {file.name} from")
    failures = []
    log = pooch.get_logger()
    was_disabled, log.disabled = log.disabled, True  # it writes to stderr by itself
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for mirror in mirrors:
            url = f"{mirror.rstrip('/')}/{file.name}"
            failure = _try_mirror(url, file, folder, progress)
            if failure is None:
                return folder / file.name
            _LOG.info("%s: %s", url, failure)
            failures.append(f"{url}: {failure}")
    except OSError as error:
        raise DownloadError(
            f"can't write {file.name} ({file.size} bytes) to {folder}: "
            f"{error.strerror or error}; make room there, or name another folder"
        ) from error
    finally:
        log.disabled = was_disabled
    raise DownloadError("\n".join(failures))


def _try_mirror(
    url: str,
    file: RemoteFile,
    folder: Path,
    progress: Progress | None,
) -> str | None:
    """Return None if the file is in place now, else the reason why not."""
    pooch, requests = require("pooch", "cli"), require("requests", "cli")
    failure = ""
    for _ in range(_ATTEMPTS):
        transfer = _Transfer(file, folder, progress, requests)
        try:
            pooch.retrieve(
                url, f"md5:{file.md5}", fname=file.name, path=folder, downloader=transfer
            )
        except requests.RequestException as error:
            failure = transfer.why(error)
        except ValueError:
            if not transfer.finished:
                raise
            failure = f"its MD5 checksum is not the published {file.md5}"
        else:
            return None
        # Worth another attempt: a cut after new bytes, or a file patched together from two.
        again = transfer.resumed_at > 0 if transfer.finished else transfer.n_new > 0
        if not again:
            break
    return failure


class _Transfer:
    """One attempt at one mirror, in the form that pooch calls."""

    def __init__(
        self, file: RemoteFile, folder: Path, progress: Progress | None, requests: ModuleType
    ) -> None:
        self.file = file
        self.progress = progress
        self.requests = requests
        self.resumed_at = 0
        self.n_new = 0
        self.finished = False
        self._part = folder / f".{file.name}.part"
        # Under a name of its own, so that no two writers ever share it.
        writer = f"{os.getpid()}-{threading.get_ident()}"
        self._working = folder / f".{file.name}.{writer}.part"

    def __call__(self, url: str, output_file: str, pooch: object) -> None:  # noqa: ARG002
        try:
            self._part.replace(self._working)
            self.resumed_at = self._working.stat().st_size
        except FileNotFoundError:
            self.resumed_at = 0
        try:
            self._get(url)
            self._working.replace(output_file)
            self.finished = True
        except BaseException as error:
            out_of_room = isinstance(error, OSError) and error.errno == errno.ENOSPC
            if self._done and self._working.exists() and not out_of_room:
                self._working.replace(self._part)
            self._working.unlink(missing_ok=True)
            raise

    def _get(self, url: str) -> None:
        # Unchanged bytes only: a .gz that is unpacked on the way has another checksum.
        headers = {"Accept-Encoding": "identity"}
        if self.resumed_at:
            headers["Range"] = f"bytes={self.resumed_at}-"
        with self.requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            response.raise_for_status()
            if response.status_code != self.requests.codes.partial_content:
                self.resumed_at = 0
            with self._working.open("ab" if self.resumed_at else "wb") as working:
                self._report()
                for chunk in response.iter_content(_CHUNK):
                    self._write(chunk, working)
        if self._done < self.file.size:
            raise self.requests.exceptions.ChunkedEncodingError("ended too early")

    def _write(self, chunk: bytes, working: IO[bytes]) -> None:
        if self._done + len(chunk) > self.file.size:
            self.resumed_at = self.n_new = 0  # nothing of it is worth keeping
            raise self.requests.exceptions.ContentDecodingError(
                f"sends more than the published {self.file.size} bytes"
            )
        working.write(chunk)
        self.n_new += len(chunk)
        self._report()

    def _report(self) -> None:
        if self.progress is not None:
            self.progress(self.file.name, self._done, self.file.size)

    @property
    def _done(self) -> int:
        return self.resumed_at + self.n_new

    def why(self, error: Exception) -> str:
        """Say in a few words why it failed; the text of `requests` fills a paragraph."""
        kinds = self.requests.exceptions
        reasons = (
            (kinds.ContentDecodingError, str(error)),
            (
                kinds.ChunkedEncodingError,
                f"broken off after {self._done} of {self.file.size} bytes",
            ),
            (kinds.SSLError, f"no secure connection: {error}"),
            (kinds.Timeout, f"no answer within {max(_TIMEOUT)} seconds"),
            (kinds.ConnectionError, "no connection"),
        )
        if isinstance(error, kinds.HTTPError):
            return f"the server answers {error.response.status_code} {error.response.reason}"
        return next((why for kind, why in reasons if isinstance(error, kind)), str(error))
