"""Read MATLAB 7.3 files, which are HDF5: matrices, sparse matrices, and those in structures.

MATLAB stores the columns first, so that an array lies transposed in HDF5. A sparse matrix is a group with jc
(where columns begin), ir (rows) and data, and its number of rows is an attribute.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.hdf5.tree import Tree, open_tree
from netsci.io.formats.matlab.matrices import build_matrices
from netsci.io.limits import check_count, check_matrix
from netsci.io.network.pointers import check_pointers

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_OWN = ("#refs#", "#subsystem#")
_MAX_DEPTH = 8


def read_matlab_hdf5(path: Path) -> tuple[LayeredGraph, list[str]]:
    """Read square matrices as networks of their own and the others as layers of a chain; add notes.

    Raises
    ------
    CheckpointError
        If the file is damaged, holds no matrix, or if h5py is not installed.
    """
    with open_tree(path) as tree:
        found = _Variables(tree)
        found.walk(tree.root, "", 0)
    return build_matrices(path, "MATLAB 7.3 file", found.matrices, found.left_out)


class _Variables:
    """The matrices of a file by name, and a list of what is left out."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.matrices: dict[str, Any] = {}
        self.left_out: list[str] = []
        self._count = 0

    def walk(self, group: Any, prefix: str, depth: int) -> None:
        """Read the variables of a group: of the file, or the fields of a structure."""
        if depth > _MAX_DEPTH:
            raise CheckpointError(
                self.tree.path, f"its structures nest deeper than {_MAX_DEPTH}", "save only the matrices"
            )
        for name in self.tree.names(group):
            if name in _OWN:
                continue
            self._count += 1
            check_count(self.tree.path, self._count, "arrays")
            entry = self.tree.member(group, name)
            full = f"{prefix}{name}"
            if entry is None:
                self.left_out.append(f"{printable(full)} (a link)")
            elif hasattr(entry, "shape"):
                self._array(full, entry)
            elif "MATLAB_sparse" in entry.attrs:
                self._sparse(full, entry)
            else:
                self.walk(entry, f"{full}.", depth + 1)

    def _array(self, name: str, dataset: Any) -> None:
        kind = "".join(self.tree.attribute(dataset, "MATLAB_class"))
        shown = f"{printable(name)} {' x '.join(map(str, dataset.shape[::-1] if dataset.shape else ()))}"
        if kind == "char":
            self.left_out.append(f"{printable(name)} (text)")
        elif dataset.dtype.kind not in "biuf":
            what = (
                "complex"
                if dataset.dtype.kind == "c" or dataset.dtype.names
                else "cells, a structure or objects"
            )
            self.left_out.append(f"{shown} ({what})")
        elif dataset.shape is None or "MATLAB_empty" in dataset.attrs or 0 in dataset.shape:
            self.left_out.append(f"{printable(name)} (empty)")
        elif len(dataset.shape) > 2:
            self.left_out.append(f"{shown} (a stack: save its slices one by one)")
        elif len(dataset.shape) < 2 or min(dataset.shape) < 2:
            if max(dataset.shape, default=0) > 1:
                self.left_out.append(f"{shown} (a vector)")
        else:
            check_matrix(self.tree.path, printable(name), dataset.shape[::-1])
            self.matrices[name] = self.tree.array(name, dataset).T

    def _sparse(self, name: str, group: Any) -> None:
        """Read a sparse matrix. Check every index before compiled code uses it."""
        rows = np.ravel(group.attrs["MATLAB_sparse"])
        starts = self._part(name, group, "jc")
        if rows.size != 1 or rows.dtype.kind not in "iu" or starts is None or not len(starts):
            raise self.tree.damage_error(f"the sparse matrix {printable(name)} is incomplete")
        shape = (int(rows[0]), len(starts) - 1)
        check_matrix(self.tree.path, printable(name), shape)
        places, values = self._part(name, group, "ir"), self._part(name, group, "data")
        places = np.zeros(0, np.int64) if places is None else places
        values = np.zeros(0) if values is None else values
        if min(shape) < 1 or len(places) != len(values):
            raise self.tree.damage_error(f"the sparse matrix {printable(name)} is incomplete")
        check_pointers(self.tree.path, printable(name), starts, places, shape[::-1])
        starts, places = starts.astype(np.int64), places.astype(np.int64)
        self.matrices[name] = sp.csr_array(sp.csc_array((values, places, starts), shape=shape))

    def _part(self, name: str, group: Any, part: str) -> Any:
        dataset = self.tree.member(group, part)
        if dataset is None:
            return None
        if not hasattr(dataset, "shape") or len(dataset.shape) != 1 or dataset.dtype.kind not in "biuf":
            raise self.tree.damage_error(f"the part {part} of {printable(name)} is no list of numbers")
        return self.tree.array(f"{name}.{part}", dataset)
