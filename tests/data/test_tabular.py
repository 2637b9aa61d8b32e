import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glassnet.data import read_csv


@pytest.fixture
def table(tmp_path):
    """Writes a table, and returns its path."""

    def write(text: str | bytes):
        path = tmp_path / "flowers.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


@settings(deadline=None)
@given(
    x=hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(1, 4)),
        elements=st.floats(-(2.0**100), 2.0**100, width=32),
    ),
    names=st.lists(st.text("abc,\"'\n ä", min_size=1).map(str.strip).filter(bool), min_size=6),
    header=st.booleans(),
)
def test_what_was_written_is_read(x, names, header, tmp_path_factory) -> None:
    names = names[: len(x)]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    if header:
        writer.writerow([*(f"f{i}" for i in range(x.shape[1])), "kind"])
    writer.writerows([*map(repr, map(float, row)), name] for row, name in zip(x, names))  # noqa: B905
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(text.getvalue().encode())
    data = read_csv(path)
    np.testing.assert_array_equal(data.x, x)
    assert [data.class_names[label] for label in data.y] == names
    assert data.class_names == tuple(sorted(set(names)))


def test_the_name_is_that_of_the_file(table) -> None:
    assert read_csv(table("1,a\n2,b\n")).name == "flowers"


@pytest.mark.parametrize(
    ("text", "n_rows"),
    [
        ("a,b,kind\n1,2,x\n", 1),
        ("1,2,x\n3,4,y\n", 2),
        ("0,1,label\n3,4,1\n", 1),  # columns that are called 0 and 1
        ("1,2,3\n3,4,1\n", 2),
        ("1,2,x\n3,4\n", None),
        ("1,x,0\n3,4,1\n", None),  # one bad cell makes no header
        ("1,x,label\n3,4,1\n", None),
        ("5,1\n", 1),
    ],
)
def test_a_header_is_told_from_an_example(table, text, n_rows) -> None:
    if n_rows is None:
        with pytest.raises(ValueError, match=r"flowers.csv, line [12]"):
            read_csv(table(text))
    else:
        assert len(read_csv(table(text))) == n_rows


def test_the_header_can_be_forced(table) -> None:
    assert len(read_csv(table("1,0\n2,1\n"), header=True)) == 1


def test_the_header_can_be_denied(table) -> None:
    with pytest.raises(ValueError, match=r"line 1, column 1: 'a' is no finite number"):
        read_csv(table("a,kind\n1,x\n"), header=False)


@pytest.mark.parametrize("label", ["kind", 1, -2])
def test_the_label_may_be_any_column(table, label) -> None:
    data = read_csv(table("a,kind,b\n1,x,2\n3,y,4\n"), label=label)
    assert data.x.tolist() == [[1, 2], [3, 4]]
    assert data.y.tolist() == [0, 1]


def test_an_unknown_label_column_is_refused_with_the_nearest_one(table) -> None:
    with pytest.raises(ValueError, match=r"unknown label column 'kinds'; did you mean 'kind'"):
        read_csv(table("a,kind\n1,x\n"), label="kinds")


def test_a_label_column_that_comes_twice_is_refused(table) -> None:
    with pytest.raises(ValueError, match=r"two columns are named 'kind'"):
        read_csv(table("a,kind,kind\n1,x,y\n"), label="kind")


@pytest.mark.parametrize("label", [2, -3])
def test_a_label_index_outside_of_the_table_is_refused(table, label) -> None:
    with pytest.raises(ValueError, match=rf"of the 2 there are, got {label}"):
        read_csv(table("1,2\n"), label=label)


@pytest.mark.parametrize("label", [True, 1.0, None])
def test_a_label_that_is_neither_name_nor_index_is_refused(table, label) -> None:
    with pytest.raises(TypeError, match=rf"the name or the index of a column, got {label}"):
        read_csv(table("1,2\n"), label=label)


def test_labels_with_an_underscore_are_names(table) -> None:
    data = read_csv(table("1,1_0\n2,2_0\n"))
    assert data.class_names == ("1_0", "2_0")


def test_whole_numbers_are_the_classes_themselves(table) -> None:
    data = read_csv(table("1,2\n1,0.0\n"))
    assert data.y.tolist() == [2, 0]
    assert data.class_names == ("0", "1", "2")


@pytest.mark.parametrize("label", ["0.5", "-1"])
def test_a_number_that_is_no_class_is_refused(table, label) -> None:
    with pytest.raises(ValueError, match=rf"line 2, column 2: '{label}' is no class.*regression"):
        read_csv(table(f"1,0\n1,{label}\n"))


def test_a_number_too_large_for_a_class_names_the_column(table) -> None:
    with pytest.raises(ValueError, match=r"flowers.csv, column 2 \('year'\): labels must lie"):
        read_csv(table("a,year\n1,20250101\n"))


