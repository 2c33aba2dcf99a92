"""RigL: as SET, but regrow the missing links with the largest gradient.

The gradient is the one that a dense layer would have on the last batch before the change. The paper uses
zeta=0.3, schedule="cosine", until=0.75, evolve_every="100 steps": set these in the recipe.

Source: Evci et al., ICML 2020.
"""

from __future__ import annotations

from netsci.train.methods.set import Set


class RigL(Set):
    """Remove the links of smallest |weight|, regrow the missing links of largest |gradient|."""

    def regrowth(self) -> str:
        """Return the name of the score by which links grow."""
        return "gradient"
