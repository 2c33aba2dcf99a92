"""Drawing S0's tables: what was run, filled and solid, beside what is printed, hollow and dashed.

A cell of a table that was not run is not drawn, unless nothing of the table was run: then all that is printed
is drawn. Figures show all that is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analysis.runs import Tables
from analysis.s0_comparisons import FIGURE2
from analysis.s0_entries import compared
from analysis.s0_names import NAMES, choice, column_name, row_name, simulated
from analysis.s0_plan import SWEEP_IMAGES
from analysis.s0_style import OURS, PRINTED, few_ticks, hollow, logarithmic, named, settled, single, whiskers
from netsci import plot

UNRUN = "Hollow symbols and dashed lines are printed in S0; the table says why nothing of it was run."
CAPTION = (
    "Filled symbols and solid lines are means over seeds of this library's runs, with 95 % Student intervals "
    "where there are several; hollow symbols and dashed lines are printed in S0. Cells that were not run are "
    "in the table, with the reason."
)
SCALE_NOTES = {
    "smoke": "smoke scale: digits, not the paper's data",
    "desk": "",
    "paper": "the paper's sizes",
}
CURVES = {  # table -> label of x, whether it is logarithmic
    "s0.table3": ("δ of the sampling of links", ""),
    "s0.table5": ("learning rate", "x"),
    "s0.table6": ("batch size", ""),
    "s0.table7": ("ζ at the start, falling to 0", ""),
    "s0.table8": ("ζ, constant or at the start", ""),
    **{f"s0.table{n}": ("share of noise P (%)", "") for n in (10, 11, 12, 13)},
    "s0.table15": ("time steps T", ""),
}
PANELS = {  # column -> its panel in Tables 1, 2 and 16, and in Figure 3
    "accuracy_percent": "accuracy (%)",
    "dense_accuracy_percent": "accuracy (%)",
    "accuracy_improvement_percent": "gain over dense (points)",
    "accuracy_loss_percent": "loss (points)",
    "link_sparsity_percent": "link sparsity (%)",
    "sparsity_percent": "sparsity (%)",
    "node_sparsity_percent": "node sparsity (%)",
    "sops_per_sample": "operations a sample",
    "dense_sops_per_sample": "operations a sample",
    "macs_per_sample": "first layer's MACs a sample",
    "dense_macs_per_sample": "first layer's MACs a sample",
    "firing_rate_percent": "firing rate (%)",
    "spike_count": "spikes (millions)",
    "energy_mj": "energy (mJ)",
}
Placing = Callable[[pd.DataFrame], tuple[list[str], list[str], list[str]]]  # places, panels, networks
LOGARITHMIC = ("operations a sample", "first layer's MACs a sample", "energy (mJ)")


def shown(tables: Tables, *, all_printed: bool = False) -> pd.DataFrame:
    """Return what is drawn, long: row, column, who, value, low, high, and the row's dataset and method."""
    both = compared(tables)
    run = both[both["mean"].notna()]
    theirs = both if run.empty or all_printed else run
    theirs = theirs[theirs["printed"].notna()]
    theirs = theirs.assign(
        who=PRINTED, value=theirs["printed"], low=theirs["printed"], high=theirs["printed"]
    )
    ours = run.assign(who=OURS, value=run["mean"])
    for end in ("low", "high"):  # one seed is a dot without an interval
        ours[end] = ours[end].fillna(ours["mean"])
    rows = pd.concat([ours, theirs], ignore_index=True)[["row", "column", "who", "value", "low", "high"]]
    rows.loc[rows["column"] == "spike_count", ["value", "low", "high"]] *= 1e-6
    parts = [row.split("/") for row in rows["row"]]
    return rows.assign(dataset=[p[0] for p in parts], method=[p[-1] for p in parts])


