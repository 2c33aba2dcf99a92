"""One step of evolution: decay to the target, remove links, percolate, regrow.

1. Where a projection that may evolve has more links than its target, remove the weakest down to the target.
2. Remove the share zeta of the links that are left. The links to keep are drawn with odds
   strength^(delta / (1 - delta)).
3. Percolate the network: remove links on no path from an entry to an exit (`netsci.graph.percolation`).
4. Regrow every projection that may evolve to min(target, live cells) links. New links are drawn with odds
   score^(delta / (1 - delta)) from the missing cells whose two units are live, that is on such a path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.checks import check_fraction, check_generator, check_graph
from netsci.graph.layered import LayeredGraph
from netsci.graph.percolation import live_units, select_links, surviving_links
from netsci.graph.projection import Projection
from netsci.topology.cells import cells_of, links_of
from netsci.topology.evolution_arguments import (
    Flags,
    Targets,
    Views,
    choose_evolvable,
    choose_views,
    read_targets,
)
from netsci.topology.regrowth import draw_missing
from netsci.topology.removal import keep_links
from netsci.topology.rule import EvolutionRule
from netsci.topology.view import LayerView, ThinnedView

_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Evolution:
    """The result of one step, with one entry for each projection.

    graph : the network after the step.
    removed, percolated, regrown : bool CSR, the links removed by score (decay included), removed by
        percolation, and regrown.
        A link that is removed and regrown is in two of them.
    overlap : float64 [projections], share in [0, 1] of the regrown links that this step had removed; NaN if
        nothing grew.
    deficit : int64 [projections], target - links after, at least 0; 0 if the projection may not evolve.
    uniform_fill : int64 [projections], regrown links with score 0, drawn uniformly after all positive scores
        were used; 0 if delta = 0, which ignores scores.
    """

    graph: LayeredGraph
    removed: tuple[sp.csr_array, ...]
    regrown: tuple[sp.csr_array, ...]
    percolated: tuple[sp.csr_array, ...]
    overlap: NDArray[np.float64]
    deficit: NDArray[np.int64]
    uniform_fill: NDArray[np.int64]


def evolve(
    graph: LayeredGraph,
    rule: EvolutionRule,
    *,
    zeta: float,
    target_links: Targets = None,
    evolvable: Flags = None,
    views: Views = None,
    rng: np.random.Generator,
) -> Evolution:
    """Remove, percolate and regrow links of a network once.

    New links have the weight 0. Other links keep theirs, also if they were removed and regrown in this step.
    A projection is scored as the bipartite graph of its rows and columns, C_in k^2 x C_out for a convolution.

    Parameters
    ----------
    graph : weighted, unless removal is random.
    rule : which links to remove and to regrow.
    zeta : share of links to exchange, in [0, 1], rounded to whole links (half to even); after a decay, the
        share of the links that are left.
    target_links : number of links after the step, by projection name, or a list with one entry for each
        projection. Without an entry, or with None, the number stays. To a lower target the links decay
        first (`EvolutionRule.decay`).
    evolvable : a list with True or False for each projection; None for all True. The others still lose
        percolated links.
    views : {projection name: LayerView}, what the scores see of it, for instance its gradient
        (`netsci.sparse.views` makes them). For a projection without a view, or with None, they see links and
        weights only.
    rng : numpy Generator. It draws all removals in the order of the projections, then all regrowths.

    Returns
    -------
    Evolution, whose `graph` is the network after the step.

    Memory: the links, and a few numbers for each cell of the largest layer; less if regrowth scores a large
    layer in blocks of rows, see `netsci.topology.regrowth`.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit the graph, or removal needs weights and there are none.

    Examples
    --------
    >>> graph = LayeredGraph.from_masks([np.tri(4, 6)], weights=[np.arange(24.0).reshape(4, 6)])
    >>> rule, rng = EvolutionRule("magnitude", "random", 1.0), np.random.default_rng(7)
    >>> step = evolve(graph, rule, zeta=0.2, rng=rng)
    >>> step.removed[0].toarray().nonzero()[1].tolist(), step.graph.n_links
    ([0, 0], 10)

    Source: S0 section 3.2.3-3.2.4 and appendix A.3; S1 appendix B.
    Reading: regrowth replaces percolated links too, but never at units that percolated away (S0: removed
        permanently), inputs and outputs included.
    """
    check_graph(graph)
    if not isinstance(rule, EvolutionRule):
        raise TypeError(f"rule must be an EvolutionRule, such as EvolutionRule('lrs'); got {rule!r}")
    check_generator(rng)
    check_fraction(zeta, "zeta")
    seen = choose_views(graph, views)
    free = choose_evolvable(graph, rule, evolvable, seen)
    targets = read_targets(graph, target_links)
    kept = [
        keep_links(view, rule, zeta, target, rng) if on else np.ones(view.links.nnz, bool)
        for view, on, target in zip(seen, free, targets, strict=True)
    ]
    thinned = _thin(graph, kept)
    live, on_path = live_units(thinned), surviving_links(thinned)
    if not rule.percolate:
        live = {name: np.ones(size, bool) for name, size in graph.sizes.items()}
        on_path = [np.ones(p.links.nnz, bool) for p in thinned.projections]
    after, steps = [], []
    for i, (p, thin) in enumerate(zip(graph.projections, thinned.projections, strict=True)):
        left = select_links(thin.links, on_path[i])
        grown, filled = _regrow(p, seen[i], left, live, targets[i], rule, rng) if free[i] else (_NONE, 0)
        after.append(links_of(np.concatenate([cells_of(left), grown]), p.shape))
        again = np.isin(grown, cells_of(p.links)[~kept[i]], assume_unique=True)
        steps.append(
            (
                select_links(p.links, ~kept[i]),
                links_of(grown, p.shape),
                select_links(thin.links, ~on_path[i]),
                again.mean() if len(grown) else np.nan,
                targets[i] - after[i].nnz if free[i] else 0,
                filled,
            )
        )
    removed, regrown, percolated, overlap, deficit, fill = zip(*steps, strict=True) if steps else [()] * 6
    return Evolution(
        graph.with_links(after),
        removed,
        regrown,
        percolated,
        np.array(overlap, np.float64),
        np.array(deficit, np.int64),
        np.array(fill, np.int64),
    )


def _thin(graph: LayeredGraph, kept: Sequence[NDArray[np.bool_]]) -> LayeredGraph:
    """Return the graph of the kept links, without weights."""
    pairs = zip(graph.projections, kept, strict=True)
    thin = (replace(p, links=select_links(p.links, keep), weights=None) for p, keep in pairs)
    return LayeredGraph(graph.populations, tuple(thin))


def _regrow(
    p: Projection,
    view: LayerView,
    links: sp.csr_array,
    live: Mapping[str, NDArray[np.bool_]],
    target: int,
    rule: EvolutionRule,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], int]:
    """Return the cells (row * columns + column) of the new links and how many of them score 0."""
    rows, columns = np.arange(p.shape[0]), np.arange(p.shape[1])
    left: LayerView = ThinnedView(view, links)
    if rule.permanent:
        rows = rows[np.repeat(live[p.source], p.rows_per_unit)]
        columns = columns[live[p.target]]
        # Dead units have no links left, so the live ones score the same without them.
        if len(rows) < p.shape[0] or len(columns) < p.shape[1]:
            left = left.restrict(rows, columns)
    count = min(target - links.nnz, len(rows) * len(columns) - links.nnz)
    if count == 0:
        return _NONE, 0
    chosen, filled = draw_missing(left, count, rule, rng)
    return rows[chosen // len(columns)] * p.shape[1] + columns[chosen % len(columns)], filled
