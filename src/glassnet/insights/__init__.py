"""Pictures of networks: how they are built, what they have learned, where they look."""

from glassnet.insights.diagram import diagram
from glassnet.insights.learned import (
    first_filters,
    first_layer,
    first_weights,
    maps_of_an_image,
    saliency_of_mistakes,
)

__all__ = [
    "diagram",
    "first_filters",
    "first_layer",
    "first_weights",
    "maps_of_an_image",
    "saliency_of_mistakes",
]