def draw(table: str, scale: str, tables: Tables, backend: str) -> Any:
    """Draw the exhibit of a table ("s0.table1") or of a figure ("s0.figure2")."""
    title = SCALE_NOTES[scale]
    rows = shown(tables, all_printed=table == "s0.figure3")
    if table == "s0.figure3":  # dense and CH-SNN of a dataset, then its sparsities, rising
        of_table4 = rows["method"] == "both"
        rows = rows.assign(at=rows["column"].map(choice).where(of_table4, 0.0))
        rows = rows.sort_values(["dataset", "at"], key=_place_of, kind="stable")
    if table in CURVES:
        return _curves(table, rows, title, backend)
    if table == "s0.figure2":
        return _figure2(tables, scale, backend)
    places: dict[str, Placing] = {
        "s0.table4": _ablation,
        "s0.table9": _nodes,
        "s0.table14": _noises,
        "s0.figure3": partial(_figure3, scale),
    }
    place, panel, network = places.get(table, _measures)(rows)
    run = set(rows.loc[rows["who"] == OURS, "row"])
    remarks = [" (sim.)" if row in run and simulated(row, scale) else "" for row in rows["row"]]
    place = [name + remark for name, remark in zip(place, remarks, strict=True)]
    rows = rows.assign(place=place, panel=panel, hue=_hue(network, rows["who"]))
    return _dots(rows[rows["panel"] != ""], title, backend)


def _curves(table: str, rows: pd.DataFrame, title: str, backend: str) -> Any:
    """Draw accuracy against a choice, a panel for each dataset, network or kind of noise."""
    label, log = CURVES[table]
    parts = [row.split("/") for row in rows["row"]]
    noisy = table in ("s0.table10", "s0.table11", "s0.table12", "s0.table13")
    panels = [row_name("/".join(p[:2])) if len(p) == 3 else NAMES[p[0]] for p in parts]
    if noisy or table == "s0.table5":  # dense networks, too
        networks = [NAMES[p[-1]] for p in parts]
    elif table == "s0.table8":
        networks = [NAMES[p[1]] if len(p) == 2 else "constant" for p in parts]
    else:
        networks = [""] * len(parts)
    hue = _hue(networks, rows["who"])
    rows = rows.assign(x=[choice(c) for c in rows["column"]], panel=panels, hue=hue)
    order = _order(rows)
    figure = plot.lines(
        rows,
        x="x",
        y="value",
        hue="hue",
        low="low",
        high="high",
        panel="panel",
        order=order,
        log=log,
        share=noisy,
        labels={"x": label, "value": "accuracy (%)"},
        title=title,
        backend=backend,
    )
    return settled(hollow(figure, order, backend), backend)


