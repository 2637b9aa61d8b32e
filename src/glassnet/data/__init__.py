"""What a network learns from: data sets, the files that hold them, and where those are found."""

from glassnet.data.catalog import DATASETS, CatalogEntry, RemoteFile
from glassnet.data.cifar import read_cifar10
from glassnet.data.dataset import Dataset
from glassnet.data.download import DownloadError
from glassnet.data.features import read_features
from glassnet.data.fetching import fetch_dataset
from glassnet.data.idx import read_idx
from glassnet.data.images import read_image, read_image_folder
from glassnet.data.loading import load_dataset
from glassnet.data.npz import read_npz
from glassnet.data.places import find_dataset
from glassnet.data.preprocessing import one_hot, scale_to_unit
from glassnet.data.tabular import read_csv

__all__ = [
    "DATASETS",
    "CatalogEntry",
    "Dataset",
    "DownloadError",
    "RemoteFile",
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
]
