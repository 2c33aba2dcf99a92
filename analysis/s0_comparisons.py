"""CH-SNN beside dense: what is said of S0's Tables 1 and 2, and Figures 2 and 3, which show their runs.

The figures have no runs of their own, but those of Tables 1, 2 and 4.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.runs import Tables
from analysis.s0_additions import entries_of
from analysis.s0_claims import (
    Judged,
    Value,
    Values,
    apart,
    by_seed,
    datasets,
    if_printed,
    interval,
    judged,
    printed_value,
    ratio,
)
from analysis.s0_entries import Entry, compared, printed
from analysis.s0_names import NAMES, row_name, run_name

FIGURE2 = ("mnist", "n-mnist", "cifar-10")
DRAWN2 = ("link_sparsity_percent", "accuracy_improvement_percent")
FIGURE3 = ("firing_rate_percent", "accuracy_percent", "energy_mj", "training_loss")
PRINTED, IMPLIED = ", printed {:.2f}", ", S0's gain implies {:.2f}"
SPARSITIES = ("sparsity_80", "sparsity_95", "sparsity_99")
CAPTIONS = {
    "s0.figure2": "Accuracy less that of the same method's dense network, against link sparsity: one point a "
    "network and method, the network named beside it, or under the mouse; numbers of Table 1. The other "
    "methods are printed.",
    "s0.figure3": "Accuracy, firing rate and energy (of the whole test set) of S-TP's networks: dense and "
    "CH-SNN from Table 2, 80, 95 and 99 % sparse from Table 4 (at desk scale those were trained on 12,000 "
    "images only, so they do not compare with the other two).",
}


def table1(values: Values, tables: Tables) -> list[str]:
    """Accuracy of both over the seeds that both have, the gain, and the operations saved."""
    said = []
    rows = list(dict.fromkeys(row for row, _ in values))
    for row in sorted(rows, key=lambda row: row != "mnist/2fc/ch-snn"):
        name = run_name(row.removesuffix("/ch-snn"), values.scale)
        keys = ((row, "accuracy_percent"), (row, "dense_accuracy_percent"))
        sparse, dense = (by_seed(tables, key) for key in keys)
        shared = sparse.index.intersection(dense.index)
        if shared.empty:
            said += [f"{name}: {_alone(values, key)}" for key in keys if key in values]
            continue
        gain = _gain(values, tables, row)
        a, b = (
            interval(of[shared], printed_value(tables, key))
            for of, key in zip((sparse, dense), keys, strict=True)
        )
        words = (
            f"{name}: CH-SNN {a.text()}{if_printed(PRINTED, a.printed)}, dense {b.text()}"
            f"{if_printed(IMPLIED, b.printed)}; difference {_points(gain)}, {judged(gain)}"
        )
        more = len(sparse.index.union(dense.index)) - len(shared)
        words += (
            f" (left out: {more} seed{'s' if more > 1 else ''} that only one of the two has)" if more else ""
        )
        saved = [
            f"{ratio(more, less)} the {kind}"
            for kind, more, less in _operations(tables, row, shared)
            if not np.isnan(more - less)
        ]
        words += f"; dense needs {' and '.join(saved)}" if saved else ""
        said.append(words)
    return said


def _operations(tables: Tables, row: str, seeds: pd.Index[int]) -> list[tuple[str, float, float]]:
    """Return each kind of operation with the mean of the dense network and of CH-SNN; NaN if one lacks."""
    kinds = {"sops": "synaptic operations", "macs": "multiply-accumulates of the first layer"}
    found = []
    for column, kind in kinds.items():
        both = [by_seed(tables, (row, f"{of}{column}_per_sample")).reindex(seeds) for of in ("dense_", "")]
        dense, sparse = (float(of.mean(skipna=False)) for of in both)
        found.append((kind, dense, sparse))
    return found


def _gain(values: Values, tables: Tables, row: str) -> Value:
    """Return the gain of a row of Table 1 over dense, with its error and the printed one."""
    keys = ((row, "accuracy_percent"), (row, "dense_accuracy_percent"))
    printed = printed_value(tables, (row, "accuracy_improvement_percent"))
    return replace(apart(values, tables, *keys), printed=printed)


def _points(gain: Value) -> str:
    """Return a difference, with its interval where there are several seeds."""
    return f"{gain.mean:+.2f} points" + (f" ({gain.low:+.2f} to {gain.high:+.2f})" if gain.n > 1 else "")


def _alone(values: Values, key: tuple[str, str]) -> str:
    """Return the accuracy of a network whose counterpart was not run with the same seed."""
    derived = key[1].startswith("dense")  # S0 prints the gain
    which, other = ("dense", "CH-SNN") if derived else ("CH-SNN", "dense")
    found = values[key]
    theirs = if_printed(IMPLIED if derived else PRINTED, found.printed)
    return f"{which} {found.text()}{theirs}; no {other} run to compare"


def table2(values: Values, tables: Tables) -> list[str]:
    """Accuracy and energy of S-TP's networks, dense and sparse."""
    said = []
    for dataset in datasets(values):
        sparse, dense = (f"{dataset}/3fc/{method}" for method in ("ch-snn", "dense"))
        if any((row, "energy_mj") not in values for row in (dense, sparse)):
            continue
        a, b = values[sparse, "accuracy_percent"], values[dense, "accuracy_percent"]
        gain = apart(values, tables, (sparse, "accuracy_percent"), (dense, "accuracy_percent"))
        said.append(
            f"{NAMES[dataset]}: CH-SNN {a.text()}, dense {b.text()}"
            + if_printed(", printed {:.2f} and {:.2f}", a.printed, b.printed)
            + f"; difference {_points(gain)}, {judged(gain)}"
        )
        e, f = values[sparse, "energy_mj"], values[dense, "energy_mj"]
        said.append(
            f"{NAMES[dataset]}: dense needs {ratio(f.mean, e.mean)} the energy"
            + if_printed(", printed {:.1f} times", f.printed / e.printed)
            + _factors(values, dense, sparse)
        )
    return said


