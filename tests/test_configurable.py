from __future__ import annotations

import pytest

from glassnet.configurable import Configurable, from_config


class Point(Configurable):
    def __init__(self, x: float = 0.0, y: float = 0.0, *, label: str = "") -> None:
        self.x, self.y, self.label = x, y, label


class Path(Configurable):
    def __init__(self, points: list[Point], start: Point | None = None) -> None:
        self.points, self.start = points, start


TABLE: dict[str, type[Configurable]] = {"Point": Point, "Path": Path}


def test_a_configuration_has_the_type_and_every_argument() -> None:
    assert Point(1.0).config() == {"type": "Point", "x": 1.0, "y": 0.0, "label": ""}


def test_objects_and_lists_inside_are_configurations_too() -> None:
    config = Path([Point(1.0)], Point()).config()
    assert config["start"] == Point().config()
    assert config["points"] == [Point(1.0).config()]


def test_a_tuple_becomes_a_list_as_in_json() -> None:
    assert Path((Point(),)).config()["points"] == [Point().config()]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("point", "shown"),
    [
        (Point(), "Point()"),
        (Point(1.0), "Point(1.0)"),
        (Point(1.0, 2.0), "Point(1.0, 2.0)"),
        (Point(y=2.0), "Point(y=2.0)"),
        (Point(label="a"), "Point(label='a')"),
        (Point(1.0, label="a"), "Point(1.0, label='a')"),
    ],
)
def test_the_repr_has_what_is_not_the_default_and_evaluates_back(point: Point, shown: str) -> None:
    assert repr(point) == shown
    assert eval(shown, dict(TABLE)).config() == point.config()


def test_a_configuration_makes_the_object_again() -> None:
    path = Path([Point(1.0), Point(2.0)], Point(label="start"))
    again = from_config(TABLE, path.config(), "shape")
    assert isinstance(again, Path)
    assert again.config() == path.config()
    assert isinstance(again.points[1], Point)


@pytest.mark.parametrize("config", [None, 3, "Point", [], {"x": 1.0}])
def test_what_is_no_configuration_is_shown_with_the_types(config: object) -> None:
    with pytest.raises(
        ValueError, match="shape must be a table with a type, one of 'Point', 'Path'"
    ):
        from_config(TABLE, config, "shape")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"type": "Pint"}, "unknown shape 'Pint'; did you mean 'Point'"),
        ({"type": "Point", "labl": ""}, "unknown argument of Point 'labl'; did you mean 'label'"),
        ({"type": "Path"}, "Path needs points"),
        ({"type": "Path", "points": [{"type": "Pont"}]}, "did you mean 'Point'"),
        ({"type": "Path", "points": [], "start": {"x": 1}}, "shape must be a table with a type"),
    ],
)
def test_a_wrong_configuration_says_what_is_wrong(config: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_config(TABLE, config, "shape")
