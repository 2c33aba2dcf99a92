"""Read HDF5 files: Keras models and weights, NIR networks. Name and refuse all others."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.hdf5.keras import read_current, read_legacy
from netsci.io.formats.hdf5.nir import read_nir
from netsci.io.formats.hdf5.tree import Tree, open_tree
from netsci.io.limits import check_members
from netsci.io.network.arrays.naming import list_names
from netsci.io.network.contents import Contents

_CURRENT = ("layers", "_layer_checkpoint_dependencies", "_self_tracked_trackables")
_INNER = "model.weights.h5"


def read_hdf5(path: str | Path) -> Contents:
    """Read the layers of a Keras model or weights file (all layouts), or of a NIR network.

    Raises
    ------
    CheckpointError
        If it is another kind of HDF5 file, is damaged, refers to other files, gives sizes larger than what it
        stores, or if h5py is not installed.
    """
    path = Path(path)
    with open_tree(path) as tree:
        return _read(tree, [])


def read_keras_zip(path: str | Path) -> Contents:
    """Read the weights in a .keras archive (Keras 3). Order the layers as its config.json does.

    Raises
    ------
    CheckpointError
        As `read_hdf5`, and if the archive unpacks to more than the limit.
    """
    path = Path(path)
    with zipfile.ZipFile(path) as archive:
        members = {member.filename: member for member in archive.infolist()}
        check_members(path, archive.infolist(), path.stat().st_size)
        if _INNER not in members:
            raise CheckpointError(path, f"it holds no {_INNER}", "save the model again with Keras 3")
        data = archive.read(members[_INNER])
        config = archive.read(members["config.json"]) if "config.json" in members else b""
    with open_tree(path, io.BytesIO(data)) as tree:
        return _read(tree, [config.decode("utf-8", "replace")])


def _read(tree: Tree, configs: list[str]) -> Contents:
    root = tree.root
    names = tree.names(root)
    if "model_weights" in names or any(f"layer_names{end}" in root.attrs for end in ("", "0")):
        return read_legacy(tree)
    if tree.member(root, "node/nodes") is not None:
        return read_nir(tree)
    if any(name in names for name in _CURRENT):
        return read_current(tree, configs)
    what = "an HDF5 file, but neither Keras nor NIR"
    if tree.member(root, "layer/0") is not None:
        what = "a Lava network (HDF5), which is not read"
    held = f"it holds {list_names([printable(name) for name in names])}" if names else "it holds nothing"
    raise CheckpointError(
        tree.path, f"this is {what}: {held}", "save the weights as npz (numpy.savez) or safetensors"
    )
