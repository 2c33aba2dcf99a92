"""Sparse layers of this library in a checkpoint: a.values, a.column and a.start, links by presynaptic unit.

A sparse convolution is stored alike, by the rows of its unfolded kernel, and read as such a layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from netsci.io.errors import CheckpointError, printable
from netsci.io.limits import check_matrix
from netsci.io.network.pointers import check_pointers

PARTS = ("values", "column", "start")


def find_linked_layers(names: Iterable[str]) -> list[str]:
    """Return, of the names of one-dimensional arrays, the layers that have all three parts, in their order.

    Examples
    --------
    >>> find_linked_layers(["a.bias", "a.column", "a.start", "a.values", "b.values"])
    ['a.']
    """
    known = dict.fromkeys(names)
    layers = [name.removesuffix("values") for name in known if name == "values" or name.endswith(".values")]
    return [layer for layer in layers if all(layer + part in known for part in PARTS)]


def read_linked_matrix(path: Path, layer: str, parts: Mapping[str, Any], outputs: int | None) -> Any:
    """Return the weights of a layer, CSR [out, in], every index checked; outputs: None if not known.

    Raises CheckpointError if the parts do not make a matrix.
    """
    import scipy.sparse as sp

    values, column, start = (np.asarray(parts[layer + part]) for part in PARTS)
    name = printable(layer.rstrip(".") or "weight")
    whole = all(part.ndim == 1 and part.dtype.kind in "iu" for part in (column, start))
    if not whole or values.shape != column.shape or not len(start):
        raise CheckpointError(
            path, f"the sparse layer {name} is damaged: its links do not fit together", "save it again"
        )
    widest = int(column.max()) + 1 if len(column) else 0
    shape = (len(start) - 1, widest if outputs is None else outputs)
    check_matrix(path, name, shape)
    check_pointers(path, name, start, column, shape)
    ends = start.astype(np.int64)
    rows = np.repeat(np.arange(shape[0]), ends[1:] - ends[:-1])
    places = rows * max(shape[1], 1) + column.astype(np.int64)
    if len(np.unique(places)) < len(places):
        raise CheckpointError(
            path, f"the sparse layer {name} is damaged: it holds a link twice", "save it again"
        )
    return sp.csr_array((values, column, start), shape=shape).T.tocsr()


def with_linked(
    path: Path, arrays: Mapping[str, Any], layers: Sequence[str], lengths: Mapping[str, int]
) -> dict[str, Any]:
    """Return arrays with a.weight in place of the three parts of each layer "a.", where its values stood.

    lengths : of the other one-dimensional arrays, such as a.bias, which tells the number of outputs.
    """
    known = set(layers)
    found: dict[str, Any] = {}
    for layer in layers:
        if f"{layer}weight" in arrays:
            raise CheckpointError(
                path,
                f"it holds the layer {printable(layer.rstrip('.') or 'weight')} twice, dense and sparse",
                "save one of them",
            )
    for name, array in arrays.items():
        layer, _, part = name.rpartition(".")
        layer = f"{layer}." if layer else ""
        if layer not in known or part not in PARTS:
            found[name] = array
        elif part == "values":
            found[f"{layer}weight"] = read_linked_matrix(path, layer, arrays, lengths.get(f"{layer}bias"))
    return found
