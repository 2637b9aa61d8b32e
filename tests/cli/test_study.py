"""``glassnet study``, in this process and in real ones that real signals stop."""

from __future__ import annotations

import html
import os
import shlex
import signal
import subprocess
import sys

import pytest

from glassnet.study import Study

TINY = """
title = "Two rates"
recipe = "digits"
seeds = 2

[changes]
"training.phases.0.epochs" = 2

[[factors]]
name = "rate"
keys = ["training.phases.0.optimizer.learning_rate"]
values = [0.01, 0.1]
"""
DIVERGING = TINY.replace("0.1]", "1e6]")


@pytest.fixture
def tiny(workplace):
    """The file of a study that takes moments."""

    def write(text: str = TINY):
        file = workplace / "tiny.toml"
        file.write_text(text)
        return file

    return write


def kept(workplace) -> list[str]:
    return sorted(file.name for file in (workplace / "studies" / "runs").glob("*.npz"))


def test_a_study_runs_and_says_what_comes_next(glassnet, tiny, workplace) -> None:
    tiny()
    done = glassnet("study", "run", "tiny.toml", "--jobs", 1)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Two rates\n4 runs, 0 of them done before\n")
    assert "runs 4/4" in done.out
    assert "Next: glassnet study report tiny.toml" in done.out
    assert len(kept(workplace)) == 4


def test_a_second_run_does_nothing_and_says_so(glassnet, tiny, workplace) -> None:
    tiny()
    glassnet("study", "run", "tiny.toml", "--jobs", 1)
    before = [file.stat().st_mtime_ns for file in (workplace / "studies" / "runs").iterdir()]
    done = glassnet("study", "run", "tiny.toml")
    assert (done.code, done.err) == (0, "")
    assert "all 4 runs are there; nothing to do" in done.out
    after = [file.stat().st_mtime_ns for file in (workplace / "studies" / "runs").iterdir()]
    assert before == after


def test_seeds_and_folder_are_options(glassnet, tiny, workplace) -> None:
    tiny()
    own = ("--seeds", 1, "--out", "elsewhere")
    done = glassnet("study", "run", "tiny.toml", "--jobs", 1, *own)
    assert done.code == 0, done.err
    assert "Next: glassnet study report tiny.toml --seeds 1 --out elsewhere" in done.out
    assert len(list((workplace / "elsewhere" / "runs").iterdir())) == 2
    again = glassnet("study", "run", "tiny.toml", "--jobs", 1, "--out", "elsewhere")
    assert "4 runs, 2 of them done before" in again.out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TINY.replace("seeds", "sedes"), "unknown key 'sedes' in the study; did you mean 'seeds'?"),
        (TINY.split("[[factors]]", maxsplit=1)[0], "needs either factors or cells"),
        (TINY.replace("[0.01, 0.1]", "[]"), "factors.0: values must hold at least one, got []"),
        (TINY.replace("0.1]", "0.01]"), "the levels must be told apart, got 0.01, 0.01"),
        (TINY.replace("learning_rate", "rate"), "unknown argument of SGD 'rate'"),
        (TINY.replace('"digits"', '"digts"'), "unknown recipe 'digts'; did you mean 'digits'?"),
        (f'baseline = "rate 1"\n{TINY}', "baseline must be one of the cells (rate 0.01, rate 0.1)"),
        (TINY.replace("[changes]", '[changes]\n"data.name" = "digts"'), "unknown data set 'digts'"),
        (
            TINY.replace("[changes]", '[changes]\n"data.name" = "none.csv"'),
            "data.name = 'none.csv': there is no none.csv",
        ),
        ("name = [", "tiny.toml is not a study in TOML"),
        (None, "there is no study file tiny.toml"),
    ],
)
def test_a_bad_study_is_told_in_one_line(glassnet, tiny, workplace, text, told) -> None:
    if text is not None:
        tiny(text)
    done = glassnet("study", "run", "tiny.toml", "--jobs", 1)
    assert done.code == 2
    assert done.err.startswith("Error: ")
    assert told in done.err
    assert done.err.count("\n") == 1
    assert not (workplace / "studies").exists()


def test_a_folder_is_no_study(glassnet, workplace) -> None:
    (workplace / "x.toml").mkdir()
    done = glassnet("study", "run", "x.toml")
    assert done.code == 2
    assert "x.toml cannot be read as a study file: it is a folder" in done.err


