"""SET, sparse evolutionary training: remove the weakest links of either sign, regrow as many at random.

    of n+ positive weights the int(zeta n+) nearest 0 go, of n- negative ones the int(zeta n-)

New links are drawn uniformly from the missing ones. There is no percolation. By itself the method has
zeta=0.3, schedule="static", evolve_every=1; allocation="erdos_renyi" gives small layers a higher density.

Source: Mocanu et al., Nature Communications 9, 2018.
Reading: a link that weighs exactly 0 is on neither side and nearer to 0 than all: it goes, as a new link that
    has not moved since the last exchange. compat=True is the released form of ITOP, see `itop.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netsci.topology import EvolutionRule, LayerView, OrderedRule
from netsci.topology.order import smallest
from netsci.topology.rule import Grow
from netsci.train.methods.itop import ItopRule, ReleasedToo


@dataclass(frozen=True)
class SetRule(OrderedRule):
    """Remove the share zeta of the positive and of the negative weights, those nearest 0; grow at random."""

    def choose(
        self, view: LayerView, zeta: float, target: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.bool_], Grow]:
        """Return which links stay, and the function that draws new ones."""
        keep, _ = super().choose(view, 0.0, target, rng)  # what decays to the target
        weights = np.asarray(view.weights.data) * keep  # type: ignore[union-attr]
        if zeta > 0.0:
            keep &= weights != 0.0
            for side in (weights, -weights):
                places = np.flatnonzero(side > 0.0)
                keep[places[smallest(side[places], int(zeta * len(places)))]] = False
        return keep, self.grow


class Set(ReleasedToo):
    """Exchange the links nearest 0 of either sign for random ones."""

    def rule(self) -> EvolutionRule:
        """Return the rule by which links are exchanged."""
        return ItopRule(regrowth="random", death="set") if self.compat else SetRule()
