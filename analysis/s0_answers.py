"""For every printed cell of S0's tables: the runs that answer it, or why none does.

An answer is a function (entry, scale, seeds) -> Source | reason; `ANSWERS` holds one for each table.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from analysis.engine.cells import Record
from analysis.s0_entries import Entry, Reader, Source, at_epoch, gain, last
from analysis.s0_names import NAMES
from analysis.s0_paper import with_steps
from analysis.s0_plan import LATER, LEFT_OUT, back_propagated, over_seeds, target_propagated
from netsci.measure import rpdr
from netsci.train.recipe import Recipe

Answer = Callable[[Entry, str, range], Source | str]
NOISES = {"mnist": (0.0, 0.05, 0.1, 0.15, 0.2), "others": (0.0, 0.01, 0.02, 0.03, 0.04)}
NOISE_SPARSITY = 0.99  # S0 A.9
PJ_PER_SOP = 1.5


def table1(entry: Entry, scale: str, seeds: range) -> Source | str:
    """Accuracy and sparsity of networks trained by back-propagation."""
    dataset, network, method = entry.row.split("/")
    if method != "ch-snn":
        return f"{NAMES[method]}: {LATER}"
    sparse, dense = (back_propagated(dataset, network, of, scale) for of in (False, True))
    if isinstance(sparse, str) or isinstance(dense, str):
        return str(sparse)
    readers: dict[str, tuple[Reader, tuple[Any, ...]]] = {
        "link_sparsity_percent": (last("link sparsity"), (sparse,)),
        "accuracy_percent": (last("accuracy"), (sparse,)),
        "dense_accuracy_percent": (last("accuracy"), (dense,)),
        "accuracy_improvement_percent": (gain(), (sparse, dense)),
        "sops_per_sample": (last("SOPs", scale=1.0), (sparse,)),
        "dense_sops_per_sample": (last("SOPs", scale=1.0), (dense,)),
        "macs_per_sample": (last("links", layer="layers.0", scale=1.0), (sparse,)),
        "dense_macs_per_sample": (lambda record: first_layer(dense), (dense,)),
        "training_loss": (last("loss", scale=1.0), (sparse,)),
        "dense_training_loss": (last("loss", scale=1.0), (dense,)),
    }
    reader, chosen = readers[entry.column]
    seeds = fewer(network, scale, seeds)
    return over_seeds(reader, lambda seed: tuple(r.replace(seed=seed) for r in chosen), seeds)


def first_layer(recipe: Recipe) -> float:
    """Return the links of the dense first layer of a 2FC network; each is a multiply-accumulate an image."""
    inputs = 64 if recipe.task.data == "digits" else 784
    return float(inputs * dict(recipe.net.options)["hidden"][0])


def table2(entry: Entry, scale: str, seeds: range) -> Source | str:
    """Spikes, operations and energy of S-TP's network on the whole test set."""
    dataset, _, method = entry.row.split("/")
    recipe = target_propagated(dataset, scale, dense=method == "dense")
    if isinstance(recipe, str):
        return recipe
    return over_seeds(
        _TABLE2[entry.column], lambda seed: (recipe.replace(seed=seed),), seeds, **_tests(dataset)
    )


def total(name: str, scale: float = 1.0) -> Reader:
    """Return the reader of a total over the test set (`analysis.s0_training.totals`)."""

    def read(record: Record) -> float:
        totals = dict(zip(record.arrays["total_names"].tolist(), record.arrays["total_values"], strict=True))
        return scale * float(totals[name])

    return read


def node_sparsity(record: Record, epoch: int = -1) -> float:
    """Return the percentage of input and hidden units that percolated away; 0 in a dense network."""
    if not (record.arrays["table_measure"] == "node sparsity").any():
        return 0.0
    return 100.0 * at_epoch(record, "node sparsity", epoch=epoch)


_TABLE2: dict[str, Reader] = {
    "spike_count": total("spikes"),
    "sops": total("SOPs"),
    "firing_rate_percent": total("firing rate", 100.0),
    "link_sparsity_percent": last("link sparsity"),
    "node_sparsity_percent": node_sparsity,
    "accuracy_percent": last("accuracy"),
    "energy_mj": total("SOPs", PJ_PER_SOP * 1e-9),
    "training_loss": last("loss", scale=1.0),
}


