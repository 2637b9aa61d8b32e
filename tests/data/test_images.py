import io
import re
import struct
import zlib

import numpy as np
import pytest

pytest.importorskip("PIL", reason="needs the extra cli")

from PIL import Image

from glassnet.data import images, read_image, read_image_folder

GRAY = np.array([[0, 51], [102, 255]], np.uint8)
COLOR = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [51, 51, 51]]], np.uint8)


@pytest.fixture
def save(tmp_path):
    def write(pixels, name: str = "picture.png", **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        image.save(path, **options)
        return path

    return write


@pytest.fixture
def animals(save, tmp_path):
    """A folder of four pictures: two cats, two dogs."""
    for i, name in enumerate(["cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png"]):
        save(np.full((2, 3), i * 51, np.uint8), f"animals/{name}")
    return tmp_path / "animals"


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "gif", "pgm"])
def test_a_gray_picture_gives_its_pixels(save, suffix) -> None:
    pixels = read_image(save(GRAY, f"picture.{suffix}"), (2, 2, 1))
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels[..., 0], GRAY / 255, atol=1e-7)


@pytest.mark.parametrize("options", [{"name": "a.png"}, {"name": "a.webp", "lossless": True}])
def test_a_colour_picture_gives_its_channels_last(save, options) -> None:
    np.testing.assert_allclose(read_image(save(COLOR, **options), (2, 2, 3)), COLOR / 255)


def test_a_shape_without_channels_is_gray(save) -> None:
    np.testing.assert_allclose(read_image(save(GRAY), (2, 2)), GRAY / 255)


def test_gray_becomes_three_equal_channels(save) -> None:
    pixels = read_image(save(GRAY), (2, 2, 3))
    np.testing.assert_allclose(pixels, np.repeat(GRAY[..., None], 3, axis=2) / 255)


def test_colour_becomes_its_brightness(save) -> None:
    pixels = read_image(save(COLOR), (2, 2, 1))
    assert pixels[0, 1] > pixels[0, 0] > pixels[1, 0] > 0  # green, red, blue


def test_a_picture_is_resized_to_height_and_width(save) -> None:
    wide = np.tile(np.array([[0], [255]], np.uint8), (2, 12)).reshape(4, 12)
    assert read_image(save(wide), (5, 3, 1)).shape == (5, 3, 1)


def test_making_smaller_takes_every_pixel_into_account(save) -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (16, 8))
    np.testing.assert_allclose(read_image(save(stripes), (2, 2, 1)), 0.5, atol=0.1)


def test_transparent_parts_lie_on_white(save) -> None:
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, 3] = [0, 51, 255]
    found = read_image(save(pixels), (1, 3, 1)).ravel()
    np.testing.assert_allclose(found, [1, 0.8, 0], atol=0.01)


def test_a_transparent_colour_of_a_palette_lies_on_white(save) -> None:
    image = Image.fromarray(GRAY).convert("P")
    index = image.getpixel((0, 0))
    np.testing.assert_allclose(read_image(save(image, transparency=index), (2, 2, 1))[0, 0], 1)


def test_gray_with_transparency_lies_on_white(save) -> None:
    image = Image.merge("LA", [Image.new("L", (1, 1), 0), Image.new("L", (1, 1), 0)])
    assert read_image(save(image), (1, 1, 1)) == 1


def test_a_palette_gives_its_colours(save) -> None:
    image = Image.fromarray(COLOR).convert("P", palette=Image.Palette.ADAPTIVE)
    np.testing.assert_allclose(read_image(save(image), (2, 2, 3)), COLOR / 255, atol=0.02)


def test_black_and_white_gives_0_and_1(save) -> None:
    image = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    assert read_image(save(image), (1, 2, 1)).ravel().tolist() == [0, 1]


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_sixteen_bits_are_scaled_to_the_unit_interval(save, suffix) -> None:
    deep = np.array([[0, 13107, 65535]], np.uint16)
    pixels = read_image(save(deep, f"deep.{suffix}"), (1, 3, 1))
    np.testing.assert_allclose(pixels.ravel(), [0, 0.2, 1], atol=1e-6)


def test_gray_values_beyond_sixteen_bits_are_refused(save) -> None:
    wanted = r"deep.tiff: gray values must lie in 0\.\.65535, got 0\.\.70000; convert it to 8 or 16"
    with pytest.raises(ValueError, match=wanted):
        read_image(save(np.array([[0, 70000]], np.int32), "deep.tiff"), (1, 2, 1))


def test_pixels_that_are_floats_are_refused(save, tmp_path) -> None:
    path = save(np.array([[0.0, 0.5]], np.float32), "all/class/float.tiff")
    wanted = "float.tiff: its pixels are floats, .*; convert it to 8 or 16 bits"
    with pytest.raises(ValueError, match=wanted):
        read_image(path, (1, 2, 1))
    with pytest.raises(ValueError, match=wanted):
        read_image_folder(tmp_path / "all")


def test_printing_colours_become_screen_colours(save) -> None:
    ink = Image.new("CMYK", (1, 1), (255, 255, 0, 0))  # cyan and magenta: blue
    np.testing.assert_allclose(
        read_image(save(ink, "ink.tiff"), (1, 1, 3)).ravel(), [0, 0, 1], atol=0.02
    )


def test_a_picture_is_turned_upright(save) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    path = save(np.array([[0, 255]], np.uint8), exif=exif)
    assert read_image(path, (2, 1, 1)).ravel().tolist() == [0, 1]


