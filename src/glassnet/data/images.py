"""Pictures in the usual formats, read with Pillow."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from glassnet.data.dataset import Dataset
from glassnet.data.validation import FloatArray
from glassnet.extras import require

if TYPE_CHECKING:
    from PIL.Image import Image

#: An image that claims more pixels than this is refused before it is decoded.
MAX_IMAGE_PIXELS = 64 * 2**20
#: What may be read. Others, PostScript above all, would start programs of their own.
IMAGE_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")
IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".pbm", ".pgm", ".ppm"}
)
_GRAY_MODES = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "I;16N")
_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap height and width


def read_image(path: str | os.PathLike[str], input_shape: tuple[int, ...]) -> FloatArray:
    """Read a picture of any size and colour in the form that a network takes.

    It is turned upright as its EXIF data says, laid on white where it is transparent, converted
    to gray or colour, and resized without keeping its aspect ratio. Of an animation the first
    picture counts.

    Parameters
    ----------
    path : path-like
        A PNG, JPEG, GIF, BMP, WebP, TIFF or PPM file.
    input_shape : tuple of int
        ``(height, width, channels)`` with 1 or 3 channels, or ``(height, width)`` for gray.

    Returns
    -------
    image : ndarray, shape `input_shape`, dtype float32
        In [0, 1].

    Raises
    ------
    ValueError
        If the shape is none of an image, or the file is no image, is cut short, claims more
        than `MAX_IMAGE_PIXELS`, or its pixels are floats or whole numbers beyond 16 bits.
    OSError
        If the file can't be read.
    MissingExtraError
        If Pillow is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "dots.pgm"
    ...     _ = path.write_bytes(b"P5 2 1 255 " + bytes([0, 255]))
    ...     read_image(path, (1, 2, 1)).ravel()
    array([0., 1.], dtype=float32)
    """
    if not _is_image_shape(input_shape):
        raise ValueError(
            "input_shape must be (height, width, 1), (height, width, 3) or (height, width), "
            f"got {tuple(input_shape)}; a network that reads images begins with Flatten() or Conv2D"
        )
    height, width, *channels = input_shape
    with _opened(Path(path)) as image:
        pixels = _decode(image, color=channels == [3], size=(height, width))
    return pixels.reshape(input_shape)


def read_image_folder(
    path: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    color: bool | None = None,
) -> Dataset:
    """Read a folder that has one subfolder of pictures for each class.

    Parameters
    ----------
    path : path-like
        ``path/CLASS/*.png`` and other formats. Files that are no pictures by their suffix, and
        hidden ones, are left out.
    size : (height, width), optional
        Resize every picture. Default: all must have one size already.
    color : bool, optional
        3 channels, or 1. Default: 3 if any picture has colour.

    Returns
    -------
    data : Dataset
        With `x` of shape (n, height, width, channels) in [0, 1]; pictures and classes in the
        order of their names.

    Raises
    ------
    ValueError
        If there is no class folder, one has no pictures, sizes differ, or a file is broken.
    OSError
        If a file can't be read.
    MissingExtraError
        If Pillow is not installed.

    Examples
    --------
    >>> read_image_folder("photos", size=(32, 32))  # doctest: +SKIP
    Dataset('photos', 200 examples of shape (32, 32, 3), 2 classes)
    """
    folder = list_image_folder(path, size=size, color=color)
    x = np.empty(folder.shape, np.float32)
    for i, file in enumerate(folder.files):
        decode_into(file, x[i])
    return Dataset(x, folder.labels, folder.class_names, folder.name)


class _PixelsError(ValueError):
    """An image that is whole, with pixels that cannot be taken."""


class ImageFolder(NamedTuple):
    """What is in a folder of images, by class, before they are decoded."""

    files: list[Path]
    labels: list[int]
    class_names: list[str]
    shape: tuple[int, int, int, int]
    """Of all images: (n, height, width, channels)."""
    name: str


def list_image_folder(
    path: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    color: bool | None = None,
) -> ImageFolder:
    """List a folder of images, and look into their headers; see `read_image_folder`."""
    root = Path(path)
    classes = sorted(f for f in root.iterdir() if f.is_dir() and not f.name.startswith("."))
    if not classes:
        raise ValueError(f"{root}: expected a subfolder of images for each class, found none")
    files: list[Path] = []
    labels: list[int] = []
    for label, folder in enumerate(classes):
        inside = sorted(file for file in folder.iterdir() if _is_picture(file))
        if not inside:
            raise ValueError(f"{folder}: holds no images; add some or remove the folder")
        files += inside
        labels += [label] * len(inside)
    if size is None or color is None:
        size, color = _common_form(files, size, color)
    height, width = size
    shape = (len(files), height, width, 3 if color else 1)
    return ImageFolder(files, labels, [f.name for f in classes], shape, root.resolve().name)


def decode_into(file: Path, out: np.ndarray) -> None:
    """Read a picture into an array, shape (height, width, 1 or 3), float32, as in `read_image`."""
    height, width, channels = out.shape
    with _opened(file) as image:
        out[...] = _decode(image, color=channels == 3, size=(height, width))


def _is_image_shape(shape: tuple[int, ...]) -> bool:
    return len(shape) in (2, 3) and min(shape) >= 1 and (*shape, 1)[2] in (1, 3)


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".")


def _common_form(
    files: list[Path], size: tuple[int, int] | None, color: bool | None
) -> tuple[tuple[int, int], bool]:
    """Read the headers alone: the size that all files share, and whether any has colour."""
    sizes = []
    any_color = False
    for file in files:
        with _opened(file) as image:
            sizes.append(image.size if _is_turned(image) else image.size[::-1])
            any_color |= image.mode not in _GRAY_MODES
        if size is None and sizes[-1] != sizes[0]:
            raise ValueError(
                f"{file} has height and width {sizes[-1]}, {files[0]} has {sizes[0]}; "
                "give the size that all shall be resized to (in a recipe: data.size)"
            )
    return size or sizes[0], any_color if color is None else color


@contextmanager
def _opened(path: Path) -> Iterator[Image]:
    pillow = require("PIL.Image", "cli")
    with path.open("rb") as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pillow.DecompressionBombWarning)
                image = pillow.open(file, formats=IMAGE_FORMATS)
            n_pixels = image.size[0] * image.size[1]
            if n_pixels > MAX_IMAGE_PIXELS:
                raise pillow.DecompressionBombError(f"{n_pixels} pixels")
            if image.mode == "F":
                raise _PixelsError("its pixels are floats, and their range is not known")
            with image:
                yield image
        except _PixelsError as error:
            raise ValueError(f"{path}: {error}; convert it to 8 or 16 bits") from error
        except (pillow.DecompressionBombWarning, pillow.DecompressionBombError) as error:
            raise ValueError(
                f"{path}: claims more than {MAX_IMAGE_PIXELS} pixels: {error}; make it smaller"
            ) from error
        except pillow.UnidentifiedImageError as error:
            raise ValueError(
                f"{path}: no image of a known format ({', '.join(IMAGE_FORMATS)})"
            ) from error
        # What Pillow's decoders raise on broken files, each in its own way.
        except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error) as error:
            raise ValueError(f"{path}: the image is broken or cut short: {error}") from error


def _is_turned(image: Image) -> bool:
    return image.getexif().get(_ORIENTATION) in _TURNED


def _decode(image: Image, *, color: bool, size: tuple[int, int]) -> FloatArray:
    """Return the pixels, shape (height, width, channels), float32 in [0, 1]."""
    pillow = require("PIL.Image", "cli")
    image = require("PIL.ImageOps", "cli").exif_transpose(image)
    if image.mode.startswith("I"):
        image = pillow.fromarray(_eight_bits(image))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        white = pillow.new("RGBA", image.size, "white")
        image = pillow.alpha_composite(white, image)
    image = image.convert("RGB" if color else "L")
    if image.size != size[::-1]:
        image = image.resize(size[::-1], pillow.Resampling.BILINEAR)
    pixels = np.asarray(image, np.float32) / np.float32(255)
    return pixels.reshape(*size, -1)


def _eight_bits(image: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise _PixelsError(f"gray values must lie in 0..65535, got {values.min()}..{values.max()}")
    return np.round(values / 257).astype(np.uint8)
