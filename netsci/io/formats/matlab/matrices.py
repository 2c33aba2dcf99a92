"""Named matrices of one file as networks and layers: those of MATLAB, and links in the arrays of an npz."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from netsci.io.errors import CheckpointError, printable
from netsci.io.guess import Guess
from netsci.io.network.arrays.zeros_and_ones import may_be_pairs
from netsci.io.network.contents import Contents

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph
    from netsci.graph.projection import Population, Projection


def build_matrices(
    path: Path, kind: str, matrices: dict[str, Any], left_out: list[str]
) -> tuple[LayeredGraph, list[str]]:
    """Return square matrices as networks of their own and the others as layers of a chain, and notes.

    Raises
    ------
    CheckpointError
        If there is no matrix.
    """
    from netsci.graph.layered import LayeredGraph

    square = {name: m for name, m in matrices.items() if m.shape[0] == m.shape[1]}
    others = {name: m for name, m in matrices.items() if name not in square}
    if not matrices:
        held = ", ".join(left_out[:6]) or "nothing"
        raise CheckpointError(
            path,
            f"it holds no matrix: {held}",
            "save an adjacency matrix, or layers [presynaptic, postsynaptic]",
        )
    notes = []
    if len(matrices) > 1:
        listed = ", ".join(f"{printable(n)} {m.shape[0]:,} x {m.shape[1]:,}" for n, m in matrices.items())
        notes.append(f"{len(matrices)} matrices: {listed}; choose one by --select NAME (select=)")
    populations: list[Population] = []
    projections: list[Projection] = []
    for name, matrix in square.items():
        graph, said = _network(path, name, matrix)
        populations += graph.populations
        projections += graph.projections
        notes += [f"{printable(name)}: {note}" for note in said]
    if others:
        graph, said = _layers(path, kind, others, {p.name for p in populations})
        if pairs := [printable(name) for name, matrix in others.items() if may_be_pairs(matrix)]:
            notes.append(Guess(f"whole numbers, read as a layer: {', '.join(pairs[:6])}; links go into npy"))
        populations += graph.populations
        projections += graph.projections
        notes += said
    if left_out:
        more = f" and {len(left_out) - 6} more" if len(left_out) > 6 else ""
        notes.append(f"left out: {', '.join(left_out[:6])}{more}")
    return LayeredGraph(tuple(populations), tuple(projections)), notes


def _network(path: Path, name: str, matrix: Any) -> tuple[LayeredGraph, list[str]]:
    """Return a square matrix as a plain network with the name of the variable."""
    from dataclasses import replace

    from netsci.graph.layered import LayeredGraph
    from netsci.graph.projection import Population
    from netsci.io.formats.matrix_text import matrix_graph

    coo = sp.coo_array(matrix)
    values = np.asarray(coo.data, np.float64)
    place = (np.asarray(coo.row, np.int64), np.asarray(coo.col, np.int64))
    graph, notes = matrix_graph(path, place, values, matrix.shape)
    shown = printable(name)
    renamed = replace(graph.projections[0], source=shown, target=shown, name=shown)
    return LayeredGraph((Population(shown, matrix.shape[0]),), (renamed,)), notes


def _layers(
    path: Path, kind: str, matrices: dict[str, Any], taken: set[str]
) -> tuple[LayeredGraph, list[str]]:
    """Return rectangular matrices as layers. Join them to a chain where their widths fit."""
    from dataclasses import replace

    from netsci.graph.layered import LayeredGraph
    from netsci.io.network.chains import join
    from netsci.io.network.layers import find_layers
    from netsci.io.network.order.arrange import arrange

    contents = Contents(kind, matrices, "in_out", False)
    layers, notes = find_layers(path, contents)
    layers, arranged = arrange(layers, contents)
    graph, joined = join(layers)
    new = {name: f"{name} (layer)" if name in taken else name for name in graph.sizes}
    populations = tuple(replace(p, name=new[p.name]) for p in graph.populations)
    ends = [(new[p.source], new[p.target]) for p in graph.projections]
    projections = tuple(
        replace(p, source=source, target=target)
        for p, (source, target) in zip(graph.projections, ends, strict=True)
    )
    said = ["matrices that are not square are read as layers [presynaptic, postsynaptic]"]
    return LayeredGraph(populations, projections), said + notes + arranged + joined
