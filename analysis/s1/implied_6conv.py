"""What S1 prints of 6Conv2FC: sparsities of networks and of layers, two rivals, events a neuron."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.engine.implied import FOLLOWS, Statement, judge, read_values
from analysis.s1.counts import (
    CONV6,
    PJ_PER_AC,
    PJ_PER_MAC,
    UJ_PER_PJ,
    count_convolutions,
    count_mlp,
)
from netsci.measure import energy_reduction

DATA = {"cifar-10": ("CIFAR-10", 10), "cifar-100": ("CIFAR-100", 100)}
HIDDEN = 512  # the first linear layer reads the 8 x 8 places of the last convolution
FIRST_PLACES = 8 * 8
CONV = count_convolutions(CONV6)
TRUNCATED = 0.0101  # printed sparsities are truncated in the second decimal
ROUNDING = 0.0051


def count_6conv2fc(classes: int) -> tuple[int, int, int]:
    """Return the weights of 6Conv2FC: all convolutions, the first linear layer, the classifier."""
    first, last = count_mlp((CONV6[-1][-1] * FIRST_PLACES, HIDDEN, classes))
    return CONV.conv_weights, first, last


def _share(classes: int, conv: float, linear: float, *, dense_classifier: bool) -> float:
    """Return the sparsity in per cent of a network whose parts have these sparsities."""
    weights, first, last = count_6conv2fc(classes)
    absent = conv * weights + linear * (first + (0 if dense_classifier else last))
    return 100 * absent / (weights + first + last)


def state_sparsities() -> Iterator[Statement]:
    """State which sparsities of networks follow from those of their layers."""
    t2, a2, text = read_values("s1.table2"), read_values("s1.tableA2"), read_values("s1.text")
    for (row, column), printed in read_values("s1.table3").items():
        data = row.split("/")[0]
        if column != "network_sparsity_percent" or (row, printed) in _match(t2, data, row, printed):
            continue
        level = "ultra" if printed > 80 else "moderate_high"
        conv, linear = (text["4.4", f"{level}_{part}"] / 100 for part in ("convolutional", "linear"))
        found = _share(DATA[data][1], conv, linear, dense_classifier=True)
        yield Statement(
            f"sparsity/{data}/{printed:g}", f"{DATA[data][0]}: sparsity of the network, its classifier dense",
            "Table 3; 4.4", _say(DATA[data][1], conv, linear, dense=True),
            judge(abs(found - printed) < TRUNCATED), found, "percent", printed,
        )  # fmt: skip
    for data, (name, classes) in DATA.items():
        for rival in ("dpap", "sd-snn"):
            row = f"{data}/6conv2fc/{rival}"
            conv, linear = (a2[row, f"{part}_sparsity_percent"] / 100 for part in ("convolutional", "linear"))
            printed = t2[f"{data}/6conv2fc/match-{rival}/{rival}", "network_sparsity_percent"]
            found = _share(classes, conv, linear, dense_classifier=False)
            yield Statement(
                f"sparsity/{data}/{printed:g}", f"{name}: sparsity of the network, all linear layers counted",
                "Tables 2, 3 and A2", _say(classes, conv, linear, dense=False),
                judge(abs(found - printed) < TRUNCATED), found, "percent", printed,
            )  # fmt: skip


def _match(t2: dict[tuple[str, str], float], data: str, row: str, printed: float) -> set[tuple[str, float]]:
    """Return whether a sparsity of Table 3 is one that Table 2 takes from Table A2."""
    known = {v for (r, c), v in t2.items() if r.startswith(f"{data}/") and c == "network_sparsity_percent"}
    return {(row, printed)} if printed in known else set()


def _say(classes: int, conv: float, linear: float, *, dense: bool) -> str:
    weights, first, last = count_6conv2fc(classes)
    sparse = first if dense else first + last
    return f"({conv:g} x {weights:,} + {linear:g} x {sparse:,}) / {weights + first + last:,}"


def state_table2() -> Iterator[Statement]:
    """State what Table 2 says of one model and of several."""
    t, text = read_values("s1.table2"), read_values("s1.text")
    base = "cifar-100/6conv2fc"
    ours = {m: t[f"{base}/match-{m}/ours-dcgs", "snn_accuracy_percent"] for m in ("dpap", "sd-snn")}
    rival = t[f"{base}/match-sd-snn/sd-snn", "snn_accuracy_percent"]
    said = text["4.4/cifar-100", "gain_over_sdsnn"]
    yield Statement(
        "table2/gain", "CIFAR-100: accuracy over SD-SNN", "4.4; Table 2",
        f"{ours['sd-snn']:.2f} - {rival:.2f}",
        judge(abs(ours["sd-snn"] - rival - said) < ROUNDING), ours["sd-snn"] - rival, "points", said,
    )  # fmt: skip
    spent = t[f"{base}/match-dpap/dpap", "energy_uj"]
    energy = t[f"{base}/match-dpap/ours-dcgs", "energy_uj"]
    below, below_said = (
        100 * float(energy_reduction(spent, energy)),
        text["4.4/cifar-100", "energy_below_dpap"],
    )
    yield Statement(
        "table2/saved", "CIFAR-100: energy below DPAP", "4.4; Table 2",
        f"({spent:.2f} - {energy:.2f}) / {spent:.2f}",
        judge(abs(below - below_said) < ROUNDING), below, "percent", below_said,
    )  # fmt: skip
    yield Statement(
        "table2/simultaneously", "one model has both the gain over SD-SNN and the energy below DPAP",
        "4.4; Table 2",
        f"the model with that energy gains {ours['dpap']:.2f} - {rival:.2f}; the gain is another's",
        judge(abs(ours["dpap"] - rival - said) < ROUNDING), ours["dpap"] - rival, "points", said,
    )  # fmt: skip


def state_events() -> Iterator[Statement]:
    """State how many events a neuron sends in Table 3."""
    t3, a2, text = read_values("s1.table3"), read_values("s1.tableA2"), read_values("s1.text")
    for (row, column), energy in t3.items():
        if column != "energy_uj":
            continue
        data, printed = row.split("/")[0], t3[row, "network_sparsity_percent"]
        name, classes = DATA[data]
        if printed > 60:
            level = "ultra" if printed > 80 else "moderate_high"
            conv, linear = (text["4.4", f"{level}_{part}"] / 100 for part in ("convolutional", "linear"))
        else:
            rival = f"{data}/6conv2fc/{'sd-snn' if printed < 50 else 'dpap'}"
            conv, linear = (
                a2[rival, f"{part}_sparsity_percent"] / 100 for part in ("convolutional", "linear")
            )
        _, first, last = count_6conv2fc(classes)
        macs = (1 - conv) * CONV.first
        links = (1 - conv) * (CONV.convolutions - CONV.first) + (1 - linear) * first + last
        spent = energy - PJ_PER_MAC * macs * UJ_PER_PJ
        events = spent / (PJ_PER_AC * UJ_PER_PJ) / links
        yield Statement(
            f"events/{data}/{printed:g}", f"{name}, {printed:g} % sparse: events a neuron in 8 steps",
            "Table 3",
            f"({energy:.2f} uJ - {macs:,.0f} x 4.6 pJ) / 0.9 pJ / {links:,.0f} links",
            FOLLOWS, events,
        )  # fmt: skip


def state_sensitivity() -> Iterator[Statement]:
    """State what saves the 29 % of Table 3, and where accuracy rises with sparsity."""
    t3, a2, text = read_values("s1.table3"), read_values("s1.tableA2"), read_values("s1.text")
    energies = [v for (row, column), v in t3.items() if row.startswith("cifar-10/") and column == "energy_uj"]
    saved, said = (
        100 * float(energy_reduction(energies[0], energies[-1])),
        text["4.4/cifar-10", "energy_reduction"],
    )
    yield Statement(
        "sensitivity/saved", "CIFAR-10: about 90 % sparsity saves 29 % against about 35 %", "4.4; Table 3",
        f"({energies[0]:.2f} - {energies[-1]:.2f}) / {energies[0]:.2f}",
        judge(round(saved) == said), saved, "percent", said,
    )  # fmt: skip
    row = "cifar-10/6conv2fc/sd-snn"
    conv, linear = (a2[row, f"{part}_sparsity_percent"] / 100 for part in ("convolutional", "linear"))
    _, first, last = count_6conv2fc(10)
    of_linear = (1 - linear) * (first + last)
    share = 100 * of_linear / (of_linear + (1 - conv) * CONV.convolutions)
    yield Statement(
        "sensitivity/linear-share",
        "CIFAR-10: linear layers, where most links are absent, matter to the energy",
        "4.4; Table 3", f"{of_linear:,.0f} of all operations at about 35 % sparsity are of linear layers",
        judge(share > 10), share, "percent",
    )  # fmt: skip
    for data, (name, _) in DATA.items():
        accuracy = [v for (r, c), v in t3.items() if r.startswith(f"{data}/") and c == "snn_accuracy_percent"]
        yield Statement(
            f"sensitivity/inverse-{data}", f"{name}: accuracy rises with sparsity (said of CIFAR-10)",
            "4.4; Table 3",
            ", ".join(f"{v:.2f}" for v in accuracy),
            judge(accuracy == sorted(accuracy)), accuracy[-1] - accuracy[0], "points",
        )  # fmt: skip
