"""The two exhibits on real networks, which share their cells."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.corpus import tables
from analysis.corpus.networks import ARCHIVE, CHECKSUM, DOMAINS, NEEDS
from analysis.corpus.tables import ALL, RULES, differences
from analysis.engine.cells import Cell, Task
from analysis.engine.claims import Order, Sign
from analysis.engine.exhibit import Exhibit, Tables
from analysis.engine.sheet import Sheet
from netsci import plot
from netsci.plot.scene import Panel, Scene, Series, draw

TASK = Task("networks-measure", "analysis.corpus.networks:measure")
PARAMETERS: dict[str, Any] = {
    "per_domain": 30,
    "per_series": 5,  # snapshots of one network are no independent witnesses
    "largest": 2000,
    "hidden": 0.1,
    "repetitions": 5,
    "chunks": 3,
}
SAMPLE = (
    "Sample of the 550-network corpus: up to 30 networks a domain, drawn at random of those with at most 2,000 "
    "nodes, at most 5 of one series (names that agree up to their first digit).",
    "The intervals of the claims are over networks, or over domains, in place of seeds.",
)
SHOWN = (("CH3-L3", "RA-L3"), ("CH3-L3 induced", "RA-L3"), ("CH3-L2", "RA-L2"))
PRECISION, SPEARMAN = "precision", "rank correlation with the GR-score"
OURS = "our study"


def exhibits(first_seed: int = 0) -> list[Exhibit]:
    """Return the two exhibits; `first_seed` is that of sample and hidden links."""
    data = f"corpus of 550 real networks, {ARCHIVE}, SHA-256 {CHECKSUM[:16]}"
    cells = tuple(
        Cell.of(TASK, version=1, data=data, domain=domain, chunk=chunk, seed=first_seed, **PARAMETERS)
        for domain in DOMAINS
        for chunk in range(PARAMETERS["chunks"])
    )
    kept = {"paper": "corpus", "place": OURS, "cells": cells, "needs": NEEDS, "deviations": SAMPLE}
    return [
        Exhibit(
            id="real-networks",
            title="Missing links of real networks: Cannistraci-Hebb against resource allocation",
            caption="10 % of the links are hidden, 5 times; precision is the share of hidden links among as many best of all "
            "pairs that are then not linked. Small dots are networks, large ones means of their differences with 95 % "
            "intervals. Induced: local links as in the papers of 2018 to 2022.",
            tabulate=tables.prediction,
            draw=draw_prediction,
            sheet=sheet_of_prediction,
            claims=tuple(
                Order(
                    words=f"{first} finds more hidden links than {second}",
                    place="S0, 3.2.4: CH3-L3 is the most robust predictor" if first == "CH3-L3" else OURS,
                    main=first == "CH3-L3",
                    pairs=(((first, PRECISION), (second, PRECISION)),),
                )
                for first, second in (*SHOWN, ("RA-L3", "RA-L2"), ("RA-L2", "random"))
            ),
            summarise=lambda made: made["domains"],
            **kept,
        ),
        Exhibit(
            id="real-networks-routing",
            title="Greedy routing in the hyperbolic disk and the degree exponent of real networks",
            caption="GR-score of the coalescent embedding: mean of shortest over greedy hops, 0 for a lost packet. γ is the "
            "maximum-likelihood exponent of the degrees' tail; networks where it runs into a bound of [1.01, 10] are "
            "left out. A dot does not say that a power law fits.",
            tabulate=tables.routing,
            draw=draw_routing,
            sheet=sheet_of_routing,
            claims=(
                Sign(
                    words="Within domains, greedy routing works better where γ is small",
                    place="S1, 4.2: hubs make communication efficient",
                    main=True,
                    cells=(("γ", SPEARMAN),),
                    positive=False,
                ),
                Sign(
                    words="Within domains, greedy routing works worse where paths are long",
                    place=OURS,
                    cells=(("path length", SPEARMAN),),
                    positive=False,
                ),
            ),
            summarise=lambda made: made["correlations"],
            # nodes that are alike have equal angles but for rounding, and their order decides some routes
            tolerance=0.02,
            **kept,
        ),
    ]


def sheet_of_prediction(made: Tables) -> Sheet:
    """Return rules as rows; a network takes the place of a seed. And how often the first rule of a pair wins."""
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
    table = made["correlations"]
    known = table[table["domain"] != ALL]
    values = known.assign(
        row=known["property"], column=SPEARMAN, seed=known["domain"], value=known["spearman"]
    )
    whole = table[table["domain"] == ALL].assign(column="over all networks", seed=0)
    whole = whole.assign(row=whole["property"], value=whole["spearman"])
    means = made["networks"].groupby("domain")["gr_score"].mean().reset_index(name="value")
    means = means.assign(row=means["domain"].str.lower(), column="mean GR-score", seed=0)
    columns = ["row", "column", "seed", "value"]
    return Sheet(pd.concat([values[columns], whole[columns], means[columns]], ignore_index=True))


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
    axes = {"x_label": "degree exponent γ", "y_label": "GR-score"}
    return draw(Scene((panel,), n_colours=len(domains), panel_size=(520, 360), **axes), backend)
