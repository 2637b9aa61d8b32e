"""``glassnet train`` in real processes that are stopped by real signals."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading

import pytest

import glassnet as gn
from glassnet.cli.progress import TrainingProgress

WITHOUT_PICTURES = """
import sys, types
sys.modules["glassnet.cli.pictures"] = types.SimpleNamespace(draw=lambda *_: None)  # to be quick
"""
PAUSING = f"""{WITHOUT_PICTURES}
from glassnet.cli import main
from glassnet.recipes.run import HistoryLog

moment, sys.argv = sys.argv[1], ["glassnet", *sys.argv[2:]]
write = HistoryLog.on_epoch_end

def write_and_pause(self, trainer, record):
    if str(record["epoch"]) == moment:
        print("here", flush=True)
        sys.stdin.readline()
    write(self, trainer, record)

HistoryLog.on_epoch_end = write_and_pause
main()
"""
TRAIN = ("train", "--epochs", "4", "--set", "training.early_stopping={patience=3}", "--out")


@pytest.fixture
def start(environment):
    """Run ``glassnet`` in a process that waits for a line at the end of an epoch."""

    def run(moment: int, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", PAUSING, str(moment), *arguments],
            env=environment(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    return run


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    for line in process.stdout:
        if text in line:
            return line
    raise AssertionError(process.stderr.read())


def outcome(folder) -> tuple[str, list[dict]]:
    records = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    kept = [{k: v for k, v in r.items() if not k.endswith("seconds")} for r in records]
    return hashlib.sha256((folder / "model.npz").read_bytes()).hexdigest(), kept


@pytest.fixture(scope="module")
def whole(tmp_path_factory, run_glassnet):
    """How the run ends that nobody stops."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    run_glassnet(*TRAIN, folder)
    return outcome(folder)


def resume(start) -> None:
    with start(0, "train", "--resume", "run") as running:
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 0, errors


def test_a_run_that_is_killed_twice_ends_as_if_it_had_never_been(start, workplace, whole) -> None:
    for moment, arguments in ((2, (*TRAIN, "run")), (3, ("train", "--resume", "run"))):
        with start(moment, *arguments) as running:
            wait_for(running, "here")
            running.kill()
    assert not (workplace / "run" / "model.npz").exists()
    resume(start)
    assert outcome(workplace / "run") == whole
    assert not list((workplace / "run").glob(".*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_asked_to_stop_says_how_to_go_on(start, workplace, whole, number) -> None:
    with start(2, *TRAIN, "run") as running:
        wait_for(running, "here")
        running.send_signal(number)
        out, errors = running.communicate("\n", timeout=60)
    assert running.returncode == 1
    assert "Training stopped in epoch 3. Go on with: glassnet train --resume run" in out
    assert errors == ""
    result = json.loads((workplace / "run" / "result.json").read_text())
    assert (result["status"], result["epochs"]) == ("stopped", 2)
    resume(start)
    assert outcome(workplace / "run") == whole


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_long_run_stops_within_the_epoch(environment, workplace, number) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "glassnet", "train", "--epochs", "100000", "--out", "run"],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        wait_for(running, "epoch 1/100000")
        running.send_signal(number)
        out, errors = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "Go on with: glassnet train --resume run" in out
    assert errors == ""
    assert (workplace / "run" / "checkpoint.npz").is_file()


def test_a_second_interrupt_ends_the_program_at_once(environment, workplace) -> None:
    code = f"""{WITHOUT_PICTURES}
import time
from glassnet.cli import main
from glassnet.recipes.run import HistoryLog

def wait(self, trainer, record):
    print("here", flush=True)
    while not trainer.interrupted:
        time.sleep(0.01)
    print("interrupted", flush=True)
    sys.stdin.readline()
    print("never", flush=True)

HistoryLog.on_epoch_end = wait
sys.argv = ["glassnet", "train", "--out", "run"]
main()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        wait_for(running, "here")
        running.send_signal(signal.SIGINT)
        wait_for(running, "interrupted")
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 1
        assert "never" not in running.stdout.read()
        assert "Traceback" not in running.stderr.read()


def train_a_little(progress: TrainingProgress) -> None:
    network = gn.Network([gn.Dense(2, "softmax")], input_shape=1)
    data = gn.Dataset([[0.0], [1.0]], [0, 1])
    gn.Trainer(network, loss="half_squared_error", callbacks=[progress]).fit(data, epochs=1)


def test_after_training_signals_do_what_they_did_before() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    train_a_little(TrainingProgress("validation"))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_that_is_to_be_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        progress = TrainingProgress("validation")
        heard: list[object] = []
        progress.on_epoch_end = lambda *_: heard.append(signal.getsignal(signal.SIGINT))
        train_a_little(progress)
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIG_IGN]


STUCK = """
import sys
from glassnet.cli import main

def wait(*_, **__):
    print("here", flush=True)
    sys.stdin.readline()

{}
sys.argv = ["glassnet", "train", "--out", "some/run"]
main()
"""
IN_IMPORT = """
class Import:
    def find_spec(self, name, *_):
        if name == "glassnet.cli.app":
            wait()

sys.meta_path.insert(0, Import())
"""
IN_LOADING = """
import glassnet.recipes
sys.modules["glassnet.recipes.job"].load_data = wait
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("place", [IN_IMPORT, IN_LOADING])
def test_a_signal_outside_of_training_ends_it_with_a_line(
    environment, workplace, place, number
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STUCK.format(place)], env=environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as running:  # fmt: skip
        wait_for(running, "here")
        running.send_signal(number)
        _, errors = running.communicate(timeout=60)
    assert (running.returncode, errors) == (1, "Stopped; what was complete before is kept.\n")
    assert list(workplace.iterdir()) == []


def test_a_thread_that_can_not_listen_to_signals_trains_all_the_same(capsys) -> None:
    thread = threading.Thread(target=train_a_little, args=[TrainingProgress("validation")])
    thread.start()
    thread.join()
    assert "epoch 1/1" in capsys.readouterr().out


# A terminal


ON_TERMINAL = f"""{WITHOUT_PICTURES}
from glassnet.cli import main

sys.argv[0] = "glassnet"
main()
"""


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, arguments, environment, columns: int) -> None:
        self.text = ""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

        def take_terminal() -> None:
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C reaches it

        self.process = subprocess.Popen(
            [sys.executable, "-c", ON_TERMINAL, *arguments],
            env=environment, stdin=slave, stdout=slave, stderr=slave, preexec_fn=take_terminal,  # noqa: PLW1509
        )  # fmt: skip
        os.close(slave)

    def read_until(self, text: str | None) -> None:
        while text is None or text not in self.text:
            try:
                piece = os.read(self._master, 65536)
            except OSError:  # how Linux tells that the other side was closed
                piece = b""
            if not piece:
                assert text is None, self.text
                break
            self.text += piece.decode()

    def press_ctrl_c(self) -> None:
        os.write(self._master, b"\x03")

    def end(self) -> int:
        self.read_until(None)
        os.close(self._master)
        return self.process.wait(60)

    def lines(self) -> list[str]:
        """What was drawn, without the terminal's control sequences."""
        return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.text))


