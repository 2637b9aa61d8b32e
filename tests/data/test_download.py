import errno
import io
import logging
import os
import stat
from pathlib import Path

import pytest

pytest.importorskip("pooch", reason="needs the extra cli")

import pooch
import requests

from glassnet.data import DownloadError
from glassnet.data.download import download

CONTENT = bytes(range(256)) * 1200


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class FullDisk(io.FileIO):
    def write(self, data: object) -> int:
        if self.tell() > 100_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)


@pytest.fixture
def file(remote):
    return remote("data.bin", CONTENT)


@pytest.fixture
def url(server) -> str:
    return server.mirror("good", {"data.bin": CONTENT})


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "new" / "folder"


def test_a_file_is_downloaded(file, url, folder) -> None:
    path = download(file, folder, mirrors=[url])
    assert path == folder / "data.bin"
    assert path.read_bytes() == CONTENT
    assert names_in(folder) == ["data.bin"]


def test_an_address_may_lack_its_last_slash(file, url, folder) -> None:
    assert download(file, folder, mirrors=[url.rstrip("/")]).exists()


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_the_file_is_as_readable_as_any_other(file, url, folder) -> None:
    path = download(file, folder, mirrors=[url])
    (other := folder / "other").touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


def test_a_file_that_is_there_is_not_asked_for_again(file, url, folder, server) -> None:
    download(file, folder, mirrors=[url])
    download(file, folder, mirrors=[url])
    assert len(server.seen) == 1


def test_a_file_that_is_there_with_another_checksum_is_replaced(file, url, folder, put) -> None:
    put(folder, {"data.bin": b"old"})
    assert download(file, folder, mirrors=[url]).read_bytes() == CONTENT


def test_progress_counts_up_to_the_size(file, url, folder) -> None:
    calls = []
    download(file, folder, mirrors=[url], progress=lambda *call: calls.append(call))
    assert calls[0] == ("data.bin", 0, len(CONTENT))
    assert calls[-1] == ("data.bin", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in calls] == sorted(done for _, done, _ in calls)
    assert len(calls) > 3


def test_a_transfer_that_breaks_off_goes_on_where_it_ended(file, url, folder, server) -> None:
    server.cuts["/good/data.bin"] = [100_000]
    assert download(file, folder, mirrors=[url]).read_bytes() == CONTENT
    assert server.seen == [("/good/data.bin", None), ("/good/data.bin", "bytes=65536-")]


def test_a_server_that_knows_no_ranges_begins_again(file, url, folder, server) -> None:
    server.cuts["/good/data.bin"] = [100_000]
    server.ranges = False
    assert download(file, folder, mirrors=[url]).read_bytes() == CONTENT


def test_a_transfer_that_keeps_breaking_off_leaves_nothing_at_the_final_place(
    file, url, folder, server
) -> None:
    server.cuts["/good/data.bin"] = [70_000, 70_000, 70_000]
    with pytest.raises(DownloadError, match=rf"broken off after 196608 of {len(CONTENT)} bytes"):
        download(file, folder, mirrors=[url])
    assert names_in(folder) == [".data.bin.part"]


def test_a_later_download_goes_on_where_the_last_one_ended(file, url, folder, server) -> None:
    server.cuts["/good/data.bin"] = [70_000, 70_000, 70_000]
    with pytest.raises(DownloadError):
        download(file, folder, mirrors=[url])
    server.seen.clear()
    assert download(file, folder, mirrors=[url]).read_bytes() == CONTENT
    assert server.seen == [("/good/data.bin", "bytes=196608-")]
    assert names_in(folder) == ["data.bin"]


def test_a_transfer_that_breaks_off_at_once_is_not_tried_again(file, url, folder, server) -> None:
    server.cuts["/good/data.bin"] = [0, 0]
    with pytest.raises(DownloadError, match=r"broken off after 0 of"):
        download(file, folder, mirrors=[url])
    assert len(server.seen) == 1
    assert names_in(folder) == []


def test_a_second_mirror_goes_on_where_the_first_one_ended(file, url, folder, server) -> None:
    first = server.mirror("first", {"data.bin": CONTENT})
    server.cuts["/first/data.bin"] = [70_000, 0]
    assert download(file, folder, mirrors=[first, url]).read_bytes() == CONTENT
    assert server.seen[-1] == ("/good/data.bin", "bytes=65536-")


def test_a_part_with_wrong_bytes_is_thrown_away(file, url, folder, server, put) -> None:
    put(folder, {".data.bin.part": b"not the beginning"})
    assert download(file, folder, mirrors=[url]).read_bytes() == CONTENT
    assert [wanted for _, wanted in server.seen] == ["bytes=17-", None]


