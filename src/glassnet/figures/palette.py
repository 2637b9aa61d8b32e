"""Colours for several things at once: Okabe and Ito's, in the order in which they part best."""

from __future__ import annotations

from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex, to_rgb

from glassnet.figures import style

COLOURS = (style.BLUE, style.VERMILION, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", style.INK)
GREEN = COLOURS[2]

# From nearly white to nearly black, so that it reads in grey too.
SHARES: Colormap = LinearSegmentedColormap.from_list(
    "shares", ["#f7fafc", "#bcdcf0", "#56B4E9", style.BLUE, "#003352"]
)

_CONTRAST = 4.5  # WCAG 2.1, AA: text on its ground


def colour(number: int) -> str:
    """Return the colour of line 0, 1, ...; after the seventh they begin again.

    Examples
    --------
    >>> colour(0), colour(8) == colour(1)
    ('#0072B2', True)
    """
    return COLOURS[number % len(COLOURS)]


def luminance(ground: object) -> float:
    """Return the relative luminance of a colour, 0 (black) to 1 (white), as WCAG defines it.

    Examples
    --------
    >>> luminance("white"), luminance("black")
    (1.0, 0.0)
    """
    r, g, b = (
        v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
        for v in to_rgb(ground)  # type: ignore[arg-type]
    )
    return round(0.2126 * r + 0.7152 * g + 0.0722 * b, 12)


def text_colour(line: str) -> str:
    """Return a line's colour, darkened as far as a name in it can be read on white.

    Examples
    --------
    >>> text_colour(style.BLUE) == style.BLUE.lower(), text_colour("#E69F00")
    (True, '#9c6c00')
    """
    r, g, b = to_rgb(line)
    share = 1.0
    while 1.05 / (luminance((share * r, share * g, share * b)) + 0.05) < _CONTRAST:
        share -= 0.02
    return to_hex((share * r, share * g, share * b))


def ink_on(ground: object) -> str:
    """Return black or white, whichever reads better on a ground.

    Examples
    --------
    >>> ink_on("#003352"), ink_on("white")
    ('white', '#1f1f1f')
    """
    return "white" if luminance(ground) < 0.2 else style.INK
