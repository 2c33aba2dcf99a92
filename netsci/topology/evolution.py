"""One step of evolution: remove links, percolate, regrow.

1. Remove the share zeta of the links of every projection that may evolve. The links to keep are drawn with
   odds strength^(delta / (1 - delta)).
2. Percolate the network: remove links on no path from an entry to an exit (`netsci.graph.percolation`).
3. Regrow every projection that may evolve to min(target, live cells) links. New links are drawn with odds
   score^(delta / (1 - delta)) from the missing cells whose two units are live, that is on such a path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import check_flag, check_iterable, shorten
from netsci.graph.checks import check_fraction, check_generator, check_graph
from netsci.graph.layered import LayeredGraph
from netsci.graph.percolation import live_units, select_links, surviving_links
from netsci.graph.projection import Projection
from netsci.indices import check_stored
from netsci.topology.cells import cells_of, links_of
from netsci.topology.regrowth import draw_missing
from netsci.topology.rule import EvolutionRule
from netsci.topology.sampling import gumbel_top_k
from netsci.topology.scores import REMOVAL
from netsci.topology.view import LayerView, ThinnedView, view_of

Targets = Mapping[str, int] | Sequence[int | None] | None
Flags = Sequence[bool] | None
Views = Mapping[str, LayerView] | None
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Evolution:
    """The result of one step, with one entry for each projection.

    graph : the network after the step.
    removed, percolated, regrown : bool CSR, the links removed by score, removed by percolation, and regrown.
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
    zeta : share of links to remove, in [0, 1], rounded to whole links (half to even).
    target_links : number of links after the step, by projection name, or a list with one entry for each
        projection. Without an entry, or with None, the number stays. A target below (1 - zeta) of the links
        removes more links.
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
    seen = _choose_views(graph, views)
    free = _choose_evolvable(graph, rule, evolvable, seen)
    targets = _read_targets(graph, target_links)
    kept = [
        _keep(view, rule, zeta, target, rng) if on else np.ones(view.links.nnz, bool)
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


def _keep(
    view: LayerView, rule: EvolutionRule, zeta: float, target: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return, for each link, whether removal keeps it."""
    n_links = view.links.nnz
    n_removed = max(round(zeta * n_links), n_links - target)
    strength = np.asarray(REMOVAL[rule.removal](view))
    if strength.shape != (n_links,):
        raise ValueError(
            f"removal {rule.removal!r} must return one strength for each of {n_links} links; got the shape "
            f"{strength.shape}"
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


def _choose_views(graph: LayeredGraph, views: Mapping[str, LayerView] | None) -> list[LayerView]:
    """Return the view of each projection: the given one, else one of its links and weights."""
    given = {} if views is None else views
    if not isinstance(given, Mapping):
        raise TypeError(f"views must be a mapping from projections' names to views; got {shorten(views)}")
    seen: list[LayerView] = []
    for p in graph.projections:
        view = given.get(p.name)
        if view is not None and not all(hasattr(view, part) for part in ("links", "weights", "restrict")):
            raise TypeError(f"views[{p.name!r}] must be a LayerView; got {shorten(view)}")
        if view is not None:
            check_stored(view.links, f"links of views[{p.name!r}]")
        if view is not None and (view.links.shape != p.shape or (view.links != p.links).nnz):
            raise ValueError(
                f"views[{p.name!r}] has other links than the projection: make the views after the "
                "links have changed"
            )
        seen.append(view_of(p) if view is None else view)
    return seen


def _choose_evolvable(
    graph: LayeredGraph, rule: EvolutionRule, evolvable: Sequence[bool] | None, seen: Sequence[LayerView]
) -> list[bool]:
    projections = graph.projections
    if evolvable is not None:
        check_iterable(evolvable, "evolvable", "a list with True or False for each projection")
        for on in evolvable:
            check_flag(on, "an entry of evolvable")
    free = [True] * len(projections) if evolvable is None else [bool(on) for on in evolvable]
    if len(free) != len(projections):
        raise ValueError(
            f"evolvable must have one entry for each of {len(projections)} projections; got {len(free)}"
        )
    for p, on, view in zip(projections, free, seen, strict=True):
        if on and p.undirected:
            raise ValueError(
                f"projection {p.name!r} is undirected and cannot evolve: set its entry of evolvable to False"
            )
        if on and view.weights is None and rule.removal != "random":
            raise ValueError(
                f"removal {rule.removal!r} needs weights, and projection {p.name!r} has none: give the graph "
                "weights, set its entry of evolvable to False, or take removal 'random'"
            )
    return free


def _read_targets(graph: LayeredGraph, target_links: Targets) -> list[int]:
    names = [p.name for p in graph.projections]
    if target_links is None:
        wanted: list[Any] = [None] * len(names)
    elif isinstance(target_links, Mapping):
        unknown = set(target_links) - set(names)
        if unknown:
            raise ValueError(
                f"target_links names {sorted(unknown)}, but the projections are {names}: name these only"
            )
        shared = sorted(name for name in target_links if names.count(name) > 1)
        if shared:
            raise ValueError(
                f"target_links names {shared}, but several projections have this name: pass a list with one "
                "entry for each projection"
            )
        wanted = [target_links.get(name) for name in names]
    else:
        check_iterable(
            target_links, "target_links", "a mapping by name, or a list with one entry a projection"
        )
        wanted = list(target_links)
        if len(wanted) != len(names):
            raise ValueError(
                f"target_links must have one entry for each of {len(names)} projections; got {len(wanted)}"
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
