"""Steps of Grad R and Deep R on weights that keep a sign: pure functions of tensors of any shape.

    m <- .9 m + .1 g,   v <- .999 v + .001 g^2,   a = lr / (1 - .9^t)
    den = sqrt(v) / sqrt(1 - .999^t) + 1e-8

    Grad R   theta <- theta - sign a m / den - alpha a sgn(theta - mu),   mu = ln(2 (1 - s)) / alpha
             w = sign max(theta, 0)
    Deep R   w <- w - a m / den - l1 a sign + temperature sqrt(a) noise   at active cells; 0 at dormant ones
             an active cell whose sign would change becomes dormant

t is the number of steps, this one included, and g the gradient of a dense layer: the moments of dormant cells
go on. Grad R's sign is fixed at the start; a weight that is 0 there has sign 0 and stays 0.

Source: Chen et al., IJCAI 2021 (Grad R); Bellec et al., ICLR 2018 (Deep R), with the moments of Chen et al.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

FADING, FADING_OF_SQUARES, LEAST = 0.9, 0.999, 1e-8  # of Adam: beta1, beta2, epsilon


class Moments(NamedTuple):
    """Running means of a gradient and of its square, and the number of steps that they hold."""

    mean: Tensor
    square: Tensor
    steps: int

    @classmethod
    def of(cls, values: Tensor) -> Moments:
        """Return the moments of values that have not stepped.

        Examples
        --------
        >>> Moments.of(torch.ones(2)).mean.tolist()
        [0.0, 0.0]
        """
        return cls(torch.zeros_like(values), torch.zeros_like(values), 0)


def add_gradient(moments: Moments, gradient: Tensor) -> Moments:
    """Return the moments after one more gradient of the same shape.

    Examples
    --------
    >>> add_gradient(Moments.of(torch.zeros(1)), torch.ones(1)).mean.item()
    0.10000000149011612
    """
    mean = moments.mean * FADING + gradient * (1.0 - FADING)
    square = moments.square * FADING_OF_SQUARES + gradient.square() * (1.0 - FADING_OF_SQUARES)
    return Moments(mean, square, moments.steps + 1)


def rate_of(moments: Moments, lr: float) -> float:
    """Return a = lr / (1 - .9^t).

    Examples
    --------
    >>> round(rate_of(Moments(torch.ones(1), torch.ones(1), 1), 0.1), 12)
    1.0
    """
    return lr / (1.0 - FADING**moments.steps)


def direction_of(moments: Moments) -> Tensor:
    """Return m / den, the direction of a step of Adam.

    Examples
    --------
    >>> round(direction_of(Moments(torch.ones(1), torch.ones(1), 10**6)).item(), 6)
    1.0
    """
    share = math.sqrt(1.0 - FADING_OF_SQUARES**moments.steps)
    return moments.mean / (moments.square.sqrt() / share + LEAST)


def step_strength(
    strength: Tensor, sign: Tensor, moments: Moments, *, lr: float, alpha: float, sparsity: float
) -> Tensor:
    """Return the signed strength theta after a step of Grad R; the weight is sign max(theta, 0).

    moments : with the gradient of this step, `add_gradient`. lr : at least 0. alpha : weight of the prior, 0
    for none. sparsity : s, in [.5, 1): above .5 mu is negative, so that dormant strengths are held near it.

    Examples
    --------
    >>> one, none = torch.ones(1), Moments(torch.zeros(1), torch.zeros(1), 10**6)
    >>> round(step_strength(one, one, none, lr=0.5, alpha=0.5, sparsity=0.9).item(), 6)
    0.75
    """
    a = rate_of(moments, lr)
    moved = strength - sign * a * direction_of(moments)
    if alpha:
        centre = math.log(2.0 * (1.0 - sparsity)) / alpha
        moved = moved - alpha * a * torch.sign(strength - centre) * sign.abs()
    return moved


def step_active(
    values: Tensor,
    sign: Tensor,
    active: Tensor,
    moments: Moments,
    *,
    lr: float,
    l1: float,
    temperature: float = 0.0,
    noise: Tensor | None = None,
) -> Tensor:
    """Return the weights after a step of Deep R; 0 at cells that are dormant or become so.

    active : bool. noise : standard normal numbers; needed for a temperature above 0.

    Examples
    --------
    >>> none = Moments(torch.zeros(2), torch.zeros(2), 10**6)
    >>> w, on = torch.tensor([0.5, 0.125]), torch.tensor([True, True])
    >>> step_active(w, torch.ones(2), on, none, lr=0.5, l1=0.5).tolist()
    [0.25, 0.0]
    """
    a = rate_of(moments, lr)
    moved = values - a * direction_of(moments) - l1 * a * sign
    if temperature and noise is not None:
        moved = moved + temperature * math.sqrt(a) * noise
    return torch.where(active, (moved * sign).clamp(min=0.0) * sign, torch.zeros_like(values))
