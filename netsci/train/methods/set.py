"""SET, sparse evolutionary training: remove the weakest links and regrow as many at random.

In each layer remove the share zeta of the links, those of smallest |weight|. Then draw as many new links from
the missing ones. There is no percolation. The recipe sets zeta, its schedule and the times; the paper uses
zeta=0.3, schedule="static", evolve_every=1.

Source: Mocanu et al., Nature Communications 9, 2018, in the released form of ITOP (magnitudes of both signs).
"""

from __future__ import annotations

from torch import nn

from netsci.topology import EvolutionRule
from netsci.train.evolving import Evolving, evolver_of
from netsci.train.methods.base import Draw, Hooks, Method, Steps
from netsci.train.plan import Plan


class Set(Method):
    """Remove the links of smallest |weight|, regrow by the score `regrowth()`."""

    reads = (
        "sparsity",
        "initial_sparsity",
        "density_schedule",
        "initial",
        "zeta",
        "schedule",
        "until",
        "evolve_every",
        "evolve_after",
    )

    def regrowth(self) -> str:
        """Return the name of the score by which links grow."""
        return "random"

    def start(self, net: nn.Module, steps: Steps, rng: Draw) -> Hooks:
        """Return the hooks that exchange links."""
        plan = Plan(self.topology, steps.epochs, steps.batches)
        evolver = evolver_of(net, plan)
        evolver.rule = EvolutionRule("magnitude", self.regrowth(), 1.0, percolate=False)
        evolver.early_stop = None
        return Evolving(evolver, plan, rng)
