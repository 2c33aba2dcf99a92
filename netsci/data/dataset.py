"""The record of a data set, and random parts of it.

A subset or a validation split is always shuffled: files that are ordered by class would otherwise give
subsets of a few classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netsci.arguments import as_whole, check_instance

Labels = NDArray[np.int64]


class Stored(Protocol):
    """Images or frames [n, ...] that are computed on request, such as `LazyImages`.

    `x[rows]` returns an array. `x.select(rows)` returns another such object with these rows only.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """[n, C, H, W] or [n, T, C, H, W]."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 or uint16."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> NDArray[Any]: ...

    def select(self, rows: NDArray[np.int64]) -> Stored:
        """Return an object with these rows only; the images are still computed on request."""


Images = NDArray[Any] | Stored


@dataclass(frozen=True, eq=False)
class DataSet:
    """A data set: images or event frames with labels, for training and for testing, and their source.

    Parameters
    ----------
    name : its name in `load`.
    x_train, x_test : images uint8 [n, C, H, W], or frames of events uint8 or uint16 [n, T, C, H, W]; arrays,
        or `Stored` objects, which compute the rows that are asked for.
    y_train, y_test : int64 [n], indices into `classes`.
    classes : names of the classes.
    source : one line: what the data are and how they differ from the official release ("a subset").
    checksum : SHA-256, 64 hexadecimal digits, of the data that were read.
    full : the value in x that stands for intensity 1: 255 for images, 16 for digits. Event frames hold
        counts, which training does not scale.

    Raises
    ------
    TypeError, ValueError
        If shapes, types or labels do not fit together.

    Examples
    --------
    >>> from netsci.data import load
    >>> digits = load("digits")
    >>> digits.x_train.shape, digits.x_test.shape, digits.classes[:2]
    ((1437, 1, 8, 8), (360, 1, 8, 8), ('0', '1'))
    """

    name: str
    x_train: Images
    y_train: Labels
    x_test: Images
    y_test: Labels
    classes: tuple[str, ...]
    source: str
    checksum: str
    full: int = 255

    def __post_init__(self) -> None:
        check_instance(self.classes, (tuple, list), "classes", "a tuple of names")
        for part in ("train", "test"):
            x, y = getattr(self, f"x_{part}"), getattr(self, f"y_{part}")
            _check_images(x, f"x_{part}")
            _check_labels(y, f"y_{part}", len(x), len(self.classes))
        if self.x_train.shape[1:] != self.x_test.shape[1:]:
            raise ValueError(
                "x_train and x_test must hold images of one shape; got "
                f"{self.x_train.shape[1:]} and {self.x_test.shape[1:]}: bring both to one size"
            )
        if not isinstance(self.full, int) or isinstance(self.full, bool) or self.full < 1:
            raise ValueError(f"full must be a positive integer (255 for images); got {self.full!r}")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image [C, H, W] or one recording [T, C, H, W]."""
        return tuple(self.x_train.shape[1:])

    def scale(self, x: ArrayLike) -> NDArray[np.float32]:
        """Return the intensities x / full, float32 of the same shape, in [0, 1] for images.

        >>> from netsci.data import load
        >>> float(load("digits").scale([16, 8, 0])[1])
        0.5
        """
        return np.asarray(x).astype(np.float32) / np.float32(self.full)

    scaled = scale  # the name before; code that uses it keeps working

    def split(self, validation: float, *, rng: np.random.Generator) -> DataSet:
        """Return a data set that validates on part of the training images, in place of the test images.

        The test images are not in it, so that nothing can be tuned on them. Each class has the same share in
        both parts, to within one image. Both parts are shuffled.

        Parameters
        ----------
        validation : share of the training images in (0, 1), or their number (an integer).

        >>> from netsci.data import load
        >>> part = load("digits").split(0.1, rng=np.random.default_rng(0))
        >>> len(part.y_train), len(part.y_test)
        (1293, 144)
        """
        n = len(self.y_train)
        held = _count_validation(validation, n)
        order = _stratify(self.y_train, rng, equal=False)
        rows = [rng.permutation(order[held:]), rng.permutation(order[:held])]
        return replace(
            self,
            x_train=_rows(self.x_train, rows[0]),
            y_train=self.y_train[rows[0]],
            x_test=_rows(self.x_train, rows[1]),
            y_test=self.y_train[rows[1]],
            source=f"{self.source}; tested on {held} images held out of the {n} for training",
        )

    def subset(self, n: int, test: int | None = None, *, rng: np.random.Generator) -> DataSet:
        """Return n training images and `test` test images (None: all of them), shuffled, balanced by class.

        The numbers of images of two classes differ by at most one, if each class has enough images.

        >>> from netsci.data import load
        >>> few = load("digits").subset(100, rng=np.random.default_rng(0))
        >>> np.bincount(few.y_train).tolist(), len(few.y_test)
        ([10, 10, 10, 10, 10, 10, 10, 10, 10, 10], 360)
        """
        rows = _draw_balanced_rows(self.y_train, n, "n", rng)
        source = f"{self.source}; {n} of {len(self.y_train)} training images"
        part = replace(self, x_train=_rows(self.x_train, rows), y_train=self.y_train[rows], source=source)
        if test is None:
            return part
        rows = _draw_balanced_rows(self.y_test, test, "test", rng)
        source = f"{source}, {test} of {len(self.y_test)} test images"
        return replace(part, x_test=_rows(self.x_test, rows), y_test=self.y_test[rows], source=source)