def test_a_wrong_checksum_leads_to_the_next_mirror(file, url, folder, server) -> None:
    wrong = server.mirror("wrong", {"data.bin": bytes(len(CONTENT))})
    assert download(file, folder, mirrors=[wrong, url]).read_bytes() == CONTENT
    assert [path for path, _ in server.seen] == ["/wrong/data.bin", "/good/data.bin"]


def test_a_file_with_a_wrong_checksum_is_removed(file, folder, server) -> None:
    wrong = server.mirror("wrong", {"data.bin": bytes(len(CONTENT))})
    with pytest.raises(DownloadError, match=rf"data.bin: its MD5 checksum is not .*{file.md5}"):
        download(file, folder, mirrors=[wrong])
    assert names_in(folder) == []


def test_a_server_that_sends_too_much_is_cut_off(file, url, folder, server) -> None:
    endless = server.mirror("endless", {"data.bin": CONTENT + b"!"})
    with pytest.raises(DownloadError, match=rf"sends more than the published {len(CONTENT)} bytes"):
        download(file, folder, mirrors=[endless])
    assert names_in(folder) == []
    assert len(server.seen) == 1


def test_a_server_that_sends_too_little_is_found_out(file, folder, server) -> None:
    short = server.mirror("short", {"data.bin": CONTENT[:-1]})
    with pytest.raises(DownloadError, match=rf"broken off after {len(CONTENT) - 1} of"):
        download(file, folder, mirrors=[short])
    assert not (folder / "data.bin").exists()


def test_every_mirror_that_failed_is_named_with_the_reason(
    file, folder, server, closed_url
) -> None:
    empty = server.mirror("empty", {})
    with pytest.raises(DownloadError) as error:
        download(file, folder, mirrors=[empty, closed_url])
    assert str(error.value).splitlines() == [
        f"{empty}data.bin: the server answers 404 Not Found",
        f"{closed_url}data.bin: no connection",
    ]


def test_an_address_that_is_none_is_named(file, folder) -> None:
    with pytest.raises(DownloadError, match=r"nowhere/data.bin: .*nowhere"):
        download(file, folder, mirrors=["nowhere"])


def test_no_mirror_at_all_is_said(file, folder) -> None:
    with pytest.raises(DownloadError, match=r"no address to download data.bin from"):
        download(file, folder, mirrors=[])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.ReadTimeout("slow"), "no answer within 30 seconds"),
        (requests.exceptions.SSLError("self-signed"), "no secure connection: self-signed"),
    ],
)
def test_a_failing_connection_is_explained(file, folder, error, reason, monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(requests, "get", fail)
    with pytest.raises(DownloadError, match=reason):
        download(file, folder, mirrors=["https://127.0.0.1/"])


def test_a_folder_that_can_not_be_made_is_said(file, url, tmp_path) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(DownloadError, match=r"can't write data.bin .* to .*a file.*another folder"):
        download(file, tmp_path / "a file" / "folder", mirrors=[url])


def test_a_full_disk_is_said_and_nothing_stays_on_it(file, url, folder, monkeypatch) -> None:
    real_open = Path.open

    def open_full(path: Path, *args, **kwargs):
        opened = real_open(path, *args, **kwargs)
        if path.name.endswith(".part"):
            opened.close()
            opened = FullDisk(path, "wb")
        return opened

    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(DownloadError, match=r"No space left on device; make room"):
        download(file, folder, mirrors=[url])
    assert names_in(folder) == []


def test_an_interruption_leaves_a_part_to_go_on_from(file, url, folder) -> None:
    def interrupt(name: str, done: int, total: int) -> None:
        if done > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(file, folder, mirrors=[url], progress=interrupt)
    assert names_in(folder) == [".data.bin.part"]
    assert download(file, folder, mirrors=[url]).read_bytes() == CONTENT


def test_an_error_of_the_progress_hook_is_not_taken_for_one_of_the_server(
    file, url, folder
) -> None:
    def broken(name: str, done: int, total: int) -> None:
        raise ValueError("of the hook")

    with pytest.raises(ValueError, match=r"of the hook"):
        download(file, folder, mirrors=[url], progress=broken)


def test_nothing_is_printed(file, url, folder, capfd, caplog) -> None:
    pooch.get_logger().addHandler(caplog.handler)
    with caplog.at_level(logging.INFO, "glassnet"):
        download(file, folder, mirrors=[url + "missing/", url])
    assert capfd.readouterr() == ("", "")
    pooch.get_logger().removeHandler(caplog.handler)
    assert [record.name for record in caplog.records] == ["glassnet.data.download"]
    assert "404" in caplog.text


def test_the_log_of_pooch_speaks_again_afterwards(file, url, folder) -> None:
    download(file, folder, mirrors=[url])
    assert not pooch.get_logger().disabled
