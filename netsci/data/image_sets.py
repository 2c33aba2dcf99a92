"""The data sets that are trees of images: Tiny ImageNet, ImageNet, and a folder of the user's own."""

from __future__ import annotations

from pathlib import Path

from netsci.data.dataset import DataSet
from netsci.data.download import Remote
from netsci.data.errors import DataError
from netsci.data.image_folder import read_tree
from netsci.data.registry import first_of, register

TINY = ("tiny-imagenet/tiny-imagenet-200.zip", "tiny-imagenet/tiny-imagenet-200", "tiny-imagenet-200")
TINY_10 = ("tiny-imagenet/tiny-imagenet-10.zip", "tiny-imagenet/tiny-imagenet-10")
TINY_ADDRESS = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
TINY_MD5 = "md5:90528d7ca1a48142e341f4ef8d21d0de"


def tiny_imagenet(
    folder: Path, *, lazy: bool = False, verify: bool = True, per_class: int | None = None, cache: bool = True
) -> DataSet:
    """Return Tiny ImageNet, uint8 [100000 and 10000, 3, 64, 64], tested on its labelled validation images.

    Parameters
    ----------
    folder : the data folder.
    lazy : decode on request; else all images are held, 1.4 GB.
    verify : ask for the official 200 classes of 500 + 50 images.
    per_class : take only the first so many images of each class.
    cache : keep the decoded images in the user's cache.
    """
    return read_tree(
        first_of(folder, TINY),
        name="tiny-imagenet",
        source="Tiny ImageNet, 200 classes, tested on the official validation images",
        size=64,
        official=(200, 500, 50) if verify else None,
        per_class=per_class,
        lazy=lazy,
        cache=cache,
    )


def tiny_imagenet_10(
    folder: Path, *, lazy: bool = False, verify: bool = True, per_class: int | None = None, cache: bool = True
) -> DataSet:
    """Return ten classes of Tiny ImageNet, uint8 [5000 and 500, 3, 64, 64]; options as of `tiny_imagenet`."""
    return read_tree(
        first_of(folder, TINY_10),
        name="tiny-imagenet-10",
        source="Tiny ImageNet, a subset of 10 of its 200 classes, tested on official validation images",
        size=64,
        official=(10, 500, 50) if verify else None,
        per_class=per_class,
        lazy=lazy,
        cache=cache,
    )


def imagenet(
    folder: Path, *, size: int = 224, resize: int = 256, verify: bool = True, per_class: int | None = None
) -> DataSet:
    """Return ImageNet as images that are decoded on request, uint8 [n, 3, size, size].

    x_train and x_test are `netsci.data.decoding.LazyImages`: x[rows] decodes a batch. The checksum is over
    the names of the images, since reading all of them takes hours. Tested on the validation images.

    Parameters
    ----------
    folder : the data folder with imagenet/train/<wnid>/*.JPEG and imagenet/val/<wnid>/*.JPEG; validation
        images have to be sorted into folders of classes.
    size, resize : the shorter side is resized to `resize` and the centre of `size` is taken.
    verify : ask for 1,000 classes.
    per_class : take only the first so many images of each class.
    """
    _check_sizes(size, resize)
    data = read_tree(
        folder / "imagenet",
        name="imagenet",
        source="ImageNet (ILSVRC 2012), tested on its validation images",
        size=size,
        resize=resize,
        per_class=per_class,
        lazy=True,
    )
    if verify and len(data.classes) != 1000:
        raise DataError(
            folder / "imagenet",
            f"it holds {len(data.classes)} classes of 1000",
            "unpack it again, or pass verify=False to read it as it is",
        )
    return data


def image_folder(
    folder: Path, *, size: int, resize: int | None = None, lazy: bool = True, per_class: int | None = None
) -> DataSet:
    """Return a tree of the user's own images, uint8 [n, 3, size, size], from the data folder itself.

    Parameters
    ----------
    folder : holds train/<class>/ and test/<class>/ or val/<class>/.
    size, resize : the shorter side is resized to `resize` (None: to `size`) and the centre of `size` taken.
    lazy : decode on request.
    per_class : take only the first so many images of each class.
    """
    resize = size if resize is None else resize
    _check_sizes(size, resize)
    return read_tree(
        folder,
        name="image-folder",
        source=f"images in {folder.name or 'a folder'}",
        size=size,
        resize=resize,
        per_class=per_class,
        lazy=lazy,
    )


def _check_sizes(size: int, resize: int) -> None:
    for name, value in (("size", size), ("resize", resize)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be an integer, pixels; got {value!r}")
    if not 1 <= size <= resize <= 4096:
        raise ValueError(f"size and resize must be in [1, 4096] with size <= resize; got {size} and {resize}")


register(
    "tiny-imagenet",
    tiny_imagenet,
    needs=[TINY],
    help=f"The official zip, or what it unpacks to, is at {TINY_ADDRESS}.",
    remote=[Remote(TINY[0], (TINY_ADDRESS,), TINY_MD5)],
)
register(
    "tiny-imagenet-10",
    tiny_imagenet_10,
    needs=[TINY_10],
    help="It is a part of Tiny ImageNet as train/<wnid>/*.JPEG and val/<wnid>/*.JPEG, zipped or unpacked.",
)
register(
    "imagenet",
    imagenet,
    needs=["imagenet/train", "imagenet/val"],
    help="ImageNet asks for an account: see https://image-net.org/download.php; sort the validation images "
    "into a folder for each class.",
)
register(
    "image-folder",
    image_folder,
    needs=["train", ("test", "val")],
    help="Let folder= name a folder with train/<class>/*.jpg and test/<class>/*.jpg.",
)
