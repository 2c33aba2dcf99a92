"""Stochastic depth: leave out the residual branch of a sample in training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from netsci.models.dropout import check_dropout


class StochasticDepth(nn.Module):
    """In training, set a branch to 0 for each sample with probability p and divide the rest by 1 - p.

    axis : of the samples, 0 for [batch, ...], 1 for [T, batch, ...]; a sample is left out at all time steps
    or at none. It draws from torch's global generator, which `netsci.train` seeds for each batch.

    Raises TypeError or ValueError if p is not a number in [0, 1).

    Examples
    --------
    >>> sorted(StochasticDepth(0.5)(torch.ones(100, 3)).unique().tolist())
    [0.0, 2.0]

    Source: Huang et al., Deep networks with stochastic depth (2016); S1 appendix C.1.2.
    """

    acts_by_unit = True

    def __init__(self, p: float, axis: int = 0) -> None:
        super().__init__()
        self.p, self.axis = float(check_dropout(p, "stochastic_depth")), axis

    def forward(self, x: Tensor) -> Tensor:
        """Return the branch x, in training without the samples that are left out."""
        if not self.training or not self.p:
            return x
        shape = [size if axis == self.axis else 1 for axis, size in enumerate(x.shape)]
        return x * x.new_empty(shape).bernoulli_(1.0 - self.p).div_(1.0 - self.p)

    def extra_repr(self) -> str:
        """Return the probability as text."""
        return f"p={self.p}"


def depths(p: float, blocks: int, axis: int = 0) -> list[nn.Module | None]:
    """Return the stochastic depth of each block: from 0 in the first along a line to p in the last.

    None where nothing is left out.

    Examples
    --------
    >>> depths(0.2, 3)
    [None, StochasticDepth(p=0.1), StochasticDepth(p=0.2)]
    """
    check_dropout(p, "stochastic_depth")
    shares = torch.linspace(0.0, p, blocks, device="cpu", dtype=torch.float64).tolist() if blocks > 1 else [p]
    return [StochasticDepth(share, axis) if share else None for share in shares]
