import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glassnet.data import read_features


def written(folder, content: str | bytes):
    path = folder / "rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@given(hnp.arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 4)),
                  elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))  # fmt: skip
def test_rows_survive_a_file(tmp_path_factory, rows) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows.tolist())
    found = read_features(path, rows.shape[1])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, rows)


@pytest.mark.parametrize(
    "content",
    ["1,2\n3,4", "a,b\n1,2\n3,4\n", "\ufeffa,b\n1,2\n\n3,4\n", '"a","b"\r\n"1","2"\r\n3, 4\r\n'],
)
def test_a_header_a_mark_and_empty_lines_are_passed_over(tmp_path, content) -> None:
    assert read_features(written(tmp_path, content), 2).tolist() == [[1, 2], [3, 4]]


def test_a_first_line_of_nan_is_no_header(tmp_path) -> None:
    with pytest.raises(ValueError, match=r"line 1: 'nan' is not a finite number"):
        read_features(written(tmp_path, "nan,nan\n1,2\n"), 2)


@pytest.mark.parametrize("content", ["", "\n\n", "width,height\n"])
def test_a_file_without_rows_is_told(tmp_path, content) -> None:
    with pytest.raises(ValueError, match=r"rows\.csv has no rows of numbers"):
        read_features(written(tmp_path, content), 2)


def test_cells_may_be_told_apart_by_another_sign(tmp_path) -> None:
    path = written(tmp_path, "a;b\n1;2\n")
    assert read_features(path, 2, delimiter=";").tolist() == [[1, 2]]
    with pytest.raises(ValueError, match=r"2 features, the line has 1; is ',' the delimiter\?"):
        read_features(path, 2)


def test_a_row_of_another_width_is_told_with_its_line(tmp_path) -> None:
    with pytest.raises(ValueError, match=r"line 3: the network expects 2 features, .* has 3"):
        read_features(written(tmp_path, "a,b\n1,2\n1,2,3\n"), 2)


@pytest.mark.parametrize("cell", ["x", "", "nan", "inf", "-Infinity", "1e39", "1.2.3"])
def test_what_is_no_finite_number_of_float32_is_told_with_its_line(tmp_path, cell) -> None:
    with pytest.raises(ValueError, match=rf"line 2: '{cell}' is not a finite number"):
        read_features(written(tmp_path, f"1,2\n3,{cell}\n"), 2)


@pytest.mark.parametrize("content", [b"\xff\xfe1,2\n", b'1,"' + b"2" * 200_000 + b'"\n'])
def test_what_is_no_csv_file_is_told(tmp_path, content) -> None:
    with pytest.raises(ValueError, match=r"rows\.csv is not a CSV file in UTF-8"):
        read_features(written(tmp_path, content), 2)


def test_a_missing_file_is_told(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="none"):
        read_features(tmp_path / "none.csv", 2)
