"""How a network falls apart: its largest component while nodes or links are taken away one by one.

This is percolation as network science knows it. `netsci.graph.percolation.percolate`, which clears a layered
network of links that lead nowhere, shares the name only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    order = check_attack(graph, attack, runs, points, rng)
    one_run = (_node_run if attack in NODE_ATTACKS else _link_run)(graph, order)
    return summarise_runs(lambda: one_run() / graph.n_nodes, order.total, attack, runs, points)


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


@dataclass(frozen=True, eq=False)
class Order:
    """In which order an attack removes nodes or links: by ascending priority, equal ones at random."""

    priority: NDArray[np.float64]
    rng: np.random.Generator

    @property
    def total(self) -> int:
        """How many nodes or links there are."""
        return len(self.priority)

    def draw(self) -> NDArray[np.int64]:
        """Return the positions of the nodes or links in the order of one run."""
        drawn = self.rng.permutation(self.total)
        return np.asarray(drawn[np.argsort(self.priority[drawn], kind="stable")], np.int64)


def check_attack(graph: LayeredGraph, attack: str, runs: int, points: int, rng: np.random.Generator) -> Order:
    """Return the order of an attack; errors as `percolation_curve`.

    Examples
    --------
    >>> star = LayeredGraph.from_masks([[[1, 1, 1]]])
    >>> check_attack(star, "degree", 1, 2, np.random.default_rng(7)).draw()[0]
    np.int64(0)
    """
    check_graph(graph)
    check_choice(attack, ATTACKS, "attack")
    check_generator(rng)
    as_count(runs, "runs", 1)
    as_count(points, "points", 2)
    return Order((_node_priority if attack in NODE_ATTACKS else _link_priority)(graph, attack), rng)


def summarise_runs(
    one_run: Callable[[], NDArray[np.float64]], total: int, attack: str, runs: int, points: int
) -> pd.DataFrame:
    """Return the table of `percolation_curve` from runs of shares [total + 1], after 0 to total removals.

    Examples
    --------
    >>> summarise_runs(lambda: np.array([1.0, 0.5, 0.0]), 2, "random", 3, 2)["mean"].tolist()
    [1.0, 0.0]
    """
    import pandas as pd

    at = np.unique(np.rint(np.linspace(0, total, points)).astype(np.int64))
    shares = np.array([one_run()[at] for _ in range(runs)])
    low, high = np.quantile(shares, BAND, axis=0)
    columns = {"attack": attack, "removed": at / total, "mean": shares.mean(axis=0), "low": low, "high": high}
    return pd.DataFrame(columns)


def _node_priority(graph: LayeredGraph, attack: str) -> NDArray[np.float64]:
    if attack == "random":
        return np.zeros(graph.n_nodes)
    links = graph.adjacency(directed=False)
    return np.asarray(links.diagonal() - np.diff(links.indptr).astype(np.float64))


def _link_priority(graph: LayeredGraph, attack: str) -> NDArray[np.float64]:
    edges = graph.edges()
    if not len(edges):
        raise ValueError(f"attack {attack!r} removes links, but the graph has none")
    if attack == "random_links":
        return np.zeros(len(edges))
    weights = np.abs(edges["weight"].to_numpy())
    if np.isnan(weights).any():
        bare = [p.name for p in graph.projections if p.weights is None and p.n_links]
        raise ValueError(
            f"attack {attack!r} needs the weights of every link, but projections {bare} have none; "
            "use 'random_links'"
        )
    return np.asarray(weights if attack == "weight" else -weights)


def _node_run(graph: LayeredGraph, order: Order) -> Callable[[], NDArray[np.int64]]:
    """Return a function that draws an order of the nodes and returns the sizes of the largest component."""
    from netsci.graph.structure._percolation_kernels import largest_without_nodes

    links = graph.adjacency(directed=False)
    return lambda: np.asarray(largest_without_nodes(links.indptr, links.indices, order.draw()))


def _link_run(graph: LayeredGraph, order: Order) -> Callable[[], NDArray[np.int64]]:
    """Return a function that draws an order of the links and returns the sizes of the largest component."""
    from netsci.graph.structure._percolation_kernels import largest_without_links

    edges = graph.edges()
    ends = edges["source"].to_numpy(), edges["target"].to_numpy()
    return lambda: np.asarray(largest_without_links(*ends, graph.n_nodes, order.draw()))
