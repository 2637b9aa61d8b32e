"""What a network learns from: data sets, the files that hold them, and where those are found."""

from typing import TYPE_CHECKING

from glassnet.data.dataset import Dataset
from glassnet.data.preprocessing import one_hot, scale_to_unit
from glassnet.data.streaming import Source
from glassnet.lazy import lazy_names

if TYPE_CHECKING:  # to whom any name would be one if there were a __getattr__
    from glassnet.data.catalog import DATASETS, CatalogEntry, RemoteFile
    from glassnet.data.cifar import read_cifar10
    from glassnet.data.conversion import as_dataset
    from glassnet.data.download import DownloadError
    from glassnet.data.features import read_features
    from glassnet.data.fetching import fetch_dataset
    from glassnet.data.idx import read_idx
    from glassnet.data.image_files import stream_image_folder
    from glassnet.data.images import read_image, read_image_folder
    from glassnet.data.loading import load_dataset
    from glassnet.data.npz import read_npz
    from glassnet.data.places import find_dataset
    from glassnet.data.tabular import read_csv
else:
    # Arrays need none of what reads files, which takes longer to import than the rest.
    __getattr__ = lazy_names(
        __name__,
        {
            "DATASETS": "glassnet.data.catalog",
            "CatalogEntry": "glassnet.data.catalog",
            "RemoteFile": "glassnet.data.catalog",
            "as_dataset": "glassnet.data.conversion",
            "read_cifar10": "glassnet.data.cifar",
            "DownloadError": "glassnet.data.download",
            "read_features": "glassnet.data.features",
            "fetch_dataset": "glassnet.data.fetching",
            "read_idx": "glassnet.data.idx",
            "read_image": "glassnet.data.images",
            "read_image_folder": "glassnet.data.images",
            "load_dataset": "glassnet.data.loading",
            "read_npz": "glassnet.data.npz",
            "stream_image_folder": "glassnet.data.image_files",
            "find_dataset": "glassnet.data.places",
            "read_csv": "glassnet.data.tabular",
        },
    )

__all__ = [
    "DATASETS",
    "CatalogEntry",
    "Dataset",
    "DownloadError",
    "RemoteFile",
    "Source",
    "as_dataset",
    "fetch_dataset",
    "find_dataset",
    "load_dataset",
    "one_hot",
    "read_cifar10",
    "read_csv",
    "read_features",
    "read_idx",
    "read_image",
    "read_image_folder",
    "read_npz",
    "scale_to_unit",
    "stream_image_folder",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