def test_the_command_in_a_report_can_be_typed(glassnet, workplace) -> None:
    (workplace / "my own").mkdir()
    (workplace / "my own" / "bad 7.toml").write_text(f'name = "other"\n{TINY}')
    own = ("my own/bad 7.toml", "--seeds", 1, "--out", "else where")
    typed = "glassnet study run 'my own/bad 7.toml' --seeds 1 --out 'else where'"
    none = glassnet("study", "report", *own)
    assert (none.code, none.err.endswith(f"; first: {typed}\n")) == (2, True)
    glassnet("study", "run", *own, "--jobs", 1)
    assert glassnet("study", "report", *own).code == 0
    page = workplace / "else where" / "other" / "report.html"
    assert typed in html.unescape(page.read_text("utf-8"))
    assert glassnet(*shlex.split(typed)[1:]).out.splitlines()[1].startswith("all 2 runs are there")
    glassnet("study", "run", own[0], "--jobs", 1)
    glassnet("study", "report", own[0], "--seeds", 2)
    page = workplace / "studies" / "other" / "report.html"
    assert ">glassnet study run 'my own/bad 7.toml'<" in html.unescape(page.read_text("utf-8"))


def test_a_file_called_thesis_is_no_thesis(glassnet, workplace) -> None:
    (workplace / "thesis.toml").write_text(TINY)
    glassnet("study", "run", "thesis.toml", "--jobs", 1)
    done = glassnet("study", "report", "thesis.toml")
    assert (done.code, done.err) == (0, "")
    page = (workplace / "studies" / "thesis" / "report.html").read_text("utf-8")
    assert "<h1>Two rates</h1>" in page


def test_one_seed_and_none_have_a_dash_for_the_interval(glassnet, tiny) -> None:
    tiny(TINY.replace("seeds = 2", "seeds = 1"))
    for _ in range(2):
        done = glassnet("study", "show", "tiny.toml")
        assert (done.code, done.err) == (0, "")
        lines = [line.split() for line in done.out.splitlines() if line.startswith("rate ")]
        assert [line[-1] for line in lines] == ["–", "–"]
        glassnet("study", "run", "tiny.toml", "--jobs", 1)
    assert "No cells are compared" in done.out


def test_one_cell_without_runs_hides_no_verdict_of_the_others(glassnet, tiny) -> None:
    tiny(TINY.replace("0.1]", "0.1, 1e6]"))
    glassnet("study", "run", "tiny.toml", "--jobs", 1)
    done = glassnet("study", "show", "tiny.toml")
    assert "rate 0.01 against rate 0.1: " in done.out
    assert "rate 1e+06: 2 of 2 runs failed." in done.out
    assert "Not compared, with fewer than two seeds in common: rate 1e+06." in done.out


def test_a_damaged_run_is_warned_of_and_made_again(glassnet, tiny, workplace) -> None:
    tiny()
    glassnet("study", "run", "tiny.toml", "--jobs", 1)
    path = workplace / "studies" / "runs" / kept(workplace)[0]
    path.write_bytes(path.read_bytes()[:50])
    shown = glassnet("study", "show", "tiny.toml")
    assert shown.code == 0
    assert "1 of 2" in shown.out
    done = glassnet("study", "run", "tiny.toml", "--jobs", 1)
    assert "4 runs, 3 of them done before" in done.out
    assert done.code == 0


def test_an_unknown_study_is_told_with_the_nearest(glassnet) -> None:
    for command in ("run", "show"):
        done = glassnet("study", command, "figure-8")
        assert done.code == 2
        assert "unknown study 'figure-8'; did you mean 'figure-08'?" in done.err


