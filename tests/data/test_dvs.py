import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsci.data.aedat import decode_aedat2, decode_aedat3, read_aedat
from netsci.data.cifar10_dvs import CLASSES, cifar10_dvs
from netsci.data.dvs import GESTURES, dvs_gesture, read_gesture_array, read_labels
from netsci.data.errors import DataError
from netsci.data.events import frames
from netsci.data.registry import load
from tests.data import event_files as files

CSV = "class,startTime_usec,endTime_usec\n1,100,200\n11,200,300\n"


def as_rows(events):
    return list(zip(*(v.tolist() for v in (events.t, events.x, events.y, events.p)), strict=True))


def test_aedat2_by_hand():
    # y 1, x 3 from the right, bit 0 clear: brighter. Column 124 from the left.
    data = b"#!AER-DAT2.0\r\n" + bytes([0, 0, 0x01, 0x06, 0, 0, 0, 9])
    assert as_rows(decode_aedat2(data, "a.aedat", orientation="sensor")) == [(9, 124, 1, 1)]
    assert as_rows(decode_aedat2(data, "a.aedat")) == [(9, 126, 124, 1)]
    darker = b"#!AER-DAT2.0\r\n" + bytes([0, 0, 0x01, 0x07, 0, 0, 0, 9])
    assert as_rows(decode_aedat2(darker, "a.aedat", orientation="sensor")) == [(9, 124, 1, 0)]


def test_upright_is_the_sensor_turned():
    rows = files.events_of(np.random.default_rng(0), 500, size=128, stop=10**6)
    data = files.aedat2_bytes(rows)
    sensor = frames(decode_aedat2(data, "a.aedat", orientation="sensor"), 1)[0]
    upright = frames(decode_aedat2(data, "a.aedat"), 1)[0]
    # Rows of the sensor count upwards: what is up to the right there is at the left end of a row here.
    assert (upright == np.swapaxes(sensor[:, ::-1], 1, 2)).all()
    assert not (upright == sensor).all()


@given(st.integers(0, 60), st.integers(0, 2**32 - 1))
def test_aedat2_reads_what_another_writer_wrote(n, seed):
    rows = files.events_of(np.random.default_rng(seed), n, size=128, stop=2**31)
    assert as_rows(decode_aedat2(files.aedat2_bytes(rows), "a", orientation="sensor")) == rows


def test_external_events_of_aedat2_are_left_out():
    data = files.aedat2_bytes([(1, 2, 3, 1)]) + bytes([0, 0, 0x80, 0, 0, 0, 0, 2])
    assert as_rows(decode_aedat2(data, "a", orientation="sensor")) == [(1, 2, 3, 1)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no complete header of AEDAT 2.0"),
        (b"#!AER-DAT2.0", "no complete header"),
        (b"#!AER-DAT1.0\r\n", "begins with b'#!AER-DAT1.0"),
        (bytes(16), "no complete header of AEDAT 2.0"),
        (files.aedat2_bytes([(1, 2, 3, 1)])[:-1], "truncated: 7 bytes"),
        (files.HEADER_2 + bytes([0x80, 0, 0, 0, 0, 0, 0, 1]), "event 0 has the address 0x80000000"),
        (
            files.aedat2_bytes([(5, 2, 3, 1), (4, 2, 3, 1)]),
            "event 1 has t = 4 us after 5 us.*unordered='sort'",
        ),
    ],
)
def test_damaged_aedat2_is_refused(tmp_path, data, words):
    path = tmp_path / "cifar10_cat_0.aedat"
    path.write_bytes(data)
    with pytest.raises(DataError, match=words) as found:
        read_aedat(path)
    assert str(path) in str(found.value)


def test_unordered_times_can_be_sorted():
    data = files.aedat2_bytes([(5, 2, 3, 1), (4, 9, 3, 1), (5, 7, 3, 0)])
    events = decode_aedat2(data, "a", orientation="sensor", unordered="sort")
    assert as_rows(events) == [(4, 9, 3, 1), (5, 2, 3, 1), (5, 7, 3, 0)]
    with pytest.raises(ValueError, match="unordered must be one of raise, sort"):
        decode_aedat2(data, "a", unordered="drop")
    with pytest.raises(ValueError, match="orientation must be one of upright, sensor"):
        decode_aedat2(data, "a", orientation="left")


