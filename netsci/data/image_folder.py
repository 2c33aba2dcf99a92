"""Images in a folder for each class: Tiny ImageNet, ImageNet, CIFAR-10 as JPEG, and any tree of this form.

The tree is train/<class>/*.jpg and test/<class>/*.jpg or val/<class>/*.jpg (an images/ folder in between is
allowed), as a folder or a zip archive; Tiny ImageNet's val/val_annotations.txt is understood. Classes are
numbered by their sorted folder names. Such a listing is ordered by class, so images are put into a random
order that is always the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netsci.data.archives import Files, FolderFiles, open_files
from netsci.data.dataset import DataSet
from netsci.data.decoding import LazyImages, decode_parts
from netsci.data.errors import DataError

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
ORDER = (0, 0, 0, 4)  # key of the generator that orders the images
ANNOTATIONS = "val/val_annotations.txt"


@dataclass(frozen=True, eq=False)
class Tree:
    """Names and labels of the images of a tree, for training and for testing."""

    files: Files
    classes: tuple[str, ...]
    names: tuple[list[str], list[str]]
    labels: tuple[NDArray[np.int64], NDArray[np.int64]]

    def counts(self) -> tuple[int, set[int], set[int]]:
        """Return the number of classes and the numbers of images a class, for training and for testing."""
        here = [set(np.bincount(labels, minlength=len(self.classes)).tolist()) for labels in self.labels]
        return len(self.classes), here[0], here[1]


def list_images(files: Files, *, per_class: int | None = None) -> Tree:
    """List the images of a tree, in the fixed random order.

    Parameters
    ----------
    files : the folder or archive.
    per_class : take the first so many of each class, by name, for training and for testing; None: all.

    Raises
    ------
    DataError
        If there are no images, or a class is missing for training or for testing.
    """
    if per_class is not None and (
        isinstance(per_class, bool) or not isinstance(per_class, int) or per_class < 1
    ):
        raise ValueError(f"per_class must be a positive integer or None; got {per_class!r}")
    names = files.names()
    train = _by_class(names, "train")
    if not train:
        raise DataError(
            files.path,
            "it holds no images as train/<class>/<name>.jpg",
            "give a folder that holds train with one folder of images for each class",
        )
    test = _read_annotations(files, names) or _by_class(names, "test") or _by_class(names, "val")
    for part, here, other in (("for training", train, test), ("for testing, in test/ or val/", test, train)):
        missing = sorted(set(other) - set(here))
        if missing:
            raise DataError(
                files.path,
                f"it holds no images {part} of the class{'es' if len(missing) > 1 else ''} "
                f"{', '.join(missing)}",
                "unpack or fetch the data set again",
            )
    classes = tuple(sorted(train))
    drawn = [_in_order(part, classes, per_class) for part in (train, test)]
    return Tree(files, classes, (drawn[0][0], drawn[1][0]), (drawn[0][1], drawn[1][1]))


def _by_class(names: list[str], part: str) -> dict[str, list[str]]:
    """Names of the images of one part by class."""
    found: dict[str, list[str]] = {}
    for name in names:
        parts = name.split("/")
        deep = len(parts) == 3 or (len(parts) == 4 and parts[2] == "images")
        if deep and parts[0] == part and parts[-1].lower().endswith(ENDINGS):
            found.setdefault(parts[1], []).append(name)
    if part != "train":  # val/images/*.JPEG and test/images/*.JPEG hold images of all classes, without labels
        found.pop("images", None)
    return found


def _read_annotations(files: Files, names: list[str]) -> dict[str, list[str]]:
    """Tiny ImageNet's validation images by class, from its annotation file; empty if there is none."""
    if ANNOTATIONS not in names:
        return {}
    there = {name.removeprefix("val/images/") for name in names if name.startswith("val/images/")}
    found: dict[str, list[str]] = {}
    where = files.path / ANNOTATIONS
    for number, line in enumerate(files.read(ANNOTATIONS).decode(errors="replace").splitlines(), 1):
        name, _, rest = line.partition("\t")
        label = rest.partition("\t")[0]
        if not label:
            raise DataError(where, f"line {number} is not an image, a tab and a class", "fetch it again")
        if name not in there:
            raise DataError(
                where,
                f"line {number} names {name}, which val/images lacks or is named twice",
                "unpack it again",
            )
        there.remove(name)
        found.setdefault(label, []).append(f"val/images/{name}")
    left = sorted(name for name in there if name.lower().endswith(ENDINGS))
    if left:
        raise DataError(where, f"it gives no class for {left[0]}", "fetch it again")
    return found


def _in_order(
    part: dict[str, list[str]], classes: tuple[str, ...], per_class: int | None
) -> tuple[list[str], NDArray[np.int64]]:
    names = [name for label in classes for name in sorted(part[label])[:per_class]]
    counts = [len(part[label][:per_class]) for label in classes]
    labels = np.repeat(np.arange(len(classes), dtype=np.int64), counts)
    order = np.random.default_rng(ORDER).permutation(len(names))
    return [names[row] for row in order], labels[order]


def read_tree(
    path: Path,
    *,
    name: str,
    source: str,
    size: int,
    resize: int | None = None,
    official: tuple[int, int, int] | None = None,
    per_class: int | None = None,
    lazy: bool = False,
    cache: bool = True,
) -> DataSet:
    """Read a tree of images as a data set.

    Parameters
    ----------
    path : the folder or the zip archive.
    name, source : as in `DataSet`.
    size, resize : as in `netsci.data.decoding.decode`.
    official : numbers of classes, of training and of test images a class that the tree must have.
    per_class : as in `list_images`; such a part is not kept in the cache.
    lazy : decode on request (`LazyImages`); the checksum of a folder is then over the sorted names alone.
    cache : keep the decoded images in the user's cache.

    Raises
    ------
    DataError
        If classes are missing, or an image is damaged, or numbers are not the official ones.
    """
    files = open_files(path)
    tree = list_images(files)
    if official is not None:
        classes, train, test = tree.counts()
        if (classes, train, test) != (official[0], {official[1]}, {official[2]}):
            raise DataError(
                path,
                f"it holds {classes} classes of {_range(train)} training, {_range(test)} test images each; "
                f"{name} has {official[0]} of {official[1]} and {official[2]}",
                "fetch it again, or pass verify=False to read it as it is",
            )
    if per_class is not None:
        tree = list_images(files, per_class=per_class)
        source += f"; the first {per_class} images a class, for training and for testing"
    parts = [LazyImages(files, names, size=size, resize=resize) for names in tree.names]
    by_name = lazy and isinstance(files, FolderFiles)
    checksum = _of_names(tree) if by_name else files.checksum()
    if by_name:
        source += "; checksum over the names of the images only"
    x = parts if lazy else decode_parts(parts, checksum, cache=cache and per_class is None)
    if resize is not None:
        source += f"; shorter side resized to {resize}, centre {size} x {size}"
    return DataSet(name, x[0], tree.labels[0], x[1], tree.labels[1], tree.classes, source, checksum)


def _of_names(tree: Tree) -> str:
    names = sorted(tree.names[0]) + sorted(tree.names[1])
    return hashlib.sha256("\n".join(names).encode(errors="surrogateescape")).hexdigest()


def _range(counts: set[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"
