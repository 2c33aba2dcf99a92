"""The tensors that an ONNX model stores: their shape is compared with the bytes, then they are decoded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netsci.io.errors import CheckpointError, printable
from netsci.io.limits import check_matrix

# By number of TensorProto.DataType: numpy's type of the stored bits and, for lack of one, of the numbers.
_DTYPES = {
    1: "<f4", 2: "u1", 3: "i1", 4: "<u2", 5: "<i2", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2", 11: "<f8",
    12: "<u4", 13: "<u8", 16: "<u2", 17: "u1", 19: "u1",
}  # fmt: skip
_BFLOAT16, _E4M3, _E5M2, _EXTERNAL = 16, 17, 19, 1
_AS_INTEGERS = {2, 3, 4, 5, 6, 9, 10, 16, 17, 19}  # kept one to an int32 where not raw


class SkipTensor(Exception):
    """The reason to skip one array; the rest of the file is read."""


class Stored:
    """The tensors that a graph stores, decoded only when asked for."""

    def __init__(self, path: Path, graph: Any) -> None:
        self.path = path
        self.tensors: dict[str, Any] = {tensor.name: tensor for tensor in graph.initializer}
        self.sparse: dict[str, Any] = {one.values.name: one for one in graph.sparse_initializer}
        for node in graph.node:
            if node.op_type == "Constant" and len(node.output) == 1:
                for attribute in node.attribute:
                    self._add_constant(node.output[0], attribute)

    def __contains__(self, name: str) -> bool:
        return name in self.tensors or name in self.sparse

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape that a tensor claims."""
        return tuple(self.sparse[name].dims if name in self.sparse else self.tensors[name].dims)

    def value(self, name: str) -> Any:
        """Return a tensor as an array, or as CSR if it is stored sparse; raise SkipTensor for other types."""
        if name in self.sparse:
            return _sparse(self.path, name, self.sparse[name])
        tensor = self.tensors[name]
        return tensor if isinstance(tensor, np.ndarray) else decode(self.path, name, tensor)

    def _add_constant(self, name: str, attribute: Any) -> None:
        if attribute.name == "value":
            self.tensors[name] = attribute.t
        elif attribute.name == "sparse_value":
            self.sparse[name] = attribute.sparse_tensor
        elif attribute.name in ("value_ints", "value_floats"):
            numbers = attribute.ints if attribute.name == "value_ints" else attribute.floats
            self.tensors[name] = _Numbers(np.asarray(numbers))
        elif attribute.name in ("value_int", "value_float"):
            self.tensors[name] = _Numbers(
                np.asarray(attribute.i if attribute.name == "value_int" else attribute.f)
            )


class _Numbers(np.ndarray):
    """Plain numbers of an attribute, with the shape under the name that tensors have."""

    def __new__(cls, numbers: NDArray[Any]) -> _Numbers:
        return np.asarray(numbers).view(cls)

    @property
    def dims(self) -> tuple[int, ...]:
        """The shape."""
        return self.shape


def decode(path: Path, name: str, tensor: Any) -> NDArray[Any]:
    """Return the numbers of a TensorProto, after its shape was compared with what is stored."""
    code, shape = tensor.data_type, tuple(tensor.dims)
    if code not in _DTYPES:
        raise SkipTensor(f"numbers of ONNX type {code}")
    dtype = np.dtype(_DTYPES[code])
    if min(shape, default=0) < 0:
        raise damage_error(path, name, f"has the shape {list(shape)}")
    count = math.prod(shape)
    if tensor.data_location == _EXTERNAL:
        flat = _external(path, name, tensor, count * dtype.itemsize).view(dtype)
    elif tensor.HasField("raw_data"):
        if len(tensor.raw_data) != count * dtype.itemsize:
            raise damage_error(path, name, f"of shape {list(shape)} stores {len(tensor.raw_data):,} bytes")
        flat = np.frombuffer(tensor.raw_data, dtype)
    else:
        flat = _read_typed(path, name, tensor, dtype, count)
    return _numbers(code, flat).reshape(shape)


