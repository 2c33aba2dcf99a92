"""What SET and RigL are in the released code of In-Time-Over-Parameterization (ITOP), its slips included.

Of n links r = ceil(zeta n) are to go.

    "magnitude"  keep |w| above the r-th smallest: all ties go
    "set"        with k = ceil(r / 2) keep w above the k-th smallest positive weight, and w *below* the k-th
                 smallest negative one: of the negative weights all but the k largest go

Random growth draws each free cell with probability removed / free, so the number of links is kept only on
average. Growth by the gradient is exact. No target is looked at: the number of links may drift.

Source: Liu et al., ICML 2021, as released. To reproduce numbers of that code; for work take compat=False.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.topology import LayerView, OrderedRule
from netsci.topology.cells import cells_of
from netsci.topology.order import steepest_missing
from netsci.topology.rule import Grow
from netsci.train.checks import check_flag
from netsci.train.methods.exchange import Exchange

if TYPE_CHECKING:
    from netsci.train.parts import Topology


class ReleasedToo(Exchange):
    """Exchange links by a rule, or as the released code does: compat=True."""

    def __init__(self, topology: Topology, *, compat: bool = False, **options: Any) -> None:
        check_flag(compat, "compat")
        if compat:
            check_constant(topology)
        self.compat = compat
        super().__init__(topology, **options)


def check_constant(topology: Topology) -> None:
    """Raise ValueError if a recipe wants a density that changes, which the released code has not."""
    for name, unset in (("initial_sparsity", None), ("excess", ())):
        if getattr(topology, name) != unset:
            raise ValueError(
                f"{name} must be {unset!r} with the option compat=True, which looks at no target; got "
                f"{getattr(topology, name)!r}: take compat=False"
            )


@dataclass(frozen=True)
class ItopRule(OrderedRule):
    """Remove and regrow as the released code does.

    death : "set" or "magnitude". regrowth : "random" or "gradient".

    Examples
    --------
    >>> ItopRule(regrowth="random", death="set").percolate
    False
    """

    death: str = "magnitude"

    def choose(
        self, view: LayerView, zeta: float, target: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.bool_], Grow]:
        """Return which links stay, and the function that draws new ones."""
        weights = np.asarray(view.weights.data)  # type: ignore[union-attr]
        count = ceil(zeta * len(weights))
        if count == 0:
            return np.ones(len(weights), bool), partial(self._grow, removed=0)
        if self.death == "magnitude":
            keep = np.abs(weights) > np.sort(np.abs(weights))[count - 1]
        else:
            least = ceil(count / 2) - 1
            keep = np.zeros(len(weights), bool)
            positive, negative = np.sort(weights[weights > 0]), np.sort(weights[weights < 0])
            if least < len(positive):
                keep |= weights > positive[least]
            if least < len(negative):
                keep |= weights < negative[least]
        return keep, partial(self._grow, removed=int(np.count_nonzero(~keep)))

    def _grow(
        self, view: LayerView, count: int, rng: np.random.Generator, *, removed: int
    ) -> tuple[NDArray[np.int64], int]:
        """Return the cells of new links; `count` is not looked at."""
        if self.regrowth == "gradient":
            return steepest_missing(view, removed), 0
        rows, columns = view.links.shape
        drawn = rng.random((columns, rows)).T  # in the order of the released code, outputs first
        free = rows * columns - view.links.nnz
        grown = np.flatnonzero(drawn < removed / max(1, free))
        return np.setdiff1d(grown, cells_of(view.links), assume_unique=True), 0
