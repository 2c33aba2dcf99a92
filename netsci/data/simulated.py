"""N-MNIST made from MNIST by the saccade simulator, to train on; tested on real recordings or on its like.

Frames are kept in the user's cache (NETSCI_CACHE moves it) under a name that depends on images and options:
60,000 recordings take a minute or two to simulate. A cache that cannot be read or written is passed over.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.data.dataset import DataSet
from netsci.data.errors import DataError
from netsci.data.events import BINNINGS, check_whole, labelled_frames
from netsci.data.idx import NEEDS, mnist
from netsci.data.nmnist import CLASSES, SIDE, SPAN, Recording, digest_recordings, recordings
from netsci.data.registry import cache_folder, register
from netsci.data.saccades import simulated_frames

REAL = 1000  # the simulator's constants were fitted to the recordings of these first training images
TESTS = ("real", "simulated")
_VERSION = 1  # raised whenever the simulator gives other events


def nmnist_simulated(
    folder: Path,
    *,
    steps: int = 8,
    train: int | None = None,
    test: str = "real",
    seed: int = 0,
    how: str = "time",
    binary: bool = False,
    pooling: int = 1,
    verify: bool = True,
) -> DataSet:
    """Return simulated N-MNIST for training, and real or simulated recordings for testing.

    Training images are MNIST's after the first 1,000, in their order: the simulator was fitted to real
    recordings of these, and they are what the small real set tests on. The generator of a recording is keyed
    by the seed and the place of its image, test images being counted after the training images.

    Parameters
    ----------
    folder : the data folder, with MNIST and, for test="real", N-MNIST.
    steps, how, binary, pooling : as for `simulated_frames`; x is uint8 [n, T, 2, 34 / k, 34 / k].
    train : number of training images; all that are left (59,000) by default.
    test : "real" tests on all real recordings of the first 1,000 training images and of test images (1,100 in
        the small set); "simulated" on MNIST's test images, simulated.
    seed : as for `simulate`.
    verify : hold the MNIST files to the official checksums.

    Raises
    ------
    TypeError, ValueError
        If an option is outside what is said above.
    DataError
        If files are missing or damaged.
    """
    if test not in TESTS:
        raise ValueError(f"test must be one of {', '.join(TESTS)}; got {test!r}")
    if how not in BINNINGS:
        raise ValueError(f"how must be one of {', '.join(BINNINGS)}; got {how!r}")
    images = mnist(folder, verify=verify)
    left = len(images.y_train) - REAL
    train = left if train is None else check_whole(train, "train", 1)
    if not 1 <= train <= left:
        raise ValueError(f"train must lie in [1, {left}], the images after the first {REAL}; got {train}")
    binning: dict[str, Any] = {"steps": steps, "how": how, "binary": binary, "pooling": pooling}
    key = {**binning, "seed": seed, "version": _VERSION, "images": images.checksum}
    rows = range(REAL, REAL + train)
    x_train = _load_or_simulate(
        np.asarray(images.x_train)[rows.start : rows.stop, 0], rows, binning, seed, key
    )
    digest = hashlib.sha256(images.checksum.encode())
    if test == "real":
        x_test, y_test = _real_tests(folder, images, digest, binning)
        tested = f"{len(y_test)} real recordings"
    else:
        rows = range(len(images.y_train), len(images.y_train) + len(images.y_test))
        x_test = _load_or_simulate(np.asarray(images.x_test)[:, 0], rows, binning, seed, key)
        y_test = images.y_test
        tested = f"{len(y_test)} simulated recordings"
    return DataSet(
        name="n-mnist-simulated",
        x_train=x_train,
        y_train=images.y_train[REAL : REAL + train],
        x_test=x_test,
        y_test=y_test,
        classes=CLASSES,
        source=f"simulated N-MNIST, {train} recordings made from MNIST (seed {seed}); tested on {tested}",
        checksum=digest.hexdigest(),
        full=1,
    )


def _real_tests(
    folder: Path, images: DataSet, digest: hashlib._Hash, binning: dict[str, Any]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Frames of the real recordings that no training image of the simulation shows, and their labels."""
    labels = {"Train": images.y_train, "Test": images.y_test}

    def choose() -> Iterator[Recording]:
        for recording in recordings(folder):
            part, number = recording.part, recording.number
            if part == "Train" and number > REAL:
                continue
            if not 1 <= number <= len(labels[part]) or labels[part][number - 1] != recording.digit:
                raise DataError(
                    folder / "n-mnist",
                    f"{part}/{recording.digit}/{number:05d}.bin does not show MNIST image {number - 1}",
                    "put MNIST and the N-MNIST that was recorded from it together",
                )
            yield recording

    return labelled_frames(digest_recordings(choose(), digest), span=SPAN, **binning)


def _load_or_simulate(
    images: NDArray[np.uint8], rows: range, binning: dict[str, Any], seed: int, key: dict[str, Any]
) -> NDArray[np.uint8]:
    """Simulated frames of images, from the cache if they are there, or made and put there."""
    k = check_whole(binning["pooling"], "pooling", 1)
    shape = (len(images), check_whole(binning["steps"], "steps", 1), 2, SIDE // k, SIDE // k)
    identity = json.dumps({**key, "rows": [rows.start, rows.stop]}, sort_keys=True, default=int)
    path = cache_folder() / "n-mnist-simulated" / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.npz"
    found = _from_cache(path, shape)
    if found is None:
        found = simulated_frames(images, seed=seed, indices=rows, **binning)
        _to_cache(path, found)
    return found


def _from_cache(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    if not path.is_file():
        return None
    # The zip archive holds a CRC, so a file that was cut off or changed is told by the reader, by errors
    # without a common base (BadZipFile, zlib.error, tokenize.TokenError, ...).
    try:
        with open(path, "rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                return None
            frames: NDArray[np.uint8] = archive["frames"]
    except Exception:
        return None
    return frames if frames.dtype == np.uint8 and frames.shape == shape else None


def _to_cache(path: Path, frames: NDArray[np.uint8]) -> None:
    # Under another name first: a run that is killed leaves no half file under the right one.
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                np.savez_compressed(stream, frames=frames)
            os.replace(name, path)
        except OSError:
            Path(name).unlink(missing_ok=True)


register(
    "n-mnist-simulated",
    nmnist_simulated,
    needs=NEEDS["mnist"],
    help="It is simulated from MNIST; test='real' needs N-MNIST (n-mnist/n-mnist-small.zip) as well.",
)
