"""What S0's captions and rows say of the runs: scale, data, and where they differ from the printed set-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from analysis.engine.cells import Cell
from analysis.s0_comparisons import CAPTIONS as OF_FIGURES
from analysis.s0_entries import Entry
from analysis.s0_figures import CAPTION, UNRUN

COUNTED = 1_000  # test samples whose operations are counted, see `netsci.train.Run`
TUNED_TABLES = ("s0.table1", "s0.table9", "s0.table15", "s0.table16", "s0.figure2")
RATES, SWEEP_RATES = (
    f"The learning rates of runs on {images} images were chosen on {grid}{how}: held-out images, one seed, "
    "95 % sparse; other sparsities take the same."
    for images, grid, how in (
        ("all", "s0-stp-grid-full", ", dense and sparse on the same grid, each with its best"),
        ("12,000", "s0-stp-grid", ""),
    )
)
FULL_SIZE = ("s0.table2", "s0.table10", "s0.table14", "s0.figure3")  # S-TP on all training images
SWEEPS = (*(f"s0.table{n}" for n in (3, 4, 6, 7, 8)), "s0.figure3")
OF_TABLES = {
    "s0.table1": f"SOPs are synaptic operations of spikes a sample, of the first {COUNTED:,} test samples. "
    "Where the first layer reads real values it is not among them: it is counted as multiply-accumulates "
    "(MACs), one a link, once an image, also where the pixel is 0. Dense accuracies are not printed: hollow "
    "ones are those of CH-SNN less the printed gain.",
    "s0.table2": "Spikes and operations of the whole test set, input spikes included; 1.5 pJ an operation.",
    "s0.table4": "Neither: Erdos-Renyi links, Kaiming weights; as printed: eq. 2 to the letter; calibrated: "
    "SSWI, then each layer scaled to a firing rate of 0.1.",
    "s0.table8": "The falling zeta of Table 7 stands beside the constant one.",
    "s0.table9": "Node sparsity is the share of input and hidden units on no path from input to output.",
    "s0.table14": "Mean of (clean - noisy) / clean over the four levels of noise.",
    "s0.table16": "All convolutions but the first are sparse and evolve by CHT-Conv as we read it (CH3-L3n "
    "of the unfolded kernels); S0 uses CH-CNN for them.",
}
PRINTED = {"epochs": 100, "evolve_every": 1, "rate": 1e-4, "blocks": 8, "width": 512}
DATASETS = {
    "digits": "digits",
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "n-mnist": "N-MNIST",
    "n-mnist-simulated": "simulated N-MNIST",
    "cifar10": "CIFAR-10",
    "cifar10-features": "CIFAR-10 features",
    "cifar10-jpeg": "CIFAR-10 as JPEG",
    "cifar100": "CIFAR-100",
    "cifar10-dvs": "CIFAR10-DVS",
    "dvs-gesture": "DVS-Gesture",
    "tiny-imagenet": "Tiny ImageNet",
    "imagenet": "ImageNet",
}
NETWORKS = {
    "conv2fc2": "2Conv2FC",
    "conv6fc2": "6Conv2FC",
    "spikformer": "Spikformer",
    "resnet18": "ResNet-18",
}


def caption(id_: str, cells: Sequence[Cell], scale: str) -> str:
    """Return what an exhibit's caption says beside how it is drawn."""
    tuned = id_ in TUNED_TABLES and cells and scale != "smoke"
    said = OF_TABLES.get(id_, OF_FIGURES.get(id_, "")) if cells else ""
    desk = scale == "desk"
    rates = (RATES if desk and id_ in FULL_SIZE else "", SWEEP_RATES if desk and id_ in SWEEPS else "")
    words = (
        CAPTION if cells else UNRUN,
        said,
        setting(cells, scale),
        _tuning(cells) if tuned else "",
        _convolutions(cells) if tuned else "",
        _real(cells),
        *(rates if cells else ()),
    )
    return " ".join(word for word in words if word)


def _tuning(cells: Sequence[Cell]) -> str:
    """Return how networks that were trained by back-propagation were tuned."""
    fc = {cell["dataset"] for cell in cells if cell["model"] == "mlp"}
    said = []
    if "mnist" in fc:
        said.append(
            "Learning rate, loss and first weights of MNIST 2FC were tuned (s0-grid: one seed, 10 epochs, "
            "dense and sparse on the same grid, each with its best); its batch, optimiser and decay were not."
        )
    if "fashion-mnist" in fc:
        said.append("Fashion-MNIST 2FC takes MNIST's.")
    if any(cell["model"] != "mlp" for cell in cells):
        said.append("Other networks take a preset's rate, the same dense and sparse, not tuned.")
    return " ".join(said)


def _convolutions(cells: Sequence[Cell]) -> str:
    """Return which sparsity networks other than 2FC have, and why."""
    if not any(c["model"] in ("conv2fc2", "conv6fc2") and not c["dense"] for c in cells):
        return ""
    return (
        "Networks with convolutions are 95 % sparse in their hidden linear layers: this comes near the "
        "printed link sparsities, the 99 % of S0's A.5 do not."
    )


