"""What the printed numbers of S2 imply: reductions, first-layer MACs, own ANNs, spikes a neuron, runs."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.engine.implied import CONTRADICTS, FOLLOWS, UNKNOWN, Statement, judge, make_record, read_values
from analysis.engine.printed import expected
from analysis.s1.counts import PJ_PER_AC, PJ_PER_MAC, UJ_PER_PJ, VGG16, count_convolutions, count_mlp
from netsci.measure import (
    energy_reduction,
    fewest_networks,
    largest_z,
    pairs_for_power,
    rank_sum_effect,
    z_of_p,
)
from netsci.sweep import Record

DATA = {"cifar-10": ("CIFAR-10", 10), "cifar-100": ("CIFAR-100", 100)}
METHODS = {"qcfs": "CS-QCFS", "snm": "SNM", "aec": "AEC"}
KINDS = ("dense", "sparse")
INPUTS = 3072
DENSITY = {"mlp": 0.01, "vgg16": 0.5}
PLACE = "Table 2"
ROUNDING = 0.0051  # two printed decimals
VGG = count_convolutions(VGG16)


def state_all() -> Record:
    """State all that follows, or does not, from the printed numbers of S2."""
    parts = (
        _reductions,
        _first_layers,
        _hold_first,
        _own_anns,
        _two_spikes,
        _rates,
        _text,
        _p_values,
        _unknown,
    )
    return make_record(statement for part in parts for statement in part())


def _energies() -> dict[tuple[str, str, str, str], tuple[float, int]]:
    """Return printed energy (uJ) and T by data set, network, method and kind."""
    values = read_values("s2.table2")
    rows = {row for row, column in values if column == "energy_uj"}
    keys = sorted((data, net, method, kind) for data, net, method, kind in (row.split("/") for row in rows))
    order = {name: k for k, name in enumerate((*DATA, "mlp", "vgg16", *METHODS, *KINDS))}
    keys.sort(key=lambda key: [order[name] for name in key])
    return {k: (values["/".join(k), "energy_uj"], int(values["/".join(k), "t"])) for k in keys}


def _pairs(net: str = "") -> Iterator[tuple[str, str, str, dict[str, tuple[float, int]]]]:
    """Yield data set, network, method, and (energy, T) of dense and sparse."""
    found = _energies()
    for data, of, method, kind in found:
        if kind == "dense" and net in ("", of):
            yield data, of, method, {name: found[data, of, method, name] for name in KINDS}


def _name(data: str, net: str, method: str, kind: str = "") -> str:
    words = f"{DATA[data][0]} {'MLP' if net == 'mlp' else 'VGG-16'}, {METHODS[method]}"
    return f"{words}, {kind}" if kind else words


def pass_macs(net: str, kind: str) -> float:
    """Return the first layer's MACs of one pass, of a sparse network with its sparsity."""
    whole = INPUTS * INPUTS if net == "mlp" else VGG.first
    return whole * (1.0 if kind == "dense" else DENSITY[net])


def pass_energy(net: str, kind: str) -> float:
    """Return the energy of one pass of the first layer, in microjoule."""
    return PJ_PER_MAC * pass_macs(net, kind) * UJ_PER_PJ


def count_links(classes: int, kind: str, hidden: int = 2) -> tuple[float, ...]:
    """Return the weights of each layer of S2's perceptron; the output layer is dense."""
    *inner, last = count_mlp((*[INPUTS] * (hidden + 1), classes))
    density = 1.0 if kind == "dense" else DENSITY["mlp"]
    return (*(density * n for n in inner), float(last))


def _reductions() -> Iterator[Statement]:
    values = read_values("s2.table2")
    for data, net, method, of in _pairs():
        (dense, _), (sparse, _) = of["dense"], of["sparse"]
        printed = values[f"{data}/{net}/{method}/sparse", "reduction_percent"]
        found = 100 * float(energy_reduction(dense, sparse))
        yield Statement(
            f"reduction/{data}/{net}/{method}",
            f"{_name(data, net, method)}: the reduction is over the dense energy",
            PLACE,
            f"({dense:.2f} - {sparse:.2f}) / {dense:.2f}; over the sparse energy, as 3.2 prints it, "
            f"{100 * (dense - sparse) / sparse:.1f} %",
            judge(abs(found - printed) < ROUNDING),
            found,
            "percent",
            printed,
        )


def _first_layers() -> Iterator[Statement]:
    for data, net, method, of in _pairs("mlp"):
        for kind, (energy, steps) in of.items():
            macs = steps * pass_energy(net, kind)
            yield Statement(
                f"first-layer/{data}/{method}/{kind}",
                f"{_name(data, net, method, kind)}: share of T passes of a first layer of 3072 x 3072",
                PLACE,
                f"{steps} x {pass_macs(net, kind):,.0f} x 4.6 pJ = {macs:.2f} of {energy:.2f} uJ",
                judge(macs <= energy),
                100 * macs / energy,
                "percent",
            )


