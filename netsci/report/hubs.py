"""Hubs: the units of highest degree, and what random links would give them. Self-loops do not count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from netsci.graph import LayeredGraph, Projection
from netsci.report import chance
from netsci.report.degrees import unit_degrees

HUB_SHARE, HUB_TIMES, HUB_CHANCE = 0.1, 3.0, 1e-3


@dataclass(frozen=True)
class Hub:
    """The unit of one side of a projection that has most links.

    name : of the unit. projection : its name. degree : of its links. links : of the projection, self-loops
    left out. usual : the largest degree that random links would give.
    """

    name: str
    projection: str
    degree: int
    links: int
    usual: float

    @property
    def share(self) -> float:
        """Return the share of the links that it holds."""
        return self.degree / self.links


def largest_hubs(graph: LayeredGraph, p: Projection) -> Iterator[Hub]:
    """Yield the largest unit of each side where it holds a large share of the links beyond chance.

    Examples
    --------
    >>> mask = np.random.default_rng(0).random((40, 30)) < 0.03
    >>> mask[5] = True
    >>> graph = LayeredGraph.from_masks([mask])
    >>> [(hub.name, hub.degree, hub.usual) for hub in largest_hubs(graph, graph.projections[0])]
    [('layer0[5]', 30, 5.0)]
    """
    links = p.n_links - p.n_loops
    if not links:
        return
    ends = 2 if p.undirected else 1  # of each link, on one side
    for side, population in [("source", p.source), ("target", p.target)][: 3 - ends]:
        degrees = unit_degrees(p, side, loops=False)
        units, degree, places = len(degrees), int(degrees.max()), p.n_places * ends // len(degrees)
        if degree < HUB_SHARE * links or degree * units < HUB_TIMES * links * ends:
            continue
        if not chance.chance_of_hub(degree, units, places, links * ends) <= HUB_CHANCE:  # nor is NaN a hub
            continue
        name = graph.node_labels[graph.offsets[population] + int(np.argmax(degrees))]
        yield Hub(name, p.name, degree, links, chance.expect_largest(units, places, links * ends))
