"""Hooks that evolve a topology in training: which layers evolve, by how much, and when they stop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from netsci.graph import LayeredGraph, live_units
from netsci.models.wiring import default_sparse
from netsci.sparse import evolve_module, layered_graph, sparse_layers
from netsci.sparse.wiring import layers_in_graph
from netsci.topology import Evolution, EvolutionRule, LayerView, find_stopped, links_at
from netsci.topology.scores import needs_of
from netsci.train.methods.base import Draw, Hooks, Rows, Step
from netsci.train.plan import Plan


@dataclass
class Evolver:
    """Evolve the sparse layers of a model, step by step. Other sparse layers only lose percolated links.

    Rule, zeta and numbers of links may be functions of the number of the evolution (1, 2, ...). A layer stops
    for good when more than the share `early_stop` of its regrown links had just been removed. It then still
    loses links if its number of links must fall.

    Parameters
    ----------
    model : with sparse layers.
    rule : which links to remove and to regrow, or a function of the number.
    zeta : share of links to remove, or a function of the number.
    links : number of links after an evolution, by layer, or a function (layer, number); None to keep the
        numbers that the model has now.
    layers : names of the layers that evolve; None for the model's `sparse_names`.
    early_stop : share of regrown links that were just removed above which a layer stops; None to go on.
    stopped : names of the layers that have stopped.
    example : an input of the model, needed if it has no `wiring()`, see `netsci.sparse.layered_graph`.

    Raises
    ------
    TypeError, ValueError
        If layers is None and the model has no `sparse_names`, or its wiring leaves out one of them.

    Examples
    --------
    >>> from netsci.models import mlp
    >>> net = mlp([3, 4, 2], [np.eye(3, 4), np.ones((4, 2))])
    >>> evolver = Evolver(net, EvolutionRule("magnitude", "random", 1.0, percolate=False), zeta=0.5)
    >>> evolver.step(1, None, np.random.default_rng(7)).removed[0].nnz, net.layers[0].n_links
    (2, 3)

    Source: S0 section 3.2 and appendix A.2.1 (early stop), A.3, A.5.
    """

    model: nn.Module
    rule: EvolutionRule | Callable[[int], EvolutionRule]
    zeta: float | Callable[[int], float] = 0.3
    links: Mapping[str, int] | Callable[[str, int], int] | None = None
    layers: Sequence[str] | None = None
    early_stop: float | None = 0.95
    stopped: set[str] = field(default_factory=set)
    example: Any = None

    def __post_init__(self) -> None:
        held = sparse_layers(self.model)
        free = set(default_sparse(self.model) if self.layers is None else self.layers)
        outside = sorted(free & set(held) - set(layers_in_graph(self.model)))
        if outside:
            raise ValueError(
                f"the model's wiring() leaves out the evolving layers {', '.join(outside)}: name them there, "
                "or remove them from sparse_names"
            )
        self.layers = tuple(name for name in held if name in free)
        if self.links is None:
            self.links = {name: held[name].n_links for name in self.layers}

    def target_links(self, layer: str, number: int) -> int:
        """Return the number of links that a layer must have after an evolution."""
        if callable(self.links):
            return self.links(layer, number)
        return (self.links or {}).get(layer, sparse_layers(self.model)[layer].n_links)

    def rule_at(self, number: int) -> EvolutionRule:
        """Return the rule of an evolution."""
        return self.rule(number) if callable(self.rule) else self.rule

    def zeta_at(self, number: int) -> float:
        """Return the share of links to remove in an evolution."""
        return self.zeta(number) if callable(self.zeta) else self.zeta

    def due(self, number: int) -> bool:
        """Return whether an evolution would change anything."""
        return bool(self._evolving(number))

    def needs(self, number: int) -> Collection[str]:
        """Return what the scores of an evolution need besides links and weights: "gradient", "activity"."""
        rule = self.rule_at(number)
        return needs_of(rule.removal, rule.regrowth)

    def step(
        self,
        number: int,
        optimizer: torch.optim.Optimizer | None,
        rng: np.random.Generator,
        views: Mapping[str, LayerView] | None = None,
    ) -> Evolution:
        """Remove, percolate and regrow links. Weights and moments of the optimizer stay with their links.

        number : of the evolution, from 1. views : what the scores see of each layer, by name, see
        `netsci.topology.evolve`.
        """
        evolving = self._evolving(number)
        evolution = evolve_module(
            self.model,
            self.rule_at(number),
            zeta=self.zeta_at(number),
            optimizer=optimizer,
            rng=rng,
            example=self.example,
            target_links={name: self.target_links(name, number) for name in evolving},
            evolvable=evolving,
            views=views,
        )
        if self.early_stop is not None:
            names = [projection.name for projection in evolution.graph.projections]
            ended = find_stopped(evolution.overlap, above=self.early_stop)
            self.stopped |= {name for name, end in zip(names, ended, strict=True) if end and name in evolving}
        return evolution

    def _evolving(self, number: int) -> set[str]:
        """Return the layers that an evolution changes."""
        zeta, held = self.zeta_at(number), sparse_layers(self.model)
        return {
            name
            for name in self.layers or ()
            if (zeta > 0.0 and name not in self.stopped)
            or self.target_links(name, number) < held[name].n_links
        }


def evolver_of(model: nn.Module, plan: Plan) -> Evolver:
    """Return the evolver of a model with the rule, zeta, density and early stop of a plan.

    If the density changes, a layer has round((1 - S) inputs outputs) links at a sparsity S.

    Examples
    --------
    >>> from netsci.models import mlp
    >>> from netsci.train import Topology
    >>> net = mlp([3, 4, 2], [np.eye(3, 4), np.ones((4, 2))])
    >>> falling = Plan(Topology(sparsity=0.9, initial_sparsity=0.5), epochs=4, batches=10)
    >>> evolver = evolver_of(net, falling)
    >>> [evolver.target_links("layers.0", number) for number in (1, 2, 3, 4)]
    [5, 4, 2, 1]
    """
    links: Callable[[str, int], int] | None = None
    if plan.topology.initial_sparsity is not None:
        cells = {name: layer.links.shape for name, layer in sparse_layers(model).items()}

        def links(layer: str, number: int) -> int:
            return links_at(cells[layer], plan.sparsity(number))

    return Evolver(model, plan.rule, plan.zeta, links, early_stop=plan.topology.early_stop)


class Evolving(Hooks):
    """The hooks of a method that evolves a topology by a plan.

    Parameters
    ----------
    evolver : of the network. plan : times of the evolutions. rng : function (step) that returns a generator.
    """

    def __init__(self, evolver: Evolver, plan: Plan, rng: Draw) -> None:
        self.evolver, self.plan, self.rng = evolver, plan, rng
        self._last: Evolution | None = None
        self._count = 0

    def needs(self, step: Step) -> Collection[str]:
        """Return what the scores need, if an evolution follows this batch."""
        number = self.plan.number(step.done)
        return self.evolver.needs(number) if number and self.evolver.due(number) else ()

    def after_step(self, step: Step) -> Evolution | None:
        """Evolve the topology if an evolution is due."""
        number = self.plan.number(step.done)
        if not number or not self.evolver.due(number):
            return None
        views = step.views() if self.evolver.needs(number) else None
        self._last = self.evolver.step(number, step.optimizer, self.rng(step), views)
        self._count += 1
        return self._last

    def after_epoch(self, step: Step) -> Rows:
        """Return rows: overlap of the last evolution; number of evolutions, if some fall within epochs."""
        rows: Rows = []
        if self._last is not None:
            names = [projection.name for projection in self._last.graph.projections]
            for name, overlap in zip(names, self._last.overlap.tolist(), strict=True):
                if name in (self.evolver.layers or ()):
                    rows.append(_row(name, "overlap", overlap, "share"))
        if not self.plan.whole:
            rows.append(_row("all", "evolutions", self._count, "count"))
        self._last, self._count = None, 0
        return rows

    def state_dict(self) -> dict[str, Any]:
        """Return the names of the layers that have stopped."""
        return {"stopped": sorted(self.evolver.stopped)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the names of the layers that have stopped."""
        self.evolver.stopped = set(state["stopped"])


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
    """Return rows of node sparsity: of each population, and of all but the outputs together.

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
