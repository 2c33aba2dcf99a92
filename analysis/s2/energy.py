"""S2's Table 2 and Figure 2: perceptrons 3072-3072-3072-10 on CIFAR-10 as SNNs, dense and CHTs at 99 %.

The networks are those of s2-mlp after 15 epochs, and dense after 60. S2 takes one point of its grid for both,
the best one for sparse; here dense stands at that point and at its own. AEC's T is a window: each window is a
fine-tuning and a conversion of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from analysis.engine import conversion_points as points
from analysis.engine.converted import BLOCKS, Conversion, Tuning, converted_cell, read_plain, source_of
from analysis.engine.printed import Source
from analysis.engine.sheet import Key, Spread, sample_error, unknown
from analysis.engine.table import Answers
from analysis.engine.trajectories import Planned, Trajectories
from analysis.s1.recipes import seconds as train_seconds
from analysis.s2.crosses import CROSSES
from analysis.s2.lag_grid import CODED, DENSE, RATE_OF_AEC
from analysis.s2.lag_grid import GRID as POINTS
from analysis.s2.lag_plan import VGG_DESK
from analysis.s2.lag_plan import seconds as grid_seconds
from netsci.sweep import Cell

QCFS, SNM, AEC = "CS-QCFS", "SNM", "AEC"
LEVELS = 8
WINDOWS = {"smoke": (2, 8), "desk": (2, 4, 8, 16, 32, 64), "paper": (2, 4, 8, 16, 32, 64)}
STEPS = {"smoke": 24, "desk": 64, "paper": 64}
EPOCHS = {"smoke": (1, 1), "desk": (5, 2), "paper": (300, 200)}  # of CS-QCFS and of each window of AEC
CALIBRATION = {"smoke": 100, "desk": 10_000, "paper": 10_000}
WINDOW = 10  # of the saturation rule
# Name in the table -> row and column of s2-mlp, and what figures call it. Dense as S2 has it is at the point
# that is best for sparse.
NETWORKS: dict[str, tuple[Key, str]] = {
    "dense": (("dense", "15 epochs, choice of CHTs"), "dense, rate of CHTs"),
    "sparse": (("CHTs", "15 epochs"), "CHTs"),
    "dense-own": (("dense", "15 epochs"), "dense, own rate"),
    "dense-60": (("dense", "60 epochs"), "dense, own rate, 60 epochs"),
}
AT_SMOKE: dict[str, tuple[Key, str]] = {
    "dense": (("dense", "60 epochs"), "dense, rate of CHTs"),
    "sparse": (("CHTs", "60 epochs"), "CHTs"),
}
MLP, VGG = "MLP", "vgg16"
LEFT_OUT = "CIFAR-100 is arithmetic only (s2-implied)"
NO_VGG = "the smoke scale converts perceptrons alone"
ONE_DENSE = "the smoke scale has one dense network"
STRAY = "a stray number of the printed table, which is no reduction of any pair"


def labels_of_aec(scale: str) -> list[str]:
    """Return the labels of AEC's windows."""
    return [f"{AEC} T={window}" for window in WINDOWS[scale]]


def conversions(scale: str) -> tuple[Conversion, ...]:
    """Return the conversions of a network: CS-QCFS, SNM, and AEC by window."""
    of_qcfs, of_aec = EPOCHS[scale]
    stage = Tuning("cs-qcfs-1", of_qcfs, (("activation_options", (("levels", LEVELS),)),))
    found = [Conversion(QCFS, "cs_qcfs", tunings=(stage,)), Conversion(SNM, "snm")]
    for window, label in zip(WINDOWS[scale], labels_of_aec(scale), strict=True):
        code = Tuning("aec", of_aec, (("activation_options", (("window", window),)), ("lr", RATE_OF_AEC)))
        found.append(Conversion(label, "aec", tunings=(code,)))
    return tuple(found)


def plan_networks(scale: str, first_seed: int) -> dict[tuple[str, int], Cell]:
    """Return the converted cells by network and seed: as many seeds as s2-mlp has."""
    chosen = AT_SMOKE if scale == "smoke" else NETWORKS
    keys = {key: name for name, (key, _) in chosen.items()}
    how: dict[str, Any] = {"steps": STEPS[scale], "calibration": CALIBRATION[scale], "blocks": BLOCKS}
    found = {}
    for source, places in CROSSES["s2-mlp"].plan(scale, first_seed).items():
        for key, seed in places:
            if key in keys:
                found[keys[key], seed] = converted_cell(source, conversions(scale), **how)
    return found


def plan_vgg(first_seed: int, method: str) -> dict[tuple[str, int], Cell]:
    """Return the converted cells of VGG-16, dense and CHTss, at the one setting of the grid that AEC has."""
    purpose = CODED if method == "aec" else POINTS
    places = {one: place for one, place in VGG_DESK.plan(first_seed).items() if place.purpose == purpose}
    setting = next((place.rate, place.batch) for place in places.values())
    return {
        ("dense" if place.links == DENSE else "sparse", first_seed): one
        for one, place in places.items()
        if (place.rate, place.batch) == setting
    }


def plan(scale: str, first_seed: int) -> Planned:
    """Return every converted cell with its network and seed, for the figure."""
    planned = plan_networks(scale, first_seed)
    return {one: (MLP, NETWORKS[name][1], seed) for (name, seed), one in planned.items()}


