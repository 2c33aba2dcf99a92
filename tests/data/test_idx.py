"""MNIST and Fashion-MNIST: the idx format, its damage, and the layouts that are found."""

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from netsci.data import DataError, available, channel_statistics, load
from netsci.data.idx import PACKED, read_idx
from netsci.io.files import sha256
from tests.data.files import IDX, idx_bytes, write_mnist

FOLDER = Path(os.environ.get("NETSCI_DATA", ""))
HAVE = "NETSCI_DATA" in os.environ and (FOLDER / "mnist").is_dir() and (FOLDER / "fashion-mnist").is_dir()
real = pytest.mark.skipif(not HAVE, reason="NETSCI_DATA does not name a folder with mnist and fashion-mnist")


def test_an_idx_file_by_hand(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]))
    assert read_idx(path).tolist() == [[1, 2, 3], [4, 5, 6]]
    path.write_bytes(gzip.compress(path.read_bytes()))
    array = read_idx(path)
    assert array.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert array.flags.writeable


@pytest.mark.parametrize(
    ("name", "place", "packed"),
    [
        ("mnist", "mnist", True),
        ("mnist", "mnist", False),
        ("mnist", "MNIST/raw", True),
        ("mnist", "MNIST/raw", False),
        ("fashion-mnist", "fashion-mnist", True),
        ("fashion-mnist", "FashionMNIST/raw", False),
    ],
)
def test_layouts(tmp_path, name, place, packed):
    arrays = write_mnist(tmp_path, place=place, packed=packed)
    assert name in available(tmp_path)
    data = load(name, folder=tmp_path, verify=False)
    assert data.shape == (1, 28, 28)
    np.testing.assert_array_equal(data.x_train[:, 0], arrays[0])
    np.testing.assert_array_equal(data.y_train, arrays[1])
    np.testing.assert_array_equal(data.x_test[:, 0], arrays[2])
    np.testing.assert_array_equal(data.y_test, arrays[3])
    assert data.checksum == hashlib.sha256(b"".join(map(idx_bytes, arrays))).hexdigest()
    assert "not compared" in data.source


def test_files_that_are_not_the_official_ones(tmp_path):
    write_mnist(tmp_path)
    with pytest.raises(
        DataError, match=r"train-images.*not those of the official file \(SHA-256 .*verify=False"
    ):
        load("mnist", folder=tmp_path)


def test_a_missing_file_is_named(tmp_path):
    write_mnist(tmp_path)
    (tmp_path / "mnist" / f"{IDX[2]}.gz").unlink()
    with pytest.raises(DataError, match=r"mnist needs mnist/t10k-images-idx3-ubyte\.gz, which") as caught:
        load("mnist", folder=tmp_path)
    assert "download=True" in str(caught.value)
    assert "ossci-datasets" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "begins with nothing"),
        (b"\x89PNG....", "begins with 89 50 4e 47, and an idx file"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 1]), "begins with 00 00 0d 01"),  # floats
        (bytes([0, 0, 8, 0]), "begins with 00 00 08 00"),
        (bytes([0, 0, 8, 3, 0, 0, 0, 1]), "header is damaged"),
        (bytes([0, 0, 8, 2]) + b"\xff" * 8 + b"1", "header is damaged"),
        (
            bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2]),
            r"header \(3,\) asks for 3 bytes of values and it holds only 2",
        ),
        (bytes([0, 0, 8, 1, 0, 0, 0, 1, 1, 2]), r"asks for 1 bytes of values and it holds more"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_idx(tmp_path, content, words, packed):
    path = tmp_path / "bad-file"
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(DataError, match=words) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_damaged_gzip(tmp_path):
    path = tmp_path / "bad.gz"
    whole = gzip.compress(idx_bytes(np.random.default_rng(0).integers(0, 256, 5000)))
    flipped = bytearray(whole)
    flipped[2000] ^= 255
    for content in (whole[:-1], whole[:3000], bytes(flipped), whole[:-8] + bytes(8)):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"bad\.gz: (its gzip data are damaged|its header)"):
            read_idx(path)


def test_a_folder_in_place_of_a_file(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path)


@pytest.mark.parametrize(
    ("number", "array", "words"),
    [
        (1, np.zeros(29), r"labels of shape \(29,\) for 30 images"),
        (1, np.full(30, 10), "holds a label 10, above 9"),
        (3, np.full(20, 10), r"t10k-labels.*holds a label 10, above 9"),
        (0, np.zeros((30, 784)), r"array of shape \(30, 784\), not images"),
        (2, np.zeros((20, 28, 27)), r"its images are \(28, 27\) and those for training \(28, 28\)"),
        (0, np.zeros((0, 28, 28)), "not images"),
    ],
)
def test_files_that_do_not_belong_together(tmp_path, number, array, words):
    write_mnist(tmp_path)
    (tmp_path / "mnist" / f"{IDX[number]}.gz").write_bytes(gzip.compress(idx_bytes(array)))
    with pytest.raises(DataError, match=words):
        load("mnist", folder=tmp_path, verify=False)


@real
@pytest.mark.parametrize(
    ("name", "mean", "deviation"), [("mnist", 0.1307, 0.3081), ("fashion-mnist", 0.2860, 0.3530)]
)
def test_the_official_files(name, mean, deviation):
    for file, packed in zip(IDX, PACKED[name], strict=True):
        assert sha256(FOLDER / name / f"{file}.gz") == packed
    data = load(name, folder=FOLDER)
    assert (data.x_train.shape, data.x_test.shape) == ((60000, 1, 28, 28), (10000, 1, 28, 28))
    assert [round(float(value[0]), 4) for value in channel_statistics(data.x_train)] == [mean, deviation]
    counts = {
        "mnist": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        "fashion-mnist": [6000] * 10,
    }
    assert np.bincount(data.y_train).tolist() == counts[name]


@pytest.mark.parametrize("sizes", [[1] * 255, [1] * 9, [0, 2**32 - 1, 2**32 - 1, 2**32 - 1]])
def test_shapes_that_no_array_has(tmp_path, sizes):
    path = tmp_path / "x"
    path.write_bytes(bytes([0, 0, 8, len(sizes)]) + b"".join(n.to_bytes(4, "big") for n in sizes) + b"a")
    with pytest.raises(DataError, match="header is damaged"):
        read_idx(path)
