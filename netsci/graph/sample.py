"""One network with the measures that are compared with null models.

Self-loops play no part in them: the diagonal of a projection of a population onto itself is cleared before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci.graph.ch.recovery import ch_auc
from netsci.graph.structure import bipartite_measures as bipartite
from netsci.graph.structure import classical
from netsci.graph.structure.local_community import bipartite_lcp_correlation, lcp_correlation
from netsci.graph.structure.modules import bisect_modularity, quick_modularity
from netsci.graph.structure.path_measures import measure_paths


@dataclass(frozen=True, eq=False)
class Sample:
    """One network to measure, links bool CSR. What several measures share is computed once.

    reference : gives the mean clustering and path length of random networks of this size. rows : those whose
    places the AUC of links counts, None for all.
    """

    links: sp.csr_array
    undirected: bool
    reference: Callable[[], tuple[float, float]]
    rng: np.random.Generator
    rows: NDArray[np.int64] | None = None

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
        return measure_paths(network, self.rng).length

    @property
    def small_worldness(self) -> float:
        """Clustering and path length relative to random networks of the same size."""
        return classical.relative_smallness(self.clustering, self.path_length, self.reference())

    @property
    def nodes(self) -> tuple[tuple[int, int], int]:
        """The numbers of the first row and of the first column, and how many nodes there are."""
        rows, columns = self.links.shape
        return ((0, 0), rows) if self.undirected else ((0, rows), rows + columns)

    @property
    def modularity(self) -> float:
        """Modularity that one search finds; between two populations that of Barber."""
        return quick_modularity(self.links, *self.nodes, rng=self.rng)

    @property
    def two_modules(self) -> float:
        """Modularity of a division in two."""
        return bisect_modularity(self.links, *self.nodes, rng=self.rng)


BIPARTITE_MEASURES: dict[str, Callable[[Sample], float]] = {
    "robins_alexander": lambda one: one.clustering,
    "latapy_rows": lambda one: one.shared.latapy("rows"),
    "latapy_columns": lambda one: one.shared.latapy("columns"),
    "nodf": lambda one: one.shared.nodf().total,
    "modularity": lambda one: one.modularity,
    "two_modules": lambda one: one.two_modules,
    "assortativity": lambda one: bipartite.bipartite_assortativity(one.links),
    "lcp_correlation": lambda one: bipartite_lcp_correlation(one.links),
    "path_length": lambda one: one.path_length,
    "small_worldness": lambda one: one.small_worldness,
    "ch3_l3_auc": lambda one: ch_auc(one.links, rows=one.rows),
}
UNIPARTITE_MEASURES: dict[str, Callable[[Sample], float]] = {
    "clustering": lambda one: one.clustering,
    "path_length": lambda one: one.path_length,
    "small_worldness": lambda one: one.small_worldness,
    "modularity": lambda one: one.modularity,
    "two_modules": lambda one: one.two_modules,
    "assortativity": lambda one: classical.degree_assortativity(one.links),
    "rich_club": lambda one: classical.rich_club_share(one.links),
    "lcp_correlation": lambda one: lcp_correlation(one.links),
}
MEASURES = tuple(dict.fromkeys([*BIPARTITE_MEASURES, *UNIPARTITE_MEASURES]))
UNDEFINED = {
    "robins_alexander": "no path of three links",
    "nodf": "no two linked rows and no two linked columns",
    "modularity": "no links",
    "two_modules": "no links",
    "assortativity": "the degrees at one end of the links are all alike",
    "lcp_correlation": "common neighbours, or the links among them, are absent or all alike",
    "path_length": "no paths",
    "small_worldness": "no paths, or nothing closes in random networks of this size",
    "rich_club": "fewer than 2 nodes above the 90 % quantile of the degrees",
    "ch3_l3_auc": "no links, no empty places, or all places have the same score",
}


def estimate_work(name: str, links: sp.csr_array, undirected: bool) -> float:
    """Estimate the steps of a measure: 0 if it is as quick as drawing a replicate.

    Examples
    --------
    >>> estimate_work("nodf", sp.csr_array(np.ones((2, 3), bool)), False)
    30.0
    """
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
