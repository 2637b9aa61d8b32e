"""What a layer does with an image."""

from __future__ import annotations

from glassnet.nn import Conv2D, Dense, DepthwiseConv2D, Layer, Whitening2D


def kind_of(layer: Layer) -> str:
    """Return what a layer does with an image: "convolution", "pooling", "dense" or "other"."""
    name = type(layer).__name__
    if name.endswith("Pooling2D"):
        return "pooling"
    if isinstance(layer, Conv2D | DepthwiseConv2D | Whitening2D):
        return "convolution"
    if layer.inner:
        return "convolution" if any(kind_of(i) == "convolution" for i in layer.inner) else "dense"
    return "dense" if isinstance(layer, Dense) else "other"
