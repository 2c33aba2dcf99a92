"""Hubs: the units of highest degree, and what random links would give them. Self-loops do not count."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsci.graph import LayeredGraph, Projection
from netsci.report import chance
from netsci.report.degrees import MOST_PLACES, random_degrees, unit_degrees

HUB_SHARE, HUB_TIMES, HUB_CHANCE = 0.1, 3.0, 1e-3
HUBS = 0.05  # share of the units, those of highest degree
DRAWS = 39  # of random links, behind the share that hubs hold; a p is at least 1/40


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

    The chance is corrected for all units and for the sides of all projections (Bonferroni).

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
    sides = sum(1 if q.undirected else 2 for q in graph.projections)
    ends = 2 if p.undirected else 1  # of each link, on one side
    for side, population in [("source", p.source), ("target", p.target)][: 3 - ends]:
        degrees = unit_degrees(p, side, loops=False)
        units, degree, places = len(degrees), int(degrees.max()), p.n_places * ends // len(degrees)
        if degree < HUB_SHARE * links or degree * units < HUB_TIMES * links * ends:
            continue
        likely = sides * chance.chance_of_hub(degree, units, places, links * ends)
        if not likely <= HUB_CHANCE:  # nor is NaN a hub
            continue
        name = graph.node_labels[graph.offsets[population] + int(np.argmax(degrees))]
        yield Hub(name, p.name, degree, links, chance.expect_largest(units, places, links * ends))


@dataclass(frozen=True)
class HubShare:
    """The share of all link ends that the hubs of one side hold, and what it is with links at random places.

    share : None without links. usual, spread : mean and standard deviation over the draws, None without any.
    p : share of draws in which a hub share of any side lies as far from its usual value, two-sided.
    """

    share: float | None
    usual: float | None = None
    spread: float | None = None
    p: float | None = None


def compare_hubs(projections: Sequence[Projection]) -> dict[tuple[int, str], HubShare]:
    """Return the share that hubs hold, by place of the projection and side, with p corrected for all of them.

    Each share is standardised by all draws and the network itself; p is the rank of its distance among the
    largest distances (max statistic), so it holds for the side that a reader picks out.

    Examples
    --------
    >>> mask = np.random.default_rng(0).random((40, 30)) < 0.1
    >>> mask[:2] = True
    >>> (graph := LayeredGraph.from_masks([mask])) and compare_hubs(graph.projections)[0, "source"].p
    0.025
    """
    sides = [
        (i, side)
        for i, p in enumerate(projections)
        for side in ("source", "target")[: 1 if p.undirected else 2]
    ]
    shares = {at: _shares(projections[at[0]], at[1]) for at in sides}
    drawn = {at: one for at, one in shares.items() if len(one) > 1}
    if not drawn:
        return {at: HubShare(None if math.isnan(one[0]) else float(one[0])) for at, one in shares.items()}
    table = np.array(list(drawn.values()))
    spread = table.std(axis=1, keepdims=True)
    far = np.abs(table - table.mean(axis=1, keepdims=True)) / np.where(spread > 1e-12, spread, 1)
    p = dict(zip(drawn, (far.max(axis=0) >= far[:, :1] - 1e-12).mean(axis=1).tolist(), strict=True))
    found = {}
    for at, one in shares.items():
        share = None if math.isnan(one[0]) else float(one[0])
        held = (float(one[1:].mean()), float(one[1:].std(ddof=1)), p[at]) if at in p else (None, None, None)
        found[at] = HubShare(share, *held)
    return found


def _shares(p: Projection, side: str) -> NDArray[np.float64]:
    """Return the share of the network, then those of the draws where there are any."""
    degrees = unit_degrees(p, side, loops=False)
    if not degrees.any() or p.shape[0] * p.shape[1] >= MOST_PLACES:
        return np.array([_share(degrees)])
    rng = np.random.default_rng(0)
    loops = p.links.diagonal().astype(np.int64) if p.one_population else 0
    return np.array([_share(degrees), *(_share(random_degrees(p, side, rng) - loops) for _ in range(DRAWS))])


def _share(degrees: NDArray[np.int64]) -> float:
    total, hubs = int(degrees.sum()), max(1, round(HUBS * len(degrees)))
    return int(np.sort(degrees)[::-1][:hubs].sum()) / total if total else math.nan
