"""Sparse matrices and links in several arrays of one file: the parts of CSR, CSC or COO, or pairs of nodes.

The parts have one beginning and known ends: adj_data, adj_indices, adj_indptr, adj_shape; row, col, data;
edge_index with edge_weight; i, j, w.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from netsci.io.errors import CheckpointError, printable
from netsci.io.limits import check_matrix
from netsci.io.network.pointers import check_pointers

_ENDS = {
    "indptr": r"indptr|rowptr|row_ptr|crow_indices|crow",
    "colptr": r"colptr|col_ptr|ccol_indices",
    "indices": r"indices|col_indices|row_indices|colind|col_idx|col_index",
    "row": r"rows?|i|src|sources?|senders?|pre|from|u|row_idx|row_index",
    "col": r"cols?|columns?|j|dst|targets?|tgt|receivers?|post|to|v",
    "pairs": r"edge_index|edge_list|edges|links|edgelist|edge_indices",
    "data": r"data|values?|vals?|weights?|w|edge_weights?|edge_attr",
    "shape": r"shape|size",
    "count": r"num_nodes|n_nodes|num_node|number_of_nodes",
}
# How many axes and which types each part has.
_FORM = dict.fromkeys(_ENDS, (1, "iu")) | {"pairs": (2, "iu"), "data": (1, "biuf")}
_PART = re.compile(
    "|".join(rf"(?P<{part}>(?:^|[._/])(?:{words})$)" for part, words in _ENDS.items()), re.IGNORECASE
)
_GRAPH = re.compile(r"adj|graph|edge|network|connect|^a$|^$", re.IGNORECASE)
_ASIDE = re.compile(r"attr|feat|^x$|label|node", re.IGNORECASE)


MOST_PLAIN = 1_000_000  # nodes that the largest number may call for, whatever the number of links
SPARSEST = 100  # nodes a link beyond that: a larger number is an id or damage, and each node takes memory


@dataclass(frozen=True)
class Group:
    """The parts of one matrix: the beginning of their names, and the name of each part."""

    name: str
    parts: dict[str, str]

    @property
    def layout(self) -> str:
        """Return csr, csc, coo or pairs."""
        if "pairs" in self.parts:
            return "pairs"
        if "colptr" in self.parts or ("indptr" in self.parts and "csc" in self.name.lower()):
            return "csc"
        return "csr" if "indptr" in self.parts else "coo"

    @property
    def is_graph(self) -> bool:
        """Whether its name, or parts without a shape, are those of links between nodes."""
        no_shape = "shape" not in self.parts and self.layout in ("coo", "pairs")
        return no_shape or _GRAPH.search(self.name) is not None

    @property
    def is_aside(self) -> bool:
        """Whether its name is that of features or labels of nodes."""
        return _ASIDE.search(self.name) is not None and not re.search(r"adj|edge", self.name, re.IGNORECASE)


def find_groups(held: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]]) -> list[Group]:
    """Return the matrices that several arrays make, by their names, shapes and types.

    >>> whole, real = ((4,), np.dtype(int)), ((4,), np.dtype(float))
    >>> groups = find_groups({"adj_data": real, "adj_indices": whole, "adj_indptr": whole, "label": whole})
    >>> [group.parts["indptr"] for group in groups]
    ['adj_indptr']
    """
    parts: dict[str, dict[str, str]] = {}
    for name, (shape, dtype) in held.items():
        found = _PART.search(name)
        part = str(found.lastgroup) if found else ""
        axes, kinds = _FORM.get(part, (-1, ""))
        if found and len(shape) in (axes, axes - 1 if part == "count" else axes) and dtype.kind in kinds:
            parts.setdefault(name[: found.start()], {}).setdefault(part, name)
    groups = []
    for beginning, own in parts.items():
        pointers = {"indptr", "colptr"} & set(own)
        if "pairs" in own:
            wanted = {"pairs", "data", "count"}
        elif pointers and "indices" in own:
            wanted = {*pointers, "indices", "data", "shape"}
        elif {"row", "col"} <= set(own):
            wanted = {"row", "col", "data", "shape", "count"}
        else:
            continue
        groups.append(Group(beginning, {part: name for part, name in own.items() if part in wanted}))
    return groups


def with_parts(path: Path, arrays: Mapping[str, Any], groups: list[Group]) -> dict[str, Any]:
    """Return arrays with one sparse matrix in place of the parts of each group."""
    owners = {name: group for group in groups for name in group.parts.values()}
    found: dict[str, Any] = {}
    for name, array in arrays.items():
        group = owners.get(name)
        if group is None:
            found[name] = array
        elif (group.name or "matrix") not in found:
            found[group.name or "matrix"] = assemble(path, group, arrays)
    return found


def assemble(path: Path, group: Group, arrays: Mapping[str, Any]) -> sp.csr_array:
    """Return the matrix of a group as CSR, every index checked; square where no shape is given."""
    parts = {part: np.asarray(arrays[name]) for part, name in group.parts.items()}
    shown = printable(group.name or "that its arrays make")
    if group.layout in ("csr", "csc"):
        return _read_compressed(path, shown, group.layout, parts)
    ends = parts.get("pairs")
    if ends is not None and (ends.ndim != 2 or 2 not in ends.shape):
        raise _damage(path, shown, f"pairs of nodes are [2, links] or [links, 2], not {list(ends.shape)}")
    if ends is not None:
        rows, columns = ends if ends.shape[0] == 2 else ends.T
    else:
        rows, columns = parts["row"], parts["col"]
    if rows.ndim != 1 or rows.shape != columns.shape or not len(rows):
        raise _damage(path, shown, f"{rows.size:,} sources and {columns.size:,} targets")
    if not all(one.dtype.kind in "iu" and one.min() >= 0 for one in (rows, columns)):
        raise _damage(path, shown, "its ends are not whole numbers of at least 0")
    values = parts.get("data")
    values = np.ones(len(rows)) if values is None or values.size != len(rows) else values.ravel()
    most = max(int(rows.max()), int(columns.max())) + 1
    if not {"count", "shape"} & set(parts) and most > MOST_PLAIN and most > SPARSEST * len(rows):
        raise CheckpointError(
            path,
            f"the matrix {shown} has {len(rows):,} links and node numbers up to {most - 1:,}",
            "number the nodes from 0, or save their number as num_nodes beside the links",
        )
    count = int(parts["count"]) if "count" in parts and parts["count"].size == 1 else most
    shape = _shape(path, shown, parts, (max(count, most),) * 2)
    if rows.max() >= shape[0] or columns.max() >= shape[1]:
        raise _damage(path, shown, "an index points outside it")
    return sp.csr_array(sp.coo_array((values, (rows, columns)), shape=shape))


def _read_compressed(path: Path, shown: str, layout: str, parts: dict[str, Any]) -> sp.csr_array:
    pointers = parts["colptr"] if "colptr" in parts else parts["indptr"]
    places = parts["indices"]
    if pointers.ndim != 1 or places.ndim != 1 or not len(pointers):
        raise _damage(path, shown, "its pointers and indices are no lists")
    square = (len(pointers) - 1,) * 2
    shape = _shape(path, shown, parts, square)
    check_pointers(path, shown, pointers, places, shape if layout == "csr" else shape[::-1])
    values = parts.get("data", np.ones(len(places)))
    if values.shape != places.shape or values.dtype.kind not in "biuf":
        raise _damage(path, shown, f"{values.size:,} values for {len(places):,} places")
    build = sp.csr_array if layout == "csr" else sp.csc_array
    matrix = build((values, places, pointers), shape=shape)
    matrix.check_format(full_check=True)
    return sp.csr_array(matrix)


def _shape(path: Path, shown: str, parts: dict[str, Any], square: tuple[int, int]) -> tuple[int, int]:
    shape = parts.get("shape")
    if shape is not None and (shape.shape != (2,) or shape.dtype.kind not in "iu" or shape.min() < 1):
        raise _damage(path, shown, "its shape is not two sides")
    sides = square if shape is None else (int(shape[0]), int(shape[1]))
    check_matrix(path, shown, sides)
    return sides


def _damage(path: Path, shown: str, what: str) -> CheckpointError:
    return CheckpointError(
        path, f"the matrix {shown} is damaged: {what}", "save it again, as scipy.sparse.save_npz does"
    )
