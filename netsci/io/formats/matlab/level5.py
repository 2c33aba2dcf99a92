"""Read MATLAB 5 files (.mat of versions 5 to 7). Check every size before memory is allocated for it.

The reader is our own: some damaged files end the process in scipy.io.loadmat, and it accepts others whose
lengths cannot be right.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.matlab.matrices import build_matrices
from netsci.io.limits import ANY_RATIO_BYTES, MAX_BYTES, MAX_COMPRESSION, check_count, check_matrix

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_MATRIX, _COMPRESSED = 14, 15
_NUMBERS = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_CLASSES = {
    6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE = 1, 2, 3, 4, 5
_COMPLEX, _LOGICAL = 8, 2
_MAX_DEPTH = 8
_AGAIN = "fetch or save it again"


def read_matlab(path: Path) -> tuple[LayeredGraph, list[str]]:
    """Read square matrices as networks of their own and the others as layers of a chain; add notes."""
    found = _Variables(path)
    return build_matrices(path, "MATLAB 5 file", found.matrices, found.left_out)


class _Variables:
    """The matrices of a file by name, also those in structures and cells, and a list of what is left out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.matrices: dict[str, Any] = {}
        self.left_out: list[str] = []
        self._count = 0
        data = memoryview(path.read_bytes())
        if len(data) < 128 or data[126:128].tobytes() not in (b"IM", b"MI"):
            raise self._damage_error("its header is no MATLAB 5 header")
        self.order = "<" if data[126:128].tobytes() == b"IM" else ">"
        self._unpacked = 0
        for kind, content in self._elements(data[128:]):
            inner = self._inflate(content) if kind == _COMPRESSED else [(kind, content)]
            for inner_kind, inner_content in inner:
                if inner_kind == _MATRIX:
                    self._variable(inner_content, None, 0)

    def _elements(self, data: memoryview) -> Iterator[tuple[int, memoryview]]:
        """Yield type and content of every data element."""
        place = 0
        while place + 8 <= len(data):
            first, size = struct.unpack_from(self.order + "II", data, place)
            if first >> 16:  # a small element: size and type share the first word, the content follows
                kind, size, begin, step = first & 0xFFFF, first >> 16, place + 4, 8
                if size > 4:
                    raise self._damage_error("a small element is larger than 4 bytes")
            else:
                kind, begin = first, place + 8
                step = 8 + size + (0 if kind == _COMPRESSED else -size % 8)
            if begin + size > len(data):
                raise self._damage_error(f"an element of {size:,} bytes reaches beyond the end")
            yield kind, data[begin : begin + size]
            place += step

    def _inflate(self, content: memoryview) -> Iterator[tuple[int, memoryview]]:
        size = self.path.stat().st_size
        left = min(MAX_BYTES, max(ANY_RATIO_BYTES, MAX_COMPRESSION * size)) - self._unpacked
        inflater = zlib.decompressobj()
        data = inflater.decompress(content, max(left, 1))
        self._unpacked += len(data)
        if len(data) >= left:
            raise CheckpointError(
                self.path,
                f"it unpacks {size:,} bytes to more than {self._unpacked:,}, like a zip bomb",
                "if the file is yours, save it in MATLAB with '-v6', without compression",
            )
        return self._elements(memoryview(data))

    def _variable(self, data: memoryview, called: str | None, depth: int) -> None:
        """Read one array: a matrix, or the arrays in a structure or cell."""
        if not len(data):
            return
        self._count += 1
        check_count(self.path, self._count, "arrays")
        if depth > _MAX_DEPTH:
            raise CheckpointError(
                self.path, f"its structures nest deeper than {_MAX_DEPTH}", "save only the matrices"
            )
        parts = self._elements(data)
        word = int(self._numbers(parts, "u4")[0])
        kind, flags = word & 0xFF, word >> 8 & 0xFF
        if kind > 15:
            self.left_out.append(f"{printable(called or 'an object')} (function or object)")
            return
        shape = tuple(int(side) for side in self._numbers(parts, "i4"))
        own = bytes(next(parts, (0, memoryview(b"")))[1]).decode("latin-1")
        name = own if called is None else called
        if len(shape) < 2 or min(shape) < 0:
            raise self._damage_error(f"{printable(name)} has the shape {list(shape)}")
        if kind in (_CELL, _STRUCT, _OBJECT):
            self._inside(parts, kind, name, shape, depth)
        elif kind == _CHAR:
            self.left_out.append(f"{printable(name)} (text)")
        elif kind in _CLASSES or kind == _SPARSE:
            self._matrix(parts, kind, flags, name, shape)

    def _inside(
        self,
        parts: Iterator[tuple[int, memoryview]],
        kind: int,
        name: str,
        shape: tuple[int, ...],
        depth: int,
    ) -> None:
        """Read the arrays in a cell array or structure. Count those stored, not those it promises."""
        fields = [""]
        if kind == _OBJECT:
            next(parts, None)  # the name of its class
        if kind != _CELL:
            width = int(self._numbers(parts, "i4")[0])
            text = bytes(next(parts, (0, memoryview(b"")))[1])
            if width < 1:
                raise self._damage_error("the field names of a structure have no length")
            fields = [
                text[i : i + width].split(b"\0")[0].decode("latin-1") for i in range(0, len(text), width)
            ]
        if not fields:
            return
        single = math.prod(shape) == 1
        for number, (inner, content) in enumerate(parts):
            item, field = divmod(number, len(fields))
            place = (
                "" if single and kind != _CELL else f"{{{item + 1}}}" if kind == _CELL else f"({item + 1})"
            )
            dotted = f".{fields[field]}" if fields[field] else ""
            if inner == _MATRIX:
                self._variable(content, f"{name}{place}{dotted}", depth + 1)

    def _matrix(
        self,
        parts: Iterator[tuple[int, memoryview]],
        kind: int,
        flags: int,
        name: str,
        shape: tuple[int, ...],
    ) -> None:
        described = f"{printable(name)} {' x '.join(map(str, shape))}"
        if flags & _COMPLEX:
            self.left_out.append(f"{described} (complex)")
        elif len(shape) > 2:
            self.left_out.append(f"{described} (a stack: save its slices one by one)")
        elif min(shape) < 2:
            if max(shape) > 1:
                self.left_out.append(f"{described} (a vector)")
        elif name in self.matrices:
            raise self._damage_error(f"it holds {printable(name)} twice")
        else:
            check_matrix(self.path, printable(name), shape)
            self.matrices[name] = (
                self._sparse(parts, name, shape, flags)
                if kind == _SPARSE
                else self._dense(parts, kind, name, shape)
            )

    def _dense(self, parts: Iterator[tuple[int, memoryview]], kind: int, name: str, shape: Any) -> Any:
        values = self._numbers(parts, _CLASSES[kind])
        if len(values) != math.prod(shape):
            raise self._damage_error(
                f"{printable(name)} should hold {math.prod(shape):,} numbers and holds {len(values):,}"
            )
        return values.reshape(shape, order="F")

    def _sparse(self, parts: Iterator[tuple[int, memoryview]], name: str, shape: Any, flags: int) -> Any:
        """Return a sparse matrix. Check every index before compiled code uses it."""
        rows, starts = self._numbers(parts, "i8"), self._numbers(parts, "i8")
        values = self._numbers(parts, "f8") if len(rows) else np.zeros(0)
        count = int(starts[-1]) if len(starts) == shape[1] + 1 else -1
        # MATLAB reserves space: there may be more places than entries.
        if not 0 <= count <= min(len(rows), len(values)):
            raise self._damage_error(f"the sparse matrix {printable(name)} is incomplete")
        rows = rows[:count]
        # Check this here: scipy's check_format skips the order of an empty matrix's pointers.
        inside = not count or (rows.min() >= 0 and rows.max() < shape[0])
        if starts[0] or (np.diff(starts) < 0).any() or not inside:
            raise self._damage_error(f"an index of the sparse matrix {printable(name)} points outside it")
        return sp.csr_array(sp.csc_array((values[:count], rows, starts), shape=shape))

    def _numbers(self, parts: Iterator[tuple[int, memoryview]], dtype: str) -> Any:
        """Return the next element as numbers. MATLAB stores them in the smallest type that holds them."""
        kind, content = next(parts, (0, memoryview(b"")))
        stored = _NUMBERS.get(kind)
        if stored is None or len(content) % int(stored[1]) or (not len(content) and kind == 0):
            raise self._damage_error("it holds something else where numbers should be")
        return np.frombuffer(content, self.order + stored).astype(dtype)

    def _damage_error(self, what: str) -> CheckpointError:
        return CheckpointError(self.path, f"{what}: damaged or truncated", _AGAIN)
