"""Read `wiring()` of a module, and make the LayeredGraph of such a list of projections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn

from netsci.arguments import shorten
from netsci.graph import LayeredGraph, Population, Projection
from netsci.sparse.layer import SparseLayer


def has_wiring(module: nn.Module) -> bool:
    """Return whether a module describes its graph in a method `wiring()`."""
    return callable(getattr(module, "wiring", None))


def sparse_layers(module: nn.Module) -> dict[str, SparseLayer]:
    """Return the sparse layers of a module, {name: SparseLinear or SparseConv2d}, in the module's order.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> list(sparse_layers(nn.Sequential(SparseLinear([[1, 0]]), nn.ReLU(), SparseLinear([[1], [1]]))))
    ['0', '2']
    """
    if not isinstance(module, nn.Module):
        raise TypeError(f"module must be a torch.nn.Module; got {shorten(module)}")
    return {name: layer for name, layer in module.named_modules() if isinstance(layer, SparseLayer)}


def unwired_layers(module: nn.Module) -> dict[str, SparseLayer]:
    """Return the sparse layers, by name, that the `wiring()` of a module, or of a part of it, leaves out.

    They are not in the graph, so they never evolve. A module without `wiring()` leaves none out.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> class Half(nn.Sequential):
    ...     def wiring(self):
    ...         return [{"source": "in", "target": "out", "layer": "1"}]
    >>> list(unwired_layers(Half(SparseLinear([[1]]), SparseLinear([[1]]))))
    ['0']
    """
    layers = sparse_layers(module)
    left_out: dict[str, SparseLayer] = {}
    for start, part in _find_parts(module).items():
        named = {start + wire["layer"] for wire in part.wiring() if wire.get("layer") is not None}
        inside = {name: layer for name, layer in layers.items() if name.startswith(start)}
        left_out |= {name: layer for name, layer in inside.items() if name not in named}
    return left_out


def layers_in_graph(module: nn.Module) -> dict[str, SparseLayer]:
    """Return the sparse layers that `layered_graph` has a projection for: all but `unwired_layers`.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> list(layers_in_graph(nn.Sequential(nn.ReLU(), SparseLinear([[1, 0]]))))
    ['1']
    """
    left_out = unwired_layers(module)
    return {name: layer for name, layer in sparse_layers(module).items() if name not in left_out}


def weights_of(layer: nn.Module) -> sp.csr_array:
    """Return the weights of a layer at its links, CSR [presynaptic, postsynaptic], float32 or float64."""
    if isinstance(layer, SparseLayer):
        links, values = layer.links, layer.values
        return sp.csr_array((_numbers(values), links.indices, links.indptr), shape=links.shape)
    if isinstance(layer, nn.Conv2d) and layer.groups > 1:
        return _weights_of_groups(layer)
    if isinstance(layer, (nn.Linear, nn.Conv2d)):
        dense = _numbers(layer.weight.reshape(layer.weight.shape[0], -1).T)
        rows, columns = dense.shape
        indptr, indices = np.arange(rows + 1) * columns, np.tile(np.arange(columns), rows)
        return sp.csr_array((dense.ravel(), indices, indptr), shape=dense.shape)
    raise ValueError(
        f"layer in wiring() must name a sparse layer, nn.Linear or nn.Conv2d; got {type(layer).__name__}"
    )


def _find_parts(module: nn.Module) -> dict[str, Any]:
    """Return the outermost parts that have a wiring, by the start of the names of their layers."""
    if has_wiring(module):
        return {"": module}
    parts: dict[str, Any] = {}
    for name, one in module.named_modules():
        if name and has_wiring(one) and not any(name.startswith(start) for start in parts):
            parts[f"{name}."] = one
    return parts


def _weights_of_groups(layer: nn.Conv2d) -> sp.csr_array:
    """Return the weights of a convolution whose groups of channels read inputs of their own."""
    kernels = _numbers(layer.weight.reshape(layer.groups, layer.weight.shape[0] // layer.groups, -1))
    rows, columns = kernels.shape[0] * kernels.shape[2], kernels.shape[0] * kernels.shape[1]
    own = np.arange(columns).reshape(kernels.shape[0], 1, -1).repeat(kernels.shape[2], axis=1)
    indptr = np.arange(rows + 1) * kernels.shape[1]
    values = kernels.transpose(0, 2, 1)
    return sp.csr_array((values.ravel(), own.ravel(), indptr), shape=(rows, columns))


def graph_of(module: nn.Module, wiring: Sequence[dict[str, Any]]) -> LayeredGraph:
    """Return the graph of a list of projections, as a module's `wiring()` gives it; see `layered_graph`.

    Raises ValueError if it names a layer that the module does not have.
    """
    layers = dict(module.named_modules())
    sizes: dict[str, int] = {}
    needs = {wire["target"]: wire["needs"] for wire in wiring if "needs" in wire}
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
            raise ValueError(
                f"wiring() names the layer {name!r}, but the module has no such layer: name one of "
                f"{list(layers)}"
            )
        called = name or wire.get("name", "")
        projection = Projection(wire["source"], wire["target"], links, weights, rows, called)
        sizes.setdefault(projection.source, projection.shape[0] // rows)
        sizes.setdefault(projection.target, projection.shape[1])
        projections.append(projection)
    populations = (Population(name, size, needs=needs.get(name, "any")) for name, size in sizes.items())
    return LayeredGraph(tuple(populations), tuple(projections))


def _numbers(tensor: torch.Tensor) -> Any:
    kind = torch.float64 if tensor.dtype == torch.float64 else torch.float32
    return tensor.detach().to("cpu", kind).numpy().copy()
