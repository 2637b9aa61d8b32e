"""Results as tables: for people at a terminal, and for the page in the docs."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.contenders import CONTENDERS
from benchmarks.targets import (
    IMPORT_TARGET,
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
    known = {c.library for c in CONTENDERS[kind]}
    libraries = [name for name in ("PyTorch", "JAX", "scikit-learn") if name in known]
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


def memory(
    results: Results,
    kind: str,
    names: Collection[str] | None = None,
    targets: Sequence[Target] = (),
) -> Table:
    """Return the peak memory of every contender's process, and below it the targets' ratios.

    Parameters
    ----------
    names : collection of str, optional
        Of works; by default all.
    """
    works = {
        name: work
        for name, work in _of_kind(results, kind).items()
        if names is None or name in names
    }
    table = _matrix(
        {"works": works},
        kind,
        lambda work, name: f"{work['peak_mib'][name]:,.0f}" if name in work["peak_mib"] else NONE,
    )
    last = [
        [
            f"least of {target.against} / {target.ours}",
            *(_least_memory(work["peak_mib"], target) for work in works.values()),
        ]
        for target in targets
        if works
    ]
    return Table(["MiB", *table.header[1:]], [*table.rows, *last])


def _least_memory(peaks: Mapping[str, float], target: Target) -> str:
    """Return the ratio of a library's form that holds least to what we hold."""
    theirs = [mib for name, mib in peaks.items() if name.startswith(target.against)]
    ours = peaks.get(target.ours)
    if not (theirs and ours):
        return NONE
    ratio = min(theirs) / ours
    return f"{number(ratio)}; {verdict(target, ratio)}"


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
