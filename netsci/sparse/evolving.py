"""Evolve a torch module: read its graph, evolve it, and rewire the module."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from numpy.random import Generator
from torch import nn
from torch.optim import Optimizer

from netsci.arguments import check_iterable, shorten
from netsci.sparse.distributed import share
from netsci.sparse.graph import layered_graph
from netsci.sparse.rewiring import rewire
from netsci.sparse.wiring import sparse_layers, unwired_layers
from netsci.topology import Evolution, EvolutionRule, LayerView, evolve

Targets = Mapping[str, int] | None
Names = Collection[str] | None
Views = Mapping[str, LayerView] | None


def evolve_module(
    net: nn.Module,
    rule: EvolutionRule,
    *,
    zeta: float,
    optimizer: Optimizer | None,
    rng: Generator,
    example: Any = None,
    target_links: Targets = None,
    evolvable: Names = None,
    views: Views = None,
) -> Evolution:
    """Remove, percolate and regrow links of the sparse layers of a module once; return the `Evolution`.

    This calls `layered_graph`, `netsci.topology.evolve` and `rewire`. Dense layers and fixed projections are
    part of the graph but do not change. Several processes that train replicas of one module call it together,
    see `netsci.sparse.distributed`.

    Parameters
    ----------
    net : a module with sparse layers.
    rule : which links to remove and to regrow.
    zeta : share of links to remove, in [0, 1].
    optimizer : the optimizer that trains the module. Pass None only if there is no optimizer.
    rng : numpy Generator of the step.
    example : an input of forward, or a tuple of its inputs, see `layered_graph`; None if that finds the graph
        without.
    target_links : {layer name: number of links after the step}. The number of a layer that is not named does
        not change; None changes none.
    evolvable : names of the sparse layers that evolve; None for all, the output layer included. The others
        still lose percolated links.
    views : {layer name: LayerView}, what scores see of it; None: links and weights. Pass
        `netsci.sparse.views(net, watch)` if a score reads gradients or activity.

    Raises
    ------
    TypeError, ValueError
        As `layered_graph`, `netsci.topology.evolve` and `rewire`, or if a name is unknown. The module has not
        changed then.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from netsci.sparse import SparseLinear
    >>> net = nn.Sequential(SparseLinear(np.eye(8, 6)), nn.ReLU(), SparseLinear(np.ones((6, 2))))
    >>> optimizer, rng = torch.optim.Adam(net.parameters()), np.random.default_rng(7)
    >>> step = evolve_module(  # after each epoch of training
    ...     net, EvolutionRule("magnitude", "ch3_l3"), zeta=0.3, optimizer=optimizer, rng=rng, evolvable=["0"]
    ... )
    >>> step.regrown[0].nnz, net[0].n_links
    (2, 6)
    """
    graph = layered_graph(net, example)
    names = [p.name for p in graph.projections]
    layers = [name for name in names if name in sparse_layers(net)]
    if isinstance(evolvable, str):
        raise TypeError(f"evolvable must be a list of layer names; got the text {evolvable!r}")
    wanted = {} if target_links is None else target_links
    if not isinstance(wanted, Mapping):
        raise TypeError(f"target_links must be a mapping from layers' names; got {shorten(target_links)}")
    for what, given in (("target_links", wanted), ("evolvable", evolvable)):
        _check_names(what, given, layers, net)
    free = set(layers if evolvable is None else evolvable)
    step = evolve(
        graph,
        rule,
        zeta=zeta,
        target_links=[wanted.get(name) for name in names],
        evolvable=[name in free for name in names],
        rng=rng,
        views=views,
    )
    step = share(step)
    rewire(net, step.graph, optimizer)
    return step


def _check_names(what: str, given: Collection[str] | None, layers: list[str], net: nn.Module) -> None:
    if given is not None:
        check_iterable(given, what, "names of sparse layers")
    names = [] if given is None else list(given)
    unknown = sorted(str(name) for name in names if not isinstance(name, str) or name not in layers)
    if unknown:
        left_out = [name for name in unknown if name in unwired_layers(net)]
        raise ValueError(
            f"{what} must name sparse layers of the graph, {layers}; got {unknown}"
            + (f"; the module's wiring() leaves out {left_out}: name them there" if left_out else "")
        )
