"""Methods that exchange links of each layer alone: a rule, and the times and schedules of the recipe.

A method of this kind is a subclass of `Exchange` that returns its rule, see `set.py`. Its share of links at
step t is counted from `evolve_after`, and is that of t itself: zeta / 2 (1 + cos(pi t / T)) for "cosine".
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, ClassVar

from torch import nn

from netsci.models.wiring import default_sparse
from netsci.train.checks import check_whole
from netsci.train.evolving import Evolving, evolver_of
from netsci.train.methods.base import Draw, Hooks, Method, Steps
from netsci.train.plan import Plan

if TYPE_CHECKING:
    from netsci.topology import EvolutionRule
    from netsci.train.parts import Topology

FIRST = ("sparsity", "initial", "initial_options", "allocation")
DENSITIES = ("initial_sparsity", "density_schedule", "steepness")
TIMES = ("zeta", "schedule", "until", "evolve_every", "evolve_after")


class Exchange(Method):
    """Exchange links by `rule()`, which a subclass returns; no percolation, no early stop.

    gradient_batches : number of batches, the last ones before the change, over which the mean of the gradient
        is taken.
    """

    reads: ClassVar[Collection[str] | None] = (*FIRST, *TIMES, *DENSITIES, "excess")
    needs_gradient: ClassVar[bool] = False

    def __init__(self, topology: Topology, **options: Any) -> None:
        self.gradient_batches = 1
        if self.needs_gradient:
            self.gradient_batches = options.pop("gradient_batches", 1)
            check_whole(self.gradient_batches, 1, "gradient_batches")
        super().__init__(topology, **options)

    def rule(self) -> EvolutionRule:
        """Return the rule by which links are exchanged."""
        raise NotImplementedError

    def zeta(self, plan: Plan, number: int) -> float:
        """Return the share of links that an evolution exchanges."""
        return plan.zeta(number)

    def start(self, net: nn.Module, steps: Steps, rng: Draw) -> Hooks:
        """Return the hooks that exchange links."""
        topology = self.resolved(net, default_sparse(net))
        plan = Plan(topology, steps.epochs, steps.batches, lag=False)
        evolver = evolver_of(net, plan)
        evolver.rule, evolver.rules, evolver.early_stop = self.rule(), None, None
        evolver.zeta = lambda number: self.zeta(plan, number)
        return Evolving(evolver, plan, rng, gradient_batches=self.gradient_batches)
