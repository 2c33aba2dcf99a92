"""Figures and one-sentence verdicts of the digits exhibits, from their tables alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis import digits_networks as nets
from analysis import digits_tables as tables
from analysis.runs import Tables
from analysis.statistics import mean_and_interval
from netsci import plot
from netsci.graph import native_arcs

FATES = ("kept", "removed", "regrown", "still absent")


def accuracy(made: Tables, backend: str) -> Any:
    """Draw test accuracy by epoch."""
    shown = _measure(tables.over_seeds(made), "accuracy").assign(high=lambda t: t["high"].clip(upper=1))
    labels = {"mean": "test accuracy (share)", "epoch": "epoch"}
    return plot.lines(
        shown[shown["epoch"] > 0],
        x="epoch",
        y="mean",
        low="low",
        high="high",
        hue="model",
        order=[tables.NAMES[model] for model in ("static", "chts", "dense")],  # colours as by epoch below
        labels=labels,
        backend=backend,
    )


def accuracy_verdict(made: Tables) -> str:
    """Say where the three models end."""
    last = _last(made, "accuracy")
    ends = ", ".join(f"{name} {_percent(last, name)}" for name in tables.NAMES.values())
    return f"After the last epoch: {ends} of the test digits right (mean of three seeds, 95 % interval)."


def topology(made: Tables, backend: str) -> Any:
    """Draw what the topology measures by epoch, one panel a measure."""
    shown = tables.over_seeds(made)
    shown["panel"] = shown["measure"] + ", " + shown["projection"]
    shown["panel"] = shown["panel"].replace("gamma, sparse layers", "γ, both sparse layers")
    # the dense model's I(W) of .15 would press the sparse curves, which differ by .01, into one line
    order = [name for key, name in tables.NAMES.items() if key != "dense"]
    panels = ["γ, both sparse layers", "node sparsity, hidden 1"]
    panels += [
        f"{measure}, {projection}" for measure in ("I(W)", "overlap") for projection in nets.PROJECTIONS
    ]
    shown = shown[shown["model"].isin(order) & shown["panel"].isin(panels)]
    return plot.lines(
        shown.sort_values("panel", key=lambda names: names.map(panels.index), kind="stable").assign(
            low=lambda t: t["low"].clip(lower=0)
        ),
        x="epoch",
        y="mean",
        low="low",
        high="high",
        hue="model",
        panel="panel",
        order=order,
        labels={"mean": "value (no unit)", "epoch": "epoch"},
        share=False,
        backend=backend,
    )


def topology_verdict(made: Tables) -> str:
    """Say how gamma and node sparsity differ between the first epoch and the last."""
    evolved, static = (made["table"][made["table"]["model"] == tables.NAMES[m]] for m in ("chts", "static"))

    def ends(rows: pd.DataFrame) -> str:
        gammas = _measure(rows, "gamma")
        first, last = (gammas[gammas["epoch"] == e] for e in (0, gammas["epoch"].max()))
        return f"{_mean(first):.2f} to {_mean(last):.2f}"

    silent = _last({"table": evolved}, "node sparsity").groupby("projection", sort=False)["value"].mean()
    shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in silent.items())
    return (
        f"From the start to the last epoch γ goes from {ends(evolved)} with evolution and from "
        f"{ends(static)} "
        f"without; inactive units at the end of evolution: {shares}."
    )


def degrees(made: Tables, backend: str) -> Any:
    """Draw the degree CCDFs, one panel a projection and side."""
    shown = made["ccdf"].assign(panel=lambda t: t["projection"] + ", " + t["side"])
    shown["panel"] = shown["panel"].str.replace("sparse layers, pooled", "both sparse layers, pooled")
    pooled_first = shown.sort_values("side", key=lambda side: side != "pooled", kind="stable")
    return plot.ccdf(pooled_first, hue="model", panel="panel", columns=2, backend=backend)


def degrees_verdict(made: Tables) -> str:
    """Say what the pooled degrees' exponents are and whether the fits stand."""
    pooled = made["table"][made["table"]["side"] == "pooled"]
    value = pooled.set_index(["measure", "model", "seed"])["value"].sort_index()
    gammas = ", ".join(f"{name} {_gamma(value['gamma', name])}" for name in pooled["model"].unique())
    passing, plausible = value["scale-free", nets.AFTER], value["bootstrap p", nets.AFTER] >= 0.1
    cut = (value["p against truncated_power_law", nets.AFTER] < 0.1) & (
        value["R against truncated_power_law", nets.AFTER] < 0
    )
    return (
        f"Pooled over both sparse layers, mean γ: {gammas}. After evolution the tail counts as "
        f"scale-free by the strong criteria of Broido and Clauset in {passing.sum():.0f} of {len(passing)} "
        f"seeds: a power law with an exponential cut-off fits better in {cut.sum()}, and the plain law is "
        f"plausible (bootstrap p ≥ .1) in {plausible.sum()}."
    )