def table2(
    scale: str, seeds: range, *, dataset: str, network: str, method: str, kind: str, measure: str
) -> Source | str:
    """Answer a cell of Table 2, at the T where accuracy saturates (CS-QCFS, SNM) or is best (AEC)."""
    if dataset == "cifar-100":
        return LEFT_OUT
    if measure == "reduction_percent_stray":
        return STRAY
    vgg = network == VGG
    if vgg and scale == "smoke":
        return NO_VGG
    if method == "aec":
        labels = [f"{AEC} T={n}" for n in VGG_DESK.windows] if vgg else labels_of_aec(scale)
        point = points.at_best(labels)
    else:
        labels = [{"qcfs": f"{QCFS} L={LEVELS}" if vgg else QCFS, "snm": SNM}[method]]
        point = points.at_saturation(labels[0], window=WINDOW)
    planned = plan_vgg(seeds.start, method) if vgg else plan_networks(scale, seeds.start)
    if scale == "smoke" and kind not in AT_SMOKE:
        return ONE_DENSE
    if measure in REDUCTIONS:
        dense, reading, count = REDUCTIONS[measure]
        if scale == "smoke" and dense not in AT_SMOKE:
            return ONE_DENSE
        return Source(points.read_reduction(point, reading, count), _groups(planned, seeds, (dense, kind)))
    return Source(_reader(measure, point, labels[0]), _groups(planned, seeds, (kind,)))


REDUCTIONS = {  # column -> the dense network, reading and count of both energies
    "reduction_percent": ("dense", "repeated", "estimate"),
    "exact_reduction_percent": ("dense", "repeated", "exact"),
    "once_reduction_percent": ("dense", "once", "exact"),
    "own_reduction_percent": ("dense-own", "repeated", "estimate"),
    "own_once_reduction_percent": ("dense-own", "once", "exact"),
}


def _reader(measure: str, point: points.Point, label: str) -> Any:
    """Return the reader of a column that one network answers."""
    readers = {
        "connectivity": points.read_sparsity(label),
        "t": points.read_steps(point),
        "ann_accuracy_percent": points.read_ann(label, source=True),
        "tuned_ann_accuracy_percent": lambda record: point(record).ann_accuracy,
        "snn_accuracy_percent": points.read_accuracy(point),
        "energy_uj": points.read_energy(point, "repeated", "estimate"),
        "exact_energy_uj": points.read_energy(point, "repeated", "exact"),
        "once_energy_uj": points.read_energy(point, "once", "exact"),
        "snn_over_own_ann": points.read_over_ann(point, "repeated"),
        "once_over_own_ann": points.read_over_ann(point, "once"),
        "masfr": points.read_rate(point),
    }
    return readers[measure]


def _groups(
    planned: Mapping[tuple[str, int], Cell], seeds: range, names: Sequence[str]
) -> tuple[tuple[Cell, ...], ...]:
    """Return for each seed the converted cells of these networks."""
    kept = [seed for seed in seeds if all((name, seed) in planned for name in names)]
    return tuple(tuple(planned[name, seed] for name in names) for seed in kept)


# Seconds of one core, about, dense and sparse: an epoch of fine-tuning, and the test images at one T.
_TUNE = {True: 80.0, False: 8.0}
_STEP = {True: 2.0, False: 0.3}


def seconds(cell: Cell) -> float:
    """Return about how many seconds a run takes on one core."""
    if "conversions" not in dict(cell.parameters):
        return grid_seconds(cell) if cell["model"] == VGG else train_seconds(cell)
    source = source_of(cell)
    if cell["dataset"] == "digits":
        return 2.0
    if source["model"] == VGG:
        return grid_seconds(cell)
    dense, taken = bool(source["dense"]), 0.0
    for one in map(read_plain, cell["conversions"]):
        taken += sum(tuning.epochs for tuning in one.tunings) * _TUNE[dense]
        taken += (1 if one.method == "aec" else cell["steps"]) * _STEP[dense]
    return math.ceil(taken)


def count_images(scale: str, row: str) -> int:
    """Return on how many test images a row's networks are tested: VGG-16 on those of its converted cells."""
    if scale == "smoke":
        return 100
    return (VGG_DESK.limit if VGG in row.split("/") else None) or 10_000


def error(scale: str) -> Spread:
    """Return what a single seed leaves open: of accuracies the sampling error of the test set."""
    of_images = sample_error(partial(count_images, scale))

    def of(keys: Sequence[Key], means: Sequence[float]) -> float:
        return (of_images if all("accuracy" in column for _, column in keys) else unknown)(keys, means)

    return of


ANSWERS = Answers(runs={"table2": table2}, seconds=seconds, needs="NETSCI_DATA", error=error)


def _figure(scale: str) -> Trajectories:
    panels = [(MLP, name, "T") for name in (QCFS, SNM, AEC)]
    drawn: dict[str, Sequence[str]] = {QCFS: [QCFS], SNM: [SNM], AEC: labels_of_aec(scale)}
    return Trajectories(plan, panels, seconds, conversions=drawn, window=WINDOW)


FIGURES = {"s2-figure2": _figure}