def test_aedat3_by_hand():
    # Valid, polarity 1, y 5, x 9: 1 + 2 + 5 * 4 + 9 * 2^17; time 7 with an overflow of 1: 2^31 + 7.
    word = (1 + 2 + 20 + 9 * 131072).to_bytes(4, "little")
    head = b"".join(
        v.to_bytes(n, "little") for v, n in ((1, 2), (0, 2), (8, 4), (4, 4), (1, 4), (1, 4), (1, 4), (1, 4))
    )
    data = b"#!AER-DAT3.1\r\n#!END-HEADER\r\n" + head + word + (7).to_bytes(4, "little")
    assert len(head) == 28
    assert as_rows(decode_aedat3(data, "a.aedat")) == [(2**31 + 7, 9, 5, 1)]


@given(st.lists(st.integers(0, 20), min_size=0, max_size=5), st.integers(0, 2**32 - 1))
def test_aedat3_reads_what_another_writer_wrote(numbers, seed):
    rng = np.random.default_rng(seed)
    rows = files.events_of(rng, sum(numbers), size=128, stop=2**31)
    packets, start = [], 0
    for n in numbers:
        packets += [files.packet(rows[start : start + n]), files.packet([], kind=0)]
        start += n
    assert as_rows(decode_aedat3(files.aedat3_bytes(*packets), "a")) == rows


def test_aedat3_leaves_out_other_types_and_unmarked_events():
    rows = [(1, 2, 3, 1), (2, 4, 5, 0), (3, 6, 7, 1)]
    imu = files.packet([(0, 127, 127, 1)], kind=3, size=36)
    data = files.aedat3_bytes(imu, files.packet(rows, marked=[True, False, True]), imu)
    assert as_rows(decode_aedat3(data, "a")) == [rows[0], rows[2]]
    later = files.aedat3_bytes(files.packet(rows), files.packet(rows, overflow=2))
    assert decode_aedat3(later, "a").t.tolist() == [1, 2, 3, *(2 * 2**31 + t for t in (1, 2, 3))]


ROW = [(1, 2, 3, 1)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"#!AER-DAT3.1\r\n#Format: RAW\r\n", "no header of AEDAT 3.1 that ends"),
        (b"#!AER-DAT3.1\r\nEND", "no header"),
        (
            files.aedat3_bytes(header=b"#!AER-DAT3.1\r\n#Format: SerializedTS\r\n#!END-HEADER\r\n"),
            "format RAW",
        ),
        (files.aedat3_bytes(files.packet(ROW))[:-1], "promises 1 events"),
        (files.aedat3_bytes(files.packet(ROW)[:27]), "has no whole header"),
        (files.aedat3_bytes(files.packet(ROW, size=0)), "impossible"),
        (files.aedat3_bytes(files.packet(ROW, number=-1)), "impossible"),
        (files.aedat3_bytes(files.packet(ROW, capacity=2)), "impossible .*capacity 2"),
        (files.aedat3_bytes(files.packet(ROW, valid=2)), "impossible .*valid 2"),
        (files.aedat3_bytes(files.packet(ROW, overflow=-1)), "impossible"),
        (files.aedat3_bytes(files.packet(ROW, size=12)), "events of 12 bytes"),
        (files.aedat3_bytes(files.packet(ROW, offset=0)), "events of 8 bytes"),
        (files.aedat3_bytes(files.packet([(-1, 2, 3, 1)])), "negative times"),
        (files.aedat3_bytes(files.packet([(1, 128, 3, 1)])), r"x must lie in \[0, 127\]"),
        (files.aedat3_bytes(files.packet([(1, 2, 128, 1)])), r"y must lie in \[0, 127\]"),
        (files.aedat3_bytes(files.packet(ROW), files.packet([(0, 2, 3, 1)])), "event 1 has t = 0 us"),
    ],
)
def test_damaged_aedat3_is_refused(tmp_path, data, words):
    path = tmp_path / "user01_led.aedat"
    path.write_bytes(data)
    with pytest.raises(DataError, match=words) as found:
        read_aedat(path)
    assert str(path) in str(found.value)


