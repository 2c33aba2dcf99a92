"""CIFAR-10 and CIFAR-100 in the official binary version, and the copy in JPEG."""

import dataclasses
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from netsci.data import DataError, available, channel_statistics, cifar, load
from tests.data.files import (
    cifar10_files,
    cifar100_files,
    flat,
    tree_files,
    write_files,
    write_tar,
    write_zip,
)

FOLDER = Path(os.environ.get("NETSCI_DATA", ""))
HAVE = "NETSCI_DATA" in os.environ and (FOLDER / "cifar10" / "cifar10-images.zip").is_file()
BIN, TAR = "cifar-10-batches-bin", "cifar-10-binary.tar.gz"
ZIP = Path("cifar10", "cifar10-images.zip")


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("NETSCI_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("where", [f"cifar10/{BIN}", BIN, f"cifar10/{TAR}", TAR])
def test_layouts_of_cifar10(tmp_path, where):
    files, y_train, x_train, y_test, x_test = cifar10_files()
    if where.endswith(".gz"):
        write_tar(tmp_path / where, files, prefix=f"{BIN}/")
    else:
        write_files(tmp_path / where, files)
    assert "cifar10" in available(tmp_path)
    data = load("cifar10", folder=tmp_path, verify=False)
    assert (data.x_train.shape, data.x_test.shape) == ((100, 3, 32, 32), (20, 3, 32, 32))
    np.testing.assert_array_equal(data.x_train.reshape(100, 3072), x_train)
    np.testing.assert_array_equal(data.x_test.reshape(20, 3072), x_test)
    np.testing.assert_array_equal(data.y_train, y_train[:, 0])
    np.testing.assert_array_equal(data.y_test, y_test[:, 0])
    assert data.classes == cifar.CIFAR_10
    content = b"".join(files[name] for name in sorted(files) if name.endswith("bin"))
    assert data.checksum == hashlib.sha256(content).hexdigest()
    assert data.x_train.flags.writeable
    assert data.x_train.flags.c_contiguous


def test_a_pixel_is_found_in_its_plane_row_and_column(tmp_path):
    files = cifar10_files(each=1)[0]
    record = bytearray(3073)
    record[0], record[1 + 1024 + 2 * 32 + 5] = 7, 200  # green, row 2, column 5
    files["test_batch.bin"] = bytes(record)
    write_files(tmp_path / BIN, files)
    data = load("cifar10", folder=tmp_path, verify=False)
    assert data.y_test.tolist() == [7]
    assert np.argwhere(data.x_test).tolist() == [[0, 1, 2, 5]]
    assert data.x_test[0, 1, 2, 5] == 200


@pytest.mark.parametrize("labels", ["fine", "coarse"])
def test_labels_of_cifar100(tmp_path, labels):
    files, found = cifar100_files()
    write_files(tmp_path / "cifar100" / "cifar-100-binary", files)
    data = load("cifar100", folder=tmp_path, labels=labels, verify=False)
    column, top = (1, 100) if labels == "fine" else (0, 20)
    np.testing.assert_array_equal(data.y_train, found["train"][0][:, column])
    np.testing.assert_array_equal(data.x_test.reshape(200, 3072), found["test"][1])
    assert data.classes == tuple(f"{labels}{i}" for i in range(top))
    assert f"{labels} labels" in data.source


def test_names_of_classes_may_be_absent(tmp_path):
    files = {name: content for name, content in cifar100_files()[0].items() if name.endswith(".bin")}
    write_files(tmp_path / "cifar-100-binary", files)
    data = load("cifar100", folder=tmp_path, verify=False)
    assert data.classes == tuple(map(str, range(100)))


def test_labels_has_two_values(tmp_path):
    write_files(tmp_path / "cifar-100-binary", cifar100_files()[0])
    with pytest.raises(ValueError, match=r"labels must be 'fine' .* got 'medium'"):
        load("cifar100", folder=tmp_path, labels="medium")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("cifar10", "cifar10/cifar-10-python.tar.gz"),
        ("cifar10", "cifar-10-batches-py/data_batch_1"),
        ("cifar100", "cifar-100-python/train"),
        ("cifar100", "cifar100/cifar-100-python.tar.gz"),
    ],
)
def test_pickles_are_refused(tmp_path, name, path):
    write_files(tmp_path, {path: b"\x80\x04."})
    assert name not in available(tmp_path)
    with pytest.raises(
        DataError, match=r"Python version, a pickle, which can run any code.*binary\.tar\.gz"
    ) as caught:
        load(name, folder=tmp_path)
    assert str(tmp_path / Path(path).parts[0]) in str(caught.value)


def test_the_lossy_copy_is_not_taken_for_the_official_one(tmp_path):
    write_zip(tmp_path / ZIP, tree_files())
    with pytest.raises(DataError, match=r'lossy copy in JPEG is read by "cifar10-jpeg"'):
        load("cifar10", folder=tmp_path)


def test_official_numbers_of_records(tmp_path):
    files = cifar10_files()[0]
    write_files(tmp_path / BIN, files)
    with pytest.raises(
        DataError, match=r"data_batch_1\.bin: it holds 61460 bytes, not 10000 records of 3073"
    ):
        load("cifar10", folder=tmp_path)


