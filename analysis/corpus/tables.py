"""From the records of the real networks to tidy tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.exhibit import Tables
from netsci.measure import mean_and_interval, signed_rank_test
from netsci.sweep import Cell, Record

# how a rule is called here: its name in the library, and its local community
RULES = {
    "CH3-L3": ("ch3_l3", "path"),
    "CH3-L3 induced": ("ch3_l3", "induced"),
    "RA-L3": ("ra_l3", "path"),
    "CH3-L2": ("ch3_l2", "path"),
    "RA-L2": ("ra_l2", "path"),
    "random": ("random", ""),
}
STRUCTURE = {  # and units
    "nodes": "nodes",
    "links": "links",
    "bipartite": "yes/no",
    "gamma": "1",
    "xmin": "links",
    "n_tail": "nodes",
    "at_bound": "yes/no",
    "clustering": "1",
    "path_length": "hops",
    "gr_score": "1",
    "congruence": "1",
}
COMPARISONS = (("CH3-L3", "RA-L3"), ("CH3-L3 induced", "RA-L3"), ("CH3-L2", "RA-L2"), ("RA-L3", "RA-L2"))
ALL = "all domains"
PROPERTIES = {"gamma": "γ", "clustering": "clustering", "path_length": "path length", "nodes": "nodes"}
ROUNDING = 1e-12  # differences of means below this are none
Records = Mapping[Cell, Record]


def prediction(records: Records) -> Tables:
    """Tabulate precision by network, rule and repetition, and compare the rules by domain."""
    frames = []
    for cell, record in records.items():
        values = record.arrays["precision"]  # [network, repetition, rule]
        places = [record.arrays["number"], range(values.shape[1]), RULES]
        index = pd.MultiIndex.from_product(places, names=["network", "seed", "model"])
        frame = pd.DataFrame({"value": values.ravel()}, index).reset_index()
        frames.append(frame.assign(domain=cell["domain"], measure="precision", unit="share"))
    columns = ["domain", "network", "model", "seed", "measure", "value", "unit"]
    table = pd.concat(frames, ignore_index=True)[columns]
    described = networks(records)
    means = table.groupby(["network", "model"])["value"].mean().unstack("model")[list(RULES)]
    by_network = described.merge(means, left_on="network", right_index=True)
    return {"table": table, "networks": by_network, "domains": compare(by_network)}


def networks(records: Records) -> pd.DataFrame:
    """Return one line a network: domain, number, name, series, structure, and flags."""
    frames = []
    for cell, record in records.items():
        measured = pd.DataFrame(record.arrays["structure"], columns=list(STRUCTURE))
        named = {name: record.notes[name] for name in ("name", "series", "flags")}
        first = pd.DataFrame({"domain": cell["domain"], "network": record.arrays["number"], **named})
        frames.append(pd.concat([first, measured], axis=1))
    joined = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
    whole = ("nodes", "links", "bipartite", "at_bound")
    return joined.astype(dict.fromkeys(whole, int)).sort_values(["domain", "network"], ignore_index=True)


def compare(by_network: pd.DataFrame) -> pd.DataFrame:
    """Return, by domain and in all, the paired differences of precision and their one-sided tests."""
    lines = []
    groups = [*by_network.groupby("domain", sort=True), (ALL, by_network)]
    for first, second in COMPARISONS:
        for domain, rows in groups:
            lines.append({"domain": domain, "first": first, "second": second, **_pair(rows, first, second)})
    return pd.DataFrame(lines)


def differences(by_network: pd.DataFrame, first: str, second: str) -> pd.Series[float]:
    """Return a network's precision by the first rule minus that by the second, free of rounding."""
    difference = by_network[first] - by_network[second]
    return difference.where(difference.abs() > ROUNDING, 0.0)


def _pair(rows: pd.DataFrame, first: str, second: str) -> dict[str, Any]:
    difference = differences(rows, first, second)
    test = signed_rank_test(difference.to_numpy(), alternative="greater")
    interval = mean_and_interval(pd.DataFrame({"measure": "d", "value": difference})).iloc[0]
    return {
        "networks": len(rows),
        "bipartite": int(rows["bipartite"].sum()),
        "mean_first": rows[first].mean(),
        "mean_second": rows[second].mean(),
        "mean_random": rows["random"].mean(),
        "difference": difference.mean(),
        "low": interval["low"],
        "high": interval["high"],
        "wins": int((difference > 0).sum()),
        "ties": int((difference == 0).sum()),
        "losses": int((difference < 0).sum()),
        "p_greater": test.p_value,
        "rank_biserial": test.rank_biserial,
        "test": test.method,
    }


def routing(records: Records) -> Tables:
    """Tabulate structure and routing by network, and rank correlations of the GR-score with structure."""
    described = networks(records)
    measures = [name for name in STRUCTURE if name not in ("xmin", "n_tail")]
    table = described.melt(["domain", "network"], measures, var_name="measure").assign(
        seed=0, unit=lambda rows: rows["measure"].map(STRUCTURE)
    )
    return {"table": table, "networks": described, "correlations": _correlations(described)}


def _correlations(described: pd.DataFrame) -> pd.DataFrame:
    """Return Spearman's correlation of the GR-score with properties, exponents at a bound left out."""
    from scipy.stats import spearmanr

    lines = []
    for domain, rows in [*described.groupby("domain", sort=True), (ALL, described)]:
        for name, label in PROPERTIES.items():
            known = rows.dropna(subset=["gr_score", name])
            if name == "gamma":
                known = known[known["at_bound"] == 0]
            x, y = known[name], known["gr_score"]
            enough = len(known) > 2 and x.nunique() > 1 and y.nunique() > 1
            rho, p = spearmanr(x, y) if enough else (np.nan, np.nan)
            lines.append(
                {
                    "domain": domain,
                    "property": label,
                    "networks": len(known),
                    "mean_gr_score": y.mean(),
                    "spearman": float(rho),
                    "p_two_sided": float(p),
                }
            )
    return pd.DataFrame(lines)
