"""Replace the links of a module. Links that stay keep their values and their moments in the optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from netsci.graph import LayeredGraph, Projection
from netsci.graph.checks import check_graph
from netsci.sparse.layer import SparseLayer, follow
from netsci.sparse.moments import fresh_moments
from netsci.sparse.wiring import sparse_layers, unwired_layers


def rewire(module: nn.Module, graph: LayeredGraph, optimizer: torch.optim.Optimizer | None) -> None:
    """Replace the links of the sparse layers of a module by those of a graph.

    The graph comes from `layered_graph(module)` after a step of evolution. A link that exists before and
    after keeps its value and its moments. A new link weighs 0 and its moments are those of a new parameter.
    Only the number of steps, by which Adam, AdamW, NAdam, RAdam, Adamax, Adagrad (lr_decay) and ASGD correct
    or slow down, is shared by all links of the layer, and SGD with dampening damps the first gradient too. So
    a new link moves like a link of weight 0 that had no gradient so far.

    Parameters stay the same objects and their gradients are cleared. Projections that are no sparse layer of
    the module do not change, nor do sparse layers that its wiring leaves out, unless a projection of the
    graph has their name. Weights of the graph are not read.

    Parameters
    ----------
    module : a module whose sparse layers have the names of projections of the graph.
    graph : the new links.
    optimizer : the optimizer that trains the module. Pass None only if there is no optimizer; otherwise its
        moments would belong to the wrong links. It must store one number for each element, as all of
        torch.optim for dense gradients do except LBFGS.

    Raises
    ------
    TypeError, ValueError
        If a layer has no projection, shapes differ, the optimizer trains none of the layers, or its moments
        have another form or unknown first values. Nothing has changed then.

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
    rewire_layers(layers, {name: wanted[name].links for name in layers}, optimizer)


def rewire_layers(
    layers: Mapping[str, SparseLayer], links: Mapping[str, Any], optimizer: torch.optim.Optimizer | None
) -> None:
    """Replace the links of some sparse layers, as `rewire` does; links : a matrix for each, by name.

    Examples
    --------
    >>> from netsci.sparse import SparseLinear
    >>> layer = SparseLinear([[1, 1]])
    >>> rewire_layers({"a": layer}, {"a": [[0, 1]]}, None)
    >>> layer.n_links
    1
    """
    _check_optimizer(optimizer, dict(layers))
    fresh = {name: fresh_moments(optimizer, layer.values, name) for name, layer in layers.items()}
    for name, layer in layers.items():
        origin = layer.rewire(links[name])
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
            f"twice in {names}: evolve the graph that layered_graph(module) returns"
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
            f"optimizer ({type(optimizer).__name__}) trains none of the layers {list(layers)}: pass the one "
            "that does, or None if there is none"
        )