def _real(cells: Sequence[Cell]) -> str:
    """Return what the recordings are on which networks of simulated N-MNIST are tested."""
    if not any(cell["dataset"] == "n-mnist-simulated" for cell in cells):
        return ""
    return (
        "The 1,100 real recordings of the test are 1,000 of N-MNIST's training set and 100 of its test set; "
        "the simulator's constants were fitted to those 1,000, which no network was trained on."
    )


def setting(cells: Sequence[Cell], scale: str) -> str:
    """Return what the runs of an exhibit are, by network, and the printed values where they differ."""
    if not cells:
        return f"Scale: {scale}; nothing of it was run."
    groups: dict[tuple[str, int | None], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((network(cell), images(cell)), []).append(cell)
    named = "; ".join(f"{name}: {', '.join(_said(group, scale))}" for (name, _), group in groups.items())
    seeds = ", ".join(str(seed) for seed in sorted({cell["seed"] for cell in cells}))
    data = "; ".join(sorted({cell.data for cell in cells}))
    digits = "Digits stand in for the papers' data and layers are narrow: no printed value is compared. "
    return (
        f"{digits if scale == 'smoke' else ''}Scale: {scale}; {len(cells)} runs; seeds {seeds}; {named}; "
        f"data: {data}."
    )


def network(cell: Cell) -> str:
    """Return the data and the network of a run, in words."""
    name = NETWORKS.get(cell["model"]) or f"{1 + len(dict(cell['options'])['hidden'])}FC"
    return f"{DATASETS[cell['dataset']]} {name}"


def images(cell: Cell) -> int | None:
    """Return the training images of a run, None for all."""
    limit: int | None = cell["limit"] or dict(cell["data_options"]).get("train")
    return limit


def _said(group: Sequence[Cell], scale: str) -> list[str]:
    """Return what the runs of one network have, and what S0 prints where that differs."""

    def instead(name: str, *values: Any) -> str:
        differs = scale != "smoke" and any(value != PRINTED[name] for value in values)
        return f" (S0: {PRINTED[name]:g})" if differs else ""

    (epochs,) = {cell["epochs"] for cell in group}
    printed = group[0]["learner"] == "stp"  # S0 prints epochs and rates of S-TP only
    said = _network(group)
    said.append(f"{epochs} epochs{instead('epochs', epochs) if printed else ''}")
    limit = images(group[0])
    if limit is not None:
        said.append(f"{limit:,} training images" + (" (S0: all)" if scale != "smoke" else ""))
    every = {cell["evolve_every"] for cell in group if not cell["dense"]} - {PRINTED["evolve_every"]}
    said += [f"topology evolved every {n} epochs{instead('evolve_every', n)}" for n in sorted(every)]
    if group[0]["model"] == "spikformer":
        shape = dict(group[0]["options"])
        blocks, width = shape.get("depth", PRINTED["blocks"]), shape.get("width", PRINTED["width"])
        if (blocks, width) != (PRINTED["blocks"], PRINTED["width"]):
            said.append(f"{blocks} blocks of width {width} (S0: {PRINTED['blocks']} of {PRINTED['width']})")
    return said + _rates(group, scale)


def _rates(group: Sequence[Cell], scale: str) -> list[str]:
    """Return the learning rates where they are not what is varied, and the printed one where it differs."""
    rates = {dense: sorted({c["lr"] for c in group if c["dense"] is dense}) for dense in (True, False)}
    rates = {dense: found for dense, found in rates.items() if found}
    if any(len(found) > 1 for found in rates.values()):
        return []
    words = ", ".join(f"{found[0]:g} {'dense' if dense else 'sparse'}" for dense, found in rates.items())
    printed = group[0]["learner"] != "stp" or all(found == [PRINTED["rate"]] for found in rates.values())
    return [f"learning rate {words}" + ("" if printed or scale == "smoke" else f" (S0: {PRINTED['rate']:g})")]


def _network(group: Sequence[Cell]) -> list[str]:
    """Return how sparse the networks of a group are, their time steps and how images become spikes."""
    shares = sorted({c["sparsity"] for c in group if not c["dense"]})
    steps = sorted({c["steps"] for c in group})
    said = [f"{_range(shares, 100)} % sparse"] if shares else ["dense"]
    coding = {"direct": "direct encoding", "rate": "rate coding", "events": "events"}[group[0]["encoding"]]
    return [*said, f"T = {_range(steps)}", coding]


def _range(values: Sequence[float], scale: float = 1.0) -> str:
    """Return one value, or the first and the last of several.

    Examples
    --------
    >>> _range([0.7, 0.8, 0.95], 100), _range([8])
    ('70 to 95', '8')
    """
    ends = dict.fromkeys((values[0], values[-1]))
    return " to ".join(f"{value * scale:g}" for value in ends)


def remarked(id_: str, entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries, those with runs of back-propagation with a note on how they were tuned."""
    if id_ not in TUNED_TABLES:
        return list(entries)
    return [
        replace(e, note="; ".join(word for word in (e.note, _tuned(e.row)) if word)) if e.source else e
        for e in entries
    ]


def _tuned(row: str) -> str:
    dataset, kind, *_ = row.split("/")
    if kind != "2fc":
        return "learning rate of a preset, not tuned"
    return "tuned on s0-grid" if dataset == "mnist" else "settings of MNIST 2FC, not tuned"
