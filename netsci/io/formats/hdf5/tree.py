"""Open HDF5 files safely: follow hard links only, read no other files, check every size first."""

from __future__ import annotations

import contextlib
import io
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.hdf5.heap import are_references_damaged, is_heap_damaged
from netsci.io.limits import (
    ANY_RATIO_BYTES,
    FREE_BYTES,
    MAX_BYTES,
    MAX_COMPRESSION,
    check_arrays,
    check_count,
)

_MAX_DEPTH = 24
_MAX_TEXT = 2**26  # bytes of an attribute or of a data set of names
# Built into HDF5 or h5py: gzip, shuffle, fletcher32, szip, nbit, scale-offset, lzf. Others are plug-ins.
_FILTERS = {1, 2, 3, 4, 5, 6, 32000}


class Tree:
    """One open HDF5 file."""

    def __init__(self, path: Path, root: Any, stream: IO[bytes], size: int) -> None:
        self.path, self.root, self.size = path, root, size
        self.logical = self.stored = 0
        self._stream, self._heaps_known = stream, False

    def names(self, group: Any) -> list[str]:
        """Return the members of a group that are stored in this file."""
        import h5py  # type: ignore[import-untyped]

        check_count(self.path, len(group), "members of one group")
        return [name for name in group if isinstance(group.get(name, getlink=True), h5py.HardLink)]

    def member(self, group: Any, place: str) -> Any:
        """Return the group or data set at a place below a group, or None. Follow hard links only."""
        import h5py

        parts = [part for part in place.split("/") if part]
        if len(parts) > _MAX_DEPTH:
            return None
        for part in parts:
            if not isinstance(group, h5py.Group) or part == "." or part not in group:
                return None
            if not isinstance(group.get(part, getlink=True), h5py.HardLink):
                return None
            group = group[part]
        return group

    def datasets(self, group: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
        """Yield the place of each data set below a group, and the data set."""
        import h5py

        if depth > _MAX_DEPTH:
            raise CheckpointError(
                self.path, f"its groups nest deeper than {_MAX_DEPTH}", "save only the weights"
            )
        for name in self.names(group):
            entry = group[name]
            if isinstance(entry, h5py.Group):
                yield from self.datasets(entry, f"{prefix}{name}/", depth + 1)
            elif isinstance(entry, h5py.Dataset):
                yield f"{prefix}{name}", entry

    def array(self, name: str, dataset: Any) -> NDArray[Any]:
        """Return the numbers of a data set. Compare its size first with what the file stores for it."""
        logical, stored = self._sizes(name, dataset)
        self.logical, self.stored = self.logical + logical, self.stored + stored
        # Hard links may name one data set many times: count it each time.
        check_arrays(self.path, self.stored, self.size)
        check_arrays(self.path, self.logical, self.logical)
        return np.asarray(dataset[()])

    def texts(self, name: str, dataset: Any) -> list[str]:
        """Return the texts of a data set, flattened."""
        count = int(np.prod(dataset.shape, dtype=np.float64))
        if count > _MAX_TEXT // 16 or not _is_text(dataset.dtype):
            raise self.damage_error(f"{printable(name)} is no list of names")
        self._check_storage(name, dataset)
        self._check_heaps(dataset.dtype)
        self._check_references(name, dataset, count)
        return [_text(value) for value in np.ravel(np.asarray(dataset[()], dtype=object))]

    def attribute(self, group: Any, name: str) -> list[str]:
        """Return the texts of an attribute. Keras splits long ones into name0, name1 and so on."""
        if name in group.attrs:
            return self._attribute(group, name)
        found: list[str] = []
        for number in range(1000):
            if f"{name}{number}" not in group.attrs:
                break
            found += self._attribute(group, f"{name}{number}")
        return found

    def damage_error(self, what: str) -> CheckpointError:
        """Return the error for a damaged file."""
        return CheckpointError(self.path, f"{what}: damaged", "fetch or save it again")

    def _attribute(self, group: Any, name: str) -> list[str]:
        identifier = group.attrs.get_id(name)
        count = int(np.prod(identifier.shape or (), dtype=np.float64))
        if not count:
            return []
        if count > self.size or identifier.get_storage_size() > min(self.size, _MAX_TEXT):
            raise self.damage_error(f"the attribute {printable(name)} is larger than the file")
        self._check_heaps(identifier.dtype)
        return [_text(value) for value in np.ravel(np.asarray(group.attrs[name], dtype=object))]

    def _check_heaps(self, dtype: np.dtype[Any]) -> None:
        """Refuse a file in which the HDF5 library would search texts without end, or beyond the file."""
        if dtype.kind != "O" or self._heaps_known:
            return
        length_bytes = self.root.file.id.get_create_plist().get_sizes()[1]
        with map_bytes(self._stream) as data:
            if is_heap_damaged(data, length_bytes):
                raise self.damage_error("the sizes in the heap of its texts are impossible")
        self._heaps_known = True

    def _check_references(self, name: str, dataset: Any, count: int) -> None:
        """Refuse texts longer than the file: the HDF5 library would allocate their length first."""
        begin = dataset.id.get_offset()  # None where they lie in chunks
        if dataset.dtype.kind != "O" or begin is None:
            return
        address_bytes = self.root.file.id.get_create_plist().get_sizes()[0]
        with map_bytes(self._stream) as data:
            if are_references_damaged(data, begin, count, address_bytes):
                raise self.damage_error(f"{printable(name)} has texts longer than the file")

    def _sizes(self, name: str, dataset: Any) -> tuple[int, int]:
        if dataset.dtype.kind not in "biuf":
            raise CheckpointError(
                self.path,
                f"{printable(name)} has numbers of type {printable(dataset.dtype)}, which are not read",
                "save it as float32",
            )
        self._check_storage(name, dataset)
        logical = int(np.prod(dataset.shape, dtype=np.float64) * dataset.dtype.itemsize)
        stored = int(dataset.id.get_storage_size())
        if logical > MAX_BYTES or stored > self.size or (not stored and logical):
            raise self.damage_error(
                f"{printable(name)} should hold {logical:,} bytes and holds {stored:,} (file: {self.size:,})"
            )
        if logical > ANY_RATIO_BYTES and logical > MAX_COMPRESSION * stored:
            raise CheckpointError(
                self.path,
                f"{printable(name)} unpacks {stored:,} bytes to {logical:,}, like a zip bomb",
                "if the file is yours, store it without compression",
            )
        return logical, stored

    def _check_storage(self, name: str, dataset: Any) -> None:
        """Refuse data in other files, filters that need a plug-in, and chunks that are too large."""
        if dataset.is_virtual or dataset.external:
            raise CheckpointError(
                self.path,
                f"{printable(name)} is stored in another file, which is not opened",
                "save it as one file",
            )
        settings = dataset.id.get_create_plist()
        filters = {settings.get_filter(i)[0] for i in range(settings.get_nfilters())}
        if filters - _FILTERS:
            raise CheckpointError(
                self.path,
                f"{printable(name)} is compressed by filter {max(filters)}, which HDF5 does not include",
                "save it with gzip or without compression",
            )
        chunk = float(np.prod(dataset.chunks or (0,), dtype=np.float64)) * dataset.dtype.itemsize
        if chunk > (most := max(FREE_BYTES, MAX_COMPRESSION * self.size)):
            raise self.damage_error(
                f"{printable(name)} claims chunks of {chunk:,.0f} bytes; a file of this size may have "
                f"{most:,.0f}"
            )


@contextmanager
def open_tree(path: Path, stream: IO[bytes] | None = None) -> Iterator[Tree]:
    """Open an HDF5 file on disk or in memory for a with block."""
    try:
        import h5py
    except ImportError:
        raise CheckpointError(
            path,
            "reading an HDF5 file needs h5py, which is not installed",
            "install it: pip install 'netsci-suite[formats]'",
        ) from None
    with contextlib.ExitStack() as stack:
        data = stack.enter_context(open(path, "rb")) if stream is None else stream
        size = data.seek(0, 2)
        try:
            file = stack.enter_context(h5py.File(path if stream is None else stream, "r"))
        except OSError as error:
            raise CheckpointError(
                path, "its HDF5 structure cannot be read: truncated or damaged", "fetch or save it again"
            ) from error
        yield Tree(path, file, data, size)


@contextmanager
def map_bytes(stream: IO[bytes]) -> Iterator[Any]:
    """Give the bytes of a file on disk (mapped) or in memory for a with block."""
    if isinstance(stream, io.BytesIO):
        with stream.getbuffer() as view:
            yield view
    else:
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
            yield view


def _is_text(dtype: np.dtype[Any]) -> bool:
    import h5py

    return dtype.kind in "SU" or h5py.check_string_dtype(dtype) is not None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
