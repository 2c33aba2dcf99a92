"""Data of the user's own: a pair of arrays or a torch Dataset becomes a DataSet, and what was done is said.

(x, y)                          a fifth of each class is held out for testing
(x, y), (x_test, y_test)        nothing is held out
dataset   or   train, test      map-style torch Datasets of (image, label), read once
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from netsci.arguments import read_array, shorten
from netsci.data import DataSet
from netsci.train.random_keys import SPLIT, generator_at

WANTED = (
    "a netsci.data.DataSet; arrays (x, y) or ((x, y), (x_test, y_test)); or a map-style torch Dataset, or "
    "(train, test) of them, each item an image and its label"
)
_SHAPES = "[n, features], [n, H, W], [n, C, H, W] or frames [n, T, C, H, W]"
HELD_OUT = 5  # one in so many is held out where no test images are given
_LEVELS = 65_535  # of numbers in [0, 1], kept as uint16

Pair = tuple[NDArray[Any], NDArray[Any]]


def as_data_set(data: Any) -> DataSet:
    """Return the data as a DataSet; one that is one already is returned as it is.

    Images are [n, features], [n, H, W], [n, C, H, W] or frames [n, T, C, H, W]: whole numbers of 0 to 65,535,
    where 255 stands for 1 unless there are larger ones, or other numbers in [0, 1], which are rounded to
    65,536 levels. Labels are whole numbers or texts [n].

    Raises
    ------
    TypeError, ValueError
        If the data are of another kind, or images and labels do not fit together. The message says what is
        wanted.

    Examples
    --------
    >>> made = as_data_set((np.eye(10), list("ababababab")))
    >>> made.x_train.shape, len(made.y_test), made.classes
    ((8, 1, 1, 10), 2, ('a', 'b'))
    """
    if isinstance(data, DataSet):
        return data
    name, parts = _split(data)
    pairs = [_read_pair(part) for part in parts]
    classes = sorted({label for _, labels in pairs for label in labels.tolist()})
    made = [_as_images(x) for x, _ in pairs]
    full = max(most for _, most in made)
    if len({x.dtype for x, _ in made}) > 1 or len({most for _, most in made}) > 1:
        raise ValueError(
            "training and test images must be of one kind: both whole numbers, or both in [0, 1]"
        )
    labels = [np.searchsorted(np.asarray(classes), y).astype(np.int64) for _, y in pairs]
    rounded = ", rounded to 65,536 levels" if full == _LEVELS else ""
    source = f"data of your own ({name}){rounded}"
    images = [x for x, _ in made]
    if len(parts) == 1:
        images, labels = _hold_out(images[0], labels[0])
        source += f"; tested on {len(labels[1])} images held out of {len(labels[0]) + len(labels[1])}"
    (x, x_test), (y, y_test) = images, labels
    checksum = _digest(x, y, x_test, y_test)
    return DataSet(name, x, y, x_test, y_test, tuple(map(str, classes)), source, checksum, full)


def _split(data: Any) -> tuple[str, list[Any]]:
    """Return what the data are called and their parts: training, and test images if they are given."""
    if isinstance(data, torch.utils.data.DataLoader):
        raise TypeError(
            "data must not be a DataLoader, which has drawn its batches already: pass its .dataset"
        )
    if _is_dataset(data):
        return f"own {type(data).__name__}", [data]
    if isinstance(data, (tuple, list)) and len(data) == 2:
        if all(map(_is_dataset, data)):
            return f"own {type(data[0]).__name__}", list(data)
        if all(isinstance(part, (tuple, list)) and len(part) == 2 for part in data) and all(
            hasattr(part[0], "shape") for part in data
        ):
            return "own arrays", list(data)
        if hasattr(data[0], "shape"):
            return "own arrays", [data]
    raise TypeError(f"data must be {WANTED}; got {shorten(data)}")


def _is_dataset(value: Any) -> bool:
    plain = isinstance(value, (tuple, list, dict, str, bytes, np.ndarray, torch.Tensor, DataSet))
    return (
        not plain
        and hasattr(value, "__len__")
        and hasattr(value, "__getitem__")
        and not hasattr(value, "shape")
    )


def _read_pair(part: Any) -> Pair:
    """Return images and labels as arrays of one length."""
    if _is_dataset(part):
        x, y = _read_dataset(part)
    else:
        x, y = (_plain(values, name) for values, name in zip(part, ("images", "labels"), strict=True))
    if y.ndim != 1 or y.dtype.kind not in "iuUb":
        raise TypeError(f"labels must be whole numbers or texts [n]; got {y.dtype} of shape {y.shape}")
    if x.ndim < 2 or len(x) != len(y):
        raise ValueError(f"images and labels must be as many; got images {x.shape} and {len(y)} labels")
    return x, y


def _plain(values: Any, name: str) -> NDArray[Any]:
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else read_array(values, name)


def _read_dataset(data: Any) -> Pair:
    images, labels = [], []
    for i in range(len(data)):
        item = data[i]
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise TypeError(
                f"each item of the Dataset must be an image and its label; item {i} is {shorten(item)}"
            )
        image = _plain(item[0], f"image {i}")
        # Pictures of PIL have their channels last, tensors first.
        images.append(
            np.moveaxis(image, -1, 0) if hasattr(item[0], "getbands") and image.ndim == 3 else image
        )
        labels.append(item[1].item() if hasattr(item[1], "item") else item[1])
    shapes = {image.shape for image in images}
    if len(shapes) != 1:
        raise ValueError(f"all images must have one shape; got {len(shapes)}: resize them in the Dataset")
    return np.stack(images), read_array(labels, "labels")


def _as_images(x: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Return images [n, C, H, W] or frames as uint8 or uint16, and the value that stands for 1."""
    if x.dtype.kind not in "biuf":
        raise TypeError(f"images must hold real numbers; their dtype is {x.dtype}")
    if x.ndim > 5:
        raise ValueError(f"images must be {_SHAPES}; their shape is {x.shape}")
    shape = {2: (len(x), 1, 1, -1), 3: (len(x), 1, *x.shape[1:])}.get(x.ndim, x.shape)
    low, high = (float(x.min()), float(x.max())) if x.size else (0.0, 0.0)
    if x.dtype.kind == "f":
        if not (low >= 0 and high <= 1):  # NaN compares false
            raise ValueError(
                f"images of {x.dtype} must lie in [0, 1]; they lie in [{low:g}, {high:g}]; scale them, "
                "such as (x - x.min()) / (x.max() - x.min())"
            )
        return np.rint(x * _LEVELS).astype(np.uint16).reshape(shape), _LEVELS
    if low < 0 or high > _LEVELS:
        raise ValueError(f"images of whole numbers must lie in [0, 65535]; they lie in [{low:g}, {high:g}]")
    if x.dtype.kind == "b":
        return x.astype(np.uint8).reshape(shape), 1
    wide = high > 255
    return x.astype(np.uint16 if wide else np.uint8).reshape(shape), int(high) if wide else 255


def _hold_out(x: NDArray[Any], y: NDArray[np.int64]) -> tuple[list[NDArray[Any]], list[NDArray[np.int64]]]:
    """Return training and test parts, each class in its share; always the same ones."""
    if len(y) < 2:
        raise ValueError(f"data must hold at least two images, one of them to test on; got {len(y)}")
    order = generator_at(0, 2, 0, SPLIT).permutation(len(y))
    rank = np.empty(len(y))
    for label in np.unique(y):
        here = order[y[order] == label]
        rank[here] = (np.arange(len(here)) + 0.5) / len(here)
    held = np.argsort(rank, kind="stable")[: max(1, round(len(y) / HELD_OUT))]
    kept = np.setdiff1d(np.arange(len(y)), held)
    return [x[kept], x[held]], [y[kept], y[held]]


def _digest(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