def test_of_an_animation_the_first_picture_counts(save) -> None:
    frames = [Image.fromarray(np.full((2, 2), v, np.uint8)) for v in (255, 0)]
    path = save(frames[0], "a.gif", save_all=True, append_images=frames[1:])
    assert (read_image(path, (2, 2, 1)) == 1).all()


@pytest.mark.parametrize("shape", [(4,), (2, 2, 2), (0, 2, 1), (1, 2, 2, 3), ()])
def test_a_shape_that_is_none_of_an_image_is_refused(save, shape) -> None:
    with pytest.raises(ValueError, match=r"input_shape must be"):
        read_image(save(GRAY), shape)


def png_claiming(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + header + data + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [100_000, 12_000, 9_000])
def test_an_image_that_claims_too_many_pixels_is_refused(side, tmp_path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_claiming(side, side))
    with pytest.raises(ValueError, match=r"bomb.png: claims more than 67108864 pixels"):
        read_image(path, (8, 8, 1))


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "webp", "tiff"])
def test_a_picture_cut_short_is_refused(save, suffix) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    path = save(noise, f"cut.{suffix}")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(ValueError, match=rf"cut.{suffix}: "):
        read_image(path, (8, 8, 1))


@pytest.mark.parametrize("content", [b"", b"just text", b"%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_a_file_that_is_no_image_is_refused(content, tmp_path) -> None:
    path = tmp_path / "text.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"text.png: no image of a known format \(PNG, JPEG"):
        read_image(path, (8, 8, 1))


def test_a_format_that_nobody_needs_is_refused(save) -> None:
    path = save(COLOR, "rare.ico")
    with pytest.raises(ValueError, match=r"rare.ico: no image of a known format"):
        read_image(path, (2, 2, 3))


def test_a_missing_picture_is_a_missing_file(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path / "nothing.png", (8, 8, 1))


def test_a_folder_gives_its_classes_in_the_order_of_their_names(animals) -> None:
    data = read_image_folder(animals)
    assert data.class_names == ("cat", "dog")
    assert data.y.tolist() == [0, 0, 1, 1]
    assert data.name == "animals"
    assert data.x.shape == (4, 2, 3, 1)
    np.testing.assert_allclose(data.x[:, 0, 0, 0], [0, 0.2, 0.4, 0.6])


def test_one_picture_in_colour_makes_all_of_them_colour(animals, save) -> None:
    save(np.zeros((2, 3, 3), np.uint8), "animals/dog/3.png")
    assert read_image_folder(animals).input_shape == (2, 3, 3)


@pytest.mark.parametrize(("color", "channels"), [(True, 3), (False, 1)])
def test_colour_can_be_asked_for(animals, color, channels) -> None:
    assert read_image_folder(animals, color=color).input_shape == (2, 3, channels)


def test_pictures_of_different_sizes_are_refused(animals, save) -> None:
    path = save(np.zeros((5, 7), np.uint8), "animals/dog/3.png")
    expected = f"{path} has height and width (5, 7), {animals / 'cat' / '1.png'} has (2, 3); give"
    with pytest.raises(ValueError, match=re.escape(expected)):
        read_image_folder(animals)


@pytest.mark.parametrize("color", [None, False])
def test_pictures_of_different_sizes_can_be_resized(animals, save, color) -> None:
    save(np.zeros((5, 7), np.uint8), "animals/dog/3.png")
    assert read_image_folder(animals, size=(4, 6), color=color).input_shape == (4, 6, 1)


def test_sizes_are_compared_as_they_are_after_turning(animals, save) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    save(np.zeros((3, 2), np.uint8), "animals/dog/3.png", exif=exif)
    assert read_image_folder(animals).x.shape == (5, 2, 3, 1)


def test_hidden_files_and_other_files_are_left_out(animals) -> None:
    (animals / "readme.txt").write_text("cats and dogs")
    (animals / "cat" / "notes.txt").write_text("meow")
    (animals / "cat" / "._1.png").write_bytes(b"of a Mac")
    (animals / ".cache").mkdir()
    assert len(read_image_folder(animals)) == 4


def test_a_folder_without_classes_is_refused(save, tmp_path) -> None:
    save(GRAY, "flat/1.png")
    with pytest.raises(ValueError, match=r"flat: expected a subfolder of images for each class"):
        read_image_folder(tmp_path / "flat")


def test_a_class_without_pictures_is_refused(animals) -> None:
    (animals / "bird").mkdir()
    with pytest.raises(ValueError, match=r"bird: holds no images"):
        read_image_folder(animals)


def test_a_broken_picture_in_a_folder_is_named(animals) -> None:
    (animals / "cat" / "2.png").write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"2.png: no image"):
        read_image_folder(animals)


def test_decoders_that_warn_do_not_stop_the_reading(save) -> None:
    buffer = io.BytesIO()
    Image.fromarray(COLOR).convert("P").save(buffer, "PNG", transparency=bytes([0, 128, 255]))
    (path := save(COLOR, "p.png")).write_bytes(buffer.getvalue())
    assert read_image(path, (2, 2, 1)).shape == (2, 2, 1)


def test_the_limit_is_below_the_one_of_pillow() -> None:
    assert images.MAX_IMAGE_PIXELS < Image.MAX_IMAGE_PIXELS
