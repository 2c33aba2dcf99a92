"""Models in several files: which safetensors belong together, by a folder or by its index.json."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from netsci.io.errors import CheckpointError, printable
from netsci.io.files import sha256
from netsci.io.limits import MAX_BYTES, check_count, check_file_size

_HEAD = 4096
_MAX_INDEX = 2**28
_PART = re.compile(r"-(\d{1,6})-of-(\d{1,6})\.safetensors$")
_CONVERT = "convert it: python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER net.pt"
_SAVED_MODEL = "save the weights: tf.keras.models.load_model(FOLDER).save_weights('net.weights.h5')"
_TO_SAFETENSORS = "save it as safetensors: model.save_pretrained(FOLDER, safe_serialization=True)"
# A file in a folder, what the folder then is, and the mend.
_FOLDERS = (
    (
        "*.distcp",
        "a distributed checkpoint (torch.distributed.checkpoint, FSDP), which is not read",
        _CONVERT,
    ),
    ("saved_model.pb", "a TensorFlow SavedModel, which is not read", _SAVED_MODEL),
    (
        "manifest.ocdbt",
        "an Orbax checkpoint (JAX), which is not read",
        "save the parameters as npz or safetensors",
    ),
    (
        "_METADATA",
        "an Orbax checkpoint (JAX), which is not read",
        "save the parameters as npz or safetensors",
    ),
    ("pytorch_model*.bin.index.json", "a model in several files of torch", _TO_SAFETENSORS),
)


def is_sharded(path: Path) -> bool:
    """Whether a path is a folder, or the index of a model in several files by its first bytes."""
    if path.is_dir():
        return True
    with open(path, "rb") as stream:
        head = stream.read(_HEAD)
    return head.lstrip()[:1] == b"{" and b'"weight_map"' in head


def find_shards(path: Path) -> dict[Path, set[str]]:
    """Return the files of a model and the names of the arrays that its index promises for each.

    Raises
    ------
    CheckpointError
        If a folder holds no model or several, or a file that the index names is missing or in another folder.
    """
    index = _find_index(path) if path.is_dir() else path
    if index is None:
        return {file: set() for file in _complete(path)}
    return _read_index(path, index)


def checksum(path: Path) -> str:
    """Return the SHA-256 of the checksums and names of all files of a model."""
    files = sorted(find_shards(path))
    check_file_size(path, sum(file.stat().st_size for file in files))
    lines = "".join(f"{sha256(file)}  {file.name}\n" for file in files)
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()


def total_size(path: Path) -> int:
    """Return the bytes of a file, or of all files of a model."""
    if not is_sharded(path):
        return path.stat().st_size
    return sum(file.stat().st_size for file in find_shards(path))


def refuse_part(path: Path) -> None:
    """Raise CheckpointError for one file of several, by its name: its layers are not the whole network."""
    found = _PART.search(path.name)
    if found and int(found[2]) > 1:
        raise CheckpointError(
            path,
            f"this is part {int(found[1])} of {int(found[2])} of a model: its other layers lie in the "
            "other files",
            "open their folder, or its model.safetensors.index.json; rename this file to read it alone",
        )


def _find_index(folder: Path) -> Path | None:
    indices = sorted(folder.glob("*.safetensors.index.json"))
    if len(indices) > 1:
        raise _several(folder, indices)
    return indices[0] if indices else None


def _complete(folder: Path) -> list[Path]:
    """Return the safetensors of a folder without an index: one, or all parts of one."""
    files = sorted(file for file in folder.glob("*.safetensors") if file.is_file())
    parts = [_PART.search(file.name) for file in files]
    if len(files) == 1 and parts[0] is None:
        return files
    if files and all(parts):
        held = {
            (file.name[: part.start()], int(part[2])) for file, part in zip(files, parts, strict=True) if part
        }
        numbers = sorted(int(part[1]) for part in parts if part)
        whole = numbers in (list(range(1, len(files) + 1)), list(range(len(files))))
        if len(held) == 1 and whole and next(iter(held))[1] == len(files):
            return files
        raise CheckpointError(
            folder, f"{len(files)} parts of a model are here, and not all of them", "fetch the missing parts"
        )
    if files:
        raise _several(folder, files)
    for pattern, what, mend in _FOLDERS:
        if next(folder.glob(pattern), None) is not None:
            raise CheckpointError(folder, f"this folder is {what}", mend)
    raise CheckpointError(folder, "this is a folder without safetensors", "give one of the files in it")


def _several(folder: Path, files: list[Path]) -> CheckpointError:
    named = ", ".join(printable(file.name) for file in files[:3])
    return CheckpointError(folder, f"this is a folder with several models: {named}", "give one of them")


def _read_index(path: Path, index: Path) -> dict[Path, set[str]]:
    check_file_size(path, index.stat().st_size)
    if index.stat().st_size > _MAX_INDEX:
        raise CheckpointError(path, f"its index is larger than {_MAX_INDEX:,} bytes", "open one of its files")
    try:
        held = json.loads(index.read_bytes())
    except (ValueError, RecursionError) as error:
        raise CheckpointError(path, "its index is no JSON: truncated or damaged", "fetch it again") from error
    places: Any = held.get("weight_map") if isinstance(held, dict) else None
    if not isinstance(places, dict) or not places or not all(isinstance(one, str) for one in places.values()):
        raise CheckpointError(path, "its index names no files: damaged", "fetch it again")
    check_count(path, len(places), "arrays")
    files: dict[Path, set[str]] = {}
    for name, place in places.items():
        files.setdefault(_inside(path, index, place), set()).add(name)
    if sum(file.stat().st_size for file in files) > MAX_BYTES:
        raise CheckpointError(path, f"its files have more than {MAX_BYTES:,} bytes", "open one of them")
    return files


def _inside(path: Path, index: Path, place: str) -> Path:
    """Return a file that an index names, which must lie beside it."""
    shown, folder = printable(place), index.resolve().parent
    if not place.endswith(".safetensors"):
        raise CheckpointError(
            path, f"its index names {shown!r}, which is no safetensors file", _TO_SAFETENSORS
        )
    if (
        "/" in place
        or "\\" in place
        or "\0" in place
        or not (folder / place).resolve().is_relative_to(folder)
    ):
        raise CheckpointError(
            path,
            f"its index names a file outside its folder ({shown!r}), which is not opened",
            "move the file beside the index",
        )
    target = folder / place
    if not target.is_file():
        raise CheckpointError(
            path, f"its weights lie in {shown!r}, which is missing", "put it beside the index"
        )
    return target
