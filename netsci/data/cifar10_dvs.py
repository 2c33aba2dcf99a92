"""CIFAR10-DVS: CIFAR-10 images moved before a camera of 128 x 128 pixels, binned to frames.

A folder, or a zip archive as published, for each class holds 1,000 files cifar10_<class>_<number>.aedat
(AEDAT 2.0). There is no official split.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netsci.data.aedat import decode_aedat2
from netsci.data.archives import Files, open_files
from netsci.data.dataset import DataSet
from netsci.data.errors import DataError, printable
from netsci.data.events import Events, check_whole, labelled_frames
from netsci.data.registry import register

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_MEND = "put the ten folders or zip archives of classes, such as cat/cifar10_cat_0.aedat, there"
_Chosen = Sequence[tuple[int, Files, Sequence[str]]]


def cifar10_dvs(
    folder: Path,
    *,
    steps: int = 10,
    how: str = "time",
    binary: bool = False,
    pooling: int = 1,
    tests: int = 100,
    orientation: str = "upright",
    unordered: str = "raise",
) -> DataSet:
    """Return CIFAR10-DVS as frames uint8 [n, T, 2, 128 / k, 128 / k], by class and number.

    All frames are held in memory: 10,000 recordings need 3.3 GB at 10 steps and pooling 1. The checksum is
    over names and bytes of the files, by class and number.

    Parameters
    ----------
    folder : the data folder, with cifar10-dvs/<class>/ or cifar10-dvs/<class>.zip.
    steps, how, binary : as for `netsci.data.events.frames`.
    pooling : k, dividing 128.
    tests : so many recordings of each class, those of the highest numbers, are for testing, as is common.
    orientation, unordered : as for `netsci.data.aedat.decode_aedat2`.

    Raises
    ------
    ValueError
        If a class has no more than `tests` recordings.
    DataError
        If files are missing or damaged.
    """
    tests = check_whole(tests, "tests", 1)
    digest = hashlib.sha256()
    found = [_number_recordings(folder / "cifar10-dvs", name) for name in CLASSES]
    fewest = min(len(names) for _, names in found)
    if fewest <= tests:
        raise ValueError(f"tests must be less than {fewest}, the recordings of a class; got {tests}")

    def part(cut: slice) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        chosen = [(label, files, names[cut]) for label, (files, names) in enumerate(found)]
        return labelled_frames(
            _read_recordings(chosen, orientation, unordered, digest),
            steps,
            how=how,
            binary=binary,
            pooling=pooling,
            count=sum(len(names) for _, _, names in chosen),
        )

    x_train, y_train = part(slice(None, -tests))
    x_test, y_test = part(slice(-tests, None))
    return DataSet(
        name="cifar10-dvs",
        x_train=x_train,
        y_train=y_train,
        x_test=x_test,
        y_test=y_test,
        classes=CLASSES,
        source=f"CIFAR10-DVS, no official split: the last {tests} of each class for testing",
        checksum=digest.hexdigest(),
        full=1,
    )


def _number_recordings(base: Path, name: str) -> tuple[Files, list[str]]:
    """The files of a class, and the names of its recordings by number."""
    places = (base / name, base / f"{name}.zip")
    path = next((place for place in places if place.exists()), None)
    if path is None:
        raise DataError(places[0], f"neither it nor {name}.zip is there", _MEND)
    files = open_files(path)
    found: dict[int, str] = {}
    for file in files.names():
        if not file.endswith(".aedat"):
            continue
        number = file.rpartition("/")[2].removeprefix(f"cifar10_{name}_").removesuffix(".aedat")
        if not (number.isascii() and number.isdigit()):
            raise DataError(path / printable(file), f"its name is not cifar10_{name}_<number>.aedat", _MEND)
        if int(number) in found:
            raise DataError(path / file, f"number {number} is also {found[int(number)]}", "keep one of them")
        found[int(number)] = file
    if not found:
        raise DataError(path, "it holds no .aedat file", _MEND)
    return files, [found[number] for number in sorted(found)]


def _read_recordings(
    chosen: _Chosen, orientation: str, unordered: str, digest: hashlib._Hash
) -> Iterator[tuple[int, Events]]:
    for label, files, names in chosen:
        for name in names:
            data = files.read(name)
            digest.update(name.rpartition("/")[2].encode())
            digest.update(data)
            where = files.path / name
            events = decode_aedat2(data, where, orientation=orientation, unordered=unordered)
            if not len(events):
                raise DataError(where, "it holds no event of a pixel", "fetch it again")
            yield label, events


register(
    "cifar10-dvs",
    cifar10_dvs,
    needs=[(f"cifar10-dvs/{name}", f"cifar10-dvs/{name}.zip") for name in CLASSES],
    help="CIFAR10-DVS (Li et al. 2017): the ten zip archives of its figshare page, unpacked or not.",
)
