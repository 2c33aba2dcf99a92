"""Drawing S0's tables and figures from their tidy tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.engine.drawing import OURS, PRINTED, Tables, curves, dots
from analysis.engine.table import compared
from analysis.engine.words import NAMES, choice, column_name, row_name
from analysis.s0.recipes import SWEEP_IMAGES
from netsci.plot.scene import Panel, Scene, Series, draw

FIGURE2 = ("mnist", "n-mnist", "cifar-10")
SCALES = {"smoke": "smoke scale: digits, not the paper's data", "desk": "", "paper": "the paper's sizes"}
UNITS = {  # column -> the name of its axis in Tables 1, 2, 9 and 16, and in Figure 3
    "accuracy_percent": "accuracy (%)",
    "dense_accuracy_percent": "accuracy (%)",
    "accuracy_improvement_percent": "gain over own dense network (points)",
    "accuracy_loss_percent": "loss against own dense network (points)",
    "link_sparsity_percent": "link sparsity (%)",
    "sparsity_percent": "sparsity (%)",
    "node_sparsity_percent": "node sparsity (%)",
    "sops_per_sample": "operations a sample",
    "dense_sops_per_sample": "operations a sample",
    "macs_per_sample": "first layer's MACs a sample",
    "dense_macs_per_sample": "first layer's MACs a sample",
    "firing_rate_percent": "firing rate (%)",
    "spike_count": "spikes",
    "energy_mj": "energy (mJ)",
}
LOGARITHMIC = ("operations a sample", "first layer's MACs a sample", "spikes", "energy (mJ)")


def measures(scale: str, tables: Tables, backend: str) -> Any:
    """Draw Tables 1, 2, 9 and 16: a panel a measure, networks downwards, dense beside sparse."""

    def place(row: str, column: str, who: str) -> str:
        dataset, network, method, *sparsity = row.split("/")
        of = (dataset, network) if method in ("ch-snn", "dense") else (dataset, network, method)
        named = row_name("/".join((*of, *sparsity)))
        return named + (" (simulated)" if who == OURS and scale == "desk" and dataset == "n-mnist" else "")

    def hue(row: str, column: str) -> str:
        return "dense" if column.startswith("dense_") or row.endswith("/dense") else "sparse"

    kept = {"title": SCALES[scale], "log": LOGARITHMIC, "place": place, "hue": hue}
    return dots(tables, backend, panel=lambda row, column: UNITS.get(column, ""), **kept)


def by_choice(label: str, log: str, scale: str, tables: Tables, backend: str) -> Any:
    """Draw a table whose columns hold a choice: a panel a dataset, or a network, or a kind of noise."""

    def panel(row: str) -> str:
        parts = [part for part in row.split("/") if part not in ("dense", "ch-snn", "falling")]
        return row_name("/".join(parts))

    def hue(row: str, column: str) -> str:
        method = row.split("/")[-1]
        return NAMES[method] if method in ("dense", "ch-snn", "falling") else ""

    return curves(tables, backend, label=label, panel=panel, hue=hue, log=log, title=SCALES[scale])


def ablation(scale: str, tables: Tables, backend: str) -> Any:
    """Draw Table 4: a panel a sparsity, variants downwards."""
    rows = compared(tables)
    several = (
        rows[rows["mean"].notna() | (rows["mean"].isna().all())]["row"].str.split("/").str[0].nunique() > 1
    )

    def place(row: str, column: str, who: str) -> str:
        return row_name(row) if several else NAMES[row.split("/")[1]]

    def panel(row: str, column: str) -> str:
        return f"{column_name(column)}|accuracy (%)"

    return dots(tables, backend, place=place, panel=panel, title=SCALES[scale])


def robustness(scale: str, tables: Tables, backend: str) -> Any:
    """Draw Table 14: a panel a dataset, kinds of noise downwards."""
    return dots(
        tables,
        backend,
        place=lambda row, column, who: NAMES[column.removeprefix("rpdr_")],
        panel=lambda row, column: f"{NAMES[row.split('/')[0]]}|relative loss of accuracy (%)",
        hue=lambda row, column: NAMES[row.split("/")[1]],
        title=SCALES[scale],
    )


def figure3(scale: str, tables: Tables, backend: str) -> Any:
    """Draw Figure 3: accuracy, firing rate, energy; dense, CH-SNN and Table 4's sparsities downwards."""

    def place(row: str, column: str, who: str) -> str:
        dataset, *_, method = row.split("/")
        if method != "both":
            return f"{NAMES[dataset]}, {NAMES[method]}"
        fewer = f", {SWEEP_IMAGES:,} images" if who == OURS and scale == "desk" else ""
        return f"{NAMES[dataset]}, {choice(column):g} %{fewer}"

    def panel(row: str, column: str) -> str:
        return "" if column == "training_loss" else UNITS.get(column, "accuracy (%)")

    kept = {"title": SCALES[scale], "log": LOGARITHMIC, "place": place, "all_printed": True}
    return dots(tables, backend, panel=panel, **kept)


def figure2(scale: str, tables: Tables, backend: str) -> Any:
    """Draw the gain of each method over its own dense network against link sparsity, a panel a dataset."""
    wide = compared(tables).set_index(["row", "column"])
    methods = ("grad-r", "dpap", "sd-snn", "deep-r", "ch-snn")
    panels = []
    for dataset in FIGURE2:
        rows = [row for row in dict.fromkeys(wide.index.get_level_values(0)) if row.startswith(f"{dataset}/")]
        series = []
        for method, who in [*((m, PRINTED) for m in methods), ("ch-snn", OURS)]:
            of = "printed" if who == PRINTED else "mean"
            own = [row for row in rows if row.endswith(f"/{method}")]
            x, y, low, high = (
                np.array([wide.loc[(row, f"{name}_percent"), value] for row in own], dtype=float)
                for name, value in (
                    ("link_sparsity", of),
                    *(("accuracy_improvement", value) for value in (of, "low", "high")),
                )
            )
            names = tuple(NAMES[row.split("/")[1]] for row in own)
            if np.isnan(x * y).all():
                continue
            name = f"{NAMES[method]}, {who}" if method == "ch-snn" else NAMES[method]
            style = {"colour": methods.index(method), "symbol": methods.index(method), "key": True}
            ends = (low, high) if who == OURS else None
            mark = {"hollow": who == PRINTED, "whisker": ends, "text": names, "size": 8.0}
            series.append(Series("points", x, y, name=name, **style, **mark))
        panels.append(Panel(tuple(series), title=NAMES[dataset], empty="" if series else "no data"))
    axes = {"x_label": "link sparsity (%)", "y_label": "gain over own dense network (points)"}
    scene = Scene(tuple(panels), title=SCALES[scale], share=False, columns=3, n_colours=5, **axes)
    return draw(scene, backend)
