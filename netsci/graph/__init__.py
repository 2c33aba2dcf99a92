"""Layered networks as graphs and their measures; numpy, scipy and numba, never torch."""

from netsci.graph.ch import CH_RULES, ch_scores, iter_scores
from netsci.graph.degrees import degree_ccdf
from netsci.graph.embedding import Embedding, coalescent_embedding
from netsci.graph.exponent import ExponentFit, degree_exponent, grid_exponent
from netsci.graph.hyperbolic import geodesic_arc, geodesic_arcs, hyperbolic_distance, native_arcs, to_poincare
from netsci.graph.interop import from_graphml, from_igraph, from_networkx
from netsci.graph.layered import LayeredGraph
from netsci.graph.percolation import live_units, node_sparsity, percolate
from netsci.graph.projection import Population, Projection

__all__ = [
    "CH_RULES",
    "Embedding",
    "ExponentFit",
    "LayeredGraph",
    "Population",
    "Projection",
    "ch_scores",
    "coalescent_embedding",
    "degree_ccdf",
    "degree_exponent",
    "from_graphml",
    "from_igraph",
    "from_networkx",
    "geodesic_arc",
    "geodesic_arcs",
    "grid_exponent",
    "hyperbolic_distance",
    "iter_scores",
    "live_units",
    "native_arcs",
    "node_sparsity",
    "percolate",
    "to_poincare",
]
