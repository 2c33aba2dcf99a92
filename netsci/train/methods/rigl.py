"""RigL: as SET, but the links grow whose gradient is largest.

The gradient is that of a dense layer on the batch before the change. RigL's own times and courses are
zeta = 0.3, schedule "cosine", until 0.75, every 100 steps.

Source: Evci et al., ICML 2020.
"""

from __future__ import annotations

from netsci.train.methods.set import Set


class RigL(Set):
    """Remove by magnitude, regrow by the gradient of the missing links."""

    def regrowth(self) -> str:
        """Return the name of the score by which links grow."""
        return "gradient"
