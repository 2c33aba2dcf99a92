"""What the printed numbers of S1 imply: reductions, first convolutions, spikes a neuron, sparsities, ANNs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from analysis.engine.implied import FOLLOWS, UNKNOWN, Statement, judge, make_record, read_values
from analysis.engine.printed import expected
from analysis.s1.counts import (
    MJ_PER_PJ,
    PJ_PER_MAC,
    UJ_PER_PJ,
    VGG16,
    count_convolutions,
    count_vit,
)
from analysis.s1.implied_6conv import DATA, state_events, state_sensitivity, state_sparsities, state_table2
from netsci.measure import energy_reduction
from netsci.sweep import Record

NETS = {"vgg16": "VGG-16", "resnet18": "ResNet-18"}
METHODS = {"dcgs_t8": "DCGS", "cs-qcfs_t16": "CS-QCFS"}
VGG = count_convolutions(VGG16)
ROUNDING = 0.0051


def state_all() -> Record:
    """State all that follows, or does not, from the printed numbers of S1."""
    own = (_table1, _first_convolution, _firing, _vit, _vit_rivals, _saturation)
    parts = (*own, state_sparsities, state_table2, state_events, state_sensitivity, _unknown)
    return make_record(statement for part in parts for statement in part())


def _cells() -> Iterator[tuple[str, str, str, str]]:
    """Yield the eight cells of Table 1: data set, network, method, and their name."""
    for data in DATA:
        for net in NETS:
            for method in METHODS:
                yield data, net, method, f"{DATA[data][0]} {NETS[net]}, {METHODS[method]}"


def _table1() -> Iterator[Statement]:
    t, text = read_values("s1.table1"), read_values("s1.text")
    saved, lost, better = {}, {}, []
    for data, net, method, name in _cells():
        row, column = f"{data}/{net}", f"{method}_snn_accuracy_percent"
        saved[name] = t[f"{row}/ours", f"{method}_energy_reduction_percent"]
        lost[name] = t[f"{row}/dense", column] - t[f"{row}/ours", column]
        less = saved[name] > t[f"{row}/depgraph", f"{method}_energy_reduction_percent"]
        better.append(less and t[f"{row}/ours", column] > t[f"{row}/depgraph", column])
    over, said = sum(v > 60 for v in saved.values()), text["4.3", "energy_reduction_over_60"]
    below = min(saved, key=lambda name: saved[name])
    yield Statement(
        "table1/over-60", "more than 60 % of the energy is saved in seven of eight", "4.3; Table 1",
        f"{over} of {len(saved)}; the exception is {below} with {saved[below]:.2f} %",
        judge(over == said), float(over), "count", said,
    )  # fmt: skip
    worst = max(lost, key=lambda name: lost[name])
    exceptions = sum(round(v, 2) >= 1 for v in lost.values())
    yield Statement(
        "table1/loss", "less than 1 % accuracy is lost", "4.3; Table 1",
        f"{exceptions} of {len(lost)} is not: {worst} loses {lost[worst]:.2f}",
        judge(exceptions == 0), lost[worst], "points", text["4.3", "accuracy_loss"],
    )  # fmt: skip
    gain = -min(lost.values())
    yield Statement(
        "table1/gain", "the largest gain over dense", "4.3; Table 1", f"largest of {len(lost)} differences",
        judge(abs(gain - text["4.3", "best_improvement"]) < ROUNDING), gain, "points",
        text["4.3", "best_improvement"],
    )  # fmt: skip
    yield Statement(
        "table1/both-better", "better than DepGraph in energy and accuracy", "4.3; Table 1",
        f"{sum(better)} of {len(better)} save more and are more accurate",
        judge(sum(better) == text["4.3", "both_better_than_depgraph"]), float(sum(better)), "count",
        text["4.3", "both_better_than_depgraph"],
    )  # fmt: skip
    texts = expected("s1.text").set_index(["row", "column"])["printed"]
    both = map(float, re.findall(r"[\d.]+", texts["4.3/cifar-100", "accuracy_recovered"]))
    for method, said in zip(METHODS, both, strict=True):
        column = f"{method}_snn_accuracy_percent"
        ours, theirs = (t[f"cifar-100/resnet18/{kind}", column] for kind in ("ours", "depgraph"))
        yield Statement(
            f"table1/recovered-{method}", f"CIFAR-100 ResNet-18, {METHODS[method]}: accuracy over DepGraph",
            "4.3; Table 1", f"{ours:.2f} - {theirs:.2f}",
            judge(math.floor(10 * (ours - theirs) + 1e-9) / 10 == said), ours - theirs, "points", said,
        )  # fmt: skip


def _first_convolution() -> Iterator[Statement]:
    t = read_values("s1.table1")
    whole = 16 * PJ_PER_MAC * VGG.first * UJ_PER_PJ
    for data in DATA:
        energy = t[f"{data}/vgg16/ours", "cs-qcfs_t16_energy_uj"]
        yield Statement(
            f"first-convolution/{data}",
            f"{DATA[data][0]} VGG-16, CS-QCFS: it is dense and counted at each step",
            "Table 1; 3.3", f"16 x {VGG.first:,} x 4.6 pJ = {whole:.1f} of {energy:.2f} uJ",
            judge(whole <= energy), whole, "uJ", energy,
        )  # fmt: skip
    dense = t["cifar-10/vgg16/dense", "cs-qcfs_t16_energy_uj"]
    once = PJ_PER_MAC * VGG.first * UJ_PER_PJ
    twice = (2 * (dense - once) + once) / dense
    yield Statement(
        "first-convolution/linear-in-t",
        "twice the steps cost twice the energy, also if the first current is held", "E.1",
        f"(2 x ({dense:.2f} - {once:.2f}) + {once:.2f}) / {dense:.2f} uJ for twice the steps",
        judge(abs(twice - 2) < 0.01), twice, "ratio", 2.0,
    )  # fmt: skip


def _firing() -> Iterator[Statement]:
    t, text = read_values("s1.table1"), read_values("s1.text")
    density = 1 - text["4.3", "convolutional_sparsity"] / 100
    for data, net, method, name in _cells():
        saved = t[f"{data}/{net}/ours", f"{method}_energy_reduction_percent"] / 100
        found = (1 - saved) / density
        yield Statement(
            f"firing/{data}/{net}/{method}", f"{name}: events a link in sparse over dense", "Table 1; 4.3",
            f"(1 - {saved:.4f}) / {density:.2f}, the energy left over the links left, both counted alike",
            FOLLOWS, found, "ratio",
        )  # fmt: skip


def _vit() -> Iterator[Statement]:
    t, text, parts = read_values("s1.table4"), read_values("s1.text"), count_vit()
    column, base = "dcgs_t8_energy_mj", "imagenet/vit-b"
    density = 1 - text["4.5", "linear_sparsity"] / 100
    spent = {kind: t[f"{base}/{kind}", column] for kind in ("dense", "ours")}
    ops = {"dense": float(sum(parts.values()))}
    ops["ours"] = ops["dense"] - (1 - density) * parts["blocks"]
    for kind, name in (("dense", "dense"), ("ours", "sparse")):
        own = PJ_PER_MAC * ops[kind] * MJ_PER_PJ
        yield Statement(
            f"vit-own-ann/{name}", f"the {name} ViT-B SNN costs less than its own ANN", "Table 4; 4.5",
            f"{spent[kind]:.2f} mJ / ({ops[kind]:,.0f} operations x 4.6 pJ = {own:.1f} mJ)",
            judge(spent[kind] < own), spent[kind] / own, "ratio",
        )  # fmt: skip
    saved, said = 100 * float(energy_reduction(*spent.values())), text["4.5", "energy_reduction"]
    yield Statement(
        "vit/saved", "the sparse ViT-B SNN saves 60.2 %", "4.5; Table 4",
        f"({spent['dense']:.2f} - {spent['ours']:.2f}) / {spent['dense']:.2f}",
        judge(abs(saved - said) < 0.06), saved, "percent", said,
    )  # fmt: skip
    printed = t[f"{base}/ours", "dcgs_t8_energy_reduction_percent"]
    for products in (1, 3):
        whole = ops["dense"] + (products - 1) * parts["attention"]
        alike = 100 * (1 - density) * parts["blocks"] / whole
        yield Statement(
            f"vit/unchanged-{products}",
            f"reduction at unchanged rates, {products} event products in attention",
            "Table 4", f"{1 - density:.1f} x {parts['blocks']:,} / {whole:,.0f}; the printed one needs rates "
            f"of {(100 - printed) / (100 - alike):.2f} times dense ones",
            FOLLOWS, alike, "percent", printed,
        )  # fmt: skip


def _vit_rivals() -> Iterator[Statement]:
    t, text = read_values("s1.table4"), read_values("s1.text")
    accuracy = {row.split("/")[2]: v for (row, c), v in t.items() if c == "dcgs_t8_snn_accuracy_percent"}
    rivals = {name: v for name, v in accuracy.items() if name not in ("dense", "ours")}
    nearest = max(rivals, key=lambda name: rivals[name])
    gap, least = accuracy["ours"] - rivals[nearest], 15.0
    yield Statement(
        "vit/gap", "more than 15 % over the nearest rival", "4.5; Table 4",
        f"{accuracy['ours']:.2f} - {rivals[nearest]:.2f} of {nearest}",
        judge(gap > least), gap, "points", text.get(("4.5", "gap_to_nearest"), least),
    )  # fmt: skip
    yield Statement(
        "vit/nearest", "SparseGPT is the nearest rival", "4.5; Table 4",
        f"{nearest} has {rivals[nearest]:.2f}, SparseGPT {rivals['sparsegpt']:.2f}",
        judge(nearest == "sparsegpt"), rivals[nearest] - rivals["sparsegpt"], "points",
    )  # fmt: skip
    drop = accuracy["dense"] - accuracy["ours"]
    yield Statement(
        "vit/loss", "less than 1 % accuracy is lost on ViT-B", "4.5; Table 4",
        f"{accuracy['dense']:.2f} - {accuracy['ours']:.2f}", judge(drop < 1), drop, "points",
        text["4.5", "accuracy_drop"],
    )  # fmt: skip


def _saturation() -> Iterator[Statement]:
    a, b, text = read_values("s1.tableA4a"), read_values("s1.tableA4b"), read_values("s1.text")
    times = [*a.values(), *b.values()]
    window = int(read_values("s1.algorithm1")["algorithm1", "window_w"])
    early = sum(t < window + 1 for t in times)
    yield Statement(
        "saturation/end", "the printed T_0 are ends of a window of five", "Algorithm 1; Tables A4a, A4b",
        f"{early} of {len(times)} are below {window + 1}, the earliest end; the smallest is {min(times):g}",
        judge(early == 0), float(early), "count", 0.0,
    )  # fmt: skip
    yield Statement(
        "saturation/start", "the printed T_0 are starts of a window of five", "Tables A4a, A4b",
        f"all {len(times)} are at least 1",
        judge(min(times) >= 1), float(sum(t >= 1 for t in times)), "count",
        float(len(times)),
    )  # fmt: skip
    for method, name in (("dcgs", "DCGS"), ("cs-qcfs", "CS-QCFS")):
        most = max(v for (_, column), v in (*a.items(), *b.items()) if column == f"{method}_t0")
        said = text["e.1", f"{method}_t"]
        yield Statement(
            f"saturation/{method}", f"T = {said:g} of {name} is the largest T_0", "E.1; Tables A4a, A4b",
            f"largest of the printed T_0 of {name}", judge(most == said), most, "steps", said,
        )  # fmt: skip


def _unknown() -> Iterator[Statement]:
    for name, words, why in (
        ("rates", "firing rates by layer", "one energy a network; only their mean over links follows"),
        ("energies", "energies of sparse networks beyond two decimals", "per cents of dense are printed"),
        ("layers", "energies of single layers", "one energy a network"),
        ("first-layer", "whether the first layer is counted once or at each step", "either fits dense rows"),
        ("products", "how many event products attention has in Table 4", "one, three, or rates that rose"),
        ("accuracy", "accuracies, from anything else that is printed", "they are measured"),
    ):
        yield Statement(f"open/{name}", words, "4", why, UNKNOWN)
