"""Every picture, from plain arrays and records to a `matplotlib.figure.Figure`.

Nothing here knows networks, trainers or runs, and nothing touches pyplot's global state: each
function returns a figure that stands alone, and `save` puts it in a file.
"""

from __future__ import annotations

from glassnet.extras import require

require("matplotlib", "cli")

from glassnet.figures.augmentation import augmented  # noqa: E402
from glassnet.figures.confusion import confusion_matrix  # noqa: E402
from glassnet.figures.curves import learning_curves  # noqa: E402
from glassnet.figures.feature_maps import feature_maps  # noqa: E402
from glassnet.figures.files import save  # noqa: E402
from glassnet.figures.filters import convolution_filters  # noqa: E402
from glassnet.figures.gallery import misclassified, samples  # noqa: E402
from glassnet.figures.layer_diagram import layer_diagram  # noqa: E402
from glassnet.figures.network_diagram import network_diagram  # noqa: E402
from glassnet.figures.rate_range import rate_range  # noqa: E402
from glassnet.figures.recall import per_class_recall  # noqa: E402
from glassnet.figures.saliency import saliency_maps  # noqa: E402
from glassnet.figures.weights import first_layer_weights  # noqa: E402

__all__ = [
    "augmented",
    "confusion_matrix",
    "convolution_filters",
    "feature_maps",
    "first_layer_weights",
    "layer_diagram",
    "learning_curves",
    "misclassified",
    "network_diagram",
    "per_class_recall",
    "rate_range",
    "saliency_maps",
    "samples",
    "save",
]
