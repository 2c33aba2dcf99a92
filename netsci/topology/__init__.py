"""Topologies that evolve: first links, removal and regrowth. Numpy arrays only, no torch."""

from netsci.graph.ch.draws import draw_by_terms
from netsci.topology.allocation import ALLOCATIONS, LayerShape, densities
from netsci.topology.correlated import csti, link_correlated, link_correlated_at, sscti
from netsci.topology.correlation import CORRELATION, pearson, phi, phi_as_printed
from netsci.topology.early_stop import find_stopped
from netsci.topology.evolution import Evolution, evolve
from netsci.topology.exchange import OrderedRule
from netsci.topology.initial import INITIAL, erdos_renyi, links_at, uniform, watts_strogatz
from netsci.topology.power_law import scale_free
from netsci.topology.receptive import brf, brf_grid
from netsci.topology.rule import EvolutionRule
from netsci.topology.sampling import gumbel_top_k
from netsci.topology.schedule import (
    DELTA,
    DENSITY,
    ZETA,
    cosine,
    cubic,
    linear,
    linear_exponent,
    sigmoid,
    static,
)
from netsci.topology.scores import (
    NEEDS,
    REGROWTH,
    REMOVAL,
    ROW_BY_ROW,
    link_removal_score,
    magnitude,
    relative_importance,
)
from netsci.topology.view import LayerView, view_of
from netsci.topology.weights import WEIGHTS, initial_weights, kaiming_variance, sswi_variance, swi_variance

# Former names.
correlated, correlated_at, stopped = link_correlated, link_correlated_at, find_stopped

__all__ = [
    "ALLOCATIONS",
    "CORRELATION",
    "DELTA",
    "DENSITY",
    "INITIAL",
    "NEEDS",
    "REGROWTH",
    "REMOVAL",
    "ROW_BY_ROW",
    "WEIGHTS",
    "ZETA",
    "Evolution",
    "EvolutionRule",
    "LayerShape",
    "LayerView",
    "OrderedRule",
    "brf",
    "brf_grid",
    "cosine",
    "csti",
    "cubic",
    "densities",
    "draw_by_terms",
    "erdos_renyi",
    "evolve",
    "find_stopped",
    "gumbel_top_k",
    "initial_weights",
    "kaiming_variance",
    "linear",
    "linear_exponent",
    "link_correlated",
    "link_correlated_at",
    "link_removal_score",
    "links_at",
    "magnitude",
    "pearson",
    "phi",
    "phi_as_printed",
    "relative_importance",
    "scale_free",
    "sigmoid",
    "sscti",
    "sswi_variance",
    "static",
    "swi_variance",
    "uniform",
    "view_of",
    "watts_strogatz",
]