@pytest.mark.parametrize("short", [1, 3073])
def test_a_batch_of_official_size_that_is_cut(tmp_path, short):
    write_files(tmp_path / BIN, cifar10_files()[0])
    with open(tmp_path / BIN / "data_batch_1.bin", "wb") as stream:
        stream.truncate(30_730_000 - short)
    with pytest.raises(DataError, match="not 10000 records"):
        load("cifar10", folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("data_batch_3.bin", bytes(3072), r"data_batch_3\.bin: it holds 3072 bytes, not a whole number"),
        ("test_batch.bin", b"", r"test_batch\.bin: it holds 0 bytes"),
        (
            "data_batch_2.bin",
            bytes([10]) + bytes(3072),
            r"data_batch_2\.bin: it holds a label 10, and classes",
        ),
    ],
)
def test_damaged_batches(tmp_path, name, content, words):
    write_files(tmp_path / BIN, cifar10_files()[0] | {name: content})
    with pytest.raises(DataError, match=words):
        load("cifar10", folder=tmp_path, verify=False)


@pytest.mark.parametrize("packed", [False, True])
def test_a_missing_batch(tmp_path, packed):
    files = cifar10_files()[0]
    del files["data_batch_4.bin"]
    if packed:
        write_tar(tmp_path / TAR, files)
    else:
        write_files(tmp_path / BIN, files)
    with pytest.raises(DataError, match=r"data_batch_4\.bin: it is missing"):
        load("cifar10", folder=tmp_path, verify=False)


def test_damaged_archives(tmp_path):
    path = tmp_path / TAR
    write_tar(path, cifar10_files()[0])
    with pytest.raises(DataError, match="not the official archive"):
        load("cifar10", folder=tmp_path)
    whole = path.read_bytes()
    for content in (
        whole[: len(whole) // 2],
        whole[:100_000] + bytes(1000) + whole[101_000:],
        b"",
        b"no tar",
    ):
        path.write_bytes(content)
        with pytest.raises(
            DataError, match=r"cifar-10-binary\.tar\.gz.*: (the archive is damaged|it is missing)"
        ):
            load("cifar10", folder=tmp_path, verify=False)


def test_the_official_checksum_is_what_lets_an_archive_in(tmp_path, monkeypatch):
    path = tmp_path / TAR
    write_tar(path, cifar10_files()[0])
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    release = dataclasses.replace(cifar.RELEASES["cifar10"], md5=md5, records=(20, 20))
    monkeypatch.setitem(cifar.RELEASES, "cifar10", release)
    data = load("cifar10", folder=tmp_path)
    assert data.source == "CIFAR-10, the official binary version"


def test_jpeg_classes_and_numbers_are_held_to_the_official_ones(tmp_path):
    write_zip(tmp_path / ZIP, tree_files(classes=cifar.CIFAR_10[:9], train=2, test=1))
    with pytest.raises(
        DataError, match=r"9 classes of 2 training, 1 test images each; cifar10-jpeg has 10 of 5000"
    ):
        load("cifar10-jpeg", folder=tmp_path)
    data = load("cifar10-jpeg", folder=tmp_path, verify=False)
    assert data.classes == cifar.CIFAR_10[:9]
    assert "a lossy copy" in data.source


def test_jpeg_classes_are_held_to_their_names(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar, "JPEG_NUMBERS", (10, 2, 1))
    for last, right in (("truck", True), ("lorry", False)):
        write_zip(tmp_path / last / ZIP, tree_files(classes=(*cifar.CIFAR_10[:9], last), train=2, test=1))
        if right:
            assert len(load("cifar10-jpeg", folder=tmp_path / last).x_train) == 20
        else:
            with pytest.raises(DataError, match=r"its classes are airplane.*put a copy of CIFAR-10 there"):
                load("cifar10-jpeg", folder=tmp_path / last)


def test_a_jpeg_that_fails_is_named_and_nothing_is_kept(tmp_path):
    files = tree_files()
    name = "train/b/0002.png"
    files[name] = files[name][:60]
    write_zip(tmp_path / ZIP, files)
    with pytest.raises(DataError, match=r"cifar10-images\.zip/train/b/0002\.png: it cannot be decoded"):
        load("cifar10-jpeg", folder=tmp_path, verify=False)
    assert not (tmp_path / "cache").exists()
    write_zip(tmp_path / ZIP, files | {name: flat(1, size=31)})
    with pytest.raises(DataError, match=r"0002\.png: it is 31 x 31 pixels, not 32 x 32"):
        load("cifar10-jpeg", folder=tmp_path, verify=False)


@pytest.mark.skipif(not HAVE, reason="NETSCI_DATA does not name a folder with cifar10/cifar10-images.zip")
def test_a_part_of_the_real_zip(tmp_path):
    data = load("cifar10-jpeg", folder=FOLDER, per_class=20)
    assert data.classes == cifar.CIFAR_10
    assert (data.x_train.shape, data.x_test.shape) == ((200, 3, 32, 32), (200, 3, 32, 32))
    assert np.bincount(data.y_train).tolist() == [20] * 10
    assert (np.diff(data.y_train) != 0).mean() > 0.8  # not one class after the other
    mean, deviation = channel_statistics(data.x_train)
    np.testing.assert_allclose(mean, [0.4913, 0.4821, 0.4465], atol=0.05)
    np.testing.assert_allclose(deviation, [0.2452, 0.2428, 0.2606], atol=0.03)
    assert mean[0] > mean[1] > mean[2]  # red, green, blue
    assert data.checksum == "6e98bd9ce71ca7448e421b8def387c740b3a6d104beb8edb8c8c78b00e0c9a8c"
    assert "the first 20 images a class" in data.source
    assert not (tmp_path / "cache").exists()