def test_a_terminal_sees_two_bars(environment, workplace) -> None:
    arguments = ["train", "--epochs", "30", "--out", "run"]
    terminal = Terminal(arguments, environment(TERM="xterm-256color"), 120)
    assert terminal.end() == 0
    drawn = terminal.lines()
    epochs = [line for line in drawn if line.startswith("epochs")]
    batches = [line for line in drawn if line.startswith("batches")]
    assert "30/30" in epochs[-1]
    last = json.loads((workplace / "run" / "history.jsonl").read_text().splitlines()[-1])
    measured = [line for line in drawn if line.startswith("validation loss")]
    assert f"validation loss {last['validation_loss']:.4f}  accuracy" in measured[-1]
    assert "81/81" in batches[-1]
    running = [line for line in drawn if line.startswith("loss")]
    assert re.fullmatch(r"loss \d\.\d+  accuracy \d+\.\d+ %  [\d,]+ images/s *", running[-1])
    assert re.search(r"\x1b\[[0-9;]*3[0-9]", terminal.text)


def test_a_terminal_of_40_columns_is_not_overrun_nor_coloured_where_that_is_unwanted(
    environment,
) -> None:
    terminal = Terminal(["train", "--epochs", "5"], environment(TERM="xterm", NO_COLOR="1"), 40)
    assert terminal.end() == 0
    assert not re.search(r"\x1b\[([0-9;]*;)?(3[0-7]|9[0-7]|38;)", terminal.text)
    bars = [line for line in terminal.lines() if line.startswith(("epochs", "batches"))]
    assert "5/5" in "".join(bars)
    assert max(map(len, bars)) <= 40
    table = [line for line in terminal.lines() if "dense" in line or "Softmax" in line]
    assert max(map(len, table)) <= 40


@pytest.mark.parametrize("columns", [40, 80, 99, 120])
def test_a_terminal_of_any_width_shows_all_numbers_whole(environment, columns) -> None:
    phase = '{epochs=2,batch_size=1,optimizer={type="SGD"}}'
    terminal = Terminal(
        ["train", "--set", f"training.phases=[{phase},{phase}]", "--out", "run"],
        environment(TERM="xterm"), columns,
    )  # fmt: skip
    assert terminal.end() == 0
    drawn = [line.rstrip() for line in terminal.lines()]
    shown = drawn[: drawn.index("Next")]
    shown = shown[next(i for i, line in enumerate(shown) if line.startswith("phase 1")) :]
    shown = [line for line in shown if not line.startswith(("Test", "Training", "Run"))]
    assert max(map(len, shown)) <= columns
    assert "…" not in "".join(shown)
    text = "\n".join(shown)
    for expected in (
        r"^phase 1 .* 2/2 +\d:\d\d:\d\d$",
        r"^phase 2 .* 2/2 +\d:\d\d:\d\d$",
        r"^batches .* 1,294/1,294 +\d:\d\d:\d\d$",
        r"^loss \d\.\d{4}  accuracy \d+\.\d\d %",
        r"[\d,]+ images/s$",
        r"^validation loss \d\.\d{4}",
        r"accuracy \d+\.\d\d %$",
    ):
        assert re.search(expected, text, re.MULTILINE), expected


def test_a_dumb_terminal_gets_plain_lines(environment) -> None:
    terminal = Terminal(["train", "--epochs", "2"], environment(TERM="dumb"), 100)
    assert terminal.end() == 0
    assert "\x1b[" not in terminal.text
    assert "epoch 2/2" in terminal.text


def test_ctrl_c_on_a_terminal_stops_the_run_and_gives_the_cursor_back(
    environment, workplace
) -> None:
    terminal = Terminal(
        ["train", "--epochs", "100000", "--out", "run"], environment(TERM="xterm"), 100
    )
    terminal.read_until("images/s")
    terminal.press_ctrl_c()
    assert terminal.end() == 1
    assert "glassnet train --resume run" in terminal.text
    assert terminal.text.rindex("\x1b[?25h") > terminal.text.rindex("\x1b[?25l")
    assert "Traceback" not in terminal.text
    assert (workplace / "run" / "checkpoint.npz").is_file()
