from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import platformdirs
import pytest

from glassnet.cli import main


class Outcome(NamedTuple):
    """What a command left behind: exit code, and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def workplace(monkeypatch, tmp_path) -> Path:
    """An empty current folder, an empty cache, and no data of the user's own."""
    folder = tmp_path / "workplace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("GLASSNET_DATA", raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "cache"))
    return folder


@pytest.fixture
def glassnet(monkeypatch, capsys) -> Callable[..., Outcome]:
    """Run a command in this process, which is fast; whatever is no exit is a test's failure."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["glassnet", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        return Outcome(code, *capsys.readouterr())

    return run


def _environment(cache: Path, **changes: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    nowhere = "http://127.0.0.1:9"  # the port of "discard", at which nobody listens
    blocked = {"HTTPS_PROXY": nowhere, "HTTP_PROXY": nowhere, "NO_PROXY": "", "no_proxy": ""}
    blocked |= {"https_proxy": nowhere, "http_proxy": nowhere}
    return kept | blocked | {"XDG_CACHE_HOME": str(cache), "OPENBLAS_NUM_THREADS": "1"} | changes


@pytest.fixture
def environment(tmp_path) -> Callable[..., dict[str, str]]:
    """The variables of a real process: no way to the network, an empty cache."""
    return lambda **changes: _environment(tmp_path / "cache", **changes)


@pytest.fixture
def process(environment) -> Callable[..., Outcome]:
    """Run a command as users do, in a process of its own."""

    def run(*arguments: object, program=(sys.executable, "-m", "glassnet"), **variables) -> Outcome:
        done = subprocess.run(
            [*program, *map(str, arguments)],
            env=environment(**variables),
            capture_output=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def run_glassnet(tmp_path_factory) -> Callable[..., None]:
    """Run a command that has to end well, in a process of its own and wherever."""

    def run(*arguments: object, cwd: Path | None = None) -> None:
        subprocess.run(
            [sys.executable, "-m", "glassnet", *map(str, arguments)],
            env=_environment(tmp_path_factory.getbasetemp() / "cache"),
            cwd=cwd, stdout=subprocess.DEVNULL, check=True,
        )  # fmt: skip

    return run


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory, run_glassnet) -> Path:
    """The folder of a finished run on the digits, for reading."""
    folder = tmp_path_factory.mktemp("digits") / "run"
    run_glassnet("train", "--epochs", 3, "--out", folder)
    return folder


@pytest.fixture(scope="session")
def table_run(tmp_path_factory, run_glassnet) -> Path:
    """The folder of a finished run on a table of two features and two classes."""
    folder = tmp_path_factory.mktemp("table")
    rows = (f"{i},{i % 2 + i / 100},{'even' if i % 2 == 0 else 'odd'}" for i in range(40))
    (folder / "parity.csv").write_text("\n".join(["number,rest,label", *rows]))
    own = ("--set", "data.name=parity.csv", "--learning-rate", 1e-3)
    run_glassnet("train", "--epochs", 2, "--hidden", "", *own, "--out", "run", cwd=folder)
    return folder / "run"
