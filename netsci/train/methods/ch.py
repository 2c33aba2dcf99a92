"""Cannistraci-Hebb training (CH-SNN, CHT, CHTs, CHTss): remove, percolate and regrow as the recipe says.

Remove the weakest links by the score `removal`. Then remove links on no path from the input to the output.
Regrow missing links between live units by the score `regrowth`. The recipe sets scores, delta and times. The
methods differ by their settings alone (`netsci.train.choices.SETTINGS`):

    ch_snn  LRS, CH3-L3, delta 0.5, until the last epoch; first links by SSCTI
    cht     |w|, CH3-L3, the strongest stay and the best grow (delta 1), in the first 75 % of the epochs
    chts    |w| with odds |w|^T, T from 1 to 9 along a line; CH2-L3n (CH3-L3n on convolutions) with odds score
    chtss   chts while the density falls along a sigmoid, from 50 % sparse

Source: S0 section 3.2.3-3.2.4; S1 appendix B; S2; the laboratory's released code where they are silent.
"""

from __future__ import annotations

from torch import nn

from netsci.models.wiring import default_sparse
from netsci.train.evolving import Evolving, evolver_of
from netsci.train.methods.base import Draw, Hooks, Method, Steps
from netsci.train.plan import Plan


class CannistraciHebb(Method):
    """Evolve the links by the rule, the times and the schedules of the recipe's topology."""

    def start(self, net: nn.Module, steps: Steps, rng: Draw) -> Hooks:
        """Return the hooks that evolve the topology."""
        plan = Plan(self.resolved(net, default_sparse(net)), steps.epochs, steps.batches)
        return Evolving(evolver_of(net, plan), plan, rng)
