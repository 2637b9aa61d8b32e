from __future__ import annotations

from dataclasses import asdict

import pytest

from benchmarks import page, tables
from benchmarks.measuring import ratios
from benchmarks.targets import EVERY_PEER, MEMORY_TARGETS, Target, fastest
from benchmarks.works import WORKS


def result(name: str, **times: list[float]) -> dict:
    named = {each.replace("_", " "): rounds for each, rounds in times.items()}
    ours = [each for each in named if each.startswith("glassnet")]
    return {
        "date": "2026-01-02T03:04:05+00:00",
        "commit": "abc1234",
        "rounds": 2,
        "definition": asdict(WORKS[name]),
        "steps": WORKS[name].steps,
        "microseconds": named,
        "losses": {},
        "peak_mib": {each: 10.0 * (i + 1) for i, each in enumerate(named)},
        "skipped": {"JAX step": "No module named 'jax'"},
        "ratios": {
            each: {other: ratios(named[each], rounds) for other, rounds in named.items()}
            for each in ours
        },
    }


def convolution(name: str) -> dict:
    measured = result(
        name,
        glassnet_numba=[4e3, 4e3],
        glassnet_numpy=[9e3, 9e3],
        PyTorch_eager=[9e3, 9e3],
        **{"PyTorch channels last": [6e3, 6e3]},
    )
    return measured | {"skipped": {"PyTorch compiled": "no compiler"}}


@pytest.fixture
def results() -> dict:
    return {
        "machine": {"processor": "Abacus", "processors": 2, "architecture": "x", "system": "y"},
        "versions": {"Python": "3.11", "numpy": "2.0"},
        "threads": 2,
        "works": {
            "B1": result(
                "B1",
                glassnet_numba=[5.0, 4.0],
                glassnet_numpy=[40.0, 40.0],
                PyTorch_eager=[300.0, 200.0],
                PyTorch_fused=[250.0, 240.0],
                C_loop=[4.0, 4.0],
            ),
            "B8-1": result("B8-1", glassnet_numba=[5.0, 5.0], JAX=[20.0, 30.0]),
            "B12": convolution("B12"),
            "B12-1000": convolution("B12-1000") | {"date": "2026-02-01T03:04:05+00:00"},
        },
        "footprint": {
            "date": "2026-01-03T03:04:05+00:00",
            "commit": "abc1234",
            "rounds": 2,
            "import_ms": {
                "glassnet": {"median": 100.0, "min": 90.0, "max": 110.0},
                "PyTorch": {"median": 2000.0, "min": 1900.0, "max": 2100.0},
            },
            "installed_mib": {"glassnet": {"numpy": 50.0}, "PyTorch": {"torch": 400.0}},
        },
    }


def test_a_ratio_is_their_time_by_ours_within_each_round() -> None:
    assert ratios([1.0, 2.0, 4.0], [2.0, 2.0, 12.0]) == {"median": 2.0, "min": 1.0, "max": 3.0}


def test_the_fastest_form_of_a_library_counts() -> None:
    measured = {"PyTorch eager": {"median": 9.0}, "PyTorch fused": {"median": 7.0}}
    assert fastest("PyTorch", measured, "training") == ("PyTorch fused", {"median": 7.0})


def test_a_limit_is_no_peer() -> None:
    measured = {"C loop": {"median": 0.5}, "JAX scan": {"median": 2.0}}
    assert fastest(EVERY_PEER, measured, "training") == ("JAX scan", {"median": 2.0})
    assert fastest("C loop", measured, "training") == ("C loop", {"median": 0.5})


def test_what_was_not_measured_has_no_fastest_form() -> None:
    assert fastest("PyTorch", {}, "training") is None


@pytest.mark.parametrize(("value", "said"), [(2.0, "yes"), (1.99, "no"), (None, "not measured")])
def test_a_verdict_says_whether_a_target_is_reached(value: float | None, said: str) -> None:
    assert tables.verdict(Target("JAX", 2), value) == f"JAX 2: {said}"


def test_the_summary_has_a_row_for_each_work_with_our_time_and_the_fastest_forms(results) -> None:
    table = tables.summary(results, "training", "glassnet numba")
    (row,) = table.rows
    cells = dict(zip(table.header, row, strict=True))
    assert cells[""] == "B1"
    assert cells["glassnet numba"] == "4.00 µs"
    assert cells["PyTorch"] == "55.0 (50.0 to 60.0) eager"
    assert cells["JAX"] == tables.NONE
    assert cells["limit"] == "0.90 (0.80 to 1.00) C loop"
    assert cells["at least"].split("; ")[0] == "PyTorch 40: yes"