def test_a_scheduler_that_is_not_there_is_told(glassnet, tiny, monkeypatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("glassnet.study.execution._SECONDS_TO_CONNECT", 0.5)
    tiny()
    done = glassnet("study", "run", "tiny.toml", "--cluster", "tcp://127.0.0.1:9")
    assert done.code == 2
    assert "Error: there is no Dask scheduler at tcp://127.0.0.1:9" in done.err
    assert done.err.count("\n") == 1


def test_runs_that_fail_are_told_and_the_others_kept(glassnet, tiny, workplace) -> None:
    tiny(DIVERGING)
    for already, missing in ((0, 4), (2, 2)):
        done = glassnet("study", "run", "tiny.toml", "--jobs", 1)
        assert (done.code, done.err) == (1, "")
        assert f"4 runs, {already} of them done before" in done.out
        assert "failed: rate 1e+06, seed 0: training diverged" in done.out
        assert "All of them: glassnet study show tiny.toml. Run" in done.out
        assert f"2 of {missing} runs failed; the others are kept" in done.out
        assert len(kept(workplace)) == 2


def test_the_same_failure_is_told_once(glassnet, tiny) -> None:
    tiny(DIVERGING.replace("seeds = 2", "seeds = 8"))
    done = glassnet("study", "run", "tiny.toml", "--jobs", 1)
    lines = [line for line in done.out.splitlines() if line.startswith("failed: ")]
    assert 1 <= len(lines) == len(set(lines)) <= 3
    assert "8 of 16 runs failed" in done.out


def test_fail_fast_ends_at_the_first_failure(glassnet, tiny, workplace) -> None:
    tiny(DIVERGING.replace("[0.01, 1e6]", "[1e6, 0.01]"))
    done = glassnet("study", "run", "tiny.toml", "--jobs", 1, "--fail-fast")
    assert done.code == 1
    told = "Error: a run failed, the first that did: rate 1e+06, seed 0: training diverged"
    assert done.err.startswith(told)
    assert kept(workplace) == []


def test_show_has_the_failures(glassnet, tiny) -> None:
    tiny(DIVERGING)
    glassnet("study", "run", "tiny.toml", "--jobs", 1)
    done = glassnet("study", "show", "tiny.toml")
    assert (done.code, done.err) == (0, "")
    assert "rate 0.01" in done.out
    assert "2 of 2" in done.out
    assert "0 of 2" in done.out
    assert "failed: rate 1e+06, seed 0: training diverged" in done.out
    assert "failed: rate 1e+06, seed 1: training diverged" in done.out


def test_the_list_has_the_studies_and_how_much_is_done(glassnet) -> None:
    done = glassnet("study", "list")
    assert (done.code, done.err) == (0, "")
    (line,) = [line for line in done.out.splitlines() if line.startswith("figure-08")]
    assert line.split()[1:4] == ["4", "40", "0"]
    assert "glassnet study run thesis" in done.out


@pytest.mark.parametrize(
    "how", [("--jobs", "1"), ("--jobs", "2"), ("--cluster", "local", "--jobs", "2")]
)
def test_ctrl_c_in_a_terminal_ends_it_soon_and_keeps_what_was_done(
    tiny, workplace, environment, how
) -> None:
    if "--cluster" in how:
        pytest.importorskip("distributed")
    study = TINY.replace("seeds = 2", "seeds = 40")
    if how == ("--jobs", "1"):
        study = study.replace("seeds = 40", "seeds = 400")
    tiny(study)
    with subprocess.Popen(
        [sys.executable, "-c", TELLING, "study", "run", "tiny.toml", *how],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        process_group=0,
    ) as running:  # fmt: skip
        for line in running.stdout:
            if line == "one\n":
                break
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does, to all processes
        out, errors = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "Traceback" not in out + errors
    assert errors == "Stopped; what was complete before is kept.\n"
    left = Study.load("tiny.toml")
    before = len(left.specs) - len(left.missing())
    assert 0 < before < len(left.specs)
    assert before == len(kept(workplace))


TELLING = """
import sys
from glassnet.cli import main
from glassnet.study.archive import Archive

keep = Archive.keep

def tell(self, spec, outcome):
    keep(self, spec, outcome)
    print("one", flush=True)

Archive.keep = tell
sys.argv = ["glassnet", *sys.argv[1:]]
if __name__ == "__main__":
    main()
"""


def test_after_ctrl_c_the_next_run_goes_on(tiny, glassnet, workplace, environment) -> None:
    tiny(TINY.replace("seeds = 2", "seeds = 10"))
    with subprocess.Popen(
        [sys.executable, "-c", TELLING.replace("flush=True)", "flush=True); sys.stdin.readline()"),
         "study", "run", "tiny.toml", "--jobs", "1"],
        env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as running:  # fmt: skip
        for line in running.stdout:
            if line == "one\n":
                break
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate("\n", timeout=60)
    assert (running.returncode, errors) == (1, "Stopped; what was complete before is kept.\n")
    assert len(kept(workplace)) == 1
    done = glassnet("study", "run", "tiny.toml", "--jobs", 1)
    assert "20 runs, 1 of them done before" in done.out
    assert "runs 19/19" in done.out
    assert len(kept(workplace)) == 20
