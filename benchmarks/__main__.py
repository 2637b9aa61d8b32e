"""Measure glassnet beside its peers: ``python -m benchmarks [WORK ...]``.

Each contender is a process of its own, so that thread pools don't meet; only one works at a time,
and they take turns for some rounds. All that have the same loss must end with the same one, to 2 %:
gradient descent at batch size 1 is chaotic, and rounding alone moves weights in the long run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from benchmarks.contenders import CONTENDERS
from benchmarks.works import WORKS, Work


def worker(name: str, work_name: str, data_dir: str | None) -> None:
    """Make a round for every line that comes in."""
    work = WORKS[work_name]
    data = work.dataset(data_dir)
    run = CONTENDERS[name](work, data)
    run()  # compiles, warms up
    print(json.dumps("ready"), flush=True)
    for _ in sys.stdin:
        seconds, weights = run()
        print(json.dumps({"seconds": seconds, "loss": final_loss(work, data, weights)}), flush=True)


def final_loss(work: Work, data: gn.Dataset, weights: list[np.ndarray]) -> float | None:
    """Return the loss of these weights on the examples of the round; None where there are none."""
    if not weights:
        return None
    network = work.network()
    for (_, parameter), value in zip(network.named_parameters(), weights, strict=True):
        parameter.value[...] = value
    return float(gn.evaluate(network, data, loss=work.loss)["loss"])


def measure(work_name: str, names: list[str], rounds: int, data_dir: str | None) -> dict[str, Any]:
    """Return for each contender the microseconds per step of every round."""
    command = [sys.executable, "-m", "benchmarks", "--worker"]
    place = ["--data-dir", data_dir] if data_dir else []
    workers = {
        name: subprocess.Popen(
            [*command, name, work_name, *place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    }
    times: dict[str, list[float]] = {name: [] for name in names}
    losses: dict[str, float] = {}
    for process in workers.values():
        assert process.stdout is not None
        process.stdout.readline()
    for _ in range(rounds):
        for name, process in workers.items():
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            times[name].append(answer["seconds"] / WORKS[work_name].steps * 1e6)
            if answer["loss"] is not None:
                losses[name] = answer["loss"]
    for process in workers.values():
        process.communicate()
    for name, loss in losses.items():
        if not np.isclose(loss, losses[names[0]], rtol=0.02):
            sys.exit(f"{work_name}: {name} did not do the same work: {losses}")
    return times


def main() -> None:
    """Measure, print ratios, and store all times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("works", nargs="*", help=f"of {', '.join(WORKS)}; default: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data-dir", default=os.environ.get("GLASSNET_DATA"))
    parser.add_argument("--out", type=Path, help="JSON file for all times")
    parser.add_argument("--contenders", nargs="*", default=list(CONTENDERS))
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(*arguments.works, arguments.data_dir)
        return
    results: dict[str, Any] = {"python": platform.python_version(), "processors": os.cpu_count()}
    for work_name in arguments.works or WORKS:
        times = measure(work_name, arguments.contenders, arguments.rounds, arguments.data_dir)
        results[work_name] = times
        ours = times[arguments.contenders[0]]
        print(f"{work_name}: {WORKS[work_name].steps} steps a round")
        for name, measured in times.items():
            ratios = [b / a for a, b in zip(ours, measured, strict=True)]
            print(
                f"  {name:16} best {min(measured):9.1f} us a step   median ratio "
                f"{statistics.median(ratios):7.2f}   ({min(ratios):.2f} to {max(ratios):.2f})",
                flush=True,
            )
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
