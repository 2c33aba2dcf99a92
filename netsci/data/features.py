"""Features of images in place of the images: rates of a trained network's units, made by `netsci features`.

S0 trains S-TP on "512 features" of CIFAR-10 and does not say which. Here they are the rates of the 512 last
feature maps of a trained, frozen 6Conv2FC, averaged over time and places, and scaled; see
`netsci.train.pooled_features`.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.data.cifar import CIFAR_10
from netsci.data.dataset import DataSet
from netsci.data.errors import DataError, check_regular, printable
from netsci.data.registry import register

FILE = "cifar10/features.npz"
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
TEXTS = ("name", "source")
OF = ("cifar10-features", "cifar10-jpeg-features")  # what `netsci.train.pooled_features` calls them
DAMAGE = (
    *(OSError, EOFError, ValueError, TypeError, KeyError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error),
)
MEND = "make it of a trained run: netsci features RUN --out DATA/cifar10/features.npz"


def checksum_of(*arrays: NDArray[Any]) -> str:
    """Return the SHA-256 of the bytes of arrays, in their order.

    Examples
    --------
    >>> checksum_of(np.zeros(2, np.uint8))[:8]
    '96a296d2'
    """
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()


def cifar10_features(folder: Path) -> DataSet:
    """Return features of CIFAR-10, uint8 [n, features, 1, 1], each over its range.

    Raises
    ------
    DataError
        If the file is missing, damaged, or not what `netsci features` writes.
    """
    path = folder / FILE
    check_regular(path)
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
            held = {name: stored[name] for name in (*ARRAYS, *TEXTS)}
    except FileNotFoundError as error:
        raise DataError(path, "it is not there", MEND) from error
    except DAMAGE as error:
        raise DataError(
            path, f"it is not a file of features ({error or type(error).__name__})", MEND
        ) from error
    if str(held["name"]) not in OF:
        raise DataError(path, f"it holds {printable(str(held['name']))}, not features of CIFAR-10", MEND)
    shape = held["x_train"].shape
    if len(shape) != 4 or shape[2:] != (1, 1):
        raise DataError(path, f"features must be [n, features, 1, 1], not {list(shape)}", MEND)
    try:
        return DataSet(
            name="cifar10-features",
            **{name: held[name] for name in ARRAYS},
            classes=CIFAR_10,
            source=str(held["source"]),
            checksum=checksum_of(*(held[name] for name in ARRAYS)),
        )
    except (TypeError, ValueError) as error:
        raise DataError(path, f"its arrays do not fit ({error})", MEND) from error


register(
    "cifar10-features",
    cifar10_features,
    needs=[FILE],
    help="Pooled features of a trained 6Conv2FC, which `netsci features` makes of a run on CIFAR-10.",
)
