"""The data sets that have a name: what they are, and which files hold them."""

from __future__ import annotations

from dataclasses import dataclass

from glassnet.data.cifar import CIFAR10_CLASSES


@dataclass(frozen=True)
class RemoteFile:
    """One file of a data set, as it is published.

    Parameters
    ----------
    name : str
        Its name, at every mirror and on this machine.
    md5 : str
        Checksum of the published file, 32 hexadecimal digits.
    size : int
        Its size in bytes.
    unpacked_md5 : str
        Checksum of what the file holds, where it is known: it tells copies that were packed anew.

    Examples
    --------
    >>> DATASETS["cifar10"].files[0].name, DATASETS["cifar10"].files[0].size
    ('cifar-10-binary.tar.gz', 170052171)
    """

    name: str
    md5: str
    size: int
    unpacked_md5: str = ""


@dataclass(frozen=True)
class CatalogEntry:
    """A data set that can be asked for by name.

    Parameters
    ----------
    name : str
        What to ask for.
    title, licence, source, citation : str
        For people: what it is, what one may do with it, its home page, its authors' paper.
    n_train, n_test : int
        Number of examples.
    input_shape : tuple of int
        Shape of one example.
    class_names : tuple of str
        The name of each class.
    files : tuple of RemoteFile
        What is downloaded; empty where a package brings the data.
    mirrors : tuple of str
        Addresses to which a file's name is appended, the first one preferred.

    Examples
    --------
    >>> entry = DATASETS["mnist"]
    >>> entry.input_shape, entry.n_classes, entry.n_train, len(entry.files)
    ((28, 28, 1), 10, 60000, 4)
    """

    name: str
    title: str
    licence: str
    source: str
    citation: str
    n_train: int
    n_test: int
    input_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    files: tuple[RemoteFile, ...] = ()
    mirrors: tuple[str, ...] = ()

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    @property
    def download_bytes(self) -> int:
        """Size of all files together, 0 where nothing is downloaded."""
        return sum(file.size for file in self.files)


_DIGITS = tuple("0123456789")
_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

_ENTRIES = (
    CatalogEntry(
        name="digits",
        title="Handwritten digits of 8 x 8 pixels, brought by scikit-learn",
        licence="CC BY 4.0",
        source="https://archive.ics.uci.edu/dataset/80",
        citation=(
            "E. Alpaydin, C. Kaynak: Optical recognition of handwritten digits. "
            "UCI Machine Learning Repository, 1998"
        ),
        n_train=1_438,
        n_test=359,
        input_shape=(8, 8, 1),
        class_names=_DIGITS,
    ),
    CatalogEntry(
        name="mnist",
        title="Handwritten digits of 28 x 28 pixels",
        licence="CC BY-SA 3.0",
        source="http://yann.lecun.com/exdb/mnist/",
        citation=(
            "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to "
            "document recognition. Proceedings of the IEEE 86(11), 1998"
        ),
        n_train=60_000,
        n_test=10_000,
        input_shape=(28, 28, 1),
        class_names=_DIGITS,
        files=(
            RemoteFile(
                "train-images-idx3-ubyte.gz",
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                9_912_422,
                "6bbc9ace898e44ae57da46a324031adb",
            ),
            RemoteFile(
                "train-labels-idx1-ubyte.gz",
                "d53e105ee54ea40749a09fcbcd1e9432",
                28_881,
                "a25bea736e30d166cdddb491f175f624",
            ),
            RemoteFile(
                "t10k-images-idx3-ubyte.gz",
                "9fb629c4189551a2d022fa330f9573f3",
                1_648_877,
                "2646ac647ad5339dbf082846283269ea",
            ),
            RemoteFile(
                "t10k-labels-idx1-ubyte.gz",
                "ec29112dd5afa0611ce80d1b7f02629c",
                4_542,
                "27ae3e4e09519cfbb04c329615203637",
            ),
        ),
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
    ),
    CatalogEntry(
        name="fashion-mnist",
        title="Articles of clothing, 28 x 28 pixels, a harder stand-in for MNIST",
        licence="MIT",
        source="https://github.com/zalandoresearch/fashion-mnist",
        citation=(
            "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a novel image dataset for "
            "benchmarking machine learning algorithms. arXiv:1708.07747, 2017"
        ),
        n_train=60_000,
        n_test=10_000,
        input_shape=(28, 28, 1),
        class_names=_FASHION,
        files=(
            RemoteFile(
                "train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26_421_880
            ),
            RemoteFile("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe", 29_515),
            RemoteFile("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79", 4_422_102),
            RemoteFile("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310", 5_148),
        ),
        mirrors=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            # Speaks no HTTPS; the checksum vouches for what it sends.
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
    ),
    CatalogEntry(
        name="cifar10",
        title="Small colour photographs, 32 x 32 pixels, of animals and vehicles",
        licence="none stated by its authors, who ask to be cited",
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
        citation=(
            "A. Krizhevsky: Learning multiple layers of features from tiny images. "
            "Technical report, University of Toronto, 2009"
        ),
        n_train=50_000,
        n_test=10_000,
        input_shape=(32, 32, 3),
        class_names=CIFAR10_CLASSES,
        files=(
            RemoteFile("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", 170_052_171),
        ),
        mirrors=("https://www.cs.toronto.edu/~kriz/",),
    ),
)

#: Every data set that can be asked for by name.
DATASETS: dict[str, CatalogEntry] = {entry.name: entry for entry in _ENTRIES}
