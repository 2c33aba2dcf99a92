"""Scikit-learn's digits: 1,797 grey images of 8 x 8 pixels, split once and for all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from netsci.data.dataset import DataSet
from netsci.data.errors import DataError
from netsci.data.registry import register

CHECKSUM = "f6d9e39f37dc45d327f6db33428ee58970ccceabb2535a5c179de35886b70443"  # of images and labels
TESTS = 360
SPLIT = (0, 0, 0, 4)  # the key of the generator that orders the images


def digits(folder: Path) -> DataSet:
    """Return the digits, images uint8 [n, 1, 8, 8] of values 0 to 16, so that x / 16 lies in [0, 1].

    1,437 images are for training and 360 for testing, always the same ones; the checksum is that of images
    as float64 and labels as int64, little-endian. The folder is not looked at.

    Raises
    ------
    DataError
        If scikit-learn's copy has changed.
    """
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    found = hashlib.sha256(x.astype("<f8").tobytes() + y.astype("<i8").tobytes()).hexdigest()
    if found != CHECKSUM:
        raise DataError(
            "sklearn.datasets.load_digits",
            f"scikit-learn's digits have changed (SHA-256 {found})",
            "install the release of scikit-learn that netsci was tested with",
        )
    order = np.random.default_rng(SPLIT).permutation(len(x))
    images = x[order].astype(np.uint8).reshape(-1, 1, 8, 8)
    labels = y[order].astype(np.int64)
    return DataSet(
        name="digits",
        x_train=images[TESTS:],
        y_train=labels[TESTS:],
        x_test=images[:TESTS],
        y_test=labels[:TESTS],
        classes=tuple(map(str, range(10))),
        source="scikit-learn's digits, 1797 grey images of 8 x 8, 360 of them for testing",
        checksum=CHECKSUM,
        full=16,
    )


register("digits", digits)
