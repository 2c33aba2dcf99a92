"""Cannistraci-Hebb training, CHT to CH-SNN: removal, percolation and regrowth as the recipe says.

The weakest links by `removal` go, then those that lead nowhere; missing links between live units grow by
`regrowth`. Which scores, how strictly (delta) and when is the recipe's.

Source: S0 section 3.2.3-3.2.4; S1 appendix B.
"""

from __future__ import annotations

from torch import nn

from netsci.train.evolving import Evolving, evolver_of
from netsci.train.methods.base import Draw, Hooks, Method, Steps
from netsci.train.plan import Plan


class CannistraciHebb(Method):
    """Evolve by the rule, the times and the courses of the recipe's topology."""

    def start(self, net: nn.Module, steps: Steps, rng: Draw) -> Hooks:
        """Return the hooks that evolve the topology."""
        plan = Plan(self.topology, steps.epochs, steps.batches)
        return Evolving(evolver_of(net, plan), plan, rng)
