"""S0's Figures 2 and 3: no runs of their own, but those of Tables 1, 2 and 4."""

from __future__ import annotations

import pandas as pd

from analysis.runs import Tables
from analysis.s0_claims import Values, datasets, if_printed, judged, paired, ratio
from analysis.s0_entries import Entry, compared, printed
from analysis.s0_names import NAMES, row_name

FIGURE2 = ("mnist", "n-mnist", "cifar-10")
FIGURE3 = ("firing_rate_percent", "accuracy_percent", "energy_mj")
SPARSITIES = ("sparsity_80", "sparsity_95", "sparsity_99")
CAPTIONS = {
    "s0.figure2": "Accuracy less that of the same method's dense network, against link sparsity: one point a "
    "network and method; numbers of Table 1. The other methods are printed values.",
    "s0.figure3": "Accuracy, firing rate and energy (of the whole test set) of S-TP's networks: dense and "
    "CH-SNN from Table 2, 80, 95 and 99 % sparse from Table 4 (at desk scale those were trained on 12,000 "
    "images only, so they do not compare with the other two).",
}


def entries(figure: str) -> list[tuple[str, Entry]]:
    """Return the entries of a figure, each with the table whose runs answer it."""
    if figure == "s0.figure2":
        columns = ("link_sparsity_percent", "accuracy_improvement_percent")
        found = [e for e in printed("s0.table1") if e.column in columns]
        return [("s0.table1", e) for e in found if e.row.split("/")[0] in FIGURE2]
    first = [("s0.table2", e) for e in printed("s0.table2") if e.column in FIGURE3]
    return first + [
        ("s0.table4", e) for e in printed("s0.table4") if e.row.endswith("/both") and e.column in SPARSITIES
    ]


def figure2(values: Values, tables: Tables) -> list[str]:
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
        words = f"{row_name(row)} here: {y.mean:+.2f} points at {x.mean:.2f} % sparsity, {judged(y)}"
        rivals = wide[(wide.index.map(_network) == _network(row)) & ~wide.index.str.endswith("/ch-snn")]
        rivals = rivals.dropna()
        if len(rivals):
            above = bool((x.mean > rivals["x"]).all() and (y.mean > rivals["y"]).all())
            words += f"; {'beyond' if above else 'not beyond'} all {len(rivals)} other printed points in both"
        said.append(words)
    return said


def figure3(values: Values, tables: Tables) -> list[str]:
    """Whether CH-SNN fires less and needs less energy, and how accuracy goes with sparsity."""
    said = []
    for dataset in datasets(values):
        sparse, dense = (f"{dataset}/3fc/{method}" for method in ("ch-snn", "dense"))
        if (sparse, "energy_mj") not in values or (dense, "energy_mj") not in values:
            continue
        rates = [values[row, "firing_rate_percent"] for row in (dense, sparse)]
        energy = [values[row, "energy_mj"] for row in (dense, sparse)]
        gain = paired(tables, sparse, dense, "accuracy_percent")
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
