"""Activations that a spiking neuron can follow: clipped at a threshold and cut into levels.

    y = theta floor(clip(x / theta, 0, 1) L + 1/2) / L

floor has the gradient 1 (straight through), so

    dy/dx     = 1[0 <= x / theta <= 1]
    dy/dtheta = y / theta - 1[0 <= x / theta <= 1] x / theta

`QCFS` learns theta itself, `SQCFS` learns lambda with theta = softplus(lambda), which is never negative.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from netsci.arguments import as_count, check_number

MOST_LEVELS = 2**20


class QCFS(nn.Module):
    """Quantise, clip, floor and shift: a ReLU with a ceiling theta and L levels.

    y = theta floor(clip(x / theta, 0, 1) L + 1/2) / L for x of any shape, in x's dtype. `theta` is a
    parameter, one number for the layer.

    Parameters
    ----------
    levels : L, a whole number of at least 1. theta : the threshold at the start, above 0.

    Raises
    ------
    TypeError, ValueError
        If levels is no whole number of at least 1, or theta is no finite number above 0.

    Examples
    --------
    >>> QCFS(4, 2.0)(torch.tensor([-1.0, 0.3, 0.9, 5.0])).tolist()
    [0.0, 0.5, 1.0, 2.0]

    Source: Bu et al., ICLR 2022; S2 eq. 4.
    """

    acts_by_unit = True

    def __init__(self, levels: int, theta: float = 8.0) -> None:
        super().__init__()
        self.levels = as_count(levels, "levels", 1, MOST_LEVELS)
        self.theta = nn.Parameter(torch.tensor(check_theta(theta)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the quantised activation of x."""
        return quantise(x, self.theta, self.levels)

    def extra_repr(self) -> str:
        """Return levels and threshold as text."""
        return f"levels={self.levels}, theta={float(self.theta.detach()):.6g}"


class SQCFS(nn.Module):
    """Quantise as `QCFS` does, with theta = softplus(lambda), which cannot become negative.

    d theta / d lambda = sigmoid(lambda). `lam` is the parameter lambda, one number, or one for each channel
    of a convolution's output [batch, channels, height, width].

    Parameters
    ----------
    levels : L. theta : the threshold at the start; lambda starts at ln(e^theta - 1).
    channels : number of channels, each with a lambda of its own; None for one in all.

    Raises
    ------
    TypeError, ValueError
        If levels or channels is no whole number of at least 1, or theta is no finite number above 0.

    Examples
    --------
    >>> activation = SQCFS(4, 2.0, channels=3)
    >>> activation.lam.shape, activation(torch.full((1, 3, 1, 1), 0.9)).flatten().tolist()
    (torch.Size([3]), [1.0, 1.0, 1.0])

    Source: S2 (CS-QCFS).
    Reading: the paper prints no gradient of the softplus; it is the sigmoid, and channels start at the
    layer's lambda.
    """

    acts_by_unit = True

    def __init__(self, levels: int, theta: float = 8.0, *, channels: int | None = None) -> None:
        super().__init__()
        self.levels = as_count(levels, "levels", 1, MOST_LEVELS)
        start = torch.tensor(inverse_softplus(check_theta(theta)))
        wide = None if channels is None else as_count(channels, "channels", 1, 10_000_000)
        self.lam = nn.Parameter(start if wide is None else start.repeat(wide))

    @property
    def theta(self) -> Tensor:
        """The thresholds softplus(lambda), of lambda's shape."""
        return functional.softplus(self.lam)

    def forward(self, x: Tensor) -> Tensor:
        """Return the quantised activation of x; with channels x is [..., channels, height, width]."""
        if self.lam.ndim == 0:
            return quantise(x, self.theta, self.levels)
        if x.ndim < 3 or x.shape[-3] != len(self.lam):
            raise ValueError(
                f"x must be [..., {len(self.lam)}, height, width], a threshold for each channel; its shape "
                f"is {list(x.shape)}"
            )
        return quantise(x, self.theta[:, None, None], self.levels)

    def split_channels(self, channels: int) -> SQCFS:
        """Return an activation whose channels all start at this layer's lambda (stage 2 of CS-QCFS).

        Raises ValueError if it has channels already.

        Examples
        --------
        >>> SQCFS(4, 2.0).split_channels(3).lam.shape
        torch.Size([3])
        """
        if self.lam.ndim:
            raise ValueError(f"the activation has {len(self.lam)} channels already: split a layer's lambda")
        made = SQCFS(self.levels, channels=channels)
        with torch.no_grad():
            made.lam.copy_(self.lam.detach().expand_as(made.lam))
        return made.to(self.lam.device, self.lam.dtype)

    def extra_repr(self) -> str:
        """Return levels and channels as text."""
        return f"levels={self.levels}, channels={len(self.lam) if self.lam.ndim else None}"


class _Floor(torch.autograd.Function):
    """Round down; the gradient passes as it is."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.floor()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0]


def quantise(x: Tensor, theta: Tensor, levels: int) -> Tensor:
    """Return theta floor(clip(x / theta, 0, 1) L + 1/2) / L, differentiable in x and theta.

    Examples
    --------
    >>> quantise(torch.tensor([0.9]), torch.tensor(2.0), 4).item()
    1.0
    """
    shares = torch.clamp(x / theta, 0.0, 1.0)
    floor: Any = _Floor.apply
    out: Tensor = floor(shares * levels + 0.5) / levels * theta
    return out


def check_theta(theta: Any, name: str = "theta") -> float:
    """Return a threshold; raise TypeError or ValueError unless it is a finite number above 0.

    Examples
    --------
    >>> check_theta(2)
    2.0
    """
    check_number(theta, name)
    if isinstance(theta, bool) or not 0.0 < theta < math.inf:
        raise ValueError(
            f"{name} must be a finite number above 0, such as the largest activation; got {theta!r}"
        )
    return float(theta)


def inverse_softplus(theta: float) -> float:
    """Return lambda with softplus(lambda) = theta: ln(e^theta - 1).

    Examples
    --------
    >>> round(inverse_softplus(1.0), 6)
    0.541325
    """
    return theta + math.log(-math.expm1(-theta))
