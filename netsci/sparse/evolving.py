"""One step of evolution of a torch module: its graph, the step, its new links."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from netsci.sparse.graph import layered_graph
from netsci.sparse.rewiring import rewire
from netsci.sparse.wiring import sparse_layers, unwired_layers
from netsci.topology import Evolution, EvolutionRule, LayerView, evolve


def evolve_module(
    net: nn.Module,
    rule: EvolutionRule,
    *,
    zeta: float,
    optimizer: torch.optim.Optimizer | None,
    rng: np.random.Generator,
    example: Any = None,
    target_links: Mapping[str, int] | None = None,
    evolvable: Collection[str] | None = None,
    views: Mapping[str, LayerView] | None = None,
) -> Evolution:
    """Remove, percolate and regrow links of the sparse layers of a module, and return what was done.

    Its graph is that of `layered_graph`, the step that of `netsci.topology.evolve`, and the module and the
    optimizer follow as in `rewire`. Dense layers and fixed projections are seen, but stay as they are.

    Parameters
    ----------
    net : a module with sparse layers.
    rule : what is removed and what grows.
    zeta : share of links to remove, in [0, 1].
    optimizer : the one that trains the module; None only where there is none.
    rng : generator of the step.
    example : an input of forward, or a tuple of its inputs, see `layered_graph`.
    target_links : by layer name, links wanted after the step; as many as before where it says nothing.
    evolvable : names of the sparse layers that evolve, all by default, the output layer included. The others
        still lose percolated links.
    views : what scores see of each layer, by name: `netsci.sparse.views(net, watch)` for those that look at
        gradients or activity.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit; see `layered_graph`, `netsci.topology.evolve` and `rewire`. Nothing has
        changed then.

    Examples
    --------
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
    for what, given in (("target_links", target_links), ("evolvable", evolvable)):
        _check_names(what, given, layers, net)
    free = set(layers if evolvable is None else evolvable)
    step = evolve(
        graph,
        rule,
        zeta=zeta,
        target_links=[(target_links or {}).get(name) for name in names],
        evolvable=[name in free for name in names],
        rng=rng,
        views=views,
    )
    rewire(net, step.graph, optimizer)
    return step


def _check_names(what: str, given: Collection[str] | None, layers: list[str], net: nn.Module) -> None:
    unknown = sorted(set(given or ()) - set(layers))
    if unknown:
        left_out = [name for name in unknown if name in unwired_layers(net)]
        raise ValueError(
            f"{what} names {unknown}, but the sparse layers in the graph are {layers}"
            + (f"; the module's wiring() leaves out {left_out}: name them there" if left_out else "")
        )
