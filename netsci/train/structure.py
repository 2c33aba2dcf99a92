"""Rows of the table of a run about the links and live units of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn

from netsci.graph import LayeredGraph, live_units
from netsci.sparse import layered_graph, sparse_layers


def structure(model: nn.Module) -> list[dict[str, Any]]:
    """Return rows (layer, measure, value, unit) about the links and live units of a model.

    Link sparsity is 1 - links / dense, over linear and convolutional layers, including the dense ones. Node
    sparsity is the share of input and hidden units on no path from the input to the output.

    Examples
    --------
    >>> from netsci.models import mlp
    >>> rows = structure(mlp([3, 4, 2], [np.eye(3, 4), np.ones((4, 2))]))
    >>> [(row["layer"], row["measure"], round(row["value"], 3)) for row in rows][-2:]
    [('layer2', 'node sparsity', 0.0), ('all', 'node sparsity', 0.143)]

    Source: S0 appendix A.8.
    """
    rows: list[dict[str, Any]] = []
    links = dense = 0
    sparse = sparse_layers(model)
    for name, layer in model.named_modules():
        if name in sparse:
            count, cells = sparse[name].n_links, int(np.prod(sparse[name].links.shape))
            rows.append(layer_row(name, "links", count, "count"))
            rows.append(layer_row(name, "link sparsity", 1.0 - count / cells, "share"))
        elif isinstance(layer, (nn.Linear, nn.Conv2d)):
            count = cells = layer.weight.numel()
        else:
            continue
        links, dense = links + count, dense + cells
    rows.append(layer_row("all", "link sparsity", 1.0 - links / dense if dense else float("nan"), "share"))
    if sparse:
        rows += nodes(layered_graph(model))
    return rows


def nodes(graph: LayeredGraph) -> list[dict[str, Any]]:
    """Return rows of node sparsity: of each population, and of all but the outputs together.

    Examples
    --------
    >>> nodes(LayeredGraph.from_masks([np.eye(2, 4)]))[-1]["value"]
    0.0
    """
    live = live_units(graph)
    outputs = {p.target for p in graph.projections} - {p.source for p in graph.projections}
    rows = [
        layer_row(name, "node sparsity", float(1.0 - units.mean()), "share") for name, units in live.items()
    ]
    inner = np.concatenate([units for name, units in live.items() if name not in outputs])
    return [*rows, layer_row("all", "node sparsity", float(1.0 - inner.mean()), "share")]


def layer_row(layer: str, measure: str, value: float, unit: str) -> dict[str, Any]:
    """Return a row of the table of a run.

    Examples
    --------
    >>> layer_row("layers.0", "links", 7, "count")["value"]
    7
    """
    return {"layer": layer, "measure": measure, "value": value, "unit": unit}