def channel_statistics(x: Images, *, full: int = 255) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each channel of x / full, two arrays float64 [C].

    The deviation is that of all values of the channel: it divides by their number, not by one less. Both come
    from whole counts of the values, so they do not depend on the order of the images.

    Parameters
    ----------
    x : unsigned integers [..., C, H, W], at least one image, or a `Stored` object, which is read in blocks.
    full : the value in x that stands for intensity 1, as `DataSet.full`.

    Raises
    ------
    TypeError, ValueError
        If x has another type or shape, or is empty.

    Examples
    --------
    >>> x = np.array([[[[0, 255]], [[51, 51]]]], np.uint8)  # one image of two channels of 1 x 2 pixels
    >>> [values.round(3).tolist() for values in channel_statistics(x)]
    [[0.5, 0.2], [0.5, 0.0]]
    """
    _check_images(x, "x")
    if as_whole(full, "full") < 1:
        raise ValueError(f"full must be at least 1, the value that stands for 1; got {full}")
    if 0 in x.shape:
        raise ValueError(
            f"x must hold at least one pixel; got shape {x.shape}: mean and deviation are undefined"
        )
    channels = x.shape[-3]
    top = int(np.iinfo(x.dtype).max) + 1
    counts = np.zeros((channels, top), np.int64)
    for start in range(0, len(x), 1024):
        block = np.moveaxis(np.asarray(x[start : start + 1024]), -3, 0)
        for channel in range(channels):
            counts[channel] += np.bincount(block[channel].ravel(), minlength=top)
    values = np.arange(top, dtype=np.float64) / full
    share = counts / counts.sum(axis=1, keepdims=True)
    mean = share @ values
    # Around the mean: the difference of two large moments would lose digits.
    variance = (share * (values - mean[:, None]) ** 2).sum(axis=1)
    return mean, np.sqrt(variance)


def _check_images(x: Any, name: str) -> None:
    if not all(hasattr(x, part) for part in ("shape", "dtype", "__len__", "__getitem__")):
        raise TypeError(
            f"{name} must be an array, or a netsci.data.Stored that makes images on request; got {type(x)}"
        )
    if x.dtype not in (np.uint8, np.uint16):
        raise TypeError(
            f"{name} must be uint8 for images, uint8 or uint16 for event frames; got {x.dtype}: keep the "
            "values that the files hold and scale when training"
        )
    if len(x.shape) not in (4, 5):
        raise ValueError(
            f"{name} must be [n, C, H, W] or, for event frames, [n, T, C, H, W]; got shape {x.shape}: add "
            "the axes that it lacks, such as C of grey images by x[:, None]"
        )


def _check_labels(y: Any, name: str, n: int, classes: int) -> None:
    if not isinstance(y, np.ndarray) or y.dtype != np.int64:
        raise TypeError(
            f"{name} must be an int64 array; got {getattr(y, 'dtype', type(y))}: pass np.asarray(y, np.int64)"
        )
    if y.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), one label for each image; got {y.shape}")
    if n and not (y.min() >= 0 and y.max() < classes):
        raise ValueError(
            f"{name} must lie in [0, {classes}), as there are {classes} classes; got {y.min()} to {y.max()}"
        )


def _count_validation(validation: float, n: int) -> int:
    """Number of validation images, at least 1 and at most n - 1."""
    if isinstance(validation, bool) or not isinstance(validation, (int, float, np.integer, np.floating)):
        raise TypeError(f"validation must be a share in (0, 1) or a number of images; got {validation!r}")
    whole = isinstance(validation, (int, np.integer))
    if not whole and not 0 < validation < 1:
        raise ValueError(f"validation must be a share in (0, 1) or an integer; got {validation!r}")
    held = int(validation) if whole else round(float(validation) * n)
    if not 1 <= held < n:
        raise ValueError(f"validation must leave images in both parts of {n}; got {validation!r}")
    return held


def _draw_balanced_rows(labels: Labels, n: int, name: str, rng: np.random.Generator) -> Labels:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(f"{name} must be an integer; got {n!r}")
    if not 1 <= n <= len(labels):
        raise ValueError(f"{name} must be in [1, {len(labels)}], the number of images; got {n}")
    # Shuffled again: the order takes the classes in turn.
    return rng.permutation(_stratify(labels, rng, equal=True)[:n])


def _stratify(labels: Labels, rng: np.random.Generator, *, equal: bool) -> Labels:
    """A random order of which every beginning is balanced: equal numbers of each class, or equal shares."""
    order = rng.permutation(len(labels))
    shuffled = labels[order]
    rank = np.empty(len(labels), np.float64)
    for label in np.unique(shuffled):
        here = np.flatnonzero(shuffled == label)
        rank[here] = np.arange(len(here)) if equal else (np.arange(len(here)) + 0.5) / len(here)
    return order[np.argsort(rank, kind="stable")]


def _rows(x: Images, rows: Labels) -> Images:
    return x[rows] if isinstance(x, np.ndarray) else x.select(rows)
