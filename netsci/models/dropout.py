"""Dropout that drops a unit for all time steps of a sample."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from netsci.graph.checks import check_fraction


class Dropout(nn.Dropout):
    """In training, set each unit of each sample to 0 with probability p and divide the rest by 1 - p.

    `over_time` draws once for all time steps of a sample, so a neuron is dropped at every step or at none. It
    draws from torch's global generator, which `netsci.train` seeds for each batch.

    Raises
    ------
    TypeError, ValueError
        If p is not a number in [0, 1).

    Examples
    --------
    >>> over_time = Dropout(0.5).over_time(torch.ones(3, 1, 100))
    >>> sorted(over_time.unique().tolist()), bool((over_time[0] == over_time[2]).all())
    ([0.0, 2.0], True)
    """

    def __init__(self, p: float) -> None:
        super().__init__(check_dropout(p))

    def over_time(self, x: Tensor) -> Tensor:
        """Drop the same units of x [T, batch, ...] at every step; return x itself in evaluation."""
        if not self.training:
            return x
        kept: Tensor = self(torch.ones_like(x[:1]))
        return x * kept


def check_dropout(p: float, name: str = "dropout") -> float:
    """Return the probability of dropping; raise TypeError or ValueError unless it lies in [0, 1).

    Examples
    --------
    >>> check_dropout(0.1)
    0.1
    """
    check_fraction(p, name)
    if p == 1.0:
        raise ValueError(f"{name} must lie in [0, 1); at 1 it drops everything: take a smaller share")
    return p
