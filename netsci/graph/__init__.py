"""Layered networks as graphs and their measures; numpy, scipy and numba, never torch."""

from netsci.graph.ch.links import best_missing_links, sample_missing_links
from netsci.graph.ch.ranking import ch_ranking
from netsci.graph.ch.scores import CH_RULES, ch_scores, iter_scores
from netsci.graph.ch.unipartite import ch_scores_unipartite, iter_ch_scores_unipartite
from netsci.graph.degree.distribution import degree_ccdf
from netsci.graph.degree.exponent import ExponentFit, degree_exponent, grid_exponent
from netsci.graph.degree.exponent_table import exponent_table
from netsci.graph.geometry.agreement import (
    concordance_score,
    hd_correlation,
    hyperbolic_distance_3d,
)
from netsci.graph.geometry.alignment import align, circular_correlation
from netsci.graph.geometry.embedding import Embedding, coalescent_embedding
from netsci.graph.geometry.hyperbolic import (
    geodesic_arc,
    geodesic_arcs,
    hyperbolic_distance,
    native_arcs,
    to_poincare,
)
from netsci.graph.geometry.meta_depth import meta_depth
from netsci.graph.geometry.navigation import (
    geometrical_congruence,
    greedy_routing,
    greedy_routing_score,
    latent_congruence,
)
from netsci.graph.geometry.separation import angular_separation, angular_separation_index
from netsci.graph.interop import from_graphml, from_igraph, from_networkx
from netsci.graph.layered import LayeredGraph
from netsci.graph.node_measures import NODE_MEASURES, node_table
from netsci.graph.output_curve import output_curve
from netsci.graph.percolation import live_units, node_sparsity, percolate
from netsci.graph.projection import Population, Projection
from netsci.graph.structure.bipartite_measures import (
    bipartite_assortativity,
    bipartite_communities,
    bipartite_modularity,
    latapy_clustering,
    nodf,
    robins_alexander,
)
from netsci.graph.structure.classical import (
    clustering,
    communities,
    degree_assortativity,
    modularity,
    rich_club,
    small_worldness,
    transitivity,
)
from netsci.graph.structure.local_community import bipartite_lcp_correlation, lcp_correlation
from netsci.graph.structure.null_models import NULL_MODELS, null_model
from netsci.graph.structure.path_measures import (
    PathStatistics,
    global_efficiency,
    local_efficiency,
    path_length,
    path_statistics,
)
from netsci.graph.structure.percolation_curve import percolation_curve, robustness
from netsci.graph.structure.significance import structure_table

__all__ = [
    "CH_RULES",
    "NODE_MEASURES",
    "NULL_MODELS",
    "Embedding",
    "ExponentFit",
    "LayeredGraph",
    "PathStatistics",
    "Population",
    "Projection",
    "align",
    "angular_separation",
    "angular_separation_index",
    "best_missing_links",
    "bipartite_assortativity",
    "bipartite_communities",
    "bipartite_lcp_correlation",
    "bipartite_modularity",
    "ch_ranking",
    "ch_scores",
    "ch_scores_unipartite",
    "circular_correlation",
    "clustering",
    "coalescent_embedding",
    "communities",
    "concordance_score",
    "degree_assortativity",
    "degree_ccdf",
    "degree_exponent",
    "exponent_table",
    "from_graphml",
    "from_igraph",
    "from_networkx",
    "geodesic_arc",
    "geodesic_arcs",
    "geometrical_congruence",
    "global_efficiency",
    "greedy_routing",
    "greedy_routing_score",
    "grid_exponent",
    "hd_correlation",
    "hyperbolic_distance",
    "hyperbolic_distance_3d",
    "iter_ch_scores_unipartite",
    "iter_scores",
    "latapy_clustering",
    "latent_congruence",
    "lcp_correlation",
    "live_units",
    "local_efficiency",
    "meta_depth",
    "modularity",
    "native_arcs",
    "node_sparsity",
    "node_table",
    "nodf",
    "null_model",
    "output_curve",
    "path_length",
    "path_statistics",
    "percolate",
    "percolation_curve",
    "rich_club",
    "robins_alexander",
    "robustness",
    "sample_missing_links",
    "small_worldness",
    "structure_table",
    "to_poincare",
    "transitivity",
]
