"""What graphs look like in a notebook: small HTML, every text escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netsci.graph.layered import LayeredGraph

MOST_ROWS = 12


def graph_html(graph: LayeredGraph) -> str:
    """Return a graph as a table of its projections."""
    rows = []
    for p in graph.projections[:MOST_ROWS]:
        sparsity = "—" if math.isnan(p.sparsity) else f"{100 * p.sparsity:.2f} %"
        weights = "—" if p.weights is None else str(p.weights.dtype)
        shape = " x ".join(f"{side:,}" for side in p.shape)
        rows.append([p.name, shape, f"{p.n_links:,}", sparsity, weights])
    left_out = len(graph.projections) - len(rows)
    tail = f"<p>and {left_out} more projections</p>" if left_out else ""
    sizes = ", ".join(f"{name} {size:,}" for name, size in list(graph.sizes.items())[:MOST_ROWS])
    more = ", …" if len(graph.sizes) > MOST_ROWS else ""
    numbers = f"{graph.n_nodes:,} nodes, {graph.n_links:,} links"
    head = f"<p><b>LayeredGraph</b>: {numbers} ({escape(sizes)}{more})</p>"
    return head + table(["projection", "shape", "links", "sparsity", "weights"], rows) + tail


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a plain HTML table; the caller passes text, not markup.

    Examples
    --------
    >>> table(["a"], [["<b>"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
