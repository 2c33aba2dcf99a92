"""Read directed networks as undirected ones, if the user asks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from netsci.io.errors import printable

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph
    from netsci.graph.projection import Projection


def without_direction(graph: LayeredGraph) -> tuple[LayeredGraph, list[str]]:
    """Return the graph with every directed projection of a population onto itself undirected, and notes.

    Two units are linked where a link runs either way; it weighs what both directions weigh together.
    """
    projections, notes = [], []
    for p in graph.projections:
        # A convolution onto its own channels has a row for each place of its kernel: no pairs of units.
        if p.undirected or p.source != p.target or p.rows_per_unit != 1:
            projections.append(p)
            continue
        merged, said = _merge_directions(p)
        projections.append(merged)
        notes.append(said)
    if not notes:
        return graph, ["undirected: nothing was directed within one population, so nothing is merged"]
    return replace(graph, projections=tuple(projections)), notes


def _merge_directions(p: Projection) -> tuple[Projection, str]:
    links = p.links.tocoo()
    rows, columns = (np.asarray(end, np.int64) for end in (links.row, links.col))
    off = rows != columns
    place = (np.concatenate([rows, columns[off]]), np.concatenate([columns, rows[off]]))
    values = np.ones(p.links.nnz) if p.weights is None else p.weights.data.astype(np.float64)
    # At most two numbers meet at a place, so that their order makes no difference.
    both = sp.coo_array((np.concatenate([values, values[off]]), place), shape=p.shape).tocsr()
    pattern = sp.csr_array((np.ones(both.nnz, bool), both.indices, both.indptr), shape=p.shape)
    weights = None
    if p.weights is not None:
        with np.errstate(over="ignore"):
            weights = both.astype(p.weights.dtype)
    finite = weights is None or bool(np.isfinite(weights.data).all())
    found = replace(p, links=pattern, weights=weights if finite else None, undirected=True)
    pairs = p.n_links - found.n_links
    summed = ", their weights added up" if p.weights is not None else ""
    met = f"{pairs:,} {'pair' if pairs == 1 else 'pairs'} linked in both directions merged"
    said = f"{printable(p.name)}: read as undirected; {met}{summed}"
    return found, said + ("" if finite else "; a sum is not finite, so weights are dropped")