def write_gestures(folder):
    base = folder / "dvs-gesture"
    base.mkdir(parents=True)
    rng = np.random.default_rng(4)
    rows = {}
    for name in ("user01_led", "user02_lab", "user24_lab"):
        rows[name] = sorted(
            (99, 5, 6, 1) if i == 0 else row
            for i, row in enumerate(files.events_of(rng, 80, size=128, stop=400))
        )
        (base / f"{name}.aedat").write_bytes(files.aedat3_bytes(files.packet(rows[name])))
        (base / f"{name}_labels.csv").write_text(CSV)
    (base / "trials_to_train.txt").write_text("user02_lab.aedat\nuser01_led.aedat\n\n")
    (base / "trials_to_test.txt").write_text("user24_lab.aedat\r\n")
    return base, rows


def test_gestures_are_cut_by_their_labels(tmp_path):
    _, rows = write_gestures(tmp_path)
    data = dvs_gesture(tmp_path, steps=1)
    assert data.y_train.tolist() == [0, 10, 0, 10]
    assert data.y_test.tolist() == [0, 10]
    assert data.classes == GESTURES
    assert data.x_train.shape == (4, 1, 2, 128, 128)
    expected = np.zeros((2, 128, 128), int)
    for t, x, y, p in rows["user02_lab"]:
        if 200 <= t < 300:
            expected[p, y, x] += 1
    assert expected.sum() > 5
    assert (data.x_train[1, 0] == expected).all()
    pooled = dvs_gesture(tmp_path, steps=4, pooling=4, binary=True)
    assert pooled.shape == (4, 2, 32, 32)
    assert pooled.x_train.max() == 1
    assert data.checksum == pooled.checksum


def test_exported_arrays_are_in_milliseconds(tmp_path):
    path = tmp_path / "3.npy"
    np.save(path, np.array([[5, 6, 1, 0.25], [127, 0, 0, 2]]))
    assert as_rows(read_gesture_array(path)) == [(250, 5, 6, 1), (2000, 127, 0, 0)]


def test_exported_folders(tmp_path):
    for part, users in (("Train", ("user02_lab", "user01_led")), ("Test", ("user24_lab",))):
        for user in users:
            folder = tmp_path / "DvsGesture" / f"ibmGesture{part}" / user
            folder.mkdir(parents=True)
            for label in (10, 9, 2):
                np.save(folder / f"{label}.npy", np.array([[label, 6, 1, 0], [127, 0, 0, 2]], np.int64))
    data = dvs_gesture(tmp_path, steps=2)
    assert data.y_train.tolist() == [2, 9, 10, 2, 9, 10]
    assert data.y_test.tolist() == [2, 9, 10]
    assert [int(np.argwhere(x[0, 1])[0, 1]) for x in data.x_test] == [2, 9, 10]
    assert "exported" in data.source


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "first line is not class,startTime_usec,endTime_usec"),
        ("label,start,stop\n1,2,3\n", "first line"),
        ("class,startTime_usec,endTime_usec\n", "holds no gesture"),
        (CSV + "0,1,2\n", r"line 4 \(0,1,2\)"),
        (CSV + "12,1,2\n", "line 4"),
        (CSV + "1,5,5\n", "line 4"),
        (CSV + "1,5\n", "line 4"),
        (CSV + "1,-5,6\n", "line 4"),
        (CSV + "1,nan,6\n", "line 4"),
    ],
)
def test_bad_label_files_are_refused(tmp_path, text, words):
    path = tmp_path / "user01_led_labels.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=words) as found:
        read_labels(path)
    assert str(path) in str(found.value)


def test_good_label_file(tmp_path):
    (tmp_path / "a.csv").write_text(CSV)
    assert read_labels(tmp_path / "a.csv") == [(0, 100, 200), (10, 200, 300)]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 3)), r"float64 \(3, 3\)"),
        (np.zeros((4, 3)), r"float64 \(4, 3\)"),
        (np.zeros((0, 4)), "no event"),
        (np.array([[1, 2, 1, np.nan]]), "not finite"),
        (np.array([[1.5, 2, 1, 0]]), "not whole"),
        (np.array([[128, 2, 1, 0]]), "x must lie in"),
        (np.array([[1, 2, 2, 0]]), "p must lie in"),
        (np.array([[1, 2, 1, 5], [1, 2, 1, 4]]), "event 1 has t = 4000 us"),
        (np.array([["a", "b", "c", "d"]]), "not numbers"),
    ],
)
def test_bad_arrays_are_refused(tmp_path, array, words):
    path = tmp_path / "0.npy"
    path.write_bytes(files.npy_bytes(array))
    with pytest.raises(DataError, match=words):
        read_gesture_array(path)
    path.write_bytes(files.npy_bytes(array)[:20])
    with pytest.raises(DataError, match=r"not a \.npy file"):
        read_gesture_array(path)