def _hold(net: str, kind: str, energy: float, steps: int) -> float:
    """Return the energy where the first layer's current is computed once and held."""
    return energy - (steps - 1) * pass_energy(net, kind)


def _hold_first() -> Iterator[Statement]:
    for data, net, method, of in _pairs("mlp"):
        held = {}
        for kind, (energy, steps) in of.items():
            held[kind] = _hold(net, kind, energy, steps)
            yield Statement(
                f"once/{data}/{method}/{kind}",
                f"{_name(data, net, method, kind)}: energy with the first current held",
                PLACE,
                f"{energy:.2f} - {steps - 1} x {pass_energy(net, kind):.4g} uJ",
                judge(held[kind] > 0),  # below zero, the row could not hold T passes
                held[kind],
                "uJ",
            )
        found = 100 * (held["dense"] - held["sparse"]) / held["dense"]
        yield Statement(
            f"once-reduction/{data}/{method}",
            f"{_name(data, net, method)}: reduction with the first current held in both",
            PLACE,
            f"({held['dense']:.2f} - {held['sparse']:.3f}) / {held['dense']:.2f}",
            FOLLOWS,
            found,
            "percent",
        )


def _own_anns() -> Iterator[Statement]:
    """Say what each SNN costs beside one pass of the ANN that it was converted from."""
    for reading in ("repeated", "once"):
        for data, net, method, of in _pairs("mlp"):
            for kind, (energy, steps) in of.items():
                links = sum(count_links(DATA[data][1], kind))
                own = PJ_PER_MAC * links * UJ_PER_PJ
                spent = energy if reading == "repeated" else _hold(net, kind, energy, steps)
                yield Statement(
                    f"own-ann-{reading}/{data}/{method}/{kind}",
                    f"{_name(data, net, method, kind)}: costs less than its own ANN"
                    + ("" if reading == "repeated" else ", first current held"),
                    "1; Table 2",
                    f"{spent:.4g} uJ / ({links:,.0f} weights x 4.6 pJ = {own:.4g} uJ)",
                    judge(spent < own),
                    spent / own,
                    "ratio",
                )


def _two_spikes() -> Iterator[Statement]:
    for data, net, method, of in _pairs("mlp"):
        if method != "aec":
            continue
        for kind, (energy, steps) in of.items():
            rest = energy - steps * pass_energy(net, kind)
            additions = rest / (PJ_PER_AC * UJ_PER_PJ)
            for hidden in (2, 3):
                reached = sum(count_links(DATA[data][1], kind, hidden)[1:])
                spikes = additions / reached
                yield Statement(
                    f"aec-spikes-{hidden}-hidden/{data}/{kind}",
                    f"{_name(data, net, method, kind)}: at most two spikes a neuron, {hidden} hidden layers",
                    "Table 2; setup",
                    f"({energy:.2f} - {steps} x {pass_energy(net, kind):.4g}) uJ / 0.9 pJ = {additions:,.0f} "
                    f"additions; one spike of every neuron makes {reached:,.0f}",
                    judge(spikes <= 2),
                    spikes,
                    "1",
                    2.0,
                )


def _rates() -> Iterator[Statement]:
    for data, net, method, of in _pairs("vgg16"):
        for kind, (energy, steps) in of.items():
            if kind == "sparse":
                whole = steps * pass_energy(net, "dense")
                if whole > energy:
                    yield Statement(
                        f"vgg-first-convolution/{data}/{method}",
                        f"{_name(data, net, method, kind)}: the first convolution is dense",
                        PLACE,
                        f"{steps} x {VGG.first:,} x 4.6 pJ = {whole:.1f} uJ, more than the whole row",
                        CONTRADICTS,
                        whole,
                        "uJ",
                        energy,
                    )
            density = 1.0 if kind == "dense" else DENSITY[net]
            rest = energy - steps * pass_energy(net, kind)
            reached = density * (VGG.convolutions - VGG.first) + 512 * DATA[data][1]
            every = 1 if method == "aec" else steps
            found = rest / (PJ_PER_AC * UJ_PER_PJ) / reached / every
            what = "spikes a neuron" if method == "aec" else "spikes a neuron and step"
            yield Statement(
                f"vgg-rate/{data}/{method}/{kind}",
                f"{_name(data, net, method, kind)}: {what}",
                PLACE,
                f"({energy:.2f} - {steps} x {pass_energy(net, kind):.4g}) uJ / 0.9 pJ / {reached:,.0f} links"
                + ("" if every == 1 else f" / {steps} steps"),
                judge(0 < found <= (2 if method == "aec" else 1)),
                found,
            )


