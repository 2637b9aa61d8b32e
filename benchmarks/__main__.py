"""Measure glassnet beside its peers: ``python -m benchmarks [WORK ...]``.

Each contender is a process of its own; only one works at a time, and they take turns for some
rounds. All that have the same loss must end with the same one. Run it with nothing else on the
machine. docs/performance.md says how to read what comes out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from benchmarks import page, tables
from benchmarks.contenders import CONTENDERS, contenders_for
from benchmarks.footprint import measure_footprint
from benchmarks.growth import measure_growth
from benchmarks.machine import commit, machine, now, versions
from benchmarks.measuring import OtherWork, measure, ratios
from benchmarks.works import WORKS

FOOTPRINT, GROWTH = "B9", "B10"
NAMES = (*WORKS, FOOTPRINT, GROWTH)
console = Console()


def arguments_of(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__.splitlines()[0])
    add = parser.add_argument
    everybody = {c.name: c for kind in CONTENDERS.values() for c in kind}
    names = f"of {', '.join(everybody)}"
    processors = os.cpu_count() or 1
    add("works", nargs="*", metavar="WORK", help=f"of {', '.join(NAMES)}; all if none is named")
    add("--rounds", type=int, default=5)
    add("--threads", type=int, default=min(2, processors), help="of each contender")
    add("--quick", action="store_true", help="two steps a round, to see whether all works")
    add("--data-dir", default=os.environ.get("GLASSNET_DATA"))
    add("--contenders", nargs="+", choices=everybody, metavar="NAME", help=names)
    add("--out", type=Path, help="folder for results.json, which is added to, and growth.svg")
    add("--table", type=Path, help="results.json to print as Markdown")
    add("--into", type=Path, help="with --table: the page to put the tables into")
    arguments = parser.parse_args(given)
    for name in arguments.works:
        if name not in NAMES:
            parser.error(f"there is no work {name!r}, only {', '.join(NAMES)}")
    if not 1 <= arguments.threads <= processors:
        parser.error(f"--threads must be 1 to {processors} here, got {arguments.threads}")
    if arguments.rounds < 1:
        parser.error(f"--rounds must be at least 1, got {arguments.rounds}")
    if arguments.quick and arguments.out:
        parser.error("--quick measures too little to be kept; leave out --out, or --quick")
    return arguments


def stamped(rounds: int, **fields: Any) -> dict[str, Any]:
    """Return results with when and from which commit they are."""
    return {"date": now(), "commit": commit(), "rounds": rounds, **fields}


def measure_work(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what came of a work, with the ratios to each of our paths."""
    work = WORKS[name]
    if arguments.quick:
        work = replace(work, examples=min(work.examples, 2 * work.batch_size))
    wanted = arguments.contenders
    contenders = [c for c in contenders_for(name, work.kind) if not wanted or c.name in wanted]
    measured = measure(
        work,
        contenders,
        rounds=arguments.rounds,
        threads=arguments.threads,
        data_dir=arguments.data_dir,
    )
    times = measured.microseconds
    return stamped(
        arguments.rounds,
        definition=asdict(work),
        steps=work.steps,
        **asdict(measured),
        ratios={
            ours.name: {name: ratios(times[ours.name], theirs) for name, theirs in times.items()}
            for ours in contenders
            if ours.role == "ours" and ours.name in times
        },
    )


def show(title: str, table: tables.Table) -> None:
    """Print a table."""
    shown = RichTable(title=title, title_justify="left")
    for i, name in enumerate(table.header):
        shown.add_column(name, justify="right" if i else "left")
    for row in table.rows:
        shown.add_row(*row)
    console.print(shown)


def show_work(name: str, result: dict[str, Any]) -> None:
    """Print what came of a work."""
    ours = list(result["ratios"])
    rows = []
    for contender, times in result["microseconds"].items():
        loss = result["losses"].get(contender)
        rows.append([
            contender,
            tables.duration(min(times)),
            tables.duration(statistics.median(times)),
            *(tables.spread(result["ratios"][each][contender]) for each in ours),
            f"{loss:.4f}" if loss is not None else tables.NONE,
            f"{result['peak_mib'].get(contender, float('nan')):,.0f} MiB",
        ])  # fmt: skip
    header = ["", "best", "median", *(f"/ {each}" for each in ours), "loss", "memory"]
    title = f"{name}: {WORKS[name].title}, {result['steps']:,} steps a round"
    show(title, tables.Table(header, rows))
    for contender, why in result["skipped"].items():
        console.print(f"without {contender}: {why}")


def stored(out: Path | None, threads: int) -> dict[str, Any]:
    """Return the results to add to: those of the folder, if they are of the same circumstances."""
    fresh = {"machine": machine(), "versions": versions(), "threads": threads}
    if out is None or not (path := out / "results.json").exists():
        return fresh | {"works": {}}
    results: dict[str, Any] = json.loads(path.read_text("utf-8"))
    for key, value in fresh.items():
        if results[key] != value:
            sys.exit(f"{path} was measured with other {key}; choose another folder for --out")
    return results


def keep(results: dict[str, Any], out: Path | None) -> None:
    """Store what there is so far."""
    if out is None:
        return
    works = results["works"]
    results["works"] = {name: works[name] for name in WORKS if name in works}
    (out / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if "growth" in results:
        from benchmarks.growth_figure import growth_figure
        from glassnet.figures import save

        for ending in ("svg", "png"):
            save(growth_figure(results["growth"]["sweeps"]), out / f"growth.{ending}")


def measure_all(arguments: argparse.Namespace) -> None:
    """Measure, print and store one work after the other."""
    out: Path | None = arguments.out
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    results = stored(out, arguments.threads)
    for name in arguments.works or NAMES:
        if name == FOOTPRINT:
            results["footprint"] = stamped(arguments.rounds, **measure_footprint(arguments.rounds))
            show("B9: import and installed size", tables.footprint(results))
        elif name == GROWTH:
            results["growth"] = stamped(arguments.rounds, sweeps={})
            growing = measure_growth(
                rounds=arguments.rounds, threads=arguments.threads, data_dir=arguments.data_dir
            )
            for sweep, points in growing:
                results["growth"]["sweeps"][sweep] = points
                show(f"B10: {sweep} ({points['kept']})", tables.sweep(points))
                keep(results, out)
        else:
            results["works"][name] = measure_work(name, arguments)
            show_work(name, results["works"][name])
        keep(results, out)


def tabulate(path: Path, into: Path | None) -> None:
    """Print the tables of stored results, or put them into a page."""
    texts = page.sections(json.loads(path.read_text("utf-8")))
    if into is None:
        print("\n\n".join(f"<!-- {name} -->\n\n{text}" for name, text in texts.items()))
    else:
        into.write_text(tables.put_into(into.read_text("utf-8"), texts), encoding="utf-8")


def main(given: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    arguments = arguments_of(given)
    try:
        if arguments.table:
            tabulate(arguments.table, arguments.into)
        else:
            measure_all(arguments)
    except (OtherWork, ValueError, OSError) as error:
        sys.exit(f"benchmarks: {error}")


if __name__ == "__main__":
    main()
