"""Compare measures of a network with null models: which structures do its size and degrees not explain?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.arguments import as_count, check_iterable
from netsci.graph.checks import check_choice, check_generator, check_graph
from netsci.graph.layered import LayeredGraph
from netsci.graph.processors import processors
from netsci.graph.projection import Projection
from netsci.graph.structure import bipartite_measures as bipartite
from netsci.graph.structure import classical
from netsci.graph.structure.local_community import bipartite_lcp_correlation, lcp_correlation
from netsci.graph.structure.null_models import NULL_MODELS, draw_links, scatter
from netsci.graph.structure.path_measures import as_undirected, path_length

if TYPE_CHECKING:
    import pandas as pd

LARGEST_WORK = 3e9  # steps of one measure on one network: a few seconds
REFERENCES = 5  # random networks behind small-worldness
SEARCHES = 4  # for modules: about one search in ten ends far below the others


@dataclass(frozen=True, eq=False)
class Sample:
    """One network to measure, links bool CSR. What several measures share is computed once.

    reference : gives the mean clustering and path length of random networks of this size.
    """

    links: sp.csr_array
    undirected: bool
    reference: Callable[[], tuple[float, float]]
    rng: np.random.Generator

    @cached_property
    def shared(self) -> bipartite.SharedNeighbours:
        """Shared neighbours of the rows and of the columns."""
        return bipartite.SharedNeighbours(self.links)

    @cached_property
    def clustering(self) -> float:
        """Clustering in triangles, between two populations in squares (Robins-Alexander)."""
        return classical.clustering(self.links) if self.undirected else self.shared.robins_alexander()

    @cached_property
    def path_length(self) -> float:
        """Characteristic path length; two populations as one network, directions ignored."""
        network = self.links if self.undirected else bipartite.bipartite_graph(self.links)
        return path_length(network, rng=self.rng)

    @property
    def small_worldness(self) -> float:
        """Clustering and path length relative to random networks of the same size."""
        return classical.relative_smallness(self.clustering, self.path_length, self.reference())


BIPARTITE_MEASURES: dict[str, Callable[[Sample], float]] = {
    "robins_alexander": lambda one: one.clustering,
    "latapy_rows": lambda one: one.shared.latapy("rows"),
    "latapy_columns": lambda one: one.shared.latapy("columns"),
    "nodf": lambda one: one.shared.nodf().total,
    "modularity": lambda one: bipartite.bipartite_modularity(one.links, runs=SEARCHES, rng=one.rng),
    "assortativity": lambda one: bipartite.bipartite_assortativity(one.links),
    "lcp_correlation": lambda one: bipartite_lcp_correlation(one.links),
    "path_length": lambda one: one.path_length,
    "small_worldness": lambda one: one.small_worldness,
}
UNIPARTITE_MEASURES: dict[str, Callable[[Sample], float]] = {
    "clustering": lambda one: one.clustering,
    "path_length": lambda one: one.path_length,
    "small_worldness": lambda one: one.small_worldness,
    "modularity": lambda one: classical.modularity(one.links, runs=SEARCHES, rng=one.rng),
    "assortativity": lambda one: classical.degree_assortativity(one.links),
    "rich_club": lambda one: classical.rich_club_share(one.links),
    "lcp_correlation": lambda one: lcp_correlation(one.links),
}
MEASURES = tuple(dict.fromkeys([*BIPARTITE_MEASURES, *UNIPARTITE_MEASURES]))
UNDEFINED = {
    "robins_alexander": "no path of three links",
    "nodf": "no two linked rows and no two linked columns",
    "modularity": "no links",
    "assortativity": "the degrees at one end of the links are all alike",
    "lcp_correlation": "common neighbours, or the links among them, are absent or all alike",
    "path_length": "no paths",
    "small_worldness": "no paths, or nothing closes in random networks of this size",
    "rich_club": "fewer than 2 nodes above the 90 % quantile of the degrees",
}


def structure_table(
    graph: LayeredGraph,
    *,
    measures: Sequence[str] | None = None,
    null: str = "degree_preserving",
    replicates: int = 20,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return measures of every projection, each compared with random networks of a null model.

    z = (value - null mean) / null standard deviation. p is two-sided: with d = |x - mean of all R + 1
    values|, p = (1 + number of replicates with d at least the network's) / (1 + R), so never below
    1 / (1 + R). Tests of many measures at once are not corrected for their number.

    Parameters
    ----------
    graph : any LayeredGraph. Undirected projections have UNIPARTITE_MEASURES. All others have
        BIPARTITE_MEASURES: rows and columns count as two populations, also where both are one population. A
        unit may own several rows. Weights play no part.
    measures : names to restrict the table to; None for all. null : one of NULL_MODELS.
    replicates : random networks R a projection, at least 1. rng : numpy Generator; the table depends on its
        state only, not on the number of processors.

    Returns
    -------
    table, one line a projection and measure: projection, measure (text), value, null_mean, null_std (R - 1),
        z, p (float64), replicates (int64, those where the measure is defined), note (text, "" or why a
        number is NaN). z is NaN if all replicates are alike: their standard deviation is 0.
        path_length and small_worldness take the largest component; rich_club is phi at the 90 % quantile of
        the degrees; modularity is searched for with runs=4, in the network and each replicate;
        small_worldness compares with 5 Erdos-Renyi networks whatever the null model.

    Raises
    ------
    TypeError, ValueError
        If graph is no LayeredGraph, a measure or null is unknown, replicates < 1 or rng is not a Generator.

    Examples
    --------
    >>> graph = LayeredGraph.from_masks([np.kron(np.eye(4), np.ones((5, 6)))])
    >>> table = structure_table(graph, measures=["robins_alexander"], rng=np.random.default_rng(7))
    >>> table[["value", "p"]].round(3).values.tolist()
    [[1.0, 0.048]]

    Source: Maslov and Sneppen, Science 296, 910 (2002); Phipson and Smyth (2010) for 1 + in p.
    """
    import pandas as pd

    check_graph(graph)
    check_choice(null, NULL_MODELS, "null")
    check_generator(rng)
    as_count(replicates, "replicates")
    if isinstance(measures, str):
        raise TypeError(f"measures must be a list of names; pass [{measures!r}]")
    if measures is not None:
        check_iterable(measures, "measures", "a list of names")
    for name in () if measures is None else measures:
        check_choice(name, MEASURES, "a measure")
    lines = []
    for projection in graph.projections:
        lines += _compare(projection, measures, null, replicates, rng)
    columns = ["projection", "measure", "value", "null_mean", "null_std", "z", "p", "replicates", "note"]
    table = pd.DataFrame(lines, columns=columns)
    kinds = dict.fromkeys(columns[2:7], np.float64) | {"replicates": np.int64}
    return table.astype(kinds)


