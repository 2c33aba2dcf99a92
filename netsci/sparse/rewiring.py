"""Links replaced after a step of evolution: values and the optimizer's moments follow the ones that stay."""

from __future__ import annotations

import torch
from torch import nn

from netsci.graph import LayeredGraph, Projection
from netsci.graph.checks import check_graph
from netsci.sparse.layer import SparseLayer, follow
from netsci.sparse.moments import fresh_moments
from netsci.sparse.wiring import sparse_layers, unwired_layers


def rewire(module: nn.Module, graph: LayeredGraph, optimizer: torch.optim.Optimizer | None) -> None:
    """Give the sparse layers of a module the links of a graph, evolved from `layered_graph(module)`.

    A link that was there keeps its value and its moments, also where it was removed and grew again in one
    step. A new link weighs 0 and starts as the elements of a fresh parameter do, but for what the optimizer
    counts of the layer as a whole: the steps by which Adam, AdamW, NAdam, RAdam, Adamax, Adagrad (lr_decay)
    and ASGD correct or slow down are those of the old links, and with dampening SGD damps the first gradient
    too. A new link then moves as one that was there from the start, weighed 0 and had no gradient.

    Parameters stay the same objects, their gradients are cleared. Projections that are no sparse layer of the
    module (dense ones, frozen matrices) stay as they are, and so do sparse layers that its wiring leaves out,
    unless a projection of the graph is called as one of them. Weights of the graph are not read.

    Parameters
    ----------
    module : its sparse layers are called as projections of the graph.
    graph : the new links.
    optimizer : the one that trains the module, with one number for each element of a parameter: all of
        torch.optim for dense gradients but LBFGS. None only where there is none: else it would give every
        link the moments of another.

    Raises
    ------
    TypeError, ValueError
        If a layer has no projection, shapes differ, or the optimizer keeps a state of another form, or one
        whose fresh value is not known, or trains none of the layers. Nothing has changed then.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> net = nn.Sequential(SparseLinear([[1, 0]]))
    >>> optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    >>> rewire(net, LayeredGraph.from_masks([[[1, 1]]], names=["0"]), optimizer)
    >>> net[0].n_links, net[0].values[1].item()
    (2, 0.0)
    """
    check_graph(graph)
    left_out, named = unwired_layers(module), {p.name for p in graph.projections}
    layers = {name: it for name, it in sparse_layers(module).items() if name not in left_out or name in named}
    wanted = _projections(layers, graph, list(left_out))
    _check_optimizer(optimizer, layers)
    fresh = {name: fresh_moments(optimizer, layer.values, name) for name, layer in layers.items()}
    for name, layer in layers.items():
        origin = layer.rewire(wanted[name].links)
        for key, start in fresh[name].items():
            state = optimizer.state[layer.values]  # type: ignore[union-attr]
            state[key] = follow(state[key], origin, start)


def _projections(
    layers: dict[str, SparseLayer], graph: LayeredGraph, left_out: list[str]
) -> dict[str, Projection]:
    names = [p.name for p in graph.projections]
    missing = [name for name in layers if names.count(name) != 1]
    if missing:
        raise ValueError(
            f"graph must have one projection for each sparse layer {list(layers)}; {missing} are missing or "
            f"there twice among {names}: evolve layered_graph(module)"
            + (f". The module's wiring() leaves out {left_out}" if left_out else "")
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


def _check_optimizer(optimizer: torch.optim.Optimizer | None, layers: dict[str, SparseLayer]) -> None:
    if optimizer is None:
        return
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"optimizer must be a torch.optim.Optimizer or None; got {type(optimizer).__name__}")
    trained = {parameter for group in optimizer.param_groups for parameter in group["params"]}
    if layers and not any(layer.values in trained for layer in layers.values()):
        raise ValueError(
            f"the optimizer ({type(optimizer).__name__}) trains none of the layers {list(layers)}: pass the "
            "one that does, or None where there is none"
        )
