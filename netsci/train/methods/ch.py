"""Cannistraci-Hebb training (CHT, CH-SNN): remove, percolate and regrow as the recipe says.

Remove the weakest links by the score `removal`. Then remove links on no path from the input to the output.
Regrow missing links between live units by the score `regrowth`. The recipe sets scores, delta and times.

Source: S0 section 3.2.3-3.2.4; S1 appendix B.
"""

from __future__ import annotations

from torch import nn

from netsci.train.evolving import Evolving, evolver_of
from netsci.train.methods.base import Draw, Hooks, Method, Steps
from netsci.train.plan import Plan


class CannistraciHebb(Method):
    """Evolve the links by the rule, the times and the schedules of the recipe's topology."""

    def start(self, net: nn.Module, steps: Steps, rng: Draw) -> Hooks:
        """Return the hooks that evolve the topology."""
        plan = Plan(self.topology, steps.epochs, steps.batches)
        return Evolving(evolver_of(net, plan), plan, rng)
