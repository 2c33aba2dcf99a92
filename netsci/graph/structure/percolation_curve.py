"""How a network falls apart: its largest component while nodes or links are taken away one by one.

This is percolation as network science knows it. `netsci.graph.percolation.percolate`, which clears a layered
network of links that lead nowhere, shares the name only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import as_count
from netsci.graph.checks import check_choice, check_generator, check_graph
from netsci.graph.layered import LayeredGraph

if TYPE_CHECKING:
    import pandas as pd

ATTACKS = ("random", "degree", "random_links", "weight", "weight_strongest")
NODE_ATTACKS = ("random", "degree")
BAND = (0.05, 0.95)


def percolation_curve(
    graph: LayeredGraph,
    *,
    attack: str = "random",
    runs: int = 20,
    points: int = 51,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the share of all units in the largest component against the share of nodes or links removed.

    Attacks remove nodes at random ("random") or by their number of neighbours in the whole network, highest
    first ("degree"); or links at random ("random_links"), by |weight| from the weakest ("weight") or from the
    strongest ("weight_strongest"). Ties are broken at random in each run. Directions are ignored.

    Parameters
    ----------
    graph : any LayeredGraph. Two units with links in several rows (rows_per_unit) stay joined until
        the last of these links is removed.
    runs : number of random orders. points : number of removed shares, at least 2, evenly spread from 0 to 1
        (fewer if the graph has fewer nodes or links).
    rng : numpy Generator.

    Returns
    -------
    table with columns attack (text), removed, mean, low, high (float64 in [0, 1]): the mean over the runs
        and their 5 % and 95 % quantiles. removed is an exact share k / total.

    Raises
    ------
    TypeError
        If graph is no LayeredGraph, rng is not a Generator, or runs or points are not whole numbers.
    ValueError
        If attack is unknown, runs < 1, points < 2, there is no link to remove, or an attack by weight meets
        a projection without weights.

    Examples
    --------
    >>> star = LayeredGraph.from_masks([[[1, 1, 1]]])
    >>> curve = percolation_curve(star, attack="degree", runs=1, rng=np.random.default_rng(7))
    >>> curve["mean"].tolist()
    [1.0, 0.25, 0.25, 0.25, 0.0]

    Source: Albert, Jeong and Barabasi, Nature 406, 378 (2000); Newman and Ziff, Physical Review Letters 85,
    4104 (2000), for all sizes in one sweep.
    """
    import pandas as pd

    check_graph(graph)
    check_choice(attack, ATTACKS, "attack")
    check_generator(rng)
    as_count(runs, "runs", 1)
    as_count(points, "points", 2)
    one_run = _node_run(graph, attack, rng) if attack in NODE_ATTACKS else _link_run(graph, attack, rng)
    sizes = one_run()
    total = len(sizes) - 1
    at = np.unique(np.rint(np.linspace(0, total, points)).astype(np.int64))
    shares = np.array([sizes[at], *(one_run()[at] for _ in range(runs - 1))]) / graph.n_nodes
    low, high = np.quantile(shares, BAND, axis=0)
    columns = {"attack": attack, "removed": at / total, "mean": shares.mean(axis=0), "low": low, "high": high}
    return pd.DataFrame(columns)


def robustness(curve: pd.DataFrame) -> float:
    """Return the area under the mean of a percolation curve (trapezoids), in [0, 1].

    curve : what `percolation_curve` returns, for one attack. For removed nodes the area is at most about 1/2:
    the component cannot be larger than the share not removed.

    Raises
    ------
    TypeError, ValueError
        If curve is not a table with the columns removed and mean, ascending in removed from 0 to 1.

    Examples
    --------
    >>> star = LayeredGraph.from_masks([[[1, 1, 1]]])
    >>> robustness(percolation_curve(star, attack="degree", runs=1, rng=np.random.default_rng(7)))
    0.3125

    Source: Schneider, Moreira, Andrade, Havlin and Herrmann, PNAS 108, 3838 (2011).
    Reading: theirs is the mean over removed nodes, without the first point; the area also suits few points.
    """
    import pandas as pd

    if not isinstance(curve, pd.DataFrame):
        raise TypeError(f"curve must be a table from percolation_curve; got {type(curve).__name__}")
    absent = {"removed", "mean"} - set(curve.columns)
    if absent:
        raise ValueError(
            f"curve must have the columns 'removed' and 'mean'; it lacks {sorted(absent)}: pass what "
            "percolation_curve returns"
        )
    removed, mean = curve["removed"].to_numpy(float), curve["mean"].to_numpy(float)
    steps = np.diff(removed)
    if not len(steps) or removed[0] != 0 or removed[-1] != 1 or not (steps > 0).all():
        raise ValueError("curve must ascend in removed from 0 to 1: one attack at a time, all its rows")
    return float((steps * (mean[1:] + mean[:-1])).sum() / 2)


def _node_run(graph: LayeredGraph, attack: str, rng: np.random.Generator) -> Callable[[], NDArray[np.int64]]:
    """Return a function that draws an order of the nodes and returns the sizes of the largest component."""
    from netsci.graph.structure._percolation_kernels import largest_without_nodes

    links = graph.adjacency(directed=False)
    degrees = np.diff(links.indptr) - links.diagonal()
    priority = -degrees if attack == "degree" else np.zeros(graph.n_nodes)
    return lambda: np.asarray(largest_without_nodes(links.indptr, links.indices, _order(priority, rng)))


def _link_run(graph: LayeredGraph, attack: str, rng: np.random.Generator) -> Callable[[], NDArray[np.int64]]:
    """Return a function that draws an order of the links and returns the sizes of the largest component."""
    from netsci.graph.structure._percolation_kernels import largest_without_links

    edges = graph.edges()
    if not len(edges):
        raise ValueError(
            f"attack {attack!r} removes links, but the graph has none: attack nodes, by 'random' or 'degree'"
        )
    weights = np.abs(edges["weight"].to_numpy())
    if attack != "random_links" and np.isnan(weights).any():
        bare = [p.name for p in graph.projections if p.weights is None and p.n_links]
        raise ValueError(
            f"attack {attack!r} needs the weights of every link, but projections {bare} have none; use "
            "'random_links', or give the graph weights"
        )
    priority = {"random_links": np.zeros(len(edges)), "weight": weights, "weight_strongest": -weights}[attack]
    ends = edges["source"].to_numpy(), edges["target"].to_numpy()
    return lambda: np.asarray(largest_without_links(*ends, graph.n_nodes, _order(priority, rng)))


def _order(priority: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return the positions by ascending priority, equal ones in random order."""
    drawn = rng.permutation(len(priority))
    return np.asarray(drawn[np.argsort(priority[drawn], kind="stable")], np.int64)
