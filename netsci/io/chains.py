"""Layers in their order, joined where their widths fit, as one LayeredGraph.

Layers that do not fit begin a chain of their own in the same graph.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import scipy.sparse as sp

from netsci.graph import LayeredGraph, Population, Projection
from netsci.io.contents import Contents
from netsci.io.layers import Layer


def arrange(layers: list[Layer], contents: Contents) -> tuple[list[Layer], list[str]]:
    """Return the layers in the order and orientation in which they chain, and notes on what was decided.

    A torch dict is taken as it is. Where the order means nothing, names are sorted naturally (layers.2 before
    layers.10); if that does not chain, the file's order and the only order of the pieces that chains are
    tried. Where only names tell the orientation, the transposes are tried last.
    """
    if contents.ordered:
        return layers, []
    natural = sorted(layers, key=lambda layer: natural_key(layer.name))
    turns = (False, True) if contents.orientation == "by_name" and len(layers) > 1 else (False,)
    # Orders found from widths come last: transposed layers always chain backwards.
    orders = [(natural, ""), (layers, "the layers are in the order of the file")]
    tries = [(order, note, turn) for turn in turns for order, note in orders]
    tries += [(_by_width(natural), "the order of the layers was found from their widths", False)]
    for order, note, turn in tries:
        tried = [layer.turned() for layer in order] if turn else order
        if tried and len(_pieces(tried)) == 1:
            same = [layer.name for layer in order] == [layer.name for layer in natural]
            return tried, ([] if same else [note]) + _orientation(contents, turn)
    return natural, _orientation(contents, False)


def join(layers: list[Layer]) -> tuple[LayeredGraph, list[str]]:
    """Return the graph of layers in order, and notes on flattens, recurrent layers and breaks."""
    populations: list[Population] = []
    projections: list[Projection] = []
    notes: list[str] = []
    taken: set[str] = set()
    last: Layer | None = None
    breaks = []
    for layer in layers:
        width = populations[-1].size if last else 0
        if last and loops(width, layer):
            source = populations[-1].name
            projections.append(_projection(layer, source, source, layer.positions, notes))
            notes.append(f"{layer.name} is recurrent: from {source} onto itself")
            continue
        rows_per_unit = fit(last, layer) if last else 0
        if rows_per_unit:
            source = populations[-1].name
            if rows_per_unit != layer.positions:
                notes.append(f"{layer.name} reads {source} flattened: {rows_per_unit} rows a channel")
        else:
            rows_per_unit = layer.positions
            source = _free(f"input of {layer.name}" if last else "input", taken)
            populations.append(Population(source, layer.channels))
            if last:
                breaks.append(_break(last, layer))
        target = _free(layer.name, taken)
        populations.append(Population(target, layer.shape[1]))
        projections.append(_projection(layer, source, target, rows_per_unit, notes))
        last = layer
    if breaks:
        more = f"; and {len(breaks) - 6} more" if len(breaks) > 6 else ""
        notes.append(
            f"{len(breaks) + 1} separate chains, because widths do not fit: " + "; ".join(breaks[:6]) + more
        )
    return LayeredGraph(tuple(populations), tuple(projections)), notes


def fit(before: Layer, after: Layer) -> int:
    """Return how many rows of `after` each unit of `before` owns, or 0 where their widths do not fit."""
    width, rows = before.shape[1], after.shape[0]
    if after.channels == width:
        return after.positions
    flattens = before.convolution and not after.convolution and rows % width == 0
    return rows // width if flattens else 0


def loops(width: int, layer: Layer) -> bool:
    """Whether a layer called recurrent maps a population of this width onto itself."""
    return layer.recurrent and layer.channels == layer.shape[1] == width


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Return a sorting key by which numbers in names count as numbers.

    >>> sorted(["layers.10", "layers.2"], key=natural_key)
    ['layers.2', 'layers.10']
    """
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d{1,18})", name)
    ]


