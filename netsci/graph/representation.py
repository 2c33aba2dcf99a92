"""What graphs, embeddings and fits look like in a notebook: small HTML, every text escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from netsci.graph.degree.exponent import ExponentFit
    from netsci.graph.geometry.embedding import Embedding
    from netsci.graph.layered import LayeredGraph

MOST_ROWS = 12
MOST_DOTS = 2_000  # nodes drawn in the small disk of an embedding
SIDE = 180  # its pixels


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


def fit_html(fit: ExponentFit) -> str:
    """Return a degree exponent as a table of one row, with what speaks against it."""
    verdict = {True: "yes", False: "no", None: "undecided"}[fit.scale_free]
    p_value = "—" if fit.p_value is None or math.isnan(fit.p_value) else f"{fit.p_value:.3g}"
    cells = [f"{fit.gamma:.3g}", f"{fit.xmin:g}", str(fit.n_tail), f"{fit.ks:.3g}", p_value, verdict]
    notes = "".join(f"<li>{escape(note)}</li>" for note in fit.notes)
    head = ["gamma", "xmin", "nodes in tail", "KS", "bootstrap p", "scale-free"]
    return table(head, [cells]) + (f"<ul>{notes}</ul>" if notes else "")


def embedding_html(embedding: Embedding) -> str:
    """Return an embedding as a small disk of dots with its figures beside it."""
    cells = [
        f"{len(embedding.nodes):,}",
        f"{100 * embedding.component_share:.2f} %",
        "—" if math.isnan(embedding.gamma) else f"{embedding.gamma:.3g}",
        "3" if embedding.azimuth is not None else "2",
    ]
    notes = "".join(f"<li>{escape(note)}</li>" for note in embedding.notes)
    summary = table(["nodes", "of all", "gamma", "dimensions"], [cells])
    return _disk(embedding) + summary + (f"<ul>{notes}</ul>" if notes else "")


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


def _disk(embedding: Embedding) -> str:
    """Return the nodes in the native disk as SVG; nothing where the radii are undefined."""
    if not len(embedding.radius) or np.isnan(embedding.radius).any():
        return ""
    step = -(-len(embedding.radius) // MOST_DOTS)
    share = (embedding.radius / max(float(embedding.radius.max()), 1e-12))[::step]
    theta = embedding.theta[::step]
    x, y = 100 + 95 * share * np.cos(theta), 100 - 95 * share * np.sin(theta)
    dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="1.6"/>' for a, b in zip(x, y, strict=True))
    return (
        f'<svg width="{SIDE}" height="{SIDE}" viewBox="0 0 200 200" role="img" aria-label="hyperbolic disk">'
        '<circle cx="100" cy="100" r="97" fill="none" stroke="#888888"/>'
        f'<g fill="#1e70b3">{dots}</g></svg>'
    )
