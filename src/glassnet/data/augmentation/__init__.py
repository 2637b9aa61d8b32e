"""Training images changed at random, anew in every epoch."""

from typing import Any

from glassnet.configurable import from_config
from glassnet.data.augmentation.affine import RandomAffine, RandomResizedCrop, RandomRotation
from glassnet.data.augmentation.augmentation import Augmentation, Draw
from glassnet.data.augmentation.augmenter import Augmenter, augment
from glassnet.data.augmentation.cutout import Cutout
from glassnet.data.augmentation.elastic import ElasticDistortion
from glassnet.data.augmentation.flips import AlternatingFlip, RandomFlip
from glassnet.data.augmentation.mixing import MixUp
from glassnet.data.augmentation.translation import RandomTranslation

AUGMENTATIONS: dict[str, type[Augmentation]] = {
    cls.__name__: cls
    for cls in (
        RandomFlip,
        AlternatingFlip,
        RandomTranslation,
        RandomResizedCrop,
        Cutout,
        RandomRotation,
        RandomAffine,
        ElasticDistortion,
        MixUp,
    )
}
"""Augmentations by name."""


def augmentation_from_config(config: dict[str, Any]) -> Augmentation:
    """Return the augmentation that a configuration describes."""
    return from_config(AUGMENTATIONS, config, "augmentation")


__all__ = [
    "AUGMENTATIONS",
    "AlternatingFlip",
    "Augmentation",
    "Augmenter",
    "Cutout",
    "Draw",
    "ElasticDistortion",
    "MixUp",
    "RandomAffine",
    "RandomFlip",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomTranslation",
    "augment",
    "augmentation_from_config",
]
