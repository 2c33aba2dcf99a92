"""Hooks that evolve a topology in training: which layers evolve, by how much, and when they stop."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from netsci.models.wiring import default_sparse
from netsci.sparse import evolve_module, layer_shapes, sparse_layers
from netsci.sparse.wiring import layers_in_graph
from netsci.topology import Evolution, EvolutionRule, LayerView, find_stopped, links_at
from netsci.topology.scores import needs_of
from netsci.train.gradient_mean import GradientMean
from netsci.train.methods.base import Draw, Hooks, Rows, Step
from netsci.train.plan import Plan
from netsci.train.sparsities import resolve
from netsci.train.structure import layer_row


@dataclass
class Evolver:
    """Evolve the sparse layers of a model, step by step. Other sparse layers only lose percolated links.

    Rule, zeta and numbers of links may be functions of the number of the evolution (1, 2, ...). A layer stops
    for good when more than the share `early_stop` of its regrown links had just been removed. While its
    number of links must fall it evolves on as before, and exchanges links too.

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
    rules : function (layer, number) that returns the rule of a layer, in place of `rule`; None for one rule.
    decay : function (layer, number) that returns to how many links a layer decays before the exchange, if
        these are fewer than `links`; None for `links`.

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
    rules: Callable[[str, int], EvolutionRule] | None = None
    decay: Callable[[str, int], int] | None = None

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
        rules = [self.rule_at(number)]
        if self.rules is not None:
            rules = [self.rules(name, number) for name in self._evolving(number)]
        return needs_of(*(name for rule in rules for name in (rule.removal, rule.regrowth)))

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
            self._rule_of(evolving, number),
            zeta=self.zeta_at(number),
            optimizer=optimizer,
            rng=rng,
            example=self.example,
            target_links={name: self.target_links(name, number) for name in evolving},
            decay_links={name: self.decay(name, number) for name in evolving} if self.decay else None,
            evolvable=evolving,
            views=views,
        )
        if self.early_stop is not None:
            names = [projection.name for projection in evolution.graph.projections]
            ended = find_stopped(evolution.overlap, above=self.early_stop)
            self.stopped |= {name for name, end in zip(names, ended, strict=True) if end and name in evolving}
        return evolution

    def _rule_of(self, layers: set[str], number: int) -> EvolutionRule | dict[str, EvolutionRule]:
        """Return the rule of these layers, or one for each if they differ."""
        if self.rules is None or not layers:
            return self.rule_at(number)
        found = {name: self.rules(name, number) for name in layers}
        first = next(iter(found.values()))
        return first if all(rule == first for rule in found.values()) else found

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
    """Return the evolver of a model with the rules, zeta, density and early stop of a plan.

    If the density changes, a layer has round((1 - S) inputs outputs) links at a sparsity S. Links in excess
    come on top: the layer decays to its density, exchanges zeta of these links, and grows the excess anew.

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
    topology = resolve(plan.topology, model, default_sparse(model))
    plan = replace(plan, topology=topology)
    cells = {name: layer.links.shape for name, layer in sparse_layers(model).items()}
    kinds = {name: shape.kind for name, shape in layer_shapes(model).items()}

    def rules(layer: str, number: int) -> EvolutionRule:
        return plan.rule(number, kinds[layer])

    def decay(layer: str, number: int) -> int:
        return links_at(cells[layer], plan.sparsity(number, layer))

    def links(layer: str, number: int) -> int:
        return links_at(cells[layer], max(0.0, plan.sparsity(number, layer) - plan.excess(number)))

    changes = topology.initial_sparsity is not None or topology.excess
    return Evolver(
        model,
        plan.rule,
        plan.zeta,
        links if changes else None,
        [name for name, _ in topology.sparsity],
        early_stop=topology.early_stop,
        rules=rules,
        decay=decay if topology.excess else None,
    )


class Evolving(Hooks):
    """The hooks of a method that evolves a topology by a plan.

    Parameters
    ----------
    evolver : of the network. plan : times of the evolutions. rng : function (step) that returns a generator.
    gradient_batches : the gradient that scores see is the mean over as many batches, the last ones before the
        evolution. Their inputs and output gradients are kept until then.
    """

    def __init__(self, evolver: Evolver, plan: Plan, rng: Draw, *, gradient_batches: int = 1) -> None:
        self.evolver, self.plan, self.rng = evolver, plan, rng
        self._mean = GradientMean(gradient_batches)
        self._last: Evolution | None = None
        self._count = 0

    def needs(self, step: Step) -> Collection[str]:
        """Return what the scores need, if an evolution follows this batch or, for a mean, one of the next."""
        for ahead in range(self._mean.batches):
            number = self.plan.number(step.done + ahead)
            if number and self.evolver.due(number):
                return self.evolver.needs(number)
        return ()

    def after_step(self, step: Step) -> Evolution | None:
        """Evolve the topology if an evolution is due."""
        number = self.plan.number(step.done)
        if not number or not self.evolver.due(number):
            if self._mean.batches > 1 and self.needs(step):
                self._mean.add(step.views())
            return None
        views = self._mean.take(step.views()) if self.evolver.needs(number) else None
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
                    rows.append(layer_row(name, "overlap", overlap, "share"))
        if not self.plan.whole:
            rows.append(layer_row("all", "evolutions", self._count, "count"))
        self._last, self._count = None, 0
        return rows

    def state_dict(self) -> dict[str, Any]:
        """Return the names of the layers that have stopped, and what a mean of gradients has kept."""
        return {"stopped": sorted(self.evolver.stopped), **self._mean.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.evolver.stopped = set(state["stopped"])
        self._mean.load_state_dict(state, self.evolver.model)
