import matplotlib as mpl
import pytest

from glassnet.figures import confusion_matrix, learning_curves, save


def picture():
    return learning_curves([{"epoch": e, "loss": 1 / e, "accuracy": 0.5} for e in (1, 2, 3)])


@pytest.mark.parametrize(
    ("ending", "start"),
    [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF"), (".PNG", b"\x89PNG")],
)
def test_the_ending_says_the_format(tmp_path, ending, start):
    path = save(picture(), tmp_path / f"a{ending}")
    assert path == tmp_path / f"a{ending}"
    assert path.read_bytes().startswith(start)


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_the_same_picture_gives_the_same_bytes(tmp_path, ending):
    first = save(picture(), tmp_path / f"a{ending}").read_bytes()
    second = save(picture(), tmp_path / f"b{ending}").read_bytes()
    assert first == second


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_no_file_tells_matplotlib_version_or_the_date(tmp_path, ending):
    content = save(picture(), tmp_path / f"a{ending}").read_bytes()
    for trace in (mpl.__version__.encode(), b"CreationDate", b"dc:date"):
        assert trace not in content


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_names_that_the_font_lacks_are_drawn_without_warnings(tmp_path, ending):
    figure = confusion_matrix([0, 1, 1], [0, 1, 0], ["日本語", "猫"])
    assert save(figure, tmp_path / f"a{ending}").stat().st_size > 0


def test_settings_are_as_before_after_saving(tmp_path):
    before = dict(mpl.rcParams)
    save(picture(), tmp_path / "a.svg")
    assert dict(mpl.rcParams) == before


def test_another_ending_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"unknown ending of a figure's file '\.jpg'"):
        save(picture(), tmp_path / "a.jpg")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        save(picture(), tmp_path / "nowhere" / "a.png")
