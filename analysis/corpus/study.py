"""The two exhibits on real networks, which share their cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.corpus import tables
from analysis.corpus.networks import ARCHIVE, CHECKSUM, DOMAINS, NEEDS
from analysis.corpus.tables import ALL, RULES, differences
from analysis.engine.exhibit import Exhibit, Tables
from analysis.engine.literals import make_exhibits
from analysis.engine.names import RUN_NAMES
from analysis.engine.sheet import Sheet
from analysis.engine.table import Answers
from netsci import plot
from netsci.plot.draw import draw
from netsci.plot.scene import Panel, Scene, Series
from netsci.sweep import Cell, Task

TASK = Task("networks-measure", "analysis.corpus.networks:measure", RUN_NAMES)
PARAMETERS: dict[str, Any] = {
    "per_domain": 30,
    "per_series": 5,  # snapshots of one network are no independent witnesses
    "largest": 2000,
    "hidden": 0.1,
    "repetitions": 5,
    "chunks": 3,
}
SHOWN = (("CH3-L3", "RA-L3"), ("CH3-L3 induced", "RA-L3"), ("CH3-L2", "RA-L2"))
PRECISION, SPEARMAN = "precision", "rank correlation with the GR-score"


def exhibits(first_seed: int = 0) -> list[Exhibit]:
    """Return the two exhibits; `first_seed` is that of sample and hidden links."""
    data = f"corpus of 550 real networks, {ARCHIVE}, SHA-256 {CHECKSUM[:16]}"
    cells = tuple(
        Cell.of(TASK, version=1, data=data, domain=domain, chunk=chunk, seed=first_seed, **PARAMETERS)
        for domain in DOMAINS
        for chunk in range(PARAMETERS["chunks"])
    )
    kept: dict[str, Any] = {"cells": cells, "needs": NEEDS}
    first = {"tabulate": tables.prediction, "draw": draw_prediction, "sheet": sheet_of_prediction}
    second: dict[str, Any] = {"tabulate": tables.routing, "draw": draw_routing, "sheet": sheet_of_routing}
    # nodes that are alike have equal angles but for rounding, and their order decides some routes
    second |= {"summarise": lambda made: made["correlations"], "tolerance": 0.02}
    first |= {"summarise": lambda made: made["domains"]}
    made = {"real-networks": kept | first, "real-networks-routing": kept | second}
    return make_exhibits(Path(__file__).parent, made, Answers())


def sheet_of_prediction(made: Tables) -> Sheet:
    """Return rules as rows; a network takes the place of a seed. And how often the first of a pair wins."""
    wide = made["networks"]
    values = wide.melt("network", list(RULES), var_name="row").rename(columns={"network": "seed"})
    whole = made["domains"][made["domains"]["domain"] == ALL]
    counts = whole.assign(row=whole["first"] + " against " + whole["second"], seed=0).melt(
        ["row", "seed"], ["wins", "ties", "losses", "p_greater"], var_name="column"
    )
    both = pd.concat([values.assign(column=PRECISION), counts], ignore_index=True)
    return Sheet(both[["row", "column", "seed", "value"]])


def sheet_of_routing(made: Tables) -> Sheet:
    """Return properties as rows; a domain takes the place of a seed. And the mean GR-score by domain."""
    table = made["correlations"].rename(columns={"property": "row", "spearman": "value", "domain": "seed"})
    column = np.where(table["seed"] == ALL, "over all networks", SPEARMAN)
    means = made["networks"].groupby("domain")["gr_score"].mean().reset_index(name="value")
    means = means.assign(row=means["domain"].str.lower(), column="mean GR-score", seed=ALL)
    known = table[table["seed"] != ALL]
    clear = known.assign(value=((known["value"] < 0) & (known["p_two_sided"] < 0.05)).astype(float))
    clear = clear.groupby("row")["value"].sum().reset_index()
    clear = clear.assign(column="domains below 0 beyond chance", seed=ALL)
    both = pd.concat([table.assign(column=column), means, clear], ignore_index=True)
    return Sheet(both[["row", "column", "seed", "value"]])


def draw_prediction(made: Tables, backend: str) -> Any:
    """Draw the difference of precision by domain, one panel a pair of rules."""
    names = {
        domain: f"{domain} ({len(rows)})" for domain, rows in made["networks"].groupby("domain", sort=True)
    }
    means = made["domains"][made["domains"]["domain"] != ALL]
    frames = []
    for first, second in SHOWN:
        pair = means[(means["first"] == first) & (means["second"] == second)]
        single = made["networks"].assign(difference=differences(made["networks"], first, second))
        both = pd.concat([pair, single])[["domain", "difference", "low", "high"]]
        frames.append(both.assign(panel=f"{first} − {second}"))
    shown = pd.concat(frames, ignore_index=True)
    return plot.points(
        shown.assign(domain=shown["domain"].map(names)),
        x="difference",
        y="domain",
        low="low",
        high="high",
        panel="panel",
        labels={"difference": "difference of precision (share)", "domain": "domain (networks)"},
        backend=backend,
    )


def draw_routing(made: Tables, backend: str) -> Any:
    """Draw the GR-score against gamma, a dot a network."""
    rows = made["networks"].dropna(subset=["gr_score", "gamma"])
    rows = rows[rows["at_bound"] == 0]
    domains = sorted(set(made["networks"]["domain"]))
    series = []
    for number, domain in enumerate(domains):
        one = rows[rows["domain"] == domain]
        x, y = one["gamma"].to_numpy(float), one["gr_score"].to_numpy(float)
        look: dict[str, Any] = {"colour": number, "symbol": number, "size": 7.0, "opacity": 0.8, "key": True}
        series.append(Series("points", x, y, name=domain, hover=tuple(one["name"]), **look))
    left_out = (
        f"{len(made['networks']) - len(rows)} of {len(made['networks'])} networks left out: γ at a bound"
    )
    panel = Panel(tuple(series), caption=left_out) if len(rows) else Panel(empty="no data")
    axes: dict[str, Any] = {"x_label": "degree exponent γ", "y_label": "GR-score"}
    return draw(Scene((panel,), n_colours=len(domains), panel_size=(520, 360), **axes), backend)
