"""Legal arguments of public functions that read or write files, run cells, train or draw, and of classes.

Files are made in the folder of the process, which the test chooses.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from netsci.convert import SpikingModel, convert, save_spiking
from netsci.data import DataSet
from netsci.graph import LayeredGraph, Population, Projection
from netsci.io import write_graph
from netsci.measure import PopulationTrace, ProjectionTrace
from netsci.models import conv2fc2, mlp
from netsci.report import Section
from netsci.sparse import SparseLinear
from netsci.spiking import LIF
from netsci.sweep import Cell, Record, Task, record_path
from netsci.train import Checkpoint, Recipe, Topology, save_checkpoint, save_network, train

Made = dict[str, Callable[[], Any]]
TASK = Task("toy", "tests.public_examples:run_toy")
CELL = Cell.of(TASK, version=1, data="none", seed=3)
RECIPE = Recipe().replace(options=(("hidden", (8,)),), steps=2, epochs=1, limit=30, test_limit=10)


def run_toy(seed: int) -> Record:
    return Record({"accuracy": np.array([0.5, 0.75])}, {"seed": seed})


def _chain() -> LayeredGraph:
    return LayeredGraph.from_masks([[[1, 0], [1, 1], [0, 1]], [[1, 1, 0], [0, 1, 1]]])


def _graph_file() -> Path:
    write_graph(_chain(), "graph.graphml")
    return Path("graph.graphml")


def _folder() -> Path:
    """A folder with the record of the cell."""
    path = record_path(Path("sweep"), CELL)
    if not path.exists():
        run_toy(3).save(path)
    return Path("sweep")


def _epochs() -> Record:
    table = {"measure": ["accuracy", "loss"], "layer": ["all", "all"], "value": [0.5, 2.0]}
    return Record(
        {f"table_{name}": np.array(values) for name, values in table.items()}
        | {"total_names": np.array(["spikes"]), "total_values": np.array([4.0])}
    )


def _checkpoint() -> Checkpoint:
    return Checkpoint({"lr": 0.1}, 3, 42, {"w": torch.ones(2)}, {"state": {}, "param_groups": []})


def _checkpoint_file() -> Path:
    save_checkpoint(Path("run.safetensors"), _checkpoint())
    return Path("run.safetensors")


def _network_file() -> Path:
    save_network(Path("net.safetensors"), torch.nn.Linear(2, 1), Recipe(seed=3))
    return Path("net.safetensors")


def _spiking_model() -> SpikingModel:
    ann = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2)).eval()
    found: SpikingModel = convert(ann, "qcfs", theta=1.0)
    return found


def _spiking_file() -> Path:
    save_spiking("spiking.safetensors", _spiking_model())
    return Path("spiking.safetensors")


def _images(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, 1, 4, 4)).astype(np.uint8)


def _labels(n: int) -> np.ndarray:
    return np.arange(n) % 2


def _data() -> DataSet:
    parts = (_images(8), _labels(8), _images(4), _labels(4))
    return DataSet("toy", *parts, ("a", "b"), "made up", "0" * 64)


def _nodes() -> pd.DataFrame:
    return pd.DataFrame(
        {"x": [0.1, -0.4], "y": [0.2, 0.3], "z": [0.0, 0.5], "degree": [1, 1], "label": ["a", "b"]}
    ).assign(population="nodes")


def _arcs() -> pd.DataFrame:
    return pd.DataFrame({"x": [0.1, -0.4, np.nan], "y": [0.2, 0.3, np.nan], "z": [0.0, 0.5, np.nan]})


def _conv() -> torch.nn.Module:
    torch.manual_seed(0)
    return conv2fc2((1, 4, 4), 2, padding=1, steps=2)


def _run_folder() -> Path:
    """A finished run of a network with convolutions."""
    if not Path("run").exists():
        train(RECIPE.replace(model="conv2fc2", options=(("padding", 1),)), folder="run")
    return Path("run")


def _relu_file() -> Path:
    """The network of a finished run without time."""
    if not Path("relu").exists():
        train(RECIPE.replace(spiking=False), folder="relu")
    return Path("relu/network.safetensors")


def _sparse() -> torch.nn.Module:
    return torch.nn.Sequential(SparseLinear(np.eye(3, 2)), SparseLinear(np.ones((2, 2))))


def _rewired() -> LayeredGraph:
    return LayeredGraph.from_masks([np.ones((3, 2)), np.eye(2)], names=["0", "1"])


def _layers() -> list[torch.nn.Module]:
    return [torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)]


def _spikes() -> torch.Tensor:
    return torch.ones(6, 4, 3)


_TRACED: Made = {"name": lambda: "hidden", "kind": lambda: "spikes"}
_DATA_SET: Made = {
    "name": lambda: "toy",
    "x_train": lambda: _images(8),
    "y_train": lambda: _labels(8),
    "x_test": lambda: _images(4),
    "y_test": lambda: _labels(4),
    "classes": lambda: ("a", "b"),
    "source": lambda: "made up",
    "checksum": lambda: "0" * 64,
}
_CELL: Made = {"folder": _folder, "cell": lambda: CELL}

FUNCTIONS: dict[str, Made] = {
    "data.register": {"name": lambda: "toy", "loader": lambda: lambda folder: _data()},
    "graph.from_graphml": {"path": _graph_file},
    "io.load_graph": {"path": _graph_file, "isolate": lambda: False},
    "io.write_graph": {"graph": _chain, "path": lambda: "out.gml"},
    "measure.inactive_share": {"active": lambda: [3, 4], "nodes": lambda: [5, 6]},
    "measure.projection_sparsity_index": {"projections": lambda: _chain().projections},
    "plot.ball": {"nodes": _nodes, "arcs": _arcs},
    "plot.disk": {"nodes": _nodes, "arcs": _arcs},
    "plot.measures": {
        "table": lambda: pd.DataFrame({"a": ["p", "q"], "value": [1.0, 2.0], "measure": "m", "unit": ""}),
        "y": lambda: "a",
    },
    "plot.save_pdf": {"figure": Figure},
    "plot.save_svg": {"figure": Figure},
    "plot.figure_size": {"size": lambda: "page"},
    "prune.prune": {
        "module": lambda: torch.nn.Sequential(*_layers()),
        "method": lambda: "wanda",
        "calibration": lambda: torch.ones(5, 3),
    },
    "prune.prune_mask": {
        "weight": lambda: np.eye(4, 2),
        "method": lambda: "wanda",
        "inputs": lambda: np.eye(4),
    },
    "prune.sparsegpt": {"weight": lambda: np.eye(4, 2), "statistics": lambda: np.eye(4)},
    "report.comparison_page": {"a": _chain, "b": _chain},
    "report.differ": {"graphs": lambda: [_chain(), _chain()], "names": lambda: ["first", "second"]},
    "report.render": {"title": lambda: "a page", "sections": lambda: [Section("one", "A sentence.")]},
    "report.report": {"x": _chain, "out": lambda: "report.html"},
    "sparse.rewire": {
        "module": _sparse,
        "graph": _rewired,
        "optimizer": lambda: None,
    },
    "spiking.calibrate": {"model": lambda: mlp([3, 2], steps=6), "x": _spikes, "rate": lambda: 0.3},
    "spiking.linear_of_spikes": {
        "neuron": LIF,
        "current": _spikes,
        "layer": lambda: torch.nn.Linear(3, 2),
    },
    "spiking.random_feedback": {"model": lambda: mlp([4, 3, 2])},
    "spiking.record": {"module": lambda: mlp([3, 2], steps=6), "data": _spikes},
    "spiking.stp_gradients": {
        "model": lambda: mlp([3, 2]),
        "x": _spikes,
        "labels": lambda: torch.zeros(4, dtype=torch.int64),
    },
    "sweep.find_kept": _CELL,
    "sweep.find_record": _CELL,
    "sweep.load_record": _CELL,
    "sweep.record_path": _CELL,
    "sweep.run_cells": {"cells": lambda: [CELL], "folder": _folder},
    "sweep.write_value": {"value": lambda: (1.0, 2.5, True)},
    "train.as_data_set": {"data": lambda: (np.eye(10), list("ababababab"))},
    "train.load_checkpoint": {"path": _checkpoint_file},
    "train.features_of_run": {"folder": _run_folder},
    "train.pooled_features": {"model": _conv, "data": _data},
    "train.freeze_links": {"network": lambda: _run_folder() / "network.safetensors"},
    "convert.load_spiking": {"path": _spiking_file},
    "convert.save_spiking": {"path": lambda: Path("new.safetensors"), "model": _spiking_model},
    "train.load_network": {"path": lambda: _run_folder() / "network.safetensors"},
    "train.read_epoch": {"record": _epochs, "measure": lambda: "accuracy"},
    "train.read_recipe": {"path": _network_file},
    "train.read_total": {"record": _epochs, "name": lambda: "spikes"},
    "train.save_checkpoint": {"path": lambda: Path("new.safetensors"), "checkpoint": _checkpoint},
    "train.save_network": {
        "path": lambda: Path("new.safetensors"),
        "model": lambda: torch.nn.Linear(2, 1),
    },
    "train.train": {"recipe": lambda: RECIPE},
    "train.tune_for_conversion": {"network": _relu_file, "name": lambda: "qcfs"},
}


CLASSES: dict[str, Made] = {
    "graph.LayeredGraph": {
        "populations": lambda: (Population("a", 2), Population("b", 3)),
        "projections": lambda: (Projection("a", "b", np.ones((2, 3))),),
    },
    "graph.LayeredGraph.from_adjacency": {"adjacency": lambda: np.eye(3)},
    "graph.LayeredGraph.from_masks": {"masks": lambda: [np.eye(3, 2), np.ones((2, 2))]},
    "graph.Population": {"name": lambda: "a", "size": lambda: 3},
    "graph.Projection": {
        "source": lambda: "a",
        "target": lambda: "b",
        "links": lambda: np.ones((2, 3)),
    },
    "topology.EvolutionRule": {},
    "topology.LayerShape": {"inputs": lambda: 4, "outputs": lambda: 3},
    "topology.OrderedRule": {},
    "measure.PopulationTrace": {
        **_TRACED,
        "spikes": lambda: np.array([2, 1]),
        "spikes_by_step": lambda: np.array([1, 2]),
    },
    "measure.ProjectionTrace": {
        **_TRACED,
        "events": lambda: np.array([2, 1]),
        "fan_out": lambda: np.array([1, 2]),
    },
    "measure.Trace": {
        "steps": lambda: 2,
        "samples": lambda: 1,
        "populations": lambda: (PopulationTrace("a", np.array([1, 1]), np.array([1, 1]), is_input=True),),
        "projections": lambda: (ProjectionTrace("f", np.array([1, 1]), np.array([1, 2])),),
    },
    "data.DataSet": _DATA_SET,
    "sparse.SparseConv2d": {"links": lambda: np.ones((8, 3)), "kernel_size": lambda: 2},
    "sparse.SparseLinear": {"links": lambda: np.eye(3, 2)},
    "sparse.SideBySide": {"parts": lambda: {"q": SparseLinear(np.eye(3, 2))}},
    "sparse.Structure.of": {"links": lambda: np.eye(3, 2)},
    "sparse.Watch": {"layers": lambda: {"fc": SparseLinear(np.eye(3, 2))}},
    "spiking.IF": {},
    "spiking.LIF": {},
    "models.Architecture": {"build": lambda: mlp},
    "models.Dropout": {"p": lambda: 0.5},
    "models.StochasticDepth": {"p": lambda: 0.5},
    "models.MLP": {"layers": _layers},
    "models.SpikingMLP": {"layers": _layers, "neuron": LIF},
    "prune.InputStatistics": {},
    "prune.PruneMethod": {"score": lambda: lambda weight, moments: abs(weight)},
    "convert.QCFS": {"levels": lambda: 4, "theta": lambda: 1.0},
    "convert.SQCFS": {"levels": lambda: 4, "theta": lambda: 1.0},
    "train.Inputs": {"recipe": lambda: RECIPE, "device": lambda: "cpu"},
    "train.Method": {"topology": Topology},
    "train.Net": {},
    "train.Optimisation": {},
    "train.Recipe": {},
    "train.Recipe.of": {"values": lambda: {"seed": 3}},
    "train.Task": {},
    "train.Topology": {},
    "report.Document": {"title": lambda: "a page", "sections": lambda: [Section("one", "A sentence.")]},
    "report.Section": {"title": lambda: "one"},
    "sweep.Cell.of": {"task": lambda: TASK, "version": lambda: 1, "data": lambda: "none"},
    "sweep.Names": {},
    "sweep.Record": {"arrays": lambda: {"a": np.ones(2)}},
    "sweep.Record.load": {"path": lambda: record_path(_folder(), CELL)},
    "sweep.Task": {"name": lambda: "toy", "where": lambda: "tasks:run"},
}
# Made by the library and not by users, so that nobody gives them a wrong argument.
RESULTS = """
graph.Embedding graph.ExponentFit graph.PathStatistics topology.Evolution measure.RankTest measure.Saturation
measure.TimeLags io.Loaded sparse.TorchView spiking.StpStep train.Checkpoint train.Moment train.Run
measure.StepTrace convert.SpikingModel report.Comparison view.Network sparse.Structure sweep.Cell data.Remote
"""
# What functions such as conv2fc2 build, which are called here; torch's own; interfaces; errors.
OTHERS = """
models.ConvNet models.SpikingConvNet models.ResNet models.SpikingResNet models.Spikformer
models.VGG models.ViT models.FeatureMajorLinear topology.LayerView data.Stored train.Hooks data.DataError
io.CheckpointError convert.Unconvertible
sweep.ClusterError sweep.DamagedRecordError sweep.DamagedRecordsError sweep.FailedCellsError
"""

__all__ = ["CELL", "CLASSES", "FUNCTIONS", "OTHERS", "RESULTS", "run_toy"]
