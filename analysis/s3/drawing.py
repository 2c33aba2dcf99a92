"""Figures and one-sentence verdicts of the S3 exhibits, from their tables alone."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.runs import Tables
from netsci import plot

VERDICTS = ("holds", "holds with correction", "does not hold")


def vectors(made: Tables, backend: str) -> Any:
    """Draw printed and computed values side by side, one panel a measure."""
    compared = made["compared"]
    names = {"norm_p": "‖W‖p, p = {p:g}", "norm_q": "‖W‖q, q = {q:g}", "I(W)": "I(W), p = {p:g}, q = {q:g}"}
    panels = [names[line.measure].format(p=line.p, q=line.q) for line in compared.itertuples()]
    named = compared.rename(columns={"printed": "closed form of S3"})
    shown = named.assign(panel=panels, vector=compared["vector"].str.upper()).melt(
        ["panel", "vector"], ["closed form of S3", "computed"], var_name="source"
    )
    return plot.points(
        shown,
        x="vector",
        y="value",
        hue="source",
        panel="panel",
        share=False,
        columns=2,
        labels={"value": "value (no unit)", "vector": "vector"},
        backend=backend,
    )


def vectors_verdict(made: Tables) -> str:
    """Say how far computed values are from the printed ones."""
    compared = made["compared"]
    largest = compared["difference"].abs().max()
    return (
        f"{len(compared)} values of S3, norms and I(W), are reproduced; the largest difference is "
        f"{largest:.1e}, within the digits given."
    )


def changes(made: Tables, backend: str) -> Any:
    """Draw medians and quantiles of the change of I, an operation a row."""
    keys = ["operation", "theory", "p", "q"]
    wide = (
        made["table"].groupby([*keys, "measure"], sort=False)["value"].mean().unstack("measure").reset_index()
    )
    order = list(dict.fromkeys(made["table"]["operation"]))
    wide = wide.sort_values("operation", key=lambda names: names.map(order.index), kind="stable")
    wide["orders"] = [f"p = {p:g}, q = {q:g}" for p, q in zip(wide["p"], wide["q"], strict=True)]
    wide["operation"] = wide["operation"] + " (" + wide["theory"] + ")"
    return plot.points(
        wide.rename(columns={"5 % quantile": "low", "95 % quantile": "high"}),
        x="median change",
        y="operation",
        hue="orders",
        low="low",
        high="high",
        order=sorted(set(wide["orders"])),
        labels={"median change": "change of I(W) (no unit)", "operation": "operation (in theory I)"},
        backend=backend,
    )


def changes_verdict(made: Tables) -> str:
    """Say in how many vectors theory and numbers agree, and how the undecided operations go."""
    table = made["table"]
    shares = (
        table[table["unit"] == "share"]
        .groupby(["operation", "theory", "measure"], sort=False)["value"]
        .mean()
    )
    stated = [
        (operation, theory)
        for operation, theory in dict.fromkeys(zip(table["operation"], table["theory"], strict=True))
        if theory != "either"
    ]
    kept = [shares[operation, theory, theory] for operation, theory in stated]
    undecided = dict.fromkeys(table.loc[table["theory"] == "either", "operation"])
    both = ", ".join(
        f"{name} {100 * shares[name, 'either', 'falls']:.0f} % fall and "
        f"{100 * shares[name, 'either', 'rises']:.0f} % rise"
        for name in undecided
    )
    least = "" if min(kept) == 1 else f" (least share {100 * min(kept):.1f} %)"
    return (
        f"{sum(share == 1 for share in kept)} of {len(kept)} stated properties hold for every vector{least}. "
        f"The other operations go either way: {both}."
    )


def claims(made: Tables, backend: str) -> Any:
    """Draw each claim's number, coloured by the verdict."""
    table = made["table"]
    shown = table.assign(label=table["section"].str.replace("definition", "def.") + " " + table["label"])
    return plot.points(
        shown,
        x="value",
        y="label",
        hue="verdict",
        order=list(VERDICTS),
        labels={"value": "the claim's number, see the table (no unit)", "label": "claim"},
        backend=backend,
    )


def claims_verdict(made: Tables) -> str:
    """Count the verdicts."""
    counts = made["table"]["verdict"].value_counts()
    number = [int(counts.get(verdict, 0)) for verdict in VERDICTS]
    wrong: pd.Series[str] = made["table"].loc[made["table"]["verdict"] == VERDICTS[2], "claim"]
    return (
        f"Of {sum(number)} claims {number[0]} hold, {number[1]} hold with a correction and "
        f"{number[2]} do not: {'; '.join(f'“{words}”' for words in wrong)}."
    )
