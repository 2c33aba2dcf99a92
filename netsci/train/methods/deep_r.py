"""Deep R, deep rewiring: a link that changes its sign becomes dormant; dormant cells are reborn by chance.

    w <- w - a m / den - l1 a sign + temperature sqrt(a) noise         at active cells

See `netsci.train.signed_steps`. After every step, if more than s n of the n cells are dormant, exactly those
in excess are drawn uniformly and reborn, at +-1e-8 with a random sign. So at most s n cells are dormant, and
once there were more, exactly as many (n - round((1 - s) n)). By itself the method has initial_sparsity=0: it
begins dense, and the table of a run has the sparsity that came out. With initial_sparsity=None it begins with
the sparsity that it keeps. Options: lr (None: that of the run, with its schedule), l1, temperature, compat.

The layers hold all cells while an epoch trains, and the active ones in between (`netsci.train.every_cell`):
as in the released code, the moments of dormant cells go on. Biases, normalisations and the classifier learn
by the optimizer of the run.

Source: Bellec et al., ICLR 2018; Chen et al., IJCAI 2021: lr = 1e-4, l1 = 1e-3, temperature 0.
Reading: compat=True is the code of Chen et al. There each dormant cell is reborn with the probability
    (c - s) / c, c being the dormant share, always at +1e-8, and counts as dormant in the next step, which
    ends it: no rebirth lasts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from netsci.models.wiring import default_sparse
from netsci.topology import links_at
from netsci.topology.rebirth import NEWBORN, draw_reborn, draw_reborn_as_released
from netsci.train.checks import check_flag, check_positive
from netsci.train.every_cell import SignedWeights
from netsci.train.methods.base import Draw, Hooks, Method, Step, Steps
from netsci.train.methods.exchange import FIRST
from netsci.train.methods.first_links import DrawLayer, Links, Shapes
from netsci.train.methods.whole import AllCells
from netsci.train.signed_steps import Moments, add_gradient, step_active
from netsci.train.sparsities import first_shares

if TYPE_CHECKING:
    from netsci.train.inputs import Inputs
    from netsci.train.parts import Topology


class DeepR(AllCells):
    """Rewire by signs that change and rebirths by chance."""

    reads: ClassVar[Collection[str] | None] = (*FIRST, "initial_sparsity")

    def __init__(
        self,
        topology: Topology,
        *,
        lr: float | None = 1e-4,
        l1: float = 1e-3,
        temperature: float = 0.0,
        compat: bool = False,
        **options: Any,
    ) -> None:
        if lr is not None:
            check_positive(lr, "lr")
        check_positive(l1, "l1", or_zero=True)
        check_positive(temperature, "temperature", or_zero=True)
        check_flag(compat, "compat")
        self.lr, self.l1, self.temperature, self.compat = lr, l1, temperature, compat
        super().__init__(topology, **options)

    def first_links(self, shapes: Shapes, inputs: Inputs, rng: DrawLayer) -> Links:
        """Draw the first links; all cells of every layer need no draw."""
        drawn = any(first_shares(self.topology, shapes).values())
        return (Method if drawn else AllCells).first_links(self, shapes, inputs, rng)

    def start(self, net: nn.Module, steps: Steps, rng: Draw) -> Hooks:
        """Return the hooks that step weights and bring cells back."""
        return Signs(net, dict(self.resolved(net, default_sparse(net)).sparsity), self, rng)


class Signs(SignedWeights):
    """The signs of the cells of each layer, {layer name: wanted sparsity}."""

    def __init__(self, net: nn.Module, sparsity: Mapping[str, float], of: DeepR, rng: Draw) -> None:
        super().__init__(net, sparsity, of.lr)
        self.sparsity, self.of, self.rng = sparsity, of, rng

    def begin(self, values: Tensor) -> dict[str, Tensor]:
        """Return which cells are active, their signs, and moments that hold nothing."""
        mean, square, _ = Moments.of(values)
        return {"active": values != 0, "sign": torch.sign(values), "mean": mean, "square": square}

    def move(self, name: str, values: Tensor, gradient: Tensor, lr: float, step: Step) -> Tensor:
        """Step the active cells of a layer, and bring back dormant ones in excess."""
        held, rng = self.held[name], self.rng(step, list(self.layers).index(name))
        moments = add_gradient(Moments(held["mean"], held["square"], self.steps), gradient)
        held["mean"], held["square"] = moments.mean, moments.square
        noise = None
        if self.of.temperature:
            noise = torch.from_numpy(rng.standard_normal(len(values), np.float32)).to(values)
        options: Any = {"lr": lr, "l1": self.of.l1, "temperature": self.of.temperature, "noise": noise}
        moved = step_active(values, held["sign"], held["active"], moments, **options)
        held["active"] = moved != 0
        dormant = ~held["active"].cpu().numpy()
        if self.of.compat:
            waking = draw_reborn_as_released(dormant, self.sparsity[name], rng=rng)
            moved[torch.from_numpy(waking).to(moved.device)] = NEWBORN
            return moved
        kept = links_at((len(dormant), 1), self.sparsity[name])
        cells, signs = draw_reborn(dormant, len(dormant) - kept, rng=rng)
        back = torch.from_numpy(cells).to(moved.device)
        held["sign"][back] = torch.from_numpy(signs).to(moved)
        held["active"][back] = True
        moved[back] = held["sign"][back] * NEWBORN
        return moved
