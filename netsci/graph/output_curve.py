"""How many outputs a layered network still reaches while nodes or links are taken away one by one.

An output is reached if a directed path leads to it from some input. Of every path the element that goes
first counts, and of all paths to an output the one that holds longest: one sweep along the projections gives,
for every output, how many elements can be taken away until it is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsci.graph.checks import check_graph
from netsci.graph.layered import LayeredGraph
from netsci.graph.percolation import find_ends, order_populations
from netsci.graph.structure.percolation_curve import NODE_ATTACKS, check_attack, summarise_runs

if TYPE_CHECKING:
    import pandas as pd

_Ints = NDArray[np.int64]


def output_curve(
    graph: LayeredGraph,
    *,
    attack: str = "random",
    runs: int = 20,
    points: int = 51,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the share of all outputs that an input reaches against the share of nodes or links removed.

    Attacks, parameters, orders and table are those of `percolation_curve`; here directions count. Inputs are
    the units of populations that no other projects to, outputs those of populations that project to no other;
    a removed output is not reached.

    Raises
    ------
    TypeError, ValueError
        As `percolation_curve`, and if a population is input and output at once, as in a plain network.

    Examples
    --------
    >>> graph = LayeredGraph.from_masks([[[1, 1]], [[1, 0], [0, 1]]])
    >>> curve = output_curve(graph, attack="degree", runs=1, points=6, rng=np.random.default_rng(7))
    >>> curve["mean"].tolist()[0], curve["mean"].tolist()[-1]
    (1.0, 0.0)

    Source: Albert, Jeong and Barabasi, Nature 406, 378 (2000), for the attacks.
    """
    check_graph(graph)
    entries, exits = find_ends(graph)
    if entries & exits:
        raise ValueError(
            f"graph has no outputs apart from its inputs: population {min(entries & exits)!r} is both; use "
            "percolation_curve, which asks for the largest component"
        )
    order = check_attack(graph, attack, runs, points, rng)
    paths = _Paths(graph, entries, order_populations(graph))
    outputs = np.concatenate(
        [np.arange(graph.sizes[name]) + graph.offsets[name] for name in graph.sizes if name in exits]
    )
    by_node = attack in NODE_ATTACKS

    def one_run() -> NDArray[np.float64]:
        position = np.empty(order.total, np.int64)
        position[order.draw()] = np.arange(order.total)
        held = paths.hold(position if by_node else None, None if by_node else position, order.total)[outputs]
        lost = np.bincount(held + 1, minlength=order.total + 2)[: order.total + 1]
        return 1.0 - np.cumsum(lost) / len(outputs)

    return summarise_runs(one_run, order.total, attack, runs, points)


class _Paths:
    """The links of a graph, in an order in which one sweep reaches all; in circles it takes several."""

    def __init__(self, graph: LayeredGraph, entries: set[str], order: tuple[list[str], bool]) -> None:
        names, self.circles = order
        edges = graph.edges()
        number, source, target = (edges[name].to_numpy() for name in ("projection", "source", "target"))
        self.links: list[tuple[_Ints, _Ints, _Ints]] = []
        for name in names:
            for k, p in enumerate(graph.projections):
                if p.source == name:
                    at = np.flatnonzero(number == k)
                    self.links.append((at, source[at], target[at]))
                    if p.undirected:
                        self.links.append((at, target[at], source[at]))
        population = np.array(list(graph.sizes))[graph.node_population]
        self.entry = np.isin(population, list(entries))

    def hold(self, nodes: _Ints | None, links: _Ints | None, total: int) -> _Ints:
        """Return for every node how many elements can go until no input reaches it, -1 if none ever does.

        nodes, links : when each of them goes, from 0; None if they all stay.
        """
        last = np.full(len(self.entry), total) if nodes is None else nodes
        held = np.where(self.entry, last, -1)
        changing = True
        while changing:
            before = held.copy()
            for at, source, target in self.links:
                through = held[source] if links is None else np.minimum(held[source], links[at])
                np.maximum.at(held, target, np.minimum(through, last[target]))
            changing = self.circles and not np.array_equal(before, held)
        return held
