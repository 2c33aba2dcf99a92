"""Percolation: what is left of a network when every link that leads nowhere is taken away.

A link carries information if it lies on a directed path from an entry to an exit of the network. One sweep
along the projections finds the units that an entry reaches, one sweep against them the units that reach an
exit; a link stays if its source is of the first kind and its target of the second. Sweeps follow the
topological order of the populations, so that one of each is enough; where projections run in a circle
(recurrent populations) they are repeated until nothing changes.

In a population with needs="every" (where inputs meet in a product, such as query and key) a unit is live only
if every projection into it brings a link that stays. Units without are closed to both sweeps, which are
repeated until no further unit is closed.

Entries are all units of the populations that no other population projects to, exits all units of those that
project to no other. Populations that project to each other in a circle count as one here: a circle that
nothing enters is an entry as a whole. A single population (a plain network) is both, so it stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.checks import check_graph
from netsci.graph.layered import LayeredGraph
from netsci.graph.projection import Projection

if TYPE_CHECKING:
    import pandas as pd

_Units = dict[str, NDArray[np.bool_]]


def percolate(graph: LayeredGraph) -> LayeredGraph:
    """Return the graph with only the links that are on a path from an entry to an exit.

    Entries are all units of populations that no other projects to, exits all units of those that project to
    no other; the module says what happens in circles. Links that stay keep their weights; populations keep
    their size. A second call changes nothing more. If a channel is reached, all its rows in a convolution or
    a flatten are reached (`rows_per_unit`).

    Examples
    --------
    >>> graph = LayeredGraph.from_masks([[[1, 1, 0]], [[1], [0], [1]]])
    >>> [p.links.toarray().tolist() for p in percolate(graph).projections]
    [[[True, False, False]], [[True], [False], [False]]]

    Source: S0 section 3.2.3 (chain removal); two sweeps over the whole network, as the CHT laboratory does.
    """
    on_path = surviving_links(graph)
    return graph.with_links(
        [select_links(p.links, flags) for p, flags in zip(graph.projections, on_path, strict=True)]
    )


def surviving_links(graph: LayeredGraph) -> list[NDArray[np.bool_]]:
    """Return, for each projection, bool [stored links] in CSR order: whether the link survives percolation.

    Examples
    --------
    >>> surviving_links(LayeredGraph.from_masks([[[1, 1, 0]], [[1], [0], [1]]]))
    [array([ True, False]), array([ True, False])]
    """
    check_graph(graph)
    reached, reaching = _sweep(graph)
    flags = []
    for p in graph.projections:
        rows = np.repeat(reached[p.source], p.rows_per_unit)
        flags.append(np.repeat(rows, np.diff(p.links.indptr)) & reaching[p.target][p.links.indices])
    return flags


def live_units(graph: LayeredGraph) -> dict[str, NDArray[np.bool_]]:
    """Return, for each population, bool [size]: whether the unit has a link that survives percolation.

    graph : any LayeredGraph. Units without such a link are inactive: they are isolated, or no path connects
    them to an entry, or to an exit, of the network. An input without surviving links is inactive too.

    Examples
    --------
    >>> live_units(LayeredGraph.from_masks([[[1, 1, 0]], [[1], [0], [1]]]))["layer1"].tolist()
    [True, False, False]

    Source: S0 section 3.2.3 and appendix A.8 (active neurons).
    """
    check_graph(graph)
    reached, reaching = _sweep(graph)
    entries, exits = find_ends(graph)
    live = {name: reached[name] & reaching[name] for name in graph.sizes}
    if entries & exits:
        # Units of an entry that is an exit too are on a path of no links at all: here a link is asked for.
        closed = any(population.needs == "every" for population in graph.populations)
        degrees = (percolate(graph) if closed else graph).degrees()
        for name in entries & exits:
            live[name] &= degrees[name] > 0
    return live


def node_sparsity(graph: LayeredGraph) -> pd.DataFrame:
    """Return a table of the share of inactive units, 1 - active / nodes.

    A unit is active if one of its links survives percolation (see `live_units`). Columns: population, nodes,
    active, inactive (int64), node_sparsity (float64 in [0, 1], NaN without nodes). Rows: one for each
    population in the graph's order, then "input and hidden" (all but populations that only receive), then
    "all".

    Examples
    --------
    >>> table = node_sparsity(LayeredGraph.from_masks([[[1, 1, 0]], [[1], [0], [1]]]))
    >>> table.node_sparsity.round(2).tolist()
    [0.0, 0.67, 0.0, 0.5, 0.4]

    Source: S0 appendix A.8 and table 9.
    Reading: S0 does not say which populations it counts, so both sums are given.
    """
    import pandas as pd

    live = live_units(graph)
    entries, exits = find_ends(graph)
    groups = {name: [name] for name in graph.sizes}
    inner = [name for name in graph.sizes if name in entries or name not in exits]
    rows = [*groups.items(), ("input and hidden", inner), ("all", list(graph.sizes))]
    nodes = np.array([sum(graph.sizes[name] for name in names) for _, names in rows], np.int64)
    active = np.array([sum(int(live[name].sum()) for name in names) for _, names in rows], np.int64)
    share = np.full(len(rows), np.nan)
    np.divide(nodes - active, nodes, out=share, where=nodes > 0)
    return pd.DataFrame(
        {
            "population": [label for label, _ in rows],
            "nodes": nodes,
            "active": active,
            "inactive": nodes - active,
            "node_sparsity": share,
        }
    )


def select_links(links: sp.csr_array, keep: NDArray[np.bool_]) -> sp.csr_array:
    """Return the bool CSR matrix of the stored links whose flag is set, flags in CSR order."""
    before = np.concatenate([[0], np.cumsum(keep)])
    indices = links.indices[keep]
    return sp.csr_array((np.ones(len(indices), bool), indices, before[links.indptr]), shape=links.shape)


def _sweep(graph: LayeredGraph) -> tuple[_Units, _Units]:
    """Return the units that an entry reaches and the units that reach an exit."""
    entries, exits = find_ends(graph)
    order, circles = order_populations(graph)
    along = [p for name in order for p in graph.projections if p.source == name]
    against = [p for name in reversed(order) for p in graph.projections if p.target == name]
    every = {population.name for population in graph.populations if population.needs == "every"}
    products = [p for p in graph.projections if p.target in every]
    allowed = {name: np.ones(size, bool) for name, size in graph.sizes.items()}
    closing = True
    while closing:
        reached = {name: units & (name in entries) for name, units in allowed.items()}
        reaching = {name: units & (name in exits) for name, units in allowed.items()}
        _spread(reached, along, _forward, circles, allowed)
        _spread(reaching, against, _backward, circles, allowed)
        closing = False
        for projection in products:
            name, hits = _forward(projection, reached)
            lacking = reached[name] & reaching[name] & ~hits
            allowed[name] &= ~lacking
            closing |= bool(lacking.any())
    return reached, reaching


def _spread(
    units: _Units,
    projections: Sequence[Projection],
    step: Callable[[Projection, _Units], tuple[str, NDArray[np.bool_]]],
    circles: bool,
    allowed: _Units,
) -> None:
    """Add to `units` what the projections reach from them, allowed units only, once or until all is still."""
    growing = True
    while growing:
        growing = False
        for projection in projections:
            name, hits = step(projection, units)
            hits &= allowed[name]
            growing |= circles and bool((hits & ~units[name]).any())
            units[name] |= hits


def _forward(p: Projection, reached: _Units) -> tuple[str, NDArray[np.bool_]]:
    return p.target, p.links.T @ np.repeat(reached[p.source], p.rows_per_unit)


def _backward(p: Projection, reaching: _Units) -> tuple[str, NDArray[np.bool_]]:
    return p.source, (p.links @ reaching[p.target]).reshape(-1, p.rows_per_unit).any(axis=1)


def order_populations(graph: LayeredGraph) -> tuple[list[str], bool]:
    """Return the populations in topological order and whether projections run in circles."""
    before: dict[str, set[str]] = {name: set() for name in graph.sizes}
    for p in graph.projections:
        if p.source != p.target:
            before[p.target].add(p.source)
    recurrent = any(p.source == p.target for p in graph.projections)
    try:
        return list(TopologicalSorter(before).static_order()), recurrent
    except CycleError:
        return list(graph.sizes), True


def find_ends(graph: LayeredGraph) -> tuple[set[str], set[str]]:
    """Return the names of the populations that are entries and of those that are exits."""
    names = list(graph.sizes)
    number = {name: i for i, name in enumerate(names)}
    pairs = [(number[p.source], number[p.target]) for p in graph.projections]
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    shape = (len(names), len(names))
    joined = sp.coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=shape).tocsr()
    _, circle = sp.csgraph.connected_components(joined, directed=True, connection="strong")
    source, target = circle[ends[:, 0]], circle[ends[:, 1]]
    entered, left = set(target[source != target].tolist()), set(source[source != target].tolist())
    entries = {name for name, label in zip(names, circle, strict=True) if int(label) not in entered}
    return entries, {name for name, label in zip(names, circle, strict=True) if int(label) not in left}
