"""SRigL, structured RigL: every live output has the same number of inputs, and weak outputs are ablated.

Of n links n_prune = int(n zeta_t) are to go, with zeta_t as in RigL. A live output has
f = target // live outputs inputs.

1. A weight is salient if it is among the n - n_prune largest |w|, or its cell among the n_prune largest
   |gradient| of the dense layer.
2. An output with fewer than max(1, gamma f) salient weights is ablated: all of its links go, for good. At
   least int(n / inputs) outputs stay, those with most salient weights. f is computed anew.
3. Of the outputs that stay the n - n_prune largest |w| stay, at most f in each.
4. Each of them grows to f inputs, where the |gradient| of its missing cells is largest.

Among equal values the lowest cells go or grow first, and the lowest outputs stay. The first links are
f = round((1 - S) inputs) random inputs of each output, at least one.

Source: Lasby et al., ICLR 2024.
Reading: an output without links counts as ablated and does not come back. The classifier stays dense, so that
    it is exempt. The released code takes f = int((1 - S) inputs) at first: compat=True.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from netsci.graph.checks import check_fraction
from netsci.topology import EvolutionRule, LayerView, OrderedRule
from netsci.topology.cells import cells_of, links_of
from netsci.topology.fan_in import constant_fan_in, steepest_of_columns
from netsci.topology.order import smallest, steepest_missing
from netsci.topology.removal import strength_of
from netsci.topology.rule import Grow
from netsci.topology.view import ThinnedView
from netsci.train.checks import check_flag
from netsci.train.methods.exchange import TIMES, Exchange
from netsci.train.methods.first_links import DrawLayer, Links, Shapes
from netsci.train.sparsities import first_shares

if TYPE_CHECKING:
    from netsci.train.inputs import Inputs
    from netsci.train.parts import Topology


@dataclass(frozen=True)
class FanInRule(OrderedRule):
    """Keep and grow links so that every live output has as many inputs. gamma : 0 ablates nothing."""

    regrowth: str = "gradient"
    gamma: float = 0.3

    def choose(
        self, view: LayerView, zeta: float, target: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.bool_], Grow]:
        """Return which links stay, and the function that draws new ones."""
        strength, (rows, columns) = strength_of(view, self.removal), view.links.shape
        n_links, outputs = len(strength), view.links.indices
        if not n_links:
            return np.ones(n_links, bool), lambda *_: (np.zeros(0, np.int64), 0)
        pruned = int(zeta * n_links)
        nothing = ThinnedView(view, links_of(np.zeros(0, np.int64), view.links.shape))
        strong = cells_of(view.links)[~smallest(strength, pruned)]
        salient = np.union1d(strong, steepest_missing(nothing, pruned))
        counts = np.bincount(salient % columns, minlength=columns)
        live = np.bincount(outputs, minlength=columns) > 0
        fan_in = min(target // int(live.sum()), rows)
        needed = max(1.0, self.gamma * fan_in) if self.gamma else 0.0
        # -1 lets outputs without links come after all others
        order = np.argsort(-np.where(live, counts, -1), kind="stable")
        stays = live & (counts >= needed)
        stays[order[: max(1, n_links // rows)]] = True
        fan_in = min(target // int(stays.sum()), rows)
        keep = stays[outputs]
        places = np.flatnonzero(keep)
        keep[places[smallest(strength[places], len(places) - (n_links - pruned))]] = False
        keep = constant_fan_in(view.links, strength, keep, fan_in)
        held = np.bincount(outputs[keep], minlength=columns)
        need = np.where(stays, fan_in - held, 0)
        return keep, lambda left, count, rng: (steepest_of_columns(left, need), 0)


class SRigL(Exchange):
    """Exchange links as RigL does, with the same number of inputs for every live output."""

    needs_gradient = True
    reads: ClassVar[Collection[str] | None] = ("sparsity", "allocation", *TIMES)

    def __init__(
        self, topology: Topology, *, gamma: float = 0.3, compat: bool = False, **options: Any
    ) -> None:
        check_fraction(gamma, "gamma")
        check_flag(compat, "compat")
        self.gamma, self.compat = gamma, compat
        super().__init__(topology, **options)

    def first_links(self, shapes: Shapes, inputs: Inputs, rng: DrawLayer) -> Links:
        """Draw as many random inputs for each output."""
        links = {}
        for place, (name, sparsity) in enumerate(first_shares(self.topology, shapes).items()):
            rows, columns = shapes[name]
            mean = (1.0 - sparsity) * rows
            fan_in = max(1, int(mean) if self.compat else round(mean))
            draw = rng(place)
            chosen = [draw.choice(rows, fan_in, replace=False) * columns + unit for unit in range(columns)]
            links[name] = links_of(np.concatenate(chosen), shapes[name])
        return links

    def rule(self) -> EvolutionRule:
        """Return the rule by which links are exchanged."""
        return FanInRule(gamma=self.gamma)
