"""Images from JPEG or PNG files to uint8 arrays, all at once or on request, and the cache of decoded sets."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.data.archives import Files
from netsci.data.errors import DataError
from netsci.data.registry import cache_folder

LARGEST = 1 << 26  # pixels of one image
Bytes = NDArray[np.uint8]


def decode(content: bytes, where: str | Path, *, size: int, resize: int | None = None) -> Bytes:
    """Decode one image to uint8 [3, size, size]; grey and other modes become RGB.

    Parameters
    ----------
    content : bytes of the file.
    where : its name, for errors.
    size : side in pixels.
    resize : None asks for an image that has this size; a number resizes the shorter side to it (bilinear)
        and takes the centre.

    Raises
    ------
    DataError
        If the file is no image, is damaged or cut off, or has another size.
    """
    from PIL import Image

    try:
        with Image.open(BytesIO(content)) as image:
            width, height = image.size
            if resize is None and (width, height) != (size, size):
                raise DataError(
                    where,
                    f"it is {width} x {height} pixels, not {size} x {size}",
                    "put the official images there",
                )
            if width * height > LARGEST:
                raise DataError(
                    where, f"it is {width} x {height} pixels", "remove this image, which is too large"
                )
            colour = image.convert("RGB")
    # pillow's readers raise many kinds (OSError, SyntaxError, struct.error, ...) on damaged files.
    except DataError:
        raise
    except Exception as error:
        raise DataError(
            where, f"it cannot be decoded as an image ({error})", "fetch the data set again"
        ) from error
    if resize is not None:
        scale = resize / min(width, height)
        if scale != 1:
            sides = (max(resize, round(width * scale)), max(resize, round(height * scale)))
            if sides[0] * sides[1] > LARGEST:
                raise DataError(
                    where,
                    f"it is {width} x {height} pixels, {sides[0]} x {sides[1]} where the shorter side has "
                    f"{resize}",
                    "remove this image, which is too narrow",
                )
            colour = colour.resize(sides, Image.Resampling.BILINEAR)
        left, top = (colour.width - size) // 2, (colour.height - size) // 2
        colour = colour.crop((left, top, left + size, top + size))
    return np.moveaxis(np.asarray(colour), -1, 0)


class LazyImages:
    """Images [n, 3, size, size] uint8 that are decoded on request, so that n may be a million.

    `x[rows]` takes an integer, a slice, an array of integers or a mask [n] and returns an array;
    `x.select(rows)` returns another LazyImages. Nothing is kept: each request decodes again.

    Parameters
    ----------
    files : the folder or archive.
    names : names in it, one an image.
    size, resize : as in `decode`.
    """

    def __init__(
        self, files: Files, names: Sequence[str] | NDArray[np.object_], *, size: int, resize: int | None
    ) -> None:
        self.files, self.size, self.resize = files, size, resize
        self._names = np.asarray(names, dtype=object)

    @property
    def shape(self) -> tuple[int, ...]:
        """[n, 3, size, size]."""
        return (len(self._names), 3, self.size, self.size)

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8."""
        return np.dtype(np.uint8)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, rows: Any) -> Bytes:
        names = self._names[rows]
        if isinstance(names, str):
            return self._image(names)
        images = np.empty((len(names), 3, self.size, self.size), np.uint8)
        for row, name in enumerate(names):
            images[row] = self._image(name)
        return images

    def select(self, rows: NDArray[np.int64]) -> LazyImages:
        """Return an object with these rows only, decoded on request."""
        return LazyImages(self.files, self._names[rows], size=self.size, resize=self.resize)

    def _image(self, name: str) -> Bytes:
        where = self.files.path / name
        return decode(self.files.read(name), where, size=self.size, resize=self.resize)


def decode_parts(parts: Sequence[LazyImages], checksum: str, *, cache: bool) -> list[Bytes]:
    """Decode whole parts of a data set, or read them from the user's cache if it holds them.

    The cache is in `cache_folder() / "decoded"`, under a name that depends on the data's checksum, the images
    asked for and the version of pillow, whose JPEG decoder sets the last bits. A cache that cannot be
    written or read is no error: images are decoded then.

    Parameters
    ----------
    parts : training and test images.
    checksum : that of the data.
    cache : whether to use it.
    """
    path = _cache_path(parts, checksum) if cache else None
    if path is not None:
        arrays = _from_cache(path, [part.shape for part in parts])
        if arrays is not None:
            return arrays
    arrays = [part[:] for part in parts]
    if path is not None:
        _to_cache(path, arrays)
    return arrays


def _cache_path(parts: Sequence[LazyImages], checksum: str) -> Path:
    import PIL

    digest = hashlib.sha256(f"{checksum} pillow {PIL.__version__}".encode())
    for part in parts:
        digest.update(f"\n{part.shape} {part.resize}\n".encode())
        digest.update("\n".join(part._names).encode(errors="surrogateescape"))
    return cache_folder() / "decoded" / f"{digest.hexdigest()[:32]}.npz"


def _from_cache(path: Path, shapes: list[tuple[int, ...]]) -> list[Bytes] | None:
    if not path.is_file():
        return None
    try:
        # Opened here: numpy leaves a damaged file open.
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as stored:
            arrays = [stored[f"arr_{number}"] for number in range(len(shapes))]
    # A damaged archive raises errors without a common base, and none of them matters: see `decode_parts`.
    except Exception:
        return None
    good = all(a.dtype == np.uint8 and a.shape == shape for a, shape in zip(arrays, shapes, strict=True))
    return arrays if good else None


def _to_cache(path: Path, arrays: list[Bytes]) -> None:
    """Write the cache whole or not at all."""
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".part")
        with os.fdopen(descriptor, "wb") as stream:
            np.savez(stream, *arrays)
        os.replace(part, path)
        part = None
    except OSError:
        pass
    finally:
        if part is not None:
            with suppress(OSError):
                os.unlink(part)