def _compare(
    projection: Projection,
    wanted: Sequence[str] | None,
    null: str,
    replicates: int,
    rng: np.random.Generator,
) -> list[tuple[Any, ...]]:
    """Return the lines of one projection."""
    undirected = projection.undirected
    links = as_undirected(projection.links) if undirected else projection.links
    known = UNIPARTITE_MEASURES if undirected else BIPARTITE_MEASURES
    names = [name for name in known if wanted is None or name in wanted]
    work = {name: _work(name, links, undirected) for name in names}
    small = [name for name in names if work[name] <= LARGEST_WORK]
    seeds = rng.integers(0, 2**63, replicates + 2)
    # Draw the reference once: it depends on size only, so the network and its replicates share it.
    found: list[tuple[float, float]] = []
    if "small_worldness" in small:
        found.append(_reference(links, undirected, np.random.default_rng(seeds[-1])))

    def measure(number: int) -> list[float]:
        own = np.random.default_rng(seeds[number])
        drawn = links if number == 0 else draw_links(links, null, undirected=undirected, rng=own)
        one = Sample(drawn, undirected, lambda: found[0], own)
        return [float(known[name](one)) for name in small]

    with ThreadPoolExecutor(min(replicates + 1, processors())) as pool:
        values = np.array(list(pool.map(measure, range(replicates + 1)))).reshape(replicates + 1, len(small))
    lines = []
    for name in names:
        if name in small:
            numbers, note = _statistics(name, values[:, small.index(name)])
        else:
            nothing = (math.nan,) * 5
            numbers = (*nothing, 0)
            note = f"too large: about {work[name]:.0e} steps a network, more than {LARGEST_WORK:.0e}"
        lines.append((projection.name, name, *numbers, note))
    return lines


def _statistics(name: str, values: NDArray[np.float64]) -> tuple[tuple[float, ...], str]:
    """Return value, null mean and deviation, z, p, replicates and the note. The network's value is first."""
    value, null = float(values[0]), values[1:][~np.isnan(values[1:])]
    notes = []
    if math.isnan(value):
        notes.append(f"undefined: {UNDEFINED.get(name, 'nothing to measure')}")
    if len(null) < len(values) - 1:
        notes.append(f"undefined in {len(values) - 1 - len(null)} of {len(values) - 1} replicates")
    mean = float(null.mean()) if len(null) else math.nan
    deviation = float(null.std(ddof=1)) if len(null) > 1 else math.nan
    z = p = math.nan
    if len(null) == 1:
        notes.append("one replicate has no standard deviation")
    # Equal measures may differ in their last digits if the links are in another order.
    rounding = 1e-12 * max(1.0, abs(mean)) if len(null) else 0.0
    if len(null) > 1 and np.ptp(null) <= rounding:
        notes.append("all replicates are alike: no z")
        deviation = 0.0
    elif not math.isnan(value):
        z = (value - mean) / deviation
    if len(null) and not math.isnan(value):
        centre = (value + null.sum()) / (1 + len(null))
        far = np.abs(null - centre) >= abs(value - centre) - rounding
        p = (1 + np.count_nonzero(far)) / (1 + len(null))
    return (value, mean, deviation, z, p, len(null)), "; ".join(notes)


def _reference(links: sp.csr_array, undirected: bool, rng: np.random.Generator) -> tuple[float, float]:
    """Return the mean clustering and path length of random networks of this size."""
    if undirected:
        return classical.random_reference(links, REFERENCES, rng)

    def draw() -> Sample:
        return Sample(scatter(links, rng=rng), False, lambda: (math.nan, math.nan), rng)

    values = np.array([(one.clustering, one.path_length) for one in (draw() for _ in range(REFERENCES))])
    return float(values[:, 0].mean()), float(values[:, 1].mean())


def _work(name: str, links: sp.csr_array, undirected: bool) -> float:
    """Estimate the steps of a measure: 0 if it is as quick as drawing a replicate."""
    rows = np.diff(links.indptr).astype(np.float64)
    columns = np.bincount(links.indices, minlength=links.shape[1]).astype(np.float64)
    if not links.nnz:
        return 0.0
    if undirected:
        if name != "lcp_correlation":
            return 0.0
        smaller = np.minimum(np.repeat(rows, np.diff(links.indptr)), rows[links.indices])
        return float(smaller.sum() * (rows @ rows) / rows.sum())
    pairs = float(columns @ columns + rows @ rows)
    if name == "lcp_correlation":
        until_hit = min(columns.mean(), links.shape[0] * links.shape[1] / links.nnz)
        return pairs + float(rows @ rows) * float(until_hit)
    return pairs if name in ("robins_alexander", "nodf", "small_worldness") or "latapy" in name else 0.0
