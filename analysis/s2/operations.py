"""Exact operations of spiking networks over the papers' estimate, on links of three kinds.

The estimate is FLOPs x firing rate x density: each spike costs the mean number of links of a neuron. It is
too low where neurons with many links fire more than others. Among these are neurons without any link, which
the other estimate ("linked") leaves out.
"""

from __future__ import annotations

from analysis.engine import conversion_points as points
from analysis.engine.conversions import Curves, read_curves
from analysis.engine.converted import BLOCKS, Conversion, converted_cell
from analysis.engine.printed import Reader, Source
from analysis.engine.training import cell
from analysis.s1.convolutions import EVERY
from analysis.s1.recipes import PERCEPTRONS, RULES, Changes, choose
from netsci.measure.energy_readings import EVERY_COUNT, LINKED
from netsci.sweep import Cell
from netsci.train.recipe import Recipe

SPARSITY = 0.99
LINKS: dict[str, Changes] = {
    "chts": {**RULES["CHTs"], **choose("mnist", "CHTs"), "evolve_every": EVERY},
    "uniform": {**RULES["static"], **choose("mnist", "static")},
    "scale-free": {**RULES["static"], **choose("mnist", "static"), "initial": "scale_free"},
}
METHODS = {"calibrated": ("QCFS", "qcfs"), "snm": ("SNM", "snm")}  # label, method; none trains again
STEPS = {"smoke": 8, "desk": 32, "paper": 32}
CALIBRATION = {"smoke": 100, "desk": 10_000, "paper": 10_000}
CONVERSIONS = tuple(Conversion(label, method) for label, method in METHODS.values())


def recipe(links: str, scale: str) -> Recipe:
    """Return the training of a perceptron with links of a kind."""
    base = PERCEPTRONS["mnist"].replace(options=(("hidden", (512, 512)),), epochs=15, sparsity=SPARSITY)
    if scale == "smoke":
        small = {"limit": 300, "test_limit": 100, "batch": 50, "sparsity": 0.8}
        base = base.replace(data="digits", options=(("hidden", (48, 48)),), epochs=2, **small)
    return base.replace(**LINKS[links])


def plan(links: str, scale: str, seed: int) -> Cell:
    """Return the cell that converts the network of a seed."""
    source = cell(recipe(links, scale).replace(seed=seed), networks=0)
    how = {"steps": STEPS[scale], "calibration": CALIBRATION[scale], "blocks": BLOCKS}
    return converted_cell(source, CONVERSIONS, **how)


def operations(scale: str, seeds: range, *, links: str, method: str, measure: str) -> Source:
    """Answer a cell: a number at the last T."""
    label, _ = METHODS[method]
    return Source(_reader(measure, label, scale), tuple((plan(links, scale, seed),) for seed in seeds))


def _reader(measure: str, label: str, scale: str) -> Reader:
    point = points.at_step(label, STEPS[scale])
    readers: dict[str, Reader] = {
        "ann_accuracy_percent": points.read_ann(label),
        "snn_accuracy_percent": points.read_accuracy(point),
        "masfr": points.read_rate(point),
        "exact_over_estimate": lambda record: compare_hidden(read_curves(record, label), "estimate"),
        "exact_over_linked_estimate": lambda record: compare_hidden(read_curves(record, label), LINKED),
    }
    return readers[measure]


def compare_hidden(curves: Curves | None, count: str) -> float:
    """Return the operations of the layers between hidden neurons over their estimate, over all T.

    Images are read by multiplication and the last layer is dense, so that it has no estimate of its own: its
    operations are those that are counted.
    """
    if curves is None:
        return float("nan")
    last = float(curves.sops[-1].sum()) / curves.images
    exact, estimate = (float(curves.energy_sops[EVERY_COUNT.index(one)][-1]) for one in ("exact", count))
    return (exact - last) / (estimate - last) if estimate > last else float("nan")