def one_choice(pattern: str, name: str, **fixed: Any) -> Answer:
    """Return the answer of a table whose columns are values of one choice, such as "lr_0.01"."""

    def answer(entry: Entry, scale: str, seeds: range) -> Source | str:
        dataset, _, method = entry.row.partition("/")
        text = re.fullmatch(pattern, entry.column)[1]  # type: ignore[index]
        value = int(text) if name == "batch" else float(text)
        varied = {name: value, **fixed}
        recipe = target_propagated(dataset, scale, dense=method == "dense", sweep=True, **varied)
        if isinstance(recipe, str):
            return recipe
        return over_seeds(last("accuracy"), lambda seed: (recipe.replace(seed=seed),), seeds)

    return answer


_FALLING = one_choice(r"zeta_([\d.]+)", "zeta")
_CONSTANT = one_choice(r"zeta_([\d.]+)", "zeta", schedule="static")


def table8(entry: Entry, scale: str, seeds: range) -> Source | str:
    """Accuracy by a constant zeta, and beside it by the falling one of Table 7."""
    return (_FALLING if entry.row.endswith("/falling") else _CONSTANT)(entry, scale, seeds)


VARIANTS: dict[str, dict[str, Any]] = {
    "none": {"initial": "erdos_renyi", "weights": "kaiming"},
    "sscti_only": {"initial": "sscti", "weights": "kaiming"},
    "sswi_only": {"initial": "erdos_renyi", "weights": "sswi"},
    "both": {"initial": "sscti", "weights": "sswi"},
    # ours: the formula as printed, and SSWI scaled to a firing rate
    "both_as_printed": {"initial": "sscti_as_printed", "weights": "sswi"},
    "both_calibrated": {"initial": "sscti", "weights": "sswi_calibrated"},
}


def table4(entry: Entry, scale: str, seeds: range) -> Source | str:
    """Ablation of the first topology and the first weights at four sparsities."""
    dataset, variant = entry.row.split("/")
    sparsity = float(entry.column.removeprefix("sparsity_")) / 100
    recipe = target_propagated(dataset, scale, sweep=True, sparsity=sparsity, **VARIANTS[variant])
    if isinstance(recipe, str):
        return recipe
    return over_seeds(last("accuracy"), lambda seed: (recipe.replace(seed=seed),), seeds)


def table9(entry: Entry, scale: str, seeds: range) -> Source | str:
    """Node sparsity of Table 1's networks."""
    dataset, network, method = entry.row.split("/")
    if method != "ch-snn":
        return f"{NAMES[method]}: {LATER}"
    recipe = back_propagated(dataset, network, False, scale)
    if isinstance(recipe, str):
        return recipe
    seeds = fewer(network, scale, seeds)
    first = entry.column == "first_node_sparsity_percent"
    read = partial(node_sparsity, epoch=0 if first else -1)
    return over_seeds(read, lambda seed: (recipe.replace(seed=seed),), seeds)


def noisy_recipe(dataset: str, dense: bool, scale: str) -> Recipe | str:
    """Return the recipe of the networks that are tested with noise (S0 A.9: 99 % sparse)."""
    sparsity = NOISE_SPARSITY if scale != "smoke" else 0.9
    return target_propagated(dataset, scale, dense=dense, sparsity=sparsity)


def noise_table(entry: Entry, scale: str, seeds: range) -> Source | str:
    """Accuracy with noise in the input spikes (Tables 10 to 13)."""
    dataset, kind, method = entry.row.split("/")
    recipe = noisy_recipe(dataset, method == "dense", scale)
    if isinstance(recipe, str):
        return recipe
    share = float(entry.column.removeprefix("p_")) / 100
    read = accuracy_under(kind, share)
    return over_seeds(read, lambda seed: (recipe.replace(seed=seed),), seeds, **_tests(dataset))