def disk(made: Tables, backend: str) -> Any:
    """Draw the four disks."""
    nodes = made["nodes"].copy()
    nodes["label"] = nodes["population"] + " " + nodes["node"].astype(str)
    arcs = []
    captions = {}
    for name, links in made["links"].groupby("model", sort=False):
        here = nodes[nodes["model"] == name].set_index("node")
        size = _size(made, name)
        edge = here["radius"].max()  # that of the last in degree: 2 ln N
        arcs.append(_arcs(here, links, edge=edge).assign(model=name))
        gamma = "γ at its bound" if np.isnan(size["gamma"]) else f"γ = {size['gamma']:.2f}"
        captions[name] = f"{gamma}, N = {size['nodes embedded']:.0f}, E = {len(links)}"
        for axis, turn in (("x", np.cos), ("y", np.sin)):
            nodes.loc[nodes["model"] == name, axis] = (here["radius"] / edge * turn(here["theta"])).to_numpy()
    nodes["caption"] = nodes["model"].map(captions)
    return plot.disk(
        nodes,
        pd.concat(arcs, ignore_index=True),
        panel="model",
        order=list(nets.POPULATIONS),
        columns=2,
        backend=backend,
    )


def disk_verdict(made: Tables) -> str:
    """Say how large the hubs are and how deep the populations lie."""
    table = made["table"]
    hub = _measure(table, "largest degree").groupby("model", sort=False)["value"].mean()
    depth = (
        _measure(table, "mean radius")
        .query("model == @nets.AFTER")
        .groupby("projection", sort=False)["value"]
    )
    hubs = ", ".join(f"{name} {degree:.0f}" for name, degree in hub.items())
    radii = ", ".join(f"{name} {radius:.1f}" for name, radius in depth.mean().items())
    return (
        f"Largest degree, mean of three seeds: {hubs}. Mean radius after evolution: {radii}; the "
        "smallest is the "
        "deepest population. Radii follow from degree ranks and γ, so they restate the degrees in space."
    )


def ch_scores_of_links(made: Tables, backend: str) -> Any:
    """Draw the score distributions, one panel an evolution."""
    zero = _measure(made["table"], "score 0").groupby(["evolution", "fate"])["value"].mean()
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
        labels={"left": "score (no unit)", "density": "share of links per decade"},
        log="x",
        backend=backend,
    )


def ch_scores_verdict(made: Tables) -> str:
    """Say how the scores of kept, removed and regrown links compare."""
    table = made["table"]
    rows = table[table["evolution"] == table["evolution"].max()]
    above = _measure(rows, "chance above still absent").groupby("fate")["value"].mean()
    start = (
        _measure(table[table["evolution"] == 1], "chance above still absent").groupby("fate")["value"].mean()
    )
    removed = _mean(_measure(rows, "chance above kept").query("fate == 'removed'"))
    return (
        f"At evolution {rows['evolution'].iloc[0]} a regrown link scores above a still absent one "
        "with chance "
        f"{above['regrown']:.2f}, a kept link with {above['kept']:.2f} ({start['kept']:.2f} at the random "
        "start: leaving a link out lowers the degrees of its ends), and a removed link above a kept one with "
        f"{removed:.2f} (.5 would mean that removal, which goes by weight, ignores the score)."
    )


def _arcs(nodes: pd.DataFrame, links: pd.DataFrame, *, edge: float, points: int = 12) -> pd.DataFrame:
    """Return the links as geodesics in native polar coordinates over the disk's radius, NaN between them."""
    place = {node: i for i, node in enumerate(nodes.index)}
    sources, targets = links["source"].map(place).to_numpy(), links["target"].map(place).to_numpy()
    radius, theta = native_arcs(
        nodes["radius"].to_numpy(), nodes["theta"].to_numpy(), sources, targets, points
    )
    x, y = radius / edge * np.cos(theta), radius / edge * np.sin(theta)
    gap = np.full((len(links), 1), np.nan)
    return pd.DataFrame({"x": np.hstack([x, gap]).ravel(), "y": np.hstack([y, gap]).ravel()})


def _size(made: Tables, model: str) -> dict[str, float]:
    rows = made["table"][made["table"]["model"] == model]
    first = rows[rows["seed"] == rows["seed"].min()]
    return {str(name): float(value) for name, value in zip(first["measure"], first["value"], strict=True)}


def _gamma(values: pd.Series[float]) -> str:
    """Return the mean exponent of the seeds that have one, and how many ran into a bound."""
    bound = int(values.isna().sum())
    if bound == len(values):
        return "at its bound"
    return f"{values.mean():.2f}" + (f" ({bound} of {len(values)} seeds at the bound)" if bound else "")


def _measure(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table[table["measure"] == name]


def _last(made: Tables, measure: str) -> pd.DataFrame:
    """Return a measure's rows at the last epoch."""
    rows = _measure(made["table"], measure)
    return rows[rows["epoch"] == rows["epoch"].max()]


def _mean(rows: pd.DataFrame) -> float:
    return float(rows["value"].mean())


def _percent(rows: pd.DataFrame, model: str) -> str:
    line = mean_and_interval(rows[rows["model"] == model]).iloc[0]
    return f"{100 * line['mean']:.1f} % [{100 * line['low']:.1f}, {min(100.0, 100 * line['high']):.1f}]"
