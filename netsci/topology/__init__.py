"""Evolving topologies: initialisation, removal, regrowth; arrays only, never torch."""

from netsci.topology.evolution import Evolution, evolve
from netsci.topology.initial import INITIAL, brf, erdos_renyi, links_at, uniform
from netsci.topology.rule import EvolutionRule
from netsci.topology.sampling import gumbel_top_k
from netsci.topology.schedule import DENSITY, ZETA, cosine, linear, sigmoid, static
from netsci.topology.scores import REGROWTH, REMOVAL, link_removal_score, magnitude, relative_importance

__all__ = [
    "DENSITY",
    "INITIAL",
    "REGROWTH",
    "REMOVAL",
    "ZETA",
    "Evolution",
    "EvolutionRule",
    "brf",
    "cosine",
    "erdos_renyi",
    "evolve",
    "gumbel_top_k",
    "linear",
    "link_removal_score",
    "links_at",
    "magnitude",
    "relative_importance",
    "sigmoid",
    "static",
    "uniform",
]
