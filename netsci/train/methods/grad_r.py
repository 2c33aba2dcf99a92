"""Grad R, gradient rewiring: a signed strength for every cell, which gradients move while it is dormant too.

    theta <- theta - sign a m / den - alpha a sgn(theta - mu)
    mu = ln(2 (1 - s)) / alpha,   w = sign max(theta, 0)

See `netsci.train.signed_steps`. All cells begin alive, with the sign of their first weight, which stays. The
prior pulls strengths towards mu, below 0: s is the share of a prior of that kind that is dormant. It is no
promise, and the table of a run has the sparsity that came out. Options: lr, of the weights of the sparse
layers (None for the rate of the run and its schedule), and alpha.

The layers hold all cells while an epoch trains, and the alive ones (theta > 0) in between: every step needs
the gradient at every cell (`netsci.train.every_cell`). Biases, normalisations and the classifier learn by the
optimizer of the run.

Source: Chen et al., IJCAI 2021, whose CIFAR-10 runs have lr = 1e-4 and alpha = 1e-3.
Reading: s below .5 gives mu above 0, so that a prior would keep dormant cells alive: it is refused, as there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn

from netsci.models.wiring import default_sparse
from netsci.train.checks import check_positive
from netsci.train.every_cell import SignedWeights
from netsci.train.methods.base import Draw, Hooks, Step, Steps
from netsci.train.methods.whole import AllCells
from netsci.train.signed_steps import Moments, add_gradient, step_strength

if TYPE_CHECKING:
    from netsci.train.parts import Topology

LEAST = 0.5  # sparsity


class GradR(AllCells):
    """Rewire by the gradient of signed strengths under a prior."""

    reads: ClassVar[Collection[str] | None] = ("sparsity", "allocation")

    def __init__(
        self, topology: Topology, *, lr: float | None = 1e-4, alpha: float = 1e-3, **options: Any
    ) -> None:
        if lr is not None:
            check_positive(lr, "lr")
        check_positive(alpha, "alpha")
        self.lr, self.alpha = lr, alpha
        super().__init__(topology, **options)

    def resolved(self, net: nn.Module, usual: Collection[str]) -> Topology:
        """Return the topology with the sparsity of each layer. Raises ValueError if one is below .5."""
        topology = super().resolved(net, usual)
        for name, sparsity in topology.sparsity:
            if sparsity < LEAST:
                raise ValueError(
                    f"sparsity must be at least {LEAST} in every layer for method 'grad_r', whose prior "
                    f"would else keep links alive; layer {name} has {sparsity:g}: raise it, take "
                    "allocation='uniform', or take method 'deep_r' or 'gmp', which take any sparsity"
                )
        return topology

    def start(self, net: nn.Module, steps: Steps, rng: Draw) -> Hooks:
        """Return the hooks that move strengths."""
        sparsity = dict(self.resolved(net, default_sparse(net)).sparsity)
        return Strengths(net, sparsity, self.lr, self.alpha)


class Strengths(SignedWeights):
    """The strengths of the cells of each layer, {layer name: wanted sparsity}."""

    def __init__(self, net: nn.Module, sparsity: Mapping[str, float], lr: float | None, alpha: float) -> None:
        super().__init__(net, sparsity, lr)
        self.sparsity, self.alpha = sparsity, alpha

    def begin(self, values: Tensor) -> dict[str, Tensor]:
        """Return strength and sign of first weights, and moments that hold nothing."""
        mean, square, _ = Moments.of(values)
        return {"strength": values.abs(), "sign": torch.sign(values), "mean": mean, "square": square}

    def move(self, name: str, values: Tensor, gradient: Tensor, lr: float, step: Step) -> Tensor:
        """Move the strengths of a layer; return sign max(theta, 0)."""
        held = self.held[name]
        moments = add_gradient(Moments(held["mean"], held["square"], self.steps), gradient)
        wanted = {"lr": lr, "alpha": self.alpha, "sparsity": self.sparsity[name]}
        held["strength"] = step_strength(held["strength"], held["sign"], moments, **wanted)
        held["mean"], held["square"] = moments.mean, moments.square
        return held["sign"] * held["strength"].clamp(min=0.0)
