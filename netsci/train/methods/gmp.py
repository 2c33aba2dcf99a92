"""GMP, gradual magnitude pruning: the density falls along a cubic, the weakest links go, none comes back.

    S_t = S_f + (S_i - S_f) (1 - t / T)^3

By itself the method has initial_sparsity=0 (S_i), density_schedule="cubic", until=0.75 and evolve_every=1.

Source: Zhu and Gupta, 2017; the control that S1's Table 4 lacks.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from netsci.topology import EvolutionRule, OrderedRule
from netsci.train.methods.exchange import DENSITIES, FIRST, Exchange
from netsci.train.plan import Plan


class Gmp(Exchange):
    """Remove the links of smallest |weight| down to a density that falls."""

    reads: ClassVar[Collection[str] | None] = (
        *FIRST,
        *DENSITIES,
        "until",
        "evolve_every",
        "evolve_after",
    )

    def rule(self) -> EvolutionRule:
        """Return the rule by which links decay."""
        return OrderedRule("magnitude", "random")

    def zeta(self, plan: Plan, number: int) -> float:
        """Return 0: nothing is exchanged."""
        return 0.0
