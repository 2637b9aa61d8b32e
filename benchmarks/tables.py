"""Results as tables: for people at a terminal, and for the page in the docs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from benchmarks.contenders import CONTENDERS
from benchmarks.targets import (
    IMPORT_TARGET,
    MEMORY_TARGET,
    SIZE_TARGET,
    TARGETS,
    Target,
    fastest,
)
from benchmarks.works import Work

Results = Mapping[str, Any]
NONE = "–"


class Table(NamedTuple):
    """Text in rows and columns."""

    header: list[str]
    rows: list[list[str]]

    def markdown(self) -> str:
        """Return it as Markdown."""
        lines = [self.header, ["---"] + ["---:"] * (len(self.header) - 1), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float) -> str:
    """Return a number with three digits that count.

    Examples
    --------
    >>> number(1234.5), number(41.26), number(0.703)
    ('1,234', '41.3', '0.70')
    """
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def duration(microseconds: float) -> str:
    """Return a time in the unit that suits it.

    Examples
    --------
    >>> duration(6.31), duration(23_400)
    ('6.31 µs', '23.4 ms')
    """
    if microseconds < 1e3:
        return f"{number(microseconds)} µs"
    return f"{number(microseconds / 1e3)} ms"


def spread(ratio: Mapping[str, float] | None) -> str:
    """Return a ratio with its range."""
    if ratio is None:
        return NONE
    return f"{number(ratio['median'])} ({number(ratio['min'])} to {number(ratio['max'])})"


def verdict(target: Target, value: float | None) -> str:
    """Say whether a target is reached."""
    if value is None:
        return f"{target.against} {target.at_least:g}: not measured"
    return f"{target.against} {target.at_least:g}: {'yes' if value >= target.at_least else 'no'}"


def _of_kind(results: Results, kind: str) -> dict[str, Any]:
    works = results.get("works", {})
    return {name: work for name, work in works.items() if work["definition"]["kind"] == kind}


def _verdicts(name: str, work: Mapping[str, Any], ours: str) -> str:
    """Return what the targets of a work are, and whether they are reached."""
    said = []
    for target in TARGETS.get(name, ()):
        if target.ours == ours:
            found = fastest(target.against, work["ratios"].get(ours, {}), _kind(work))
            said.append(verdict(target, found and found[1]["median"]))
    return "; ".join(said) or NONE


def _kind(work: Mapping[str, Any]) -> str:
    return str(work["definition"]["kind"])


def summary(results: Results, kind: str, ours: str) -> Table:
    """Return a row for each work: one of our paths beside each library's fastest form."""
    libraries = ("PyTorch", "JAX", "scikit-learn")
    limits = {c.name for c in CONTENDERS[kind] if c.role == "limit"}
    header = ["", "work", ours, *libraries, *(["limit"] if limits else []), "at least"]
    rows = []
    for name, work in _of_kind(results, kind).items():
        if ours not in work["microseconds"]:
            continue
        definition, beside = work["definition"], work["ratios"][ours]
        title = Work(**definition | {"sizes": tuple(definition["sizes"])}).title
        row = [name, title, duration(min(work["microseconds"][ours]))]
        for library in libraries:
            found = fastest(library, beside, kind)
            form = found[0].removeprefix(library).strip() if found else ""
            row.append(f"{spread(found and found[1])} {form}".strip())
        if limits:
            found = next(((limit, beside[limit]) for limit in limits if limit in beside), None)
            row.append(f"{spread(found[1])} {found[0]}" if found else NONE)
        rows.append([*row, _verdicts(name, work, ours)])
    return Table(header, rows)


def _matrix(results: Results, kind: str, cell: Callable[[Mapping[str, Any], str], str]) -> Table:
    """Return a row for each contender and a column for each work."""
    works = _of_kind(results, kind)
    return Table(
        ["", *works],
        [
            [contender.name, *(cell(work, contender.name) for work in works.values())]
            for contender in CONTENDERS[kind]
            if any(contender.name in work["microseconds"] for work in works.values())
        ],
    )


def all_ratios(results: Results, kind: str, ours: str) -> Table:
    """Return every contender's ratio to one of our paths."""
    return _matrix(results, kind, lambda work, name: spread(work["ratios"].get(ours, {}).get(name)))


