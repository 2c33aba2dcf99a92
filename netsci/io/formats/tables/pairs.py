"""An npy array of pairs of node numbers: the shortest way to save links in Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from netsci.io.errors import CheckpointError, printable
from netsci.io.formats.matlab.matrices import build_matrices
from netsci.io.formats.numpy_file import read_npy
from netsci.io.guess import Guess
from netsci.io.network.arrays.zeros_and_ones import is_correlation
from netsci.io.network.named_links import NamedLinks
from netsci.io.options import Hints

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

_MATRIX = "--format matrix (format= in load) reads a layer"


def read_pairs(path: Path, hints: Hints) -> tuple[str, LayeredGraph, list[str]] | None:
    """Return kind, graph and notes of an array [links, 2 or 3] or [2, links] of node numbers, or None.

    It is one where whole numbers of at least 0, among them one above 1, make pairs that do not repeat. The
    third column holds weights. A square array with nothing finite on its diagonal is a correlation matrix, a
    network too.
    """
    wanted = hints.format == "edges" or bool(hints.columns) or hints.bipartite
    if hints.format == "matrix":
        return None
    if hints.columns or hints.format not in ("", "npy", "edges"):
        raise CheckpointError(path, "an npy array has no columns with names", "use --format edges or matrix")
    matrix = next(iter(read_npy(path).arrays.values()))
    turned = matrix.shape[0] == 2 and matrix.shape[1] not in (2, 3)
    array = matrix.T if turned else matrix
    if not wanted and is_correlation(matrix):
        graph, notes = build_matrices(path, "npy matrix", {printable(path.stem): matrix}, [])
        return "npy matrix", graph, notes
    if not _are_links(array, sure=hints.format == "edges"):
        if not wanted or (hints.bipartite and hints.format != "edges"):
            return None  # a layer, which has two sets of nodes anyway
        raise CheckpointError(
            path,
            f"it holds no links: an array {list(matrix.shape)} of {matrix.dtype}",
            f"links are whole numbers of nodes [links, 2], or [links, 3] with weights; {_MATRIX}",
        )
    links = NamedLinks(path, hints.bipartite)
    weights = array[:, 2].astype(np.float64).tolist() if array.shape[1] == 3 else [None] * len(array)
    for u, v, weight in zip(array[:, 0].tolist(), array[:, 1].tolist(), weights, strict=True):
        links.add(str(int(u)), str(int(v)), weight)
    two = "bipartite, as told: the columns are two sets of nodes"
    mend = "save them as text under the line 'source,target'"
    graph, notes = links.graph(True if hints.bipartite else None, two if hints.bipartite else "", mend=mend)
    layout = f"[{'2, links' if turned else f'links, {array.shape[1]}'}]"
    head = f"an array {layout} of {len(array):,} pairs of node numbers; {_MATRIX}"
    return "npy array of links", graph, [head if wanted else Guess(head), *notes]


def _are_links(array: np.ndarray, sure: bool) -> bool:
    """Whether rows are pairs of whole numbers with, perhaps, a weight, and no pattern of zeros and ones."""
    rows, columns = array.shape
    if columns not in (2, 3) or not rows or array.dtype.kind not in "iuf":
        return False
    ends = array[:, :2]
    if ends.dtype.kind == "f" and not (np.isfinite(ends).all() and (ends == np.floor(ends)).all()):
        return False
    if ends.min() < 0 or (ends.dtype.kind == "f" and ends.max() >= 2**53):
        return False
    if sure:
        return True
    if ends.dtype.kind == "f" and (columns == 2 or not ends.any(axis=0).all()):
        return False
    pairs = np.unique(ends, axis=0)
    return bool(rows > 2 and ends.max() > 1 and len(pairs) == rows and not (columns == 3 and rows == 3))
