import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsci.data.errors import DataError
from netsci.data.events import Events, frames
from netsci.data.nmnist import decode, encode, nmnist, read_bin, recordings, write_bin
from tests.data import event_files as files

FOLDER = Path(os.environ.get("NETSCI_DATA", ""))
HAVE = "NETSCI_DATA" in os.environ and (FOLDER / "n-mnist" / "n-mnist-small.zip").is_file()
NUMBERS = {"Train": {3: 1, 2: 0, 11: 9}, "Test": {1: 7, 5: 0}}


def as_rows(events):
    return list(zip(*(v.tolist() for v in (events.t, events.x, events.y, events.p)), strict=True))


def test_one_event_by_hand():
    # x 5, y 33, polarity 1, time 0x010203.
    events = decode(bytes([5, 33, 0x81, 0x02, 0x03]), "00001.bin")
    assert as_rows(events) == [(0x010203, 5, 33, 1)]
    assert events.size == (34, 34)
    assert as_rows(decode(bytes([5, 33, 0x7F, 0xFF, 0xFF]), "00001.bin")) == [(2**23 - 1, 5, 33, 0)]


@given(st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_reader_reads_what_another_writer_wrote(n, seed):
    rows = files.events_of(np.random.default_rng(seed), n, size=34, stop=2**23)
    data = files.nmnist_bytes(rows)
    events = decode(data, "a.bin")
    assert as_rows(events) == rows
    assert encode(events) == data


def test_write_then_read(tmp_path):
    events = Events([0, 70_000], [1, 33], [2, 3], [1, 0], (34, 34))
    write_bin(tmp_path / "00001.bin", events)
    assert as_rows(read_bin(tmp_path / "00001.bin")) == as_rows(events)


def test_events_that_the_format_cannot_hold():
    with pytest.raises(ValueError, match="before 8388608 us"):
        encode(Events([2**23], [0], [0], [0], (34, 34)))
    with pytest.raises(ValueError, match="34 x 34"):
        encode(Events([0], [0], [0], [0], (35, 34)))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (bytes(12), "truncated: its 12 bytes"),
        (bytes([34, 0, 0, 0, 0]), r"x must lie in \[0, 33\]; event 0 has 34"),
        (bytes([0, 240, 0, 0, 0]), r"y must lie in \[0, 33\]; event 0 has 240"),
        (bytes([0, 0, 0, 0, 9, 0, 0, 0, 0, 8]), "event 1 has t = 8 us after 9 us"),
    ],
)
def test_damaged_files_are_named(tmp_path, data, words):
    path = tmp_path / "00001.bin"
    path.write_bytes(data)
    with pytest.raises(DataError, match=words) as found:
        read_bin(path)
    assert str(path) in str(found.value)


def test_a_missing_file_says_what_to_put_where(tmp_path):
    with pytest.raises(DataError, match=r"00001\.bin: it cannot be read.*n-mnist/Train/<digit>"):
        read_bin(tmp_path / "00001.bin")


@pytest.mark.parametrize("form", ["folders", "zips", "small"])
def test_all_three_layouts_give_the_same(tmp_path, form):
    rows = files.write_nmnist(tmp_path, NUMBERS, np.random.default_rng(1), form=form)
    found = list(recordings(tmp_path))
    names = [f"{r.part}/{r.digit}/{r.number:05d}.bin" for r in found]
    # By number, not by digit.
    assert names == [f"Train/{n}.bin" for n in ("0/00002", "1/00003", "9/00011")] + [
        f"Test/{n}.bin" for n in ("7/00001", "0/00005")
    ]
    assert all(as_rows(r.events) == rows[name] for r, name in zip(found, names, strict=True))
    assert [r.number for r in recordings(tmp_path, "Test")] == [1, 5]
    data = nmnist(tmp_path, steps=3, pooling=2)
    assert data.y_train.tolist() == [0, 1, 9]
    assert data.y_test.tolist() == [7, 0]
    assert data.x_train.shape == (3, 3, 2, 17, 17)
    whole = nmnist(tmp_path, steps=3)
    assert (whole.x_test[1] == frames(found[4].events, 3, span=(0, 312_000))).all()
    assert data.checksum == whole.checksum
    assert "3 + 2 real recordings, a subset" in data.source


def test_layouts_have_one_checksum_and_other_events_another(tmp_path):
    for form, seed in (("folders", 1), ("small", 1), ("zips", 2)):
        files.write_nmnist(tmp_path / form, NUMBERS, np.random.default_rng(seed), form=form)
    sums = [nmnist(tmp_path / form).checksum for form in ("folders", "small", "zips")]
    assert sums[0] == sums[1] != sums[2]
    assert re.fullmatch("[0-9a-f]{64}", sums[0])


def test_wrong_folders_are_refused(tmp_path):
    with pytest.raises(
        DataError, match=r"neither Train, Test nor n-mnist-small\.zip.*put the official files"
    ):
        list(recordings(tmp_path))
    with pytest.raises(ValueError, match="part must be one of Train, Test"):
        list(recordings(tmp_path, "Valid"))
    files.write_nmnist(tmp_path / "a", NUMBERS, np.random.default_rng(0))
    wrong = tmp_path / "a" / "n-mnist" / "Test" / "7" / "picture.bin"
    wrong.write_bytes(bytes(5))
    with pytest.raises(DataError, match=r"picture\.bin: its name is not"):
        list(recordings(tmp_path / "a", "Test"))
    wrong.rename(wrong.with_name("00005.bin"))
    with pytest.raises(DataError, match=r"image 5 is also 0/00005\.bin"):
        list(recordings(tmp_path / "a", "Test"))
    files.write_nmnist(
        tmp_path / "b", {"Train": {1: 1}, "Valid": {1: 1}}, np.random.default_rng(0), form="small"
    )
    with pytest.raises(DataError, match="no recording of Test"):
        nmnist(tmp_path / "b")
    path = tmp_path / "b" / "n-mnist" / "n-mnist-small.zip"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="zip archive"):
        list(recordings(tmp_path / "b"))


@pytest.mark.skipif(not HAVE, reason="NETSCI_DATA does not name a folder with n-mnist/n-mnist-small.zip")
def test_real_recordings():
    data = nmnist(FOLDER, steps=8, pooling=2)
    assert data.x_train.shape == (1000, 8, 2, 17, 17)
    assert np.bincount(data.y_train).tolist() == [97, 116, 99, 93, 105, 92, 94, 117, 87, 100]
    assert data.y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert data.checksum == "7bd951eac174782262fd529b3a047ed239f823017698a6d1922c5dcb8f589830"
    numbers = [len(r.events) for r in recordings(FOLDER)]
    assert (min(numbers), max(numbers), round(np.mean(numbers))) == (1069, 7152, 4108)
    # All but the few events after 312 ms are in the frames.
    assert 4_518_827 - 300 < int(data.x_train.sum(dtype=int) + data.x_test.sum(dtype=int)) < 4_518_827
