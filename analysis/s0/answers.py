"""What a cell of S0's tables asks for: answer(scale, seeds, **what its names say) -> runs, or why none.

compare   networks trained by back-propagation beside dense ones (Tables 1, 9, 15, 16)
energy    S-TP's networks on the whole test set (Table 2)
sweep     S-TP's networks by a choice or an initialisation (Tables 3 to 8)
noisy     S-TP's networks with noise in the input spikes (Tables 10 to 14)
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.engine.printed import Reader, Source
from analysis.engine.training import gain, last, over_seeds, total
from analysis.engine.words import NAMES
from analysis.s0.paper import with_steps
from analysis.s0.recipes import LEFT_OUT, NOT_AT_HAND, back_propagated, target_propagated
from netsci.measure import rpdr
from netsci.sweep import Record
from netsci.train.cells import DIVERGED, read_epoch
from netsci.train.recipe import Recipe

COMPETING = "it stands beside CH-SNN in s0-competitors, on equal terms: 12,000 images, T = 4"
NEEDS_GPU = "6Conv2FC at full width needs a GPU; at a sixteenth of it they stand in s1-table2"
NOISES = {"mnist": (0.0, 0.05, 0.1, 0.15, 0.2), "others": (0.0, 0.01, 0.02, 0.03, 0.04)}
NOISE_SPARSITY = 0.99  # S0 A.9
PJ_PER_SOP = 1.5
VARIANTS: dict[str, dict[str, Any]] = {
    "none": {"initial": "erdos_renyi", "weights": "kaiming"},
    "sscti_only": {"initial": "sscti", "weights": "kaiming"},
    "sswi_only": {"initial": "erdos_renyi", "weights": "sswi"},
    "both": {"initial": "sscti", "weights": "sswi"},
    # ours: the formula as printed, and SSWI scaled to a firing rate
    "both_as_printed": {"initial": "sscti_as_printed", "weights": "sswi"},
    "both_calibrated": {"initial": "sscti", "weights": "sswi_calibrated"},
}


def node_sparsity(record: Record, epoch: int = -1) -> float:
    """Return the percentage of input and hidden units that percolated away; 0 in a dense network.

    NaN if the run diverged.
    """
    if DIVERGED not in record.notes and not (record.arrays["table_measure"] == "node sparsity").any():
        return 0.0
    return 100.0 * read_epoch(record, "node sparsity", epoch=epoch)


ACCURACY, SOPS, LOSS = last("accuracy"), last("SOPs", scale=1.0), last("loss", scale=1.0)
SPARSE: tuple[bool, ...] = (False,)  # whose records are read: are they dense?
DENSE: tuple[bool, ...] = (True,)
COMPARED: dict[str, tuple[Reader, tuple[bool, ...]]] = {
    "link_sparsity_percent": (last("link sparsity"), SPARSE),
    "sparsity_percent": (last("link sparsity"), SPARSE),
    "accuracy_percent": (ACCURACY, SPARSE),
    "dense_accuracy_percent": (ACCURACY, DENSE),
    "accuracy_improvement_percent": (gain(), (False, True)),
    "accuracy_loss_percent": (gain(), (True, False)),
    "sops_per_sample": (SOPS, SPARSE),
    "dense_sops_per_sample": (SOPS, DENSE),
    "macs_per_sample": (last("links", layer="layers.0", scale=1.0), SPARSE),
    "training_loss": (LOSS, SPARSE),
    "dense_training_loss": (LOSS, DENSE),
    "node_sparsity_percent": (node_sparsity, SPARSE),
    "first_node_sparsity_percent": (partial(node_sparsity, epoch=0), SPARSE),
}
MEASURED: dict[str, Reader] = {
    "spike_count": total("spikes"),
    "sops": total("SOPs"),
    "firing_rate_percent": total("firing rate", 100.0),
    "link_sparsity_percent": last("link sparsity"),
    "node_sparsity_percent": node_sparsity,
    "accuracy_percent": ACCURACY,
    "energy_mj": total("SOPs", PJ_PER_SOP * 1e-9),
    "training_loss": LOSS,
}


def compare(
    scale: str,
    seeds: range,
    *,
    dataset: str,
    network: str,
    method: str,
    measure: str = "accuracy_percent",
    steps: str = "",
    sparsity: str = "",
) -> Source | str:
    """Answer a cell of a network that was trained by back-propagation, or of its dense counterpart."""
    if method != "ch-snn":
        return why_not(dataset, network, method, scale)
    recipes = {dense: back_propagated(dataset, network, dense, scale) for dense in (False, True)}
    if scale == "desk" and network != "2fc":
        seeds = seeds[:1]
    if measure == "dense_macs_per_sample":
        read, which = _first_layer(recipes[True]), DENSE
    else:
        read, which = COMPARED[measure]
    chosen = [recipes[dense] for dense in which]
    found = [recipe for recipe in chosen if not isinstance(recipe, str)]
    if len(found) < len(chosen):
        return str(recipes[False])
    if steps and scale == "desk" and dataset != "mnist":
        return LEFT_OUT
    found = [with_steps(recipe, int(steps)) for recipe in found] if steps else found
    return over_seeds(read, tuple(found), seeds)


def _first_layer(recipe: Recipe | str) -> Reader:
    """Return the reader of the links of 2FC's dense first layer; each is a multiply-accumulate an image."""
    if isinstance(recipe, str):
        return lambda record: math.nan
    inputs, hidden = 64 if recipe.task.data == "digits" else 784, dict(recipe.net.options)["hidden"][0]
    return lambda record: float(inputs * hidden)


