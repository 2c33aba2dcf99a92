"""A torch pickle looked through before torch sees it, with inert stand-ins in place of everything it names.

torch.load(weights_only=True) refuses foreign classes, but believes sizes: a storage may claim more bytes than
its record has, and a tensor more than its storage. Here both are compared with what the file holds. Plain
data beside the weights becomes a stub (`netsci.io.formats.torch.stubs`); all else is refused by name.
"""

from __future__ import annotations

import collections
import math
import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.torch.stubs import Inert, stub

_ITEM = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "LongStorage": 8,
    "IntStorage": 4, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1,
    "ComplexDoubleStorage": 16, "ComplexFloatStorage": 8, "QInt8Storage": 1, "QUInt8Storage": 1,
    "QInt32Storage": 4, "UntypedStorage": 1,
}  # fmt: skip
_TOKENS = {
    "torch.float64", "torch.float32", "torch.float16", "torch.bfloat16", "torch.int64", "torch.int32",
    "torch.int16", "torch.int8", "torch.uint8", "torch.uint16", "torch.uint32", "torch.uint64", "torch.bool",
    "torch.complex64", "torch.complex128", "torch.complex32", "torch.qint8", "torch.quint8", "torch.qint32",
    "torch.float8_e4m3fn", "torch.float8_e5m2", "torch.float8_e4m3fnuz", "torch.float8_e5m2fnuz",
    "torch.per_tensor_affine", "torch.per_tensor_symmetric", "torch.per_channel_affine",
    "torch.per_channel_symmetric", "torch.per_channel_affine_float_qparams", "torch.Tensor",
    "torch.nn.parameter.Parameter",
}  # fmt: skip
# Harmless calls whose result does not matter here: scalars, devices, layouts.
_IGNORED = {
    "torch.device", "torch.serialization._get_layout", "torch._utils._rebuild_sparse_tensor",
    "_codecs.encode", "numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
}  # fmt: skip
_BUILDERS = {f"torch._utils._rebuild_{name}" for name in ("tensor", "tensor_v2", "tensor_v3", "qtensor")}
_WRAPPERS = {"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"}
STATE_DICT = (
    "in the program that made it, save the weights alone: torch.save(model.state_dict(), 'weights.pt')"
)


class _Storage:
    """A storage's key and the bytes that the pickle claims for it."""

    def __init__(self, key: str, numel: int, itemsize: int) -> None:
        self.key, self.numel, self.itemsize = key, numel, itemsize


class Scan(pickle.Unpickler):
    """Unpickles to stand-ins only: no class of the file is imported, no function of it called."""

    def __init__(self, path: Path, stream: Any, plain: bool) -> None:
        super().__init__(stream)
        self.path, self.plain = path, plain
        self.storages: dict[str, int] = {}
        self.stubs: set[str] = set()  # names of plain data beside the weights

    def find_class(self, module: str, name: str) -> Any:
        """Return a stand-in for a name of the file, or refuse it."""
        full = f"{module}.{name}"
        if full == "collections.OrderedDict":
            return collections.OrderedDict
        if full == "builtins.set" or full == "__builtin__.set":
            return set
        if full == "torch.Size":
            return tuple
        if full in _BUILDERS:
            return self._tensor
        if full in _WRAPPERS:
            return lambda tensor, *rest: tensor
        if full == "torch._tensor._rebuild_from_type_v2":
            return lambda build, kind, args, state: self._rebuild(build, args)
        if full in _IGNORED or (module == "numpy.dtypes" and name.endswith("DType")):
            return lambda *args: Inert()
        if self.plain and (stand_in := stub(full)) is not None:
            self.stubs.add(full)
            return stand_in
        is_storage = module in ("torch", "torch.cuda", "torch.storage") and name in _ITEM
        if is_storage or full in _TOKENS:
            return _Token(name)
        if full.endswith("_rebuild_meta_tensor_no_storage"):
            raise CheckpointError(
                self.path, "it holds meta tensors: shapes without numbers", "save the model with its weights"
            )
        raise CheckpointError(
            self.path,
            f"it pickles {printable(full)}, an object or code and no weights, so it is not opened",
            STATE_DICT,
        )

    def persistent_load(self, pid: Any) -> _Storage:
        """Note what a storage claims to hold."""
        tag, kind, key, _, numel = pid[:5]
        if tag != "storage" or not isinstance(kind, _Token) or kind.name not in _ITEM or not _whole(numel):
            raise self._damage_error("a storage record is not one")
        key = str(key)
        storage = _Storage(key, numel, _ITEM[kind.name])
        self.storages[key] = max(self.storages.get(key, 0), numel * storage.itemsize)
        return storage

    def _rebuild(self, build: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        if getattr(build, "__self__", None) is not self:
            raise self._damage_error("a tensor is built in an unknown way")
        return build(*args)

    def _tensor(self, storage: Any, offset: Any, size: Any, stride: Any, *rest: Any) -> Inert:
        """Check that a strided tensor stays inside its storage."""
        whole = isinstance(storage, _Storage) and all(map(_whole, (offset, *size, *stride)))
        if not whole or len(size) != len(stride):
            raise self._damage_error("a tensor's size or stride is not one")
        last = offset + sum((side - 1) * step for side, step in zip(size, stride, strict=True))
        if math.prod(size) and last >= storage.numel:
            raise self._damage_error(f"a tensor of shape {list(size)} reaches outside its storage")
        return Inert()

    def _damage_error(self, what: str) -> CheckpointError:
        return CheckpointError(self.path, f"{what}: the file is damaged", "fetch or save it again")


class _Token(Inert):
    """A type that may be named but not called."""

    def __init__(self, name: str) -> None:
        self.name = name


def scan(path: Path, stream: Any, *, plain: bool = False) -> Scan:
    """Look through one pickle and leave the stream behind it; raises CheckpointError for foreign names.

    plain : whether plain data may stand beside the weights.
    """
    start = stream.tell()
    for done, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        # The unpickler allocates its memo up to the largest number named: 6 bytes could cost gigabytes.
        if "PUT" in opcode.name and isinstance(argument, int) and argument > 1000 + 16 * done:
            raise CheckpointError(
                path, "its pickle numbers memo entries far above their count: damaged", "save it again"
            )
    stream.seek(start)
    scanner = Scan(path, stream, plain)
    scanner.load()
    return scanner


def _whole(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**62