def accuracy_under(kind: str, share: float) -> Reader:
    """Return the reader of the accuracy, in percent, under a kind and share of noise."""

    def read(record: Record) -> float:
        a = record.arrays
        row = a["noise_kind"].tolist().index(kind)
        column = int(np.argmin(np.abs(a["noise_p"] - share)))
        return 100.0 * float(a["noise_accuracy"][row, column])

    return read


def table14(entry: Entry, scale: str, seeds: range) -> Source | str:
    """RPDR of each kind of noise, and their mean, in percent."""
    dataset, method = entry.row.split("/")
    recipe = noisy_recipe(dataset, method == "dense", scale)
    if isinstance(recipe, str):
        return recipe
    kind = entry.column.removeprefix("rpdr_")

    def read(record: Record) -> float:
        a = record.arrays
        found = {
            str(name): 100.0 * float(rpdr(a["noise_accuracy"][i, 0], a["noise_accuracy"][i, 1:]))
            for i, name in enumerate(a["noise_kind"])
        }
        return float(np.mean(list(found.values()))) if kind == "average" else found[kind]

    return over_seeds(read, lambda seed: (recipe.replace(seed=seed),), seeds, **_tests(dataset))


def _tests(dataset: str) -> dict[str, Any]:
    """Return what is asked of S-TP's networks after training: one run answers Tables 2, 10 and 14."""
    return {"noise": NOISES.get(dataset, NOISES["others"]), "traced": True}


def table15(entry: Entry, scale: str, seeds: range) -> Source | str:
    """Accuracy by the number of time steps."""
    dataset, network, _ = entry.row.split("/")
    steps = int(entry.column.removeprefix("t_"))
    recipe = back_propagated(dataset, network, False, scale)
    if isinstance(recipe, str):
        return recipe
    if scale == "desk" and dataset != "mnist":
        return LEFT_OUT
    recipe = with_steps(recipe, steps)
    return over_seeds(last("accuracy"), lambda seed: (recipe.replace(seed=seed),), seeds)


def table16(entry: Entry, scale: str, seeds: range) -> Source | str:
    """ResNet-18 on Tiny-ImageNet and ImageNet: DPAP's rows go on with a sparsity."""
    dataset, network, method = entry.row.split("/")[:3]
    if method != "ch-snn":
        return f"{NAMES[method]}: {LATER}"
    sparse, dense = (back_propagated(dataset, network, of, scale) for of in (False, True))
    if isinstance(sparse, str) or isinstance(dense, str):
        return str(sparse)
    readers: dict[str, tuple[Reader, tuple[Recipe, ...]]] = {
        "sparsity_percent": (last("link sparsity"), (sparse,)),
        "accuracy_percent": (last("accuracy"), (sparse,)),
        "dense_accuracy_percent": (last("accuracy"), (dense,)),
        "accuracy_loss_percent": (gain(), (dense, sparse)),
    }
    reader, chosen = readers[entry.column]
    return over_seeds(reader, lambda seed: tuple(r.replace(seed=seed) for r in chosen), seeds)


SEVERAL = ("s0.table1", "s0.table2", "s0.table9", "s0.table10", "s0.table14")
ANSWERS: dict[str, Answer] = {
    "s0.table1": table1,
    "s0.table2": table2,
    "s0.table3": one_choice(r"delta_([\d.]+)", "delta"),
    "s0.table4": table4,
    "s0.table5": one_choice(r"lr_([\d.]+)", "lr"),
    "s0.table6": one_choice(r"bs_(\d+)", "batch"),
    "s0.table7": _FALLING,
    "s0.table8": table8,
    "s0.table9": table9,
    **{f"s0.table{n}": noise_table for n in (10, 11, 12, 13)},
    "s0.table14": table14,
    "s0.table15": table15,
    "s0.table16": table16,
}


def seeds_of(scale: str, first: int, table: str) -> range:
    """Return the seeds of a table at a scale: three where networks are compared, one in sweeps."""
    several = scale == "paper" or (scale == "desk" and table in SEVERAL)
    return range(first, first + (3 if several else 1))


def fewer(network: str, scale: str, seeds: range) -> range:
    """Return the seeds of a network of Table 1: at desk scale those with convolutions have one."""
    return seeds[:1] if scale == "desk" and network != "2fc" else seeds
