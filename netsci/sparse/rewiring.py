"""Links replaced after a step of evolution: values and the optimizer's moments follow the ones that stay."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from netsci.graph import LayeredGraph, Projection
from netsci.graph.checks import check_graph
from netsci.sparse.graph import sparse_layers, wired_layers
from netsci.sparse.layer import SparseLayer, follow


def rewire(module: nn.Module, graph: LayeredGraph, optimizer: torch.optim.Optimizer | None = None) -> None:
    """Give the sparse layers of a module the links of a graph, evolved from `layered_graph(module)`.

    A link that was there keeps its value and its moments, also where it was removed and grew again in one
    step; a new link weighs 0 and has none. Parameters stay the same objects, their gradients are cleared.
    Projections that are no sparse layer of the module (dense ones, frozen matrices) stay as they are, and so
    do sparse layers that its wiring leaves out, unless a projection of the graph is called as one of them.
    Weights of the graph are not read.

    Parameters
    ----------
    module : its sparse layers are called as projections of the graph.
    graph : the new links.
    optimizer : any whose state has one number for each element of a parameter: SGD, Adam, AdamW and others.

    Raises
    ------
    TypeError, ValueError
        If a layer has no projection, shapes differ, or the optimizer keeps a state of another form. Nothing
        has changed then.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> net = nn.Sequential(SparseLinear([[1, 0]]))
    >>> rewire(net, LayeredGraph.from_masks([[[1, 1]]], names=["0"]))
    >>> net[0].n_links, net[0].values[1].item()
    (2, 0.0)
    """
    check_graph(graph)
    wired, named = wired_layers(module), {p.name for p in graph.projections}
    layers = {name: it for name, it in sparse_layers(module).items() if name in wired or name in named}
    wanted = _projections(layers, graph)
    if optimizer is not None and not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"optimizer must be a torch.optim.Optimizer or None; got {type(optimizer).__name__}")
    states = {name: _state(optimizer, layer, name) for name, layer in layers.items()}
    for name, layer in layers.items():
        old = layer.values.shape
        origin = layer.rewire(wanted[name].links)
        state = states[name]
        for key, moment in state.items():
            if torch.is_tensor(moment) and moment.shape == old:
                state[key] = follow(moment, origin)


def _projections(layers: dict[str, SparseLayer], graph: LayeredGraph) -> dict[str, Projection]:
    names = [p.name for p in graph.projections]
    missing = [name for name in layers if names.count(name) != 1]
    if missing:
        raise ValueError(
            f"graph must have one projection for each sparse layer {list(layers)}; {missing} are missing or "
            f"there twice among {names}: evolve layered_graph(module)"
        )
    found = {p.name: p for p in graph.projections}
    for name, layer in layers.items():
        shape = (layer.n_rows, layer.n_columns)
        if found[name].shape != shape:
            raise ValueError(
                f"projection {name!r} must be [presynaptic, postsynaptic] = {list(shape)}; it is "
                f"{list(found[name].shape)}"
            )
    return found


def _state(optimizer: torch.optim.Optimizer | None, layer: SparseLayer, name: str) -> dict[str, Any]:
    """Return what an optimizer keeps of a layer's values; {} where it has nothing."""
    if optimizer is None or layer.values not in optimizer.state:
        return {}
    state: dict[str, Any] = optimizer.state[layer.values]
    for key, held in state.items():
        single = torch.is_tensor(held) and (held.ndim == 0 or held.shape == layer.values.shape)
        if not single and (torch.is_tensor(held) or isinstance(held, (list, tuple, dict))):
            raise ValueError(
                f"{type(optimizer).__name__} keeps {key!r} of layer {name!r} in a form that cannot follow "
                "its links; use SGD, Adam, AdamW or another with one number for each element"
            )
    return state
