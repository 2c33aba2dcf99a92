"""From a module to the graph of its sparse layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn

from netsci.graph import LayeredGraph, Population, Projection
from netsci.sparse.conv import SparseConv2d
from netsci.sparse.layer import SparseLayer


def sparse_layers(module: nn.Module) -> dict[str, SparseLayer]:
    """Return the sparse layers of a module by name, in the order in which it holds them.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> list(sparse_layers(nn.Sequential(SparseLinear([[1, 0]]), nn.ReLU(), SparseLinear([[1], [1]]))))
    ['0', '2']
    """
    return {name: layer for name, layer in module.named_modules() if isinstance(layer, SparseLayer)}


def wired_layers(module: nn.Module) -> dict[str, SparseLayer]:
    """Return the sparse layers that `layered_graph` has a projection for: those in the wiring, or all.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> list(wired_layers(nn.Sequential(nn.ReLU(), SparseLinear([[1, 0]]))))
    ['1']
    """
    layers, wiring = sparse_layers(module), getattr(module, "wiring", None)
    if not callable(wiring):
        return layers
    named = {wire.get("layer") for wire in wiring()}
    return {name: layer for name, layer in layers.items() if name in named}


def layered_graph(module: nn.Module) -> LayeredGraph:
    """Return the populations and projections of a module, with its weights.

    A module with a method `wiring()` says how its layers are joined: a list of dictionaries, one a
    projection, with `source` and `target` (names of populations), `rows_per_unit` (1 if absent) and either
    `layer`, the name of a sparse layer, an nn.Linear or an nn.Conv2d (linked fully), or `links`, a matrix
    [presynaptic, postsynaptic] that never changes, with an optional `name`. A projection is called as its
    layer. Sparse layers that no projection names are not in the graph: nothing evolves them. Any other module
    is the chain of its sparse layers, in order.

    Raises
    ------
    ValueError
        If there is no sparse layer, the layers do not chain, or the wiring names an unknown layer.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> layered_graph(nn.Sequential(SparseLinear([[1, 0]]), SparseLinear([[1], [1]]))).n_links
    3
    """
    wiring = getattr(module, "wiring", None)
    if callable(wiring):
        return _wired(module, wiring())
    layers = sparse_layers(module)
    if not layers:
        raise ValueError(
            "module has no sparse layer: build it from netsci.sparse.SparseLinear or SparseConv2d, or give "
            "it a method wiring()"
        )
    return LayeredGraph.from_masks(
        [layer.links for layer in layers.values()],
        weights=[weights_of(layer) for layer in layers.values()],
        names=list(layers),
        rows_per_unit=_rows_per_unit(list(layers.values())),
    )


def weights_of(layer: nn.Module) -> sp.csr_array:
    """Return the weights of a layer at its links, CSR [presynaptic, postsynaptic], float32 or float64."""
    if isinstance(layer, SparseLayer):
        links, values = layer.links, layer.values
        return sp.csr_array((_numbers(values), links.indices, links.indptr), shape=links.shape)
    if isinstance(layer, (nn.Linear, nn.Conv2d)):
        dense = _numbers(layer.weight.reshape(layer.weight.shape[0], -1).T)
        rows, columns = dense.shape
        indptr, indices = np.arange(rows + 1) * columns, np.tile(np.arange(columns), rows)
        return sp.csr_array((dense.ravel(), indices, indptr), shape=dense.shape)
    raise ValueError(
        f"a layer of the wiring must be sparse, nn.Linear or nn.Conv2d; got {type(layer).__name__}"
    )


def _numbers(tensor: torch.Tensor) -> Any:
    kind = torch.float64 if tensor.dtype == torch.float64 else torch.float32
    return tensor.detach().to("cpu", kind).numpy().copy()


def _rows_per_unit(layers: list[SparseLayer]) -> list[int]:
    """Return the rows each unit before a layer owns: k k, or the places of a channel that was flattened."""
    rows = []
    for i, layer in enumerate(layers):
        width = layers[i - 1].n_columns if i else layer.n_rows
        if isinstance(layer, SparseConv2d):
            rows.append(layer.rows_per_unit)
        else:
            rows.append(max(1, layer.n_rows // width) if width and layer.n_rows % width == 0 else 1)
    return rows


def _wired(module: nn.Module, wiring: list[dict[str, Any]]) -> LayeredGraph:
    layers = dict(module.named_modules())
    sizes: dict[str, int] = {}
    projections = []
    for wire in wiring:
        name, rows = wire.get("layer"), int(wire.get("rows_per_unit", 1))
        if name is None:
            links, weights = wire["links"], None
        elif name in layers:
            weights = weights_of(layers[name])
            links = sp.csr_array(
                (np.ones(weights.nnz, bool), weights.indices, weights.indptr), shape=weights.shape
            )
        else:
            raise ValueError(f"wiring names the layer {name!r}, which the module has not")
        called = name or wire.get("name", "")
        projection = Projection(wire["source"], wire["target"], links, weights, rows, called)
        sizes.setdefault(projection.source, projection.shape[0] // rows)
        sizes.setdefault(projection.target, projection.shape[1])
        projections.append(projection)
    return LayeredGraph(tuple(Population(name, size) for name, size in sizes.items()), tuple(projections))
