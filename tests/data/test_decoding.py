"""Single images to arrays, and the cache of decoded sets."""

import numpy as np
import pytest
from PIL import Image

from netsci.data import DataError, load
from netsci.data import decoding as module
from netsci.data.decoding import decode
from tests.data.files import flat, image_bytes, tree_files, write_zip

RNG = np.random.default_rng(0)


def test_channels_rows_and_columns():
    pixels = RNG.integers(0, 256, (4, 4, 3)).astype(np.uint8)
    image = decode(image_bytes(pixels), "x", size=4)
    assert image.shape == (3, 4, 4)
    for channel in range(3):
        np.testing.assert_array_equal(image[channel], pixels[:, :, channel])


def test_grey_becomes_three_equal_channels():
    pixels = RNG.integers(0, 256, (4, 4)).astype(np.uint8)
    np.testing.assert_array_equal(decode(image_bytes(pixels), "x", size=4), np.stack([pixels] * 3))


def test_cmyk_becomes_rgb():
    white = np.zeros((8, 8, 4), np.uint8)
    assert (decode(image_bytes(white, "TIFF"), "x", size=8) == 255).all()


def test_resizing_keeps_the_centre_and_proportions():
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40, 1] = 250
    image = decode(image_bytes(pixels), "x", size=10, resize=10)
    assert image[1].min() > 200
    assert image[0].max() == 0
    np.testing.assert_array_equal(
        decode(image_bytes(pixels), "x", size=20, resize=20)[1], pixels[:, 20:40, 1]
    )
    tall = decode(image_bytes(pixels.transpose(1, 0, 2).copy()), "x", size=10, resize=10)
    np.testing.assert_array_equal(tall, image.transpose(0, 2, 1))


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.95])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_files_that_are_cut(share, kind):
    content = image_bytes(RNG.integers(0, 256, (32, 32, 3)).astype(np.uint8), kind)
    with pytest.raises(DataError, match=r"folder/x\.jpg: it cannot be decoded as an image"):
        decode(content[: int(share * len(content))], "folder/x.jpg", size=32)


def test_sizes_that_differ_or_are_absurd(monkeypatch):
    with pytest.raises(DataError, match="x: it is 8 x 8 pixels, not 4 x 4"):
        decode(flat(0, 8), "x", size=4)
    monkeypatch.setattr(module, "LARGEST", 63)
    with pytest.raises(DataError, match="x: it is 8 x 8 pixels; remove this image"):
        decode(flat(0, 8), "x", size=8)


@pytest.fixture
def archive(monkeypatch, tmp_path):
    monkeypatch.setenv("NETSCI_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "data" / "cifar10" / "cifar10-images.zip"
    write_zip(path, tree_files())
    return path


def read(archive, **options):
    return load("cifar10-jpeg", folder=archive.parents[1], verify=False, **options)


def no_decoder(*arguments, **options):
    raise AssertionError("decoded again")


def test_decoded_images_are_kept_in_the_cache_and_never_beside_the_data(archive, tmp_path, monkeypatch):
    first = read(archive)
    kept = list((tmp_path / "cache" / "decoded").iterdir())
    assert [path.suffix for path in kept] == [".npz"]
    assert list(archive.parent.iterdir()) == [archive]
    monkeypatch.setattr(module, "decode", no_decoder)
    second = read(archive)
    np.testing.assert_array_equal(first.x_train, second.x_train)
    np.testing.assert_array_equal(first.x_test, second.x_test)
    np.testing.assert_array_equal(first.y_train, second.y_train)
    with pytest.raises(AssertionError, match="decoded again"):
        read(archive, cache=False)
    with pytest.raises(AssertionError, match="decoded again"):
        read(archive, per_class=1)


def test_a_part_is_not_kept(archive, tmp_path):
    assert len(read(archive, per_class=1).x_train) == 3
    assert not (tmp_path / "cache").exists()


def test_other_data_or_another_decoder_are_decoded_anew(archive, monkeypatch):
    read(archive)
    with monkeypatch.context() as patch:
        patch.setattr(module, "decode", no_decoder)
        patch.setattr("PIL.__version__", "0.0")
        with pytest.raises(AssertionError, match="decoded again"):
            read(archive)
    write_zip(archive, tree_files() | {"train/a/0000.png": flat(99)})
    assert (read(archive).x_train == 99).any()


def test_a_damaged_cache_is_made_again(archive, tmp_path):
    whole = read(archive)
    (kept,) = (tmp_path / "cache" / "decoded").iterdir()
    content = kept.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 255
    for damage in (b"", content[:100], content[: len(content) // 2], bytes(flipped), b"PK\x03\x04"):
        kept.write_bytes(damage)
        np.testing.assert_array_equal(read(archive).x_train, whole.x_train)
        assert kept.read_bytes() == content


def test_a_cache_of_another_shape_is_made_again(archive, tmp_path):
    whole = read(archive)
    (kept,) = (tmp_path / "cache" / "decoded").iterdir()
    for wrong in (whole.x_train[:-1], whole.x_train.astype(np.uint16)):
        np.savez(kept, wrong, whole.x_test)
        np.testing.assert_array_equal(read(archive).x_train, whole.x_train)


def test_a_cache_that_cannot_be_written_is_no_error(archive, tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file, not a folder")
    assert read(archive).x_train.shape == (12, 3, 32, 32)
    (tmp_path / "cache").unlink()

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert read(archive).x_train.shape == (12, 3, 32, 32)
    assert not list((tmp_path / "cache" / "decoded").iterdir())


def test_pillow_decodes_alike(archive):
    pixels = RNG.integers(0, 256, (32, 32, 3)).astype(np.uint8)
    content = image_bytes(pixels, "JPEG")
    path = archive.parent / "x.jpg"
    path.write_bytes(content)
    with Image.open(path) as image:
        expected = np.array(image)
    np.testing.assert_array_equal(decode(content, "x", size=32).transpose(1, 2, 0), expected)


def test_an_image_too_thin_to_be_resized_is_refused():
    thin = image_bytes(np.zeros((1, 3000, 3), np.uint8))
    with pytest.raises(DataError, match="3000 x 1 pixels, 768000 x 256 where the shorter side has 256"):
        decode(thin, "x", size=224, resize=256)
    assert decode(thin, "x", size=8, resize=8).shape == (3, 8, 8)
