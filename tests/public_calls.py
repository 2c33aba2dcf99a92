"""One small legal call of every public function."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch

import netsci.convert
import netsci.data
import netsci.graph
import netsci.io
import netsci.measure
import netsci.models
import netsci.plot
import netsci.prune
import netsci.report
import netsci.sparse
import netsci.spiking
import netsci.sweep
import netsci.topology
import netsci.train
import netsci.view
from netsci.graph import LayeredGraph, coalescent_embedding, degree_exponent, percolation_curve
from netsci.io.options import ReadOptions
from netsci.measure import PopulationTrace, ProjectionTrace, Trace
from netsci.models import mlp, vit
from netsci.plot.look import Look
from netsci.sparse import SparseLinear, Structure, dense_state
from netsci.spiking import LIF, record
from netsci.topology import EvolutionRule, LayerShape
from netsci.train import Recipe
from tests.public_examples import CLASSES, FUNCTIONS

ROOMS = (
    "graph",
    "topology",
    "measure",
    "data",
    "io",
    "sparse",
    "spiking",
    "models",
    "prune",
    "convert",
    "train",
    "plot",
    "report",
    "view",
    "sweep",
)
OPTIONS: dict[str, Any] = {"Unpack[Look]": Look, "Unpack[ReadOptions]": ReadOptions}
# Not called: it takes no argument, and changes the whole process.
LEFT_OUT = {"train.keep_freed_memory"}


def _adjacency() -> sp.csr_array:
    return nx.to_scipy_sparse_array(nx.karate_club_graph(), weight=None, format="csr")


def _mask() -> np.ndarray:
    return np.random.default_rng(3).random((9, 7)) < 0.4


def _graph() -> LayeredGraph:
    rng = np.random.default_rng(4)
    masks = [rng.random((9, 12)) < 0.5, rng.random((12, 5)) < 0.5]
    return LayeredGraph.from_masks(masks, weights=[rng.normal(size=m.shape) for m in masks], names=["a", "b"])


def _module() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(SparseLinear(np.eye(6, 5) + np.eye(6, 5, -1)), SparseLinear(np.ones((5, 3))))


def _ann() -> torch.nn.Module:
    torch.manual_seed(0)
    return mlp([4, 5, 3], spiking=False).eval()


def _timm_state() -> dict[str, torch.Tensor]:
    return vit((3, 4, 4), 3, patch=2, width=4, depth=1, heads=2).state_dict()


def _table() -> pd.DataFrame:
    return pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [2.0, 1.0, 0.5], "group": ["a", "b", "a"]})


def _lags() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [(i, name, 10 + int(rng.integers(-2, 5)), 10) for name in ("dense", "sparse") for i in range(9)]
    return pd.DataFrame(rows, columns=["pair", "connectivity", "accuracy_time", "rate_time"])


def _curves() -> pd.DataFrame:
    every = [(i, name) for i in range(2) for name in ("dense", "sparse")]
    rows = [(*one, t, 1 - 0.5**t, 0.2) for one in every for t in range(1, 9)]
    return pd.DataFrame(rows, columns=["pair", "connectivity", "step", "accuracy", "rate"])


def _analog() -> Trace:
    first = ProjectionTrace("fc", np.array([8, 4]), np.array([5, 2]), "analog", 7, 10, 10, applications=8)
    return Trace(steps=4, samples=2, populations=(), projections=(first,))


def _counted() -> Trace:
    by_step = {"operations_by_step": np.array([2, 4]), "events_by_step": np.array([1, 2])}
    seen = ProjectionTrace("fc", np.array([3]), np.array([2]), "spikes", 2, 2, 2, 2, **by_step)
    hidden = PopulationTrace("hidden", np.array([3]), np.array([1, 2]))
    return Trace(steps=2, samples=1, populations=(hidden,), projections=(seen,))


def _trace() -> Trace:
    torch.manual_seed(0)
    return record(mlp([6, 5, 3], steps=2), torch.ones(2, 6))


def _embedding() -> Any:
    return coalescent_embedding(_graph().adjacency(directed=False))


# What a parameter of this name takes, wherever it occurs.
BY_NAME: dict[str, Callable[[], Any]] = {
    "adjacency": _adjacency,
    "biadjacency": _mask,
    "graph": _graph,
    "embedding": _embedding,
    "reference": _embedding,
    "rng": lambda: np.random.default_rng(7),
    "generator": lambda: torch.Generator().manual_seed(7),
    "degrees": lambda: np.arange(1, 80),
    "theta": lambda: np.linspace(0.1, 6.0, 9),
    "reference_theta": lambda: np.linspace(0.2, 6.1, 9),
    "theta_a": lambda: np.linspace(0.1, 6.0, 9),
    "theta_b": lambda: np.linspace(0.2, 6.1, 9),
    "labels": lambda: ["a", "b", "c"] * 3,
    "radius": lambda: np.linspace(1.0, 2.0, 9),
    "sources": lambda: np.array([0, 1]),
    "targets": lambda: np.array([2, 3]),
    "shape": lambda: (6, 5),
    "sparsity": lambda: 0.5,
    "structural_sparsity": lambda: 0.5,
    "weights": lambda: sp.csr_array(np.array([[3.0, 1.0], [0.0, 1.0]])),
    "w": lambda: np.array([[3.0, 1.0], [0.0, 1.0]]),
    "zeta": lambda: 0.3,
    "step": lambda: 3,
    "steps": lambda: 9,
    "initial": lambda: 0.5,
    "final": lambda: 0.9,
    "k": lambda: 3,
    "n": lambda: 10,
    "p": lambda: 0.5,
    "r": lambda: np.linspace(1.0, 2.0, 9),
    "projection": lambda: _graph().projections[0],
    "module": _module,
    "net": _module,
    "trace": _trace,
    "table": _table,
    "curve": lambda: [0.1, 0.5, 0.8, 0.81, 0.81, 0.81],
    "curves": lambda: [[0.1, 0.5, 0.8, 0.81, 0.81, 0.81]],
    "window": lambda: 2,
    "size": lambda: 100,
    "index": lambda: 0.4,
    "first": lambda: [1.0, 2.0, 3.5],
    "second": lambda: [0.5, 1.5, 4.0],
    "differences": lambda: [0.5, -0.1, 0.7, 0.9],
    "clean": lambda: [0.9, 0.8],
    "noisy": lambda: [0.8, 0.7],
    "neuron": lambda: LIF(0.5, 1.0),
    "current": lambda: torch.ones(4, 2, 3),
    "dtype": lambda: np.float32,
    "input_shape": lambda: (1, 8, 8),
    "network": nx.karate_club_graph,
    "variance": lambda: 0.1,
    "recipe": Recipe,
    "file": lambda: Path(__file__),
    "folder": lambda: Path(__file__).parent,
}
OVER: dict[str, dict[str, Callable[[], Any]]] = {
    "geodesic_arc": {"p": lambda: [0.1, 0.2], "q": lambda: [0.3, -0.1]},
    "geodesic_arcs": {"x": lambda: [0.1, 0.2, 0.0, 0.5], "y": lambda: [0.3, 0.1, 0.2, 0.0]},
    "geometrical_congruence": {"coordinates": lambda: coalescent_embedding(_adjacency())},
    "greedy_routing": {"coordinates": lambda: coalescent_embedding(_adjacency()), "targets": lambda: 5},
    "greedy_routing_score": {"coordinates": lambda: coalescent_embedding(_adjacency())},
    "hd_correlation": {"coordinates": _embedding},
    "hyperbolic_distance": {name: (lambda: [1.0, 2.0]) for name in ("r1", "t1", "r2", "t2")},
    "hyperbolic_distance_3d": {
        name: (lambda: [1.0, 0.2])
        for name in ("r1", "azimuth1", "elevation1", "r2", "azimuth2", "elevation2")
    },
    "robustness": {
        "curve": lambda: percolation_curve(_graph(), runs=2, points=5, rng=np.random.default_rng(0))
    },
    "structure_table": {"replicates": lambda: 2, "measures": lambda: ["robins_alexander"]},
    "null_model": {"kind": lambda: "degree_preserving"},
    "meta_depth": {"permutations": lambda: 9},
    "degree_ccdf": {"fit": lambda: degree_exponent(np.arange(1, 80))},
    "from_igraph": {"network": lambda: _graph().to_igraph()},
    "csti": {"x": lambda: np.random.default_rng(0).random((20, 4))},
    "sscti": {"x": lambda: np.random.default_rng(0).random((20, 4))},
    "phi": {"x": lambda: np.random.default_rng(0).random((20, 4)) < 0.5},
    "phi_as_printed": {"x": lambda: np.random.default_rng(0).random((20, 4)) < 0.5},
    "pearson": {"x": lambda: np.random.default_rng(0).random((20, 4))},
    "link_correlated": {"correlation": lambda: np.eye(4), "links": lambda: 8},
    "link_correlated_at": {"correlation": lambda: np.eye(4)},
    "initial_weights": {"links": lambda: sp.csr_array(_mask())},
    "uniform": {"links": lambda: 10},
    "erdos_renyi": {"links": lambda: 10},
    "brf": {"links": lambda: 10},
    "brf_grid": {"links": lambda: 10},
    "watts_strogatz": {"links": lambda: 10},
    "scale_free": {"links": lambda: 10},
    "gumbel_top_k": {"scores": lambda: [1.0, 2.0, 0.5, 0.1], "delta": lambda: 0.5},
    "sswi_variance": {"threshold": lambda: 1.0, "layer": lambda: "hidden"},
    "find_stopped": {"overlap": lambda: [0.5, 0.99]},
    "evolve": {"rule": lambda: EvolutionRule("magnitude", "random")},
    "evolve_module": {"rule": lambda: EvolutionRule("magnitude", "random"), "optimizer": lambda: None},
    "bit_flip": {"x": lambda: np.eye(3, dtype=bool)},
    "false_spikes": {"x": lambda: np.eye(3, dtype=bool)},
    "spike_dropout": {"x": lambda: np.eye(3, dtype=bool)},
    "energy_readings": {"trace": _analog},
    "energy_by_step": {"trace": _counted},
    "energy_reduction": {"dense": lambda: [3.0, 2.0], "sparse": lambda: 1.0},
    "link_sparsity": {"links": lambda: [5], "dense_links": lambda: [10]},
    "node_sparsity": {"active": lambda: [5], "nodes": lambda: [10], "graph": _graph},
    "neuron_sparsity_index": {"axis": lambda: "rows"},
    "temporal_sparsity_curve": {"steps": lambda: [np.ones((2, 2))]},
    "temporal_sparsity_index": {"steps": lambda: [np.ones((2, 2))]},
    "channel_statistics": {"x": lambda: np.ones((2, 1, 2, 2), np.uint8)},
    "sparse_matmul": {
        "values": lambda: torch.ones(4),
        "structure": lambda: Structure.of([[0, 1, 1], [1, 0, 1]]),
        "x": lambda: torch.ones(5, 2),
    },
    "fire": {"u": lambda: torch.ones(3)},
    "rate": {"x": lambda: torch.full((2, 3), 0.5), "steps": lambda: 4},
    "unroll": {"steps": lambda: None},
    "membranes": {"steps": lambda: None},
    "densities": {"shapes": lambda: {"a": LayerShape(9, 7)}, "sparsity": lambda: 0.5},
    "sparsify": {"masks_or_sparsity": lambda: 0.5, "initial": lambda: "uniform"},
    "depgraph": {
        "module": lambda: torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 2)),
        "example": lambda: torch.ones(2, 4),
        "steps": lambda: 1,
    },
    "load_dense_state": {"state": lambda: dense_state(_module())},
    "load_timm": {"model": lambda: None, "state": _timm_state, "heads": lambda: 2},
    "convert": {"ann": _ann, "method": lambda: "qcfs", "calibration": lambda: torch.rand(8, 4)},
    "mlp": {"widths": lambda: [4, 3, 2], "neuron": lambda: None, "steps": lambda: 2},
    "conv2fc2": {"neuron": lambda: None, "steps": lambda: 2},
    "conv6fc2": {"neuron": lambda: None, "steps": lambda: 2, "width": lambda: 0.1},
    "resnet18": {"neuron": lambda: None, "steps": lambda: 2, "width": lambda: 8},
    "generator_at": {"seed": lambda: 1, "part": lambda: 0, "purpose": lambda: 1},
    **{key: {"table": _lags} for key in ("swap_times", "lag_density", "shuffle_pairs", "swap_connectivity")},
    "time_lag_tests": {"table": _lags, "bootstrap": lambda: 20},
    "ann_intervals": {"table": lambda: _lags().assign(ann=_lags()["pair"] // 3), "bootstrap": lambda: 20},
    "layer_lags": {"table": lambda: _lags().assign(layer="last"), "bootstrap": lambda: 20},
    "compare_layers": {
        "table": lambda: _lags().assign(layer="last"),
        "first": lambda: "last",
        "second": lambda: "last",
    },
    **{key: {"table": _lags, "floor": lambda: 8} for key in ("drop_floor", "floor_shares")},
    "compare_windows": {"long": _lags, "short": _lags},
    "saturation_table": {"curves": _curves},
    "match_accuracy": {"table": lambda: _lags().assign(accuracy=90.0)},
    "rate_table": {"trace": _counted},
    "step_rates": {"running_mean": lambda: [0.0, 0.2, 0.3]},
    "running_means": {"rates": lambda: [0.0, 0.2, 0.3]},
    "onset_null": {"rates": lambda: [0.0, 0.2, 0.3]},
    **{key: {"p_value": lambda: 1e-8} for key in ("z_of_p", "fewest_networks", "rank_sum_effect")},
    "rank_sum_effect": {"p_value": lambda: 1e-8, "first": lambda: 90, "second": lambda: 80},
    "largest_z": {"networks": lambda: 90},
    "pairs_for_power": {"effect": lambda: 0.3},
    "lines": {"x": lambda: "x", "y": lambda: "y"},
    "points": {"x": lambda: "x", "y": lambda: "y"},
    "scatter": {"x": lambda: "x", "y": lambda: "y"},
    "compare": {"a": _graph, "b": _graph},
    "inspect": {"x": _graph},
    **{name: {"x": _graph} for name in ("read_network", "disk", "ccdf", "matrix", "layers", "curve")},
    "load": {
        "name": lambda: "digits",
        "path": lambda: Path(__file__).parent / "golden" / "ch" / "cht_ops.npz",
    },
}


def public_functions() -> dict[str, Callable[..., Any]]:
    """Return all functions that are public and called here, as room.name."""
    found = {
        f"{room}.{name}": getattr(getattr(netsci, room), name)
        for room in ROOMS
        for name in sorted(getattr(netsci, room).__all__)
    }
    return {name: one for name, one in found.items() if inspect.isfunction(one) and name not in LEFT_OUT}


def public_classes() -> dict[str, type]:
    """Return all public classes, as room.name."""
    places = {room: getattr(netsci, room) for room in ROOMS}
    return {
        f"{room}.{name}": getattr(place, name)
        for room, place in places.items()
        for name in sorted(place.__all__)
        if inspect.isclass(getattr(place, name))
    }


def constructors() -> dict[str, Callable[..., Any]]:
    """Return the public classes that users call, and the methods that make them, as room.name."""
    return {name: operator.attrgetter(name)(netsci) for name in CLASSES}


def arguments(name: str, function: Callable[..., Any], *, check: bool = False) -> dict[str, Any] | None:
    """Return a legal call's arguments by name (room.name); None where a required one is not known here."""
    found: dict[str, Any] = {}
    known = {**OVER.get(name.partition(".")[2], {}), **FUNCTIONS.get(name, {}), **CLASSES.get(name, {})}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        make = known.get(parameter.name)
        if make is None and parameter.default is parameter.empty:
            make = BY_NAME.get(parameter.name)
            if make is None:
                return None
        if not check:  # the argument alone, which takes time to make, is not asked for
            # The default of a dataclass that is made anew each time has no value: it is left out.
            plain = type(parameter.default).__name__ != "_HAS_DEFAULT_FACTORY_CLASS"
            if make or plain:
                found[parameter.name] = make() if make else parameter.default
        if parameter.name == "rng":
            found["rng"] = np.random.default_rng(7)
    return found


def parameters_of(function: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters that a wrong argument can take the place of."""
    every = inspect.signature(function).parameters.values()
    return [one.name for one in every if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)]


def options_of(function: Callable[..., Any]) -> list[str]:
    """Return the names of the options that a function takes as keywords beyond its parameters."""
    every = inspect.signature(function).parameters.values()
    kinds = [str(one.annotation) for one in every if one.kind == one.VAR_KEYWORD]
    if not kinds or kinds[0] not in OPTIONS:
        return []
    return [name for name in OPTIONS[kinds[0]].__annotations__ if name not in parameters_of(function)]


__all__ = ["arguments", "constructors", "options_of", "parameters_of", "public_classes", "public_functions"]
