"""S1's Tables 2 and 3 on a narrow 6Conv2FC: DPAP and SD-SNN trained directly, CHTs at their sparsities.

A sixteenth of the channels, average pooling. `analysis.s1.converted_6conv` converts the networks of CHTs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from analysis.engine.printed import Reader, Source, read_printed
from analysis.engine.training import last, over_seeds
from analysis.s1.convolutions import VGG
from netsci.sweep import Cell, Record
from netsci.train.cells import read_epoch
from netsci.train.presets import PRESETS
from netsci.train.recipe import Recipe, Topology

IMAGES = 10_000  # training images of DPAP and SD-SNN, and of CHTs beside them
EPOCHS = {"dpap": 60, "sd-snn": 80}
METHODS = {"dpap": "dpap", "sd-snn": "sd_snn"}
SHORT = 10  # epochs of CHTs on all images
STEPS = 4
_OPTIONS = (("pooling", "average"), ("width", 1 / 16))
SPIKING = PRESETS["cifar10-6conv2fc"].replace(
    steps=STEPS, limit=IMAGES, mixed=False, normalise=True, options=_OPTIONS
)
# SD-SNN at the pace of the whole network, whose linear layer has 512 units: by the 32 of this one, p would
# rise a sixteenth as fast, and next to nothing would be removed.
_OWN: dict[str, dict[str, Any]] = {"sd-snn": {"method_options": (("width", 512),)}}
# CHTs neither starts denser nor ends sparser: S1 gives the sparsities of these networks as constants.
_CHTS: dict[str, Any] = {"method": "chts", "initial": "uniform"}
ANN = VGG.replace(
    model="conv6fc2",
    options=_OPTIONS,
    epochs=SHORT,
    evolve_every=1 / 6,  # 45 times in the first three quarters; beside a rival 45 or 60 times, once an epoch
    dropout=0.0,
    initial_sparsity=None,
    **_CHTS,
)
_SMOKE: dict[str, Any] = {"data": "digits", "augment": "none", "epochs": 2, "warmup": 0, "limit": 100}
_SMOKE |= {
    "evolve_every": 1,
    "test_limit": 50,
    "batch": 50,
    "options": (("pooling", "average"), ("width", 1 / 32)),
}
NEEDS_GPU = "6Conv2FC at full width needs a GPU, and none was at hand"
LEFT_OUT = "CIFAR-100 is arithmetic only (s1-implied)"
READ: dict[str, Reader] = {
    "network_sparsity_percent": last("link sparsity"),
    "snn_accuracy_percent": last("accuracy"),
    "ann_accuracy_percent": last("accuracy"),
}
_EPOCH = {"spiking": 25.0, "ann": 25.0}  # seconds of an epoch over 10,000 and 50,000 images, about


def read_splits() -> dict[str, tuple[float, float]]:
    """Return sparsities of convolutions and linear layers on CIFAR-10, by that of the network (Table 3)."""
    found = {}
    for name, (table, row, prefix, suffix) in _SPLITS.items():
        shares = {(e.row, e.column): e.printed / 100.0 for e in read_printed(table)}
        conv, linear = (shares[row, f"{prefix}{kind}{suffix}"] for kind in ("convolutional", "linear"))
        found[name] = (round(conv, 6), round(linear, 6))
    return found


_SPLITS = {  # printed sparsity of the network -> where those of its layers stand: table, row, column around
    "35.26": ("s1.tableA2", "cifar-10/6conv2fc/sd-snn", "", "_sparsity_percent"),
    "57.87": ("s1.tableA2", "cifar-10/6conv2fc/dpap", "", "_sparsity_percent"),
    "72.84": ("s1.text", "4.4", "moderate_high_", ""),
    "90.62": ("s1.text", "4.4", "ultra_", ""),
}
SPLIT_OF = {"dpap": "57.87", "sd-snn": "35.26"}


def competitor(method: str, scale: str) -> Recipe:
    """Return the recipe of DPAP or SD-SNN, trained directly."""
    base = SPIKING.replace(**_SMOKE) if scale == "smoke" else SPIKING.replace(epochs=EPOCHS[method])
    return replace(base, topology=Topology(method=METHODS[method], **_OWN.get(method, {})))


def chts(split: str, scale: str, beside: str = "") -> Recipe:
    """Return the recipe of CHTs at a split: on all images, or on those of a rival for as many epochs."""
    conv, linear = read_splits()[split]
    base = ANN.replace(sparsity={"conv": conv, "linear": linear})
    if scale == "smoke":
        return base.replace(**_SMOKE)
    return base.replace(limit=IMAGES, epochs=EPOCHS[beside], evolve_every=1) if beside else base


def table2(
    scale: str, seeds: range, *, dataset: str, network: str, match: str, method: str, measure: str
) -> Source | str:
    """Answer a cell of Table 2 of what is trained. DPAP and SD-SNN are SNNs; one seed at desk scale."""
    if reason := refuse_table2(dataset, scale, match):
        return reason
    recipe = competitor(method, scale) if method in METHODS else beside(match, method, scale)
    return over_seeds(READ[measure], (recipe,), seeds[:1], networks=0)


def beside(match: str, method: str, scale: str) -> Recipe:
    """Return the recipe of CHTs in a row of Table 2."""
    rival = match.removeprefix("match-")
    return chts(SPLIT_OF[rival], scale, rival if method == "ours-10000" else "")


def refuse_table2(dataset: str, scale: str, match: str) -> str:
    """Return why a row of Table 2 has no runs, "" if it has some."""
    if scale == "smoke" and match != "match-dpap":
        return _why_not(dataset, scale) or "the smoke scale runs DPAP and CHTs at its sparsity alone"
    return _why_not(dataset, scale)


def refuse_table3(dataset: str, scale: str, sparsity: str) -> str:
    """Return why a row of Table 3 has no runs, "" if it has some."""
    if scale == "smoke" and sparsity != "90.62":
        return _why_not(dataset, scale) or "the smoke scale runs the sparsest network alone"
    return _why_not(dataset, scale)


def table3(
    scale: str, seeds: range, *, dataset: str, network: str, method: str, sparsity: str, measure: str
) -> Source | str:
    """Answer a cell of Table 3 of what is trained: CHTs at four splits, one seed at desk scale."""
    if reason := refuse_table3(dataset, scale, sparsity):
        return reason
    return over_seeds(READ[measure], (chts(sparsity, scale),), seeds[:1], networks=0)


def table_a2(
    scale: str, seeds: range, *, dataset: str, network: str, match: str, measure: str
) -> Source | str:
    """Answer a cell of Table A2: what CHTs has beside DPAP or SD-SNN, in convolutions and linear layers."""
    if reason := _why_not(dataset, scale):
        return reason
    if scale == "smoke" and match != "dpap":
        return "the smoke scale runs CHTs at the sparsity of DPAP alone"
    kind = "conv" if measure.startswith("convolutional") else "linear"
    return over_seeds(read_share(kind), (chts(SPLIT_OF[match], scale),), seeds[:1], networks=0)


def read_share(kind: str) -> Reader:
    """Return the reader of the share of absent links of sparse convolutions or linear layers, in percent."""

    def read(record: Record) -> float:
        a, links, cells = record.arrays, 0.0, 0.0
        for layer in dict.fromkeys(a["table_layer"][a["table_measure"] == "links"].tolist()):
            share = read_epoch(record, "link sparsity", layer=layer)
            if layer == "all" or share == 0.0 or layer.startswith("classifier") != (kind == "linear"):
                continue
            count = read_epoch(record, "links", layer=layer)
            links, cells = links + count, cells + count / (1.0 - share)
        return 100.0 * (1.0 - links / cells) if cells else float("nan")

    return read


def _why_not(dataset: str, scale: str) -> str:
    if dataset == "cifar-100":
        return LEFT_OUT
    return NEEDS_GPU if scale == "paper" else ""


def seconds(cell: Cell) -> float:
    """Return about how many seconds a run of Tables 2 and 3 takes on one core."""
    given = dict(cell.parameters)
    if given["dataset"] == "digits":
        return 1.0
    share = (given["limit"] or 50_000) / (IMAGES if given["spiking"] else 50_000)
    return float(given["epochs"] * share * _EPOCH["spiking" if given["spiking"] else "ann"])
