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

from netsci.graph.checks import check_fraction, check_generator, check_graph
from netsci.graph.layered import LayeredGraph
from netsci.graph.percolation import live_units, select_links, surviving_links
from netsci.graph.projection import Projection
from netsci.topology.cells import cells_of, links_of
from netsci.topology.regrowth import draw_missing
from netsci.topology.rule import EvolutionRule
from netsci.topology.sampling import gumbel_top_k
from netsci.topology.scores import REMOVAL
from netsci.topology.view import LayerView, ThinnedView, view_of

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
    views: Mapping[str, LayerView] | None = None,
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
    views : what the scores may see of a projection, by its name, such as its gradient
        (`netsci.sparse.views`); of one that is not named, its links and weights alone.
    rng : generator, drawn from in the order of the projections: all removals, then all regrowths.

    Memory is that of the links and of a few numbers for each cell of the largest layer; less where regrowth
    goes through a large layer in blocks of rows, see `netsci.topology.regrowth`.

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
    seen = _checked_views(graph, views)
    free = _checked_evolvable(graph, rule, evolvable, seen)
    targets = _checked_targets(graph, target_links)
    kept = [
        _keep(view, rule, zeta, target, rng) if on else np.ones(view.links.nnz, bool)
        for view, on, target in zip(seen, free, targets, strict=True)
    ]
    thinned = _thinned(graph, kept)
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


def _thinned(graph: LayeredGraph, kept: Sequence[NDArray[np.bool_]]) -> LayeredGraph:
    """Return the graph of the kept links, without weights."""
    pairs = zip(graph.projections, kept, strict=True)
    thin = (replace(p, links=select_links(p.links, keep), weights=None) for p, keep in pairs)
    return LayeredGraph(graph.populations, tuple(thin))


def _keep(
    view: LayerView, rule: EvolutionRule, zeta: float, target: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return, for each link, whether removal spares it."""
    n_links = view.links.nnz
    n_removed = max(round(zeta * n_links), n_links - target)
    strength = np.asarray(REMOVAL[rule.removal](view))
    if strength.shape != (n_links,):
        raise ValueError(
            f"removal {rule.removal!r} must give each of {n_links} links a strength; got {strength.shape}"
        )
    if rule.as_printed:
        keep = np.ones(n_links, bool)
        keep[gumbel_top_k(strength, n_removed, delta=rule.delta_removal, rng=rng)] = False
        return keep
    keep = np.zeros(n_links, bool)
    keep[gumbel_top_k(strength, n_links - n_removed, delta=rule.delta_removal, rng=rng)] = True
    return keep


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


def _checked_views(graph: LayeredGraph, views: Mapping[str, LayerView] | None) -> list[LayerView]:
    """Return what scores may see of each projection."""
    given = {} if views is None else views
    seen: list[LayerView] = []
    for p in graph.projections:
        view = given.get(p.name)
        if view is not None and (view.links.shape != p.shape or (view.links != p.links).nnz):
            raise ValueError(
                f"the view of {p.name!r} has other links than the projection: make the views after the last "
                "change of the links"
            )
        seen.append(view_of(p) if view is None else view)
    return seen


def _checked_evolvable(
    graph: LayeredGraph, rule: EvolutionRule, evolvable: Sequence[bool] | None, seen: Sequence[LayerView]
) -> list[bool]:
    projections = graph.projections
    free = [True] * len(projections) if evolvable is None else [bool(on) for on in evolvable]
    if len(free) != len(projections):
        raise ValueError(
            f"evolvable needs one entry for each of {len(projections)} projections; got {len(free)}"
        )
    for p, on, view in zip(projections, free, seen, strict=True):
        if on and p.undirected:
            raise ValueError(
                f"projection {p.name!r} is undirected and cannot evolve: only links from rows to columns are "
                "removed and grown; freeze it with evolvable"
            )
        if on and view.weights is None and rule.removal != "random":
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
