"""The degree exponents of a layered network, pooled, by projection and side, and by population.

Layers of different width have different mean degrees, so all nodes together are a mixture, whose tail may
look like a power law though no layer has one. Random networks of the same layers and numbers of links, the
controls, show what the same fit makes of no structure at all.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import as_count
from netsci.graph.checks import check_generator, check_graph
from netsci.graph.degree.exponent import ExponentFit, degree_exponent
from netsci.graph.layered import LayeredGraph
from netsci.graph.projection import Projection

if TYPE_CHECKING:
    import pandas as pd

ALL_NODES = "all nodes"

_Sample = tuple[str, str, str, NDArray[np.int64]]


def exponent_table(
    graph: LayeredGraph,
    *,
    controls: int = 0,
    bootstrap: int = 0,
    rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Return the fitted degree exponent of every group of nodes of a layered network, one in each row.

    Groups: all nodes; of each projection the source units (their rows added up) and the target units, of an
    undirected one all its units; each population with all its links. The fit is `degree_exponent`'s.

    Parameters
    ----------
    graph : the network; its weights play no part.
    controls : number of random networks to compare with. Each keeps populations and projections and puts the
        same number of links at uniformly drawn places, self-loops apart from other links; their row groups
        may fill in any way. bootstrap : samples for each p-value, of the network and of its controls.
    rng : numpy Generator, required with controls or bootstrap.

    Returns
    -------
    DataFrame with columns kind (pooled, projection, population), group, side (all, source, target), nodes
    (int64, those without links included), gamma, xmin, n_tail, ks, sigma, p_value (NaN if not asked for),
    at_bound, scale_free (True, False, or None where undecided), favoured and notes (joined by "; ");
    with controls also control_gamma, control_lowest and control_highest (mean and range of gamma over the
    controls whose fit exists and is not at its bound; NaN without any), control_at_bound,
    control_scale_free and control_undecided (shares of all controls; without bootstrap none is called
    scale-free, and those that nothing rules out count as undecided).

    Raises
    ------
    TypeError
        If graph is not a LayeredGraph, controls or bootstrap is not a whole number, or rng is missing.
    ValueError
        If controls or bootstrap is negative.

    Examples
    --------
    >>> table = exponent_table(LayeredGraph.from_masks([[[1, 0], [1, 1], [0, 1]]]))
    >>> table[["kind", "side", "nodes"]].values.tolist()[:3]
    [['pooled', 'all', 5], ['projection', 'source', 3], ['projection', 'target', 2]]

    Source: S1 section 4.2; Broido and Clauset, Nature Communications 10, 1017 (2019), for the verdict.
    """
    import pandas as pd

    check_graph(graph)
    for value, name in ((controls, "controls"), (bootstrap, "bootstrap")):
        as_count(value, name, 0)
    if controls or bootstrap:
        check_generator(rng)
    samples = _samples(graph)
    rows = [_row(sample, degree_exponent(sample[3], bootstrap=bootstrap, rng=rng)) for sample in samples]
    found: list[list[ExponentFit]] = [[] for _ in samples]
    for _ in range(controls):
        for fits, sample in zip(found, _samples(random_control(graph, rng=rng)), strict=True):
            fits.append(degree_exponent(sample[3], bootstrap=bootstrap, rng=rng))
    if controls:
        rows = [row | _summary(fits) for row, fits in zip(rows, found, strict=True)]
    return pd.DataFrame(rows).astype({"scale_free": object})


def random_control(graph: LayeredGraph, *, rng: Any) -> LayeredGraph:
    """Return a network of the same populations and projections whose links lie at uniformly drawn places.

    Each projection keeps its number of links; one of a population onto itself also its number of self-loops
    and whether it is undirected. Weights are dropped.

    Examples
    --------
    >>> mask = np.eye(3, 5, dtype=bool)
    >>> random_control(LayeredGraph.from_masks([mask]), rng=np.random.default_rng(7)).n_links
    3
    """
    check_generator(rng)
    bare = [replace(p, weights=None) for p in graph.projections]
    return LayeredGraph(graph.populations, tuple(p.with_links(_random_links(p, rng)) for p in bare))


