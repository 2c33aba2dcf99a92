"""NDSNN, neurogenesis dynamics: drop many links, grow fewer, so that the density falls along a cubic.

    dropped of n links   int(n d_t),  d_t = d_min + (d_0 - d_min) / 2 (1 + cos(pi t / T))
    links afterwards     cells (theta_f + (theta_i - theta_f) (1 - t / T)^3)

The links of smallest |weight| are dropped, and the missing ones of largest |gradient| grow. If the drop
leaves more links than wanted, more are dropped and none grows. zeta is d_0, the option `least` is d_min. By
itself the method has zeta=0.5, least=0.05, density_schedule="cubic", until=0.75 and, if initial_sparsity is
not given, theta_i = min(1, 5 theta_f) in each layer.

Source: Huang et al., DAC 2023; its code is not public. theta_i and T are our choices.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from netsci.graph.checks import check_fraction
from netsci.topology import EvolutionRule, LayerView, OrderedRule
from netsci.topology.order import smallest
from netsci.topology.removal import strength_of
from netsci.topology.rule import Grow
from netsci.train.methods.exchange import DENSITIES, FIRST, TIMES, Exchange
from netsci.train.plan import Plan

if TYPE_CHECKING:
    from netsci.train.parts import Topology

TIMES_DENSER = 5  # theta_i / theta_f


@dataclass(frozen=True)
class NeurogenesisRule(OrderedRule):
    """Drop int(zeta n) of all n links, not of those that the target leaves; grow up to the target."""

    regrowth: str = "gradient"

    def choose(
        self, view: LayerView, zeta: float, target: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.bool_], Grow]:
        """Return which links stay, and the function that draws new ones."""
        strength = strength_of(view, self.removal)
        n_links = len(strength)
        return ~smallest(strength, max(int(zeta * n_links), n_links - target)), self.grow


class Ndsnn(Exchange):
    """Drop links of small |weight|, grow fewer of large |gradient|."""

    needs_gradient = True
    reads: ClassVar[Collection[str] | None] = (
        *FIRST,
        *DENSITIES,
        *(name for name in TIMES if name != "schedule"),  # that of zeta is its own
        "excess",
    )

    def __init__(self, topology: Topology, *, least: float = 0.05, **options: Any) -> None:
        check_fraction(least, "least")
        if least > topology.zeta:
            raise ValueError(
                f"least must be at most zeta = {topology.zeta:g}, where it begins; got {least!r}"
            )
        self.least = least
        super().__init__(topology, **options)

    def resolved(self, net: nn.Module, usual: Collection[str]) -> Topology:
        """Return the topology with the sparsity of each layer, at the start too."""
        topology = super().resolved(net, usual)
        if topology.initial_sparsity is not None:
            return topology
        start = tuple((name, max(0.0, 1.0 - TIMES_DENSER * (1.0 - s))) for name, s in topology.sparsity)
        return topology.replace(initial_sparsity=start)

    def rule(self) -> EvolutionRule:
        """Return the rule by which links are exchanged."""
        return NeurogenesisRule()

    def zeta(self, plan: Plan, number: int) -> float:
        """Return the share d_t of links that an evolution drops; 0 once the density is reached."""
        over = plan.elapsed(number)
        if over >= 1.0:
            return 0.0
        return self.least + (self.topology.zeta - self.least) / 2.0 * (1.0 + math.cos(math.pi * over))
