import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from glassnet.figures.descent import DescentPath, descent
from glassnet.figures.descent_animation import descent_animation

X = np.linspace(-2, 2, 21)
Y = np.linspace(-1, 1, 11)
Z = X**2 + 4 * Y[:, None] ** 2
PLAIN = DescentPath("plain", [[1.5, 0.5], [1.0, 0.2], [0.5, 0.1]], "2 steps")
DIVERGED = DescentPath("rate $5$ <&>", [[1, 1], [-1e200, 3], [np.nan, 0], [0, 0]])
SVG = "{http://www.w3.org/2000/svg}"


def line(axes, label):
    return next(item for item in axes.lines if item.get_label() == label)


def test_each_path_has_a_panel_with_its_steps_start_and_end():
    figure = descent(X, Y, Z, [PLAIN, PLAIN._replace(label="momentum")])
    assert [[t.get_text() for t in axes.texts] for axes in figure.axes] == [
        ["plain", "2 steps"], ["momentum", "2 steps"],
    ]  # fmt: skip
    axes = figure.axes[0]
    assert line(axes, "path").get_xydata().tolist() == PLAIN.points
    assert line(axes, "start").get_xydata().tolist() == [[1.5, 0.5]]
    assert line(axes, "end").get_xydata().tolist() == [[0.5, 0.1]]


def test_panels_show_the_whole_surface_and_no_more():
    axes = descent(X, Y, Z, [DIVERGED]).axes[0]
    assert axes.get_xlim() == (-2, 2)
    assert axes.get_ylim() == (-1, 1)


def test_a_diverged_path_ends_before_what_is_not_finite():
    assert len(line(descent(X, Y, Z, [DIVERGED]).axes[0], "path").get_xdata()) == 2


def test_a_plane_is_drawn():
    descent(X, Y, 0 * Z, [PLAIN]).draw_without_rendering()


@pytest.mark.parametrize("function", [descent, descent_animation])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, Y, Z.T, [PLAIN]), "a row of z for each y"),
        ((X[::-1], Y, Z, [PLAIN]), "must ascend"),
        ((X, Y, Z * np.nan, [PLAIN]), "z must be finite"),
        ((X, Y, Z, []), "at least one path"),
        ((X, Y, Z, [DescentPath("a", [1, 2])]), r"'a' has points of shape \(2,\)"),
        ((X, Y, Z, [DescentPath("a", [[np.nan, 2]])]), "'a' has no finite start"),
    ],
)
def test_what_does_not_fit_is_refused(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(*arguments)


def test_the_animation_is_valid_xml_that_needs_nothing_else():
    text = descent_animation(X, Y, Z, [PLAIN, DIVERGED], title="<both>")
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}title").text == "<both>"
    assert "script" not in text
    assert not re.findall(r'\son\w+="', text)
    references = re.findall(r'(?:href="|url\()([^")]*)', text)
    ids = {f"#{e.get('id')}" for e in root.iter() if e.get("id")}
    assert references
    assert set(references) <= ids


def test_there_is_a_ball_for_each_path_and_its_motion_has_a_frame_each_step():
    text = descent_animation(X, Y, Z, [PLAIN, DIVERGED], seconds=4)
    balls = re.findall(r'<circle class="descent-(\d)-ball"', text)
    assert balls == ["0", "1"]
    frames = re.search(r"@keyframes descent-0-run\{(.*?)\}\}", text)[1]
    assert re.findall(r"([\d.]+%(?:,100%)?)\{", frames) == ["0.00%", "41.00%", "82.00%,100%"]
    assert "translate(262.5px,37.5px)" in frames  # (1.5, 0.5) in a panel of 300 by 150
    assert "4s linear infinite" in text


def test_who_prefers_reduced_motion_sees_balls_at_rest_at_the_end():
    text = descent_animation(X, Y, Z, [PLAIN])
    rule = (
        "@media (prefers-reduced-motion:reduce){.descent-0-ball,.descent-0-trail{animation:none}}"
    )
    assert rule in text
    assert ".descent-0-ball{transform:translate(187.5px,67.5px)" in text


def test_two_animations_of_a_page_have_names_of_their_own():
    names = [
        set(
            re.findall(r'(?:id|class)="([^"]+)"', descent_animation(X, Y, Z, [PLAIN], identifier=i))
        )
        for i in ("a", "b")
    ]
    assert names[0]
    assert names[0].isdisjoint(names[1])


@pytest.mark.parametrize("identifier", ["", "1a", 'a"b', "a b"])
def test_names_that_would_break_the_page_are_refused(identifier):
    with pytest.raises(ValueError, match="letters, digits and hyphens"):
        descent_animation(X, Y, Z, [PLAIN], identifier=identifier)


def test_the_same_paths_give_the_same_animation():
    assert descent_animation(X, Y, Z, [PLAIN]) == descent_animation(X, Y, Z, [PLAIN])


def test_a_path_of_one_point_rests():
    text = descent_animation(X, Y, Z, [DescentPath("still", [[0, 0]])])
    assert "0.00%,100%{transform:translate(150px,75px)}" in text