def _measures(rows: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Tables 1, 2 and 16: a panel for each measure, datasets and networks downwards."""
    places = [_without_method(row) for row in rows["row"]]
    panels = [PANELS.get(column, "") for column in rows["column"]]
    dense = rows["column"].str.startswith("dense_") | (rows["method"] == "dense")
    return places, panels, list(np.where(dense, "dense", "sparse"))


def _without_method(row: str) -> str:
    """Return a row's name without its network where S0 has but one, and without what the legend says."""
    dataset, network, method, *sparsity = row.split("/")
    if network != "resnet18":
        return row_name(
            "/".join((dataset, network) if method in ("ch-snn", "dense") else (dataset, network, method))
        )
    return f"{NAMES[dataset]}, {NAMES[method]}" + "".join(f" {choice(s):g} %" for s in sparsity)


def _ablation(rows: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Table 4: a panel for each sparsity, variants downwards."""
    several = rows["dataset"].nunique() > 1
    places = [row_name(row) if several else NAMES[row.split("/")[1]] for row in rows["row"]]
    return places, [f"{column_name(c)}, accuracy (%)" for c in rows["column"]], [""] * len(rows)


def _nodes(rows: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Table 9: networks downwards."""
    places = [row_name(row.removesuffix("/ch-snn")) for row in rows["row"]]
    return places, [PANELS.get(column, "") for column in rows["column"]], [""] * len(rows)


def _noises(rows: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Table 14: a panel for each dataset, kinds of noise downwards."""
    places = [NAMES[column.removeprefix("rpdr_")] for column in rows["column"]]
    panels = [f"{NAMES[name]}, RPDR (%)" for name in rows["dataset"]]
    return places, panels, [NAMES[name] for name in rows["method"]]


def _figure3(scale: str, rows: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """Figure 3: accuracy, firing rate, energy; dense, CH-SNN and Table 4's sparsities downwards."""
    names = ("dataset", "method", "column", "who")
    places = [_place3(scale, *of) for of in zip(*(rows[name] for name in names), strict=True)]
    panels = ["" if c == "training_loss" else PANELS.get(c, "accuracy (%)") for c in rows["column"]]
    return places, panels, [""] * len(rows)


def _place_of(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return datasets as their place in `NAMES`, numbers as they are."""
    return values.map(list(NAMES).index) if values.name == "dataset" else values


def _place3(scale: str, dataset: str, method: str, column: str, who: str) -> str:
    """Return a row of Figure 3; our runs of Table 4 stand apart where they had fewer training images."""
    if method != "both":
        return f"{NAMES[dataset]}, {NAMES[method]}"
    if who == OURS and scale == "desk":
        return f"{NAMES[dataset]}, {choice(column):g} %, {SWEEP_IMAGES:,} images"
    return f"{NAMES[dataset]}, {column_name(column)}"


def _figure2(tables: Tables, scale: str, backend: str) -> Any:
    """Draw the gain over dense against link sparsity: a panel a dataset, a symbol a method."""
    both = compared(tables)
    rows = []
    for row, group in sorted(both.groupby("row"), key=lambda item: FIGURE2.index(item[0].split("/")[0])):
        dataset, network, method = row.split("/")
        entry = group.set_index("column")
        x, y = entry.loc["link_sparsity_percent"], entry.loc["accuracy_improvement_percent"]
        of = {"panel": NAMES[dataset], "network": NAMES[network]}
        by_us = of | ({"network": f"{NAMES[network]}, simulated"} if simulated(row, scale) else {})
        found = ((PRINTED, "printed", ", printed"), (OURS, "mean", ", this library"))
        for who, column, ending in found:
            if not np.isnan(x[column] * y[column]):
                hue = NAMES[method] + (ending if method == "ch-snn" else "")
                at = {"hue": hue, "who": who, "x": x[column], "y": y[column]}
                ends = {end: y[end] if who == OURS else np.nan for end in ("low", "high")}
                rows.append((by_us if who == OURS else of) | at | ends)
    table = pd.DataFrame(rows, columns=["panel", "network", "hue", "who", "x", "y", "low", "high"])
    points = [
        list(zip(group["x"], group["y"], group["network"], strict=True))
        for _, group in table.groupby("panel", sort=False)
    ]
    # each point is followed by a gap, so that no line joins the networks of a method
    table = pd.concat([table, table.assign(y=np.nan)]).sort_index(kind="stable")
    order = sorted(set(table["hue"]), key=lambda name: (name.startswith("CH-SNN"), name))
    figure = plot.lines(
        table,
        x="x",
        y="y",
        hue="hue",
        panel="panel",
        order=order,
        share=False,
        labels={"x": "link sparsity (%)", "y": "gain over dense (points)"},
        title=SCALE_NOTES[scale],
        backend=backend,
    )
    single(figure, backend)
    known = table.dropna(subset=["low", "high", "y"])
    intervals = [
        list(zip(of["x"], of["y"], of["low"], of["high"], strict=True))
        for of in (known[known["panel"] == name] for name in dict.fromkeys(table["panel"]))
    ]
    whiskers(figure, intervals, backend)
    figure = hollow(figure, order, backend, {name for name in order if not name.endswith(OURS)})
    return named(figure, points, backend)


def _dots(rows: pd.DataFrame, title: str, backend: str) -> Any:
    """Draw dots with intervals, places downwards; panels whose name is in LOGARITHMIC on a log axis."""
    order = _order(rows)
    present = set(rows["panel"])
    names = [name for name in dict.fromkeys(PANELS.values()) if name in present]
    names = names or list(dict.fromkeys(rows["panel"]))
    # places stand in order of appearance: the first panel, accuracy, has them all
    rows = rows.sort_values("panel", key=lambda panel: panel.map(names.index), kind="stable")
    figure = plot.points(
        rows,
        x="value",
        y="place",
        hue="hue",
        low="low",
        high="high",
        panel="panel",
        order=order,
        labels={"value": "", "place": ""},
        title=title,
        columns=2 if len(names) in (2, 4) else None,
        backend=backend,
    )
    logarithmic(figure, [number for number, name in enumerate(names) if name in LOGARITHMIC], backend)
    return settled(few_ticks(hollow(figure, order, backend), backend), backend)


def _hue(networks: Sequence[str], who: pd.Series[Any]) -> list[str]:
    """Return what the legend says: the network, if there are several, and the source."""
    return [
        f"{network}, {source}" if network else source for network, source in zip(networks, who, strict=True)
    ]


def _order(rows: pd.DataFrame) -> list[str]:
    """Return the hues, ours before the printed ones, dense before sparse."""
    return sorted(
        set(rows["hue"]), key=lambda name: (name.endswith(PRINTED), not name.startswith("dense"), name)
    )
