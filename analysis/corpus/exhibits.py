"""Figures and verdicts of the exhibits on real networks, from their tables alone."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.networks_tables import ALL, differences
from analysis.runs import Tables
from netsci import plot
from netsci.plot.scene import Panel, Scene, Series, draw

SHOWN = (("CH3-L3", "RA-L3"), ("CH3-L3 induced", "RA-L3"), ("CH3-L2", "RA-L2"))
SIGNIFICANT = 0.05


def prediction(made: Tables, backend: str) -> Any:
    """Draw the difference of precision by domain, one panel a pair of rules."""
    names = {
        domain: f"{domain} ({len(rows)})" for domain, rows in made["networks"].groupby("domain", sort=True)
    }
    means = made["domains"][made["domains"]["domain"] != ALL]
    frames = []
    for first, second in SHOWN:
        title = f"{first} − {second}"
        pair = means[(means["first"] == first) & (means["second"] == second)]
        single = made["networks"].assign(difference=differences(made["networks"], first, second))
        both = pd.concat([pair, single])[["domain", "difference", "low", "high"]]
        frames.append(both.assign(panel=title))
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


def prediction_verdict(made: Tables) -> str:
    """Say in how many networks CH3 does better than RA, and whether that is more than chance."""
    domains = made["domains"]
    parts = []
    for first, second in SHOWN:
        pair = domains[(domains["first"] == first) & (domains["second"] == second)].set_index("domain")
        line, single = pair.loc[ALL], pair.drop(index=ALL)
        better = single.index[single["p_greater"] < SIGNIFICANT]
        worse = single.index[single["p_greater"] > 1 - SIGNIFICANT]
        parts.append(
            f"{first} is {_judged(line)} than {second} over all {line['networks']:.0f} networks "
            f"({line['mean_first']:.3f} against {line['mean_second']:.3f}; {line['wins']:.0f} wins, "
            f"{line['ties']:.0f} ties, {line['losses']:.0f} losses; one-sided Wilcoxon p = "
            f"{line['p_greater']:.2g}, rank-biserial {_signed(line['rank_biserial'])}), better in "
            f"{_listed(better)} and worse in {_listed(worse)} of {len(single)} domains taken singly"
        )
    chance = domains["mean_random"].iloc[-1]
    return (
        "; ".join(parts) + f". Random pairs reach {chance:.3f}; p-values are not corrected for their number."
    )


def routing(made: Tables, backend: str) -> Any:
    """Draw the GR-score against gamma, a dot a network, and against the path length."""
    rows = made["networks"].dropna(subset=["gr_score", "gamma"])
    rows = rows[rows["at_bound"] == 0]
    domains = sorted(set(made["networks"]["domain"]))
    series = []
    for number, domain in enumerate(domains):
        one = rows[rows["domain"] == domain]
        series.append(
            Series(
                "points",
                one["gamma"].to_numpy(float),
                one["gr_score"].to_numpy(float),
                name=domain,
                colour=number,
                symbol=number,
                size=7.0,
                opacity=0.8,
                key=True,
                hover=tuple(one["name"]),
            )
        )
    left_out = len(made["networks"]) - len(rows)
    panel = Panel(
        tuple(series), caption=f"{left_out} of {len(made['networks'])} networks left out: γ at a bound"
    )
    scene = Scene(
        (panel if len(rows) else Panel(empty="no data"),),
        x_label="degree exponent γ (no unit)",
        y_label="GR-score (no unit)",
        n_colours=len(domains),
        panel_size=(520, 360),
    )
    return draw(scene, backend)


def routing_verdict(made: Tables) -> str:
    """Say how well greedy routing works and what it goes with."""
    table = made["correlations"]
    whole = table[table["domain"] == ALL].set_index("property")
    single = table[(table["domain"] != ALL) & (table["property"] == "γ")]
    means = ", ".join(
        f"{domain.lower()} {rows['gr_score'].mean():.2f}"
        for domain, rows in made["networks"].groupby("domain", sort=True)
    )
    signs = single[single["p_two_sided"] < SIGNIFICANT]
    others = ", ".join(f"{name} {_signed(line.spearman)}" for name, line in whole.drop(index="γ").iterrows())
    gamma = whole.loc["γ"]
    return (
        f"Mean GR-score by domain: {means}. Its rank correlation with γ is {_signed(gamma['spearman'])} "
        f"(p = {gamma['p_two_sided']:.2g}, {gamma['networks']:.0f} networks whose γ is inside its bounds), "
        f"negative in {(signs['spearman'] < 0).sum()} and positive in {(signs['spearman'] > 0).sum()} of "
        f"{len(single)} domains at p < {SIGNIFICANT:g}; with {others}. A correlation over networks of "
        "different size and density is no effect of γ."
    )


def _judged(line: pd.Series[Any]) -> str:
    if line["p_greater"] < SIGNIFICANT:
        return "better"
    return "worse" if line["p_greater"] > 1 - SIGNIFICANT else "neither better nor worse"


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _listed(names: pd.Index[Any]) -> str:
    return ", ".join(str(name).lower() for name in names) or "none"