def _text() -> Iterator[Statement]:
    values, text = read_values("s2.table2"), read_values("s2.text")
    found = {row: v for (row, column), v in values.items() if column == "reduction_percent"}
    mlp = [v for row, v in found.items() if "/mlp/" in row]
    vgg = [v for row, v in found.items() if "/vgg16/" in row]
    over, limit = sum(v > 40 for v in vgg), text["3.2/vgg16", "usual_reduction"]
    yield Statement(
        "text/largest", "MLPs save up to 99 %", "3.2", f"largest of {len(mlp)} printed reductions",
        judge(abs(max(mlp) - 99) < ROUNDING), max(mlp), "percent", text["3.2/mlp", "largest_reduction"],
    )  # fmt: skip
    smallest = text["3.2/mlp", "smallest_reduction"]
    yield Statement(
        "text/smallest", "the smallest reduction of an MLP", "3.2",
        f"smallest of {len(mlp)} printed reductions",
        judge(abs(min(mlp) - smallest) < ROUNDING), min(mlp), "percent", smallest,
    )  # fmt: skip
    yield Statement(
        "text/vgg", "VGG-16 saves usually more than 40 %", "3.2",
        f"{over} of {len(vgg)} are above {limit:g} %",
        judge(over > len(vgg) / 2), float(over), "count",
    )  # fmt: skip
    rows = _energies()
    ratio = [rows[d, "vgg16", "aec", "sparse"][1] / rows[d, "vgg16", "aec", "dense"][1] for d in DATA]
    other = found["cifar-100/vgg16/aec/sparse"]
    yield Statement(
        "text/twice", "the exception of 19 % is due to T being twice that of dense", "3.2",
        f"T is {ratio[0]:g} times that of dense on CIFAR-10, and {ratio[1]:g} times on CIFAR-100, where "
        "this is saved",
        judge(other < 40 or ratio[1] < 2), other, "percent", found["cifar-10/vgg16/aec/sparse"],
    )  # fmt: skip


def count_grid() -> int:
    """Return how many networks of one kind and combination Table 1 makes by methods 1 and 2."""
    printed = expected("s2.table1").set_index(["row", "column"])["printed"]
    size: dict[tuple[str, str], int] = {key: str(text).count(",") + 1 for key, text in printed.items()}
    one, two = "method1/cs-qcfs", "method2/snm"
    return size[one, "lr"] * size[one, "bs"] * size[one, "L"] + size[two, "bs"]


def _p_values() -> Iterator[Statement]:
    text = read_values("s2.text")
    networks = count_grid() * int(text["3.3", "combinations"])
    for kind, of_kind in (("dense", networks), ("sparse", networks), ("all", 2 * networks)):
        p = text["3.3", f"wilcoxon_p_{kind}"]
        z, most = z_of_p(p), largest_z(of_kind)
        yield Statement(
            f"fewest-networks/{kind}", f"signed-rank p of {kind} networks: the fewest that can give it",
            "3.3",
            f"p = {p:.4g} is z = {z:.1f}, and all of n lags positive give sqrt(3 n (n + 1) / (2 (2 n + 1)))",
            judge(fewest_networks(p) <= of_kind), float(fewest_networks(p)), "count",
        )  # fmt: skip
        yield Statement(
            f"rank-biserial/{kind}", f"rank-biserial effect in {kind} networks if the whole grid ran",
            "3.3; Table 1",
            f"z = {z:.1f} over {most:.1f}, that of {of_kind} lags that are all positive",
            judge(z <= most), z / most,
        )  # fmt: skip
    p = text["3.3", "mannwhitney_p"]
    for side in (200, networks):
        effect = rank_sum_effect(p, side, side)
        yield Statement(
            f"sparse-against-dense/{side}",
            f"rank-biserial effect of sparse over dense lags, {side} of each", "3.3",
            f"p = {p:.4g} is z = {z_of_p(p, sides=2):.2f}; common language {(1 + effect) / 2:.2f}; "
            f"{pairs_for_power(effect)} of each find it with power 0.9",
            judge(effect <= 1), effect,
        )  # fmt: skip


def _unknown() -> Iterator[Statement]:
    for name, words, why in (
        ("n", "number of networks behind the time lag", "p-values give a lower bound; no n is printed"),
        ("lags", "means of the lags", "Figure 3 draws lines at them, without numbers"),
        ("layers", "firing rates and energies of single layers", "Table 2 prints one energy a network"),
        ("accuracy", "accuracies", "Figure 2 writes them at its axes; no table has them"),
        (
            "depth",
            "number of hidden layers of the MLP",
            "the first layer makes most of every row, whatever follows it",
        ),
    ):
        yield Statement(f"open/{name}", words, "3", why, UNKNOWN)