def _factors(values: Values, dense: str, sparse: str) -> str:
    """Return the ratio of energies as that of spikes and that of operations a spike."""
    spikes, energy = (
        [values.get((row, column)) for row in (dense, sparse)] for column in ("spike_count", "energy_mj")
    )
    if any(value is None for value in spikes):
        return ""
    form = "{:.2f} times the spikes, {:.1f} times the operations a spike"
    words = []
    for of in ("mean", "printed"):
        more, joules = (getattr(a, of) / getattr(b, of) for a, b in (spikes, energy))
        words.append(if_printed(form, more, joules / more))
    return f": {words[0]}" + (f"; printed {words[1]}" if words[1] else "")


def entries(figure: str) -> list[tuple[str, Entry]]:
    """Return the entries of a figure, each with the table whose runs answer it."""
    if figure == "s0.figure2":
        found = [e for e in entries_of("s0.table1") if e.row.split("/")[0] in FIGURE2]
        return [("s0.table1", e) for e in found if e.column in DRAWN2 or _ours2(e)]
    first = [("s0.table2", e) for e in entries_of("s0.table2") if e.column in FIGURE3]
    return first + [
        ("s0.table4", e) for e in printed("s0.table4") if e.row.endswith("/both") and e.column in SPARSITIES
    ]


def _figure2(values: Values, tables: Tables) -> list[str]:
    """Whether CH-SNN is sparsest and gains most: in print, and our point among the printed ones."""
    said = []
    wide = compared(tables).pivot(index="row", columns="column", values="printed")
    wide = wide.rename(columns={"link_sparsity_percent": "x", "accuracy_improvement_percent": "y"})
    if not wide["x"].isna().all():
        groups = {key: group for key, group in wide.groupby(_network) if len(group) > 1}
        holds = [name for name, group in groups.items() if _leads(group)]
        exceptions = [row_name(str(name)) for name in groups if name not in holds]
        said.append(
            f"in print CH-SNN is both sparsest and gains most on {len(holds)} of {len(groups)} networks with "
            f"several methods" + (f" (not on {', '.join(exceptions)})" if exceptions else "")
        )
    for row in dict.fromkeys(row for row, _ in values):
        x, y = (values.get((row, c)) for c in ("link_sparsity_percent", "accuracy_improvement_percent"))
        if x is None or y is None:
            continue
        name = run_name(row, values.scale)
        gain = _gain(values, tables, row)
        words = f"{name} here: {_points(gain)} at {x.mean:.2f} % sparsity, {judged(gain)}"
        rivals = wide[(wide.index.map(_network) == _network(row)) & ~wide.index.str.endswith("/ch-snn")]
        rivals = rivals.dropna()
        if len(rivals):
            above = bool((x.mean > rivals["x"]).all() and (y.mean > rivals["y"]).all())
            words += f"; {'beyond' if above else 'not beyond'} all {len(rivals)} other printed points in both"
        said.append(words)
    return said


def _figure3(values: Values, tables: Tables) -> list[str]:
    """Whether CH-SNN fires less and needs less energy, and how accuracy goes with sparsity."""
    said = []
    for dataset in datasets(values):
        sparse, dense = (f"{dataset}/3fc/{method}" for method in ("ch-snn", "dense"))
        if (sparse, "energy_mj") not in values or (dense, "energy_mj") not in values:
            continue
        rates = [values[row, "firing_rate_percent"] for row in (dense, sparse)]
        energy = [values[row, "energy_mj"] for row in (dense, sparse)]
        gain = apart(values, tables, (sparse, "accuracy_percent"), (dense, "accuracy_percent"))
        less = "less" if rates[1].mean < rates[0].mean else "not less"
        words = (
            f"{NAMES[dataset]}: CH-SNN fires {less} ({rates[1].mean:.2f} % against {rates[0].mean:.2f} %"
            + if_printed(", printed {:.2f} and {:.2f}", rates[1].printed, rates[0].printed)
            + f"), dense needs {ratio(energy[0].mean, energy[1].mean)} the energy"
            + if_printed(" (printed {:.1f})", energy[0].printed / energy[1].printed)
            + f", accuracy differs by {gain.mean:+.2f} points, {judged(gain)}"
        )
        row = f"{dataset}/both"
        by = {s: values[row, s].mean for s in SPARSITIES if (row, s) in values}
        if by:
            listed = ", ".join(f"{s.removeprefix('sparsity_')} % {mean:.2f}" for s, mean in by.items())
            words += f"; accuracy by sparsity: {listed}"
        said.append(words)
    return said


def _ours2(entry: Entry) -> bool:
    """Whether an entry of Table 1 is one that Figure 2's gain of CH-SNN is judged and explained by."""
    columns = ("accuracy_percent", "dense_accuracy_percent", "training_loss", "dense_training_loss")
    return entry.row.endswith("/ch-snn") and entry.column in columns


figure2, figure3 = Judged("s0.figure2", _figure2), Judged("s0.figure3", _figure3)


def _network(row: str) -> str:
    return row.rpartition("/")[0]


def _leads(group: pd.DataFrame) -> bool:
    """Whether CH-SNN is alone at the top in sparsity and in gain."""
    own = group.index.str.endswith("/ch-snn")
    others = group[~own]
    return bool(
        own.any()
        and (group[own]["x"] > others["x"].max()).all()
        and (group[own]["y"] > others["y"].max()).all()
    )
