"""One step of a topology: remove links, percolate, regrow.

In every projection that may evolve, a share zeta of the links is removed: the ones kept are drawn with odds
strength^(delta / (1 - delta)). The whole network is then percolated. Last, every such projection regrows to

    links after = min(target, live cells)

The new links are drawn with odds score^(delta / (1 - delta)) from the missing cells whose source unit and
target unit are both live: still on a path from an entry to an exit (`netsci.graph.percolation`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.ch.links import sample_missing_links
from netsci.graph.checks import check_fraction, check_generator, check_graph
from netsci.graph.layered import LayeredGraph
from netsci.graph.percolation import live_units, select_links, surviving_links
from netsci.graph.projection import Projection
from netsci.topology.cells import cells_of, links_of
from netsci.topology.rule import EvolutionRule
from netsci.topology.sampling import gumbel_top_k
from netsci.topology.scores import REGROWTH, REMOVAL, ch_rule

AT_ONCE = 2**22  # cells of a layer that are scored as a whole; those of larger ones pass by in blocks of rows
Targets = Mapping[str, int] | Sequence[int | None] | None
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Evolution:
    """What one step did, an entry for each projection.

    graph : the evolved network.
    removed, percolated, regrown : bool CSR, links that the score removed, that percolation then removed, and
        that grew; a link that grows again is in two of them.
    overlap : float64, removed and regrown / regrown; NaN where nothing grew.
    deficit : int64, target - links after, at least 0; 0 where the projection was not allowed to evolve.
    uniform_fill : int64, regrown links with score 0, drawn uniformly because positive scores ran out; 0 if
        scores were not asked (delta = 0).
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
    evolvable: Sequence[bool] | None = None,
    rng: np.random.Generator,
) -> Evolution:
    """Return the network after one step of removal, percolation and regrowth.

    Links that stay, and links that go and grow again in this step, keep their weight; new links weigh 0.
    A projection is scored as the bipartite graph of its rows and columns: C_in k^2 x C_out for a convolution.

    Parameters
    ----------
    graph : weighted, unless removal is random.
    rule : what is removed and what grows.
    zeta : share of links to remove, in [0, 1], rounded to whole links (half to even).
    target_links : links wanted after the step, by projection name or one a projection; where it says nothing,
        as many as before. Below (1 - zeta) of these, more links are removed.
    evolvable : whether each projection evolves, all by default. Frozen ones still lose percolated links.
    rng : generator, drawn from in the order of the projections: all removals, then all regrowths.

    Memory is that of the links and of a few numbers for each cell of the largest layer; of more than AT_ONCE
    cells, blocks of rows pass by where a Cannistraci-Hebb rule with delta below 1 draws the links.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit the graph, or weights are missing where removal needs them.

    Examples
    --------
    >>> graph = LayeredGraph.from_masks([np.tri(4, 6)], weights=[np.arange(24.0).reshape(4, 6)])
    >>> rule, rng = EvolutionRule("magnitude", "random", 1.0), np.random.default_rng(7)
    >>> step = evolve(graph, rule, zeta=0.2, rng=rng)
    >>> step.removed[0].toarray().nonzero()[1].tolist(), step.graph.n_links
    ([0, 0], 10)

    Source: S0 section 3.2.3-3.2.4 and appendix A.3; S1 appendix B.
    Reading: as many links grow as are missing from the target, so percolated links are made up for, but never
        at units that percolated away (S0: removed permanently), inputs and outputs included.
    """
    check_graph(graph)
    if not isinstance(rule, EvolutionRule):
        raise TypeError(f"rule must be an EvolutionRule, such as EvolutionRule('lrs'); got {rule!r}")
    check_generator(rng)
    check_fraction(zeta, "zeta")
    free = _checked_evolvable(graph, rule, evolvable)
    targets = _checked_targets(graph, target_links)
    kept = [
        _keep(p, rule, zeta, target, rng) if on else np.ones(p.links.nnz, bool)
        for p, on, target in zip(graph.projections, free, targets, strict=True)
    ]
    thinned = _thinned(graph, kept)
    live, on_path = live_units(thinned), surviving_links(thinned)
    after, steps = [], []
    for i, (p, thin) in enumerate(zip(graph.projections, thinned.projections, strict=True)):
        left = select_links(thin.links, on_path[i])
        grown, filled = _regrow(p, left, live, targets[i], rule, rng) if free[i] else (_NONE, 0)
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


def _thinned(graph: LayeredGraph, kept: Sequence[NDArray[np.bool_]]) -> LayeredGraph:
    """Return the graph of the kept links, without weights."""
    pairs = zip(graph.projections, kept, strict=True)
    thin = (replace(p, links=select_links(p.links, keep), weights=None) for p, keep in pairs)
    return LayeredGraph(graph.populations, tuple(thin))


