"""RigL: remove the links of smallest |weight|, regrow the missing links of largest |gradient|.

At step t of n links n_prune = int(n zeta / 2 (1 + cos(pi t / T))) go, and as many grow where the gradient of
the dense layer is largest among all cells that are now missing, removed ones included. The gradient is that
of the batch of the change, or the mean over the last `gradient_batches` batches. By itself the method has
zeta=0.3, schedule="cosine", until=0.75, evolve_every="100 steps" and allocation="erk".

Source: Evci et al., ICML 2020. compat=True is the released form of ITOP, see `itop.py`.
"""

from __future__ import annotations

from netsci.topology import EvolutionRule, OrderedRule
from netsci.train.methods.itop import ItopRule, ReleasedToo


class RigL(ReleasedToo):
    """Exchange the links of smallest |weight| for the missing ones of largest |gradient|."""

    needs_gradient = True

    def rule(self) -> EvolutionRule:
        """Return the rule by which links are exchanged."""
        if self.compat:
            return ItopRule(regrowth="gradient", death="magnitude")
        return OrderedRule("magnitude", "gradient")
