import io
import zipfile

import numpy as np
import pytest

from glassnet.data import npz, read_npz
from glassnet.data.npz import read_npz_parts

X, Y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 1])


class Trap:
    """Raises the moment that it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was loaded",)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "toy.npz"


def npy(array, **kwargs) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **kwargs)
    return file.getvalue()


def headed(text: bytes) -> bytes:
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text


NONSENSE = [
    b"{'descr': '<f4',",
    b"{1: 2, 'descr': 3}",
    b"{[]: 1}",
    b"{'descr': (), 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': [()], 'fortran_order': False, 'shape': (3,)}",
    b"{'descr': ('<f4', 'x', 'y'), 'fortran_order': False, 'shape': (10**9,)}",
    b"{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}",
    b"(" * 4000,
    b"-" * 4000 + b"1",
    b"  1\n 2",
    b"'\x00",
]


def write_zip(path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_saved_is_read(path, save) -> None:
    save(path, x=X, y=Y, class_names=["cat", "dog"])
    data = read_npz(path)
    np.testing.assert_array_equal(data.x, X)
    np.testing.assert_array_equal(data.y, Y)
    assert data.class_names == ("cat", "dog")
    assert data.name == "toy"


def test_fortran_order_is_understood(path) -> None:
    np.savez(path, x=np.asfortranarray(X), y=Y)
    np.testing.assert_array_equal(read_npz(path).x, X)


def test_bytes_of_images_are_scaled(path) -> None:
    np.savez(path, x=np.full((3, 2, 2), 255, np.uint8), y=Y)
    assert (read_npz(path).x == 1).all()


def test_bytes_of_a_table_are_taken_as_they_are(path) -> None:
    np.savez(path, x=np.full((3, 2), 255, np.uint8), y=Y)
    assert (read_npz(path).x == 255).all()


def test_other_arrays_in_the_file_are_left_alone(path) -> None:
    np.savez(path, x=X, y=Y, other=np.array([Trap()]))
    assert len(read_npz(path)) == 3


@pytest.mark.parametrize("name", ["x", "y", "class_names"])
def test_pickles_are_refused_and_never_loaded(path, name) -> None:
    arrays = {"x": X, "y": Y} | {name: np.array([Trap()], dtype=object)}
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=rf"toy.npz: {name}.npy holds pickled objects"):
        read_npz(path)


def test_a_missing_array_is_named(path) -> None:
    np.savez(path, x=X)
    with pytest.raises(ValueError, match=r"expected the arrays x, y, y missing"):
        read_npz(path)


def test_arrays_that_make_no_data_set_are_refused_with_the_file(path) -> None:
    np.savez(path, x=X, y=Y[:2])
    with pytest.raises(ValueError, match=r"toy.npz: arrays x and y: x and y differ in length"):
        read_npz(path)


def test_parts_are_read(path) -> None:
    np.savez(path, x_train=X, y_train=Y, x_test=X[:1], y_test=Y[:1], class_names=["a", "b"])
    train, test = read_npz_parts(path)
    assert (len(train), len(test)) == (3, 1)
    assert test.class_names == ("a", "b")


def test_parts_are_read_from_a_file_without_parts(path) -> None:
    np.savez(path, x=X, y=Y)
    data, nothing = read_npz_parts(path)
    assert len(data) == 3
    assert nothing is None


def test_a_missing_part_is_named(path) -> None:
    np.savez(path, x_train=X, y_train=Y, x_test=X)
    with pytest.raises(ValueError, match=r"y_test missing"):
        read_npz_parts(path)


def test_parts_without_names_share_the_classes_of_both(path) -> None:
    np.savez(path, x_train=X, y_train=Y, x_test=X, y_test=[0, 0, 0])
    train, test = read_npz_parts(path)
    assert train.class_names == test.class_names == ("0", "1")


@pytest.mark.parametrize("content", [b"", b"no zip" * 99, npy(X)])
def test_a_file_that_is_no_archive_is_refused(path, content) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"toy.npz is not an .npz file"):
        read_npz(path)


def test_an_archive_with_broken_content_is_refused(path) -> None:
    np.savez(path, x=X, y=Y)
    content = path.read_bytes()
    at = content.index(X.tobytes())
    path.write_bytes(content[:at] + b"\xff" * 8 + content[at + 8 :])
    with pytest.raises(ValueError, match=r"toy.npz is not an .npz file, or is damaged: Bad CRC"):
        read_npz(path)


def test_an_encrypted_archive_is_refused(path) -> None:
    np.savez(path, x=X, y=Y)
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"encrypted"):
        read_npz(path)


def test_a_compression_that_numpy_never_uses_is_refused(path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.npy", npy(X))
    with pytest.raises(ValueError, match=r"toy.npz: x.npy is compressed by a method"):
        read_npz(path)


def test_an_archive_whose_directory_makes_no_sense_is_refused(path) -> None:
    np.savez(path, x=X, y=Y)
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\5\6")
    content[at + 16 : at + 20] = b"\xff" * 4  # where the directory begins
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"toy.npz"):
        read_npz(path)


def test_a_zip_bomb_is_refused_by_its_directory(path, monkeypatch) -> None:
    monkeypatch.setattr(npz, "MAX_NPZ_BYTES", 10_000)
    np.savez_compressed(path, x=np.zeros((100, 100)), y=np.zeros(100, int))
    with pytest.raises(ValueError, match=r"claims 81,056 bytes, the limit is 10,000"):
        read_npz(path)


def test_an_array_that_claims_more_than_it_holds_is_refused_before_any_memory_is_taken(
    path, monkeypatch
) -> None:
    liar = npy(X).replace(b"(3, 2), ", b"(3, 2000000000), ").replace(b" " * 12, b" ", 1)
    liar = liar[:8] + len(liar[10:-48]).to_bytes(2, "little") + liar[10:]
    write_zip(path, {"x.npy": liar, "y.npy": npy(Y)})
    monkeypatch.setattr(np, "empty", lambda *_: pytest.fail("memory was taken"))
    with pytest.raises(ValueError, match=r"x.npy promises shape \(3, 2000000000\) of .* holds 48"):
        read_npz(path)


def test_an_array_with_bytes_left_over_is_refused(path) -> None:
    write_zip(path, {"x.npy": npy(X) + b"!", "y.npy": npy(Y)})
    with pytest.raises(ValueError, match=r"48 bytes, and holds 49"):
        read_npz(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\3\0" + npy(X)[8:],
        b"\x93NUMPY\1\0\2\0{}",
        b"PNG" * 9,
        *map(headed, NONSENSE),
    ],
)
def test_an_array_without_a_valid_header_is_refused(path, content) -> None:
    write_zip(path, {"x.npy": content, "y.npy": npy(Y)})
    with pytest.raises(ValueError, match=r"x.npy has no valid header"):
        read_npz(path)


def test_a_member_that_ends_before_the_directory_says_is_refused(path) -> None:
    liar = npy(X).replace(b"(3, 2)", b"(3, 3)")
    write_zip(path, {"y.npy": npy(Y), "x.npy": liar})
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\1\2")  # the directory's entry for x
    content[at + 24 : at + 28] = (len(liar) + 24).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x.npy is cut short: expected 72 bytes, found 48"):
        read_npz(path)


def test_labels_in_one_part_and_targets_in_the_other_are_refused(path) -> None:
    np.savez(path, x_train=X, y_train=Y, x_test=X, y_test=Y / 2)
    with pytest.raises(ValueError, match=r"both be labels or both be targets"):
        read_npz_parts(path)
