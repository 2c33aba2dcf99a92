"""Folders, archives and arrays that are damaged at random or built to mislead."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsci.data import DataError
from netsci.data.archives import FolderFiles, ZipFiles
from netsci.data.dvs import _decode_array, read_gesture_array
from tests.data import event_files
from tests.data.files import flat, tree_files, write_files, write_zip


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path):
    write_files(tmp_path / "elsewhere", {"1.png": flat(1), "2.png": flat(2)})
    write_files(tmp_path / "data", {"train/a/1.png": flat(1), "test/b/1.png": flat(1)})
    (tmp_path / "data" / "train" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "train" / "a" / "again").symlink_to("..")
    (tmp_path / "data" / "train" / "a" / "more").symlink_to("../..")
    (tmp_path / "data" / "test" / "b" / "back").symlink_to("../../train")
    found = FolderFiles(tmp_path / "data").names()
    assert found[:2] == ["test/b/1.png", "test/b/back/a/1.png"]
    assert [name for name in found if name.startswith("train/")] == [
        "train/a/1.png",
        "train/b/1.png",
        "train/b/2.png",
    ]
    assert len(found) < 12


def test_a_zip_made_on_a_mac(tmp_path):
    files = tree_files()
    hidden = {"__MACOSX/set/train/a/._0000.png": b"1", "set/.DS_Store": b"2", "set/train/a/._0000.png": b"3"}
    write_zip(tmp_path / "x.zip", {f"set/{name}": content for name, content in files.items()} | hidden)
    assert ZipFiles(tmp_path / "x.zip").names() == sorted(files)


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_any_damage_to_an_archive_is_a_data_error_or_none(tmp_path, method):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("train/a/1.png", flat(1, 8))
        archive.writestr("test/a/1.png", bytes(range(256)))
    whole, rng, refused = path.read_bytes(), np.random.default_rng([7, method]), 0
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            files = ZipFiles(path)
            for name in files.names():
                files.read(name)
        except DataError:
            refused += 1
    assert refused > 50


def test_an_entry_that_asks_for_a_later_zip_is_refused(tmp_path):
    write_zip(tmp_path / "x.zip", {"a": b"1"})
    content = bytearray((tmp_path / "x.zip").read_bytes())
    content[content.index(b"PK\1\2") + 6] = 200  # the version needed to extract it
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(DataError, match="not a complete zip archive"):
        ZipFiles(tmp_path / "x.zip")


@given(st.integers(0, 2**32 - 1))
def test_any_damage_to_an_array_is_a_data_error_or_none(seed):
    rng = np.random.default_rng(seed)
    data = bytearray(event_files.npy_bytes(np.array([[1, 2, 1, 5], [3, 4, 0, 6]])))
    for place in rng.integers(0, len(data), rng.integers(1, 4)):
        data[place] = rng.integers(256)
    try:
        events = _decode_array(bytes(data), Path("0.npy"))
    except DataError:
        return
    assert len(events.t) == len(events.x) >= 1  # what is read is what Events allows
    assert events.x.max() < 128
    assert (np.diff(events.t) >= 0).all()


def test_a_header_with_an_open_bracket_is_refused(tmp_path):
    path = tmp_path / "0.npy"
    path.write_bytes(event_files.npy_bytes(np.zeros((2, 4))).replace(b"}", b"("))
    with pytest.raises(DataError, match=r"not a \.npy file"):
        read_gesture_array(path)