def _keep(
    p: Projection, rule: EvolutionRule, zeta: float, target: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return, for each link, whether removal spares it."""
    n_links = p.links.nnz
    n_removed = max(round(zeta * n_links), n_links - target)
    strength = REMOVAL[rule.removal](p.links if p.weights is None else p.weights)
    if rule.as_printed:
        keep = np.ones(n_links, bool)
        keep[gumbel_top_k(strength, n_removed, delta=rule.delta_removal, rng=rng)] = False
        return keep
    keep = np.zeros(n_links, bool)
    keep[gumbel_top_k(strength, n_links - n_removed, delta=rule.delta_removal, rng=rng)] = True
    return keep


def _regrow(
    p: Projection,
    links: sp.csr_array,
    live: Mapping[str, NDArray[np.bool_]],
    target: int,
    rule: EvolutionRule,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], int]:
    """Return the cells (row * columns + column) of the new links and how many of them score 0."""
    rows, columns = np.arange(p.shape[0]), np.arange(p.shape[1])
    if rule.permanent:
        rows = rows[np.repeat(live[p.source], p.rows_per_unit)]
        columns = columns[live[p.target]]
        # Dead units have no links left, so the live ones score the same without them.
        if len(rows) < p.shape[0] or len(columns) < p.shape[1]:
            links = links[rows][:, columns]
            links.sort_indices()
    count = min(target - links.nnz, len(rows) * len(columns) - links.nnz)
    if count == 0:
        return _NONE, 0
    chosen, filled = _draw_missing(links, count, rule, rng)
    return rows[chosen // len(columns)] * p.shape[1] + columns[chosen % len(columns)], filled


def _draw_missing(
    links: sp.csr_array, count: int, rule: EvolutionRule, rng: np.random.Generator
) -> tuple[NDArray[np.int64], int]:
    """Return the missing cells that grow, ascending, and how many of them score 0."""
    delta, cells = rule.delta_regrowth, links.shape[0] * links.shape[1]
    present = cells_of(links)
    if rule.regrowth == "random" or delta == 0.0:
        # All alike: nothing to score, and nothing of the size of the layer to build.
        chosen = np.sort(rng.choice(cells - links.nnz, size=count, replace=False, shuffle=False))
        # The m-th missing cell comes after as many links as have at most m missing cells before them.
        return chosen + np.searchsorted(present - np.arange(len(present)), chosen, side="right"), 0
    if cells > AT_ONCE and delta < 1.0 and (known := ch_rule(rule.regrowth)) is not None:
        exponent = delta / (1.0 - delta)
        pairs, drawn = sample_missing_links(links, count, known, exponent=exponent, rng=rng)
        return pairs[:, 0] * links.shape[1] + pairs[:, 1], int(np.count_nonzero(drawn == 0))
    scores = REGROWTH[rule.regrowth](links)
    if scores.shape != links.shape:
        raise ValueError(f"regrowth {rule.regrowth!r} must score {links.shape} cells; got {scores.shape}")
    missing = np.ones(scores.size, bool)
    missing[present] = False
    places = np.flatnonzero(missing)
    chosen = places[gumbel_top_k(scores.ravel()[places], count, delta=delta, rng=rng)]
    return chosen, int(np.count_nonzero(scores.ravel()[chosen] == 0))


def _checked_evolvable(
    graph: LayeredGraph, rule: EvolutionRule, evolvable: Sequence[bool] | None
) -> list[bool]:
    projections = graph.projections
    free = [True] * len(projections) if evolvable is None else [bool(on) for on in evolvable]
    if len(free) != len(projections):
        raise ValueError(
            f"evolvable needs one entry for each of {len(projections)} projections; got {len(free)}"
        )
    for p, on in zip(projections, free, strict=True):
        if on and p.undirected:
            raise ValueError(
                f"projection {p.name!r} is undirected and cannot evolve: only links from rows to columns are "
                "removed and grown; freeze it with evolvable"
            )
        if on and p.weights is None and rule.removal != "random":
            raise ValueError(
                f"removal {rule.removal!r} needs weights, and projection {p.name!r} has none; give the graph "
                "weights, freeze the projection with evolvable, or remove at random"
            )
    return free


def _checked_targets(graph: LayeredGraph, target_links: Targets) -> list[int]:
    names = [p.name for p in graph.projections]
    if target_links is None:
        wanted: list[Any] = [None] * len(names)
    elif isinstance(target_links, Mapping):
        unknown = set(target_links) - set(names)
        if unknown:
            raise ValueError(f"target_links names {sorted(unknown)}, but the projections are {names}")
        shared = sorted(name for name in target_links if names.count(name) > 1)
        if shared:
            raise ValueError(
                f"target_links names {shared}, which more than one projection is called; pass a list with "
                "one entry a projection"
            )
        wanted = [target_links.get(name) for name in names]
    else:
        wanted = list(target_links)
        if len(wanted) != len(names):
            raise ValueError(
                f"target_links needs one entry for each of {len(names)} projections; got {len(wanted)}"
            )
    for name, target in zip(names, wanted, strict=True):
        if target is not None and (isinstance(target, bool) or not isinstance(target, (int, np.integer))):
            raise TypeError(f"target_links of {name!r} must be a whole number or None; got {target!r}")
        if target is not None and target < 0:
            raise ValueError(f"target_links of {name!r} must be at least 0; got {target}")
    return [
        int(p.links.nnz if target is None else target)
        for p, target in zip(graph.projections, wanted, strict=True)
    ]
