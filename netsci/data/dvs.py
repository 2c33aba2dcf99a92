"""DVS-Gesture: 11 gestures seen by a camera of 128 x 128 pixels, binned to frames.

As published: trials_to_train.txt and trials_to_test.txt list recordings userNN_light.aedat
(AEDAT 3.1); userNN_light_labels.csv says which gesture (1 to 11) was made from when to when (microseconds).
As exported by common tools: ibmGestureTrain/ and ibmGestureTest/ with a folder for each recording, in which
<class>.npy holds an array [events, 4] of x, y, polarity and time in milliseconds, classes counted from 0.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from netsci.data.aedat import DVS128, decode_aedat3
from netsci.data.archives import FolderFiles
from netsci.data.dataset import DataSet
from netsci.data.errors import DataError, check_regular, printable
from netsci.data.events import Events, labelled_frames
from netsci.data.registry import register

GESTURES = (
    "hand clapping",
    "right hand wave",
    "left hand wave",
    "right arm clockwise",
    "right arm counter-clockwise",
    "left arm clockwise",
    "left arm counter-clockwise",
    "arm roll",
    "air drums",
    "air guitar",
    "other gestures",
)
LISTS = ("trials_to_train.txt", "trials_to_test.txt")
EXPORTS = ("ibmGestureTrain", "ibmGestureTest")
_PLACES = ("dvs-gesture", "DvsGesture")
_HEADER = ["class", "startTime_usec", "endTime_usec"]
_GESTURE_MEND = "put the official files, or the exported folders ibmGestureTrain and ibmGestureTest, there"
_Labelled = tuple[int, Events]


def read_labels(path: str | Path) -> list[tuple[int, int, int]]:
    """Read a label file of DVS-Gesture: (class from 0 to 10, start, stop) in microseconds, by line.

    Raises
    ------
    DataError
        If the file is missing, has another header, or a line is no class from 1 to 11 with a start before
        a stop.
    """
    return _parse_labels(_text(Path(path)), Path(path))


def read_gesture_array(path: str | Path) -> Events:
    """Read an exported array [events, 4] of x, y, polarity, milliseconds; times become microseconds.

    Raises
    ------
    DataError
        If the file is missing or damaged, holds another array, or its events are impossible.
    """
    return _decode_array(_bytes(Path(path)), Path(path))


def dvs_gesture(
    folder: Path,
    *,
    steps: int = 16,
    how: str = "time",
    binary: bool = False,
    pooling: int = 1,
    unordered: str = "raise",
) -> DataSet:
    """Return DVS-Gesture as frames uint8 [n, T, 2, 128 / k, 128 / k]; bins divide each trial's own time.

    Trials are in the order of the lists and label files, or of the exported folders and classes; a trial of
    the label file is start <= t < stop. The checksum is over the files that were read, in that order.

    Parameters
    ----------
    folder : the data folder. Files are in dvs-gesture/ or DvsGesture/.
    steps, how, binary : as for `netsci.data.events.frames`.
    pooling : k, dividing 128; S0's network uses 4, so that 2 x 32 x 32 = 2048 inputs are left.
    unordered : as for `netsci.data.aedat.decode_aedat3`.

    Raises
    ------
    DataError
        If files are missing, damaged or do not belong together.
    """
    base = next((folder / place for place in _PLACES if (folder / place).is_dir()), folder / _PLACES[0])
    official = (base / LISTS[0]).is_file()
    digest = hashlib.sha256()
    parts = []
    for number in (0, 1):
        if official:
            stream = _trials(base, LISTS[number], unordered, digest)
        else:
            stream = _read_exports(base / EXPORTS[number], digest)
        parts.append(labelled_frames(stream, steps, how=how, binary=binary, pooling=pooling))
    (x_train, y_train), (x_test, y_test) = parts
    kind = "recordings cut by their label files" if official else "exported arrays"
    return DataSet(
        name="dvs-gesture",
        x_train=x_train,
        y_train=y_train,
        x_test=x_test,
        y_test=y_test,
        classes=GESTURES,
        source=f"DVS-Gesture, {len(y_train)} + {len(y_test)} trials from {kind}",
        checksum=digest.hexdigest(),
        full=1,
    )


def _trials(base: Path, name: str, unordered: str, digest: hashlib._Hash) -> Iterator[_Labelled]:
    listed = [line.strip() for line in _text(base / name).splitlines() if line.strip()]
    if not listed:
        raise DataError(base / name, "it lists no recording", _GESTURE_MEND)
    for file in listed:
        if not file.endswith(".aedat") or Path(file).name != file:
            raise DataError(
                base / name, f"it lists {printable(file)}, which is no .aedat file", _GESTURE_MEND
            )
        path, label_path = base / file, base / f"{file.removesuffix('.aedat')}_labels.csv"
        data, text = _bytes(path), _text(label_path)
        digest.update(data)
        digest.update(text.encode())
        events = decode_aedat3(data, path, unordered=unordered)
        for line, (label, start, stop) in enumerate(_parse_labels(text, label_path), 2):
            trial = events.window(start, stop)
            if not len(trial):
                reason = f"{path.name} has no event in line {line}, from {start} to {stop} us"
                raise DataError(label_path, reason, "put the files of one recording together")
            yield label, trial


def _read_exports(folder: Path, digest: hashlib._Hash) -> Iterator[_Labelled]:
    if not folder.is_dir():
        raise DataError(folder, "it is missing", _GESTURE_MEND)
    files = FolderFiles(folder)
    names = [name for name in files.names() if name.endswith(".npy")]
    if not names:
        raise DataError(folder, "it holds no .npy file", _GESTURE_MEND)
    # Within a recording by class, so that 10 comes after 9.
    for name in sorted(names, key=lambda name: (name.rpartition("/")[0], len(name), name)):
        stem = name.rpartition("/")[2].removesuffix(".npy")
        if not (stem.isascii() and stem.isdigit() and int(stem) < len(GESTURES)):
            raise DataError(
                folder / printable(name),
                "its name is not a class from 0.npy to 10.npy",
                f"remove it, or {_GESTURE_MEND}",
            )
        data = files.read(name)
        digest.update(data)
        yield int(stem), _decode_array(data, folder / name)


def _parse_labels(text: str, path: Path) -> list[tuple[int, int, int]]:
    rows = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    if not rows or [cell.strip() for cell in rows[0]] != _HEADER:
        raise DataError(path, f"its first line is not {','.join(_HEADER)}", _GESTURE_MEND)
    labels = []
    for line, row in enumerate(rows[1:], 2):
        cells = [cell.strip() for cell in row]
        whole = len(cells) == 3 and all(
            cell.isascii() and cell.isdigit() and len(cell) < 16 for cell in cells
        )
        gesture, start, stop = (int(cell) for cell in cells) if whole else (0, 0, 0)
        if not (1 <= gesture <= len(GESTURES) and start < stop):
            reason = (
                f"line {line} ({printable(','.join(row))}) is no class from 1 to 11, start and later stop"
            )
            raise DataError(path, reason, "fetch it again")
        labels.append((gesture - 1, start, stop))
    if not labels:
        raise DataError(path, "it holds no gesture", "fetch it again")
    return labels


def _decode_array(data: bytes, path: Path) -> Events:
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    # numpy reads the header as Python: what a damaged one raises has no common base (tokenize.TokenError).
    except Exception as error:
        raise DataError(path, f"it is not a .npy file of numbers ({error})", "export it again") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf" or array.shape[1:] != (4,):
        found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else "an archive"
        raise DataError(path, f"it holds {found}, not numbers [events, 4]", "export x, y, polarity, time")
    values = array.astype(np.float64)
    # Doubles hold whole numbers up to 2^53; times are checked again as microseconds.
    if not len(values) or not (np.abs(values) < 2**40).all() or (values[:, :3] % 1).any():
        reason = (
            "it holds no event, a value that is not finite or is too large, or a pixel or polarity that is "
            "not whole"
        )
        raise DataError(path, reason, "export x, y, polarity, time in milliseconds")
    x, y, polarity = values[:, :3].T.astype(np.int64)
    try:
        return Events(np.round(values[:, 3] * 1000).astype(np.int64), x, y, polarity, DVS128)
    except ValueError as error:
        raise DataError(path, f"its events are impossible ({error})", "export it again") from error


def _bytes(path: Path) -> bytes:
    check_regular(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(path, f"it cannot be read ({error.strerror or error})", _GESTURE_MEND) from error


def _text(path: Path) -> str:
    try:
        return _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(path, f"it is not a text file ({error})", "fetch it again") from error


register(
    "dvs-gesture",
    dvs_gesture,
    needs=[
        tuple(f"{place}/{name[part]}" for place in _PLACES for name in (LISTS, EXPORTS)) for part in (0, 1)
    ],
    help="DVS-Gesture (Amir et al. 2017): DvsGesture.tar.gz unpacked, or the arrays that tools export.",
)