def test_no_pickle_is_opened(tmp_path):
    path = tmp_path / "0.npy"
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"not a \.npy file of numbers"):
        read_gesture_array(path)


def test_gestures_that_do_not_belong_together(tmp_path):
    with pytest.raises(DataError, match="ibmGestureTrain: it is missing; put the official files"):
        dvs_gesture(tmp_path)
    base, _ = write_gestures(tmp_path)
    (base / "user01_led_labels.csv").write_text(CSV + "2,5000,6000\n")
    with pytest.raises(DataError, match=r"user01_led\.aedat has no event in line 4"):
        dvs_gesture(tmp_path)
    (base / "user01_led_labels.csv").unlink()
    with pytest.raises(DataError, match=r"user01_led_labels\.csv: it cannot be read"):
        dvs_gesture(tmp_path)
    (base / "trials_to_train.txt").write_text("../user01_led.aedat\n")
    with pytest.raises(DataError, match=r"is no \.aedat file"):
        dvs_gesture(tmp_path)


def write_cifar(folder, form, n=3):
    rng = np.random.default_rng(5)
    rows = {}
    for name in CLASSES:
        inside = {}
        for number in range(n):
            rows[name, number] = files.events_of(rng, 30, size=128, stop=10**6)
            inside[f"cifar10_{name}_{number + 8}.aedat"] = files.aedat2_bytes(rows[name, number])
        base = folder / "cifar10-dvs"
        base.mkdir(parents=True, exist_ok=True)
        if form == "zips":
            files.write_zip(base / f"{name}.zip", {f"{name}/{file}": data for file, data in inside.items()})
        else:
            (base / name).mkdir()
            for file, data in inside.items():
                (base / name / file).write_bytes(data)
    return rows


@pytest.mark.parametrize("form", ["folders", "zips"])
def test_cifar10_dvs(tmp_path, form):
    rows = write_cifar(tmp_path, form)
    data = cifar10_dvs(tmp_path, steps=2, tests=1, orientation="sensor")
    assert data.y_train.tolist() == [label for label in range(10) for _ in range(2)]
    assert data.y_test.tolist() == list(range(10))
    # By number, so that 8 and 9 come before 10: the last is for testing.
    for number, found in ((0, data.x_train[8]), (1, data.x_train[9]), (2, data.x_test[4])):
        expected = np.zeros((2, 128, 128), int)
        for _, x, y, p in rows["deer", number]:
            expected[p, y, x] += 1
        assert (found.sum(axis=0) == expected).all()
    assert "no official split" in data.source
    assert cifar10_dvs(tmp_path, steps=1, tests=2, pooling=4).x_train.shape == (10, 1, 2, 32, 32)


def test_cifar10_dvs_that_lacks_files(tmp_path):
    with pytest.raises(DataError, match=r"airplane: neither it nor airplane\.zip is there; put the ten"):
        cifar10_dvs(tmp_path)
    write_cifar(tmp_path, "folders")
    with pytest.raises(ValueError, match=r"must be less than 3, .*; got 3"):
        cifar10_dvs(tmp_path, tests=3)
    (tmp_path / "cifar10-dvs" / "cat" / "cifar10_dog_1.aedat").write_bytes(files.HEADER_2)
    with pytest.raises(DataError, match="name is not cifar10_cat_"):
        cifar10_dvs(tmp_path, tests=1)


def test_loaded_by_name(tmp_path):
    write_gestures(tmp_path)
    assert load("dvs-gesture", folder=tmp_path, steps=2).name == "dvs-gesture"
    with pytest.raises(DataError, match=r"cifar10-dvs needs cifar10-dvs/airplane.*ten zip archives"):
        load("cifar10-dvs", folder=tmp_path)


def test_a_recording_without_events_is_refused(tmp_path):
    write_cifar(tmp_path, "folders")
    (tmp_path / "cifar10-dvs" / "cat" / "cifar10_cat_9.aedat").write_bytes(files.HEADER_2)
    with pytest.raises(DataError, match=r"cifar10_cat_9\.aedat: it holds no event"):
        cifar10_dvs(tmp_path, tests=1)