def all_times(results: Results, kind: str) -> Table:
    """Return every contender's best time of a step."""

    def cell(work: Mapping[str, Any], name: str) -> str:
        times = work["microseconds"].get(name)
        return duration(min(times)) if times else NONE

    return _matrix(results, kind, cell)


def memory(results: Results, names: tuple[str, ...] = ("B1", "B3", "B5")) -> Table:
    """Return the peak memory of every contender's process, and PyTorch's best beside ours."""
    works = {name: w for name, w in _of_kind(results, "training").items() if name in names}
    chosen = {"works": works}
    table = _matrix(
        chosen,
        "training",
        lambda work, name: f"{work['peak_mib'][name]:,.0f}" if name in work["peak_mib"] else NONE,
    )
    ratios = []
    for work in works.values():
        peaks = work["peak_mib"]
        theirs = [mib for name, mib in peaks.items() if name.startswith(MEMORY_TARGET.against)]
        ours = peaks.get(MEMORY_TARGET.ours)
        ratio = min(theirs) / ours if theirs and ours else None
        ratios.append(f"{number(ratio)}; {verdict(MEMORY_TARGET, ratio)}" if ratio else NONE)
    last = f"least of {MEMORY_TARGET.against} / {MEMORY_TARGET.ours}"
    return Table(["MiB", *table.header[1:]], [*table.rows, [last, *ratios]])


def footprint(results: Results) -> Table:
    """Return import time and installed size of every library, and their ratios to ours."""
    measured = results.get("footprint")
    if not measured:
        return Table(["", "import", "ratio", "installed", "ratio"], [])
    times, sizes = measured["import_ms"], measured["installed_mib"]
    rows = []
    for name in times:
        size = sum(sizes[name].values()) if name in sizes else float("nan")
        import_ratio = times[name]["median"] / times["glassnet"]["median"]
        size_ratio = size / sum(sizes["glassnet"].values())
        first, second = number(import_ratio), number(size_ratio)
        if name == IMPORT_TARGET.against:
            first += f"; {verdict(IMPORT_TARGET, import_ratio)}"
            second += f"; {verdict(SIZE_TARGET, size_ratio)}"
        ends = f"{times[name]['min']:,.0f} to {times[name]['max']:,.0f}"
        time = f"{times[name]['median']:,.0f} ms ({ends})"
        rows.append([name, time, first, f"{number(size)} MiB", second])
    return Table(["", "import", "ratio", "installed", "ratio"], rows)


def sweep(points: Mapping[str, Any]) -> Table:
    """Return every contender's best time of a step, against what a sweep of the growth varies."""
    return Table(
        [points["label"], *(f"{value:,}" for value in points["values"])],
        [
            [name, *(duration(min(times)) if times else NONE for times in rounds)]
            for name, rounds in points["microseconds"].items()
        ],
    )


def circumstances(results: Results) -> str:
    """Return where, when and with what it was measured, as a sentence or two."""
    machine, versions = results["machine"], results["versions"]
    parts = [*results.get("works", {}).values()]
    parts += [results[name] for name in ("footprint", "growth") if name in results]
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


def skipped(results: Results) -> str:
    """Return who was left out of what, and why."""
    lines = [
        f"- {work}: without {name}, {why}"
        for work, result in results.get("works", {}).items()
        for name, why in result["skipped"].items()
    ]
    return "\n".join(lines) or "Nobody was left out."


def sections(results: Results) -> dict[str, str]:
    """Return what the page in the docs has between its markers, by their names."""
    return {
        "circumstances": circumstances(results),
        "training": summary(results, "training", "glassnet numba").markdown(),
        "numpy": summary(results, "training", "glassnet numpy").markdown(),
        "inference": summary(results, "inference", "glassnet numba").markdown(),
        "footprint": footprint(results).markdown(),
        "memory": memory(results).markdown(),
        "ratios": all_ratios(results, "training", "glassnet numba").markdown(),
        "times": all_times(results, "training").markdown(),
        "inference-times": all_times(results, "inference").markdown(),
        "skipped": skipped(results),
    }


def put_into(page: str, texts: Mapping[str, str]) -> str:
    """Return the page with each text between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``.

    Raises
    ------
    ValueError
        If the page has no such place for one of them.
    """
    for name, text in texts.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        place = re.compile(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
        if not place.search(page):
            raise ValueError(f"the page has no {begin} with {end} below it; put both where it goes")
        page = place.sub(lambda _, text=text: f"\n{text}\n\n", page)
    return page