def _samples(graph: LayeredGraph) -> list[_Sample]:
    """Return kind, group, side and degrees of every group of units."""
    by_population = graph.degrees("all")
    samples: list[_Sample] = [("pooled", ALL_NODES, "all", np.concatenate(list(by_population.values())))]
    for p in graph.projections:
        units = p.degrees("source").reshape(-1, p.rows_per_unit).sum(axis=1)
        if p.undirected:
            samples.append(("projection", p.name, "all", units))
        else:
            samples.append(("projection", p.name, "source", units))
            samples.append(("projection", p.name, "target", p.degrees("target")))
    return samples + [("population", name, "all", degrees) for name, degrees in by_population.items()]


def _row(sample: _Sample, fit: ExponentFit) -> dict[str, Any]:
    kind, group, side, degrees = sample
    return {
        "kind": kind,
        "group": group,
        "side": side,
        "nodes": len(degrees),
        "gamma": fit.gamma,
        "xmin": fit.xmin,
        "n_tail": fit.n_tail,
        "ks": fit.ks,
        "sigma": fit.sigma,
        "p_value": math.nan if fit.p_value is None else fit.p_value,
        "at_bound": fit.at_bound,
        "scale_free": fit.scale_free,
        "favoured": "; ".join(fit.favoured),
        "notes": "; ".join(fit.notes),
    }


def _summary(fits: list[ExponentFit]) -> dict[str, float]:
    gammas = np.array([fit.gamma for fit in fits if not (fit.at_bound or math.isnan(fit.gamma))])
    return {
        "control_gamma": float(gammas.mean()) if len(gammas) else math.nan,
        "control_lowest": float(gammas.min()) if len(gammas) else math.nan,
        "control_highest": float(gammas.max()) if len(gammas) else math.nan,
        "control_at_bound": float(np.mean([fit.at_bound for fit in fits])),
        "control_scale_free": float(np.mean([fit.scale_free is True for fit in fits])),
        "control_undecided": float(np.mean([fit.scale_free is None for fit in fits])),
    }


def _random_links(p: Projection, rng: np.random.Generator) -> sp.coo_array:
    rows, columns = p.shape
    if not p.one_population:
        places = _places(rows * columns, int(p.links.nnz), rng)
        return _matrix(places // columns, places % columns, p.shape)
    loops = p.n_loops
    looped = _places(rows, loops, rng)
    # Places off the diagonal of a square, numbered along rows of n - 1; an undirected pair owns two of them.
    others = int(p.links.nnz) - loops
    if not p.undirected:
        places = _places(rows * (rows - 1), others, rng)
        first, second = places // max(rows - 1, 1), places % max(rows - 1, 1)
        second = second + (second >= first)
    else:
        low, high = _pairs(_places(rows * (rows - 1) // 2, others // 2, rng))
        first, second = np.concatenate([low, high]), np.concatenate([high, low])
    return _matrix(np.concatenate([first, looped]), np.concatenate([second, looped]), p.shape)


def _pairs(number: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return low < high of pair high (high - 1)/2 + low."""
    high = ((1 + np.sqrt(1 + 8 * number.astype(np.float64))) // 2).astype(np.int64)
    high -= high * (high - 1) // 2 > number  # the root may round up or down by one
    high += high * (high + 1) // 2 <= number
    return number - high * (high - 1) // 2, high


def _places(total: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return `count` distinct numbers below `total`, every set as likely as another, O(count) of memory.

    Numbers drawn again are redrawn, as if one by one; of more than half the few that stay out are drawn.
    """
    if 2 * count > total:
        return np.setdiff1d(np.arange(total), _places(total, total - count, rng), assume_unique=True)
    drawn = np.zeros(0, np.int64)
    while len(drawn) < count:
        drawn = np.union1d(drawn, rng.integers(total, size=count - len(drawn)))
    return drawn


def _matrix(rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]) -> sp.coo_array:
    return sp.coo_array((np.ones(len(rows), bool), (rows, columns)), shape=shape)
