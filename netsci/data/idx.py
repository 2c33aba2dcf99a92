"""MNIST and Fashion-MNIST, from the official idx files, packed by gzip or not.

An idx file is two zero bytes, one byte for the type (8: unsigned byte), one for the number of dimensions, a
32-bit big-endian size for each, and the values in C order.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.data.dataset import DataSet
from netsci.data.download import Remote
from netsci.data.errors import DataError, check_regular
from netsci.data.registry import first_of, register

UNSIGNED_BYTE = 8
LARGEST = 1 << 31  # bytes; a header that promises more is damaged
MOST_SIZES = 8
FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
FOLDERS = {"mnist": ("mnist", "MNIST/raw"), "fashion-mnist": ("fashion-mnist", "FashionMNIST/raw")}
CLASSES = {
    "mnist": tuple(map(str, range(10))),
    "fashion-mnist": (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
}
# SHA-256 of the four official files, packed by gzip as they are fetched, and unpacked as they are read.
PACKED = {
    "mnist": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
    "fashion-mnist": (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    ),
}
UNPACKED: dict[str, tuple[str, ...]] = {
    "mnist": (
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    "fashion-mnist": (
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}
ADDRESSES = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion-mnist": ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
}


def read_idx(path: str | Path) -> NDArray[np.uint8]:
    """Read an idx file of unsigned bytes, packed by gzip or not, as an array of the shape it states.

    Raises
    ------
    DataError
        If the file is of another kind or type, cut off, or longer than its header says.
    """
    array: NDArray[np.uint8] = _read(Path(path))[0]
    return array


def read_set(folder: Path, *, name: str, verify: bool = True) -> DataSet:
    """Return MNIST or Fashion-MNIST: images uint8 [60000 and 10000, 1, 28, 28], in the official order.

    The checksum is that of the four unpacked files, one after the other.

    Parameters
    ----------
    folder : the data folder. Files are in mnist/ or MNIST/raw/, and fashion-mnist/ or FashionMNIST/raw/.
    verify : hold each file to the SHA-256 of the official one; False reads another data set of this format.

    Raises
    ------
    DataError
        If a file is damaged, or is not the official one, or images and labels do not belong together.
    """
    digest = hashlib.sha256()
    arrays, paths = [], []
    for number, file in enumerate(FILES):
        path = first_of(folder, _places(name, file))
        array, header = _read(path)
        one = hashlib.sha256(header)
        one.update(array.data)
        if verify and one.hexdigest() != UNPACKED[name][number]:
            raise DataError(
                path,
                f"its contents are not those of the official file (SHA-256 {one.hexdigest()})",
                "fetch it again, or pass verify=False to read it as it is",
            )
        digest.update(header)
        digest.update(array.data)
        arrays.append(array)
        paths.append(path)
    for part in (0, 2):
        _check_pair(arrays[part], arrays[part + 1], paths[part], paths[part + 1], len(CLASSES[name]))
    if arrays[0].shape[1:] != arrays[2].shape[1:]:
        raise DataError(
            paths[2],
            f"its images are {arrays[2].shape[1:]} and those for training {arrays[0].shape[1:]}",
            "put the files of one data set together",
        )
    official = "byte-identical to the official files" if verify else "not compared with the official files"
    return DataSet(
        name=name,
        x_train=arrays[0][:, None],
        y_train=arrays[1].astype(np.int64),
        x_test=arrays[2][:, None],
        y_test=arrays[3].astype(np.int64),
        classes=CLASSES[name],
        source=f"{'MNIST' if name == 'mnist' else 'Fashion-MNIST'}, {official}",
        checksum=digest.hexdigest(),
    )


def _places(name: str, file: str) -> tuple[str, ...]:
    return tuple(f"{place}/{file}{ending}" for place in FOLDERS[name] for ending in (".gz", ""))


def _read(path: Path) -> tuple[NDArray[np.uint8], bytes]:
    """The array, writable, and the header it had."""
    check_regular(path)
    try:
        with open(path, "rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if not packed:
                return _parse(raw, path)
            with gzip.GzipFile(fileobj=raw) as stream:
                return _parse(stream, path)
    # gzip: the CRC differs, or the stream ends early, or is none.
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(path, f"its gzip data are damaged ({error})", "fetch it again") from error
    except OSError as error:
        raise DataError(path, f"it cannot be read ({error.strerror or error})", "look at the path") from error


def _parse(stream: Any, path: Path) -> tuple[NDArray[np.uint8], bytes]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] != UNSIGNED_BYTE or not magic[3]:
        raise DataError(
            path,
            f"it begins with {magic.hex(' ') or 'nothing'}, and an idx file of bytes with 00 00 08",
            "put an official idx file there, packed by gzip or not",
        )
    sizes = stream.read(4 * magic[3])
    shape = tuple(int(size) for size in np.frombuffer(sizes[: len(sizes) // 4 * 4], ">u4"))
    expected = math.prod(shape)
    # Of sizes with a 0 among them each still counts: numpy would refuse the shape.
    promised = math.prod(max(size, 1) for size in shape)
    if len(sizes) < 4 * magic[3] or promised > LARGEST or len(shape) > MOST_SIZES:
        raise DataError(path, f"its header is damaged (sizes {shape})", "fetch it again")
    # One byte more than due tells a file that is too long; a bytearray makes the array writable.
    content = bytearray(stream.read(expected + 1))
    if len(content) != expected:
        found = "more" if len(content) > expected else f"only {len(content)}"
        raise DataError(
            path,
            f"its header {shape} asks for {expected} bytes of values and it holds {found}",
            "fetch it again",
        )
    return np.frombuffer(content, np.uint8).reshape(shape), magic + sizes


def _check_pair(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], image_path: Path, label_path: Path, classes: int
) -> None:
    if images.ndim != 3 or not images.size:
        raise DataError(
            image_path,
            f"it holds an array of shape {images.shape}, not images [n, H, W]",
            "put the images there",
        )
    if labels.shape != images.shape[:1]:
        raise DataError(
            label_path,
            f"it holds labels of shape {labels.shape} for {len(images)} images",
            "put files of one part, for training or for testing, together",
        )
    if labels.max() >= classes:
        raise DataError(label_path, f"it holds a label {labels.max()}, above {classes - 1}", "fetch it again")


# Named functions, as the registry tells readers apart by name.
def mnist(folder: Path, *, verify: bool = True) -> DataSet:
    """Return MNIST; see `read_set`."""
    return read_set(folder, name="mnist", verify=verify)


def fashion_mnist(folder: Path, *, verify: bool = True) -> DataSet:
    """Return Fashion-MNIST; see `read_set`."""
    return read_set(folder, name="fashion-mnist", verify=verify)


NEEDS = {name: tuple(_places(name, file) for file in FILES) for name in FOLDERS}

for _name, _loader in (("mnist", mnist), ("fashion-mnist", fashion_mnist)):
    register(
        _name,
        _loader,
        needs=NEEDS[_name],
        help=f"The official files, as .gz or unpacked, in {' or '.join(FOLDERS[_name])}; they are at "
        f"{ADDRESSES[_name][0]}",
        remote=[
            Remote(f"{_name}/{file}.gz", tuple(f"{url}{file}.gz" for url in ADDRESSES[_name]), checksum)
            for file, checksum in zip(FILES, PACKED[_name], strict=True)
        ],
    )
