"""What filters give on images, and its gradients: which algorithm finds them, by a rule."""

from __future__ import annotations

import numpy as np

from glassnet.nn import lowering, row_lowering, winograd
from glassnet.nn.windows import Windows


def correlate(
    x: np.ndarray, W: np.ndarray, windows: Windows, out: np.ndarray, *, groups: int = 1
) -> None:
    """Write to `out` what filters give on images.

    Parameters
    ----------
    x : ndarray, shape (n, height, width, channels)
    W : ndarray, shape (kernel_height, kernel_width, channels / groups, filters)
    windows : Windows
    out : ndarray, shape (n, out_height, out_width, filters)
        Of the same dtype, in C order.
    groups : int
    """
    if groups == 1 and winograd.pays(windows, W.shape, len(x)):
        winograd.correlate(x, W, windows, out)
    elif groups == 1 and row_lowering.pays(windows, W.shape, x.itemsize):
        row_lowering.correlate(x, W, windows, out)
    else:
        lowering.correlate(x, W, windows, out, groups=groups)


def correlate_filters(
    x: np.ndarray, dy: np.ndarray, windows: Windows, out: np.ndarray, *, groups: int = 1
) -> None:
    """Write to `out` the gradient by the filters, shaped like them.

    Parameters
    ----------
    x : ndarray, shape (n, height, width, channels)
    dy : ndarray, shape (n, out_height, out_width, filters)
        Gradient by what the filters give.
    windows : Windows
    out : ndarray, shape (kernel_height, kernel_width, channels / groups, filters)
    groups : int
    """
    if groups == 1 and winograd.pays(windows, out.shape, len(x)):
        winograd.correlate_filters(x, dy, windows, out)
    elif groups == 1 and row_lowering.pays(windows, out.shape, x.itemsize):
        row_lowering.correlate_filters(x, dy, windows, out)
    else:
        lowering.correlate_filters(x, dy, windows, out, groups=groups)


def correlate_back(
    dy: np.ndarray, W: np.ndarray, windows: Windows, out: np.ndarray, *, groups: int = 1
) -> None:
    """Write to `out` the gradient by the images.

    Parameters
    ----------
    dy : ndarray, shape (n, out_height, out_width, filters)
    W : ndarray, shape (kernel_height, kernel_width, channels / groups, filters)
    windows : Windows
    out : ndarray, shape (n, height, width, channels)
        In C order.
    groups : int
    """
    reverse = windows.reversed()
    if reverse is None:
        lowering.scatter(dy, W, windows, out, groups=groups)
        return
    # each pixel is in the windows around it, whose gradients the mirrored filters add up
    height, width, inputs, filters = W.shape
    share = filters // groups
    mirrored = W[::-1, ::-1].reshape(height, width, inputs, groups, share)
    turned = mirrored.transpose(0, 1, 4, 3, 2).reshape(height, width, share, groups * inputs)
    correlate(dy, turned, reverse, out, groups=groups)