def test_numbers_among_names_are_names(table) -> None:
    assert read_csv(table("1,7\n1,seven\n")).class_names == ("7", "seven")


def test_given_class_names_say_the_order_of_the_classes(table) -> None:
    data = read_csv(table("1,low\n1,high\n"), class_names=("low", "middle", "high"))
    assert data.y.tolist() == [0, 2]
    assert data.n_classes == 3


def test_a_label_outside_of_the_given_class_names_is_refused(table) -> None:
    with pytest.raises(ValueError, match=r"line 2, column 2: unknown class 'hihg'; did you mean"):
        read_csv(table("1,low\n1,hihg\n"), class_names=("low", "high"))


def test_a_regression_has_targets(table) -> None:
    data = read_csv(table("a,price\n1,2.5\n2,3\n"), regression=True)
    assert data.y.tolist() == [[2.5], [3]]
    assert data.n_classes == 0


def test_a_target_that_is_no_number_is_refused(table) -> None:
    with pytest.raises(ValueError, match=r"line 3, column 2 \('price'\): 'free' is no finite"):
        read_csv(table("a,price\n1,2.5\n2,free\n"), regression=True)


@pytest.mark.parametrize("cell", ["x", "nan", "inf", "-inf", "1e300", "1e39", "1,5", "1_000"])
def test_a_cell_that_is_no_finite_number_is_refused_with_its_place(table, cell) -> None:
    with pytest.raises(ValueError, match=rf"flowers.csv, line 3, column 2 \('b'\): '{cell}' is no"):
        read_csv(table(f'a,b,kind\n1,2,x\n3,"{cell}",y\n'))


def test_an_empty_cell_is_refused_with_its_place(table) -> None:
    with pytest.raises(ValueError, match=r"line 2, column 1: the cell is empty"):
        read_csv(table("1,2,x\n ,2,x\n"))


def test_a_missing_label_is_refused_with_its_place(table) -> None:
    with pytest.raises(ValueError, match=r"line 2, column 3: the label is missing"):
        read_csv(table("1,2,x\n1,2,\n"))


def test_columns_are_counted_across_a_label_in_the_middle(table) -> None:
    with pytest.raises(ValueError, match=r"column 3: 'y' is no"):
        read_csv(table("1,0,2\n1,0,y\n"), label=1)


def test_large_finite_values_are_not_taken_for_infinite(table) -> None:
    assert read_csv(table("3e38,3e38,0\n")).x.tolist() == [[np.float32(3e38)] * 2]


@pytest.mark.parametrize("line", ["1", "1,2,3,4"])
def test_a_line_of_another_length_is_refused(table, line) -> None:
    with pytest.raises(ValueError, match=rf"line 3: expected 3 cells, got {len(line) // 2 + 1}"):
        read_csv(table(f"1,2,0\n1,2,0\n{line}\n"))


def test_lines_are_counted_as_an_editor_counts_them(table) -> None:
    with pytest.raises(ValueError, match=r"line 5, column 1"):
        read_csv(table('1,"two\nlines"\n\n2,b\nx,c\n'))


def test_blank_lines_and_a_byte_order_mark_are_skipped(table) -> None:
    data = read_csv(table(b"\xef\xbb\xbfa,kind\r\n\r\nx,1\r\n , \r\ny,2\r\n\r\n"), label="a")
    assert data.x.tolist() == [[1], [2]]


def test_another_delimiter_can_be_given(table) -> None:
    assert read_csv(table("1;2;x\n"), delimiter=";").x.tolist() == [[1, 2]]


def test_a_wrong_delimiter_is_suspected(table) -> None:
    with pytest.raises(ValueError, match=r"the one cell '1;2;x'; is ',' the delimiter"):
        read_csv(table("1;2;x\n"))


@pytest.mark.parametrize("text", ["", "\n\n", " , \n"])
def test_an_empty_file_is_refused(table, text) -> None:
    with pytest.raises(ValueError, match=r"flowers.csv: the table is empty"):
        read_csv(table(text))


def test_a_header_alone_is_refused(table) -> None:
    with pytest.raises(ValueError, match=r"a header and no line below it"):
        read_csv(table("a,b,kind\n"))


def test_a_file_in_another_encoding_is_refused(table) -> None:
    with pytest.raises(ValueError, match=r"flowers.csv: not UTF-8: byte 0xe4"):
        read_csv(table("1,Bär\n".encode("latin-1")))


@pytest.mark.parametrize("text", ['1,"x\n', "1," + "x" * 200_000])
def test_what_the_csv_reader_refuses_is_refused_with_its_line(table, text) -> None:
    with pytest.raises(ValueError, match=r"flowers.csv, line 1: "):
        read_csv(table(text))


def test_a_first_line_of_nan_is_no_header(table) -> None:
    with pytest.raises(ValueError, match=r"line 1, column 1: 'nan' is no finite number"):
        read_csv(table("nan,nan,0\n1,2,1\n"))
