"""torch state dicts, current and legacy, always through torch.load(weights_only=True)."""

from __future__ import annotations

import io
import mmap
import pickle
import zipfile
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.torch.nesting import flatten
from netsci.io.formats.torch.scan import STATE_DICT, Scan, scan
from netsci.io.formats.torch.sparse import plain, sparse_matrix
from netsci.io.formats.torch.stubs import PickledArray, numpy_stubs, stub
from netsci.io.limits import check_arrays, check_members
from netsci.io.network.arrays import bitmask
from netsci.io.network.arrays.bitmask import find_bitmasks, with_bitmasks
from netsci.io.network.arrays.naming import list_names
from netsci.io.network.contents import Contents
from netsci.io.network.linked import PARTS, find_linked_layers, with_linked

if TYPE_CHECKING:
    import torch

_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"  # the number that a legacy file begins with


def read_torch_zip(path: Path) -> Contents:
    """Read a file of torch.save (1.6 and later)."""
    verified, stored, stubs = _copy_verified(path)
    return _contents(path, _load(path, verified, stubs), stored, "torch state dict", stubs)


def read_torch_legacy(path: Path) -> Contents:
    """Read a file of torch.save before 1.6: four pickles, the storages' keys, the storages."""
    size = path.stat().st_size
    with open(path, "rb") as stream:
        # Mapped, so that a pickle's string of a claimed terabyte allocates no more than the file holds.
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
            for _ in range(3):  # magic number, protocol, system
                scan(path, view)
            scanned = scan(path, view, plain=True)
            claimed = sum(scanned.storages.values())
            scan(path, view)  # the keys of the storages
            held = size - view.tell()
            again = view.find(_MAGIC, view.tell()) >= 0
        if claimed > held:
            raise _truncation_error(path, claimed, held)
        if again and held > claimed + 8 * len(scanned.storages):  # each storage follows its length
            raise CheckpointError(
                path,
                "it holds several files of torch.save one after the other, of which one alone would be read",
                "save each into a file of its own",
            )
        loaded = _load(path, stream, scanned.stubs)
    return _contents(path, loaded, size, "torch state dict (legacy format)", scanned.stubs)


def _copy_verified(path: Path) -> tuple[io.BytesIO, int, set[str]]:
    """Return the archive anew from records whose checksums hold, the bytes it stores, and its stubs.

    torch checks neither checksums nor sizes of records, and reads the archive's directory with code of its
    own, which can be made to see other records than were checked; in a fresh copy there is only one reading.
    """
    copy = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as fresh:
        members = archive.infolist()
        check_members(path, members, path.stat().st_size)
        sizes: dict[str, int] = {}
        scanned: Scan | None = None
        for member in members:
            name = member.filename.partition("/")[2] or member.filename
            if name in sizes:
                raise CheckpointError(path, f"it holds the record {printable(name)} twice", "save it again")
            data = _record(path, archive, member)
            sizes[name] = len(data)
            if name == "data.pkl":
                scanned = scan(path, io.BytesIO(data), plain=True)
            fresh.writestr(f"archive/{name}", data)
        if "version" not in sizes:
            fresh.writestr("archive/version", "3\n")
    if scanned is None:
        raise CheckpointError(path, "it holds no data.pkl", "save it again with torch.save")
    for key, claimed in scanned.storages.items():
        if claimed > sizes.get(f"data/{key}", -1):
            raise _truncation_error(path, claimed, sizes.get(f"data/{key}", 0))
    copy.seek(0)
    return copy, sum(sizes.values()), scanned.stubs


def _record(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(member)
    except zipfile.BadZipFile as error:
        raise CheckpointError(
            path,
            f"its record {printable(member.filename)} does not match its checksum: damaged",
            "fetch it again; if it was saved without checksums, save it with them "
            "(torch.serialization.set_crc32_options(True))",
        ) from error


def _truncation_error(path: Path, claimed: int, held: int) -> CheckpointError:
    return CheckpointError(
        path,
        f"its tensors claim {claimed:,} bytes where it holds {held:,}: truncated or damaged",
        "fetch or save it again",
    )


def _load(path: Path, stream: IO[bytes], stubs: set[str]) -> Any:
    try:
        import torch
    except ImportError:
        raise CheckpointError(
            path,
            "reading it needs torch, which is not installed",
            "install netsci-suite with its extra `torch`, or save the weights as safetensors or npz",
        ) from None

    with _allowed(stubs):
        try:
            return torch.load(stream, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise CheckpointError(
                path,
                "torch's safe reader does not read its pickle",
                f"{STATE_DICT}, with the default pickle_protocol",
            ) from error


@contextmanager
def _allowed(stubs: set[str]) -> Iterator[None]:
    """Allow stubs by their names, and plain numbers of numpy, such as a best accuracy."""
    import torch

    # torch reads the names of Python 2, which its pickles have, as those of now.
    allowed = [(stub(name), known) for name in stubs for known in {name, _name_now(name)}]
    with torch.serialization.safe_globals([*allowed, *numpy_stubs()]):
        yield


def _name_now(name: str) -> str:
    module, _, attribute = name.rpartition(".")
    module, attribute = NAME_MAPPING.get((module, attribute), (IMPORT_MAPPING.get(module, module), attribute))
    return f"{module}.{attribute}"


def _contents(path: Path, loaded: Any, stored: int, kind: str, stubs: set[str]) -> Contents:
    import torch

    held, notes = flatten(path, loaded, _is_array)
    found = {name: _as_tensor(value) for name, value in held.items()}
    if not found and stubs:
        names = list_names([printable(name) for name in sorted(stubs)])
        raise CheckpointError(path, f"it pickles {names} and no weights, so it is not opened", STATE_DICT)
    flat = {n: tensor for n, tensor in found.items() if tensor.dim() == 1 and tensor.layout == torch.strided}
    linked = find_linked_layers(flat)
    masked = find_bitmasks(found)
    parts = {layer + part for layer in linked for part in PARTS}
    parts |= {layer + part for layer in masked for part in bitmask.PARTS}
    wanted = {name: tensor for name, tensor in found.items() if tensor.dim() >= 2 or name in parts}
    dense = [tensor for tensor in wanted.values() if tensor.layout == torch.strided]
    check_arrays(path, sum(tensor.numel() * tensor.element_size() for tensor in dense), stored)
    if any(tensor.is_quantized for tensor in wanted.values()):
        notes.append("quantised weights were turned into numbers: a link is a value different from zero")
    arrays: dict[str, Any] = {}
    for name, tensor in wanted.items():
        if tensor.layout == torch.strided:
            arrays[name] = _matrix(tensor.detach())
        elif matrix := sparse_matrix(path, name, tensor.detach(), notes):
            arrays[name] = matrix[0]
    lengths = {name: len(tensor) for name, tensor in found.items() if tensor.dim() == 1}
    small = set(found) - set(arrays)
    arrays = with_bitmasks(path, with_linked(path, arrays, linked, lengths), masked)
    return Contents(kind, arrays, "out_in", True, small, notes, lengths)


def _is_array(value: Any) -> bool:
    import torch

    return isinstance(value, torch.Tensor) or (isinstance(value, PickledArray) and value.ndim >= 0)


def _as_tensor(value: Any) -> torch.Tensor:
    import torch

    tensor: torch.Tensor = torch.from_numpy(value.numbers()) if isinstance(value, PickledArray) else value
    return tensor


def _matrix(tensor: torch.Tensor) -> Any:
    """Return a dense tensor as an array."""
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    return plain(tensor).numpy()