def _pieces(layers: list[Layer]) -> list[list[Layer]]:
    """Cut layers where they do not chain."""
    pieces: list[list[Layer]] = []
    last: Layer | None = None
    for layer in layers:
        if last and loops(last.shape[1], layer):
            pieces[-1].append(layer)
            continue
        if last and fit(last, layer):
            pieces[-1].append(layer)
        else:
            pieces.append([layer])
        last = layer
    return pieces


def _by_width(layers: list[Layer]) -> list[Layer]:
    """Return the pieces in the only order in which all of them chain, or none."""
    pieces = _pieces(layers)
    if len(pieces) > 64:
        return []
    after = [[j for j, b in enumerate(pieces) if i != j and fit(a[-1], b[0])] for i, a in enumerate(pieces)]
    followed = {j for found in after for j in found}
    starts = [i for i in range(len(pieces)) if i not in followed]
    if len(starts) != 1 or any(len(found) > 1 for found in after):
        return []
    order = [starts[0]]
    while after[order[-1]] and len(order) <= len(pieces):
        order.append(after[order[-1]][0])
    return [layer for i in order for layer in pieces[i]] if len(order) == len(pieces) else []


def _orientation(contents: Contents, turned: bool) -> list[str]:
    if contents.orientation != "by_name":
        return []
    if turned:
        return ["matrices were transposed where their names did not ask for it: only so do they chain"]
    torch_named = [name for name in contents.arrays if re.search(r"\.(weight|mask)\w*$", name)]
    if len(torch_named) == len(contents.arrays):
        return ["names as in torch (*.weight): matrices are [out, in] and were transposed"]
    if torch_named:
        return [
            "matrices named as in torch (*.weight) are [out, in] and were transposed, the others were not"
        ]
    return ["matrices are taken as [presynaptic, postsynaptic]"]


def _projection(layer: Layer, source: str, target: str, rows_per_unit: int, notes: list[str]) -> Projection:
    values, mask = layer.values, layer.mask
    if mask is not None:
        links = _pattern(mask)
    elif sp.issparse(values):
        links = _pattern(values, stored=True)
    else:
        links = values != 0
    weights = None if values is None or values.dtype == bool else _weights(values, links)
    if weights is not None and not np.isfinite(weights.data).all():
        notes.append(f"weights of {layer.name} hold NaN or infinite values: links kept, weights dropped")
        weights = None
    return Projection(source, target, links, weights, rows_per_unit, layer.name)


def _pattern(matrix: Any, *, stored: bool = False) -> sp.csr_array:
    """Return bool CSR: where a mask differs from zero, or all that a sparse matrix stores."""
    if not stored and sp.issparse(matrix):
        matrix = matrix.copy()
        matrix.eliminate_zeros()
    coo = sp.coo_array(matrix)
    links = sp.csr_array(sp.coo_array((np.ones(coo.nnz, np.int64), (coo.row, coo.col)), shape=coo.shape))
    links.sum_duplicates()
    return sp.csr_array((np.ones(links.nnz, bool), links.indices, links.indptr), shape=links.shape)


def _weights(values: Any, links: Any) -> sp.csr_array:
    """Return the weights at the links."""
    links = links if sp.issparse(links) else _pattern(links)
    rows = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))
    if sp.issparse(values):
        from netsci.graph.projection import values_at

        summed = sp.csr_array(values, copy=True)
        summed.sum_duplicates()
        return values_at(summed, links)
    data = values[rows, links.indices]
    data = data.astype(np.float32) if data.dtype == np.float16 else data
    return sp.csr_array((data, links.indices, links.indptr), shape=links.shape)


def _free(name: str, taken: set[str]) -> str:
    """Return the name, or the name with the first number that makes it new."""
    new, number = name, 2
    while new in taken:
        new, number = f"{name} ({number})", number + 1
    taken.add(new)
    return new


def _break(last: Layer, layer: Layer) -> str:
    width = last.shape[1]
    text = f"{last.name} ends with {width}, {layer.name} begins with {layer.channels}"
    groups = width // layer.channels
    if layer.convolution and width % layer.channels == 0 and layer.shape[1] % groups == 0:
        text += f" (a grouped convolution of {groups} groups?)"
    return text
