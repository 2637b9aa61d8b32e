import itertools

import pytest

from glassnet.figures import palette


@pytest.mark.parametrize("colour", palette.COLOURS)
def test_a_name_in_any_line_colour_can_be_read_on_white(colour):
    assert 1.05 / (palette.luminance(palette.text_colour(colour)) + 0.05) >= 4.5


def test_ink_on_a_ground_has_contrast():
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        ground = palette.SHARES(share)[:3]
        pair = sorted([palette.luminance(ground), palette.luminance(palette.ink_on(ground))])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4


def test_the_colours_of_shares_darken_steadily():
    grounds = [palette.luminance(palette.SHARES(k / 20)[:3]) for k in range(21)]
    assert all(a > b for a, b in itertools.pairwise(grounds))
