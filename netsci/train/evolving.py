"""The evolution hook of the training loop: which layers evolve, by how much, and when they stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from netsci.graph import LayeredGraph, live_units
from netsci.models.wiring import default_sparse
from netsci.sparse import layered_graph, rewire, sparse_layers
from netsci.sparse.graph import wired_layers
from netsci.topology import ZETA, Evolution, evolve, stopped
from netsci.train.recipe import Recipe


@dataclass
class Evolver:
    """Evolves a model's sparse layers after an epoch; the output layer only loses links that lead nowhere.

    The links wanted are those at the start, layer by layer. A layer stops for good when more than
    `early_stop` of its regrown links had just been removed.

    Parameters
    ----------
    model : with `sparse_names`, the layers that may evolve.
    recipe : its topology says how, and for how many epochs.
    targets : links wanted by layer; of the model as it is, if none are given.
    stopped : layers that have stopped.

    Raises
    ------
    TypeError, ValueError
        If the model does not say which layers evolve, or its wiring leaves one of them out.

    Examples
    --------
    >>> from netsci.models import mlp
    >>> recipe = Recipe().replace(epochs=4, zeta=0.5)
    >>> evolver = Evolver(mlp([3, 4, 2], [np.eye(3, 4), np.ones((4, 2))]), recipe)
    >>> evolver.targets, evolver.due(1), evolver.zeta(1)
    ({'layers.0': 3}, True, 0.5)

    Source: S0 section 3.2 and appendix A.2.1 (early stop), A.3, A.5.
    """

    model: nn.Module
    recipe: Recipe
    targets: dict[str, int] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        layers = sparse_layers(self.model)
        free = set(default_sparse(self.model))
        outside = sorted(free & set(layers) - set(wired_layers(self.model)))
        if outside:
            raise ValueError(
                f"the model's wiring() leaves out {', '.join(outside)}, sparse layers that shall evolve: "
                "name them there, or take them out of sparse_names"
            )
        self.targets = self.targets or {name: layers[name].n_links for name in layers if name in free}

    def due(self, epoch: int) -> bool:
        """Whether the topology changes after this epoch (the first one is 1)."""
        topology = self.recipe.topology
        if topology is None or not topology.evolve_every or epoch % topology.evolve_every:
            return False
        return self.zeta(epoch) > 0.0 and len(self.stopped) < len(self.targets)

    def zeta(self, epoch: int) -> float:
        """Share of links removed after this epoch."""
        topology = self.recipe.topology
        if topology is None:
            return 0.0
        epochs = self.recipe.optimisation.epochs
        return ZETA[topology.schedule](topology.zeta, epoch - 1, epochs, topology.until)

    def step(
        self, epoch: int, optimizer: torch.optim.Optimizer | None, rng: np.random.Generator
    ) -> dict[str, Any]:
        """Remove, percolate, regrow; weights and the optimizer's moments follow.

        Returns the Evolution under "evolution" and, by layer, the overlap under "overlap" (NaN where nothing
        grew). Raises ValueError for a dense network.
        """
        topology = self.recipe.topology
        if topology is None:
            raise ValueError("a dense network has no topology to evolve")
        graph = layered_graph(self.model)
        names = [projection.name for projection in graph.projections]
        evolvable = [name in self.targets and name not in self.stopped for name in names]
        targets = [self.targets.get(name) if on else None for name, on in zip(names, evolvable, strict=True)]
        step: Evolution = evolve(
            graph,
            topology.rule,
            zeta=self.zeta(epoch),
            target_links=targets,
            evolvable=evolvable,
            rng=rng,
        )
        rewire(self.model, step.graph, optimizer)
        if topology.early_stop is not None:
            ended = stopped(step.overlap, above=topology.early_stop)
            self.stopped |= {n for n, on, end in zip(names, evolvable, ended, strict=True) if on and end}
        overlap = dict(zip(names, step.overlap.tolist(), strict=True))
        return {"evolution": step, "names": names, "overlap": overlap}


def structure(model: nn.Module) -> list[dict[str, Any]]:
    """Return rows (layer, measure, value, unit) of a model's links and live units.

    Link sparsity is 1 - links / dense, over the linear and convolutional layers, dense ones included; node
    sparsity the share of units on no path from the input to the output, over input and hidden units.

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
            rows.append(_row(name, "links", count, "count"))
            rows.append(_row(name, "link sparsity", 1.0 - count / cells, "share"))
        elif isinstance(layer, (nn.Linear, nn.Conv2d)):
            count = cells = layer.weight.numel()
        else:
            continue
        links, dense = links + count, dense + cells
    rows.append(_row("all", "link sparsity", 1.0 - links / dense if dense else float("nan"), "share"))
    if sparse:
        rows += nodes(layered_graph(model))
    return rows


def nodes(graph: LayeredGraph) -> list[dict[str, Any]]:
    """Return rows of node sparsity by population and over all but the outputs.

    Examples
    --------
    >>> nodes(LayeredGraph.from_masks([np.eye(2, 4)]))[-1]["value"]
    0.0
    """
    live = live_units(graph)
    outputs = {p.target for p in graph.projections} - {p.source for p in graph.projections}
    rows = [_row(name, "node sparsity", float(1.0 - units.mean()), "share") for name, units in live.items()]
    inner = np.concatenate([units for name, units in live.items() if name not in outputs])
    return [*rows, _row("all", "node sparsity", float(1.0 - inner.mean()), "share")]


def _row(layer: str, measure: str, value: float, unit: str) -> dict[str, Any]:
    return {"layer": layer, "measure": measure, "value": value, "unit": unit}