def test_each_path_of_ours_has_its_own_targets(results) -> None:
    table = tables.summary(results, "training", "glassnet numpy")
    assert table.rows[0][-1] == "PyTorch 6: yes; scikit-learn 4: not measured"


def test_inference_is_a_table_of_its_own(results) -> None:
    table = tables.summary(results, "inference", "glassnet numba")
    assert [row[0] for row in table.rows] == ["B8-1"]
    assert table.rows[0][-1] == "every peer 5: yes"


def test_the_footprint_is_compared_with_ours(results) -> None:
    rows = {row[0]: row for row in tables.footprint(results).rows}
    assert rows["PyTorch"] == [
        "PyTorch", "2,000 ms (1,900 to 2,100)", "20.0; PyTorch 10: yes", "400 MiB",
        "8.00; PyTorch 10: no",
    ]  # fmt: skip


def test_memory_compares_the_least_of_theirs_with_ours(results) -> None:
    table = tables.memory(results, "training", targets=MEMORY_TARGETS)
    assert table.header == ["MiB", "B1"]
    assert table.rows[-1] == ["least of PyTorch / glassnet numba", "3.00; PyTorch 2: yes"]
    assert tables.memory(results, "training", ["B5"], MEMORY_TARGETS).rows == []


def test_convolution_has_tables_of_its_own_without_libraries_that_do_not_take_part(results) -> None:
    table = tables.summary(results, "convolution", "glassnet numba")
    assert table.header == ["", "work", "glassnet numba", "PyTorch", "at least"]
    assert table.rows == [
        ["B12", "six-layer VGG, 128 a step, Nesterov momentum 0.9", "4.00 ms",
         "1.50 (1.50 to 1.50) channels last", "PyTorch 1.2: yes"],
    ]  # fmt: skip
    numpy = tables.summary(results, "convolution", "glassnet numpy")
    assert numpy.rows[0][-1] == "PyTorch 0.5: yes"
    prediction = tables.summary(results, "convolution_inference", "glassnet numba")
    assert prediction.rows[0][:2] == ["B12-1000", "six-layer VGG, 1000 a step, inference"]


def test_markdown_has_a_rule_below_the_header() -> None:
    table = tables.Table(["", "a"], [["x", "1"]])
    assert table.markdown() == "|  | a |\n| --- | ---: |\n| x | 1 |"


def test_tables_are_put_between_their_markers_and_can_be_put_again() -> None:
    page = "above\n<!-- begin a -->\nold\n<!-- end a -->\nbelow\n"
    once = tables.put_into(page, {"a": "| 1 \\g<0> |"})
    assert once == "above\n<!-- begin a -->\n\n| 1 \\g<0> |\n\n<!-- end a -->\nbelow\n"
    assert tables.put_into(once, {"a": "| 1 \\g<0> |"}) == once


def test_a_page_without_a_marker_is_refused() -> None:
    with pytest.raises(ValueError, match="no <!-- begin a -->"):
        tables.put_into("nothing", {"a": "text"})


def test_the_page_of_the_docs_has_a_place_for_every_table(results, request) -> None:
    text = (request.config.rootpath / "docs" / "performance.md").read_text("utf-8")
    filled = tables.put_into(text, page.sections(results))
    assert "55.0 (50.0 to 60.0) eager" in filled
    assert "Abacus, 2 processors" in filled
    assert "B1: without JAX step, No module named 'jax'" in filled
    assert "| least of PyTorch / glassnet numpy | 1.50; PyTorch 1: yes |" in filled
    for name in page.sections(results):
        assert text.count(f"<!-- begin {name} -->") == 1


def test_both_parts_of_the_page_say_when_and_who(results) -> None:
    texts = page.sections(results)
    assert "2026-01-02 to 2026-01-03" in texts["circumstances"]
    assert "2026-01-02 to 2026-02-01" in texts["convolution-circumstances"]
    assert "jax" not in texts["convolution-skipped"]
    assert "B12: without PyTorch compiled, no compiler" in texts["convolution-skipped"]


def test_what_was_not_measured_leaves_the_page_as_it_is(results) -> None:
    less = {key: results[key] for key in ("machine", "versions", "threads")}
    less["works"] = {"B12": results["works"]["B12"]}
    texts = page.sections(less)
    assert all(name.startswith("convolution") for name in texts)
    assert "convolution-inference" not in texts
    less["works"] = {"B8-1": results["works"]["B8-1"]}
    assert set(page.sections(less)) == {
        "inference", "inference-times", "circumstances", "skipped",
    }  # fmt: skip
