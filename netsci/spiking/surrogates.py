"""Surrogate derivatives: what replaces dz/dv where the spike z = 1[v >= theta] has none.

With u = v - theta:

    rect   1 if |u| < 1/2, else 0
    atan   1 / (1 + (pi u)^2)

`SURROGATES` knows them by name; each takes a tensor u and returns the derivative at u, of the same shape and
dtype. A function that is registered there is a surrogate like the others (it runs without a compiled kernel).
"""

import math
from typing import Any

import torch
from torch import Tensor

from netsci.choices import SURROGATES

__all__ = ["SURROGATES", "atan", "fire", "rect"]


def rect(u: Tensor) -> Tensor:
    """Return 1 where |u| < 1/2, else 0.

    Examples
    --------
    >>> rect(torch.tensor([-0.5, 0.25, 0.5])).tolist()
    [0.0, 1.0, 0.0]

    Source: S0 section 3.
    """
    return (u.abs() < 0.5).to(u.dtype)


def atan(u: Tensor) -> Tensor:
    """Return 1 / (1 + (pi u)^2), the derivative of arctan(pi u) / pi.

    Examples
    --------
    >>> atan(torch.tensor([0.0])).tolist()
    [1.0]
    """
    return 1.0 / (1.0 + (math.pi * u).square())


class _Fire(torch.autograd.Function):
    """1[u >= 0] forward, gradient times a surrogate derivative of u backward."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, surrogate: str) -> Tensor:
        ctx.save_for_backward(u)
        ctx.surrogate = surrogate
        return (u >= 0).to(u.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (u,) = ctx.saved_tensors
        return gradients[0] * SURROGATES[ctx.surrogate](u), None


def fire(u: Tensor, surrogate: str = "atan") -> Tensor:
    """Return the spikes of neurons: 1 where u >= 0, else 0, of u's shape and dtype; u = 0 fires.

    u : membrane less threshold, any shape. surrogate : what stands for the derivative, "atan", "rect" or
    another name in `SURROGATES`. Raises ValueError if it is unknown.

    Examples
    --------
    >>> fire(torch.tensor([-0.1, 0.0, 0.2])).tolist()
    [0.0, 1.0, 1.0]
    """
    SURROGATES.check(surrogate, "surrogate")
    if not isinstance(u, Tensor):
        raise TypeError(f"u must be a torch tensor; got {type(u).__name__}")
    function: Any = _Fire
    fired: Tensor = function.apply(u, surrogate)
    return fired
