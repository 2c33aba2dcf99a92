"""Layered networks as graphs and their measures; numpy, scipy and numba, never torch."""

from netsci.graph.interop import from_graphml, from_igraph, from_networkx
from netsci.graph.layered import LayeredGraph
from netsci.graph.projection import Population, Projection

__all__ = ["LayeredGraph", "Population", "Projection", "from_graphml", "from_igraph", "from_networkx"]
