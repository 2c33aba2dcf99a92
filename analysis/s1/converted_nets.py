"""S1's Tables 1 and A4a and Figures 4 and A1: VGG-16 and ResNet-18, dense, DepGraph and CHTss, as SNNs.

The networks are those of s1-vgg, s1-resnet and s1-pruned-*, with an eighth of the channels; one network with
average pooling serves DCGS and CS-QCFS, as the one column of ANN accuracies says. DepGraph is converted as
masks on the full shapes, which make the operations of the smaller network. All exhibits read one set of
records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.engine import conversion_points as points
from analysis.engine.converted import BLOCKS, Conversion, Tuning, converted_cell
from analysis.engine.cross import Cross
from analysis.engine.printed import Reader, Source
from analysis.engine.training import cell
from analysis.engine.trajectories import Planned, Trajectories
from analysis.s1.conversion_costs import seconds
from analysis.s1.convolutions import CROSSES as CONVOLUTIONS
from analysis.s1.pruned_nets import COLUMN, CROSSES
from netsci.measure.energy_readings import LINKED
from netsci.sweep import Cell, Record

DCGS, CS_QCFS = "DCGS", "CS-QCFS"
AIMED = 8  # T of N of DCGS
STEPS = {"smoke": 16, "desk": 32, "paper": 32}
PRINTED = (("dropout", 0.0),)  # what Table A3 prints of both stages beside cosine annealing and no warm-up
EPOCHS = {"smoke": (1, 1), "desk": (10, 4), "paper": (300, 100)}  # of the two stages of CS-QCFS
TEST_LIMIT = {"smoke": None, "desk": None, "paper": None}
CALIBRATION = {"smoke": 60, "desk": 10_000, "paper": 10_000}
MODELS = {"vgg16": ("s1-pruned-vgg", 3), "resnet18": ("s1-pruned-resnet", 2)}  # whose cross, seeds
TITLES = {"vgg16": "VGG-16", "resnet18": "ResNet-18"}
ROWS = {"dense": "dense", "depgraph": "DepGraph, fine-tuned", "ours": "CHTss"}
NETWORKS = {"dense": "dense", "depgraph": "DepGraph", "ours": "CHTss", "magnitude": "magnitude"}
MAX_POOLED = "dense-max-pooling"
# Converted by DCGS alone, one seed: row of Table 1 -> row of the cross of pruned networks, or of s1-vgg.
BESIDE = {"magnitude": "magnitude, fine-tuned", "static": "static"}
POINTS = {"dcgs_t8": points.at_step(DCGS, 8), "cs-qcfs_t16": points.at_step(CS_QCFS, 16)}
LABELS = {"dcgs": DCGS, "cs-qcfs": CS_QCFS}
SHOWN = {"dcgs": "once", "cs-qcfs": "repeated"}  # how the first layer counts, as S1 describes the methods
LEFT_OUT = "CIFAR-100 is arithmetic only (s1-implied)"
ONE_WAY = {
    MAX_POOLED: "max pooling is converted by DCGS alone: the maximum of spikes is not that of rates",
    **dict.fromkeys(BESIDE, "magnitude and static random links are converted by DCGS alone"),
}


def conversions(scale: str) -> tuple[Conversion, ...]:
    """Return the two conversions of a network with average pooling."""
    first, second = EPOCHS[scale]
    # Layers of the networks that the smoke scale trains may be silent: no threshold starts from them.
    start = (("activation_options", (("levels", 8), ("theta", 1.0))),) if scale == "smoke" else ()
    stages = (Tuning("cs-qcfs-1", first, PRINTED + start), Tuning("cs-qcfs-2", second, PRINTED))
    return (
        Conversion(DCGS, "dcgs", (("steps", AIMED),)),
        Conversion(CS_QCFS, "cs_qcfs", tunings=stages),
    )


def convert_one(source: Cell, scale: str, chosen: Sequence[Conversion], *, steps: int = 0) -> Cell:
    """Return the converted cell of a network. steps : T, 0 for that of Table 1."""
    how: dict[str, Any] = {"steps": steps or STEPS[scale], "calibration": CALIBRATION[scale]}
    how |= {"blocks": BLOCKS}
    return converted_cell(source, chosen, test_limit=TEST_LIMIT[scale], **how)


def plan_model(model: str, scale: str, first_seed: int) -> dict[tuple[str, int], Cell]:
    """Return the converted cells of a model by row of Table 1 and seed."""
    id_, seeds = MODELS[model]
    cross = replace(CROSSES[id_], seeds=seeds)
    rows = {name: row for row, name in ROWS.items()}
    found = {}
    for source, places in cross.plan(scale, first_seed).items():
        for (name, column), seed in places:
            if name in rows and column == COLUMN:
                found[rows[name], seed] = convert_one(source, scale, conversions(scale))
    for row, source in _beside(model, scale, first_seed).items():
        found[row, first_seed] = convert_one(source, scale, conversions(scale)[:1])
    if model == "vgg16":
        pooled = convert_one(max_pooled(cross, scale, first_seed), scale, conversions(scale)[:1])
        found[MAX_POOLED, first_seed] = pooled
    return found


def _beside(model: str, scale: str, seed: int) -> dict[str, Cell]:
    """Return the sources of the rows that stand beside those of S1, of one seed."""
    found = {}
    for id_, crosses in ((MODELS[model][0], CROSSES), ("s1-vgg", CONVOLUTIONS)):
        if id_ == "s1-vgg" and model != "vgg16":
            continue
        for source, places in crosses[id_].plan(scale, seed).items():
            for (name, column), own in places:
                if own == seed and column == COLUMN and name in BESIDE.values():
                    found[next(row for row, one in BESIDE.items() if one == name)] = source
    return found


def max_pooled(cross: Cross, scale: str, seed: int) -> Cell:
    """Return the cell of the dense VGG-16 with max pooling, which is trained for this alone."""
    recipe = cross.recipes(scale, seed)["dense", COLUMN]
    options = {**dict(recipe.net.options), "pooling": "max"}
    return cell(recipe.replace(options=tuple(options.items())), networks=0)


def plan(scale: str, first_seed: int) -> Planned:
    """Return every converted cell with model, network and seed, for figures."""
    found = {}
    for model, title in TITLES.items():
        for (row, seed), one in plan_model(model, scale, first_seed).items():
            if row in NETWORKS:
                found[one] = (title, NETWORKS[row], seed)
    return found


def _groups(scale: str, seeds: range, model: str, rows: Sequence[str]) -> tuple[tuple[Cell, ...], ...]:
    """Return for each seed the converted cells of these rows."""
    planned = plan_model(model, scale, seeds.start)
    kept = [seed for seed in seeds if all((row, seed) in planned for row in rows)]
    return tuple(tuple(planned[row, seed] for row in rows) for seed in kept)


def table1(
    scale: str, seeds: range, *, dataset: str, network: str, method: str, measure: str
) -> Source | str:
    """Answer a cell of Table 1: three seeds of VGG-16, two of ResNet-18, one of max pooling."""
    if dataset == "cifar-100":
        return LEFT_OUT
    if network == "scenarios":
        return _scenarios(scale, seeds, measure)
    if method in ONE_WAY and measure.startswith("cs-qcfs"):
        return ONE_WAY[method]
    if measure == "ann_accuracy_percent":
        return Source(points.read_ann(DCGS, source=True), _groups(scale, seeds, network, (method,)))
    name = "dcgs_t8" if measure.startswith("dcgs_t8") else "cs-qcfs_t16"
    what = measure.removeprefix(f"{name}_")
    if what in REDUCTIONS:
        if method == "dense":
            return "dense is what it is compared with"
        reader = points.read_reduction(POINTS[name], *REDUCTIONS[what](name, count_of(method)))
        return Source(reader, _groups(scale, seeds, network, ("dense", method)))
    return Source(READERS[what](name, count_of(method)), _groups(scale, seeds, network, (method,)))


def count_of(method: str) -> str:
    """Return the count that is the papers' estimate of a network.

    That of DepGraph is the smaller one, of which the masks on the full shapes keep the links: its inputs are
    those that have a link.
    """
    return LINKED if method == "depgraph" else "estimate"


def _reading(name: str) -> str:
    return SHOWN[name.rpartition("_")[0]]


# column -> reading and count of both energies, by name of the conversion and the papers' estimate
REDUCTIONS: dict[str, Callable[[str, str], tuple[str, str]]] = {
    "energy_reduction_percent": lambda name, estimate: (_reading(name), estimate),
    "exact_reduction_percent": lambda name, _: (_reading(name), "exact"),
    "once_reduction_percent": lambda name, _: ("once", "exact"),
}
READERS: dict[str, Callable[[str, str], Reader]] = {
    "snn_accuracy_percent": lambda name, _: points.read_accuracy(POINTS[name]),
    "tuned_ann_accuracy_percent": lambda name, _: points.read_ann(LABELS[name.rpartition("_")[0]]),
    "energy_uj": lambda name, estimate: points.read_energy(POINTS[name], _reading(name), estimate),
    "exact_energy_uj": lambda name, _: points.read_energy(POINTS[name], _reading(name), "exact"),
    "once_energy_uj": lambda name, _: points.read_energy(POINTS[name], "once", "exact"),
    "snn_over_own_ann": lambda name, _: points.read_over_ann(POINTS[name], _reading(name)),
    "once_over_own_ann": lambda name, _: points.read_over_ann(POINTS[name], "once"),
    "estimate_over_exact": lambda name, estimate: points.read_estimate(
        POINTS[name], _reading(name), estimate
    ),
    "masfr": lambda name, _: points.read_rate(POINTS[name]),
    "live_masfr": lambda name, _: points.read_live_rate(POINTS[name]),
}


def _scenarios(scale: str, seeds: range, measure: str) -> Source | str:
    """Answer what S1 counts over its scenarios, two models by two methods on CIFAR-10, seed by seed."""
    groups = [_groups(scale, seeds, model, tuple(ROWS)) for model in MODELS]
    both = list(zip(*groups, strict=False))
    return Source(_count(measure), tuple(tuple(one for part in cells for one in part) for cells in both))


def _count(measure: str) -> Reader:
    """Return the reader of a number over the four scenarios, of (dense, DepGraph, CHTss) of each model."""

    def read(*records: Record) -> float:
        found = [_compare(name, *records[first : first + 3]) for first in (0, 3) for name in POINTS]
        values = np.array([one[measure] for one in found])
        return float(values.max() if measure == "largest_gain_points" else values.sum())

    return read


def _compare(name: str, dense: Record, pruned: Record, ours: Record) -> Mapping[str, float]:
    """Return what S1 says of one scenario, as numbers that can be added."""
    accuracy = [points.read_accuracy(POINTS[name])(record) for record in (dense, pruned, ours)]
    saved, saved_by_pruning = (
        points.read_reduction(POINTS[name], _reading(name), count_of(method))(dense, record)
        for method, record in (("ours", ours), ("depgraph", pruned))
    )
    return {
        "over_60": float(saved > 60.0),
        "within_1_point": float(accuracy[0] - accuracy[2] < 1.0),
        "both_better": float(accuracy[2] > accuracy[1] and saved > saved_by_pruning),
        "largest_gain_points": accuracy[2] - accuracy[0],
    }


def table_a4a(
    scale: str, seeds: range, *, dataset: str, network: str, method: str, measure: str
) -> Source | str:
    """Answer a cell of Table A4a: where accuracy saturates, in the reading of S1 and in others."""
    if dataset == "cifar-100":
        return LEFT_OUT
    name, _, reading = measure.partition("_")
    window, at = TIMES[reading]
    point = points.at_saturation(LABELS[name], window=window, at=at)
    return Source(points.read_steps(point), _groups(scale, seeds, network, (method,)))


TIMES = {"t0": (5, "start"), "end-5": (5, "end"), "start-10": (10, "start"), "end-10": (10, "end")}
ANSWERED = {"table1": table1, "table_a4a": table_a4a}


def _figure(energies: Mapping[str, str]) -> Trajectories:
    """Return a figure of four panels, conversion by model, with this energy of each on its axis."""
    panels = [(title, name, energies[name]) for name in (CS_QCFS, DCGS) for title in TITLES.values()]
    linked = frozenset((NETWORKS["depgraph"],))
    return Trajectories(plan, panels, seconds, fronts=tuple(dict.fromkeys(energies.values())), linked=linked)


FIGURES = {
    "s1-figureA1": _figure({DCGS: "once, estimate", CS_QCFS: "repeated, estimate"}),
    "s1-figure4": _figure({DCGS: "once, exact", CS_QCFS: "once, exact"}),
}
