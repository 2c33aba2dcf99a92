"""Cannistraci-Hebb scores: of bipartite layers, of undirected networks, and the links that they choose."""

from netsci.graph.ch.scores import CH_RULES, ch_scores, iter_scores

__all__ = ["CH_RULES", "ch_scores", "iter_scores"]
