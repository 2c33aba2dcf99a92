"""Sparse weights with a bit for every place, as compressed-tensors keeps them (sparse-bitmask).

a.compressed holds the values row by row, a.bitmask [rows, columns / 8] a bit for each place, the lowest
first, a.shape both sides, and a.row_offsets, if there, where each row begins among the values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from netsci.io.errors import CheckpointError, printable
from netsci.io.limits import check_matrix

PARTS = ("compressed", "bitmask", "shape", "row_offsets")


def find_bitmasks(names: Collection[str]) -> list[str]:
    """Return the beginnings of the names, up to a dot, that have values, bits and a shape.

    >>> find_bitmasks(["l.compressed", "l.bitmask", "l.shape", "m.bitmask"])
    ['l.']
    """
    known = set(names)
    layers = [
        name.removesuffix("bitmask") for name in names if name == "bitmask" or name.endswith(".bitmask")
    ]
    return [layer for layer in layers if all(layer + part in known for part in PARTS[:3])]


def with_bitmasks(path: Path, arrays: Mapping[str, Any], layers: Collection[str]) -> dict[str, Any]:
    """Return arrays with the sparse weight a.weight in place of the parts of each layer "a."."""
    parts = {layer + part: layer for layer in layers for part in PARTS}
    found: dict[str, Any] = {}
    for name, array in arrays.items():
        layer = parts.get(name)
        if layer is None:
            found[name] = array
        elif name == f"{layer}bitmask":
            short = layer.rstrip(".")
            weight = short if short.endswith("weight") else f"{layer}weight"
            found[weight] = _matrix(path, short or "weight", arrays, layer)
    return found


def _matrix(path: Path, shown: str, arrays: Mapping[str, Any], layer: str) -> Any:
    """Return CSR [out, in]; every size is checked before memory is taken for it."""
    import scipy.sparse as sp

    values, bits, shape = (np.asarray(arrays[layer + part]) for part in PARTS[:3])
    name = printable(shown)
    if shape.shape != (2,) or shape.dtype.kind not in "iu" or bits.ndim != 2 or bits.dtype != np.uint8:
        raise _damage(path, name, "its parts are not a bitmask and a shape of two sides")
    rows, columns = (int(side) for side in shape)
    if rows < 1 or columns < 1 or bits.shape != (rows, -(-columns // 8)):
        raise _damage(path, name, f"its bitmask {list(bits.shape)} does not fit {rows:,} x {columns:,}")
    check_matrix(path, name, (rows, columns))
    count = (
        int(np.bitwise_count(bits).sum()) if hasattr(np, "bitwise_count") else int(np.unpackbits(bits).sum())
    )
    if count != values.size:
        raise _damage(path, name, f"its bitmask has {count:,} places for {values.size:,} values")
    places = [np.flatnonzero(np.unpackbits(row, bitorder="little")) for row in bits]
    starts = np.cumsum([0, *map(len, places)])
    indices = np.concatenate(places)
    if len(indices) and indices.max() >= columns:
        raise _damage(path, name, "a bit stands beyond its last column")
    offsets = arrays.get(f"{layer}row_offsets")
    if offsets is not None and not np.array_equal(np.ravel(offsets), starts[:-1]):
        raise _damage(path, name, "its row_offsets do not fit its bitmask")
    return sp.csr_array((values.ravel(), indices, starts), shape=(rows, columns))


def _damage(path: Path, name: str, what: str) -> CheckpointError:
    return CheckpointError(path, f"the sparse layer {name} is damaged: {what}", "fetch or save it again")
