"""What a run looks like in a notebook: its first and last epochs, every text escaped."""

from __future__ import annotations

from html import escape
from typing import Any

from netsci.graph.representation import table

SHOWN = ("accuracy", "loss", "link sparsity", "node sparsity", "SOPs", "firing rate")


def run_html(run: Any) -> str:
    """Return a run as a table of its measures: before training, and after the first and the last epoch."""
    rows = run.table[run.table["layer"] == "all"]
    epochs = [epoch for epoch in dict.fromkeys((0, 1, run.epoch)) if (rows["epoch"] == epoch).any()]
    values = {(row.epoch, row.measure): row.value for row in rows.itertuples(index=False)}
    measures = [name for name in SHOWN if any((epoch, name) in values for epoch in epochs)]
    lines = [[name, *(_write(values.get((epoch, name))) for epoch in epochs)] for name in measures]
    heads = ["before training" if epoch == 0 else f"epoch {epoch}" for epoch in epochs]
    recipe = run.recipe
    state = "finished" if run.finished else f"stopped after epoch {run.epoch}"
    head = f"{recipe.net.model} on {run.inputs.source}, {state} of {recipe.optimisation.epochs} epochs"
    mend = "See its network with netsci.report.report(run), its spikes with run.trace()."
    body = table(["measure", *heads], lines)
    return f"<div><p><b>Run</b>: {escape(head)}</p>{body}<p>{escape(mend)}</p></div>"


def _write(value: float | None) -> str:
    return "—" if value is None or value != value else f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"
