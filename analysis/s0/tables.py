"""S0's printed tables and the figures that show their numbers, one literal each."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from analysis.engine.printed import Entry, added, printed
from analysis.engine.sheet import Spread, sampled
from analysis.engine.table import TableExhibit
from analysis.engine.words import NAMES, choice
from analysis.s0 import claims
from analysis.s0.answers import VARIANTS, compare, energy, noisy, sweep
from analysis.s0.drawing import FIGURE2, ablation, by_choice, figure2, figure3, measures, robustness
from analysis.s0.recipes import STP_EPOCHS, SWEEP_IMAGES

NETWORK, MEASURE = "{dataset}/{network}/{method}", "{measure}"
COUNTED = 1_000  # test samples whose operations are counted, see `netsci.train.Run`
TEST_IMAGES = {"cifar10-dvs": 1_000, "dvs-gesture": 264}  # others have 10,000, digits at the smoke scale 100


def error(scale: str) -> Spread:
    """Return what a single seed leaves open: of accuracies the sampling error of the test set."""

    def images(row: str) -> int:
        dataset = row.split("/")[0]
        if scale == "desk" and dataset == "n-mnist":
            return 1_100  # the real recordings at hand
        return 100 if scale == "smoke" else TEST_IMAGES.get(dataset, 10_000)

    def of(keys: Any, means: Any) -> float:
        accuracies = all(c in (claims.ACCURACY, claims.OF_DENSE) or choice(c) == choice(c) for _, c in keys)
        return sampled(images)(keys, means) if accuracies else np.nan

    return of


LEARNT = (  # networks of Table 1 that are run at desk scale
    "mnist/2fc/ch-snn",
    "fashion-mnist/2fc/ch-snn",
    "mnist/2conv2fc/ch-snn",
    "n-mnist/2conv2fc/ch-snn",
    "cifar-10/6conv2fc/ch-snn",
)
_SOPS = dict.fromkeys(
    ("sops_per_sample", "dense_sops_per_sample", "macs_per_sample", "dense_macs_per_sample"), "count"
)
_PERCENT = dict.fromkeys(
    ("link_sparsity_percent", "accuracy_percent", "accuracy_improvement_percent", "dense_accuracy_percent"),
    "percent",
)
TABLE1 = (
    *printed("s0.table1"),
    *added(LEARNT[:1], _SOPS),
    *added(LEARNT[1:2], _PERCENT | _SOPS),
    *added(LEARNT, {"training_loss": "1", "dense_training_loss": "1"}),
)
TABLE2 = (
    *printed("s0.table2"),
    *added(("mnist/3fc/ch-snn", "mnist/3fc/dense"), {"training_loss": "1"}),
)
TABLE4 = printed("s0.table4")
_SPARSITIES = {e.column: "percent" for e in TABLE4 if e.row == "mnist/both"}
_FALLING = {e.column: e.printed for e in printed("s0.table7") if e.row == "mnist"}
TABLE8 = printed("s0.table8")


def _figure3_answer(scale: str, seeds: range, **said: str) -> Any:
    """Answer a cell of Figure 3 as Table 4 does, which has one seed at desk scale, or as Table 2."""
    if "variant" not in said:
        return energy(scale, seeds, **said)
    sparsity = said.pop("measure").removeprefix("sparsity_")
    return sweep(scale, seeds if scale == "paper" else seeds[:1], sparsity=sparsity, **said)


def _in_figure2(entry: Entry) -> bool:
    """Whether an entry of Table 1 is drawn in Figure 2, or one that its gains are judged by."""
    judged = ("accuracy_percent", "dense_accuracy_percent", "training_loss", "dense_training_loss")
    drawn = entry.column in ("link_sparsity_percent", "accuracy_improvement_percent")
    ours = entry.row.endswith("/ch-snn") and entry.column in judged
    return entry.row.split("/")[0] in FIGURE2 and (drawn or ours)


def _tuned(row: str) -> str:
    """Return how the networks of a row were tuned."""
    dataset, kind, *_ = row.split("/")
    if kind != "2fc":
        return "learning rate of a preset, not tuned"
    return "tuned on s0-grid" if dataset == "mnist" else "settings of MNIST 2FC, not tuned"


TUNED = (
    "Learning rate, loss and first weights of MNIST 2FC were tuned on s0-grid, dense and sparse alike, each with "
    "its best; batch, optimiser and decay were not. Fashion-MNIST takes MNIST's. Other networks take a preset's "
    "rate, the same dense and sparse.",
    "Networks with convolutions are 95 % sparse in their hidden linear layers (S0: 99 %): this comes near the "
    "printed link sparsities, 99 % does not. MNIST 2Conv2FC has 6 epochs.",
)
SIMULATED = (
    "N-MNIST is simulated from MNIST: 20,000 training recordings, 10 epochs. Its test set is 1,100 real ones, "
    "1,000 of N-MNIST's training set and 100 of its test set. The simulator's constants were fitted to those "
    "1,000, which no network was trained on.",
)
BUDGET = f"{STP_EPOCHS} epochs (S0: 100). T = 50 and rate coding are our reading; S0 prints neither."
FULL = (
    f"{BUDGET} Learning rates 0.001 dense and 0.01 sparse (S0: 0.0001), each the best of s0-stp-grid-full.",
)
SWEPT = (
    f"{BUDGET} {SWEEP_IMAGES:,} training images (S0: 60,000). Learning rate 0.01 (S0: 0.0001), the best of "
    "s0-stp-grid; 95 % sparse, one seed.",
)
S0: dict[str, Any] = {"paper": "S0", "version": 3}
SWEEP: dict[str, Any] = {**S0, "rows": ("{dataset}",), "answer": sweep, "deviations": SWEPT}
NOISY: dict[str, Any] = {
    **S0,
    "rows": ("{dataset}/{kind}/{method}",),
    "columns": "p_{share}",
    "answer": noisy,
    "draw": partial(by_choice, "share of noise P (%)", ""),
    "seeds": 3,
}
NOISE = "S-TP's networks, 99 % sparse or dense, tested with a share P of the input spikes altered."
TABLES = (
    TableExhibit(
        id="s0-table1",
        title="S0 Table 1: accuracy and link sparsity",
        place="Table 1",
        caption="Each method beside its own dense network. Operations are those of spikes, of the first "
        f"{COUNTED:,} test samples; the first layer of 2FC reads real values and has multiply-accumulates.",
        rows=(NETWORK,),
        columns=MEASURE,
        printed=TABLE1,
        answer=compare,
        draw=measures,
        claims=claims.TABLE1,
        deviations=(*TUNED, *SIMULATED, "CIFAR-10 is a JPEG copy; its dense 6Conv2FC has 8 epochs."),
        seeds=3,
        remark=_tuned,
        **S0,
    ),
    TableExhibit(
        id="s0-table2",
        title="S0 Table 2: spikes, operations and energy under S-TP",
        place="Table 2",
        caption="Spikes and operations of the whole test set, input spikes included; 1.5 pJ an operation.",
        rows=(NETWORK,),
        columns=MEASURE,
        printed=TABLE2,
        answer=energy,
        draw=measures,
        claims=claims.TABLE2,
        deviations=FULL,
        seeds=3,
        **S0,
    ),
    TableExhibit(
        id="s0-table3",
        title="S0 Table 3: delta",
        place="A.3.2, Table 3",
        caption="Test accuracy of S-TP's network by δ, which tempers the sampling of new links.",
        columns="delta_{delta}",
        printed=printed("s0.table3"),
        draw=partial(by_choice, "δ of the sampling of links", ""),
        claims=claims.TABLE3,
        **SWEEP,
    ),
    TableExhibit(
        id="s0-table4",
        title="S0 Table 4: ablation of SSCTI and SSWI",
        place="A.6, Table 4",
        caption="Neither: Erdos-Renyi links, Kaiming weights. As printed: eq. 2 to the letter. Calibrated: SSWI, "
        "then each layer scaled to a firing rate of 0.1.",
        columns="sparsity_{sparsity}",
        printed=(*TABLE4, *added([f"mnist/{v}" for v in VARIANTS if v.startswith("both_")], _SPARSITIES)),
        draw=ablation,
        claims=claims.TABLE4,
        **SWEEP | {"rows": ("{dataset}/{variant}",)},
    ),
    TableExhibit(
        id="s0-table5",
        title="S0 Table 5: learning rate",
        place="A.7, Table 5",
        caption="Test accuracy of S-TP's network by learning rate, sparse and dense.",
        columns="lr_{lr}",
        printed=printed("s0.table5"),
        draw=partial(by_choice, "learning rate", "x"),
        claims=claims.TABLE5,
        **SWEEP
        | {
            "rows": ("{dataset}/{method}",),
            "deviations": (f"{BUDGET} {SWEEP_IMAGES:,} training images (S0: 60,000), one seed.",),
        },
    ),
    TableExhibit(
        id="s0-table6",
        title="S0 Table 6: batch size",
        place="A.7, Table 6",
        caption="Test accuracy of S-TP's network by batch size.",
        columns="bs_{bs}",
        printed=printed("s0.table6"),
        draw=partial(by_choice, "batch size", ""),
        claims=claims.TABLE6,
        **SWEEP,
    ),
    TableExhibit(
        id="s0-table7",
        title="S0 Table 7: start of a falling zeta",
        place="A.7, Table 7",
        caption="Test accuracy of S-TP's network by the share of links that evolution moves at first.",
        columns="zeta_{zeta}",
        printed=printed("s0.table7"),
        draw=partial(by_choice, "ζ at the start, falling to 0", ""),
        claims=claims.TABLE7,
        **SWEEP,
    ),
    TableExhibit(
        id="s0-table8",
        title="S0 Table 8: constant zeta",
        place="A.7, Table 8",
        caption="As Table 7, with a share that stays; the falling one of Table 7 stands beside it.",
        columns="zeta_{zeta}",
        printed=(
            *TABLE8,
            *(
                Entry("mnist/falling", e.column, "percent", _FALLING[e.column], "of Table 7")
                for e in TABLE8
                if e.row == "mnist" and e.column in _FALLING
            ),
        ),
        draw=partial(by_choice, "ζ, constant or at the start", ""),
        claims=claims.TABLE8,
        **SWEEP
        | {"rows": ("{dataset}", "{dataset}/{schedule}"), "answer": partial(sweep, schedule="static")},
    ),
    TableExhibit(
        id="s0-table9",
        title="S0 Table 9: node sparsity",
        place="A.8, Table 9",
        caption="Node sparsity is the share of input and hidden units on no path from input to output.",
        rows=(NETWORK,),
        columns=MEASURE,
        printed=(*printed("s0.table9"), *added(LEARNT[:1], {"first_node_sparsity_percent": "percent"})),
        answer=compare,
        draw=measures,
        claims=claims.TABLE9,
        deviations=(*TUNED, *SIMULATED),
        seeds=3,
        remark=_tuned,
        doubles="s0-table1",
        **S0,
    ),
    *(
        TableExhibit(
            id=f"s0-table{number}",
            title=f"S0 Table {number}: noise on {NAMES[dataset]}",
            place=f"A.9, Table {number}",
            caption=NOISE,
            printed=printed(f"s0.table{number}"),
            claims=claims.noise(dataset, f"A.9, Table {number}"),
            deviations=FULL if dataset == "mnist" else (),
            **NOISY if dataset == "mnist" else NOISY | {"seeds": 1},
        )
        for number, dataset in ((10, "mnist"), (11, "n-mnist"), (12, "cifar-10"), (13, "dvs-gesture"))
    ),
    TableExhibit(
        id="s0-table14",
        title="S0 Table 14: relative loss of accuracy by noise",
        place="A.9, Table 14",
        caption=f"{NOISE} Relative loss is the mean of (clean - noisy) / clean over four levels of noise.",
        printed=printed("s0.table14"),
        claims=claims.TABLE14,
        deviations=FULL,
        doubles="s0-table10",
        **NOISY | {"rows": ("{dataset}/{method}",), "columns": "rpdr_{kind}", "draw": robustness},
    ),
    TableExhibit(
        id="s0-table15",
        title="S0 Table 15: number of time steps",
        place="A.11, Table 15",
        caption="Test accuracy of CH-SNN by the number of time steps T.",
        rows=(NETWORK,),
        columns="t_{steps}",
        printed=printed("s0.table15"),
        answer=compare,
        draw=partial(by_choice, "time steps T", ""),
        claims=claims.TABLE15,
        deviations=TUNED[1:],
        remark=_tuned,
        **S0,
    ),
    TableExhibit(
        id="s0-table16",
        title="S0 Table 16: ResNet-18 on ImageNet",
        place="A.12, Table 16",
        caption="Each method beside its own dense network. All convolutions but the first are sparse; they "
        "evolve by CHT-Conv as we read it, S0 uses CH-CNN.",
        rows=(NETWORK, NETWORK + "/sparsity_{sparsity}"),
        columns=MEASURE,
        printed=printed("s0.table16"),
        answer=compare,
        draw=measures,
        claims=claims.TABLE16,
        remark=_tuned,
        **S0,
    ),
    TableExhibit(
        id="s0-figure2",
        title="S0 Figure 2: accuracy against link sparsity",
        place="Figure 2",
        caption="One point a network and method: its accuracy less that of the method's own dense network, against "
        "link sparsity. Numbers of Table 1; the other methods are printed.",
        rows=(NETWORK,),
        columns=MEASURE,
        printed=tuple(entry for entry in TABLE1 if _in_figure2(entry)),
        answer=compare,
        draw=figure2,
        claims=claims.FIGURE2,
        deviations=(*TUNED, *SIMULATED),
        seeds=3,
        remark=_tuned,
        doubles="s0-table1",
        **S0,
    ),
    TableExhibit(
        id="s0-figure3",
        title="S0 Figure 3: firing rate, accuracy and energy under S-TP",
        place="Figure 3",
        caption="Of the whole test set: dense and CH-SNN from Table 2; 80, 95 and 99 % sparse from Table 4, whose "
        "networks had fewer training images at desk scale.",
        rows=(NETWORK, "{dataset}/{variant}"),
        columns=MEASURE,
        printed=(
            *(
                e
                for e in TABLE2
                if e.column in ("firing_rate_percent", "accuracy_percent", "energy_mj", "training_loss")
            ),
            *(
                e
                for e in TABLE4
                if e.row.endswith("/both") and e.column in ("sparsity_80", "sparsity_95", "sparsity_99")
            ),
        ),
        answer=_figure3_answer,
        draw=figure3,
        claims=claims.FIGURE3,
        deviations=(*FULL, *SWEPT),
        seeds=3,
        doubles="s0-table2",
        **S0,
    ),
)
