"""What a trace looks like in a notebook: small HTML, every text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

MOST_ROWS = 20


def trace_html(trace: Any) -> str:
    """Return a trace as two tables, of its populations and of its projections."""
    populations = [
        [one.name, f"{one.size:,}", one.kind, f"{int(one.spikes.sum()):,}", _rate(trace, one.name)]
        for one in trace.populations
    ]
    projections = [
        [one.name, f"{one.links:,}", f"{one.sops:,}", f"{one.macs:,}"] for one in trace.projections
    ]
    head = (
        f"{trace.samples:,} samples, {trace.steps} steps: {trace.spikes:,} spikes, {trace.sops:,} synaptic "
        f"operations, {trace.macs:,} multiply-accumulates"
    )
    missed = f"<p>not counted: {escape(', '.join(trace.uncounted))}</p>" if trace.uncounted else ""
    return (
        f"<div><p><b>Trace</b>: {escape(head)}</p>"
        + _table(["population", "units", "kind", "spikes", "rate (spikes per unit and step)"], populations)
        + _table(["projection", "links", "SOPs", "MACs"], projections)
        + f"{missed}</div>"
    )


def _rate(trace: Any, name: str) -> str:
    rates = trace.firing_rates(name)
    rate = float(rates.mean()) if len(rates) else float("nan")
    return "—" if rate != rate else f"{rate:.4g}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    shown = rows[:MOST_ROWS]
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in shown)
    tail = f"<p>and {len(rows) - len(shown)} more</p>" if len(rows) > len(shown) else ""
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>{tail}"
