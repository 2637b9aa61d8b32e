"""What the page in the docs has of the results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks import tables
from benchmarks.tables import Results, Table
from benchmarks.targets import CONVOLUTION_MEMORY_TARGETS, MEMORY_TARGETS

COMPILED, NUMPY = "glassnet numba", "glassnet numpy"
DENSE, CONVOLUTION = ("training", "inference"), ("convolution", "convolution_inference")
"""Kinds of work that share a part of the page: it can be measured and put there by itself."""


def sections(results: Results) -> dict[str, str]:
    """Return what the page has between its markers, by their names, as far as it was measured."""
    training, inference = DENSE
    images, prediction = CONVOLUTION
    found: dict[str, Table] = {
        "training": tables.summary(results, training, COMPILED),
        "numpy": tables.summary(results, training, NUMPY),
        "inference": tables.summary(results, inference, COMPILED),
        "footprint": tables.footprint(results),
        "memory": tables.memory(results, training, ("B1", "B3", "B5"), MEMORY_TARGETS),
        "ratios": tables.all_ratios(results, training, COMPILED),
        "times": tables.all_times(results, training),
        "inference-times": tables.all_times(results, inference),
        "convolution": tables.summary(results, images, COMPILED),
        "convolution-numpy": tables.summary(results, images, NUMPY),
        "convolution-inference": tables.summary(results, prediction, COMPILED),
        "convolution-memory": tables.memory(results, images, targets=CONVOLUTION_MEMORY_TARGETS),
        "convolution-ratios": tables.all_ratios(results, images, COMPILED),
        "convolution-times": tables.all_times(results, images),
        "convolution-inference-times": tables.all_times(results, prediction),
    }
    texts = {name: table.markdown() for name, table in found.items() if table.rows}
    for prefix, kinds, others in (
        ("", DENSE, ("footprint", "growth")),
        ("convolution-", CONVOLUTION, ()),
    ):
        works = {
            name: work
            for name, work in results.get("works", {}).items()
            if work["definition"]["kind"] in kinds
        }
        parts = [*works.values(), *(results[name] for name in others if name in results)]
        if parts:
            texts[f"{prefix}circumstances"] = circumstances(results, parts)
        if works:
            texts[f"{prefix}skipped"] = skipped(works)
    return texts


def circumstances(results: Results, parts: list[Mapping[str, Any]]) -> str:
    """Return where, when and with what these parts were measured, as a sentence or two."""
    machine, versions = results["machine"], results["versions"]
    dates = sorted({part["date"][:10] for part in parts})
    commits = sorted({part["commit"] for part in parts})
    rounds = sorted({part["rounds"] for part in parts})
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    place = (
        f"{machine['processor']}, {machine['processors']} processors, {machine['architecture']}, "
        f"{machine['system']}; {results['threads']} threads"
    )
    days = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    times = f"{' or '.join(map(str, rounds))} rounds; {days}; commit {', '.join(commits)}"
    return f"{place}; {times}.\n{named}."


def skipped(works: Mapping[str, Mapping[str, Any]]) -> str:
    """Return who was left out of what, and why."""
    lines = [
        f"- {work}: without {name}, {why}"
        for work, result in works.items()
        for name, why in result["skipped"].items()
    ]
    return "\n".join(lines) or "Nobody was left out."
