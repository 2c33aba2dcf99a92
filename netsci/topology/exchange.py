"""A rule that leaves nothing to chance but random growth: whole numbers, ties by the number of the cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsci.topology.order import smallest, steepest_missing
from netsci.topology.regrowth import draw_missing
from netsci.topology.removal import strength_of
from netsci.topology.rule import EvolutionRule, Grow
from netsci.topology.view import LayerView


@dataclass(frozen=True)
class OrderedRule(EvolutionRule):
    """Remove the int(zeta n) links of lowest removal score, grow at random or where the gradient is largest.

    The rule of dynamic methods that look at one layer alone: there is no percolation, and every missing cell
    may grow. Where links decay to a target, those of lowest removal score go first. Among equal scores, and
    equal gradients, the lowest cells (row * columns + column) go or grow first.

    removal : a name in `REMOVAL`. regrowth : "random" (uniform), "gradient" (the largest |gradient| of the
    dense layer), or another name in `REGROWTH`, whose ties are broken at random.

    Examples
    --------
    >>> OrderedRule("magnitude", "gradient").percolate
    False

    Source: RigL (Evci et al., ICML 2020), and the methods that vary its two scores.
    """

    removal: str = "magnitude"
    regrowth: str = "random"
    delta: float | tuple[float, float] = 1.0
    percolate: bool = False
    decay: str = "removal"

    def choose(
        self, view: LayerView, zeta: float, target: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.bool_], Grow]:
        """Return which links stay, and the function that draws new ones."""
        strength = strength_of(view, self.removal)
        decayed = max(0, len(strength) - target)
        return ~smallest(strength, decayed + int(zeta * (len(strength) - decayed))), self.grow

    def grow(self, view: LayerView, count: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], int]:
        """Return the cells of new links, and how many of them were drawn without a score."""
        if self.regrowth == "gradient":
            return steepest_missing(view, count), 0
        return draw_missing(view, count, self, rng)
