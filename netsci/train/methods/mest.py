"""MEST, memory-economic sparse training: remove by |weight| + 0.01 |gradient|, regrow at random.

By itself the method has zeta=0.3, schedule="cosine", until=0.75 and evolve_every=1.

Source: Yuan et al., NeurIPS 2021; S1 names it among its competitors.
Reading: S1 does not print its schedule; it has that of the methods beside it.
"""

from __future__ import annotations

from netsci.topology import EvolutionRule, OrderedRule
from netsci.train.methods.exchange import Exchange


class Mest(Exchange):
    """Exchange the links of least |weight| + 0.01 |gradient| for random ones."""

    needs_gradient = True

    def rule(self) -> EvolutionRule:
        """Return the rule by which links are exchanged."""
        return OrderedRule("mest", "random")
