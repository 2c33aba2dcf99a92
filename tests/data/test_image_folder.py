"""Trees of images: classes, labels, annotation files, what is missing, and images on request."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from netsci.data import DataError, available, load
from netsci.data.decoding import LazyImages
from tests.data.files import flat, image_bytes, tiny_files, tree_files, write_files, write_zip

FOLDER = Path(os.environ.get("NETSCI_DATA", ""))
HAVE = "NETSCI_DATA" in os.environ and (FOLDER / "tiny-imagenet" / "tiny-imagenet-10.zip").is_file()


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("NETSCI_CACHE", str(tmp_path / "cache"))


def values(x):
    """The colour of images of one colour."""
    assert (x == x[:, :1, :1, :1]).all()
    return x[:, 0, 0, 0].astype(int)


@pytest.mark.parametrize("part", ["test", "val"])
@pytest.mark.parametrize("lazy", [False, True])
def test_labels_follow_the_sorted_names_of_folders(tmp_path, part, lazy):
    write_files(tmp_path, tree_files(classes=("b", "a", "c"), part=part))
    data = load("image-folder", folder=tmp_path, size=32, lazy=lazy)
    assert data.classes == ("a", "b", "c")
    assert isinstance(data.x_train, LazyImages if lazy else np.ndarray)
    assert data.x_train.shape == (12, 3, 32, 32)
    np.testing.assert_array_equal(values(data.x_train[:]) // 10, data.y_train)
    np.testing.assert_array_equal(values(data.x_test[:]) // 10 - 10, data.y_test)
    assert sorted(values(data.x_train[:])) == [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23]
    assert (np.diff(data.y_train) < 0).any()  # not in the order of classes


def test_the_order_is_always_the_same(tmp_path):
    for number, reverse in enumerate((False, True)):
        files = sorted(tree_files().items(), reverse=reverse)
        write_zip(tmp_path / str(number) / "tiny-imagenet" / "tiny-imagenet-10.zip", dict(files))
    with pytest.raises(DataError, match="not 64 x 64"):
        load("tiny-imagenet-10", folder=tmp_path / "0", verify=False)
    write_files(tmp_path / "2", tree_files())
    found = [load("image-folder", folder=tmp_path / "2", size=32).x_train[:] for _ in range(2)]
    np.testing.assert_array_equal(*found)


def test_images_on_request(tmp_path):
    write_files(tmp_path, tree_files())
    x = load("image-folder", folder=tmp_path, size=32).x_train
    whole = x[:]
    assert x.dtype == whole.dtype == np.uint8
    assert len(x) == 12
    np.testing.assert_array_equal(x[3], whole[3])
    np.testing.assert_array_equal(x[-1], whole[-1])
    np.testing.assert_array_equal(x[2:9:3], whole[2:9:3])
    np.testing.assert_array_equal(x[np.array([5, 1, 5])], whole[[5, 1, 5]])
    mask = np.arange(12) % 2 == 0
    np.testing.assert_array_equal(x[mask], whole[mask])
    np.testing.assert_array_equal(x.select(np.array([7, 2]))[np.array([1])], whole[[2]])
    assert x[np.array([], np.int64)].shape == (0, 3, 32, 32)
    with pytest.raises(IndexError):
        x[12]


def test_a_damaged_image_on_request_is_named(tmp_path):
    files = tree_files()
    files["test/c/0001.png"] = b"not an image"
    write_files(tmp_path, files)
    data = load("image-folder", folder=tmp_path, size=32)
    with pytest.raises(DataError, match=r"test/c/0001\.png: it cannot be decoded as an image"):
        data.x_test[:]


def test_subsets_of_images_on_request(tmp_path):
    write_files(tmp_path, tree_files())
    part = load("image-folder", folder=tmp_path, size=32).subset(6, 3, rng=np.random.default_rng(0))
    assert isinstance(part.x_train, LazyImages)
    assert np.bincount(part.y_train).tolist() == [2, 2, 2]
    np.testing.assert_array_equal(values(part.x_train[:]) // 10, part.y_train)


def test_unlabelled_test_images_are_not_a_class(tmp_path):
    write_files(tmp_path, tree_files(part="val") | {"test/images/0000.png": flat(5)})
    data = load("image-folder", folder=tmp_path, size=32)
    assert data.classes == ("a", "b", "c")
    assert values(data.x_test[:]).min() >= 100


def test_what_lies_beside_images_is_left_alone(tmp_path):
    files = tree_files() | {
        "train/a/notes.txt": b"x",
        "train/x.png": b"x",
        "a.jpg": b"x",
        "train/a/.hid.png": b"x",
    }
    write_files(tmp_path, files)
    assert len(load("image-folder", folder=tmp_path, size=32).x_train) == 12


@pytest.mark.parametrize(
    ("absent", "words"),
    [
        ("train/b/", "no images for training of the class b;"),
        ("test/b/", "no images for testing, in test/ or val/ of the class b;"),
        ("test/", "no images for testing, in test/ or val/ of the classes a, b, c;"),
        ("train/", "no images as train/<class>"),
    ],
)
def test_missing_classes(tmp_path, absent, words):
    files = {name: content for name, content in tree_files().items() if not name.startswith(absent)}
    (tmp_path / "train").mkdir()
    (tmp_path / "test").mkdir()
    write_files(tmp_path, files)
    with pytest.raises(DataError, match=words):
        load("image-folder", folder=tmp_path, size=32)


@pytest.mark.parametrize("form", ["folder", "zip", "zip with a folder"])
def test_tiny_imagenet_as_published(tmp_path, form):
    where = tmp_path / "tiny-imagenet"
    if form == "folder":
        write_files(where / "tiny-imagenet-200", tiny_files())
    else:
        prefix = "tiny-imagenet-200/" if form.endswith("folder") else ""
        write_zip(where / "tiny-imagenet-200.zip", tiny_files(), prefix=prefix)
    assert "tiny-imagenet" in available(tmp_path)
    data = load("tiny-imagenet", folder=tmp_path, verify=False)
    assert data.classes == ("n01", "n03")
    assert (data.x_train.shape, data.x_test.shape) == ((6, 3, 64, 64), (4, 3, 64, 64))
    np.testing.assert_array_equal(values(data.x_train) // 10, data.y_train)
    np.testing.assert_array_equal(values(data.x_test) // 10 - 10, data.y_test)
    with pytest.raises(
        DataError, match="2 classes of 3 training, 2 test images each; tiny-imagenet has 200 of 500"
    ):
        load("tiny-imagenet", folder=tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"val_0.JPEG\t", b"val_9.JPEG\t", r"line 1 names val_9\.JPEG, which val/images lacks"),
        (b"val_0.JPEG\tn01\t0\t0\t62\t62\n", b"", r"gives no class for val_0\.JPEG"),
        (b"val_0.JPEG\tn01", b"val_0.JPEG", "line 1 names|line 1 is not|of the class 0"),
        (b"val_2.JPEG\t", b"val_0.JPEG\t", "line 2 names val_0.JPEG.*named twice"),
        (b"\tn01\t", b"\tn02\t", "no images for training of the class n02"),
        (b"val_0.JPEG\t", b"val_0.JPEG ", "line 1 is not|names val_0.JPEG n01"),
    ],
)
def test_damaged_annotations(tmp_path, old, new, words):
    files = tiny_files()
    changed = files["val/val_annotations.txt"].replace(old, new)
    assert changed != files["val/val_annotations.txt"]
    write_files(tmp_path / "tiny-imagenet-200", files | {"val/val_annotations.txt": changed})
    with pytest.raises(DataError, match=words):
        load("tiny-imagenet", folder=tmp_path, verify=False)


def test_first_images_of_each_class(tmp_path):
    write_files(tmp_path, tree_files())
    data = load("image-folder", folder=tmp_path, size=32, per_class=2)
    assert sorted(values(data.x_train[:])) == [0, 1, 10, 11, 20, 21]
    assert "the first 2 images a class" in data.source
    for value in (0, -1, True, 1.5):
        with pytest.raises(ValueError, match="per_class must be a positive integer"):
            load("image-folder", folder=tmp_path, size=32, per_class=value)


def test_imagenet_is_decoded_on_request_at_one_size(tmp_path):
    wide = np.zeros((40, 80, 3), np.uint8)
    wide[:, 20:60] = 200  # the centre, a square
    files = {
        "imagenet/train/n01/a.JPEG": image_bytes(wide, "JPEG"),
        "imagenet/train/n02/b.JPEG": image_bytes(wide[:, :, 0].T.copy(), "JPEG"),  # grey, upright
        "imagenet/val/n01/c.JPEG": flat(7, 300, "JPEG"),
        "imagenet/val/n02/d.JPEG": flat(9, 224, "JPEG"),
    }
    write_files(tmp_path, files)
    with pytest.raises(DataError, match="holds 2 classes of 1000"):
        load("imagenet", folder=tmp_path)
    data = load("imagenet", folder=tmp_path, size=16, resize=20, verify=False)
    assert data.shape == (3, 16, 16)
    np.testing.assert_allclose(data.x_train[:], 200, atol=8)
    np.testing.assert_allclose(np.sort(data.x_test[:].mean(axis=(1, 2, 3))), [7, 9], atol=1)
    assert "shorter side resized to 20, centre 16 x 16" in data.source
    assert "checksum over the names" in data.source
    assert load("imagenet", folder=tmp_path, verify=False).shape == (3, 224, 224)


@pytest.mark.parametrize(("size", "resize"), [(0, 4), (8, 4), (5000, 5000), (-1, None)])
def test_sizes(tmp_path, size, resize):
    write_files(tmp_path, tree_files())
    with pytest.raises(ValueError, match="size and resize must be in"):
        load("image-folder", folder=tmp_path, size=size, resize=resize)
    with pytest.raises(TypeError, match="size must be an integer"):
        load("image-folder", folder=tmp_path, size=8.0)


def test_a_zip_that_is_damaged(tmp_path):
    path = tmp_path / "tiny-imagenet" / "tiny-imagenet-10.zip"
    write_zip(path, tree_files(size=64))
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("train/a/0001.png").header_offset + 30 + len("train/a/0001.png")
    flipped = bytearray(whole)
    flipped[start + 50] ^= 255
    path.write_bytes(bytes(flipped))
    with pytest.raises(
        DataError, match=r"tiny-imagenet-10\.zip/train/a/0001\.png: it cannot be unpacked \(Bad CRC"
    ):
        load("tiny-imagenet-10", folder=tmp_path, verify=False)
    for content in (whole[:-40], whole[: len(whole) // 2], b""):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"tiny-imagenet-10\.zip: it is not a complete zip archive"):
            load("tiny-imagenet-10", folder=tmp_path, verify=False)


def test_checksums_follow_the_bytes(tmp_path):
    files = tree_files(size=64)
    found = []
    for number, change in enumerate(({}, {}, {"train/a/0000.png": flat(77, 64)})):
        write_files(tmp_path / str(number) / "tiny-imagenet" / "tiny-imagenet-10", files | change)
        found.append(load("tiny-imagenet-10", folder=tmp_path / str(number), verify=False).checksum)
    assert found[0] == found[1] != found[2]
    where = tmp_path / "0" / "tiny-imagenet" / "tiny-imagenet-10"
    for content in (b"a", b"b"):
        (where / "classes.tsv").write_bytes(content)
        found.append(load("tiny-imagenet-10", folder=tmp_path / "0", verify=False).checksum)
    assert len(set(found)) == 4


@pytest.mark.skipif(
    not HAVE, reason="NETSCI_DATA does not name a folder with tiny-imagenet/tiny-imagenet-10.zip"
)
def test_the_real_ten_classes():
    data = load("tiny-imagenet-10", folder=FOLDER, lazy=True)
    assert (data.x_train.shape, data.x_test.shape) == ((5000, 3, 64, 64), (500, 3, 64, 64))
    assert data.classes[0] == "n01443537"
    assert data.checksum == "087d7556ed6b7806f52534e8ce90ac36d7144cacb9d931c8c49d063557020515"
    images = data.x_train[:300]
    grey = (images[:, 0] == images[:, 1]).all(axis=(1, 2)) & (images[:, 1] == images[:, 2]).all(axis=(1, 2))
    assert grey.mean() < 0.1
    assert images.std() > 50