def _read_typed(path: Path, name: str, tensor: Any, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    """Return what is stored number by number in the field of its type."""
    code = tensor.data_type
    field = {1: "float_data", 11: "double_data", 7: "int64_data", 12: "uint64_data", 13: "uint64_data"}
    numbers = getattr(tensor, "int32_data" if code in _AS_INTEGERS else field[code])
    if len(numbers) != count:
        raise damage_error(path, name, f"of shape {list(tensor.dims)} stores {len(numbers):,} numbers")
    if code in (10, _BFLOAT16, _E4M3, _E5M2):  # bits kept as integers
        bits = np.asarray(numbers, np.int32).astype(f"<u{dtype.itemsize}")
        return np.frombuffer(bits.tobytes(), dtype)
    typed: NDArray[Any] = np.asarray(numbers).astype(dtype, copy=False)
    return typed


def _numbers(code: int, flat: NDArray[Any]) -> NDArray[Any]:
    if code == _BFLOAT16:
        return (flat.astype(np.uint32) << 16).view(np.float32)
    if code in (_E4M3, _E5M2):
        from netsci.io.formats.safetensors_file import _float8

        table: NDArray[Any] = _float8(4 if code == _E4M3 else 5)
        flat = table[flat]
    return flat


def _external(path: Path, name: str, tensor: Any, size: int) -> NDArray[np.uint8]:
    """Map the bytes of a tensor kept in a file beside the model, and in no other folder."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    shown = printable(location)
    folder = path.resolve().parent
    target = (folder / location).resolve()
    if not location or "\\" in location or not target.is_relative_to(folder):
        raise CheckpointError(
            path,
            f"{printable(name)} names weights outside the model's folder ({shown!r}), which are not opened",
            "move the file beside the model and save the model with its name alone",
        )
    if not target.is_file():
        raise CheckpointError(
            path, f"its weights lie in {shown!r}, which is missing", "put that file beside the model"
        )
    if target.stat().st_nlink > 1:  # a second name of a file that may lie in any folder
        raise CheckpointError(
            path,
            f"its weights lie in {shown!r}, which is a hard link: a file with another name elsewhere",
            "copy that file and put the copy in its place",
        )
    try:
        offset, length = int(entries.get("offset", 0)), int(entries.get("length", size))
    except ValueError:
        raise damage_error(path, name, "has an offset or a length that is not a number") from None
    held = target.stat().st_size
    if offset < 0 or length != size or offset + size > held:
        raise damage_error(
            path, name, f"claims {size:,} bytes from {offset:,} on in {shown!r}, which has {held:,}"
        )
    if not size:
        return np.zeros(0, np.uint8)
    return np.memmap(target, np.uint8, "r", offset, (size,))


def _sparse(path: Path, name: str, tensor: Any) -> Any:
    """Return a sparse tensor of two dimensions as CSR, its indices checked by scipy."""
    import scipy.sparse as sp

    shape = tuple(tensor.dims)
    if len(shape) != 2:
        raise SkipTensor(f"a sparse tensor of shape {list(shape)}")
    if min(shape) < 1:
        raise damage_error(path, name, f"has the shape {list(shape)}")
    check_matrix(path, printable(name), shape)
    values = decode(path, name, tensor.values).ravel()
    places = decode(path, name, tensor.indices)
    if places.dtype.kind not in "iu" or places.ndim not in (1, 2) or len(places) != len(values):
        raise damage_error(path, name, "has indices that do not fit its values")
    rows, columns = np.divmod(places, shape[1]) if places.ndim == 1 else places.T
    return sp.coo_array((values, (rows, columns)), shape=shape).tocsr()


def damage_error(path: Path, name: str, what: str) -> CheckpointError:
    """Return the error for a part of the file that is damaged."""
    return CheckpointError(path, f"{printable(name)} {what}: damaged", "fetch or save it again")


def as_tuple(numbers: Sequence[int] | NDArray[Any]) -> tuple[int, ...]:
    """Return whole numbers of any kind as a tuple of int."""
    return tuple(int(number) for number in np.ravel(numbers))
