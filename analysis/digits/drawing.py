"""Figures of the digits exhibits, from their tables alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.engine.digits_runs import NAMES, PROJECTIONS, draw_disks, write_gamma
from analysis.engine.exhibit import Tables
from analysis.engine.statistics import average
from netsci import plot

BY_EPOCH: dict[str, Any] = {"x": "epoch", "y": "mean", "low": "low", "high": "high", "hue": "model"}
FATES = ("kept", "removed", "regrown", "still absent")


def accuracy(made: Tables, backend: str) -> Any:
    """Draw test accuracy by epoch."""
    shown = average(made).query("measure == 'accuracy' and epoch > 0")
    shown = shown.assign(high=shown["high"].clip(upper=1))
    order = [NAMES[model] for model in ("static", "chts", "dense")]  # colours as by epoch below
    labels = {"mean": "test accuracy (share)", "epoch": "epoch"}
    return plot.lines(shown, order=order, labels=labels, backend=backend, **BY_EPOCH)


def topology(made: Tables, backend: str) -> Any:
    """Draw what the topology measures by epoch: a panel for each measure, which names its axis."""
    shown = average(made)
    shown["panel"] = shown["measure"] + ", " + shown["projection"]
    shown["panel"] = shown["panel"].replace("gamma, sparse layers", "γ, both sparse layers")
    # the dense model's I(W) of .15 would press the sparse curves, which differ by .01, into one line
    order = [name for key, name in NAMES.items() if key != "dense"]
    shown["measure"] = shown["measure"].replace("gamma", "γ")
    panels = ["γ, both sparse layers", "node sparsity, hidden 1"]
    panels += [f"{measure}, {projection}" for measure in ("I(W)", "overlap") for projection in PROJECTIONS]
    shown = shown[shown["model"].isin(order) & shown["panel"].isin(panels)]
    shown = shown.sort_values("panel", key=lambda names: names.map(panels.index), kind="stable")
    shown = shown.assign(low=shown["low"].clip(lower=0))
    kept: dict[str, Any] = {"order": order, "labels": {"epoch": "epoch"}, "share": False, "backend": backend}
    return plot.lines(shown, panel="panel", quantity="measure", **kept, **BY_EPOCH)


def degrees(made: Tables, backend: str) -> Any:
    """Draw the degree CCDFs, one panel a projection and side."""
    shown = made["ccdf"].assign(panel=lambda t: t["projection"] + ", " + t["side"])
    shown["panel"] = shown["panel"].str.replace("sparse layers, pooled", "both sparse layers, pooled")
    pooled_first = shown.sort_values("side", key=lambda side: side != "pooled", kind="stable")
    return plot.ccdf(pooled_first, hue="model", panel="panel", columns=2, backend=backend)


def disk(made: Tables, backend: str) -> Any:
    """Draw the four disks."""
    links = {str(name): rows for name, rows in made["links"].groupby("model", sort=False)}
    table = made["table"]
    size = table.query("seed == seed.min()").pivot_table("value", "model", "measure", dropna=False)
    captions = {
        name: f"{write_gamma(size['gamma'][name])}, N = {size['nodes embedded'][name]:.0f}, E = {len(of)}"
        for name, of in links.items()
    }
    return draw_disks(made["nodes"], links, captions, backend)


def ch_scores_of_links(made: Tables, backend: str) -> Any:
    """Draw the score distributions, one panel an evolution."""
    zero = made["table"].query("measure == 'score 0'").groupby(["evolution", "fate"])["value"].mean()
    captions = {
        step: "at score 0, in %: " + ", ".join(f"{100 * zero[step].get(fate, np.nan):.0f}" for fate in FATES)
        for step in made["histogram"]["evolution"].unique()
    }
    shown = made["histogram"].assign(
        panel=lambda t: "evolution " + t["evolution"].astype(str),
        caption=lambda t: t["evolution"].map(captions),
    )
    return plot.distribution(
        shown[shown["fate"].isin(FATES)],
        hue="fate",
        panel="panel",
        order=list(FATES),
        labels={"left": "score", "density": "share of links per decade"},
        log="x",
        backend=backend,
    )
