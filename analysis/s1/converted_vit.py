"""S1's Tables 4 and A4b and Figure 5 as spiking networks: the vision transformers of Table 4 by DCGS.

The networks are those that `analysis.s1.transformers` trains and prunes, before any fine-tuning: dense, CHTs
and GMP at their end, one-shot methods as they prune the dense one. Neurons stand before every layer and
product, the image's too, so that no layer multiplies and the first one counts alike in every reading.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analysis.engine import conversion_points as points
from analysis.engine.converted import BLOCKS, Conversion, converted_cell
from analysis.engine.printed import Reader, Source
from analysis.engine.trajectories import Planned, Trajectories
from analysis.s1 import transformers
from analysis.s1.conversion_costs import seconds
from netsci.sweep import Cell

DCGS, WIDE = "DCGS", "DCGS, c = 8"
AIMED = 8  # T of N
N = 8  # thresholds of a sign
SCALES = {DCGS: 4.0, WIDE: 8.0}  # c: thresholds are so many times the 99.9 % quantile
STEPS = {"smoke": 8, "desk": 32}
CALIBRATION = {"smoke": 60, "desk": 5_000}
MODEL = "ViT"
NETWORKS = {  # row of Table 4 -> what figures call it
    "dense": "dense",
    "ours": "CHTs",
    "gmp": "GMP",
    "sparsegpt": "SparseGPT",
    "ria-rec": "RIA_rec",
    "wanda-rec": "Wanda_rec",
    "ria": "RIA",
    "wanda": "Wanda",
    "ri": "RI",
    "magnitude": "magnitude",
}
BOTH = ("dense", "ours")  # rows that have the larger thresholds, too
ONE_SCALE = "larger thresholds are tried with dense and CHTs alone"
NOT_CONVERTED = "SET is not converted: it stands beside CHTs as an ANN"
PREFIXES = {"dcgs_t8_": DCGS, "dcgs-c8_t8_": WIDE}  # of columns -> label of the conversion


def convert(method: str, scale: str, seed: int) -> Cell:
    """Return the cell that converts the network of a row."""
    labels = (DCGS, WIDE) if method in BOTH else (DCGS,)
    chosen = [
        Conversion(label, "dcgs", (("n", N), ("scale", SCALES[label]), ("steps", AIMED))) for label in labels
    ]
    how: dict[str, Any] = {"steps": STEPS[scale], "calibration": CALIBRATION[scale], "blocks": BLOCKS}
    return converted_cell(transformers.cell_of(method, scale, seed), chosen, **how)


def plan(scale: str, first_seed: int) -> Planned:
    """Return every converted cell with model, network and seed: one seed; none at the paper's scale."""
    if scale == "paper":
        return {}
    rows = [row for row in NETWORKS if scale == "desk" or row in transformers.SMOKE_ROWS]
    return {convert(row, scale, first_seed): (MODEL, NETWORKS[row], first_seed) for row in rows}


def vit(scale: str, seeds: range, *, dataset: str, network: str, method: str, measure: str) -> Source | str:
    """Answer a cell of Table 4: of spiking networks here, of what is trained by `transformers.vit`."""
    prefix = next((one for one in PREFIXES if measure.startswith(one)), "")
    if not prefix:
        said = {"dataset": dataset, "network": network, "method": method, "measure": measure}
        return transformers.vit(scale, seeds, **said)
    if reason := _why_not(method, scale):
        return reason
    label, what = PREFIXES[prefix], measure.removeprefix(prefix)
    if label == WIDE and method not in BOTH:
        return ONE_SCALE
    point = points.at_step(label, AIMED)
    if what not in AGAINST:
        return Source(SNN[what](point), ((convert(method, scale, seeds.start),),))
    if method == "dense":
        return "dense is what it is compared with"
    pair = tuple(convert(one, scale, seeds.start) for one in ("dense", method))
    return Source(points.read_reduction(point, "once", AGAINST[what]), (pair,))


AGAINST = {"energy_reduction_percent": "estimate", "exact_reduction_percent": "exact"}  # column -> count
SNN: dict[str, Callable[[points.Point], Reader]] = {
    "snn_accuracy_percent": points.read_accuracy,
    "energy_mj": lambda point: _in_mj(points.read_energy(point, "once", "estimate")),
    "snn_over_own_ann": lambda point: points.read_over_ann(point, "once"),
    "estimate_over_exact": lambda point: points.read_estimate(point, "once"),
    "masfr": points.read_rate,
}


def _in_mj(read: Reader) -> Reader:
    """Return a reader of microjoule as one of millijoule."""
    return lambda *records: 1e-3 * read(*records)


def table_a4b(
    scale: str, seeds: range, *, dataset: str, network: str, method: str, measure: str
) -> Source | str:
    """Answer a cell of Table A4b: where accuracy saturates, in the reading of S1 and in others."""
    if reason := _why_not(method, scale):
        return reason
    window, at = TIMES[measure.partition("_")[2]]
    point = points.at_saturation(DCGS, window=window, at=at)
    return Source(points.read_steps(point), ((convert(method, scale, seeds.start),),))


TIMES = {"t0": (5, "start"), "end-5": (5, "end"), "start-10": (10, "start"), "end-10": (10, "end")}


def _why_not(method: str, scale: str) -> str:
    """Return why a row has no spiking network, "" if it has one."""
    if scale == "paper":
        return transformers.PAPER
    if method not in NETWORKS:
        return NOT_CONVERTED
    if scale == "smoke" and method not in transformers.SMOKE_ROWS:
        return transformers.AT_SMOKE
    return ""


ANSWERED = {"vit": vit, "table_a4b": table_a4b}
FIGURES = {
    "s1-figure5": Trajectories(
        plan,
        [(MODEL, DCGS, "once, estimate"), (MODEL, DCGS, "once, exact")],
        seconds,
        fronts=("once, estimate", "once, exact"),
        images=transformers.TEST_IMAGES,
    )
}