def why_not(dataset: str, network: str, method: str, scale: str) -> str:
    """Return why the row of a method that S0 compares with is not run."""
    if scale != "desk":
        return f"{NAMES[method]}: S0 prints no recipe of it"
    if dataset in NOT_AT_HAND:
        return NOT_AT_HAND[dataset]
    if (dataset, network) == ("cifar-10", "6conv2fc") and method in ("dpap", "sd-snn"):
        return NEEDS_GPU
    return COMPETING if (dataset, network) == ("mnist", "2fc") else f"{NAMES[method]}: left out for time"


def energy(
    scale: str, seeds: range, *, dataset: str, network: str, method: str, measure: str
) -> Source | str:
    """Answer a cell of S-TP's networks: spikes, operations and energy on the whole test set."""
    recipe = target_propagated(dataset, scale, dense=method == "dense")
    return _test_accuracy(MEASURED[measure], recipe, seeds, dataset)


def sweep(
    scale: str,
    seeds: range,
    *,
    dataset: str,
    method: str = "ch-snn",
    variant: str = "",
    schedule: str = "falling",
    **chosen: str,
) -> Source | str:
    """Answer a cell of S-TP's networks by one choice: delta, lr, bs (batch), zeta or sparsity (percent)."""
    changes: dict[str, Any] = dict(VARIANTS[variant]) if variant else {}
    for name, text in chosen.items():
        value = int(text) if name == "bs" else float(text) / 100 if name == "sparsity" else float(text)
        changes["batch" if name == "bs" else name] = value
    if schedule != "falling":
        changes["schedule"] = schedule
    recipe = target_propagated(dataset, scale, dense=method == "dense", sweep=True, **changes)
    return recipe if isinstance(recipe, str) else over_seeds(ACCURACY, (recipe,), seeds)


def noisy(scale: str, seeds: range, *, dataset: str, method: str, kind: str, share: str = "") -> Source | str:
    """Answer a cell of S-TP's networks under noise: accuracy at a share (percent), or RPDR of a kind."""
    sparsity = NOISE_SPARSITY if scale != "smoke" else 0.9
    recipe = target_propagated(dataset, scale, dense=method == "dense", sparsity=sparsity)
    read = accuracy_under(kind, float(share) / 100) if share else robustness(kind)
    return _test_accuracy(read, recipe, seeds, dataset)


def _test_accuracy(read: Reader, recipe: Recipe | str, seeds: range, dataset: str) -> Source | str:
    """Return the source of networks tested with noise and traced: one run answers Tables 2, 10 and 14."""
    if isinstance(recipe, str):
        return recipe
    return over_seeds(read, (recipe,), seeds, noise=NOISES.get(dataset, NOISES["others"]), traced=True)


def accuracy_under(kind: str, share: float) -> Reader:
    """Return the reader of the accuracy, in percent, under a kind and share of noise."""

    def read(record: Record) -> float:
        if DIVERGED in record.notes:
            return math.nan
        nearest = int(np.argmin(np.abs(record.arrays["noise_p"] - share)))
        return 100.0 * float(_noisy_accuracies(record)[kind][nearest])

    return read


def robustness(kind: str) -> Reader:
    """Return the reader of the relative loss of accuracy, in percent: of a kind of noise, or the average."""

    def read(record: Record) -> float:
        if DIVERGED in record.notes:
            return math.nan
        found = _noisy_accuracies(record).items()
        return float(np.mean([100 * rpdr(of[0], of[1:]) for name, of in found if kind in (name, "average")]))

    return read


def _noisy_accuracies(record: Record) -> dict[str, NDArray[np.float64]]:
    """Return the accuracies by kind of noise, without noise first."""
    return dict(zip(record.arrays["noise_kind"].tolist(), record.arrays["noise_accuracy"], strict=True))
